"""From a file, or any DataFrame, to a table of typed columns; errors name file, line and column."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import ipc, parquet

from feedforward.errors import InputError, SettingError, TableError
from feedforward.tables.cells import Stray, find_stray, narrowest, to_dates, without_blanks, without_nan
from feedforward.tables.delimited import Delimited
from feedforward.tables.frames import frame_to_table, is_frame
from feedforward.tables.opening import Opened, open_table
from feedforward.tables.values import holding
from feedforward.validation import nearest


@dataclass(frozen=True)
class _Source:
    """Where a table came from, for messages."""

    name: str
    line_of: Callable[[int], int] | None = None

    def place(self, row: int) -> str:
        return f"row {row} (counted from 0)" if self.line_of is None else f"line {self.line_of(row)}"


@dataclass(frozen=True)
class _Reading:
    """What is to be made of the columns.

    Attributes
    ----------
    text_columns : sequence of str
        To stay text.
    wanted : collection of str or None
        Those that matter; None for all.
    is_new : bool
        Whether a model is yet to be made: kinds can be declared then, and not for one that is there already.
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


@overload
def read_table(
    path_or_frame: Any,
    target: None = None,
    *,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    text_columns: Sequence[str] = (),
) -> Any: ...
@overload
def read_table(
    path_or_frame: Any,
    target: str,
    *,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    text_columns: Sequence[str] = (),
) -> tuple[Any, NDArray[Any]]: ...
def read_table(
    path_or_frame: Any,
    target: str | None = None,
    *,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    text_columns: Sequence[str] = (),
) -> Any:
    """Read a table, and split off the column to predict.

    A CSV column gets the narrowest type that fits **all** its cells: boolean (true/false), int64, float64, date or
    timestamp (ISO 8601), else text. Missing are: empty cells, NA, N/A, NaN, nan, null, NULL and None. Spaces around
    numbers are ignored. Zero-padded codes (007, 010) stay text, as do yes and no. A column that is mostly numbers (or
    dates) with a few cells of text is an error, not a category: correct the cells or name the column in `text_columns`.
    Other files and frames bring their types along; text there that is dates in ISO 8601, all of it, becomes dates too.

    Parameters
    ----------
    path_or_frame : str, path or DataFrame
        ``.csv``, ``.tsv``, ``.txt`` (the first two also ``.gz``), ``.parquet``, ``.pq``, ``.arrow``, ``.feather`` or
        ``.ipc``; ``-`` for standard input, which is read to its end (CSV, gzip of it, Parquet or an Arrow file); or a
        frame of pandas (its index is ignored), polars, pyarrow or another library that narwhals knows.
    target : str, optional
        The column to predict.
    encoding : str
        Of a CSV file.
    delimiter : str, optional
        Of a CSV file. Default: the one of ``,`` ``;`` tab ``|`` that cuts the header line into most cells.
    text_columns : sequence of str
        Columns to keep as text, whatever they look like.

    Returns
    -------
    pyarrow.Table, or (pyarrow.Table, array of shape (n,))
        With `target`: the other columns, and the target's values.

    Raises
    ------
    FileError
        If the file is absent, a directory, or may not be read.
    TableError
        If its contents cannot be used; the message names file, line and column, and says what to do.
    SettingError
        If an encoding, delimiter or text column cannot be one.

    Examples
    --------
    >>> frame = pa.table({"size": [1.0, 2.0], "sold": ["yes", "no"]})
    >>> table, y = read_table(frame, target="sold")
    >>> table.column_names, y
    (['size'], array(['yes', 'no'], dtype='<U3'))
    >>> read_table("absent.csv")
    Traceback (most recent call last):
    feedforward.errors.FileError: absent.csv does not exist. ...
    """
    source, table = _read(path_or_frame, encoding, delimiter, _Reading(text_columns))
    return table if target is None else _split(table, target, source)


def read_rows(
    path: str | PathLike[str],
    target: str | None = None,
    *,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    text_columns: Sequence[str] = (),
    wanted: Collection[str] | None = None,
) -> tuple[Any, NDArray[Any] | None]:
    """Read a table for a model that is there already: rows to be predicted or, with a target, to be judged on.

    Like `read_table`, but a target may be the same in every row, `text_columns` that the table has not are none, and
    what stands in columns that are not `wanted` does not matter. None wants them all.

    Examples
    --------
    >>> read_rows("absent.csv")
    Traceback (most recent call last):
    feedforward.errors.FileError: absent.csv does not exist. ...
    """
    reading = _Reading(text_columns, wanted, is_new=False)
    source, table = _read(path, encoding, delimiter, reading)
    if target is None:
        return table, None
    labels = _target(table, target, source)
    return table.drop_columns([target]), labels


def _read(path_or_frame: Any, encoding: str, delimiter: str | None, reading: _Reading) -> tuple[_Source, Any]:
    if isinstance(path_or_frame, str | PathLike):
        opened = open_table(path_or_frame)
        if opened.kind == "CSV":
            source, table = _read_csv(opened, encoding, delimiter, reading)
        else:
            _refuse_csv_settings(opened.name, encoding, delimiter)
            source = _Source(opened.name)
            table = _retyped(_read_arrow(opened), source, reading)
    else:
        _refuse_csv_settings("a DataFrame", encoding, delimiter)
        source = _Source("the table")
        table = _retyped(_read_frame(path_or_frame), source, reading)
    return source, _finite(table, source, reading)


# Files ---------------------------------------------------------------------------------------------------------------


def _read_csv(opened: Opened, encoding: str, delimiter: str | None, reading: _Reading) -> tuple[_Source, Any]:
    text = Delimited.open(opened.name, opened.data, encoding, delimiter)
    source, cells = _Source(opened.name, text.line_of), text.to_table()
    reading.check(cells.column_names)
    columns = [_typed(cells.column(column), column, source, reading) for column in cells.column_names]
    return source, pa.table(columns, names=cells.column_names)


def _typed(cells: Any, column: str, source: _Source, reading: _Reading) -> Any:
    keep = column in reading.text_columns or not reading.wants(column)
    typed = None if keep else narrowest(cells)
    if typed is not None:
        return typed
    text = without_blanks(cells)
    stray = None if keep else find_stray(text)
    if stray is not None:
        raise TableError(_words_for(stray, column, source, reading.is_new))
    return text


def _words_for(stray: Stray, column: str, source: _Source, is_new: bool) -> str:
    if stray.has_comma:
        fault = f"{stray.text!r} has a decimal comma, or a comma between thousands"
        remedy = "Write the column's numbers like 1234.5"
    else:
        fault = f"{stray.text!r} is not a {stray.expected}, as {min(stray.share, 0.999):.1%} of the column's cells are"
        remedy = "Correct the cell or leave it empty"
    if is_new:
        remedy += f", drop the column, or declare it text: text_columns=[{column!r}]"
    return f"{source.name}, {source.place(stray.row)}, column {column!r}: {fault}. {remedy}."


def _read_arrow(opened: Opened) -> Any:
    if not opened.data:
        raise TableError(f"{opened.name} is empty: 0 bytes. Write the table again.")
    buffer = pa.BufferReader(opened.data)
    try:
        if opened.kind == "Parquet":
            table = parquet.ParquetFile(buffer).read()
        elif opened.data.startswith(b"ARROW1"):
            table = ipc.open_file(buffer).read_all()
        else:
            table = ipc.open_stream(buffer).read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError):
        raise TableError(
            f"{opened.name} is not a whole {opened.kind} file: damaged, cut short or of another kind. Copy or write it "
            "again."
        ) from None
    # pandas writes its index as columns of such names.
    index = [name for name in table.column_names if name.startswith("__index_level_")]
    try:
        return frame_to_table(table.drop_columns(index).replace_schema_metadata(None))
    except InputError as error:
        raise TableError(f"{opened.name}: {error}") from None


def _read_frame(frame: Any) -> Any:
    if not is_frame(frame):
        raise TableError(
            f"A table cannot be read from the type {type(frame).__name__}. Give the path of a file, or a DataFrame."
        )
    try:
        return frame_to_table(frame)
    except InputError as error:
        raise TableError(str(error)) from None


def _refuse_csv_settings(name: str, encoding: str, delimiter: str | None) -> None:
    if encoding != "utf-8" or delimiter is not None:
        raise SettingError(f"encoding and delimiter are for CSV files; {name} is none. Leave them out.")


def _retyped(table: Any, source: _Source, reading: _Reading) -> Any:
    """Return a table that brought its types along, but for columns to be text, and text that is dates in ISO 8601."""
    reading.check(table.column_names)
    for place, name in enumerate(table.column_names):
        column = table.column(place)
        if name in reading.text_columns:
            try:
                table = table.set_column(place, name, column.cast(pa.string()))
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                raise TableError(
                    f"{source.name}, column {name!r} cannot be text. Leave it out of text_columns."
                ) from None
        elif holding(column) == "text" and reading.wants(name):
            dates = to_dates(pc.utf8_trim_whitespace(without_blanks(column.cast(pa.large_string()))))
            if dates is not None and dates.null_count < len(dates):
                table = table.set_column(place, name, dates)
    return table


# Contents ----------------------------------------------------------------------------------------------------------


def _finite(table: Any, source: _Source, reading: _Reading) -> Any:
    """Return the table with not-a-number missing; refuse infinity, and a table without rows or columns."""
    if table.num_columns == 0 or table.num_rows == 0:
        lack = "columns" if table.num_columns == 0 else "rows"
        raise TableError(f"{source.name} has no {lack}. Give a table with columns and rows.")
    for place, name in enumerate(table.column_names):
        column = table.column(place)
        if not pa.types.is_floating(column.type) or not reading.wants(name):
            continue
        if pa.types.is_float16(column.type):
            column = column.cast(pa.float32())
        row = pc.index(pc.is_inf(column), True).as_py()
        if row >= 0:
            raise TableError(
                f"{source.name}, {source.place(row)}, column {name!r}: {column[row].as_py()} is not finite. Correct "
                f"the cell or leave it empty."
            )
        table = table.set_column(place, name, without_nan(column))
    return table


def _split(table: Any, target: str, source: _Source) -> tuple[Any, NDArray[Any]]:
    labels = _target(table, target, source)
    if (labels == labels[0]).all():
        raise TableError(
            f"{source.name}, column {target!r}: the target is {labels[0]!s} in every row, so there is nothing to "
            f"learn. Give rows of more than one value, or another target."
        )
    return table.drop_columns([target]), labels


def _target(table: Any, target: str, source: _Source) -> NDArray[Any]:
    names = table.column_names
    if target not in names:
        raise TableError(f"{source.name} has no column {target!r} to predict. {nearest(str(target), names, 'columns')}")
    if len(names) == 1:
        raise TableError(f"{source.name} holds only the target, column {target!r}. Add columns to predict it from.")
    values = table.column(target)
    if values.null_count:
        row = pc.index(values.is_null(), True).as_py()
        raise TableError(
            f"{source.name}, {source.place(row)}, column {target!r}: the target is missing, here and in "
            f"{values.null_count} of {len(values)} rows in all. Fill in or drop these rows."
        )
    return _labels(values, target, source)


def _labels(values: Any, target: str, source: _Source) -> NDArray[Any]:
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    kind = values.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view():
        # Few labels, many rows: text becomes NumPy's once for each label.
        codes = values.cast(pa.large_string()).combine_chunks().dictionary_encode()
        labels: NDArray[Any] = np.array(codes.dictionary.to_pylist(), dtype=np.str_)[codes.indices.to_numpy()]
        return labels
    if pa.types.is_decimal(kind):
        values = values.cast(pa.float64())
    elif not (pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise TableError(
            f"{source.name}, column {target!r} is of type {kind}: a target must be numbers, text or booleans. Convert "
            f"it or give another target."
        )
    numbers: NDArray[Any] = values.to_numpy()
    return numbers
