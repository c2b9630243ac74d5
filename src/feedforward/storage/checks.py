"""What is written into a file and read from it, held against what it must be, in both directions by the same words."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.errors import InputError

Array = NDArray[Any]
State = tuple[dict[str, Any], dict[str, Array]]


def is_text(value: Any) -> bool:
    """Return whether a value is a string.

    Examples
    --------
    >>> is_text("a"), is_text(1)
    (True, False)
    """
    return isinstance(value, str)


def need(holds: bool, requirement: str) -> None:
    """Raise `InputError` with what is required, unless it holds.

    Examples
    --------
    >>> need(False, "seed must be a number")
    Traceback (most recent call last):
    feedforward.errors.InputError: seed must be a number
    """
    if not holds:
        raise InputError(requirement)


def need_keys(facts: Any, keys: Sequence[str], what: str) -> None:
    """Raise `InputError` unless `facts` is a dict of exactly these keys.

    Examples
    --------
    >>> need_keys({"a": 1}, ["b"], "layer 0")
    Traceback (most recent call last):
    feedforward.errors.InputError: layer 0 must have the facts 'b'
    """
    words = ", ".join(map(repr, sorted(keys))) or "none"
    need(isinstance(facts, dict) and set(facts) == set(keys), f"{what} must have the facts {words}")


def need_names(names: Any, what: str) -> None:
    """Raise `InputError` unless `names` is a list of distinct strings.

    Examples
    --------
    >>> need_names(["a", "a"], "steps")
    Traceback (most recent call last):
    feedforward.errors.InputError: steps must have distinct names
    """
    need(
        isinstance(names, list) and all(map(is_text, names)) and len(set(names)) == len(names),
        f"{what} must have distinct names",
    )


def need_fitted(estimator: Any, attribute: str) -> None:
    """Raise `InputError` unless an estimator has what fitting gives it.

    Examples
    --------
    >>> need_fitted(object(), "coef_")
    Traceback (most recent call last):
    feedforward.errors.InputError: this object is not fitted: there is nothing to store
    """
    need(hasattr(estimator, attribute), f"this {type(estimator).__name__} is not fitted: there is nothing to store")


def plain(value: Any) -> Any:
    """Return a NumPy scalar as the Python number it holds, and a tuple or array of them as a list.

    Examples
    --------
    >>> plain(np.float64(0.5)), plain((1, np.int64(2)))
    (0.5, [1, 2])
    """
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value
