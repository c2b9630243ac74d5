"""The tabular estimators: tables of every kind in, members averaged, and what they promise on rows not learned from."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

import feedforward as ff
from feedforward import nn
from feedforward.calibration import softmax
from feedforward.estimators.presets import PRESETS
from feedforward.training.predictor import outputs
from feedforward.training.troubles import useless

QUICK: dict[str, Any] = {"preset": "fast", "members": 2, "max_epochs": 6, "engine": "numpy", "random_state": 0}


@pytest.fixture(autouse=True)
def _few_epochs_learn_little() -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Tabular")
        yield


def mixed(n: int = 160, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Numbers with gaps, categories of few and of many levels, booleans, dates; the classes depend on three of them."""
    rng = np.random.default_rng(seed)
    size = rng.lognormal(size=n) * 10.0 ** rng.integers(-6, 6, n)
    town = rng.choice(["Rome", "Bern", "Oslo"], n)
    shop = np.array([f"shop {i}" for i in rng.integers(0, 30, n)])
    frame = pd.DataFrame(
        {
            "size": np.where(rng.random(n) < 0.1, np.nan, size),
            "town": pd.Series(town).mask(rng.random(n) < 0.1),
            "shop": shop,
            "open": rng.random(n) < 0.5,
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), unit="D"),
            "always": 3.0,
            "nothing": np.full(n, np.nan),
        }
    )
    return frame, np.where((town == "Rome") ^ (size > 1) ^ frame["open"].to_numpy(), "yes", "no")


@pytest.fixture(scope="module")
def fitted() -> tuple[pd.DataFrame, np.ndarray, Any]:
    X, y = mixed()
    return X, y, ff.TabularClassifier(**QUICK).fit(X, y)


@pytest.fixture(scope="module")
def regressor() -> tuple[np.ndarray, np.ndarray, Any]:
    X, y = load_diabetes(return_X_y=True)
    return X, y, ff.TabularRegressor(**{**QUICK, "max_epochs": 12, "members": 5}).fit(X[:300], y[:300])


def test_only_numbers_of_more_than_two_values_go_through_waves() -> None:
    rng = np.random.default_rng(0)
    X = np.c_[rng.integers(0, 2, 80), rng.normal(size=80), np.full(80, 5.0), rng.integers(0, 3, 80)]
    model = ff.TabularClassifier(preset="fast", max_epochs=1, members=1, random_state=0).fit(X, X[:, 0] > 0)
    waves, plain = model.network_[0].layers
    assert isinstance(waves, nn.PeriodicEmbedding)
    assert isinstance(plain, nn.Identity)
    assert model.network_[0].columns == ([1, 3], [0, 2])


def test_members_see_numbers_more_or_less_sharply() -> None:
    X = np.random.default_rng(0).normal(size=(60, 40))
    model = ff.TabularRegressor(preset="fast", max_epochs=1, members=6, random_state=0).fit(X, X[:, 0])
    spreads = model.network_[0].layers[0].frequency.std(axis=(1, 2))
    sigmas = PRESETS["fast"].sigmas
    np.testing.assert_allclose(spreads, [*sigmas, sigmas[0]], rtol=0.15)


def test_probabilities_are_the_mean_over_the_members(fitted: Any) -> None:
    X, _, model = fitted
    rows = model.encoder_.transform(X).astype(np.float32)
    alone = [outputs(nn.fold(member), rows, compiled=False) for member in nn.unstack(model.network_)]
    mean = np.mean([softmax(z.astype(np.float64), model.temperature_) for z in alone], axis=0)
    np.testing.assert_allclose(model.predict_proba(X), mean, atol=1e-6)
    np.testing.assert_array_equal(model.predict(X), model.classes_[mean.argmax(axis=1)])


def test_the_folded_network_answers_as_the_trained_one(fitted: Any) -> None:
    X, _, model = fitted
    rows = model.encoder_.transform(X).astype(np.float32)
    np.testing.assert_allclose(
        outputs(nn.fold(model.network_), rows, compiled=False), outputs(model.network_, rows, compiled=False), atol=1e-4
    )


@pytest.mark.parametrize("convert", [pl.from_pandas, pa.Table.from_pandas], ids=["polars", "arrow"])
def test_any_frame_gives_the_same_network(fitted: Any, convert: Any) -> None:
    X, y, model = fitted
    X = X.drop(columns="nothing")
    again = clone(model).fit(X, y)
    other = clone(model).fit(convert(X), y)
    np.testing.assert_array_equal(other.predict_proba(convert(X)), again.predict_proba(X))


def test_a_file_and_the_name_of_its_target(fitted: Any, tmp_path: Path) -> None:
    X, y, model = fitted
    path = tmp_path / "shops.parquet"
    X.drop(columns="nothing").assign(answer=y).to_parquet(path)
    stored = clone(model).fit(path, "answer")
    framed = clone(model).fit(X.drop(columns="nothing").assign(answer=y), "answer")
    np.testing.assert_array_equal(stored.predict_proba(path), framed.predict_proba(X))


def test_columns_are_found_by_their_names(fitted: Any) -> None:
    X, _, model = fitted
    np.testing.assert_array_equal(model.predict_proba(X[X.columns[::-1]].assign(more=1)), model.predict_proba(X))
    with pytest.raises(ValueError, match="town"):
        model.predict(X.drop(columns="town"))


def test_rows_with_what_training_never_saw_are_answered(fitted: Any) -> None:
    X, _, model = fitted
    strange = X.iloc[:3].assign(town=["Mars", None, "Bern"], shop="a new one", size=[1e300, -1e300, np.nan])
    probabilities = model.predict_proba(strange)
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_a_reloaded_model_answers_with_the_same_bits(fitted: Any, regressor: Any, tmp_path: Path) -> None:
    for X, _, model in (fitted, regressor):
        ff.save(model, tmp_path / "model.safetensors")
        again = ff.load(tmp_path / "model.safetensors")
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
        assert again.history_ == model.history_
        assert again.preset == "fast"
    np.testing.assert_array_equal(again.predict_interval(X, 0.8), model.predict_interval(X, 0.8))


def test_intervals_of_weighted_rows(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X, rare = rng.normal(size=(6000, 1)), rng.random(6000) < 0.5
    y, weights = X[:, 0] + np.where(rare, 3.0, 0.1) * rng.normal(size=6000), np.where(rare, 1.0, 9.0)
    model = ff.TabularRegressor(**{**QUICK, "members": 1, "max_epochs": 4}).fit(X[:4000], y[:4000], weights[:4000])
    low, high = model.predict_interval(X[4000:], 0.8).T
    assert abs(np.average((low <= y[4000:]) & (y[4000:] <= high), weights=weights[4000:]) - 0.8) < 0.06
    ff.save(model, tmp_path / "model.safetensors")
    again = ff.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict_interval(X), model.predict_interval(X))


@pytest.mark.parametrize("least", [1e-60, 1e-320])
def test_weights_of_any_size(least: float, tmp_path: Path) -> None:
    X, y = mixed(60)
    weights = np.where(np.arange(60) < 2, 1.0, least)
    assert np.isfinite(ff.TabularClassifier(**QUICK).fit(X, y, weights).predict_proba(X)).all()
    model = ff.TabularRegressor(**QUICK).fit(X, np.arange(60.0), weights)
    ff.save(model, tmp_path / "model.safetensors")
    assert not np.isnan(model.predict_interval(X, 0.5)).any()


def test_it_beats_the_linear_model_where_there_is_more_to_learn() -> None:
    X, y = ff.datasets.moons(n=600, random_state=0)
    model = ff.TabularClassifier(preset="fast", engine="numpy", random_state=0).fit(X[:400], y[:400])
    assert model.score(X[400:], y[400:]) > 0.95  # a line reaches 0.88


@pytest.mark.parametrize("beside", ["a number", "nothing"])
def test_codes_of_thousands_of_categories_are_no_badly_scaled_numbers(beside: str) -> None:
    n = 5000
    X = pd.DataFrame({"customer": [f"customer {i // 2}" for i in range(n)]})
    if beside == "a number":
        X["x"] = np.linspace(-1, 1, n)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ff.TabularClassifier(**{**QUICK, "max_epochs": 1}).fit(X, np.arange(n) % 3 == 0)


def test_answers_stay_in_the_range_of_training(regressor: Any) -> None:
    X, y, model = regressor
    answers = model.predict(50 * X)
    assert answers.min() >= y[:300].min()
    assert answers.max() <= y[:300].max()


@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_intervals_hold_about_as_many_new_targets_as_they_say(regressor: Any, coverage: float) -> None:
    X, y, model = regressor
    low, high = model.predict_interval(X[300:], coverage).T
    held = ((low <= y[300:]) & (y[300:] <= high)).mean()
    assert abs(held - coverage) < 3 * np.sqrt(coverage * (1 - coverage) / 142) + 0.02


def test_rows_of_weight_0_count_as_if_they_had_not_been_given() -> None:
    X, y = mixed(80)
    weights = np.ones(80)
    weights[::3] = 0
    with_them = ff.TabularClassifier(**QUICK).fit(X, y, weights)
    without = ff.TabularClassifier(**QUICK).fit(X[weights > 0], y[weights > 0])
    np.testing.assert_array_equal(with_them.predict_proba(X), without.predict_proba(X))


def test_rows_to_be_judged_on_by_all_make_probabilities_honest() -> None:
    X, y = mixed(600, seed=3)
    y = np.where(np.random.default_rng(4).random(600) < 0.3, "no", y)
    model = ff.TabularClassifier(**{**QUICK, "max_epochs": 20}).fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    model_at_1 = clone(model).fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    model_at_1.temperature_ = 1.0
    codes = y[300:]
    assert log_loss(codes, model.predict_proba(X[300:])) <= log_loss(codes, model_at_1.predict_proba(X[300:]))


def test_rows_of_ones_own_to_be_judged_on() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    parts = train_test_split(X, y, test_size=0.4, random_state=0)
    X, X_val, y, y_val = parts
    model = ff.TabularClassifier(**QUICK).fit(X, y, X_val=X_val, y_val=y_val)
    outs = outputs(model.network_, model.encoder_.transform(X_val).astype(np.float32), compiled=False)
    losses = [log_loss(y_val, softmax(z.astype(np.float64))) for z in outs]
    assert min(model.history_["val_loss"]) >= np.mean(losses) - 1e-5  # each member keeps its own best epoch


def test_threads_change_no_bit(fitted: Any) -> None:
    X, y, model = fitted
    alone = clone(model).set_params(n_jobs=1).fit(X, y)
    np.testing.assert_allclose(alone.predict_proba(X), model.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"preset": "stong"}, "Did you mean 'strong'"),
        ({"metric": "auc"}, "metric is unknown"),
        ({"members": 0}, "members must be"),
        ({"time_limit": -1}, "time_limit must be"),
        ({"n_jobs": 1.5}, "n_jobs must be"),
        ({"kinds": {"twon": "category"}}, "Did you mean 'town'"),
    ],
)
def test_settings_that_cannot_be_are_named(settings: dict[str, Any], words: str) -> None:
    X, y = mixed(30)
    with pytest.raises(ff.SettingError, match=words):
        ff.TabularClassifier(**{**QUICK, **settings}).fit(X, y)


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_a_handful_of_rows_is_enough(n: int) -> None:
    X, _ = mixed(7)
    labels, numbers = np.array(["a", "b", "c", "a", "b", "a", "a"])[:n], np.arange(7.0)[:n]
    assert np.isin(ff.TabularClassifier(**QUICK).fit(X[:n], labels).predict(X), labels).all()
    answers = ff.TabularRegressor(**QUICK).fit(X[:n], numbers).predict(X)
    assert ((answers >= 0) & (answers <= n - 1)).all()


@pytest.mark.parametrize("size", [1e300, 1e-300])
def test_targets_whose_squares_are_no_numbers_are_refused(size: float) -> None:
    X, _ = mixed(40)
    with pytest.raises(ff.InputError, match="y reaches from .*: the squares of such numbers.* other units"):
        ff.TabularRegressor(**QUICK).fit(X, size * np.arange(-10.0, 30.0))


def test_targets_with_gaps_are_refused() -> None:
    X, y = mixed(20)
    y = y.astype(object)
    y[4] = None
    with pytest.raises(ff.InputError, match="row 4"):
        ff.TabularClassifier(**QUICK).fit(X, y)
    with pytest.raises(ff.InputError, match="row 2"):
        ff.TabularRegressor(**QUICK).fit(X, np.where(np.arange(20) == 2, np.inf, 1.0))


@pytest.mark.parametrize("members", [1, 3])
def test_the_compiled_engine_comes_to_the_same_members(members: int) -> None:
    X, y = mixed(200, seed=5)  # embeddings, periodic embeddings, flags, scales, dropout, decay: all of it
    readable = ff.TabularClassifier(**{**QUICK, "members": members}).fit(X, y)
    compiled = clone(readable).set_params(engine="compiled").fit(X, y)
    start = ff.TabularClassifier(**{**QUICK, "members": members, "max_epochs": 1}).fit(X, y)
    moved = np.abs(readable.predict_proba(X) - start.predict_proba(X)).max()
    assert np.abs(compiled.predict_proba(X) - readable.predict_proba(X)).max() < 1e-3 * max(moved, 0.1)
    np.testing.assert_allclose(compiled.history_["train_loss"], readable.history_["train_loss"], rtol=1e-3)


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_stopped_anywhere_and_resumed_it_is_the_training_that_never_stopped(engine: str, tmp_path: Path) -> None:
    X, y = ff.datasets.moons(n=150, random_state=0)
    settings: dict[str, Any] = {"preset": "fast", "max_epochs": 4, "engine": engine, "random_state": 0}
    straight = ff.TabularClassifier(**settings).fit(X, y)

    def stop(training: Any) -> None:
        if training.epoch == 2:
            raise KeyboardInterrupt

    path = tmp_path / "run"
    stopped = ff.TabularClassifier(**settings, callbacks=[ff.Checkpoint(path), stop])
    with pytest.raises(KeyboardInterrupt):
        stopped.fit(X, y)
    assert stopped.n_iter_ == 2
    assert stopped.predict_proba(X).shape == (150, 2)  # what was learned so far can be used
    for _ in range(2):  # to go on, and then there is nothing left to do
        resumed = ff.TabularClassifier(**settings, callbacks=[ff.Checkpoint(path, resume=True)]).fit(X, y)
        np.testing.assert_array_equal(resumed.predict_proba(X), straight.predict_proba(X))
        assert resumed.history_["val_loss"] == straight.history_["val_loss"]


def test_resuming_what_patience_had_ended_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), rng.integers(0, 2, 60)  # nothing to learn
    settings: dict[str, Any] = {"preset": "fast", "max_epochs": 200, "random_state": 0, "verbose": True}
    for resume in (False, True):
        checkpoint = ff.Checkpoint(tmp_path / "run", resume=resume)
        model = ff.TabularClassifier(**settings, callbacks=[checkpoint]).fit(X, y)
        assert model.n_iter_ < 200
    assert "where patience had ended it" in capsys.readouterr().err


def test_advice_names_nothing_that_cannot_be_set() -> None:
    history = {"train_score": [-5.0, -2.0], "val_score": [-3.0, -1.0]}
    (told,) = useless("squared_error", history, kept=2, is_stack=True)
    assert "worse than always giving the mean" in told
    assert "batches." not in told
    assert "Scale" not in told


def test_resuming_a_network_of_another_size_is_refused_within_a_few_lines(tmp_path: Path) -> None:
    X, y = ff.datasets.moons(n=60, random_state=0)
    settings: dict[str, Any] = {"max_epochs": 2, "members": 2, "random_state": 0, "engine": "numpy"}
    ff.TabularClassifier(preset="fast", **settings, callbacks=[ff.Checkpoint(tmp_path / "run")]).fit(X, y)
    other = ff.TabularClassifier(preset="strong", **settings, callbacks=[ff.Checkpoint(tmp_path / "run", resume=True)])
    with pytest.raises(ff.errors.SettingError, match=r"layers was .*out_features=128.* and is .*out_features=256") as e:
        other.fit(X, y)
    assert len(str(e.value)) < 1000


def test_what_is_dropped_may_hold_anything_and_be_missing() -> None:
    X = pd.DataFrame({"mixed": [1, "a", [2], None] * 20, "x": np.arange(80.0)})
    y = X["x"] > 30
    model = ff.TabularClassifier(preset="fast", max_epochs=2, random_state=0, kinds={"mixed": "drop"}).fit(X, y)
    expected = model.predict_proba(X)
    for given in (X[["x"]], X[["x", "mixed"]], X.assign(mixed="b"), pa.table({"x": X["x"]})):
        np.testing.assert_array_equal(model.predict_proba(given), expected)
    array = ff.TableEncoder(kinds={"x0": "drop"}).fit(X.to_numpy(dtype=object))
    assert array.transform(X.to_numpy(dtype=object)).shape == (80, 1)
