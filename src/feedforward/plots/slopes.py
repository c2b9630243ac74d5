"""A function of one variable: its slope at a point, and the way down by gradient descent."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from feedforward.errors import InputError, SettingError
from feedforward.plots.style import GREY, LARGEST, SMALL, colour, dressed, label_axes, paper
from feedforward.validation import COUNT, NUMBER, POSITIVE, check_setting

Function = Callable[[float], float]
Floats = NDArray[np.float64]
Span = tuple[float, float]

_ROOM_FOR_ARROW, _ROOM_FOR_NUMBER = 10.0, 13.0  # points on paper from the last one: closer, they would pile up


def slope(
    f: Function, df: Function, at: float | Sequence[float], *, span: Span | None = None, ax: Axes | None = None
) -> Axes:
    """Draw a function with its tangent at one point or several, each with its value and slope.

    Parameters
    ----------
    f, df : callable
        The function and its derivative, of one number.
    at : number or sequence of numbers
        Where to draw tangents.
    span : pair of numbers, optional
        From where to where to draw. Default: as far on both sides of 0 as the furthest point, and a third more.
    ax : matplotlib Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If the function has no finite value or slope at a point.
    SettingError
        If `at` or `span` is not what it must be.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = slope(lambda x: x**2, lambda x: 2 * x, -6, ax=Figure().subplots())
    >>> print(ax.texts[0].get_text())
    x = −6
    value 36
    slope −12
    """
    points = _points(at)
    values, slopes = _evaluate(f, points), _evaluate(df, points)
    bad = np.flatnonzero(~(np.isfinite(values) & np.isfinite(slopes)))
    if len(bad):
        raise InputError(
            f"slope: the function has no finite value or slope at {points[bad[0]]:g}. Choose other points."
        )
    low, high = _span("slope", span, points)
    ax = dressed(ax)
    _draw_function(ax, f, low, high)
    reach = 0.16 * (high - low)
    for x, y, rise in zip(points, values, slopes, strict=True):
        ends = np.array([x - reach, x + reach])
        ax.plot(ends, y + rise * (ends - x), color=colour(4), linewidth=1.8, zorder=3)
        ax.plot(x, y, "o", color=colour(4), markersize=6, zorder=4)
        _label_tangent(ax, x, y, rise)
    ax.margins(y=0.05 if slopes.all() else 0.18)  # the words below a level tangent need room
    label_axes(ax, "x", "f(x)")
    return ax


def descent_path(df: Function, start: float, learning_rate: float, steps: int) -> Floats:
    """Follow gradient descent, ``x <- x - learning_rate * df(x)``, and return every place it has been.

    Parameters
    ----------
    df : callable
        The derivative of the function to descend, of one number.
    start : number
        The first place.
    learning_rate : number above 0
        How far to go along the slope.
    steps : int
        How many steps to take.

    Returns
    -------
    array of shape (steps + 1,)
        The start and the place after each step; not finite from where the way leaves the range of numbers.

    Raises
    ------
    SettingError
        If an argument has a value it cannot have.

    Examples
    --------
    >>> descent_path(lambda x: 2 * x, start=-6, learning_rate=0.1, steps=2)
    array([-6.  , -4.8 , -3.84])
    """
    check_setting("descent", "start", start, NUMBER)
    check_setting("descent", "learning_rate", learning_rate, POSITIVE)
    check_setting("descent", "steps", steps, COUNT)
    path = np.full(steps + 1, np.float64(start))
    with np.errstate(all="ignore"):
        for t in range(steps):
            path[t + 1] = path[t] - learning_rate * _evaluate(df, path[t : t + 1])[0]
    return path


def descent(
    f: Function,
    df: Function,
    start: float,
    learning_rate: float,
    steps: int,
    *,
    span: Span | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the way of gradient descent on a function, with a number at each place and the outcome in the title.

    Parameters
    ----------
    f, df : callable
        The function and its derivative, of one number.
    start, learning_rate, steps
        As in `descent_path`.
    span : pair of numbers, optional
        From where to where to draw. Default: as far on both sides of 0 as the way goes and a tenth more, but no
        further than three times the start: a way that diverges is drawn as far as it can be seen.
    ax : matplotlib Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If the function has no finite value at the start.
    SettingError
        If an argument has a value it cannot have.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = descent(lambda x: x**2, lambda x: 2 * x, -6, 0.1, steps=1, ax=Figure().subplots())
    >>> ax.get_title(loc="left")
    'η = 0.1: x = −4.8 after 1 step'
    """
    path = descent_path(df, start, learning_rate, steps)
    values = _evaluate(f, path)
    if not np.isfinite(values[0]):
        raise InputError(f"descent: the function has no finite value at the start, {start:g}. Choose another start.")
    low, high = _span("descent", span, path[np.abs(path) <= 3 * max(abs(start), 1.0)], room=1.1)
    ax = dressed(ax)
    _draw_function(ax, f, low, high)
    seen = np.isfinite(values) & (path >= low) & (path <= high)
    shown = len(path) if seen.all() else int(np.argmin(seen))
    _draw_path(ax, path[:shown], values[:shown])
    label_axes(ax, "x", "f(x)", _outcome(path, values, learning_rate))
    return ax


def _outcome(path: Floats, values: Floats, learning_rate: float) -> str:
    steps = len(path) - 1
    after = f"after {steps} step{'s' if steps > 1 else ''}"
    diverges = not np.isfinite(values).all() or values[-1] > values[0]
    end = f"x = {_text(path[-1])}" if np.isfinite(path[-1]) else "x is not finite"
    return f"η = {_text(learning_rate)}{' diverges' if diverges else ''}: {end} {after}"


def _text(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def _points(at: float | Sequence[float]) -> Floats:
    try:
        points = np.atleast_1d(np.asarray(at, dtype=np.float64))
    except (TypeError, ValueError):
        points = np.empty(0)
    if points.ndim != 1 or len(points) == 0 or not np.isfinite(points).all():
        raise SettingError(f"slope: at must be a finite number or several; got {at!r}.")
    return points


def _span(owner: str, span: Span | None, points: Floats, room: float = 4 / 3) -> Span:
    if span is None:
        reach = room * float(np.abs(points).max()) or 1.0
        return -reach, reach
    if len(span) != 2 or not all(NUMBER.holds(end) for end in span) or span[0] >= span[1]:
        raise SettingError(f"{owner}: span must be two finite numbers, the lower first; got {span!r}.")
    return span


def _evaluate(f: Function, points: Floats) -> Floats:
    """Return f at every point, one at a time (`f` may be of ``math``), nan where it is not defined."""
    values = np.full(len(points), np.nan)
    with np.errstate(all="ignore"):
        for i, x in enumerate(points):
            try:
                values[i] = f(x)
            except (ArithmeticError, ValueError):  # math.log(-1), math.exp(1000)
                continue
    return np.where(np.abs(values) < LARGEST, values, np.nan)


def _draw_function(ax: Axes, f: Function, low: float, high: float) -> None:
    x = np.linspace(low, high, 401)
    ax.plot(x, _evaluate(f, x), color=colour(0), linewidth=2.0, zorder=2)
    ax.axhline(0, color=GREY, linewidth=0.6, zorder=0)
    ax.axvline(0, color=GREY, linewidth=0.6, zorder=0)


def _label_tangent(ax: Axes, x: float, y: float, rise: float) -> None:
    # On the side the curve leaves free: right of a falling tangent, left of a rising one, below a level one.
    side = -int(np.sign(rise))
    ax.annotate(
        f"x = {_text(x)}\nvalue {_text(y)}\nslope {_text(rise)}",
        (x, y),
        xytext=(12 * side, 4 if side else -6),
        textcoords="offset points",
        ha=("center", "left", "right")[side],
        va="bottom" if side else "top",
        fontsize=SMALL,
        color=paper(ax).ink,
        bbox={"facecolor": paper(ax).background, "edgecolor": "none", "alpha": 0.75, "pad": 1.0},
        zorder=5,
    )


def _draw_path(ax: Axes, path: Floats, values: Floats) -> None:
    ink = colour(4)
    ax.plot(path, values, "o", color=ink, markersize=5, zorder=4)
    ax.autoscale_view()
    on_paper = ax.transData.transform(np.column_stack([path, values])) * 72 / ax.figure.dpi
    numbered = np.full(2, np.inf)
    for t, (x, y) in enumerate(zip(path, values, strict=True)):
        if t and np.hypot(*(on_paper[t] - on_paper[t - 1])) > _ROOM_FOR_ARROW:
            arrow = {"arrowstyle": "-|>", "color": ink, "linewidth": 1.2, "shrinkA": 3, "shrinkB": 3}
            ax.annotate("", (x, y), xytext=(path[t - 1], values[t - 1]), arrowprops=arrow, zorder=3)
        if np.hypot(*(on_paper[t] - numbered)) > _ROOM_FOR_NUMBER:
            _number(ax, t, x, y)
            numbered = on_paper[t]


def _number(ax: Axes, t: int, x: float, y: float) -> None:
    # Below the point and away from the middle: outside of a bowl, where neither curve nor arrows are.
    ax.annotate(
        str(t),
        (x, y),
        xytext=(5 if x > 0 else -5, -6),
        textcoords="offset points",
        ha="left" if x > 0 else "right",
        va="center",
        fontsize=SMALL,
        color=paper(ax).ink,
        zorder=5,
    )
