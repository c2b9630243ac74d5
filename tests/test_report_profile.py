"""What a page says of columns, of every type that a table can have."""

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from feedforward.report.markup import measured, number, plain, text
from feedforward.report.pictures import groups, wilson
from feedforward.report.profile import histogram, profile
from feedforward.scoring import Estimate

DAY = dt.date(2024, 2, 28)


@pytest.mark.parametrize(
    ("cells", "kind", "words"),
    [
        (pa.array([DAY, None, DAY + dt.timedelta(2)]), "date", "2024-02-28 to 2024-03-01"),
        (pa.array([DAY, None, DAY + dt.timedelta(2)], pa.date64()), "date", "2024-02-28 to 2024-03-01"),
        (pa.array([dt.time(3, 4), None, dt.time(23, 5)]), "date", "03:04:00 to 23:05:00"),
        (pa.array([dt.timedelta(hours=3), None, dt.timedelta(days=2)]), "date", "3:00:00 to 2 days, 0:00:00"),
        (
            pa.array([dt.datetime(2024, 1, 1), None, dt.datetime(2024, 1, 2, 3)], pa.timestamp("ns")),
            "date",
            "2024-01-01 to 2024-01-02 03:00:00",
        ),
        (
            pa.array([dt.datetime(2024, 1, 1, 5, tzinfo=dt.UTC), None, dt.datetime(2024, 1, 2, tzinfo=dt.UTC)]),
            "date",
            "2024-01-01 05:00:00 to 2024-01-02",
        ),
        (pa.array([Decimal("1.50"), None, Decimal("2.50")]), "number", "1.5 to 2.5, median 2"),
        (pa.array([float("nan"), 1.5, 1e300]), "number", "1.5 to 1e+300, median 5e+299"),
        (pa.array([2**62, None, 0], pa.uint64()), "number", "0 to 4.612e+18, median 2.306e+18"),
        (pa.array(["a", None, "b"]).dictionary_encode(), "category", "a 50 %, b 50 %"),
        (pa.array([1, None, 2]), "category", "1 50 %, 2 50 %"),
        (pa.array([True, None, False]), "boolean", "False 50 %, True 50 %"),
    ],
    ids=str,
)
def test_every_type_is_told(cells: Any, kind: str, words: str) -> None:
    found = profile(pa.chunked_array([cells]), "x", kind)
    assert (found.rows, found.missing, found.distinct) == (3, 1, 2)
    assert found.words == words
    assert found.heights.sum() == 2


@pytest.mark.parametrize("cells", [pa.nulls(3), pa.array([float("nan")] * 3)])
def test_a_column_of_nothing_is_nothing(cells: Any) -> None:
    found = profile(pa.chunked_array([cells]), "x", "empty")
    assert (found.missing, found.distinct, found.words, len(found.heights)) == (3, 0, "no value", 0)


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(0).normal(size=500),
        np.random.default_rng(0).integers(0, 100, 500).astype(float),
        np.array([5.0]),
        np.full(9, 5.0),
        np.array([-1.7e308, 0.0, 1.7e308]),
        np.array([0.0, 5e-324]),
        np.r_[np.zeros(999), 1e12],
    ],
    ids=["normal", "whole", "one", "same", "largest", "smallest", "far"],
)
def test_a_histogram_has_every_row_once(values: np.ndarray) -> None:
    assert histogram(values).sum() == len(values)
    assert 1 <= len(histogram(values)) <= 24


def test_bars_of_whole_numbers_hold_as_many_each() -> None:
    """Of 74 ages in equal numbers no bar is twice another, but for the last, which may be cut."""
    heights = histogram(np.repeat(np.arange(17.0, 91.0), 100))
    assert heights[1:-1].max() == heights[1:-1].min()


def test_groups_keep_equals_together_and_lose_nobody() -> None:
    chances = np.repeat([0.1, 0.2, 0.9], [70, 20, 10])
    found = groups(chances)
    assert sorted(np.concatenate(found).tolist()) == list(range(100))
    assert all(len({*chances[rows]}) == 1 for rows in found)
    assert [len(rows) for rows in groups(np.linspace(0, 1, 1000))] == [100] * 10


def test_wilsons_interval_is_that_of_scipy() -> None:
    from scipy.stats import binomtest

    for hits, n in ((0, 10), (3, 10), (10, 10), (450, 1000)):
        share, low, high = wilson(hits, n)
        theirs = binomtest(hits, n).proportion_ci(method="wilson")
        assert share == hits / n
        assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


def test_text_is_one_line_without_control() -> None:
    assert plain("a\r\n\tb\x00c") == "a b\ufffdc"
    assert text("<&>\"'") == "&lt;&amp;&gt;&quot;&#x27;"
    assert len(plain("x" * 500)) == 80
    assert number(0.0) == "0"
    assert measured("r2", Estimate(float("nan"), 0.0, 0.0)) == "–"
