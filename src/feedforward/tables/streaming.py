"""Tables larger than memory, in pieces: each of the same columns, read as the first piece, or a model, has them."""

import gzip
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc, parquet

from feedforward.errors import FeedforwardError, InputError, TableError
from feedforward.tables.cells import find_stray, narrowest, to_booleans, to_dates, to_numbers, without_blanks
from feedforward.tables.delimited import Delimited
from feedforward.tables.frames import frame_to_table
from feedforward.tables.sources import (
    CSV,
    PARQUET,
    Source,
    checked_suffix,
    finite,
    not_whole,
    refuse_csv_settings,
    refuse_other_formats,
    unreadable,
    with_text_columns,
    words_for,
)
from feedforward.validation import COUNT, Rule, check_setting


def read_batches(
    path: str | PathLike[str],
    rows: int = 100_000,
    *,
    read_as: Mapping[str, str] | None = None,
    encoding: str = "utf-8",
    delimiter: str | None = None,
) -> Iterator[Any]:
    """Return the rows of a file as tables, one after the other, so that the file may be larger than memory.

    Parquet and Arrow files say what their columns are. A CSV column is what `read_as` says, or else what `read_table`
    would take it for, had the file ended after the first table in which the column has a value; until then its type is
    null. From then on its type does not change.

    Parameters
    ----------
    path : str or path
        What `read_table` reads: ``.csv``, ``.csv.gz``, ``.parquet``, ``.arrow`` and so on.
    rows : int, default 100_000
        Of each table; the last may have fewer.
    read_as : dict, default None
        From column name to "text", "number" (float64), "whole" (int64; float64 in a table that has fractions in it),
        "boolean" (numbers, where a cell is no boolean) or "date" (ISO 8601; timestamps, where a cell has a time).
        ``TableEncoder.read_as_`` has it for a model. Names of other columns do not matter.
    encoding, delimiter
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
    path = Path(path)
    suffix = checked_suffix(path)
    if suffix in CSV:
        return _explained(path, suffix, _from_csv(path, suffix, rows, read_as, encoding, delimiter))
    refuse_csv_settings(path.name, encoding, delimiter)
    return _explained(path, suffix, _from_arrow(path, suffix, rows, read_as))


def _explained(path: Path, suffix: str, tables: Iterator[Any]) -> Iterator[Any]:
    """Yield tables; what is wrong with the file as such becomes an error that says so."""
    damage = (EOFError, zlib.error) if suffix in CSV else (pa.ArrowException, ValueError)
    try:
        yield from tables
    except FeedforwardError:
        raise
    except OSError as error:  # those of gzip and Arrow have no number
        raise (unreadable(path, error) if error.errno else not_whole(path, suffix)) from None
    except damage:
        raise not_whole(path, suffix) from None


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


# Parquet and Arrow -------------------------------------------------------------------------------------------------


def _from_arrow(path: Path, suffix: str, rows: int, read_as: Mapping[str, str]) -> Iterator[Any]:
    offset, text = 0, [name for name, kind in read_as.items() if kind == "text"]
    schema, batches = _batches_of(path, suffix, rows)
    _plain(schema.empty_table(), path)
    for table in _regrouped(batches, rows):
        table.validate(full=True)
        source = Source(str(path), offset=offset)
        yield finite(with_text_columns(_plain(table, path), source, text, strict=False), source)
        offset += table.num_rows
    if offset == 0:
        finite(schema.empty_table(), Source(str(path)))


def _batches_of(path: Path, suffix: str, rows: int) -> tuple[Any, Iterable[Any]]:
    if path.stat().st_size == 0:
        raise TableError(f"{path} is empty: 0 bytes. Write the table again.")
    if suffix in PARQUET:
        file = parquet.ParquetFile(path)
        return file.schema_arrow, file.iter_batches(batch_size=rows)
    content = pa.memory_map(str(path))
    if content.read(6) == b"ARROW1":
        file = ipc.open_file(content)
        return file.schema, (file.get_batch(place) for place in range(file.num_record_batches))
    content.seek(0)
    stream = ipc.open_stream(content)
    return stream.schema, stream


def _plain(table: Any, path: Path) -> Any:
    index = [name for name in table.column_names if name.startswith("__index_level_")]  # pandas writes its index so
    try:
        return frame_to_table(table.drop_columns(index).replace_schema_metadata(None))
    except InputError as error:
        raise TableError(f"{path}: {error}") from None


# CSV ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Kind:
    """What a column is read as: in words, and from text to typed cells, or to None if one does not fit."""

    words: str
    fit: Callable[[Any], Any]
    declared: bool = True


def _from_csv(
    path: Path, suffix: str, rows: int, read_as: Mapping[str, str], encoding: str, delimiter: str | None
) -> Iterator[Any]:
    is_gzip = suffix.endswith(".gz") and path.stat().st_size > 0

    def content() -> Any:
        return gzip.open(path) if is_gzip else path.open("rb")

    if not is_gzip:
        with content() as stream:
            refuse_other_formats(path, stream.read(4))
    text = Delimited.opened(str(path), content, encoding, delimiter)
    kinds = {name: _KINDS[kind] for name, kind in read_as.items()}
    offset = 0
    for cells in _regrouped(text.to_batches(), rows):
        source = Source(str(path), text.line_of, offset)
        columns = []
        for name, column in zip(cells.column_names, cells.columns, strict=True):
            typed = _fitted(column, kinds[name], name, source) if name in kinds else _first(column, name, source)
            if name not in kinds and not pa.types.is_null(typed.type):
                kinds[name] = _Kind(_words_for(typed.type), partial(_like, kind=typed.type), declared=False)
            columns.append(typed)
        yield finite(pa.table(columns, names=cells.column_names), source)
        offset += cells.num_rows


def _first(cells: Any, name: str, source: Source) -> Any:
    """Return the first cells of a column, as `read_table` would have them."""
    typed = narrowest(cells)
    if typed is not None:
        return typed
    text = without_blanks(cells)
    stray = find_stray(text)
    if stray is not None:
        raise TableError(words_for(stray, name, source))
    return text


def _like(cells: Any, kind: Any) -> Any:
    """Return cells as the type that earlier ones have, or None."""
    if pa.types.is_string(kind):
        return without_blanks(cells)
    typed = narrowest(cells)
    if typed is None or typed.type == kind:
        return typed
    widens = (
        pa.types.is_null(typed.type)
        or (pa.types.is_integer(typed.type) and pa.types.is_floating(kind))
        or (pa.types.is_date(typed.type) and pa.types.is_timestamp(kind) and kind.tz is None)
    )
    return typed.cast(kind) if widens else None


def _words_for(kind: Any) -> str:
    if pa.types.is_integer(kind):
        return "a whole number"
    return "a number" if pa.types.is_floating(kind) else "true or false" if pa.types.is_boolean(kind) else "a date"


def _fitted(cells: Any, kind: _Kind, name: str, source: Source) -> Any:
    typed = kind.fit(cells)
    if typed is not None:
        return typed
    # All cells before the first that does not fit do.
    row = bisect_left(range(1, len(cells) + 1), True, key=lambda stop: kind.fit(cells[:stop]) is None)
    why = "as the model needs" if kind.declared else "as all before it are"
    remedy = "" if kind.declared else f", or say what the column is: read_as={{{name!r}: ...}}"
    raise TableError(
        f"{source.name}, {source.place(row)}, column {name!r}: {cells[row].as_py()!r} is not {kind.words}, {why}. "
        f"Correct the cell or leave it empty{remedy}."
    )


def _bare(cells: Any) -> Any:
    return pc.utf8_trim_whitespace(without_blanks(cells))


def _as_numbers(cells: Any) -> Any:
    numbers = to_numbers(cells)
    if numbers is not None:
        return numbers
    return to_numbers(pc.replace_substring_regex(_bare(cells), "^0+([0-9])", r"\1"))  # once declared, no codes


def _as_floats(cells: Any) -> Any:
    numbers = _as_numbers(cells)
    return None if numbers is None else numbers.cast(pa.float64(), safe=False)


def _as_booleans(cells: Any) -> Any:
    booleans = to_booleans(_bare(cells))
    return _as_numbers(cells) if booleans is None else booleans


_KINDS = {
    "text": _Kind("text", without_blanks),
    "number": _Kind("a number", _as_floats),
    "whole": _Kind("a number", _as_numbers),
    "boolean": _Kind("true or false, nor a number", _as_booleans),
    "date": _Kind("a date such as 2024-01-31", lambda cells: to_dates(_bare(cells))),
}
READ_AS = tuple(_KINDS)
_RULE = Rule(
    f"a dict from column name to one of {', '.join(map(repr, READ_AS))}",
    lambda value: isinstance(value, Mapping) and all(kind in READ_AS for kind in value.values()),
)
