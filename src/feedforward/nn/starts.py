"""A start drawn with the rows at hand: every net input spreads by 1, and every unit bends somewhere among the rows."""

from functools import reduce

import numpy as np
from numpy.typing import ArrayLike

from feedforward.errors import InputError
from feedforward.nn.activations import Array
from feedforward.nn.columns import Columns
from feedforward.nn.initializers import RNG, Rng
from feedforward.nn.layers import Layer, Linear
from feedforward.nn.rows import as_numbers
from feedforward.nn.sequential import Sequential
from feedforward.validation import check_kind, check_setting

ENOUGH = 2**15  # rows that show a spread to half a percent
TOGETHER = 5  # rows between which a unit has its bend


def start_from_rows(network: Sequential, X: ArrayLike, rng: Rng) -> None:
    """Draw the weights and biases of every `Linear` anew, in place, with what the rows make of them.

    From the first layer to the last, each reading what the layers before it make of the rows, without dropout:

    - weights are drawn from ``N(0, 1)``, and those of each unit divided by the standard deviation of their
      ``Σ w x`` over the rows (where that is constant, by ``√m`` alone);
    - each bias is ``b = −Σᵢ cᵢ zᵢ``, the net inputs z without bias of 5 random rows, in random proportions
      ``c ~ Dirichlet(1, …, 1)``: the unit's net input is 0 at a point between these rows.

    Other layers keep their parameters. Holzmüller, Grinsztajn and Steinwart (2024), Better by default,
    arXiv:2407.04491.

    Parameters
    ----------
    network : Sequential
        A single network: stack networks after their start, so that each is drawn as it would be alone.
    X : array-like of shape (n, m)
        Rows to train on; of more than 32768, as many are drawn.
    rng : numpy.random.Generator or numpy.random.RandomState

    Raises
    ------
    SettingError
        If `rng` is not a generator.
    InputError
        If `network` is no network or a stack, there are no rows, or they do not fit.

    Examples
    --------
    >>> from feedforward import nn
    >>> net = nn.Sequential(nn.Linear(3, 100))
    >>> X = np.random.default_rng(0).normal(50.0, 10.0, (200, 3))
    >>> start_from_rows(net, X, np.random.default_rng(1))
    >>> bool(np.allclose(net(X).std(axis=0), 1.0))
    True
    """
    check_kind("start_from_rows", "network", network, Sequential, "a feedforward.nn.Sequential")
    check_setting("start_from_rows", "rng", rng, RNG)
    rows = as_numbers("start_from_rows", X, network.dtype)
    if network.members is not None:
        raise InputError(
            "start_from_rows takes a single network, and this is a stack: start each before stacking them."
        )
    if rows.ndim != 2 or not len(rows):
        raise InputError(f"start_from_rows needs one row or more, shape ('n', 'm'); got shape {rows.shape}.")
    if not np.isfinite(rows).all():
        i, j = np.argwhere(~np.isfinite(rows))[0].tolist()
        raise InputError(
            f"start_from_rows: X contains {rows[i, j]} in row {i} (counted from 0), column {j}. Give finite numbers."
        )
    network(rows[:1])  # whatever does not fit is found before anything is changed
    if len(rows) > ENOUGH:
        rows = rows[np.sort(rng.choice(len(rows), ENOUGH, replace=False))]
    _start(network, rows, rng)


def _start(layer: Layer, x: Array, rng: Rng) -> Array:
    """Start one layer, and return what it makes of the rows `x`."""
    if isinstance(layer, Sequential):
        return reduce(lambda rows, inner: _start(inner, rows, rng), layer.layers, x)
    if isinstance(layer, Columns):
        return np.concatenate([_start(inner, columns, rng) for inner, columns in layer.read(x)], axis=-1)
    if isinstance(layer, Linear):
        _start_linear(layer, x, rng)
    return layer(x)


def _start_linear(layer: Linear, x: Array, rng: Rng) -> None:
    layer.weight[...] = rng.standard_normal(layer.weight.shape)
    z = x @ layer.weight.T
    spread = z.std(axis=0, dtype=np.float64)
    flat = spread <= 1e-6 * np.abs(z).max(axis=0)
    spread[flat] = np.sqrt(layer.in_features)
    layer.weight /= spread[:, None].astype(layer.weight.dtype)
    if layer.bias is not None:
        units = np.arange(layer.out_features)[:, None]
        rows = rng.choice(len(x), (layer.out_features, TOGETHER))
        shares = rng.dirichlet(np.ones(TOGETHER), layer.out_features)
        layer.bias[...] = -(shares * z[rows, units]).sum(axis=1) / spread
