"""``@compiled``: the same function, readable as Python and fast as machine code.

The function stays what it is, plain Python over NumPy arrays, and is compiled by numba when it is first called. The
machine code is cached on disk, so that a second process does not compile again. With ``NUMBA_DISABLE_JIT=1`` nothing is
compiled and the plain function runs; it is always at hand as ``function.__wrapped__``.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, wraps
from pathlib import Path
from threading import Lock
from typing import Any, ParamSpec, TypeVar

import numpy as np

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
        Plain Python over NumPy arrays and numbers, within what numba understands. It may call functions made by
        `inner` in files of the same folder; they are watched, so the cache notices when one changes.

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

    def dispatcher() -> Callable[..., R]:
        nonlocal machine_code
        if machine_code is None:
            machine_code = _compile(function)
        return machine_code

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return (machine_code or dispatcher())(*args, **kwargs)

    call.dispatcher = dispatcher  # type: ignore[attr-defined]  # `is_made` asks it
    return call


def is_made(function: Callable[..., Any], dtype: Any) -> bool:
    """Return whether a `compiled` function has its machine code for arrays of a dtype: in this process, or on disk.

    It is told by the dtype of the first argument. With ``NUMBA_DISABLE_JIT=1`` there is nothing to be made.

    Examples
    --------
    >>> import numpy as np
    >>> @compiled
    ... def first(values):
    ...     return values[0]
    >>> is_made(first, np.float32), float(first(np.ones(1, np.float32))), is_made(first, np.float32)
    (False, 1.0, True)
    """
    import numba

    code, wanted = function.dispatcher(), numba.from_dtype(np.dtype(dtype))  # type: ignore[attr-defined]
    if not hasattr(code, "overloads"):
        return True
    stored = getattr(code._cache, "_cache_file", None)  # as `_watch_all_files` has it; there is none without a folder
    machine = code.targetctx.codegen().magic_tuple()
    on_disk = [] if stored is None else [types for types, made_for, _ in stored._load_index() if made_for == machine]
    return any(types[0].dtype == wanted for types in (*code.overloads, *on_disk))


def inner(function: Callable[P, R]) -> Callable[P, R]:
    """Make `function` one that compiled functions can call; importing a file that uses it imports numba.

    It is written into the machine code of each caller. Otherwise the process that compiles would call the function as
    it was compiled by itself, and later processes the copy in the cache, which may round differently.

    Examples
    --------
    >>> @inner
    ... def double(x):
    ...     return 2 * x
    >>> double(21)
    42
    """
    return _numba(function, fastmath=REGROUP_SUMS, forceinline=True)


def inner_exact(function: Callable[P, R]) -> Callable[P, R]:
    """Like `inner`, for formulas that stand or fall with the order of their sums.

    Examples
    --------
    >>> @inner_exact
    ... def rest(x, large):
    ...     return (x + large) - large
    >>> rest(1.0, 1e16)
    0.0
    """
    return _numba(function, fastmath={"contract"}, forceinline=True)


def woven(function: Callable[P, R]) -> Callable[P, R]:
    """Like `inner`, but written into the caller: compiled once with it, not once more by itself.

    Examples
    --------
    >>> @woven
    ... def half(x):
    ...     return x / 2
    >>> half(3.0)
    1.5
    """
    return _numba(function, fastmath=REGROUP_SUMS, inline="always")


_most: ContextVar[int | None] = ContextVar("most threads", default=None)


@contextmanager
def threads(most: int | None) -> Iterator[None]:
    """Let compiled functions, and the libraries' matrix products, use no more threads than `most`; None: as they like.

    Examples
    --------
    >>> with threads(1):
    ...     thread_count()
    1
    """
    if most is None:
        yield
        return
    from threadpoolctl import threadpool_limits

    token = _most.set(most)
    try:
        with threadpool_limits(most):
            yield
    finally:
        _most.reset(token)


def thread_count() -> int:
    """Return how many threads compiled functions may use at once.

    Examples
    --------
    >>> thread_count() >= 1
    True
    """
    import numba

    most = numba.config.NUMBA_NUM_THREADS  # numba.get_num_threads() would change how many torch takes
    return int(most if _most.get() is None else min(most, _most.get()))


class _OneThreadProducts:
    """See `one_thread_products`: the first to come sets the limit, the last to go takes it away."""

    def __init__(self) -> None:
        self._lock, self._inside, self._limit = Lock(), 0, None  # type: tuple[Lock, int, Any]

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._limit = _libraries().limit(limits=1, user_api="blas")
            self._inside += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limit.restore_original_limits()


@cache
def _libraries() -> Any:
    import scipy.linalg  # noqa: F401  # its library is the one that compiled products call
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


# Let each matrix product of the libraries use one thread, in this block: for who calls them from several threads at
# once. Their own threads would wait for each other, which took up to forty times as long.
one_thread_products = _OneThreadProducts()


def _numba(function: Callable[P, R], **options: Any) -> Callable[P, R]:
    import numba

    machine_code: Callable[P, R] = numba.njit(nogil=True, error_model="numpy", **options)(function)
    return machine_code


def _compile(function: Callable[P, R]) -> Callable[P, R]:
    try:
        machine_code = _numba(function, fastmath=REGROUP_SUMS, cache=True)
        _watch_all_files(machine_code, function)
    except (RuntimeError, AttributeError):  # no folder to cache in, no source file to watch, or another numba
        machine_code = _numba(function, fastmath=REGROUP_SUMS)
    return machine_code


@contextmanager
def told_of_compiling(name: str, tell: Callable[[], None]) -> Iterator[None]:
    """Call `tell` before the function `name` is compiled in this block; not where the cache has its machine code.

    Examples
    --------
    >>> with told_of_compiling("run_span", lambda: print("please wait")):
    ...     pass
    """
    from numba.core.event import Listener, install_listener

    class Compiling(Listener):
        def on_start(self, event: Any) -> None:
            if event.data["dispatcher"].py_func.__name__ == name:
                tell()

        def on_end(self, event: Any) -> None:
            pass

    with install_listener("numba:compile", Compiling()):
        yield


def _watch_all_files(machine_code: Any, function: Callable[..., Any]) -> None:
    """Let the cache of `function` go stale when any file beside its own changes: it may call what stands there.

    numba watches the function's own file alone.
    """
    files = sorted(Path(function.__code__.co_filename).parent.glob("*.py"))
    stamp = tuple((file.name, file.stat().st_mtime, file.stat().st_size) for file in files)
    if stamp:
        machine_code._cache._cache_file._source_stamp = stamp
