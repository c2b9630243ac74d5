"""Layers made of layers: their parameters by name, their copies, and the place of a layer that an input does not fit.

`Sequential` feeds each of them with the output of the one before; `Columns` feeds each with columns of its own.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from feedforward.errors import InputError
from feedforward.nn.activations import Array
from feedforward.nn.layers import Layer, in_one_line

L = TypeVar("L", bound=Layer)


class Composite(Layer):
    """A layer made of ``layers``, whose parameters are theirs, each under ``"{place}.{name}"``.

    Attributes
    ----------
    layers : tuple of Layer

    Examples
    --------
    >>> from feedforward import nn
    >>> net = nn.Sequential(nn.Linear(2, 1), nn.Scale(1))
    >>> isinstance(net, Composite), list(net.parameters())
    (True, ['0.weight', '0.bias', '1.scale'])
    """

    layers: tuple[Layer, ...]

    def parameters(self) -> dict[str, Array]:
        """Return all arrays that training changes, live, under the names of torch's ``state_dict``."""
        return by_name({i: layer.parameters() for i, layer in enumerate(self.layers)})


def by_name(found: Mapping[int, Mapping[str, Array]]) -> dict[str, Array]:
    """Return arrays by the parameters' names, and in their order, from those of each layer.

    Examples
    --------
    >>> list(by_name({1: {"scale": np.ones(2)}, 0: {"weight": np.ones((1, 2))}}))
    ['0.weight', '1.scale']
    """
    return {f"{i}.{name}": array for i in sorted(found) for name, array in found[i].items()}


def members_of(layer: Layer) -> int | None:
    """Return how many layers are stacked in this one; None for a single one, or where nothing tells.

    A stack has one axis more than ``layer.dimensions`` says, in each of its arrays.

    Examples
    --------
    >>> from feedforward import nn
    >>> members_of(nn.Scale(4)), members_of(nn.stack([nn.Sequential(nn.Scale(4))] * 3))
    (None, 3)
    """
    if isinstance(layer, Composite):
        return next((k for k in map(members_of, layer.layers) if k is not None), None)
    arrays = [(array, layer.dimensions[name]) for name, array in layer.parameters().items() if name in layer.dimensions]
    stacked = bool(arrays) and all(np.ndim(array) == single + 1 for array, single in arrays)
    return len(arrays[0][0]) if stacked else None


def rebuilt(twins: Sequence[L], array_from: Callable[[list[Array]], Array]) -> L:
    """Return a layer like each of `twins`, every parameter made by `array_from` from those of the twins.

    Examples
    --------
    >>> from feedforward import nn
    >>> rebuilt([nn.Scale(2), nn.Scale(2)], sum).scale
    array([2., 2.])
    """
    layer = copy.copy(twins[0])
    if isinstance(layer, Composite):
        children = zip(*(twin.layers for twin in twins if isinstance(twin, Composite)), strict=True)
        layer.layers = tuple(rebuilt(same, array_from) for same in children)
        return layer
    for name in layer.parameters():
        setattr(layer, name, array_from([twin.parameters()[name] for twin in twins]))
    return layer


def at_layer(place: int, layer: Layer, error: InputError, where: str = "") -> InputError:
    """Return `error` with the place of the layer that raised it, in one line: places of nested layers join by dots.

    Examples
    --------
    >>> from feedforward import nn
    >>> print(at_layer(0, nn.Sequential(), InputError("layer 2 (ReLU()) expects rows.")))
    layer 0.2 (ReLU()) expects rows.
    """
    problem, name = str(error), in_one_line(layer)
    if isinstance(layer, Composite) and problem.startswith("layer "):
        return InputError(f"layer {place}.{problem.removeprefix('layer ')}")
    return InputError(f"layer {place} ({name}{where}) {problem.removeprefix(f'{name} ')}")


def indented(lines: Sequence[tuple[str, Any]]) -> str:
    """Return the inside of a composite's repr: a line for each layer, those of nested ones further in.

    Examples
    --------
    >>> indented([("(0): ", np.float64(1))]).splitlines()
    ['', '  (0): np.float64(1.0)']
    """
    return "".join(f"\n  {label}" + repr(layer).replace("\n", "\n  ") for label, layer in lines) + "\n" * bool(lines)
