"""``feedforward export``: from a stored model to a file that answers without us."""

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
