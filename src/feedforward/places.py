"""The files that a command writes: each in a place of its own, and asked for before the work, not after it."""

import os
from collections.abc import Mapping
from pathlib import Path

from feedforward.disk import try_place
from feedforward.errors import FileError, SettingError
from feedforward.files import kind_of


def check_places(writes: Mapping[str, Path | None], reads: Mapping[str, Path]) -> None:
    """Raise unless all files can be written, each in a place of its own, and none over what is read.

    Parameters
    ----------
    writes : dict
        From options to paths; None where the option was not given.
    reads : dict
        From words to paths.

    Raises
    ------
    SettingError
        If two are one file, under whatever names.
    FileError
        If one cannot be written.

    Examples
    --------
    >>> check_places({"--out": Path("a.csv")}, {"the table": Path("./a.csv")})
    Traceback (most recent call last):
    feedforward.errors.SettingError: --out a.csv is the table itself. Name another file.
    """
    taken: dict[str, Path] = {}
    for option, path in writes.items():
        if path is None:
            continue
        for words, other in reads.items():
            if _is_same(path, other):
                raise SettingError(f"{option} {path} is {words} itself. Name another file.")
        for before, other in taken.items():
            if _is_same(path, other):
                raise SettingError(f"{before} {other} and {option} {path} are one file. Name another for one of them.")
        taken[option] = path
    for path in taken.values():
        try_place(path)


def check_replaces(option: str, path: Path) -> None:
    """Raise `FileError` if a file is there that is no model, which a model would replace; an empty one may go.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "notes.txt")
    ...     _ = path.write_text("of a year")
    ...     check_replaces("--out", path)
    Traceback (most recent call last):
    feedforward.errors.FileError: --out ...notes.txt is there already, and is no model file, so it is not replaced. ...
    """
    if path.exists() and path.stat().st_size and kind_of(path) in (None, "checkpoint"):
        raise FileError(
            f"{option} {path} is there already, and is no model file, so it is not replaced. Name another file, or "
            "move that one away."
        )


def page_kind(path: Path) -> str:
    """Return the suffix of a page's path.

    Raises
    ------
    FileError
        If it is none of a page.

    Examples
    --------
    >>> page_kind(Path("page.pdf"))
    Traceback (most recent call last):
    feedforward.errors.FileError: page.pdf: reports end in .html or .htm. Name such a file.
    """
    suffix = path.suffix.lower()
    if suffix not in (".html", ".htm"):
        raise FileError(f"{path}: reports end in .html or .htm. Name such a file.")
    return suffix


def _is_same(one: Path, other: Path) -> bool:
    try:
        return os.path.realpath(one) == os.path.realpath(other) or os.path.samefile(one, other)
    except OSError:  # one is not there yet, or cannot be looked at
        return False
