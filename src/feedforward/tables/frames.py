"""Any DataFrame or two-dimensional array to a `pyarrow.Table`, column by column."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from numbers import Real
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from feedforward.errors import InputError, InputTypeError


def is_frame(X: Any) -> bool:
    """Return whether `X` is a DataFrame of pandas, polars, pyarrow or another library that narwhals knows.

    Examples
    --------
    >>> is_frame(pa.table({"a": [1]})), is_frame([[1]])
    (True, False)
    """
    return isinstance(X, pa.RecordBatch | nw.DataFrame) or bool(nw.dependencies.is_into_dataframe(X))


def frame_to_table(frame: Any, names: Sequence[str] | None = None, dropped: Collection[str] = ()) -> Any:
    """Return a DataFrame as a table; the index of pandas is ignored.

    Parameters
    ----------
    frame : DataFrame
        Of any library for which `is_frame` holds.
    names : sequence of str, optional
        Names for the columns. Default: the frame's own.
    dropped : collection of str
        Columns of which it is no matter what they hold; of any that is no column of Arrow, nothing is kept.

    Raises
    ------
    InputError
        If two columns share a name, or a column mixes types.

    Examples
    --------
    >>> import pandas as pd
    >>> frame_to_table(pd.DataFrame({"a": [1, 2]}, index=[7, 8])).to_pydict()
    {'a': [1, 2]}
    """
    if isinstance(frame, pa.RecordBatch):
        frame = pa.Table.from_batches([frame])
    refuse_repeated_names(frame)
    names = [str(name) for name in _own_names(frame)] if names is None else names
    if isinstance(frame, pa.Table):
        return frame.rename_columns(list(names))
    frame = nw.from_native(frame, eager_only=True)
    # One column at a time: pandas would bring its index along, and a failure would not name its column.
    columns = []
    for own, name in zip(frame.columns, names, strict=True):
        series = frame.get_column(own)
        try:
            column = series.to_arrow()
            if series.dtype == nw.Object and pa.types.is_temporal(column.type):
                column = objects_to_column(series.to_list(), name)
            columns.append(_intervals_as_text(series) if _is_intervals(column.type) else column)
        except (ValueError, TypeError, OverflowError, pa.ArrowException):
            columns.append(pa.nulls(len(series)) if name in dropped else objects_to_column(series.to_list(), name))
    return pa.table(columns, names=list(names))


def _is_intervals(kind: Any) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return isinstance(kind, pa.BaseExtensionType) and kind.extension_name == "pandas.interval"


def _intervals_as_text(series: Any) -> Any:
    """Return intervals of pandas as categories of text, written as pandas writes them."""
    cells = [None if _is_missing(cell) else str(cell) for cell in series.to_list()]
    return pa.array(cells, pa.string()).dictionary_encode()


def refuse_repeated_names(frame: Any) -> None:
    """Raise `InputError` if two columns of a DataFrame share a name.

    Examples
    --------
    >>> refuse_repeated_names(pa.table([[1], [2]], names=["a", "a"]))
    Traceback (most recent call last):
    feedforward.errors.InputError: The table has two columns named 'a'. Rename or drop one.
    """
    names = [str(name) for name in _own_names(frame)]
    if len(set(names)) < len(names):
        name = next(name for name in names if names.count(name) > 1)
        raise InputError(f"The table has two columns named {name!r}. Rename or drop one.")


def _own_names(frame: Any) -> list[Any]:
    return list(frame.column_names if isinstance(frame, pa.Table) else frame.columns)


def aligned(frame: Any, names: Sequence[str], spare: Collection[str] = ()) -> Any:
    """Return the columns `names` of a DataFrame, in this order; if one is missing, the DataFrame as it is.

    Those that are `spare` may be missing: there is nothing in them then.

    Examples
    --------
    >>> aligned(pa.table({"b": [2], "c": [3], "a": [1]}), ["a", "b"]).to_pydict()
    {'a': [1], 'b': [2]}
    >>> aligned(pa.table({"b": [2]}), ["a", "b"], spare=["a"]).to_pydict()
    {'a': [None], 'b': [2]}
    """
    own = [str(name) for name in _own_names(frame.schema.empty_table() if isinstance(frame, pa.RecordBatch) else frame)]
    if own == list(names) or not set(names) <= {*own, *spare}:
        return frame
    table = frame_to_table(frame, dropped=spare)
    for name in names:
        if name not in own:
            table = table.append_column(name, pa.nulls(table.num_rows))
    return table.select(list(names))


def array_to_table(X: NDArray[Any], names: Sequence[str], dropped: Collection[str] = ()) -> Any:
    """Return the columns of a two-dimensional array as a table; each column of an object array finds its own type.

    Raises
    ------
    InputError
        If a column mixes types.

    Examples
    --------
    >>> array_to_table(np.array([[1, "a"], [2, "b"]], dtype=object), ["x0", "x1"]).schema.types
    [DataType(int64), DataType(string)]
    """
    if X.dtype.kind == "O":
        columns = [
            pa.nulls(len(X)) if name in dropped else objects_to_column(X[:, j].tolist(), name)
            for j, name in enumerate(names)
        ]
        return pa.table(columns, names=list(names))
    if X.dtype.kind == "f":
        X = X.astype(np.float64, copy=False)  # half and long double have no Arrow twin that computes
    if X.dtype.kind == "m":
        X = X.astype("m8[s]" if np.datetime_data(X.dtype)[0] in "WDhm" else X.dtype)  # Arrow counts from seconds down
    return pa.table([pa.array(np.ascontiguousarray(X[:, j])) for j in range(X.shape[1])], names=list(names))


def objects_to_column(values: list[Any], name: str) -> Any:
    """Return Python objects as one typed column; None, NaN and NaT are missing.

    Whole numbers beyond int64 become float64; days beside moments are their midnight.

    Raises
    ------
    InputError
        If the values have more than one type, with the first row that differs.

    Examples
    --------
    >>> objects_to_column([1, None, 2.5], "a").to_pylist()
    [1.0, None, 2.5]
    >>> objects_to_column([1, "two"], "a")
    Traceback (most recent call last):
    feedforward.errors.InputError: Column 'a' of the table mixes types: number at row 0, text at row 1 ...
    """
    try:
        column = pa.array(values, from_pandas=True)
    except (ValueError, TypeError, OverflowError, pa.ArrowException):
        column = None
    if column is not None and not pa.types.is_temporal(column.type):  # Arrow would mix numbers and zones into dates
        return column
    word = _refuse_mixed(values, name)
    if column is not None:
        return column
    convert, kind = _CONVERSIONS.get(word, (float, pa.float64()))
    try:
        return pa.array([None if _is_missing(value) else convert(value) for value in values], kind)
    except (ValueError, TypeError, OverflowError, pa.ArrowException):
        raise InputError(f"Column {name!r} of the table cannot be read as one type. Convert or drop it.") from None


_CONVERSIONS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "date": (lambda moment: np.datetime64(moment, "us"), pa.timestamp("us")),
    "date with a zone": (lambda moment: moment, pa.timestamp("us", "UTC")),
    "duration": (lambda duration: np.timedelta64(duration, "us"), pa.duration("us")),
    "time of day": (lambda time: time, pa.time64("us")),
}


def _refuse_mixed(values: Iterable[Any], name: str) -> str:
    """Return what all values are, in a word; `InputError` if there is no such word."""
    first: tuple[int, str] | None = None
    for row, value in enumerate(values):
        if _is_missing(value):
            continue
        word = _word_for(value)
        if word is None:
            raise InputTypeError(
                f"Column {name!r} of the table holds a {type(value).__name__} at row {row} (counted from 0): its "
                f"argument must be a string or a number. Convert or drop the column."
            )
        first = first or (row, word)
        if word != first[1]:
            raise InputError(
                f"Column {name!r} of the table mixes types: {first[1]} at row {first[0]}, {word} at row {row} (counted "
                f"from 0): {value!r}. Give the column one type."
            )
    return first[1] if first else "number"


def _word_for(value: Any) -> str | None:
    if isinstance(value, bool | np.bool_):
        return "boolean"
    if isinstance(value, timedelta | np.timedelta64):  # the second is a number, too
        return "duration"
    if isinstance(value, Real | Decimal):
        return "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, date | np.datetime64):
        return "date" if getattr(value, "tzinfo", None) is None else "date with a zone"
    return "time of day" if isinstance(value, time) else None


def _is_missing(value: Any) -> bool:
    try:
        return value is None or not bool(value == value)
    except (TypeError, ValueError):  # pandas.NA will not say
        return True
