"""Where a table came from and what is to be made of it, what messages say of a place in it, and what it may hold."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from feedforward.errors import InputError, SettingError, TableError
from feedforward.tables.cells import (
    NUMBER,
    Stray,
    is_marked_otherwise,
    to_dates,
    to_numbers,
    without_blanks,
    without_nan,
)
from feedforward.tables.frames import frame_to_table
from feedforward.tables.values import holding
from feedforward.validation import nearest


@dataclass(frozen=True)
class Source:
    """Where a table came from, for messages.

    Attributes
    ----------
    name : str
    lines_of : callable, optional
        From rows of the whole table, counted from 0, to their lines in a CSV file.
    rows : sequence of int, optional
        Those of the whole table that are here, where it is a part of one.

    Examples
    --------
    >>> Source("a.parquet", rows=range(100, 200)).place(5)
    'row 105 (counted from 0)'
    """

    name: str
    lines_of: Callable[[Collection[int]], Mapping[int, int]] | None = None
    rows: Sequence[int] | NDArray[Any] | None = None

    def place(self, row: int) -> str:
        """Return in words where a row is."""
        return self.placed(_words(row))

    def doubts(self, names: Sequence[str]) -> str:
        """Say what may be wrong with a CSV file that has columns of these names, and not the one that is needed.

        Examples
        --------
        >>> Source("a.csv", lambda rows: {}).doubts(["0.5", "yes"])
        ' If its first line holds no names, write them there.'
        """
        if self.lines_of is None:
            return ""
        if len(names) == 1:
            return " If it has more columns, give delimiter=, what separates them."
        has_values = any(re.fullmatch(NUMBER, name) for name in names)
        return " If its first line holds no names, write them there." if has_values else ""

    def placed(self, message: str) -> str:
        """Return a message in which rows are counted from 0 with their places in the whole table, or in its file.

        Examples
        --------
        >>> Source("a.csv", lambda rows: {row: row + 2 for row in rows}).placed("got 'x' at row 5 (counted from 0).")
        "got 'x' at line 7."
        """
        here = {int(number) for number in _ROW.findall(message)}
        if self.rows is None:
            whole = {row: row for row in here}
        else:
            whole = {row: int(self.rows[row]) for row in here if row < len(self.rows)}  # cells may quote a message
        lines = self.lines_of(whole.values()) if self.lines_of and whole else {}  # all at once: the file is walked
        words = {row: f"line {lines[place]}" if place in lines else _words(place) for row, place in whole.items()}
        return _ROW.sub(lambda found: words.get(int(found[1]), found[0]), message)


def _words(row: int) -> str:
    return f"row {row} (counted from 0)"


_ROW = re.compile(r"row (\d+) \(counted from 0\)")


@contextmanager
def placing(source: Source | None) -> Iterator[None]:
    """Within the block, let errors about rows and columns say of which file, and where in it; None leaves them alone.

    Examples
    --------
    >>> with placing(Source("a.parquet", rows=[7, 9])):
    ...     raise InputError("Column 'x' is inf at row 1 (counted from 0).")
    Traceback (most recent call last):
    feedforward.errors.InputError: a.parquet: Column 'x' is inf at row 9 (counted from 0).
    """
    try:
        yield
    except InputError as error:  # whichever: who catches it may ask which
        if source is not None:
            error.args = (f"{source.name}: {source.placed(str(error))}",)
        raise


@dataclass(frozen=True)
class Reading:
    """What is to be made of the columns.

    Attributes
    ----------
    text_columns : sequence of str
        To stay text.
    wanted : collection of str or None
        Those that matter; None for all.
    is_new : bool
        Whether a model is yet to be made: kinds can be declared then, and not for one that is there already.
    decimal : {".", ","}
        What stands before the fraction of a number in text.
    dropped : collection of str
        Those that do not matter, and must be there.

    Examples
    --------
    >>> Reading(["zip"], wanted=["zip", "age"]).wants("note")
    False
    """

    text_columns: Sequence[str]
    wanted: Collection[str] | None = None
    is_new: bool = True
    decimal: str = "."
    dropped: Collection[str] = ()

    def __post_init__(self) -> None:
        if self.decimal not in (".", ","):
            raise SettingError(
                f"decimal must be '.' or ',', what stands before the fraction of a number; got {self.decimal!r}."
            )
        names = self.text_columns
        if isinstance(names, str) or not all(isinstance(name, str) for name in names):
            raise SettingError(f"text_columns must be a list of column names; got {names!r}.")

    def check(self, names: Sequence[str]) -> None:
        """Raise `SettingError` if a column is to be text, or dropped, that a table with these names has not."""
        for name in (*self.text_columns, *self.dropped) if self.is_new else ():
            if name not in names:
                raise SettingError(
                    f"text_columns names no column of the table: {name!r}. {nearest(name, names, 'columns')}"
                )

    def wants(self, name: str) -> bool:
        """Whether it matters what stands in a column."""
        return name not in self.dropped and (self.wanted is None or name in self.wanted)


def words_for(stray: Stray, cells: Any, column: str, source: Source, reading: Reading) -> str:
    """Return the message about a stray cell of a column of text.

    Examples
    --------
    >>> cells = pa.chunked_array([["1"] * 99 + ["six"]])
    >>> words_for(Stray(99, "six", "number", 0.99), cells, "x", Source("a.parquet"), Reading([], is_new=False))[:89]
    "a.parquet, row 99 (counted from 0), column 'x': 'six' is not a number, as 99.0% of the co"
    """
    fault = f"{stray.text!r} is not a {stray.expected}, as {min(stray.share, 0.999):.1%} of the column's cells are"
    remedy = "Correct the cell or leave it empty"
    if stray.expected == "number":
        fault, remedy = marks_in(stray.text, cells, reading.decimal) or (fault, remedy)
    if reading.is_new:
        remedy += f", drop the column, or declare it text: text_columns=[{column!r}]"
    return f"{source.name}, {source.place(stray.row)}, column {column!r}: {fault}. {remedy}."


_MARKS = {".": ("point", "1234.5"), ",": ("comma", "1234,5")}


def marks_in(text: str, cells: Any, decimal: str) -> tuple[str, str] | None:
    """Return what is wrong with a cell, and what to do, if it is a number but for its commas or points.

    Parameters
    ----------
    text : str
        The cell.
    cells : pyarrow.ChunkedArray of strings
        Its column.
    decimal : {".", ","}

    Examples
    --------
    >>> marks_in("1,5", pa.chunked_array([["1,5", "2"]]), ".")
    ("'1,5' has a decimal comma, or a comma between thousands", "Give decimal=',' if its commas are decimal; else ...")
    """
    if not is_marked_otherwise(text, decimal):
        return None
    other = "." if decimal == "," else ","
    word, remedy = _MARKS[other][0], f"rite the column's numbers like {_MARKS[decimal][1]}"
    if to_numbers(pc.utf8_trim_whitespace(without_blanks(cells)), other) is None:
        remedy = f"W{remedy}"
    else:
        remedy = f"Give decimal={other!r} if its {word}s are decimal; else w{remedy}"
    return f"{text!r} has a decimal {word}, or a {word} between thousands", remedy


def refuse_csv_settings(name: str, encoding: str, delimiter: str | None, decimal: str) -> None:
    """Raise `SettingError` if settings of a CSV file were given for what is none.

    Examples
    --------
    >>> refuse_csv_settings("a.parquet", "utf-8", None, ".")
    """
    if encoding != "utf-8" or delimiter is not None or decimal != ".":
        raise SettingError(f"encoding, delimiter and decimal are for CSV files; {name} is none. Leave them out.")


def finite(table: Any, source: Source, reading: Reading) -> Any:
    """Return the table with not-a-number missing; refuse infinity, and a table without rows or columns.

    Examples
    --------
    >>> finite(pa.table({"x": [1.0, float("nan")]}), Source("the table"), Reading([])).to_pydict()
    {'x': [1.0, None]}
    """
    if table.num_columns == 0 or table.num_rows == 0:
        lack = "columns" if table.num_columns == 0 else "rows"
        raise TableError(f"{source.name} has no {lack}. Give a table with columns and rows.")
    columns = [
        _finite(column, name, source) if reading.wants(name) else column
        for name, column in zip(table.column_names, table.columns, strict=True)
    ]
    return pa.table(columns, names=table.column_names)


def _finite(column: Any, name: str, source: Source) -> Any:
    if not pa.types.is_floating(column.type):
        return column
    if pa.types.is_float16(column.type):
        column = column.cast(pa.float32())
    row = pc.index(pc.is_inf(column), True).as_py()
    if row >= 0:
        raise TableError(
            f"{source.name}, {source.place(row)}, column {name!r}: {column[row].as_py()} is not finite. Correct the "
            f"cell or leave it empty."
        )
    return without_nan(column)


def without_index(table: Any, source: Source) -> Any:
    """Return a table from a file that may be of pandas, without the index that pandas writes as columns.

    Examples
    --------
    >>> without_index(pa.table({"x": [1], "__index_level_0__": [7]}), Source("a.parquet")).to_pydict()
    {'x': [1]}
    """
    index = [name for name in table.column_names if name.startswith("__index_level_")]
    try:
        return frame_to_table(table.drop_columns(index).replace_schema_metadata(None))
    except InputError as error:
        raise TableError(f"{source.name}: {error}") from None


def to_text(column: Any, name: str, source: Source) -> Any:
    """Return a column that brought its type along as text.

    Raises
    ------
    TableError
        If it cannot be.

    Examples
    --------
    >>> to_text(pa.chunked_array([[1, None]]), "zip", Source("a.parquet")).to_pylist()
    ['1', None]
    """
    try:
        return column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise TableError(f"{source.name}, column {name!r} cannot be text. Leave it out of text_columns.") from None


def dates_of(column: Any) -> Any:
    """Return a column that brought its type along: as dates, if it is text that is dates in ISO 8601, else as it is.

    Examples
    --------
    >>> dates_of(pa.chunked_array([["2024-01-31", ""]])).type, dates_of(pa.chunked_array([["red", ""]])).type
    (DataType(date32[day]), DataType(string))
    """
    if holding(column) != "text":
        return column
    dates = to_dates(pc.utf8_trim_whitespace(without_blanks(column.cast(pa.large_string()))))
    return column if dates is None or dates.null_count == len(dates) else dates
