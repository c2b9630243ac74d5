"""How much memory is free, and whether a table of some size can be read into it: asked before, not while, it is."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from feedforward.errors import TableError

_TIMES = {
    "CSV": 4,
    "CSV.gz": 12,
    "Parquet": 8,
    "Arrow": 3,
}  # memory that reading takes, over bytes of the file: measured
_CGROUP = Path("/sys/fs/cgroup")  # of Linux containers: the limit, what is taken, and how its parts are called
_CGROUPS = (
    ("memory.max", "memory.current", ""),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_"),
)


def check_room(name: str, kind: str, size: int) -> None:
    """Raise `TableError` if a file is too large to be read as a whole.

    Parameters
    ----------
    name : str
        For messages.
    kind : {"CSV", "CSV.gz", "Parquet", "Arrow"}
    size : int
        Of the file, in bytes.

    Examples
    --------
    >>> check_room("sales.csv", "CSV", 10**15)
    Traceback (most recent call last):
    feedforward.errors.TableError: sales.csv has 1,000,000.0 GB, of which a whole table takes about 4,000,000.0 GB of
    memory, and ... GB are free. Train on fewer rows, or where there is more memory; `feedforward predict` and
    `evaluate` read such a file piece by piece.
    """
    needed, free = _TIMES[kind] * size, free_memory()
    if free is not None and needed > free:
        raise TableError(
            f"{name} has {size / 1e9:,.1f} GB, of which a whole table takes about {needed / 1e9:,.1f} GB of memory, "
            f"and {free / 1e9:,.1f} GB are free. Train on fewer rows, or where there is more memory; `feedforward "
            "predict` and `evaluate` read such a file piece by piece."
        )


def free_memory() -> int | None:
    """Return the bytes that this process may still take: of the machine, of its container, by its own limit.

    None where the system does not say.

    Examples
    --------
    >>> free_memory() is None or free_memory() > 0
    True
    """
    return min(_limits(), default=None)


def _limits() -> Iterator[int]:
    with suppress(OSError, ValueError, IndexError):  # Linux: what can be had without swapping
        lines = Path("/proc/meminfo").read_text().splitlines()
        yield from (1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    for most, used, prefix in _CGROUPS:
        with suppress(OSError, ValueError):  # "max" is no number: no limit
            limit, taken = (int((_CGROUP / name).read_text()) for name in (most, used))
            stat = dict(line.split() for line in (_CGROUP / used).with_name("memory.stat").read_text().splitlines())
            cached = sum(int(stat.get(f"{prefix}{part}_file", 0)) for part in ("active", "inactive"))
            yield max(limit - taken + cached, 0)  # copies of files give way
    with suppress(ImportError, OSError, ValueError):  # not on Windows
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            yield max(limit - pages * os.sysconf("SC_PAGE_SIZE"), 0)
