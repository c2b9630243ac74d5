"""How a network, a loss and an optimizer become tables and codes, and parameters one flat array."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from feedforward import nn
from feedforward.errors import InputError
from feedforward.nn.activations import Array

# A layer is a row of a table of whole numbers, and these are its columns. Places of activations count units.
KIND, INPUTS, OUTPUTS, WEIGHT, BIAS, CODE, SOURCE, NET_INPUT, RESULT, PLACE = range(10)
LINEAR, ACTIVATION, DROPOUT = range(3)  # its kind
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
_LAYERS = (nn.Linear, nn.Dropout, *CODES)
_LOSSES = (nn.CrossEntropyLoss, nn.MSELoss, nn.HuberLoss, nn.BCEWithLogitsLoss)
_OPTIMIZERS = (nn.SGD, nn.RMSprop, nn.Adam, nn.AdamW)
SLOPE_NEEDS_NET_INPUT = (nn.GELU, nn.SiLU, nn.Mish, nn.Softplus)


@dataclass(frozen=True)
class Layout:
    """A network as the compiled passes read it.

    Attributes
    ----------
    layers : array of int64, shape (L, 10)
        A row a layer: its kind, inputs, outputs, places of weight and bias among the parameters, code of the
        activation, and the units where it reads, puts its net input, and puts its result; its place in the network.
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
    kinds = {type(layer) for layer in network.layers}
    return nn.Linear in kinds and kinds.issubset(_LAYERS)


def unsupported(network: nn.Sequential, loss: nn.Loss, optimizer: nn.Optimizer) -> str | None:
    """Return what the compiled engine cannot do here, in words; None if it can do all.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(2, 1))
    >>> unsupported(net, nn.MSELoss(), nn.SGD(0.1)), unsupported(nn.Sequential(net), nn.MSELoss(), nn.SGD(0.1))
    (None, 'layer 0 is a Sequential')
    """
    for place, layer in enumerate(network):
        if type(layer) not in _LAYERS:
            return f"layer {place} is a {type(layer).__name__}"
    if not network.parameters():
        return "the network has no parameters"
    if type(loss) not in _LOSSES:
        return f"the loss is {loss!r}"
    if type(optimizer) not in _OPTIMIZERS:
        return f"the optimizer is {optimizer!r}"
    return None


def layout_of(network: nn.Sequential, inputs: int) -> Layout:
    """Return the tables of a network that `unsupported` has nothing against.

    A Linear and the activation after it are one row; the net input is kept only where the slope needs it.

    Examples
    --------
    >>> layout = layout_of(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)), 2)
    >>> layout.layers.shape, layout.units
    ((2, 10), 7)
    """
    table, alphas, shares = [], [], []
    at, width, source, parameters, place = inputs, inputs, 0, 0, 0
    while place < len(network):
        layer, following = network[place], network[place + 1] if place + 1 < len(network) else None
        kind, outputs, weight, bias, activation = ACTIVATION, width, -1, -1, layer
        if isinstance(layer, nn.Linear):
            _check_shapes(network, place, width)
            kind, outputs, weight, activation = LINEAR, layer.out_features, parameters, nn.Identity()
            parameters += outputs * width
            if layer.bias is not None:
                bias, parameters = parameters, parameters + outputs
            if isinstance(following, nn.ActivationLayer):
                activation, place = following, place + 1
        elif isinstance(layer, nn.Dropout):
            kind, activation = DROPOUT, nn.Identity()
        alpha = alpha_of(activation)
        net_input, at = at, at + outputs
        result = net_input
        if isinstance(activation, SLOPE_NEEDS_NET_INPUT) or alpha < 0:
            result, at = at, at + outputs
        table.append([kind, width, outputs, weight, bias, CODES[type(activation)], source, net_input, result, place])
        alphas.append(alpha)
        shares.append(layer.p if isinstance(layer, nn.Dropout) else 0.0)
        source, width, place = result, outputs, place + 1
    layers = np.array(table, np.int64)
    widest = int(layers[:, [INPUTS, OUTPUTS]].max())
    return Layout(layers, np.array(alphas, network.dtype), np.array(shares), at, widest)


def _check_shapes(network: nn.Sequential, place: int, width: int) -> None:
    """Raise `InputError` for what a compiled pass would read beyond: it asks no more."""
    layer, dtype, members = network[place], network.dtype, network.members
    h, m = layer.out_features, layer.in_features
    if m != width:
        raise InputError(f"layer {place} ({layer!r}) expects {m} columns and gets {width}.")
    for name, own in (("weight", (h, m)), ("bias", (h,))):
        array, shape = getattr(layer, name), own if members is None else (members, *own)
        if array is None and name == "bias":
            continue
        if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != dtype:
            what = f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
            raise InputError(f"layer {place} ({layer!r}) needs a {name} of {dtype}, shape {shape}; it has {what}.")


def alpha_of(activation: Any) -> float:
    """Return the slope of a LeakyReLU or the bend of an ELU, else 0.

    Examples
    --------
    >>> alpha_of(nn.LeakyReLU(0.1)), alpha_of(nn.ReLU())
    (0.1, 0.0)
    """
    return float(getattr(activation, "negative_slope", getattr(activation, "alpha", 0.0)))
