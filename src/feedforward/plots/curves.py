"""How training went: any history, an epoch at a time; loss and score of a network one above the other."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from feedforward.errors import InputError, SettingError
from feedforward.plots.style import (
    GREY,
    LARGEST,
    LINES,
    SMALL,
    Picture,
    colour,
    dressed,
    label_axes,
    legend_beside,
    paper,
)
from feedforward.validation import check_kind, kind, nearest

Curve = NDArray[np.float64]
Epochs = NDArray[np.intp]

_OWNER = "learning_curve"
_DECIDING = ("val_calibrated_loss", "val_loss")  # which is the best epoch: the first that there is
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

    A history of losses and scores, as networks keep it, gets two panels, one above the other. Where there is a
    "val_calibrated_loss", or else a "val_loss", its lowest value, the best epoch, is marked in both.

    Parameters
    ----------
    model_or_history : fitted estimator with ``history_``, or dict from name to list
        One value an epoch, the first epoch is 1. Where values are not finite the line breaks, and a note says from
        which epoch on; where only those of validation are NaN, as after a ``partial_fit`` without validation rows, it
        says so. Scores below -1 lie below the panel.
    curves : sequence of str, optional
        Which of them to draw, on one axis. Default: those whose name ends in "loss", in a figure of its own those that
        end in "score" below them; where there are no losses, all but "seconds".
    log : bool, default=False
        Whether the axis of the losses (with `curves`, of all) is logarithmic. Values of 0 and below then have no place
        and break the line.
    ax : matplotlib Axes, optional
        Where to draw, one panel. Default: a new figure.
    legend : bool, default=True
        Whether to name the curves where there are several, to the right of the Axes. In your own figure,
        ``layout="constrained"`` makes room for it.

    Returns
    -------
    matplotlib Axes
        Of two panels the upper one, the losses; ``ax.figure.axes`` has both.

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
    panels = [_chosen(history, curves)]
    scores = [name for name in history if name.endswith("score")]
    if ax is None and curves is None and scores and panels[0] != scores and panels[0][0].endswith("loss"):
        panels.append(scores)
    series = [{name: _numbers(name, history[name]) for name in names} for names in panels]
    if log and not any((values > 0).any() for values in series[0].values()):
        raise InputError(f"{_OWNER}: log=True needs a value above 0, and there is none. Draw it with log=False.")
    best, unseen = _best_epoch(history), _without_validation(history)
    for i, (place, drawn) in enumerate(zip(_places(ax, len(panels)), series, strict=True)):
        _draw_panel(place, drawn, log=log and i == 0, legend=legend, last=i == len(panels) - 1, unseen=unseen)
        if best is not None:
            _mark_best(place, drawn, best)
        ax = ax or place
    assert ax is not None
    return ax


def _places(ax: Axes | None, panels: int) -> list[Axes]:
    if panels == 1:
        return [dressed(ax)]
    figure = plt.figure(figsize=(7.0, 5.6), layout="constrained", FigureClass=Picture)
    upper, lower = figure.subplots(2, 1, sharex=True)
    return [dressed(upper), dressed(lower)]


def _draw_panel(ax: Axes, series: Mapping[str, Curve], *, log: bool, legend: bool, last: bool, unseen: Epochs) -> None:
    if log:
        ax.set_yscale("log", nonpositive="mask")
    for i, (name, values) in enumerate(series.items()):
        _draw(ax, i, name, values)
    _set_ticks(ax, series, log)
    if all(name.endswith("score") for name in series):
        _cut_low_scores(ax, series)
    _note_breaks(ax, series, unseen)
    label_axes(ax, "epoch" if last else "", _common_name(list(series)))
    if legend and len(series) > 1:
        legend_beside(ax)


def _best_epoch(history: Mapping[str, Any]) -> int | None:
    """Return the epoch of the lowest validation loss that decided, counted from 1, if it is known."""
    deciding = next((name for name in _DECIDING if name in history), None)
    if deciding is None:
        return None
    values = _numbers(deciding, history[deciding])
    return None if np.isnan(values).all() else int(np.nanargmin(values)) + 1


def _without_validation(history: Mapping[str, Any]) -> Epochs:
    """Return the epochs, from 1, where validation alone is NaN: there were no rows for it, and nothing diverged."""
    judged = [name for name in ("val_loss", "val_score") if name in history]
    own = [name for name in ("train_loss", "train_score") if name in history]
    curves = {name: _numbers(name, history[name]) for name in (*judged, *own)}
    if not judged or not own or len({*map(len, curves.values())}) > 1:
        return np.empty(0, dtype=np.intp)
    unseen = np.all([np.isnan(np.asarray(history[name], dtype=np.float64)) for name in judged], axis=0)
    return np.flatnonzero(unseen & np.isfinite([curves[name] for name in own]).all(axis=0)) + 1


def _mark_best(ax: Axes, series: Mapping[str, Curve], best: int) -> None:
    """Mark the best epoch: a line through the panel, a dot on each curve of validation, and its value in words."""
    marked = {name: values for name, values in series.items() if name.startswith("val_") and len(values) >= best}
    if _DECIDING[0] in marked:
        marked.pop(_DECIDING[1], None)
    if not marked or max(map(len, marked.values())) == 1:
        return
    ink = paper(ax)
    ax.axvline(best, color=ink.grey, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)
    for values in marked.values():
        ax.plot(best, values[best - 1], "o", color=ink.ink, markersize=5.5, markerfacecolor="none", zorder=4)
    reached = ", ".join(f"{values[best - 1]:.4g}".replace("-", "−") for values in marked.values())
    # Towards the middle, and where curves are not: they come to losses from above and to scores from below.
    low, high = ax.get_xlim()
    left, top = best > (low + high) / 2, not marked.keys().isdisjoint(_DECIDING)
    ax.annotate(
        f"best epoch {best}: {reached}",
        (best, 1.0 if top else 0.0),
        xycoords=ax.get_xaxis_transform(),
        xytext=(-4 if left else 4, -2 if top else 3),
        textcoords="offset points",
        ha="right" if left else "left",
        va="top" if top else "bottom",
        fontsize=SMALL,
        color=ink.ink,
        zorder=5,
    )


def _cut_low_scores(ax: Axes, series: Mapping[str, Curve]) -> None:
    """Let R² of the first epochs, which can be anything, not press all others to a line."""
    finite = np.concatenate([values[np.isfinite(values)] for values in series.values()])
    if len(finite) and finite.min() < -1 < finite.max():
        ax.set_ylim(-1, finite.max() + 0.05 * (finite.max() + 1))


def _history(model_or_history: Any) -> Mapping[str, Any]:
    if isinstance(model_or_history, Mapping):
        history = model_or_history
    elif hasattr(model_or_history, "history_"):
        history = model_or_history.history_
    else:
        remedy = "Fit it first, or give" if hasattr(model_or_history, "fit") else "Give a fitted estimator, or"
        raise InputError(f"{_OWNER}: {kind(model_or_history)} has no history_. {remedy} a dict from name to list.")
    for name in history:
        check_kind(_OWNER, "the name of a curve", name, str, "text")
    if not history:
        raise InputError(f"{_OWNER}: the history has no curves. Give a dict from name to list.")
    return history


def _chosen(history: Mapping[str, Any], curves: Sequence[str] | None) -> list[str]:
    if curves is None:
        losses = [name for name in history if name.endswith("loss")]
        return losses or [name for name in history if name != "seconds"] or list(history)
    if isinstance(curves, str) or not isinstance(curves, Iterable) or not curves:
        raise SettingError(f"{_OWNER}: curves must be a list of names; got {curves!r}.")
    for name in curves:
        if name not in list(history):
            raise SettingError(f"{_OWNER}: the history has no curve {name!r}. {nearest(str(name), history)}")
    return list(curves)


def _numbers(name: str, values: Any) -> Curve:
    try:
        curve = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{_OWNER}: {name!r} must hold one number an epoch; {error}.") from error
    if curve.ndim != 1 or len(curve) == 0:
        raise InputError(f"{_OWNER}: {name!r} must hold one number an epoch; got shape {curve.shape}.")
    return np.where(np.abs(curve) < LARGEST, curve, np.nan)


def _draw(ax: Axes, i: int, name: str, values: Curve) -> None:
    known = np.pad(np.isfinite(values), 1)
    alone = np.flatnonzero(known[1:-1] & ~known[:-2] & ~known[2:])  # no line leads there: without a dot nothing is seen
    dots = range(len(values)) if len(values) <= _FEW else alone.tolist()
    ax.plot(
        np.arange(1, len(values) + 1),
        values,
        color=colour(i),
        linestyle=LINES[i % len(LINES)],
        linewidth=1.8,
        marker="o" if dots else None,
        markevery=list(dots) if dots else None,
        markersize=4,
        label=name.replace("_", " "),
        zorder=3,
    )


def _note_breaks(ax: Axes, series: Mapping[str, Curve], unseen: Epochs) -> None:
    breaks = {name: np.flatnonzero(np.isnan(values)) + 1 for name, values in series.items()}
    validated = [name for name in breaks if name.startswith("val_")]
    breaks |= {name: np.setdiff1d(breaks[name], unseen) for name in validated}
    if validated and len(unseen):
        note = f"no validation {_when(unseen, len(series[validated[0]]))}"
        ax.set_title(note, fontsize=SMALL, color=paper(ax).ink, loc="right")
    breaks = {name: epochs for name, epochs in breaks.items() if len(epochs)}
    for first in {int(epochs[0]) for epochs in breaks.values()}:
        ax.axvline(first, color=GREY, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
    if breaks:
        owners = {name: f"{name.replace('_', ' ')} " if len(series) > 1 else "" for name in breaks}
        notes = [f"{owners[name]}not finite {_when(epochs, len(series[name]))}" for name, epochs in breaks.items()]
        # Upright along the line, on its right: nothing is drawn there, and no note is too long.
        where = (max(int(epochs[0]) for epochs in breaks.values()), 1.0)
        ax.annotate(
            "\n".join(notes),
            where,
            xycoords=ax.get_xaxis_transform(),
            xytext=(3, -2),
            textcoords="offset points",
            rotation=90,
            ha="left",
            va="top",
            fontsize=SMALL,
            color=paper(ax).ink,
            zorder=5,
        )
    if not any(np.isfinite(values).any() for values in series.values()):
        ax.set_yticks([])


def _when(epochs: Epochs, last: int) -> str:
    if len(epochs) == last - epochs[0] + 1:
        return f"from epoch {epochs[0]}"
    if len(epochs) == epochs[-1] - epochs[0] + 1 > 1:
        return f"in epochs {epochs[0]} to {epochs[-1]}"
    return f"at epoch {epochs[0]}" if len(epochs) == 1 else f"at {len(epochs)} of {last} epochs, first {epochs[0]}"


def _set_ticks(ax: Axes, series: Mapping[str, Curve], log: bool) -> None:
    epochs = max(len(values) for values in series.values())
    margin = max(0.02 * (epochs - 1), 0.15) if epochs > 1 else 0.5
    ax.set_xlim(max(1 - margin, 0.4), epochs + margin)
    ax.xaxis.set_major_locator(_whole_numbers())
    if not log and all((values == np.round(values))[np.isfinite(values)].all() for values in series.values()):
        ax.yaxis.set_major_locator(_whole_numbers())  # mistakes are counted


def _whole_numbers() -> MaxNLocator:
    return MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1)


def _common_name(names: Sequence[str]) -> str:
    last_words = {name.split("_")[-1] for name in names}
    if len(names) == 1:
        return names[0].replace("_", " ")
    return last_words.pop() if len(last_words) == 1 else "value"
