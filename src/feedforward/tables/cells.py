"""Cells of text to the narrowest type that fits all of them, and the stray cell that prevents it.

A column is judged by all of its cells, never by a first block of them.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")
TRUE = ("true", "True", "TRUE")
FALSE = ("false", "False", "FALSE")
TIMES = (pa.timestamp("us"), pa.timestamp("ns"), pa.timestamp("us", "UTC"), pa.timestamp("ns", "UTC"))

NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_COMMA = r"^[+-]?((\d+|\d{1,3}(\.\d{3})+),\d+|\d{1,3}(,\d{3})+(\.\d+)?)$"  # 3,14 and 1.234,5 and 1,234.5
_EXCHANGED = str.maketrans(".,", ",.")
_PADDED = r"^0\d+$"
_DATE = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}.*)?$"
_ZONE = r"[T ]\d{2}.*(Z|[+-]\d{2}(:?\d{2})?)$"

# A column is meant to be numbers where at least this share of its cells, and this many, look like numbers.
_MOST = 0.8
_A_HANDFUL = 5


def narrowest(cells: Any, decimal: str = ".") -> Any:
    """Return a column of text as the narrowest type that fits every cell, or None if only text does.

    Tried in turn: boolean (true and false, True and False, TRUE and FALSE), int64, float64, date, timestamp (both ISO
    8601). Spaces around a value are ignored. Whole numbers too large for int64 become float64; not-a-number becomes
    missing. Codes padded with zeros to one length, such as 007 and 010, stay text: as numbers they would lose their
    zeros. A column without any value has the null type.

    Parameters
    ----------
    cells : pyarrow.ChunkedArray of strings
    decimal : {".", ","}
        What stands before the fraction of a number.

    Returns
    -------
    pyarrow.ChunkedArray or None

    Examples
    --------
    >>> narrowest(pa.chunked_array([["1", " 2.5", None]])).to_pylist()
    [1.0, 2.5, None]
    >>> narrowest(pa.chunked_array([["2024-01-31"]])).type
    DataType(date32[day])
    >>> narrowest(pa.chunked_array([["007", "010"]])) is None
    True
    >>> narrowest(pa.chunked_array([["1", "2,5"]]), decimal=",").to_pylist()
    [1.0, 2.5]
    """
    typed = _cast(cells, decimal)
    if typed is not None or not _spaced(cells):
        return typed
    return _cast(pc.utf8_trim_whitespace(without_blanks(cells)), decimal)


def _spaced(cells: Any) -> bool:
    distinct = cells.unique()
    return not distinct.equals(pc.utf8_trim_whitespace(distinct))


def without_blanks(cells: Any) -> Any:
    """Return `cells` with those missing that, but for spaces around, are empty or one of `MISSING`.

    Examples
    --------
    >>> without_blanks(pa.chunked_array([["NA ", "a "]])).to_pylist()
    [None, 'a ']
    """
    distinct = cells.unique()  # few, mostly
    blank = pc.is_in(pc.utf8_trim_whitespace(distinct), value_set=pa.array(MISSING, cells.type))
    if not pc.any(blank).as_py():
        return cells
    return pc.if_else(pc.is_in(cells, value_set=distinct.filter(blank)), pa.scalar(None, cells.type), cells)


def _cast(cells: Any, decimal: str) -> Any:
    if cells.null_count == len(cells):
        return pa.chunked_array([pa.nulls(len(cells))])
    for cast in (to_booleans, partial(to_numbers, decimal=decimal), to_dates):
        typed = cast(cells)
        if typed is not None:
            return typed
    return None


def to_booleans(cells: Any) -> Any:
    """Return a column of true and false, or None if a cell is neither.

    Examples
    --------
    >>> to_booleans(pa.chunked_array([["true", "FALSE"]])).to_pylist()
    [True, False]
    """
    known = pa.array((*TRUE, *FALSE, None), cells.type)
    for part in (cells[:100], cells):  # most columns are not boolean, and the first cells tell
        if not pc.all(pc.is_in(part, value_set=known)).as_py():
            return None
    true = pc.is_in(cells, value_set=pa.array(TRUE, cells.type))
    return pc.if_else(cells.is_valid(), true, pa.scalar(None, pa.bool_()))


def to_numbers(cells: Any, decimal: str = ".") -> Any:
    """Return a column of int64, or else float64, or None if a cell is no number or all are zero-padded codes.

    Examples
    --------
    >>> to_numbers(pa.chunked_array([["1e3", "nan"]])).to_pylist()
    [1000.0, None]
    >>> to_numbers(pa.chunked_array([["1,5"]]), ",").to_pylist(), to_numbers(pa.chunked_array([["1.5"]]), ",") is None
    ([1.5], True)
    """
    cells = pointed(cells, decimal)
    for number in (pa.int64(), pa.float64()):
        typed = _cast_whole(cells, number)
        if typed is None:
            continue
        if _hexadecimal_or_padded(cells):
            return None
        return without_nan(typed)
    return None


def pointed(cells: Any, decimal: str) -> Any:
    """Return text with points for commas and commas for points, where numbers are written with a decimal comma.

    Examples
    --------
    >>> pointed(pa.chunked_array([["1,5", "2.5"]]), ",").to_pylist()
    ['1.5', '2,5']
    """
    if decimal == ".":
        return cells
    for mark, other in ((".", "\0"), (",", "."), ("\0", ",")):
        cells = pc.replace_substring(cells, mark, other)
    return cells


def is_marked_otherwise(text: str, decimal: str) -> bool:
    """Return whether a cell is a number but for its commas or points: of the fraction, or between thousands.

    Examples
    --------
    >>> is_marked_otherwise("1,5", "."), is_marked_otherwise("1,234.5", "."), is_marked_otherwise("1,5", ",")
    (True, True, False)
    """
    text = text.strip()
    return re.fullmatch(_COMMA, text if decimal == "." else text.translate(_EXCHANGED)) is not None


def without_nan(column: Any) -> Any:
    """Return a column of numbers with not-a-number missing.

    Examples
    --------
    >>> without_nan(pa.chunked_array([[1.0, float("nan")]])).to_pylist()
    [1.0, None]
    """
    nan = pc.is_nan(column)
    return pc.if_else(nan, pa.scalar(None, column.type), column) if pc.any(nan).as_py() else column


def _hexadecimal_or_padded(cells: Any) -> bool:
    # Few cells start with a zero and go on, so the slow patterns see few cells.
    zeros = cells.filter(pc.starts_with(cells, "0"))
    zeros = zeros.filter(pc.greater(pc.binary_length(zeros), 1))
    if pc.any(pc.match_substring_regex(zeros, "^0[xX]")).as_py():
        return True
    padded = zeros.filter(pc.match_substring_regex(zeros, _PADDED))
    if len(padded) == 0 or not pc.all(pc.match_substring_regex(cells, r"^\d+$")).as_py():
        return False
    # Padded codes are all as long as the shortest cell; one 05 among 5 and 12 is a number written oddly.
    return bool(pc.max(pc.binary_length(padded)).as_py() == pc.min(pc.binary_length(cells)).as_py())


def to_dates(cells: Any) -> Any:
    """Return a column of dates or, if some have a time, of timestamps; None if a cell is neither, in ISO 8601.

    Examples
    --------
    >>> to_dates(pa.chunked_array([["2024-01-31T12:00:00+02:00"]])).type
    TimestampType(timestamp[us, tz=UTC])
    """
    for moment in (pa.date32(), *TIMES):
        typed = _cast_whole(cells, moment)
        if typed is not None:
            return typed
    return None


def _cast_whole(cells: Any, kind: Any) -> Any:
    # Arrow takes a microsecond for each cell that fails, and tries them all: let the first cells say if it is worth it.
    try:
        cells[:100].cast(kind)
        return cells.cast(kind)
    except pa.ArrowInvalid:
        return None


@dataclass(frozen=True)
class Stray:
    """The first cell of a column that is not what most of its cells are."""

    row: int
    text: str
    expected: str  # "number", "date", ...
    share: float  # of the cells that are what is expected


def find_stray(cells: Any, decimal: str = ".") -> Stray | None:
    """Return the first cell that is not a number (or date) where most others are; None if there is no such majority.

    Examples
    --------
    >>> find_stray(pa.chunked_array([["1", "2", "3", "4", "5", "six"]]))
    Stray(row=5, text='six', expected='number', share=0.833...)
    >>> find_stray(pa.chunked_array([["red", "5"]])) is None
    True
    """
    counted = pc.value_counts(cells.drop_null())
    distinct, counts = counted.field("values"), counted.field("counts").to_numpy()
    words = pc.utf8_trim_whitespace(distinct)
    numbers = pointed(words, decimal)
    number, date = _matches(numbers, NUMBER), _matches(words, _DATE)
    if _are_most((number & ~_matches(words, _PADDED)) | _matches(numbers, _COMMA), counts):
        expected, regular = "number", number  # all of them: codes, some padded with zeros
    elif _are_most(date, counts):
        expected, regular = _regular_dates(words, date, counts)
    else:
        return None
    if regular.all():
        return None
    row = pc.index(pc.is_in(cells, value_set=distinct.filter(pa.array(~regular))), True).as_py()
    return Stray(row, cells[row].as_py(), expected, float(counts[regular].sum() / counts.sum()))


def _matches(words: Any, pattern: str) -> NDArray[np.bool_]:
    matches: NDArray[np.bool_] = pc.match_substring_regex(words, pattern).to_numpy(zero_copy_only=False)
    return matches


def _are_most(regular: NDArray[np.bool_], counts: NDArray[np.int64]) -> bool:
    return bool(counts[regular].sum() >= max(_A_HANDFUL, _MOST * counts.sum()))


def _regular_dates(words: Any, date: NDArray[np.bool_], counts: NDArray[np.int64]) -> tuple[str, NDArray[np.bool_]]:
    """Return what most words are, and which: dates the calendar has, and either all or none of them with a zone."""
    real = date & np.array([_is_date(word) for word in words.to_pylist()], dtype=bool)
    if not real.all():
        return "date", real
    zoned = _matches(words, _ZONE)
    if 2 * counts[zoned].sum() > counts.sum():
        return "time with a zone", zoned
    return "date without a zone", ~zoned


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
