"""Days since 1970-01-01 to parts of the calendar, as nodes of ONNX, which has whole numbers but no dates.

Years are counted from 1 March, so that the leap day ends one, and again after 400 years, or 146,097 days: in such a
calendar all is division. Hinnant (2014), chrono-compatible low-level date algorithms, has the proofs.
"""

from dataclasses import dataclass

import numpy as np

from feedforward.exports.graph import Graph, Value

_DAY = 86_400_000  # milliseconds: doubles of days are no finer in far years


@dataclass(frozen=True)
class Whole:
    """Whole numbers of 64 bits in a graph, with Python's signs; ``//`` is meant for numbers that are not negative."""

    graph: Graph
    value: Value

    def __add__(self, other: "Whole | int") -> "Whole":
        return self._with("Add", other)

    def __sub__(self, other: "Whole | int") -> "Whole":
        return self._with("Sub", other)

    def __mul__(self, other: int) -> "Whole":
        return self._with("Mul", other)

    def __floordiv__(self, other: int) -> "Whole":
        return self._with("Div", other)

    def __mod__(self, other: int) -> "Whole":
        return self._with("Mod", other)

    def is_least(self, other: int) -> "Whole":
        """Return 1 where a number is `other` or more, else 0."""
        above = self.graph.node("GreaterOrEqual", self.value, self._value_of(other))
        return Whole(self.graph, self.graph.cast(above, np.int64))

    def where(self, one: "Whole", other: "Whole") -> "Whole":
        """Return `one` where a number is not 0, else `other`."""
        chosen = self.graph.cast(self.value, np.bool_)
        return Whole(self.graph, self.graph.node("Where", chosen, one.value, other.value))

    def _with(self, kind: str, other: "Whole | int") -> "Whole":
        return Whole(self.graph, self.graph.node(kind, self.value, self._value_of(other)))

    def _value_of(self, other: "Whole | int") -> Value:
        return self.graph.array(np.array(other, np.int64)) if isinstance(other, int) else other.value


def calendar(graph: Graph, days: Value) -> dict[str, Value]:
    """Return year, month and so on, whole numbers, of days since 1970-01-01, doubles, none of them missing."""
    ticks = graph.node("Round", graph.node("Mul", days, graph.array(np.array(float(_DAY)))))
    moment = Whole(graph, graph.cast(ticks, np.int64))
    clock = moment % _DAY
    day = (moment - clock) // _DAY
    since = day + 719_468  # 1 March of the year 0
    of_era = since % 146_097
    era = (since - of_era) // 146_097
    # Without its leap days, one in 4 years but for those of 100 and not of 400, a year has 365 days.
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (year * 365 + year // 4 - year // 100)  # from 0, which is 1 March
    month = (of_year * 5 + 2) // 153  # from 0, which is March: five months have 153 days
    is_late = month.is_least(10)  # January and February, which belong to the next year
    civil = era * 400 + year + is_late
    found = {
        "year": civil,
        "month": is_late.where(month - 9, month + 3),
        "day of month": of_year - (month * 153 + 2) // 5 + 1,
        "day of week": (day + 3) % 7,  # 1970-01-01 was a Thursday; Monday is 0
        "day of year": is_late.where(of_year - 305, of_year + 60 + _is_leap(civil)),
        "hour": clock // 3_600_000,
        "minute": clock // 60_000 % 60,
    }
    return {part: number.value for part, number in found.items()}


def _is_leap(year: Whole) -> Whole:
    """Return 1 for years of 366 days, else 0."""
    by_4, by_100, by_400 = ((year % every).is_least(1) for every in (4, 100, 400))  # 1 where it does not divide
    return by_100 - by_4 - by_400 + 1
