"""The pictures of the page: drawn as all others are, and written so that they take the page's colours and letters."""

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from feedforward import plots
from feedforward.plots.style import GREY, INK, PALETTE, SMALL, colour, dressed, label_axes, point_size
from feedforward.report.markup import number, plain, text
from feedforward.scoring import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

Array = NDArray[Any]

SIZE = (4.6, 3.1)  # inches: at this width letters are readable on a telephone
_POINTS = 800  # of a scatter; more would be drawn upon each other
_COLOURS = {
    "#000000": "var(--ink)",
    "#ffffff": "var(--card)",
    INK.lower(): "var(--ink)",
    GREY.lower(): "var(--grey)",
    **{one.lower(): f"var(--c{i})" for i, one in enumerate(PALETTE[:-1])},
}


def as_svg(figure: Figure, title: str) -> str:
    """Return a figure as SVG to stand in a page: without a header, foreign addresses or names that others have too.

    Its colours become those that the page's looks give, so that one picture serves light and dark.

    Examples
    --------
    >>> figure, ax = paper()
    >>> _ = ax.set_title("a < b")
    >>> svg = as_svg(figure, "two letters")
    >>> svg[:4], "a &lt; b" in svg, "http" in svg, "var(--ink)" in svg
    ('<svg', True, False, True)
    """
    FigureCanvasSVG(figure)
    sink = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": title}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # the browser has more letters than matplotlib's font
        empty = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(sink, format="svg", transparent=True, metadata=empty)
    svg = sink.getvalue()
    svg = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r' xmlns(:xlink)?="[^"]*"', "", svg).replace("xlink:href=", "href=")
    used = set(re.findall(r'(?:url\(|href=")#(\w+)', svg))
    svg = re.sub(r'\sid="([^"]*)"', lambda found: found[0] if found[1] in used else "", svg)
    svg = re.sub(r"#[0-9a-f]{6}\b", lambda found: _COLOURS.get(found[0], found[0]), svg)
    svg = re.sub(r"font: ([^'\";]*?px) [^;\"]*", r"font: \1 var(--font)", svg)
    svg = re.sub(r'^<svg width="[^"]*"', "<svg", re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1))
    svg = re.sub(r'^<svg([^>]*?) width="[^"]*"', r"<svg\1", svg)
    return re.sub(r"\n\s*", "\n", svg.replace("<svg", f'<svg role="img" aria-label="{text(title)}"', 1)).strip()


def paper(width: float = SIZE[0], height: float = SIZE[1]) -> tuple[Figure, "Axes"]:
    """Return a new figure with axes in the project's style.

    Examples
    --------
    >>> paper()[1].spines["top"].get_visible()
    False
    """
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    return figure, dressed(figure.subplots())


def curves(history: Mapping[str, Any], ending: str, title: str) -> str:
    """Return the picture of those curves of a history whose names end so; "" if there are none.

    Examples
    --------
    >>> curves({"train_loss": [2.0, 1.0]}, "loss", "loss")[:4], curves({}, "loss", "loss")
    ('<svg', '')
    """
    names = [name for name in history if name.endswith(ending) and np.isfinite(history[name]).any()]
    if not names:
        return ""
    figure, ax = paper()
    plots.learning_curve(history, curves=names, ax=ax, legend=False)
    label_axes(ax, "epoch", title)
    if len(names) > 1:
        figure.legend(
            [ax.lines[i] for i in range(len(names))],
            ["on validation rows" if name.startswith("val_") else "while training" for name in names],
            loc="outside upper left",
            ncols=2,
            frameon=False,
            fontsize=SMALL,
            labelcolor=INK,
        )
    return as_svg(figure, f"{title} by epoch")


def intervals(names: Sequence[str], found: Sequence[Estimate], x: str, *, ours: int | None, zero: bool) -> str:
    """Return the picture of numbers with their intervals, one below the other.

    Parameters
    ----------
    names : sequence of str
    found : sequence of Estimate
    x : str
        What the numbers are.
    ours : int, optional
        The one that stands out.
    zero : bool
        Whether to draw a line at 0.

    Examples
    --------
    >>> two = [Estimate(0.9, 0.8, 0.95), Estimate(0.7, 0.6, 0.8)]
    >>> intervals(["ours", "theirs"], two, "accuracy", ours=0, zero=False)[:4]
    '<svg'
    """
    figure, ax = paper(height=0.9 + 0.42 * len(names))
    if zero:
        ax.axvline(0, color=INK, linewidth=1.2)
    for place, one in enumerate(found):
        ink = GREY if ours is not None and place != ours else colour(0)
        ax.plot([one.low, one.high], [place, place], color=ink, linewidth=2.2, solid_capstyle="round")
        ax.plot(one.value, place, "o", color=ink, markersize=7)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_yticks(range(len(names)), [plain(name, 24) for name in names])
    ax.tick_params(axis="y", length=0, labelsize=10)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x", color=GREY, linewidth=0.4, alpha=0.4)
    _few_ticks(ax.xaxis)
    label_axes(ax, x, "")
    return as_svg(figure, x)


def calibration(chances: Array, right: Array, x: str, y: str) -> str:
    """Return the picture of how often what was held for probable came true: on the diagonal it is as often as said.

    Parameters
    ----------
    chances : array of shape (n,)
        Probabilities.
    right : array of bool of shape (n,)
        What came true.
    x, y : str
        Names of the axes.

    Examples
    --------
    >>> calibration(np.array([0.2, 0.8]), np.array([False, True]), "said", "came")[:4]
    '<svg'
    """
    figure, ax = paper()
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    points = [(chances[rows].mean(), *wilson(int(right[rows].sum()), len(rows))) for rows in groups(chances)]
    means, shares, lows, highs = map(np.array, zip(*points, strict=True))
    ax.vlines(means, lows, highs, color=colour(0), linewidth=1.6, alpha=0.55)
    ax.plot(means, shares, "o-", color=colour(0), markersize=5.5, linewidth=1.4)
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    label_axes(ax, x, y)
    return as_svg(figure, "calibration")


def groups(chances: Array, most: int = 10) -> list[Array]:
    """Return the rows in groups of about equal size, from the least to the most probable; equals stay together.

    Examples
    --------
    >>> [len(rows) for rows in groups(np.repeat([0.1, 0.9], 50))]
    [50, 50]
    """
    count = max(1, min(most, len(chances) // 10))
    edges = np.unique(np.quantile(chances, np.arange(1, count) / count))
    places = np.searchsorted(edges, chances, side="left")
    return [np.flatnonzero(places == place) for place in np.unique(places)]


def wilson(hits: int, n: int) -> tuple[float, float, float]:
    """Return a share and its 95 % interval: Wilson (1927).

    Examples
    --------
    >>> [round(number, 3) for number in wilson(5, 10)]
    [0.5, 0.237, 0.763]
    """
    z, p = 1.959964, hits / n
    middle, reach = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = (float((middle + side * reach) / (1 + z**2 / n)) for side in (-1, 1))
    return p, min(low, p), max(high, p)


def coverage(nominal: Sequence[float], hits: Sequence[int], n: int) -> str:
    """Return the picture of how many targets lay within the intervals that promise to hold a share of them.

    Examples
    --------
    >>> coverage([0.5, 0.9], [6, 9], 10)[:4]
    '<svg'
    """
    figure, ax = paper()
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    shares, lows, highs = map(np.array, zip(*(wilson(hit, n) for hit in hits), strict=True))
    ax.vlines(nominal, lows, highs, color=colour(0), linewidth=1.6, alpha=0.55)
    ax.plot(nominal, shares, "o-", color=colour(0), markersize=5.5, linewidth=1.4)
    ax.set(xlim=(0.4, 1.02), ylim=(min(0.4, float(lows.min())) - 0.02, 1.02))
    label_axes(ax, "share of targets promised", "share of targets within")
    return as_svg(figure, "coverage of intervals")


def against(x: Array, y: Array, names: tuple[str, str], line: str) -> str:
    """Return the picture of one number against another for each of some rows.

    Parameters
    ----------
    x, y : arrays of shape (n,)
    names : pair of str
        Of the axes.
    line : {"diagonal", "zero"}
        Where the points of a perfect model lie.

    Examples
    --------
    >>> against(np.arange(3.0), np.arange(3.0), ("answer", "truth"), "diagonal")[:4]
    '<svg'
    """
    figure, ax = paper()
    rows = np.arange(len(x))
    if len(x) > _POINTS:
        rows = np.random.default_rng(0).choice(len(x), _POINTS, replace=False)
    ax.scatter(x[rows], y[rows], s=point_size(len(rows)), color=colour(0), alpha=0.5, linewidths=0)
    if line == "zero":
        ax.axhline(0, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    else:
        ends = [min(x[rows].min(), y[rows].min()), max(x[rows].max(), y[rows].max())]
        ax.plot(ends, ends, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    _few_ticks(ax.xaxis)
    _few_ticks(ax.yaxis)
    label_axes(ax, *names)
    return as_svg(figure, f"{names[1]} against {names[0]}")


def _few_ticks(axis: "Axis") -> None:
    """Leave room between the numbers at an axis, and write them as on the page."""
    axis.set_major_locator(MaxNLocator(nbins=5))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def spread(values: Array, name: str) -> str:
    """Return the picture of how numbers are spread.

    Examples
    --------
    >>> spread(np.arange(9.0), "price")[:4]
    '<svg'
    """
    figure, ax = paper()
    low, high = np.quantile(values, [0.005, 0.995])
    shown = values[(values >= low) & (values <= high)]
    ax.hist(shown, bins=min(40, max(5, int(np.sqrt(len(shown))))), color=colour(0), alpha=0.85)
    _few_ticks(ax.xaxis)
    label_axes(ax, name, "rows")
    return as_svg(figure, f"distribution of {name}")
