"""Every kind of model as facts and arrays, and back: fitted as it was, predicting the same bits."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from feedforward import nn
from feedforward.errors import InputError
from feedforward.estimators.classifier import MLPClassifier
from feedforward.estimators.regressor import MLPRegressor
from feedforward.estimators.tabular_classifier import TabularClassifier
from feedforward.estimators.tabular_regressor import TabularRegressor
from feedforward.files import group, prefixed
from feedforward.neurons.adaline import Adaline
from feedforward.neurons.perceptron import Perceptron
from feedforward.storage.checks import Array, State, is_text, need, need_fitted, need_keys, need_names
from feedforward.storage.estimators import (
    estimator_from_state,
    estimator_to_state,
    neuron_from_state,
    neuron_to_state,
)
from feedforward.storage.networks import network_from_state, network_to_state
from feedforward.storage.tabular import tabular_from_state, tabular_to_state
from feedforward.tables.encoding import TableEncoder
from feedforward.validation import SWITCH

Model = Any


def to_state(model: Model, *, training_state: bool = True) -> State:
    """Return a fitted model as facts that JSON can hold, its kind among them, and arrays by name, live.

    Raises
    ------
    InputError
        If it is not fitted, or of a class, or with a setting, that has no place in a file; named.

    Examples
    --------
    >>> facts, arrays = to_state({"weight": np.ones(2)})
    >>> facts, arrays
    ({'kind': 'parameters', 'names': ['weight']}, {'weight': array([1., 1.])})
    """
    kind = next((word for word, (cls, _, _) in KINDS.items() if type(model) is cls), None)
    if kind is None:
        raise InputError(f"{type(model).__name__} has no place in a file; {', '.join(KINDS)} have")
    facts, arrays = KINDS[kind][1](model, training_state)
    return {"kind": kind, **facts}, arrays


def from_state(facts: Any, arrays: Mapping[str, Array]) -> Model:
    """Return the model that `to_state` wrote down; the arrays become its own.

    Raises
    ------
    InputError
        If anything is missing, unknown or impossible.

    Examples
    --------
    >>> from_state({"kind": "parameters", "names": ["weight"]}, {"weight": np.ones(2)})
    {'weight': array([1., 1.])}
    """
    kind = facts.get("kind") if isinstance(facts, dict) else None
    need(is_text(kind) and kind in KINDS, f"there is no kind {kind!r}")
    return KINDS[str(kind)][2]({name: value for name, value in facts.items() if name != "kind"}, arrays)


# Networks and parameters by themselves -----------------------------------------------------------------------------


def _bare_to_state(network: nn.Sequential, training_state: bool) -> State:
    facts, arrays = network_to_state(network)
    return {"network": facts}, arrays


def _bare_from_state(facts: Mapping[str, Any], arrays: Mapping[str, Array]) -> nn.Sequential:
    need_keys(facts, ["network"], "a network")
    return network_from_state(facts["network"], arrays)


def _parameters_to_state(parameters: Mapping[str, Any], training_state: bool) -> State:
    for name, array in parameters.items():
        need(is_text(name) and isinstance(array, np.ndarray), f"parameter {name!r} is no NumPy array with a name")
        need(array.dtype.kind != "f" or bool(np.isfinite(array).all()), f"parameter {name} contains NaN or infinity")
    return {"names": list(parameters)}, dict(parameters)


def _parameters_from_state(facts: Mapping[str, Any], arrays: Mapping[str, Array]) -> dict[str, Array]:
    need_keys(facts, ["names"], "parameters")
    need_names(facts["names"], "parameters")
    need(set(facts["names"]) == set(arrays), "the names of the parameters are not those of the arrays")
    parameters = {name: arrays[name] for name in facts["names"]}
    _parameters_to_state(parameters, False)
    return parameters


# Tables ------------------------------------------------------------------------------------------------------------


def _encoder_to_state(encoder: TableEncoder, training_state: bool) -> State:
    need_fitted(encoder, "columns_")
    facts, arrays = encoder.get_state()
    TableEncoder.from_state(facts, arrays)
    return {"encoder": facts}, dict(arrays)


def _encoder_from_state(facts: Mapping[str, Any], arrays: Mapping[str, Array]) -> TableEncoder:
    need_keys(facts, ["encoder"], "an encoder")
    return TableEncoder.from_state(facts["encoder"], arrays)


def _pipeline_to_state(pipeline: Pipeline, training_state: bool) -> State:
    steps = [step for _, step in pipeline.steps]
    need(
        len(steps) == 2 and type(steps[0]) is TableEncoder and _learner_kind(steps[1]) is not None,
        "a Pipeline must be of a TableEncoder and a neuron, a network, or a TransformedTargetRegressor of a network",
    )
    encoder, of_encoder = to_state(steps[0])
    model, of_model = to_state(steps[1], training_state=training_state)
    facts = {"names": [str(name) for name, _ in pipeline.steps], "encoder": encoder["encoder"], "model": model}
    return facts, {**prefixed("encoder", of_encoder), **prefixed("model", of_model)}


def _learner_kind(model: Any) -> str | None:
    word = type(model).__name__
    return word if word in _LEARNERS and KINDS[word][0] is type(model) else None


_LEARNERS = ("Perceptron", "Adaline", "MLPClassifier", "MLPRegressor", "TransformedTargetRegressor")


def _pipeline_from_state(facts: Mapping[str, Any], arrays: Mapping[str, Array]) -> Pipeline:
    need_keys(facts, ["names", "encoder", "model"], "a pipeline")
    names = facts["names"]
    need_names(names, "steps")
    need(len(names) == 2 and all(name and "__" not in name for name in names), "a pipeline must have two steps")
    need(set(names).isdisjoint(("steps", "memory", "verbose", "transform_input")), "a step has a name it cannot have")
    word = facts["model"].get("kind") if isinstance(facts["model"], dict) else None
    need(is_text(word) and word in _LEARNERS, f"the second step of a pipeline cannot be {word!r}")
    _need_groups(arrays, "encoder", "model")
    encoder = TableEncoder.from_state(facts["encoder"], group("encoder", arrays))
    model: Any = from_state(facts["model"], group("model", arrays))
    width = len(encoder.get_feature_names_out())
    m = getattr(model, "regressor_", model).n_features_in_
    need(width == m, f"the encoder makes {width} columns, and the model takes {m}")
    return Pipeline(list(zip(names, (encoder, model), strict=True)))


def _need_groups(arrays: Mapping[str, Array], *prefixes: str) -> None:
    strays = [name for name in arrays if name.partition(".")[0] not in prefixes]
    need(not strays, f"array {', '.join(strays)} belongs to nothing")


def _target_to_state(model: TransformedTargetRegressor, training_state: bool) -> State:
    need_fitted(model, "regressor_")
    scaler = model.transformer_
    need(
        model.func is None and model.inverse_func is None and type(scaler) is StandardScaler
        and scaler.with_mean and scaler.with_std and type(model.regressor_) is MLPRegressor,
        "a TransformedTargetRegressor must be of an MLPRegressor and a StandardScaler",
    )  # fmt: skip
    regressor, arrays = to_state(model.regressor_, training_state=training_state)
    numbers = {"mean": scaler.mean_, "scale": scaler.scale_, "var": scaler.var_, "count": scaler.n_samples_seen_}
    arrays = prefixed("regressor", arrays) | prefixed(
        "scaler", {n: np.asarray(v, np.float64) for n, v in numbers.items()}
    )
    facts = {"regressor": regressor, "dimensions": int(model._training_dim), "check_inverse": bool(model.check_inverse)}
    return facts, arrays


def _target_from_state(facts: Mapping[str, Any], arrays: Mapping[str, Array]) -> TransformedTargetRegressor:
    need_keys(facts, ["regressor", "dimensions", "check_inverse"], "a TransformedTargetRegressor")
    _need_groups(arrays, "regressor", "scaler")
    need(
        isinstance(facts["regressor"], dict) and facts["regressor"].get("kind") == "MLPRegressor",
        "the regressor must be an MLPRegressor",
    )
    regressor = from_state(facts["regressor"], group("regressor", arrays))
    t, numbers = regressor.n_outputs_, group("scaler", arrays)
    need(facts["dimensions"] == 2 or (facts["dimensions"] == 1 and t == 1), "dimensions must be those of the targets")
    need(SWITCH.holds(facts["check_inverse"]), "check_inverse must be true or false")
    need(set(numbers) == {"mean", "scale", "var", "count"}, "the scaler must have mean, scale, var and count")
    for name, array in numbers.items():
        need(array.dtype == np.float64 and bool(np.isfinite(array).all()), f"scaler: {name} must be finite numbers")
        need(array.shape == (() if name == "count" else (t,)), f"scaler: {name} has the shape {array.shape}")
    need(bool((numbers["scale"] > 0).all()), "scaler: scale must be above 0")
    model = TransformedTargetRegressor(
        clone(regressor), transformer=StandardScaler(), check_inverse=facts["check_inverse"]
    )
    scaler = StandardScaler()
    scaler.mean_, scaler.scale_, scaler.var_ = numbers["mean"], numbers["scale"], numbers["var"]
    scaler.n_samples_seen_, scaler.n_features_in_ = numbers["count"][()], t
    model.regressor_, model.transformer_, model._training_dim = regressor, scaler, facts["dimensions"]
    if hasattr(regressor, "feature_names_in_"):
        model.feature_names_in_ = regressor.feature_names_in_
    return model


# Every kind that there is ------------------------------------------------------------------------------------------


def _of(builder: Callable[..., Any], kind: type) -> Callable[..., Any]:
    return lambda facts, arrays: builder(kind, facts, arrays)


KINDS: dict[str, tuple[type, Callable[..., State], Callable[..., Any]]] = {
    "Perceptron": (Perceptron, neuron_to_state, _of(neuron_from_state, Perceptron)),
    "Adaline": (Adaline, neuron_to_state, _of(neuron_from_state, Adaline)),
    "MLPClassifier": (MLPClassifier, estimator_to_state, _of(estimator_from_state, MLPClassifier)),
    "MLPRegressor": (MLPRegressor, estimator_to_state, _of(estimator_from_state, MLPRegressor)),
    "TabularClassifier": (TabularClassifier, tabular_to_state, _of(tabular_from_state, TabularClassifier)),
    "TabularRegressor": (TabularRegressor, tabular_to_state, _of(tabular_from_state, TabularRegressor)),
    "TransformedTargetRegressor": (TransformedTargetRegressor, _target_to_state, _target_from_state),
    "TableEncoder": (TableEncoder, _encoder_to_state, _encoder_from_state),
    "Pipeline": (Pipeline, _pipeline_to_state, _pipeline_from_state),
    "Sequential": (nn.Sequential, _bare_to_state, _bare_from_state),
    "parameters": (dict, _parameters_to_state, _parameters_from_state),
}
