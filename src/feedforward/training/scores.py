"""How good the outputs are, in one number: the share of rows that are right, or R².

A score is summed up batch by batch and divided at the end, so it comes from sums over rows: of weight times measure,
for each measure of the score. Letters: n rows, t outputs, c measures.
"""

from typing import Any

import numpy as np

from feedforward.training.plan import Array, Rows

SCORES = ("accuracy", "exact", "squared_error")
TEMPERATURES = 8.0 ** np.linspace(0, 1, 12)


def score_sums(score: str, outputs: Array, targets: Array, weights: Array | None = None) -> Array:
    """Return the sums over the rows of weight times measure, shape (c,); for a stack (k, c).

    Parameters
    ----------
    score : str
        "accuracy": 1 if the largest output is that of the target (c = 1). "exact": 1 if every output is on its target's
        side of 0 (c = 1). "squared_error": the squared error of each output (c = t).
    outputs : array of shape (n, t), or (k, n, t)
    targets : array of shape (n,) or (n, t); a stack may have its own, with k in front
    weights : array of shape (n,), or (k, n), optional

    Examples
    --------
    >>> outputs = np.array([[2.0, 1.0], [0.5, 3.0], [1.0, 0.0]])
    >>> score_sums("accuracy", outputs, np.array([0, 1, 1]))
    array([2.])
    >>> score_sums("squared_error", outputs, np.zeros((3, 2)), weights=np.array([1.0, 0.0, 2.0]))
    array([6., 1.])
    """
    measure = measures(score, outputs, targets).astype(np.float64, copy=False)
    total: Array = (measure if weights is None else weights[..., None] * measure).sum(axis=-2)
    return total


def measures(score: str, outputs: Array, targets: Array) -> Array:
    """Return what the score measures of each row, shape (n, c) or (k, n, c).

    Examples
    --------
    >>> measures("exact", np.array([[2.0, -1.0], [2.0, 1.0]]), np.array([[1.0, 0.0], [1.0, 0.0]])).ravel()
    array([ True, False])
    """
    if score == "squared_error":
        error: Array = (outputs - targets).astype(np.float64)
        return error**2
    if score == "exact":
        return np.asarray(np.all((outputs > 0) == (targets > 0.5), axis=-1, keepdims=True))
    codes = targets if targets.dtype.kind in "iu" else targets.argmax(axis=-1)
    return np.asarray(outputs.argmax(axis=-1) == codes)[..., None]


def calibrated_loss(outputs: Array, targets: Array, weights: Array | None = None) -> Array:
    """Return the log loss of ``softmax(z/T)`` at the best of some temperatures T from 1 to 8: a scalar, or (k,).

    Probabilities are made honest after training (Guo et al. 2017), so which epoch is the best is asked of what they
    will be then: Berta, Holzmüller, Jordan and Bach (2025), "Rethinking Early Stopping: Refine, Then Calibrate".

    Parameters
    ----------
    outputs : array of shape (n, t), or (k, n, t)
    targets : array of int of shape (n,), or (k, n)
    weights : array of shape (n,), or (k, n), optional

    Examples
    --------
    >>> far_too_sure = np.array([[9.0, 0.0], [9.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    >>> round(float(calibrated_loss(far_too_sure, np.array([0, 0, 1, 1]))), 2)      # without T: 2.25
    0.56
    """
    z = outputs.astype(np.float64) - outputs.max(axis=-1, keepdims=True)
    codes = np.broadcast_to(targets, z.shape[:-1])
    own = np.take_along_axis(z, codes[..., None], axis=-1)[..., 0]
    losses = [
        np.average(np.log(np.exp(z / t).sum(axis=-1)) - own / t, axis=-1, weights=_spread_out(weights, own))
        for t in TEMPERATURES
    ]
    return np.asarray(np.min(losses, axis=0))


def _spread_out(weights: Array | None, rows: Array) -> Array | None:
    return None if weights is None else np.broadcast_to(weights, rows.shape)


@np.errstate(over="ignore", invalid="ignore")  # targets may be huge: training says what is wrong with them
def spread(score: str, rows: Rows) -> Array | None:
    """Return what R² compares errors with: the weighted variance of each output's targets; None for other scores.

    Its shape is (t,), or (k, t) where members have rows of their own.

    Examples
    --------
    >>> spread("squared_error", Rows(np.zeros((2, 1)), np.array([[1.0, 5.0], [3.0, 5.0]])))
    array([1., 0.])
    """
    if score != "squared_error":
        return None
    y, weights = rows.targets.astype(np.float64), rows.weights
    if rows.are_of_members:
        parts = zip(y, [None] * len(y) if weights is None else weights, strict=True)
        return np.array([_variance(*part) for part in parts])
    return _variance(y, weights)


def _variance(y: Array, weights: Array | None) -> Array:
    mean: Any = np.average(y, axis=0, weights=weights)
    variance: Any = np.average((y - mean) ** 2, axis=0, weights=weights)
    return np.where(y.max(axis=0) == y.min(axis=0), 0.0, variance)


@np.errstate(over="ignore", invalid="ignore")
def as_score(means: Array, spread: Array | None) -> Any:
    """Return the score from the weighted means of its measures, shape (…, c): a share, or the mean R² of the outputs.

    For targets that are all equal R² is 1 if they are met exactly, else 0, as in ``sklearn.metrics.r2_score``.

    Examples
    --------
    >>> float(as_score(np.array([0.5]), None)), float(as_score(np.array([1.0, 0.0]), np.array([4.0, 0.0])))
    (0.5, 0.875)
    """
    if spread is None:
        return means[..., 0]
    varies = spread > 0
    explained = 1 - means / np.where(varies, spread, 1.0)
    return np.where(varies, explained, means == 0).mean(axis=-1)
