"""Model files that were damaged, altered or forged, disks that fail: what was written is read, or nothing."""

import ast
import errno
import json
import os
import resource
import stat
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import feedforward as ff
from feedforward import FileError, ModelFileError, disk, files
from feedforward.disk import write_bytes
from feedforward.files import FORMAT, MOST_BYTES, MOST_HEADER, read_file, write_file
from feedforward.storage.summary import summary
from feedforward.storage.words import facts_of
from forging import DIGEST, forged, opened, signed
from golden.make import answers_of, weights_of

GOLDEN = Path(__file__).parent / "golden"
FOLDERS = sorted(GOLDEN.glob("format-*"))
FILES = sorted(GOLDEN.glob("format-*/*.safetensors"))
CLASSIFIER = GOLDEN / "format-1" / "classifier.safetensors"
SEED = 20_261_124


# Every format that was ever released -------------------------------------------------------------------------------


def test_every_format_has_golden_files() -> None:
    assert [folder.name for folder in FOLDERS] == [f"format-{i + 1}" for i in range(FORMAT)]


def close(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return set(one) == set(other) and all(close(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(close, one, other))
    return bool(one == other or (isinstance(one, float) and abs(one - other) <= 1e-7 * max(1.0, abs(one))))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_golden_files_answer_as_they_did(path: Path) -> None:
    expected = json.loads((path.parent / "expected.json").read_text())[path.stem]
    model = ff.load(path)
    assert weights_of(model) == expected["weights"]
    assert close(answers_of(model), expected["answers"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_golden_files_are_written_again_bit_for_bit(path: Path, tmp_path: Path) -> None:
    ff.save(ff.load(path), tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes() or path.parent.name != f"format-{FORMAT}"


# Damage ------------------------------------------------------------------------------------------------------------


def refused(path: Path) -> str:
    """Load a file that must be refused, and return why."""
    with pytest.raises(ModelFileError) as error:
        ff.load(path)
    message = str(error.value)
    assert message.startswith(f"{path} cannot be read: "), message
    assert "\n" not in message
    assert len(message) < len(str(path)) + 600
    return message


def test_every_flipped_bit_is_found(tmp_path: Path) -> None:
    whole = CLASSIFIER.read_bytes()
    path = tmp_path / "m"
    path.write_bytes(whole)
    silent = []
    with path.open("r+b", buffering=0) as file:
        for place, byte in enumerate(whole):
            for bit in range(8):
                os.pwrite(file.fileno(), bytes([byte ^ (1 << bit)]), place)
                try:
                    ff.load(path)
                except ModelFileError:
                    continue
                silent.append((place, bit))
            os.pwrite(file.fileno(), bytes([byte]), place)
    assert silent == []
    ff.load(path)


@pytest.mark.parametrize("golden", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_truncation_and_every_tail_is_found(golden: Path, tmp_path: Path) -> None:
    whole = golden.read_bytes()
    path = tmp_path / "m"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelFileError):
            ff.load(path)
    for tail in (b"\0", b" ", b"x" * 100, whole):
        path.write_bytes(whole + tail)
        refused(path)


def test_random_edits_are_found(tmp_path: Path) -> None:
    print("seed", SEED)
    rng = np.random.default_rng(SEED)
    goldens = [path.read_bytes() for path in FILES]
    path = tmp_path / "m"
    for _ in range(20_000):
        whole = goldens[rng.integers(len(goldens))]
        data = bytearray(whole)
        start, length = rng.integers(len(data)), int(rng.integers(1, 40))
        kind = rng.integers(4)
        if kind == 0:
            data[start : start + length] = rng.bytes(len(data[start : start + length]))
        elif kind == 1:
            del data[start : start + length]
        elif kind == 2:
            data[start:start] = rng.bytes(length)
        else:  # a piece of the file over another
            other = int(rng.integers(len(data)))
            data[start : start + length] = data[other : other + length]
        if data == whole:
            continue
        path.write_bytes(data)
        with pytest.raises(ModelFileError):
            ff.load(path)


NASTY: list[Any] = [None, True, 0, 1, -1, 2**53, 10**19, 1.5, -0.0, 1e308, "", "x", "\x1b[31m", "a" * 300, [], [[]], {},
                    [0], ["a", "a"], {"kind": "Linear"}, {"a": 1}, [None] * 20, "Sequential", "<U999999", "object",
                    "float64", [["str", "a"]], [1, [2]], "MLPClassifier"]  # fmt: skip


def mutated(value: Any, rng: Any) -> Any:
    """Return JSON with one thing in it changed."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        value = dict(value)
        key = list(value)[rng.integers(len(value))]
        choice = rng.random()
        if choice < 0.05:
            del value[key]
        elif choice < 0.1:
            value["extra"] = NASTY[rng.integers(len(NASTY))]
        else:
            value[key] = mutated(value[key], rng)
        return value
    if isinstance(value, list) and value and rng.random() < 0.8:
        value = list(value)
        place = rng.integers(len(value))
        choice = rng.random()
        if choice < 0.1:
            del value[place]
        elif choice < 0.2:
            value.insert(place, value[place])
        else:
            value[place] = mutated(value[place], rng)
        return value
    return NASTY[rng.integers(len(NASTY))]


@pytest.mark.filterwarnings("ignore")
def test_forged_facts_with_the_right_digest(tmp_path: Path) -> None:
    """Structure-aware: one fact is changed and the file signed anew. It is refused, or it is a model that answers."""
    print("seed", SEED)
    rng = np.random.default_rng(SEED)
    goldens = [opened(path.read_bytes()) for path in FILES]
    path, taken = tmp_path / "m", 0
    for _ in range(6_000):
        facts, layout, data = goldens[rng.integers(len(goldens))]
        if rng.random() < 0.15:
            layout = mutated(layout, rng)
        else:
            facts = mutated({name: facts[name] for name in ("kind", "model", "about")}, rng)
        if not isinstance(layout, dict) or not isinstance(facts, dict):
            continue
        path.write_bytes(forged(facts, layout, data))
        with suppress(ModelFileError):
            facts_of(summary(path))
        try:
            model = ff.load(path)
        except ModelFileError:
            continue
        taken += 1
        with suppress(ff.FeedforwardError):  # such as a column of another name
            answers_of(model)
    assert taken > 20


@pytest.mark.filterwarnings("ignore")
def test_forged_arrays_with_the_right_digest(tmp_path: Path) -> None:
    rng = np.random.default_rng(SEED)
    values: list[Any] = [np.nan, np.inf, -1.0, 0.0, 1e300]
    path = tmp_path / "m"
    for golden in FILES:
        facts, arrays = read_file(golden)
        for name in arrays:
            for changed in (
                None, arrays[name].astype(np.int32), arrays[name][None], arrays[name].ravel()[:-1],
                np.where(rng.random(arrays[name].shape) < 0.5, arrays[name], values[rng.integers(5)]),
            ):  # fmt: skip
                others = {key: array for key, array in arrays.items() if key != name}
                write_file(path, facts, others if changed is None else {**others, name: np.asarray(changed)})
                try:
                    ff.load(path)
                except ModelFileError:
                    continue
                assert changed is not None, f"{golden.stem} without {name}"
        write_file(path, facts, {**arrays, "stranger": np.zeros(3)})
        refused(path)


# Hostile files -----------------------------------------------------------------------------------------------------

NETWORK = {"kind": "Sequential", "about": None}
F64 = {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}


def model_of(layers: Any, members: Any = None) -> dict[str, Any]:
    return {**NETWORK, "model": {"kind": "Sequential", "network": {"layers": layers, "members": members}}}


def linear(m: Any, h: Any) -> dict[str, Any]:
    return {"kind": "Linear", "in_features": m, "out_features": h, "bias": False}


def weight(**changes: Any) -> dict[str, Any]:
    return {"0.weight": {"dtype": "F64", "shape": [1, 1], "data_offsets": [0, 8], **changes}}


EIGHT, ONE = b"\0" * 8, np.ones(1).tobytes()
GOOD = model_of([linear(1, 1)])
PARAMETERS = {"kind": "parameters", "about": None, "model": {"kind": "parameters", "names": ["a"]}}
NAN = np.array([np.nan]).tobytes()


def classes(dtype: str, values: Any) -> bytes:
    facts, layout, data = opened((GOLDEN / "format-1" / "perceptron.safetensors").read_bytes())
    facts["model"]["classes"] = {"dtype": dtype, "values": values}
    return forged(facts, layout, data)


def setting(name: str, value: Any) -> bytes:
    facts, layout, data = opened(CLASSIFIER.read_bytes())
    facts["model"]["model"]["settings"][name] = value
    return forged(facts, layout, data)


def nested(depth: int) -> Any:
    layers: Any = []
    for _ in range(depth):
        layers = [{"kind": "Sequential", "layers": layers}]
    return layers


def columns(columns: Any, layer: Any = None) -> Any:
    return [{"kind": "Columns", "parts": [{"columns": columns, "layer": layer or {"kind": "Identity"}}]}]


def nested_columns(depth: int) -> Any:
    layer: Any = None
    for _ in range(depth):
        [layer] = columns([0], layer)
    return [layer]


# the bytes, or what makes the path; words that must be in the message
HOSTILE: dict[str, tuple[bytes | Callable[[Path], Any], list[str]]] = {
    "nothing": (b"", ["cut short"]),
    "seven bytes": (b"\0" * 7, ["cut short"]),
    "a pickle": (b"\x80\x04\x95\x20\0\0\0\0\0\0\0cposix\nsystem\n(S'echo pwned > /tmp/pwned'\ntR.", ["no model file"]),
    "a zip file": (b"PK\x03\x04" + b"\0" * 100, ["no model file"]),
    "a header longer than the file": (forged(GOOD, length=2**40), ["cut short"]),
    "a header of 2**64 - 1": (b"\xff" * 8 + b"{}", ["cut short"]),
    "a huge header": (lambda path: _sparse(path, MOST_HEADER + 1, 2**25), ["header", str(MOST_HEADER)]),
    "a terabyte of nothing": (lambda path: _sparse(path, 100, 2**40), [str(2**40), str(MOST_BYTES)]),
    "a header that is no JSON": (forged(None, header=b"{" + b"x" * 50), ["header", "no JSON"]),
    "a header that is a list": (forged(None, header=b"[1, 2]"), ["no header"]),
    "a header in UTF-8": (forged(None, header='{"ü": 1}'.encode()), ["no header"]),
    "a header in spaces": (forged(None, header=b" " * 64), ["no header"]),
    "deep JSON": (forged(None, header=b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), ["nested"]),
    "deep facts": (forged(None, text='{"a":' + "[" * 100_000 + "]" * 100_000 + "}"), ["nested"]),
    "millions of values": (forged(None, header=b'{"a":[' + b"0," * 3_000_000 + b"0]}"), ["values"]),
    "a number of many digits": (forged(None, text='{"a": ' + "9" * 100_000 + "}"), ["digits"]),
    "a number beyond all bounds": (forged(None, text='{"a": 1e999}'), ["1e999"]),
    "NaN in the facts": (forged(None, text='{"a": NaN}'), ["NaN"]),
    "Infinity in the header": (forged(None, header=b'{"a": -Infinity}'), ["-Infinity"]),
    "a key twice": (forged(None, header=b'{"a": 1, "a": 2}'), ["'a'", "twice"]),
    "a fact twice": (forged(None, text=json.dumps(GOOD)[:-1] + ', "kind": "Sequential"}'), ["'kind'", "twice"]),
    "half a character": (forged({**GOOD, "about": "\ud800"}, weight(), ONE), ["text"]),
    "another library's file": (forged(None, header=b'{"__metadata__":{"format":"pt"}}'), ["'feedforward'"]),
    "no metadata": (forged(None, header=b"{}"), ["'feedforward'"]),
    "metadata that is no text": (forged(None, header=b'{"__metadata__":{"feedforward":{}}}'), ["'feedforward'"]),
    "a second key of metadata": (forged(GOOD, weight(), ONE, metadata={"pickle": "x"}), ["more keys"]),
    "facts that are a list": (forged(None, text="[]"), ["no object"]),
    "no version": (forged({**GOOD, "format_version": None}, weight(), ONE), ["version"]),
    "version 0": (forged({**GOOD, "format_version": 0}, weight(), ONE), ["version"]),
    "a version that is true": (forged({**GOOD, "format_version": True}, weight(), ONE), ["version"]),
    "a newer version": (
        forged({**GOOD, "format_version": FORMAT + 1, "library": "9.8.7"}, weight(), ONE),
        [f"format {FORMAT + 1}", "install feedforward 9.8.7 or newer"],
    ),
    "a library with orders for a terminal": (forged({**GOOD, "library": "1\x1b[2J"}, weight(), ONE), ["no version"]),
    "no digest": (forged({**GOOD, "sha256": None}, weight(), ONE), ["digest"]),
    "a digest in capitals": (
        lambda path: path.write_bytes(_with_digest(str.upper)), ["digest"]),
    "another digest": (lambda path: path.write_bytes(_with_digest(lambda digest: "0" * 64)), ["digest"]),
    "two digests": (forged({**GOOD, "about": DIGEST}, weight(), ONE), ["digest"]),
    "no kind": (forged({"about": None}, weight(), ONE), ["kind"]),
    "an unknown kind": (forged({**GOOD, "kind": "os.system"}, weight(), ONE), ["'os.system'"]),
    "two kinds": (forged({**GOOD, "kind": "Perceptron"}, weight(), ONE), ["two kinds"]),
    "an unknown key": (forged({**GOOD, "hook": "x"}, weight(), ONE), ["facts"]),
    "an unknown dtype": (forged(GOOD, weight(dtype="BF16"), ONE), ["dtype", "BF16"]),
    "a dtype that is a list": (forged(GOOD, weight(dtype=["F64"]), ONE), ["dtype"]),
    "an impossible shape": (forged(GOOD, weight(shape=[-1, -1]), ONE), ["shape"]),
    "a shape of fractions": (forged(GOOD, weight(shape=[1.0, 1.0]), ONE), ["shape"]),
    "a shape of true": (forged(GOOD, weight(shape=[True, 1]), ONE), ["shape"]),
    "a shape of many axes": (forged(GOOD, weight(shape=[1] * 40), ONE), ["shape"]),
    "a bomb of a shape": (forged(GOOD, weight(shape=[2**40, 2**40]), ONE), ["shape"]),
    "a bomb around a zero": (forged(GOOD, weight(shape=[2**60, 2**60, 0], data_offsets=[0, 0])), ["shape"]),
    "a shape that is not its size": (forged(GOOD, weight(shape=[1, 2]), ONE), ["size"]),
    "offsets beyond the end": (forged(GOOD, weight(shape=[1, 2], data_offsets=[0, 16]), ONE), ["16 bytes"]),
    "offsets backwards": (forged(GOOD, weight(data_offsets=[8, 0]), ONE), ["does not lie"]),
    "three offsets": (forged(GOOD, weight(data_offsets=[0, 8, 8]), ONE), ["offsets"]),
    "arrays over each other": (forged(PARAMETERS, {"a": F64, "b": F64}, ONE), ["does not lie"]),
    "a hole between arrays": (
        forged(PARAMETERS, {"a": F64, "b": {**F64, "data_offsets": [16, 24]}}, ONE * 3), ["does not lie"]),
    "a tail behind the arrays": (forged(GOOD, weight(), ONE + b"x"), ["tail"]),
    "an array of no facts": (forged(GOOD, {"0.weight": 1}, ONE), ["described"]),
    "an array with a file name": (forged(GOOD, weight(file="/etc/passwd"), ONE), ["described"]),
    "a boolean of 2": (
        forged(PARAMETERS, {"a": {"dtype": "BOOL", "shape": [1], "data_offsets": [0, 1]}}, b"\2"), ["true"]),
    "an array too few": (forged(GOOD), ["0.weight"]),
    "an array too many": (forged(GOOD, {**weight(), "x": {**F64, "data_offsets": [8, 16]}}, ONE * 2), ["x"]),
    "NaN weights": (forged(GOOD, weight(), NAN), ["NaN"]),
    "whole weights": (forged(GOOD, weight(dtype="I64"), EIGHT), ["int64"]),
    "a layer too large for its array": (forged(model_of([linear(10**9, 10**9)]), weight(), ONE), ["shape"]),
    "a layer of a negative size": (forged(model_of([linear(-1, 1)]), weight(), ONE), ["sizes"]),
    "an unknown layer": (forged(model_of([{"kind": "Lambda", "code": "exit()"}])), ["'Lambda'"]),
    "a loss for a layer": (forged(model_of([{"kind": "MSELoss"}])), ["'MSELoss'"]),
    "a layer with a setting of its own": (forged(model_of([{"kind": "ReLU", "inplace": True}])), ["facts"]),
    "dropout of everything": (forged(model_of([{"kind": "Dropout", "p": 1}])), ["below 1"]),
    "networks in networks": (forged(model_of(nested(200))), ["deep"]),
    "a kind that is a list": (forged(model_of([{"kind": ["Linear"]}])), ["unknown"]),
    "columns in columns": (forged(model_of(nested_columns(200))), ["deep"]),
    "no parts": (forged(model_of([{"kind": "Columns", "parts": []}])), ["parts"]),
    "a part without a layer": (forged(model_of([{"kind": "Columns", "parts": [{"columns": [0]}]}])), ["facts"]),
    "no columns": (forged(model_of(columns([]))), ["columns"]),
    "columns backwards": (forged(model_of(columns({"first": 2, "stop": 1}))), ["columns"]),
    "columns before the first": (forged(model_of(columns([-1]))), ["columns"]),
    "a column twice": (forged(model_of(columns([1, 1]))), ["columns"]),
    "columns of text": (forged(model_of(columns("01"))), ["columns"]),
    "a table too large for its array": (
        forged(model_of([{"kind": "Embedding", "levels": 10**12, "width": 10**12}]), weight(), ONE), ["shape"]),
    "waves that leave nothing": (
        forged(model_of([{"kind": "PeriodicEmbedding", "features": 1, "frequencies": 1, "width": 1}])), ["sizes"]),
    "an activation that is none": (
        forged(model_of([{"kind": "ParametricActivation", "features": 1, "activation": {"kind": "Dropout", "p": 0}}])),
        ["'Dropout'"]),
    "a stack of no members": (forged(model_of([], 0)), ["members"]),
    "labels of a gigabyte": (classes("<U20000000", [["str", "a"], ["str", "b"]]), ["characters"]),
    "labels of objects": (classes("object", [["object", "a"], ["str", "b"]]), ["label"]),
    "a label of another type": (classes("int64", [["int", 1], ["str", "2"]]), ["int64"]),
    "labels out of order": (classes("<U1", [["str", "b"], ["str", "a"]]), ["order"]),
    "a label beyond its dtype": (classes("uint8", [["int", 1], ["int", 300]]), ["uint8"]),
    "a dtype of code": (classes("i8,O", [["int", 1], ["int", 2]]), ["dtype"]),
    "an unknown setting": (setting("hook", 1), ["settings"]),
    "a setting that cannot be": (setting("learning_rate", -1), ["learning_rate"]),
    "a setting that is a path": (setting("engine", "/bin/sh"), ["engine"]),
    "an optimizer of another kind": (setting("optimizer", {"kind": "ReLU"}), ["optimizer", "ReLU"]),
    "a folder": (lambda path: path.mkdir(), ["folder"]),
    "a pipe": (lambda path: os.mkfifo(path), ["no regular file"]),
    "a device": (lambda path: path.symlink_to("/dev/zero"), ["no regular file"]),
    "a terminal": (lambda path: path.symlink_to("/dev/tty"), ["cannot be read"]),
    "a link to nothing": (lambda path: path.symlink_to(path.with_name("none")), ["no such file"]),
    "a link to itself": (lambda path: path.symlink_to(path), ["too many levels"]),
    "a file of the system": (lambda path: path.symlink_to("/proc/self/environ"), ["cannot be read"]),
}  # fmt: skip


def _sparse(path: Path, header: int, size: int) -> None:
    path.write_bytes(header.to_bytes(8, "little") + b"{")
    os.truncate(path, size)


def _with_digest(change: Callable[[str], str]) -> bytes:
    facts, layout, data = opened(CLASSIFIER.read_bytes())
    whole = forged(facts, layout, data)
    digest = opened_digest(whole)
    return whole.replace(digest.encode(), change(digest).encode())


def opened_digest(data: bytes) -> str:
    length = int.from_bytes(data[:8], "little")
    return str(json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["feedforward"])["sha256"])


def lay(path: Path, made: bytes | Callable[[Path], Any]) -> Path:
    if isinstance(made, bytes):
        path.write_bytes(made)
    else:
        made(path)
    return path


def test_there_are_enough_hostile_files() -> None:
    assert len(HOSTILE) >= 30


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_at_once(name: str, tmp_path: Path) -> None:
    made, words = HOSTILE[name]
    path = lay(tmp_path / "m", made)
    tracemalloc.start()
    started = time.perf_counter()
    message = refused(path)
    seconds = time.perf_counter() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [word for word in words if word not in message] == [], message
    assert message.isprintable(), message
    assert peak < 64 * 2**20, f"{peak / 2**20:.0f} MB"
    assert seconds < 5, seconds  # no benchmark: that it does not hang. In fact it is below 0.1 s.


def test_a_forged_file_can_be_right(tmp_path: Path) -> None:
    path = lay(tmp_path / "m", forged(GOOD, weight(), ONE))
    assert ff.load(path).parameters()["0.weight"].tolist() == [[1.0]]
    path.with_name("link").symlink_to(path)
    ff.load(path.with_name("link"))


def test_a_file_that_shrinks_while_it_is_read_or_is_too_large_for_memory(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "m"
    ff.save({"a": np.zeros(100_000)}, path)  # more than is read ahead
    whole = path.read_bytes()

    def shrinking(*arguments: Any) -> Any:
        os.truncate(path, len(whole) - 4)
        return real(*arguments)

    def without_memory(*_: Any) -> Any:
        raise MemoryError

    real = files.aligned
    monkeypatch.setattr(files, "aligned", shrinking)
    assert "cut short" in refused(path)
    path.write_bytes(whole)
    monkeypatch.setattr(files, "aligned", without_memory)
    assert "not enough memory" in refused(path)


def test_systems_without_locks_write_too(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(disk, "fcntl", None)
    (tmp_path / ".m.0123abcd.tmp").write_bytes(b"left")
    write_bytes(tmp_path / "m", b"data")
    assert {file.name for file in tmp_path.iterdir()} == {"m", ".m.0123abcd.tmp"}


# No code is run ----------------------------------------------------------------------------------------------------

LOAD_PATH = ["disk", "files", "training.state", "tables.state", "tables.columns", "phrases", *(f"storage.{name}" for
    name in ("checks", "labels", "parts", "estimators", "models", "saving", "summary", "words"))]  # fmt: skip
FORBIDDEN = {"pickle", "joblib", "importlib", "torch", "marshal", "shelve", "subprocess", "runpy", "ctypes", "socket"}


@pytest.mark.parametrize("name", LOAD_PATH)
def test_nothing_on_the_load_path_can_run_code(name: str) -> None:
    source = Path(ff.__file__).parent.joinpath(*name.split(".")).with_suffix(".py")
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        imported += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
        assert not FORBIDDEN & {part for module in imported for part in module.split(".")}, imported
        if isinstance(node, ast.Name):
            assert node.id not in {"eval", "exec", "compile", "__import__", "globals", "getattr_static"}, node.lineno
        if isinstance(node, ast.Attribute):
            assert node.attr not in {"load_module", "import_module", "allow_pickle", "loads_pickle", "system", "popen"}


def test_loading_hostile_files_runs_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    for place, (made, _) in enumerate(HOSTILE.values()):
        lay(folder / str(place), made)
    for place, golden in enumerate(FILES):
        (folder / f"good-{place}").write_bytes(golden.read_bytes())
        (folder / f"flipped-{place}").write_bytes(bytes([*golden.read_bytes()[:-1], 7]))
    code = f"""
import os, sys
import feedforward as ff
folder = {str(folder)!r}
def visit():
    for name in sorted(os.listdir(folder)):
        try:
            ff.load(os.path.join(folder, name))
        except ff.ModelFileError:
            pass
visit()                              # everything is imported now
events = []
def hook(event, arguments):
    if event.split(".")[0] in ("exec", "compile", "import", "subprocess", "socket", "ctypes", "pickle", "marshal"):
        events.append((event, str(arguments)))
    if event.startswith("os.") and event not in ("os.listdir", "os.scandir"):
        events.append((event, str(arguments)))
    if event == "open" and not (isinstance(arguments[0], int) or str(arguments[0]).startswith(folder)):
        events.append((event, str(arguments)))
sys.addaudithook(hook)
visit()
print(events)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


# Disks -------------------------------------------------------------------------------------------------------------


class Disk:
    """Stands in for `os`: writes down every call of a save, and lets the n-th fail."""

    calls = ("open", "write", "fsync", "replace", "unlink", "close")

    def __init__(
        self, monkeypatch: Any, fail_at: int | None = None, code: int = errno.ENOSPC, most: int = 2**40
    ) -> None:
        self.log: list[tuple[str, Any]] = []
        self.descriptors: dict[int, str] = {}
        for name in self.calls:
            monkeypatch.setattr(os, name, self._watched(name, getattr(os, name), fail_at, code, most))

    def _watched(self, name: str, real: Any, fail_at: int | None, code: int, most: int) -> Any:
        def watched(*arguments: Any, **options: Any) -> Any:
            what = arguments[0] if not isinstance(arguments[0], int) else self.descriptors.get(arguments[0], "?")
            number = sum(entry[0] != "close" and entry[0] != "unlink" for entry in self.log)
            self.log.append((name, str(what)))
            if name not in ("close", "unlink") and number == fail_at:
                raise OSError(code, os.strerror(code))
            if name == "write":
                arguments = (arguments[0], bytes(arguments[1])[:most])
            result = real(*arguments, **options)
            if name == "open":
                self.descriptors[result] = str(what)
            return result

        return watched


def test_the_order_of_calls(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "m.safetensors"
    calls = Disk(monkeypatch)
    write_bytes(path, b"0" * 1000)
    assert [name for name, _ in calls.log] == ["open", "write", "fsync", "replace", "close", "open", "fsync", "close"]
    temporary = calls.log[0][1]
    assert {what for _, what in calls.log[:5]} == {temporary}
    assert Path(temporary).parent == tmp_path
    assert {what for _, what in calls.log[5:]} == {str(tmp_path)}


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077, 0o000])
def test_the_mode_is_that_of_the_umask(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        write_bytes(tmp_path / "m", b"data")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "m").stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("call", range(8))
@pytest.mark.parametrize("is_there", [True, False])
def test_a_disk_that_fails_at_any_call(code: int, call: int, is_there: bool, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    old = (GOLDEN / "format-1" / "perceptron.safetensors").read_bytes()
    new = ff.load(CLASSIFIER)
    if is_there:
        path.write_bytes(old)
    with pytest.MonkeyPatch.context() as patch:
        calls = Disk(
            patch, call, code, most=2000
        )  # short writes: 0 open, 1-3 write, 4 fsync, 5 replace, 6-7 the folder
        with pytest.raises(FileError) as error:
            ff.save(new, path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)
    assert os.strerror(code).lower() in str(error.value)
    names = [name for name, _ in calls.log]
    assert names.count("close") == names.count("open") - (call in (0, 6))  # one that did not open
    if call < 6:  # what stood there before is as it was
        assert (path.read_bytes() if path.exists() else None) == (old if is_there else None)
        assert "was not written" in str(error.value)
    else:  # only the name may not outlast a loss of power
        assert path.read_bytes() == CLASSIFIER.read_bytes()
    assert {file.name for file in tmp_path.iterdir()} <= {path.name}


def test_short_writes_write_all(tmp_path: Path, monkeypatch: Any) -> None:
    Disk(monkeypatch, most=7)
    ff.save(ff.load(CLASSIFIER), tmp_path / "m")
    assert (tmp_path / "m").read_bytes() == CLASSIFIER.read_bytes()


def test_a_disk_that_takes_nothing_more(tmp_path: Path, monkeypatch: Any) -> None:
    Disk(monkeypatch, most=0)
    with pytest.raises(FileError, match="no more bytes are taken"):
        write_bytes(tmp_path / "m", b"data")


def test_a_real_limit_of_the_system(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"before")
    code = f"""
import resource, sys
import feedforward as ff
from feedforward.commands.errors import one_line_errors
model = ff.load({str(CLASSIFIER)!r})
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
with one_line_errors(False):
    ff.save(model, {str(path)!r})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert f"{path} was not written: file too large" in done.stderr
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 2000
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {path.name: b"before"}


def test_ctrl_c_leaves_nothing_behind(tmp_path: Path, monkeypatch: Any) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    (tmp_path / "m").write_bytes(b"before")
    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_bytes(tmp_path / "m", b"data")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"m": b"before"}


def test_what_a_killed_writer_left_is_swept_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    (tmp_path / ".m.0123abcd.tmp").write_bytes(b"left")
    (tmp_path / ".m.mine.tmp").write_bytes(b"someone's")
    (tmp_path / ".other.0123abcd.tmp").write_bytes(b"of another file")
    code = """
import sys
from pathlib import Path
from feedforward.disk import _temporary
with _temporary(Path(sys.argv[1])):
    print("ready", flush=True)
    sys.stdin.read()
"""
    living = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "m")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert living.stdout is not None
    assert living.stdout.readline() == "ready\n"
    write_bytes(tmp_path / "m", b"data")
    assert len([path for path in tmp_path.iterdir() if path.name.startswith(".m.")]) == 2
    living.kill()
    living.communicate()
    write_bytes(tmp_path / "m", b"data")
    assert {path.name for path in tmp_path.iterdir()} == {"m", ".m.mine.tmp", ".other.0123abcd.tmp"}


def test_a_link_stays_a_link_and_a_device_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"before")
    (tmp_path / "link").symlink_to("real")
    write_bytes(tmp_path / "link", b"after")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"after"
    for bad in (tmp_path, "/dev/null", tmp_path / "none" / "m"):
        with pytest.raises(FileError, match=str(bad)):
            write_bytes(bad, b"data")


def test_readers_see_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path, done = tmp_path / "m", threading.Event()
    models = [{"a": np.full(20_000, float(i))} for i in range(4)]
    ff.save(models[0], path)

    def write() -> None:
        for i in range(120):
            ff.save(models[i % 4], path)
        done.set()

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    while not done.is_set():
        assert len(set(ff.load(path)["a"].tolist())) == 1
    for writer in writers:
        writer.join()
    assert [file.name for file in tmp_path.iterdir()] == ["m"]


def test_signing_is_what_the_library_does() -> None:
    for golden in FILES:
        whole = golden.read_bytes()
        assert signed(whole.replace(opened_digest(whole).encode(), DIGEST.encode())) == whole
