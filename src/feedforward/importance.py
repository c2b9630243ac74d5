"""Which columns a model needs: what its score loses when one of them is shuffled."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import r2_score

from feedforward.errors import InputError
from feedforward.measures import answers_of
from feedforward.targets import missing
from feedforward.validation import COUNT, COUNT_OR_ZERO, check_setting, explained_for, kind, unmasked

Array = NDArray[Any]

_OWNER = "permutation_importance"


@dataclass(frozen=True)
class Importance:
    """What the score lost when each column was shuffled.

    Attributes
    ----------
    measure : {"log_loss", "accuracy", "r2"}
    columns : list of str
        In the order of the table.
    losses : array of shape (m, repeats)
        How much worse the measure became: about 0 for a column that the model does not need.
    """

    measure: str
    columns: list[str]
    losses: Array

    @property
    def mean(self) -> Array:
        """The mean over the repeats, shape (m,)."""
        mean: Array = self.losses.mean(axis=1)
        return mean

    def ranked(self) -> list[tuple[str, float, float]]:
        """Return column, mean and standard deviation over the repeats, the column that is needed most first."""
        order = np.argsort(-self.mean, kind="stable")
        return [(self.columns[j], float(self.mean[j]), float(self.losses[j].std())) for j in order]


def permutation_importance(
    model: Any,
    X: Any,
    y: Any,
    *,
    repeats: int = 5,
    seed: int = 0,
    on_column: Callable[[int, int], None] | None = None,
) -> Importance:
    """Return what a fitted model's score loses when the cells of one column change places.

    The score is the log loss of the probabilities, the accuracy where there are none, or R² for numbers. Use rows that
    the model has not learned from. Columns that say much the same stand in for one another: each of them may then look
    dispensable, though not all of them are.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Any that takes `X`: it is not fitted again.
    X : DataFrame, pyarrow.Table or array of shape (n, m)
        As the model takes it; each of its own columns is shuffled, not what becomes of them inside.
    y : array-like of shape (n,)
        The right answers; of several numbers a row shape (n, t).
    repeats : int
        Times that each column is shuffled.
    seed : int
        Of the shuffling.
    on_column : callable, optional
        Called after each column with the columns done and all there are.

    Returns
    -------
    Importance

    Raises
    ------
    InputError
        If rows and answers do not match, answers are missing or none that the model could give, or the model has no
        ``predict``.
    SettingError
        If `repeats` or `seed` cannot be.

    References
    ----------
    Breiman (2001), Random forests, Machine Learning 45; Fisher, Rudin and Dominici (2019), All models are wrong, but
    many are useful, JMLR 20.

    Examples
    --------
    >>> import feedforward as ff
    >>> X = np.random.default_rng(0).normal(size=(300, 3))
    >>> model = ff.TabularClassifier(preset="fast", random_state=0).fit(X[:200], X[:200, 1] > 0)
    >>> found = ff.permutation_importance(model, X[200:], X[200:, 1] > 0)
    >>> found.measure, found.ranked()[0][0]
    ('log_loss', 'x1')
    """
    check_setting(_OWNER, "repeats", repeats, COUNT)
    check_setting(_OWNER, "seed", seed, COUNT_OR_ZERO)
    if isinstance(model, type) or not hasattr(model, "predict"):
        raise InputError(f"{_OWNER}: model must be a fitted estimator, with predict; got {kind(model)}.")
    table = _table(X)
    y = _right_answers(model, y)
    if len(y) != table.shape[0] or not len(y):
        raise InputError(f"{_OWNER}: X has {table.shape[0]} rows and y has {len(y)}. Give both for the same rows.")
    columns = [f"x{j}" for j in range(table.shape[1])] if isinstance(table, np.ndarray) else list(table.columns)
    measure, badness = _badness(model, y)
    rng = np.random.default_rng(seed)
    whole = badness(X if isinstance(table, nw.DataFrame) else table)
    losses = np.empty((len(columns), repeats))
    for j in range(len(columns)):
        with warnings.catch_warnings():  # that there are no names was said once
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
            for i in range(repeats):
                losses[j, i] = badness(_shuffled(table, j, rng.permutation(len(y)))) - whole
        if on_column:
            on_column(j + 1, len(columns))
    return Importance(measure, [str(name) for name in columns], losses)


def _table(X: Any) -> Any:
    """Return rows as a DataFrame of narwhals or an array; lists that mix types keep them."""
    table = nw.from_native(X, eager_only=True, pass_through=True)
    if isinstance(table, nw.DataFrame):
        return table
    with explained_for(X):
        array = np.asarray(unmasked(X))
        if isinstance(X, list | tuple) and array.dtype.kind in "US":  # one text would make text of every number
            array = np.array(X, dtype=object)
    if array.ndim != 2:
        raise InputError(f"{_OWNER}: X must have rows and columns; got {kind(X)} of shape {array.shape}.")
    return array


def _right_answers(model: Any, y: Any) -> Array:
    """Return the right answers as an array that can be compared with the model's."""
    answers = np.asarray(unmasked(y))
    if not answers.ndim:
        given = f"the text {y!r}; a column is taken by table[{y!r}]" if isinstance(y, str) else kind(y)
        raise InputError(f"{_OWNER}: y must hold the right answer for each row; got {given}.")
    if answers.ndim == 2 and answers.shape[1] == 1:
        answers = answers[:, 0]
    if not hasattr(model, "classes_"):
        with explained_for(y, "y"):
            answers = answers.astype(np.float64)
    if answers.dtype.kind in "fO" and missing(answers).any():
        row = int(np.argwhere(missing(answers))[0, 0])
        raise InputError(f"{_OWNER}: y has no value, or an infinite one, at row {row} (counted from 0). Drop the row.")
    known = getattr(model, "classes_", None)
    if isinstance(known, np.ndarray) and answers.ndim == 1 and len(answers) and not np.isin(answers, known).any():
        raise InputError(
            f"{_OWNER}: the model knows none of the labels of y, such as {answers[:1].tolist()[0]!r}; its classes are "
            f"{known.tolist()!r}. Give labels as they were in training."
        )
    return answers


def _badness(model: Any, y: Array) -> tuple[str, Callable[[Any], float]]:
    """Return a measure's name, and how bad the model's answers for rows are by it."""
    if not hasattr(model, "classes_"):
        if len(y) < 2:
            raise InputError(f"{_OWNER}: R² needs two rows or more; got {len(y)}.")
        return "r2", lambda X: 1.0 - float(r2_score(y, model.predict(X)))
    ones = np.ones(len(y))
    if hasattr(model, "predict_proba"):
        return "log_loss", lambda X: answers_of(model, X, y).measures()["log_loss"](ones)
    return "accuracy", lambda X: float(np.mean(np.asarray(model.predict(X)) != y))


def _shuffled(table: Any, j: int, order: Array) -> Any:
    """Return the table with the cells of column j in another order, of the type that it was given as."""
    if isinstance(table, np.ndarray):
        table = table.copy()
        table[:, j] = table[order, j]
        return table
    return nw.to_native(table.with_columns(table[:, j][order]))
