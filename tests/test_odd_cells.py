"""Cells and labels of unusual kinds (dates among objects, masked arrays, intervals): what is made of them, or said."""

import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

import feedforward as ff

QUICK: dict[str, Any] = {"preset": "fast", "members": 2, "max_epochs": 3, "engine": "numpy", "random_state": 0}
N = 60
RNG = np.random.default_rng(0)
NUMBERS = RNG.normal(size=N).round(3)
DAYS = [datetime(2024, 1, 1) + timedelta(days=int(day)) for day in RNG.integers(0, 400, N)]
LABELS = np.where(NUMBERS > 0, "yes", "no")


@pytest.fixture(autouse=True)
def _few_epochs_learn_little() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Tabular")
        yield


def objects(*columns: Any) -> Any:
    rows = np.empty((N, len(columns)), dtype=object)
    for j, column in enumerate(columns):
        rows[:, j] = list(column)
    return rows


# Dates among objects -----------------------------------------------------------------------------------------------

FORMS: dict[str, Any] = {
    "datetime": lambda: list(DAYS),
    "date": lambda: [day.date() for day in DAYS],
    "both": lambda: [day.date() if i % 2 else day for i, day in enumerate(DAYS)],
    "Timestamp": lambda: list(map(pd.Timestamp, DAYS)),
    "datetime64[D]": lambda: [np.datetime64(day, "D") for day in DAYS],
    "datetime64 of two units": lambda: [np.datetime64(day, "D" if i % 2 else "h") for i, day in enumerate(DAYS)],
    "with a zone": lambda: [day.replace(tzinfo=UTC) for day in DAYS],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "gap", [None, float("nan"), pd.NaT, np.datetime64("NaT")], ids=["None", "nan", "NaT", "np.NaT"]
)
def test_objects_that_are_dates_are_the_dates_of_a_frame(form: str, gap: Any) -> None:
    cells = FORMS[form]()
    cells[7] = gap
    as_dates = pd.Series(pd.to_datetime(DAYS)).where(np.arange(N) != 7)
    frame = pd.DataFrame({"x0": as_dates, "x1": NUMBERS})
    encoder = ff.TableEncoder(date_parts=True).fit(objects(cells, NUMBERS))
    assert encoder.kinds_ == {"x0": "date", "x1": "number"}
    assert_array_equal(
        encoder.transform(objects(cells, NUMBERS)), ff.TableEncoder(date_parts=True).fit_transform(frame)
    )


@pytest.mark.parametrize("kind", [ff.TabularClassifier, ff.TabularRegressor])
@pytest.mark.parametrize("form", FORMS)
def test_scores_take_objects_that_are_dates(form: str, kind: Any) -> None:
    y = LABELS if kind is ff.TabularClassifier else NUMBERS
    X = objects(FORMS[form](), NUMBERS)
    model = kind(**QUICK).fit(X, y)
    assert model.score(X, y) == kind(**QUICK).fit(objects(DAYS, NUMBERS), y).score(objects(DAYS, NUMBERS), y)
    assert model.score(X.tolist(), list(y)) == model.score(X, y)


def test_durations_and_times_of_the_day_among_objects() -> None:
    for cells in (
        [timedelta(hours=i) for i in range(N)],
        [np.timedelta64(i, "h") for i in range(N)],
        [np.timedelta64(i, "h") if i % 2 else timedelta(hours=i) for i in range(N)],
    ):
        found = ff.TableEncoder(scaling="none").fit_transform(objects(cells))
        assert_array_equal(found[:, 0], np.arange(N) / 24)
    times = ff.TableEncoder(scaling="none").fit_transform(objects([time(i % 24) for i in range(N)]))
    assert_array_equal(times[:, 0], np.arange(N) % 24 / 24)


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        (datetime(2024, 1, 1, tzinfo=UTC), "date at row 0, date with a zone at row 9"),
        (time(8), "date at row 0, time of day at row 9"),
        (timedelta(1), "date at row 0, duration at row 9"),
        ("soon", "date at row 0, text at row 9"),
        (3.5, "date at row 0, number at row 9"),
    ],
    ids=str,
)
def test_what_is_no_date_among_dates_is_named(odd: Any, words: str) -> None:
    cells = [*DAYS[:9], odd, *DAYS[10:]]
    for kind in (ff.TableEncoder(), ff.TabularClassifier(**QUICK)):
        with pytest.raises(ff.InputError, match=rf"'x0' of the table mixes types: {words} \(counted from 0\)"):
            kind.fit(objects(cells, NUMBERS), LABELS)
    with pytest.raises(ff.InputError, match=words):
        ff.TabularClassifier(**QUICK).fit(objects(DAYS, NUMBERS), LABELS).predict(objects(cells, NUMBERS))


# Labels ------------------------------------------------------------------------------------------------------------

TYPES: dict[str, list[Any]] = {
    "whole numbers": [0, 1],
    "booleans": [True, False],
    "fractions": [1.0, 2.0],
    "datetimes": [datetime(2024, 1, 1), datetime(2024, 1, 2)],
    "dates": [date(2024, 1, 1), date(2024, 1, 2)],
    "datetime64": [np.datetime64("2024-01-01"), np.datetime64("2024-01-02")],
    "text": ["no", "yes"],
}


@pytest.mark.parametrize("name", TYPES)
def test_labels_that_are_objects_are_learned_and_scored_by_what_they_are(name: str) -> None:
    places = (NUMBERS > 0).astype(int)
    labels = np.empty(N, dtype=object)
    labels[:] = [TYPES[name][place] for place in places]
    model = ff.TabularClassifier(**QUICK).fit(NUMBERS[:, np.newaxis], labels)
    answers = model.predict(NUMBERS[:, np.newaxis])
    right = np.mean(
        [
            np.datetime64(a) == np.datetime64(b) if "date" in name else a == b
            for a, b in zip(answers, labels, strict=True)
        ]
    )
    assert model.score(NUMBERS[:, np.newaxis], labels) == right
    assert model.score(NUMBERS[:, np.newaxis], list(labels)) == right


@pytest.mark.parametrize("labels", [[(0, 1), (1, 0)], [1 + 2j, 2j], [time(8), time(9)], [{1}, {2}]], ids=str)
def test_labels_that_no_score_knows_are_refused_in_training(labels: list[Any]) -> None:
    y = np.empty(N, dtype=object)
    y[:] = [labels[int(number > 0)] for number in NUMBERS]
    with pytest.raises(ff.InputError, match=r"Unknown label type: .* at row 0 .*Give text, whole numbers or booleans"):
        ff.TabularClassifier(**QUICK).fit(NUMBERS[:, np.newaxis], y)


def test_answers_that_cannot_be_compared_are_named() -> None:
    X = NUMBERS[:, np.newaxis]
    classifier = ff.TabularClassifier(**QUICK).fit(X, LABELS)
    regressor = ff.TabularRegressor(**QUICK).fit(X, NUMBERS)
    days = np.array(DAYS, dtype=object)
    with pytest.raises(ff.InputError, match=r"y holds dates, such as .*, and the model's classes are text: \['no', 'y"):
        classifier.score(X, days)
    with pytest.raises(ff.InputError, match=r"y holds numbers, such as 1, and the model's classes are text"):
        classifier.score(X, np.ones(N, int))
    with pytest.raises(ff.InputError, match=r"Input y contains NaN, infinity or None: None at row 3"):
        classifier.score(X, [*LABELS[:3], None, *LABELS[4:]])
    with pytest.raises(ff.InputError, match="y holds dates or durations, and targets are numbers"):
        regressor.score(X, days)
    with pytest.raises(ff.InputError, match="y holds dates or durations, and targets are numbers"):
        ff.TabularRegressor(**QUICK).fit(X, days)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("kind", [ff.TabularClassifier, ff.TabularRegressor])
def test_scores_take_what_fit_takes(kind: Any, suffix: str, tmp_path: Path) -> None:
    y = LABELS if kind is ff.TabularClassifier else NUMBERS**2
    table = pd.DataFrame({"x": NUMBERS, "zip": [f"{i % 3:03}" for i in range(N)], "y": y})
    table.to_csv(tmp_path / "t.csv", index=False)
    table.to_parquet(tmp_path / "t.parquet", index=False)
    path = tmp_path / f"t{suffix}"
    model = kind(**QUICK).fit(path, "y")
    expected = model.score(table[["x", "zip"]], y)
    assert model.score(path, "y") == model.score(table, "y") == model.score(table, y) == expected
    same = table[table["y"] == table["y"][0]]
    same.to_csv(tmp_path / "same.csv", index=False)
    if kind is ff.TabularClassifier:
        assert model.score(tmp_path / "same.csv", "y") == model.score(same, same["y"])
    with pytest.raises(ff.InputError, match="X is a file, .*: name the column of its targets"):
        model.score(path, y)
    with pytest.raises(ff.TableError, match="has no column 'z' to predict"):
        model.score(table, "z")


# Masked arrays -----------------------------------------------------------------------------------------------------


def masked(dtype: Any) -> tuple[Any, pd.DataFrame]:
    """A masked array with nonsense under its mask, and the frame of what it says."""
    cells = RNG.integers(0, 4, (N, 2))
    mask = RNG.random((N, 2)) < 0.2
    frame = pd.DataFrame(cells, columns=["x0", "x1"]).astype(dtype)
    under = np.ma.array(np.where(mask, 77, cells).astype(dtype), mask=mask)
    return under, frame.astype(object).where(~mask, None).infer_objects()


@pytest.mark.parametrize("dtype", [float, np.float32, int, str, object])
def test_what_is_masked_is_missing(dtype: Any) -> None:
    X, frame = masked(dtype)
    encoder = ff.TableEncoder().fit(X)
    assert encoder.describe() == ff.TableEncoder().fit(frame).describe()
    assert_array_equal(encoder.transform(X), ff.TableEncoder().fit_transform(frame))
    model = ff.TabularClassifier(**QUICK).fit(X, LABELS)
    expected = ff.TabularClassifier(**QUICK).fit(frame, LABELS)
    assert_array_equal(model.predict_proba(X), expected.predict_proba(frame))
    assert model.score(X, LABELS) == expected.score(frame, LABELS)


def test_a_mask_that_masks_nothing_changes_nothing() -> None:
    X = np.ma.array(NUMBERS[:, np.newaxis], mask=False)
    assert_array_equal(ff.TableEncoder().fit_transform(X), ff.TableEncoder().fit_transform(NUMBERS[:, np.newaxis]))
    y = np.ma.array(LABELS)
    assert ff.TabularClassifier(**QUICK).fit(X, y).score(X, y) > 0


@pytest.mark.parametrize(
    "model",
    [ff.MLPClassifier(), ff.MLPRegressor(), ff.Adaline(), ff.Perceptron()],
    ids=lambda model: type(model).__name__,
)
@pytest.mark.parametrize("dtype", [float, int])
def test_estimators_of_numbers_refuse_masked_cells(model: Any, dtype: Any) -> None:
    X, _ = masked(dtype)
    row, column = np.argwhere(np.ma.getmaskarray(X))[0]
    with pytest.raises(ff.InputError, match=rf"Input X contains NaN\. First at row {row} .*, column {column}: [nN]"):
        model.fit(X, np.arange(N) % 2)


@pytest.mark.parametrize(
    "kind", [ff.TabularClassifier, ff.TabularRegressor, ff.MLPClassifier, ff.MLPRegressor, ff.Adaline]
)
def test_masked_targets_and_weights_are_refused_by_row(kind: Any) -> None:
    X, mask = NUMBERS[:, np.newaxis], np.arange(N) == 5
    for y in (np.ma.array(np.arange(N) % 2, mask=mask), np.ma.array(np.arange(N) % 2.0, mask=mask)):
        with pytest.raises(ff.InputError, match="Input y contains NaN.* at row 5"):
            kind().fit(X, y)
    with pytest.raises(ff.InputError, match="sample_weight must be finite and not negative; got nan at place 5"):
        kind().fit(X, np.arange(N) % 2, sample_weight=np.ma.array(np.ones(N), mask=mask))


# Intervals and other values of pandas ------------------------------------------------------------------------------

CUT = pd.cut(NUMBERS, [-9, -0.5, 0, 0.5, 1])  # with values outside, which are in none
INTERVALS: dict[str, Any] = {
    "cut": CUT,
    "array": pd.arrays.IntervalArray(CUT),
    "objects": pd.arrays.IntervalArray(CUT).astype(object),
}


@pytest.mark.parametrize("form", INTERVALS)
def test_intervals_are_the_categories_that_pandas_writes(form: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"band": INTERVALS[form], "x": NUMBERS})
    frame.to_csv(tmp_path / "t.csv", index=False)
    text = ff.read_table(tmp_path / "t.csv")
    encoder = ff.TableEncoder().fit(frame)
    assert encoder.kinds_ == {"band": "category", "x": "number"}
    assert "band=(-0.5, 0.0]" in encoder.get_feature_names_out()
    assert "band (missing)" in encoder.get_feature_names_out()
    assert_array_equal(encoder.transform(frame), encoder.transform(text))
    assert_array_equal(encoder.transform(frame), ff.TableEncoder().fit_transform(text))
    model = ff.TabularClassifier(**QUICK).fit(frame, LABELS)
    ff.save(model, tmp_path / "m")
    assert_array_equal(ff.load(tmp_path / "m").predict_proba(tmp_path / "t.csv"), model.predict_proba(frame))
    assert ff.read_table(frame).column("band").to_pylist() == text.column("band").to_pylist()
    fresh = frame.assign(band=pd.Series(pd.cut(NUMBERS, [-9, 9])))
    (said,) = encoder.surprises(fresh)
    assert "values not seen in training" in said
    assert "'(-9, 9]'" in said


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (pd.period_range("2024-01", periods=3, freq="M"), "period"),
        (pd.Categorical([(1, 2), (2, 3), (1, 2)]), "list"),
        ([[1], [2], [3]], "list"),
        ([b"a", b"b", b"c"], "binary"),
        ([1j, 2j, 3j], "complex"),
    ],
    ids=["periods", "categories of tuples", "lists", "bytes", "complex"],
)
def test_what_has_no_encoding_is_named_and_may_be_dropped(column: Any, words: str) -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "odd": column})
    with pytest.raises(ff.InputError, match=rf"Column 'odd' .*{words}.*[Dd]rop") as caught:
        ff.TableEncoder().fit(frame)
    assert "\n" not in str(caught.value)
    assert ff.TableEncoder(kinds={"odd": "drop"}).fit_transform(frame).shape == (3, 1)


def test_names_of_columns_that_are_not_all_text() -> None:
    with pytest.raises(ff.InputError, match="string names.*'int', 'str'") as caught:
        ff.TableEncoder().fit(pd.DataFrame({0: [1, 2], "b": [3, 4]}))
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    "moment",
    [date(2020, 1, 1), datetime(2020, 1, 1, 5), timedelta(days=2), time(6), pd.Timestamp("2020-01-01")],
    ids=lambda moment: type(moment).__name__,
)
@pytest.mark.parametrize("number", [5, 5.7, 10**18])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    "wrap", [lambda cells: pd.DataFrame({"d": pd.Series(cells, dtype=object)}), np.c_], ids=["frame", "array"]
)
def test_a_number_among_dates_is_no_date(moment: Any, number: float, first: bool, wrap: Any) -> None:
    cells = [number, moment, moment] if first else [moment, moment, number]
    table = np.array(cells, dtype=object)[:, None] if wrap is np.c_ else wrap(cells)
    with pytest.raises(ff.InputError, match="mixes types"):
        ff.TableEncoder(scaling="none").fit(table)
