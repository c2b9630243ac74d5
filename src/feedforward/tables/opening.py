"""From the path of a table, or standard input, to its bytes and what kind of file they are."""

import errno
import gzip
import os
import shutil
import sys
import tempfile
import weakref
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from feedforward.disk import files_beside, words_of
from feedforward.errors import FileError, TableError
from feedforward.memory import check_room

STANDARD_INPUT = "-"

_CSV = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz")
_PARQUET = (".parquet", ".pq")
_ARROW = (".arrow", ".feather", ".ipc")
_SUFFIXES = _CSV + _PARQUET + _ARROW
_THREADS_FROM = 1 << 20  # bytes of a table
_PIECE = 1 << 24  # bytes of standard input that are read at once
_LEFT = 0.1  # of the free space on the disk that standard input may not take
_GZIP = b"\x1f\x8b"
_MARKS = {_GZIP: ".csv.gz", b"PAR1": ".parquet", b"ARROW1": ".arrow"}  # what files of a kind begin with


@dataclass(frozen=True)
class Streamed:
    """What a table is read from piece by piece: its name for messages, its kind, and how to open its bytes, anew.

    The bytes are not compressed. The kind is "CSV", "Parquet" or "Arrow".
    """

    name: str
    kind: str
    content: Callable[[], BinaryIO]


@dataclass(frozen=True)
class Opened:
    """What a table is read from: its name for messages, its bytes, not compressed, and "CSV", "Parquet" or "Arrow"."""

    name: str
    kind: str
    data: bytes


def is_worth_threads(size: int) -> bool:
    """Return whether Arrow should read so many bytes in several threads.

    Not few: they would gain nothing, and Arrow ends a process that ends, for an error, while one of them lets go of
    memory of Python's.

    Examples
    --------
    >>> is_worth_threads(1000), is_worth_threads(10**8)
    (False, True)
    """
    return size >= _THREADS_FROM


def name_of(path: str | os.PathLike[str]) -> str:
    """Return what to call a table in messages.

    Examples
    --------
    >>> name_of("a.csv"), name_of("-")
    ('a.csv', 'standard input')
    """
    return "standard input" if str(path) == STANDARD_INPUT else str(path)


def open_table(path: str | os.PathLike[str]) -> Opened:
    """Return what is in a file, or, named ``-``, comes from standard input, to its end.

    Raises
    ------
    FileError
        If it is absent, a directory, or may not be read.
    TableError
        If its suffix or first bytes say that it is no table, or its size that it is too large for the memory there is.
        Of what comes from standard input so much is read as can be.

    Examples
    --------
    >>> open_table("table.xlsx")
    Traceback (most recent call last):
    feedforward.errors.FileError: table.xlsx does not exist. ...
    """
    name = name_of(path)
    if str(path) == STANDARD_INPUT:
        data = _read_standard_input()
        suffix = next((suffix for mark, suffix in _MARKS.items() if data.startswith(mark)), ".csv")
    else:
        suffix = _checked_suffix(Path(path))
        data = _read_bytes(Path(path), suffix)
    if suffix not in _CSV:
        return Opened(name, _kind(suffix), data)
    if suffix.endswith(".gz") and data:
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error):
            raise not_whole(name, "CSV") from None
    else:
        _refuse_others(name, data)
    return Opened(name, "CSV", data)


def stream_table(path: str | os.PathLike[str]) -> Streamed:
    """Return what `open_table` does, but without reading a file; standard input is kept in a temporary one.

    Raises
    ------
    FileError, TableError
        As `open_table` has it; and if what comes from standard input would leave less than a tenth of the disk's free
        space.

    Examples
    --------
    >>> stream_table("table.xlsx")
    Traceback (most recent call last):
    feedforward.errors.FileError: table.xlsx does not exist. ...
    """
    if str(path) == STANDARD_INPUT:
        return _standard_input_on_disk()
    file, suffix = Path(path), _checked_suffix(Path(path))
    try:
        with file.open("rb") as stream:
            start = stream.read(6)
    except OSError as error:
        raise unreadable(file, error) from None
    if suffix in _CSV and suffix.endswith(".gz") and start:
        return Streamed(str(path), "CSV", lambda: cast(BinaryIO, gzip.open(file)))
    if suffix in _CSV:
        _refuse_others(str(path), start)
    return Streamed(str(path), _kind(suffix), lambda: file.open("rb"))


class _Unpacked(gzip.GzipFile):
    """A gzip file that closes what it reads from, too."""

    def __init__(self, packed: BinaryIO) -> None:
        super().__init__(fileobj=packed)
        self._packed = packed

    def close(self) -> None:
        super().close()
        self._packed.close()


def _standard_input_on_disk() -> Streamed:
    name, kept = name_of(STANDARD_INPUT), _kept_standard_input()

    def content() -> BinaryIO:
        os.lseek(kept, 0, os.SEEK_SET)
        return os.fdopen(os.dup(kept), "rb")  # one at a time: they share their place

    weakref.finalize(content, os.close, kept)
    with content() as stream:
        start = stream.read(6)
    suffix = next((suffix for mark, suffix in _MARKS.items() if start.startswith(mark)), ".csv")
    if suffix == ".csv.gz":
        return Streamed(name, "CSV", lambda: cast(BinaryIO, _Unpacked(content())))
    if suffix == ".csv":
        _refuse_others(name, start)
    return Streamed(name, _kind(suffix), content)


def not_whole(name: str, kind: str) -> TableError:
    """Return the error that a file is not what its suffix says, or not all of it.

    Examples
    --------
    >>> raise not_whole("a.csv.gz", "CSV")
    Traceback (most recent call last):
    feedforward.errors.TableError: a.csv.gz is not a whole gzip file: damaged or cut short. Copy or compress it again.
    """
    if kind == "CSV":
        return TableError(f"{name} is not a whole gzip file: damaged or cut short. Copy or compress it again.")
    return TableError(
        f"{name} is not a whole {kind} file: damaged, cut short or of another kind. Copy or write it again."
    )


def unreadable(path: str | Path, error: OSError) -> FileError:
    """Return the error that the system does not let a file be read.

    Examples
    --------
    >>> raise unreadable("a.csv", PermissionError())
    Traceback (most recent call last):
    feedforward.errors.FileError: a.csv may not be read: permission denied. Ask for the right to read it.
    """
    if isinstance(error, PermissionError):
        return FileError(f"{path} may not be read: permission denied. Ask for the right to read it.")
    return FileError(f"{path} cannot be read: {words_of(error)}. Check the file and its disk.")


def _refuse_others(name: str, start: bytes) -> None:
    """Raise `TableError` if the first bytes of a text file say that it is none."""
    if start.startswith((_GZIP, b"PK\x03\x04")):
        raise TableError(
            f"{name} is compressed or a workbook, not text. Name a gzip file {Path(name).stem}.csv.gz; export a "
            "workbook as CSV."
        )


def _kept_standard_input() -> int:
    """Return the descriptor of a temporary file with all of it, if that leaves room on the disk."""
    size = 0
    try:
        with tempfile.TemporaryFile() as file:
            for piece in _pieces_of_standard_input():
                free = shutil.disk_usage(tempfile.gettempdir()).free
                if free - len(piece) < _LEFT * (free + size):
                    raise OSError(errno.ENOSPC, "too little room is left")
                size += file.write(piece)
            file.flush()
            return os.dup(file.fileno())
    except FileError:
        raise
    except OSError as error:
        raise FileError(
            f"standard input cannot be kept in {tempfile.tempdir or 'a temporary file'}, as it must be to be read more "
            f"than once: {words_of(error)} after {size / 1e9:,.1f} GB. Give a file, or name a folder with more room in "
            "the environment variable TMPDIR."
        ) from None


def _pieces_of_standard_input() -> Iterator[bytes]:
    if sys.stdin is None:  # closed by who started this
        raise FileError("standard input cannot be read: it is closed. Give a table there, or a file.")
    try:
        yield from iter(partial(sys.stdin.buffer.read, _PIECE), b"")
    except OSError as error:
        raise FileError(f"standard input cannot be read: {words_of(error)}. Give a table there, or a file.") from None


def _read_standard_input() -> bytes:
    pieces, size = list[bytes](), 0
    for piece in _pieces_of_standard_input():
        pieces.append(piece)
        size += len(piece)
        check_room("standard input", "CSV.gz" if pieces[0].startswith(_GZIP) else "CSV", size)
    return b"".join(pieces)


def _checked_suffix(path: Path) -> str:
    """Return the suffix in lower case, or raise if there is no such file to read."""
    try:
        is_folder, is_there = path.is_dir(), path.exists()
    except PermissionError:  # of a folder above it
        raise FileError(f"{path} may not be read: permission denied. Ask for the right to read it.") from None
    except OSError as error:
        raise FileError(f"{path} cannot be read: {words_of(error)}. Check the path.") from None
    if is_folder:
        raise FileError(f"{path} is a directory. Give the path of a file in it.")
    if not is_there:
        raise FileError(f"{path} does not exist. {files_beside(path)}")
    suffix = next((known for known in _SUFFIXES if path.name.lower().endswith(known)), None)
    if suffix is None:
        raise TableError(
            f"{path} has a suffix that says no kind of table: {path.suffix!r}. Save it as one of "
            f"{', '.join(_SUFFIXES)}."
        )
    return suffix


def _read_bytes(path: Path, suffix: str) -> bytes:
    try:
        check_room(str(path), "CSV.gz" if suffix.endswith(".gz") else _kind(suffix), path.stat().st_size)
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from None


def _kind(suffix: str) -> str:
    return "CSV" if suffix in _CSV else "Parquet" if suffix in _PARQUET else "Arrow"
