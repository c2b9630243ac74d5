"""Numbers that are mostly one value, such as a gain that most people have not had: their frequent values as flags.

Which one such a number is says more than how large it is: one may come from a tariff, another from a default. And since
the crowd at the common value has no spread, all others stand far from it, or close together.
"""

from collections.abc import Sequence
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
    """A flag for one value of a number: numbers that are the same in float32 are the same.

    So a file or an array of another precision, and what was rounded on the way, find the flags of training.

    Examples
    --------
    >>> Spike(0.1, Scaler(0.0, 0.0, 1.0))(np.array([0.0, 0.1, np.float32(0.1), 0.1 * 3 / 3, np.nan]))
    array([0., 1., 1., 1., 0.])
    """

    value: float
    flag: Scaler

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scaled flag of each value; a missing one has none."""
        return self.flag((_rounded(values) == np.float32(self.value)).astype(np.float64))


def find_spikes(values: NDArray[np.float64], scaling: str) -> tuple[Spike, ...]:
    """Return flags for the frequent values of a number, the most frequent first.

    There are none unless half of the values are one, and half of the others frequent ones.

    Parameters
    ----------
    values : array of shape (n,)
        Of training, those that are present.
    scaling : str
        Of the flags, see `Scaler.fit`.

    Examples
    --------
    >>> [spike.value for spike in find_spikes(np.repeat([0.0, 15.0, 0.1, 3.5], [60, 20, 10, 5]), "standard")]
    [0.0, 15.0, 0.1]
    >>> find_spikes(np.array([0.0] * 100 + [0.5] * 8 + list(range(90))), "standard")
    ()
    """
    rounded = _rounded(values)
    found, counts = np.unique(rounded, return_counts=True)
    if len(found) <= 2 or counts.max() < COMMON * len(values) or not np.isfinite(found).all():
        return ()
    order = np.argsort(-counts, kind="stable")[:MOST]
    frequent = order[counts[order] >= FEWEST_ROWS]
    if counts[frequent[1:]].sum() < COVERED * (len(values) - counts.max()):
        return ()
    return tuple(
        Spike(float(str(value + 0)), fit_flag((rounded == value).astype(np.float64), scaling))  # 0.1, and no -0.0
        for value in found[frequent]
    )


def most_of_each(flags: Sequence[int]) -> int:
    """Return how many flags a column may keep at most, so that all columns together have no more than 256.

    Parameters
    ----------
    flags : sequence of int
        How many each column would have.

    Examples
    --------
    >>> most_of_each([48, 48]), most_of_each([48, *[3] * 20]), most_of_each([9] * 50), most_of_each([2] * 700)
    (48, 48, 5, 0)
    """
    return max(most for most in range(MOST + 1) if sum(min(each, most) for each in flags) <= MOST_OF_TABLE)


@np.errstate(over="ignore")
def _rounded(values: NDArray[np.float64]) -> NDArray[np.float32]:
    return values.astype(np.float32)
