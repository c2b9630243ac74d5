"""Where a table comes from: which files are tables, and how messages name a place in one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from feedforward.errors import FileError, SettingError, TableError
from feedforward.tables.cells import Stray, without_nan
from feedforward.validation import nearest

CSV = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz")
PARQUET = (".parquet", ".pq")
ARROW = (".arrow", ".feather", ".ipc")
_SUFFIXES = CSV + PARQUET + ARROW


@dataclass(frozen=True)
class Source:
    """Where a table came from, for messages.

    Attributes
    ----------
    name : str
    line_of : callable, optional
        From a row of the whole table, counted from 0, to its line in a CSV file.
    offset : int
        Rows before the first of this table, where it is a part of one.

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


def checked_suffix(path: Path) -> str:
    """Return the suffix in lower case, or raise if there is no such file to read.

    Examples
    --------
    >>> checked_suffix(Path("absent.csv"))
    Traceback (most recent call last):
    feedforward.errors.FileError: absent.csv does not exist. ...
    """
    try:
        is_folder, is_there = path.is_dir(), path.exists()
    except PermissionError:  # of a folder above it
        raise FileError(f"{path} may not be read: permission denied. Ask for the right to read it.") from None
    if is_folder:
        raise FileError(f"{path} is a directory. Give the path of a file in it.")
    if not is_there:
        raise FileError(f"{path} does not exist. {_files_beside(path)}")
    suffix = next((known for known in _SUFFIXES if path.name.lower().endswith(known)), None)
    if suffix is None:
        raise TableError(
            f"{path} has a suffix that says no kind of table: {path.suffix!r}. Save it as one of "
            f"{', '.join(_SUFFIXES)}."
        )
    return suffix


def _files_beside(path: Path) -> str:
    try:
        files = sorted(file.name for file in path.parent.iterdir() if file.is_file())
    except OSError:
        return f"Its folder, {path.parent}, cannot be read either: check the path."
    if not files:
        return f"The folder {path.parent} holds no files: check the path."
    return nearest(path.name, files, f"files in {path.parent}")


def unreadable(path: Path, error: OSError) -> FileError:
    """Return the error that the system does not let a file be read.

    Examples
    --------
    >>> raise unreadable(Path("a.csv"), PermissionError())
    Traceback (most recent call last):
    feedforward.errors.FileError: a.csv may not be read: permission denied. Ask for the right to read it.
    """
    if isinstance(error, PermissionError):
        return FileError(f"{path} may not be read: permission denied. Ask for the right to read it.")
    return FileError(f"{path} cannot be read: {error.strerror}. Check the file and its disk.")


def not_whole(path: Path, suffix: str) -> TableError:
    """Return the error that a file is not what its suffix says, or not all of it.

    Examples
    --------
    >>> raise not_whole(Path("a.csv.gz"), ".csv.gz")
    Traceback (most recent call last):
    feedforward.errors.TableError: a.csv.gz is not a whole gzip file: damaged or cut short. Copy or compress it again.
    """
    if suffix in CSV:
        return TableError(f"{path} is not a whole gzip file: damaged or cut short. Copy or compress it again.")
    kind = "Parquet" if suffix in PARQUET else "Arrow"
    return TableError(
        f"{path} is not a whole {kind} file: damaged, cut short or of another kind. Copy or write it again."
    )


def refuse_other_formats(path: Path, start: bytes) -> None:
    """Raise `TableError` if the first bytes of a text file say that it is none.

    Examples
    --------
    >>> refuse_other_formats(Path("a.csv"), b"x,y")
    """
    if start.startswith((b"\x1f\x8b", b"PK\x03\x04")):
        raise TableError(
            f"{path} is compressed or a workbook, not text. Name a gzip file {path.stem}.csv.gz; export a workbook as "
            f"CSV."
        )


def words_for(stray: Stray, column: str, source: Source) -> str:
    """Return the message about a stray cell.

    Examples
    --------
    >>> words_for(Stray(7, "six", "number", 0.99), "x", Source("a.parquet"))[:88]
    "a.parquet, row 7 (counted from 0), column 'x': 'six' is not a number, as 99.0% of the co"
    """
    if stray.has_comma:
        fault = f"{stray.text!r} has a decimal comma, or a comma between thousands"
        remedy = "Write the column's numbers like 1234.5"
    else:
        fault = f"{stray.text!r} is not a {stray.expected}, as {min(stray.share, 0.999):.1%} of the column's cells are"
        remedy = "Correct the cell or leave it empty"
    return (
        f"{source.name}, {source.place(stray.row)}, column {column!r}: {fault}. {remedy}, drop the column, or declare "
        f"it text: text_columns=[{column!r}]."
    )


def refuse_csv_settings(name: str, encoding: str, delimiter: str | None) -> None:
    """Raise `SettingError` if settings of a CSV file were given for what is none.

    Examples
    --------
    >>> refuse_csv_settings("a.parquet", "utf-8", None)
    """
    if encoding != "utf-8" or delimiter is not None:
        raise SettingError(f"encoding and delimiter are for CSV files; {name} is none. Leave them out.")


def check_text_columns(text_columns: Sequence[str], names: Sequence[str]) -> None:
    """Raise `SettingError` for a text column that the table does not have.

    Examples
    --------
    >>> check_text_columns(["zip"], ["zip", "city"])
    """
    for name in text_columns:
        if name not in names:
            raise SettingError(
                f"text_columns names no column of the table: {name!r}. {nearest(name, names, 'columns')}"
            )


def with_text_columns(table: Any, source: Source, text_columns: Sequence[str], strict: bool = True) -> Any:
    """Return a table with these columns as text; where `strict`, it must have them all.

    Examples
    --------
    >>> with_text_columns(pa.table({"zip": [1]}), Source("the table"), ["zip"]).to_pydict()
    {'zip': ['1']}
    """
    if strict:
        check_text_columns(text_columns, table.column_names)
    for name in [name for name in text_columns if name in table.column_names]:
        place = table.column_names.index(name)
        try:
            table = table.set_column(place, name, table.column(place).cast(pa.string()))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise TableError(f"{source.name}, column {name!r} cannot be text. Leave it out of text_columns.") from None
    return table


def finite(table: Any, source: Source) -> Any:
    """Return the table with not-a-number missing; refuse infinity, and a table without rows or columns.

    Examples
    --------
    >>> finite(pa.table({"x": [1.0, float("nan")]}), Source("the table")).to_pydict()
    {'x': [1.0, None]}
    """
    if table.num_columns == 0 or table.num_rows == 0:
        lack = "columns" if table.num_columns == 0 else "rows"
        raise TableError(f"{source.name} has no {lack}. Give a table with columns and rows.")
    columns = [_finite(column, name, source) for name, column in zip(table.column_names, table.columns, strict=True)]
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
