"""The learning rules once more, over the non-zero cells of CSR rows.

Row i has the values ``data[start:stop]`` in the columns ``columns[start:stop]``, where
``start, stop = places[i : i + 2]``.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.kernels import compiled

Array = NDArray[Any]


def parts(X: Any) -> tuple[Array, Array, Array]:
    """Return the three arrays of a CSR matrix: values, columns, places.

    Examples
    --------
    >>> from scipy.sparse import csr_matrix
    >>> [part.tolist() for part in parts(csr_matrix([[0.0, 2.0], [3.0, 0.0]]))]
    [[2.0, 3.0], [1, 0], [0, 1, 2]]
    """
    return X.data, X.indices, X.indptr


@compiled
def perceptron_rule(
    data: Array,
    columns: Array,
    places: Array,
    y: Array,
    row_weights: Array,
    order: Array,
    w: Array,
    b: float,
    learning_rate: float,
    threshold: float,
) -> tuple[float, int]:
    """``w += η (y - ŷ) x`` after every row, as `feedforward.neurons.perceptron.perceptron_rule`."""
    mistakes = 0
    for i in order:
        z = b
        for cell in range(places[i], places[i + 1]):
            z += data[cell] * w[columns[cell]]
        error = y[i] - (z >= threshold)
        if error != 0:
            change = learning_rate * row_weights[i] * error
            for cell in range(places[i], places[i + 1]):
                w[columns[cell]] += change * data[cell]
            b += change
            mistakes += 1
    return b, mistakes


@compiled
def adaline_rule(
    data: Array,
    columns: Array,
    places: Array,
    y: Array,
    row_weights: Array,
    order: Array,
    w: Array,
    b: float,
    learning_rate: float,
    batch_size: int,
) -> tuple[float, float]:
    """``w += 2 η/B Σ e x`` after every `batch_size` rows, as the two rules of `feedforward.neurons.adaline`.

    Only the columns that a batch touches are updated, so that an update costs its non-zero cells.
    """
    loss = 0.0
    errors = np.empty(batch_size, w.dtype)
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        for k, i in enumerate(batch):
            errors[k] = y[i] - b
            for cell in range(places[i], places[i + 1]):
                errors[k] -= data[cell] * w[columns[cell]]
            loss += row_weights[i] * errors[k] * errors[k]
        for k, i in enumerate(batch):
            step = 2 * learning_rate / len(batch) * row_weights[i] * errors[k]
            for cell in range(places[i], places[i + 1]):
                w[columns[cell]] += step * data[cell]
            b += step
    return b, loss / len(order)
