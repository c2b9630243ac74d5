"""What a classifier predicts everywhere in the plane of two features."""

from dataclasses import dataclass
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, is_regressor
from sklearn.exceptions import NotFittedError

from feedforward.errors import FeedforwardError, InputError
from feedforward.plots import columns as frame
from feedforward.plots.columns import Column, Table
from feedforward.plots.scatter import check_number_of_classes, classes_and_codes, draw_points
from feedforward.plots.style import INK, dressed, label_axes, legend_beside, point_size, shortened, tint
from feedforward.targets import encode_labels
from feedforward.validation import COUNT, Rule, check_setting, kind

Array = NDArray[Any]

_OWNER = "decision_regions"
_RESOLUTION = Rule(
    "a whole number from 2 to 4000",
    lambda value: COUNT.holds(value) and 2 <= value <= 4000,
)
_MARGIN = 0.06  # of the range of the data, on each side: further out there is no data to speak for the model
_FEW = 2000  # points up to which rings around mistakes stay legible


def decision_regions(
    model: Any,
    X: Any,
    y: Any = None,
    *,
    columns: tuple[Column, Column] = (0, 1),
    resolution: int = 300,
    ax: Axes | None = None,
    legend: bool = True,
) -> Axes:
    """Shade the plane of two features by the class that `model` predicts there.

    The plane reaches as far as the rows of `X` and a small margin. With more than two features, the others are held:
    numbers at their median, everything else at its most common value, and the title says so; a point's own values in
    those columns can differ, so it may lie in the region of another class than the one predicted for it.

    Parameters
    ----------
    model : fitted classifier
        Anything with ``predict``: of this library, of scikit-learn, a pipeline. It gets the whole grid in one call, as
        the kind of table that `X` is, with the same column names and types.
    X : array or DataFrame (pandas, polars, pyarrow) of shape (n, m)
        Rows as the model takes them.
    y : array-like of shape (n,), optional
        Labels. If given, the rows are drawn as points, and up to 2000 of them with a ring around each that the model
        predicts wrongly. At most 16 classes; beyond eight, colours return, hollow, on darker shades.
    columns : pair of int or str, default=(0, 1)
        The two features, by place (counted from 0) or by name.
    resolution : int, default=300
        Steps of the grid along each side.
    ax : matplotlib Axes, optional
        Where to draw. Default: a new figure.
    legend : bool, default=True
        Whether to name the classes, to the right of the Axes. In your own figure,
        ``layout="constrained"`` makes room for it.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If rows or labels cannot be drawn, or the model is not a fitted classifier.
    SettingError
        If `columns` names what is not there, or `resolution` cannot be.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from sklearn.linear_model import Perceptron
    >>> X, y = [[0, 0], [1, 1], [2, 2], [3, 3]], ["no", "no", "yes", "yes"]
    >>> ax = decision_regions(Perceptron().fit(X, y), X, y, ax=Figure().subplots())
    >>> ax.images[0].get_array().shape, ax.get_ylabel()
    ((300, 300), 'x1')
    """
    check_setting(_OWNER, "resolution", resolution, _RESOLUTION)
    _refuse_regressor(model)
    table = frame.read(_OWNER, X)
    place = frame.places(_OWNER, table, columns)
    xy = np.column_stack([frame.numbers(_OWNER, table, j) for j in place])
    labels = None if y is None else classes_and_codes(_OWNER, y, len(xy))
    regions = _predicted(model, table, place, xy, resolution, () if labels is None else labels[0])

    ax = dressed(ax)
    _shade(ax, regions)
    if labels is not None:
        draw_points(ax, xy, _codes(labels[0], regions.classes)[labels[1]], regions.classes)
        _ring_mistakes(ax, xy, labels[0][labels[1]], model, X)
    x_name, y_name = (frame.names(table)[j] for j in place)
    label_axes(ax, x_name, y_name, _title(table, place))
    if legend:
        legend_beside(ax, _handles(ax, regions))
    return ax


@dataclass(frozen=True)
class Regions:
    """What is predicted on a grid.

    Attributes
    ----------
    classes : array of shape (k,)
    codes : array of shape (resolution, resolution)
        Of each cell, the place of its class among `classes`; rows from the lower edge upward.
    extent : tuple of float
        Left, right, lower and upper edge.
    """

    classes: Array
    codes: Array
    extent: tuple[float, float, float, float]


def _predicted(model: Any, table: Table, place: tuple[int, int], xy: Array, resolution: int, expected: Any) -> Regions:
    low, high = np.nanmin(xy, axis=0), np.nanmax(xy, axis=0)
    width = np.where(high > low, high - low, np.maximum(np.abs(high), 1.0))
    low, high = low - _MARGIN * width, high + _MARGIN * width
    middles = (np.arange(resolution) + 0.5) / resolution  # of the cells, so that the image ends where the range does
    x, y = np.meshgrid(*(low + (high - low) * middles[:, np.newaxis]).T)
    predictions = _predict(model, frame.grid(table, place, x.ravel(), y.ravel()), x.size)
    found, codes = encode_labels(predictions)
    classes = _all_classes(getattr(model, "classes_", found), found, expected)
    codes = _codes(found, classes)[codes].reshape(x.shape)
    return Regions(classes, codes, (low[0], high[0], low[1], high[1]))


def _refuse_regressor(model: Any) -> None:
    if isinstance(model, BaseEstimator) and is_regressor(model):
        raise InputError(
            f"{_OWNER} needs a classifier, and {type(model).__name__} predicts numbers. Give a model that predicts "
            "labels, such as MLPClassifier."
        )


def _predict(model: Any, rows: Any, n: int) -> Array:
    name = type(model).__name__
    if not hasattr(model, "predict") or isinstance(model, type):
        what = kind(model) if isinstance(model, type) else name
        raise InputError(f"{_OWNER}: {what} has no predict. Give a fitted classifier.")
    try:
        predictions = np.asarray(model.predict(rows))
    except NotFittedError as error:
        raise InputError(f"{_OWNER}: {name} is not fitted. Call fit(X, y) first.") from error
    except FeedforwardError:
        raise
    except ValueError as error:
        raise InputError(f"{_OWNER}: {name} cannot predict such rows: {' '.join(str(error).split())}") from error
    if predictions.shape != (n,):
        raise InputError(
            f"{_OWNER}: predict gave shape {predictions.shape} for {n} rows. Give a classifier with one label a row."
        )
    if predictions.dtype.kind == "f" and not (predictions == np.round(predictions)).all():
        raise InputError(f"{_OWNER}: {name} predicts continuous numbers, not classes. Give a fitted classifier.")
    return predictions


def _all_classes(*groups: Any) -> Array:
    # As objects, so that NumPy does not turn numbers beside strings into strings.
    labels = np.array([label for group in groups for label in np.asarray(group).tolist()], dtype=object)
    classes, _ = encode_labels(labels)
    check_number_of_classes(_OWNER, len(classes))
    return classes


def _codes(labels: Array, classes: Array) -> Array:
    place = {label: code for code, label in enumerate(classes.tolist())}
    return np.array([place[label] for label in labels.tolist()])


def _shade(ax: Axes, regions: Regions) -> None:
    k = len(regions.classes)
    left, right, lower, upper = regions.extent
    ax.imshow(
        regions.codes,
        cmap=ListedColormap([tint(code) for code in range(k)]),
        vmin=-0.5,
        vmax=k - 0.5,
        extent=regions.extent,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        zorder=0,
    )
    n = len(regions.codes)
    x = left + (np.arange(n) + 0.5) / n * (right - left)
    y = lower + (np.arange(n) + 0.5) / n * (upper - lower)
    for code in np.unique(regions.codes)[1:]:
        inside = _softened((regions.codes == code).astype(float))
        ax.contour(x, y, inside, levels=[0.5], colors=[INK], linewidths=1.1, zorder=1)
    ax.set(xlim=(left, right), ylim=(lower, upper))


def _softened(mask: Array) -> Array:
    """Average each cell with its neighbours: a slanted boundary is then a line, not a stair."""
    wide = np.pad(mask, 1, mode="edge")
    tall = wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:]
    soft: Array = (tall[:-2] + 2 * tall[1:-1] + tall[2:]) / 16
    return soft


def _ring_mistakes(ax: Axes, xy: Array, labels: Array, model: Any, X: Any) -> None:
    if len(xy) > _FEW:
        return
    wrong = _predict(model, X, len(xy)) != labels
    if wrong.any():
        ax.scatter(
            xy[wrong, 0],
            xy[wrong, 1],
            s=point_size(len(xy)) * 2.4,
            facecolors="none",
            edgecolors=INK,
            linewidths=0.8,
            label=f"wrong: {wrong.sum()} of {len(wrong)}",
            zorder=4,
        )


def _title(table: Table, place: tuple[int, int]) -> str:
    others = table.shape[1] - 2
    if others == 0:
        return ""
    how = "median" if frame.all_numbers(table, place) else "median or most common value"
    held = f"{others} other columns held at their {how}" if others > 1 else f"1 other column held at its {how}"
    return fill(held, 40)  # no wider than a panel of two


def _handles(ax: Axes, regions: Regions) -> list[Any]:
    handles, names = ax.get_legend_handles_labels()
    for code in np.unique(regions.codes):
        name = shortened(regions.classes[code])
        if name not in names:
            handles.append(Patch(facecolor=tint(code), edgecolor=INK, linewidth=0.6, label=name))
    return handles
