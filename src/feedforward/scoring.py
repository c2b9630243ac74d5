"""How good answers are, and how sure that is: measures of rows that weigh differently, and the bootstrap over them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Measure = Callable[[Array], float]  # from the weights of rows

HIGHER_IS_BETTER = {  # the measures of each task
    "classification": {"log_loss": False, "auc": True, "accuracy": True},
    "regression": {"r2": True, "mean_absolute_error": False},
}
DECIDING = {"classification": ("log_loss", "accuracy"), "regression": ("r2", "mean_absolute_error")}
LEAST_CHANCE = 1e-7  # what a probability counts as at least: one answer that is sure and wrong must not decide alone
SHARE = 0.95  # of resamples that an interval holds

_FEWEST = 200  # resamples
_WORK = 2e8  # cells to be weighed, beyond which there are fewer resamples


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
    >>> {name: measure(np.ones(2)) for name, measure in found.measures().items()}
    {'r2': 0.5, 'mean_absolute_error': 0.5}
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
            return {**found, "mean_absolute_error": _mean(errors)}
        found = {}
        if self.chances is not None and self.are_probabilities:
            own = self.chances[np.arange(len(self.y)), self.codes]
            found["log_loss"] = _mean(-np.log(np.maximum(own, LEAST_CHANCE)))
        if self.chances is not None:
            found["auc"] = _auc(self.codes, self.chances)
        return {**found, "accuracy": _mean((self.y == self.answers).astype(np.float64))}


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
    classes = np.union1d(known, y)
    method = next((name for name in ("predict_proba", "decision_function") if hasattr(model, name)), None)
    if method is None:
        return Answers(y, answers, classes)
    given = np.asarray(getattr(model, method)(X), dtype=np.float64)
    if given.ndim == 1:  # the decision for the second of two classes
        given = np.column_stack([-given, given])
    chances = np.full((len(y), len(classes)), 0.0 if method == "predict_proba" else given.min(initial=0.0))
    chances[:, np.searchsorted(classes, known)] = given
    return Answers(y, answers, classes, chances, method == "predict_proba")


# Measures ----------------------------------------------------------------------------------------------------------


def _mean(values: Array) -> Measure:
    return lambda w: float(w @ values / w.sum())


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


# How sure that is --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Estimate:
    """A number and the interval that it may lie in, by the bootstrap.

    Examples
    --------
    >>> found = Estimate.of(500.0, np.arange(1001.0))
    >>> found.value, round(found.low, 6), round(found.high, 6)
    (500.0, 25.0, 975.0)
    """

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float, draws: Array) -> "Estimate":
        """Return the number with the middle 95 % of what resamples gave."""
        told = draws[np.isfinite(draws)]
        low, high = np.quantile(told, [(1 - SHARE) / 2, (1 + SHARE) / 2]) if len(told) else (np.nan, np.nan)
        return cls(float(value), float(low), float(high))


@dataclass(frozen=True)
class Resampled:
    """The measures of several models on the same rows, and on the same resamples of them.

    Attributes
    ----------
    values : list of dict
        For each model its measures.
    draws : list of dict
        For each model and measure an array, one number a resample.
    """

    values: list[dict[str, float]]
    draws: list[dict[str, Array]]

    def estimate(self, i: int, name: str) -> Estimate:
        """Return a measure of model i."""
        return Estimate.of(self.values[i][name], self.draws[i][name])

    def lead(self, i: int, j: int, name: str, higher_is_better: bool) -> Estimate:
        """Return by how much model i is better than j: above 0 if it is. The pairing takes out what rows share."""
        sign = 1.0 if higher_is_better else -1.0
        difference = sign * (self.draws[i][name] - self.draws[j][name])
        return Estimate.of(sign * (self.values[i][name] - self.values[j][name]), difference)


def resample(judged: Sequence[Answers], seed: int = 0, most: int = 1000) -> Resampled:
    """Return the measures of models on the same rows, and on many resamples of these, drawn with replacement.

    Parameters
    ----------
    judged : sequence of Answers
        One for each model; all for the same rows.
    seed : int
    most : int
        Resamples; of very many rows fewer, though no fewer than 200.

    References
    ----------
    Efron (1979), Bootstrap methods: another look at the jackknife, Annals of Statistics 7; the percentile interval.

    Examples
    --------
    >>> y = np.arange(100) % 2
    >>> good, bad = (Answers(y, np.where(np.arange(100) < right, y, 1 - y), np.array([0, 1])) for right in (90, 70))
    >>> found = resample([good, bad])
    >>> found.values[0], found.lead(0, 1, "accuracy", True).low > 0
    ({'accuracy': 0.9}, True)
    """
    measures = [answers.measures() for answers in judged]
    n = len(judged[0].y)
    cells = n * sum(1 if one.chances is None else one.chances.shape[1] for one in judged)
    rounds = min(most, max(int(_WORK / cells), _FEWEST))
    rng = np.random.default_rng(seed)
    draws = [{name: np.empty(rounds) for name in own} for own in measures]
    for i in range(rounds):
        w = np.bincount(rng.integers(n, size=n), minlength=n).astype(np.float64)
        _measure_all(measures, w, draws, i)
    values = [{name: measure(np.ones(n)) for name, measure in own.items()} for own in measures]
    return Resampled(values, draws)


def _measure_all(measures: list[dict[str, Measure]], w: Array, draws: list[dict[str, Array]], i: int) -> None:
    for own, places in zip(measures, draws, strict=True):
        for name, measure in own.items():
            places[name][i] = measure(w)


def deciding(task: str, found: Sequence[Mapping[str, Any]]) -> str:
    """Return the measure that decides between models: the first of `DECIDING` if all have it, else the second.

    Examples
    --------
    >>> deciding("classification", [{"log_loss": 0.1, "accuracy": 1.0}, {"accuracy": 0.5}])
    'accuracy'
    """
    first, second = DECIDING[task]
    return first if all(first in own for own in found) else second
