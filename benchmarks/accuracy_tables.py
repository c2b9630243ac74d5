"""The tables of `accuracy.py`: a folder of files, or those that scikit-learn brings; and how each is split.

A folder may have a `datasets.json`: a list with, for each table, `name`, `file`, `target`, `task`,
`categorical_features` and `date_features`. Without one, the last column of every file is its target.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Array = np.ndarray[Any, Any]
TEST_SHARE = 0.2
MOST_CLASSES = 20  # whole numbers of more values are a quantity, where nobody says which
SUFFIXES = (".csv", ".csv.gz", ".parquet")


@dataclass(frozen=True)
class Table:
    """Columns as they stand in the file, those listed as categories as text; y as float64.

    Of classes, y is their number, 0 … `n_classes` - 1; of a quantity `n_classes` is 0.
    """

    name: str
    X: pd.DataFrame
    y: Array
    n_classes: int
    categories: tuple[str, ...]
    dates: tuple[str, ...]

    @property
    def numbers(self) -> list[str]:
        return [name for name in self.X if name not in self.categories + self.dates]

    def split(self, seed: int) -> tuple[Array, Array]:
        """Return the row numbers of training and test: 80/20, of each class alike.

        A class of which 20 % is less than a row stays in training.
        """
        from sklearn.model_selection import train_test_split

        rows, rare = np.arange(len(self.y)), np.zeros(len(self.y), bool)
        if self.n_classes:
            rare = np.bincount(self.y.astype(int))[self.y.astype(int)] * TEST_SHARE < 1
        stratify = self.y[~rare] if self.n_classes else None
        train, test = train_test_split(rows[~rare], test_size=TEST_SHARE, random_state=seed, stratify=stratify)
        return np.concatenate([train, rows[rare]]), test

    def cut(self, n: int | None) -> "Table":
        """Return at most `n` rows, drawn by a fixed seed."""
        if n is None or n >= len(self.y):
            return self
        rows = np.sort(np.random.default_rng(0).choice(len(self.y), n, replace=False))
        y = _as_target(self.y[rows], bool(self.n_classes))
        return Table(self.name, self.X.iloc[rows].reset_index(drop=True), *y, self.categories, self.dates)


def sources(folder: Path | None) -> dict[str, Callable[[], Table]]:
    """Return, for each table's name, what reads it."""
    if folder is None:
        return {name: partial(_bundled, name) for name in ("breast_cancer", "diabetes", "digits", "iris", "wine")}
    if (index := folder / "datasets.json").exists():
        entries = json.loads(index.read_text(encoding="utf-8"))
        return {entry["name"]: partial(_described, folder, entry) for entry in entries}
    files = sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIXES))
    return {path.name.split(".")[0]: partial(_plain, path) for path in files}


def _bundled(name: str) -> Table:
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{name}")(as_frame=True, return_X_y=True)
    return Table(name, X, *_as_target(y, name != "diabetes"), (), ())


def _described(folder: Path, entry: dict[str, Any]) -> Table:
    path, categories, dates = folder / entry["file"], entry["categorical_features"], entry["date_features"]
    frame = _read(path, categories, dates)
    y = frame.pop(entry["target"])
    return Table(entry["name"], frame, *_as_target(y, entry["task"] != "regression"), tuple(categories), tuple(dates))


def _plain(path: Path) -> Table:
    frame = _read(path, [], [])
    y = frame.pop(frame.columns[-1])
    is_number = pd.api.types.is_numeric_dtype(y) and not pd.api.types.is_bool_dtype(y)
    classes = not is_number or (y.nunique() <= MOST_CLASSES and bool((y % 1 == 0).all()))
    text = [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]
    frame[text] = frame[text].apply(_as_text)
    return Table(path.name.split(".")[0], frame, *_as_target(y, classes), tuple(text), ())


def _read(path: Path, categories: list[str], dates: list[str]) -> pd.DataFrame:
    """Return a file's columns; categories as text, where a missing value is None; dates as they are."""
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            frame = pd.DataFrame(arrays["X"]).rename(columns="x{}".format)
            return frame.assign(y=arrays["y"])
    if path.suffix == ".parquet":
        frame = pd.read_parquet(path, dtype_backend="numpy_nullable")
        for name in frame.select_dtypes("number").columns.difference(categories):
            frame[name] = frame[name].to_numpy(np.float64, na_value=np.nan)
    else:
        as_text = dict.fromkeys([*categories, *dates], str)
        frame = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=as_text)
    frame[categories] = frame[categories].apply(_as_text)
    return frame


def _as_text(column: "pd.Series[Any]") -> "pd.Series[Any]":
    missing = column.isna()
    return column.astype(str).astype(object).where(~missing, None)


def _as_target(y: Any, classes: bool) -> tuple[Array, int]:
    if not classes:
        return np.asarray(y, np.float64), 0
    labels, codes = np.unique(np.asarray(y), return_inverse=True)
    return codes.astype(np.float64), len(labels)
