"""Models compared over the same folds: what is told is what one would compute by hand."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, r2_score, roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline

import feedforward as ff
from commands import run, write
from feedforward.comparison import CLIMB, compare_models, folds_of, over_folds

N = 150


def frame(task: str) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(N, 3)), columns=["a", "b", "c"])
    table["colour"] = rng.choice(["red", "blue", "green"], N)
    signal = 2 * table["a"] - table["b"] + 0.5 * rng.normal(size=N)
    table["y"] = np.where(signal > 0.7, "yes", "no") if task == "classification" else signal
    return table


@pytest.fixture
def table(tmp_path: Path) -> Any:
    def made(task: str) -> Path:
        path = tmp_path / f"{task}.csv"
        frame(task).to_csv(path, index=False)
        return path

    return made


def by_name(found: dict[str, Any]) -> dict[str, Any]:
    return {one["model"]: one for one in found["models"]}


def test_json_is_what_one_computes_on_the_same_folds(table: Any) -> None:
    path = table("classification")
    result = run("compare", path, "-t", "y", "--models", "dummy,linear,mlp", "--folds", "4", "--seed", "3", "--json")
    found = json.loads(result.stdout)
    data = frame("classification")
    X, y = data.drop(columns="y"), data["y"].to_numpy()
    expected: dict[str, list[float]] = {"log_loss": [], "auc": [], "accuracy": []}
    networks = []
    for learned, answered in StratifiedKFold(4, shuffle=True, random_state=3).split(X, y):
        model = make_pipeline(ff.TableEncoder(), LogisticRegression(max_iter=1000)).fit(X.iloc[learned], y[learned])
        chances = model.predict_proba(X.iloc[answered])
        expected["log_loss"].append(log_loss(y[answered], chances))
        expected["auc"].append(roc_auc_score(y[answered] == "yes", chances[:, 1]))
        expected["accuracy"].append(accuracy_score(y[answered], model.predict(X.iloc[answered])))
        network = make_pipeline(ff.TableEncoder(), ff.MLPClassifier(random_state=3))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            network.fit(X.iloc[learned], y[learned])
        networks.append(log_loss(y[answered], network.predict_proba(X.iloc[answered])))
    linear = by_name(found)["linear"]
    for measure, values in expected.items():
        np.testing.assert_allclose(linear["scores"][measure]["folds"], values, rtol=1e-6)
        assert linear["scores"][measure]["mean"] == pytest.approx(np.mean(values))
    np.testing.assert_allclose(by_name(found)["mlp"]["scores"]["log_loss"]["folds"], networks, rtol=1e-5)
    assert found["decides"] == "log_loss"
    assert (found["rows"], found["folds"], found["seed"], found["stopped"]) == (N, 4, 3, False)
    assert all(len(one["seconds"]) == 4 and one["error"] is None for one in found["models"])


def test_quantities_are_compared_by_r2(table: Any) -> None:
    found = compare_models(table("regression"), "y", ["dummy", "linear"], folds=3).facts()
    data = frame("regression")
    X, y = data.drop(columns="y"), data["y"].to_numpy()
    r2, errors = [], []
    for learned, answered in KFold(3, shuffle=True, random_state=0).split(X):
        answers = make_pipeline(ff.TableEncoder(), Ridge()).fit(X.iloc[learned], y[learned]).predict(X.iloc[answered])
        r2.append(r2_score(y[answered], answers))
        errors.append(mean_absolute_error(y[answered], answers))
    linear = by_name(found)["linear"]["scores"]
    np.testing.assert_allclose(linear["r2"]["folds"], r2)
    np.testing.assert_allclose(linear["mean_absolute_error"]["folds"], errors)
    assert found["decides"] == "r2"


def test_the_whole_climb_is_there_and_what_each_is_behind(table: Any) -> None:
    models = [name for name in CLIMB if name not in ("tabular-strong", "tabular-ensemble")]  # these take long
    found = compare_models(table("classification"), "y", models, folds=2)
    assert [one.model for one in found.entries] == models
    assert not [one.trouble for one in found.entries if one.trouble]
    best = [one for one in found.entries if one.behind is None and "log_loss" in one.scores]
    assert len(best) == 1
    for one in found.entries:
        if one.behind is not None:
            gap = one.scores["log_loss"].value - best[0].scores["log_loss"].value
            assert one.behind.value == pytest.approx(gap)
            assert gap >= 0


def test_neurons_are_left_out_of_quantities_unless_asked_for(table: Any) -> None:
    path = table("regression")
    asked = compare_models(path, "y", ["perceptron", "linear"], folds=2)
    assert [bool(one.trouble) for one in asked.entries] == [True, False]
    assert "tells classes apart" in asked.entries[0].trouble
    seen: list[str] = []

    def stop_at_tabular(model: str, *_: Any) -> None:
        seen.append(model)
        if model.startswith("tabular"):
            raise KeyboardInterrupt

    stopped = compare_models(path, "y", folds=2, on_fit=stop_at_tabular)
    assert stopped.stopped
    assert [one.model for one in stopped.entries] == ["dummy", "linear", "boosting", "mlp"]
    assert not {"perceptron", "adaline"} & set(seen)


def test_one_that_fails_does_not_end_the_others(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ValueError("no luck\nat all")

    monkeypatch.setattr("feedforward.baselines.LogisticRegression.fit", broken)
    result = run("compare", table("classification"), "-t", "y", "--models", "linear,dummy", "--folds", "2")
    assert "failed: linear: no luck at all" in result.stderr
    assert "dummy" in result.stdout
    assert "failed" in result.stdout


def test_folds_have_every_row_once_and_each_class_its_share() -> None:
    y = np.array(["rare"] * 10 + ["common"] * 90)
    parts = folds_of(y, "classification", 5, seed=1)
    assert sorted(np.concatenate([answered for _, answered in parts]).tolist()) == list(range(100))
    assert [int((y[answered] == "rare").sum()) for _, answered in parts] == [2] * 5
    lonely = np.array(["one"] + ["many"] * 9)
    assert len(folds_of(lonely, "classification", 3, seed=0)) == 3
    assert len(folds_of(np.arange(9.0), "regression", 4, seed=0)) == 4


def test_intervals_over_folds_hold_the_truth_at_least_as_often_as_they_say() -> None:
    """The mean of what new rows would score is 0.8: with 5 folds of 40 rows and no common noise, more than 95 %."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(300):
        found = over_folds((rng.uniform(size=(5, 40)) < 0.8).mean(axis=1).tolist(), 160, 40)
        held += found.low <= 0.8 <= found.high
    assert held / 300 > 0.93
    assert np.isnan(over_folds([None, 0.5], 10, 10).low)
    sure = over_folds([0.99, 1.0, 0.9], 20, 10, (0.0, 1.0))
    assert (sure.high, over_folds([0.01, 0.2], 20, 10, (0.0, 1.0)).low) == (1.0, 0.0)  # no share is beyond these
    assert sure.low == over_folds([0.99, 1.0, 0.9], 20, 10).low
    assert np.isnan(over_folds([None], 10, 10).value)


def test_what_cannot_be_is_refused_in_one_line(table: Any) -> None:
    path = table("classification")
    for arguments, words in (
        (["--models", "liner"], "There is no model 'liner' to compare. Did you mean 'linear'?"),
        (
            ["--folds", "100"],
            "folds must be from 2 to 75, for there are 150 rows; got 100. Take another number, or give",
        ),
        (["--kind", "a=numeric"], "--kind 'a=numeric' is no kind. Did you mean 'number'?"),
        (["--kind", "aa=number"], "--kind names a column the table does not have: 'aa'. Did you mean 'a'?"),
        (["--kind", "y=category"], "--kind names the target, 'y', and is for columns to learn from. Leave it out."),
        (["--task", "regression"], "is no number, and a regression predicts numbers"),
        (["--kind", "colour"], "--kind takes NAME=VALUE; got 'colour'."),
    ):
        result = run("compare", path, "-t", "y", *arguments, code=2)
        assert words in result.stderr
        assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("rows", [2, 3])
def test_too_few_rows_for_any_folds(rows: int, tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", [["a", "y"], *([i, i % 2] for i in range(rows))])
    for folds in ([], ["--folds", 2]):
        (line,) = run("compare", path, "-t", "y", *folds, code=2).stderr.splitlines()
        assert f"{rows} rows are too few to compare models on: folds need 4 or more. Give more rows." in line


def test_a_fold_that_leaves_one_class_to_learn_from_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", [["a", "y"], *([i, "rare" if i == 7 else "often"] for i in range(30))])
    (line,) = run("compare", path, "-t", "y", "--models", "dummy,linear", code=2).stderr.splitlines()
    assert "t.csv, target column 'y': where the rows of class 'rare' are answered for" in line
    assert "Give more rows of class 'rare'." in line
    rows = [[i, "rare" if i == 7 else "often" if i % 2 else "too"] for i in range(30)]
    found = compare_models(
        write(tmp_path / "t.csv", [["a", "y"], *rows]), "y", ["dummy", "linear", "boosting", "adaline"]
    )
    assert [one.trouble for one in found.entries] == [""] * 4


def test_ctrl_c_leaves_the_figures_of_those_done(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("feedforward.baselines.BoostedTrees.fit", stopped)
    result = run("compare", table("classification"), "-t", "y", "--folds", "2", "--models", "dummy,boosting", code=130)
    assert "stopped after 1 model, whose figures are whole" in result.stderr
    assert "dummy" in result.stdout
    assert "boosting" not in result.stdout


def test_kinds_reach_every_model(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [["id", "zip", "y"]]
    rows += [[f"n{i}", str(rng.integers(0, 3)), str(int(rng.uniform() < 0.5))] for i in range(300)]
    path = write(tmp_path / "t.csv", rows)
    models = ["linear", "boosting", "perceptron", "mlp", "tabular-fast"]
    refused = compare_models(path, "y", models, folds=2)
    assert all("identifier" in one.trouble for one in refused.entries)
    kinds = {"id": "drop", "zip": "category"}
    assert not [one.trouble for one in compare_models(path, "y", models, folds=2, kinds=kinds).entries if one.trouble]
