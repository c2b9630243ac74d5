"""The perceptron: one neuron with a step, corrected by its mistakes (Rosenblatt, 1958)."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from feedforward.kernels import compiled
from feedforward.neurons import sparse
from feedforward.neurons.neuron import Neuron, Rows
from feedforward.validation import (
    CLASS_WEIGHT,
    COUNT,
    COUNT_OR_ZERO,
    NOT_NEGATIVE,
    NUMBER,
    POSITIVE,
    RANDOM_STATE,
    SWITCH,
    Rule,
)

Array = NDArray[Any]


@compiled
def perceptron_rule(
    X: Array, y: Array, row_weights: Array, order: Array, w: Array, b: float, learning_rate: float, threshold: float
) -> tuple[float, int]:
    """Show the neuron every row once; where it is mistaken, move its boundary towards the right answer.

    ``z = x·w + b``,  ``ŷ = 1 if z >= threshold else 0``,  ``w += η (y - ŷ) x``,  ``b += η (y - ŷ)``

    The weights `w` change in place. Returns the new bias and the number of mistakes, each counted before its update.
    """
    mistakes = 0
    for i in order:
        z = b
        for j in range(len(w)):
            z += X[i, j] * w[j]
        error = y[i] - (z >= threshold)
        if error != 0:
            change = learning_rate * row_weights[i] * error
            for j in range(len(w)):
                w[j] += change * X[i, j]
            b += change
            mistakes += 1
    return b, mistakes


class Perceptron(Neuron):
    """A neuron with a step, trained by Rosenblatt's rule: only mistakes move it.

    It predicts the class coded 1 where ``z - threshold >= 0``, ``z = x·w + b``. If a line (a plane, a hyperplane) can
    separate the two classes, training ends without a mistake; if none can, it never settles and says so. Of more than
    two classes, each has a neuron of its own against the rest, and the largest net input decides.

    Parameters
    ----------
    learning_rate : float, default 1.0
        Step size η. From zero weights and with ``threshold=0`` it only scales the weights; a start that is not zero, or
        a fixed threshold, gives it an effect.
    max_epochs : int, default 100
        Passes over the rows.
    max_mistakes : int, default 0
        Stop after an epoch with no more mistakes than this, summed over the neurons.
    threshold : float, default 0.0
        Where the step is: a threshold θ and no bias is the same neuron as a bias -θ and no threshold.
    shuffle : bool, default True
        Draw a new order of the rows for each epoch.
    initial_scale : float, default 0.01
        Standard deviation of the weights at the start.
    class_weight : dict, "balanced" or None, default None
        Weights of the classes, multiplied with `sample_weight`.
    random_state : int, RandomState or None, default None
        Source of the first weights and of the order of the rows.

    Attributes
    ----------
    coef_ : array of shape (1, m) for two classes, else (k, m)
    intercept_ : array of shape (1,) or (k,)
    classes_ : array of shape (k,)
    history_ : dict
        ``{"mistakes": [...]}``: one number an epoch, each mistake counted before its update.
    n_iter_ : int
        Epochs done.
    n_features_in_ : int
    feature_names_in_ : array of shape (m,)
        Only where `X` was a table with named columns.

    References
    ----------
    Rosenblatt (1958), The perceptron, Psychological Review 65(6).

    Examples
    --------
    >>> import feedforward as ff
    >>> X, y = ff.datasets.blobs(n=300, cluster_std=1.0, random_state=42)
    >>> neuron = ff.Perceptron(random_state=0).fit(X, y)
    >>> neuron.history_["mistakes"][-1], neuron.score(X, y)
    (0, 1.0)
    """

    _measure = "mistakes"
    _rules: ClassVar[Mapping[str, Rule]] = {
        "learning_rate": POSITIVE,
        "max_epochs": COUNT,
        "max_mistakes": COUNT_OR_ZERO,
        "threshold": NUMBER,
        "shuffle": SWITCH,
        "initial_scale": NOT_NEGATIVE,
        "class_weight": CLASS_WEIGHT,
        "random_state": RANDOM_STATE,
    }

    def __init__(
        self,
        *,
        learning_rate: float = 1.0,
        max_epochs: int = 100,
        max_mistakes: int = 0,
        threshold: float = 0.0,
        shuffle: bool = True,
        initial_scale: float = 0.01,
        class_weight: Mapping[Any, float] | str | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.learning_rate = learning_rate
        self.max_epochs = max_epochs
        self.max_mistakes = max_mistakes
        self.threshold = threshold
        self.shuffle = shuffle
        self.initial_scale = initial_scale
        self.class_weight = class_weight
        self.random_state = random_state

    def _step_at(self) -> float:
        return self.threshold

    def _pass(self, rows: Rows, order: Array) -> int:
        dtype = rows.X.dtype.type
        rate, threshold = dtype(self.learning_rate), dtype(self.threshold)
        total = 0
        for unit, y in enumerate(rows.targets):
            w, b = self.coef_[unit], self.intercept_[unit]
            if issparse(rows.X):
                b, mistakes = sparse.perceptron_rule(
                    *sparse.parts(rows.X), y, rows.weights, order, w, b, rate, threshold
                )
            else:
                b, mistakes = perceptron_rule(rows.X, y, rows.weights, order, w, b, rate, threshold)
            self.intercept_[unit] = b
            total += int(mistakes)
        return total

    def _is_done(self) -> bool:
        mistakes = self.history_["mistakes"]
        return bool(mistakes) and mistakes[-1] <= self.max_mistakes

    def _troubles(self, rows: Rows, is_finite: bool) -> list[str]:
        if not is_finite:
            return [
                f"the weights were no longer finite in epoch {self.n_iter_}, and those of the epoch before were kept: "
                "the numbers are too large. Scale the columns first, or lower learning_rate."
            ]
        if self._is_done():
            return []
        return [
            f"still {self.history_['mistakes'][-1]} mistakes in epoch {self.n_iter_}, the last. Either no straight "
            "boundary separates these classes (feedforward.Adaline settles on such data), or training needs more "
            f"epochs than max_epochs={self.max_epochs}; max_mistakes stops it earlier."
        ]
