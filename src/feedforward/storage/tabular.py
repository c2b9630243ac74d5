"""Tabular estimators as facts and arrays, and back: the encoder, the members as one stack, and how sure they are."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from feedforward.estimators.tabular_base import TabularEstimator
from feedforward.estimators.tabular_classifier import TabularClassifier
from feedforward.files import group, prefixed
from feedforward.storage.checks import Array, State, need, need_fitted, need_keys
from feedforward.storage.estimators import (
    estimator_from_settings,
    history_from_state,
    history_to_state,
    settings_to_facts,
)
from feedforward.storage.labels import labels_from_facts, labels_to_facts
from feedforward.storage.networks import network_from_state, network_to_state, width_after
from feedforward.tables.encoding import TableEncoder
from feedforward.validation import COUNT, COUNT_OR_ZERO, RANDOM_STATE

_FACTS = ("settings", "seed", "encoder", "network", "outputs", "epochs", "best_epochs", "history")
_NUMBERS = {"classes": ("temperature",), "numbers": ("mean", "scale", "low", "high", "errors")}
_WEIGHTS = "error_weights"  # only where rows had weights


def tabular_to_state(model: TabularEstimator, training_state: bool) -> State:
    """Return a fitted tabular estimator as facts and arrays; its training is over, so `training_state` adds nothing.

    Examples
    --------
    >>> model = TabularClassifier(preset="fast", members=1, max_epochs=1, engine="numpy", random_state=0)
    >>> facts, arrays = tabular_to_state(model.fit([[0.0], [1.0]] * 20, ["no", "yes"] * 20), False)
    >>> facts["epochs"], facts["outputs"], float(arrays["numbers.temperature"]) > 0
    (1, 2, True)
    """
    need_fitted(model, "network_")
    encoder, of_encoder = model.encoder_.get_state()
    network, of_network = network_to_state(model.network_)
    history, past = history_to_state(model.history_)
    names = [*_names(type(model)), *([_WEIGHTS] if getattr(model, f"{_WEIGHTS}_", None) is not None else [])]
    numbers = {name: np.asarray(getattr(model, f"{name}_"), np.float64) for name in names}
    arrays = {
        **prefixed("encoder", of_encoder),
        **prefixed("network", of_network),
        **prefixed("numbers", numbers),
        **past,
    }
    facts = {
        "settings": settings_to_facts(model),
        "seed": int(model.seed_),
        "encoder": encoder,
        "network": network,
        "outputs": int(model.n_outputs_),
        "epochs": int(model.n_iter_),
        "best_epochs": np.atleast_1d(model.best_epochs_).tolist(),
        **history,
    }
    if isinstance(model, TabularClassifier):
        facts["classes"] = labels_to_facts(model.classes_)
    tabular_from_state(type(model), facts, arrays)  # what could not be read again is not written
    return facts, arrays


def tabular_from_state(kind: type, facts: Mapping[str, Any], arrays: Mapping[str, Array]) -> TabularEstimator:
    """Return the estimator that `tabular_to_state` wrote down.

    Examples
    --------
    >>> model = TabularClassifier(preset="fast", members=1, max_epochs=1, engine="numpy", random_state=0)
    >>> state = tabular_to_state(model.fit([[0.0], [1.0]] * 20, ["no", "yes"] * 20), False)
    >>> tabular_from_state(TabularClassifier, *state).classes_
    array(['no', 'yes'], dtype='<U3')
    """
    is_classifier = kind is TabularClassifier
    need_keys(facts, [*_FACTS, *(["classes"] if is_classifier else [])], "a tabular estimator")
    need(COUNT_OR_ZERO.holds(facts["seed"]) and RANDOM_STATE.holds(facts["seed"]), f"seed is {facts['seed']!r}")
    need(COUNT.holds(facts["outputs"]), f"outputs must be a count; got {facts['outputs']!r}")
    need(COUNT_OR_ZERO.holds(facts["epochs"]), f"epochs must be a count; got {facts['epochs']!r}")
    model: TabularEstimator = estimator_from_settings(kind, facts["settings"], facts["seed"])
    model.seed_, model.n_outputs_, model.n_iter_ = facts["seed"], facts["outputs"], facts["epochs"]
    if is_classifier:
        model.classes_ = labels_from_facts(facts["classes"])
        need(len(model.classes_) == facts["outputs"], "there must be an output for each class")
    model.take_encoder(TableEncoder.from_state(facts["encoder"], group("encoder", arrays)))
    network = network_from_state(facts["network"], group("network", arrays))
    need(network.members is not None, "the network of a tabular estimator must be a stack")
    width = len(model.encoder_.get_feature_names_out())
    need(
        width_after(facts["network"]["layers"], width) == facts["outputs"],
        f"the layers do not lead from {width} columns to {facts['outputs']} outputs",
    )
    _take_best_epochs(model, facts["best_epochs"], network.members)
    _take_numbers(model, group("numbers", arrays))
    model.history_ = history_from_state(facts["history"], arrays, facts["epochs"])
    strays = [name for name in arrays if name.partition(".")[0] not in ("encoder", "network", "numbers", "history")]
    need(not strays and len(group("history", arrays)) == len(model.history_), "there are arrays that belong to nothing")
    model.take_network(network)
    return model


def _names(kind: type) -> tuple[str, ...]:
    return _NUMBERS["classes" if kind is TabularClassifier else "numbers"]


def _take_best_epochs(model: Any, epochs: Any, members: int | None) -> None:
    need(
        isinstance(epochs, list) and len(epochs) == members and all(map(COUNT_OR_ZERO.holds, epochs)),
        "best_epochs must be a count for each member",
    )
    model.best_epochs_ = np.array(epochs, np.int64)


def _take_numbers(model: Any, numbers: Mapping[str, Array]) -> None:
    names, t = _names(type(model)), model.n_outputs_
    optional = {_WEIGHTS} if "errors" in names else set()
    need(set(numbers) - optional == set(names), f"the numbers must be {', '.join(names)}")
    errors = (len(np.atleast_1d(numbers.get("errors", 0.0))), t)
    for name, array in numbers.items():
        shape = {"temperature": (), "errors": errors, _WEIGHTS: errors}.get(name, (t,))
        need(
            array.dtype == np.float64 and array.shape == shape and bool(np.isfinite(array).all()),
            f"{name} must be finite numbers of shape {shape}",
        )
        setattr(model, f"{name}_", float(array) if name == "temperature" else array)
    if "temperature" in numbers:
        need(model.temperature_ > 0, "temperature must be above 0")
        return
    need(bool((model.scale_ > 0).all() and (model.low_ <= model.high_).all()), "the range of the targets is none")
    model.error_weights_ = numbers.get(_WEIGHTS)
    need(model.error_weights_ is None or bool((model.error_weights_ > 0).all()), "weights of errors must be above 0")
    need(bool((model.errors_ >= 0).all() and (np.diff(model.errors_, axis=0) >= 0).all()), "errors must be sorted")
