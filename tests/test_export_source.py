"""Plain source: files that need NumPy alone, or NumPy and torch, give our answers, and read well."""

import ast
import json
import math
import runpy
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.pipeline import Pipeline

import feedforward as ff
from exported import HOSTILE, NAMES, QUICK, case, later, records, table
from feedforward.errors import FileError, InputError, SettingError
from feedforward.exports import runtime, writing
from feedforward.tables.dates import FORMATS, PARTS, DateColumn
from feedforward.tables.scaling import Scaler

# Answers for stored rows, and what each file says of itself, in a process in which little else can be imported.
RUNNER = """
import contextlib, io, json, runpy, sys
allowed, blocked, folder = sys.argv[1].split(), sys.argv[2].split(), sys.argv[3]

class Wall:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in blocked or allowed and top not in allowed and top not in sys.stdlib_module_names:
            raise ImportError(f"{name} is not here")

sys.meta_path.insert(0, Wall())
answers = {}
for name, rows in json.load(open(f"{folder}/rows.json", encoding="utf-8")).items():
    with contextlib.redirect_stdout(io.StringIO()) as said:
        file = runpy.run_path(f"{folder}/of {name}.py", run_name="__main__")
    columns = {key: [row[key] for row in rows] for key in rows[0]} if isinstance(rows[0], dict) else rows
    answers[name] = [
        said.getvalue(),
        file["predict"](rows).tolist(),
        file["predict"](columns).tolist(),
        file["predict_proba"](rows).tolist() if "predict_proba" in file else None,
    ]
print(json.dumps(answers))
"""
OURS = "feedforward pyarrow sklearn scipy pandas polars numba narwhals onnx"


@pytest.fixture(scope="module", params=["numpy", "torch"])
def answered(request: Any, tmp_path_factory: Any) -> tuple[Path, dict[str, Any]]:
    """Every case written out, and what a fresh process makes of it."""
    folder = tmp_path_factory.mktemp(request.param)
    for name in NAMES:
        ff.export(case(name).model, folder / f"of {name}.py", to=request.param)
    rows = {name: records(case(name).rows) for name in NAMES}
    (folder / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    allowed = "numpy" if request.param == "numpy" else ""  # torch imports what it likes
    command = [sys.executable, "-I", "-W", "error", "-c", RUNNER, allowed, OURS, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


@pytest.mark.parametrize("name", NAMES)
def test_a_process_without_us_answers_as_we_do(answered: Any, name: str) -> None:
    model, rows = case(name).model, case(name).rows
    said, prediction, of_columns, chances = answered[1][name]
    assert said == "ok\n"
    assert of_columns == prediction
    expected = model.predict(rows)
    if hasattr(model, "predict_proba"):
        np.testing.assert_allclose(chances, model.predict_proba(rows), rtol=0, atol=1e-6)
        assert np.mean(np.array(prediction) == expected) > 0.97  # all but rows between two classes
    elif hasattr(model, "classes_"):
        assert prediction == expected.tolist()
    else:
        np.testing.assert_allclose(prediction, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())  # of float32


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_python_that_ruff_has_nothing_against(answered: Any, name: str) -> None:
    path = answered[0] / f"of {name}.py"
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert not (answered[0] / "pwned").exists()


def test_arrays_beside_it_need_no_pickle(answered: Any) -> None:
    with np.load(answered[0] / "of numbers.npz", allow_pickle=False) as file:
        assert {array.dtype for array in file.values()} == {np.dtype(np.float32)}


# Names cannot become code -------------------------------------------------------------------------------------------


def _shape_of(text: str) -> str:
    """Return the syntax tree with every literal taken for the same."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            node.value = None
    return ast.dump(tree)


def test_hostile_names_change_literals_alone(tmp_path: Path) -> None:
    shapes = []
    for i, names in enumerate([HOSTILE[::-1], ("f", "e", "d", "c", "b", "a")]):
        frame = pd.DataFrame({names[0]: np.arange(60.0), names[1]: [names[2], names[3], "z"] * 20})
        y = np.array(sorted(names[4:6]) * 30)
        path = tmp_path / ['it\'s "x"\n{0}.py', "plain.py"][i]
        ff.export(ff.TabularClassifier(**QUICK).fit(frame, y), path, to="numpy")
        shapes.append(_shape_of(path.read_text(encoding="utf-8")))
        assert runpy.run_path(str(path))["predict"](frame.to_dict("records")).shape == (60,)
    assert shapes[0] == shapes[1]


# Reading rows -------------------------------------------------------------------------------------------------------


def _number(cell: Any) -> Any:
    return runtime.number_of(cell, "a", 3)


@pytest.mark.parametrize("cell", [None, "", " NA ", "nan"])
def test_missing_numbers_are_nan(cell: Any) -> None:
    assert math.isnan(_number(cell))


@pytest.mark.parametrize(("cell", "number"), [(1, 1), (True, 1), ("false", 0), (" 2.5 ", 2.5), (np.float32(0.5), 0.5)])
def test_numbers_are_read(cell: Any, number: float) -> None:
    assert _number(cell) == number


@pytest.mark.parametrize("cell", ["many", "1_000", math.inf, "1e999", [1], {}, 1j])
def test_what_is_no_number_is_named(cell: Any) -> None:
    with pytest.raises(ValueError, match=r"Column 'a' must hold (finite )?numbers; got .* in row 3 \(counted from 0\)"):
        _number(cell)


@pytest.mark.parametrize("missing", [None, math.nan, np.float32("nan"), np.datetime64("NaT"), pd.NA, pd.NaT])
def test_what_does_not_equal_itself_is_missing(missing: Any) -> None:
    assert runtime.cells([{"a": missing}, {"a": 0}], "a", 2) == [None, 0]


def test_columns_that_are_not_there_or_too_short_are_named() -> None:
    with pytest.raises(ValueError, match="no column 'b'"):
        runtime.cells([{"a": 1}], "b", 1)
    with pytest.raises(ValueError, match="no column 'b'"):
        runtime.cells({"a": [1]}, "b", 1)
    with pytest.raises(ValueError, match="'a' has 1 cells and another has 2"):
        runtime.cells({"a": [1]}, "a", 2)


@pytest.mark.parametrize("scaling", ["standard", "robust", "smooth_clip", "none"])
@pytest.mark.parametrize("embed_above", [None, 4])
@pytest.mark.parametrize("more", [{}, {"date_parts": True}, {"spikes": True}], ids=str)
def test_encoding_is_the_encoders(scaling: str, embed_above: int | None, more: dict[str, bool], tmp_path: Path) -> None:
    frame = table(120)[0]
    frame.loc[:1, "wide"] = [-1.7e308, 3e307]
    settings: dict[str, Any] = {"scaling": scaling, "embed_above": embed_above, **more}
    encoder = ff.TableEncoder(max_categories=20, kinds={"gone": "drop", "day": "date", "id": "category"}, **settings)
    width = encoder.fit_transform(frame).shape[1]
    neuron = ff.Perceptron(max_mistakes=width).fit(np.eye(width), np.arange(width) % 2)
    ff.export(Pipeline([("encoder", encoder), ("neuron", neuron)]), tmp_path / "model.py", to="numpy")
    rows = later(table(60, 1)[0])
    rows.loc[14:16, "wide"] = [1.7e308, -1.7e308, 5e-324]
    found = runpy.run_path(str(tmp_path / "model.py"))["encode"](records(rows))
    most = float(np.finfo(np.float32).max)  # what a network can be given
    np.testing.assert_allclose(found, np.clip(encoder.transform(rows), -most, most), rtol=1e-12, atol=1e-12)


def test_categories_are_written_by_their_form() -> None:
    rows = {"a": ["x", "z", None, "y"]}
    settings: dict[str, Any] = {"at": 1, "holds": "text", "levels": ["x", "y"]}
    raw = np.zeros((3, 4, 5))
    runtime.read_levels(rows, "a", raw[0], form="flags", other=3, missing=4, **settings)
    runtime.read_levels(rows, "a", raw[1], form="pair", **settings)
    runtime.read_levels(rows, "a", raw[2], form="code", **settings)
    assert raw[0].tolist() == [[0, 1, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1], [0, 0, 1, 0, 0]]
    assert raw[1, :, 1].tolist() == [-1, 0, 0, 1]
    assert raw[2, :, 1].tolist() == [1, 0, 0, 2]


def test_the_scaling_is_the_scalers() -> None:
    raw = np.array([[1.0, np.nan], [1e300, 5.0], [-4.0, 2.0]])
    scalers = Scaler(2.0, 1.0, 0.5, clipped=True), Scaler(3.0, 0.0, 0.0)
    found = runtime.scaled(raw, {"a": [2.0, 1.0, 0.5, 3.0], "b": [3.0, 0.0, np.inf, np.inf]})
    expected = np.column_stack([scaler(column) for scaler, column in zip(scalers, raw.T, strict=True)])
    np.testing.assert_allclose(found, expected, rtol=1e-15)


def test_links_are_those_of_the_losses() -> None:
    z = np.array([[0.2, 0.9, 0.0], [0.0, 0.0, 0.0], [900.0, -900.0, 3.0]])
    np.testing.assert_allclose(runtime.softmax(z), ff.nn.CrossEntropyLoss().probabilities(z), rtol=1e-12)
    np.testing.assert_allclose(runtime.shares(z[:2]), ff.nn.MSELoss().probabilities(z[:2]), rtol=1e-12)


def test_booleans_are_no_other_numbers() -> None:
    raw = np.zeros((2, 1))
    runtime.read_numbers({"a": [True, None]}, "a", raw, at=0, boolean=True)
    with pytest.raises(ValueError, match="'a' must hold booleans, or 0 and 1; got 0.5 in row 1"):
        runtime.read_numbers({"a": [False, 0.5]}, "a", raw, at=0, boolean=True)


def test_text_and_numbers_are_not_the_same_category() -> None:
    raw = np.zeros((1, 1))
    with pytest.raises(ValueError, match="'a' must hold text; got 3 in row 0"):
        runtime.read_levels([{"a": 3}], "a", raw, at=0, form="code", holds="text", levels=["3"])
    runtime.read_levels([{"a": "3"}], "a", raw, at=0, form="code", holds="number", levels=[1, 3])
    assert raw == 2


@pytest.mark.parametrize("written", FORMATS)
def test_dates_are_read_as_the_encoder_reads_them(written: str) -> None:
    rng = np.random.default_rng(0)
    moments = [datetime(1900, 1, 1) + timedelta(minutes=int(m)) for m in rng.integers(0, 10**8, 200)]
    texts = [written.replace("YYYY", f"{m.year}").replace("MM", f"{m:%m}").replace("DD", f"{m:%d}") for m in moments]
    texts = [text.replace("Mon", f"{m:%b}") for text, m in zip(texts, moments, strict=True)]
    texts = [f"{text} {moment:%H:%M}" for text, moment in zip(texts, moments, strict=True)]
    if written[0] != "Y":  # as people write
        texts[:50] = [text.lstrip("0").replace(" 0", " ") for text in texts[:50]]
    column = pa.chunked_array([[*texts, None]])
    fitted = DateColumn.fit(column, "a", [written], True, "none")
    assert fitted is not None
    assert fitted.parts == PARTS
    expected, found = np.empty((201, 8)), np.zeros((201, 8))
    fitted.write(column, "a", expected[:, :8], np.empty((201, 1)))
    rows = [{"a": cell} for cell in column.to_pylist()]
    runtime.read_dates(rows, "a", found, at=0, parts=list(PARTS), written=written)
    np.testing.assert_allclose(found[:200], expected[:200], rtol=1e-15)
    assert np.isnan(found[200]).all()


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        (date(1970, 1, 2), 86_400),
        (datetime(1970, 1, 1, 1), 3600),
        (datetime(1970, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), 0),
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (pd.Timestamp("1970-01-01 00:01"), 60),
        (np.datetime64("1970-01-01T00:00:05", "ns"), 5),
        (np.timedelta64(5, "m"), 300),
        (timedelta(minutes=1), 60),
        (time(0, 1, 1), 61),
        ("1970-01-01T02:00:00+01:00", 3600),
    ],
)
def test_moments_of_every_type_are_read(cell: Any, seconds: int) -> None:
    assert runtime.microseconds(cell, "YYYY-MM-DD", "a", 0) == seconds * 1_000_000


@pytest.mark.parametrize("cell", ["31.12.2024", "2024-02-30", "soon", 3.5])
def test_what_is_no_date_is_named(cell: Any) -> None:
    with pytest.raises(ValueError, match=r"Column 'a' must hold dates.* in row 7 \(counted from 0\)"):
        runtime.microseconds(cell, "YYYY-MM-DD", "a", 7)


@pytest.mark.parametrize("unit", [None, "UTC"])
def test_dates_as_categories_are_told_apart(unit: str | None, tmp_path: Path) -> None:
    days = [datetime(2024, 1, 1 + i % 3, 5 * (i % 3)) for i in range(40)]
    column = pa.array(days, pa.timestamp("us", unit))
    y = np.array(["no", "yes"] * 20)
    model = ff.TabularClassifier(kinds={"a": "category"}, **QUICK).fit(pa.table({"a": column}), y)
    ff.export(model, tmp_path / "model.py", to="numpy")
    file = runpy.run_path(str(tmp_path / "model.py"), run_name="__main__")
    found = file["predict_proba"]({"a": column.to_pylist()})
    np.testing.assert_allclose(found, model.predict_proba(pa.table({"a": column})), atol=1e-6)
    assert np.ptp(found[:3, 0]) > 0


def test_rows_without_names_must_be_numbers() -> None:
    with pytest.raises(ValueError, match=r"shape \(n, 3\); got \(2, 2\)"):
        runtime.read_matrix([[1, 2], [3, 4]], 3)
    with pytest.raises(ValueError, match="without gaps"):
        runtime.read_matrix([[1, math.nan]], 2)
    with pytest.raises(ValueError, match=r"'b' must hold numbers, for .* got None in row 1"):
        runtime.read_complete({"a": [1, 2], "b": [1, None]}, ["a", "b"])


def test_no_rows_are_no_answers(answered: Any) -> None:
    file = runpy.run_path(str(answered[0] / "of numbers.py"))
    assert file["predict"]([]).shape == (0,)


# Files --------------------------------------------------------------------------------------------------------------


def test_weights_of_another_export_are_refused(tmp_path: Path) -> None:
    ff.export(case("shares").model, tmp_path / "model.py", to="numpy")
    ff.export(case("float64").model, tmp_path / "other.py", to="numpy")
    (tmp_path / "other.npz").replace(tmp_path / "model.npz")
    with pytest.raises(ValueError, match=r"'model.npz' is not the file that was written with this one"):
        runpy.run_path(str(tmp_path / "model.py"))


def test_a_self_test_that_fails_says_so(tmp_path: Path) -> None:
    ff.export(case("shares").model, tmp_path / "model.py", to="numpy")
    text = (tmp_path / "model.py").read_text(encoding="utf-8")
    broken = text.replace('if __name__ == "__main__":', 'W["layer_0_weight"] += 1\nif __name__ == "__main__":')
    (tmp_path / "model.py").write_text(broken, encoding="utf-8")
    with pytest.raises(SystemExit, match="answers differ from those of training"):
        runpy.run_path(str(tmp_path / "model.py"), run_name="__main__")


def test_what_stood_there_stays_if_writing_fails(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "model.py"
    path.write_text("mine", encoding="utf-8")

    def fails(place: Path, data: bytes) -> None:
        raise FileError(f"{place} was not written: no space left on device.")

    monkeypatch.setattr(writing, "write_bytes", fails)
    with pytest.raises(FileError, match="no space left"):
        ff.export(case("shares").model, path, to="numpy")
    assert [place.name for place in tmp_path.iterdir()] == ["model.py"]
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("path", "to", "message"),
    [
        ("model.txt", "onnx", r"path must end in \.onnx with to='onnx'; got 'model\.txt'"),
        ("model.onnx", "torch", r"path must end in \.py"),
        ("model.py", "jax", "to must be"),
        (7, "onnx", "path must be"),
    ],
)
def test_settings_that_cannot_be_are_refused(path: Any, to: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        ff.export(case("shares").model, path, to=to)


def test_a_folder_that_is_not_there_is_named() -> None:
    with pytest.raises(FileError, match="there is no folder"):
        ff.export(case("shares").model, "/no/such/folder/model.onnx")


class _MyClassifier(ff.MLPClassifier):
    """Of a class that may do anything."""


def _pipelines() -> list[tuple[Any, str]]:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    X, y = np.array([[0.0], [1.0], [2.0]]), np.array([0.0, 1.0, 2.0])
    scaled = make_pipeline(StandardScaler(), ff.Adaline(max_epochs=1)).fit(X, [0, 1, 1])
    squeezed = TransformedTargetRegressor(ff.MLPRegressor(max_epochs=1, engine="numpy"), transformer=MinMaxScaler())
    return [
        (ff.MLPClassifier(), "This MLPClassifier is not fitted"),
        (make_pipeline(ff.TableEncoder(), ff.MLPRegressor()), "This MLPRegressor is not fitted"),
        (TransformedTargetRegressor(ff.MLPRegressor()), "This TransformedTargetRegressor is not fitted"),
        (_MyClassifier(), "_MyClassifier cannot be exported: give one of TabularClassifier, "),
        ([1, 2], "list cannot be exported"),
        (scaled, "A Pipeline of StandardScaler, Adaline cannot be exported"),
        (squeezed.fit(X, y), "of MLPRegressor and MinMaxScaler cannot be exported"),
    ]


@pytest.mark.filterwarnings("ignore")
def test_models_that_cannot_be_exported_are_named(tmp_path: Path) -> None:
    for model, message in _pipelines():
        with pytest.raises(InputError, match=message):
            ff.export(model, tmp_path / "model.py", to="numpy")
    assert list(tmp_path.iterdir()) == []


def test_many_levels_stand_at_the_end(tmp_path: Path) -> None:
    ff.export(case("numbers").model, tmp_path / "model.py", to="numpy")
    tree = ast.parse((tmp_path / "model.py").read_text(encoding="utf-8"))
    names = {node.targets[0].id: node.lineno for node in tree.body
             if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)}  # fmt: skip
    functions = {node.name: node.lineno for node in tree.body if isinstance(node, ast.FunctionDef)}
    levels = [name for name in names if name.startswith("LEVELS_")]
    assert len(levels) == 1
    assert names[levels[0]] > max(functions.values()) > functions["encode"] > functions["predict"]
    town = set(table(300)[0]["town"].dropna())
    assert town <= set(runpy.run_path(str(tmp_path / "model.py"))[levels[0]])
