"""Tables larger than memory, in pieces: each of the same columns, read as the first piece, or a model, has them."""

import os
import zlib
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc, parquet

from feedforward.errors import FeedforwardError, TableError
from feedforward.tables.cells import find_stray, narrowest, to_booleans, to_dates, to_numbers, without_blanks
from feedforward.tables.delimited import Delimited
from feedforward.tables.opening import Streamed, is_worth_threads, not_whole, stream_table, unreadable
from feedforward.tables.sources import (
    Reading,
    Source,
    dates_of,
    finite,
    marks_in,
    refuse_csv_settings,
    to_text,
    without_index,
    words_for,
)
from feedforward.tables.values import holding, is_text
from feedforward.validation import COUNT, Rule, check_setting

ReadAs = Callable[[Sequence[str]], Mapping[str, str]]  # from the names of a file's columns to their kinds
Piece = tuple[Source, Any]  # a table, and where it comes from
_BUFFER = 1 << 20  # bytes of each column of a Parquet file that are read at once: else all those of a row group


def read_batches(
    path: str | PathLike[str],
    rows: int = 100_000,
    *,
    read_as: Mapping[str, str] | None = None,
    wanted: Collection[str] | None = None,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    decimal: str = ".",
) -> Iterator[Any]:
    """Return the rows of a file as tables, one after the other, so that the file may be larger than memory.

    Parquet and Arrow files say what their columns are. A CSV column is what `read_as` says, or else what `read_table`
    would take it for, had the file ended after the first table in which the column has a value; until then its type is
    null. From then on its type does not change.

    Parameters
    ----------
    path : str or path
        What `read_table` reads: ``.csv``, ``.csv.gz``, ``.parquet``, ``.arrow`` and so on; ``-`` for standard input,
        which is kept in a temporary file.
    rows : int, default 100_000
        Of each table; the last may have fewer.
    read_as : dict, default None
        From column name to "text", "number" (float64), "whole" (int64; float64 in a table that has fractions in it),
        "boolean" (numbers, where a cell is no boolean) or "date" (ISO 8601; timestamps, where a cell has a time).
        ``TableEncoder.read_as_`` has it for a model. Names of other columns do not matter.
    wanted : collection of str, default None
        The columns of which it matters what they hold; None for all. Others may hold anything, and are text in CSV.
    encoding, delimiter, decimal
        Of a CSV file, as `read_table` has them.

    Yields
    ------
    pyarrow.Table

    Raises
    ------
    FileError
        If the file is absent, a directory, or may not be read; at once, as are settings.
    TableError
        If its contents cannot be used, or a cell does not fit what its column is read as; with file, line and column.
    SettingError
        If a setting cannot be one.

    Examples
    --------
    >>> tables = read_batches("absent.csv")
    Traceback (most recent call last):
    feedforward.errors.FileError: absent.csv does not exist. ...
    """
    check_setting("read_batches", "rows", rows, COUNT)
    read_as = {} if read_as is None else read_as
    check_setting("read_batches", "read_as", read_as, _RULE)
    return (table for _, table in read_pieces(path, rows, lambda _: read_as, wanted, encoding, delimiter, decimal))


def read_pieces(
    path: str | PathLike[str],
    rows: int,
    read_as: ReadAs,
    wanted: Collection[str] | None,
    encoding: str,
    delimiter: str | None,
    decimal: str = ".",
) -> Iterator[Piece]:
    """Return what `read_batches` does, and where each table comes from; `read_as` decides once the names are known.

    Examples
    --------
    >>> read_pieces("absent.csv", 1000, lambda names: {}, None, "utf-8", None)
    Traceback (most recent call last):
    feedforward.errors.FileError: absent.csv does not exist. ...
    """
    reading = Reading((), wanted, is_new=False, decimal=decimal)
    streamed = stream_table(path)
    if streamed.kind == "CSV":
        return _explained(streamed, _from_csv(streamed, rows, read_as, reading, encoding, delimiter))
    refuse_csv_settings(streamed.name, encoding, delimiter, decimal)
    return _explained(streamed, _from_arrow(streamed, rows, read_as, reading))


def _explained(streamed: Streamed, pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Yield pieces; what is wrong with the file as such becomes an error that says so."""
    damage = (EOFError, zlib.error) if streamed.kind == "CSV" else (pa.ArrowException, ValueError)
    try:
        yield from pieces
    except (FeedforwardError, MemoryError):
        raise
    except OSError as error:  # those of gzip and Arrow have no number
        broken = not_whole(streamed.name, streamed.kind)
        raise (unreadable(streamed.name, error) if error.errno else broken) from None
    except damage:
        raise not_whole(streamed.name, streamed.kind) from None


def _regrouped(batches: Iterable[Any], rows: int) -> Iterator[Any]:
    """Yield the rows of record batches as tables of `rows` rows."""
    waiting: list[Any] = []
    for batch in batches:
        waiting.append(batch)
        if sum(map(len, waiting)) >= rows:
            table = pa.Table.from_batches(waiting)
            full = table.num_rows - table.num_rows % rows
            yield from (table.slice(first, rows) for first in range(0, full, rows))
            waiting = table.slice(full).to_batches()
    if any(map(len, waiting)):
        yield pa.Table.from_batches(waiting)


@dataclass(frozen=True)
class _Kind:
    """What a column is read as: in words, and from text, with its decimal mark, to typed cells, or None."""

    words: str
    fit: Callable[[Any, str], Any]
    declared: bool = True


def _declared(names: Sequence[str], read_as: ReadAs) -> dict[str, _Kind]:
    return {name: _KINDS[kind] for name, kind in read_as(names).items()}


# Parquet and Arrow -------------------------------------------------------------------------------------------------


def _from_arrow(streamed: Streamed, rows: int, read_as: ReadAs, reading: Reading) -> Iterator[Piece]:
    with streamed.content() as content:
        schema, batches = _batches_of(streamed, content, rows)
        without_index(schema.empty_table(), Source(streamed.name))
        kinds, offset = _declared(schema.names, read_as), 0
        for table in _regrouped(batches, rows):
            table.validate(full=True)
            source = Source(streamed.name, rows=range(offset, offset + table.num_rows))
            table = without_index(table, source)
            columns = [
                _retyped(column, name, source, kinds) if reading.wants(name) else column
                for name, column in zip(table.column_names, table.columns, strict=True)
            ]
            yield source, finite(pa.table(columns, names=table.column_names), source, reading)
            offset += table.num_rows
    if offset == 0:
        finite(schema.empty_table(), Source(streamed.name), reading)


def _batches_of(streamed: Streamed, content: Any, rows: int) -> tuple[Any, Iterable[Any]]:
    start = content.read(6)
    if not start:
        raise TableError(f"{streamed.name} is empty: 0 bytes. Write the table again.")
    content.seek(0)
    if streamed.kind == "Parquet":
        file = parquet.ParquetFile(content, buffer_size=_BUFFER)
        return file.schema_arrow, file.iter_batches(batch_size=rows, use_threads=is_worth_threads(_size(content)))
    if start == b"ARROW1":
        file = ipc.open_file(content)
        return file.schema, (file.get_batch(place) for place in range(file.num_record_batches))
    stream = ipc.open_stream(content)
    return stream.schema, stream


def _size(content: Any) -> int:
    return int(content.seek(0, os.SEEK_END))


def _retyped(column: Any, name: str, source: Source, kinds: dict[str, _Kind]) -> Any:
    """Return a column that brought its type along, but for what is to be text, and text that is dates."""
    kind = kinds.get(name)
    if kind is _KINDS["text"]:
        return to_text(column, name, source)
    if not is_text(column.type):
        return column
    if kind is None:
        typed = dates_of(column)
        if holding(column) != "nothing":
            kinds[name] = _like(typed.type) if holding(typed) == "date" else _ANY_TEXT
        return typed
    is_dates = kind is _KINDS["date"] or not (kind.declared or kind is _ANY_TEXT)
    return _fitted(column.cast(pa.string()), kind, name, source, ".") if is_dates else column


# CSV ---------------------------------------------------------------------------------------------------------------


def _from_csv(
    streamed: Streamed,
    rows: int,
    read_as: ReadAs,
    reading: Reading,
    encoding: str,
    delimiter: str | None,
) -> Iterator[Piece]:
    text = Delimited.opened(streamed.name, streamed.content, encoding, delimiter)
    if reading.wanted is None:
        text.refuse_unnamed(())
    kinds: dict[str, _Kind] = {}
    offset = 0
    for cells in _regrouped(text.to_batches(), rows):
        kinds = kinds if offset else _declared(cells.column_names, read_as)
        source = Source(streamed.name, text.lines_of, range(offset, offset + cells.num_rows))
        columns = []
        for name, column in zip(cells.column_names, cells.columns, strict=True):
            if name in kinds:
                columns.append(_fitted(column, kinds[name], name, source, reading.decimal))
                continue
            typed = _first(column, name, source, reading) if reading.wants(name) else column
            if not pa.types.is_null(typed.type):
                kinds[name] = _like(typed.type)
            columns.append(typed)
        yield source, finite(pa.table(columns, names=cells.column_names), source, reading)
        offset += cells.num_rows


def _first(cells: Any, name: str, source: Source, reading: Reading) -> Any:
    """Return the first cells of a column, as `read_table` would have them."""
    typed = narrowest(cells, reading.decimal)
    if typed is not None:
        return typed
    text = without_blanks(cells)
    stray = find_stray(text, reading.decimal)
    if stray is not None:
        raise TableError(words_for(stray, text, name, source, reading))
    return text


def _like(kind: Any) -> _Kind:
    """Return what a column is that has this type so far."""
    if pa.types.is_integer(kind):
        words = "a whole number"
    else:
        words = "a number" if pa.types.is_floating(kind) else "true or false" if pa.types.is_boolean(kind) else "a date"
    return _Kind(words, partial(_as_before, kind=kind), declared=False)


def _as_before(cells: Any, decimal: str, kind: Any) -> Any:
    """Return cells as the type that earlier ones have, or None."""
    if pa.types.is_string(kind):
        return without_blanks(cells)
    typed = narrowest(cells, decimal)
    if typed is None or typed.type == kind:
        return typed
    widens = (
        pa.types.is_null(typed.type)
        or (pa.types.is_integer(typed.type) and pa.types.is_floating(kind))
        or (pa.types.is_date(typed.type) and pa.types.is_timestamp(kind) and kind.tz is None)
    )
    return typed.cast(kind) if widens else None


def _fitted(cells: Any, kind: _Kind, name: str, source: Source, decimal: str) -> Any:
    typed = kind.fit(cells, decimal)
    if typed is not None:
        return typed
    # All cells before the first that does not fit do.
    row = bisect_left(range(1, len(cells) + 1), True, key=lambda stop: kind.fit(cells[:stop], decimal) is None)
    text = cells[row].as_py()
    fault = f"{text!r} is not {kind.words}, {'as the model needs' if kind.declared else 'as all before it are'}"
    remedy = "Correct the cell or leave it empty"
    if "number" in kind.words:
        fault, remedy = marks_in(text, cells, decimal) or (fault, remedy)
    if not kind.declared:
        remedy += f", or say what the column is: read_as={{{name!r}: ...}}"
    raise TableError(f"{source.name}, {source.place(row)}, column {name!r}: {fault}. {remedy}.")


def _bare(cells: Any) -> Any:
    return pc.utf8_trim_whitespace(without_blanks(cells))


def _as_numbers(cells: Any, decimal: str) -> Any:
    numbers = to_numbers(cells, decimal)
    if numbers is not None:
        return numbers
    return to_numbers(pc.replace_substring_regex(_bare(cells), "^0+([0-9])", r"\1"), decimal)  # once declared, no codes


def _as_floats(cells: Any, decimal: str) -> Any:
    numbers = _as_numbers(cells, decimal)
    return None if numbers is None else numbers.cast(pa.float64(), safe=False)


def _as_booleans(cells: Any, decimal: str) -> Any:
    booleans = to_booleans(_bare(cells))
    return _as_numbers(cells, decimal) if booleans is None else booleans


_KINDS = {
    "text": _Kind("text", lambda cells, _: without_blanks(cells)),
    "number": _Kind("a number", _as_floats),
    "whole": _Kind("a number", _as_numbers),
    "boolean": _Kind("true or false, nor a number", _as_booleans),
    "date": _Kind("a date such as 2024-01-31", lambda cells, _: to_dates(_bare(cells))),
}
_ANY_TEXT = _Kind("text", lambda cells, _: cells, declared=False)
READ_AS = tuple(_KINDS)
_RULE = Rule(
    f"a dict from column name to one of {', '.join(map(repr, READ_AS))}",
    lambda value: isinstance(value, Mapping) and all(kind in READ_AS for kind in value.values()),
)
