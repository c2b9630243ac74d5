"""What both neurons promise: any labels, any rows, weights, partial fits, names, warnings, compiled or plain."""

import pickle
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csc_matrix, csr_array, csr_matrix
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_wine, make_blobs
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from feedforward import Adaline, FeedforwardError, InputError, Perceptron, SettingError
from feedforward.neurons import adaline, perceptron, sparse

TWO = make_blobs(n_samples=200, n_features=3, centers=2, random_state=0, cluster_std=1.0)
FOUR = make_blobs(n_samples=400, n_features=2, centers=[[-8, -8], [-8, 8], [8, -8], [8, 8]], random_state=0)
NEURONS = [
    Perceptron(random_state=0),
    Adaline(random_state=0),
    Adaline(random_state=0, batch_size=32),
    Adaline(random_state=0, batch_size=1),
]
each_neuron = pytest.mark.parametrize("neuron", NEURONS, ids=repr)


def alike(one: Any, other: Any, rtol: float = 1e-12) -> None:
    assert_allclose(one.coef_, other.coef_, rtol=rtol, atol=rtol)
    assert_allclose(one.intercept_, other.intercept_, rtol=rtol, atol=rtol)
    assert_array_equal(one.classes_, other.classes_)


# Labels ------------------------------------------------------------------------------------------------------------

LABELS: list[Any] = [
    ["no", "yes"],
    [2, 7],
    [-1, 1],
    [False, True],
    [1.0, 3.0],
    np.array(["b", "a"], dtype=object),
]


@each_neuron
@pytest.mark.parametrize("labels", LABELS, ids=str)
def test_any_two_labels(neuron: Any, labels: Any) -> None:
    X, codes = TWO
    plain = clone(neuron).fit(X, codes)
    names = np.sort(np.asarray(labels))
    fitted = clone(neuron).fit(X, names[codes])
    alike_but_for_classes = clone(fitted).fit(X, codes)
    alike(alike_but_for_classes, plain)
    assert_array_equal(fitted.predict(X), names[plain.predict(X)])
    assert fitted.predict(X).dtype == names.dtype
    assert fitted.coef_.shape == (1, 3)
    assert fitted.intercept_.shape == (1,)
    assert fitted.decision_function(X).shape == (200,)
    assert fitted.score(X, names[codes]) > 0.95


@each_neuron
@pytest.mark.parametrize("names", [["d", "b", "a", "c"], [10, -3, 5, 0]], ids=str)
def test_many_unsorted_labels_with_gaps(neuron: Any, names: Any) -> None:
    X, codes = FOUR
    y = np.asarray(names)[codes]
    fitted = clone(neuron).fit(X, y)
    assert fitted.classes_.tolist() == sorted(names)
    assert fitted.coef_.shape == (4, 2)
    assert fitted.intercept_.shape == (4,)
    assert fitted.decision_function(X).shape == (400, 4)
    # By single rows the weights never rest: the last rows seen pull hardest.
    assert fitted.score(X, y) > (0.7 if getattr(neuron, "batch_size", None) == 1 else 0.98)


@each_neuron
def test_one_against_the_rest_is_that_many_neurons(neuron: Any) -> None:
    X, y = FOUR
    neuron = clone(neuron).set_params(shuffle=False)
    start, bias = np.random.RandomState(3).normal(size=(4, 2)), np.arange(4.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        together = clone(neuron).set_params(max_epochs=3).fit(X, y, coef_init=start, intercept_init=bias)
        for c in range(4):
            alone = clone(neuron).set_params(max_epochs=together.n_iter_)
            alone.fit(X, y == c, coef_init=start[c], intercept_init=bias[c])
            if alone.n_iter_ == together.n_iter_:
                assert_allclose(alone.coef_[0], together.coef_[c], rtol=1e-12)
                assert_allclose(alone.intercept_[0], together.intercept_[c], rtol=1e-12)


@each_neuron
def test_decision_decides_and_stands_at_the_threshold(neuron: Any) -> None:
    X, y = TWO
    for threshold in [0.0, 0.5, -2.0] if isinstance(neuron, Perceptron) else [0.5]:
        fitted = clone(neuron)
        if isinstance(neuron, Perceptron):
            fitted.set_params(threshold=threshold)
        fitted.fit(X, y)
        decision = fitted.decision_function(X)
        assert_allclose(fitted.net_input(X), X @ fitted.coef_[0] + fitted.intercept_[0], rtol=1e-12)
        assert_allclose(decision, fitted.net_input(X) - threshold, atol=1e-12)
        assert_array_equal(fitted.predict(X), decision >= 0)


@each_neuron
def test_one_class_only_says_so_and_predicts_it(neuron: Any) -> None:
    X, _ = TWO
    with pytest.warns(ConvergenceWarning, match="every row has the class 'no'.*another"):
        fitted = clone(neuron).fit(X, ["no"] * 200)
    assert set(fitted.predict(-X)) == {"no"}


# Rows --------------------------------------------------------------------------------------------------------------


@each_neuron
@pytest.mark.parametrize("kind", [csr_matrix, csr_array, csc_matrix, lambda X: csr_matrix(X.astype(np.float32))])
def test_sparse_rows_are_the_same_rows(neuron: Any, kind: Any) -> None:
    rng = np.random.RandomState(0)
    X = rng.normal(size=(300, 12)) * (rng.uniform(size=(300, 12)) < 0.2)
    y = X @ rng.normal(size=12) > 0
    sparse = kind(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        neuron = clone(neuron).set_params(max_epochs=20)
        dense, fitted = clone(neuron).fit(X.astype(sparse.dtype), y), clone(neuron).fit(sparse, y)
        alike(dense, fitted, rtol=1e-10 if sparse.dtype == np.float64 else 1e-3)
        assert fitted.coef_.dtype == sparse.dtype
        assert_array_equal(fitted.predict(sparse), fitted.predict(X.astype(sparse.dtype)))
        weights = rng.randint(0, 3, 300)
        alike(
            clone(neuron).fit(X.astype(sparse.dtype), y, sample_weight=weights),
            clone(neuron).fit(sparse, y, sample_weight=weights),
            rtol=1e-10 if sparse.dtype == np.float64 else 1e-3,
        )


@each_neuron
def test_float32_stays_float32(neuron: Any) -> None:
    X, y = TWO
    fitted = clone(neuron).fit(X.astype(np.float32), y)
    assert fitted.coef_.dtype == fitted.intercept_.dtype == np.float32
    assert fitted.decision_function(X.astype(np.float32)).dtype == np.float32
    assert fitted.partial_fit(X[:1], y[:1]).coef_.dtype == np.float32
    assert clone(neuron).fit(X, y).coef_.dtype == np.float64
    assert clone(neuron).fit((X * 100).astype(int), y).coef_.dtype == np.float64


@each_neuron
def test_rows_are_left_as_they_were(neuron: Any) -> None:
    X, y = TWO[0].copy(), TWO[1].copy()
    start = np.ones(3)
    clone(neuron).fit(X, y, sample_weight=np.ones(200), coef_init=start)
    assert_array_equal(X, TWO[0])
    assert_array_equal(start, np.ones(3))


def as_pandas(X: Any, names: list[str]) -> Any:
    return pd.DataFrame(X, columns=names)


def as_polars(X: Any, names: list[str]) -> Any:
    return pl.DataFrame(X, schema=names)


@each_neuron
@pytest.mark.parametrize("frame", [as_pandas, as_polars])
def test_frames_and_their_names(neuron: Any, frame: Any) -> None:
    X, y = TWO
    table = frame(X, ["height", "weight", "age"])
    series = pd.Series(y) if frame is as_pandas else pl.Series(y)
    fitted = clone(neuron).fit(table, series)
    alike(fitted, clone(neuron).fit(X, y))
    assert fitted.feature_names_in_.tolist() == ["height", "weight", "age"]
    assert_array_equal(fitted.predict(table), clone(neuron).fit(X, y).predict(X))
    with pytest.raises(InputError, match="feature names should match.*\n?.*order"):
        fitted.predict(frame(X[:, ::-1], ["age", "weight", "height"]))
    with pytest.raises(InputError, match="shoe"):
        fitted.predict(frame(X, ["height", "weight", "shoe"]))
    with pytest.raises(InputError, match="2 features, but .* is expecting 3 features|feature names should match"):
        fitted.predict(frame(X[:, :2], ["height", "weight"]))


# Weights -----------------------------------------------------------------------------------------------------------


@each_neuron
def test_weights_count_by_their_ratios(neuron: Any) -> None:
    X, y = TWO
    weights = np.random.RandomState(0).uniform(0.1, 2, 200)
    alike(clone(neuron).fit(X, y, weights), clone(neuron).fit(X, y, 10 * weights), rtol=1e-9)
    alike(clone(neuron).fit(X, y), clone(neuron).fit(X, y, np.full(200, 3.0)), rtol=1e-9)


@each_neuron
def test_rows_of_weight_zero_are_not_there(neuron: Any) -> None:
    X, y = TWO
    weights = (np.arange(200) % 3 > 0).astype(float)
    alike(clone(neuron).fit(X, y, weights), clone(neuron).fit(X[weights > 0], y[weights > 0]))


@each_neuron
def test_class_weight_multiplies_sample_weight(neuron: Any) -> None:
    X, y = FOUR
    weights = np.random.RandomState(0).uniform(0.1, 2, 400)
    by_class = {0: 1.0, 1: 2.0, 2: 0.5, 3: 4.0}
    alike(
        clone(neuron).set_params(class_weight=by_class).fit(X, y, weights),
        clone(neuron).fit(X, y, weights * np.array([by_class[c] for c in y])),
        rtol=1e-9,
    )


@each_neuron
def test_balanced_classes_weigh_the_same(neuron: Any) -> None:
    X, y = TWO
    rare = np.r_[np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:10]]
    X, y = X[rare], y[rare]
    counts = np.bincount(y)
    by_hand = {c: len(y) / (2 * counts[c]) for c in (0, 1)}
    alike(
        clone(neuron).set_params(class_weight="balanced").fit(X, y),
        clone(neuron).set_params(class_weight=by_hand).fit(X, y),
        rtol=1e-9,
    )


# Going on ----------------------------------------------------------------------------------------------------------


@each_neuron
def test_partial_fit_on_a_fresh_neuron_is_one_epoch_in_order(neuron: Any) -> None:
    X, y = TWO
    once = clone(neuron).set_params(max_epochs=1, shuffle=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        alike(clone(neuron).partial_fit(X, y), once.fit(X, y))
    assert once.n_iter_ == 1


@pytest.mark.parametrize("neuron", [Perceptron(random_state=0), Adaline(learning_rate=0.01, batch_size=1)], ids=repr)
def test_rows_one_by_one_are_the_rows_together(neuron: Any) -> None:
    X, y = TWO
    neuron.set_params(random_state=0)
    together, apart, sparse = (clone(neuron) for _ in range(3))
    together.partial_fit(X, y)
    for row, label in zip(X, y, strict=True):
        apart.partial_fit(row, label, classes=[0, 1])
        sparse.partial_fit(csr_matrix(row[np.newaxis]), [label], classes=[0, 1])
    alike(together, apart)
    alike(together, sparse)
    assert apart.n_iter_ == 200
    assert len(next(iter(apart.history_.values()))) == 200


@each_neuron
def test_partial_fit_goes_on_after_fit(neuron: Any) -> None:
    X, y = TWO
    fitted = clone(neuron).fit(X[:100], y[:100])
    epochs = fitted.n_iter_
    assert fitted.partial_fit(X[100:], y[100:]).n_iter_ == epochs + 1
    assert fitted.score(X, y) > 0.9


@each_neuron
def test_partial_fit_refuses_what_it_does_not_know(neuron: Any) -> None:
    X, y = TWO
    fresh = clone(neuron).partial_fit(X[:1], y[:1], classes=[0, 1])
    with pytest.raises(InputError, match="a label outside classes: 5 at row 2"):
        fresh.partial_fit(X[:3], [0, 1, 5])
    with pytest.raises(InputError, match="not the same"):
        fresh.partial_fit(X[:3], y[:3], classes=[0, 1, 2])
    with pytest.raises(SettingError, match="balanced"):
        clone(neuron).set_params(class_weight="balanced").partial_fit(X, y)
    with pytest.raises(InputError, match="expecting 3 features"):
        fresh.partial_fit([1.0], 0)


@each_neuron
def test_a_chosen_start(neuron: Any) -> None:
    X, y = FOUR
    one = clone(neuron).set_params(max_epochs=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        start = np.arange(8.0).reshape(4, 2)
        first = one.fit(X, y, coef_init=start, intercept_init=[1, 2, 3, 4])
        alike(first, clone(one).fit(X, y, coef_init=start.tolist(), intercept_init=(1, 2, 3, 4)))
        binary = clone(one).fit(X, y > 1, coef_init=[1, 2], intercept_init=3)
        alike(binary, clone(one).fit(X, y > 1, coef_init=[[1, 2]], intercept_init=[3]))
        number = clone(one).fit(X, y, coef_init=start, intercept_init=2)
        alike(number, clone(one).fit(X, y, coef_init=start, intercept_init=[2, 2, 2, 2]))
    for bad, sentence in [([1, 2, 3], "shape"), ([["a", "b"]] * 4, "numbers"), ([[np.nan, 0]] * 4, "finite")]:
        with pytest.raises(InputError, match=f"coef_init must .*{sentence}"):
            clone(one).fit(X, y, coef_init=bad)


@each_neuron
def test_epochs_hand_over_a_fitted_neuron_each_time(neuron: Any) -> None:
    X, y = TWO
    stepped, fitted = clone(neuron), clone(neuron).fit(X, y)
    for epoch in stepped.epochs(X, y):
        assert stepped.n_iter_ == epoch == len(next(iter(stepped.history_.values())))
        assert stepped.predict(X).shape == y.shape
    alike(stepped, fitted)


# What goes wrong ---------------------------------------------------------------------------------------------------


@each_neuron
def test_columns_on_scales_far_apart_are_named(neuron: Any) -> None:
    X, y = TWO
    table = pd.DataFrame(X * [1, 1, 1e5], columns=["height", "weight", "salary"])
    warnings.filterwarnings("ignore", ".*still .* mistakes", ConvergenceWarning)
    with pytest.warns(ConvergenceWarning, match="column 'salary' reaches .* and column '(height|weight)' only .*Scale"):
        clone(neuron).set_params(max_epochs=2).fit(table, y)
    with pytest.warns(ConvergenceWarning, match="column 2 reaches"):
        clone(neuron).set_params(max_epochs=2).fit(csr_matrix(table.to_numpy()), y)


BAD_ROWS: list[Any] = [
    ([[1.0, np.nan, 0.0]], "NaN.*row 0 .*column 1"),
    ([[1.0, 2.0, 3.0], [1.0, 2.0, np.inf]], "infinity.*row 1 .*column 2"),
    ([["1", "red", "2"]], "red"),
    ([[1.0, 2.0]], "expecting 3 features"),
    ([[1.0, 2.0, 3.0, 4.0]], "expecting 3 features"),
    ([1.0, 2.0, 3.0], "1D array"),
    (np.empty((0, 3)), "0 sample"),
]


@each_neuron
@pytest.mark.parametrize(("rows", "sentence"), BAD_ROWS, ids=lambda value: str(value)[:30])
def test_bad_rows_are_refused_with_their_place(neuron: Any, rows: Any, sentence: str) -> None:
    fitted = clone(neuron).fit(*TWO)
    before = pickle.dumps(fitted)
    with pytest.raises(InputError, match=sentence) as caught:
        fitted.predict(rows)
    assert "\n" not in str(caught.value).split("feature names")[0]
    with pytest.raises(InputError):
        fitted.partial_fit(rows, [0] * len(rows))
    assert pickle.dumps(fitted) == before


def test_bad_cells_of_a_frame_are_named_by_column() -> None:
    table = pd.DataFrame({"height": [1.0, 2.0], "colour": ["3", "red"]})
    with pytest.raises(InputError, match="row 1 .*column 'colour': red.*TableEncoder"):
        Perceptron().fit(table, [0, 1])
    with pytest.raises(InputError, match="NaN.*row 1 .*column 'height'.*TableEncoder"):
        Perceptron().fit(pl.DataFrame({"height": [1.0, float("nan")]}), [0, 1])


BAD_LABELS: list[Any] = [
    ([0.0, np.nan] * 100, "NaN.*row 1"),
    ([0.5, 1.5] * 100, "continuous"),
    (["a", None] * 100, "None.*row 1"),
    (["a", 1] * 100, "int, str"),
    ([0, 1, 2], "200 rows and y 3 labels"),
    (np.zeros((200, 2)), "1d array"),
    (np.array(["a", pd.NA] * 100, dtype=object), "row 1"),
]


@each_neuron
@pytest.mark.parametrize(("labels", "sentence"), BAD_LABELS, ids=lambda value: str(value)[:20])
def test_bad_labels_are_refused(neuron: Any, labels: Any, sentence: str) -> None:
    labels = np.array(labels, dtype=object) if isinstance(labels, list) and labels[0] == "a" else labels
    with pytest.raises(InputError, match=sentence):
        clone(neuron).fit(TWO[0], labels)


BAD_SETTINGS: list[Any] = [
    ("learning_rate", 0, "above 0"),
    ("learning_rate", "fast", "above 0"),
    ("learning_rate", np.nan, "above 0"),
    ("max_epochs", 0, "1 or more"),
    ("max_epochs", 2.5, "whole number"),
    ("shuffle", "yes", "True or False"),
    ("initial_scale", -1, "0 or more"),
    ("class_weight", "balance", "'balanced'"),
    ("class_weight", {"stranger": 2}, "does not have: 'stranger'"),
    ("class_weight", {0: -1}, "not negative"),
    ("random_state", -1, "0 or more"),
    ("random_state", "seed", "RandomState"),
]


@each_neuron
@pytest.mark.parametrize(("name", "value", "sentence"), BAD_SETTINGS)
def test_bad_settings_are_refused_by_name(neuron: Any, name: str, value: Any, sentence: str) -> None:
    with pytest.raises((SettingError, InputError), match=f"{name}.*{sentence}"):
        clone(neuron).set_params(**{name: value}).fit(*TWO)


@pytest.mark.parametrize(
    ("neuron", "sentence"),
    [
        (Perceptron(max_mistakes=-1), "max_mistakes must be a whole number of 0 or more; got -1"),
        (Perceptron(threshold=np.inf), "threshold must be a finite number; got inf"),
        (Adaline(batch_size=0), "batch_size must be None or a whole number of 1 or more; got 0"),
        (Adaline(tolerance=-1.0), "tolerance must be None or a number of 0 or more; got -1.0"),
    ],
)
def test_own_settings_are_checked(neuron: Any, sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        neuron.fit(*TWO)


BAD_WEIGHTS: list[Any] = [
    (np.ones(3), "one weight for each row"),
    (np.r_[-1.0, np.ones(199)], "not negative; got -1.0 at place 0"),
    ([10**400] * 200, "must be numbers; int too large to convert to float. Give one for each row"),
    (np.r_[np.nan, np.ones(199)], "finite"),
    (np.zeros(200), "zero everywhere"),
    (["heavy"] * 200, "numbers"),
]


@each_neuron
@pytest.mark.parametrize(("weights", "sentence"), BAD_WEIGHTS, ids=lambda value: str(value)[:20])
def test_bad_weights_are_refused(neuron: Any, weights: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=f"sample_weight.*{sentence}"):
        clone(neuron).fit(*TWO, sample_weight=weights)


def test_own_errors_are_standard_errors_too() -> None:
    assert issubclass(InputError, ValueError)
    assert issubclass(InputError, FeedforwardError)
    with pytest.raises(NotFittedError):
        Perceptron().predict([[0.0]])
    with pytest.warns(DataConversionWarning):
        Perceptron(random_state=0).fit(TWO[0], TWO[1][:, np.newaxis])


# Company -----------------------------------------------------------------------------------------------------------


@each_neuron
def test_works_with_the_tools_of_scikit_learn(neuron: Any) -> None:
    X, y = load_wine(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), clone(neuron))
    name = pipeline.steps[1][0]
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.9
    search = GridSearchCV(pipeline, {f"{name}__initial_scale": [0.0, 0.01]}, cv=3).fit(X, y)
    assert search.best_score_ > 0.9
    calibrated = CalibratedClassifierCV(pipeline, cv=3).fit(X, y)
    assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)
    assert calibrated.score(X, y) > 0.9


@each_neuron
def test_clone_and_pickle(neuron: Any) -> None:
    fitted = clone(neuron).fit(*TWO)
    again = pickle.loads(pickle.dumps(fitted))
    alike(fitted, again)
    assert_array_equal(fitted.predict(TWO[0]), again.predict(TWO[0]))
    assert not hasattr(clone(fitted), "coef_")


@each_neuron
def test_same_seed_same_neuron(neuron: Any) -> None:
    one, other = clone(neuron).fit(*FOUR), clone(neuron).fit(*FOUR)
    assert_array_equal(one.coef_, other.coef_)
    by_generator = clone(neuron).set_params(random_state=np.random.RandomState(0)).fit(*FOUR)
    assert_array_equal(one.coef_, by_generator.coef_)


# Compiled and plain ------------------------------------------------------------------------------------------------

SCRIPT = """
import sys, warnings
import numpy as np
from scipy.sparse import csr_matrix
from feedforward import Adaline, Perceptron
warnings.simplefilter("ignore")
rng = np.random.RandomState(0)
X = rng.normal(size=(120, 5)) * (rng.uniform(size=(120, 5)) < 0.7)
y = (X @ rng.normal(size=(5, 3)) + rng.normal(size=(120, 3))).argmax(axis=1)
weights = rng.uniform(0, 2, 120)
found = {}
for dtype in (np.float64, np.float32):
    for rows in (X.astype(dtype), csr_matrix(X.astype(dtype))):
        for neuron in (Perceptron(max_epochs=6), Perceptron(learning_rate=0.3, threshold=0.5, max_epochs=6),
                       Adaline(max_epochs=6), Adaline(max_epochs=6, batch_size=7), Adaline(max_epochs=6, batch_size=1)):
            neuron.set_params(random_state=0).fit(rows, y, weights)
            measure = next(iter(neuron.history_.values()))
            parts = [neuron.coef_.ravel(), neuron.intercept_, measure]
            found[str(len(found))] = np.concatenate(parts).astype(np.float64)
np.savez(sys.argv[1], **found)
"""


def test_compiled_and_plain_give_the_same_neuron(tmp_path: Any) -> None:
    """The plain rules run in a process where numba compiles nothing."""
    found = []
    for switch in ("0", "1"):
        path = tmp_path / f"{switch}.npz"
        command = [sys.executable, "-c", SCRIPT, str(path)]
        done = subprocess.run(command, env={"NUMBA_DISABLE_JIT": switch}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        with np.load(path) as file:
            found.append([file[str(i)] for i in range(20)])
    for i, (compiled, plain) in enumerate(zip(*found, strict=True)):
        is_single = i >= 10
        assert_allclose(compiled, plain, rtol=1e-4 if is_single else 1e-12, atol=1e-5 if is_single else 1e-12)


RULES: list[tuple[Any, tuple[Any, ...]]] = [
    (perceptron.perceptron_rule, (0.3, 0.5)),
    (adaline.adaline_rule, (0.01,)),
    (adaline.adaline_batch_rule, (0.01, 7)),
    (sparse.perceptron_rule, (0.3, 0.5)),
    (sparse.adaline_rule, (0.01, 1)),
    (sparse.adaline_rule, (0.01, 7)),
]


@pytest.mark.parametrize(("rule", "settings"), RULES, ids=lambda value: getattr(value, "__name__", ""))
def test_each_rule_is_the_plain_function_compiled(rule: Any, settings: tuple[Any, ...]) -> None:
    rng = np.random.RandomState(0)
    X = rng.normal(size=(50, 4)) * (rng.uniform(size=(50, 4)) < 0.7)
    y = (X @ rng.normal(size=4) + rng.normal(size=50) > 0).astype(np.int8)
    rows = sparse.parts(csr_matrix(X)) if rule.__module__.endswith("sparse") else (X,)
    weights, order = rng.uniform(0, 2, 50), rng.permutation(50).astype(np.uint32)
    found = []
    for function in (rule, rule.__wrapped__):
        w = np.linspace(-1, 1, 4)
        b, measure = function(*rows, y, weights, order, w, 0.25, *settings)
        found.append([*w, b, measure])
    assert_allclose(found[0], found[1], rtol=1e-12)
