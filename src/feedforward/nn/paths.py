"""Backpropagation the slow way: one weight, and every path on which it reaches the loss.

A weight moves one net input, that one activation, this all net inputs of the next layer, and so on up to the loss.
Along a path the slopes multiply (the chain rule); over the paths they add up. There are as many as all later widths
multiplied, for each row. Backpropagation gets the same sum in one sweep, by sharing what paths have in common.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import fsum, prod

from feedforward.errors import InputError
from feedforward.nn.arithmetic import Node
from feedforward.nn.blocks import Block, Line, Sections, lowered, number, operand, raised, to_html, to_text, total
from feedforward.nn.layers import ActivationLayer, Dropout, Linear, in_one_line

_SHOWN = 12


@dataclass(frozen=True)
class Path:
    """One path from a weight to the loss.

    Attributes
    ----------
    row : int
        The row of the batch, from 0.
    route : tuple of str
        What it passes, from the weight to ``"L"``.
    factors : tuple of (str, float)
        The slope of each piece of the way, by name.

    Examples
    --------
    >>> Path(0, ("W₁₁", "z₁", "L"), (("x₁", 2.0), ("δ₁", -0.5))).product
    -1.0
    """

    row: int
    route: tuple[str, ...]
    factors: tuple[tuple[str, float], ...]

    @property
    def product(self) -> float:
        """The slope of the whole way: its factors, multiplied."""
        return prod(value for _, value in self.factors)


@dataclass(frozen=True)
class Paths:
    """All paths from one weight to the loss: a sequence that prints as a table.

    Attributes
    ----------
    weight : str
        The parameter's name and the place in it, from 0.
    symbol : str
        How it is written in formulas, counted from 1.
    paths : tuple of Path
    backpropagation : float
        The same derivative, the fast way.

    Examples
    --------
    >>> from feedforward import nn
    >>> net = nn.Sequential(nn.Linear(1, 2, bias=False), nn.Linear(2, 1, bias=False))
    >>> net.load_parameters({"0.weight": [[2.0], [3.0]], "1.weight": [[5.0, 7.0]]})
    >>> print(nn.trace(net, nn.MSELoss(), [1.0], [30.0]).paths(("0.weight", (1, 0))))
    ∂L/∂W⁽¹⁾₂₁ the slow way: 0.weight[1, 0] reaches the loss on 1 path
    <BLANKLINE>
    PATHS: along each, the slopes multiply
    <BLANKLINE>
      W⁽¹⁾₂₁ → z⁽¹⁾₂ → z⁽²⁾₁ → L
        x₁·W⁽²⁾₁₂·δ⁽²⁾₁ = 1.0·7.0·2.0 = 14.0
    <BLANKLINE>
    SUM: the paths add up
    <BLANKLINE>
      backpropagation gets 14.0
        ∂L/∂W⁽¹⁾₂₁ = 14.0
    """

    weight: str
    symbol: str
    paths: tuple[Path, ...]
    backpropagation: float

    @property
    def sum(self) -> float:
        """``∂L/∂w``: the products of all paths, added up."""
        return fsum(path.product for path in self.paths)

    def __len__(self) -> int:
        return len(self.paths)

    def __iter__(self) -> Iterator[Path]:
        return iter(self.paths)

    def __getitem__(self, index: int) -> Path:
        return self.paths[index]

    def __str__(self) -> str:
        return to_text(*self._written())

    def _repr_html_(self) -> str:
        return to_html(*self._written())

    def _written(self) -> tuple[str, Sections]:
        several_rows = len({path.row for path in self.paths}) > 1
        blocks = []
        for path in self.paths[:_SHOWN]:
            symbols = "·".join(symbol for symbol, _ in path.factors)
            numbers = "·".join(operand(value) for _, value in path.factors)
            route = (f"row {path.row}: " if several_rows else "") + " → ".join(path.route)
            blocks.append(Block(route, "", [Line(symbols, numbers, path.product)]))
        if len(self) > _SHOWN:
            blocks.append(Block(f"… {len(self) - _SHOWN} more paths, in .paths", "", []))
        products = total([operand(path.product) for path in self.paths]) if len(self) > 1 else ""
        result = Block(
            f"backpropagation gets {number(self.backpropagation)}",
            "",
            [Line(f"∂L/∂{self.symbol}", products, self.sum)],
        )
        ways = "1 path" if len(self) == 1 else f"{len(self):,} paths"
        from_0 = ", rows counted from 0" if several_rows else ""
        return f"∂L/∂{self.symbol} the slow way: {self.weight} reaches the loss on {ways}{from_0}", [
            ("PATHS: along each, the slopes multiply", blocks),
            ("SUM: the paths add up", [result]),
        ]


def paths_to_loss(nodes: Sequence[Node], name: str, place: tuple[int, ...], limit: int) -> Paths:
    """Return all paths from one number of the parameter `name` to the loss.

    Parameters
    ----------
    nodes : list of Node
        The layers of a step.
    name : str
        As in ``network.parameters()``.
    place : tuple of int
        Where in that array, from 0.
    limit : int
        The most paths to list.

    Raises
    ------
    InputError
        If there is no such weight, the paths are too many, or they pass a layer that mixes units in a way of its own.

    Examples
    --------
    >>> from feedforward import nn
    >>> step = nn.trace(nn.Sequential(nn.Linear(2, 1)), nn.MSELoss(), [1.0, 2.0], [0.0])
    >>> len(paths_to_loss(step.nodes, "0.weight", (0, 1), limit=10))
    1
    """
    first, parameter = _find(nodes, name, place)
    later = nodes[nodes.index(first) + 1 :]
    for node in later:
        if not isinstance(node.layer, Linear | ActivationLayer | Dropout):
            raise InputError(
                f"paths: layer {node.name} ({in_one_line(node.layer)}) stands in the way; its paths are not known."
            )
    rows = range(len(first.x))
    widths = [node.output.shape[1] for node in later if isinstance(node.layer, Linear)]
    count = len(rows) * prod(widths)
    if count > limit:
        raise InputError(
            f"paths: {name}{list(place)} reaches the loss on {count:,} paths, more than limit={limit:,}. Take fewer "
            f"rows or a smaller network; backpropagation's sum of them all is gradients[{name!r}]{list(place)}."
        )
    found = (_path(first, later, parameter, place, row, units) for row in rows for units in _choices(widths))
    return Paths(
        f"{name}{list(place)}",
        _letter(first, parameter) + lowered(*place),
        tuple(found),
        float(first.gradients[parameter][place]),
    )


def _choices(widths: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """All ways to take one unit of each later layer of weights."""
    return product(*map(range, widths))


def _path(
    first: Node, later: Sequence[Node], parameter: str, place: tuple[int, ...], row: int, units: tuple[int, ...]
) -> Path:
    unit, choices = place[0], iter(units)
    route = [_letter(first, parameter) + lowered(*place), first.symbol.of(unit)]
    if parameter == "weight":
        factors = [(first.before.of(place[1]), float(first.x[row, place[1]]))]
    else:
        factors = [("1", 1.0)]
    last = first
    for node in later:
        if isinstance(node.layer, Linear):
            source, unit = unit, next(choices)
            factors.append((_letter(node, "weight") + lowered(unit, source), float(node.layer.weight[unit, source])))
        else:
            letter = f"σ′({node.before.of(unit)})" if isinstance(node.layer, ActivationLayer) else f"d{lowered(unit)}"
            factors.append((letter, float(node.slope[row, unit])))
        route.append(node.symbol.of(unit))
        last = node
    factors.append((last.symbol.gradient_of(unit), float(last.delta[row, unit])))
    return Path(row, (*route, "L"), tuple(factors))


def _letter(node: Node, parameter: str) -> str:
    return {"weight": "W", "bias": "b"}[parameter] + raised(node.symbol.layer)


def _find(nodes: Sequence[Node], name: str, place: tuple[int, ...]) -> tuple[Node, str]:
    node_name, _, parameter = name.rpartition(".")
    node = next((node for node in nodes if node.name == node_name and parameter in node.gradients), None)
    if node is None or not isinstance(node.layer, Linear):
        known = [f"{node.name}.{key}" for node in nodes for key in node.gradients]
        raise InputError(f"paths: there is no parameter {name!r} of a Linear layer; there are {', '.join(known)}.")
    shape = node.gradients[parameter].shape
    if len(place) != len(shape) or not all(0 <= i < size for i, size in zip(place, shape, strict=True)):
        raise InputError(f"paths: {name} has shape {shape}; there is no place {place} in it.")
    return node, parameter
