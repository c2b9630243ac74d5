"""Dates in a table: the formats of text, what the calendar says of them, and what is kept for prediction."""

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import feedforward as ff
from feedforward import InputError, SettingError, TableEncoder

FORMATS = {
    "YYYY-MM-DD": "%Y-%m-%d",
    "YYYY/MM/DD": "%Y/%m/%d",
    "DD.MM.YYYY": "%d.%m.%Y",
    "MM/DD/YYYY": "%m/%d/%Y",
    "DD/MM/YYYY": "%d/%m/%Y",
    "DD Mon YYYY": "%d %b %Y",
    "Mon DD, YYYY": "%b %d, %Y",
}
EPOCH = datetime(1970, 1, 1)


def table(**columns: Any) -> Any:
    return pa.table(columns)


def encoder(**settings: Any) -> TableEncoder:
    return TableEncoder(scaling="none", date_parts=True, **settings)


def names(fitted: TableEncoder) -> list[str]:
    return [str(name) for name in fitted.get_feature_names_out()]


def parts_of(moment: datetime) -> dict[str, float]:
    """What the standard library says of a moment."""
    return {
        "when": (moment - EPOCH) / timedelta(days=1),
        "when (year)": moment.year,
        "when (month)": moment.month,
        "when (day of month)": moment.day,
        "when (day of week)": moment.weekday(),
        "when (day of year)": moment.timetuple().tm_yday,
        "when (hour)": moment.hour,
        "when (minute)": moment.minute,
    }


def expected(moments: list[datetime]) -> tuple[list[str], Any]:
    frame = pd.DataFrame([parts_of(moment) for moment in moments], dtype=float)
    varying = ["when", *(name for name in frame.columns[1:] if frame[name].nunique() > 1)]
    return varying, frame[varying].to_numpy()


MOMENTS = st.lists(
    st.datetimes(datetime(1600, 1, 1), datetime(2400, 1, 1)).map(lambda t: t.replace(microsecond=0)), min_size=1
)


# Parts -------------------------------------------------------------------------------------------------------------


@given(moments=MOMENTS, unit=st.sampled_from(["s", "ms", "us"]))
def test_parts_are_those_of_the_calendar_that_vary(moments: list[datetime], unit: str) -> None:
    column = table(when=pa.array(moments, pa.timestamp(unit)))
    labels, values = expected(moments)
    fitted = encoder().fit(column)
    assert names(fitted) == labels
    assert_allclose(fitted.transform(column), values, rtol=1e-12)


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64()], ids=str)
def test_days_have_no_hours(kind: Any) -> None:
    days = [date(2024, 2, 28) + timedelta(days=i) for i in range(400)]
    labels, values = expected([datetime(day.year, day.month, day.day) for day in days])
    fitted = encoder().fit(table(when=pa.array(days, kind)))
    assert names(fitted) == labels == [*labels[:5], "when (day of year)"]
    assert_array_equal(fitted.transform(table(when=pa.array(days, kind))), values)


def test_moments_with_a_zone_count_in_utc() -> None:
    moments = [datetime(2024, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=2))), datetime(2024, 3, 5, tzinfo=UTC)]
    labels, values = expected([moment.astimezone(UTC).replace(tzinfo=None) for moment in moments])
    for column in (pa.array(moments, pa.timestamp("us", "Asia/Tokyo")), [moment.isoformat() for moment in moments]):
        fitted = encoder().fit(table(when=column))
        assert names(fitted) == labels
        assert_allclose(fitted.transform(table(when=column)), values)


@pytest.mark.parametrize("column", [[time(6), time(18)], [timedelta(1), timedelta(2)]], ids=["times", "durations"])
def test_times_and_durations_have_no_calendar(column: list[Any]) -> None:
    fitted = encoder().fit(table(when=column))
    assert names(fitted) == ["when"]
    assert fitted.kinds_ == {"when": "date"}


def test_missing_dates_are_filled_part_by_part_and_marked() -> None:
    days = [date(2024, 1, 1), date(2024, 2, 1), date(2025, 6, 1), None]
    fitted = TableEncoder(scaling="smooth_clip", date_parts=True).fit(table(when=days, x=range(4)))
    assert names(fitted)[-2:] == ["x", "when (missing)"]
    values = fitted.transform(table(when=[None], x=[1.5]))
    assert not values[0, :-1].any()
    assert values[0, -1] > 0
    assert [block.kind for block in fitted.blocks_] == ["number", "flag"]


def test_without_parts_dates_are_days_as_before() -> None:
    fitted = TableEncoder(scaling="none").fit(table(when=[date(1970, 1, 2), date(2024, 5, 6)]))
    assert names(fitted) == ["when"]


# Text --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", FORMATS)
@pytest.mark.parametrize("clock", ["", " %H:%M", " %H:%M:%S", "T%H:%M:%S"])
def test_text_is_read_as_the_dates_it_was_written_from(written: str, clock: str) -> None:
    rng = np.random.default_rng(5)
    moments = [
        datetime(1999, 12, 31, 23, 59, 59),
        *(EPOCH + timedelta(seconds=int(s)) for s in rng.integers(2**31, size=300)),
    ]
    texts = [moment.strftime(FORMATS[written] + clock) for moment in moments]
    moments = [datetime.strptime(text, FORMATS[written] + clock) for text in texts]
    fitted = encoder().fit(table(when=texts))
    assert fitted.kinds_ == {"when": "date"}
    labels, values = expected(moments)
    assert names(fitted) == labels
    assert_allclose(fitted.transform(table(when=texts)), values, rtol=1e-12)
    ((_, _, details),) = fitted.describe()
    assert (f"read as {written}" in details) == (written != "YYYY-MM-DD")
    assert "fit as well" not in details


@pytest.mark.parametrize(
    ("texts", "days"),
    [
        (["1/31/2024", "2/1/2024"], [date(2024, 1, 31), date(2024, 2, 1)]),
        (["31/1/2024", "1/2/2024"], [date(2024, 1, 31), date(2024, 2, 1)]),
        (["2024/1/31", "2024/2/1"], [date(2024, 1, 31), date(2024, 2, 1)]),
        (["31.1.2024", "1.2.2024 "], [date(2024, 1, 31), date(2024, 2, 1)]),
        ([" 2024-01-31", "2024-02-01"], [date(2024, 1, 31), date(2024, 2, 1)]),
        (["1/2/2024 8:05", "12/31/2024"], [datetime(2024, 1, 2, 8, 5), datetime(2024, 12, 31)]),
        (["1 Feb 2024", "31 JAN 2024"], [date(2024, 2, 1), date(2024, 1, 31)]),
        (["1-feb-2024", "31-Jan-2024 7:30"], [datetime(2024, 2, 1), datetime(2024, 1, 31, 7, 30)]),
        (["February 1, 2024", "Jan 31 2024"], [date(2024, 2, 1), date(2024, 1, 31)]),
        (["2/29/2024", "NA", "", None], [date(2024, 2, 29), None, None, None]),
    ],
    ids=str,
)
def test_text_as_people_write_it(texts: list[Any], days: list[Any]) -> None:
    fitted = encoder().fit(table(when=texts))
    twin = encoder().fit(table(when=days))
    assert names(fitted) == names(twin)
    assert_array_equal(fitted.transform(table(when=texts)), twin.transform(table(when=days)))


def test_without_a_day_above_12_months_come_first_and_the_description_says_so() -> None:
    fitted = encoder().fit(table(when=["01/02/2024", "03/04/2024"]))
    assert fitted.transform(table(when=["01/02/2024"]))[0, 0] == (datetime(2024, 1, 2) - EPOCH).days
    ((_, kind, details),) = fitted.describe()
    assert kind == "date"
    assert "text is read as MM/DD/YYYY; DD/MM/YYYY would fit as well" in details


@pytest.mark.parametrize(
    "texts",
    [
        ["01/31/2024", "31/01/2024"],
        ["2024-01-31", "01/31/2024"],
        ["02/30/2024", "02/28/2024"],
        ["2024-01-31", "soon"],
        ["1.2.3", "4.5.6"],
        ["10:30", "11:45"],
        ["1/2/24", "3/4/24"],
        ["20240131", "20240201"],
        ["1 Feb 2024", "Jan 31, 2024"],
        ["31 Feb 2024", "1 Feb 2024"],
        ["1 Febr 2024", "2 Febr 2024"],
        ["2024-01-31T10:00:00+02:00", "2024-01-31T10:00:00"],
    ],
    ids=str,
)
def test_text_that_does_not_fit_one_format_stays_text(texts: list[str]) -> None:
    assert encoder().fit(table(when=texts)).kinds_ == {"when": "category"}


def test_only_with_parts_text_is_taken_for_dates() -> None:
    texts = table(when=["2024-01-31", "2024-02-01"])
    assert TableEncoder().fit(texts).kinds_ == {"when": "category"}
    assert encoder(kinds={"when": "category"}).fit(texts).kinds_ == {"when": "category"}
    as_categories = pd.DataFrame({"when": pd.Series(["2024-01-31", "2024-02-01"], dtype="category")})
    assert encoder().fit(as_categories).kinds_ == {"when": "category"}


@pytest.mark.parametrize("written", FORMATS)
def test_declared_dates_are_read_in_any_format(written: str) -> None:
    days = [date(2024, 1, 31), date(2023, 12, 1)]
    texts = [day.strftime(FORMATS[written]) for day in days]
    fitted = TableEncoder(scaling="none", kinds={"when": "date"}).fit(table(when=texts))
    assert fitted.transform(table(when=texts))[:, 0].tolist() == [(day - date(1970, 1, 1)).days for day in days]


@pytest.mark.parametrize("cells", [[20240131, 20231201], [20240131.0, 20231201.0, np.nan], ["20240131", "20231201"]])
@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame])
def test_whole_numbers_are_dates_where_they_are_declared_to_be(cells: list[Any], library: Any) -> None:
    days = [date(2024, 1, 31), date(2023, 12, 1), None][: len(cells)]
    fitted = encoder(kinds={"when": "date"}).fit(library({"when": cells}))
    twin = encoder().fit(library({"when": days}))
    assert_array_equal(fitted.transform(library({"when": cells})), twin.transform(library({"when": days})))
    assert_array_equal(fitted.transform(library({"when": ["20240131"]})), twin.transform(library({"when": days[:1]})))
    with pytest.raises(InputError, match="dates written YYYYMMDD; got '20240199' at row 0"):
        fitted.transform(library({"when": [20240199]}))
    again = TableEncoder.from_state(*fitted.get_state())
    assert_array_equal(again.transform(library({"when": cells})), fitted.transform(library({"when": cells})))


@pytest.mark.parametrize("parts", [True, False])
def test_declared_dates_that_are_none_name_the_format_most_have(parts: bool) -> None:
    texts = ["1/31/2024", "2/1/2024", "soon", "12/24/2024"]
    with pytest.raises(InputError, match=r"'when' must hold dates written MM/DD/YYYY; got 'soon' at row 2"):
        TableEncoder(kinds={"when": "date"}, date_parts=parts).fit(table(when=texts))


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pa.table])
def test_every_library(library: Any) -> None:
    moments = [datetime(2024, 1, 31, 5), datetime(2023, 12, 1, 6), None]
    labels, values = expected([moment for moment in moments if moment])
    for column in (moments, [moment and moment.strftime("%d.%m.%Y %H:%M") for moment in moments]):
        fitted = encoder().fit(library({"when": column}))
        assert names(fitted) == [*labels, "when (missing)"]
        assert_allclose(fitted.transform(library({"when": column}))[:2, :-1], values)


# Prediction --------------------------------------------------------------------------------------------------------


def test_prediction_reads_the_format_of_training() -> None:
    fitted = encoder().fit(table(when=["31/01/2024", "01/02/2024"]))
    assert fitted.transform(table(when=["03/04/2024"]))[0, 0] == (datetime(2024, 4, 3) - EPOCH).days
    assert fitted.transform(table(when=[date(2024, 4, 3)]))[0, 0] == (datetime(2024, 4, 3) - EPOCH).days


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (["01/02/2024", "12/31/2024"], r"dates written DD/MM/YYYY; got '12/31/2024' at row 1"),
        (["01/02/2024", None, "soon"], r"dates written DD/MM/YYYY; got 'soon' at row 2"),
        (["30/02/2024"], r"dates written DD/MM/YYYY; got '30/02/2024' at row 0"),
        (["2024-02-01"], r"dates written DD/MM/YYYY; got '2024-02-01' at row 0"),
        ([None, 5], r"dates, not number; got 5 at row 1"),
        ([time(5)], r"dates, not time.*at row 0"),
    ],
    ids=str,
)
def test_cells_that_do_not_fit_name_their_row(column: list[Any], message: str) -> None:
    fitted = encoder().fit(table(when=["31/01/2024", "01/02/2024"]))
    with pytest.raises(InputError, match=f"Column 'when' must hold {message}"):
        fitted.transform(table(when=column))


def test_dates_of_a_type_may_come_as_text_in_iso_later() -> None:
    fitted = encoder().fit(table(when=[date(2024, 1, 31), date(2023, 2, 1)]))
    assert_array_equal(fitted.transform(table(when=["2024-05-06"])), fitted.transform(table(when=[date(2024, 5, 6)])))


def test_all_may_be_missing_later() -> None:
    for column in (["31/01/2024", "01/02/2024"], [date(2024, 1, 31), date(2023, 2, 1)]):
        fitted = encoder().fit(table(when=column))
        for gap in (None, "", "NA"):
            assert np.isfinite(fitted.transform(table(when=[gap]))).all()


# Storing -----------------------------------------------------------------------------------------------------------

TEXTS: dict[str, list[Any]] = {
    "us": ["01/31/2024", "02/01/2024 10:00", None, "12/24/2023 08:30"],
    "unsure": ["01/02/2024", "02/01/2024", "03/03/2024", "04/04/2024"],
    "iso": ["2024-01-31", "2024-02-01", None, "2023-12-24"],
    "constant": ["2024-01-31", "2024-01-31", "2024-01-31", "2024-01-31"],
    "typed": [date(2024, 1, 31), date(2024, 2, 1), None, date(2023, 12, 24)],
}


@pytest.mark.parametrize("scaling", ["standard", "smooth_clip"])
@pytest.mark.parametrize("settings", [{"date_parts": True}, {"kinds": dict.fromkeys(TEXTS, "date")}], ids=str)
def test_files_keep_formats_and_parts(scaling: str, settings: dict[str, Any], tmp_path: Path) -> None:
    fitted = TableEncoder(scaling=scaling, **settings).fit(table(**TEXTS))
    ff.save(fitted, tmp_path / "dates")
    twin = ff.load(tmp_path / "dates")
    new = table(**{name: column[::-1] for name, column in TEXTS.items()})
    assert isinstance(twin, TableEncoder)
    assert twin.transform(new).tobytes() == fitted.transform(new).tobytes()
    assert twin.describe() == fitted.describe()
    assert twin.columns_ == fitted.columns_
    assert twin.get_params() == fitted.get_params()


@pytest.mark.parametrize(
    "change",
    [
        {"written": "MM-DD-YYYY"},
        {"written": ["MM/DD/YYYY"]},
        {"guessed": 1},
        {"written": "DD/MM/YYYY", "guessed": True},
        {"parts": "year"},
        {"parts": ["decade"]},
        {"parts": ["month", "year", "day of month", "day of week", "day of year", "hour", "minute"]},
        {"parts": []},
        {"gaps": False},
        {"kind": "date"},
    ],
    ids=str,
)
def test_a_damaged_state_is_refused(change: dict[str, Any]) -> None:
    facts, arrays = TableEncoder(scaling="smooth_clip", date_parts=True).fit(table(**TEXTS)).get_state()
    facts = json.loads(json.dumps(facts))
    facts["columns"][0] |= change
    with pytest.raises(InputError, match="damaged"):
        TableEncoder.from_state(facts, arrays)


@pytest.mark.parametrize("value", [1, "yes", None])
def test_a_stored_setting_that_is_none_is_refused(value: Any) -> None:
    facts, arrays = TableEncoder(date_parts=True).fit(table(**TEXTS)).get_state()
    with pytest.raises(SettingError, match="date_parts must be True or False"):
        TableEncoder.from_state({**facts, "date_parts": value}, arrays)


@pytest.mark.parametrize("unit", ["W", "D", "h", "m", "s", "ms", "us", "ns"])
def test_durations_of_numpy_are_days_whatever_their_unit(unit: str) -> None:
    X = np.array([[0], [7], [14]], "m8[D]").astype(f"m8[{unit}]")
    assert TableEncoder(scaling="none").fit_transform(X).ravel().tolist() == [0, 7, 14]
