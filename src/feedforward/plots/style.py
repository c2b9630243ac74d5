"""How every picture looks: colours told apart by every kind of eye and in grey, thin lines, legends off the data."""

from dataclasses import dataclass
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.figure import Figure

from feedforward.validation import check_kind

RGB = tuple[float, float, float]

# Okabe and Ito (2008), ordered so that neighbours differ in lightness too: they stay apart when printed in grey.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442", "#000000")
WHITE: RGB = (1.0, 1.0, 1.0)
BLACK: RGB = (0.0, 0.0, 0.0)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
LINES = ("-", "--", "-.", ":")
MAX_CLASSES = 2 * len(PALETTE)

INK, GREY = "#222222", "#8A8A8A"
LARGEST = 1e300  # numbers beyond overflow in the arithmetic of axes: they are taken for infinite

SMALL, NORMAL, LARGE = 9.0, 10.0, 11.5

_LONGEST_LABEL = 32


def colour(i: int) -> RGB:
    """Return the colour of class or line `i`; after eight they begin again.

    Examples
    --------
    >>> colour(7), colour(8) == colour(0)
    ((0.0, 0.0, 0.0), True)
    """
    return to_rgb(PALETTE[i % len(PALETTE)])


def is_hollow(i: int) -> bool:
    """Return whether the points of class `i` are outlines, because its colour is taken by a class before it.

    Examples
    --------
    >>> is_hollow(7), is_hollow(8)
    (False, True)
    """
    return i >= len(PALETTE)


def tint(i: int) -> RGB:
    """Return the shade of the region of class `i`: light, and a step darker where points are hollow.

    Examples
    --------
    >>> min(tint(8)) < min(tint(0)), tint(7) == tint(15)
    (True, False)
    """
    return mixed(colour(i), WHITE, 0.55 if is_hollow(i) else 0.26)


def mixed(first: RGB, second: RGB, share: float) -> RGB:
    """Return `share` of the first colour and the rest of the second.

    Examples
    --------
    >>> mixed((1.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0.5)
    (0.5, 0.0, 0.0)
    """
    red, green, blue = (share * a + (1.0 - share) * b for a, b in zip(first, second, strict=True))
    return red, green, blue


@dataclass(frozen=True)
class Paper:
    """What is drawn on, and the inks that are seen on it.

    Attributes
    ----------
    background, ink, grey : colour
    positive, negative : colour
        Two that every kind of eye tells apart, in grey too.
    """

    background: RGB
    ink: RGB
    grey: RGB
    positive: RGB
    negative: RGB

    def sign(self, value: float) -> RGB:
        """Return the colour of a number's sign."""
        return self.negative if value < 0 else self.positive


def paper(ax: Axes) -> Paper:
    """Return the inks for what is behind `ax`: dark ones on a light figure, light ones on a dark one.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> light, dark = (paper(Figure(facecolor=colour).subplots()) for colour in ("white", "#111111"))
    >>> sum(light.ink) < sum(light.background), sum(dark.ink) > sum(dark.background)
    (True, True)
    """
    behind = (to_rgba(figure.get_facecolor()) for figure in (ax.figure, ax.figure.figure))
    *background, _ = next((rgba for rgba in behind if rgba[3] > 0), (*WHITE, 1.0))
    red, green, blue = background
    if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5:
        return Paper((red, green, blue), to_rgb(INK), to_rgb(GREY), to_rgb("#00558C"), to_rgb("#E0720F"))
    return Paper((red, green, blue), to_rgb("#EEEEEE"), to_rgb("#9A9A9A"), to_rgb("#7CC7F2"), to_rgb("#E0720F"))


class Picture(Figure):
    """A figure that a notebook shows once, also where it is the last value of a cell.

    Of itself, a notebook shows that value, and then every figure that pyplot still holds.

    Examples
    --------
    >>> type(dressed(None).figure).__name__
    'Picture'
    """

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        if "inline" in matplotlib.get_backend():
            plt.close(self)
        return {}  # and so it is shown as any other figure


def check_axes(ax: Axes | None) -> None:
    """Raise `InputError` unless `ax` can be drawn on, or is None.

    Examples
    --------
    >>> check_axes(3)
    Traceback (most recent call last):
    feedforward.errors.InputError: plots: ax must be matplotlib Axes, as plt.subplots() gives; got an int.
    """
    if ax is not None:
        check_kind("plots", "ax", ax, Axes, "matplotlib Axes, as plt.subplots() gives")


def dressed(ax: Axes | None, figsize: tuple[float, float] = (7.0, 4.6)) -> Axes:
    """Return `ax`, or the Axes of a new figure, with thin spines at the left and at the bottom only.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> dressed(ax) is ax, bool(ax.spines["top"].get_visible())
    (True, False)
    """
    check_axes(ax)
    if ax is None:
        ax = plt.subplots(figsize=figsize, layout="constrained", FigureClass=Picture)[1]
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set(linewidth=0.8, color=GREY)
    ax.tick_params(labelsize=SMALL, color=GREY, labelcolor=paper(ax).ink, width=0.8)
    return ax


def label_axes(ax: Axes, x: str, y: str, title: str = "") -> None:
    """Write the names of the axes and, if there is one, the title.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> label_axes(ax, "x0", "a column with a name that is far too long to write out")
    >>> ax.get_ylabel()
    'a column with a name that is fa…'
    """
    ink = paper(ax).ink
    ax.set_xlabel(shortened(x), fontsize=NORMAL, color=ink)
    ax.set_ylabel(shortened(y), fontsize=NORMAL, color=ink)
    if title:
        ax.set_title(title, fontsize=LARGE, color=ink, loc="left")


def legend_beside(ax: Axes, handles: Any = None) -> None:
    """Put the legend right of the Axes, where it covers no data.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> line = ax.plot([1, 2], label="loss")
    >>> legend_beside(ax)
    >>> ax.get_legend().get_texts()[0].get_text()
    'loss'
    """
    legend = ax.legend(
        handles=ax.get_legend_handles_labels()[0] if handles is None else handles,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        borderaxespad=0.0,
        frameon=False,
        fontsize=SMALL,
        labelcolor=paper(ax).ink,
        handletextpad=0.5,
        handlelength=1.8,
    )
    for handle in legend.legend_handles:
        if isinstance(handle, PathCollection):  # however small the points, their marker is to be seen here
            handle.set(sizes=[point_size(100)], alpha=1.0)


def point_size(n: int) -> float:
    """Return the area of a point, in square points: the more there are, the smaller each.

    Examples
    --------
    >>> point_size(10), point_size(1000) < point_size(100), point_size(10**6)
    (36.0, True, 5.0)
    """
    return float(np.clip(520 / np.sqrt(n), 5.0, 36.0))


def shortened(label: Any, longest: int = _LONGEST_LABEL) -> str:
    """Return `label` on one line, cut where it would push the picture aside, and never read as a formula.

    Examples
    --------
    >>> shortened("yes"), shortened("a" * 50)
    ('yes', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…')
    """
    text = " ".join(str(label).split())
    text = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return text.replace("$", r"\$")
