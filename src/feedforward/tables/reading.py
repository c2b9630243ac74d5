"""From a file, or any DataFrame, to a table of typed columns; errors name file, line and column."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from os import PathLike
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import ipc, parquet

from feedforward.errors import InputError, SettingError, TableError
from feedforward.tables.cells import find_stray, narrowest, without_blanks
from feedforward.tables.delimited import Delimited
from feedforward.tables.frames import frame_to_table, is_frame
from feedforward.tables.opening import STANDARD_INPUT, Opened, is_worth_threads, not_whole, open_table, stream_table
from feedforward.tables.sources import (
    Reading,
    Source,
    dates_of,
    finite,
    refuse_csv_settings,
    to_text,
    without_index,
    words_for,
)
from feedforward.validation import nearest


@overload
def read_table(
    path_or_frame: Any,
    target: None = None,
    *,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    decimal: str = ".",
    text_columns: Sequence[str] = (),
) -> Any: ...
@overload
def read_table(
    path_or_frame: Any,
    target: str,
    *,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    decimal: str = ".",
    text_columns: Sequence[str] = (),
) -> tuple[Any, NDArray[Any]]: ...
def read_table(
    path_or_frame: Any,
    target: str | None = None,
    *,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    decimal: str = ".",
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
    decimal : {".", ","}, default "."
        What stands before the fraction of a number in a CSV file: ``,`` where 1½ is written 1,5. Then 1.5 is no number.
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
        If its contents cannot be used; the message names file, line and column, and says what to do. Or if a table
        read from a file of its size takes more memory than is free: about 4 times the bytes of CSV, 12 times those of
        CSV.gz, 8 times those of Parquet. ``feedforward predict`` reads such a file piece by piece.
    SettingError
        If an encoding, delimiter, decimal mark or text column cannot be one.

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
    source, table = _read(path_or_frame, encoding, delimiter, Reading(text_columns, decimal=decimal))
    return table if target is None else _split(table, target, source)


def read_known(
    path_or_frame: Any,
    target: str,
    kinds: Mapping[str, str] | None = None,
    *,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    decimal: str = ".",
) -> tuple[Source, Any, NDArray[Any]]:
    """Return where a table comes from, and then what `read_table` returns of it: rows to learn from, their targets.

    What `kinds` declare to be categories stays text, and what they drop may hold anything.

    Examples
    --------
    >>> read_known("absent.csv", "y")
    Traceback (most recent call last):
    feedforward.errors.FileError: absent.csv does not exist. ...
    """
    kinds = kinds or {}
    if target in kinds:
        raise SettingError(f"kinds names the target, {target!r}, and is for columns to learn from. Leave it out.")
    as_text, dropped = ([name for name, kind in kinds.items() if kind == one] for one in ("category", "drop"))
    source, table = _read(path_or_frame, encoding, delimiter, Reading(as_text, decimal=decimal, dropped=dropped))
    return source, *_split(table, target, source)


def read_judged(path_or_frame: Any, target: str, text_columns: Sequence[str] = ()) -> tuple[Source, Any, NDArray[Any]]:
    """Return where a table comes from, its rows, and the right answers, for a model that is there already.

    `text_columns` that the table has not are none.

    Examples
    --------
    >>> read_judged(pa.table({"x": [1, 2], "y": [3, 3]}), "y")[2]
    array([3, 3])
    """
    source, table = _read(path_or_frame, "utf-8", None, Reading(text_columns, is_new=False))
    labels = target_of(table, target, source)
    return source, table.drop_columns([target]), labels


def read_rows(path: str | PathLike[str], text_columns: Sequence[str] = ()) -> tuple[Source, Any]:
    """Return where a table comes from, and its rows, for a model that is there already.

    `text_columns` that the table has not are none.

    Examples
    --------
    >>> read_rows("absent.csv")
    Traceback (most recent call last):
    feedforward.errors.FileError: absent.csv does not exist. ...
    """
    return _read(path, "utf-8", None, Reading(text_columns, is_new=False))


def _read(path_or_frame: Any, encoding: str, delimiter: str | None, reading: Reading) -> tuple[Source, Any]:
    if isinstance(path_or_frame, str | PathLike):
        opened = open_table(path_or_frame)
        if opened.kind == "CSV":
            source, table = _read_csv(path_or_frame, opened, encoding, delimiter, reading)
        else:
            refuse_csv_settings(opened.name, encoding, delimiter, reading.decimal)
            source = Source(opened.name)
            table = _retyped(_read_arrow(opened, source), source, reading)
    else:
        refuse_csv_settings("a DataFrame", encoding, delimiter, reading.decimal)
        source = Source("the table")
        table = _retyped(_read_frame(path_or_frame), source, reading)
    return source, finite(table, source, reading)


# Files ---------------------------------------------------------------------------------------------------------------


def _read_csv(
    path: str | PathLike[str], opened: Opened, encoding: str, delimiter: str | None, reading: Reading
) -> tuple[Source, Any]:
    text = Delimited.open(opened.name, opened.data, encoding, delimiter)
    text.refuse_unnamed((*reading.text_columns, *reading.dropped))
    lines_of = text.lines_of
    if str(path) != STANDARD_INPUT:  # so that the text is not kept for as long as there may be messages
        lines_of = partial(_lines_in, path, encoding, delimiter)
    source, cells = Source(opened.name, lines_of), text.to_table()
    reading.check(cells.column_names)
    columns = [_typed(cells.column(column), column, source, reading) for column in cells.column_names]
    return source, pa.table(columns, names=cells.column_names)


def _lines_in(path: str | PathLike[str], encoding: str, delimiter: str | None, rows: Collection[int]) -> dict[int, int]:
    """Return the lines of rows in a file, which is opened for that."""
    opened = stream_table(path)
    return Delimited.opened(opened.name, opened.content, encoding, delimiter).lines_of(rows)


def _typed(cells: Any, column: str, source: Source, reading: Reading) -> Any:
    keep = column in reading.text_columns or not reading.wants(column)
    typed = None if keep else narrowest(cells, reading.decimal)
    if typed is not None:
        return typed
    text = without_blanks(cells)
    stray = None if keep else find_stray(text, reading.decimal)
    if stray is not None:
        raise TableError(words_for(stray, text, column, source, reading))
    return text


def _read_arrow(opened: Opened, source: Source) -> Any:
    if not opened.data:
        raise TableError(f"{opened.name} is empty: 0 bytes. Write the table again.")
    buffer = pa.BufferReader(opened.data)
    try:
        if opened.kind == "Parquet":
            table = parquet.ParquetFile(buffer).read(use_threads=is_worth_threads(buffer.size()))
        elif opened.data.startswith(b"ARROW1"):
            table = ipc.open_file(buffer).read_all()
        else:
            table = ipc.open_stream(buffer).read_all()
        table.validate(full=True)
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, ValueError):
        raise not_whole(opened.name, opened.kind) from None
    return without_index(table, source)


def _read_frame(frame: Any) -> Any:
    if not is_frame(frame):
        raise TableError(
            f"A table cannot be read from the type {type(frame).__name__}. Give the path of a file, or a DataFrame."
        )
    try:
        return frame_to_table(frame)
    except InputError as error:
        raise TableError(str(error)) from None


def _retyped(table: Any, source: Source, reading: Reading) -> Any:
    """Return a table that brought its types along, but for columns to be text, and text that is dates in ISO 8601."""
    reading.check(table.column_names)
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        if name in reading.text_columns:
            columns.append(to_text(column, name, source))
        else:
            columns.append(dates_of(column) if reading.wants(name) else column)
    return pa.table(columns, names=table.column_names)


# Contents ----------------------------------------------------------------------------------------------------------


def _split(table: Any, target: str, source: Source) -> tuple[Any, NDArray[Any]]:
    labels = target_of(table, target, source)
    if (labels == labels[0]).all():
        raise TableError(
            f"{source.name}, column {target!r}: the target is {labels[0]!s} in every row, so there is nothing to "
            f"learn. Give rows of more than one value, or another target."
        )
    return table.drop_columns([target]), labels


def target_of(table: Any, target: str, source: Source, *, is_whole: bool = True) -> NDArray[Any]:
    """Return the target of a table, or of a piece of one.

    Raises
    ------
    TableError
        If it is not there, the only column, missing in a row, or neither numbers, text nor booleans.

    Examples
    --------
    >>> target_of(pa.table({"x": [1], "y": [2]}), "y", Source("the table"))
    array([2])
    """
    names = table.column_names
    if target not in names:
        near = f"{nearest(str(target), names, 'columns')}{source.doubts(names)}"
        raise TableError(f"{source.name} has no column {target!r} to predict. {near}")
    if len(names) == 1:
        raise TableError(f"{source.name} holds only the target, column {target!r}. Add columns to predict it from.")
    values = table.column(target)
    if values.null_count:
        row = pc.index(values.is_null(), True).as_py()
        where = f" ({_rows(values.null_count)}, of {len(values)})" if is_whole else ""
        raise TableError(
            f"{source.name}, {source.place(row)}, column {target!r}: the target is missing{where}. Fill in or drop "
            "such rows."
        )
    return _labels(values, target, source)


def _rows(count: int) -> str:
    return "the only such row" if count == 1 else f"there are {count} such rows"


def _labels(values: Any, target: str, source: Source) -> NDArray[Any]:
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
