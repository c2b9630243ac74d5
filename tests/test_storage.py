"""Models in files: what comes back predicts the same bits and goes on as if it had never been stored."""

import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal
from safetensors.numpy import load_file
from safetensors.torch import load_file as load_torch
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import feedforward as ff
from feedforward import Adaline, InputError, MLPClassifier, MLPRegressor, ModelFileError, Perceptron, TableEncoder, nn
from feedforward.storage.models import KINDS
from feedforward.storage.networks import SIZES
from feedforward.storage.parts import PARTS
from feedforward.storage.summary import summary
from feedforward.storage.words import facts_of, layers_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
CODES = np.arange(60) % 3
X[np.arange(60), CODES] += 2
NEW = RNG.normal(size=(25, 4))

LABELS: dict[str, Any] = {
    "text": np.array(["no", "yes", "über"]),
    "wide text": np.array(["a", "b", "c"], dtype="<U40"),
    "text objects": np.array(["no", "yes", "zz"], dtype=object),
    "numbers": np.array([1, 2, 5]),
    "negative": np.array([-(2**62), 0, 2**62]),
    "small": np.array([1, 2, 5], np.uint8),
    "unsigned": np.array([1, 2, 2**64 - 1], np.uint64),
    "fractions": np.array([1.0, 2.0, 5.0]),
    "narrow": np.array([1.0, 2.0, 5.0], np.float32),
    "booleans": np.array([False, True]),
    "boolean objects": np.array([False, True], dtype=object),
    "number objects": np.array([1, 2, 5], dtype=object),
}


def stored(model: Any, folder: Path, **settings: Any) -> Any:
    ff.save(model, folder / "model.safetensors", **settings)
    return ff.load(folder / "model.safetensors")


def same(one: Any, other: Any) -> bool:
    """Whether two values are alike to the bit, arrays with their dtype."""
    if isinstance(one, np.ndarray):
        if one.dtype == object:
            return type(other) is np.ndarray and other.dtype == object and same(one.tolist(), other.tolist())
        return bool(one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes())
    if isinstance(one, dict):
        return set(one) == set(other) and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and one != one:
        return bool(other != other)
    return type(one) is type(other) and bool(one == other)


def fitted(model: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(model).items() if name.endswith("_") and name != "network_"}


def without_times(value: Any) -> Any:
    return {name: one for name, one in value.items() if name != "seconds"} if isinstance(value, dict) else value


def check_alike(model: Any, again: Any) -> None:
    assert type(again) is type(model)
    assert set(fitted(again)) == set(fitted(model))
    for name, value in fitted(model).items():
        assert same(without_times(value), without_times(getattr(again, name))), name
    for method in ("predict", "predict_proba", "decision_function"):
        if hasattr(model, method):
            assert same(getattr(model, method)(NEW), getattr(again, method)(NEW))


# Every kind of model, every kind of label --------------------------------------------------------------------------


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
@pytest.mark.parametrize("kind", [Perceptron, Adaline, MLPClassifier])
def test_every_label_of_every_classifier(kind: Any, labels: Any, tmp_path: Path) -> None:
    y = labels[CODES % len(labels)]
    settings = {"max_epochs": 3, "random_state": 0} | ({"hidden_sizes": 5} if kind is MLPClassifier else {})
    settings |= {"max_mistakes": 60} if kind is Perceptron else {}
    model = kind(**settings, class_weight={labels[0]: 2.0}).fit(X, y)
    again = stored(model, tmp_path)
    check_alike(model, again)
    model.partial_fit(NEW, y[:25])
    again.partial_fit(NEW, y[:25])
    check_alike(model, again)


NETWORKS: dict[str, dict[str, Any]] = {
    "plain": {},
    "no hidden layer": {"hidden_sizes": ()},
    "list of sizes": {"hidden_sizes": [6, 5], "activation": "tanh"},
    "float64 by numpy": {"dtype": "float64", "engine": "numpy", "optimizer": "rmsprop"},
    "early stopping": {"validation_fraction": 0.2, "patience": 2, "max_epochs": 30, "learning_rate": 0.05},
    "plateau and dropout": {"schedule": "plateau", "dropout": 0.2, "optimizer": "nesterov"},
    "objects": {
        "activation": nn.LeakyReLU(0.2),
        "optimizer": nn.Adam(np.float64(0.01), betas=(0.8, 0.99), rate_factors={"0.bias": 2}),
    },
    "numpy settings": {"learning_rate": np.float32(0.01), "batch_size": np.int64(7), "hidden_sizes": np.array([4])},
    "cosine, sgd": {"schedule": "cosine", "optimizer": nn.SGD(0.1, momentum=0.5), "activation": nn.ELU(0.5)},
    "rows of all": {"batch_size": None, "optimizer": "adamw", "weight_decay": 0.1},
}
LOSSES = {MLPClassifier: [nn.CrossEntropyLoss(0.1), "squared_error"], MLPRegressor: ["huber", nn.HuberLoss(0.5)]}


def network(kind: Any, settings: dict[str, Any]) -> Any:
    return kind(**{"hidden_sizes": 5, "max_epochs": 4, "random_state": 0, "batch_size": 16, **settings})


def targets(kind: Any, columns: int = 1) -> Any:
    if kind is MLPRegressor:
        return np.tanh(X @ RNG.normal(size=(4, columns))).squeeze()
    return CODES if columns == 1 else (X[:, :columns] > 0).astype(int)


def check_goes_on(model: Any, again: Any, y: Any) -> None:
    for _ in range(3):
        model.partial_fit(X, y)
        again.partial_fit(X, y)
    check_alike(model, again)
    assert same(model._training.optimizer.state, again._training.optimizer.state)
    assert same(model.network_.parameters(), again.network_.parameters())


@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("settings", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_networks_go_on_as_if_never_stored(kind: Any, settings: Any, columns: int, tmp_path: Path) -> None:
    y = targets(kind, columns)
    model = network(kind, settings).fit(X, y)
    again = stored(model, tmp_path)
    check_alike(model, again)
    assert same(model.network_.parameters(), again.network_.parameters())
    assert repr(again.network_) == repr(model.network_)
    check_goes_on(model, again, y)
    assert same(clone(again).fit(X, y).predict(NEW), network(kind, settings).fit(X, y).predict(NEW))


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("which", [0, 1])
def test_losses(kind: Any, which: int, tmp_path: Path) -> None:
    model = network(kind, {"loss": LOSSES[kind][which]}).fit(X, targets(kind))
    check_goes_on(model, stored(model, tmp_path), targets(kind))


def test_a_network_of_ones_own_and_names_of_columns(tmp_path: Path) -> None:
    start = nn.Sequential(nn.Sequential(nn.Linear(4, 7, bias=False), nn.GELU()), nn.Dropout(0.1), nn.Linear(7, 3))
    frame = pd.DataFrame(X, columns=["a", "b", "ü", "d"])
    model = MLPClassifier(max_epochs=2, random_state=1).fit(frame, CODES, network=start)
    again = stored(model, tmp_path)
    assert same(again.feature_names_in_, model.feature_names_in_)
    assert same(again.predict_proba(frame), model.predict_proba(frame))
    with pytest.raises(InputError, match="feature names"):
        again.predict(frame[["b", "a", "ü", "d"]])


def test_settings_changed_after_fit_are_still_refused(tmp_path: Path) -> None:
    model = network(MLPClassifier, {}).fit(X, CODES).set_params(activation="tanh", learning_rate=0.5)
    again = stored(model, tmp_path)
    for one in (model, again):
        with pytest.raises(Exception, match="activation was 'relu' when training began, and is now 'tanh'"):
            one.partial_fit(X, CODES)
    check_goes_on(model.set_params(activation="relu"), again.set_params(activation="relu"), CODES)


def test_settings_come_back_and_those_of_the_place_do_not(tmp_path: Path) -> None:
    state = np.random.RandomState(5)
    model = network(MLPClassifier, {"random_state": state, "callbacks": (print,), "verbose": True, "engine": "numpy"})
    model.callbacks = ()
    model.verbose = False
    again = stored(model.fit(X, CODES), tmp_path)
    expected = {**model.get_params(), "random_state": model.seed_}
    assert again.get_params() == expected


def test_neurons_that_stopped_early_or_know_one_class(tmp_path: Path) -> None:
    neuron = Adaline(random_state=0)
    next(iter(neuron.epochs(X, CODES == 1)))
    check_alike(neuron, stored(neuron, tmp_path))
    one = Perceptron(random_state=0).partial_fit(X, ["a"] * 60)
    check_alike(one, stored(one, tmp_path))
    narrow = Adaline(random_state=0, max_epochs=2).fit(X.astype(np.float32), CODES)
    check_alike(narrow, stored(narrow, tmp_path))


def test_without_the_state_of_training(tmp_path: Path) -> None:
    model = network(MLPClassifier, {"hidden_sizes": 200}).fit(X, CODES)
    again = stored(model, tmp_path, training_state=False)
    small = (tmp_path / "model.safetensors").stat().st_size
    check_alike(model, again)
    with pytest.raises(InputError, match="training_state=True"):
        again.partial_fit(X, CODES)
    check_alike(model, stored(again, tmp_path))
    assert same(again.fit(X, CODES).predict_proba(NEW), model.predict_proba(NEW))
    ff.save(model, tmp_path / "model.safetensors")
    assert small < 0.5 * (tmp_path / "model.safetensors").stat().st_size


# Tables ------------------------------------------------------------------------------------------------------------

TABLE = pd.DataFrame(
    {
        "size": [1.5, np.nan, 3.0, 4.5] * 10,
        "town": ["Rome", "Oslo", None, "Bern"] * 10,
        "zip": [1, 2, 3, 2] * 10,
        "member": [True, False, True, False] * 10,
        "since": pd.to_datetime(["2020-01-01", "2021-06-30", None, "2019-02-03"] * 10),
    }
)


def learners() -> dict[str, Any]:
    scaled = TransformedTargetRegressor(
        MLPRegressor(hidden_sizes=4, max_epochs=3, random_state=0), transformer=StandardScaler(), check_inverse=False
    )
    return {
        "Perceptron": Perceptron(max_mistakes=99, random_state=0),
        "Adaline": Adaline(random_state=0),
        "MLPClassifier": MLPClassifier(hidden_sizes=4, max_epochs=3, random_state=0),
        "MLPRegressor": MLPRegressor(hidden_sizes=4, max_epochs=3, random_state=0),
        "TransformedTargetRegressor": scaled,
    }


@pytest.mark.parametrize("name", learners())
def test_pipelines_of_a_table(name: str, tmp_path: Path) -> None:
    y = np.arange(40) % 4 * 1000.0 if "Regressor" in name else np.array(["a", "b", "a", "b"] * 10)
    encoder = TableEncoder(kinds={"zip": "category"}, scaling="robust")
    model = Pipeline([("encoder", encoder), ("model", learners()[name])]).fit(TABLE, y)
    again = stored(model, tmp_path)
    assert same(again.predict(TABLE), model.predict(TABLE))
    assert same(again[0].transform(TABLE), model[0].transform(TABLE))
    assert again[0].describe() == model[0].describe()
    assert [step for step, _ in again.steps] == ["encoder", "model"]
    assert again.predict(TABLE.iloc[:3]).shape == (3,)


@pytest.mark.parametrize("columns", [1, 2])
def test_a_target_in_standard_deviations(columns: int, tmp_path: Path) -> None:
    y = 500 * targets(MLPRegressor, columns)
    model = learners()["TransformedTargetRegressor"].fit(pd.DataFrame(X, columns=list("abcd")), y)
    again = stored(model, tmp_path)
    assert facts_of(summary(tmp_path / "model.safetensors"))[1] == (
        "kind",
        "TransformedTargetRegressor of MLPRegressor",
    )
    frame = pd.DataFrame(NEW, columns=list("abcd"))
    assert same(again.predict(frame), model.predict(frame))
    assert same(again.feature_names_in_, model.feature_names_in_)


def test_an_encoder_by_itself(tmp_path: Path) -> None:
    encoder = TableEncoder(max_categories=2).fit(TABLE)
    again = stored(encoder, tmp_path)
    assert same(again.transform(TABLE), encoder.transform(TABLE))


# Networks by themselves --------------------------------------------------------------------------------------------

LAYERS = [nn.Identity(), nn.Sigmoid(), nn.Tanh(), nn.ReLU(), nn.LeakyReLU(0.3), nn.ELU(2.0), nn.SELU(), nn.GELU(),
          nn.SiLU(), nn.Mish(), nn.Softplus(), nn.Dropout(0.25)]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_layer(dtype: Any, tmp_path: Path) -> None:
    inner = nn.Sequential(*copy.deepcopy(LAYERS), nn.Linear(4, 3, bias=False))
    net = nn.Sequential(nn.Linear(4, 4), inner, nn.Sequential(), nn.Linear(3, 2)).copy(dtype)
    again = stored(net, tmp_path)
    assert repr(again) == repr(net)
    assert same(again.parameters(), net.parameters())
    assert same(again(NEW), net(NEW))
    assert again.parameters()["0.weight"].ctypes.data % 64 == 0
    assert repr(stored(nn.Sequential(), tmp_path)) == "Sequential()"


def test_every_activation_and_loss_and_optimizer_of_nn_has_a_place() -> None:
    bases = {nn.ActivationLayer, nn.Loss, nn.Optimizer, nn.Layer, nn.Sequential, nn.Columns}
    ours = {thing for thing in vars(nn).values() if isinstance(thing, type) and issubclass(thing, tuple(bases))}
    assert ours - bases == {*PARTS, *SIZES}


def of_tables(seed: int = 0) -> nn.Sequential:
    """A network of every layer that reads tables, with numbers of its own everywhere."""
    columns = [
        ((0, 2), nn.PeriodicEmbedding(2, 5, 3)),
        ([3], nn.Embedding(4, 2)),
        ([2, 0], nn.Sequential(nn.Linear(2, 2, bias=False), nn.ParametricActivation(nn.ELU(0.5), 2))),
        ((1, 3), nn.Columns([([1, 0], nn.Dropout(0.25))])),
    ]
    layers = [nn.Scale(12), nn.Linear(12, 3), nn.ParametricActivation(nn.Mish(), 3), nn.Dropout(0.1), nn.Linear(3, 2)]
    net, rng = nn.Sequential(nn.Columns(columns), *layers), np.random.default_rng(seed)
    for array in net.parameters().values():
        array[...] = rng.normal(size=array.shape)
    return net


CODED = np.column_stack([NEW[:, :3], np.arange(25) % 4])


@pytest.mark.parametrize("members", [None, 1, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layers_that_read_tables(dtype: Any, members: Any, tmp_path: Path) -> None:
    net = of_tables() if members is None else nn.stack([of_tables(seed) for seed in range(members)])
    net = net.copy(dtype)
    again = stored(net, tmp_path)
    assert repr(again) == repr(net)
    assert again.members == members
    assert list(again.parameters()) == list(net.parameters())
    assert same(again.parameters(), net.parameters())
    assert same(again(CODED), net(CODED))
    outputs, saved = net.forward(CODED, training=(0, 1))
    outputs_again, saved_again = again.forward(CODED, training=(0, 1))
    assert same(outputs_again, outputs)
    assert same(again.backward(outputs, saved_again), net.backward(outputs, saved))
    assert [vars(layer).keys() for layer in again] == [vars(layer).keys() for layer in net]
    ff.save(again, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "model.safetensors").read_bytes()


def test_layers_that_read_tables_inside_an_estimator(tmp_path: Path) -> None:
    rows, y = np.column_stack([X[:, :3], np.arange(60) % 4]), CODES
    start = nn.Sequential(*of_tables()[:-1], nn.Linear(3, 3))
    model = MLPClassifier(max_epochs=3, random_state=0, batch_size=16).fit(rows, y, network=start)
    again = stored(model, tmp_path)
    assert same(again.predict_proba(CODED), model.predict_proba(CODED))
    model.partial_fit(rows, y)
    again.partial_fit(rows, y)
    assert same(again.network_.parameters(), model.network_.parameters())


def test_what_is_said_of_layers_that_read_tables(tmp_path: Path) -> None:
    net = nn.stack([of_tables(), of_tables()])
    ff.save(net, tmp_path / "m")
    found = summary(tmp_path / "m")
    assert found["parameters"] == sum(array.size for array in net.parameters().values())
    _, rows = layers_of(found)
    assert rows[0] == ("0", "Columns [0:2], [3:4], [2, 0], [1:3]", "")
    assert ("0.0", "PeriodicEmbedding(features=2, frequencies=5, width=3)", "44") in rows
    assert ("0.2.1", "ParametricActivation(activation=ELU(alpha=0.5), features=2)", "2") in rows
    assert rows[-1] == ("", "all in 2 members", f"{found['parameters']:,}")


def test_a_stack(tmp_path: Path) -> None:
    net = nn.stack([nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)) for _ in range(5)])
    again = stored(net, tmp_path)
    assert again.members == 5
    assert same(again(NEW), net(NEW))


def test_weights_alone_are_a_state_dict(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    weights = stored(net.parameters(), tmp_path)
    assert list(weights) == list(net.parameters())
    twin = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    twin.load_parameters(weights)
    assert same(twin(NEW), net(NEW))
    theirs: Any = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Tanh(), torch.nn.Linear(3, 2)).double()
    theirs.load_state_dict(load_torch(tmp_path / "model.safetensors"))
    with torch.no_grad():
        assert_array_equal(theirs[0].weight.numpy(), net[0].weight)
        np.testing.assert_allclose(theirs(torch.tensor(NEW)).numpy(), net(NEW), rtol=1e-12)


def test_other_readers_read_the_arrays(tmp_path: Path) -> None:
    model = network(MLPClassifier, {}).fit(X, CODES)
    ff.save(model, tmp_path / "model.safetensors")
    arrays = load_file(tmp_path / "model.safetensors")
    for name, array in model.network_.parameters().items():
        assert same(arrays[f"network.{name}"], array)


def test_equal_models_are_equal_files(tmp_path: Path) -> None:
    one, other = (network(MLPClassifier, {}).fit(X, CODES) for _ in range(2))
    other.history_["seconds"][:] = one.history_["seconds"]
    for model, name in ((one, "a"), (other, "b"), (pickle.loads(pickle.dumps(one)), "c")):
        ff.save(model, tmp_path / name)
    ff.save(ff.load(tmp_path / "a"), tmp_path / "d")
    assert len({(tmp_path / name).read_bytes() for name in "abcd"}) == 1


# What has no place in a file ---------------------------------------------------------------------------------------


class Mine(nn.Layer):
    pass


class MyActivation(nn.Tanh):
    pass


class MyLoss(nn.MSELoss):
    pass


class MyOptimizer(nn.Adam):
    pass


class MyModel(MLPClassifier):
    pass


def with_nan() -> Any:
    net = nn.Sequential(nn.Linear(2, 1))
    net[0].weight[0, 0] = np.nan
    return net


def tied() -> Any:
    layer = nn.Linear(2, 2)
    return nn.Sequential(layer, nn.Tanh(), nn.Sequential(layer))


def trained(**settings: Any) -> Any:
    return network(MLPClassifier, settings).fit(X, CODES)


REFUSED: dict[str, tuple[Any, list[str]]] = {
    "anything": (lambda: object(), ["object", "MLPClassifier"]),
    "another library's": (lambda: StandardScaler().fit(X), ["StandardScaler"]),
    "not fitted": (MLPClassifier, ["MLPClassifier", "not fitted"]),
    "neuron not fitted": (Perceptron, ["Perceptron", "not fitted"]),
    "encoder not fitted": (TableEncoder, ["TableEncoder", "not fitted"]),
    "a subclass": (lambda: MyModel(max_epochs=1).fit(X, CODES), ["MyModel"]),
    "a layer": (lambda: nn.Sequential(nn.Linear(2, 1), Mine()), ["layer 1", "Mine"]),
    "a layer that reads columns": (lambda: nn.Sequential(nn.Columns([((0, 1), Mine())])), ["layer 0.0", "Mine"]),
    "an activation": (
        lambda: nn.Sequential(nn.ParametricActivation(MyActivation(), 2)),
        ["the activation of layer 0", "MyActivation"],
    ),
    "a layer inside": (lambda: nn.Sequential(nn.Sequential(Mine())), ["layer 0.0", "Mine"]),
    "a loss": (lambda: network(MLPRegressor, {"loss": MyLoss()}).fit(X, X[:, 0]), ["loss", "MyLoss"]),
    "an optimizer": (lambda: trained(optimizer=MyOptimizer(), engine="numpy"), ["optimizer", "MyOptimizer"]),
    "NaN": (with_nan, ["0.weight", "NaN"]),
    "NaN alone": (lambda: with_nan().parameters(), ["0.weight", "NaN"]),
    "a shared layer": (tied, ["layer 2.0", "two places"]),
    "dates": (lambda: _with_classes(np.array(["2020-01-01", "2021-01-01", "2022-01-01"], "M8[D]")), ["date"]),
    "bytes": (lambda: _with_classes(np.array([b"a", b"b", b"c"])), ["bytes"]),
    "half a character": (lambda: _with_classes(np.array(["a", "b", "\ud800"])), ["text"]),
    "a list of weights": (lambda: {"weight": [1.0]}, ["'weight'", "NumPy"]),
    "numbers by number": (lambda: {0: np.ones(1)}, ["0"]),
    "half precision": (lambda: {"weight": np.ones(1, np.float16)}, ["weight", "float16"]),
    "another pipeline": (
        lambda: Pipeline([("scale", StandardScaler()), ("model", Adaline(max_epochs=1))]).fit(X, CODES),
        ["Pipeline", "TableEncoder"],
    ),
    "another transformer": (
        lambda: TransformedTargetRegressor(network(MLPRegressor, {}), transformer=MinMaxScaler()).fit(X, X[:, 0]),
        ["StandardScaler"],
    ),
    "a setting that cannot be": (lambda: trained().set_params(learning_rate=-1), ["learning_rate", "-1"]),
    "a replaced network": (lambda: _with_network(trained()), ["network_", "replaced"]),
}


def _with_classes(classes: Any) -> Any:
    model = trained()
    model.classes_ = classes
    return model


def _with_network(model: Any) -> Any:
    model.network_ = model.network_.copy()
    return model


@pytest.mark.parametrize(("make", "words"), REFUSED.values(), ids=REFUSED)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore::UserWarning")
def test_what_has_no_place_is_refused_by_name(make: Any, words: list[str], tmp_path: Path) -> None:
    model, path = make(), tmp_path / "model.safetensors"
    path.write_bytes(b"before")
    with pytest.raises(InputError) as error:
        ff.save(model, path)
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith(f"{path} was not written: ")
    assert [word for word in words if word not in message] == [], message
    assert path.read_bytes() == b"before"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_file_of_another_kind_is_no_model(tmp_path: Path) -> None:
    from feedforward.files import write_file

    write_file(tmp_path / "a", {"kind": "checkpoint"}, {})
    with pytest.raises(ModelFileError, match="it is of the kind 'checkpoint'"):
        ff.load(tmp_path / "a")


@pytest.mark.parametrize("path", [None, 3, True, "", "a\0b", b"a", Path("a\0b")], ids=repr)
def test_what_is_no_path_is_said(path: Any, tmp_path: Path) -> None:
    for owner, call in (("load", lambda: ff.load(path)), ("save", lambda: ff.save({"weight": np.ones(1)}, path))):
        with pytest.raises(ff.SettingError) as error:
            call()
        assert str(error.value) == f"{owner}: path must be the path of a file; got {path!r}."


def test_reloading_needs_no_torch(tmp_path: Path) -> None:
    model = trained()
    ff.save(model, tmp_path / "a")
    np.save(tmp_path / "x.npy", NEW)
    code = f"""
import sys, json
class NoTorch:
    def find_spec(self, name, *_):
        if name.partition(".")[0] == "torch":
            raise ImportError(name)
sys.meta_path.insert(0, NoTorch())
import numpy as np, feedforward as ff
model = ff.load({str(tmp_path / "a")!r})
print(json.dumps(model.predict_proba(np.load({str(tmp_path / "x.npy")!r})).astype(float).tolist()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == model.predict_proba(NEW).astype(float).tolist()


def test_every_kind_is_tested_here() -> None:
    elsewhere = {"TabularClassifier", "TabularRegressor"}  # tests/test_tabular.py
    assert set(KINDS) == {*learners(), *elsewhere, "TableEncoder", "Pipeline", "Sequential", "parameters"}
