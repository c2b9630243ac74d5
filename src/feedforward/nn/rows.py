"""Rows as a network takes them: labels as one-hot targets, a table as shuffled mini-batches."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from feedforward.errors import InputError
from feedforward.nn.activations import Array
from feedforward.nn.initializers import RNG, Rng
from feedforward.validation import COUNT, NONE, check_setting


def as_numbers(owner: str, X: ArrayLike, dtype: DTypeLike) -> Array:
    """Return `X` as an array of numbers.

    Raises
    ------
    InputError
        If it holds something else, or rows of several lengths.

    Examples
    --------
    >>> as_numbers("trace", [["red", 1.0]], np.float64)
    Traceback (most recent call last):
    feedforward.errors.InputError: trace: X must be rows of numbers; could not convert string to float: 'red'.
    """
    try:
        return np.asarray(X, dtype)
    except (TypeError, ValueError) as error:
        raise InputError(f"{owner}: X must be rows of numbers; {error}.") from error


def one_hot(y: ArrayLike, n_classes: int, dtype: DTypeLike = np.float64) -> Array:
    """Return a row for each label, 1 in the label's column and 0 elsewhere.

    Parameters
    ----------
    y : array-like of int, shape (n,) or any other
        Labels from 0 to ``n_classes - 1``; whole numbers of any dtype.
    n_classes : int
    dtype : dtype
        Of the result.

    Returns
    -------
    array of shape (n, n_classes)

    Raises
    ------
    InputError
        If a label is not a whole number, or out of range: the first such label and its row are named.

    Examples
    --------
    >>> one_hot([0, 2], 3)
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    labels = np.asarray(y)
    if labels.dtype.kind not in "biuf":
        raise InputError(f"labels must be whole numbers from 0 to {n_classes - 1}; got {labels.dtype}.")
    if labels.dtype.kind == "f":
        _refuse(labels, ~(np.floor(labels) == labels), n_classes)
        labels = np.where(np.abs(labels) < 2**31, labels, -1)  # infinity has no whole number to become
    codes = labels.astype(np.intp)
    _refuse(np.asarray(y), (codes < 0) | (codes >= n_classes), n_classes)
    return np.equal(codes[..., None], np.arange(n_classes)).astype(dtype)


def _refuse(labels: Array, bad: Array, n_classes: int) -> None:
    if bad.any():
        place = np.argwhere(bad)[0]
        raise InputError(
            f"labels must be whole numbers from 0 to {n_classes - 1}; got {labels[tuple(place)]!s} "
            f"in row {place[-1]} (counted from 0)."
        )


def minibatches(X: ArrayLike, y: ArrayLike, batch_size: int, rng: Rng | None = None) -> Iterator[tuple[Any, Any]]:
    """Yield the rows of `X` and `y`, `batch_size` at a time, each row once.

    Parameters
    ----------
    X : array-like of shape (n, m)
    y : array-like of shape (n,) or (n, t)
    batch_size : int
        The last batch may have fewer rows.
    rng : numpy.random.Generator or numpy.random.RandomState, optional
        Shuffles the rows. Default: the given order.

    Yields
    ------
    X, y : arrays
        Copies of the rows of a batch.

    Raises
    ------
    SettingError, InputError
        At the first batch: if `batch_size` is not 1 or more, or `rng` no generator; if there are no rows, or not as
        many in `X` as in `y`.

    Examples
    --------
    >>> [batch.ravel().tolist() for batch, _ in minibatches(np.arange(5)[:, None], np.zeros(5), batch_size=2)]
    [[0, 1], [2, 3], [4]]
    """
    X, y = np.asarray(X), np.asarray(y)
    check_setting("minibatches", "batch_size", batch_size, COUNT)
    check_setting("minibatches", "rng", rng, RNG | NONE)
    if X.ndim == 0 or y.ndim == 0 or not len(X) or len(X) != len(y):
        raise InputError(f"minibatches needs as many rows in X as in y, at least one; got {X.shape} and {y.shape}.")
    order = np.arange(len(X)) if rng is None else rng.permutation(len(X))
    for first in range(0, len(X), batch_size):
        rows = order[first : first + batch_size]
        yield X[rows], y[rows]
