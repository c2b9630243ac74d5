"""TableEncoder: numbers as scikit-learn scales them, categories as it encodes them, and a state that is plain data."""

import json
import pickle
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, RobustScaler, StandardScaler

from feedforward import InputError, SettingError, TableEncoder


def table(**columns: Any) -> Any:
    return pa.table(columns)


def encoded(column: Any, **settings: Any) -> list[list[float]]:
    rows: list[list[float]] = TableEncoder(**settings).fit_transform(table(x=column)).tolist()
    return rows


def names(encoder: TableEncoder) -> list[str]:
    return [str(name) for name in encoder.get_feature_names_out()]


MIXED = pd.DataFrame(
    {
        "age": [31.0, np.nan, 52.0, 18.0, 31.0],
        "zip": [1, 3, 3, 2, 3],
        "city": ["Rome", "Oslo", None, "Rome", "Bern"],
        "member": [True, False, True, True, False],
        "since": pd.to_datetime(["2020-01-01", "2021-06-30", None, "2019-02-03", "2024-02-29"]),
        "note": ["a", "b", "c", "d", "e"],
        "empty": [None] * 5,
    }
)
KINDS = {"zip": "category", "note": "drop"}


# Numbers -----------------------------------------------------------------------------------------------------------

NUMBERS = st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=30).filter(lambda values: np.ptp(values) > 1e-3)


@given(values=NUMBERS, others=NUMBERS)
def test_scales_as_scikit_learn_does(values: list[float], others: list[float]) -> None:
    x, new = np.array(values)[:, None], np.array(others)[:, None]
    ours, theirs = TableEncoder().fit(x), StandardScaler().fit(x)
    assert_allclose(ours.transform(new), theirs.transform(new), rtol=1e-6, atol=1e-6)


@given(values=NUMBERS)
def test_robust_scaling_is_scikit_learns(values: list[float]) -> None:
    x = np.array(values)[:, None]
    if np.ptp(np.quantile(x, [0.25, 0.75])) > 1e-3:
        theirs = RobustScaler().fit_transform(x)
        assert_allclose(TableEncoder(scaling="robust").fit_transform(x), theirs, rtol=1e-6, atol=1e-6)


def test_robust_scaling_where_most_values_are_equal_still_scales() -> None:
    assert_allclose(encoded([0.0] * 9 + [10.0], scaling="robust")[-1], [10 / 3])  # the standard deviation is 3


def test_without_scaling_numbers_pass() -> None:
    assert encoded([1.5, None, -3.0, 7.0], scaling="none") == [[1.5, 0], [1.5, 1], [-3.0, 0], [7.0, 0]]


def test_constant_columns_are_zero_in_training_and_after() -> None:
    encoder = TableEncoder().fit(table(x=[0.1] * 7))
    assert not encoder.transform(table(x=[0.1, 5.0])).any()


@pytest.mark.parametrize("scaling", ["standard", "robust", "smooth_clip"])
@pytest.mark.parametrize(
    "values",
    [[1e300, -1e300, 0.0], [1.7e308, -1.7e308] * 4, [1e-300, 2e-300, 3e-300], [0.0, 1e12, 2.0], [5e-324, 0.0, 0.0]],
    ids=str,
)
def test_extreme_numbers_stay_finite(values: list[float], scaling: str) -> None:
    encoder = TableEncoder(scaling=scaling).fit(table(x=values))
    assert np.isfinite(encoder.transform(table(x=values))).all()
    extremes = encoder.transform(table(x=[1.7e308, -1.7e308]))
    assert np.isfinite(extremes.astype(np.float32)).all()
    assert (np.abs(encoder.transform(table(x=values))) <= 10).all()


@pytest.mark.parametrize("dtype", ["int8", "uint64", "float16", "float32", "int64"])
def test_numbers_of_any_width(dtype: str) -> None:
    x = np.array([[1], [2], [4]], dtype=dtype)
    assert_allclose(TableEncoder().fit_transform(x), StandardScaler().fit_transform(x.astype(float)), rtol=1e-6)
    assert_allclose(encoded(x[:, 0]), StandardScaler().fit_transform(x.astype(float)), rtol=1e-6)


def test_decimals_and_whole_numbers_beyond_int64() -> None:
    assert encoded([Decimal("1.5"), Decimal("2.5")]) == [[-1.0], [1.0]]
    huge = np.array([[10**30, "a"], [3 * 10**30, "b"]], dtype=object)
    assert np.allclose(TableEncoder().fit_transform(huge)[:, 0], [-1.0, 1.0])


# Missing values ----------------------------------------------------------------------------------------------------


def test_gaps_are_filled_with_the_median_and_marked_where_training_had_some() -> None:
    encoder = TableEncoder(scaling="none").fit(table(gaps=[1.0, None, 3.0, 10.0], whole=[1.0, 2.0, 3.0, 9.0]))
    assert names(encoder) == ["gaps", "gaps (missing)", "whole"]
    new = table(gaps=[None, float("nan")], whole=[None, 4.0])
    assert encoder.transform(new).tolist() == [[3.0, 1.0, 2.5], [3.0, 1.0, 4.0]]


def test_null_and_nan_are_both_missing() -> None:
    null = TableEncoder().fit_transform(pl.DataFrame({"x": [1.0, None, 3.0]}))
    nan = TableEncoder().fit_transform(pl.DataFrame({"x": [1.0, float("nan"), 3.0]}))
    assert_array_equal(null, nan)
    assert_array_equal(null, TableEncoder().fit_transform(np.array([[1.0], [np.nan], [3.0]])))


def test_booleans_fill_with_the_more_common() -> None:
    encoder = TableEncoder().fit(table(x=[True, True, False, None]))
    assert names(encoder) == ["x", "x (missing)"]
    assert encoder.transform(table(x=[True, False, None])).tolist() == [[1, 0], [0, 0], [1, 1]]
    assert TableEncoder().fit(table(x=[True, False])).transform(table(x=[True, None])).tolist() == [[1], [1]]


def test_missing_is_a_level_only_where_training_had_gaps() -> None:
    with_gaps = TableEncoder().fit(table(x=["a", "b", None]))
    assert names(with_gaps) == ["x=a", "x=b", "x (missing)"]
    assert with_gaps.transform(table(x=[None, "b"])).tolist() == [[0, 0, 1], [0, 1, 0]]
    without = TableEncoder().fit(table(x=["a", "b"]))
    assert without.transform(table(x=[None, "b"])).tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize("kind", [pa.null(), pa.float64(), pa.string(), pa.bool_(), pa.date32()], ids=str)
@pytest.mark.parametrize("declared", [None, "number", "category", "boolean", "date"])
def test_columns_without_values_are_zero(kind: Any, declared: str | None) -> None:
    kinds = None if declared is None else {"x": declared}
    encoder = TableEncoder(kinds=kinds).fit(table(x=pa.nulls(3, kind), y=[1, 2, 3]))
    assert encoder.kinds_ == {"x": "empty", "y": "number"}
    assert not encoder.transform(table(x=["now", "some", "text"], y=[1, 2, 3]))[:, 0].any()


@pytest.mark.parametrize("name", ["age", "zip", "city", "member", "since"])
def test_any_column_may_be_all_missing_afterwards(name: str) -> None:
    encoder = TableEncoder(kinds=KINDS).fit(MIXED)
    assert np.isfinite(encoder.transform(MIXED.assign(**{name: None}))).all()


# Categories --------------------------------------------------------------------------------------------------------


@given(values=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=40), new=st.lists(st.sampled_from("abcxyz")))
def test_one_hot_is_scikit_learns_but_for_the_order(values: list[str], new: list[str]) -> None:
    new = [*new, "a"]
    ours = TableEncoder().fit(table(x=values))
    order = [label.removeprefix("x=") for label in names(ours)]
    theirs = OneHotEncoder(categories=[order], handle_unknown="ignore", sparse_output=False)
    theirs.fit(np.array(values, dtype=object)[:, None])
    assert_array_equal(ours.transform(table(x=new)), theirs.transform(np.array(new, dtype=object)[:, None]))
    counts = [values.count(level) for level in order]
    assert counts == sorted(counts, reverse=True)


@given(values=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=40), seed=st.integers(0, 9))
def test_the_order_of_rows_does_not_matter(values: list[str], seed: int) -> None:
    shuffled = np.random.default_rng(seed).permutation(values).tolist()
    assert names(TableEncoder().fit(table(x=values))) == names(TableEncoder().fit(table(x=shuffled)))


def test_rare_levels_share_a_column_with_values_never_seen() -> None:
    encoder = TableEncoder(max_categories=2).fit(table(x=["a", "a", "a", "b", "b", "c", "d"]))
    assert names(encoder) == ["x=a", "x=b", "x (other)"]
    assert encoder.transform(table(x=["b", "c", "new", None])).tolist() == [[0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 0, 0]]


def test_just_enough_levels_need_no_other() -> None:
    encoder = TableEncoder(max_categories=2).fit(table(x=["a", "b"]))
    assert encoder.transform(table(x=["new"])).tolist() == [[0, 0]]


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(["a", "b", "a"], dtype="category"),
        pd.Series(["a", "b", "a"], dtype=object),
        pd.Series(["a", "b", "a"], dtype="string"),
        pl.Series(["a", "b", "a"], dtype=pl.Enum(["b", "a", "never"])),
        pl.Series(["a", "b", "a"], dtype=pl.Categorical),
        pa.array(["a", "b", "a"], pa.large_string()),
        pa.array(["a", "b", "a"]).dictionary_encode(),
    ],
    ids=lambda column: f"{type(column).__module__}-{getattr(column, 'dtype', '')}",
)
def test_text_of_any_library_is_a_category(column: Any) -> None:
    library = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}[
        type(column).__module__.partition(".")[0]
    ]
    encoder = TableEncoder().fit(library({"x": column}))
    assert names(encoder) == ["x=a", "x=b"]
    assert encoder.transform(table(x=["b"])).tolist() == [[0, 1]]


def test_categories_of_numbers_compare_by_value() -> None:
    encoder = TableEncoder(kinds={"x": "category"}).fit(table(x=[3, 3, 1, 2**62 + 1]))
    assert names(encoder) == ["x=3", "x=1", f"x={2**62 + 1}"]
    assert encoder.transform(table(x=[2**62 + 1, 2**62])).tolist() == [[0, 0, 1], [0, 0, 0]]
    assert encoder.transform(table(x=[3.0, 1.5, -0.0])).tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]
    with pytest.raises(InputError, match=r"Column 'x' .* numbers, not text; got '3' at row 0 .*text_columns=\['x'\]"):
        encoder.transform(table(x=["3"]))


def test_categories_of_fractions_and_booleans() -> None:
    halves = TableEncoder(kinds={"x": "category"}).fit(table(x=[0.5, 2.0, 0.5]))
    assert names(halves) == ["x=0.5", "x=2.0"]
    assert halves.transform(table(x=[2, 7])).tolist() == [[0, 1], [0, 0]]
    assert names(TableEncoder(kinds={"x": "category"}).fit(table(x=[True, False, True]))) == ["x=True", "x=False"]


def test_categories_beyond_int64() -> None:
    encoder = TableEncoder(kinds={"x": "category"}).fit(table(x=pa.array([2**64 - 1, 1], pa.uint64())))
    assert encoder.transform(table(x=[1])).tolist() == [[1, 0]]


def test_blank_text_declared_a_number_is_missing() -> None:
    encoder = TableEncoder(kinds={"x": "number"}, scaling="none").fit(table(x=["1", "3"]))
    assert encoder.transform(table(x=[" ", "NA"])).tolist() == [[2], [2]]


def test_dates_as_categories_compare_whatever_their_unit() -> None:
    days = pa.array([datetime(2024, 1, 1), datetime(2024, 1, 2)], pa.timestamp("s"))
    encoder = TableEncoder(kinds={"x": "category"}).fit(table(x=days))
    assert encoder.transform(table(x=days.cast(pa.timestamp("ns")))).tolist() == [[1, 0], [0, 1]]


def test_identifiers_are_refused_with_advice_unless_declared() -> None:
    ids = [f"customer {i}" for i in range(200)]
    with pytest.raises(InputError, match=r"Column 'x' looks like an identifier .* 200 different .*'drop'.*'category'"):
        TableEncoder().fit(table(x=ids))
    assert TableEncoder(kinds={"x": "category"}).fit(table(x=ids)).transform(table(x=ids)).shape == (200, 51)
    assert TableEncoder(kinds={"x": "drop"}).fit_transform(table(x=ids, y=range(200))).shape == (200, 1)


@pytest.mark.parametrize("rows", [5, 60, 100])
def test_small_tables_may_have_a_level_a_row(rows: int) -> None:
    assert TableEncoder().fit(table(x=[f"city {i}" for i in range(rows)])).kinds_ == {"x": "category"}


def test_many_honest_levels_are_no_identifier() -> None:
    assert TableEncoder().fit(table(x=[f"city {i % 700}" for i in range(1000)])).kinds_ == {"x": "category"}


# Dates -------------------------------------------------------------------------------------------------------------

NOON = datetime(2000, 1, 1, 12)
DAYS = 10957.5  # from 1970-01-01 to the noon of 2000-01-01


@pytest.mark.parametrize(
    ("column", "days"),
    [
        (pa.array([date(2000, 1, 1)]), DAYS - 0.5),
        (pa.array([date(2000, 1, 1)], pa.date64()), DAYS - 0.5),
        *[(pa.array([NOON], pa.timestamp(unit)), DAYS) for unit in ("s", "ms", "us", "ns")],
        (pa.array([NOON.replace(tzinfo=UTC)], pa.timestamp("us", "America/New_York")), DAYS),
        (pa.array([datetime(1969, 12, 31)]), -1.0),
        (pa.array([time(6)], pa.time32("s")), 0.25),
        (pa.array([time(6)], pa.time64("ns")), 0.25),
        (pa.array([timedelta(days=2)]), 2.0),
    ],
    ids=lambda value: str(getattr(value, "type", value)),
)
def test_dates_become_days(column: Any, days: float) -> None:
    encoder = TableEncoder(scaling="none").fit(table(x=column))
    assert encoder.kinds_ == {"x": "date"}
    assert encoder.transform(table(x=column)).tolist() == [[days]]


def test_dates_of_pandas_and_numpy() -> None:
    for frame in (MIXED[["since"]], MIXED[["since"]].to_numpy()):
        values = TableEncoder(scaling="none").fit_transform(frame)
        assert values[0].tolist() == [18262.0, 0.0]
        assert values[2, 1] == 1.0


# Kinds -------------------------------------------------------------------------------------------------------------


def test_kinds_are_found_from_types() -> None:
    encoder = TableEncoder(kinds=KINDS).fit(MIXED)
    assert encoder.kinds_ == {
        "age": "number",
        "zip": "category",
        "city": "category",
        "member": "boolean",
        "since": "date",
        "note": "drop",
        "empty": "empty",
    }
    assert encoder.text_columns_ == ["city"]
    described = {name: f"{kind}: {details}" for name, kind, details in encoder.describe()}
    assert list(described) == list(MIXED)
    assert described["age"].startswith("number: center 33, scale 12.1")
    assert described["city"] == "category: 3 levels: Rome, Bern, Oslo; missing is a level"
    assert "always 0" in described["empty"]


@pytest.mark.parametrize(
    ("kind", "column", "values"),
    [
        ("number", ["1", " 2.5 ", None], [[1.0, 0], [2.5, 0], [1.75, 1]]),
        ("number", ["007", "010"], [[7], [10]]),
        ("number", [True, False], [[1], [0]]),
        ("boolean", ["true", "False"], [[1], [0]]),
        ("boolean", [0, 1], [[0], [1]]),
        ("date", ["1970-01-02", "1970-01-03"], [[1], [2]]),
        ("category", [7, 7, 8], [[1, 0], [1, 0], [0, 1]]),
    ],
    ids=str,
)
def test_declared_kinds(kind: str, column: list[Any], values: list[list[float]]) -> None:
    assert encoded(column, kinds={"x": kind}, scaling="none") == values


@pytest.mark.parametrize(
    ("kind", "column", "word"),
    [
        ("number", ["1", "two"], "numbers; got 'two' at row 1"),
        ("number", [date(2000, 1, 1)], "numbers, not date; got"),
        ("boolean", [1, 2], "got 2 at row 1"),
        ("boolean", ["true", "maybe"], "got 'maybe' at row 1"),
        ("date", ["2024-01-31", "soon"], "dates written YYYY-MM-DD; got 'soon' at row 1"),
        ("date", [5], "dates, not number; got 5 at row 0"),
    ],
    ids=str,
)
def test_declared_kinds_that_do_not_fit(kind: str, column: list[Any], word: str) -> None:
    with pytest.raises(InputError, match=f"Column 'x' must hold {'.*' * (not word[0].isalpha())}.*{word}"):
        TableEncoder(kinds={"x": kind}).fit(table(x=column))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kinds": {"agee": "number"}}, r"'agee'\. Did you mean 'age'\?"),
        ({"kinds": {"age": "categorical"}}, r"kinds\['age'\] is no kind: 'categorical'\. Did you mean 'category'\?"),
        ({"kinds": {"age": 3}}, r"kinds\['age'\] is no kind: 3"),
        ({"kinds": ["age"]}, r"kinds must be None or a dict"),
        ({"scaling": "minmax"}, r"scaling must be 'standard' or 'robust' or 'smooth_clip' or 'none'; got 'minmax'"),
        ({"embed_above": 0}, r"embed_above must be None or a whole number of 1 or more; got 0"),
        ({"max_categories": 0}, r"max_categories must be a whole number of 1 or more; got 0"),
    ],
    ids=str,
)
def test_bad_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        TableEncoder(**settings).fit(MIXED)


# Bad tables --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (MIXED.drop(columns="zip"), r"^The feature names should match those.*yet now missing:\n- zip\n"),
        (MIXED.assign(extra=1), r"^The feature names should match those.*unseen at fit time:\n- extra\n"),
        (MIXED[MIXED.columns[::-1]], r"^The feature names should match those.*same order.*in that order\.$"),
        (MIXED.assign(age=["3", "4", "x", "5", "6"]), r"'age' must hold numbers, not text; got 'x' at row 2"),
        (MIXED.assign(age=["3", "4", "5", "5", "6"]), r"'age' must hold numbers, not text; got '3' at row 0"),
        (MIXED.assign(age=[1.0, 2.0, np.inf, 3.0, 4.0]), r"^Input X contains infinity: column 'age' is inf at row 2"),
        (
            MIXED.assign(city=[None, 2.0, 3.0, 4.0, 5.0]),
            r"'city' must hold .* that are text, not number; got 2",
        ),
        (MIXED.assign(member=[0, 1, 2, 0, 1]), r"'member' must hold booleans, or 0 and 1; got 2 at row 2"),
        (MIXED.assign(city=[[1]] * 5), r"'city' is of type list.*Convert or drop"),
        (MIXED.assign(since=1), r"'since' must hold dates, not number; got 1 at row 0"),
        (MIXED[:0], r"^Found array with 0 sample\(s\)"),
        (MIXED[[]], r"^X has 0 features, but TableEncoder is expecting 7 features as input\. Give the columns"),
        (MIXED.to_numpy()[:, :3], r"^X has 3 features, but TableEncoder is expecting 7 features as input"),
    ],
    ids=range(13),
)
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_tables_unlike_training(new: Any, message: str) -> None:
    encoder = TableEncoder(kinds=KINDS).fit(MIXED)
    with pytest.raises(InputError, match=f"(?s){message}"):
        encoder.transform(new)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (table(x=[1.0, -np.inf]), r"^Input X contains infinity: column 'x' is -inf at row 1"),
        (np.array([[1.0, 2.0], [np.nan, np.inf]]), r"^Input X contains infinity: column 'x1' is inf at row 1"),
        (table(x=[[1, 2]]), r"Column 'x' is of type list.*'drop'"),
        (np.array([[1], ["a"]], dtype=object), r"Column 'x0' of the table mixes types: number at row 0, text at row 1"),
        ([[1, 2], [3]], r"^Expected 2D array, got 1D array instead"),
        (pl.DataFrame(), r"^Found array with 0"),
        (pd.DataFrame({"x": []}), r"^Found array with 0 sample\(s\)"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), r"two columns named 'a'"),
    ],
    ids=range(8),
)
def test_tables_that_cannot_be_encoded(X: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        TableEncoder().fit(X)


def test_transform_before_fit() -> None:
    encoder = TableEncoder()
    for use in (lambda: encoder.transform(MIXED), encoder.get_feature_names_out, encoder.describe, encoder.get_state):
        with pytest.raises(NotFittedError):
            use()


# scikit-learn's conventions ----------------------------------------------------------------------------------------


def test_lists_and_object_arrays_mix_types_by_column() -> None:
    rows = [[1, "a", True], [2, "b", False], [3, "a", True]]
    encoder = TableEncoder().fit(rows)
    assert encoder.kinds_ == {"x0": "number", "x1": "category", "x2": "boolean"}
    assert not hasattr(encoder, "feature_names_in_")
    assert_array_equal(encoder.transform(rows), TableEncoder().fit_transform(np.array(rows, dtype=object)))
    assert encoder.get_feature_names_out(["n", "c", "b"]).tolist() == ["n", "c=a", "c=b", "b"]


def test_arrays_of_text() -> None:
    assert names(TableEncoder().fit(np.array([["a"], ["b"]]))) == ["x0=a", "x0=b"]


def test_frames_whose_names_are_numbers() -> None:
    encoder = TableEncoder(kinds={"x1": "drop"}).fit(pd.DataFrame([[1, "a"], [2, "b"]]))
    assert encoder.kinds_ == {"x0": "number", "x1": "drop"}
    assert not hasattr(encoder, "feature_names_in_")


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_set_output(library: str) -> None:
    frame = TableEncoder(kinds=KINDS).set_output(transform=library).fit_transform(MIXED)
    assert list(frame.columns) == names(TableEncoder(kinds=KINDS).fit(MIXED))
    assert_array_equal(frame.to_numpy(), TableEncoder(kinds=KINDS).fit_transform(MIXED))


def test_names_are_distinct_even_where_columns_are_named_like_ours() -> None:
    encoder = TableEncoder().fit(pd.DataFrame({"a": [1.0, None], "a (missing)": [1, 2]}))
    assert len(set(names(encoder))) == 3


def test_every_library_gives_the_same_numbers() -> None:
    expected = TableEncoder(kinds=KINDS).fit_transform(MIXED)
    batch = pa.RecordBatch.from_pandas(MIXED)
    for frame in (pl.from_pandas(MIXED), pa.Table.from_pandas(MIXED), batch, MIXED.set_index(MIXED.index + 5)):
        assert_array_equal(TableEncoder(kinds=KINDS).fit_transform(frame), expected)


def test_in_a_pipeline_and_a_column_transformer() -> None:
    y = [0, 1, 1, 0, 1]
    pipeline = make_pipeline(TableEncoder(kinds=KINDS), LogisticRegression())
    assert pipeline.fit(MIXED, y).predict(MIXED).shape == (5,)
    columns = ColumnTransformer([("table", TableEncoder(), ["age", "city"])])
    assert_array_equal(columns.fit_transform(MIXED), TableEncoder().fit_transform(MIXED[["age", "city"]]))


# Storing -----------------------------------------------------------------------------------------------------------


def fitted(**settings: Any) -> TableEncoder:
    return TableEncoder(kinds=KINDS, max_categories=2, **settings).fit(MIXED)


@pytest.mark.parametrize("scaling", ["standard", "robust", "none"])
@pytest.mark.parametrize(
    "copied",
    [
        lambda encoder: pickle.loads(pickle.dumps(encoder)),
        lambda encoder: TableEncoder.from_state(
            json.loads(json.dumps(encoder.get_state()[0], allow_nan=False)), encoder.get_state()[1]
        ),
        lambda encoder: clone(encoder).fit(MIXED),
    ],
    ids=["pickle", "state", "clone"],
)
def test_copies_transform_alike_to_the_bit(copied: Any, scaling: str) -> None:
    encoder = fitted(scaling=scaling)
    twin = copied(encoder)
    new = MIXED.assign(age=[0.1, 1e300, np.nan, -7.7, 3.0], city=["Rome", "Oslo", "new", None, "Bern"])
    assert twin.transform(new).tobytes() == encoder.transform(new).tobytes()
    assert twin.get_params() == encoder.get_params()
    assert twin.describe() == encoder.describe()
    assert_array_equal(twin.feature_names_in_, encoder.feature_names_in_)
    assert names(twin) == names(encoder)


@given(
    levels=st.one_of(
        st.lists(st.text(st.characters(codec="utf-8")), min_size=1),
        st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1),
        st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1),
        st.lists(st.booleans(), min_size=1),
    )
)
def test_levels_survive_json_with_their_type(levels: list[Any]) -> None:
    encoder = TableEncoder(kinds={"x": "category"}).fit(table(x=levels))
    facts, arrays = encoder.get_state()
    twin = TableEncoder.from_state(json.loads(json.dumps(facts, allow_nan=False)), arrays)
    assert twin.columns_ == encoder.columns_
    assert {type(level) for level in twin.columns_["x"].levels} == {type(levels[0])}  # type: ignore[union-attr]
    assert_array_equal(twin.transform(table(x=levels)).sum(axis=1), 1.0)


def test_the_state_of_an_array_has_no_names() -> None:
    encoder = TableEncoder.from_state(*TableEncoder().fit([[1.0], [2.0]]).get_state())
    assert not hasattr(encoder, "feature_names_in_")
    assert encoder.transform([[1.0]]).tolist() == [[-1.0]]


def changed(path: list[Any], value: Any) -> Any:
    def change(facts: dict[str, Any], arrays: dict[str, Any]) -> None:
        place: Any = {"facts": facts, "arrays": arrays}
        for key in path[:-1]:
            place = place[key]
        if value is ...:
            del place[path[-1]]
        else:
            place[path[-1]] = value

    return pytest.param(change, id=f"{'.'.join(map(str, path))}={value}")


CITY = ["facts", "columns", 2]


@pytest.mark.parametrize(
    "change",
    [
        changed(["facts", "columns"], ...),
        changed(["facts", "columns"], []),
        changed(["facts", "columns"], "text"),
        changed(["facts", "columns", 0], "age"),
        changed(["facts", "columns", 0, "name"], 3),
        changed(["facts", "columns", 0, "name"], "city"),
        changed(["facts", "columns", 0, "kind"], "numeric"),
        changed(["facts", "columns", 0, "kind"], ["number"]),
        changed(["facts", "columns", 0, "gaps"], 1),
        changed(["facts", "columns", 0, "gaps"], ...),
        changed(["facts", "columns", 0, "code"], "x"),
        changed([*CITY, "holds"], "words"),
        changed([*CITY, "levels"], []),
        changed([*CITY, "levels"], [["str", 3]]),
        changed([*CITY, "levels"], [["int", 3]]),
        changed([*CITY, "levels"], [["str", "a"], ["str", "a"]]),
        changed([*CITY, "levels"], ["Rome"]),
        changed(["facts", "columns", 1, "levels"], [["int", 2**63]]),
        changed(["facts", "columns", 1, "levels"], [["float", float("nan")]]),
        changed(["facts", "named"], "yes"),
        changed(["facts", "scaling"], "minmax"),
        changed(["facts", "kinds"], {"unknown": "drop"}),
        changed(["facts", "surprise"], 1),
        changed(["arrays", "scale"], ...),
        changed(["arrays", "more"], np.zeros(7)),
        changed(["arrays", "scale"], np.zeros(6)),
        changed(["arrays", "scale"], np.zeros(7, np.float32)),
        changed(["arrays", "scale"], -np.ones(7)),
        changed(["arrays", "fill"], np.full(7, np.nan)),
        changed(["arrays", "fill"], [0.0] * 7),
    ],
)
def test_a_damaged_state_is_refused(change: Any) -> None:
    facts, arrays = fitted().get_state()
    facts = json.loads(json.dumps(facts))
    change(facts, arrays)
    with pytest.raises((InputError, SettingError), match=r"damaged|must be|does not have"):
        TableEncoder.from_state(facts, arrays)
