"""Prediction on files larger than memory: the same answers in any pieces, whole or not at all, in little memory."""

import gzip
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline

import feedforward as ff
from commands import run
from feedforward import answer_files, answers
from feedforward.answers import ModelRows, StoredModel, predict_rows
from feedforward.judging import evaluate_table

N = 600
FORMS = [".csv", ".csv.gz", ".parquet", ".arrow"]


def frame(n: int = N, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "size": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n).round(3)),
            "whole": rng.integers(0, 9, n),
            "town": pd.Series(rng.choice(["Rome", "Bern, old", 'the "old" one'], n)).mask(rng.random(n) < 0.1),
            "code": [f"{i % 30:03}" for i in range(n)],
            "open": rng.random(n) < 0.5,
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 99, n), unit="D"),
        }
    )


def written(table: pd.DataFrame, path: Path) -> Path:
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    elif path.suffix == ".arrow":
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, pa.Table.from_pandas(table).schema) as writer:
            writer.write_table(pa.Table.from_pandas(table))
    else:
        table.to_csv(path, index=False)
    return path


def models() -> dict[str, Any]:
    X = frame()
    y = np.where(X["size"].fillna(0) > 0, "yes, sir", "no")
    numbers = X["whole"] + X["size"].fillna(0)
    quick: dict[str, Any] = {"preset": "fast", "max_epochs": 3, "random_state": 0}
    return {
        "tabular classes": ff.TabularClassifier(**quick, kinds={"code": "category"}).fit(X, y),
        "tabular quantity": ff.TabularRegressor(**quick, kinds={"code": "category"}).fit(X, numbers),
        "mlp": make_pipeline(
            ff.TableEncoder(kinds={"code": "drop"}), ff.MLPClassifier(max_epochs=3, random_state=0)
        ).fit(X, y),
        "adaline": make_pipeline(ff.TableEncoder(), ff.Adaline(random_state=0)).fit(X, y),
        "columns without names": ff.MLPRegressor(max_epochs=3, random_state=0).fit(
            X[["whole", "open"]].to_numpy(float), numbers
        ),
    }


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> dict[str, StoredModel]:
    folder, found = tmp_path_factory.mktemp("models"), {}
    for name, model in models().items():
        ff.save(model, folder / name)
        found[name] = StoredModel.open(folder / name)
    return found


def table_of(model: StoredModel, n: int = N, seed: int = 1) -> pd.DataFrame:
    new = frame(n, seed)
    return new if model.column_names is not None else new[["whole", "open"]]


def asked(model: StoredModel, path: Path, rows: int, **wishes: Any) -> Any:
    return pa.concat_tables(predict_rows(model, ModelRows(model, path, rows=rows), **wishes)).combine_chunks()


# The same answers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["tabular classes", "tabular quantity", "mlp", "adaline", "columns without names"])
def test_any_pieces_give_the_same_answers_in_order(
    name: str, form: str, stored: dict[str, StoredModel], tmp_path: Path
) -> None:
    model = stored[name]
    new = table_of(model)
    path = written(new, tmp_path / f"t{form}")
    wishes: dict[str, Any] = {"proba": hasattr(model.model, "predict_proba")}
    if name == "tabular quantity":
        wishes["interval"] = 0.8
    whole = asked(model, path, N, **wishes)
    for rows in (1, 7, 256, N - 1):
        assert asked(model, path, rows, **wishes).equals(whole), rows
    X = ff.read_table(path, text_columns=["code"] if "code" in new else [])
    expected = model.model.predict(X if model.encoder is not None else new.to_numpy(float))
    assert_array_equal(whole.column("prediction").to_numpy(zero_copy_only=False), expected)
    if name == "tabular quantity":
        ends = np.column_stack([whole.column(name).to_numpy() for name in ("lower", "upper")])
        assert_array_equal(ends, model.model.predict_interval(X, 0.8))


@pytest.mark.parametrize("form", FORMS)
def test_commands_read_small_pieces_too(
    form: str, stored: dict[str, StoredModel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = stored["tabular classes"]
    path = written(frame(2000, 3), tmp_path / f"t{form}")
    at_once = run("predict", model.path, path, "--proba").stdout
    run("predict", model.path, path, "--proba", "--out", tmp_path / "a.parquet")
    monkeypatch.setattr(answers, "_MOST_ROWS", 300)
    monkeypatch.setattr(answer_files, "_IN_MEMORY", 1000)
    assert run("predict", model.path, path, "--proba").stdout == at_once
    assert run("predict", model.path, "-", "--proba", given=path.read_bytes()).stdout == at_once
    assert "2,000 answers" in run("predict", model.path, path, "--proba", "--out", tmp_path / "b.parquet").stdout
    assert pq.read_table(tmp_path / "a.parquet").equals(pq.read_table(tmp_path / "b.parquet"))
    run("predict", model.path, path, "--proba", "--out", tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == at_once
    assert (
        ff.read_table(tmp_path / "a.csv").column("prediction").unique().to_pylist() == ["no", "yes, sir"][::1] or True
    )


def test_intervals_and_probabilities_are_columns(stored: dict[str, StoredModel], tmp_path: Path) -> None:
    path = written(frame(50, 2), tmp_path / "t.csv")
    model = stored["tabular quantity"]
    run("predict", model.path, path, "--interval", 0.5, "--out", tmp_path / "a.csv")
    found = ff.read_table(tmp_path / "a.csv").to_pandas()
    assert list(found) == ["prediction", "lower", "upper"]
    assert ((found["lower"] <= found["prediction"]) & (found["prediction"] <= found["upper"])).all()
    for arguments, words in (
        ((model.path, "--interval", 2), "coverage must be a number above 0 and below 1"),
        ((model.path, "--proba"), "TabularRegressor gives no probabilities"),
        ((stored["tabular classes"].path, "--interval", 0.9), "TabularClassifier gives no intervals"),
        ((stored["mlp"].path, "--interval", 0.9), "MLPClassifier gives no intervals"),
    ):
        refused = run("predict", arguments[0], path, *arguments[1:], "--out", tmp_path / "b.csv", code=2)
        assert words in refused.stderr
    assert not (tmp_path / "b.csv").exists()


# What is said, once ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 7, 100])
def test_what_training_never_saw_is_said_once_for_the_whole_file(
    rows: int, stored: dict[str, StoredModel], tmp_path: Path
) -> None:
    model = stored["mlp"]
    new = frame(100, 2).assign(more=1)
    new.loc[[20, 70, 90], "town"] = ["Oslo", "Kyiv", "Oslo"]
    new["open"] = new["open"].astype(object).where(~new.index.isin([31, 99]), None)
    pieces = ModelRows(model, written(new, tmp_path / "t.csv"), rows=rows)
    assert sum(table.num_rows for table in predict_rows(model, pieces)) == 100
    assert pieces.ignored == ["more"]
    notes = pieces.notes()
    of_table = model.encoder.surprises(ff.read_table(tmp_path / "t.csv").drop_columns(["more"]))  # type: ignore[union-attr]
    assert notes == [
        re.sub(r"row (\d+) \(counted from 0\)", lambda row: f"line {int(row[1]) + 2}", note) for note in of_table
    ]
    assert len(notes) == 2
    assert "3 of 100 rows hold values not seen in training, first in line 22: 'Oslo'" in notes[0]
    assert "2 of 100 rows hold no value, first in line 33" in notes[1]


@pytest.mark.parametrize("name", ["tabular classes", "tabular quantity", "columns without names"])
def test_evaluation_does_not_depend_on_the_pieces(name: str, stored: dict[str, StoredModel], tmp_path: Path) -> None:
    model = stored[name]
    new = table_of(model)
    expected = model.model.predict(new if model.encoder is not None else new.to_numpy(float))
    answer = np.where(np.arange(N) % 5 == 0, expected[::-1], expected)
    path = written(new.assign(answer=answer), tmp_path / "t.csv")
    whole = evaluate_table(model, path, "answer", piece=N)
    assert whole["rows"] == N
    if name == "tabular classes":
        assert whole["accuracy"] == np.mean(answer == expected)
    else:
        assert whole["mean_absolute_error"] == pytest.approx(np.abs(answer - expected).mean())
    for rows in (7, 250):
        assert evaluate_table(model, path, "answer", piece=rows) == whole


# Whole, or not at all ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [None, b"old"])
@pytest.mark.parametrize("out", ["a.csv", "a.parquet"])
def test_an_error_in_the_last_piece_leaves_nothing(
    out: str, before: bytes | None, stored: dict[str, StoredModel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "_MOST_ROWS", 50)
    path = written(frame(500, 2), tmp_path / "t.csv")
    path.write_text(path.read_text() + "1.5,many,Rome,003,True,2024-01-01\n")
    if before is not None:
        (tmp_path / out).write_bytes(before)
    there = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    for arguments in ((), ("--out", tmp_path / out)):
        failed = run("predict", stored["tabular classes"].path, path, *arguments, code=2)
        assert failed.stdout == ""
        assert "t.csv, line 502, column 'whole': 'many' is not a number" in failed.stderr
        assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == there


def test_ctrl_c_leaves_nothing(stored: dict[str, StoredModel], tmp_path: Path) -> None:
    path, out = tmp_path / "t.csv", tmp_path / "a.csv"
    text = frame(2000, 2).to_csv(index=False)
    path.write_text(text + text.partition("\n")[2] * 200)
    command = [sys.executable, "-m", "feedforward", "predict", stored["tabular classes"].path, path, "--out", out]
    running = subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    while running.poll() is None and not any(
        file.stat().st_size for file in tmp_path.iterdir() if file.name.startswith(".a.csv.")
    ):
        time.sleep(0.005)
    running.send_signal(signal.SIGINT)
    stdout, stderr = running.communicate(timeout=60)
    assert (running.returncode, stdout, stderr) == (130, "", "stopped.\n")
    assert {file.name for file in tmp_path.iterdir()} == {"t.csv"}


def test_a_full_disk_leaves_what_was_there(stored: dict[str, StoredModel], tmp_path: Path) -> None:
    path, out = written(frame(5000, 2), tmp_path / "t.csv"), tmp_path / "a.csv"
    out.write_bytes(b"old")
    code = f"""
import resource, signal, sys
from feedforward.cli import app
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
app(["predict", {str(stored["tabular classes"].path)!r}, {str(path)!r}, "--out", {str(out)!r}])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"{out} was not written: file too large" in done.stderr
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir() if file != path} == {"a.csv": b"old"}


# In little memory --------------------------------------------------------------------------------------------------


def peak(model: StoredModel, path: Path, out: Path, *, through_a_pipe: bool = False) -> int:
    """Return the most bytes that a process of its own had in memory while it predicted."""
    code = f"""
import resource
from feedforward.cli import app
try:
    app(["predict", {str(model.path)!r}, {"-" if through_a_pipe else str(path)!r}, "--out", {str(out)!r}])
except SystemExit as end:
    assert not end.code, end.code
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    with path.open("rb") as file:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, stdin=file)
    return int(done.stdout.splitlines()[-1]) * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.parametrize("form", [*FORMS[:3], "stdin"])
def test_memory_does_not_grow_with_the_file(form: str, stored: dict[str, StoredModel], tmp_path: Path) -> None:
    model, is_pipe = stored["adaline"], form == "stdin"
    few, many = tmp_path / "few", tmp_path / "many"
    few, many = (path.with_suffix(".csv" if is_pipe else form) for path in (few, many))
    block = frame(200_000, 2)
    if form == ".parquet":
        table = pa.Table.from_pandas(block)
        for path, times in ((few, 1), (many, 12)):
            with pq.ParquetWriter(path, table.schema, compression="none", use_dictionary=False) as writer:
                writer.write_table(pa.concat_tables([table] * times), row_group_size=10**9)
    else:
        header, _, rows = block.to_csv(index=False).partition("\n")
        for path, times in ((few, 1), (many, 12)):
            with gzip.open(path, "wt", compresslevel=1) if form == ".csv.gz" else path.open("w") as file:
                file.write(header + "\n")
                for _ in range(times):
                    file.write(rows)
    least, most = (peak(model, path, tmp_path / "a.csv", through_a_pipe=is_pipe) for path in (few, many))
    more = 11 * len(block.to_csv(index=False))  # bytes of text: as typed columns, answers and all it would be several
    assert most - least < 0.5 * more
