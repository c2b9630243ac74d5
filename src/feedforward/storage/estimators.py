"""Neurons and networks as facts and arrays, and back: fitted as they were, ready to go on.

A file holds what an estimator learned and the settings it has; not where it computes, nor what it prints, nor
callbacks. ``random_state`` is the seed that was drawn from it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from feedforward import nn
from feedforward.estimators.classifier import MLPClassifier
from feedforward.estimators.network import NetworkEstimator
from feedforward.estimators.regressor import MLPRegressor
from feedforward.estimators.tabular_base import TabularEstimator
from feedforward.files import group, prefixed
from feedforward.neurons.adaline import Adaline
from feedforward.neurons.neuron import Neuron
from feedforward.storage.checks import Array, State, is_text, need, need_fitted, need_keys, need_names, plain
from feedforward.storage.labels import label_from_facts, label_to_facts, labels_from_facts, labels_to_facts
from feedforward.storage.networks import network_from_state, network_to_state, width_after
from feedforward.storage.parts import part_from_facts, part_to_facts
from feedforward.training.state import Training, restore_training, training_to_state
from feedforward.validation import COUNT, COUNT_OR_ZERO, NOT_NEGATIVE, RANDOM_STATE, SWITCH, check_settings

_LEFT_OUT = ("device", "callbacks", "n_jobs", "verbose", "random_state")
_PART_OF = {"activation": nn.ActivationLayer, "loss": nn.Loss, "optimizer": nn.Optimizer}


# Settings ----------------------------------------------------------------------------------------------------------


def settings_to_facts(estimator: BaseEstimator) -> dict[str, Any]:
    """Return the settings of an estimator as JSON can hold them, without those that only say where and how loudly.

    Examples
    --------
    >>> settings_to_facts(Adaline(class_weight={"spam": 2.0}))["class_weight"]
    [[['str', 'spam'], 2.0]]
    """
    facts = {}
    for name, value in estimator.get_params(deep=False).items():
        if name in _LEFT_OUT:
            continue
        if name in _PART_OF and not isinstance(value, str):
            value = part_to_facts(value, name)
        elif name == "class_weight" and isinstance(value, Mapping):
            value = [[label_to_facts(label), plain(weight)] for label, weight in value.items()]
        value = plain(value)
        need(
            value is None or isinstance(value, bool | int | float | str | list | dict),
            f"{name}={value!r} has no place in a file",
        )
        facts[name] = value
    return facts


def estimator_from_settings(kind: type, facts: Any, random_state: int | None) -> Any:
    """Return an estimator with the settings of `facts`, checked as ``fit`` checks them."""
    names = [name for name in kind().get_params(deep=False) if name not in _LEFT_OUT]
    need_keys(facts, names, "settings")
    settings = {}
    for name, value in facts.items():
        if name in _PART_OF and isinstance(value, dict):
            value = part_from_facts(value, _PART_OF[name], name)
        elif name == "class_weight" and isinstance(value, list):
            value = _class_weight(value)
        elif name == "hidden_sizes" and isinstance(value, list):
            value = tuple(value)
        elif name == "kinds" and isinstance(value, dict):
            need(all(map(is_text, value.values())), f"the setting kinds is {value!r}")
        else:
            need(not isinstance(value, list | dict), f"the setting {name} is {value!r}")
        settings[name] = value
    estimator = kind(**settings, random_state=random_state)
    if isinstance(estimator, NetworkEstimator):
        estimator._checked_recipe()
    elif isinstance(estimator, TabularEstimator):
        estimator.checked_preset()
    else:
        check_settings(estimator, estimator._rules)
    return estimator


def _class_weight(pairs: list[Any]) -> dict[Any, float]:
    weights = {}
    for pair in pairs:
        need(isinstance(pair, list) and len(pair) == 2 and NOT_NEGATIVE.holds(pair[1]), f"class_weight has {pair!r}")
        weights[label_from_facts(pair[0])] = pair[1]
    need(len(weights) == len(pairs), "class_weight has a label twice")
    return weights


# What all estimators share -----------------------------------------------------------------------------------------


def _columns_to_facts(estimator: Any) -> dict[str, Any]:
    names = getattr(estimator, "feature_names_in_", None)
    return {
        "features": int(estimator.n_features_in_),
        "feature_names": None if names is None else list(map(str, names)),
    }


def _take_columns(estimator: Any, facts: Mapping[str, Any]) -> None:
    names, m = facts["feature_names"], facts["features"]
    need(COUNT.holds(m), f"features must be a number of columns; got {m!r}")
    estimator.n_features_in_ = m
    if names is not None:
        need_names(names, "features")
        need(len(names) == m, f"there are {len(names)} names for {m} features")
        estimator.feature_names_in_ = np.array(names, dtype=object)


def history_to_state(history: Mapping[str, list[Any]], dtype: Any = np.float64) -> State:
    """Return the names in a history, and its values as arrays.

    Examples
    --------
    >>> history_to_state({"loss": [1.0, 0.5]})
    ({'history': ['loss']}, {'history.loss': array([1. , 0.5])})
    """
    return {"history": list(history)}, {f"history.{name}": np.array(values, dtype) for name, values in history.items()}


def history_from_state(names: Any, arrays: Mapping[str, Array], epochs: int, dtype: Any = np.float64) -> Any:
    """Return the history that `history_to_state` wrote down, if it has a value for each epoch.

    Examples
    --------
    >>> history_from_state(["loss"], {"history.loss": np.array([1.0, 0.5])}, 2)
    {'loss': [1.0, 0.5]}
    """
    need_names(names, "history")
    for name in names:
        array = arrays.get(f"history.{name}")
        need(
            array is not None and array.dtype == dtype and array.shape == (epochs,),
            f"history {name!r} must have a number for each of {epochs} epochs",
        )
    return {name: arrays[f"history.{name}"].tolist() for name in names}


# Neurons -----------------------------------------------------------------------------------------------------------

_NEURON = ("settings", "seed", "features", "feature_names", "classes", "epochs", "history")


def neuron_to_state(neuron: Neuron, training_state: bool) -> State:
    """Return a fitted neuron as facts and arrays.

    Examples
    --------
    >>> neuron = Adaline(max_epochs=1).fit([[0.0], [1.0]], ["no", "yes"])
    >>> facts, arrays = neuron_to_state(neuron, True)
    >>> facts["epochs"], sorted(arrays)
    (1, ['coef', 'history.loss', 'intercept', 'learning_rate'])
    """
    need_fitted(neuron, "coef_")
    seed = neuron.random_state if isinstance(neuron.random_state, int | np.integer) else None
    history, arrays = history_to_state(neuron.history_, _measured_in(neuron))
    arrays |= {"coef": neuron.coef_, "intercept": neuron.intercept_}
    if isinstance(neuron, Adaline):
        arrays["learning_rate"] = np.array(neuron.learning_rate_, np.float64)
    facts = {
        "settings": settings_to_facts(neuron),
        "seed": plain(seed),
        **_columns_to_facts(neuron),
        "classes": labels_to_facts(neuron.classes_),
        "epochs": int(neuron.n_iter_),
        **history,
    }
    neuron_from_state(type(neuron), facts, arrays)  # what could not be read again is not written
    return facts, arrays


def _measured_in(neuron: Any) -> Any:
    return np.float64 if isinstance(neuron, Adaline) else np.int64


def neuron_from_state(kind: type, facts: Mapping[str, Any], arrays: Mapping[str, Array]) -> Any:
    """Return the neuron that `neuron_to_state` wrote down.

    Examples
    --------
    >>> neuron = Adaline(max_epochs=1).fit([[0.0], [1.0]], ["no", "yes"])
    >>> neuron_from_state(Adaline, *neuron_to_state(neuron, True)).classes_
    array(['no', 'yes'], dtype='<U3')
    """
    need_keys(facts, _NEURON, "a neuron")
    need(facts["seed"] is None or RANDOM_STATE.holds(facts["seed"]), f"seed is {facts['seed']!r}")
    neuron = estimator_from_settings(kind, facts["settings"], facts["seed"])
    _take_columns(neuron, facts)
    neuron.classes_ = labels_from_facts(facts["classes"])
    need(COUNT_OR_ZERO.holds(facts["epochs"]), f"epochs must be a count; got {facts['epochs']!r}")
    need(facts["history"] == [neuron._measure], f"history must be of {neuron._measure!r}")
    neuron.n_iter_ = facts["epochs"]
    neuron.history_ = history_from_state(facts["history"], arrays, facts["epochs"], _measured_in(neuron))
    names = {"coef", "intercept", f"history.{neuron._measure}", *(["learning_rate"] if kind is Adaline else [])}
    need(set(arrays) == names, f"a neuron must have the arrays {', '.join(sorted(names))}")
    units = len(neuron.classes_) if len(neuron.classes_) > 2 else 1
    for name, shape in (("coef", (units, neuron.n_features_in_)), ("intercept", (units,))):
        array = arrays[name]
        need(
            array.shape == shape and array.dtype in (np.float32, np.float64), f"{name} must be numbers of shape {shape}"
        )
        need(
            array.dtype == arrays["coef"].dtype and bool(np.isfinite(array).all()), f"{name} has numbers that cannot be"
        )
        setattr(neuron, f"{name}_", array)
    if kind is Adaline:
        rate = arrays["learning_rate"]
        need(rate.shape == () and rate.dtype == np.float64 and bool(rate >= 0), "learning_rate must be one number")
        neuron.learning_rate_ = float(rate)
    return neuron


# Networks as estimators --------------------------------------------------------------------------------------------

_NETWORK = ("settings", "seed", "features", "feature_names", "outputs", "network", "loss", "made_with", "epochs",
            "should_stop", "history", "training")  # fmt: skip


def estimator_to_state(estimator: Any, training_state: bool) -> State:
    """Return a fitted network, as an estimator, as facts and arrays.

    Examples
    --------
    >>> model = MLPRegressor(engine="numpy").partial_fit([[0.0], [1.0]], [1.0, 2.0])
    >>> facts, arrays = estimator_to_state(model, False)
    >>> facts["loss"], arrays["network.0.weight"].shape
    ({'kind': 'MSELoss'}, (100, 1))
    """
    need_fitted(estimator, "network_")
    network, arrays = network_to_state(estimator.network_)
    history, past = history_to_state(estimator.history_)
    arrays, training = {**prefixed("network", arrays), **past}, getattr(estimator, "_training", None)
    now = estimator._what_makes_the_network()
    facts = {
        "settings": settings_to_facts(estimator),
        "seed": int(estimator.seed_),
        **_columns_to_facts(estimator),
        "outputs": int(estimator.n_outputs_),
        "network": network,
        "loss": part_to_facts(estimator._loss, "loss"),
        "made_with": {name: before for name, before in estimator._made_with.items() if before != now[name]},
        "epochs": int(estimator.n_iter_),
        "should_stop": bool(estimator.should_stop_),
        **history,
        "training": None,
    }
    if isinstance(estimator, MLPClassifier):
        facts |= {"classes": labels_to_facts(estimator.classes_), "several": bool(estimator._several)}
    estimator_from_state(type(estimator), facts, arrays)  # what could not be read again is not written
    if training_state and training is not None:
        need(training.network is estimator.network_, "network_ is not the network that was trained: it was replaced")
        state, numbers = training_to_state(training)
        arrays |= numbers
        facts["training"] = {"optimizer": part_to_facts(training.optimizer, "optimizer"), "state": state}
    return facts, arrays


def estimator_from_state(kind: type, facts: Mapping[str, Any], arrays: Mapping[str, Array]) -> Any:
    """Return the estimator that `estimator_to_state` wrote down.

    Examples
    --------
    >>> model = MLPRegressor(engine="numpy").partial_fit([[0.0], [1.0]], [1.0, 2.0])
    >>> estimator_from_state(MLPRegressor, *estimator_to_state(model, True)).n_iter_
    1
    """
    need_keys(facts, [*_NETWORK, *(["classes", "several"] if kind is MLPClassifier else [])], "a network")
    need(COUNT_OR_ZERO.holds(facts["seed"]) and RANDOM_STATE.holds(facts["seed"]), f"seed is {facts['seed']!r}")
    need(COUNT_OR_ZERO.holds(facts["epochs"]), f"epochs must be a count; got {facts['epochs']!r}")
    need(SWITCH.holds(facts["should_stop"]), "should_stop must be true or false")
    estimator = estimator_from_settings(kind, facts["settings"], facts["seed"])
    _take_columns(estimator, facts)
    estimator.seed_, estimator.n_outputs_ = facts["seed"], facts["outputs"]
    estimator._loss = part_from_facts(facts["loss"], nn.Loss, "loss")
    _check_purpose(estimator, facts)
    estimator._made_with = estimator._what_makes_the_network()
    made_with = facts["made_with"]
    need(isinstance(made_with, dict) and set(made_with) <= set(estimator._made_with), "made_with has unknown settings")
    need(all(map(is_text, made_with.values())), "made_with must be words")
    estimator._made_with |= made_with
    network = network_from_state(facts["network"], group("network", arrays))
    m, t = estimator.n_features_in_, estimator.n_outputs_
    need(network.members is None, "the network of an estimator is no stack")
    need(width_after(facts["network"]["layers"], m) == t, f"the layers do not lead from {m} columns to {t} outputs")
    history = history_from_state(facts["history"], arrays, facts["epochs"])
    if facts["training"] is not None:
        estimator._adopt(_training_from_state(network, facts, arrays))
        return estimator
    names = {*prefixed("network", network.parameters()), *prefixed("history", history)}
    need(set(arrays) == names, f"a network without the state of its training has arrays beyond {', '.join(names)}")
    estimator.network_, estimator.history_ = network, history
    estimator.n_iter_, estimator.should_stop_ = facts["epochs"], facts["should_stop"]
    return estimator


def _check_purpose(estimator: Any, facts: Mapping[str, Any]) -> None:
    """Take what outputs mean: classes, several labels a row, or numbers."""
    need(COUNT.holds(facts["outputs"]), f"outputs must be a count; got {facts['outputs']!r}")
    loss, several = type(estimator._loss), facts.get("several", False)
    if isinstance(estimator, MLPRegressor):
        need(loss in (nn.MSELoss, nn.HuberLoss), f"{loss.__name__} is no loss of a regressor")
        return
    need(SWITCH.holds(several), "several must be true or false")
    need(
        loss in ((nn.BCEWithLogitsLoss,) if several else (nn.CrossEntropyLoss, nn.MSELoss)),
        f"{loss.__name__} is no loss of such a classifier",
    )
    estimator.classes_, estimator._several = labels_from_facts(facts["classes"]), several
    need(len(estimator.classes_) == facts["outputs"], "there must be an output for each class")


def _training_from_state(network: nn.Sequential, facts: Mapping[str, Any], arrays: Mapping[str, Array]) -> Training:
    need_keys(facts["training"], ["optimizer", "state"], "training")
    state = facts["training"]["state"]
    need(isinstance(state, dict), "the state of training must be facts")
    optimizer = part_from_facts(facts["training"]["optimizer"], nn.Optimizer, "optimizer")
    training = Training(network, optimizer, facts["seed"])
    restore_training(training, state, arrays)
    for name, value in (("seed", training.seed), ("epochs", training.epoch), ("should_stop", training.should_stop)):
        need(value == facts[name], f"{name} is {facts[name]!r} and, in the state of training, {value!r}")
    need(list(training.history) == facts["history"], "the state of training has another history")
    best = (training.best_parameters or {}).values()
    need(all(bool(np.isfinite(array).all()) for array in best), "the best weights contain NaN or infinity")
    return training
