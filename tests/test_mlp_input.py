"""What a network as an estimator says to settings, rows, targets, weights and networks that it cannot use."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_matrix
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from feedforward import InputError, MLPClassifier, MLPRegressor, SettingError, nn

X, Y = scale(load_iris().data), load_iris().target
NUMBERS = X[:, :2] @ np.array([[1.0, 2.0], [0.5, -1.0]])


def classifier(**settings: Any) -> Any:
    return MLPClassifier(**{"hidden_sizes": (4,), "max_epochs": 2, "random_state": 0, **settings})


def regressor(**settings: Any) -> Any:
    return MLPRegressor(**{"hidden_sizes": (4,), "max_epochs": 2, "random_state": 0, **settings})


BOTH = [(classifier, Y), (regressor, NUMBERS)]
of_both = pytest.mark.parametrize(("make", "y"), BOTH, ids=["classifier", "regressor"])


def with_cell(array: Any, value: Any, row: int = 3, column: int = 1) -> Any:
    changed = np.array(array, float)
    changed[row, column] = value
    return changed


# Settings ----------------------------------------------------------------------------------------------------------

SETTINGS: list[tuple[str, Any, str]] = [
    ("activation", "rellu", "activation is unknown: 'rellu'. Did you mean 'relu'?"),
    ("activation", nn.Linear(2, 2), "activation must be one of .*; got Linear"),
    ("loss", "squared_eror", "loss is unknown: 'squared_eror'. Did you mean 'squared_error'?"),
    ("activation", "logistic", "activation is unknown: 'logistic'. Did you mean 'sigmoid'?"),
    ("optimizer", "lbfgs", "optimizer is unknown: 'lbfgs'. Did you mean 'adam'?"),
    ("loss", "mse", "loss is unknown: 'mse'. Did you mean 'squared_error'?"),
    ("schedule", "adaptive", "schedule is unknown: 'adaptive'. Did you mean 'plateau'?"),
    ("optimizer", "adma", "optimizer is unknown: 'adma'. Did you mean 'adam'?"),
    ("schedule", "cosin", "schedule is unknown: 'cosin'. Did you mean 'cosine'?"),
    ("engine", "compild", "engine is unknown: 'compild'. Did you mean 'compiled'?"),
    ("engine", "jax", "engine is unknown: 'jax'. The .* are 'auto', 'numpy', 'compiled', 'torch'"),
    ("dtype", "flaot32", "dtype is unknown: 'flaot32'. Did you mean 'float32'?"),
    ("dtype", np.float32, "dtype must be 'float32' or 'float64' or 'bfloat16'; got <class 'numpy.float32'>"),
    ("device", "gpu", "device must be 'auto', 'cpu', 'cuda', 'cuda:1' .* or 'mps'; got 'gpu'"),
    ("device", "cuda:01", "device must be .*; got 'cuda:01'"),
    ("device", 0, "device must be .*; got 0"),
    ("hidden_sizes", (10, 0), "hidden_sizes must be a whole number of 1 or more, or a sequence of them"),
    ("hidden_sizes", "10", "hidden_sizes must be .*; got '10'"),
    ("hidden_sizes", (2.5,), "hidden_sizes must be"),
    ("learning_rate", 0, "learning_rate must be a number above 0; got 0"),
    ("learning_rate", "fast", "learning_rate must be a number above 0; got 'fast'"),
    ("batch_size", 0, "batch_size must be a whole number of 1 or more or None; got 0"),
    ("max_epochs", 0, "max_epochs must be a whole number of 1 or more; got 0"),
    ("weight_decay", -0.1, "weight_decay must be a number of 0 or more; got -0.1"),
    ("dropout", 1.0, "dropout must be a number of 0 or more and below 1; got 1.0"),
    ("validation_fraction", 1, "validation_fraction must be a number of 0 or more and below 1; got 1"),
    ("patience", 0, "patience must be a whole number of 1 or more or None; got 0"),
    ("callbacks", print, "callbacks must be a sequence of functions that take a Training"),
    ("callbacks", [1], "callbacks must be a sequence of functions"),
    ("verbose", "yes", "verbose must be True or False; got 'yes'"),
    ("random_state", -1, "random_state must be None, a whole number of 0 or more"),
]


@of_both
@pytest.mark.parametrize(("name", "value", "message"), SETTINGS, ids=lambda value: str(value)[:20])
def test_settings(make: Any, y: Any, name: str, value: Any, message: str) -> None:
    model = make(**{name: value})  # nothing is checked before fit
    for train in (model.fit, model.partial_fit):
        with pytest.raises(SettingError, match=f"^{type(model).__name__}: {message}"):
            train(X, y)


def test_settings_of_classes() -> None:
    with pytest.raises(SettingError, match="class_weight must be None, 'balanced' or a dict"):
        classifier(class_weight="equal").fit(X, Y)
    with pytest.raises(InputError, match="class_weight names a class that y does not have: 7; classes are"):
        classifier(class_weight={7: 1.0}).fit(X, Y)
    for weight in (-1.0, np.nan, np.inf, "2", None):
        with pytest.raises(InputError, match=f"class_weight must be .*; got {weight!r} for class 1. Give a number"):
            classifier(class_weight={0: 2.0, 1: weight}).fit(X, Y)
    with pytest.raises(SettingError, match="class_weight='balanced' needs all rows at once"):
        classifier(class_weight="balanced").partial_fit(X, Y)
    with pytest.raises(SettingError, match="class_weight={0: 2.0} is for one class a row, and y has 2 columns"):
        classifier(class_weight={0: 2.0}).fit(X, NUMBERS > 0)
    with pytest.raises(InputError, match="class_weight is zero everywhere"):
        classifier(class_weight={0: 0.0}).fit(X, Y, Y == 0)
    with pytest.raises(InputError, match="class_weight={0: 0.0} leaves every row the weight zero"):
        classifier(class_weight={0: 0.0}).partial_fit(X[:50], Y[:50], classes=[0, 1, 2])


@pytest.mark.parametrize("name", ["log_loss", "crossentropy", "nll"])
def test_losses_by_other_names(name: str) -> None:
    with pytest.raises(SettingError, match="Did you mean 'cross_entropy'"):
        classifier(loss=name).fit(X, Y)
    with pytest.raises(SettingError, match="choices are 'squared_error', 'huber'[.]|must be one of"):
        regressor(loss=name).fit(X, NUMBERS)


@pytest.mark.parametrize("name", ["mae", "l1"])
def test_only_losses_of_ones_own_are_offered(name: str) -> None:
    with pytest.raises(SettingError, match="choices are 'cross_entropy', 'squared_error', 'binary_cross_entropy'[.]$"):
        classifier(loss=name).fit(X, Y)
    with pytest.raises(SettingError, match="Did you mean 'huber'"):
        regressor(loss=name).fit(X, NUMBERS)


class AbsoluteError(nn.Loss):
    def per_row(self, outputs: Any, targets: Any) -> Any:
        error = outputs - targets
        return np.abs(error).mean(axis=-1), np.sign(error) / error.shape[-1]


@pytest.mark.parametrize("loss", ["huber", "binary_cross_entropy", nn.HuberLoss(), AbsoluteError()], ids=str)
def test_losses_without_probabilities_of_classes(loss: Any) -> None:
    with pytest.raises(SettingError, match="has no probabilities that sum to 1 over the classes. Take loss="):
        classifier(loss=loss).fit(X, Y)


@pytest.mark.parametrize("loss", ["squared_error", "huber", nn.CrossEntropyLoss()], ids=str)
def test_losses_that_do_not_fit_several_labels(loss: Any) -> None:
    with pytest.raises(SettingError, match='does not fit y of several columns.* Take loss="cross_entropy"'):
        classifier(loss=loss).fit(X, NUMBERS > 0)


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", nn.CrossEntropyLoss()], ids=str)
def test_losses_of_classes_for_numbers(loss: Any) -> None:
    with pytest.raises(SettingError, match="MLPRegressor: loss=.* is for classes"):
        regressor(loss=loss).fit(X, NUMBERS)


def test_an_own_loss_trains() -> None:
    history = regressor(loss=AbsoluteError(), max_epochs=30, learning_rate=0.02).fit(X, NUMBERS).history_
    assert history["train_loss"][-1] < 0.8 * history["train_loss"][0]
    with pytest.raises(SettingError, match="engine='compiled' cannot train this: the loss is AbsoluteError"):
        regressor(loss=AbsoluteError(), engine="compiled").fit(X, NUMBERS)


def test_two_learning_rates() -> None:
    with pytest.raises(SettingError, match="learning_rate=0.5 was given, and optimizer=.* brings its own, 0.1"):
        classifier(optimizer=nn.SGD(0.1), learning_rate=0.5).fit(X, Y)


@pytest.mark.parametrize(("name", "value"), [("hidden_sizes", (9,)), ("dtype", "float64"), ("optimizer", "sgd")])
def test_partial_fit_cannot_change_the_network(name: str, value: Any) -> None:
    model = classifier().partial_fit(X, Y).set_params(**{name: value})
    with pytest.raises(SettingError, match=f"MLPClassifier: {name} was .* when training began, and is now .* fit anew"):
        model.partial_fit(X, Y)


# Rows --------------------------------------------------------------------------------------------------------------

ROWS: list[tuple[str, Any, str]] = [
    ("NaN", with_cell(X, np.nan), "Input X contains NaN. First at row 3 .*, column 1: nan"),
    ("infinity", with_cell(X, np.inf), "Input X contains infinity .* First at row 3 .*, column 1: inf"),
    ("sparse NaN", csr_matrix(with_cell(X, np.nan)), "Input X contains NaN. First at row 3 .*, column 1: nan"),
    ("complex", X + 1j, "Complex data not supported"),
    ("text", np.array([["red", "1"]] * 150), "could not convert string to float: .*'red'.* First at row 0 .* column 0"),
    ("table of text", pd.DataFrame({"colour": ["red"] * 150}), "could not convert string to float.*column 'colour'"),
    ("one dimension", X[:, 0], "Expected 2D array, got 1D array instead"),
    ("three dimensions", X[None], "Found array with dim 3"),
    ("no rows", X[:0], "Found array with 0 sample"),
    ("no columns", X[:, :0], "Found array with 0 feature"),
    ("too large", with_cell(X, 1e300), "X has a number too large for dtype='float32': 1e\\+300 at row 3 .*, column 1"),
    (
        "too small",
        with_cell(X, -1e300),
        "X has a number too large for dtype='float32': -1e\\+300 at row 3 .*, column 1",
    ),
    (
        "sparse too large",
        csr_matrix(with_cell(X, 1e300)),
        "too large for dtype='float32': 1e\\+300 at row 3 .*, column 1",
    ),
]


@of_both
@pytest.mark.parametrize(("rows", "message"), [case[1:] for case in ROWS], ids=[case[0] for case in ROWS])
def test_rows(make: Any, y: Any, rows: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make().fit(rows, y[: rows.shape[0]])
    with pytest.raises(InputError, match=message):
        make().partial_fit(rows, y[: rows.shape[0]])


@of_both
@pytest.mark.parametrize("kind", [np.asarray, csr_matrix, np.ndarray.tolist])
@pytest.mark.parametrize(
    ("value", "message"),
    [(np.nan, "contains NaN"), (-np.inf, "contains infinity"), (1e300, "X has a number too large for dtype='float32'")],
)
def test_rows_to_predict(make: Any, y: Any, kind: Any, value: Any, message: str) -> None:
    model = make().fit(X, y)
    with pytest.raises(InputError, match=message):
        model.predict(kind(with_cell(X, value)))


@of_both
def test_rows_to_predict_of_other_shapes(make: Any, y: Any) -> None:
    model = make().fit(X, y)
    for rows in (X[:, :3], X[:, :3].tolist(), csr_matrix(X[:, :3])):
        with pytest.raises(InputError, match="X has 3 features, but MLP.* is expecting 4 features"):
            model.predict(rows)
    with pytest.raises(InputError, match="Found array with 0 sample"):
        model.predict(X[:0])
    with pytest.raises(InputError, match="Expected 2D array"):
        model.predict(X[0])
    with pytest.raises(InputError, match="is expecting 4 features"):
        model.partial_fit(X[:, :3], y)


@of_both
def test_float64_has_room_for_large_numbers(make: Any, y: Any) -> None:
    model = make(dtype="float64")
    with pytest.warns(ConvergenceWarning, match="Scale|scale"):
        model.fit(with_cell(X, 1e60), y)
    assert len(model.predict(X)) == 150


@of_both
def test_few_rows(make: Any, y: Any) -> None:
    one = make(batch_size=1000)
    if make is classifier:
        with pytest.warns(UserWarning, match="nothing to tell apart"):
            one.fit(X[:1], y[:1])
    else:
        one.fit(X[:1], y[:1])
    assert len(one.predict(X)) == 150
    rows = [0, 60, 120]
    larger, all_rows = make(batch_size=1000).fit(X[rows], y[rows]), make(batch_size=None).fit(X[rows], y[rows])
    np.testing.assert_array_equal(larger.predict(X), all_rows.predict(X))


# Targets -----------------------------------------------------------------------------------------------------------

LABELS: list[tuple[str, Any, str]] = [
    ("none", None, "y should be a 1d array, got an array of shape \\(\\) instead"),
    ("too few", Y[:149], "inconsistent numbers of samples: X has 150 rows and y 149. Give one target for each row"),
    ("missing", ["a"] * 149 + [None], "Input y contains NaN, infinity or None: None at row 149"),
    ("NaN", np.where(np.arange(150) == 5, np.nan, Y), "Input y contains NaN, infinity or None: nan at row 5"),
    ("numbers", np.linspace(0, 1, 150), "Unknown label type: continuous"),
    ("mixed", [1, "a"] * 75, "y mixes labels of types that have no common order|Unknown label"),
    ("not 0 and 1", np.stack([Y, Y], axis=1), "y has 2 columns, so each must say yes or no, 1 or 0; got 2 at row 100"),
    (
        "NaN in columns",
        with_cell(NUMBERS > 0, np.nan),
        "each must say yes or no, 1 or 0; got nan at row 3 .*, column 1",
    ),
    ("text in columns", [["a", "b"]] * 150, "each must say yes or no, 1 or 0; got a at row 0 .*, column 0"),
    (
        "NA in columns",
        pd.DataFrame({"a": pd.array([True, pd.NA] * 75, dtype="boolean"), "b": True}),
        "each must say yes or no, 1 or 0; got nan at row 1 .*, column 0",
    ),
    ("NA", pd.Series(pd.array([1, pd.NA, 2] * 50, dtype="Int64")), "Input y contains NaN, .* at row 1 "),
    ("unread", pl.LazyFrame({"y": [1]}), "y is a LazyFrame, whose rows are not there yet. Give y.collect"),
    ("a word", "yes", "y should be a 1d array, got an array of shape .. instead. Give one target for each row"),
    ("ragged", [[1], [1, 2]] * 75, "y: setting an array element with a sequence.* Give one target for each row"),
    ("sparse column", csr_matrix(Y[:, None]), "Sparse data was passed for y"),
    ("three dimensions", np.zeros((150, 2, 2)), "y has shape \\(150, 2, 2\\); give one target for each row"),
]


@pytest.mark.parametrize(("y", "message"), [case[1:] for case in LABELS], ids=[case[0] for case in LABELS])
def test_labels(y: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        classifier().fit(X, np.array(y, dtype=object) if message.startswith("y mixes") else y)


TARGETS: list[tuple[str, Any, str]] = [
    ("none", None, "y should be a 1d array, got an array of shape \\(\\) instead"),
    ("too few", NUMBERS[:149], "inconsistent numbers of samples: X has 150 rows and y 149. Give one target for each"),
    ("NaN", with_cell(NUMBERS, np.nan), "Input y contains NaN or infinity: nan at row 3"),
    ("infinity", with_cell(NUMBERS, np.inf)[:, 1], "Input y contains NaN or infinity: inf at row 3"),
    ("complex", NUMBERS + 1j, "Complex data not supported"),
    ("text", ["a lot"] * 150, "could not convert string to float: .*'a lot'.*. Give a number for each target"),
    ("huge", [10**400] * 150, "y: int too large to convert to float. Give a number for each target"),
    ("objects", np.array([{}] * 150), "y: float.. argument must be .* Give a number for each target"),
    ("dates", pd.Series(pd.date_range("2020", periods=150)), "y holds dates or durations, and targets are numbers"),
    ("too large", with_cell(NUMBERS, 1e300), "y has a number too large for dtype='float32': 1e\\+300 at row 3"),
    ("three dimensions", np.zeros((150, 2, 2)), "y has shape \\(150, 2, 2\\); give one target for each row"),
]


@pytest.mark.parametrize(("y", "message"), [case[1:] for case in TARGETS], ids=[case[0] for case in TARGETS])
def test_targets(y: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        regressor().fit(X, y)


@of_both
def test_ragged_targets_of_a_batch(make: Any, y: Any) -> None:
    with pytest.raises(InputError, match="Give one target for each row"):
        make().partial_fit(X, [[1], [1, 2]] * 75)


def test_targets_that_partial_fit_does_not_know() -> None:
    model = classifier().partial_fit(X[:50], Y[:50], classes=[0, 1])
    with pytest.raises(InputError, match="y has a label outside classes: 2 at row 0 .*; classes are \\[0, 1\\]"):
        model.partial_fit(X[100:], Y[100:])
    with pytest.raises(InputError, match="classes=\\[0, 1, 2\\] is not the same as on the last call to partial_fit"):
        model.partial_fit(X[:50], Y[:50], classes=[0, 1, 2])
    with pytest.raises(InputError, match="y has a label outside classes: 1 at row 50"):
        classifier().partial_fit(X, Y, classes=[0, 7])
    with pytest.raises(
        InputError, match="y has shape \\(150, 2\\), and the network was made for y of shape \\('n',\\)"
    ):
        model.partial_fit(X, NUMBERS > 0)
    several = classifier().partial_fit(X, NUMBERS > 0)
    with pytest.raises(InputError, match="the network was made for y of shape \\('n', 2\\)"):
        several.partial_fit(X, np.zeros((150, 3)))
    with pytest.raises(InputError, match="the network was made for y of shape \\('n', 2\\)"):
        several.partial_fit(X, Y)
    with pytest.raises(InputError, match="classes=\\[0, 1, 2\\]"):
        classifier().partial_fit(X, NUMBERS > 0, classes=[0, 1, 2])
    numbers = regressor().partial_fit(X, NUMBERS)
    with pytest.raises(InputError, match="y has 1 columns, and the network was made for 2"):
        numbers.partial_fit(X, NUMBERS[:, 0])


# Weights -----------------------------------------------------------------------------------------------------------

WEIGHTS: list[tuple[str, Any, str]] = [
    ("too few", np.ones(149), "sample_weight.shape == \\(149,\\), expected \\(150,\\)"),
    ("two columns", np.ones((150, 2)), "sample_weight.shape == \\(150, 2\\)"),
    ("negative", np.where(np.arange(150) == 4, -1.0, 1.0), "must be finite and not negative; got -1.0 at place 4"),
    ("NaN", np.where(np.arange(150) == 4, np.nan, 1.0), "must be finite and not negative; got nan at place 4"),
    ("infinity", np.where(np.arange(150) == 4, np.inf, 1.0), "must be finite and not negative; got inf at place 4"),
    ("all 0", np.zeros(150), "sample_weight is zero everywhere: nothing would be learned"),
    ("text", ["heavy"] * 150, "sample_weight must be numbers"),
]


@of_both
@pytest.mark.parametrize(("weights", "message"), [case[1:] for case in WEIGHTS], ids=[case[0] for case in WEIGHTS])
def test_weights(make: Any, y: Any, weights: Any, message: str) -> None:
    for train in (make().fit, make().partial_fit):
        with pytest.raises(InputError, match=message):
            train(X, y, sample_weight=weights)


@of_both
def test_weights_too_small_for_the_dtype_count_as_0(make: Any, y: Any) -> None:
    weights = np.where(np.arange(150) % 2, 1.0, 1e-300)
    halves = make().fit(X, y, weights), make().fit(X[1::2], y[1::2])
    np.testing.assert_array_equal(halves[0].predict(X), halves[1].predict(X))


# Validation --------------------------------------------------------------------------------------------------------


@of_both
def test_validation_rows(make: Any, y: Any) -> None:
    for train in (make().fit, make().partial_fit):
        with pytest.raises(InputError, match="X_val and y_val go together, and y_val is missing"):
            train(X, y, X_val=X)
        with pytest.raises(InputError, match="X_val and y_val go together, and X_val is missing"):
            train(X, y, y_val=y)
        with pytest.raises(InputError, match="X_val: X has 3 features, but MLP.* is expecting 4"):
            train(X, y, X_val=X[:, :3], y_val=y)
        with pytest.raises(InputError, match="X_val: Input X contains NaN"):
            train(X, y, X_val=with_cell(X, np.nan), y_val=y)
        with pytest.raises(InputError, match="X_val has a number too large for dtype='float32'"):
            train(X, y, X_val=with_cell(X, 1e300), y_val=y)
        with pytest.raises(InputError, match="X_val has 150 rows and y_val 10"):
            train(X, y, X_val=X, y_val=y[:10])
        with pytest.raises(InputError, match="Found array with 0 sample"):
            train(X, y, X_val=X[:0], y_val=y[:0])
    with pytest.raises(SettingError, match="validation_fraction=0.1 sets rows aside, and X_val was given too"):
        make(validation_fraction=0.1).fit(X, y, X_val=X, y_val=y)


def test_validation_targets() -> None:
    with pytest.raises(
        InputError, match="y_val has a label that training does not have: 2; the classes are \\[0, 1\\]"
    ):
        classifier().fit(X[:100], Y[:100], X_val=X, y_val=Y)
    with pytest.raises(InputError, match="y_val has a label that training does not have: 'b'"):
        classifier().fit(X, Y, X_val=X[:1], y_val=["b"])
    with pytest.raises(InputError, match="Input y contains NaN, infinity or None: nan at row 0"):
        classifier().fit(X, Y, X_val=X[:1], y_val=[np.nan])
    with pytest.raises(InputError, match="y_val has shape \\(150, 2\\), and the network was made for y of shape"):
        classifier().fit(X, Y, X_val=X, y_val=NUMBERS > 0)
    with pytest.raises(InputError, match="y_val has 1 columns, and the network was made for 2"):
        regressor().fit(X, NUMBERS, X_val=X, y_val=NUMBERS[:, 0])
    with pytest.raises(InputError, match="Input y_val contains NaN or infinity: inf at row 3"):
        regressor().fit(X, NUMBERS, X_val=X, y_val=with_cell(NUMBERS, np.inf))


def test_validation_fractions_that_leave_nothing() -> None:
    rows, names = [0, *range(50, 150)], np.array(["rare", "often", "more"])
    with pytest.raises(
        InputError, match="validation_fraction=0.2 leaves no row of class 'rare' .* n_samples=1 of class"
    ):
        classifier(validation_fraction=0.2).fit(X[rows], names[Y[rows]])
    with pytest.raises(InputError, match="no row of class 0 to learn from: n_samples=3 of class 0, and 3 .* drop them"):
        classifier(validation_fraction=0.9).fit(X[::20], Y[::20])
    with pytest.raises(InputError, match="validation_fraction=0.2 leaves no row to learn from: n_samples=1, and 1"):
        regressor(validation_fraction=0.2).fit(X[:1], NUMBERS[:1])


# Networks ----------------------------------------------------------------------------------------------------------


def broken(value: float) -> Any:
    network = nn.Sequential(nn.Linear(4, 3))
    network[0].weight[1, 2] = value
    return network


def with_array(name: str, array: Any) -> Any:
    inner = nn.Linear(6, 3)
    setattr(inner, name, array)
    return nn.Sequential(nn.Linear(4, 6), nn.Sequential(nn.ReLU(), inner))


NETWORKS: list[tuple[str, Any, str]] = [
    ("inputs", nn.Sequential(nn.Linear(5, 3)), "network: layer 0 \\(Linear.*\\) expects 5 columns and got 4"),
    (
        "outputs",
        nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2), nn.Tanh()),
        "network: layer 2 \\(Linear\\(in_features=6, out_features=2, bias=True\\)\\) gives 2 outputs, and 3 are needed",
    ),
    (
        "inside",
        nn.Sequential(nn.Linear(4, 6), nn.Linear(5, 3)),
        "network: layer 1 \\(Linear.*\\) expects 5 columns and got 6",
    ),
    ("NaN", broken(np.nan), "network: parameter 0.weight contains NaN or infinity"),
    ("too large", broken(1e300), "network: parameter 0.weight has a number too large for dtype='float32'"),
    ("stack", nn.stack([nn.Sequential(nn.Linear(4, 3))] * 2), "network is a stack; give one network"),
    ("empty", nn.Sequential(), "network must be a feedforward.nn.Sequential with layers; got Sequential"),
    ("no layers", [nn.Linear(4, 3)], "network must be a feedforward.nn.Sequential with layers; got .Linear"),
    *(
        (
            f"{name} {what}",
            with_array(name, array),
            rf"network: layer 1.1 \(Linear\(in_features=6, .*\) needs a {name} of numbers, shape .*; it has {what}",
        )
        for name, array, what in [
            ("weight", np.ones((3, 5)), r"float64 of shape \(3, 5\)"),
            ("weight", np.ones(18), r"float64 of shape \(18,\)"),
            ("weight", np.ones((1, 3, 6)), r"float64 of shape \(1, 3, 6\)"),
            ("weight", np.ones((3, 6), object), "object of shape"),
            ("weight", np.ones((3, 6), complex), "complex128 of shape"),
            ("weight", [[1.0] * 6] * 3, "list"),
            ("weight", None, "NoneType"),
            ("bias", np.ones(1), r"float64 of shape \(1,\)"),
            ("bias", np.ones((3, 1)), r"float64 of shape \(3, 1\)"),
            ("bias", np.float64(1.0), r"float64 of shape \(\)"),
        ]
    ),
    ("layer", nn.Linear(4, 3), "network must be a feedforward.nn.Sequential with layers; got Linear"),
]


@pytest.mark.parametrize(("network", "message"), [case[1:] for case in NETWORKS], ids=[case[0] for case in NETWORKS])
def test_networks(network: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        classifier().fit(X, Y, network=network)


def test_a_network_of_whole_numbers_is_taken() -> None:
    network = with_array("weight", np.eye(3, 6, dtype=int))
    assert classifier().fit(X, Y, network=network).network_.dtype == np.float32


def test_squared_error_of_classes_needs_outputs_between_0_and_1() -> None:
    with pytest.raises(InputError, match="network: the last layer is Linear.*: end it in Sigmoid\\(\\)"):
        classifier(loss="squared_error").fit(X, Y, network=nn.Sequential(nn.Linear(4, 3)))


def test_engine_compiled_names_what_it_cannot_do() -> None:
    class Double(nn.Layer):
        def forward(self, x: Any, *, training: Any = None) -> Any:
            return 2 * x, None

        def backward(self, gradient: Any, saved: Any) -> Any:
            return 2 * gradient, {}

    network = nn.Sequential(nn.Linear(4, 3), Double())
    with pytest.raises(SettingError, match="engine='compiled' cannot train this: layer 1 is .*Double"):
        classifier(engine="compiled").fit(X, Y, network=network)
    assert classifier().fit(X, Y, network=network).predict(X).shape == (150,)
