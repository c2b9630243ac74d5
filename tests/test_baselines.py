"""The baselines: on any table, and as good as the same libraries used by hand."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

import feedforward as ff
from feedforward.baselines import BASELINES, baseline, stored_size
from feedforward.measures import answers_of


def mixed(n: int = 300) -> tuple[pa.Table, np.ndarray]:
    rng = np.random.default_rng(0)
    size = rng.normal(size=n)
    city = rng.integers(0, 300, n)
    table = pa.table(
        {
            "size": pa.array(size, mask=rng.uniform(size=n) < 0.1),
            "city": [f"c{code}" for code in city],
            "day": pa.array(np.datetime64("2024-01-01") + rng.integers(0, 400, n)),
            "open": rng.uniform(size=n) < 0.5,
            "nothing": pa.nulls(n),
        }
    )
    return table, size + (city % 2) + 0.1 * rng.normal(size=n)


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_every_baseline_takes_a_table_of_every_kind_of_column(name: str, task: str) -> None:
    table, y = mixed()
    if task == "classification":
        y = np.where(y > 0.5, "yes", "no")
    model = baseline(name, task, {"city": "category"}).fit(table, y)
    assert model.predict(table).shape == y.shape
    assert stored_size(model) > 0
    assert hasattr(model, "predict_proba") == (task == "classification")
    if task == "classification":
        chances = model.predict_proba(table)
        np.testing.assert_allclose(chances.sum(axis=1), 1)
        assert model.classes_.tolist() == ["no", "yes"]
    if name != "dummy":
        found = answers_of(model, table, y).measures()
        assert found["r2" if task == "regression" else "auc"](np.ones(len(y))) > 0.6


def test_boosting_sees_gaps_as_gaps_and_categories_as_categories() -> None:
    rng = np.random.default_rng(0)
    x = np.where(rng.uniform(size=400) < 0.2, np.nan, rng.normal(size=400))
    colour = rng.integers(0, 6, 400)
    y = (np.isnan(x) | (colour % 2 == 0)).astype(int)
    table = pa.table({"x": x, "colour": [f"c{code}" for code in colour]})
    ours = baseline("boosting", "classification").fit(table, y)
    theirs = HistGradientBoostingClassifier(categorical_features=[1], random_state=0).fit(
        np.column_stack([x, colour]), y
    )
    np.testing.assert_allclose(ours.predict_proba(table), theirs.predict_proba(np.column_stack([x, colour])), atol=0.02)
    new = pa.table({"x": [0.5, None], "colour": ["never seen", None]})
    np.testing.assert_allclose(
        ours.predict_proba(new), theirs.predict_proba([[0.5, np.nan], [np.nan, np.nan]]), atol=0.02
    )


def test_the_dummy_looks_at_no_column() -> None:
    table: Any = pa.table({"text": [f"row {i}, of its own" for i in range(200)]})  # which a TableEncoder refuses
    y = np.array([0] * 150 + [1] * 50)
    np.testing.assert_allclose(baseline("dummy", "classification").fit(table, y).predict_proba(table)[0], [0.75, 0.25])
    with pytest.raises(ff.InputError, match="identifier"):
        baseline("linear", "classification").fit(table, y)
