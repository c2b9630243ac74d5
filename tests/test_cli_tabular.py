"""The tabular network on the command line: the default of train, its options, and what is stored of it."""

import json
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

import feedforward as ff
from commands import GOOD, run, write
from feedforward.estimators import tabular_base
from feedforward.experiment import run_experiment
from feedforward.files import read_file
from feedforward.training.loop import train as train_network


def shops(path: Path, target: str = "sold") -> Path:
    """Numbers with gaps, categories of few and of many levels, booleans and dates."""
    rng = np.random.default_rng(0)
    rows: list[list[Any]] = [["size", "town", "shop", "open", "day", target]]
    for i in range(300):
        size, town = float(rng.normal()), str(rng.choice(["Rome", "Bern", ""]))
        answer: Any = (
            ("yes" if (size > 0) ^ (town == "Rome") else "no") if target == "sold" else 3 * size + rng.normal()
        )
        cells = ["" if i % 9 == 0 else size, town, f"shop {i % 40}", i % 2 == 0, f"2024-{i % 12 + 1:02}-01", answer]
        rows.append(cells)
    return write(path, rows)


def test_it_is_the_default_and_strong_its_preset(tmp_path: Path) -> None:
    facts = json.loads(run("train", shops(tmp_path / "t.csv"), "-t", "sold", "--epochs", 2, "--json").stdout)
    assert (facts["model"], facts["settings"]["preset"], facts["epochs"]) == ("tabular", "strong", 2)
    assert facts["columns"] == {
        "size": "number", "town": "category", "shop": "category", "open": "boolean", "day": "date",
    }  # fmt: skip
    assert "callbacks" not in facts["settings"]


def test_dates_in_words_and_digits_are_those_of_iso(tmp_path: Path) -> None:
    days = [f"{2020 + i % 3}-{i % 12 + 1:02}-{i % 28 + 1:02}" for i in range(80)]
    moments = [datetime.fromisoformat(day) for day in days]
    answers = []
    for number, written in enumerate(("%Y-%m-%d", "%d %b %Y", "%B %d %Y", "%Y%m%d")):
        rows = [[moment.strftime(written), moment.month < 6] for moment in moments]
        table, model = write(tmp_path / f"{number}.csv", [["day", "early"], *rows]), tmp_path / f"{number}.safetensors"
        run("train", table, "-t", "early", "-p", "fast", "--epochs", 2, "-k", "day=date", "--out", model)
        answers.append(run("predict", model, table, "--proba").stdout)
    assert set(answers) == {answers[0]}


def test_dropped_columns_need_no_name_no_order_and_no_place(tmp_path: Path) -> None:
    rows = [[i, "odd" if i % 9 == 4 else i, i % 7, i % 7 < 3] for i in range(60)]
    whole = write(tmp_path / "whole.csv", [["", "mixed", "x", "y"], *rows])
    alone = write(tmp_path / "alone.csv", [["x", "y"], *[row[2:] for row in rows]])
    model = tmp_path / "m.safetensors"
    assert "--kind 'column 1=drop'" in run("train", whole, "-t", "y", "--epochs", 1, code=2).stderr
    drop = ("-k", "column 1=drop", "-k", "mixed=drop")
    run("train", whole, "-t", "y", "-p", "fast", "--epochs", 2, *drop, "--out", model)
    assert run("predict", model, alone).stdout == run("predict", model, whole).stdout
    judged = [json.loads(run("evaluate", model, table, "--json").stdout)["log_loss"] for table in (alone, whole)]
    assert judged[0] == judged[1]


def test_who_cannot_tell_months_from_days_says_so(tmp_path: Path) -> None:
    rows = [[f"{i % 12 + 1:02}/{i % 7 + 1:02}/2024", i % 2] for i in range(60)]
    table = write(tmp_path / "t.csv", [["day", "y"], *rows])
    assert "column 'day': no cell tells months from days" in run("train", table, "-t", "y", "--epochs", 1).stderr


@pytest.mark.parametrize("target", ["sold", "price"])
def test_what_it_comes_to_is_what_the_library_comes_to(target: str, tmp_path: Path) -> None:
    table, model = shops(tmp_path / "t.csv", target), tmp_path / "m.safetensors"
    common = ("train", table, "-t", target, "--preset", "fast", "--epochs", 8, "--seed", 3)
    facts = json.loads(run(*common, "--json", "--out", model).stdout)
    found = run_experiment(table, target, seed=3, settings={"preset": "fast", "max_epochs": 8})
    measure = "accuracy" if target == "sold" else "r2"
    assert facts[measure] == found.scores[measure]
    kind = ff.TabularClassifier if target == "sold" else ff.TabularRegressor
    alone = kind(preset="fast", max_epochs=8, random_state=3).fit(*found.train)
    X, y = found.test
    assert alone.score(X, y) == pytest.approx(facts[measure]["test"])
    answers = run("predict", model, table).stdout.splitlines()[1:]
    expected = ff.load(model).predict(ff.read_table(table, target)[0])
    assert [type(expected[0])(one) for one in answers] == expected.tolist()
    assert f"rows; target {target!r}" in run("evaluate", model, table).stdout


def test_inspect_tells_what_it_is_made_of(tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    run("train", shops(tmp_path / "t.csv"), "-t", "sold", "-p", "fast", "--epochs", 2, "--out", model)
    printed = run("inspect", model).stdout
    expected = ["TabularClassifier", "t.csv: 225 rows", "preset='fast'", "max_epochs=2", "PeriodicEmbedding", "members"]
    assert [words for words in expected if words not in printed] == []
    columns = json.loads(run("inspect", model, "--json").stdout)["columns"]
    assert {name: column["kind"] for name, column in columns.items()} == {
        "size": "number", "town": "category", "shop": "category", "open": "boolean", "day": "date",
    }  # fmt: skip
    assert set(columns["town"]["levels"]) == {"Rome", "Bern"}


@pytest.mark.parametrize("target", ["sold", "price"])
def test_a_picture_of_it(target: str, tmp_path: Path) -> None:
    table = shops(tmp_path / "t.csv", target)
    run("train", table, "-t", target, "-p", "fast", "--epochs", 3, "--plot", tmp_path / "p.png")
    picture = imread(tmp_path / "p.png")
    for half in np.array_split(picture, 2, axis=1):
        assert len(np.unique(half.reshape(-1, picture.shape[2]), axis=0)) > (50 if target == "price" else 1)


def test_a_time_limit_is_kept(tmp_path: Path) -> None:
    table = shops(tmp_path / "t.csv")
    run("train", table, "-t", "sold", "-p", "fast", "--epochs", 1)  # compiled
    limited = ("--preset", "ensemble", "--time-limit", 5, "--epochs", 100_000, "--json")
    facts = json.loads(run("train", table, "-t", "sold", *limited).stdout)
    assert facts["epochs"] < 100_000
    assert facts["settings"]["time_limit"] == 5


def test_kinds_reach_it(tmp_path: Path) -> None:
    table = shops(tmp_path / "t.csv")
    common = ("train", table, "-t", "sold", "-p", "fast", "--epochs", 1, "--json")
    facts = json.loads(run(*common, "--kind", "shop=drop", "--kind", "open=category").stdout)
    assert (facts["columns"]["shop"], facts["columns"]["open"]) == ("drop", "category")


BAD: dict[str, tuple[list[str], list[str]]] = {
    "a preset of another model": (["-m", "mlp", "-p", "fast"], ["mlp has no setting 'preset'", "tabular"]),
    "a limit of another model": (["-m", "adaline", "--time-limit", "9"], ["no setting 'time_limit'", "tabular"]),
    "a setting of another model": (["-s", "hidden_sizes=8"], ["tabular has no setting 'hidden_sizes'", "one of mlp"]),
    "a setting of none": (["-s", "presett=fast"], ["tabular has no setting 'presett'", "'preset'"]),
    "said twice": (["-p", "fast", "-s", "preset=strong"], ["--preset and --set preset"]),
    "no time": (["--time-limit", "0"], ["time_limit must be", "0"]),
    "no epochs": (["--epochs", "0"], ["max_epochs must be", "0"]),
    "kinds as a setting": (["-s", "kinds={}"], ["no setting 'kinds'"]),
    "classes of a quantity": (["-t", "a", "-s", "metric=accuracy"], ["metric", "regression"]),
}


@pytest.mark.parametrize(("arguments", "words"), BAD.values(), ids=BAD)
def test_what_does_not_belong_to_a_model_is_refused(arguments: list[str], words: list[str], tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(GOOD)
    target = [] if "-t" in arguments else ["-t", "y"]
    (line,) = run("train", table, *target, *arguments, code=2).stderr.splitlines()
    assert [word for word in words if word not in line] == [], line


def test_a_kind_of_no_column_is_refused_in_words_of_the_command(tmp_path: Path) -> None:
    (line,) = run("train", shops(tmp_path / "t.csv"), "-t", "sold", "-k", "twon=drop", code=2).stderr.splitlines()
    assert "--kind names no column of the table: 'twon'" in line


@pytest.mark.parametrize("command", ["train", "compare"])
def test_quantities_whose_squares_are_no_numbers_are_refused(command: str, tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", [["x", "y"], *([i, f"{i}e300"] for i in range(60))])
    (line,) = run(command, table, "-t", "y", code=2).stderr.splitlines()
    assert "t.csv, target column 'y': 5.9e+301 is too large a quantity" in line


def test_an_unknown_preset_is_refused(tmp_path: Path) -> None:
    assert "stong" in run("train", tmp_path / "t.csv", "-t", "y", "-p", "stong", code=2).stderr


def outcome(result: Any) -> dict[str, Any]:
    """Return what a run came to, but for the seconds it took."""
    facts: dict[str, Any] = json.loads(result.stdout)
    facts["history"].pop("seconds")
    return {name: value for name, value in facts.items() if name not in ("seconds", "settings")}


def test_ctrl_c_keeps_what_was_learned_and_resume_goes_on(tmp_path: Path) -> None:
    table, checkpoint, model = shops(tmp_path / "t.csv"), tmp_path / "run.checkpoint", tmp_path / "m.safetensors"
    train = ["train", table, "-t", "sold", "--epochs", 150]
    command = [sys.executable, "-m", "feedforward", *train, "--checkpoint", checkpoint, "--out", model]
    running = subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    while running.poll() is None and not (checkpoint.exists() and read_file(checkpoint)[0]["training"]["epoch"] > 3):
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    stdout, stderr = running.communicate(timeout=60)
    assert (running.returncode, stdout) == (130, "")
    epoch = read_file(checkpoint)[0]["training"]["epoch"]
    kept = f"go on from {checkpoint} by --resume; the model as it is now: {model}"
    assert stderr.splitlines()[-1] == f"stopped after epoch {epoch} of 150; {kept}."
    assert json.loads(run("inspect", model, "--json").stdout)["epochs"] == epoch
    resumed = run(*train, "--checkpoint", checkpoint, "--resume", "--checkpoint-every", 50, "--json")
    assert outcome(resumed) == outcome(run(*train, "--json"))


def test_ctrl_c_before_the_first_epoch_has_ended_leaves_the_older_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, model = shops(tmp_path / "t.csv"), tmp_path / "m.safetensors"
    train = ["train", table, "-t", "sold", "--preset", "fast", "--epochs", 2, "--out", model]
    run(*train)
    before = model.read_bytes()

    def stopped(training: Any, rows: Any, recipe: Any, **choices: Any) -> None:
        if recipe.max_epochs > 1:  # not the trial that compiles
            raise KeyboardInterrupt
        train_network(training, rows, recipe, **choices)

    monkeypatch.setattr(tabular_base, "train", stopped)
    words = run(*train, code=130).stderr
    assert words.splitlines()[-1] == f"stopped after epoch 0 of 2; nothing was learned yet, so {model} was not written."
    assert model.read_bytes() == before
