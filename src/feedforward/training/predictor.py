"""Prediction: a trained network and rows in, outputs that do not depend on how the rows are batched.

A product of matrices may be rounded differently for another number of rows, so a row could get another last digit in
other company. Here it cannot: the compiled pass sums up each row in the same order whatever stands beside it, and
networks it does not know are run in blocks of one size. The first layer of wide sparse rows costs their stored numbers
alone, which are added up row by row.
"""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, issparse

from feedforward import nn
from feedforward.nn.activations import Array
from feedforward.training.compiled.layout import is_supported
from feedforward.training.plan import part_of

BLOCK = 64  # rows of a block, where NumPy does the work
WIDE = 10_000  # columns from which sparse rows are not made dense
AT_ONCE = 2**20  # stored numbers of sparse rows that are multiplied at once


def outputs(network: nn.Sequential, X: Any, *, compiled: bool = True) -> Array:
    """Return the outputs of `network`, bit for bit the same for a row alone and among others.

    Parameters
    ----------
    network : Sequential
        Possibly a stack of k.
    X : array or CSR matrix of shape (n, m); or array of shape (k, n, m), rows of each member's own
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
    forward: Callable[[Array], Array] = network
    if issparse(X) and X.shape[1] >= WIDE and network.members is None and _fits(network[0], X.shape[1]):
        X, forward = _first_layer(network[0], X), lambda rows: _through(network.layers[1:], rows)
    elif compiled and is_supported(network):
        from feedforward.training.compiled.predictor import predictor_of

        return predictor_of(network, X.shape[-1])(X)
    blocks = (part_of(X, i, i + BLOCK) for i in range(0, X.shape[-2], BLOCK))
    return np.concatenate([_of_block(forward, block, network.dtype) for block in blocks], axis=-2)


def _of_block(forward: Callable[[Array], Array], X: Any, dtype: Any) -> Array:
    rows = np.zeros((*X.shape[:-2], BLOCK, X.shape[-1]), dtype)
    rows[..., : X.shape[-2], :] = X.toarray() if issparse(X) else X
    with np.errstate(over="ignore", invalid="ignore"):  # the weights of a training that diverged may be huge
        result: Array = forward(rows)[..., : X.shape[-2], :]
    return result


def _fits(layer: nn.Layer, inputs: int) -> bool:
    return type(layer) is nn.Linear and layer.weight.shape[1] == inputs


def _through(layers: Iterable[nn.Layer], rows: Array) -> Array:
    for layer in layers:
        rows = layer(rows)
    return rows


def _first_layer(layer: nn.Linear, X: Any) -> Array:
    """Return the net input of a first layer for CSR rows: each row's products in the order of the columns."""
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    z = np.zeros((X.shape[0], len(layer.weight)), layer.weight.dtype)
    # Rows together as long as their numbers are few; only the columns that they use are read from the weights.
    cuts = np.searchsorted(X.indptr, np.arange(0, X.nnz, AT_ONCE))
    for first, last in pairwise(np.unique([0, *cuts, X.shape[0]]).tolist()):
        part = X[first:last]
        used, places = np.unique(part.indices, return_inverse=True)
        narrow = csr_matrix((part.data, places, part.indptr), shape=(last - first, len(used)))
        z[first:last] = narrow @ layer.weight[:, used].T
    if layer.bias is not None:
        with np.errstate(over="ignore", invalid="ignore"):
            z += layer.bias
    return z
