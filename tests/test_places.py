"""Files that commands write: none destroys another, and what cannot be written is said before the work."""

import os
from pathlib import Path
from typing import Any

import pytest

import feedforward as ff
from commands import GOOD, nobody, run
from feedforward.disk import try_place, write_bytes

TRAIN = ("train", "t.csv", "-t", "y", "-m", "mlp", "-s", "max_epochs=1")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: Any) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(GOOD)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused_before_training(folder: Path, *arguments: Any) -> str:
    """Return the one line on stderr; nothing was written, and nothing trained: there is no table to train on."""
    Path("t.csv").write_text("no table at all")
    before = contents(folder)
    (line,) = run(*arguments, code=2).stderr.splitlines()
    assert contents(folder) == before
    assert line.startswith("error: ")
    return str(line)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--out", "a.png", "--plot", "a.png"], "--plot a.png and --out a.png are one file"),
        (["--out", "a.png", "--plot", "./none/../a.png"], "are one file"),
        (["--out", "a", "--checkpoint", "sub/../a"], "are one file"),
        (["--out", "a.previous", "--checkpoint", "a"], "are one file"),
        (["--plot", "a.png", "--checkpoint", "a.png"], "are one file"),
        (["--plot", "link.png", "--checkpoint", "linked.png"], "are one file"),
        (["--out", "twin", "--plot", "linked.png"], "are one file"),
        (["--out", "table"], "--out table is the table itself"),
        (["--out", "twin.csv"], "--out twin.csv is the table itself"),
        (["--checkpoint", "t.csv"], "--checkpoint t.csv is the table itself"),
    ],
    ids=" ".join,
)
def test_one_file_is_not_written_over_another(options: list[str], expected: str, folder: Path) -> None:
    Path("sub").mkdir()
    Path("none").mkdir()
    Path("linked.png").write_text("")
    Path("link.png").symlink_to("linked.png")
    Path("twin").hardlink_to("linked.png")
    Path("table").symlink_to("t.csv")
    Path("twin.csv").hardlink_to("t.csv")
    assert expected in refused_before_training(folder, *TRAIN, *options)


def test_answers_are_not_written_over_what_is_read(folder: Path) -> None:
    run("train", "t.csv", "-t", "y", "-m", "adaline", "--out", "m.csv")
    Path("link.csv").symlink_to("m.csv")
    before = contents(folder)
    assert "--out link.csv is the model itself" in run("predict", "m.csv", "t.csv", "--out", "link.csv", code=2).stderr
    assert "--out t.csv is the table itself" in run("predict", "m.csv", "t.csv", "--out", "./t.csv", code=2).stderr
    assert contents(folder) == before


@pytest.mark.parametrize("content", ["my notes", "\0" * 100, "{}" * 100], ids=["text", "zeros", "brackets"])
def test_a_model_takes_no_place_of_another_file(content: str, folder: Path) -> None:
    Path("notes").write_text(content)
    line = refused_before_training(folder, *TRAIN, "--out", "notes")
    assert "--out notes is there already, and is no model file, so it is not replaced. Name another file" in line


def test_a_checkpoint_takes_no_place_of_another_file(folder: Path) -> None:
    run(*TRAIN, "--out", "model")
    Path("notes").write_text("of a year")
    before = contents(folder)
    for name in ("notes", "model"):
        for resume in ([], ["--resume"]):
            line = run(*TRAIN, "--checkpoint", name, *resume, code=2).stderr
            assert f"{name} cannot be read" in line
            assert "Choose another path" in line
    assert contents(folder) == before


def test_a_model_takes_the_place_of_a_model_and_of_nothing(folder: Path) -> None:
    Path("model").write_bytes(b"")
    ff.save({"weight": ff.nn.Linear(1, 1).weight}, "weights")
    for name in ("model", "model", "weights"):
        run(*TRAIN, "--out", name)
        assert type(ff.load(name)).__name__ == "Pipeline"
    run(*TRAIN, "--checkpoint", "run")
    before = Path("run").read_bytes()
    assert "no model file" in run(*TRAIN, "--out", "run", code=2).stderr
    assert Path("run").read_bytes() == before


@pytest.mark.parametrize("option", ["--out", "--plot", "--checkpoint"])
@pytest.mark.parametrize("name", ["locked/a.png", "n" * 251 + ".png", "t.csv/a.png", "."])
def test_what_cannot_be_written_is_said_before_the_work(option: str, name: str, folder: Path) -> None:
    folder.chmod(0o755)
    run(*TRAIN, "--out", "model", "--plot", "picture.png", "--checkpoint", "run")  # imports all that nobody cannot
    Path("locked").mkdir(mode=0o555)
    if (option, name) == ("--plot", "."):
        name = "folder.png"
        Path(name).mkdir()
    with nobody(folder):
        (line,) = run(*TRAIN, option, name, code=2).stderr.splitlines()
    assert name in line
    assert any(word in line for word in ("permission denied", "name too long", "folder", "path of a file")), line
    assert list(Path("locked").iterdir()) == []


def test_a_long_name_can_be_written(folder: Path) -> None:
    for name in ("n" * 255, "é" * 127, "字" * 85, "\U0001f600" * 63):
        assert try_place(name).name == name
        write_bytes(name, b"data")
        assert Path(name).read_bytes() == b"data"
        os.unlink(name)
    assert set(contents(folder)) == {"t.csv"}
