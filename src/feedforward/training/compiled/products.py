"""Compiled: the matrix products of a training step, over activations that lie feature by feature.

A layer's outputs are an array (units, width) whose rows are as long as the batch, so that every loop runs along the
batch and fills the vector registers, be the layer ever so narrow. Small products are four by four loops; larger ones
are the BLAS library's.
"""

import numpy as np

from feedforward.kernels import inner, inner_exact

# In multiplications, measured with OpenBLAS on two cores. Above ONE_THREAD it wakes its other threads, which is worth
# while only from THREADS_FROM on: in between, a product is cut into pieces that stay below.
BLAS_FROM, ONE_THREAD, THREADS_FROM = 30_000, 262_144, 2_500_000


@inner
def piece_of(h, size):  # type: ignore[no-untyped-def]
    """Return how many of h rows to multiply at once, if each takes `size` multiplications; 0: by our own loops."""
    if h * size < BLAS_FROM or (size > ONE_THREAD and h * size < THREADS_FROM):
        return 0
    return h if h * size >= THREADS_FROM else min(h, ONE_THREAD // size)


@inner_exact
def add_product_of_one(out, w, start, by_row, by_column, x):  # type: ignore[no-untyped-def]
    """Add W x to out, for a single row of the batch: eight sums side by side, each in the order of `add_product`."""
    row, column = np.uint64(by_row), np.uint64(by_column)
    h, m = len(out), len(x)
    for j in range(0, h - 7, 8):
        k = np.uint64(start + j * by_row)
        k1, k2, k3, k4 = k + row, k + row * np.uint64(2), k + row * np.uint64(3), k + row * np.uint64(4)
        k5, k6, k7 = k4 + row, k4 + row * np.uint64(2), k4 + row * np.uint64(3)
        s0, s1, s2, s3, s4, s5, s6, s7 = (
            out[j], out[j + 1], out[j + 2], out[j + 3], out[j + 4], out[j + 5], out[j + 6], out[j + 7]
        )  # fmt: skip
        for p in range(m):
            v, q = x[p], np.uint64(p) * column
            s0 = s0 + w[k + q] * v
            s1 = s1 + w[k1 + q] * v
            s2 = s2 + w[k2 + q] * v
            s3 = s3 + w[k3 + q] * v
            s4 = s4 + w[k4 + q] * v
            s5 = s5 + w[k5 + q] * v
            s6 = s6 + w[k6 + q] * v
            s7 = s7 + w[k7 + q] * v
        out[j], out[j + 1], out[j + 2], out[j + 3] = s0, s1, s2, s3
        out[j + 4], out[j + 5], out[j + 6], out[j + 7] = s4, s5, s6, s7
    for j in range(h - h % 8, h):
        s, k = out[j], np.uint64(start + j * by_row)
        for p in range(m):
            s = s + w[k + np.uint64(p) * column] * x[p]
        out[j] = s


@inner_exact
def add_product(out, w, start, by_row, by_column, x):  # type: ignore[no-untyped-def]
    """Add W x to out, of shapes (h, width), (h, m), (m, width); W[j, p] is ``w[start + j by_row + p by_column]``.

    Each number is summed up one product after the other, whatever the width, so the result of a row of the batch does
    not depend on the rows beside it.
    """
    h, m, width = out.shape[0], x.shape[0], out.shape[1]
    if width == 1:
        add_product_of_one(out[:, 0], w, start, by_row, by_column, x[:, 0])
        return
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
                o0[i] = (((o0[i] + a0 * s) + a1 * t) + a2 * u) + a3 * v
                o1[i] = (((o1[i] + b0 * s) + b1 * t) + b2 * u) + b3 * v
                o2[i] = (((o2[i] + c0 * s) + c1 * t) + c2 * u) + c3 * v
                o3[i] = (((o3[i] + d0 * s) + d1 * t) + d2 * u) + d3 * v
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
                o0[i] = (((o0[i] + a0 * x0[i]) + a1 * x1[i]) + a2 * x2[i]) + a3 * x3[i]
        for p in range(m - m % 4, m):
            x0, a0 = x[p], w[k0 + p * by_column]
            for i in range(width):
                o0[i] += a0 * x0[i]


@inner
def set_correlation(out, d, x):  # type: ignore[no-untyped-def]
    """Write d xᵀ to out, of shapes (h, m), (h, width), (m, width): how each unit's delta goes with each input."""
    h, m, width = out.shape[0], out.shape[1], d.shape[1]
    zero = out.dtype.type(0)
    for j in range(0, h - 3, 4):
        d0, d1, d2, d3 = d[j], d[j + 1], d[j + 2], d[j + 3]
        for p in range(0, m - 3, 4):
            x0, x1, x2, x3 = x[p], x[p + 1], x[p + 2], x[p + 3]
            a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = c0 = c1 = c2 = c3 = e0 = e1 = e2 = e3 = zero
            for i in range(width):
                s, t, u, v = x0[i], x1[i], x2[i], x3[i]
                a, b, c, e = d0[i], d1[i], d2[i], d3[i]
                a0, a1, a2, a3 = a0 + a * s, a1 + a * t, a2 + a * u, a3 + a * v
                b0, b1, b2, b3 = b0 + b * s, b1 + b * t, b2 + b * u, b3 + b * v
                c0, c1, c2, c3 = c0 + c * s, c1 + c * t, c2 + c * u, c3 + c * v
                e0, e1, e2, e3 = e0 + e * s, e1 + e * t, e2 + e * u, e3 + e * v
            out[j, p], out[j, p + 1], out[j, p + 2], out[j, p + 3] = a0, a1, a2, a3
            out[j + 1, p], out[j + 1, p + 1], out[j + 1, p + 2], out[j + 1, p + 3] = b0, b1, b2, b3
            out[j + 2, p], out[j + 2, p + 1], out[j + 2, p + 2], out[j + 2, p + 3] = c0, c1, c2, c3
            out[j + 3, p], out[j + 3, p + 1], out[j + 3, p + 2], out[j + 3, p + 3] = e0, e1, e2, e3
        for p in range(m - m % 4, m):
            x0 = x[p]
            a0 = b0 = c0 = e0 = zero
            for i in range(width):
                s = x0[i]
                a0, b0, c0, e0 = a0 + d0[i] * s, b0 + d1[i] * s, c0 + d2[i] * s, e0 + d3[i] * s
            out[j, p], out[j + 1, p], out[j + 2, p], out[j + 3, p] = a0, b0, c0, e0
    for j in range(h - h % 4, h):
        d0 = d[j]
        for p in range(0, m - 3, 4):
            x0, x1, x2, x3 = x[p], x[p + 1], x[p + 2], x[p + 3]
            a0 = a1 = a2 = a3 = zero
            for i in range(width):
                a = d0[i]
                a0, a1, a2, a3 = a0 + a * x0[i], a1 + a * x1[i], a2 + a * x2[i], a3 + a * x3[i]
            out[j, p], out[j, p + 1], out[j, p + 2], out[j, p + 3] = a0, a1, a2, a3
        for p in range(m - m % 4, m):
            x0 = x[p]
            a0 = zero
            for i in range(width):
                a0 += d0[i] * x0[i]
            out[j, p] = a0


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
def gather_columns(out, X, read, rows):  # type: ignore[no-untyped-def]
    """Write X[rows[i], read[p]] to out[p, i]; columns of `out` beyond the rows become 0."""
    for i in range(len(rows)):
        row = X[rows[i]]
        for p in range(len(read)):
            out[p, i] = row[read[p]]
    for p in range(len(out)):
        fill(out[p, len(rows) :], 0)


@inner
def gather_by_row(out, X, rows):  # type: ignore[no-untyped-def]
    """Write X[rows[i]] to out[i]; rows of `out` beyond the rows become 0."""
    for i in range(len(rows)):
        copy(out[i], X[rows[i]])
    for i in range(len(rows), len(out)):
        fill(out[i], 0)
