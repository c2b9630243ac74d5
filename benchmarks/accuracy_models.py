"""The models of `accuracy.py`, all at their defaults, each with what it needs to take a table at all.

What a library cannot take is brought into the nearest form that it can: text into categories, whose levels are those of
training; missing numbers, where they are refused, into the median of training; the target of a network into one of mean
0 and standard deviation 1. Peers get a date as the text of the file, a category, or as a number of days where the
library takes no category of so many levels; ours get the file's own.
"""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import feedforward as ff
from accuracy_tables import Table

MOST_DATES = 10_000  # levels of a category made of dates; beyond, no library has a use for it
MOST_LEVELS_HGB = 255  # HistGradientBoosting refuses categories of more
Built = tuple[pd.DataFrame, Any]  # the columns, and an estimator that takes them
Build = Callable[[Table, int, int], Built]  # from the table, a seed and a number of threads


@dataclass(frozen=True)
class Model:
    """What to fit, and the distribution whose version it is known by; "" for ours."""

    build: Build
    package: str = ""
    module: str = ""

    @property
    def installed(self) -> bool:
        return not self.module or find_spec(self.module) is not None

    def version(self) -> str:
        return version(self.package) if self.package else our_version()


class Levels(TransformerMixin, BaseEstimator):
    """Text to pandas' categories: levels of training; unseen is missing; beyond `most`, the rarest are one level."""

    def __init__(self, columns: list[str], most: int | None = None) -> None:
        self.columns = columns
        self.most = most

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        self.levels_ = {name: X[name].value_counts().index.tolist() for name in self.columns}
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        return X.assign(**{name: self._category(X[name], levels) for name, levels in self.levels_.items()})

    def _category(self, column: "pd.Series[Any]", levels: list[str]) -> "pd.Series[Any]":
        if self.most is not None and len(levels) > self.most:
            levels, rare = levels[: self.most - 1], levels[self.most - 1 :]
            column = column.where(~column.isin(rare), "(rare)")
            levels = [*levels, "(rare)"]
        return column.where(column.isin(levels), None).astype(pd.CategoricalDtype(levels))


def ours_tabular(preset: str) -> Build:
    def build(table: Table, seed: int, threads: int) -> Built:
        kind: Any = getattr(ff, "TabularClassifier" if table.n_classes else "TabularRegressor")
        return table.X, kind(preset=preset, random_state=seed)

    return build


def ours_mlp(table: Table, seed: int, threads: int) -> Built:
    X = table.X.assign(**{name: pd.to_datetime(table.X[name]) for name in table.dates})
    if table.n_classes:
        return X, make_pipeline(ff.TableEncoder(), ff.MLPClassifier(random_state=seed))
    return X, make_pipeline(ff.TableEncoder(), _scaled_target(ff.MLPRegressor(random_state=seed)))


def sklearn_mlp(table: Table, seed: int, threads: int) -> Built:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    settings: dict[str, Any] = {"early_stopping": True, "random_state": seed}
    X, categories = given(table)
    learner = MLPClassifier(**settings) if table.n_classes else _scaled_target(MLPRegressor(**settings))
    return X, make_pipeline(_indicators(X, categories), learner)


def linear(table: Table, seed: int, threads: int) -> Built:
    from sklearn.linear_model import LogisticRegression, Ridge

    X, categories = given(table)
    return X, make_pipeline(
        _indicators(X, categories), LogisticRegression(max_iter=1000) if table.n_classes else Ridge()
    )


def dummy(table: Table, seed: int, threads: int) -> Built:
    from sklearn.dummy import DummyClassifier, DummyRegressor

    return table.X, DummyClassifier() if table.n_classes else DummyRegressor()


def hist_gb(table: Table, seed: int, threads: int) -> Built:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if table.n_classes else HistGradientBoostingRegressor
    X, categories = given(table, MOST_LEVELS_HGB)
    learner = kind(categorical_features="from_dtype", random_state=seed)  # its threads: OMP_NUM_THREADS
    return X, make_pipeline(Levels(categories, MOST_LEVELS_HGB), learner)


def lightgbm(table: Table, seed: int, threads: int) -> Built:
    from lightgbm import LGBMClassifier, LGBMRegressor

    kind = LGBMClassifier if table.n_classes else LGBMRegressor
    X, categories = given(table)
    return X, make_pipeline(Levels(categories), kind(random_state=seed, n_jobs=threads, verbosity=-1))


def catboost(table: Table, seed: int, threads: int) -> Built:
    from catboost import CatBoostClassifier, CatBoostRegressor

    kind = CatBoostClassifier if table.n_classes else CatBoostRegressor
    X, categories = given(table)
    X[categories] = X[categories].fillna("(missing)")  # the library refuses None
    silent = {"verbose": False, "allow_writing_files": False}
    return X, kind(cat_features=categories, random_seed=seed, thread_count=threads, **silent)


def realmlp_td(table: Table, seed: int, threads: int) -> Built:
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    kind = RealMLP_TD_Classifier if table.n_classes else RealMLP_TD_Regressor
    X, categories = given(table)
    numbers = [name for name in X if name not in categories]
    filled = make_column_transformer(
        (SimpleImputer(strategy="median", keep_empty_features=True), numbers),
        remainder="passthrough",
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    return X, make_pipeline(Levels(categories), filled, kind(device="cpu", random_state=seed, n_threads=threads))


PRESETS = ("fast", "strong", "ensemble")
OURS = {**{f"tabular-{preset}": Model(ours_tabular(preset)) for preset in PRESETS}, "mlp": Model(ours_mlp)}
PEERS = {
    "realmlp-td": Model(realmlp_td, "pytabkit", "pytabkit"),
    "catboost": Model(catboost, "catboost", "catboost"),
    "lightgbm": Model(lightgbm, "lightgbm", "lightgbm"),
    "hist-gb": Model(hist_gb, "scikit-learn"),
    "sklearn-mlp": Model(sklearn_mlp, "scikit-learn"),
    "linear": Model(linear, "scikit-learn"),
    "dummy": Model(dummy, "scikit-learn"),
}
MODELS = {**OURS, **PEERS}


def given(table: Table, most_levels: int = MOST_DATES) -> tuple[pd.DataFrame, list[str]]:
    """Return the columns as a peer gets them, and its categories: dates too, where the levels are not too many."""
    X, categories = table.X.copy(), list(table.categories)
    for name in table.dates:
        if X[name].nunique() <= most_levels:
            X[name] = X[name].astype(str).astype(object).where(X[name].notna(), None)
            categories.append(name)
        else:
            X[name] = (pd.to_datetime(X[name]) - pd.Timestamp(0)) / pd.Timedelta(days=1)
    return X, categories


def our_version() -> str:
    """Return the last commit that changed the library, with a digest where its files are other than committed."""
    home = Path(ff.__file__).parent

    def git(*command: str) -> str:
        return subprocess.run(
            ["git", "-C", str(home), *command], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        commit, changes = git("log", "-1", "--format=%h", "--", "."), git("status", "--porcelain", "--", ".")
    except (OSError, subprocess.CalledProcessError):
        return ff.__version__
    digest = sha256(b"".join(path.read_bytes() for path in sorted(home.rglob("*.py")))).hexdigest()
    return f"{commit}+{digest[:7]}" if changes else commit


def _indicators(X: pd.DataFrame, categories: list[str]) -> Any:
    numbers = [name for name in X if name not in categories]
    return make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore"), categories),
    )


def _scaled_target(regressor: Any) -> TransformedTargetRegressor:
    return TransformedTargetRegressor(regressor, transformer=StandardScaler())
