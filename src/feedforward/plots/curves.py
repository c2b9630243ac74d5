"""How training went: any history, an epoch at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from feedforward.errors import InputError, SettingError
from feedforward.plots.style import GREY, INK, LINES, SMALL, dressed, label_axes, legend_beside, point_colour
from feedforward.validation import nearest

Curve = NDArray[np.float64]

_OWNER = "learning_curve"
_FEW = 30  # epochs up to which each gets a dot


def learning_curve(
    model_or_history: Any,
    *,
    curves: Sequence[str] | None = None,
    log: bool = False,
    ax: Axes | None = None,
    legend: bool = True,
) -> Axes:
    """Draw what was recorded at each epoch.

    Parameters
    ----------
    model_or_history : fitted estimator with ``history_``, or dict from name to list
        One value an epoch, the first epoch is 1. Where values are not finite the line breaks, and a note says from
        which epoch on.
    curves : sequence of str, optional
        Which of them to draw, on one axis. Default: those whose name ends in "loss", or where there are none all but
        "seconds": losses and scores share no scale.
    log : bool, default=False
        Whether the vertical axis is logarithmic. Values of 0 and below then have no place and break the line.
    ax : matplotlib Axes, optional
        Where to draw. Default: a new figure.
    legend : bool, default=True
        Whether to name the curves where there are several, to the right of the Axes.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If there is no history, or it holds no numbers.
    SettingError
        If `curves` names what is not there.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = learning_curve({"mistakes": [5, 2, 0]}, ax=Figure().subplots())
    >>> ax.get_ylabel(), ax.lines[0].get_xdata().tolist()
    ('mistakes', [1, 2, 3])
    """
    history = _history(model_or_history)
    names = _chosen(history, curves)
    series = {name: _numbers(name, history[name]) for name in names}
    if log and not any((values > 0).any() for values in series.values()):
        raise InputError(f"{_OWNER}: log=True needs a value above 0, and there is none. Draw it with log=False.")
    ax = dressed(ax)
    if log:
        ax.set_yscale("log", nonpositive="mask")
    for i, (name, values) in enumerate(series.items()):
        _draw(ax, i, name, values)
    _note_breaks(ax, series)
    _fit_epochs(ax, max(len(values) for values in series.values()))
    label_axes(ax, "epoch", _common_name(names))
    if legend and len(names) > 1:
        legend_beside(ax)
    return ax


def _history(model_or_history: Any) -> Mapping[str, Any]:
    if isinstance(model_or_history, Mapping):
        history = model_or_history
    elif hasattr(model_or_history, "history_"):
        history = model_or_history.history_
    else:
        kind = type(model_or_history).__name__
        raise InputError(f"{_OWNER}: {kind} has no history_. Fit it first, or give a dict from name to list.")
    if not history:
        raise InputError(f"{_OWNER}: the history has no curves. Give a dict from name to list.")
    return history


def _chosen(history: Mapping[str, Any], curves: Sequence[str] | None) -> list[str]:
    if curves is None:
        losses = [name for name in history if name.endswith("loss")]
        return losses or [name for name in history if name != "seconds"] or list(history)
    if isinstance(curves, str) or not curves:
        raise SettingError(f"{_OWNER}: curves must be a list of names; got {curves!r}.")
    for name in curves:
        if name not in history:
            raise SettingError(f"{_OWNER}: the history has no curve {name!r}. {nearest(str(name), history)}")
    return list(curves)


def _numbers(name: str, values: Any) -> Curve:
    try:
        curve = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{_OWNER}: {name!r} must hold one number an epoch; {error}.") from error
    if curve.ndim != 1 or len(curve) == 0:
        raise InputError(f"{_OWNER}: {name!r} must hold one number an epoch; got shape {curve.shape}.")
    return curve


def _draw(ax: Axes, i: int, name: str, values: Curve) -> None:
    ax.plot(
        np.arange(1, len(values) + 1),
        np.where(np.isfinite(values), values, np.nan),
        color=point_colour(i),
        linestyle=LINES[i % len(LINES)],
        linewidth=1.8,
        marker="o" if len(values) <= _FEW else None,
        markersize=4,
        label=name.replace("_", " "),
        zorder=3,
    )


def _note_breaks(ax: Axes, series: Mapping[str, Curve]) -> None:
    notes: dict[int, list[str]] = {}
    for name, values in series.items():
        broken = np.flatnonzero(~np.isfinite(values)) + 1
        if len(broken):
            owner = f"{name.replace('_', ' ')} " if len(series) > 1 else ""
            for_good = len(broken) == len(values) - broken[0] + 1
            when = f"from epoch {broken[0]}" if for_good else f"at {len(broken)} epochs, first {broken[0]}"
            notes.setdefault(int(broken[0]), []).append(f"{owner}not finite {when}")
    for epoch, lines in notes.items():
        ax.axvline(epoch, color=GREY, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
        ax.annotate(
            "\n".join(lines),
            (epoch, 1.0),
            xycoords=ax.get_xaxis_transform(),
            xytext=(-5, -4),
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=SMALL,
            color=INK,
            zorder=5,
        )


def _fit_epochs(ax: Axes, epochs: int) -> None:
    margin = max(0.03 * (epochs - 1), 0.5 if epochs == 1 else 0.15)
    ax.set_xlim(1 - margin, epochs + margin)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))


def _common_name(names: Sequence[str]) -> str:
    last_words = {name.split("_")[-1] for name in names}
    if len(names) == 1:
        return names[0].replace("_", " ")
    return last_words.pop() if len(last_words) == 1 else "value"
