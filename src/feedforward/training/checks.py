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
    if not len(rows.targets):
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


def ready_to_judge(rows: Rows, network: nn.Sequential, loss: nn.Loss) -> Rows:
    """Return validation rows like `ready`; where each member has its own, they are checked as if it were alone.

    Raises
    ------
    InputError
        As `ready`; and if rows of members' own are not for all members.

    Examples
    --------
    >>> both = nn.stack([nn.Sequential(nn.Linear(1, 1))] * 2)
    >>> len(ready_to_judge(Rows(np.zeros((2, 5, 1)), np.zeros((2, 5, 1))), both, nn.MSELoss()))
    5
    """
    name = "validation"
    if not rows.are_of_members:
        return ready(rows, network, loss, name)
    k, shape, targets, weights = network.members, np.shape(rows.X), rows.targets, rows.weights
    own = shape[:2]
    lead = [np.shape(array)[:2] for array in (targets, weights) if array is not None]
    if k is None or len(shape) != 3 or own[0] != k or any(found != own for found in lead):
        shapes = [str(np.shape(array)) for array in (rows.X, targets, weights) if array is not None]
        network_has = "a single network has none" if k is None else f"the network has {k}"
        raise InputError(
            f"{name}: rows of members' own need X of shape (k, n, m), targets of (k, n, …) and weights of (k, n), for "
            f"all k members ({network_has}); got shapes {', '.join(shapes)}."
        )
    parts = [
        ready(
            Rows(rows.X[j], targets[j], None if weights is None else weights[j]), network, loss, f"{name} of member {j}"
        )
        for j in range(k)
    ]
    return Rows(
        np.stack([part.X for part in parts]),
        np.stack([part.targets for part in parts]),
        None if weights is None else np.stack([part.weights for part in parts if part.weights is not None]),
    )


def ready_member_rows(member_rows: Any, network: nn.Sequential, n: int) -> Any:
    """Return the rows of each member as int64 of shape (k, n_j).

    Raises
    ------
    InputError
        If they are no whole numbers from 0 to n − 1, not for each member, or none.

    Examples
    --------
    >>> both = nn.stack([nn.Sequential(nn.Linear(1, 1))] * 2)
    >>> ready_member_rows([[0, 1], [0, 3]], both, n=3)
    Traceback (most recent call last):
    feedforward.errors.InputError: member_rows must be of rows from 0 to 2; member 1 has 3.
    """
    found, k = np.asarray(member_rows), network.members or 1
    if found.ndim != 2 or len(found) != k or not found.size or found.dtype.kind not in "iu":
        raise InputError(
            f"member_rows must give whole numbers, as many for each of {k} members, shape ({k}, n); got {found.dtype} "
            f"of shape {found.shape}."
        )
    if found.min() < 0 or found.max() >= n:
        j, place = np.argwhere((found < 0) | (found >= n))[0]
        raise InputError(f"member_rows must be of rows from 0 to {n - 1}; member {j} has {found[j, place]}.")
    return np.ascontiguousarray(found, dtype=np.int64)


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
