"""Models to write out, each fitted once, with rows that training never saw: gaps and new values among them."""

import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import feedforward as ff
from feedforward import nn

QUICK: dict[str, Any] = {"preset": "fast", "members": 2, "max_epochs": 3, "engine": "numpy", "random_state": 0}
SHORT: dict[str, Any] = {"hidden_sizes": (7, 5), "max_epochs": 3, "engine": "numpy", "random_state": 0}
KINDS = {"id": "category", "gone": "drop"}

# Names of columns, categories and classes that break what is pasted together: quotes, code, line breaks, other scripts.
HOSTILE = (
    'it\'s "quoted" \\',
    'a\nb\r\n"""',
    "__import__('os').mkdir('pwned')",
    "{0} %s {x!r} ${y}",
    "# noqa \u2028 \u202e rtl",
    "ωμέγα 🎈 \x00\x1b",
)


@dataclass(frozen=True)
class Case:
    """A fitted model, and rows of its table to answer for."""

    model: Any
    rows: Any


def table(n: int, seed: int = 0, numbers: str = "size", words: str = "colour") -> tuple[pd.DataFrame, np.ndarray]:
    """Return columns of every kind, a tenth of their cells missing, and a number that depends on them."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            numbers: rng.normal(50, 20, n),
            "wide": rng.normal(0, 1, n) * 10.0 ** rng.integers(-6, 7, n),
            "town": rng.choice([f"town {i}" for i in range(60)], n),
            words: rng.choice(["red", "green", *HOSTILE], n),
            "gain": np.where(rng.random(n) < 0.6, 0.0, rng.choice([-0.1, 3.0, 1e6], n)).astype(float),
            "sex": rng.choice(["f", "m"], n),
            "flag": pd.array(rng.random(n) < 0.3, dtype="boolean"),
            "when": pd.Timestamp("2019-03-01 10:30") + pd.to_timedelta(rng.integers(0, 2_000_000, n), unit="min"),
            "day": days_as_text(rng, n),
            "id": rng.integers(1, 5, n).astype(float),
            "always": 1.0,
            "nothing": np.nan,
            "gone": "x",
        }
    )
    y = frame[numbers] / 20 + 2 * (frame[words] == "red") + frame["when"].dt.month / 6 + rng.normal(0, 0.3, n)
    for name in (numbers, "gain", "town", words, "flag", "when", "day", "id"):
        frame.loc[rng.random(n) < 0.1, name] = None
    return frame, y.to_numpy()


def days_as_text(rng: np.random.Generator, n: int) -> list[str]:
    days = (np.datetime64("1999-01-01") + rng.integers(0, 3000, n)).tolist()
    return [f"{day.day}.{day.month:02}.{day.year}" for day in days]


def later(frame: pd.DataFrame, words: str = "colour") -> pd.DataFrame:
    """Return rows as of later: values that are new, gaps where there were none, days far away."""
    frame = frame.copy()
    frame.loc[3:5, ["town", words]] = "new"
    frame.loc[4:9, "sex"] = [None, "new", "f", "m", None, "f"]
    frame.loc[6:8, "wide"] = [np.nan, 1e300, -1e300]
    frame.loc[9, "id"] = 77.0
    frame.loc[5:9, "gain"] = [3.0000000000000004, -0.0, np.nan, 3.000001, np.float32(-0.1)]
    frame.loc[9:12, "always"] = [np.nan, 5.0, 1.0, -1.0]
    moments = ["1960-02-29", "2000-12-31 23:59:59", "1900-03-01", "2100-01-01 00:01"]
    frame.loc[10:13, "when"] = pd.to_datetime(moments, format="mixed")
    return frame


def _classes(y: np.ndarray, labels: Any) -> np.ndarray:
    codes: np.ndarray = np.digitize(y, np.quantile(y, np.arange(1, len(labels)) / len(labels)))
    found: np.ndarray = np.array(labels)[codes]
    return found


def _tabular(labels: Any, **settings: Any) -> Case:
    frame, y = table(300)
    model = ff.TabularClassifier(kinds=KINDS, **{**QUICK, **settings}).fit(frame, _classes(y, labels))
    return Case(model, later(table(80, 1)[0]))


def _tabular_numbers(several: bool) -> Case:
    frame, y = table(300)
    y = y * 1e6 + 5e7
    model = ff.TabularRegressor(kinds=KINDS, **QUICK).fit(frame, np.column_stack([y, -y]) if several else y)
    return Case(model, later(table(80, 1)[0]))


def _pipeline(learner: Any, labels: Any = None, **settings: Any) -> Case:
    frame, y = table(300)
    encoder = ff.TableEncoder(kinds={**KINDS, "day": "date"}, **settings)
    model = make_pipeline(encoder, learner).fit(frame, y if labels is None else _classes(y, labels))
    rows = later(table(80, 1)[0])
    return Case(model, rows.assign(wide=rows["wide"].clip(-1e7, 1e7)))  # without a smooth clip, numbers have limits


def _plain(learner: Any, labels: Any = None, names: Any = None) -> Case:
    """Columns of numbers alone, by name or in an array."""
    X, codes = ff.datasets.blobs(n=160, centers=3 if labels is None else len(labels), n_features=3, random_state=0)
    y: Any = X @ [1.0, -2.0, 0.5] if labels is None else np.array(labels)[codes]
    X, rows = X[:120], X[120:]
    if names is None:
        return Case(learner.fit(X, y[:120]), rows)
    return Case(learner.fit(pd.DataFrame(X, columns=names), y[:120]), pd.DataFrame(rows, columns=names))


def _several_labels() -> Case:
    X, _ = ff.datasets.moons(n=150, random_state=0)
    return Case(ff.MLPClassifier(activation="silu", **SHORT).fit(X[:100], (X > 0.3).astype(int)[:100]), X[100:])


def _odd_numbers() -> Case:
    """A table in an array of objects, whose columns have no names."""
    frame, y = table(300)
    rows = later(table(80, 1)[0])
    names = ["size", "town", "colour", "id"]
    model = ff.TabularClassifier(**QUICK).fit(_objects(frame[names]), _classes(y, [0, 1, 2]))
    return Case(model, _objects(rows[names]))


def _objects(frame: pd.DataFrame) -> Any:
    return frame.astype(object).where(frame.notna(), None).to_numpy()


def _hostile() -> Case:
    frame, y = table(300, numbers=HOSTILE[2], words=HOSTILE[1])
    frame = frame.rename(columns={"flag": HOSTILE[0], "day": HOSTILE[3], "id": HOSTILE[4], "when": "prediction"})
    later_frame = table(80, 1, numbers=HOSTILE[2], words=HOSTILE[1])[0].rename(
        columns={"flag": HOSTILE[0], "day": HOSTILE[3], "id": HOSTILE[4], "when": "prediction"}
    )
    model = ff.TabularClassifier(kinds={"gone": "drop"}, **QUICK).fit(frame, _classes(y, sorted(HOSTILE[:3])))
    return Case(model, later_frame)


def _wide_standard() -> Case:
    scaled = TransformedTargetRegressor(ff.MLPRegressor(activation="mish", **SHORT), transformer=StandardScaler())
    return _pipeline(scaled, scaling="robust", date_parts=True, embed_above=None)


_CASES = {
    "classes of text": lambda: _tabular(["lo'w", "mid\ndle", 'hi"gh'], metric="accuracy"),
    "one member": lambda: _tabular([-1, 7], members=1),
    "booleans": lambda: _tabular([False, True], max_epochs=1),
    "numbers": lambda: _tabular_numbers(False),
    "several numbers": lambda: _tabular_numbers(True),
    "hostile": _hostile,
    "no names": _odd_numbers,
    "pipeline": lambda: _pipeline(ff.MLPClassifier(activation="elu", **SHORT), ["no", "yes"], max_categories=3),
    "target scaled": _wide_standard,
    "parts": lambda: _pipeline(ff.MLPRegressor(activation="tanh", **SHORT), scaling="smooth_clip", date_parts=True),
    "raw": lambda: _pipeline(ff.Adaline(max_epochs=3), ["a", "b", "c"], scaling="robust"),
    "perceptron": lambda: _plain(ff.Perceptron(threshold=0.5, max_epochs=3), [False, True], ["a", "b", "c"]),
    "adaline": lambda: _plain(ff.Adaline(max_epochs=3), [1.0, 2.0, 4.0]),
    "shares": lambda: _plain(ff.MLPClassifier(loss="squared_error", **SHORT), [10, 20, 30]),
    "float64": lambda: _plain(ff.MLPClassifier(activation="gelu", dtype="float64", **SHORT), ["u", "v"]),
    "named": lambda: _plain(ff.MLPRegressor(activation=nn.LeakyReLU(0.2), **SHORT), None, ["a", "b", "prediction"]),
    "several labels": _several_labels,
}  # fmt: skip
NAMES = tuple(_CASES)


@cache
def case(name: str) -> Case:
    """Return a case, fitted at the first call."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few epochs learn little
        return _CASES[name]()


def records(rows: Any) -> Any:
    """Return rows as a written-out model takes them: dicts of plain values, dates as text, None for missing ones."""
    if not isinstance(rows, pd.DataFrame):
        if rows.dtype == object:
            return [{f"x{j}": cell for j, cell in enumerate(row)} for row in rows.tolist()]
        return rows.tolist()
    frame = rows.astype(object)
    for name in frame:
        if np.issubdtype(getattr(rows[name].dtype, "type", object), np.datetime64):
            frame[name] = rows[name].dt.strftime("%Y-%m-%d %H:%M:%S")
    return frame.astype(object).where(rows.notna(), None).to_dict("records")
