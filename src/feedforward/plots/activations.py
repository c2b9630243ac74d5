"""An activation function and its slope."""

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from feedforward.errors import SettingError
from feedforward.nn.activations import ACTIVATIONS, Activation
from feedforward.plots.style import GREY, RGB, SMALL, colour, dressed, label_axes, paper
from feedforward.validation import nearest

Array = NDArray[Any]

_STEP = Activation(lambda z: (z >= 0).astype(z.dtype), slope=lambda z, a: np.zeros_like(a))
_REACH = 5.0


def activation(name: str, *, slope: bool = True, ax: Axes | None = None) -> Axes:
    """Draw an activation function over its net input, from -5 to 5.

    Parameters
    ----------
    name : str
        "step" or any name in ``feedforward.nn.activations.ACTIVATIONS``.
    slope : bool, default=True
        Whether to add its derivative, dashed. Where either jumps, its line has a gap; a dot marks the value there.
    ax : matplotlib Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    SettingError
        If nobody knows the name.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = activation("relu", ax=Figure().subplots())
    >>> ax.get_title(loc="left"), [text.get_text() for text in ax.get_legend().get_texts()]
    ('relu', ['value', 'slope'])
    """
    known = {"step": _STEP, **ACTIVATIONS}
    if name not in known:
        raise SettingError(f"activation: nobody knows {name!r}. {nearest(str(name), known)}")
    chosen = known[name]
    ax = dressed(ax, (5.0, 3.6))
    ax.axhline(0, color=GREY, linewidth=0.6, zorder=0)
    ax.axvline(0, color=GREY, linewidth=0.6, zorder=0)
    _draw(ax, chosen.value, colour(0), "-", "value")
    if slope:
        _draw(ax, lambda z: chosen.slope(z, chosen.value(z)), colour(4), "--", "slope")
    label_axes(ax, "net input z", "", name)
    # Net inputs far below zero give values and slopes near zero or below: the upper left corner is free.
    ax.legend(loc="upper left", frameon=False, fontsize=SMALL, labelcolor=paper(ax).ink, borderaxespad=0.2)
    return ax


def _draw(ax: Axes, f: Callable[[Array], Array], ink: RGB, line: str, label: str) -> None:
    # Each side of 0 on its own: joined, the two ends of a jump would look like a steep slope.
    right = np.concatenate([[1e-9], np.linspace(0.0, _REACH, 251)[1:]])
    at_zero, left_values, right_values = f(np.zeros(1))[0], f(-right[::-1]), f(right)
    if abs(right_values[0] - left_values[-1]) > 1e-3:
        ax.plot(0.0, at_zero, "o", color=ink, markersize=4.5, zorder=4)
        at_zero = np.nan
    z = np.concatenate([-right[::-1], [0.0], right])
    a = np.concatenate([left_values, [at_zero], right_values])
    ax.plot(z, a, color=ink, linestyle=line, linewidth=2.0, label=label, zorder=3)
