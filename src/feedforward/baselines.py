"""What a network has to beat: one answer for all rows, a linear model and gradient boosting, on the same table."""

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.utils import Tags

from feedforward.tables.encoding import TableEncoder
from feedforward.tables.layout import Layout

Array = NDArray[Any]
Kinds = Mapping[str, str] | None

_MOST_LEVELS = 254  # HistGradientBoosting tells no more categories apart


def baseline(name: str, task: str, kinds: Kinds = None, seed: int = 0) -> Any:
    """Return an estimator that takes a table, at its library's own settings.

    Parameters
    ----------
    name : {"dummy", "linear", "boosting"}
        The shares of the classes, or the mean; logistic or ridge regression; scikit-learn's HistGradientBoosting.
    task : {"classification", "regression"}
    kinds : dict, optional
        What to take columns for, as `TableEncoder` has it.
    seed : int

    Examples
    --------
    >>> import pyarrow as pa
    >>> table = pa.table({"size": [1.0, 2.0, None, 4.0], "colour": ["red", "blue", "red", "red"]})
    >>> baseline("linear", "regression").fit(table, [1.0, 2.0, 3.0, 4.0]).predict(table).shape
    (4,)
    """
    return BASELINES[name](task, kinds, seed)


def _dummy(task: str, kinds: Kinds, seed: int) -> Any:
    learner = DummyRegressor() if task == "regression" else DummyClassifier(strategy="prior")
    return make_pipeline(_RowCount(), learner)


def _linear(task: str, kinds: Kinds, seed: int) -> Any:
    learner = Ridge() if task == "regression" else LogisticRegression(max_iter=1000)
    return make_pipeline(TableEncoder(kinds=kinds, date_parts=True), learner)


def _boosting(task: str, kinds: Kinds, seed: int) -> Any:
    learner = HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
    return BoostedTrees(learner(random_state=seed), kinds)


BASELINES: dict[str, Callable[[str, Kinds, int], Any]] = {"dummy": _dummy, "linear": _linear, "boosting": _boosting}


class _RowCount(TransformerMixin, BaseEstimator):
    """A table to as many rows of nothing: what a model that looks at no column takes."""

    def fit(self, X: Any, y: Any = None) -> Self:
        return self

    def transform(self, X: Any) -> Array:
        return np.zeros((len(X), 1))

    def __sklearn_is_fitted__(self) -> bool:
        return True


class BoostedTrees(BaseEstimator):
    """HistGradientBoosting on a table: gaps stay gaps, categories are categories, dates have their parts.

    Parameters
    ----------
    learner : HistGradientBoostingClassifier or HistGradientBoostingRegressor
    kinds : dict, optional

    Examples
    --------
    >>> import pyarrow as pa
    >>> table = pa.table({"colour": ["red", "blue", "green"] * 40})
    >>> model = BoostedTrees(HistGradientBoostingClassifier()).fit(table, ["warm", "cold", "cold"] * 40)
    >>> model.predict(table)[:3].tolist()
    ['warm', 'cold', 'cold']
    """

    def __init__(self, learner: Any, kinds: Kinds = None) -> None:
        self.learner = learner
        self.kinds = kinds

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from a table."""
        encoder = TableEncoder(
            scaling="none", embed_above=1, max_categories=_MOST_LEVELS, date_parts=True, kinds=self.kinds
        )
        self.encoder_ = encoder.fit(X)
        codes = [block.first for block in encoder.blocks_ if block.kind == "code"]
        self.learner.set_params(categorical_features=codes or None).fit(self._matrix(X), y)
        if hasattr(self.learner, "classes_"):
            self.classes_ = self.learner.classes_
        return self

    def predict(self, X: Any) -> Array:
        """Return an answer for each row."""
        answers: Array = self.learner.predict(self._matrix(X))
        return answers

    @property
    def predict_proba(self) -> Callable[[Any], Array]:
        """Return the probability of each class, where there are classes."""
        method = self.learner.predict_proba
        return lambda X: method(self._matrix(X))

    def _matrix(self, X: Any) -> Array:
        """Return rows with NaN for each gap, and for each category that training did not see."""
        matrix = self.encoder_.transform(X)
        layout = Layout.of(self.encoder_.columns_, grouped=True)
        for values, marks in zip(layout.values, layout.marks, strict=True):
            if marks.stop > marks.start:
                matrix[matrix[:, marks.start] != 0, values] = np.nan
        for block in layout.blocks:
            if block.kind == "code":
                column = matrix[:, block.first]
                column[column == 0] = np.nan
        return matrix

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.estimator_type = self.learner.__sklearn_tags__().estimator_type
        return tags


def stored_size(model: Any) -> int:
    """Return the bytes of a fitted baseline, pickled: encoder and all.

    Examples
    --------
    >>> stored_size(DummyRegressor()) > 0
    True
    """
    import pickle

    return len(pickle.dumps(model))
