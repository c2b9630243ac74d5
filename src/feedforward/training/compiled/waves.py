"""Compiled: cosine and sine together, over flat arrays, in place.

The C library's take one number at a time; these fill the vector registers, like the `exponential` beside them.
"""

from typing import Any

import numpy as np

from feedforward.kernels import inner_exact
from feedforward.nn.activations import Array
from feedforward.training.compiled.elementwise import TERMS, exponential_table
from feedforward.training.compiled.views import in_single

_FIRST = 7  # place of the series 1/k! in the table
_OWN = _FIRST + TERMS  # place of what follows it


def constants(dtype: Any) -> Array:
    """Return what `exponential` and `cosine_and_sine` need: the table of the first, then 2/π, and π/2 in three parts.

    The parts are short enough that a whole multiple of the first two is exact: below 2²⁰ turns in float64, 2¹³ in
    float32.

    Examples
    --------
    >>> len(constants(np.float32)) == len(exponential_table(np.float32)) + 4
    True
    """
    if np.dtype(dtype) == np.float32:
        parts = 1.5703125, 4.837512969970703125e-4, 7.54978995489188e-8
    else:
        parts = 1.57079632673412561417, 6.07710050630396597660e-11, 2.02226624879595063154e-21
    return np.concatenate([exponential_table(dtype), np.array([2 / np.pi, *parts], dtype)])


@inner_exact
def cosine_and_sine(x, sine, table):  # type: ignore[no-untyped-def]
    """Write cos x over x, and sin x to `sine`: x = k π/2 + r, with k whole and |r| ≤ π/4; both of r by their series.

    k modulo 4 says which of the two is which, and its sign. Angles of more turns than the parts of π/2 are made for are
    taken less and less exactly, but the results stay within ±1.
    """
    to_k, part, rest, last = table[_OWN], table[_OWN + 1], table[_OWN + 2], table[_OWN + 3]
    c2, c4, c6, c8 = table[_FIRST + 2], table[_FIRST + 4], table[_FIRST + 6], table[_FIRST + 8]
    c10, c12, c14, c16 = table[_FIRST + 10], table[_FIRST + 12], table[_FIRST + 14], table[_FIRST + 16]
    s3, s5, s7, s9 = table[_FIRST + 3], table[_FIRST + 5], table[_FIRST + 7], table[_FIRST + 9]
    s11, s13, s15, s17 = table[_FIRST + 11], table[_FIRST + 13], table[_FIRST + 15], table[_FIRST + 17]
    kind, long = x.dtype.type, not in_single(x)
    quarter, half, one, two, four = kind(0.25), kind(0.5), kind(1), kind(2), kind(4)
    for i in range(len(x)):
        k = np.floor(x[i] * to_k + half)
        r = ((x[i] - k * part) - k * rest) - k * last
        r = -one if r < -one else (one if r > one else r)
        s = r * r
        high = ((c16 * s - c14) * s + c12) * s if long else kind(0)
        cos = (((((high - c10) * s + c8) * s - c6) * s + c4) * s - c2) * s + one
        high = (((s17 * s - s15) * s + s13) * s - s11) * s if long else kind(0)
        odd = (((high + s9) * s - s7) * s + s5) * s - s3
        sin = odd * s * r + r
        turn = k - four * np.floor(k * quarter)  # 0, 1, 2 or 3
        is_crossed = turn - two * np.floor(turn * half) > half
        along, across = (sin, cos) if is_crossed else (cos, sin)
        x[i] = -along if turn > half and turn < two + half else along
        sine[i] = -across if turn > one + half else across
