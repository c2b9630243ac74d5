"""Numbers so large that a model makes nothing finite of them: an error names the cell, and no class is made up."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline

import feedforward as ff
from commands import run, write
from feedforward.errors import HugeNumberError, NotFiniteError
from feedforward.experiment import run_experiment

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = np.where(X.sum(axis=1) > 0, "yes", "no")
HUGE = X.copy()
HUGE[41, 1], HUGE[50, 0] = -1.5e308, 1.7e308

MODELS: dict[str, Any] = {
    "perceptron": ff.Perceptron(random_state=0),
    "adaline": ff.Adaline(random_state=0),
    "classifier": ff.MLPClassifier(dtype="float64", max_epochs=3, random_state=0),
    "classifier by numpy": ff.MLPClassifier(dtype="float64", engine="numpy", max_epochs=3, random_state=0),
    "linear classifier": ff.MLPClassifier((8,), dtype="float64", activation="identity", max_epochs=3, random_state=0),
    "regressor": ff.MLPRegressor(dtype="float64", max_epochs=3, random_state=0),
}


def methods(model: Any) -> list[str]:
    return [name for name in ("predict", "predict_proba", "decision_function", "net_input") if hasattr(model, name)]


def fitted(name: str, given: Any) -> Any:
    model = MODELS[name].fit(given, X[:, 0] if name == "regressor" else Y)
    return with_weights(model, 100.0)


def with_weights(model: Any, size: float) -> Any:
    """Return the model with its largest weight of this size, so that some numbers are too large for it."""
    for weights in [model.coef_] if hasattr(model, "coef_") else model.network_.parameters().values():
        weights *= size / np.abs(weights).max()
    return model


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("kind", ["array", "frame", "sparse"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_cell_to_blame_is_named(name: str, kind: str) -> None:
    make = {"array": np.asarray, "frame": lambda a: pd.DataFrame(a, columns=["a", "b", "c"]), "sparse": csr_matrix}[
        kind
    ]
    model = fitted(name, make(X))
    place = "'b'" if kind == "frame" else "1"
    for method in methods(model):
        with pytest.raises(HugeNumberError, match=rf"^Column {place} is -1\.5e\+308 at row 41 \(counted from 0\), "):
            getattr(model, method)(make(HUGE))
        assert np.asarray(getattr(model, method)(make(np.delete(HUGE, [41, 50], axis=0)))).shape[0] == 58


def test_what_float32_cannot_hold_is_named_by_its_column() -> None:
    model = ff.MLPClassifier(max_epochs=1, random_state=0).fit(pd.DataFrame(X, columns=["a", "b", "c"]), Y)
    with pytest.raises(ff.InputError, match=r"1\.7e\+308 at row 50 \(counted from 0\), column 'a'"):
        model.predict(pd.DataFrame(HUGE, columns=["a", "b", "c"]))


def test_saturated_units_give_probabilities_whatever_they_are_given() -> None:
    model = ff.MLPClassifier(activation="tanh", dtype="float64", max_epochs=3, random_state=0).fit(X, Y)
    probabilities = model.predict_proba(HUGE)
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_weights_that_diverged_are_blamed_where_they_are_larger() -> None:
    model = with_weights(ff.MLPClassifier(dtype="float64", max_epochs=1, random_state=0).fit(X, Y), 1e200)
    with pytest.raises(NotFiniteError, match=r"row 0 .* for its weights reach 1e\+200: .* diverged") as error:
        model.predict(X)
    assert not isinstance(error.value, HugeNumberError)


@pytest.mark.parametrize("size", ["1e+20", "1e+30", "1e+37"])
@pytest.mark.parametrize("engine", ["numpy", "compiled", "torch"])
@pytest.mark.parametrize("kind", ["one cell", "all cells", "sparse"])
@pytest.mark.parametrize("model", [ff.MLPClassifier, ff.MLPRegressor])
def test_inputs_too_large_to_learn_from_are_told_of_once_by_column(
    model: Any, kind: str, engine: str, size: str
) -> None:
    given = X.copy() if kind != "all cells" else X / np.abs(X).max() * float(size) / 10
    given[7, 1] = float(size)
    rows: Any = csr_matrix(given) if kind == "sparse" else pd.DataFrame(given, columns=["a", "b", "c"])
    column = "1" if kind == "sparse" else "'b'"
    with pytest.warns(ConvergenceWarning) as told:
        fitted = model((8,), engine=engine, max_epochs=3, random_state=0).fit(rows, (Y == "yes").astype(float))
    words = [str(warning.message) for warning in told if "column" in str(warning.message)]
    assert len(words) == 1, words
    assert re.search(rf"^\w+: column {column} reaches {re.escape(size)}", words[0]), words
    assert all(np.isfinite(array).all() for array in fitted.network_.parameters().values())


@pytest.mark.parametrize("size", [1e300, 1.7e308])
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_only_the_ratios_of_enormous_weights_count(name: str, size: float) -> None:
    shares = np.random.default_rng(1).integers(1, 5, 60) / 4
    targets = X[:, 0] if name == "regressor" else Y
    models = [clone(MODELS[name]).fit(X, targets, sample_weight=weights) for weights in (shares, size * shares)]
    one, other = (model.predict(X) for model in models)
    if name == "regressor":
        np.testing.assert_allclose(other, one)
    else:
        np.testing.assert_array_equal(other, one)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_enormous_weights_of_rows_and_of_classes_are_multiplied() -> None:
    weights = {"yes": 1e300, "no": 5e299}
    heavy = ff.Adaline(class_weight=weights, random_state=0).fit(X, Y, sample_weight=np.full(60, 1e300))
    light = ff.Adaline(class_weight={"yes": 1.0, "no": 0.5}, random_state=0).fit(X, Y)
    np.testing.assert_allclose(heavy.coef_, light.coef_)


LONG = ("-s", "max_epochs=100", "-s", "learning_rate=0.1")  # the weights are large enough then


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write(tmp_path / "t.csv", [["a", "b", "c", "y"], *([*row, label] for row, label in zip(X, Y, strict=True))])


@pytest.mark.parametrize("task", ["classes", "quantity"])
def test_commands_name_the_cell_of_the_table(task: str, table: Path, tmp_path: Path) -> None:
    model, target = tmp_path / "m.safetensors", {"classes": "y", "quantity": "c"}[task]
    run("train", table, "-t", target, "-m", "mlp", *LONG, "--out", model)
    rows = [["y", "c", "b", "a"], *([label, *row[::-1]] for row, label in zip(X, Y, strict=True))]
    rows[42][2] = "-1e300"
    new = write(tmp_path / "new.csv", rows)
    for command in ("predict", "evaluate"):
        result = run(command, model, new, code=2)
        assert result.stderr.startswith(f"error: {new}: Column 'b' is -1e+300 at line 43, too large")
        assert result.stderr.count("\n") == 1
        assert result.stdout == ""


def test_a_model_without_an_encoder_is_told_of_by_the_tables_names(table: Path, tmp_path: Path) -> None:
    ff.save(with_weights(ff.MLPClassifier(max_epochs=3, random_state=0).fit(X, Y), 100.0), tmp_path / "m")
    new = write(tmp_path / "new.csv", [["p", "q", "r"], *X[:5].tolist(), [0.0, 3e38, 1.0]])
    error = run("predict", tmp_path / "m", new, "--proba", code=2).stderr
    assert f"{new}: Column 'q' is 3e+38 at line 7, too large" in error


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_in_pipelines_the_encoded_column_is_named() -> None:
    frame = pd.DataFrame({"town": ["Oslo", "Rome"] * 30, "b": X[:, 1]})
    model = make_pipeline(ff.TableEncoder(), TransformedTargetRegressor(ff.MLPRegressor(max_epochs=2, random_state=0)))
    with_weights(model.fit(frame, X[:, 0])[1].regressor_, 100.0)
    with pytest.raises(HugeNumberError, match=r"^Column 2 is 3\.4.*e\+38 at row 3 "):
        model.predict(frame.assign(b=[*X[:3, 1], 1e300, *X[4:, 1]]))


def test_training_is_not_lost_where_a_row_of_the_test_cannot_be_scored(table: Path, tmp_path: Path) -> None:
    train = ("train", table, "-t", "y", "-m", "mlp", *LONG)
    tested = run_experiment(table, "y", "mlp", settings={"max_epochs": 1}).test[0].column("a")[5].as_py()
    table.write_text(table.read_text().replace(f"\n{tested},", "\n1e300,"))
    result = run(*train, "--out", tmp_path / "m", "--plot", tmp_path / "p.png", "--json")
    accuracy = json.loads(result.stdout)["accuracy"]
    assert (accuracy["test"], accuracy["train"] is None) == (None, False)
    line = 1 + table.read_text().split("1e300")[0].count("\n")
    assert f"warning: no score on the rows to test on. t.csv: Column 'a' is 1e+300 at line {line}, " in result.stderr
    assert "test none, train" in run("inspect", tmp_path / "m").stdout
    assert (tmp_path / "p.png").stat().st_size > 1000
