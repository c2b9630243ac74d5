"""The networks of the tabular estimators: made from what the encoder gives, started from the rows, k of them stacked.

RealMLP's: Holzmüller, Grinsztajn and Steinwart (2024), "Better by Default". Its products are scaled by 1/√m (the "NTK
parametrisation"). Under Adam, ``W/√m`` learned at the rate η is ``W`` learned at η/√m, so the networks here have plain
layers, and `factors` has the rest.
"""

from collections.abc import Sequence
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward import nn
from feedforward.estimators.presets import Preset
from feedforward.nn.columns import Places
from feedforward.tables.layout import Block

Array = NDArray[Any]
_START_ROWS = 8192  # rows that the start looks at: its statistics need no more
_FEW_ROWS = 512  # rows that it looks at in any case
_ACTIVATIONS = {"selu": nn.SELU, "mish": nn.Mish}


def stacked_members(
    preset: Preset,
    activation: str,
    blocks: Sequence[Block],
    X: Array,
    rows: Array,
    t: int,
    seed: int,
    seconds: float = np.inf,
) -> nn.Sequential:
    """Return k untrained networks as one stack, each started from the rows that it learns from.

    Parameters
    ----------
    preset : Preset
    activation : str
        "selu" or "mish".
    blocks : sequence of Block
        What the columns of `X` are.
    X : array of shape (n, m)
    rows : array of shape (k, n_j)
        Those that each member learns from.
    t : int
        Outputs.
    seed : int
        Member j is drawn from (seed, j), so it does not depend on how many there are.
    seconds : float
        That this may take: the start then looks at as many rows as there is time for.
    """
    members, parts = [], _parts(blocks, X)
    begun, most = perf_counter(), _START_ROWS if np.isinf(seconds) else _FEW_ROWS
    for j, own in enumerate(rows):
        started = perf_counter()
        rng = np.random.default_rng([seed, j])
        network = _network(preset, preset.sigmas[j % len(preset.sigmas)], activation, parts, t, rng)
        some = own if len(own) <= most else rng.choice(own, most, replace=False)
        nn.start_from_rows(network, X[np.sort(some)], rng)
        members.append(network.copy(np.float32))
        now = perf_counter()
        share = max(begun + seconds - now, 0.0) / max(len(rows) - len(members), 1)  # of each that is still to come
        most = int(np.clip(len(some) * share / (now - started), _FEW_ROWS, _START_ROWS))
    return nn.stack(members)


def _parts(blocks: Sequence[Block], X: Array) -> list[tuple[str, Places, int]]:
    """Return kind, columns and levels of what a layer of its own reads.

    A number that has two values is a flag: a wave says no more of it.
    """
    parts: list[tuple[str, Places, int]] = []
    for block in blocks:
        if block.kind != "number":
            parts.append((block.kind, (block.first, block.stop), block.levels))
            continue
        values = X[:, block.first : block.stop]
        is_flag = ((values == values.min(axis=0)) | (values == values.max(axis=0))).all(axis=0)
        for kind, places in (("number", np.flatnonzero(~is_flag)), ("flag", np.flatnonzero(is_flag))):
            if places.size:
                parts.append((kind, (block.first + places).tolist(), 0))
    return parts


def _network(
    preset: Preset,
    sigma: float,
    activation: str,
    parts: Sequence[tuple[str, Places, int]],
    t: int,
    rng: np.random.Generator,
) -> nn.Sequential:
    columns: list[tuple[Places, nn.Layer]] = []
    width = 0
    for kind, places, levels in parts:
        m = places[1] - places[0] if isinstance(places, tuple) else len(places)
        layer, outputs = _first_layer(preset, sigma, kind, m, levels, rng)
        columns.append((places, layer))
        width += outputs
    layers: list[nn.Layer] = [nn.Columns(columns), nn.Scale(width)]
    for h in preset.hidden_sizes:
        layers += [nn.Linear(width, h, rng=rng), nn.ParametricActivation(_ACTIVATIONS[activation](), h)]
        if preset.dropout > 0:
            layers.append(nn.Dropout(preset.dropout))
        width = h
    return nn.Sequential(*layers, nn.Linear(width, t, rng=rng))


def _first_layer(
    preset: Preset, sigma: float, kind: str, m: int, levels: int, rng: np.random.Generator
) -> tuple[nn.Layer, int]:
    """Return the layer that reads m columns of a kind, and the number of its outputs."""
    if kind == "code":
        return nn.Embedding(levels, preset.embedding, rng=rng), preset.embedding
    if kind == "number":
        periodic = nn.PeriodicEmbedding(m, preset.frequencies, preset.width, sigma, rng=rng)
        return periodic, m * preset.width
    return nn.Identity(), m


def factors(network: nn.Sequential) -> tuple[dict[str, float], dict[str, float]]:
    """Return the factors of every parameter on the learning rate and on the weight decay, as RealMLP has them.

    An update shrinks a parameter by rate · decay · both factors.

    Examples
    --------
    >>> rates, decays = factors(nn.Sequential(nn.Scale(4), nn.Linear(4, 2)))
    >>> rates["0.scale"], rates["1.weight"], decays["1.weight"], decays["1.bias"]
    (6.0, 0.5, 2.0, 0.0)
    """
    rates: dict[str, float] = {}
    decays: dict[str, float] = {}
    for name in network.parameters():
        place, _, own = name.partition(".")
        layer = network[int(place)]
        rate, decay = 1.0, 1.0
        if isinstance(layer, nn.Linear):
            root = float(np.sqrt(layer.in_features))
            rate, decay = (1 / root, root) if own == "weight" else (0.1, 0.0)
        elif isinstance(layer, nn.Scale):
            rate = decay = 6.0
        elif isinstance(layer, nn.ParametricActivation) or not own.endswith("weight"):  # periodic embeddings
            rate = decay = 0.1
        rates[name], decays[name] = rate, decay
    return rates, decays
