"""Numbers that are mostly one value, such as a gain that most people have not had: their frequent values as flags.

Which one such a number is says more than how large it is: one may come from a tariff, another from a default. And since
the crowd at the common value has no spread, all others stand far from it, or close together.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from feedforward.tables.scaling import Scaler, fit_flag

COMMON = 0.5  # the share of the rows that one value must have
COVERED = 0.5  # the share of the other rows that the other flags must have, or the number is a quantity after all
FEWEST_ROWS = 8  # with a value that gets a flag
MOST = 48  # flags of a column
MOST_OF_TABLE = 256  # of all columns together


@dataclass(frozen=True)
class Spike:
    """A flag for one value of a number.

    Examples
    --------
    >>> Spike(7.0, Scaler(0.0, 0.0, 1.0))(np.array([0.0, 7.0, np.nan]))
    array([0., 1., 0.])
    """

    value: float
    flag: Scaler

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scaled flag of each value; a missing one has none."""
        return self.flag((values == self.value).astype(np.float64))


def find_spikes(values: NDArray[np.float64], scaling: str) -> tuple[Spike, ...]:
    """Return flags for the frequent values of a number, the most frequent first.

    There are none unless half of the rows have one value, and half of the others have frequent ones.

    Parameters
    ----------
    values : array of shape (n,)
        Of training, those that are present.
    scaling : str
        Of the flags, see `Scaler.fit`.

    Examples
    --------
    >>> [spike.value for spike in find_spikes(np.repeat([0.0, 15.0, 99.0, 3.5], [60, 20, 10, 5]), "standard")]
    [0.0, 15.0, 99.0]
    >>> find_spikes(np.array([0.0] * 100 + [0.5] * 8 + list(range(90))), "standard")
    ()
    """
    found, counts = np.unique(values, return_counts=True)
    if len(found) <= 2 or counts.max() < COMMON * len(values):
        return ()
    order = np.argsort(-counts, kind="stable")[:MOST]
    frequent = order[counts[order] >= FEWEST_ROWS]
    if counts[frequent[1:]].sum() < COVERED * (len(values) - counts.max()):
        return ()
    flags = (fit_flag((values == value).astype(np.float64), scaling) for value in found[frequent])
    return tuple(map(Spike, found[frequent].tolist(), flags))


def share_of_each(columns: int) -> int:
    """Return how many flags each of so many columns may have.

    Examples
    --------
    >>> share_of_each(2), share_of_each(20), share_of_each(700)
    (48, 12, 0)
    """
    return min(MOST, MOST_OF_TABLE // max(columns, 1))
