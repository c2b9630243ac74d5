"""Which numbers of a step have room in a drawing of its network: of each kind, in each layer, all or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from feedforward.nn.blocks import raised
from feedforward.nn.trace import Trace
from feedforward.plots.diagram import SMALLEST, Diagram, discs_along, places_along, text_width, widest
from feedforward.plots.layers import Column, edge_values, row_values

Array = NDArray[Any]

BIASES = {"weights": "b", "gradients": "∂b", "updates": "Δb"}
_MOST_NUMBERS = 24  # lines between two columns that may bear numbers: of more nobody reads them
_LEVEL = np.array([1.0, 0.0])


def short(value: SupportsFloat) -> str:
    """Return `value` in at most five signs: about two digits, and a real minus sign.

    Examples
    --------
    >>> [short(value) for value in (0.0, 1.0, -0.4672, 12.34, -456.0, 0.00123, -3.1e10, float("nan"))]
    ['0', '1', '−0.47', '12.3', '−456', '1e−3', '−3e10', 'nan']
    """
    number = float(value)
    size = abs(number)
    if not np.isfinite(number) or (number == round(number) and size < 1000):
        text = f"{number:.0f}"
    elif size < 0.005 or size >= 999.5:
        mantissa, exponent = f"{number:.0e}".split("e")
        text = f"{mantissa}e{int(exponent)}"
    else:
        text = f"{number:.{2 if size < 9.995 else 1 if size < 99.95 else 0}f}"
    return "0" if text == "-0" else text.replace("-", "−")


@dataclass(frozen=True, eq=False)
class Words:
    """Numbers of one kind in one layer.

    Attributes
    ----------
    texts : list of str
    size : float
        Of their font; 0 where there is no room for all of them.
    places : array of shape (k, 2)
        Their middles; of biases the middles of their base lines.
    """

    texts: list[str]
    size: float
    places: Array

    @property
    def left_out(self) -> bool:
        """Whether there are some, and no room."""
        return bool(self.texts) and self.size == 0

    @property
    def drawn(self) -> list[tuple[Array, str]]:
        """Place and text of each that is drawn."""
        return list(zip(self.places, self.texts, strict=True)) if self.size else []


_NONE = Words([], 0.0, np.empty((0, 2)))


@dataclass(frozen=True, eq=False)
class Numbers:
    """The numbers of one row of a step, and what the lines and biases show, where there is room.

    Examples
    --------
    >>> from feedforward import nn
    >>> from feedforward.plots.diagram import arrange
    >>> from feedforward.plots.layers import read_columns
    >>> net = nn.Sequential(nn.Linear(2, 3))
    >>> columns, step = read_columns("network", net, 10), nn.trace(net, nn.MSELoss(), [1.0, 2.0], [0.0, 0.0, 0.0])
    >>> small = Numbers(arrange(columns, ([], []), (60, 60), key=0), columns, step, 0, "weights")
    >>> small.left_out
    ['x', 'z⁽¹⁾', 'b⁽¹⁾', 'W⁽¹⁾']
    """

    diagram: Diagram
    columns: Sequence[Column]
    step: Trace | None
    row: int
    edges: str

    @property
    def left_out(self) -> list[str]:
        """The symbols of the numbers for which there is no room."""
        layers = [column.symbol.layer for column in self.columns]
        return [
            *(str(column.symbol) for column, words in zip(self.columns, self.inside, strict=True) if words.left_out),
            *(f"b{raised(layer)}" for layer, words in zip(layers, self.below, strict=True) if words.left_out),
            *(f"W{raised(layer)}" for layer, words in zip(layers[1:], self.along, strict=True) if words.left_out),
        ]

    def edge_values(self, i: int) -> Array:
        """Return what the lines from column `i` to the next stand for."""
        return edge_values(self.columns[i], self.columns[i + 1], self.step, self.edges)

    @cached_property
    def inside(self) -> list[Words]:
        """The numbers in the circles of each column."""
        return [self._inside(i) for i in range(len(self.columns))]

    @cached_property
    def below(self) -> list[Words]:
        """The biases below the circles of each column."""
        return [self._below(i) for i in range(len(self.columns))]

    @cached_property
    def along(self) -> list[Words]:
        """The numbers along the lines from each column to the next."""
        return [self._along(i) for i in range(len(self.columns) - 1)]

    def _inside(self, i: int) -> Words:
        if self.step is None:
            return _NONE
        texts = [short(value) for value in row_values(self.columns[i], self.step, self.row)]
        return _words(texts, min(9.0, 1.7 * self.diagram.radius / max(widest(texts), 1.0)), self._discs(i)[:, :2])

    def _below(self, i: int) -> Words:
        column, diagram = self.columns[i], self.diagram
        if self.step is None or column.linear is None or column.linear.bias is None:
            return _NONE
        source = self.step.network.parameters() if self.edges == "weights" else getattr(self.step, self.edges)
        biases = source[f"{column.names[0]}.bias"][column.shown]
        texts = [f"{BIASES[self.edges]} {short(bias)}" for bias in biases]
        room = np.min(-np.diff(diagram.y[i]), initial=3 * diagram.radius) - 2 * diagram.radius
        aside = diagram.x[1] - diagram.x[0] - 4.0
        size = min(diagram.font, 8.0, 0.75 * room, aside / widest(texts))
        places = self._discs(i)[:, :2] - [0.0, diagram.radius + 0.73 * size + 0.15 * room]
        return _words(texts, size, places)

    def _along(self, i: int) -> Words:
        if self.step is None:
            return _NONE
        lines, values = self.diagram.edges(i).reshape(-1, 2, 2), self.edge_values(i).ravel()
        texts = [short(value) for value in values]
        if len(texts) <= _MOST_NUMBERS:
            taken = np.vstack([self._taken(i), self._taken(i + 1)])
            widths = np.array([text_width(text) for text in texts])
            for size in np.arange(min(self.diagram.font, 8.0), SMALLEST - 0.1, -0.5):
                places = places_along(lines, size * widths + 3.0, 1.1 * float(size), taken)
                if places is not None:
                    return Words(texts, float(size), places)
        return Words(texts, 0.0, np.empty((0, 2)))

    def _discs(self, i: int) -> Array:
        """Return the circles of a column as rows of x, y and radius."""
        y = self.diagram.y[i]
        return np.column_stack([np.full(len(y), self.diagram.x[i]), y, np.full(len(y), self.diagram.radius)])

    def _taken(self, i: int) -> Array:
        """Return discs that cover a column: its circles, its biases and the words in its gap."""
        diagram, column, words = self.diagram, self.columns[i], self.below[i]
        discs = [self._discs(i)]
        for (x, y), text in words.drawn:
            middle = np.array([x, y + 0.35 * words.size])
            discs.append(discs_along(middle, _LEVEL, words.size * text_width(text), words.size))
        if column.left_out:
            middle, height = np.array([diagram.x[i], diagram.gap(i, column)]), 1.25 * diagram.radius + diagram.font
            discs.append(discs_along(middle, _LEVEL, diagram.font * text_width(column.gap_caption), height))
        return np.vstack(discs)


def _words(texts: list[str], size: float, places: Array) -> Words:
    return Words(texts, size if size >= SMALLEST else 0.0, places)
