"""The command line as a user meets it: real processes, real files, what is printed where, exit codes."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from matplotlib.image import imread
from sklearn.datasets import load_wine
from sklearn.metrics import log_loss, roc_auc_score

import feedforward
from commands import GOOD, nobody, process, run, write
from feedforward.files import read_file, write_file


@pytest.fixture
def wine(tmp_path: Path) -> Path:
    data = load_wine()
    rows = [[*row, f"cultivar {label}"] for row, label in zip(data.data, data.target, strict=True)]
    return write(tmp_path / "wine.csv", [[*data.feature_names, "kind"], *rows])


@pytest.mark.parametrize("model", ["perceptron", "adaline", "mlp", "tabular"])
def test_train_prints_accuracy_beside_the_baseline(wine: Path, model: str) -> None:
    result = run("train", wine, "--target", "kind", "--model", model, "--epochs", 20)
    assert model in result.stdout
    assert "always 'cultivar 1'" in result.stdout
    assert "134 rows to train on, 44 to test on" in result.stdout


def test_json_is_for_machines(wine: Path) -> None:
    arguments = (
        "train",
        wine,
        "-t",
        "kind",
        "-m",
        "adaline",
        "-s",
        "learning_rate=0.01",
        "-s",
        "max_epochs=50",
        "--json",
    )
    facts = json.loads(run(*arguments).stdout)
    assert facts["accuracy"]["test"] > 0.9
    assert facts["baseline"]["answer"] == "cultivar 1"
    assert facts["baseline"]["accuracy"]["test"] == pytest.approx(17 / 44)
    assert facts["settings"]["learning_rate"] == 0.01
    assert facts["epochs"] == len(facts["history"]["loss"]) == 50
    assert set(facts["columns"].values()) == {"number"}
    assert facts == {**json.loads(run(*arguments).stdout), "seconds": facts["seconds"]}


def test_settings_are_read_as_python_or_as_words(wine: Path) -> None:
    common = ("train", wine, "-t", "kind", "-m", "adaline", "--json")
    facts = json.loads(run(*common, "-s", "batch_size=none", "-s", "shuffle=false", "-s", "learning_rate=auto").stdout)
    assert facts["settings"]["batch_size"] is None
    assert facts["settings"]["shuffle"] is False
    assert facts["settings"]["learning_rate"] == "auto"
    weights = "class_weight={'cultivar 0': 2.0}"
    assert json.loads(run(*common, "-s", weights).stdout)["settings"]["class_weight"] == {"cultivar 0": 2.0}


@pytest.mark.parametrize("suffix", [".csv.gz", ".parquet", ".arrow"])
def test_every_format_gives_the_same_answer(wine: Path, suffix: str) -> None:
    other = wine.with_name(f"wine{suffix}")
    table = feedforward.read_table(wine)
    if suffix == ".csv.gz":
        other.write_bytes(gzip.compress(wine.read_bytes()))
    elif suffix == ".parquet":
        pq.write_table(table, other)
    else:
        with pa.OSFile(str(other), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    first, second = (
        json.loads(run("train", path, "-t", "kind", "-m", "perceptron", "--json").stdout) for path in (wine, other)
    )
    assert first["accuracy"] == second["accuracy"]
    assert first["history"] == second["history"]


def test_a_plot_is_a_picture_of_both(wine: Path, tmp_path: Path) -> None:
    run("train", wine, "-t", "kind", "-m", "adaline", "--plot", tmp_path / "plot.png")
    picture = imread(tmp_path / "plot.png")
    assert picture.shape[1] > picture.shape[0] > 300
    assert len(np.unique(picture.reshape(-1, picture.shape[2]), axis=0)) > 50


def test_mixed_columns_with_gaps_and_a_dropped_identifier(tmp_path: Path) -> None:
    rng = np.random.RandomState(0)
    rows: list[list[Any]] = [["id", "size", "colour", "since", "member", "bought"]]
    for i in range(200):
        size, colour = round(rng.normal(), 3), rng.choice(["red", "blue", ""])
        rows.append(
            [f"c{i:04d}", "" if i % 9 == 0 else size, colour, f"20{i % 20 + 10}-01-02", i % 3 == 0, int(size > 0)]
        )
    table = write(tmp_path / "shop.csv", rows)
    facts = json.loads(run("train", table, "-t", "bought", "-m", "adaline", "--kind", "id=drop", "--json").stdout)
    assert facts["columns"] == {
        "id": "drop", "size": "number", "colour": "category", "since": "date", "member": "boolean",
    }  # fmt: skip
    assert facts["accuracy"]["test"] > 0.8


def test_warnings_go_to_stderr_and_results_to_stdout(wine: Path) -> None:
    result = run("train", wine, "-t", "kind", "-m", "adaline", "-s", "learning_rate=9")
    assert "warning: Adaline: " in result.stderr
    assert "too high" in result.stderr
    assert "warning" not in result.stdout


# Networks ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def houses(tmp_path: Path) -> Path:
    """A price that is no straight line of its columns."""
    rng = np.random.RandomState(0)
    rows: list[list[Any]] = [["area", "age", "town", "price"]]
    for _ in range(240):
        area, age, town = rng.uniform(40, 200), rng.randint(0, 100), rng.choice(["Oslo", "Rome"])
        price = 1000 * (area + 0.02 * (age - 50) ** 2 * (1 + (town == "Rome")))
        rows.append([round(area, 1), age, town, round(price)])
    return write(tmp_path / "houses.csv", rows)


def test_a_network_learns_classes(wine: Path) -> None:
    settings = ("-s", "hidden_sizes=16,8", "-s", "activation=tanh", "-s", "learning_rate=0.01", "-s", "max_epochs=40")
    facts = json.loads(run("train", wine, "-t", "kind", "-m", "mlp", *settings, "--json").stdout)
    assert facts["task"] == "classification"
    assert facts["classes"] == ["cultivar 0", "cultivar 1", "cultivar 2"]
    assert facts["accuracy"]["test"] > 0.93
    assert (facts["settings"]["hidden_sizes"], facts["settings"]["activation"]) == ([16, 8], "tanh")
    assert "callbacks" not in facts["settings"]
    assert facts["epochs"] == 40
    assert {name: len(values) for name, values in facts["history"].items()} == dict.fromkeys(
        ["train_loss", "train_score", "seconds"], 40
    )


def test_a_network_learns_a_quantity(houses: Path) -> None:
    settings = ("-s", "hidden_sizes=32", "-s", "learning_rate=0.01", "-s", "max_epochs=150")
    common = ("train", houses, "-t", "price", "-m", "mlp", *settings)
    facts = json.loads(run(*common, "--json").stdout)
    assert (facts["task"], facts["classes"]) == ("regression", None)
    assert facts["r2"]["test"] > 0.95
    assert facts["mean_absolute_error"]["test"] < 0.3 * facts["baseline"]["mean_absolute_error"]["test"]
    assert facts["baseline"]["r2"]["train"] == pytest.approx(0, abs=1e-9)
    prices = [float(line.rpartition(",")[2]) for line in houses.read_text().splitlines()[1:]]
    assert min(prices) < facts["baseline"]["answer"] < max(prices)
    printed = run(*common).stdout
    assert "target 'price', a quantity" in printed
    assert f"{facts['r2']['test']:.3f}" in printed
    assert "always " in printed


@pytest.mark.parametrize(
    ("values", "task", "expected"),
    [
        ([1, 2, 3], None, "classification"),
        (range(20), None, "classification"),
        (range(21), None, "regression"),
        (range(21), "classification", "classification"),
        ([1, 2, 3], "regression", "regression"),
        ([0.5, 1.0, 2.0], None, "regression"),
        (["a", "b"], None, "classification"),
        ([True, False], None, "classification"),
        ([f"k{i}" for i in range(30)], None, "classification"),
    ],
)
def test_the_target_decides_the_task(values: Any, task: str | None, expected: str, tmp_path: Path) -> None:
    rows = [["x", "y"], *([i, list(values)[i % len(values)]] for i in range(120))]
    table = write(tmp_path / "t.csv", rows)
    common = ("train", table, "-t", "y", "-m", "mlp", "-s", "max_epochs=2", "--json")
    assert json.loads(run(*common, *(["--task", task] if task else [])).stdout)["task"] == expected


def test_early_stopping_from_the_command_line(houses: Path) -> None:
    settings = ("-s", "validation_fraction=0.2", "-s", "patience=3", "-s", "learning_rate=0.05", "-s", "max_epochs=500")
    facts = json.loads(run("train", houses, "-t", "price", "-m", "mlp", *settings, "--json").stdout)
    assert facts["epochs"] < 500
    assert len(facts["history"]["val_loss"]) == facts["epochs"]
    assert facts["epochs"] - 1 - int(np.argmin(facts["history"]["val_loss"])) == 3


def test_a_network_that_diverges_is_said_and_scored(wine: Path, houses: Path) -> None:
    bad = ("-s", "optimizer=sgd", "-s", "learning_rate=1e30", "-s", "dtype=float64")
    result = run("train", wine, "-t", "kind", "-m", "mlp", *bad, "--json")
    assert "warning: MLPClassifier: " in result.stderr
    assert json.loads(result.stdout)["warnings"]
    worse = run("train", houses, "-t", "price", "-m", "mlp", *bad, "--json")
    assert "too high" in worse.stderr
    assert set(json.loads(worse.stdout)["r2"]) == {"train", "test"}


@pytest.mark.parametrize("case", ["classes", "quantity", "many classes", "one column"])
def test_a_network_is_drawn(case: str, wine: Path, houses: Path, tmp_path: Path) -> None:
    table, target = (houses, "price") if case == "quantity" else (wine, "kind")
    if case == "many classes":
        table = write(tmp_path / "t.csv", [["a", "b", "kind"], *([i, -i, f"k{i % 19}"] for i in range(100))])
    if case == "one column":
        table = write(tmp_path / "t.csv", [["a", "kind"], *([i, i > 50] for i in range(100))])
    run("train", table, "-t", target, "-m", "mlp", "-s", "max_epochs=3", "--plot", tmp_path / "plot.png")
    picture = imread(tmp_path / "plot.png")
    assert min(picture.shape[:2]) > 800
    lower = picture[picture.shape[0] // 2 :]
    assert len(np.unique(lower.reshape(-1, picture.shape[2]), axis=0)) > 50


def outcome(result: Any) -> dict[str, Any]:
    """Return what a run came to, but for the seconds it took."""
    facts: dict[str, Any] = json.loads(result.stdout)
    facts["history"].pop("seconds")
    return {name: value for name, value in facts.items() if name not in ("seconds", "settings")}


@pytest.mark.parametrize("table", ["wine", "houses"])
def test_ctrl_c_says_what_was_kept_and_resume_goes_on(
    table: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    path, target = request.getfixturevalue(table), {"wine": "kind", "houses": "price"}[table]
    train = ["train", path, "-t", target, "-m", "mlp", "-s", "max_epochs=3000", "-s", "validation_fraction=0.1"]
    checkpoint = tmp_path / "run.checkpoint"
    model = tmp_path / "model.safetensors"
    command = [sys.executable, "-m", "feedforward", *train, "--checkpoint", checkpoint, "--out", model]
    running = subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    while running.poll() is None and not (checkpoint.exists() and read_file(checkpoint)[0]["training"]["epoch"] > 3):
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    stdout, stderr = running.communicate(timeout=60)
    assert running.returncode == 130
    assert stdout == ""
    epoch = read_file(checkpoint)[0]["training"]["epoch"]
    kept = f"go on from {checkpoint} by --resume; the model as it is now: {model}"
    assert stderr.splitlines() == [f"stopped after epoch {epoch} of 3000; {kept}."]
    assert json.loads(run("inspect", model, "--json").stdout)["epochs"] == epoch
    assert f"rows; target '{target}'" in run("evaluate", model, path).stdout
    assert len(run("predict", model, path).stdout.splitlines()) == len(path.read_text().splitlines())
    refused = run(*train, "--checkpoint", checkpoint, code=2)
    assert "has not ended. Go on with it by --resume, or delete it" in refused.stderr
    resumed = run(*train, "--checkpoint", checkpoint, "--resume", "--checkpoint-every", 500, "--json")
    assert outcome(resumed) == outcome(run(*train, "--json"))
    assert read_file(checkpoint)[0]["is_over"]


def test_demo_runs_the_very_path_of_train(tmp_path: Path) -> None:
    done = process("demo", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "feedforward-demo"
    models = ["perceptron", "adaline", "mlp", "tabular"]
    assert {path.name for path in folder.iterdir()} == {"breast-cancer.csv", *(f"{model}.png" for model in models)}
    assert [done.stdout.index(f"│ {model} ") for model in models] == sorted(
        done.stdout.index(f"│ {model} ") for model in models
    )
    assert "always 'benign'" in done.stdout
    again = process("train", folder / "breast-cancer.csv", "-t", "diagnosis", "-m", "adaline", "--json", cwd=tmp_path)
    facts = json.loads(again.stdout)
    assert f"{100 * facts['accuracy']['test']:.1f} %" in done.stdout
    assert facts["accuracy"]["test"] > 0.93


def test_demo_says_where_it_cannot_write(tmp_path: Path) -> None:
    assert {path.name for path in tmp_path.iterdir()} == set()
    run("demo", "--out", tmp_path / "new" / "folder")
    (tmp_path / "file").write_text("not a folder")
    assert "--out" in run("demo", "--out", tmp_path / "file", code=2).stderr


def test_help_teaches_by_example() -> None:
    assert "feedforward train patients.csv --target outcome" in run("--help").stdout
    assert "--set learning_rate=0.01" in run("train", "--help").stdout
    assert run("--version").stdout == f"feedforward {feedforward.__version__}\n"


# name, content of t.csv (None: no such file), arguments after the table, words the one line must have
RARE = "a,y\n" + "".join(f"{i},{'rare' if i == 20 else 'often' if i % 2 else 'more'}\n" for i in range(40))

BAD: list[tuple[str, str | bytes | None, list[str], list[str]]] = [
    ("no file", None, ["-t", "y"], ["t.csv"]),
    ("empty file", "", ["-t", "y"], ["t.csv", "empty"]),
    ("header only", "a,b,y\n", ["-t", "y"], ["t.csv", "no row"]),
    ("ragged row", GOOD + "1,2\n", ["-t", "y"], ["t.csv", "42", "3"]),
    ("wrong encoding", GOOD.replace("yes", "Zürich").encode("latin-1"), ["-t", "y"], ["t.csv", "encoding"]),
    ("duplicate columns", GOOD.replace("a,b,y", "a,a,y"), ["-t", "y"], ["t.csv", "'a'"]),
    (
        "text in a number column",
        GOOD.replace("\n7,", "\nseven,"),
        ["-t", "y"],
        ["t.csv", "9", "'a'", "seven", "--kind 'a=category'"],
    ),
    ("infinity", GOOD.replace("\n7,", "\ninf,"), ["-t", "y"], ["t.csv", "'a'", "inf"]),
    ("target absent", GOOD, ["-t", "Y"], ["t.csv", "'Y'", "'y'"]),
    ("target missing", GOOD.replace("7,2,no", "7,2,"), ["-t", "y"], ["t.csv", "'y'", "9"]),
    ("target constant", GOOD.replace("yes", "no"), ["-t", "y"], ["t.csv", "'y'", "no"]),
    (
        "a quantity for a neuron",
        GOOD.replace("yes", "2.5").replace("no", "1.0"),
        ["-t", "y", "-m", "adaline"],
        ["t.csv", "'y'", "2.5 is a fraction, and classes are text, whole numbers or booleans", "'mlp'"],
    ),
    (
        "target of fractions for classes",
        GOOD.replace("yes", "2.5").replace("no", "1.0"),
        ["-t", "y", "-m", "mlp", "--task", "classification"],
        ["2.5 is a fraction", "or the task 'regression'"],
    ),
    ("another delimiter", GOOD + "1;2;3\n", ["-t", "y"], ["line 42", "give --delimiter."]),
    (
        "unknown setting",
        GOOD,
        ["-t", "y", "-m", "adaline", "-s", "learning_rat=1"],
        ["learning_rat", "'learning_rate'"],
    ),
    ("setting without value", GOOD, ["-t", "y", "-s", "learning_rate"], ["--set", "NAME=VALUE"]),
    ("bad value", GOOD, ["-t", "y", "-m", "adaline", "-s", "learning_rate=-1"], ["learning_rate", "above 0", "-1"]),
    ("unknown kind", GOOD, ["-t", "y", "-k", "a=numbr"], ["--kind 'a=numbr' is no kind", "'number'"]),
    ("unknown column", GOOD, ["-t", "y", "-k", "aa=number"], ["aa", "'a'"]),
    ("bad fraction", GOOD, ["-t", "y", "--test-fraction", "1.5"], ["test_fraction", "1.5"]),
    ("too few rows", "a,y\n1,0\n2,1\n", ["-t", "y", "--test-fraction", "0.1"], ["t.csv", "2 rows"]),
    ("no such activation", GOOD, ["-t", "y", "-m", "mlp", "-s", "activation=rellu"], ["MLPClassifier", "'relu'"]),
    ("bad sizes", GOOD, ["-t", "y", "-m", "mlp", "-s", "hidden_sizes=8,0"], ["hidden_sizes", "(8, 0)"]),
    ("callbacks are no text", GOOD, ["-t", "y", "-m", "mlp", "-s", "callbacks=()"], ["no setting 'callbacks'"]),
    ("a neuron and a quantity", GOOD, ["-t", "a", "-m", "perceptron", "--task", "regression"], ["perceptron", "'mlp'"]),
    ("no number to predict", GOOD, ["-t", "y", "-m", "mlp", "--task", "regression"], ["'y'", "no number"]),
    ("one row alone", "a,y\n1,0\n2,1\n3,2.5\n", ["-t", "y", "-m", "mlp", "--test-fraction", "0.3"], ["3 rows", "R²"]),
    (
        "a class_weight for a quantity",
        GOOD,
        ["-t", "a", "-m", "mlp", "-s", "class_weight=balanced"],
        ["class_weight", "regression"],
    ),
    (
        "a class too rare to be validated on",
        RARE,
        ["-t", "y", "-m", "mlp", "-s", "validation_fraction=0.2", "--seed", "1"],
        ["t.csv: ", "class 'rare'", "n_samples=1", "drop them, or set validation_fraction=0."],
    ),
    ("a weight of no class", GOOD, ["-t", "y", "-s", "class_weight={'no': -1}"], ["t.csv: ", "-1 for class 'no'"]),
    ("no column left", GOOD, ["-t", "y", "-k", "a=drop", "-k", "b=drop"], ["t.csv: ", "Give at least one column"]),
    ("no folder for the plot", GOOD, ["-t", "y", "--plot", "none/p.png"], ["none", "folder"]),
    ("nothing to resume from", GOOD, ["-t", "y", "-m", "mlp", "--resume"], ["--resume needs --checkpoint FILE"]),
    ("checkpoints of no file", GOOD, ["-t", "y", "-m", "mlp", "--checkpoint-every", "1"], ["--checkpoint FILE"]),
    (
        "a checkpoint of a neuron",
        GOOD,
        ["-t", "y", "-m", "perceptron", "--checkpoint", "c"],
        ["networks", "perceptron", "'mlp'"],
    ),
    ("no folder for the checkpoint", GOOD, ["-t", "y", "-m", "mlp", "--checkpoint", "none/c"], ["none/c", "folder"]),
    ("no picture format", GOOD, ["-t", "y", "--plot", "p.docx"], ["p.docx", ".png"]),
]


@pytest.mark.parametrize(("content", "arguments", "expected"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_bad_input_ends_in_one_helpful_line(
    content: str | bytes | None, arguments: list[str], expected: list[str], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("t.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    result = run("train", "t.csv", *arguments, code=2)
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("error: ")
    assert [word for word in expected if word not in line] == [], line
    assert result.stdout == ""
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_class_of_one_row_is_said(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(RARE)
    assert "t.csv, target column 'y': class 'rare' has one row" in " ".join(
        run("train", table, "-t", "y", "-p", "fast").stderr.split()
    )


def test_a_directory_is_no_table(tmp_path: Path) -> None:
    assert "directory" in run("train", tmp_path, "-t", "y", code=2).stderr


def test_no_permission_is_said(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(GOOD)
    table.chmod(0)
    with nobody(tmp_path):
        result = run("train", table, "-t", "y", code=2)
    assert "t.csv" in result.stderr
    assert "ermission" in result.stderr or "permitted" in result.stderr


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = process("train", "none.csv", "-t", "y", "--debug", cwd=tmp_path)
    assert done.returncode != 0
    assert "Traceback" in done.stderr
    quiet = process("train", "none.csv", "-t", "y", cwd=tmp_path)
    assert quiet.returncode == 2
    assert "Traceback" not in quiet.stderr


def test_a_full_disk_for_the_results_is_said_in_one_line(wine_model: Path) -> None:
    commands = [["inspect", wine_model], ["inspect", wine_model, "--json"], ["predict", wine_model, "wine.csv"]]
    commands += [["train", "wine.csv", "-t", "kind", "-m", "adaline"], ["--help"], ["--version"]]
    for unbuffered in ("", "1"):
        environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
        for command in commands:
            with Path("/dev/full").open("wb") as full:
                done = subprocess.run(
                    [sys.executable, "-m", "feedforward", *map(str, command)],
                    cwd=wine_model.parent, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
                )  # fmt: skip
            assert done.stderr == "error: the results cannot be printed: no space left on device.\n"
            assert done.returncode == 2


def test_a_pipe_that_is_closed_ends_it_without_a_word(wine_model: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "feedforward", "inspect", wine_model],
            stdout=pipe, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "")


# Stored models -----------------------------------------------------------------------------------------------------


@pytest.fixture
def wine_model(wine: Path) -> Path:
    path = wine.with_name("wine.safetensors")
    settings = ("-s", "max_epochs=30", "-s", "learning_rate=0.01")
    assert f"model: {path}" in run("train", wine, "-t", "kind", "-m", "mlp", *settings, "--out", path).stdout
    return path


@pytest.mark.parametrize("model", ["perceptron", "adaline", "mlp"])
def test_what_is_stored_answers_as_the_model_did(wine: Path, model: str, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    run("train", wine, "-t", "kind", "-m", model, "--out", path)
    from feedforward.experiment import run_experiment

    with np.errstate(all="ignore"):
        expected = run_experiment(wine, "kind", model).model.predict(feedforward.read_table(wine, "kind")[0])
    lines = run("predict", path, wine).stdout.splitlines()
    assert lines == ["prediction", *expected]


def test_rows_keep_their_order_whatever_the_columns(wine: Path, wine_model: Path, tmp_path: Path) -> None:
    lines = run("predict", wine_model, wine).stdout.splitlines()
    table = feedforward.read_table(wine)
    backwards = table.select(table.column_names[::-1]).append_column("id", pa.array(range(table.num_rows)))
    pq.write_table(backwards.take(list(range(table.num_rows))[::-1]), tmp_path / "b.parquet")
    result = run("predict", wine_model, tmp_path / "b.parquet")
    assert result.stdout.splitlines()[1:] == lines[:0:-1]
    assert "left aside, since the model does not know them: 'id'" in result.stderr


def test_probabilities_into_a_file(wine: Path, wine_model: Path, tmp_path: Path) -> None:
    for name in ("a.csv", "a.parquet"):
        assert (
            f"178 answers: {tmp_path / name}"
            in run("predict", wine_model, wine, "--proba", "--out", tmp_path / name).stdout
        )
    model = feedforward.load(wine_model)
    expected = model.predict_proba(feedforward.read_table(wine, "kind")[0])
    for answers in (feedforward.read_table(tmp_path / "a.csv"), pq.read_table(tmp_path / "a.parquet")):
        assert answers.column_names == ["prediction", *(f"probability_cultivar {i}" for i in range(3))]
        given = np.column_stack([answers.column(i + 1).to_numpy() for i in range(3)]).astype(np.float32)
        np.testing.assert_array_equal(given, expected)


def test_evaluate_says_how_good_it_is(wine: Path, wine_model: Path, houses: Path) -> None:
    facts = json.loads(run("evaluate", wine_model, wine, "--json").stdout)
    answers = run("predict", wine_model, wine).stdout.splitlines()[1:]
    right = [line.rpartition(",")[2] for line in wine.read_text().splitlines()[1:]]
    assert facts["accuracy"] == pytest.approx(np.mean(np.array(answers) == right))
    printed = run("predict", wine_model, wine, "--proba").stdout.splitlines()[1:]
    chances = np.array([line.split(",")[1:] for line in printed], float)
    chances /= chances.sum(axis=1, keepdims=True)  # float32 sums to one but for its last digits
    assert facts["log_loss"] == pytest.approx(log_loss(right, chances), rel=1e-4)
    assert facts["auc"] == pytest.approx(roc_auc_score(right, chances, multi_class="ovr"))
    assert facts["baseline"] == {"answer": "cultivar 1", "accuracy": pytest.approx(71 / 178)}
    printed = run("evaluate", wine_model, wine).stdout
    assert "178 rows" in printed
    assert "always 'cultivar 1'" in printed
    path = houses.with_name("h.safetensors")
    train = run("train", houses, "-t", "price", "-m", "mlp", "-s", "max_epochs=20", "--json", "--out", path)
    scores = json.loads(run("evaluate", path, houses, "--json").stdout)
    parts = json.loads(train.stdout)["mean_absolute_error"]
    assert scores["mean_absolute_error"] == pytest.approx(0.75 * parts["train"] + 0.25 * parts["test"])
    given = [float(line.rpartition(",")[2]) for line in houses.read_text().splitlines()[1:]]
    answers = [float(line) for line in run("predict", path, houses).stdout.splitlines()[1:]]
    squares = np.mean((np.array(given) - answers) ** 2)
    assert scores["root_mean_squared_error"] == pytest.approx(np.sqrt(squares))
    printed = run("evaluate", path, houses).stdout
    assert "R²" in printed
    assert "RMSE" in printed


def test_labels_that_a_model_does_not_know_are_said(wine: Path, wine_model: Path) -> None:
    text = wine.read_text().replace("cultivar 2", "cultivar 9")
    wine.write_text(text)
    result = run("evaluate", wine_model, wine)
    assert "warning: the model knows no label 'cultivar 9' (48)" in result.stderr
    one = wine.with_name("one.csv")
    one.write_text("\n".join(text.splitlines()[:2]))
    assert "1 row;" in run("evaluate", wine_model, one).stdout


def test_tables_are_read_as_in_training(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["id", "zip", "flag", "y"],
        *([f"c{i}", f"z{i % 3}", i % 2 == 0, i % 2] for i in range(60)),
    ]
    table, path = write(tmp_path / "t.csv", rows), tmp_path / "m.safetensors"
    run("train", table, "-t", "y", "-m", "adaline", "-k", "id=drop", "-o", path)
    expected = run("predict", path, table).stdout
    assert expected.splitlines()[:3] == ["prediction", "0", "1"]
    write(table, [[row[1], row[2]] for row in rows])  # without what does not count
    assert run("predict", path, table).stdout == expected
    write(table, [["zip", "flag"], *([i, row[2]] for i, row in enumerate(rows[1:]))])  # the codes are numbers now
    assert len(run("predict", path, table).stdout.splitlines()) == 61


@pytest.mark.parametrize("names", [["True", "true"], ["true", "TRUE"], ["size", "Size"], ["null", "NULL"]], ids=str)
def test_names_that_differ_by_case_only_are_two_columns(names: list[str], tmp_path: Path) -> None:
    rows = [[str(i % 2 == 0).lower(), str(i % 3 == 0), f"{i % 3 == 0}!"] for i in range(60)]
    train, model = write(tmp_path / "t.csv", [[*names, "y"], *rows]), tmp_path / "m.safetensors"
    facts = json.loads(run("train", train, "-t", "y", "-m", "adaline", "--json", "--out", model).stdout)
    assert facts["columns"] == dict.fromkeys(names, "boolean")
    assert facts["accuracy"] == {"train": 1.0, "test": 1.0}  # the second column is the answer, and the first is not
    turned = write(tmp_path / "turned.csv", [names[::-1], *([second, first] for first, second, _ in rows)])
    assert run("predict", model, turned).stdout.splitlines()[1:] == [answer for _, _, answer in rows]
    dropped = json.loads(run("train", train, "-t", "y", "-m", "perceptron", "-k", f"{names[0]}=drop", "--json").stdout)
    assert dropped["columns"] == {names[0]: "drop", names[1]: "boolean"}
    assert dropped["inputs"] == 1
    assert json.loads(run("train", train, "-t", names[1], "-m", "perceptron", "--json").stdout)["classes"] == [
        False,
        True,
    ]


def test_what_stands_in_columns_that_are_not_needed_does_not_matter(wine: Path, wine_model: Path) -> None:
    expected = run("predict", wine_model, wine).stdout
    for cell in ("red", "1,5", "inf", "2024-02-30"):
        cells = ["2024-01-01" if cell[:4] == "2024" else "7"] * 177 + [f'"{cell}"']
        lines = wine.read_text().splitlines()
        other = wine.with_name("other.csv")
        other.write_text("\n".join(f"{line},{note}" for line, note in zip(lines, ["note", *cells], strict=True)))
        result = run("predict", wine_model, other)
        assert result.stdout == expected
        assert "'note'" in result.stderr
        assert "'note'" in run("evaluate", wine_model, other).stderr


def test_dates_written_as_text_are_dates_in_every_kind_of_file(tmp_path: Path) -> None:
    days = [f"2024-{i % 12 + 1:02}-{i % 28 + 1:02}" for i in range(160)]
    rows = [["day", "y"], *([day, "late" if day > "2024-06" else "early"] for day in days)]
    write(tmp_path / "t.csv", rows)
    pq.write_table(pa.table({"day": days, "y": [row[1] for row in rows[1:]]}), tmp_path / "t.parquet")
    facts = []
    for name in ("t.csv", "t.parquet"):
        model = tmp_path / f"{name}.safetensors"
        train = run("train", tmp_path / name, "-t", "y", "-m", "adaline", "--json", "--out", model)
        facts.append(json.loads(train.stdout))
        assert facts[-1]["columns"] == {"day": "date"}
        answers = {run("predict", model, tmp_path / other).stdout for other in ("t.csv", "t.parquet")}
        assert len(answers) == 1
    assert facts[0]["accuracy"] == facts[1]["accuracy"]
    pq.write_table(pa.table({"day": ["2024-01-01", "soon"]}), tmp_path / "bad.parquet")
    error = run("predict", model, tmp_path / "bad.parquet", code=2).stderr
    assert "bad.parquet, row 1 (counted from 0), column 'day': 'soon' is not a date" in error


def test_answers_with_commas_quotes_and_nothing_in_them(tmp_path: Path) -> None:
    labels = ['a,"b"', "c\nd", "plain"]
    table = write(tmp_path / "t.csv", [["x", "y"], *([i, labels[i // 20]] for i in range(60))])
    path = tmp_path / "m.safetensors"
    run("train", table, "-t", "y", "-m", "mlp", "-o", path)
    run("predict", path, table, "--proba", "--out", tmp_path / "a.csv")
    answers = feedforward.read_table(tmp_path / "a.csv")
    assert answers.column_names == ["prediction", *(f"probability_{label}" for label in sorted(labels))]
    expected = feedforward.load(path).predict(feedforward.read_table(table, "y")[0])
    assert answers.column("prediction").to_pylist() == expected.tolist()


def test_estimators_stored_by_themselves_read_tables_too(tmp_path: Path) -> None:
    X, y = feedforward.datasets.blobs(n=80, random_state=0)
    table = write(tmp_path / "t.csv", [["a", "b", "y"], *([*row, label] for row, label in zip(X, y, strict=True))])
    frame = feedforward.read_table(table, "y")[0]
    for given in (X, frame.to_pandas()):
        model = feedforward.Adaline(random_state=0).fit(given, y)
        feedforward.save(model, tmp_path / "m.safetensors")
        found = json.loads(run("evaluate", tmp_path / "m.safetensors", table, "-t", "y", "--json").stdout)
        assert (found["accuracy"], found["baseline"]) == (pytest.approx(model.score(given, y)), None)
        printed = run("evaluate", tmp_path / "m.safetensors", table, "-t", "y")
        assert "accuracy" in printed.stdout
        by_place = "note: the model knows no names of columns, and takes these by their place: 'a', 'b'\n"
        assert printed.stderr == (by_place if given is X else "")
        assert ("2 columns, by their place" in run("inspect", tmp_path / "m.safetensors").stdout) == (given is X)
    assert "no column 'b'" in run("predict", tmp_path / "m.safetensors", write(table, [["a"], [1]]), code=2).stderr
    text = write(table, [["a", "b"], [1, "x"]])
    assert (
        "line 2, column 'b': 'x' is not true or false, nor a number"
        in run("predict", tmp_path / "m.safetensors", text, code=2).stderr
    )
    several = feedforward.MLPRegressor(max_epochs=1, random_state=0).fit(X, X)
    feedforward.save(several, tmp_path / "m.safetensors")
    write(table, [["a", "b"], *X.tolist()])
    assert run("predict", tmp_path / "m.safetensors", table).stdout.startswith("prediction_0,prediction_1\n")
    assert "several answers" in run("evaluate", tmp_path / "m.safetensors", table, "-t", "a", code=2).stderr


def test_inspect_shows_what_is_inside(wine_model: Path, tmp_path: Path) -> None:
    printed = run("inspect", wine_model).stdout
    expected = ["TableEncoder, then MLPClassifier", "wine.csv: 134 rows", "'cultivar 2'", "Linear 13 → 100", "proline"]
    expected += ["learning_rate=0.01", "1,703", "partial_fit goes on", "format 1", "always 'cultivar 1'"]
    assert [words for words in expected if words not in printed] == []
    facts = json.loads(run("inspect", wine_model, "--json").stdout)
    assert facts["parameters"] == 13 * 100 + 100 + 303
    assert facts["bytes"] == wine_model.stat().st_size
    assert facts["sha256"] in printed
    net = feedforward.nn.Sequential(
        feedforward.nn.Linear(2, 3), feedforward.nn.Sequential(feedforward.nn.LeakyReLU(0.5))
    )
    models: dict[str, Any] = {
        "LeakyReLU(negative_slope=0.5)": net,
        "3 × 2": net.parameters(),
        "in 2 members": feedforward.nn.stack([net, net]),
        "category": feedforward.TableEncoder().fit(pa.table({"a": ["x", None]})),
        "class_weight={'a': 2.0}": feedforward.Adaline(class_weight={"a": 2.0}).fit([[0.0], [1.0]], ["a", "b"]),
    }
    for words, model in models.items():
        feedforward.save(model, tmp_path / "m")
        assert words in run("inspect", tmp_path / "m").stdout


@pytest.mark.parametrize("width", [20, 80, 200])
def test_inspect_leaves_lines_whole_and_no_blanks_behind(wine_model: Path, width: int) -> None:
    command = [sys.executable, "-m", "feedforward", "inspect", str(wine_model)]
    environment = {**os.environ, "COLUMNS": str(width)}
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    digest = read_file(wine_model)[0]["sha256"]
    lines = printed.splitlines()
    assert [line.split() for line in lines if "sha256" in line] == [["sha256", digest]]
    assert [line for line in lines if line != line.rstrip()] == []


def test_one_is_one(wine: Path, wine_model: Path, tmp_path: Path) -> None:
    one = tmp_path / "one.csv"
    one.write_text("\n".join(wine.read_text().splitlines()[:2]))
    assert run("predict", wine_model, one, "--out", tmp_path / "a.csv").stdout == f"1 answer: {tmp_path / 'a.csv'}\n"
    assert "one.csv: 1 row; target" in run("evaluate", wine_model, one).stdout


def test_inspect_is_light(wine_model: Path, tmp_path: Path) -> None:
    code = f"""
import sys
from feedforward.cli import app
try:
    app(["inspect", {str(wine_model)!r}])
except SystemExit:
    pass
print(*(name in sys.modules for name in ("sklearn", "numba", "pandas", "torch")))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False False False False"


def test_what_a_file_says_reaches_no_terminal(tmp_path: Path) -> None:
    column, label = "\x1b[31mred\x07", "\x1b]0;title\x07"
    X = pa.table({column: [0.0, 1.0] * 10}).to_pandas()
    model = feedforward.Adaline(random_state=0).fit(X, [label, "b"] * 10)
    feedforward.save(model, tmp_path / "m")
    printed = run("inspect", tmp_path / "m").stdout
    assert "\x1b" not in printed
    assert "\\x1b[31mred" in printed


# arguments with {model} and {table}, words the one line must have
BAD_MODELS: list[tuple[str, list[str], list[str]]] = [
    ("no model", ["predict", "none.safetensors", "{table}"], ["none.safetensors", "no such file"]),
    ("a table for a model", ["predict", "{table}", "{table}"], ["wine.csv", "no model file"]),
    ("no table", ["predict", "{model}", "none.csv"], ["none.csv"]),
    ("too long a name", ["predict", "{model}", f"{'n' * 300}.csv"], ["nnn.csv cannot be read: file name too long"]),
    ("too long a name of a folder", ["evaluate", "{model}", f"{'n' * 300}/a.csv"], ["nnn/a.csv", "too long"]),
    ("too long a name of a model", ["inspect", "n" * 300], ["nnn cannot be read: file name too long"]),
    ("a column missing", ["predict", "{model}", "small.csv"], ["small.csv", "'malic_acid'"]),
    ("infinity", ["predict", "{model}", "inf.csv"], ["inf.csv", "'alcohol'", "inf"]),
    (
        "text for a number",
        ["predict", "{model}", "text.csv"],
        ["text.csv, line 2, column 'alcohol'", "'red'", "Correct the cell"],
    ),
    (
        "a checkpoint for a model",
        ["predict", "run", "{table}"],
        ["run", "'checkpoint'", "one of 'Perceptron', "],
    ),
    ("no folder", ["predict", "{model}", "{table}", "-o", "none/a.csv"], ["none", "folder"]),
    ("no such format", ["predict", "{model}", "{table}", "-o", "a.xlsx"], ["a.xlsx", ".csv"]),
    ("over the table", ["predict", "{model}", "{table}", "-o", "wine.csv"], ["wine.csv"]),
    ("over the model", ["predict", "{model}", "{table}", "-o", "./wine.csv"], ["wine.csv"]),
    ("no target", ["evaluate", "{model}", "small.csv"], ["small.csv", "'kind'"]),
    ("another target", ["evaluate", "{model}", "{table}", "-t", "proline"], ["'proline'"]),
    ("labels that are text, and others", ["evaluate", "{model}", "codes.csv"], ["none of the model's classes", "'7'"]),
    ("a stray cell", ["predict", "{model}", "stray.csv"], ["stray.csv, line 8, ", "'red'", "or leave it empty."]),
    ("answers of another type", ["evaluate", "{model}", "extra.csv", "-t", "extra"], ["extra", "'cultivar 0'"]),
    ("no probabilities", ["predict", "{model}", "{table}", "--proba"], ["Adaline", "--proba"]),
    ("nothing to predict with", ["predict", "weights", "{table}"], ["weights", "dict", "predicts nothing"]),
    ("too few columns", ["predict", "bare", "small.csv"], ["small.csv", "2 columns", "takes 3"]),
    ("no target known", ["evaluate", "bare", "small.csv"], ["bare", "--target"]),
    (
        "text for a quantity",
        ["evaluate", "numbers", "words.csv", "-t", "c"],
        ["words.csv, line 2, column 'c'", "not a number"],
    ),
    ("a folder", ["inspect", "."], ["folder"]),
    ("a folder to write", ["train", "{table}", "-t", "kind", "-o", "."], ["folder"]),
    ("train over the table", ["train", "{table}", "-t", "kind", "-o", "{table}"], ["table itself"]),
]


@pytest.mark.parametrize(("arguments", "expected"), [b[1:] for b in BAD_MODELS], ids=[b[0] for b in BAD_MODELS])
def test_bad_models_and_tables_end_in_one_line(
    arguments: list[str], expected: list[str], wine: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    run("train", wine, "-t", "kind", "-m", "adaline", "-o", "wine.safetensors")
    lines = wine.read_text().splitlines()
    write_file("run", {"kind": "checkpoint", "training": {"epoch": 7}, "is_over": False}, {})
    assert "not over" in run("inspect", "run").stdout
    feedforward.save({"weight": np.ones(2)}, "weights")
    feedforward.save(feedforward.Adaline().fit(np.eye(3), [0, 1, 1]), "bare")
    feedforward.save(feedforward.MLPRegressor(max_epochs=1).partial_fit(np.eye(2), [0.0, 1.0]), "numbers")
    Path("words.csv").write_text("a,b,c\n1,2,red\n")
    Path("small.csv").write_text("alcohol,b\n1,2\n")
    Path("inf.csv").write_text("\n".join([lines[0], "inf" + lines[1][lines[1].index(",") :]]))
    Path("text.csv").write_text("\n".join([lines[0], "red" + lines[1][lines[1].index(",") :]]))
    Path("extra.csv").write_text("\n".join([lines[0] + ",extra", *(line + ",1.5" for line in lines[1:4])]))
    Path("codes.csv").write_text("\n".join([lines[0], *(f"{line.rpartition(',')[0]},7" for line in lines[1:4])]))
    stray = ["red" + line[line.index(",") :] if place == 6 else line for place, line in enumerate(lines[1:30])]
    Path("stray.csv").write_text("\n".join([lines[0], *stray]))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    names = {"model": "wine.safetensors", "table": "wine.csv"}
    result = run(*(argument.format(**names) for argument in arguments), code=2)
    (line,) = result.stderr.strip().splitlines()[-1:]
    assert line.startswith("error: ")
    assert [word for word in expected if word not in line] == [], line
    assert [word for word in ("--kind", "kinds=", "text_columns") if word in line] == []  # the model is there already
    assert result.stdout == ""
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
