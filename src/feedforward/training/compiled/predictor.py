"""The compiled forward pass of a network, ready to be called again and again, from many threads."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from scipy.sparse import issparse

from feedforward import nn
from feedforward.kernels import thread_count
from feedforward.nn.activations import Array
from feedforward.training.compiled.elementwise import CHUNK
from feedforward.training.compiled.layout import OUTPUTS, layout_of
from feedforward.training.compiled.memory import aligned, flattened, owner
from feedforward.training.compiled.passes import LANES
from feedforward.training.compiled.span import run_forward
from feedforward.training.compiled.waves import constants
from feedforward.training.plan import part_of

BLOCK = 256  # rows that go through the network together, a multiple of LANES
AT_ONCE = 2**22  # numbers converted to the network's dtype, or made dense, at once
PARALLEL_FROM = 30_000_000  # multiplications


def predictor_of(network: nn.Sequential, inputs: int) -> "Predictor":
    """Return the compiled forward pass of a network that `is_supported`, made once for each network.

    Examples
    --------
    >>> network = nn.Sequential(nn.Linear(3, 2))
    >>> predictor_of(network, 3) is predictor_of(network, 3)
    True
    """
    known = _PREDICTORS.get(network)
    if known is None or known.inputs != inputs or not known.is_current():
        known = _PREDICTORS[network] = Predictor(network, inputs)
    return known


_PREDICTORS: WeakKeyDictionary[nn.Sequential, "Predictor"] = WeakKeyDictionary()


class Predictor:
    """The compiled forward pass of one network, whose parameters it moves to `flat`, shape (k, P).

    Examples
    --------
    >>> network = nn.Sequential(nn.Linear(1, 1))
    >>> network.load_parameters({"0.weight": [[2.0]], "0.bias": [1.0]})
    >>> predictor_of(network, 1)(np.array([[3.0]]))
    array([[7.]])
    """

    def __init__(self, network: nn.Sequential, inputs: int) -> None:
        self.layout, self.inputs = layout_of(network, inputs), inputs  # first: it asks whether the shapes fit
        self.flat, self._stacked, self._dtype = flattened(network), network.members is not None, network.dtype
        self._first, self._outputs = self.flat[0], int(self.layout.layers[-1, OUTPUTS])
        self._memory = threading.local()
        self._own = [
            (layer, attribute, getattr(layer, attribute))
            for layer, attribute in (owner(network, name) for name in network.parameters())
        ]

    def is_current(self) -> bool:
        """Whether the network still has the arrays that it had."""
        return all(getattr(layer, name) is array for layer, name, array in self._own)

    def __call__(self, X: Any) -> Array:
        """Return the outputs for the rows `X`, shape (n, m); in a stack also (k, n, m), rows of each member's own."""
        n = X.shape[-2]
        as_it_is = type(X) is np.ndarray and X.dtype == self._dtype and X.flags.carray  # C-ordered and writable
        if as_it_is and n < LANES and not self._stacked:
            self.layout.check_codes(X)
            result = np.empty((n, self._outputs), self._dtype)
            self._run(self._first, X, result)
            return result
        results = np.empty((len(self.flat), n, self._outputs), self._dtype)
        if as_it_is:
            self._fill(results, X)
        else:
            rows = max(AT_ONCE // self.inputs, LANES)
            for first in range(0, n, rows):
                part = part_of(X, first, first + rows)
                part = np.array(part.toarray() if issparse(part) else part, self._dtype, order="C")
                self._fill(results[:, first : first + rows], part)
        return results if self._stacked else results[0]

    def _fill(self, result: Array, X: Array) -> None:
        """Run all members over the rows, large jobs on several threads."""
        self.layout.check_codes(X)
        jobs = [(flat, X if X.ndim == 2 else X[j], result[j]) for j, flat in enumerate(self.flat)]
        if X.shape[-2] * self.flat.size >= PARALLEL_FROM:
            threads = thread_count()
            cuts = np.linspace(0, X.shape[-2], threads + 1).astype(int)
            pairs = list(pairwise(cuts))
            jobs = [(flat, rows[a:b], out[a:b]) for flat, rows, out in jobs for a, b in pairs]
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(lambda job: self._run(*job), jobs))
        else:
            for job in jobs:
                self._run(*job)

    def _run(self, flat: Array, X: Array, out: Array) -> None:
        try:
            units, scratch, table, power, bits = self._memory.arrays
        except AttributeError:
            units, scratch, table, power, bits = self._memory.arrays = self._scratch()
        layout = self.layout
        run_forward(X, layout.columns, layout.layers, layout.alphas, flat, units, scratch, table, power, bits, out)

    def _scratch(self) -> tuple[Array, ...]:
        """Return memory for a block of activations: each thread has its own."""
        power = aligned((CHUNK,), self._dtype)
        bits = power.view(np.int32 if self._dtype == np.float32 else np.int64)
        units = aligned((self.layout.units * BLOCK,), self._dtype)
        return units, aligned((2, CHUNK), self._dtype), constants(self._dtype), power, bits
