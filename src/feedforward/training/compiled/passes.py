"""Compiled: a network forwards and backwards, its layers read from a table."""

import numpy as np

from feedforward.kernels import inner, woven
from feedforward.nn.random import GOLDEN, MULTIPLIER_1, MULTIPLIER_2
from feedforward.training.compiled.blocks import (
    blend,
    blend_and_keep,
    blend_backward,
    embed,
    embed_backward,
    scale,
    scale_backward,
    waves,
    waves_backward,
)
from feedforward.training.compiled.elementwise import (
    CHUNK,
    GELU,
    IDENTITY,
    activate,
    decay,
    times_slope,
    times_slope_of,
)
from feedforward.training.compiled.layout import (
    BIAS,
    CODE,
    COUNT,
    DROPOUT,
    EMBEDDING,
    INPUTS,
    KEPT,
    KIND,
    LINEAR,
    NET_INPUT,
    OUTPUTS,
    PARAMETRIC,
    PERIODIC,
    PLACE,
    RESULT,
    SCALE,
    SOURCE,
    WEIGHT,
)
from feedforward.training.compiled.products import (
    add_bias,
    add_product,
    copy,
    fill,
    piece_of,
    set_correlation,
    set_row_sums,
)
from feedforward.training.compiled.views import matrix

LANES = 16  # batches are filled up with empty rows to a multiple of this


@woven
def lies_by_row(layer, width):  # type: ignore[no-untyped-def]
    """Whether the first layer reads its rows as they are, to give them to BLAS, and not feature by feature."""
    return layer[KIND] == LINEAR and piece_of(layer[OUTPUTS], layer[INPUTS] * width) > 0


@woven
def forward(layers, alphas, params, units, width, use_blas, scratch, table, power, bits):  # type: ignore[no-untyped-def]
    """Fill `units`, unit after unit of every layer, from those of the input; dropout does nothing."""
    for k in range(len(layers)):
        run_layer(layers[k], alphas[k], params, units, width, use_blas, k == 0, scratch, table, power, bits)


@woven
def run_layer(layer, alpha, params, units, width, training, first, scratch, table, power, bits):  # type: ignore[no-untyped-def]
    """One layer forwards."""
    kind, source, net, to, size = layer[KIND], layer[SOURCE], layer[NET_INPUT], layer[RESULT], layer[OUTPUTS] * width
    if kind == LINEAR:
        multiply(layer, params, units, width, training, first)
    elif kind == SCALE:
        scale(layer, params, units, width)
    elif kind == EMBEDDING:
        embed(layer, params, units, width)
    elif kind == PERIODIC:
        waves(layer, params, units, width, table)
        return
    elif kind == PARAMETRIC:
        net = source
    elif source != net:
        copy(units[net * width : net * width + size], units[source * width : source * width + size])
    for start in range(0, size if layer[CODE] != IDENTITY or net != to else 0, CHUNK):
        end = min(start + CHUNK, size)
        z, a = units[net * width + start : net * width + end], units[to * width + start : to * width + end]
        e = scratch[0, : end - start]
        if net != to:
            copy(a, z)
        if layer[CODE] != IDENTITY:
            activate(layer[CODE], alpha, a, e, table, power, bits)
        if kind == PARAMETRIC:
            if training:
                if layer[CODE] == GELU:
                    decay(GELU, z, e, table, power, bits)
                slopes = units[layer[NET_INPUT] * width + start : layer[NET_INPUT] * width + end]
                kept = units[layer[KEPT] * width + start : layer[KEPT] * width + end]
                fill(slopes, units.dtype.type(1))
                times_slope_of(layer[CODE], alpha, slopes, z, a, e)
                if layer[KEPT] != source:
                    copy(kept, z)
                blend_and_keep(layer, params, kept, slopes, a, start, end, width)
            else:
                blend(layer, params, z, a, start, end, width)


@woven
def multiply(layer, params, units, width, use_blas, first):  # type: ignore[no-untyped-def]
    """W x + b."""
    m, h, source = layer[INPUTS], layer[OUTPUTS], layer[SOURCE]
    x = units[source * width : (source + m) * width]
    z = matrix(units[layer[NET_INPUT] * width : (layer[NET_INPUT] + h) * width], h, width)
    piece = piece_of(h, m * width) if use_blas else 0
    if piece > 0:
        w = matrix(params[layer[WEIGHT] : layer[WEIGHT] + h * m], h, m)
        for j in range(0, h, piece):
            if first:
                np.dot(w[j : j + piece], matrix(x, width, m).T, z[j : j + piece])
            else:
                np.dot(w[j : j + piece], matrix(x, m, width), z[j : j + piece])
        if layer[BIAS] >= 0:
            add_bias(z, params[layer[BIAS] : layer[BIAS] + h])
    else:
        for j in range(h):
            fill(z[j], params[layer[BIAS] + j] if layer[BIAS] >= 0 else units.dtype.type(0))
        add_product(z, params, layer[WEIGHT], m, 1, matrix(x, m, width))


@inner
def mixed(state, counter):  # type: ignore[no-untyped-def]
    """`feedforward.nn.random.mix`, one number."""
    z = state + GOLDEN * (np.uint64(counter) + np.uint64(1))
    z = (z ^ (z >> np.uint64(30))) * MULTIPLIER_1
    z = (z ^ (z >> np.uint64(27))) * MULTIPLIER_2
    return z ^ (z >> np.uint64(31))


@inner
def drop(layer, share, seed, step, units, factors, width, rows):  # type: ignore[no-untyped-def]
    """Silence units with probability `share`, and keep each unit's factor; `rows` is scratch of one state a column.

    After a ParametricActivation, whose numbers have no other reader, it is done in their place; its slopes and what it
    keeps take the factors too, so there is nothing left to do on the way back.
    """
    h, source, to = layer[OUTPUTS], layer[SOURCE], layer[RESULT]
    larger, none = units.dtype.type(1 / (1 - share)), units.dtype.type(0)
    at_least = np.uint64(np.ceil(share * 2.0**53))
    state = mixed(mixed(seed, step), layer[PLACE])
    for i in range(width):
        rows[i] = mixed(state, i)
    for j in range(h):
        x, out = units[(source + j) * width : (source + j + 1) * width], units[(to + j) * width : (to + j + 1) * width]
        place = 0 if source == to else (to + j) * width
        factor = factors[place : place + width]
        for i in range(width):
            factor[i] = larger if (mixed(rows[i], j) >> np.uint64(11)) >= at_least else none
        for i in range(width):
            out[i] = x[i] * factor[i]
        if source == to:
            slope, net = units[(layer[COUNT] + j) * width :], units[(layer[KEPT] + j) * width :]
            for i in range(width):
                slope[i] *= factor[i]
                net[i] *= factor[i]


@woven
def forward_in_training(  # type: ignore[no-untyped-def]
    layers, alphas, shares, dropout, params, units, factors, width, seed, step, rows, scratch, table, power, bits
):
    """Like `forward`, with dropout drawn from (seed, step, layer, row, unit); `dropout` is a factor on its shares."""
    for k in range(len(layers)):
        if layers[k, KIND] == DROPOUT and shares[k] * dropout > 0:
            drop(layers[k], shares[k] * dropout, seed, step, units, factors, width, rows)
        else:
            run_layer(layers[k], alphas[k], params, units, width, True, k == 0, scratch, table, power, bits)


@woven
def backward(  # type: ignore[no-untyped-def]
    layers, alphas, shares, dropout, params, gradients, units, factors, now, other, width, scratch, table, power, bits
):
    """Fill `gradients` from the deltas of the outputs, in `now`; `other` is scratch of the same size."""
    for k in range(len(layers) - 1, -1, -1):
        layer = layers[k]
        h, net, to = layer[OUTPUTS], layer[NET_INPUT], layer[RESULT]
        d = now[: h * width]
        if layer[KIND] == SCALE:
            scale_backward(layer, params, gradients, units, now, width)
        elif layer[KIND] == PARAMETRIC:
            blend_backward(layer, gradients, units, now, width)
        elif layer[KIND] == EMBEDDING:
            embed_backward(layer, gradients, units, now, width)
        elif layer[KIND] == PERIODIC:
            waves_backward(layer, params, gradients, units, now, other, width)
        elif layer[KIND] == DROPOUT:
            if shares[k] * dropout > 0 and layer[SOURCE] != to:
                factor = factors[to * width : (to + h) * width]
                for i in range(h * width):
                    d[i] *= factor[i]
        elif layer[CODE] != IDENTITY:
            for start in range(0, h * width, CHUNK):
                end = min(start + CHUNK, h * width)
                z, a = units[net * width + start : net * width + end], units[to * width + start : to * width + end]
                times_slope(layer[CODE], alphas[k], d[start:end], z, a, scratch[0, : end - start], table, power, bits)
        if layer[KIND] == LINEAR:
            linear_backward(layer, params, gradients, units, d, other, width, k == 0)
            now, other = other, now


@woven
def linear_backward(layer, params, gradients, units, d, other, width, first):  # type: ignore[no-untyped-def]
    """∂L/∂W = δ xᵀ, ∂L/∂b = Σ δ, and, but for the first layer, ∂L/∂x = Wᵀ δ into `other`."""
    m, h = layer[INPUTS], layer[OUTPUTS]
    x, delta = units[layer[SOURCE] * width : (layer[SOURCE] + m) * width], matrix(d, h, width)
    gradient = matrix(gradients[layer[WEIGHT] : layer[WEIGHT] + h * m], h, m)
    if layer[BIAS] >= 0:
        set_row_sums(gradients[layer[BIAS] : layer[BIAS] + h], delta)
    piece = piece_of(h, m * width)
    for j in range(0, h if piece > 0 else 0, max(piece, 1)):
        if first:
            np.dot(delta[j : j + piece], matrix(x, width, m), gradient[j : j + piece])
        else:
            np.dot(delta[j : j + piece], matrix(x, m, width).T, gradient[j : j + piece])
    if piece == 0:
        set_correlation(gradient, delta, matrix(x, m, width))
    if first:
        return
    down = matrix(other[: m * width], m, width)
    if piece == h:
        np.dot(matrix(params[layer[WEIGHT] : layer[WEIGHT] + h * m], h, m).T, delta, down)
    else:
        fill(other[: m * width], units.dtype.type(0))
        add_product(down, params, layer[WEIGHT], 1, m, delta)
