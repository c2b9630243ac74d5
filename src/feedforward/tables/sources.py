"""Where a table came from and what is to be made of it, what messages say of a place in it, and what it may hold."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from feedforward.errors import InputError, SettingError, TableError
from feedforward.tables.cells import Stray, to_dates, without_blanks, without_nan
from feedforward.tables.frames import frame_to_table
from feedforward.tables.values import holding
from feedforward.validation import nearest


@dataclass(frozen=True)
class Source:
    """Where a table came from, for messages.

    Attributes
    ----------
    name : str
    line_of : callable, optional
        From a row of the whole table, counted from 0, to its line in a CSV file.
    offset : int
        Rows before the first of this table, where it is a piece of one.

    Examples
    --------
    >>> Source("a.parquet", offset=100).place(5)
    'row 105 (counted from 0)'
    """

    name: str
    line_of: Callable[[int], int] | None = None
    offset: int = 0

    def place(self, row: int) -> str:
        """Return in words where a row is."""
        row += self.offset
        return f"row {row} (counted from 0)" if self.line_of is None else f"line {self.line_of(row)}"


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

    Examples
    --------
    >>> Reading(["zip"], wanted=["zip", "age"]).wants("note")
    False
    """

    text_columns: Sequence[str]
    wanted: Collection[str] | None = None
    is_new: bool = True

    def __post_init__(self) -> None:
        names = self.text_columns
        if isinstance(names, str) or not all(isinstance(name, str) for name in names):
            raise SettingError(f"text_columns must be a list of column names; got {names!r}.")

    def check(self, names: Sequence[str]) -> None:
        """Raise `SettingError` if a column is to be text that a table with these names has not."""
        for name in self.text_columns if self.is_new else ():
            if name not in names:
                raise SettingError(
                    f"text_columns names no column of the table: {name!r}. {nearest(name, names, 'columns')}"
                )

    def wants(self, name: str) -> bool:
        """Whether it matters what stands in a column."""
        return self.wanted is None or name in self.wanted


def words_for(stray: Stray, column: str, source: Source, is_new: bool) -> str:
    """Return the message about a stray cell.

    Examples
    --------
    >>> words_for(Stray(7, "six", "number", 0.99), "x", Source("a.parquet"), is_new=False)[:88]
    "a.parquet, row 7 (counted from 0), column 'x': 'six' is not a number, as 99.0% of the co"
    """
    if stray.has_comma:
        fault = f"{stray.text!r} has a decimal comma, or a comma between thousands"
        remedy = "Write the column's numbers like 1234.5"
    else:
        fault = f"{stray.text!r} is not a {stray.expected}, as {min(stray.share, 0.999):.1%} of the column's cells are"
        remedy = "Correct the cell or leave it empty"
    if is_new:
        remedy += f", drop the column, or declare it text: text_columns=[{column!r}]"
    return f"{source.name}, {source.place(stray.row)}, column {column!r}: {fault}. {remedy}."


def refuse_csv_settings(name: str, encoding: str, delimiter: str | None) -> None:
    """Raise `SettingError` if settings of a CSV file were given for what is none.

    Examples
    --------
    >>> refuse_csv_settings("a.parquet", "utf-8", None)
    """
    if encoding != "utf-8" or delimiter is not None:
        raise SettingError(f"encoding and delimiter are for CSV files; {name} is none. Leave them out.")


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
