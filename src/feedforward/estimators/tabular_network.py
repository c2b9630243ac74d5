"""The networks of the tabular estimators: made from what the encoder gives, started from the rows, k of them stacked.

RealMLP's: Holzmüller, Grinsztajn and Steinwart (2024), "Better by Default". Its products are scaled by 1/√m (the "NTK
parametrisation"). Under Adam, ``W/√m`` learned at the rate η is ``W`` learned at η/√m, so the networks here have plain
layers, and `factors` has the rest.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward import nn
from feedforward.estimators.presets import Preset
from feedforward.tables.layout import Block

Array = NDArray[Any]
_START_ROWS = 8192  # rows that the start looks at: its statistics need no more
_ACTIVATIONS = {"selu": nn.SELU, "mish": nn.Mish}


def stacked_members(
    preset: Preset, activation: str, blocks: Sequence[Block], X: Array, rows: Array, t: int, seed: int
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
    """
    members = []
    for j, own in enumerate(rows):
        rng = np.random.default_rng([seed, j])
        network = _network(preset, activation, blocks, t, rng)
        some = own if len(own) <= _START_ROWS else rng.choice(own, _START_ROWS, replace=False)
        nn.start_from_rows(network, X[np.sort(some)], rng)
        members.append(network.copy(np.float32))
    return nn.stack(members)


def _network(
    preset: Preset, activation: str, blocks: Sequence[Block], t: int, rng: np.random.Generator
) -> nn.Sequential:
    columns: list[tuple[tuple[int, int], nn.Layer]] = []
    width = 0
    for block in blocks:
        layer, outputs = _first_layer(preset, block, rng)
        columns.append(((block.first, block.stop), layer))
        width += outputs
    layers: list[nn.Layer] = [nn.Columns(columns), nn.Scale(width)]
    for h in preset.hidden_sizes:
        layers += [nn.Linear(width, h, rng=rng), nn.ParametricActivation(_ACTIVATIONS[activation](), h)]
        if preset.dropout > 0:
            layers.append(nn.Dropout(preset.dropout))
        width = h
    return nn.Sequential(*layers, nn.Linear(width, t, rng=rng))


def _first_layer(preset: Preset, block: Block, rng: np.random.Generator) -> tuple[nn.Layer, int]:
    """Return the layer that reads a block of columns, and the number of its outputs."""
    m = block.stop - block.first
    if block.kind == "code":
        return nn.Embedding(block.levels, preset.embedding, rng=rng), preset.embedding
    if block.kind == "number":
        periodic = nn.PeriodicEmbedding(m, preset.frequencies, preset.width, preset.sigma, rng=rng)
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
