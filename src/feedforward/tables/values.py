"""The values of a column as numbers or as categories, by what it holds; what cannot be read names its row."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from feedforward.errors import InputError
from feedforward.tables.cells import NUMBER, to_booleans, to_numbers, without_blanks

# What a column may hold to be read as a kind; text, too, where the user declared the kind.
_READABLE = {"number": ("number", "boolean"), "boolean": ("boolean", "number")}
_PARSERS = {"number": to_numbers, "boolean": to_booleans}
_PLURAL = {"number": "numbers", "boolean": "booleans", "date": "dates", "text": "text"}
_TICKS_A_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


def decoded(column: Any) -> Any:
    """Return a column, of pandas' or Arrow's categories as the values that they stand for.

    Examples
    --------
    >>> decoded(pa.chunked_array([["a", "b"]]).dictionary_encode()).type
    DataType(string)
    """
    if not pa.types.is_dictionary(column.type):
        return column
    try:
        return column.cast(column.type.value_type)
    except pa.ArrowNotImplementedError:  # of lists, for one: there is no encoding for these
        return column


def holding(column: Any) -> str:
    """Return what a column holds: number, boolean, text, date, nothing, or other, which has no encoding.

    Examples
    --------
    >>> holding(pa.chunked_array([[1.5]])), holding(pa.chunked_array([["a"]])), holding(pa.chunked_array([[None]]))
    ('number', 'text', 'nothing')
    """
    kind, types = column.type, pa.types
    if column.null_count == len(column):
        return "nothing"
    if types.is_boolean(kind):
        return "boolean"
    if types.is_floating(kind):
        return "nothing" if np.isnan(_floats(column)).all() else "number"
    if types.is_integer(kind) or types.is_decimal(kind):
        return "number"
    if is_text(kind):
        return "text"
    return "date" if types.is_temporal(kind) and not types.is_interval(kind) else "other"


def is_text(kind: Any) -> bool:
    """Return whether a type of Arrow is one of text.

    Examples
    --------
    >>> is_text(pa.large_string()), is_text(pa.int8())
    (True, False)
    """
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def read_floats(column: Any, name: str, kind: str, declared: bool) -> NDArray[np.float64]:
    """Return a column as float64, with NaN where a value is missing.

    Booleans become 0 and 1.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
    name : str
        For messages.
    kind : str
        number or boolean.
    declared : bool
        Whether the user named this kind, so that text is parsed.

    Raises
    ------
    InputError
        If a value is not of this kind, or infinite, with its row.

    Examples
    --------
    >>> read_floats(pa.chunked_array([["1", None, " 2"]]), "a", "number", declared=True)
    array([ 1., nan,  2.])
    """
    if declared and holding(column) == "text":
        column = _parsed(column, name, kind)
    found = holding(column)
    if found == "nothing":
        return np.full(len(column), np.nan)
    if found not in _READABLE[kind]:
        raise refusal(column, name, f"{_PLURAL[kind]}, not {found}", _telling_row(column, kind, found))
    values = _floats(column)
    infinite = np.isinf(values)
    if infinite.any():
        row = int(infinite.argmax())
        raise InputError(
            f"Input X contains infinity: column {name!r} is {values[row]} at row {row} (counted from 0). Correct the "
            f"cell or leave it empty."
        )
    if kind == "boolean":
        odd = ~(np.isnan(values) | (values == 0) | (values == 1))
        if odd.any():
            raise refusal(column, name, "booleans, or 0 and 1", int(odd.argmax()))
    return values


def read_categories(column: Any, name: str, expected: str | None = None) -> Any:
    """Return a column as categories: large_string, int64, float64 or bool, with nulls where a value is missing.

    Whole numbers are int64 where they fit; dates are written out in ISO 8601.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
    name : str
        For messages.
    expected : str, optional
        What the column must hold, as `holding` says it, if it holds anything.

    Raises
    ------
    InputError
        If it holds something else, or what has no encoding.

    Examples
    --------
    >>> read_categories(pa.chunked_array([[1.5, float("nan")]]), "a").to_pylist()
    [1.5, None]
    """
    found = holding(column)
    if found == "nothing":
        return pa.chunked_array([pa.nulls(len(column), category_type(expected or "text"))])
    if found == "other":
        raise InputError(f"Column {name!r} is of type {column.type}, which has no encoding. Convert or drop it.")
    if expected not in (None, found):
        wanted = f"categories that are {_PLURAL[str(expected)]}, not {found}"
        raise refusal(column, name, wanted, _telling_row(column, str(expected), found))
    if found == "number":
        if pa.types.is_integer(column.type):
            try:
                return column.cast(pa.int64())
            except pa.ArrowInvalid:  # beyond int64
                return column.cast(pa.float64(), safe=False)
        values = read_floats(column, name, "number", declared=False) + 0.0  # -0.0 is 0.0
        return pa.chunked_array([pa.array(values, from_pandas=True)])
    if pa.types.is_timestamp(column.type):  # one unit, one text
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return column.cast(category_type(found))


def category_type(found: str) -> Any:
    """Return the Arrow type of categories that are text, dates, numbers or booleans.

    Examples
    --------
    >>> category_type("date")
    DataType(large_string)
    """
    return {"number": pa.float64(), "boolean": pa.bool_()}.get(found, pa.large_string())


def _floats(column: Any) -> NDArray[np.float64]:
    if pa.types.is_float16(column.type):
        column = column.cast(pa.float32())
    values: NDArray[np.float64] = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return values


def days(column: Any) -> NDArray[np.float64]:
    """Return dates as days since 1970-01-01 (in UTC where they have a zone); times and durations as days.

    Examples
    --------
    >>> import datetime
    >>> days(pa.chunked_array([[datetime.datetime(1970, 1, 2, 6), None]]))
    array([1.25,  nan])
    """
    kind = column.type
    ticks = _floats(column.cast(pa.int32() if kind.bit_width == 32 else pa.int64()))
    if pa.types.is_date32(kind):
        return ticks
    return ticks / _TICKS_A_DAY["ms" if pa.types.is_date64(kind) else kind.unit]


def _parsed(column: Any, name: str, kind: str) -> Any:
    """Return a column of text read as `kind`."""
    cells = pc.utf8_trim_whitespace(without_blanks(column.cast(pa.large_string())))
    if kind == "number":  # codes padded with zeros are numbers, once declared to be
        cells = pc.replace_substring_regex(cells, "^0+([0-9])", r"\1")
    if cells.null_count == len(cells):
        return cells
    typed = _PARSERS[kind](cells)
    if typed is not None:
        return typed
    distinct = cells.drop_null().unique()
    alone = (pa.chunked_array([distinct[i : i + 1]]) for i in range(len(distinct)))
    bad = next((cell for cell in alone if _PARSERS[kind](cell) is None), distinct)[0]
    raise refusal(column, name, _PLURAL[kind], pc.index(cells, bad).as_py())


def _telling_row(column: Any, expected: str, found: str) -> int:
    """Return the row that best shows why a column is not what is expected."""
    if (expected, found) == ("number", "text"):
        plain = pc.match_substring_regex(pc.utf8_trim_whitespace(column), NUMBER)
        row = pc.index(plain, False).as_py()
        if row >= 0:
            return int(row)
    return int(pc.index(column.is_valid(), True).as_py())


def refusal(column: Any, name: str, wanted: str, row: int) -> InputError:
    """Return the error that a column does not hold what is wanted, as this row shows.

    Examples
    --------
    >>> raise refusal(pa.chunked_array([["soon"]]), "when", "dates", 0)
    Traceback (most recent call last):
    feedforward.errors.InputError: Column 'when' must hold dates; got 'soon' at row 0 (counted from 0). Correct ...
    """
    return InputError(
        f"Column {name!r} must hold {wanted}; got {column[row].as_py()!r} at row {row} (counted from 0). Correct the "
        f"value; or, to learn from it, declare what the column is, with kinds={{{name!r}: ...}}, and to be answered, "
        f"give it the type it had in training (read_table keeps text with text_columns=[{name!r}])."
    )
