"""How a network, a loss and an optimizer become tables and codes, and parameters one flat array."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from feedforward import nn
from feedforward.nn.activations import Array

LINEAR, ACTIVATION, DROPOUT = range(3)
CODES: dict[type[nn.Layer], int] = {
    layer: code
    for code, layer in enumerate(
        (
            nn.Identity,
            nn.Sigmoid,
            nn.Tanh,
            nn.ReLU,
            nn.LeakyReLU,
            nn.ELU,
            nn.SELU,
            nn.GELU,
            nn.SiLU,
            nn.Mish,
            nn.Softplus,
        )
    )
}
SLOPE_NEEDS_NET_INPUT = (nn.GELU, nn.SiLU, nn.Mish, nn.Softplus)


@dataclass(frozen=True)
class Layout:
    """A network as the compiled passes read it.

    Attributes
    ----------
    layers : array of int64, shape (L, 10)
        A row a layer: its kind, inputs, outputs, places of weight and bias among the parameters, code of the activation,
        and the units where it reads, puts its net input, and puts its result; its place in the network.
    alphas, shares : arrays of shape (L,)
        Each layer's slope or bend, and its dropout.
    units : int
        Numbers kept for a row of a batch.
    widest : int
        Units of the widest layer.
    """

    layers: Array
    alphas: Array
    shares: Array
    units: int
    widest: int


def is_supported(network: nn.Sequential) -> bool:
    """Whether the compiled passes know every layer of `network`.

    Examples
    --------
    >>> is_supported(nn.Sequential(nn.Linear(2, 1), nn.Tanh())), is_supported(nn.Sequential(nn.Sequential()))
    (True, False)
    """
    return bool(network.parameters()) and all(type(layer) in (nn.Linear, nn.Dropout, *CODES) for layer in network)


def layout_of(network: nn.Sequential, inputs: int) -> Layout:
    """Return the tables of a network that `unsupported` has nothing against.

    A Linear and the activation after it are one row; the net input is kept only where the slope needs it.

    Examples
    --------
    >>> layout = layout_of(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)), 2)
    >>> layout.layers.shape, layout.units
    ((2, 10), 7)
    """
    table: list[list[int]] = []
    alphas, shares = [], []
    at, width, source, parameters, widest = inputs, inputs, 0, 0, inputs
    layers = list(network)
    place = 0
    while place < len(layers):
        layer, weight, bias = layers[place], -1, -1
        kind, outputs, share, activation = ACTIVATION, width, 0.0, nn.Identity()
        if isinstance(layer, nn.Linear):
            kind, outputs, weight = LINEAR, layer.out_features, parameters
            parameters += outputs * width
            if layer.bias is not None:
                bias, parameters = parameters, parameters + outputs
            if place + 1 < len(layers) and isinstance(layers[place + 1], nn.ActivationLayer):
                place += 1
                activation = layers[place]
        elif isinstance(layer, nn.Dropout):
            kind, share = DROPOUT, layer.p
        else:
            activation = layer
        keeps_input = isinstance(activation, SLOPE_NEEDS_NET_INPUT) or alpha_of(activation) < 0
        net_input = at
        at += outputs
        result = at if keeps_input and kind != DROPOUT else net_input
        at += outputs if result != net_input else 0
        table.append([kind, width, outputs, weight, bias, CODES[type(activation)], source, net_input, result, place])
        alphas.append(alpha_of(activation))
        shares.append(share)
        source, width, widest, place = result, outputs, max(widest, outputs), place + 1
    return Layout(np.array(table, np.int64), np.array(alphas, network.dtype), np.array(shares), at, widest)


def alpha_of(activation: Any) -> float:
    """Return the slope of a LeakyReLU or the bend of an ELU, else 0.

    Examples
    --------
    >>> alpha_of(nn.LeakyReLU(0.1)), alpha_of(nn.ReLU())
    (0.1, 0.0)
    """
    return float(getattr(activation, "negative_slope", getattr(activation, "alpha", 0.0)))
