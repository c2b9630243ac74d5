"""A trained network made smaller for prediction: what multiplies before or after a layer is multiplied into it."""

import numpy as np
from numpy.typing import ArrayLike

from feedforward.errors import InputError
from feedforward.nn.activations import Array
from feedforward.nn.columns import Columns
from feedforward.nn.layers import Dropout, Identity, Layer, Linear
from feedforward.nn.scaling import Scale
from feedforward.nn.sequential import Sequential
from feedforward.validation import check_kind


def fold(network: Sequential, scale: ArrayLike | None = None, shift: ArrayLike | None = None) -> Sequential:
    """Return a network that computes the same with fewer layers, for prediction.

    A `Scale` is multiplied into the `Linear` after it, ``W (s ⊙ x) + b = (W ⊙ s) x + b``; `Dropout` is left out, and so
    are `Identity` layers; networks within become part of this one. Its outputs are those of `network` times `scale`
    plus `shift`, folded into the last `Linear`: ``(scale ⊙ W) x + scale ⊙ b + shift``.

    Parameters
    ----------
    network : Sequential
        Possibly a stack of k. It is not changed, and no array is shared with it.
    scale, shift : array-like of shape (t,), or (k, t) for a stack, optional
        Such as the standard deviation and the mean of targets that were standardised for training.

    Raises
    ------
    InputError
        If `network` is none, or, with `scale` or `shift`, if it does not end in a `Linear`, or they have other shapes
        or numbers that are not finite.

    Examples
    --------
    >>> from feedforward import nn
    >>> net = nn.Sequential(nn.Scale(2), nn.Linear(2, 3), nn.ReLU(), nn.Dropout(0.1), nn.Linear(3, 1))
    >>> fold(net, scale=[10.0], shift=[50.0])
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): ReLU()
      (2): Linear(in_features=3, out_features=1, bias=True)
    )
    >>> X = np.ones((4, 2))
    >>> bool(np.allclose(fold(net, scale=[10.0], shift=[50.0])(X), 10 * net(X) + 50))
    True
    """
    check_kind("fold", "network", network, Sequential, "a feedforward.nn.Sequential")
    layers = _folded(network.copy())
    if scale is not None or shift is not None:
        last = layers[-1] if layers else None
        if not isinstance(last, Linear):
            raise InputError(f"fold: scale and shift need a Linear at the end of the network; there is {last!r}.")
        _change_outputs(last, _factors("scale", scale, 1.0, last), _factors("shift", shift, 0.0, last))
    return Sequential(*layers)


def _folded(network: Sequential) -> list[Layer]:
    """Return the layers that remain of `network`, whose arrays are changed."""
    remaining: list[Layer] = []
    for layer in _flat(network):
        if isinstance(layer, Linear):
            while remaining and _multiplies(remaining[-1], layer):
                remaining.pop()
        remaining.append(layer)
    return remaining


def _multiplies(before: Layer, linear: Linear) -> bool:
    """Multiply the layer before into the weights, if it is a `Scale` of their inputs; say whether it is."""
    if not isinstance(before, Scale) or before.features != linear.in_features:
        return False
    linear.weight = linear.weight * before.scale[..., None, :]
    return True


def _flat(network: Sequential) -> list[Layer]:
    found: list[Layer] = []
    for layer in network:
        if isinstance(layer, Sequential):
            found += _flat(layer)
        elif isinstance(layer, Columns):
            found.append(Columns(list(zip(layer.columns, map(_alone, layer.layers), strict=True))))
        elif not isinstance(layer, Dropout | Identity):
            found.append(layer)
    return found


def _alone(layer: Layer) -> Layer:
    """Return what remains of a layer that stands by itself: one layer."""
    layers = _folded(Sequential(layer))
    return layers[0] if len(layers) == 1 else Sequential(*layers) if layers else Identity()


def _factors(name: str, given: ArrayLike | None, otherwise: float, last: Linear) -> Array:
    shape = last.weight.shape[:-1]
    try:
        with np.errstate(over="ignore"):  # told below
            array = np.asarray(otherwise if given is None else given).astype(last.weight.dtype)
    except (TypeError, ValueError) as error:
        raise InputError(f"fold: {name} must be numbers; {error}.") from error
    if given is not None and array.shape not in (shape, shape[-1:]):
        raise InputError(f"fold: {name} must have a number for each output, shape {shape[-1:]}; got {array.shape}.")
    if not np.isfinite(array).all():
        raise InputError(f"fold: {name} must be finite in {array.dtype}; got {given!r}.")
    return np.broadcast_to(array, shape)


def _change_outputs(last: Linear, scale: Array, shift: Array) -> None:
    last.weight = last.weight * scale[..., None]
    last.bias = shift.copy() if last.bias is None else last.bias * scale + shift
