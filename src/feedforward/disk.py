"""Bytes on disk: a file is there as a whole or not at all."""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from feedforward.errors import FeedforwardError, FileError
from feedforward.validation import nearest

try:
    import fcntl
except ImportError:  # not on Windows: there, what a killed writer leaves behind stays
    fcntl = None  # type: ignore[assignment]  # for mypy a name is a module or None, not both

_MOST = 60  # characters of a name within that of its temporary file: of four bytes each, that still is a name


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file so that it is there as a whole or not at all, also after a crash or a loss of power.

    The bytes go to a temporary file beside it, which takes its place when they are safely on disk. What stood there
    before stays as it was until then. A link stays a link.

    Raises
    ------
    FileError
        Naming the path and the fault.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_bytes(f"{folder}/a.txt", b"whole")
    ...     print(Path(folder, "a.txt").read_text(), os.listdir(folder))
    whole ['a.txt']
    """
    with _replacing(path) as descriptor:
        rest = memoryview(data)
        while rest:
            written = os.write(descriptor, rest)  # possibly fewer than asked for
            if not written:
                raise OSError(0, "no more bytes are taken")
            rest = rest[written:]


@contextmanager
def writing_whole(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Give a file to write piece by piece; at the end of the block it is there as `write_bytes` would have it.

    After an error, or Ctrl-C, within the block nothing is left of it, and what stood there before is as it was.

    Raises
    ------
    FileError
        Naming the path and the fault.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with writing_whole(f"{folder}/a.txt") as file:
    ...         _ = file.write(b"pie"), file.write(b"ces")
    ...     print(Path(folder, "a.txt").read_text(), os.listdir(folder))
    pieces ['a.txt']
    """
    with _replacing(path) as descriptor, open(descriptor, "wb", closefd=False) as file:
        yield file


@contextmanager
def _replacing(path: str | os.PathLike[str]) -> Iterator[int]:
    """Give the descriptor of a temporary file, which at the end takes the place of what is at `path`."""
    place = place_to_write(path)
    try:
        with _temporary(place) as (temporary, descriptor):
            yield descriptor
            os.fsync(descriptor)
            os.replace(temporary, place)
    except FeedforwardError:  # of what was to be written
        raise
    except OSError as error:
        raise FileError(f"{path} was not written: {words_of(error)}. What stood there before is as it was.") from error
    try:
        _sync_folder(place.parent)
    except OSError as error:
        raise FileError(f"{path} was written, but may not outlast a loss of power: {words_of(error)}.") from error


def place_to_write(path: str | os.PathLike[str]) -> Path:
    """Return where a file is written that is named so, if one can be: ask before the work, not after it.

    Raises
    ------
    FileError
        If there is no such folder, or something there that is no file.

    Examples
    --------
    >>> place_to_write("/no/such/folder/model.safetensors")
    Traceback (most recent call last):
    feedforward.errors.FileError: /no/such/folder/model.safetensors cannot be written: there is no folder
    /no/such/folder. Create it first.
    """
    try:
        place = Path(os.path.realpath(path))
        is_there, is_file, is_folder = place.exists(), place.is_file(), place.is_dir()
        has_folder = place.parent.is_dir()
    except (OSError, ValueError) as error:
        raise FileError(f"{path!s:.200} cannot be written: {words_of(error)}. Choose another name.") from None
    if is_there and not is_file:
        raise FileError(f"{path} is {'a folder' if is_folder else 'no regular file'}. Name a file to write.")
    if not has_folder:
        raise FileError(f"{path} cannot be written: there is no folder {place.parent}. Create it first.")
    return place


def try_place(path: str | os.PathLike[str]) -> Path:
    """Do as `place_to_write` does, and make a file there and remove it, which shows whether the system permits it.

    Raises
    ------
    FileError
        Naming the path and the fault.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(try_place(f"{folder}/a.txt").name, os.listdir(folder))
    a.txt []
    """
    place = place_to_write(path)
    try:
        name, descriptor = _made_beside(place)
        os.close(descriptor)
        os.unlink(name)
    except OSError as error:
        raise FileError(f"{path} cannot be written: {words_of(error)}. Choose another place.") from error
    return place


@contextmanager
def _temporary(place: Path) -> Iterator[tuple[str, int]]:
    """Give a new, locked file beside `place`: gone at the end, unless it took another name."""
    _sweep(place)
    name, descriptor = _made_beside(place)
    try:
        yield name, descriptor
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    finally:
        os.close(descriptor)


def _made_beside(place: Path) -> tuple[str, int]:
    while True:
        name = str(place.with_name(f".{place.name[:_MOST]}.{secrets.token_hex(4)}.tmp"))
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o666)
        _lock(descriptor)
        if os.fstat(descriptor).st_nlink:
            return name, descriptor
        os.close(descriptor)  # another writer swept it away before it was locked


def _sweep(place: Path) -> None:
    """Remove temporary files of writers that were killed: whoever still writes one holds a lock on it."""
    if fcntl is None:
        return
    pattern = re.compile(rf"\.{re.escape(place.name[:_MOST])}\.[0-9a-f]{{8}}\.tmp")
    with suppress(OSError):
        for name in filter(pattern.fullmatch, os.listdir(place.parent)):
            with suppress(OSError):
                _remove_unless_locked(place.with_name(name))


def _remove_unless_locked(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(path)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    if fcntl is not None:
        with suppress(OSError):  # a file system may know no locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)


def _sync_folder(folder: Path) -> None:
    """Make a new name in `folder` outlast a loss of power."""
    if os.name == "nt":  # where folders cannot be opened
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def files_beside(path: str | os.PathLike[str]) -> str:
    """Return the sentence to end a message about a file that is not there with: which are there.

    Examples
    --------
    >>> files_beside("/no/such/folder/a.csv")
    'Its folder, /no/such/folder, cannot be read either: check the path.'
    """
    path = Path(path)
    try:
        files = sorted(file.name for file in path.parent.iterdir() if file.is_file())
    except OSError:
        return f"Its folder, {path.parent}, cannot be read either: check the path."
    if not files:
        return f"The folder {path.parent} holds no files: check the path."
    return nearest(path.name, files, f"files in {path.parent}")


def words_of(error: OSError | ValueError) -> str:
    """Return what the system says of an error, or Python of a name that the system cannot be asked for.

    Examples
    --------
    >>> import errno
    >>> words_of(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    'no space left on device'
    """
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
