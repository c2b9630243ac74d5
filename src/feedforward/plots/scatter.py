"""The points of two features, each class in its own colour and marker."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from feedforward.errors import InputError
from feedforward.plots import columns as frame
from feedforward.plots.columns import Column
from feedforward.plots.style import (
    BLACK,
    MARKERS,
    MAX_CLASSES,
    WHITE,
    colour,
    dressed,
    is_hollow,
    label_axes,
    legend_beside,
    mixed,
    point_size,
    shortened,
)
from feedforward.targets import encode_labels

Array = NDArray[Any]

_MANY = 5000  # points beyond which they let each other through, and are an image in files of vectors (PDF, SVG)


def points(
    X: Any, y: Any, *, columns: tuple[Column, Column] = (0, 1), ax: Axes | None = None, legend: bool = True
) -> Axes:
    """Draw the rows as points in the plane of two features.

    Parameters
    ----------
    X : array or DataFrame (pandas, polars, pyarrow) of shape (n, m)
        The axes are named after its columns; those of an array are x0, x1, ... Rows without a finite value in both
        columns are not drawn.
    y : array-like of shape (n,)
        Labels: strings, whole numbers, booleans; at most 16 classes. Beyond eight, colours return, hollow.
    columns : pair of int or str, default=(0, 1)
        The two features, by place (counted from 0) or by name.
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
        If rows or labels cannot be drawn.
    SettingError
        If `columns` names what is not there.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = points([[0, 0], [1, 2], [2, 1]], ["no", "yes", "yes"], ax=Figure().subplots())
    >>> ax.get_xlabel(), [text.get_text() for text in ax.get_legend().get_texts()]
    ('x0', ['no', 'yes'])
    """
    table = frame.read("points", X)
    place = frame.places("points", table, columns)
    xy = np.column_stack([frame.numbers("points", table, j) for j in place])
    classes, codes = classes_and_codes("points", y, len(xy))
    ax = dressed(ax)
    draw_points(ax, xy, codes, classes)
    x_name, y_name = (frame.names(table)[j] for j in place)
    label_axes(ax, x_name, y_name)
    if legend:
        legend_beside(ax)
    return ax


def classes_and_codes(owner: str, y: Any, n: int) -> tuple[Array, Array]:
    """Return the classes in `y` and the place of each label among them, checked against the number of rows.

    Examples
    --------
    >>> classes_and_codes("points", ["b", "a", "b"], 3)
    (array(['a', 'b'], dtype='<U1'), array([1, 0, 1]))
    """
    classes, codes = encode_labels(y)
    if len(codes) != n:
        raise InputError(f"{owner}: X has {n} rows, y has {len(codes)} labels. Give one label for each row.")
    check_number_of_classes(owner, len(classes))
    return classes, codes


def check_number_of_classes(owner: str, k: int) -> None:
    """Raise `InputError` where classes could no longer be told apart.

    Examples
    --------
    >>> check_number_of_classes("points", 17)
    Traceback (most recent call last):
    feedforward.errors.InputError: points: 17 classes are too many to tell apart. Group them, or draw at most 16.
    """
    if k > MAX_CLASSES:
        raise InputError(f"{owner}: {k} classes are too many to tell apart. Group them, or draw at most {MAX_CLASSES}.")


def draw_points(ax: Axes, xy: Array, codes: Array, classes: Array) -> None:
    """Draw one collection for each class that has points, with its label.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> draw_points(ax, np.array([[0.0, 1.0]]), np.array([1]), np.array(["no", "yes"]))
    >>> [collection.get_label() for collection in ax.collections]
    ['yes']
    """
    many = len(xy) > _MANY
    for code in np.unique(codes):
        ax.scatter(
            xy[codes == code, 0],
            xy[codes == code, 1],
            s=point_size(len(xy)),
            marker=MARKERS[code % len(MARKERS)],
            facecolors=[WHITE if is_hollow(code) else colour(code)],
            edgecolors=[colour(code) if is_hollow(code) or many else mixed(colour(code), BLACK, 0.55)],
            linewidths=0.9 if is_hollow(code) else 0.0 if many else 0.4,
            alpha=0.6 if many else 1.0,
            label=shortened(classes[code]),
            zorder=3,
            rasterized=many,
        )
