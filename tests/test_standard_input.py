"""A table from standard input is the table that a file of the same bytes would be."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import feedforward as ff
from commands import GOOD, run


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
