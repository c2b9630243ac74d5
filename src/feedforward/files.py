"""One file format for everything that is stored: facts and arrays, and a digest over both.

The format is safetensors, so that other readers can read the arrays: eight bytes with the length of a header in JSON,
the header, the arrays one after the other. One key of its metadata, ``feedforward``, holds canonical JSON: facts of the
writer's own, the version of the format and of the library, and a SHA-256 over the whole file, in which its own 64
characters count as zeros.
"""

import hashlib
import json
import math
import os
import re
import stat
from collections.abc import Collection, Mapping
from typing import Any, NoReturn

import numpy as np
from numpy.typing import DTypeLike, NDArray

from feedforward import __version__
from feedforward.disk import files_beside, words_of, write_bytes
from feedforward.errors import InputError, ModelFileError

Array = NDArray[Any]

FORMAT = 1
MOST_BYTES = 2**32  # of a file: what is larger is refused before it is read
MOST_HEADER = 2**23  # bytes of the header, and
MOST_ITEMS = 500_000  # values in it: what they become in memory is many times as large
_DTYPES = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "U64": "<u8", "I32": "<i4", "U8": "|u1", "BOOL": "|b1"}
_CACHE_LINE = 64  # bytes; vector registers load fastest from its multiples


# Names -------------------------------------------------------------------------------------------------------------


def prefixed(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return arrays under longer names.

    Examples
    --------
    >>> list(prefixed("model", {"weight": np.ones(1)}))
    ['model.weight']
    """
    return {f"{prefix}.{name}": array for name, array in arrays.items()}


def group(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return those of `arrays` whose names have the prefix, without it.

    Examples
    --------
    >>> list(group("model", {"model.weight": np.ones(1), "bias": np.ones(1)}))
    ['weight']
    """
    return {n.removeprefix(f"{prefix}."): array for n, array in arrays.items() if n.startswith(f"{prefix}.")}


# Writing -----------------------------------------------------------------------------------------------------------


def write_file(path: str | os.PathLike[str], facts: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write facts and arrays into one file, the same bytes for the same input.

    Parameters
    ----------
    path : path
    facts : dict
        What JSON can hold, with "kind" among it, a word for what the file is.
    arrays : dict of arrays
        Of float64, float32, int64, uint64, int32, uint8 or bool.

    Raises
    ------
    InputError
        If an array is of another dtype, or there is more than `read_file` would read.
    FileError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_file(f"{folder}/a", {"kind": "numbers", "of": "Ann"}, {"x": np.arange(3.0)})
    ...     facts, arrays = read_file(f"{folder}/a", kinds=["numbers"])
    >>> facts["of"], arrays["x"]
    ('Ann', array([0., 1., 2.]))
    """
    write_bytes(path, to_bytes(facts, arrays))


def to_bytes(facts: Mapping[str, Any], arrays: Mapping[str, Array]) -> bytes:
    r"""Return the bytes of the file that `write_file` writes.

    Examples
    --------
    >>> to_bytes({"kind": "empty"}, {})[8:44]
    b'{"__metadata__":{"feedforward":"{\\"f'
    """
    layout: dict[str, dict[str, Any]] = {}
    parts, end = [], 0
    for name, array in sorted(arrays.items(), key=lambda item: (-item[1].itemsize, item[0])):  # each aligned to itself
        code = next((code for code, dtype in _DTYPES.items() if array.dtype.newbyteorder("<") == dtype), None)
        if code is None:
            raise InputError(f"{name} is of dtype {array.dtype}, which has no place in a file. Convert it to float64.")
        parts.append(array.astype(_DTYPES[code], copy=False).tobytes())
        layout[name] = {"dtype": code, "shape": list(array.shape), "data_offsets": [end, end + len(parts[-1])]}
        end += len(parts[-1])
    zeros, ones = (_header(facts, layout, digit * 64) for digit in "01")
    try:
        layout = _checked_header(zeros)  # what could not be read again is not written
        _facts(layout)
        _checked_layout(layout, end)
        _checked_size(8 + len(zeros) + end)
    except _Fault as fault:
        raise InputError(f"This cannot be stored: {fault}.") from None
    data = bytearray(b"".join([len(zeros).to_bytes(8, "little"), zeros, *parts]))
    place = 8 + next(i for i, (zero, one) in enumerate(zip(zeros, ones, strict=True)) if zero != one)
    data[place : place + 64] = hashlib.sha256(data).hexdigest().encode()
    return bytes(data)


def _header(facts: Mapping[str, Any], layout: Mapping[str, Any], digest: str) -> bytes:
    whole = {**facts, "format_version": FORMAT, "library": __version__, "sha256": digest}
    header = _canonical({"__metadata__": {"feedforward": _canonical(whole)}, **layout}).encode()
    return header + b" " * (-(8 + len(header)) % _CACHE_LINE)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False, separators=(",", ":"))


# Reading -----------------------------------------------------------------------------------------------------------


class _Fault(Exception):
    """What is wrong with a file, in words."""


def read_file(
    path: str | os.PathLike[str], kinds: Collection[str] | None = None
) -> tuple[dict[str, Any], dict[str, Array]]:
    """Read what `write_file` wrote, if not a bit of it has changed.

    Nothing in the file is trusted before it is checked, and no code in it is run.

    Parameters
    ----------
    path : path
    kinds : collection of str, optional
        What the file may be. Default: anything.

    Returns
    -------
    facts : dict
        With "format_version", "library" and "sha256".
    arrays : dict of arrays
        Of their own memory, aligned to 64 bytes.

    Raises
    ------
    ModelFileError
        Whatever is wrong, naming the file and the fault.

    Examples
    --------
    >>> read_file("absent.safetensors")
    Traceback (most recent call last):
    feedforward.errors.ModelFileError: absent.safetensors cannot be read: no such file or directory. ...
    """
    try:
        return _read(path, kinds)
    except _Fault as fault:
        raise ModelFileError(f"{path} cannot be read: {fault}.") from None
    except FileNotFoundError as error:
        raise ModelFileError(f"{path} cannot be read: {words_of(error)}. {files_beside(path)}") from error
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {words_of(error)}.") from error
    except MemoryError:
        raise ModelFileError(f"{path} cannot be read: there is not enough memory for it.") from None


def _read(path: str | os.PathLike[str], kinds: Collection[str] | None) -> tuple[dict[str, Any], dict[str, Array]]:
    size = _regular_size(os.stat(path))  # before it is opened: opening a device may do something
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb") as file:
        size = _regular_size(os.fstat(file.fileno()))
        start = file.read(8)
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > size - 8:
            _refuse("it is cut short, or no model file, as `feedforward train --out` or feedforward.save writes them")
        _checked_length(length)
        header = file.read(length)
        layout = _checked_header(header)
        facts = _facts(layout)
        specs = _checked_layout(layout, size - 8 - length)
        digest, place = facts["sha256"], header.find(facts["sha256"].encode())
        if header.count(digest.encode()) != 1:
            _refuse("its digest does not stand where it should: the file was altered")
        found = hashlib.sha256(start + header[:place] + b"0" * 64 + header[place + 64 :])
        arrays = {}
        for name, (dtype, shape) in specs.items():
            array = aligned(shape, dtype)
            memory = array.reshape(-1).view(np.uint8).data
            if file.readinto(memory) != array.nbytes:
                _refuse("it is cut short")
            found.update(memory)
            if dtype == "|b1" and array.view(np.uint8).max(initial=0) > 1:
                _refuse(f"array {_shown(name)} holds bytes that are neither true nor false")
            arrays[name] = array
        if file.read(1) or found.hexdigest() != digest:
            _refuse("its bytes do not have the digest that was written with them: the file was damaged or altered")
    if kinds is not None and facts["kind"] not in kinds:
        needed = ("one of " if len(kinds) > 1 else "") + ", ".join(map(repr, kinds))
        _refuse(f"it is of the kind {_shown(facts['kind'])}, and here {needed} is needed")
    return facts, arrays


def kind_of(path: str | os.PathLike[str]) -> str | None:
    """Return what a file that `write_file` wrote says it is, by its header alone; None of any other file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_file(f"{folder}/a", {"kind": "numbers"}, {})
    ...     kind_of(f"{folder}/a")
    'numbers'
    """
    try:
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            _checked_length(length)
            kind: str = _facts(_checked_header(file.read(length)))["kind"]
            return kind
    except (_Fault, OSError):
        return None


def _refuse(fault: str) -> NoReturn:
    raise _Fault(fault)


def _shown(value: Any) -> str:
    """Return a value of the file so that it fits into a message, whatever it is."""
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _regular_size(status: os.stat_result) -> int:
    if not stat.S_ISREG(status.st_mode):
        _refuse("it is a folder" if stat.S_ISDIR(status.st_mode) else "it is no regular file")
    _checked_size(status.st_size)
    return status.st_size


def _checked_size(size: int) -> None:
    if size > MOST_BYTES:
        _refuse(f"it has {size} bytes, more than the {MOST_BYTES} that are read")


def _checked_length(length: int) -> None:
    if length > MOST_HEADER:
        _refuse(f"it has a header of {length} bytes, more than the {MOST_HEADER} that are read")


def _checked_header(header: bytes) -> dict[str, Any]:
    _checked_length(len(header))
    if not header.startswith(b"{") or not header.isascii():
        _refuse("it has no header of JSON, so it is no model file")
    items = sum(header.count(mark) for mark in (b",", b"[", b"{"))
    if items > MOST_ITEMS:
        _refuse(f"its header holds {items} values, more than the {MOST_ITEMS} that are read")
    return _strict(header.decode("ascii"), "header")


def _strict(text: str, what: str) -> dict[str, Any]:
    """Return a JSON object without doubt about its meaning: no key twice, no NaN, no number beyond all bounds."""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        unique = dict(found)
        if len(unique) < len(found):
            names = [name for name, _ in found]
            _refuse(f"its {what} has the key {_shown(next(n for n in names if names.count(n) > 1))} twice")
        return unique

    def number(digits: str) -> float:
        if not math.isfinite(float(digits)):
            _refuse(f"its {what} has a number beyond all bounds: {_shown(digits)}")
        return float(digits)

    def whole(digits: str) -> int:
        if len(digits) > 20:
            _refuse(f"its {what} has a whole number of {len(digits)} digits")
        return int(digits)

    def constant(word: str) -> NoReturn:
        _refuse(f"its {what} has {word}, which is no JSON")

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_float=number, parse_int=whole, parse_constant=constant)
        json.dumps(value, ensure_ascii=False).encode()  # half a character cannot be encoded
    except RecursionError:
        _refuse(f"its {what} is nested too deeply")
    except UnicodeEncodeError:
        _refuse(f"its {what} has text that is no text")
    except ValueError:
        _refuse(f"its {what} is no JSON")
    if not isinstance(value, dict):
        _refuse(f"its {what} is no object of JSON")
    return value


def _facts(layout: dict[str, Any]) -> dict[str, Any]:
    """Take the facts out of the header; refuse what this version cannot know how to read."""
    metadata = layout.pop("__metadata__", None)
    if not isinstance(metadata, dict) or not isinstance(metadata.get("feedforward"), str):
        _refuse("it has no key 'feedforward', so feedforward did not write it")
    facts = _strict(metadata["feedforward"], "metadata")
    version, library = facts.get("format_version"), facts.get("library")
    if type(version) is not int or version < 1 or not isinstance(library, str):
        _refuse("it does not say the version of its format")
    if not re.fullmatch(r"[0-9][0-9A-Za-z.+-]{0,29}", library):
        _refuse(f"it says that {_shown(library)} wrote it, which is no version")
    if version > FORMAT:
        _refuse(
            f"it has format {version}, which feedforward {library} wrote, and feedforward {__version__} reads formats "
            f"up to {FORMAT}; install feedforward {library} or newer"
        )
    if len(metadata) > 1:
        _refuse("its metadata has more keys than 'feedforward'")
    if not isinstance(facts.get("kind"), str):
        _refuse("it does not say what kind it is of")
    if not isinstance(facts.get("sha256"), str) or not re.fullmatch("[0-9a-f]{64}", facts["sha256"]):
        _refuse("it has no digest")
    return facts


def _checked_layout(layout: dict[str, Any], size: int) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return dtype and shape of each array, if together they fill `size` bytes, without holes or overlaps."""
    for name, spec in layout.items():
        if not isinstance(spec, dict) or set(spec) != {"dtype", "shape", "data_offsets"}:
            _refuse(f"array {_shown(name)} is not described by dtype, shape and data_offsets")
        if not isinstance(spec["dtype"], str) or spec["dtype"] not in _DTYPES:
            _refuse(f"array {_shown(name)} has an unknown dtype: {_shown(spec['dtype'])}")
        if not _are_counts(spec["shape"]) or len(spec["shape"]) > 8:
            _refuse(f"array {_shown(name)} has an impossible shape: {_shown(spec['shape'])}")
        if not _are_counts(spec["data_offsets"]) or len(spec["data_offsets"]) != 2:
            _refuse(f"array {_shown(name)} has impossible offsets: {_shown(spec['data_offsets'])}")
    specs, end = {}, 0
    for name, spec in sorted(layout.items(), key=lambda item: item[1]["data_offsets"]):
        dtype, shape = _DTYPES[spec["dtype"]], tuple(spec["shape"])
        if math.prod(max(length, 1) for length in shape) > MOST_BYTES:  # also where one of them is 0
            _refuse(f"array {_shown(name)} has an impossible shape: {_shown(spec['shape'])}")
        if spec["data_offsets"] != [end, end + math.prod(shape) * np.dtype(dtype).itemsize]:
            _refuse(f"array {_shown(name)} does not lie where the one before it ends, or has not the size of its shape")
        specs[name], end = (dtype, shape), spec["data_offsets"][1]
    if end != size:
        _refuse(f"its arrays need {end} bytes, and it has {size}: it is cut short, or has a tail")
    return specs


def _are_counts(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and value >= 0 for value in values)


def aligned(shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return an array of zeros that starts at a multiple of 64 bytes.

    Examples
    --------
    >>> aligned((3, 4), np.float32).ctypes.data % 64
    0
    """
    count, dtype = math.prod(shape), np.dtype(dtype)
    spare = _CACHE_LINE // dtype.itemsize
    memory = np.zeros(count + spare, dtype)
    start = -memory.ctypes.data % _CACHE_LINE // dtype.itemsize
    return memory[start : start + count].reshape(shape)
