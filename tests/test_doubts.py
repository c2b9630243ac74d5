"""What is doubtful about a table is said where it is, and of nothing else."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from commands import run
from feedforward.doubts import doubts
from feedforward.tables.encoding import TableEncoder

N = 30
RNG = np.random.default_rng(0)
WHOLE = RNG.integers(0, 900, N)


def said_of(cells: Any, **settings: Any) -> list[str]:
    encoder = TableEncoder(kinds=settings.get("kinds")).fit(pd.DataFrame({"x": cells}))
    return doubts("t.csv", "y", np.array(["a", "b"] * N), "classification", encoder, settings.get("kinds") or ())


NEARLY = {
    "percents": [f"{i}%" for i in WHOLE],
    "percents, apart": [f"{i} %" for i in WHOLE],
    "euros": [f"€ {i}.50" for i in WHOLE],
    "dollars": [f"${i:,}" for i in WHOLE * 1000],
    "pounds": [f"-{i}£" for i in WHOLE],
    "decimal commas": [f"{i},5" for i in WHOLE],
    "thousands": [f"{i * 1000 + 1000:,}" for i in WHOLE],
    "some words among them": [f"{i}%" if i % 9 else "none" for i in range(N)],
}
NOT = {
    "words": RNG.choice(["red", "blue", "green", "grey", "black", "white"], N).tolist(),
    "codes": [f"{i:03}" for i in WHOLE],
    "sizes": RNG.choice(["3XL", "XL", "L", "M", "S", "XS"], N).tolist(),
    "numbers in words": [f"{i} of 9" for i in WHOLE],
    "dates": [f"{1 + i % 28}.1.2024" for i in WHOLE],
    "few": RNG.choice(["10%", "20%"], N).tolist(),
    "half": [f"{i}%" if i % 2 else f"word {i}" for i in range(N)],
    "numbers": WHOLE.tolist(),
}


@pytest.mark.parametrize("cells", NEARLY.values(), ids=NEARLY)
def test_text_that_is_nearly_numbers_is_said(cells: list[str]) -> None:
    (sentence,) = said_of(cells)
    assert sentence.startswith("t.csv, column 'x': cells such as '")
    assert "are taken for categories, not for numbers. Write them like 1234.5, or say" in sentence
    assert said_of(cells, kinds={"x": "category"}) == []
    assert said_of(cells, kinds={"x": "drop"}) == []


@pytest.mark.parametrize("cells", NOT.values(), ids=NOT)
def test_other_columns_are_not(cells: list[Any]) -> None:
    assert said_of(cells) == []


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (
            ["yes", "yes ", "no"],
            "classes 'yes' and 'yes ' differ in nothing but spaces or capitals, and are learned as 2",
        ),
        (["Yes", "no", "yes"], "classes 'Yes' and 'yes' differ"),
        (
            ["a  b", "a b", "A b", "c"],
            "classes 'A b' and 'a  b' and 'a b' differ in nothing but spaces or capitals, and",
        ),
        (["yes", "no", "n o"], None),
        ([1, 2, 3], None),
        ([True, False], None),
    ],
    ids=str,
)
def test_classes_that_are_two_for_a_space_or_a_capital(labels: list[Any], words: str | None) -> None:
    found = doubts("t.csv", "y", np.array(labels * 2), "classification", None)
    assert len(found) == (words is not None)
    assert words is None or f"t.csv, target column 'y': {words}" in found[0]
    assert doubts("t.csv", "y", np.array([1.0, 2.0, 2.0]), "regression", None) == []


def test_the_command_says_it_in_its_own_words(tmp_path: Path) -> None:
    share = [f"{i}%" for i in WHOLE]
    table = pd.DataFrame({"share": share, "size": WHOLE, "y": ["yes", "no", "yes "] * (N // 3)})
    table.to_csv(tmp_path / "t.csv", index=False)
    first, second = run("train", tmp_path / "t.csv", "-t", "y", "-m", "adaline").stderr.splitlines()
    assert first.startswith("warning: t.csv, target column 'y': classes 'yes' and 'yes ' differ")
    assert second.endswith("or say that they are categories: --kind 'share=category'.")
    assert (
        len(run("train", tmp_path / "t.csv", "-t", "y", "-m", "adaline", "-k", "share=category").stderr.splitlines())
        == 1
    )
