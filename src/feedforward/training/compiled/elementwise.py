"""Compiled: the exponential, every activation and every slope, over flat arrays, in place.

The formulas are those of `feedforward.nn.activations`. Everything stays in the dtype of the arrays, since a single
float64 constant would halve the speed of float32, and an exponential of our own fills the vector registers: the C
library's takes one number at a time.
"""

import math
from typing import Any

import numpy as np

from feedforward.kernels import inner, inner_exact
from feedforward.nn.activations import SELU_ALPHA, SELU_SCALE, Array
from feedforward.training.compiled.views import in_single

IDENTITY, SIGMOID, TANH, RELU, LEAKY_RELU, ELU, SELU, GELU, SILU, MISH, SOFTPLUS = range(11)

CHUNK = 4096  # numbers that stay in the first-level cache while several loops go over them

TERMS = 18  # of the series 1/k!: `exponential` takes 14 of them, waves take all; in float32 fewer do


def exponential_table(dtype: Any) -> Array:
    """Return what `exponential` needs: 1/ln 2, ln 2 in two parts, the range, and the series 1/k!.

    Examples
    --------
    >>> exponential_table(np.float32).dtype
    dtype('float32')
    """
    if np.dtype(dtype) == np.float32:
        ln2, lowest, highest, bias, shift = (0.693359375, -2.12194440e-4), -87.0, 88.0, 127, 23
    else:
        ln2, lowest, highest, bias, shift = (
            (6.93147180369123816490e-01, 1.90821492927058770002e-10),
            -708,
            709,
            1023,
            52,
        )
    series = [1 / math.factorial(k) for k in range(TERMS)]
    return np.array([1 / math.log(2), *ln2, lowest, highest, bias, shift, *series], dtype)


@inner_exact
def exponential(x, table, power, bits):  # type: ignore[no-untyped-def]
    """Write eˣ over x: eˣ = 2ᵏ eʳ, with k whole and |r| ≤ ½ ln 2. `power` and `bits` are the same scratch memory.

    2ᵏ is made by writing k into the exponent of a floating-point number, eʳ by its series.
    """
    to_k, ln2, ln2_rest, lowest, highest = table[0], table[1], table[2], table[3], table[4]
    bias, shift = bits.dtype.type(table[5]), bits.dtype.type(table[6])
    half = x.dtype.type(0.5)
    c0, c1, c2, c3, c4, c5, c6 = table[7], table[8], table[9], table[10], table[11], table[12], table[13]
    c7, c8, c9, c10, c11, c12, c13 = table[14], table[15], table[16], table[17], table[18], table[19], table[20]
    long = not in_single(x)
    for i in range(len(x)):
        v = min(max(x[i], lowest), highest)
        k = np.floor(v * to_k + half)
        r = (v - k * ln2) - k * ln2_rest
        high = (((((c13 * r + c12) * r + c11) * r + c10) * r + c9) * r + c8) * r if long else x.dtype.type(0)
        x[i] = (((((((high + c7) * r + c6) * r + c5) * r + c4) * r + c3) * r + c2) * r + c1) * r + c0
        bits[i] = (bits.dtype.type(k) + bias) << shift
    for i in range(len(x)):
        x[i] *= power[i]


@inner
def activate(code, alpha, a, e, table, power, bits):  # type: ignore[no-untyped-def]
    """Write σ(a) over a; `e` is scratch of the same length."""
    n = len(a)
    zero, one, two = a.dtype.type(0), a.dtype.type(1), a.dtype.type(2)
    if code == RELU:
        for i in range(n):
            a[i] = zero if a[i] < zero else a[i]  # NaN stays NaN
        return
    if code == LEAKY_RELU:
        for i in range(n):
            a[i] = a[i] if a[i] > zero else alpha * a[i]
        return
    if code == GELU:
        half, root = a.dtype.type(0.5), a.dtype.type(math.sqrt(0.5))
        for i in range(n):
            a[i] *= half * a.dtype.type(math.erfc(-a[i] * root))
        return
    factor = -two if code == TANH else -one  # all others are functions of v = e⁻ᶻ, e⁻²ᶻ, or eᶻ where that is below 1
    for i in range(n):
        e[i] = factor * abs(a[i])
    exponential(e, table, power, bits)
    if code == SIGMOID:
        for i in range(n):
            a[i] = (one if a[i] >= zero else e[i]) / (one + e[i])
    elif code == TANH:
        for i in range(n):
            t = (one - e[i]) / (one + e[i])
            a[i] = t if a[i] >= zero else -t
    elif code in (ELU, SELU):
        scale = a.dtype.type(SELU_SCALE) if code == SELU else one
        bend = a.dtype.type(SELU_ALPHA) if code == SELU else alpha
        for i in range(n):
            a[i] = scale * (a[i] if a[i] > zero else bend * (e[i] - one))
    elif code == SILU:
        for i in range(n):
            a[i] *= (one if a[i] >= zero else e[i]) / (one + e[i])
    elif code == SOFTPLUS:
        for i in range(n):
            a[i] = (a[i] if a[i] > zero else zero) + a.dtype.type(math.log1p(e[i]))
    else:  # MISH: with u = eᶻ, tanh(ln(1 + u)) = (u² + 2u) / (u² + 2u + 2); above 0 both times v² = e⁻²ᶻ
        for i in range(n):
            v = e[i]
            part = one + two * v if a[i] >= zero else v * v + two * v
            a[i] *= part / (part + two * (v * v if a[i] >= zero else one))


@inner
def times_slope(code, alpha, d, z, a, e, table, power, bits):  # type: ignore[no-untyped-def]
    """Write d ⊙ σ′ over d, from the net input z and the output a; `e` is scratch of the same length.

    Where the output has taken the place of the net input (`SLOPE_NEEDS_NET_INPUT` says where not), z is a.
    """
    if code >= GELU:
        decay(code, z, e, table, power, bits)
    times_slope_of(code, alpha, d, z, a, e)


@inner
def decay(code, z, e, table, power, bits):  # type: ignore[no-untyped-def]
    """Write what the slopes from GELU on need to e: exp(−z²/2) for GELU, else exp(−|z|), as `activate` leaves it."""
    half = z.dtype.type(0.5)
    for i in range(len(z)):
        e[i] = -half * z[i] * z[i] if code == GELU else -abs(z[i])
    exponential(e, table, power, bits)


@inner
def times_slope_of(code, alpha, d, z, a, e):  # type: ignore[no-untyped-def]
    """Do as `times_slope` does, with what `decay` writes already in e."""
    n = len(d)
    zero, one, two, half = d.dtype.type(0), d.dtype.type(1), d.dtype.type(2), d.dtype.type(0.5)
    if code == RELU:
        for i in range(n):
            d[i] = d[i] if z[i] > zero else zero
    elif code == LEAKY_RELU:
        for i in range(n):
            d[i] = d[i] if z[i] > zero else alpha * d[i]
    elif code == SIGMOID:
        for i in range(n):
            d[i] *= a[i] * (one - a[i])
    elif code == TANH:
        for i in range(n):
            d[i] *= one - a[i] * a[i]
    elif code in (ELU, SELU):
        scale = d.dtype.type(SELU_SCALE) if code == SELU else one
        shift = d.dtype.type(SELU_SCALE * SELU_ALPHA) if code == SELU else alpha
        for i in range(n):
            d[i] *= scale if z[i] > zero else a[i] + shift
    elif code == GELU:
        root, density = d.dtype.type(math.sqrt(0.5)), d.dtype.type(1 / math.sqrt(2 * math.pi))
        for i in range(n):
            d[i] *= half * d.dtype.type(math.erfc(-z[i] * root)) + z[i] * density * e[i]
    elif code == SILU:
        for i in range(n):
            s = (one if z[i] >= zero else e[i]) / (one + e[i])
            d[i] *= s + a[i] * (one - s)
    elif code == SOFTPLUS:
        for i in range(n):
            d[i] *= (one if z[i] >= zero else e[i]) / (one + e[i])
    elif code == MISH:
        for i in range(n):
            v = e[i]
            part = one + two * v if z[i] >= zero else v * v + two * v
            whole, sum_of_two = part + two * (v * v if z[i] >= zero else one), one + v
            share = one / (whole * sum_of_two)  # one division for two fractions: it takes as long as all else
            t, s = part * sum_of_two * share, (one if z[i] >= zero else v) * whole * share
            d[i] *= t + z[i] * (one - t * t) * s
