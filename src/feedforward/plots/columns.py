"""Two columns of X to draw and the rest to hold: arrays and DataFrames alike."""

from collections import Counter
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from feedforward.errors import InputError, SettingError
from feedforward.plots.style import LARGEST
from feedforward.validation import kind, nearest

Array = NDArray[Any]
Column = int | str
Table = nw.DataFrame[Any] | Array


def read(owner: str, X: Any) -> Table:
    """Return `X` as a 2-D array, or wrapped if it is a DataFrame (pandas, polars, pyarrow).

    Examples
    --------
    >>> read("points", [1.0, 2.0])
    Traceback (most recent call last):
    feedforward.errors.InputError: points: X must have rows and columns; got a list of shape (2,). Give ...
    """
    try:
        framed = nw.from_native(X, eager_only=True, pass_through=True)
    except ValueError as error:
        raise InputError(f"{owner}: X has several columns of one name. Give each its own.") from error
    table: Table = framed if isinstance(framed, nw.DataFrame) else _as_array(owner, X)
    if table.shape[0] == 0:
        raise InputError(f"{owner}: X has no rows. Give at least one.")
    if table.shape[1] < 2:
        raise InputError(f"{owner}: X has {table.shape[1]} column(s); a picture of two features needs two or more.")
    return table


def _as_array(owner: str, X: Any) -> Array:
    if hasattr(X, "toarray"):
        raise InputError(f"{owner}: X is sparse. Give X.toarray().")
    try:
        array = np.asarray(X)
    except ValueError as error:
        raise InputError(f"{owner}: X has rows of different lengths. Give every row the same columns.") from error
    if array.ndim != 2:
        raise InputError(
            f"{owner}: X must have rows and columns; got {kind(X)} of shape {array.shape}. "
            f"Give an array of shape (n, m) or a DataFrame."
        )
    return array


def names(table: Table) -> list[str]:
    """Return the names of the columns, x0, x1, ... for an array.

    Examples
    --------
    >>> names(np.zeros((1, 2)))
    ['x0', 'x1']
    """
    if isinstance(table, np.ndarray):
        return [f"x{j}" for j in range(table.shape[1])]
    return [str(name) for name in table.columns]


def places(owner: str, table: Table, columns: tuple[Column, Column]) -> tuple[int, int]:
    """Return where the two chosen columns stand.

    Examples
    --------
    >>> places("points", np.zeros((1, 3)), ("x2", 0))
    (2, 0)
    """
    if not isinstance(columns, tuple | list) or len(columns) != 2:
        raise SettingError(f"{owner}: columns must be two places or names, as in columns=(0, 1); got {columns!r}.")
    first, second = (_place(owner, names(table), column) for column in columns)
    if first == second:
        raise SettingError(f"{owner}: columns must be two different ones; got {columns!r}.")
    return first, second


def _place(owner: str, known: list[str], column: Column) -> int:
    if isinstance(column, str):
        if column not in known:
            raise SettingError(f"{owner}: X has no column {column!r}. {nearest(column, known)}")
        return known.index(column)
    if not isinstance(column, int | np.integer) or isinstance(column, bool) or not 0 <= column < len(known):
        raise SettingError(
            f"{owner}: columns must be names or places from 0 to {len(known) - 1}, counted from 0; got {column!r}."
        )
    return int(column)


def numbers(owner: str, table: Table, j: int) -> NDArray[np.float64]:
    """Return column `j` as float64, with nan where a value is missing or infinite.

    Examples
    --------
    >>> numbers("points", np.array([[1, 2], [3, 4]]), 1)
    array([2., 4.])
    """
    values = _floats(table, j)
    if values is None:
        raise InputError(
            f"{owner}: column {names(table)[j]!r} is not a column of numbers. Choose two that are, with columns=."
        )
    drawable = np.abs(values) < LARGEST
    if not drawable.any():
        raise InputError(f"{owner}: column {names(table)[j]!r} has no finite value. Choose another, with columns=.")
    return np.where(drawable, values, np.nan)


def _floats(table: Table, j: int) -> NDArray[np.float64] | None:
    if isinstance(table, np.ndarray):
        try:
            return table[:, j].astype(np.float64)
        except (TypeError, ValueError):
            return None
    column = table[:, j]
    return column.cast(nw.Float64).to_numpy().astype(np.float64) if column.dtype.is_numeric() else None


def grid(table: Table, chosen: tuple[int, int], x: Array, y: Array) -> Any:
    """Return the rows of a grid, as `table` was given: two columns from `x` and `y`, the others held.

    Numbers are held at their median (whole numbers of a DataFrame at the lower of the two middle ones), everything else
    at its most common value. Columns of a DataFrame keep their types; whole numbers become float64 in the two chosen
    columns and in arrays.

    Examples
    --------
    >>> grid(np.array([[0, 1, 5], [2, 3, 8]]), (0, 1), np.array([0.5]), np.array([1.5]))
    array([[0.5, 1.5, 6.5]])
    """
    if isinstance(table, np.ndarray):
        return _array_grid(table, chosen, x, y)
    made = dict(zip(chosen, (x, y), strict=True))
    columns = [_grid_column(table[:, j], made.get(j), len(x)) for j in range(table.shape[1])]
    return nw.to_native(nw.from_dict({column.name: column for column in columns}))


def _array_grid(table: Array, chosen: tuple[int, int], x: Array, y: Array) -> Array:
    rows = np.empty((len(x), table.shape[1]), np.float64 if table.dtype.kind in "biu" else table.dtype)
    for j in range(table.shape[1]):
        values = _floats(table, j)
        rows[:, j] = _most_common(table[:, j].tolist()) if values is None else _median(values)
    rows[:, chosen[0]], rows[:, chosen[1]] = x, y
    return rows


def _grid_column(column: nw.Series[Any], values: Array | None, n: int) -> nw.Series[Any]:
    kind = column.dtype if column.dtype.is_float() else nw.Float64()
    if values is None and column.dtype.is_float():
        values = np.full(n, _median(column.to_numpy()))
    if values is not None:
        return nw.new_series(column.name, values, kind, backend=column.implementation)
    # A value that stands in the table, taken from its row, keeps its type: whole number, category, date.
    return column[np.full(n, _typical_row(column))]


def _typical_row(column: nw.Series[Any]) -> int:
    rows = np.flatnonzero(~column.is_null().to_numpy())
    if len(rows) == 0:
        return 0
    values = column[rows].to_list()
    if column.dtype.is_numeric():
        return int(rows[sorted(range(len(rows)), key=values.__getitem__)[(len(rows) - 1) // 2]])
    return int(rows[values.index(_most_common(values))])


def _median(values: Array) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else float("nan")


def _most_common(values: list[Any]) -> Any:
    known = [value for value in values if value is not None and not (isinstance(value, float) and np.isnan(value))]
    return Counter(known).most_common(1)[0][0] if known else None


def all_numbers(table: Table, chosen: tuple[int, int]) -> bool:
    """Return whether all columns but the two chosen hold numbers.

    Examples
    --------
    >>> all_numbers(np.array([[1, 2, "a"]], dtype=object), (0, 1))
    False
    """
    return all(_floats(table, j) is not None for j in range(table.shape[1]) if j not in chosen)
