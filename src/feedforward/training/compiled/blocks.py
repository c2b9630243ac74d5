"""Compiled: the layers of tables, forwards and backwards: embeddings of codes and of numbers, scales, blends.

All of them stand before the first Linear, or are one multiplication a unit, so plain loops along the batch will do.
"""

import math

from feedforward.kernels import inner, inner_exact
from feedforward.training.compiled.elementwise import CHUNK
from feedforward.training.compiled.layout import COUNT, INPUTS, KEPT, NET_INPUT, OFFSET, OUTPUTS, RESULT, SOURCE, WEIGHT
from feedforward.training.compiled.products import copy, fill, set_row_sums
from feedforward.training.compiled.views import matrix
from feedforward.training.compiled.waves import cosine_and_sine


@inner
def scale(layer, params, units, width):  # type: ignore[no-untyped-def]
    """Multiply by the scales: s ⊙ x."""
    source, to = layer[SOURCE], layer[RESULT]
    for j in range(layer[OUTPUTS]):
        factor = params[layer[WEIGHT] + j]
        x, out = units[(source + j) * width : (source + j + 1) * width], units[(to + j) * width : (to + j + 1) * width]
        for i in range(width):
            out[i] = factor * x[i]


@inner
def scale_backward(layer, params, gradients, units, now, width):  # type: ignore[no-untyped-def]
    """∂L/∂s = Σ δ ⊙ x, and δ becomes s ⊙ δ."""
    source, weight = layer[SOURCE], layer[WEIGHT]
    for j in range(layer[OUTPUTS]):
        x, d = units[(source + j) * width : (source + j + 1) * width], now[j * width : (j + 1) * width]
        factor, total = params[weight + j], d.dtype.type(0)
        for i in range(width):
            total += d[i] * x[i]
            d[i] *= factor
        gradients[weight + j] = total


@inner
def blend(layer, params, z, a, first, end, width):  # type: ignore[no-untyped-def]
    """Write z + α ⊙ (σ − z) over σ in `a`: a piece of a layer's numbers, from the first up to the end."""
    at, one = first, z.dtype.type(1)
    while at < end:  # unit by unit
        bend, stop = params[layer[WEIGHT] + at // width] - one, min(end, (at // width + 1) * width)
        x, out = z[at - first : stop - first], a[at - first : stop - first]
        for i in range(len(out)):
            out[i] += bend * (out[i] - x[i])
        at = stop


@inner
def blend_and_keep(layer, params, kept, slopes, a, first, end, width):  # type: ignore[no-untyped-def]
    """As `blend`, with z in `kept`, where σ − z stays; σ′ in `slopes` becomes 1 + α ⊙ (σ′ − 1), the slope of all."""
    at, one = first, a.dtype.type(1)
    while at < end:
        alpha, stop = params[layer[WEIGHT] + at // width], min(end, (at // width + 1) * width)
        bend, out = alpha - one, a[at - first : stop - first]
        rest, slope = kept[at - first : stop - first], slopes[at - first : stop - first]
        for i in range(len(out)):
            rest[i] = out[i] - rest[i]
            out[i] += bend * rest[i]
            slope[i] = one + alpha * (slope[i] - one)
        at = stop


@inner
def blend_backward(layer, gradients, units, now, width):  # type: ignore[no-untyped-def]
    """∂L/∂α = Σ δ ⊙ (σ − z), and δ becomes that of z."""
    for j in range(layer[OUTPUTS]):
        kept = units[(layer[KEPT] + j) * width : (layer[KEPT] + j + 1) * width]
        slope = units[(layer[NET_INPUT] + j) * width : (layer[NET_INPUT] + j + 1) * width]
        d, total = now[j * width : (j + 1) * width], now.dtype.type(0)
        for i in range(width):
            total += d[i] * kept[i]
            d[i] *= slope[i]
        gradients[layer[WEIGHT] + j] = total


@inner
def embed(layer, params, units, width):  # type: ignore[no-untyped-def]
    """Copy the row of weights of each code."""
    columns, start = layer[OUTPUTS], layer[WEIGHT]
    codes = units[layer[SOURCE] * width : (layer[SOURCE] + 1) * width]
    out = matrix(units[layer[RESULT] * width : (layer[RESULT] + columns) * width], columns, width)
    for i in range(width):
        place = start + int(codes[i]) * columns
        for j in range(columns):
            out[j, i] = params[place + j]


@inner
def embed_backward(layer, gradients, units, now, width):  # type: ignore[no-untyped-def]
    """Each row of weights gathers the gradients of the rows that had its code."""
    columns, start = layer[OUTPUTS], layer[WEIGHT]
    codes = units[layer[SOURCE] * width : (layer[SOURCE] + 1) * width]
    d = matrix(now[layer[OFFSET] * width : (layer[OFFSET] + columns) * width], columns, width)
    fill(gradients[start : start + layer[COUNT] * columns], 0)
    for i in range(width):
        place = start + int(codes[i]) * columns
        for j in range(columns):
            gradients[place + j] += d[j, i]


@inner_exact
def waves(layer, params, units, width, table):  # type: ignore[no-untyped-def]
    """(V cos(2π w x + b) + c, x), feature by feature; cosines and sines are kept for the way back."""
    m, q, source, to = layer[INPUTS], layer[COUNT], layer[SOURCE], layer[RESULT]
    size, mixed = m * q, layer[OUTPUTS] // m - 1
    frequency = layer[WEIGHT]
    phase, projection, shift = frequency + size, frequency + 2 * size, frequency + 2 * size + size * mixed
    cosines = units[layer[NET_INPUT] * width : (layer[NET_INPUT] + size) * width]
    sines = units[(layer[NET_INPUT] + size) * width : (layer[NET_INPUT] + 2 * size) * width]
    turn = units.dtype.type(2 * math.pi)
    for k in range(size):
        x, angle = (
            units[(source + k // q) * width : (source + k // q + 1) * width],
            cosines[k * width : (k + 1) * width],
        )
        speed, start = turn * params[frequency + k], params[phase + k]
        for i in range(width):
            angle[i] = speed * x[i] + start
    for start in range(0, size * width, CHUNK):
        cosine_and_sine(cosines[start : start + CHUNK], sines[start : start + CHUNK], table)
    for r in range(m * mixed):
        out = units[(to + r) * width : (to + r + 1) * width]
        fill(out, params[shift + r])
        for k in range(q):
            weight, h = params[projection + r * q + k], cosines[(r // mixed * q + k) * width :]
            for i in range(width):
                out[i] += weight * h[i]
    copy(units[(to + m * mixed) * width : (to + m * mixed + m) * width], units[source * width : (source + m) * width])


@inner
def waves_backward(layer, params, gradients, units, now, spare, width):  # type: ignore[no-untyped-def]
    """∂L/∂V = Σ δ hᵀ, ∂L/∂c = Σ δ and, with φ = −sin ⊙ Vᵀδ in `spare`, ∂L/∂b = Σ φ, ∂L/∂w = 2π Σ φ x."""
    m, q, source = layer[INPUTS], layer[COUNT], layer[SOURCE]
    size, mixed = m * q, layer[OUTPUTS] // m - 1
    frequency = layer[WEIGHT]
    phase, projection, shift = frequency + size, frequency + 2 * size, frequency + 2 * size + size * mixed
    deltas = matrix(now[layer[OFFSET] * width : (layer[OFFSET] + m * mixed) * width], m * mixed, width)
    set_row_sums(gradients[shift : shift + m * mixed], deltas)
    pull, zero = spare[:width], units.dtype.type(0)
    for k in range(size):
        first = k // q * mixed  # of the feature's mixtures
        cosine = units[(layer[NET_INPUT] + k) * width : (layer[NET_INPUT] + k + 1) * width]
        sine = units[(layer[NET_INPUT] + size + k) * width : (layer[NET_INPUT] + size + k + 1) * width]
        x = units[(source + k // q) * width : (source + k // q + 1) * width]
        fill(pull, zero)
        for r in range(first, first + mixed):
            d, total, weight = deltas[r], zero, params[projection + r * q + k % q]
            for i in range(width):
                total += d[i] * cosine[i]
                pull[i] -= weight * d[i]
            gradients[projection + r * q + k % q] = total
        total, moment = zero, zero
        for i in range(width):
            bend = pull[i] * sine[i]
            total += bend
            moment += bend * x[i]
        gradients[phase + k] = total
        gradients[frequency + k] = units.dtype.type(2 * math.pi) * moment
