"""How good answers are: the measures of each task, of rows that may weigh differently."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Measure = Callable[[Array], float]  # from the weights of rows

HIGHER_IS_BETTER = {  # the measures of each task
    "classification": {"log_loss": False, "auc": True, "accuracy": True},
    "regression": {"r2": True, "root_mean_squared_error": False, "mean_absolute_error": False},
}
BOUNDS = {  # between which a measure lies, whatever the answers are
    **dict.fromkeys(("auc", "accuracy"), (0.0, 1.0)),
    **dict.fromkeys(("log_loss", "root_mean_squared_error", "mean_absolute_error"), (0.0, np.inf)),
    "r2": (-np.inf, 1.0),
}
OF_ANSWERS = {  # those that need no probabilities, and are told of every training
    "classification": ("accuracy",),
    "regression": ("r2", "mean_absolute_error"),
}
DECIDING = {"classification": ("log_loss", "accuracy"), "regression": ("r2", "mean_absolute_error")}
LEAST_CHANCE = 1e-7  # what a probability counts as at least: one answer that is sure and wrong must not decide alone


@dataclass(frozen=True)
class Answers:
    """What a model answered for rows whose right answers are known.

    Attributes
    ----------
    y, answers : arrays of shape (n,)
        Labels or numbers.
    classes : array of shape (k,), or None for numbers
        Sorted; all labels that the model or `y` has.
    chances : array of shape (n, k), or None
        For each row and class a number that is larger the more a model holds it to be right.
    are_probabilities : bool
        Whether `chances` are probabilities.

    Examples
    --------
    >>> found = Answers(np.array([0.0, 2.0]), np.array([0.0, 1.0]))
    >>> {name: round(measure(np.ones(2)), 3) for name, measure in found.measures().items()}
    {'r2': 0.5, 'root_mean_squared_error': 0.707, 'mean_absolute_error': 0.5}
    """

    y: Array
    answers: Array
    classes: Array | None = None
    chances: Array | None = None
    are_probabilities: bool = False

    @property
    def codes(self) -> Array:
        """The place of each right label among the classes."""
        assert self.classes is not None
        return np.searchsorted(self.classes, self.y)

    def measures(self) -> dict[str, Measure]:
        """Return each measure as a function of the rows' weights; those alone that can be told."""
        if self.classes is None:
            y, errors = self.y.astype(np.float64), np.abs(self.y - self.answers).astype(np.float64)
            found: dict[str, Measure] = {"r2": _r2(y, errors**2)} if len(y) > 1 else {}
            return {**found, "root_mean_squared_error": _root_mean(errors**2), "mean_absolute_error": _mean(errors)}
        found = {}
        if self.chances is not None and self.are_probabilities:
            own = self.chances[np.arange(len(self.y)), self.codes]
            found["log_loss"] = _mean(-np.log(np.maximum(own, LEAST_CHANCE)))
        if self.chances is not None:
            found["auc"] = _auc(self.codes, self.chances)
        return {**found, "accuracy": _mean((self.y == self.answers).astype(np.float64))}

    def scores(self) -> dict[str, float | None]:
        """Return each measure, all rows alike; None where there is no such number, which JSON does not know either.

        Examples
        --------
        >>> Answers(np.array([1.0, 1.0]), np.array([1.0, 3.0])).scores()
        {'r2': None, 'root_mean_squared_error': 1.4142135623730951, 'mean_absolute_error': 1.0}
        """
        w = np.ones(len(self.y))
        with np.errstate(all="ignore"):  # training that diverged leaves weights of any size
            found = {name: measure(w) for name, measure in self.measures().items()}
        names = HIGHER_IS_BETTER["classification"] if self.classes is not None else HIGHER_IS_BETTER["regression"]
        told = ("accuracy",) if self.classes is not None and self.chances is None else names
        return {name: found[name] if np.isfinite(found.get(name, np.nan)) else None for name in told}


def answers_of(model: Any, X: Any, y: Array) -> Answers:
    """Return what a fitted model answers for rows: of classes with probabilities, or else with its decision function.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> X, y = np.zeros((4, 1)), np.array(["a", "b", "a", "a"])
    >>> found = answers_of(DummyClassifier().fit(X, y), X, y)
    >>> found.classes.tolist(), found.measures()["accuracy"](np.ones(4))
    (['a', 'b'], 0.75)
    """
    answers = np.asarray(model.predict(X))
    known = getattr(model, "classes_", None)
    if known is None:
        return Answers(np.asarray(y), answers)
    method = chances_method(model)
    if method is None:
        return Answers(y, answers, np.union1d(known, y))
    return with_chances(y, answers, known, getattr(model, method)(X), method == "predict_proba")


def chances_method(model: Any) -> str | None:
    """Return the name of the method by which a classifier says how much it holds each class to be right.

    Examples
    --------
    >>> from sklearn.svm import LinearSVC
    >>> chances_method(LinearSVC())
    'decision_function'
    """
    return next((name for name in ("predict_proba", "decision_function") if hasattr(model, name)), None)


def with_chances(y: Array, answers: Array, known: Array, given: Any, are_probabilities: bool) -> Answers:
    """Return answers with what a model gave each class it knows; `y` may have others, which it held to be impossible.

    Examples
    --------
    >>> y = np.array(["a", "c"])
    >>> found = with_chances(y, np.array(["a", "a"]), np.array(["a", "b"]), [[0.9, 0.1], [0.6, 0.4]], True)
    >>> found.classes.tolist(), found.chances.tolist()
    (['a', 'b', 'c'], [[0.9, 0.1, 0.0], [0.6, 0.4, 0.0]])
    """
    classes, given = np.union1d(known, y), np.asarray(given, dtype=np.float64)
    if given.ndim == 1:  # the decision for the second of two classes
        given = np.column_stack([-given, given])
    chances = np.full((len(y), len(classes)), 0.0 if are_probabilities else given.min(initial=0.0))
    chances[:, np.searchsorted(classes, known)] = given
    return Answers(y, answers, classes, chances, are_probabilities)


def deciding(task: str, found: Sequence[Mapping[str, Any]]) -> str:
    """Return the measure that decides between models: the first of `DECIDING` if all have it, else the second.

    Examples
    --------
    >>> deciding("classification", [{"log_loss": 0.1, "accuracy": 1.0}, {"accuracy": 0.5}])
    'accuracy'
    """
    first, second = DECIDING[task]
    return first if all(first in own for own in found) else second


# Measures ----------------------------------------------------------------------------------------------------------


def _mean(values: Array) -> Measure:
    return lambda w: float(w @ values / w.sum())


def _root_mean(squares: Array) -> Measure:
    return lambda w: float(np.sqrt(w @ squares / w.sum()))


def _r2(y: Array, squares: Array) -> Measure:
    """R² = 1 - Σ w (y - ŷ)² / Σ w (y - ȳ)², with the weighted mean ȳ; not a number where y does not vary."""
    y = y - y.mean()

    def measure(w: Array) -> float:
        spread = w @ (y - w @ y / w.sum()) ** 2
        return float(1 - w @ squares / spread) if spread > 0 else float("nan")

    return measure


def _auc(codes: Array, chances: Array) -> Measure:
    """Area under the ROC curve: how often a row of a class gets more for it than one of another, ties by half.

    Of more than two classes the mean over those that rows have, each against the rest.
    """
    k = chances.shape[1]
    # For each class: whose rows they are, and the rank of their chances, ties alike.
    ranked = [(codes == j, *np.unique(chances[:, j], return_inverse=True)) for j in ([1] if k == 2 else range(k))]

    def measure(w: Array) -> float:
        areas = []
        for own, steps, ranks in ranked:
            yes = np.bincount(ranks, w * own, len(steps))
            no = np.bincount(ranks, w * ~own, len(steps))
            pairs = yes.sum() * no.sum()
            if pairs > 0:
                areas.append(yes @ (np.cumsum(no) - no / 2) / pairs)
        return float(np.mean(areas)) if areas else float("nan")

    return measure
