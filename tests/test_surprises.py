"""What a table holds that training never saw is said, and what training saw is not."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands import run, write
from feedforward import TableEncoder

CELLS = st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=12)


@settings(deadline=None)
@given(training=CELLS.filter(any), new=CELLS, as_categories=st.booleans())
def test_new_categories_and_gaps_are_counted(
    training: list[str | None], new: list[str | None], as_categories: bool
) -> None:
    columns = [pa.chunked_array([pa.array(cells, pa.string())]) for cells in (training, new)]
    if as_categories:
        columns = [column.dictionary_encode() for column in columns]
    encoder = TableEncoder(kinds={"x": "category"}).fit(pa.table([columns[0]], names=["x"]))
    sentences = encoder.surprises(pa.table([columns[1]], names=["x"]))
    unseen = [i for i, cell in enumerate(new) if cell is not None and cell not in training]
    gaps = [i for i, cell in enumerate(new) if cell is None]
    expected = []
    if len(gaps) == len(new):
        expected.append(f"column 'x': none of {len(new)} rows holds a value")
    elif gaps and None not in training:
        hold = "holds no value" if len(gaps) == 1 else "hold no value"
        expected.append(f"column 'x': {len(gaps)} of {len(new)} rows {hold}, first in row {gaps[0]} (counted from 0)")
    if unseen:
        hold = "holds a value" if len(unseen) == 1 else "hold values"
        place = f"first in row {unseen[0]} (counted from 0): {new[unseen[0]]!r}. Such a value is taken for none"
        expected.append(f"column 'x': {len(unseen)} of {len(new)} rows {hold} not seen in training, {place}")
    assert len(sentences) == len(expected)
    assert all(one.startswith(other) for one, other in zip(sentences, expected, strict=True)), sentences


KINDS: dict[str, tuple[list[Any], list[Any], list[str]]] = {
    "numbers": ([1.0, 2.0], [np.nan, 5e9, 3.0], ["1 of 3 rows holds no value", "median"]),
    "numbers with gaps": ([1.0, None], [None, 2.0], []),
    "numbers, now none": ([1.0, None], [None, None], ["none of 2 rows"]),
    "booleans": ([True, False], [None, True, None], ["2 of 3 rows hold no value", "row 0", "more common"]),
    "whole numbers": ([1, 2], [3, 4], []),
    "nothing, and now something": (
        [None, None],
        [None, 7],
        ["1 of 2 rows holds a value not seen", "row 1", ": 7."],
    ),
    "nothing, still": ([None, None], [None, None], []),
}


@pytest.mark.parametrize(("training", "new", "words"), KINDS.values(), ids=KINDS)
def test_other_kinds_of_columns(training: list[Any], new: list[Any], words: list[str]) -> None:
    sentences = TableEncoder().fit(pa.table({"x": training})).surprises(pa.table({"x": new}))
    assert len(sentences) == bool(words)
    assert [word for word in words if word not in sentences[0]] == []


def test_rare_and_dropped_and_declared_columns() -> None:
    training = pd.DataFrame({"rare": ["a", "a", "b"], "id": ["x", "y", "z"], "n": ["1", "2", "3"]})
    encoder = TableEncoder(max_categories=1, kinds={"id": "drop", "n": "number"}).fit(training)
    new = pd.DataFrame({"rare": ["c", "a"], "id": [None, "v"], "n": ["NA", "4"]})
    (sentence,) = encoder.surprises(new)  # rare levels share a column, with values never seen
    assert sentence.startswith("column 'n': 1 of 2 rows holds no value, first in row 0")


def test_many_columns_are_said_together() -> None:
    names = [f"c{i}" for i in range(35)]
    encoder = TableEncoder().fit(pa.table({name: ["a", "b"] for name in names}))
    sentences = encoder.surprises(pa.table({name: ["b", "z"] for name in names}))
    assert [sentence.partition(":")[0] for sentence in sentences[:-1]] == [f"column 'c{i}'" for i in range(10)]
    assert sentences[-1].startswith("New values, likewise, in 25 more columns: 'c10', 'c11'")
    assert sentences[-1].endswith("'c19', ...")


def test_commands_say_it_on_stderr(tmp_path: Path) -> None:
    towns = ["Rome", "Bern"]
    rows: list[list[Any]] = [["town", "age", "y"], *([towns[i % 2], i, "no" if i < 20 else "yes"] for i in range(40))]
    table, model = write(tmp_path / "t.csv", rows), tmp_path / "m.safetensors"
    run("train", table, "-t", "y", "-m", "adaline", "--out", model)
    assert "note" not in run("predict", model, table).stderr
    assert json.loads(run("evaluate", model, table, "--json").stdout)["notes"] == []
    new = write(tmp_path / "new.csv", [["town", "age", "y"], ["Oslo", 1, "no"], ["Rome", "", "yes"], ["Oslo", 2, "no"]])
    result = run("predict", model, new)
    assert result.stdout.count("\n") == 4
    assert Counter(line.partition(":")[0] for line in result.stderr.splitlines()) == {"note": 2}
    assert "note: column 'town': 2 of 3 rows hold values not seen in training, first in line 2" in result.stderr
    assert "note: column 'age': 1 of 3 rows holds no value, first in line 3" in result.stderr
    judged = run("evaluate", model, new, "--json")
    assert [f"note: {sentence}" for sentence in json.loads(judged.stdout)["notes"]] == judged.stderr.splitlines()
