"""The arithmetic of `benchmarks/accuracy.py`: splits, measures, ranks, comparisons, and the file of records."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.stats import entropy
from sklearn.metrics import roc_auc_score

from accuracy_fits import Fit, append_record, auc, key, read_records, scores
from accuracy_models import Levels, given
from accuracy_report import Results, compared, gain, mean_ranks, sheets, time_ratio
from accuracy_tables import Table, sources


def record(table: str, model: str, seed: int, **found: Any) -> dict[str, Any]:
    facts = {"version": "1", "max_rows": None, "threads": 2, "loaded": False}
    return {"table": table, "model": model, "seed": seed, **facts, **found}


def losses(**tables: dict[str, list[float]]) -> Results:
    """Return log losses of table and model, one for each seed."""
    return Results(
        record(table, model, seed, log_loss=loss, fit_seconds=1.0, fit_cpu_seconds=2.0)
        for table, models in tables.items()
        for model, values in models.items()
        for seed, loss in enumerate(values)
    )


def classes(y: Any) -> Table:
    y = np.asarray(y, np.float64)
    return Table("t", pd.DataFrame({"x": y}), y, int(y.max()) + 1, (), ())


def test_a_split_takes_a_fifth_of_each_class_and_no_row_twice() -> None:
    table = classes(np.repeat([0, 1, 2], [100, 50, 2]))
    train, test = table.split(0)
    assert sorted([*train, *test]) == list(range(152))
    assert np.bincount(table.y[test].astype(int), minlength=3).tolist() == [20, 10, 0]
    assert not np.array_equal(test, table.split(1)[1])


def test_the_prior_has_the_entropy_of_the_classes_as_its_loss_and_no_order() -> None:
    y = np.repeat([0, 1, 2], [5, 3, 2])
    found = scores(classes(y), y, np.tile([0.5, 0.3, 0.2], (10, 1)))
    assert_allclose([found["log_loss"], found["auc"], found["accuracy"]], [entropy([0.5, 0.3, 0.2]), 0.5, 0.5])


def test_a_certain_mistake_has_a_finite_loss_and_a_wrong_shape_is_an_error() -> None:
    y = np.array([0, 1])
    assert_allclose(scores(classes(y), y, np.array([[1.0, 0.0], [1.0, 0.0]]))["log_loss"], -np.log(1e-7) / 2, rtol=1e-6)
    with pytest.raises(ValueError, match="3 probabilities a row for 2 classes"):
        scores(classes(y), y, np.full((2, 3), 1 / 3))


@pytest.mark.parametrize("k", [2, 4])
def test_auc_is_the_macro_average_against_the_rest(k: int) -> None:
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(k), 200)
    y = np.arange(200) % k
    expected = roc_auc_score(y, p[:, 1]) if k == 2 else roc_auc_score(y, p, multi_class="ovr")
    assert_allclose(auc(y, p), expected)
    assert_allclose(auc(y, np.column_stack([p, np.zeros(200)])) if k > 2 else expected, expected)  # a class not here


def test_a_gain_changes_its_sign_with_the_sides_and_is_bounded() -> None:
    assert gain("log_loss", 0.1, 0.2) == 0.5 == -gain("log_loss", 0.2, 0.1)
    assert gain("log_loss", 1e-9, 7.0) < 1
    assert_allclose(gain("r2", 0.9, 0.7), 0.2)


def test_a_comparison_pairs_seeds_and_counts_each_table_once() -> None:
    results = losses(
        a={"ours": [0.3, 0.1], "peer": [0.4]},  # seed 1 has no pair
        b={"ours": [0.2, 0.4], "peer": [0.2, 0.4]},
        c={"ours": [0.1]},  # nor has c
    )
    found = compared(results, "ours", "peer", "log_loss")
    assert found is not None
    assert_allclose([found.tables, found.mean, found.error, found.won], [2, 0.125, 0.125, 0.75])
    assert compared(results, "ours", "peer", "r2") is None


def test_ranks_are_of_tables_that_all_have_and_draws_share() -> None:
    results = losses(
        a={"x": [0.1], "y": [0.2, 0.0], "z": [0.2]},  # seed 1 is left out: x has none
        b={"x": [0.3], "y": [0.2], "z": [0.1]},
        c={"x": [0.1], "y": [0.2]},
    )
    assert mean_ranks(results, ["x", "y", "z"], "log_loss") == (2, {"x": 2.0, "y": 2.25, "z": 1.75})
    assert mean_ranks(results, ["x", "y"], "log_loss") == (3, {"x": 4 / 3, "y": 5 / 3})


def test_of_r2_the_largest_is_first() -> None:
    results = Results([record("a", "x", 0, r2=0.9), record("a", "y", 0, r2=0.1)])
    assert mean_ranks(results, ["x", "y"], "r2") == (1, {"x": 1.0, "y": 2.0})


def test_seconds_under_load_or_of_other_threads_do_not_compare() -> None:
    def ratio(what: str, **changed: Any) -> float:
        mine = record("a", "ours", 0, r2=0.5, fit_seconds=3.0, fit_cpu_seconds=8.0)
        theirs = {**record("a", "peer", 0, r2=0.5, fit_seconds=6.0, fit_cpu_seconds=2.0), **changed}
        return time_ratio(Results([mine, theirs]), "ours", "peer", what)

    assert_allclose([ratio("fit_seconds"), ratio("fit_cpu_seconds", loaded=True)], [0.5, 4.0])
    assert np.isnan([ratio("fit_seconds", loaded=True), ratio("fit_seconds", threads=1)]).all()


def test_the_newest_record_counts_and_a_failure_is_named() -> None:
    done = {"auc": 0.5, "accuracy": 0.5, "fit_seconds": 1.0, "predict_seconds": 1.0, "fit_cpu_seconds": 1.0}
    old, new = (record("a", "x", 0, log_loss=loss, **done) for loss in (0.5, 0.25))
    results = Results([old, new, record("b", "x", 0, error="ValueError: too wide")])
    assert results.found["a", "x"] == {0: new}
    pages = {sheet.title: sheet.rows for sheet in sheets(results, ["x"], [])}
    assert pages["Failed, and left out above"] == [("b", "x", "0", "ValueError: too wide")]


def test_records_survive_a_line_that_was_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "new" / "r.jsonl"
    first, second = record("a", "x", 0, r2=0.5), record("a", "y", 0, r2=0.5)
    append_record(path, first)
    path.write_text(path.read_text() + json.dumps(first)[:20])
    append_record(path, second)
    assert read_records(path) == [first, second]
    assert key(second) == Fit("a", "y", 0, "1", None)


def test_levels_are_those_of_training_and_the_rarest_become_one() -> None:
    train = pd.DataFrame({"c": ["a"] * 4 + ["b"] * 3 + ["d"] * 2 + ["e", None]})
    new = pd.DataFrame({"c": ["b", "e", "never", None]})
    assert Levels(["c"]).fit(train).transform(new)["c"].cat.codes.tolist() == [1, 3, -1, -1]
    few = Levels(["c"], most=3).fit(train).transform(new)["c"]
    assert few.cat.categories.tolist() == ["a", "b", "(rare)"]
    assert few.cat.codes.tolist() == [1, 2, -1, -1]


def test_dates_are_text_or_days(tmp_path: Path) -> None:
    entry = {"name": "t", "file": "t.csv", "target": "y", "task": "regression"}
    index = [{**entry, "categorical_features": ["c"], "date_features": ["when"]}]
    (tmp_path / "datasets.json").write_text(json.dumps(index))
    (tmp_path / "t.csv").write_text("c,when,y\n1,1970-01-02,0.5\nNA,1970-01-03,1\n,1970-01-03,2\n")
    table = sources(tmp_path)["t"]()
    X, categories = given(table)
    assert (categories, X["c"].tolist()) == (["c", "when"], ["1", "NA", None])
    assert X["when"].tolist() == ["1970-01-02", "1970-01-03", "1970-01-03"]
    X, categories = given(table, 1)
    assert (categories, X["when"].tolist()) == (["c"], [1.0, 2.0, 2.0])


def test_without_a_description_the_last_column_is_the_target(tmp_path: Path) -> None:
    (tmp_path / "classes.csv").write_text("a,b,y\n1,u,no\n2,,yes\n3,u,no\n")
    pd.DataFrame({"a": [1.0, 2.0], "y": [0.5, 1.5]}).to_parquet(tmp_path / "quantity.parquet")
    found = sources(tmp_path)
    of_classes, quantity = found["classes"](), found["quantity"]()
    assert (of_classes.n_classes, of_classes.y.tolist(), of_classes.categories) == (2, [0, 1, 0], ("b",))
    assert (quantity.n_classes, quantity.y.tolist(), quantity.numbers) == (0, [0.5, 1.5], ["a"])
