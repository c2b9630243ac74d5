"""Stateless draws: every random number is a function of a seed and a few counters, f(seed, counters).

Nothing is stored, so a run that is resumed anywhere is the run that never stopped, and any engine can draw the number
it needs, in any order. The mixing is SplitMix64's: one addition, two multiplications and three shifts on 64-bit
integers, the same in NumPy and in a compiled loop.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.kernels import compiled

# The increment (2**64 divided by the golden ratio) and the two multipliers of SplitMix64.
GOLDEN, MULTIPLIER_1, MULTIPLIER_2 = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xBF58476D1CE4E5B9),
    np.uint64(0x94D049BB133111EB),
)


def mix(state: Any, counter: Any) -> NDArray[np.uint64]:
    """Return the `counter`-th output of the generator SplitMix64 that starts at `state`.

    Parameters
    ----------
    state, counter : int or array of int
        0 or more, below 2**64; they broadcast.

    Returns
    -------
    array of uint64
        64 well-mixed bits, to be used as they are or as the next state.

    References
    ----------
    Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators, doi:10.1145/2714064.2660195.

    Examples
    --------
    >>> mix(1234567, [0, 1, 2])
    array([6457827717110365317, 3203168211198807973, 9817491932198370423], dtype=uint64)
    """
    state, counter = np.asarray(state).astype(np.uint64), np.asarray(counter).astype(np.uint64)
    with np.errstate(over="ignore"):  # 64-bit integers wrap around, as they should
        bits = state + GOLDEN * (counter + np.uint64(1))
        bits = (bits ^ (bits >> np.uint64(30))) * MULTIPLIER_1
        bits = (bits ^ (bits >> np.uint64(27))) * MULTIPLIER_2
        result: NDArray[np.uint64] = bits ^ (bits >> np.uint64(31))
    return result


def uniform(seed: Any, *counters: Any) -> NDArray[np.float64]:
    """Return numbers of [0, 1), each a function of `seed` and `counters` alone.

    Parameters
    ----------
    seed, *counters : int or array of int
        For dropout: seed, step, layer, row, unit. They broadcast, and each is mixed in, in this order.

    Returns
    -------
    array of float64
        The upper 53 of 64 mixed bits, as a fraction.

    Examples
    --------
    >>> rows, units = np.arange(2)[:, None], np.arange(3)
    >>> uniform(7, 0, 1, rows, units).shape
    (2, 3)
    >>> bool(uniform(7, 0, 1, 1, 2) == uniform(7, 0, 1, rows, units)[1, 2])
    True
    """
    bits = np.asarray(seed)
    for counter in counters:
        bits = mix(bits, counter)
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def row_order(seed: int, member: int, epoch: int, n: int) -> NDArray[np.int64]:
    """Return the order in which `member` of a stack reads its `n` rows in `epoch`: a permutation, all equally likely.

    It is the shuffle of Fisher and Yates: for i from n − 1 down to 1, the row at place i changes places with the one
    at place j, drawn from 0 to i. Here ``j = ⌊(i + 1) · u⌋``, with u the upper 32 bits of `mix`'s i-th output as a
    fraction, from a state mixed of seed, member and epoch. (j is too likely by at most one part in 2³² / n.)

    See Also
    --------
    row_orders : several epochs in one call.

    Examples
    --------
    >>> order = row_order(0, member=0, epoch=3, n=5)
    >>> sorted(order.tolist()), bool((order == row_order(0, 0, 3, 5)).all())
    ([0, 1, 2, 3, 4], True)
    """
    order: NDArray[np.int64] = row_orders(seed, member, range(epoch, epoch + 1), n)[0]
    return order


def row_orders(seed: int, member: int, epochs: range, n: int) -> NDArray[np.int64]:
    """Return `row_order` for each of `epochs`, shape (len(epochs), n), in one call of compiled code.

    Examples
    --------
    >>> bool((row_orders(0, 0, range(3, 6), 5)[1] == row_order(0, 0, 4, 5)).all())
    True
    """
    orders = np.empty((len(epochs), n), np.int64)
    with np.errstate(over="ignore"):  # where it is not compiled, as in `mix`
        shuffle(mix(mix(mix(seed, _ORDERS), member), np.asarray(epochs)), orders)
    return orders


# Mixed into the seed first, so that no order is made of the draws of dropout, which mixes in the step there.
_ORDERS = 2**63


@compiled
def shuffle(states: NDArray[np.uint64], orders: NDArray[np.int64]) -> None:
    """Fill each row of `orders` with a permutation of 0 to n − 1, drawn from the state beside it.

    Examples
    --------
    >>> orders = np.empty((2, 3), np.int64)
    >>> shuffle(np.array([1, 2], np.uint64), orders)
    >>> np.sort(orders)
    array([[0, 1, 2],
           [0, 1, 2]])
    """
    for e in range(len(orders)):
        order, state = orders[e], states[e]
        for i in range(len(order)):
            order[i] = i
        for i in range(len(order) - 1, 0, -1):
            choices = np.uint64(i + 1)
            bits = state + GOLDEN * choices  # `mix(state, i)`
            bits = (bits ^ (bits >> np.uint64(30))) * MULTIPLIER_1
            bits = (bits ^ (bits >> np.uint64(27))) * MULTIPLIER_2
            bits = bits ^ (bits >> np.uint64(31))
            j = np.int64(((bits >> np.uint64(32)) * choices) >> np.uint64(32))
            order[i], order[j] = order[j], order[i]
