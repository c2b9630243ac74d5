"""A network's outputs, whatever rows are beside a row."""

from typing import Any

import numpy as np
from scipy.sparse import issparse

from feedforward import nn
from feedforward.training.plan import Array

_BLOCK = 64


def outputs(network: nn.Sequential, X: Any) -> Array:
    """Return the outputs for the rows `X`, shape (n, t).

    Examples
    --------
    >>> outputs(nn.Sequential(nn.Linear(2, 3)), np.ones((5, 2))).shape
    (5, 3)
    """
    block = np.zeros((_BLOCK, X.shape[1]), network.dtype)
    results = []
    for first in range(0, X.shape[0], _BLOCK):
        rows = X[first : first + _BLOCK]
        block[: rows.shape[0]] = rows.toarray() if issparse(rows) else rows
        results.append(network(block)[: rows.shape[0]])
    return np.concatenate(results)
