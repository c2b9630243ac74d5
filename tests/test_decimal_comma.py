"""Tables with a comma before the fractions of numbers: every command makes of them what it makes of points."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from commands import run

N = 80


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"size": rng.normal(size=N), "rooms": rng.integers(1, 9, N), "town": rng.choice(["a", "b"], N)}
    )
    table.loc[::7, "size"] = np.nan
    table["price"] = table["size"].fillna(0) * 3 + table["rooms"] + 0.25
    folder = tmp_path_factory.mktemp("tables")
    table.to_csv(folder / "point.csv", index=False)
    table.to_csv(folder / "comma.csv", index=False, sep=";", decimal=",")
    return folder


def same_but_for_names(first: str, second: str) -> bool:
    def told(text: str) -> Any:
        facts = json.loads(text)
        return {
            name: value
            for name, value in facts.items()
            if name not in ("table", "model", "models", "seconds", "history")
        }

    return bool(told(first) == told(second))


def test_every_command_reads_them(folder: Path) -> None:
    models = {}
    for name, decimal in (("point", "."), ("comma", ",")):
        table, model = folder / f"{name}.csv", folder / f"{name}.safetensors"
        written = ("--decimal", decimal)
        quick = ("-m", "mlp", "-s", "max_epochs=2", "-s", "engine=numpy", "--json")
        models[name] = (
            run("train", table, "-t", "price", *quick, "--out", model, *written).stdout,
            run("predict", folder / "point.safetensors", table, *written).stdout,
            run("evaluate", folder / "point.safetensors", table, *written, "--json").stdout,
            run("compare", table, "-t", "price", "--models", "dummy,linear", "--folds", 2, *written, "--json").stdout,
        )
    for point, comma in zip(models["point"], models["comma"], strict=True):
        assert point == comma or same_but_for_names(point, comma)
    assert (folder / "point.safetensors").stat().st_size > 0


def test_without_it_each_command_advises_it(folder: Path) -> None:
    run("train", folder / "point.csv", "-t", "price", "-m", "mlp", "-s", "max_epochs=1", "--out", folder / "m")
    for arguments in (
        ("train", folder / "comma.csv", "-t", "price"),
        ("compare", folder / "comma.csv", "-t", "price"),
        ("predict", folder / "m", folder / "comma.csv"),
        ("evaluate", folder / "m", folder / "comma.csv"),
    ):
        (line,) = run(*arguments, code=2).stderr.splitlines()
        assert "comma.csv, line 3, column 'size': " in line
        assert "has a decimal comma" in line
        assert ". Give --decimal , if its commas are decimal; " in line


@pytest.mark.parametrize("decimal", [";", "", "comma", "٫"])
def test_what_is_no_mark_is_refused(decimal: str, folder: Path) -> None:
    (line,) = run("train", folder / "comma.csv", "-t", "price", "--decimal", decimal, code=2).stderr.splitlines()
    assert f"decimal must be '.' or ',', what stands before the fraction of a number; got {decimal!r}" in line


def test_it_is_for_text_alone(folder: Path, tmp_path: Path) -> None:
    pd.read_csv(folder / "point.csv").to_parquet(tmp_path / "t.parquet")
    (line,) = run("train", tmp_path / "t.parquet", "-t", "price", "--decimal", ",", code=2).stderr.splitlines()
    assert "encoding, delimiter and decimal are for CSV files" in line
