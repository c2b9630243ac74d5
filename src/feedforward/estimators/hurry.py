"""What a time limit leaves: time kept for what comes after training, and rows to judge on that there is time for."""

from collections.abc import Callable
from time import perf_counter

import numpy as np

from feedforward.training.plan import Rows

STARTING = 0.2  # of the limit: the start of the members
LOOKING = 0.05  # of the time left: one look at all rows that members are judged on
FEW = 64  # rows that are judged on in any case
MARGIN = 1.3  # what is foreseen takes longer where others use the machine

UNMADE = (
    "machine code is not made on this machine yet, which takes about half a minute, once, and time_limit is too short "
    "for it: NumPy did the work, more slowly. Fit once without time_limit (a few rows will do), and it is kept."
)


def fitting_in(do: Callable[[Rows], object], rows: Rows, seconds: float) -> tuple[Rows, float]:
    """Return as many of the rows to judge on as there is time for, evenly spread, and how long `do` takes for them.

    Some are tried, after a first few, in which machine code may be made or read.

    Parameters
    ----------
    do : callable
        What is to be done with them at the end.
    rows : Rows
        Possibly of each member's own.
    seconds : float
        That are left for everything; `do` gets a share of `LOOKING`.

    Examples
    --------
    >>> rows = Rows(np.zeros((100, 1)), np.zeros(100))
    >>> fitting_in(lambda rows: None, rows, 60.0)[0] is rows
    True
    """
    do(_spread(rows, FEW))
    each = _seconds_of_a_row(do, _spread(rows, FEW))
    most = max(len(rows) // 8, FEW)
    if most * each <= LOOKING * seconds:
        each = _seconds_of_a_row(do, _spread(rows, most))
    fewer = _spread(rows, max(int(LOOKING * seconds / each), FEW))
    return fewer, each * len(fewer) * MARGIN


def _seconds_of_a_row(do: Callable[[Rows], object], rows: Rows) -> float:
    started = perf_counter()
    do(rows)
    return max(perf_counter() - started, 1e-9) / len(rows)


def _spread(rows: Rows, most: int) -> Rows:
    """Return no more rows than that, of each member where they have their own."""
    if len(rows) <= most:
        return rows
    places = np.linspace(0, len(rows) - 1, most).astype(np.int64)
    if rows.are_of_members:
        weights = None if rows.weights is None else rows.weights[:, places]
        return Rows(rows.X[:, places], rows.targets[:, places], weights)
    return Rows(rows.X[places], rows.targets[places], None if rows.weights is None else rows.weights[places])
