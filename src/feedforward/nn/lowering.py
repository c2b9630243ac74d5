"""A network as a list of primitive operations: what each layer is made of, written once for every export.

====================  ==============================================================================================
kind                  what it makes of its input x, in NumPy's words
====================  ==============================================================================================
columns               ``x[..., first:stop]``, or ``x[..., places]``
matmul                ``x @ constant``
add, multiply         ``x + constant``, ``x * constant``; of two inputs ``x + y``
subtract              ``x - y``
cos                   ``cos(x)``
lookup                ``constant[..., codes, :]``, the codes being the one column of x as whole numbers
concat                its inputs side by side, ``concatenate(inputs, axis=-1)``
repeat                (n, m) -> (k, n, m), the same for each member
features_first        (..., n, m) -> (..., m, n, 1)
features_last         (..., m, n, c) -> (..., n, m c)
"relu", "tanh", ...   the activation of this name
====================  ==============================================================================================
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from feedforward.errors import InputError
from feedforward.nn.activations import Array
from feedforward.nn.columns import Columns
from feedforward.nn.embeddings import Embedding, PeriodicEmbedding
from feedforward.nn.layers import (
    ELU,
    GELU,
    SELU,
    Dropout,
    Identity,
    Layer,
    LeakyReLU,
    Linear,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softplus,
    Tanh,
    in_one_line,
)
from feedforward.nn.scaling import ParametricActivation, Scale
from feedforward.nn.sequential import Sequential, unstack

INPUT = "x"

_ACTIVATIONS: dict[type[Layer], tuple[str, str | None]] = {  # name, and the attribute that is its setting
    Sigmoid: ("sigmoid", None),
    Tanh: ("tanh", None),
    ReLU: ("relu", None),
    LeakyReLU: ("leaky_relu", "negative_slope"),
    ELU: ("elu", "alpha"),
    SELU: ("selu", None),
    GELU: ("gelu", None),
    SiLU: ("silu", None),
    Mish: ("mish", None),
    Softplus: ("softplus", None),
}
ACTIVATION_NAMES = tuple(name for name, _ in _ACTIVATIONS.values())


@dataclass(frozen=True)
class Operation:
    """One step: `output` is what `kind` makes of the values `inputs`.

    Attributes
    ----------
    kind : str
        One of those above.
    inputs : tuple of str
    output : str
    constant : str or None
        The name of the array that is the second operand.
    setting : object
        Of columns the range (first, stop) or the places; of repeat the number of members; of an activation its slope
        or alpha, if it has one; of features_first whether x has the members' axis; of features_last that, and m c.
    layer : str
        The place and the repr of the layer that it is part of.
    """

    kind: str
    inputs: tuple[str, ...]
    output: str
    constant: str | None = None
    setting: Any = None
    layer: str = ""


@dataclass
class Program:
    """A network as operations, each on values that are there already: the input is ``"x"``.

    Attributes
    ----------
    operations : list of Operation
    constants : dict
        From name to array, named for the layer's place and the parameter; all of one dtype.
    output : str
        The value that is the network's output: (n, t), or (k, n, t) for k members.
    members : int or None
        How many, if more than one.
    dtype : numpy.dtype
    """

    members: int | None
    dtype: Any
    operations: list[Operation] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)
    output: str = INPUT


def lower(network: Sequential) -> Program:
    """Return a network, best a folded one, as primitive operations. A stack of one becomes a single network.

    Raises
    ------
    InputError
        If a layer is of a class of your own, or cannot be said in these operations; named by its place.

    Examples
    --------
    >>> from feedforward import nn
    >>> for operation in lower(nn.Sequential(nn.Linear(2, 3), nn.ReLU())).operations:
    ...     print(operation.output, "=", operation.kind, operation.inputs, operation.constant)
    x1 = matmul ('x',) layer_0_weight
    x2 = add ('x1',) layer_0_bias
    x3 = relu ('x2',) None
    """
    if network.members == 1:
        network = unstack(network)[0]
    lowering = _Lowering(Program(network.members, network.dtype))
    lowering.program.output = lowering.through(network, "", INPUT)
    if network.members and lowering.program.output not in lowering.stacked:
        lowering.program.output = lowering.repeated(lowering.program.output)
    return lowering.program


class _Lowering:
    """A program in the making; ``stacked`` are the values that have the members' axis."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.stacked: set[str] = set()
        self.place, self.layer = "", ""

    def through(self, layer: Layer, place: str, x: str) -> str:
        """Return the value that a layer at this place makes of x."""
        kind = type(layer)
        if isinstance(layer, Sequential):
            for i, inner in enumerate(layer.layers):
                x = self.through(inner, f"{place}.{i}" if place else str(i), x)
            return x
        if isinstance(layer, Columns):
            return self._columns(layer, place, x)
        self.place, self.layer = place, f"{place}: {in_one_line(layer)}"
        if kind in (Dropout, Identity):
            return x
        if kind in _ACTIVATIONS:
            return self._activation(layer, x)
        if kind not in _RULES:
            known = ", ".join(sorted(known.__name__ for known in (*_RULES, *_ACTIVATIONS, Columns, Sequential)))
            raise InputError(
                f"Layer {place} ({in_one_line(layer)}) cannot be exported: it is none of {known}. Build the network "
                "from these."
            )
        value: str = _RULES[kind](self, layer, x)
        return value

    def repeated(self, x: str) -> str:
        """Return x with the members' axis."""
        return x if x in self.stacked else self._add("repeat", x, setting=self.program.members)

    # Layers --------------------------------------------------------------------------------------------------------

    def _columns(self, layer: Columns, place: str, x: str) -> str:
        parts = []
        for i, (columns, inner) in enumerate(zip(layer.columns, layer.layers, strict=True)):
            self.layer = f"{place}.{i}: {in_one_line(inner)}"
            parts.append(self.through(inner, f"{place}.{i}", self._add("columns", x, setting=columns)))
        self.layer = f"{place}: Columns"
        return self._beside(parts)

    def _activation(self, layer: Layer, x: str) -> str:
        name, setting = _ACTIVATIONS[type(layer)]
        return self._add(name, x, setting=None if setting is None else float(getattr(layer, setting)))

    def linear(self, layer: Linear, x: str) -> str:
        x = self._with("matmul", x, "weight", layer.weight.swapaxes(-1, -2))
        return x if layer.bias is None else self._with("add", x, "bias", self._for_rows(layer.bias))

    def scale(self, layer: Scale, x: str) -> str:
        return self._with("multiply", x, "scale", self._for_rows(layer.scale))

    def parametric(self, layer: ParametricActivation, x: str) -> str:
        if type(layer.activation) is Identity:
            return x
        if type(layer.activation) not in _ACTIVATIONS:
            raise InputError(
                f"Layer {self.place} ({in_one_line(layer)}) cannot be exported: its activation is of a class of your "
                "own. Take one of feedforward.nn."
            )
        bend = self._add("subtract", self._activation(layer.activation, x), x)
        return self._add("add", x, self._with("multiply", bend, "alpha", self._for_rows(layer.alpha)))

    def embedding(self, layer: Embedding, x: str) -> str:
        if x in self.stacked:
            raise InputError(
                f"Layer {self.place} ({in_one_line(layer)}) cannot be exported: its codes are what members make of "
                "rows, each its own. Let it read a column of the rows."
            )
        return self._with("lookup", x, "weight", layer.weight)

    def periodic(self, layer: PeriodicEmbedding, x: str) -> str:
        waves = self._add("features_first", x, setting=x in self.stacked)
        waves = self._with("multiply", waves, "frequency", 2 * np.pi * layer.frequency[..., None, :])
        waves = self._add("cos", self._with("add", waves, "phase", layer.phase[..., None, :]))
        waves = self._with("matmul", waves, "projection", layer.projection.swapaxes(-1, -2))
        waves = self._with("add", waves, "shift", layer.shift[..., None, :])
        width = layer.features * (layer.width - 1)
        return self._beside([self._add("features_last", waves, setting=(waves in self.stacked, width)), x])

    # Operations ----------------------------------------------------------------------------------------------------

    def _for_rows(self, parameter: Array) -> Array:
        return parameter[:, None] if self.program.members else parameter

    def _beside(self, parts: Sequence[str]) -> str:
        if any(part in self.stacked for part in parts):
            parts = [self.repeated(part) for part in parts]
        return parts[0] if len(parts) == 1 else self._add("concat", *parts)

    def _with(self, kind: str, x: str, parameter: str, array: Array) -> str:
        name = f"layer_{self.place.replace('.', '_')}_{parameter}"
        self.program.constants[name] = np.ascontiguousarray(array, self.program.dtype)
        return self._add(kind, x, constant=name)

    def _add(self, kind: str, *inputs: str, constant: str | None = None, setting: Any = None) -> str:
        operations = self.program.operations
        output = f"x{len(operations) + 1}"
        operations.append(Operation(kind, inputs, output, constant, setting, self.layer))
        if kind == "repeat" or (constant and self.program.members) or any(x in self.stacked for x in inputs):
            self.stacked.add(output)
        return output


_RULES: dict[type[Layer], Any] = {
    Linear: _Lowering.linear,
    Scale: _Lowering.scale,
    ParametricActivation: _Lowering.parametric,
    Embedding: _Lowering.embedding,
    PeriodicEmbedding: _Lowering.periodic,
}
