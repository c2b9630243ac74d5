"""A table from standard input is the table that a file of the same bytes would be."""

import errno
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import feedforward as ff
from commands import GOOD, run
from feedforward import memory
from feedforward.tables import opening


def as_parquet(folder: Path) -> bytes:
    pq.write_table(ff.read_table(folder / "t.csv"), folder / "t.parquet")
    return (folder / "t.parquet").read_bytes()


def as_arrow(folder: Path) -> bytes:
    table = ff.read_table(folder / "t.csv")
    with pa.OSFile(str(folder / "t.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return (folder / "t.arrow").read_bytes()


FORMS: dict[str, Any] = {
    "csv": lambda _: GOOD.encode(),
    "csv.gz": lambda _: gzip.compress(GOOD.encode()),
    "parquet": as_parquet,
    "arrow": as_arrow,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_command_takes_it(form: str, tmp_path: Path) -> None:
    table, model = tmp_path / "t.csv", tmp_path / "m.safetensors"
    table.write_text(GOOD)
    given = FORMS[form](tmp_path)
    train = ("-t", "y", "-m", "adaline", "--json")
    expected = json.loads(run("train", table, *train).stdout)
    found = json.loads(run("train", "-", *train, "--out", model, given=given).stdout)
    assert found == {**expected, "table": "standard input", "seconds": found["seconds"]}
    assert run("predict", model, "-", given=given).stdout == run("predict", model, table).stdout
    judged = json.loads(run("evaluate", model, table, "--json").stdout)
    assert json.loads(run("evaluate", model, "-", "--json", given=given).stdout) == {
        **judged,
        "table": "standard input",
    }
    assert "standard input: 30 rows, tested on 10" in run("inspect", model).stdout


def test_a_pipe_cannot_be_sought_in_and_need_not_be(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(GOOD)
    run("train", tmp_path / "t.csv", "-t", "y", "-m", "adaline", "--out", tmp_path / "m")
    command = [sys.executable, "-m", "feedforward", "predict", str(tmp_path / "m"), "-"]
    many = GOOD + "1,2,no\n" * 100_000  # more than a pipe holds
    done = subprocess.run(command, input=many, capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == len(many.splitlines())


BAD: dict[str, tuple[bytes, list[str]]] = {
    "nothing": (b"", ["standard input is empty: 0 bytes"]),
    "ragged": (GOOD.encode() + b"1,2\n", ["standard input, line 42: expected 3 cells"]),
    "no target": (b"a,b\n1,2\n", ["standard input has no column 'y' to predict"]),
    "a stray cell": (GOOD.replace("\n7,", "\nseven,").encode(), ["standard input, line 9, column 'a'", "'seven'"]),
    "half a gzip file": (gzip.compress(GOOD.encode())[:-9], ["standard input is not a whole gzip file"]),
    "half a parquet file": (b"PAR1rest", ["standard input is not a whole Parquet file"]),
    "a workbook": (b"PK\x03\x04rest", ["standard input is compressed or a workbook"]),
    "a quantity": (b"a,y\n1,0.5\n2,1.5\n", ["standard input, target column 'y': 0.5 is a fraction"]),
}


@pytest.mark.parametrize(("given", "words"), BAD.values(), ids=BAD)
def test_what_is_wrong_with_it_is_said_of_standard_input(given: bytes, words: list[str]) -> None:
    error = run("train", "-", "-t", "y", "-m", "adaline", code=2, given=given).stderr
    assert error.startswith("error: standard input")
    assert error.count("\n") == 1
    assert [word for word in words if word not in error] == []


def test_a_model_names_it_too(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(GOOD)
    run("train", tmp_path / "t.csv", "-t", "y", "-m", "adaline", "--out", tmp_path / "m")
    for given, words in (
        (b"a\n1\n", "standard input has no column 'b'"),
        (b"a,b\n1,x\n", "standard input, line 2, column 'b': 'x' is not a number"),
    ):
        assert words in run("predict", tmp_path / "m", "-", code=2, given=given).stderr


@pytest.fixture
def pieces_of_a_kilobyte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_PIECE", 1000)


@pytest.mark.usefixtures("pieces_of_a_kilobyte")
@pytest.mark.parametrize("form", ["csv", "csv.gz"])
def test_a_tenth_of_the_free_disk_is_left_free(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.csv").write_text(GOOD)
    run("train", tmp_path / "t.csv", "-t", "y", "-m", "adaline", "--out", tmp_path / "m")
    given = (GOOD + "1,2,no\n" * 5000).encode()
    given = gzip.compress(given, 0) if form == "csv.gz" else given
    left: list[int] = []

    def usage(free: int) -> Any:
        """A disk on which so much was free before anything was written."""
        room = [free]

        def of(_: Any) -> Any:
            left.append(room[0])
            room[0] -= 1000
            return SimpleNamespace(total=10 * free, used=9 * free, free=left[-1])

        return of

    free = len(given) * 11 // 9
    monkeypatch.setattr(shutil, "disk_usage", usage(free))
    assert len(run("predict", tmp_path / "m", "-", given=given).stdout.splitlines()) == 5041
    for command in ("predict", "evaluate"):
        left.clear()
        monkeypatch.setattr(shutil, "disk_usage", usage(len(given)))
        (line,) = run(command, tmp_path / "m", "-", code=2, given=given).stderr.splitlines()
        assert "standard input cannot be kept in " in line
        assert "too little room is left after 0.0 GB. Give a file, or name a folder with more room" in line
        assert len(given) / 10 <= left[-1] <= len(given) / 10 + 2000
    monkeypatch.setattr(shutil, "disk_usage", usage(10**7))  # nearly full, and yet room enough
    run("predict", tmp_path / "m", "-", given=given)


def test_a_disk_that_is_full_is_not_taken_for_an_input_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(GOOD)
    run("train", tmp_path / "t.csv", "-t", "y", "-m", "adaline", "--out", tmp_path / "m")
    code = f"""
import resource, signal
from feedforward.cli import app
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
app(["predict", {str(tmp_path / "m")!r}, "-"])
"""
    given = GOOD + "1,2,no\n" * 50_000
    done = subprocess.run([sys.executable, "-c", code], input=given, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "standard input cannot be kept in " in done.stderr
    assert "file too large" in done.stderr


@pytest.mark.usefixtures("pieces_of_a_kilobyte")
@pytest.mark.parametrize(("form", "times"), [("csv", 4), ("csv.gz", 12)])
def test_training_takes_no_more_of_it_than_there_is_memory_for(
    form: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = FORMS[form](None)
    monkeypatch.setattr(memory, "free_memory", lambda: times * len(given))
    run("train", "-", "-t", "y", "-m", "adaline", given=given)
    monkeypatch.setattr(memory, "free_memory", lambda: times * len(given) - 1)
    (line,) = run("train", "-", "-t", "y", "-m", "adaline", given=given, code=2).stderr.splitlines()
    assert line.startswith("error: standard input has ")
    assert "`feedforward predict`" in line


def test_answers_that_the_disk_does_not_hold_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(tempfile.SpooledTemporaryFile):  # type: ignore[type-arg]
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "t.csv").write_text(GOOD)
    run("train", tmp_path / "t.csv", "-t", "y", "-m", "adaline", "--out", tmp_path / "m")
    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", Full)
    (line,) = run("predict", tmp_path / "m", tmp_path / "t.csv", code=2).stderr.splitlines()
    assert "the answers cannot be kept in" in line
    assert "no space left on device. Name a file, --out, or a folder with more room" in line


def test_it_may_be_closed_or_not_for_reading(tmp_path: Path, monkeypatch: Any) -> None:
    command = f"{sys.executable} -m feedforward train - -t y"
    for redirected, fault in (("<&-", "it is closed"), (f"0> {tmp_path / 'x'}", "bad file descriptor")):
        done = subprocess.run(f"{command} {redirected}", shell=True, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert done.stderr.startswith("error: standard input cannot be read: ")
        assert fault in done.stderr
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(ff.FileError, match="standard input cannot be read: it is closed"):
        ff.read_table("-")
