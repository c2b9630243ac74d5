"""Tables that are not as they should be, for the tabular estimators and the commands: what is answered or said."""

import gzip
import json
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal

import feedforward as ff
from commands import run
from feedforward import memory

QUICK: dict[str, Any] = {"preset": "fast", "members": 2, "max_epochs": 2, "engine": "numpy", "random_state": 0}
N = 60


@pytest.fixture(autouse=True)
def _few_epochs_learn_little() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Tabular")
        yield


def frame(n: int = N) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {"size": rng.normal(size=n), "age": rng.integers(0, 90, n), "town": rng.choice(["Rome", "Bern"], n)}
    )


Y: dict[str, Any] = {"classes": np.where(frame()["size"] > 0, "yes", "no"), "numbers": frame()["size"].to_numpy() ** 2}


@pytest.fixture(scope="module", params=["classes", "numbers"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    kind = ff.TabularClassifier if request.param == "classes" else ff.TabularRegressor
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Tabular")
        fitted = kind(**QUICK).fit(frame(), Y[request.param])
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    ff.save(fitted, path)
    return fitted, path


# At prediction -----------------------------------------------------------------------------------------------------

SAME: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "other order": lambda X: X[["town", "size", "age"]],
    "more columns": lambda X: X.assign(note="x", size2=np.inf),
    "whole numbers as fractions": lambda X: X.assign(age=X["age"].astype(float)),
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_columns_are_found_by_name(
    change: Callable[[pd.DataFrame], pd.DataFrame], model: tuple[Any, Path], tmp_path: Path
) -> None:
    fitted, path = model
    change(frame()).to_csv(tmp_path / "t.csv", index=False)
    expected = fitted.predict(frame())
    assert_array_equal(fitted.predict(change(frame())), expected)
    found = run("predict", path, tmp_path / "t.csv").stdout.splitlines()[1:]
    assert [type(expected[0])(one) for one in found] == expected.tolist()


# name: what is done to the rows; words of the library; words of the command on a CSV file
WRONG: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str, str]] = {
    "a column missing": (lambda X: X.drop(columns="age"), "age", "t.csv has no column 'age', which the model needs. "),
    "columns missing": (
        lambda X: X.drop(columns=["age", "town"]),
        "age\n- town",
        "t.csv has no column 'age', which the model needs, nor 'town'. The columns are 'size'.",
    ),
    "a column misspelt": (lambda X: X.rename(columns={"age": "agee"}), "age", "Did you mean 'agee'"),
    "a column twice": (
        lambda X: pd.concat([X, X[["age"]]], axis=1),
        "two columns named 'age'",
        "t.csv, line 1: two columns are named 'age'",
    ),
    "text where numbers were": (
        lambda X: X.assign(age="old"),
        "'age'.*'old'",
        "t.csv, line 2, column 'age': 'old' is not a number, as the model needs",
    ),
    "one word among numbers": (
        lambda X: X.assign(age=X["age"].astype(object).where(X.index != 7, "seven")),
        "'age'.*row 7 ",
        "t.csv, line 9, column 'age': 'seven' is not a number, as the model needs",
    ),
    "infinity": (
        lambda X: X.assign(size=X["size"].where(X.index != 4, -np.inf)),
        "'size'.*row 4 ",
        "t.csv, line 6, column 'size': -inf is not finite",
    ),
    "no rows": (lambda X: X[:0], "0 sample", "t.csv"),
}


@pytest.mark.parametrize(("change", "words", "of_command"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_answered_for_is_named(
    change: Callable[[pd.DataFrame], pd.DataFrame],
    words: str,
    of_command: str,
    model: tuple[Any, Path],
    tmp_path: Path,
) -> None:
    fitted, path = model
    with pytest.raises(ff.InputError, match=words):
        fitted.predict(change(frame()))
    change(frame()).to_csv(tmp_path / "t.csv", index=False)
    (line,) = run("predict", path, tmp_path / "t.csv", "--out", tmp_path / "a.csv", code=2).stderr.splitlines()
    assert of_command in line
    assert [file.name for file in tmp_path.iterdir()] == ["t.csv"]


def test_numbers_where_text_was_are_values_never_seen(model: tuple[Any, Path], tmp_path: Path) -> None:
    _, path = model
    frame().assign(town=3).to_csv(tmp_path / "t.csv", index=False)
    result = run("predict", path, tmp_path / "t.csv")
    assert len(result.stdout.splitlines()) == N + 1
    assert "column 'town': 60 of 60 rows hold values not seen in training" in result.stderr


# In training -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [ff.TabularClassifier, ff.TabularRegressor])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda X: pd.concat([X, X[["age"]]], axis=1), "two columns named 'age'"),
        (lambda X: X.assign(age=X["age"].astype(object).where(X.index != 7, "seven")), "'age'.*row 7 "),
        (lambda X: X.assign(size=X["size"].where(X.index != 4, np.inf)), "'size'.*row 4 "),
        (lambda X: X[:0], "0 sample"),
        (lambda X: X[[]], "0 feature"),
        (lambda X: X.assign(town=[f"resident {i}" * 3 for i in range(N)], age=1)[:N], None),
    ],
    ids=["a column twice", "one word among numbers", "infinity", "no rows", "no columns", "a text in each row"],
)
def test_training_names_what_it_cannot_use(kind: Any, change: Any, words: str | None) -> None:
    X = change(frame())
    y = Y["classes" if kind is ff.TabularClassifier else "numbers"][: len(X)]
    if words is None:  # up to a hundred values are categories
        kind(**QUICK).fit(X, y)
        return
    with pytest.raises(ff.InputError, match=words):
        kind(**QUICK).fit(X, y)


def test_columns_without_a_value_count_for_nothing(tmp_path: Path) -> None:
    X = frame().assign(nothing=np.nan, neither=None)
    model = ff.TabularClassifier(**QUICK).fit(X, Y["classes"])
    assert model.encoder_.kinds_["nothing"] == model.encoder_.kinds_["neither"] == "empty"
    assert_array_equal(model.predict_proba(X.assign(nothing=7.0)), model.predict_proba(X))
    X.assign(y=Y["classes"]).to_csv(tmp_path / "t.csv", index=False)
    facts = json.loads(
        run("train", tmp_path / "t.csv", "-t", "y", "-p", "fast", "--epochs", 1, "--json", "-o", tmp_path / "m").stdout
    )
    assert facts["columns"]["nothing"] == facts["columns"]["neither"] == "empty"
    assert len(run("predict", tmp_path / "m", tmp_path / "t.csv").stdout.splitlines()) == N + 1
    nothing = frame().assign(size=np.nan, age=np.nan, town=None)
    assert np.isfinite(ff.TabularClassifier(**QUICK).fit(nothing, Y["classes"]).predict_proba(nothing)).all()


@pytest.mark.parametrize("model", ["tabular", "adaline"])
@pytest.mark.parametrize("command", ["train", "compare"])
def test_columns_that_no_text_can_be_made_of_are_dropped(command: str, model: str, tmp_path: Path) -> None:
    X = pa.Table.from_pandas(frame(), preserve_index=False)
    for name, cell in {"parts": [1, 2], "place": {"lat": 1.0}, "note": "x"}.items():
        X = X.append_column(name, pa.array([cell] * N))
    pq.write_table(X.append_column("y", pa.array(Y["classes"])), tmp_path / "t.parquet")
    dropped = [word for name in ("parts", "place", "note") for word in ("--kind", f"{name}=drop")]
    if command == "compare":
        assert "failed" not in run("compare", tmp_path / "t.parquet", "-t", "y", "--models", "linear", *dropped).stderr
        return
    quick = ["-p", "fast", "--epochs", 1] if model == "tabular" else []
    run("train", tmp_path / "t.parquet", "-t", "y", "-m", model, *quick, *dropped, "-o", tmp_path / "m")
    for table in (X, X.drop_columns(["parts", "place"])):
        pq.write_table(table, tmp_path / "new.parquet")
        assert len(run("predict", tmp_path / "m", tmp_path / "new.parquet").stdout.splitlines()) == N + 1
    kinds = dict.fromkeys(("parts", "place", "note"), "drop")
    fitted = ff.TabularClassifier(**QUICK, kinds=kinds).fit(tmp_path / "t.parquet", "y")
    assert fitted.score(tmp_path / "t.parquet", "y") > 0


def test_a_class_of_one_row_is_learned_or_said(tmp_path: Path) -> None:
    y = Y["classes"].copy().astype("<U4")
    y[5] = "rare"
    model = ff.TabularClassifier(**QUICK).fit(frame(), y)
    assert model.predict_proba(frame()).shape == (N, 3)
    frame().assign(y=y).to_csv(tmp_path / "t.csv", index=False)
    result = run("train", tmp_path / "t.csv", "-t", "y", "-p", "fast", "--epochs", 1)
    assert "class 'rare' has one row" in result.stderr


@pytest.mark.parametrize(
    ("rows", "words"), [(0, "no rows below it"), (1, "in every row"), (2, "2 rows cannot be split")]
)
def test_too_few_rows_for_the_command(rows: int, words: str, tmp_path: Path) -> None:
    frame().assign(y=np.arange(N) % 2)[:rows].to_csv(tmp_path / "t.csv", index=False)
    (line,) = run("train", tmp_path / "t.csv", "-t", "y", "--test-fraction", 0.2, code=2).stderr.splitlines()
    assert words in line


def test_cells_of_the_target_that_are_missing_are_named(tmp_path: Path) -> None:
    table = frame().assign(y=Y["numbers"])
    table.loc[[3, 9], "y"] = np.nan
    table.to_csv(tmp_path / "t.csv", index=False)
    (line,) = run("train", tmp_path / "t.csv", "-t", "y", code=2).stderr.splitlines()
    assert "t.csv, line 5, column 'y': the target is missing (there are 2 such rows, of 60)" in line
    with pytest.raises(ff.TableError, match="line 5, column 'y': the target is missing"):
        ff.TabularRegressor(**QUICK).fit(tmp_path / "t.csv", "y")


def test_ten_thousand_columns_are_learned_from(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = pa.table({f"c{j}": rng.normal(size=40).round(2) for j in range(10_000)})
    y = np.where(X.column("c0").to_numpy() > 0, "a", "b")
    small = ff.TabularClassifier(preset="fast", members=1, max_epochs=1, random_state=0).fit(X, y)
    ff.save(small, tmp_path / "m")
    pq.write_table(X, tmp_path / "t.parquet")
    assert run("predict", tmp_path / "m", tmp_path / "t.parquet").stdout.split()[1:] == small.predict(X).tolist()


# Larger than memory ------------------------------------------------------------------------------------------------


def huge(path: Path) -> Path:
    """A file that says it has 5 GB, of which the disk holds next to nothing."""
    start = {".csv": b"a,y\n", ".gz": gzip.compress(b"a,y\n"), ".parquet": b"PAR1", ".arrow": b"ARROW1"}[path.suffix]
    with path.open("wb") as file:
        file.write(start)
        file.truncate(5 * 10**9)
    return path


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet", "t.arrow"])
def test_a_file_too_large_for_the_machine_is_refused_before_it_is_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda: 2 * 10**9)
    path = huge(tmp_path / name)
    (line,) = run("train", path, "-t", "y", code=2).stderr.splitlines()
    expected = ["has 5.0 GB", "2.0 GB are free", "Train on fewer rows", "`feedforward predict`"]
    assert [words for words in expected if words not in line] == []
    with pytest.raises(ff.TableError, match=r"5\.0 GB"):
        ff.TabularClassifier().fit(path, "y")


def test_a_limit_of_the_system_is_known(tmp_path: Path) -> None:
    code = f"""
import resource
from feedforward.cli import app
resource.setrlimit(resource.RLIMIT_AS, (8 * 10**9, 8 * 10**9))
app(["train", {str(huge(tmp_path / "t.csv"))!r}, "-t", "y"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "t.csv has 5.0 GB, of which a whole table takes about 20.0 GB of memory" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("version", [1, 2])
def test_the_limit_of_a_container_is_known(version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, prefix = (tmp_path / "memory", "total_") if version == 1 else (tmp_path, "")
    names = ("limit_in_bytes", "usage_in_bytes") if version == 1 else ("max", "current")
    folder.mkdir(exist_ok=True)
    for name, text in zip(names, ("50000\n", "30000\n"), strict=True):
        (folder / f"memory.{name}").write_text(text)
    (folder / "memory.stat").write_text(f"anon 1\n{prefix}active_file 300\n{prefix}inactive_file 4000\n")
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    assert memory.free_memory() == 24_300
    (folder / f"memory.{names[0]}").write_text("max\n")
    free = memory.free_memory()
    assert free is None or free > 10**6


def test_no_more_memory_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: Any, **__: Any) -> None:
        raise MemoryError("Unable to allocate 9 TiB")

    frame().assign(y=Y["classes"]).to_csv(tmp_path / "t.csv", index=False)
    monkeypatch.setattr(ff.TabularClassifier, "fit", none_left)
    error = run("train", tmp_path / "t.csv", "-t", "y", code=2).stderr
    assert error == "error: there is too little memory: Unable to allocate 9 TiB. Give fewer rows or columns.\n"
