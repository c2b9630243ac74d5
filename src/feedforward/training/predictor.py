"""Prediction: a trained network and rows in, outputs that do not depend on how the rows are batched.

A product of matrices may be rounded differently for another number of rows, so a row could get another last digit in
other company. Here it cannot: the compiled pass sums up each row in the same order whatever stands beside it, and
networks it does not know are run in blocks of one size.
"""

from typing import Any

import numpy as np
from scipy.sparse import issparse

from feedforward import nn
from feedforward.nn.activations import Array
from feedforward.training.compiled.layout import is_supported

BLOCK = 64  # rows of a block, where NumPy does the work


def outputs(network: nn.Sequential, X: Any, *, compiled: bool = True) -> Array:
    """Return the outputs of `network`, bit for bit the same for a row alone and among others.

    Parameters
    ----------
    network : Sequential
        Possibly a stack of k.
    X : array or CSR matrix of shape (n, m)
    compiled : bool
        False: by NumPy, without compiling anything.

    Returns
    -------
    array of shape (n, t), or (k, n, t), of the network's dtype

    Examples
    --------
    >>> network = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)).copy(np.float32)
    >>> X = np.ones((100, 3), np.float32)
    >>> bool((outputs(network, X)[:1] == outputs(network, X[:1])).all())
    True
    """
    if compiled and is_supported(network):
        from feedforward.training.compiled.predictor import predictor_of

        return predictor_of(network, X.shape[1])(X)
    return np.concatenate([_block(network, X[i : i + BLOCK]) for i in range(0, X.shape[0], BLOCK)], axis=-2)


def _block(network: nn.Sequential, X: Any) -> Array:
    rows = np.zeros((BLOCK, X.shape[1]), network.dtype)
    rows[: X.shape[0]] = X.toarray() if issparse(X) else X
    with np.errstate(over="ignore", invalid="ignore"):  # the weights of a training that diverged may be huge
        result: Array = network(rows)[..., : X.shape[0], :]
    return result
