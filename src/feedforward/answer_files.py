"""Answers into a file, or to standard output: all of them or none, however many they are."""

import errno
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from pyarrow import csv, parquet

from feedforward.disk import words_of, writing_whole
from feedforward.errors import FileError, SettingError

_SUFFIXES = (".csv", ".parquet", ".pq")
_IN_MEMORY = 1 << 24  # bytes for standard output that need no temporary file


def write_answers(tables: Iterable[Any], path: str | Path | None, labels: Iterable[Any] = ()) -> int:
    r"""Write tables, one below the other, as the suffix of the path says; where there is no path, as CSV to stdout.

    Nothing is there before all is: after an error in the last table, what stood there before is as it was.

    Parameters
    ----------
    tables : iterable of pyarrow.Table
        One or more, of the same columns.
    path : path, optional
    labels : iterable
        What text the answers may hold: in CSV it is quoted if any of it must be.

    Returns
    -------
    int
        How many rows were written.

    Raises
    ------
    SettingError
        If the suffix is neither ``.csv`` nor ``.parquet``.
    FileError
        If it cannot be written.

    Examples
    --------
    >>> import pyarrow as pa
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     count = write_answers([pa.table({"prediction": ["yes", "no"]})], f"{folder}/a.csv")
    ...     print(count, Path(folder, "a.csv").read_bytes())
    2 b'prediction\nyes\nno\n'
    """
    is_csv, count = path is None or suffix_of(path) == ".csv", 0
    quoting = "needed" if any(_needs_quotes(label) for label in labels) else "none"
    with _standard_output() if path is None else writing_whole(path) as file:
        writer = None
        try:
            for table in tables:
                if writer is None and is_csv:
                    file.write(",".join(map(_quoted, table.column_names)).encode() + b"\n")
                    options = csv.WriteOptions(include_header=False, quoting_style=quoting)
                    writer = csv.CSVWriter(file, table.schema, write_options=options)
                elif writer is None:
                    writer = parquet.ParquetWriter(file, table.schema)
                writer.write_table(table)
                count += table.num_rows
        finally:
            if writer is not None:
                writer.close()
    return count


@contextmanager
def _standard_output() -> Iterator[BinaryIO]:
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        try:
            yield cast(BinaryIO, file)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise FileError(
                f"the answers cannot be kept in {tempfile.gettempdir()} until all are there: {words_of(error)}. Name a "
                "file, --out, or a folder with more room in the environment variable TMPDIR."
            ) from None
        file.seek(0)
        shutil.copyfileobj(file, sys.stdout.buffer)
    sys.stdout.flush()


def _needs_quotes(label: Any) -> bool:
    return isinstance(label, str) and (not label or bool(set(label) & set(',"\r\n')))  # without, "" is no row


def _quoted(name: str) -> str:
    return f'"{name.replace(chr(34), chr(34) * 2)}"' if set(name) & set(',"\r\n') else name


def suffix_of(path: str | Path) -> str:
    """Return the suffix of a file for answers, in lower case.

    Examples
    --------
    >>> suffix_of("answers.xlsx")
    Traceback (most recent call last):
    feedforward.errors.SettingError: answers.xlsx: answers are written as .csv, .parquet or .pq. Name such a file.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise SettingError(f"{path}: answers are written as .csv, .parquet or .pq. Name such a file.")
    return suffix
