"""Adaline: one linear neuron that descends the slope of its squared error (Widrow & Hoff, 1960)."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from feedforward.kernels import compiled
from feedforward.neurons import sparse
from feedforward.neurons.curvature import highest_safe_rate
from feedforward.neurons.neuron import Neuron, Rows
from feedforward.validation import (
    CLASS_WEIGHT,
    COUNT,
    NONE,
    NOT_NEGATIVE,
    POSITIVE,
    RANDOM_STATE,
    SWITCH,
    Rule,
    one_of,
)

Array = NDArray[Any]


@compiled
def adaline_rule(
    X: Array, y: Array, row_weights: Array, order: Array, w: Array, b: float, learning_rate: float
) -> tuple[float, float]:
    """Descend after every single row: stochastic gradient descent.

    ``e = y - (x·w + b)``,  ``w += 2 η e x``,  ``b += 2 η e``: the gradient of ``e²`` is ``-2 e x``.

    The weights `w` change in place. Returns the new bias and the mean of ``e²``, each error taken before its update.
    """
    loss = 0.0
    for i in order:
        error = y[i] - b
        for j in range(len(w)):
            error -= X[i, j] * w[j]
        loss += row_weights[i] * error * error
        step = 2 * learning_rate * row_weights[i] * error
        for j in range(len(w)):
            w[j] += step * X[i, j]
        b += step
    return b, loss / len(order)


@compiled
def adaline_batch_rule(
    X: Array, y: Array, row_weights: Array, order: Array, w: Array, b: float, learning_rate: float, batch_size: int
) -> tuple[float, float]:
    """Descend after every `batch_size` rows, along the mean of their gradients: mini-batches, or all rows at once.

    ``e = y - (X w + b)``,  ``w += 2 η/B Xᵀe``,  ``b += 2 η/B Σ e``: the gradient of ``1/B Σ e²`` is ``-2/B Xᵀe``.

    The weights `w` change in place. Returns the new bias and the mean of ``e²``, each error taken before its update.
    """
    loss = 0.0
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        pull = np.zeros_like(w)
        bias_pull = 0.0
        for i in batch:
            error = y[i] - b
            for j in range(len(w)):
                error -= X[i, j] * w[j]
            weighted = row_weights[i] * error
            loss += weighted * error
            for j in range(len(w)):
                pull[j] += weighted * X[i, j]
            bias_pull += weighted
        step = 2 * learning_rate / len(batch)
        for j in range(len(w)):
            w[j] += step * pull[j]
        b += step * bias_pull
    return b, loss / len(order)


class Adaline(Neuron):
    """A linear neuron trained by gradient descent on the mean squared error of its net input.

    The loss is ``mean(s (y - z)²)`` with ``z = x·w + b``, classes coded 0 and 1 and row weights ``s`` of mean 1. Unlike
    the perceptron it converges on classes that overlap. It predicts the class coded 1 where ``z - 0.5 >= 0``; of more
    than two classes, each has a neuron of its own against the rest, and the largest net input decides.

    Parameters
    ----------
    learning_rate : float or "auto", default "auto"
        Step size η. "auto" is half the rate beyond which training diverges: ``1 / (2 λmax)`` for all rows at once,
        ``1 / (2 max ‖x̃‖²)`` for single rows, and ``B / (2 (max ‖x̃‖² + (B - 1) λmax))`` for batches of B rows, where
        x̃ is a row with a 1 behind it and λmax the largest eigenvalue of ``(1/n) X̃ᵀX̃``.
    max_epochs : int, default 200
        Passes over the rows.
    batch_size : int or None, default None
        Rows of one update: None all of them, 1 a single one (stochastic), 32 a mini-batch.
    tolerance : float or None, default None
        Stop after an epoch whose loss differs from that of the epoch before by no more than this.
    shuffle : bool, default True
        Draw a new order of the rows for each epoch (it matters only where a batch is not all rows).
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
    learning_rate_ : float
        The rate that was used.
    history_ : dict
        ``{"loss": [...]}``: the mean over rows and neurons, one value an epoch, each error taken before its update.
    n_iter_ : int
        Epochs done.
    n_features_in_ : int
    feature_names_in_ : array of shape (m,)
        Only where `X` was a table with named columns.

    References
    ----------
    Widrow & Hoff (1960), Adaptive switching circuits, IRE WESCON. The rate for batches follows Ma, Bassily & Belkin
    (2018), The power of interpolation, arXiv:1712.06559.

    Examples
    --------
    >>> import feedforward as ff
    >>> X, y = ff.datasets.blobs(n=300, cluster_std=2.5, random_state=42)
    >>> neuron = ff.Adaline(random_state=0).fit(X, y)
    >>> neuron.score(X, y) > 0.9
    True
    >>> neuron.history_["loss"][0] > neuron.history_["loss"][-1]
    True
    """

    learning_rate_: float

    _measure = "loss"
    _rules: ClassVar[Mapping[str, Rule]] = {
        "learning_rate": one_of("auto") | POSITIVE,
        "max_epochs": COUNT,
        "batch_size": NONE | COUNT,
        "tolerance": NONE | NOT_NEGATIVE,
        "shuffle": SWITCH,
        "initial_scale": NOT_NEGATIVE,
        "class_weight": CLASS_WEIGHT,
        "random_state": RANDOM_STATE,
    }

    def __init__(
        self,
        *,
        learning_rate: float | str = "auto",
        max_epochs: int = 200,
        batch_size: int | None = None,
        tolerance: float | None = None,
        shuffle: bool = True,
        initial_scale: float = 0.01,
        class_weight: Mapping[Any, float] | str | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.learning_rate = learning_rate
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.tolerance = tolerance
        self.shuffle = shuffle
        self.initial_scale = initial_scale
        self.class_weight = class_weight
        self.random_state = random_state

    def _step_at(self) -> float:
        return 0.5

    def _prepare(self, rows: Rows, *, fresh: bool) -> None:
        if not isinstance(self.learning_rate, str):
            self.learning_rate_ = float(self.learning_rate)
            return
        rate = self._automatic_rate(rows)
        # Later rows may ask for a smaller rate, never for a larger one.
        self.learning_rate_ = rate if fresh else min(rate, self.learning_rate_)

    def _automatic_rate(self, rows: Rows) -> float:
        with np.errstate(over="ignore"):
            return highest_safe_rate(rows.X, rows.weights, self.batch_size) / 2

    def _pass(self, rows: Rows, order: Array) -> float:
        n = len(order)
        batch_size = n if self.batch_size is None else min(self.batch_size, n)
        rate = rows.X.dtype.type(self.learning_rate_)
        losses = []
        for unit, y in enumerate(rows.targets):
            w, b = self.coef_[unit], self.intercept_[unit]
            if issparse(rows.X):
                b, loss = sparse.adaline_rule(*sparse.parts(rows.X), y, rows.weights, order, w, b, rate, batch_size)
            elif batch_size == 1:
                b, loss = adaline_rule(rows.X, y, rows.weights, order, w, b, rate)
            else:
                b, loss = adaline_batch_rule(rows.X, y, rows.weights, order, w, b, rate, batch_size)
            self.intercept_[unit] = b
            losses.append(loss)
        return float(sum(losses) / len(losses))

    def _order_matters(self) -> bool:
        return self.batch_size is not None

    def _is_done(self) -> bool:
        losses = self.history_["loss"]
        return self.tolerance is not None and len(losses) > 1 and abs(losses[-2] - losses[-1]) <= self.tolerance

    def _troubles(self, rows: Rows, is_finite: bool) -> list[str]:
        losses = self.history_["loss"]
        # Descending on all rows at once, no step may raise the loss; otherwise a little noise is no trouble.
        before = losses[-2:][0] if self.batch_size is None else losses[0]
        if not is_finite:
            what = (
                f"the loss was no longer finite in epoch {self.n_iter_}, and the weights of the epoch before were kept"
            )
        elif losses[-1] > 1.01 * before:
            what = f"the loss rose, from {before:.3g} to {losses[-1]:.3g} by epoch {self.n_iter_}"
        else:
            return []
        rate = self._automatic_rate(rows)
        if self.learning_rate_ <= rate or rate == 0:
            return [f"{what}: the numbers are too large to be squared. Scale the columns first."]
        return [
            f"{what}: learning_rate={self.learning_rate_:.3g} is too high for these rows. "
            f'Try learning_rate={rate:.2g}, or "auto", which computes it.'
        ]
