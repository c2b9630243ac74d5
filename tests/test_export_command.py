"""``feedforward export``: from a stored model to a file that answers without us."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest

import feedforward as ff
from commands import GOOD, run


@pytest.fixture(scope="module")
def stored(tmp_path_factory: Any) -> Path:
    folder = tmp_path_factory.mktemp("export")
    (folder / "t.csv").write_text(GOOD)
    out: Path = folder / "t.safetensors"
    run("train", folder / "t.csv", "-t", "y", "-m", "mlp", "-s", "max_epochs=3", "-s", "engine=numpy", "--out", out)
    return out


def test_onnx_stands_beside_the_model_and_answers(stored: Path) -> None:
    result = run("export", stored, "--to", "onnx")
    assert result.stdout.split() == ["onnx:", str(stored.with_suffix(".onnx"))]
    session = onnxruntime.InferenceSession(stored.with_suffix(".onnx"), providers=["CPUExecutionProvider"])
    rows = np.array([[3.0, np.nan], [35.0, 4.0]])
    labels, chances = session.run(None, {"a": rows[:, :1], "b": rows[:, 1:]})
    model = ff.load(stored)
    table = pd.DataFrame(rows, columns=["a", "b"])
    assert labels.tolist() == model.predict(table).tolist()
    np.testing.assert_allclose(chances, model.predict_proba(table), atol=1e-6)


@pytest.mark.parametrize("to", ["numpy", "torch"])
def test_source_is_a_program_that_tests_itself(stored: Path, to: str, tmp_path: Path) -> None:
    out = tmp_path / "answers.py"
    result = run("export", stored, "--to", to, "--out", out)
    assert result.stdout.split() == [f"{to}:", str(out), "weights:", str(tmp_path / "answers.npz")]
    done = subprocess.run([sys.executable, "-I", str(out)], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("ok\n", "")


@pytest.mark.parametrize("name", ["my-model.py", "class.py", "1.py", "my model.v2.py", "modèle½.py"])
def test_names_that_import_does_not_take_are_programs_all_the_same(stored: Path, name: str, tmp_path: Path) -> None:
    out = tmp_path / name
    result = run("export", stored, "--to", "numpy", "--out", out)
    done = subprocess.run([sys.executable, "-I", str(out)], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("ok\n", "")
    (note,) = result.stderr.splitlines()
    advised = re.search(r"write (predict = .*), or export it as --out (.*)\.py$", note)
    assert advised
    program = f"import runpy; {advised[1]}; print(*predict([{{'a': 3.0, 'b': None}}]))"
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ff.load(stored).predict(pd.DataFrame({"a": [3.0], "b": [np.nan]})).tolist()
    ast.parse(f"import {advised[2]}")
    assert "runpy.run_path" in (ast.get_docstring(ast.parse(out.read_text())) or "")


def test_names_that_import_takes_need_no_advice(stored: Path, tmp_path: Path) -> None:
    for name in ("my_model.py", "modèle.py", "match.py"):
        assert run("export", stored, "--to", "numpy", "--out", tmp_path / name).stderr == ""
        assert "runpy" not in (tmp_path / name).read_text()


@pytest.mark.parametrize("to", ["numpy", "torch"])
@pytest.mark.parametrize("name", ["numpy", "torch", "math", "hashlib", "feedforward", "types"])
def test_source_takes_no_place_of_a_module_that_it_needs(stored: Path, name: str, to: str, tmp_path: Path) -> None:
    (line,) = run("export", stored, "--to", to, "--out", tmp_path / f"{name}.py", code=2).stderr.splitlines()
    better = tmp_path / f"{name}_model.py"
    assert f"{name}.py would be imported in the place of the module '{name}'. Name it otherwise, as {better}" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "onnx", "--out", "model.py"], "path must end in .onnx with to='onnx'; got 'model.py'"),
        (["--to", "numpy", "--out", "/no/such/folder/m.py"], "there is no folder /no/such/folder"),
    ],
)
def test_bad_places_end_in_one_line(stored: Path, arguments: list[str], message: str) -> None:
    result = run("export", stored, *arguments, code=2)
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_model_itself_is_not_written_over(stored: Path, tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(stored.read_bytes())
    assert "--out" in run("export", model, "--to", "onnx", code=2).stderr
    assert model.read_bytes() == stored.read_bytes()


def test_a_file_that_predicts_nothing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    ff.save(ff.nn.Sequential(ff.nn.Linear(2, 1)), path)
    result = run("export", path, "--to", "onnx", code=2)
    assert "predicts nothing" in result.stderr
    assert not (tmp_path / "net.onnx").exists()
