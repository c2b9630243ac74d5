"""Compiled: a span of training steps as one call, over flat arrays and without taking memory.

This is `numpy_engine` once more, in the order of a training step: forward, loss, backward, update. What differs is only
how numbers lie in memory: a batch's activations lie unit by unit in one flat array, all parameters in another, and
layers, loss and optimizer are rows and codes of small tables, so one compiled function a dtype trains any network.
"""

import numpy as np

from feedforward.kernels import compiled, woven
from feedforward.training.compiled.layout import OUTPUTS, RESULT
from feedforward.training.compiled.objectives import CLASS_CODES, add_scores, loss_and_delta
from feedforward.training.compiled.passes import LANES, backward, forward, forward_in_training, lies_by_row
from feedforward.training.compiled.products import copy, fill, gather_by_feature, gather_by_row, gather_columns
from feedforward.training.compiled.subnormals import flush_subnormals, restore_mode
from feedforward.training.compiled.updates import update
from feedforward.training.compiled.views import matrix, uncounted

FEW = 4  # rows that are faster one by one than as a block
SHARES, TOP, TOTAL, WEIGHTS = range(4)  # rows of the scratch array `columns`: one number a row of the batch


@compiled
def run_span(  # type: ignore[no-untyped-def]
    X, read, labels, targets, weights,
    layers, alphas, shares, loss_code, loss_param, score_code, optimizer_code, hyper, tensors, factors,
    params, spare, state_1, state_2, units, drop_factors, deltas, columns, y, batch_labels, best, rows, scratch,
    table, power, bits, order, bounds, rates, decays, dropout, first_step, updates_before, seed, losses, scores,
):  # fmt: skip
    """Do the steps of a plan; return how many were done.

    Parameters and gradients change places with every step: new parameters are written over the gradients.
    """
    X, targets, layers, power = uncounted(X), uncounted(targets), uncounted(layers), uncounted(power)
    units, drop_factors, deltas, y = uncounted(units), uncounted(drop_factors), uncounted(deltas), uncounted(y)
    state_1, state_2, columns, rows = uncounted(state_1), uncounted(state_2), uncounted(columns), uncounted(rows)
    best, batch_labels, scratch, bits = uncounted(best), uncounted(batch_labels), uncounted(scratch), uncounted(bits)
    order, scores, read = uncounted(order), uncounted(scores), uncounted(read)
    w, g, done = uncounted(params), uncounted(spare), 0
    t, from_ = layers[-1, OUTPUTS], layers[-1, RESULT]
    mode = flush_subnormals()
    for s in range(len(bounds) - 1):
        batch, b = order[bounds[s] : bounds[s + 1]], bounds[s + 1] - bounds[s]
        width = (b + LANES - 1) // LANES * LANES
        share, top, total = columns[SHARES, :width], columns[TOP, :width], columns[TOTAL, :width]
        weight, goal = columns[WEIGHTS, : b if len(weights) else 0], matrix(y[: t * width], t, width)
        take_rows(X, read, batch, units, width, lies_by_row(layers[0], width))
        take_targets(labels, targets, weights, batch, batch_labels, goal, weight, share)

        forward_in_training(
            layers, alphas, shares, dropout[s], w, units, drop_factors, width, seed, np.uint64(first_step + s), rows,
            scratch, table, power, bits,
        )  # fmt: skip
        outputs = matrix(units[from_ * width : (from_ + t) * width], t, width)
        delta = matrix(deltas[0, : t * width], t, width)
        losses[s] = loss_and_delta(
            loss_code, loss_param, outputs, delta, batch_labels, goal, share, b, top, total, table, power, bits
        )
        add_scores(
            score_code, loss_code == CLASS_CODES, scores[s], outputs, batch_labels, goal, weight, b, top, best[:width]
        )
        if not np.isfinite(losses[s]):
            break
        backward(
            layers, alphas, shares, dropout[s], w, g, units, drop_factors, deltas[0], deltas[1], width,
            scratch, table, power, bits,
        )  # fmt: skip
        if not update(
            optimizer_code, hyper, updates_before + s + 1, rates[s], decays[s], tensors, factors,
            w, g, state_1, state_2,
        ):  # fmt: skip
            break
        w, g, done = g, w, done + 1
    if done % 2:
        copy(params, w)
    restore_mode(mode)
    return done


@woven
def take_rows(X, read, batch, units, width, by_row):  # type: ignore[no-untyped-def]
    """Copy the rows of a batch to where the first layer reads them: all columns, or those in `read`."""
    m = X.shape[1]
    if len(read):
        gather_columns(matrix(units[: len(read) * width], len(read), width), X, read, batch)
    elif by_row:
        gather_by_row(matrix(units[: width * m], width, m), X, batch)
    else:
        gather_by_feature(matrix(units[: width * m], m, width), X, batch)


@woven
def take_targets(labels, targets, weights, batch, batch_labels, goal, weight, share):  # type: ignore[no-untyped-def]
    """Copy the targets of a batch, and each row's share of its loss: w / Σ w, and 0 for the columns that fill up."""
    b = len(batch)
    if len(labels):
        for i in range(b):
            batch_labels[i] = labels[batch[i]]
    else:
        gather_by_feature(goal, targets, batch)
    if len(weights):
        sum_of_weights = 0.0
        for i in range(b):
            weight[i] = weights[batch[i]]
            sum_of_weights += weight[i]
        for i in range(b):
            share[i] = weight[i] / sum_of_weights
    else:
        fill(share[:b], 1 / b)
    fill(share[b:], 0)


@compiled
def run_forward(X, read, layers, alphas, params, units, scratch, table, power, bits, outputs):  # type: ignore[no-untyped-def]
    """Fill `outputs`, shape (n, t), block by block; a row's result does not depend on the rows beside it."""
    n, m, t = X.shape[0], len(read) if len(read) else X.shape[1], outputs.shape[1]
    block = 1 if n < FEW else len(units) // (layers[-1, RESULT] + t)
    for first in range(0, n, block):
        b = min(block, n - first)
        width = 1 if block == 1 else (b + LANES - 1) // LANES * LANES
        x = matrix(units[: m * width], m, width)
        for i in range(b):
            row = X[first + i]
            for p in range(m):
                x[p, i] = row[read[p] if len(read) else p]
        for p in range(m):
            fill(x[p, b:], 0)
        forward(layers, alphas, params, units, width, False, scratch, table, power, bits)
        start = layers[-1, RESULT] * width
        z = matrix(units[start : start + t * width], t, width)
        for i in range(b):
            for j in range(t):
                outputs[first + i, j] = z[j, i]
