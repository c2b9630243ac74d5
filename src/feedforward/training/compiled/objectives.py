"""Compiled: the losses of `feedforward.nn.losses` with their gradients, and the scores of a batch.

Outputs `z`, targets `y` and deltas `d` lie output by output: shape (t, width), of which the first `b` columns are rows
of the batch; the others have a share of 0 in the loss, so their deltas are 0.
"""

import math

from feedforward.kernels import inner, woven
from feedforward.training.compiled.elementwise import CHUNK, exponential
from feedforward.training.compiled.products import copy, fill

CLASS_CODES, CLASS_SHARES, SQUARED, HUBER, BINARY = range(5)
ACCURACY, EXACT, SQUARED_ERROR = range(3)


@woven
def loss_and_delta(kind, param, z, d, labels, y, shares, b, top, total, table, power, bits):  # type: ignore[no-untyped-def]
    """Write ∂L/∂z to d and return L; `top` and `total` are scratch of one number a column."""
    if kind in (CLASS_CODES, CLASS_SHARES):
        soften(z, d, top, total, table, power, bits)
        if kind == CLASS_CODES:
            return cross_entropy_of_codes(param, z, d, labels, shares, b, top, total)
        return cross_entropy_of_shares(param, z, d, y, shares, b, top, total)
    if kind == BINARY:
        return binary_cross_entropy(z, d, y, shares, b, table, power, bits)
    return distance(kind, param, z, d, y, shares, b)


@woven
def soften(z, d, top, total, table, power, bits):  # type: ignore[no-untyped-def]
    """Write exp(z − top) to d, with `top` the largest of a column, and its sums to total."""
    t, width = z.shape
    copy(top, z[0])
    for j in range(1, t):
        row = z[j]
        for i in range(width):
            top[i] = max(top[i], row[i])
    for j in range(t):
        row, out = z[j], d[j]
        for i in range(width):
            out[i] = row[i] - top[i]
    flat = d.reshape(t * width)
    for first in range(0, t * width, CHUNK):
        exponential(flat[first : first + CHUNK], table, power, bits)
    copy(total, d[0])
    for j in range(1, t):
        out = d[j]
        for i in range(width):
            total[i] += out[i]


@inner
def cross_entropy_of_codes(smoothing, z, d, labels, shares, b, top, total):  # type: ignore[no-untyped-def]
    """P − q for one class a row, with label smoothing: q = (1 − ε) y + ε/t."""
    t, width = z.shape
    spread, own, one = z.dtype.type(smoothing / t), z.dtype.type(1 - smoothing), z.dtype.type(1)
    loss = 0.0
    for i in range(b):
        loss += shares[i] * (top[i] + math.log(total[i]) - own * z[labels[i], i])
    for i in range(width):
        total[i] = one / total[i]
    for j in range(t):
        out = d[j]
        for i in range(width):
            out[i] = (out[i] * total[i] - spread) * shares[i]
    for i in range(b):
        d[labels[i], i] -= own * shares[i]
    if smoothing > 0:
        for j in range(t):
            row = z[j]
            for i in range(b):
                loss -= spread * shares[i] * row[i]
    return loss


@inner
def cross_entropy_of_shares(smoothing, z, d, y, shares, b, top, total):  # type: ignore[no-untyped-def]
    """P − q for targets that are one-hot or probabilities."""
    t = z.shape[0]
    spread, own = z.dtype.type(smoothing / t), z.dtype.type(1 - smoothing)
    loss = 0.0
    for j in range(t):
        for i in range(b):
            q = own * y[j, i] + spread
            loss += shares[i] * q * (top[i] + math.log(total[i]) - z[j, i])
            d[j, i] = (d[j, i] / total[i] - q) * shares[i]
    for j in range(t):
        fill(d[j, b:], 0)
    return loss


@inner
def distance(kind, delta, z, d, y, shares, b):  # type: ignore[no-untyped-def]
    """Squared error, or Huber's: squared where it is below `delta`, else linear."""
    t, width = z.shape
    number = z.dtype.type
    bound, half, double, per = number(delta), number(0.5), number(2), number(1 / t)
    loss = 0.0
    for j in range(t):
        a, target, out = z[j], y[j], d[j]
        for i in range(width):
            error = a[i] - target[i]
            if kind == SQUARED:
                loss += shares[i] * per * error * error
                out[i] = double * per * error * shares[i]
            else:
                pull = min(max(error, -bound), bound)
                loss += shares[i] * per * pull * (error - half * pull)
                out[i] = pull * per * shares[i]
    return loss


@inner
def binary_cross_entropy(z, d, y, shares, b, table, power, bits):  # type: ignore[no-untyped-def]
    """Sigmoid(z) − y, for each output by itself."""
    t, width = z.shape
    number = z.dtype.type
    zero, one, per = number(0), number(1), number(1 / t)
    loss = 0.0
    for j in range(t):
        a, target, out = z[j], y[j], d[j]
        for i in range(width):
            out[i] = -abs(a[i])
        for first in range(0, width, CHUNK):
            exponential(out[first : first + CHUNK], table, power, bits)
        for i in range(b):
            loss += shares[i] * per * (max(a[i], zero) - target[i] * a[i] + number(math.log1p(out[i])))
        for i in range(width):
            p = (one if a[i] >= zero else out[i]) / (one + out[i])
            out[i] = (p - target[i]) * per * shares[i]
    return loss


@inner
def add_scores(kind, coded, scores, z, labels, y, weights, b, top, best):  # type: ignore[no-untyped-def]
    """Add to `scores` what the batch's rows got right, or their squared errors.

    `weights` is empty or one a row; `top` and `best` are scratch of one number a column.
    """
    t, one = z.shape[0], z.dtype.type(1)
    if kind == ACCURACY:
        find_largest(z, top, best)
        for i in range(b):
            label = 0
            if coded:
                label = labels[i]
            else:
                for j in range(1, t):
                    label = j if y[j, i] > y[label, i] else label
            if best[i] == label:
                scores[0] += weights[i] if len(weights) else one
    elif kind == EXACT:
        for i in range(b):
            right = True
            for j in range(t):
                right = right and (z[j, i] >= 0) == (y[j, i] > 0.5)
            if right:
                scores[0] += weights[i] if len(weights) else one
    else:
        for j in range(t):
            for i in range(b):
                error = z[j, i] - y[j, i]
                scores[j] += (weights[i] if len(weights) else one) * error * error


@inner
def find_largest(z, top, best):  # type: ignore[no-untyped-def]
    """Write to `best`, and its value to `top`, the first output of each column that no other is larger than."""
    copy(top, z[0])
    fill(best, 0)
    for j in range(1, z.shape[0]):
        row = z[j]
        for i in range(len(top)):
            is_larger = row[i] > top[i]
            top[i] = row[i] if is_larger else top[i]
            best[i] = j if is_larger else best[i]
