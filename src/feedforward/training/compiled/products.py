"""Compiled: the matrix products of a training step, over activations that lie feature by feature.

A layer's outputs are an array (units, width) whose rows are as long as the batch, so that every loop runs along the
batch and fills the vector registers, be the layer ever so narrow. Small products are four by four loops; from
`BLAS_FROM` multiplications on, the BLAS library is faster.
"""

import numpy as np

from feedforward.kernels import inner

BLAS_FROM = 150_000  # multiplications; measured by benchmarks/networks.py


@inner
def add_product(out, w, start, by_row, by_column, x):  # type: ignore[no-untyped-def]
    """Add W x to out, of shapes (h, width), (h, m), (m, width); W[j, p] is ``w[start + j by_row + p by_column]``.

    Each row of `out` is the same sum in the same order whatever the width, so a row's result does not depend on the
    rows beside it.
    """
    h, m, width = out.shape[0], x.shape[0], out.shape[1]
    row, column = np.uint64(by_row), np.uint64(by_column)  # unsigned: numba need not ask whether a place is negative
    for j in range(0, h - 3, 4):
        o0, o1, o2, o3 = out[j], out[j + 1], out[j + 2], out[j + 3]
        k0 = np.uint64(start + j * by_row)
        k1, k2, k3 = k0 + row, k0 + row + row, k0 + row + row + row
        for p in range(0, m - 3, 4):
            x0, x1, x2, x3 = x[p], x[p + 1], x[p + 2], x[p + 3]
            q0 = np.uint64(p) * column
            q1, q2, q3 = q0 + column, q0 + column + column, q0 + column + column + column
            a0, a1, a2, a3 = w[k0 + q0], w[k0 + q1], w[k0 + q2], w[k0 + q3]
            b0, b1, b2, b3 = w[k1 + q0], w[k1 + q1], w[k1 + q2], w[k1 + q3]
            c0, c1, c2, c3 = w[k2 + q0], w[k2 + q1], w[k2 + q2], w[k2 + q3]
            d0, d1, d2, d3 = w[k3 + q0], w[k3 + q1], w[k3 + q2], w[k3 + q3]
            for i in range(width):
                s, t, u, v = x0[i], x1[i], x2[i], x3[i]
                o0[i] += a0 * s + a1 * t + a2 * u + a3 * v
                o1[i] += b0 * s + b1 * t + b2 * u + b3 * v
                o2[i] += c0 * s + c1 * t + c2 * u + c3 * v
                o3[i] += d0 * s + d1 * t + d2 * u + d3 * v
        for p in range(m - m % 4, m):
            x0, q0 = x[p], np.uint64(p) * column
            a0, b0, c0, d0 = w[k0 + q0], w[k1 + q0], w[k2 + q0], w[k3 + q0]
            for i in range(width):
                s = x0[i]
                o0[i] += a0 * s
                o1[i] += b0 * s
                o2[i] += c0 * s
                o3[i] += d0 * s
    for j in range(h - h % 4, h):
        o0, k0 = out[j], start + j * by_row
        for p in range(0, m - 3, 4):
            x0, x1, x2, x3 = x[p], x[p + 1], x[p + 2], x[p + 3]
            a0, a1 = w[k0 + p * by_column], w[k0 + (p + 1) * by_column]
            a2, a3 = w[k0 + (p + 2) * by_column], w[k0 + (p + 3) * by_column]
            for i in range(width):
                o0[i] += a0 * x0[i] + a1 * x1[i] + a2 * x2[i] + a3 * x3[i]
        for p in range(m - m % 4, m):
            x0, a0 = x[p], w[k0 + p * by_column]
            for i in range(width):
                o0[i] += a0 * x0[i]


@inner
def set_correlation(out, d, x):  # type: ignore[no-untyped-def]
    """Write d xᵀ to out, of shapes (h, m), (h, width), (m, width): how each unit's delta goes with each input."""
    h, m, width = out.shape[0], out.shape[1], d.shape[1]
    zero = out.dtype.type(0)
    for j in range(0, h - 1, 2):
        d0, d1 = d[j], d[j + 1]
        for p in range(0, m - 3, 4):
            x0, x1, x2, x3 = x[p], x[p + 1], x[p + 2], x[p + 3]
            a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = zero
            for i in range(width):
                s, t = d0[i], d1[i]
                a0 += s * x0[i]
                a1 += s * x1[i]
                a2 += s * x2[i]
                a3 += s * x3[i]
                b0 += t * x0[i]
                b1 += t * x1[i]
                b2 += t * x2[i]
                b3 += t * x3[i]
            out[j, p], out[j, p + 1], out[j, p + 2], out[j, p + 3] = a0, a1, a2, a3
            out[j + 1, p], out[j + 1, p + 1], out[j + 1, p + 2], out[j + 1, p + 3] = b0, b1, b2, b3
        for p in range(m - m % 4, m):
            x0 = x[p]
            a0 = b0 = zero
            for i in range(width):
                a0 += d0[i] * x0[i]
                b0 += d1[i] * x0[i]
            out[j, p], out[j + 1, p] = a0, b0
    if h % 2:
        d0 = d[h - 1]
        for p in range(m):
            x0 = x[p]
            a0 = zero
            for i in range(width):
                a0 += d0[i] * x0[i]
            out[h - 1, p] = a0


@inner
def add_bias(out, bias):  # type: ignore[no-untyped-def]
    """Add its bias to every unit's row."""
    for j in range(out.shape[0]):
        row, b = out[j], bias[j]
        for i in range(out.shape[1]):
            row[i] += b


@inner
def set_row_sums(out, d):  # type: ignore[no-untyped-def]
    """Write Σ d to out, over the batch: the gradient of the biases."""
    for j in range(d.shape[0]):
        row, total = d[j], d.dtype.type(0)
        for i in range(d.shape[1]):
            total += row[i]
        out[j] = total


@inner
def fill(out, value):  # type: ignore[no-untyped-def]
    """Write the value to out, a flat array."""
    for i in range(len(out)):
        out[i] = value


@inner
def copy(out, x):  # type: ignore[no-untyped-def]
    """Copy x to out, arrays of one length."""
    for i in range(len(out)):
        out[i] = x[i]


@inner
def gather_by_feature(out, X, rows):  # type: ignore[no-untyped-def]
    """Write X[rows[i], p] to out[p, i]; columns of `out` beyond the rows become 0."""
    for i in range(len(rows)):
        row = X[rows[i]]
        for p in range(len(row)):
            out[p, i] = row[p]
    for p in range(len(out)):
        fill(out[p, len(rows) :], 0)


@inner
def gather_by_row(out, X, rows):  # type: ignore[no-untyped-def]
    """Write X[rows[i]] to out[i]; rows of `out` beyond the rows become 0."""
    for i in range(len(rows)):
        copy(out[i], X[rows[i]])
    for i in range(len(rows), len(out)):
        fill(out[i], 0)
