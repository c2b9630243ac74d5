"""TableEncoder for deep networks: RealMLP's scaling of numbers and flags, codes to embed, blocks of columns."""

import json
import pickle
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

import feedforward as ff
from feedforward import InputError, SettingError, TableEncoder

Array = NDArray[np.float64]


def table(**columns: Any) -> Any:
    return pa.table(columns)


def encoder(**settings: Any) -> TableEncoder:
    return TableEncoder(scaling="smooth_clip", **settings)


def names(fitted: TableEncoder) -> list[str]:
    return [str(name) for name in fitted.get_feature_names_out()]


def smoothly_clipped(train: Array, new: Array) -> Array:
    """RealMLP's preprocessing of one column, straight from its description (arXiv:2407.04491)."""
    low, median, high = np.quantile(train, [0.25, 0.5, 0.75])
    if high != low:
        factor = 1 / (high - low)
    else:
        factor = 2 / np.ptp(train) if np.ptp(train) else 0.0
    u = factor * (new - median)
    clipped: Array = u / np.sqrt(1 + (u / 3) ** 2)
    return clipped


MIXED = pd.DataFrame(
    {
        "city": ["Rome", "Oslo", None, "Rome", "Bern", "Rome"],
        "age": [31.0, np.nan, 52.0, 18.0, 31.0, 40.0],
        "sex": ["f", "m", "m", None, "m", "f"],
        "member": [True, False, True, True, None, False],
        "zip": [1, 3, 3, 2, 3, 4],
        "weight": [1e12, 1.0, 2.0, 3.0, 4.0, 5.0],
        "note": list("abcdef"),
        "empty": [None] * 6,
        "since": pd.to_datetime(["2020-01-01", "2021-06-30", None, "2019-02-03", "2024-02-29", "2024-01-01"]),
    }
)
SETTINGS: dict[str, Any] = {"embed_above": 3, "kinds": {"zip": "category", "note": "drop"}}
SPIKED = pd.concat([MIXED] * 5).assign(gain=np.repeat([0.0, 7.0, np.nan, 2.5], [16, 8, 4, 2]), flag=[True, False] * 15)


# Numbers -----------------------------------------------------------------------------------------------------------


def test_the_smooth_clip_has_the_figures_of_its_source() -> None:
    fitted = encoder().fit(table(x=[-1.0, -0.5, 0.0, 0.5, 1.0]))  # median 0, quartiles 1 apart
    values = fitted.transform(table(x=[0.5, 1.0, 3.0, 10.0, 100.0, -3.0]))[:, 0]
    assert_allclose(values, [0.49319696, 0.94868330, 2.12132034, 2.87347886, 2.99865091, -2.12132034], atol=1e-8)


NUMBERS = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=30).filter(lambda x: np.ptp(x) == 0 or np.ptp(x) > 1e-3)


@given(train=NUMBERS, repeated=st.integers(0, 60), new=NUMBERS)
def test_numbers_are_centred_scaled_and_clipped(train: list[float], repeated: int, new: list[float]) -> None:
    values = np.array(train + train[:1] * repeated)  # so that quartiles are often equal
    low, high = np.quantile(values, [0.25, 0.75])
    if 0 < high - low < 1e-3:
        return
    ours = encoder().fit(values[:, None]).transform(np.array(new)[:, None])[:, 0]
    assert_allclose(ours, smoothly_clipped(values, np.array(new)), rtol=1e-6, atol=1e-6)


def test_missing_numbers_become_the_median_and_are_marked() -> None:
    present = np.array([1.0, 2.0, 4.0, 8.0, 100.0, 3.0])
    fitted = encoder().fit(table(x=[*present, None], y=range(7)))
    assert names(fitted) == ["x", "y", "x (missing)"]
    values = fitted.transform(table(x=[None, 8.0], y=[3, 3]))
    marks = np.repeat([0.0, 1.0], [6, 1])
    assert_allclose(values[:, 0], [0.0, smoothly_clipped(present, np.array([8.0]))[0]])
    assert_allclose(values[:, 2], smoothly_clipped(marks, np.array([1.0, 0.0])))


def test_numbers_over_many_magnitudes_keep_their_order() -> None:
    x = 10.0 ** np.arange(-6, 7)
    values = encoder().fit_transform(x[:, None])[:, 0]
    assert (np.diff(values) > 0).all()
    assert (np.abs(values) <= 3).all()
    assert (np.abs(encoder().fit(x[:, None]).transform([[1.7e308], [-1.7e308]])) <= 3).all()


# Flags -------------------------------------------------------------------------------------------------------------


def test_a_rare_level_has_the_figures_of_its_source() -> None:
    values = encoder().fit_transform(table(x=["a"] * 50 + ["b"] * 45 + ["c"] * 5))
    assert_allclose(np.unique(values[:, 2]), [0, 1.6641], atol=5e-5)


@given(
    train=st.lists(st.sampled_from([*"abcdef", None]), min_size=1, max_size=40), new=st.lists(st.sampled_from("axz"))
)
def test_flags_are_scaled_as_numbers_are(train: list[str | None], new: list[str]) -> None:
    levels = sorted({level for level in train if level is not None})
    if len(levels) < 3:
        return
    theirs = OneHotEncoder(categories=[levels], handle_unknown="ignore", sparse_output=False)
    before = theirs.fit_transform(np.array(train, dtype=object)[:, None])
    after = theirs.transform(np.array([*new, None], dtype=object)[:, None])
    fitted = encoder().fit(table(x=train))
    assert sorted(names(fitted)) == [f"x={level}" for level in levels]
    ours = fitted.transform(table(x=pa.array([*new, None], pa.string())))[:, np.argsort(names(fitted))]
    for j in range(len(levels)):
        assert_allclose(ours[:, j], smoothly_clipped(before[:, j], after[:, j]), atol=1e-12)


@given(train=st.lists(st.sampled_from(["no", "yes", None]), min_size=2, max_size=40))
def test_two_levels_are_one_column_between_which_the_unknown_lies(train: list[str | None]) -> None:
    counts = {level: train.count(level) for level in ("no", "yes")}
    if min(counts.values()) == 0:
        return
    rarer = "yes" if counts["yes"] <= counts["no"] else "no"
    fitted = encoder().fit(table(x=train))
    assert names(fitted) == [f"x={rarer}"]
    sign = {None: 0.0, rarer: 1.0}
    before = np.array([sign.get(level, -1.0) for level in train])
    after = fitted.transform(table(x=["yes", "no", "new", None]))[:, 0]
    expected = np.array([sign.get(level, -1.0) for level in ("yes", "no", None, None)])
    assert_allclose(after, smoothly_clipped(before, expected), atol=1e-12)


def test_booleans_are_flags_of_which_the_common_one_fills_gaps() -> None:
    fitted = encoder().fit(table(x=[True, True, True, False, None], y=range(5)))
    assert [block.kind for block in fitted.blocks_] == ["number", "flag"]
    values = fitted.transform(table(x=[None, True, False], y=[0, 0, 0]))
    assert values[0, 1] == values[1, 1] != values[2, 1]
    assert values[0, 2] != values[1, 2] == values[2, 2]


def test_rarer_levels_are_none_of_those_kept() -> None:
    fitted = encoder(max_categories=3).fit(table(x=["a"] * 5 + ["b"] * 4 + ["c"] * 3 + ["d"]))
    assert names(fitted) == ["x=a", "x=b", "x=c"]
    values = fitted.transform(table(x=["d", "new", None]))
    assert (values == values[0]).all()


@pytest.mark.parametrize("column", [["a"] * 4, [True] * 4, [3.5] * 4, [None] * 4], ids=str)
def test_columns_that_never_change_are_zero(column: list[Any]) -> None:
    fitted = encoder().fit(table(x=column))
    assert not fitted.transform(table(x=column)).any()


# Codes -------------------------------------------------------------------------------------------------------------


@given(train=st.lists(st.sampled_from([*"abcdefgh", None]), min_size=1, max_size=60), most=st.integers(1, 9))
def test_codes_count_from_the_most_frequent_level(train: list[str | None], most: int) -> None:
    counts = {level: train.count(level) for level in set(train) - {None}}
    order = sorted(counts, key=lambda level: (-counts[level], str(level)))[:most]
    if len(order) < 2:
        return
    fitted = encoder(embed_above=1, max_categories=most).fit(table(x=train))
    (block,) = fitted.blocks_
    assert (block.kind, block.first, block.stop, block.levels) == ("code", 0, 1, len(order) + 1)
    new = [*train, "new", None]
    theirs = OrdinalEncoder(categories=[order], handle_unknown="use_encoded_value", unknown_value=-1)
    theirs.fit(np.array(order, dtype=object)[:, None])
    expected = theirs.transform(np.array([level or "" for level in new], dtype=object)[:, None]) + 1
    assert_array_equal(fitted.transform(table(x=pa.array(new, pa.string()))), expected)


def test_only_categories_of_more_levels_become_codes() -> None:
    fitted = encoder(embed_above=3).fit(table(three=["a", "b", "c", "a"], four=["a", "b", "c", "d"]))
    assert names(fitted) == ["three=a", "three=b", "three=c", "four (code)"]


def test_thousands_of_levels() -> None:
    rng = np.random.default_rng(0)
    cities = [f"city {i}" for i in rng.permutation(np.repeat(np.arange(5000), 4))]
    fitted = encoder(embed_above=8, max_categories=4000).fit(table(x=cities))
    assert fitted.blocks_[0].levels == 4001
    codes, counts = np.unique(fitted.transform(table(x=cities)), return_counts=True)
    assert_array_equal(codes, np.arange(4001))
    assert_array_equal(counts[1:], 4)
    assert counts[0] == 4000
    assert encoder(max_categories=9000).fit_transform(table(x=cities)).shape == (20000, 5000)


def test_codes_with_any_scaling_leave_small_categories_as_they_are() -> None:
    train = table(small=["a", "b", None, "a"], large=["a", "b", "c", "d"])
    fitted = TableEncoder(embed_above=3).fit(train)
    assert names(fitted) == ["small=a", "small=b", "small (missing)", "large (code)"]


# Blocks ------------------------------------------------------------------------------------------------------------


def test_blocks_hold_numbers_then_flags_then_codes() -> None:
    fitted = encoder(**SETTINGS).fit(MIXED)
    kinds = [block.kind for block in fitted.blocks_]
    assert kinds == ["number", "flag", "code"]
    labels = names(fitted)
    found = {block.kind: labels[block.first : block.stop] for block in fitted.blocks_}
    assert found["number"] == ["age", "weight", "since"]
    assert found["flag"] == [
        *("city=Rome", "city=Bern", "city=Oslo", "age (missing)", "sex=f"),
        *("member", "member (missing)", "empty", "since (missing)"),
    ]
    assert found["code"] == ["zip (code)"]
    assert fitted.blocks_[-1].levels == 5


@pytest.mark.parametrize("settings", [{}, {"scaling": "smooth_clip"}, {"embed_above": 2}], ids=str)
def test_blocks_leave_no_column_out(settings: dict[str, Any]) -> None:
    fitted = TableEncoder(kinds=SETTINGS["kinds"], **settings).fit(MIXED)
    stops = [block.stop for block in fitted.blocks_]
    assert [block.first for block in fitted.blocks_] == [0, *stops[:-1]]
    assert stops[-1] == fitted.transform(MIXED).shape[1] == len(names(fitted))


def test_columns_stay_side_by_side_with_the_older_scalings() -> None:
    fitted = TableEncoder().fit(table(x=[1.0, None], y=[1, 2]))
    assert names(fitted) == ["x", "x (missing)", "y"]
    assert [(block.kind, block.first, block.stop) for block in fitted.blocks_] == [
        ("number", 0, 1),
        ("flag", 1, 2),
        ("number", 2, 3),
    ]


def test_only_dropped_columns_make_no_block() -> None:
    fitted = encoder(kinds={"x": "drop"}).fit(table(x=[1, 2]))
    assert fitted.blocks_ == []
    assert fitted.transform(table(x=[1, 2])).shape == (2, 0)


# Spikes: numbers that are mostly one value ---------------------------------------------------------------------------

GAIN = np.repeat([0.0, 15024.0, 7688.0, 3.5, np.nan], [60, 9, 12, 7, 12])


@pytest.mark.parametrize("scaling", ["smooth_clip", "standard", "robust", "none"])
def test_frequent_values_have_flags_beside_the_number(scaling: str) -> None:
    fitted = TableEncoder(scaling=scaling, spikes=True).fit(pa.table({"gain": GAIN}))
    assert names(fitted) == ["gain", "gain (missing)", "gain=0", "gain=7688", "gain=15024"]  # 3.5 is in too few rows
    new = np.array([-0.0, 7688.0, 7688.5, np.nan, 3.5, 15024.0])
    matrix = fitted.transform(pa.table({"gain": new}))
    without = TableEncoder(scaling=scaling).fit(pa.table({"gain": GAIN})).transform(pa.table({"gain": new}))
    np.testing.assert_array_equal(matrix[:, :2], without)
    high = matrix[:, 2:] > matrix[2, 2:]  # 7688.5 has no flag
    np.testing.assert_array_equal(high, new[:, None] == [0.0, 7688.0, 15024.0])
    assert len(np.unique(matrix[:, 3])) == 2


@pytest.mark.parametrize(
    "column",
    [
        np.arange(100.0),  # no value is common
        np.repeat([0.0, 1.0], [80, 20]),  # a flag already
        np.repeat([0.0, *range(1, 52)], [49, *[1] * 51]),  # the commonest has less than half
        np.r_[np.zeros(600), np.repeat(1.5, 190), np.linspace(2, 3, 210)],  # a quantity, where it is not 0
        np.zeros(100),
        np.repeat([True, False], 50),
    ],
    ids=["different", "two values", "less than half", "otherwise different", "constant", "booleans"],
)
def test_other_numbers_have_none(column: Any) -> None:
    assert names(TableEncoder(spikes=True).fit(pa.table({"x": column}))) == ["x"]


@pytest.mark.parametrize("columns", [1, 3, 20, 300])
def test_flags_of_a_table_have_a_limit(columns: int) -> None:
    column = np.repeat([0.0, *range(1, 61)], [481, *[8] * 60])
    fitted = TableEncoder(scaling="smooth_clip", spikes=True).fit(pa.table({f"x{j}": column for j in range(columns)}))
    (block,) = (block for block in fitted.blocks_ if block.kind == "number")
    flags = len(names(fitted)) - columns
    assert (block.first, block.stop) == (0, columns)
    assert flags <= 256
    assert flags == columns * min(48, 256 // columns)


def test_a_number_finds_its_flag_whatever_precision_it_comes_in() -> None:
    gain = np.repeat([0.0, 0.1, 0.7, -1e20], [60, 15, 15, 10])
    fitted = encoder(spikes=True).fit(pa.table({"gain": gain}))
    assert names(fitted) == ["gain", "gain=0", "gain=0.1", "gain=0.7", "gain=-1e+20"]
    expected = fitted.transform(pa.table({"gain": gain}))
    for same in (
        gain.astype(np.float32),
        gain.astype(np.float32).astype(float),
        gain * 3 / 3,
        pd.Series(gain, dtype=object),
    ):
        np.testing.assert_array_equal(fitted.transform(pd.DataFrame({"gain": same}))[:, 1:], expected[:, 1:])
    twin = encoder(spikes=True).fit(pd.DataFrame({"gain": gain.astype(np.float32)}))
    assert names(twin) == names(fitted)


def test_flags_that_are_few_leave_room_for_others() -> None:
    many = np.repeat(np.arange(48.0), [2000, *[20] * 47])
    few = {f"x{j}": np.resize([0.0, 0.0, 0.0, 1.0, 2.0], len(many)) for j in range(20)}
    fitted = encoder(spikes=True).fit(pa.table({"many": many, **few}))
    assert len(names(fitted)) == 21 + 48 + 3 * 20


@pytest.mark.parametrize("value", [1e300, -1e39])
def test_numbers_beyond_float32_have_no_flags(value: float) -> None:
    column = np.repeat([0.0, value, 5.0], [60, 20, 20])
    assert names(encoder(spikes=True).fit(pa.table({"x": column}))) == ["x"]


# Storing -----------------------------------------------------------------------------------------------------------


def from_file(fitted: TableEncoder, path: Path) -> TableEncoder:
    ff.save(fitted, path)
    loaded = ff.load(path)
    assert isinstance(loaded, TableEncoder)
    return loaded


def test_spikes_are_stored_with_every_bit(tmp_path: Path) -> None:
    fitted = encoder(**SETTINGS, spikes=True).fit(SPIKED)
    assert {"gain=0", "gain=7"} <= set(names(fitted))
    loaded = from_file(fitted, tmp_path / "encoder.safetensors")
    assert loaded.transform(SPIKED).tobytes() == fitted.transform(SPIKED).tobytes()
    assert names(loaded) == names(fitted)
    assert loaded.describe() == fitted.describe()


@pytest.mark.parametrize("settings", [SETTINGS, {"kinds": SETTINGS["kinds"]}], ids=["codes", "flags"])
@pytest.mark.parametrize(
    "copied",
    [
        lambda fitted, path: pickle.loads(pickle.dumps(fitted)),
        lambda fitted, path: clone(fitted).fit(MIXED),
        from_file,
    ],
    ids=["pickle", "clone", "file"],
)
def test_copies_transform_alike_to_the_bit(copied: Any, settings: dict[str, Any], tmp_path: Path) -> None:
    fitted = encoder(**settings).fit(MIXED)
    twin = copied(fitted, tmp_path / "encoder.safetensors")
    new = MIXED.assign(age=[0.1, 1e300, np.nan, -7.7, 3.0, 0.0], city=["Rome", "Oslo", "new", None, "Bern", "Rome"])
    assert twin.transform(new).tobytes() == fitted.transform(new).tobytes()
    assert twin.get_params() == fitted.get_params()
    assert twin.describe() == fitted.describe()
    assert twin.blocks_ == fitted.blocks_
    assert names(twin) == names(fitted)


def damaged(change: Any) -> Any:
    facts, arrays = encoder(**SETTINGS, spikes=True).fit(SPIKED).get_state()
    facts = json.loads(json.dumps(facts))
    change(facts, {fact["name"]: fact for fact in facts["columns"]}, arrays)
    return facts, arrays


@pytest.mark.parametrize(
    "change",
    [
        lambda facts, columns, arrays: facts.update(embed_above=None),
        lambda facts, columns, arrays: facts.pop("embed_above"),
        lambda facts, columns, arrays: facts.update(embed_above=4),
        lambda facts, columns, arrays: facts.update(embed_above="3"),
        lambda facts, columns, arrays: facts.update(scaling="robust"),
        lambda facts, columns, arrays: columns["city"].update(kind="codes"),
        lambda facts, columns, arrays: columns["zip"].update(kind="flags"),
        lambda facts, columns, arrays: columns["city"].update(other=False),
        lambda facts, columns, arrays: columns["city"]["levels"].pop(),
        lambda facts, columns, arrays: columns["city"]["levels"].append(["str", "Paris"]),
        lambda facts, columns, arrays: columns["city"].update(levels="Rome"),
        lambda facts, columns, arrays: columns["weight"].update(gaps=True),
        lambda facts, columns, arrays: columns["gain"].update(spikes=[]),
        lambda facts, columns, arrays: columns["gain"].update(spikes=[0.0, 0.0]),
        lambda facts, columns, arrays: columns["gain"].update(spikes=[0.0, float("inf")]),
        lambda facts, columns, arrays: columns["gain"].update(spikes=[0, 7]),
        lambda facts, columns, arrays: columns["gain"].update(spikes=[0.0]),
        lambda facts, columns, arrays: columns["gain"].pop("spikes"),
        lambda facts, columns, arrays: columns["weight"].update(spikes=[0.0]),
        lambda facts, columns, arrays: columns["flag"].update(spikes=[1.0]),
        lambda facts, columns, arrays: facts.update(spikes=False),
        lambda facts, columns, arrays: facts.update(spikes=1),
        lambda facts, columns, arrays: arrays.update(scale=arrays["scale"][:-1]),
        lambda facts, columns, arrays: arrays.update({key: array[:-1] for key, array in arrays.items()}),
        lambda facts, columns, arrays: arrays.update({key: np.append(array, 1.0) for key, array in arrays.items()}),
    ],
    ids=range(25),
)
def test_a_damaged_state_is_refused(change: Any) -> None:
    with pytest.raises((InputError, SettingError), match=r"damaged|must be"):
        TableEncoder.from_state(*damaged(change))


# Many columns ------------------------------------------------------------------------------------------------------


def test_ten_thousand_columns() -> None:
    X = np.random.default_rng(0).normal(size=(20, 10_000))
    fitted = encoder().fit(X)
    assert [(block.kind, block.stop) for block in fitted.blocks_] == [("number", 10_000)]
    assert_allclose(fitted.transform(X)[:, 7], smoothly_clipped(X[:, 7], X[:, 7]))


def test_numbers_written_as_text_are_named_as_such() -> None:
    cells = [f"{i / 7:.6f}" for i in range(200)]
    with pytest.raises(
        InputError, match=r"identifier or free text, or numbers written as text.*'category' or 'number'"
    ):
        encoder().fit(table(x=cells))
    assert encoder(kinds={"x": "number"}).fit(table(x=cells)).kinds_ == {"x": "number"}
    with pytest.raises(InputError, match=r"or numbers with a decimal comma: .* Write numbers like 1234\.5\. Drop it"):
        TableEncoder().fit(pa.table({"x": [f"{i},5" for i in range(200)]}))


def test_a_stray_word_in_a_column_of_numbers_names_its_row() -> None:
    fitted = encoder().fit(table(x=[1.0, 2.0, 3.0], y=[date(2024, 1, 1)] * 3))
    with pytest.raises(InputError, match=r"Column 'x' must hold numbers, not text; got 'many' at row 1"):
        fitted.transform(table(x=["1", "many", "3"], y=[date(2024, 1, 1)] * 3))
