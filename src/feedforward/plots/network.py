"""A drawing of a network: circles for units, lines for weights, and the numbers of one training step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Circle
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from feedforward.errors import InputError, SettingError
from feedforward.nn.sequential import Sequential
from feedforward.nn.trace import Trace
from feedforward.plots.diagram import LINE, SMALLEST, Diagram, arrange, text_width, widest
from feedforward.plots.layers import Column, check_step, read_columns, row_values
from feedforward.plots.numbers import Numbers, short
from feedforward.plots.style import LARGE, RGB, Paper, Picture, check_axes, mixed, paper
from feedforward.validation import COUNT_OR_ZERO, Rule, check_setting, one_of

Array = NDArray[Any]

_OWNER = "network"
_UNITS = Rule("a whole number of 4 or more", lambda value: COUNT_OR_ZERO.holds(value) and value >= 4)
_KINDS = {"weights": "w", "gradients": "∂L/∂w", "updates": "Δw"}
_HAIR = 0.3  # the width of the thinnest line


def network(
    net: Sequential,
    step: Trace | None = None,
    *,
    row: int = 0,
    edges: str = "weights",
    max_units: int = 10,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    ax: Axes | None = None,
    legend: bool = True,
) -> Axes:
    """Draw a network: a column of circles for each layer of units, and a line for each weight.

    The further a weight is from 0, the wider is its line and the stronger in colour, on one scale for all layers; blue
    is positive, orange negative. Of a layer of more than `max_units` units the first and the last few are drawn, and
    how many are left out is said. Words for which the Axes have no room are left away; of the numbers of one kind in
    one layer, all or none are written, and the legend names those left out.

    Parameters
    ----------
    net : Sequential
        Linear layers, and between them layers that treat each unit by itself.
    step : Trace, optional
        A step of `net`, from ``nn.trace``. The circles then hold, and show by their colour, what one row brings about:
        inputs, activations and, beside the outputs, targets. Lines, and biases below their circles, bear numbers where
        there is room.
    row : int, default=0
        Which row of the step, counted from 0. Gradients and updates are those of all its rows.
    edges : {"weights", "gradients", "updates"}
        What lines and biases show; the latter two need a `step`.
    max_units : int, default=10
        Circles in the highest column, 4 or more.
    input_names, output_names : sequence of str, optional
        Of all inputs and outputs. Default: their symbols, as `nn.trace` writes them.
    ax : matplotlib Axes, optional
        Where to draw; letters are chosen for the size it has at this moment. Default: a new figure.
    legend : bool, default=True
        Whether to say below the drawing what the lines mean, and which numbers found no room.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If `net` cannot be drawn, `step` is one of another network, or there are too many or too few names.
    SettingError
        If an argument has a value it cannot have.

    Examples
    --------
    >>> from feedforward import nn
    >>> from matplotlib.figure import Figure
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.Sigmoid(), nn.Linear(3, 1))
    >>> ax = network(net, nn.trace(net, nn.MSELoss(), [1.0, 2.0], [0.0]), ax=Figure().subplots())
    >>> len(ax.patches), [len(lines.get_segments()) for lines in ax.collections]
    (6, [6, 3])
    """
    check_setting(_OWNER, "max_units", max_units, _UNITS)
    columns = read_columns(_OWNER, net, max_units)
    _check_step(net, step, row, edges)
    names = _names("input_names", input_names, columns[0]), _names("output_names", output_names, columns[-1])
    if step is not None:
        targets = step.targets[row, columns[-1].shown]
        names = names[0], [f"{name}, y = {short(y)}" for name, y in zip(names[1], targets, strict=True)]
    check_axes(ax)
    ax = _new_axes(columns, names, step) if ax is None else ax
    for lines in (1, 2):  # below the drawing: what lines mean and, if numbers are left out, a note
        diagram = arrange(columns, names, _space(ax), key=lines * legend)
        numbers = Numbers(diagram, columns, step, row, edges)
        if not (legend and numbers.left_out):
            break
    drawing = _Drawing(ax, paper(ax), diagram, columns, step, row, edges, numbers)
    drawing.draw(names)
    if legend:
        drawing.explain()
    return ax


def _check_step(net: Sequential, step: Trace | None, row: int, edges: str) -> None:
    check_setting(_OWNER, "row", row, COUNT_OR_ZERO)
    check_setting(_OWNER, "edges", edges, one_of(*_KINDS))
    if step is not None:
        check_step(_OWNER, net, step, row)
    elif edges != "weights":
        raise SettingError(f"{_OWNER}: edges={edges!r} are those of a step, and none is given. Give step=nn.trace(…).")
    if edges == "updates" and step is not None and not step.updates:
        raise SettingError(f"{_OWNER}: the step has no updates. Give nn.trace an optimizer.")


def _names(argument: str, given: Sequence[str] | None, column: Column) -> list[str]:
    listed = hasattr(given, "__len__") and not isinstance(given, str)
    if given is not None and not (listed and len(given) == column.width):
        count = str(len(given)) if listed else repr(given)
        raise InputError(
            f"{_OWNER}: {argument} must be {column.width} names, one for each of the {column.role}; got {count}."
        )
    return column.unit_names(given)


def _new_axes(columns: Sequence[Column], names: tuple[list[str], list[str]], step: Trace | None) -> Axes:
    """Return the Axes of a new figure, of a size that suits the drawing."""
    sides = 9 * sum(map(widest, names)) / 72
    width = 1.2 + sides + (1.9 if len(columns) < 6 else 1.4) * (len(columns) - 1)
    height = 1.3 + max(4, *(column.slots for column in columns)) * (0.38 if step is None else 0.5)
    figsize = (float(np.clip(width, 5.0, 15.0)), float(np.clip(height, 2.8, 8.0)))
    figure, ax = plt.subplots(figsize=figsize, layout="constrained", FigureClass=Picture)
    ax.set_axis_off()
    figure.draw_without_rendering()  # so that the Axes have the size they are going to have
    return ax


def _space(ax: Axes) -> tuple[float, float]:
    box = ax.get_window_extent()
    points = 72 / ax.figure.dpi
    return box.width * points, box.height * points


@dataclass(frozen=True)
class _Drawing:
    ax: Axes
    paper: Paper
    diagram: Diagram
    columns: list[Column]
    step: Trace | None
    row: int
    edges: str
    numbers: Numbers

    def draw(self, names: tuple[list[str], list[str]]) -> None:
        """Draw everything but the key."""
        diagram, ax = self.diagram, self.ax
        ax.set_axis_off()
        ax.set(xlim=(0, diagram.width), ylim=(0, diagram.height), aspect="equal")
        for i in range(len(self.columns)):
            self._draw_units(i)
        scale = self._largest()
        for i in range(len(self.columns) - 1):
            self._draw_edges(i, self.numbers.edge_values(i), scale)
        for i in range(len(self.columns)):
            self._number(i)
        if diagram.font:
            self._draw_captions(names)

    def _largest(self) -> float:
        """Return the size of what the widest line stands for."""
        sizes = np.concatenate([np.abs(self.numbers.edge_values(i)).ravel() for i in range(len(self.columns) - 1)])
        return float(np.max(sizes, where=np.isfinite(sizes), initial=0.0))

    def _draw_units(self, i: int) -> None:
        column, diagram = self.columns[i], self.diagram
        x, heights, radius = diagram.x[i], diagram.y[i], diagram.radius
        values = None if self.step is None else row_values(column, self.step, self.row)
        for y, fill in zip(heights, self._fills(values, len(heights)), strict=True):
            self.ax.add_patch(Circle((x, y), radius, facecolor=fill, edgecolor=self.paper.ink, linewidth=0.9, zorder=3))
        if column.left_out:
            self._draw_gap(i)
        words = self.numbers.inside[i]
        for (x, y), text in words.drawn:
            self._write(x, y, text, words.size, va="center_baseline")

    def _fills(self, values: Array | None, count: int) -> list[RGB]:
        if values is None:
            return [self.paper.background] * count
        sizes = np.abs(np.where(np.isfinite(values), values, 0.0))
        shares = 0.45 * sizes / (sizes.max(initial=0.0) or 1.0)
        pairs = zip(values, shares, strict=True)
        return [mixed(self.paper.sign(value), self.paper.background, share) for value, share in pairs]

    def _draw_gap(self, i: int) -> None:
        x, y, radius = self.diagram.x[i], self.diagram.gap(i, self.columns[i]), self.diagram.radius
        size = min(self.diagram.font, 1.3 * radius)
        size = size if size >= SMALLEST else 0.0
        half = (1.25 * radius + 0.73 * size) / 2
        dots = y + half - radius * np.array([0.1, 0.5, 0.9])
        self.ax.plot(np.full(3, x), dots, "o", color=self.paper.ink, markersize=max(0.22 * radius, 0.8), zorder=3)
        if size:
            self._write(x, y - half, self.columns[i].gap_caption, size, edged=True)

    def _draw_edges(self, i: int, values: Array, scale: float) -> None:
        lines, values = self.diagram.edges(i).reshape(-1, 2, 2), values.ravel()
        finite = np.isfinite(values)
        share = np.abs(np.where(finite, values, 0.0)) / (scale or 1.0)
        order = np.argsort(share, kind="stable")  # the large ones lie on top
        collection = LineCollection(
            list(lines[order]),
            colors=[self._shade(value, s) for value, s in zip(values[order], share[order], strict=True)],
            linewidths=_HAIR + (self._widest() - _HAIR) * share[order],
            linestyles=["-" if ok else ":" for ok in finite[order]],
            zorder=1,
        )
        self.ax.add_collection(collection, autolim=False)

    def _widest(self) -> float:
        return float(np.clip(self.diagram.radius / 4, 0.8, 3.2))

    def _shade(self, value: float, share: float) -> RGB:
        if not np.isfinite(value):
            return self.paper.ink
        return mixed(self.paper.sign(value), self.paper.background, 0.3 + 0.7 * share)

    def _number(self, i: int) -> None:
        """Write the biases below the circles of a column, and the numbers along the lines that lead there."""
        biases, along = self.numbers.below[i], self.numbers.along[i - 1] if i else None
        for (x, y), text in biases.drawn:
            self._write(x, y, text, biases.size, edged=True)
        if along is None:
            return
        lines, values = self.diagram.edges(i - 1).reshape(-1, 2, 2), self.numbers.edge_values(i - 1).ravel()
        for ((x, y), text), value, (start, end) in zip(along.drawn, values, lines, strict=False):
            angle = float(np.degrees(np.arctan2(*(end - start)[::-1])))
            ink = self._shade(value, 1.0)
            self._write(x, y, text, along.size, va="center_baseline", ink=ink, boxed=True, angle=angle)

    def _draw_captions(self, names: tuple[list[str], list[str]]) -> None:
        diagram = self.diagram
        middles = [(a + b) / 2 for a, b in zip(diagram.x, diagram.x[1:], strict=False)]
        above = zip(diagram.x, [column.caption for column in self.columns], strict=True)
        below = zip(middles, [column.weights_caption for column in self.columns[1:]], strict=True)
        for top, captions in ((diagram.caption_y, above), (diagram.weights_y, below)):
            for x, lines in captions:
                for i, line in enumerate(lines):
                    self._write(x, top - (0.95 + LINE * i) * diagram.font, line, diagram.font)
        if diagram.name_font:
            away = diagram.radius + 3
            for i, side, ha in ((0, -away, "right"), (-1, away, "left")):
                for y, name in zip(diagram.y[i], names[i], strict=True):
                    self._write(diagram.x[i] + side, y, name, diagram.name_font, va="center_baseline", ha=ha)
        if self.step is not None:
            n, loss = len(self.step.inputs), short(self.step.value)
            title = f"loss {loss}" if n == 1 else f"row {self.row} of 0…{n - 1}, loss of all {loss}"
            self.ax.set_title(title, fontsize=LARGE, color=self.paper.ink, loc="left")

    def _write(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        va: str = "baseline",
        ha: str = "center",
        ink: RGB | None = None,
        edged: bool = False,
        boxed: bool = False,
        angle: float = 0.0,
    ) -> None:
        self.ax.text(
            x,
            y,
            text,
            fontsize=size,
            color=self.paper.ink if ink is None else ink,
            ha=ha,
            va=va,
            rotation=angle,
            rotation_mode="anchor",
            path_effects=[withStroke(linewidth=2.5, foreground=self.paper.background)] if edged else None,
            bbox={"boxstyle": "square,pad=-0.08", "color": self.paper.background} if boxed else None,
            zorder=2 if edged or boxed else 4,  # what is behind such words must not hide a piece of a circle
        )

    def explain(self) -> None:
        """Say below the drawing what the lines mean, with the largest letters for which there is room."""
        letter, largest = _KINDS[self.edges], self._largest()
        entries = [
            (f"{letter} > 0", self._line(1.0)),
            (f"{letter} < 0", self._line(-1.0)),
            (f"widest: |{letter}| = {short(largest)}", self._line(0.0)),
        ]
        if not all(np.isfinite(self.numbers.edge_values(i)).all() for i in range(len(self.columns) - 1)):
            entries.append(
                ("not finite", Line2D([], [], color=self.paper.ink, linewidth=self._widest(), linestyle=":"))
            )
        needed = sum(text_width(text) + 5.0 for text, _ in entries)
        size = min(self.diagram.font, (self.diagram.width - 2) / needed)
        if size >= SMALLEST:
            legend = self.ax.legend(
                handles=[handle for _, handle in entries],
                labels=[text for text, _ in entries],
                ncols=len(entries),
                loc="lower center",
                borderaxespad=0.0,
                borderpad=0.0,
                frameon=False,
                fontsize=size,
                labelcolor=self.paper.ink,
                handlelength=1.8,
                columnspacing=1.8,
                **self._note(size),
            )
            legend.get_title().set_color(self.paper.ink)

    def _note(self, size: float) -> dict[str, Any]:
        """Return the settings of a legend that say which numbers are left out."""
        if not self.numbers.left_out:
            return {}
        which = ", ".join(self.numbers.left_out)
        for note in (f"too crowded for the numbers of {which}", "too crowded for some numbers"):
            if size * text_width(note) <= self.diagram.width - 2:
                break
        fitting = min(size, (self.diagram.width - 2) / text_width(note))
        face = {"size": fitting}
        return {"title": note, "title_fontproperties": face, "labelspacing": 0.2} if fitting >= SMALLEST else {}

    def _line(self, value: float) -> Line2D:
        return Line2D([], [], color=self.paper.sign(value) if value else self.paper.grey, linewidth=self._widest())
