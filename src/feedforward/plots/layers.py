"""What a drawing of a network shows: the units of each layer as a column, and the numbers between two columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.errors import InputError
from feedforward.nn.arithmetic import Symbol
from feedforward.nn.blocks import lowered, raised
from feedforward.nn.columns import Columns
from feedforward.nn.layers import Dropout, Layer, Linear, in_one_line
from feedforward.nn.scaling import ParametricActivation, Scale
from feedforward.nn.sequential import Sequential
from feedforward.nn.trace import Trace, leaves
from feedforward.plots.style import shortened
from feedforward.validation import kind

Array = NDArray[Any]

_UNIT_BY_UNIT = (Scale, ParametricActivation)
GAP = 2  # circles that the dots of a column take the place of


@dataclass(frozen=True)
class Column:
    """The inputs, or the units of one layer of weights and what follows it.

    Attributes
    ----------
    role : str
        "inputs", "hidden 1", "outputs".
    width : int
        How many there are.
    shown : array of int
        Those that are drawn, counted from 0: all, or the first and the last few.
    symbol : Symbol
        The letter of its numbers.
    linear : Linear or None
        The weights that lead to it.
    names : tuple of str
        Of its layers in the network, first to last.
    follows : tuple of str
        What comes after the weights: "Sigmoid", "Dropout 0.5".
    """

    role: str
    width: int
    shown: NDArray[np.intp]
    symbol: Symbol
    linear: Linear | None
    names: tuple[str, ...]
    follows: tuple[str, ...]

    @property
    def left_out(self) -> int:
        """How many units are not drawn."""
        return self.width - len(self.shown)

    @property
    def slots(self) -> int:
        """The height of the column, in circles."""
        return len(self.shown) + GAP * bool(self.left_out)

    @property
    def caption(self) -> list[str]:
        """What stands above it, line by line."""
        what = "feature" if self.linear is None else "unit"
        return [self.role, f"{self.width:,} {what}{'s' * (self.width > 1)}", *self.follows]

    @property
    def gap_caption(self) -> str:
        """What stands below the dots, where units are left out."""
        return f"{self.left_out:,} more"

    @property
    def weights_caption(self) -> list[str]:
        """What stands below the lines that lead to it."""
        if self.linear is None:
            return []
        top = raised(self.symbol.layer)
        return [f"{letter}{top} {array.shape}" for letter, array in zip("Wb", _arrays(self.linear), strict=False)]

    def unit_names(self, given: Sequence[str] | None) -> list[str]:
        """Return what the units drawn are called: by `given` names, else by their symbol."""
        if given is None:
            return [f"{self.symbol}{lowered(int(place))}" for place in self.shown]
        return [shortened(given[place], 20) for place in self.shown]


def read_columns(owner: str, net: Any, max_units: int) -> list[Column]:
    """Return the columns of a network.

    Raises
    ------
    InputError
        If `net` is no single network of Linear layers and layers that keep the number of units.

    Examples
    --------
    >>> from feedforward import nn
    >>> net = nn.Sequential(nn.Linear(64, 10), nn.ReLU(), nn.Linear(10, 2))
    >>> [(column.role, column.shown.tolist(), column.follows) for column in read_columns("network", net, 4)]
    [('inputs', [0, 63], ()), ('hidden', [0, 9], ('ReLU',)), ('outputs', [0, 1], ())]
    """
    layers = _checked(owner, net)
    first = next(i for i, (_, layer) in enumerate(layers) if isinstance(layer, Linear))
    groups: list[list[tuple[str, Layer]]] = [layers[:first]]
    for name, layer in layers[first:]:
        if isinstance(layer, Linear):
            groups.append([])
        groups[-1].append((name, layer))
    columns, symbol = [], Symbol("x", 0)
    for i, group in enumerate(groups):
        for _, layer in group:
            symbol = symbol.after(linear=isinstance(layer, Linear))
        linear = group[0][1] if i and isinstance(group[0][1], Linear) else None
        width = layers[first][1].in_features if linear is None else linear.out_features
        names = tuple(name for name, _ in group)
        follows = tuple(_title(layer) for _, layer in group if layer is not linear)
        columns.append(Column(_role(i, len(groups)), width, _shown(width, max_units), symbol, linear, names, follows))
    return columns


def _checked(owner: str, net: Any) -> list[tuple[str, Any]]:
    """Return the layers by name, if each fits the one before."""
    if not isinstance(net, Sequential):
        has_one = isinstance(getattr(net, "network_", None), Sequential)
        remedy = "Give its network_." if has_one else "Give an nn.Sequential; of a fitted MLP its network_."
        raise InputError(f"{owner} draws an nn.Sequential; got {kind(net)}. {remedy}")
    if net.members is not None:
        raise InputError(f"{owner} draws one network; this is a stack of several. Draw a member: nn.unstack(net)[0].")
    layers = [(".".join(map(str, place)), layer) for place, layer in leaves(net)]
    if not any(isinstance(layer, Linear) for _, layer in layers):
        raise InputError(f"{owner} draws the weights of Linear layers, and this network has none: {net!r}.")
    width = None
    for name, layer in layers:
        if isinstance(layer, Linear):
            if width not in (None, layer.in_features):
                raise InputError(f"{owner}: layer {name} ({layer!r}) follows {width} units: the layers do not fit.")
            width = layer.out_features
        elif isinstance(layer, Columns) or (layer.parameters() and not isinstance(layer, _UNIT_BY_UNIT)):
            raise InputError(
                f"{owner} draws Linear layers and layers that treat each unit by itself; layer {name} "
                f"({in_one_line(layer)}) is neither."
            )
    return layers


def _role(i: int, columns: int) -> str:
    if i == 0:
        return "inputs"
    if i == columns - 1:
        return "outputs"
    return f"hidden {i}" if columns > 3 else "hidden"


def _shown(width: int, max_units: int) -> NDArray[np.intp]:
    if width <= max_units:
        return np.arange(width)
    first = (max_units - GAP + 1) // 2
    last = max_units - GAP - first
    return np.concatenate([np.arange(first), np.arange(width - last, width)])


def _title(layer: Layer) -> str:
    if isinstance(layer, ParametricActivation):
        return f"parametric {type(layer.activation).__name__}"
    return f"Dropout {layer.p:g}" if isinstance(layer, Dropout) else type(layer).__name__


def _arrays(linear: Linear) -> list[Array]:
    return list(linear.parameters().values())


def check_step(owner: str, net: Sequential, step: Trace, row: int) -> None:
    """Raise `InputError` unless `step` is a step of `net` as it is, and has the row.

    Examples
    --------
    >>> from feedforward import nn
    >>> net, other = nn.Sequential(nn.Linear(2, 1)), nn.Sequential(nn.Linear(2, 1))
    >>> check_step("network", net, nn.trace(other, nn.MSELoss(), [1.0, 2.0], [0.0]), 0)
    Traceback (most recent call last):
    feedforward.errors.InputError: network: step is one of another network, or of this one before it learned ...
    """
    if not isinstance(step, Trace):
        raise InputError(f"{owner}: step must be what nn.trace returns; got {kind(step)}.")
    if repr(net) != repr(step.network):
        other = " ".join(repr(step.network).split())
        raise InputError(f"{owner}: step is one of another network: {other}. Trace a step of this one.")
    before = step.network.parameters()
    for name, array in net.parameters().items():
        if not np.array_equal(array, before[name], equal_nan=True):
            raise InputError(
                f"{owner}: step is one of another network, or of this one before it learned ({name} differs). "
                "Draw step.network, or trace a new step."
            )
    n = len(step.inputs)
    if not 0 <= row < n:
        raise InputError(f"{owner}: row must be one of the step's, from 0 to {n - 1}; got {row}.")


def row_values(column: Column, step: Trace, row: int) -> Array:
    """Return the numbers of one row in the units drawn: inputs or activations.

    Examples
    --------
    >>> from feedforward import nn
    >>> net = nn.Sequential(nn.Linear(2, 1))
    >>> row_values(read_columns("network", net, 4)[0], nn.trace(net, nn.MSELoss(), [1.0, 2.0], [0.0]), 0)
    array([1., 2.])
    """
    numbers: Array = (step.outputs[column.names[-1]] if column.names else step.inputs)[row, column.shown]
    return numbers


def edge_values(before: Column, column: Column, step: Trace | None, kind: str) -> Array:
    """Return the weights between the units drawn, shape (to, from), or their gradients or updates in a step.

    Examples
    --------
    >>> from feedforward import nn
    >>> net = nn.Sequential(nn.Linear(20, 10))
    >>> inputs, outputs = read_columns("network", net, 4)
    >>> edge_values(inputs, outputs, None, "weights").shape
    (2, 2)
    """
    assert column.linear is not None
    matrix = column.linear.weight
    if step is not None and kind != "weights":
        matrix = getattr(step, kind)[f"{column.names[0]}.weight"]
    values: Array = matrix[np.ix_(column.shown, before.shown)]
    return values
