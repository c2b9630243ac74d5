"""``@compiled``: the same function, readable as Python and fast as machine code.

The function stays what it is, plain Python over NumPy arrays, and is compiled by numba when it is first called. The
machine code is cached on disk, so that a second process does not compile again. With ``NUMBA_DISABLE_JIT=1`` nothing is
compiled and the plain function runs; it is always at hand as ``function.__wrapped__``.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

# Sums may be regrouped (that is what fills the vector registers), but nan and inf keep their meaning.
REGROUP_SUMS = {"reassoc", "contract", "nsz"}


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` by numba at its first call, and cache the machine code on disk.

    Importing this module, or decorating a function, does not import numba.

    Parameters
    ----------
    function : callable
        Plain Python over NumPy arrays and numbers, within what numba understands. It may not call another compiled
        function: numba's cache would not notice when that one changes.

    Returns
    -------
    callable
        Takes the same positional arguments; ``__wrapped__`` is `function` itself.

    Examples
    --------
    >>> import numpy as np
    >>> @compiled
    ... def total(values):
    ...     result = 0.0
    ...     for value in values:
    ...         result += value
    ...     return result
    >>> float(total(np.ones(3))), float(total.__wrapped__(np.ones(3)))
    (3.0, 3.0)
    """
    machine_code: Callable[..., R] | None = None

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        nonlocal machine_code
        if machine_code is None:
            machine_code = _compile(function)
        return machine_code(*args, **kwargs)

    return call


def _compile(function: Callable[..., R]) -> Callable[..., R]:
    import numba

    options: dict[str, Any] = {"fastmath": REGROUP_SUMS, "nogil": True, "error_model": "numpy"}
    try:
        machine_code: Callable[..., R] = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no folder to cache in, or no source file to watch
        machine_code = numba.njit(**options)(function)
    return machine_code
