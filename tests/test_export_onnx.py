"""ONNX: a runtime that knows nothing of us gives our answers, from the columns of a table."""

import datetime
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest

import feedforward as ff
from exported import HOSTILE, NAMES, QUICK, case, table
from feedforward.errors import InputError, MissingPackageError
from feedforward.exports.graph import Graph
from feedforward.exports.onnx import ML_OPSET, OPSET, onnx_of
from feedforward.exports.onnx_calendar import calendar
from feedforward.exports.parts import parts_of

EPOCH = pd.Timestamp("1970-01-01")


@cache
def written(name: str) -> bytes:
    return onnx_of(parts_of(case(name).model))


def session(data: bytes) -> Any:
    return onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])


def fed(run: Any, rows: Any) -> dict[str, Any]:
    """Return rows as the documentation says that inputs want them."""
    inputs = {one.name: one.type for one in run.get_inputs()}
    if not isinstance(rows, pd.DataFrame) and rows.dtype != object:
        return dict.fromkeys(inputs, rows.astype(float))
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows, columns=[f"x{j}" for j in range(4)])
    found = {}
    for name, kind in inputs.items():
        column = frame[name]
        if kind == "tensor(string)":
            column = column.astype(object).where(column.notna(), "")
        elif pd.api.types.is_datetime64_any_dtype(column):
            column = (column - EPOCH) / pd.Timedelta(days=1)
        elif column.map(lambda cell: isinstance(cell, str)).any():  # dates as text
            column = (pd.to_datetime(column, format="%d.%m.%Y") - EPOCH) / pd.Timedelta(days=1)
        else:
            column = column.astype("Float64").to_numpy(float, na_value=np.nan)
        found[name] = np.asarray(column).reshape(-1, 1)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_runtime_answers_as_we_do(name: str) -> None:
    model, rows = case(name).model, case(name).rows
    run = session(written(name))
    outputs = [one.name for one in run.get_outputs()]
    prediction, *probabilities = run.run(None, fed(run, rows))
    expected = model.predict(rows)
    assert prediction.shape == expected.shape
    if hasattr(model, "predict_proba"):
        assert [name.rstrip("_") for name in outputs] == ["prediction", "probabilities"]
        chances = model.predict_proba(rows)
        np.testing.assert_allclose(probabilities[0], chances, rtol=0, atol=1e-6)
        sure = np.abs(chances - 0.5).min(axis=1) > 1e-5 if expected.ndim == 2 else _gap(chances) > 1e-5
        assert sure.mean() > 0.9
        assert (prediction == expected)[sure].all()
    elif prediction.dtype == np.float64 and name != "adaline":
        np.testing.assert_allclose(prediction, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())  # of float32
    else:
        assert (prediction == expected).all()


def _gap(chances: Any) -> Any:
    ordered = np.sort(chances, axis=1)
    return ordered[:, -1] - ordered[:, -2]


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_valid_whole_and_of_the_opset_that_is_promised(name: str) -> None:
    model = onnx.load_from_string(written(name))
    onnx.checker.check_model(model, full_check=True)
    assert {one.domain: one.version for one in model.opset_import} == {"": OPSET, "ai.onnx.ml": ML_OPSET}
    assert all(array.data_location == onnx.TensorProto.DEFAULT for array in model.graph.initializer)
    facts = json.loads(next(one.value for one in model.metadata_props if one.key == "feedforward"))
    assert set(facts["inputs"]) == {one.name for one in model.graph.input}
    classes = getattr(case(name).model, "classes_", None)
    assert facts["classes"] == (None if classes is None else classes.tolist())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("classes of text", "tensor(string)"),
        ("one member", "tensor(int64)"),
        ("booleans", "tensor(bool)"),
        ("adaline", "tensor(double)"),
        ("perceptron", "tensor(bool)"),
    ],
)
def test_labels_keep_their_type(name: str, kind: str) -> None:
    assert session(written(name)).get_outputs()[0].type == kind


def test_each_column_is_an_input_by_its_name() -> None:
    inputs = {one.name: one.type for one in session(written("numbers")).get_inputs()}
    assert inputs == {
        **dict.fromkeys(["size", "wide", "gain", "flag", "when", "day", "id", "always"], "tensor(double)"),
        **dict.fromkeys(["town", "colour", "sex"], "tensor(string)"),
    }  # no cell of "nothing" and "gone" counts


def test_a_column_named_like_an_output_keeps_its_name() -> None:
    run = session(written("hostile"))
    assert "prediction" in [one.name for one in run.get_inputs()]
    assert [one.name for one in run.get_outputs()] == ["prediction_", "probabilities"]
    assert set(HOSTILE[:5]) <= {one.name for one in run.get_inputs()}


@pytest.mark.parametrize("rows", [0, 1])
def test_few_rows_are_rows(rows: int) -> None:
    run = session(written("classes of text"))
    prediction, probabilities = run.run(None, fed(run, case("classes of text").rows[:rows]))
    assert prediction.shape == (rows,)
    assert probabilities.shape == (rows, 3)


def test_the_calendar_is_pythons() -> None:
    rng = np.random.default_rng(0)
    first, last = datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31)
    minutes = rng.integers(0, int((last - first).total_seconds()) // 60, 5000).tolist()
    moments = [first + datetime.timedelta(minutes=minute) for minute in minutes]
    moments += [datetime.datetime(year, *day) for year in (1900, 1999, 2000, 2024) for day in ((1, 1), (2, 28), (3, 1))]
    moments += [datetime.datetime(2000, 2, 29, 23, 59), datetime.datetime(2024, 12, 31, 23, 59, 59)]
    graph = Graph(["days"])
    found = calendar(graph, graph.input("days", np.dtype(np.float64), (None, 1), ""))
    for part, value in found.items():
        graph.output(part, value, np.dtype(np.int64), (None, 1))
    run = session(graph.model({"": OPSET}, 8, "0", {}))
    days = [(moment - datetime.datetime(1970, 1, 1)) / datetime.timedelta(days=1) for moment in moments]
    got = dict(zip(found, run.run(None, {"days": np.array(days)[:, None]}), strict=True))
    expected = {
        "year": [moment.year for moment in moments],
        "month": [moment.month for moment in moments],
        "day of month": [moment.day for moment in moments],
        "day of week": [moment.weekday() for moment in moments],
        "day of year": [moment.timetuple().tm_yday for moment in moments],
        "hour": [moment.hour for moment in moments],
        "minute": [moment.minute for moment in moments],
    }
    for part, numbers in expected.items():
        assert got[part][:, 0].tolist() == numbers, part


def test_empty_text_that_was_a_category_stays_one() -> None:
    frame = pd.DataFrame({"word": ["", "a", "b"] * 20, "x": np.arange(60.0)})
    model = ff.TabularClassifier(**QUICK).fit(frame, np.array(["no", "yes", "yes"] * 20))
    run = session(onnx_of(parts_of(model)))
    chances = run.run(["probabilities"], fed(run, frame))[0]
    np.testing.assert_allclose(chances, model.predict_proba(frame), atol=1e-6)


@pytest.mark.parametrize("levels", [(3, -2, 2**53), (1.5, 2.0, 1e300), (0.1, 0.2)])
def test_categories_that_are_numbers_are_told_apart_exactly(levels: tuple[float, ...]) -> None:
    def of(numbers: Any) -> pd.DataFrame:
        return pd.DataFrame({"id": pd.array(numbers, "object")}).astype(float)

    model = _fit(of((levels * 40)[:40]), {"id": "category"})
    rows = of([*levels, np.nan, 2.5, levels[0] + 1e-9, 1e18, -1e300])
    run = session(onnx_of(parts_of(model)))
    chances = run.run(["probabilities"], fed(run, rows))[0]
    np.testing.assert_allclose(chances, model.predict_proba(rows), atol=1e-6)
    assert np.ptp(chances[: len(levels), 0]) > 0


# What cannot be -----------------------------------------------------------------------------------------------------


def _fit(frame: pd.DataFrame, kinds: Any = None) -> Any:
    return ff.TabularClassifier(kinds=kinds, **QUICK).fit(frame, np.array(["no", "yes"] * 20))


def test_a_column_without_a_name_is_refused() -> None:
    with pytest.raises(InputError, match="A column has no name"):
        onnx_of(parts_of(_fit(pd.DataFrame({"": np.arange(40.0)}))))


def test_categories_that_no_double_is_are_refused() -> None:
    model = _fit(pd.DataFrame({"id": [2**53 + 1, 3] * 20}), {"id": "category"})
    with pytest.raises(InputError, match="'id' has the category 9007199254740993"):
        onnx_of(parts_of(model))


def test_a_model_that_reads_nothing_is_refused() -> None:
    model = _fit(pd.DataFrame({"a": [np.nan] * 40}))
    with pytest.raises(InputError, match="reads no column"):
        onnx_of(parts_of(model))


def test_classes_that_onnx_has_no_type_for_are_refused() -> None:
    X, y = np.array([[0.0], [1.0]] * 10), np.array([1, 2**63 + 5] * 10, np.uint64)
    model = ff.Perceptron().fit(X, y)
    with pytest.raises(InputError, match="Classes of type int, such as 9223372036854775813"):
        onnx_of(parts_of(model))


def test_without_the_package_it_says_what_to_install(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingPackageError, match=r'pip install "feedforward\[onnx\]"'):
        ff.export(case("shares").model, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_the_table_of_these_tests_has_gaps_and_new_values() -> None:
    rows, train = case("numbers").rows, table(300)[0]
    assert rows["town"].isna().any()
    assert not rows["colour"].dropna().isin(train["colour"].dropna()).all()
