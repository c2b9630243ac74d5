"""Rows as engines take them: engines ask nothing, so what they are given is checked and converted here, once."""

from typing import Any

import numpy as np
from scipy.sparse import issparse

from feedforward import nn
from feedforward.errors import InputError
from feedforward.training.plan import Rows


def ready(rows: Rows, network: nn.Sequential, loss: nn.Loss, name: str = "rows") -> Rows:
    """Return the rows in the network's dtype and C order, targets as the loss takes them.

    Raises
    ------
    InputError
        If there are no rows, the columns, targets or weights do not fit the network and the loss, or a number is not
        finite.

    Examples
    --------
    >>> network = nn.Sequential(nn.Linear(1, 2)).copy(np.float32)
    >>> ready(Rows(np.array([[1], [2]]), np.array([0, 1])), network, nn.CrossEntropyLoss()).X.dtype
    dtype('float32')
    """
    if not len(rows):
        raise InputError(f"{name}: train needs at least one row; got none.")
    dtype, X = network.dtype, rows.X
    X = X.tocsr().astype(dtype, copy=False) if issparse(X) else _numbers(X, dtype, f"{name}: X")
    if X.ndim != 2 or X.shape[0] != len(rows.targets):
        raise InputError(f"{name}: X has shape {X.shape} and there are {len(rows.targets)} targets; give one a row.")
    with np.errstate(over="ignore", invalid="ignore"):
        outputs = network(np.zeros((1, X.shape[1]), dtype))  # names the layer that the columns do not fit
    targets, weights = np.asarray(rows.targets), rows.weights
    if isinstance(loss, nn.CrossEntropyLoss) and targets.ndim == 1:
        targets = _codes(targets, outputs.shape[-1], f"{name}: targets")
    else:
        targets = _numbers(targets, dtype, f"{name}: targets")
        with np.errstate(over="ignore"):
            loss.value_and_gradient(outputs, targets[:1])  # refuses targets of another shape
    if weights is not None:
        weights = _numbers(weights, dtype, f"{name}: weights")
        if weights.shape != (len(targets),) or (weights < 0).any() or not weights.any():
            raise InputError(f"{name}: weights must be one a row, not negative, not all 0; got shape {weights.shape}.")
    return Rows(X, targets, weights)


def _numbers(values: Any, dtype: Any, name: str) -> Any:
    try:
        with np.errstate(over="ignore"):
            array = np.ascontiguousarray(values, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be numbers; {error}.") from error
    if array.size and not (np.isfinite(array.min()) and np.isfinite(array.max())):
        raise InputError(f"{name} must be finite in {dtype}; a number is NaN, infinite or too large.")
    return array


def _codes(targets: Any, classes: int, name: str) -> Any:
    is_whole = targets.dtype.kind in "biu" or (targets.dtype.kind == "f" and bool((targets == np.floor(targets)).all()))
    if not is_whole or (targets.size and not (targets.min() >= 0 and targets.max() < classes)):
        raise InputError(f"{name} must be whole numbers from 0 to {classes - 1}, one for each output of the network.")
    return np.ascontiguousarray(targets, dtype=np.int64)
