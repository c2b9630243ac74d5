"""Losses: how wrong the outputs are, and in which direction they should move, together.

The loss of a batch is the mean of its rows', ``L = Σ wᵢ ℓᵢ / Σ wᵢ``, so a row of weight 2 counts as two rows. The
gradient is that of the stated loss: every 1/n, 1/t and weight in the value is in the gradient. Losses of
classification take logits and alone know the link from logits to probabilities, so nobody can apply it twice.
Definitions are torch's, with ``reduction="mean"``.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from feedforward.errors import InputError
from feedforward.nn.activations import Array, sigmoid
from feedforward.nn.rows import one_hot
from feedforward.validation import NOT_NEGATIVE, POSITIVE, Rule, check_settings


class Loss:
    """What every loss has. One of your own needs ``per_row`` alone.

    Examples
    --------
    >>> class AbsoluteError(Loss):
    ...     def per_row(self, outputs, targets):
    ...         error = outputs - targets
    ...         return np.abs(error).mean(axis=-1), np.sign(error) / error.shape[-1]
    >>> value, gradient = AbsoluteError().value_and_gradient([[1.0], [5.0]], [[0.0], [7.0]], weights=[1, 3])
    >>> value
    1.75
    >>> gradient
    array([[ 0.25],
           [-0.75]])
    """

    formula = ""

    def value_and_gradient(
        self, outputs: ArrayLike, targets: ArrayLike, weights: ArrayLike | None = None
    ) -> tuple[Any, Array]:
        """Return the loss and its gradient for the outputs.

        Parameters
        ----------
        outputs : array-like of shape (n, t), or (k, n, t) for a stack of k networks
        targets : array-like
            As the loss takes them; a stack may share them.
        weights : array-like of shape (n,), or (k, n), optional
            How much each row counts: finite, not negative, not all 0. Default: all alike.

        Returns
        -------
        value : float; array of shape (k,) for a stack
        gradient : array of the shape of `outputs`

        Raises
        ------
        InputError
            If shapes do not fit (nothing is broadcast over rows or columns), or targets or weights cannot be used.
        """
        outputs = np.asarray(outputs)
        if outputs.dtype.kind != "f":
            outputs = outputs.astype(np.float64)
        if outputs.ndim < 2 or not outputs.size:
            raise InputError(f"{self!r} needs outputs of shape (n, t), n and t at least 1; got {outputs.shape}.")
        losses, slopes = self.per_row(outputs, self.targets_for(outputs, np.asarray(targets)))
        share = _shares(weights, outputs)
        value = np.sum(share * losses, axis=-1)
        return (value if value.ndim else float(value)), share[..., None] * slopes

    def per_row(self, outputs: Array, targets: Array) -> tuple[Array, Array]:
        """Return each row's loss ``ℓ``, shape (…, n), and ``∂ℓ/∂output``, shape (…, n, t)."""
        raise NotImplementedError  # each loss has its own

    def targets_for(self, outputs: Array, targets: Array) -> Array:
        """Return checked targets in the dtype of the outputs; here: a number for each output."""
        if targets.shape not in (outputs.shape, outputs.shape[-2:]):
            raise InputError(
                f"{self!r}: targets have shape {targets.shape} and outputs {outputs.shape}; they must be equal."
                + (" Write y[:, None] for a single column." if targets.ndim == outputs.ndim - 1 else "")
            )
        if targets.dtype.kind not in "biuf":
            raise InputError(f"{self!r}: targets must be numbers; got {targets.dtype}.")
        _refuse(self, targets, ~np.isfinite(targets), "finite")
        return targets.astype(outputs.dtype)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class MSELoss(Loss):
    """Squared error, ``L = 1/n Σ 1/t Σ (a - y)²``; its gradient is ``2 (a - y) / (n t)``.

    Examples
    --------
    >>> value, gradient = MSELoss().value_and_gradient([[0.5, 0.0]], [[1.0, 0.0]])
    >>> value, gradient          # (0.5 - 1)² / 2,  2 · (0.5 - 1) / 2
    (0.125, array([[-0.5,  0. ]]))
    """

    formula = "L = 1/n Σ 1/t Σ (a − y)²"

    def per_row(self, outputs: Array, targets: Array) -> tuple[Array, Array]:
        """Return ``1/t Σ (a - y)²`` and ``2 (a - y) / t``."""
        error = outputs - targets
        return np.mean(error**2, axis=-1), 2 * error / error.shape[-1]

    def probabilities(self, outputs: Array) -> Array:
        """Normalise outputs, each between 0 and 1 (a Sigmoid's), so that a row sums to 1.

        Examples
        --------
        >>> MSELoss().probabilities(np.array([[0.9, 0.3], [0.0, 0.0]]))
        array([[0.75, 0.25],
               [0.5 , 0.5 ]])
        """
        total = outputs.sum(axis=-1, keepdims=True)
        shares: Array = np.where(total > 0, outputs, 1.0) / np.where(total > 0, total, outputs.shape[-1])
        return shares


class HuberLoss(Loss):
    """Squared error for small errors, absolute error for large ones: outliers pull with a force of delta at most.

    ``e²/2`` where ``|e| <= delta``, else ``delta (|e| - delta/2)``, with ``e = a - y``; the mean over columns and rows.
    Huber (1964).

    Parameters
    ----------
    delta : float

    Examples
    --------
    >>> value, gradient = HuberLoss().value_and_gradient([[0.5], [10.0]], [[0.0], [0.0]])
    >>> value, gradient.ravel()          # (0.125 + 9.5) / 2,  0.5 / 2 and 1 / 2
    (4.8125, array([0.25, 0.5 ]))
    """

    formula = "L = 1/n Σ 1/t Σ (e²/2 if |e| ≤ δ else δ·(|e| − δ/2)), e = a − y"

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = delta
        check_settings(self, {"delta": POSITIVE})

    def per_row(self, outputs: Array, targets: Array) -> tuple[Array, Array]:
        """Return the mean over the columns, and its slope ``clip(e, ±delta) / t``."""
        error = outputs - targets
        pull = np.clip(error, -self.delta, self.delta)
        return np.mean(pull * (error - pull / 2), axis=-1), pull / error.shape[-1]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(delta={self.delta})"


class BCEWithLogitsLoss(Loss):
    """Cross-entropy of yes or no, for each output by itself: ``-(y log p + (1 - y) log(1 - p))``, ``p = sigmoid(z)``.

    Computed from the logit z, as ``max(z, 0) - y z + log(1 + exp(-|z|))``, so no probability is ever rounded to 0;
    its gradient is ``(p - y) / (n t)``. Targets are 0, 1 or a probability, in the shape of the outputs.

    Examples
    --------
    >>> value, gradient = BCEWithLogitsLoss().value_and_gradient([[0.0], [1000.0]], [[1.0], [1.0]])
    >>> round(value, 6), gradient.ravel()          # log(2) / 2,  (0.5 - 1) / 2 and 0
    (0.346574, array([-0.25,  0.  ]))
    """

    formula = "L = 1/n Σ 1/t Σ −(y·ln p + (1 − y)·ln(1 − p)), p = 1 / (1 + e⁻ᶻ)"

    def per_row(self, outputs: Array, targets: Array) -> tuple[Array, Array]:
        """Return the mean over the columns, and its slope ``(p - y) / t``."""
        losses = np.maximum(outputs, 0) - targets * outputs + np.log1p(np.exp(-np.abs(outputs)))
        return np.mean(losses, axis=-1), (sigmoid(outputs) - targets) / outputs.shape[-1]

    def targets_for(self, outputs: Array, targets: Array) -> Array:
        """Return checked targets: 0 to 1, one for each output."""
        targets = super().targets_for(outputs, targets)
        _refuse(self, targets, (targets < 0) | (targets > 1), "between 0 and 1")
        return targets

    def probabilities(self, outputs: Array) -> Array:
        """Return ``sigmoid(z)``: for each output, the probability of yes.

        Examples
        --------
        >>> BCEWithLogitsLoss().probabilities(np.array([[0.0]]))
        array([[0.5]])
        """
        return sigmoid(outputs)


_SHARE = Rule("a number from 0 to 1", lambda value: NOT_NEGATIVE.holds(value) and value <= 1)


class CrossEntropyLoss(Loss):
    """Cross-entropy of one class among t: ``-Σ q log p``, with ``p = softmax(z)``; its gradient is ``(p - q) / n``.

    Computed from the logits z, which stay logits: the network does not end in a softmax.

    Parameters
    ----------
    label_smoothing : float
        Share ε of the belief that is spread over all classes: ``q = (1 - ε) y + ε/t``, with y one-hot.

    Notes
    -----
    Targets are labels from 0 to t - 1, shape (n,), or rows that sum to 1, shape (n, t): one-hot or probabilities.
    In a stack of k, targets of shape (k, n) are read as labels.

    Examples
    --------
    >>> value, gradient = CrossEntropyLoss().value_and_gradient([[0.0, 0.0]], [1])
    >>> round(value, 6), gradient          # log(2),  (0.5 - 0, 0.5 - 1)
    (0.693147, array([[ 0.5, -0.5]]))
    """

    formula = "L = 1/n Σ −Σ q·ln p, q = (1 − ε)·y + ε/t"

    def __init__(self, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = label_smoothing
        check_settings(self, {"label_smoothing": _SHARE})

    def per_row(self, outputs: Array, targets: Array) -> tuple[Array, Array]:
        """Return ``-Σ q log p`` and ``p - q``."""
        log_p = log_softmax(outputs)
        q = self.smoothed(targets)
        return -np.sum(q * log_p, axis=-1), np.exp(log_p) - q

    def smoothed(self, targets: Array) -> Array:
        """Return ``q``: the one-hot `targets` after label smoothing.

        Examples
        --------
        >>> CrossEntropyLoss(label_smoothing=0.2).smoothed(np.array([[1.0, 0.0]]))
        array([[0.9, 0.1]])
        """
        q: Array = (1 - self.label_smoothing) * targets + self.label_smoothing / targets.shape[-1]
        return q

    def targets_for(self, outputs: Array, targets: Array) -> Array:
        """Return checked targets, one-hot."""
        rows, shape = outputs.shape[:-1], targets.shape
        if shape == rows or (shape == rows[-1:] and len(shape) == 1):
            return one_hot(targets, outputs.shape[-1], outputs.dtype)
        if shape not in (outputs.shape, outputs.shape[-2:]):
            raise InputError(
                f"{self!r}: targets have shape {shape} and outputs {outputs.shape}; give labels of shape {rows} or one "
                f"row of probabilities for each row of outputs."
            )
        targets = super().targets_for(outputs, targets)
        _refuse(self, targets, targets < 0, "0 or more")
        total = targets.sum(axis=-1, keepdims=True)
        _refuse(self, total, np.abs(total - 1) > 1e-3, "one-hot, or probabilities that sum to 1")
        return targets

    def probabilities(self, outputs: Array) -> Array:
        """Return ``softmax(z)``, the probability of each class.

        Examples
        --------
        >>> CrossEntropyLoss().probabilities(np.array([[0.0, np.log(3.0)]]))
        array([[0.25, 0.75]])
        """
        return softmax(outputs)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(label_smoothing={self.label_smoothing})"


_FEW_CLASSES = 16  # up to which a pass over each class is faster than one over each row
_MANY_ROWS = 8  # for each class, from which that is so


def softmax(z: Array) -> Array:
    """Return ``exp(z) / Σ exp(z)`` over the last axis, without overflow; for each row the same bits in any company.

    NumPy takes its time over each row's sum. So few classes are added up class after class, of all rows at once; where
    there are few rows, too, by a running sum along the row, which is rounded alike.

    Examples
    --------
    >>> softmax(np.array([[1e4, 0.0], [0.0, 0.0]]))
    array([[1. , 0. ],
           [0.5, 0.5]])
    """
    t = z.shape[-1]
    if t > _FEW_CLASSES or z.size < _MANY_ROWS * t * t:
        shares: Array = np.exp(z - np.maximum.reduce(z, axis=-1, keepdims=True))
        if t > _FEW_CLASSES:
            shares /= np.add.reduce(shares, axis=-1, keepdims=True)
        else:
            shares /= np.add.accumulate(shares, axis=-1)[..., -1:]
        return shares
    top = z[..., 0].copy()
    for j in range(1, t):
        np.maximum(top, z[..., j], out=top)
    shares = np.exp(z - top[..., None])
    total = shares[..., 0].copy()
    for j in range(1, t):
        total += shares[..., j]
    shares /= total[..., None]
    return shares


def log_softmax(z: Array) -> Array:
    """Return ``z - log Σ exp(z)`` over the last axis, without overflow.

    Examples
    --------
    >>> log_softmax(np.array([[1e4, 0.0]]))
    array([[     0., -10000.]])
    """
    z = z - z.max(axis=-1, keepdims=True)
    result: Array = z - np.log(np.sum(np.exp(z), axis=-1, keepdims=True))
    return result


def _shares(weights: ArrayLike | None, outputs: Array) -> Array:
    """Return each row's share of the batch's loss, ``w / Σw``."""
    rows = outputs.shape[:-1]
    if weights is None:
        return np.full(rows[-1:], 1 / rows[-1], outputs.dtype)
    w = np.asarray(weights, dtype=np.float64)
    if w.shape not in (rows, rows[-1:]):
        raise InputError(f"weights have shape {w.shape}; give one for each row, shape {rows}.")
    bad = ~(np.isfinite(w) & (w >= 0))
    if bad.any():
        place = np.argwhere(bad)[0]
        raise InputError(f"weights must be finite and not negative; got {w[tuple(place)]} in row {place[-1]}.")
    total = w.sum(axis=-1, keepdims=True)
    if not total.all():
        raise InputError("weights are 0 for every row: such a batch has no loss. Leave it out.")
    shares: Array = (w / total).astype(outputs.dtype)
    return shares


def _refuse(loss: Loss, targets: Array, bad: Array, requirement: str) -> None:
    if bad.any():
        place = np.argwhere(bad)[0]
        got = f"{targets[tuple(place)]!s} in row {place[-2]} (counted from 0)"
        raise InputError(f"{loss!r}: targets must be {requirement}; got {got}.")
