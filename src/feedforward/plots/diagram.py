"""Where everything stands in a drawing of a network, in points, so that no two words touch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from numpy.typing import NDArray

from feedforward.plots.layers import GAP, Column

Array = NDArray[Any]

LINE = 1.35  # height of a line of text, in sizes of its font
SMALLEST = 5.0  # font size below which nothing is written
_FONTS = np.arange(9.0, SMALLEST - 0.1, -0.5)
_AIR = 4.0
_WIDEST_ROW, _WIDEST_COLUMN = 46.0, 250.0  # between two circles, between two columns
_SPREAD = 1.8  # how much further apart the circles of a short column may stand


def text_width(text: str) -> float:
    """Return the width of one line in sizes of its font, as this style draws it.

    Examples
    --------
    >>> text_width("wide") > 2 * text_width("i") > 0
    True
    """
    width, _, _ = text_to_path.get_text_width_height_descent(text, FontProperties(size=100), False)
    return float(width) / 100


def widest(texts: Iterable[str]) -> float:
    """Return the width of the widest of some lines; of none 0.

    Examples
    --------
    >>> widest(["i", "wide"]) == text_width("wide"), widest([])
    (True, 0.0)
    """
    return max(map(text_width, texts), default=0.0)


@dataclass(frozen=True)
class Diagram:
    """Places in points, from the lower left corner.

    Attributes
    ----------
    width, height : float
    x : list of float
        Of each column.
    y : list of arrays
        Of each column the circles drawn, from the top.
    radius : float
    font, name_font : float
        Sizes of captions and of names; 0 where there is no room for them.
    caption_y, weights_y : float
        Upper edge of what stands above the columns, and below the lines.
    """

    width: float
    height: float
    x: list[float]
    y: list[Array]
    radius: float
    font: float
    name_font: float
    caption_y: float
    weights_y: float

    def gap(self, i: int, column: Column) -> float:
        """Return the height of the middle of the dots in column `i`."""
        after = int(np.flatnonzero(np.diff(column.shown) > 1)[0])
        return float(self.y[i][after] + self.y[i][after + 1]) / 2

    def edges(self, i: int) -> Array:
        """Return the lines from column `i` to the next, shape (to, from, 2 ends, 2)."""
        to, source = self.y[i + 1], self.y[i]
        ends = np.empty((len(to), len(source), 2, 2))
        ends[..., 0, 0], ends[..., 1, 0] = self.x[i], self.x[i + 1]
        ends[..., 0, 1], ends[..., 1, 1] = source, to[:, np.newaxis]
        return ends


def arrange(
    columns: Sequence[Column],
    names: tuple[Sequence[str], Sequence[str]],
    space: tuple[float, float],
    *,
    key: int,
) -> Diagram:
    """Return the places of a drawing within `space`, with the largest letters for which there is room.

    Parameters
    ----------
    columns : list of Column
    names : pair of lists
        What is written at the left of the inputs and at the right of the outputs.
    space : pair of float
        Width and height there is, in points.
    key : int
        Lines at the bottom that are kept free.

    Examples
    --------
    >>> from feedforward import nn
    >>> from feedforward.plots.layers import read_columns
    >>> columns = read_columns("network", nn.Sequential(nn.Linear(2, 3)), 10)
    >>> diagram = arrange(columns, (["a", "b"], ["c", "d", "e"]), (400, 300), key=0)
    >>> diagram.font, len(diagram.x), diagram.width <= 400
    (9.0, 2, True)
    """
    for font in (*_FONTS, 0.0):
        diagram = _arranged(columns, names, space, float(font), key)
        if font == 0.0 or _has_room(columns, diagram, space):
            return diagram
    raise AssertionError


def _arranged(
    columns: Sequence[Column],
    names: tuple[Sequence[str], Sequence[str]],
    space: tuple[float, float],
    font: float,
    key: int,
) -> Diagram:
    above, below, foot = (
        LINE * font * max(len(lines) for lines in captions) + _AIR
        for captions in (
            [column.caption for column in columns],
            [column.weights_caption for column in columns],
            [[""] * key],
        )
    )
    slots = max(column.slots for column in columns)
    row = max(min((space[1] - above - below - foot) / slots, _WIDEST_ROW), 1.0)
    radius = min(0.37 * row, 0.22 * space[0] / len(columns))
    name_font = min(font, 0.85 * row) if min(font, 0.85 * row) >= SMALLEST else 0.0
    margins = [
        max(radius + _AIR + name_font * widest(side), font * widest(column.caption) / 2) + _AIR
        for side, column in zip(names, (columns[0], columns[-1]), strict=True)
    ]
    step = max(min((space[0] - sum(margins)) / (len(columns) - 1), _WIDEST_COLUMN), 1.0)
    bottom = foot + below
    middle = bottom + slots * row / 2
    return Diagram(
        width=sum(margins) + step * (len(columns) - 1),
        height=bottom + slots * row + above,
        x=[margins[0] + step * i for i in range(len(columns))],
        y=[middle + _heights(column, slots * row, row) for column in columns],
        radius=radius,
        font=font,
        name_font=name_font,
        caption_y=bottom + slots * row + above - _AIR / 2,
        weights_y=bottom - _AIR / 2,
    )


def _heights(column: Column, height: float, row: float) -> Array:
    """Return where the circles of a column stand, about 0."""
    slot = np.arange(len(column.shown)) + GAP * (column.shown > np.arange(len(column.shown)))
    apart = row if column.left_out else min(height / column.slots, _SPREAD * row)
    heights: Array = ((column.slots - 1) / 2 - slot) * apart
    return heights


def _has_room(columns: Sequence[Column], diagram: Diagram, space: tuple[float, float]) -> bool:
    step = diagram.x[1] - diagram.x[0]
    captions = [line for column in columns for line in (*column.caption, *column.weights_caption)]
    fits = diagram.font * widest(captions) + _AIR <= step
    balanced = diagram.font <= max(2.0 * diagram.radius, SMALLEST)  # letters higher than circles leave these no room
    return fits and balanced and diagram.width <= space[0] and diagram.height <= space[1]


def discs_along(centre: Array, direction: Array, length: float, height: float) -> Array:
    """Return discs that cover a word along a line: rows of x, y and radius.

    Examples
    --------
    >>> discs_along(np.zeros(2), np.array([1.0, 0.0]), 4.0, 2.0)
    array([[-1.,  0.,  1.],
           [ 0.,  0.,  1.],
           [ 1.,  0.,  1.]])
    """
    reach = max(length - height, 0.0) / 2
    offsets = np.linspace(-reach, reach, int(np.ceil(4 * reach / height)) + 1)  # so close that no corner fits between
    return np.column_stack([centre + offsets[:, np.newaxis] * direction, np.full(len(offsets), height / 2)])


def places_along(lines: Array, lengths: Array, height: float, taken: Array) -> Array | None:
    """Return a place on each line for a word along it that touches no other word and nothing taken; None if not found.

    Places where no other line passes come first, then those near the middle.

    Parameters
    ----------
    lines : array of shape (e, 2, 2)
        Their ends.
    lengths : array of shape (e,)
        Of each word.
    height : float
        Of all words.
    taken : array of shape (b, 3)
        Discs that are there already: x, y and radius.

    Examples
    --------
    >>> lines = np.array([[[0.0, 0.0], [100.0, 0.0]], [[0.0, 0.0], [100.0, 50.0]]])
    >>> places_along(lines, np.full(2, 20.0), 10.0, np.empty((0, 3))).round()
    array([[50.,  0.],
           [50., 25.]])
    >>> places_along(lines, np.full(2, 20.0), 60.0, np.empty((0, 3))) is None
    True
    """
    shares = np.insert(0.5 + (np.linspace(0.02, 0.36, 18)[:, np.newaxis] * [1, -1]).ravel(), 0, 0.5)
    found = np.empty((len(lines), 2))
    for e in np.argsort(np.abs(lines[:, 1, 1] - lines[:, 0, 1]), kind="stable"):
        start, way = lines[e, 0], lines[e, 1] - lines[e, 0]
        centres = start + shares[:, np.newaxis] * way
        words = np.stack([discs_along(centre, way / np.hypot(*way), lengths[e], height) for centre in centres])
        free = ~_touch(words, taken)
        if not free.any():
            return None
        passed = _lines_through(words, np.delete(lines, e, axis=0))
        best = int(np.lexsort((passed, ~free))[0])
        found[e] = centres[best]
        taken = np.vstack([taken, words[best]])
    return found


def _touch(words: Array, taken: Array) -> Array:
    """Whether each word, shape (words, discs, 3), touches a disc of `taken`."""
    away = np.linalg.norm(words[:, :, np.newaxis, :2] - taken[:, :2], axis=-1)
    touching: Array = (away < words[:, :, np.newaxis, 2] + taken[:, 2]).any(axis=(1, 2))
    return touching


def _lines_through(words: Array, lines: Array) -> Array:
    """Count the lines that touch each word."""
    start, way = lines[:, 0], lines[:, 1] - lines[:, 0]
    from_start = words[:, :, np.newaxis, :2] - start
    share = np.clip((from_start * way).sum(axis=-1) / (way**2).sum(axis=-1), 0.0, 1.0)
    away = np.linalg.norm(from_start - share[..., np.newaxis] * way, axis=-1)
    count: Array = (away < words[:, :, np.newaxis, 2]).any(axis=1).sum(axis=1)
    return count
