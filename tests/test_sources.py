"""Messages about a row of a file say where the file has it, whatever part of it was looked at; of a table, from 0."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import feedforward as ff
from commands import run
from feedforward.tables.sources import Source, placing

QUICK: dict[str, Any] = {"preset": "fast", "members": 1, "max_epochs": 1, "engine": "numpy", "random_state": 0}
N = 40
BAD = 17  # the row of which something is wrong


@pytest.fixture(autouse=True)
def _few_epochs_learn_little() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Tabular")
        yield


def table(**columns: Any) -> pd.DataFrame:
    days = [f"{1 + i % 28:02}.01.2024" for i in range(N)]
    days[BAD] = "soon"
    notes = ["two\nlines", "a", "b", "c"] * (N // 4)
    return pd.DataFrame(
        {"note": notes, "day": days, "n": np.arange(N) % 7, "y": ["no", "yes"] * (N // 2), **columns},
    )


def written(frame: pd.DataFrame, path: Path) -> str:
    """Write a table, with blank lines in CSV, and return in words where its bad row is, as an editor counts lines."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
        return f"row {BAD} (counted from 0)"
    text = "\n" + frame[:5].to_csv(index=False) + "\n\n" + frame[5:].to_csv(index=False, header=False)
    path.write_text(text)
    cell = text.index("soon" if "soon" in text else "1.7e+308")
    return f"line {text.count(chr(10), 0, cell) + 1}"


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
@pytest.mark.parametrize("model", ["tabular", "adaline"])
def test_training_names_the_row_of_the_file_not_of_its_part(model: str, name: str, tmp_path: Path) -> None:
    place = written(table(), tmp_path / name)
    found = set()
    for seed in range(6):  # the row is learned from in some splits
        arguments = ("train", tmp_path / name, "-t", "y", "-m", model, "--kind", "day=date", "--seed", seed)
        settings = ("-p", "fast", "--epochs", 1, "-s", "members=1", "-s", "engine=numpy") if model == "tabular" else ()
        try:
            (line,) = run(*arguments, *settings, code=2).stderr.splitlines()
        except AssertionError:  # it was set aside, and is only a value that training never saw
            continue
        found.add(line[: line.index(". Correct")])
    assert found == {f"error: {name}: Column 'day' must hold dates written DD.MM.YYYY; got 'soon' at {place}"}


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_a_file_given_to_an_estimator_is_named_with_its_row(name: str, tmp_path: Path) -> None:
    place = written(table(), tmp_path / name)
    words = rf"{name}: Column 'day' must hold dates.*; got 'soon' at {place}".replace("(", r"\(").replace(")", r"\)")
    model = ff.TabularClassifier(**QUICK, kinds={"day": "date"})
    with pytest.raises(ff.InputError, match=words):
        model.fit(tmp_path / name, "y")
    good = table().drop(index=BAD)
    with pytest.raises(ff.InputError, match=f"X_val: .*{words}"):
        model.fit(good, "y", X_val=tmp_path / name, y_val="y")
    model.fit(good, "y")
    for method in (model.predict, model.predict_proba):
        with pytest.raises(ff.InputError, match=words):
            method(tmp_path / name)
    with pytest.raises(ff.InputError, match=rf"^Column 'day' .* at row {BAD} \(counted from 0\)"):
        model.predict(table())


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_prediction_names_the_row_of_the_file(name: str, tmp_path: Path) -> None:
    table().drop(index=BAD).to_csv(tmp_path / "train.csv", index=False)
    run("train", tmp_path / "train.csv", "-t", "y", "-p", "fast", "--epochs", 1, "--out", tmp_path / "m")
    place = written(table(), tmp_path / name)
    for command in ("predict", "evaluate"):
        error = run(command, tmp_path / "m", tmp_path / name, code=2).stderr
        assert "'day' must hold dates" in error
        assert place in error
    new = table(note=["soon" if i == BAD else "a" for i in range(N)]).assign(day="01.01.2024")
    place = written(new, tmp_path / name)
    for command in ("predict", "evaluate"):
        said = run(command, tmp_path / "m", tmp_path / name).stderr
        assert f"1 of {N} rows holds a value not seen in training, first in {place}: 'soon'" in said


def test_a_number_too_large_is_named_in_training_and_test(tmp_path: Path) -> None:
    numbers = np.arange(N) % 7 * 1.0
    numbers[BAD] = 1.7e308
    frame = table(n=numbers).drop(columns="day")
    place = written(frame, tmp_path / "t.csv")
    for seed in range(6):
        command = ("train", tmp_path / "t.csv", "-t", "y", "-m", "perceptron", "--seed", seed)
        said = run(*command).stderr
        assert "row" not in said.replace("rows", "")
        assert not said or f"t.csv: Column 'n' is 1.7e+308 at {place}" in said


def test_places_of_parts() -> None:
    lines = {0: 2, 5: 7, 9: 14}
    whole = Source("t.csv", lambda rows: {row: lines[row] for row in rows if row in lines})
    part = Source("t.csv", whole.lines_of, rows=np.array([9, 5]))
    assert (whole.place(5), part.place(0), part.place(1)) == ("line 7", "line 14", "line 7")
    assert part.placed("row 1 (counted from 0) and row 0 (counted from 0)") == "line 7 and line 14"
    assert part.placed("a cell: 'row 77 (counted from 0)'") == "a cell: 'row 77 (counted from 0)'"
    assert whole.placed("row 3 (counted from 0)") == "row 3 (counted from 0)"
    error = ff.errors.HugeNumberError(1, "x", 1e300)
    with (
        pytest.raises(ff.errors.NotFiniteError, match=r"^t\.csv: Column 'x' is 1e\+300 at line 7") as caught,
        placing(part),
    ):
        raise error
    assert caught.value is error
    assert error.row == 1
