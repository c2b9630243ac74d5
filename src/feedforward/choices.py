"""What there is to train, and what a target can be taken for."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from feedforward.errors import SettingError, TableError
from feedforward.estimators.classifier import MLPClassifier
from feedforward.estimators.regressor import MLPRegressor
from feedforward.estimators.tabular_base import TabularEstimator
from feedforward.estimators.tabular_classifier import TabularClassifier
from feedforward.estimators.tabular_regressor import TabularRegressor
from feedforward.measures import OF_ANSWERS
from feedforward.neurons.adaline import Adaline
from feedforward.neurons.perceptron import Perceptron
from feedforward.tables.encoding import TableEncoder
from feedforward.validation import nearest

MODELS: dict[str, dict[str, Any]] = {
    "tabular": {"classification": TabularClassifier, "regression": TabularRegressor},
    "perceptron": {"classification": Perceptron},
    "adaline": {"classification": Adaline},
    "mlp": {"classification": MLPClassifier, "regression": MLPRegressor},
}
_MOST_CLASSES = 20  # different numbers up to which a target of whole numbers is taken for classes
_LARGEST = 1e150  # squares of more, or sums of them, are beyond all numbers
_GIVEN_OTHERWISE = ("callbacks", "kinds")  # settings that have an argument of their own


def check_choices(model: str, task: str | None, settings: Mapping[str, Any], has_checkpoint: bool) -> None:
    """Raise `SettingError` unless there is such a model, for such a task, with such settings, and checkpoints if any.

    Examples
    --------
    >>> check_choices("mlp", None, {"preset": "fast"}, False)
    Traceback (most recent call last):
    feedforward.errors.SettingError: mlp has no setting 'preset': it is one of tabular. Leave it out, or take that
    model.
    """
    if model not in MODELS:
        raise SettingError(f"There is no model {model!r}. {nearest(model, MODELS, 'models')}")
    if task is not None and task not in OF_ANSWERS:
        raise SettingError(f"There is no task {task!r}. {nearest(task, OF_ANSWERS, 'tasks')}")
    if task is not None and task not in MODELS[model]:
        raise SettingError(f"{model} tells classes apart; for the task {task!r} take the model 'tabular' or 'mlp'.")
    if has_checkpoint and "regression" not in MODELS[model]:
        raise SettingError(
            f"A checkpoint is for networks; {model} trains in a moment. Leave it out, or take 'tabular' or 'mlp'."
        )
    known = _settings_of(model)
    for name in settings:
        if name in known:
            continue
        others = [other for other in MODELS if name in _settings_of(other)]
        if others:
            raise SettingError(
                f"{model} has no setting {name!r}: it is one of {' and '.join(others)}. Leave it out, or take that "
                "model."
            )
        raise SettingError(f"{model} has no setting {name!r}. {nearest(name, known, 'settings')}")


def _settings_of(model: str) -> list[str]:
    names = [name for kind in MODELS[model].values() for name in kind().get_params()]
    return [name for name in dict.fromkeys(names) if name not in _GIVEN_OTHERWISE]


def model_of(name: str, task: str, settings: Mapping[str, Any], kinds: Mapping[str, str], seed: int) -> Any:
    """Return an unfitted model that takes tables: a tabular network, or a Pipeline of a `TableEncoder` and another.

    Examples
    --------
    >>> model_of("tabular", "regression", {"preset": "fast"}, {}, 0)
    TabularRegressor(preset='fast', random_state=0)
    >>> model_of("mlp", "classification", {}, {"id": "drop"}, 0)[0]
    TableEncoder(kinds={'id': 'drop'})
    """
    kind = MODELS[name][task]
    known = kind().get_params()
    for setting in settings:
        if setting not in known:
            near = nearest(setting, known, "settings")
            raise SettingError(f"{name} has no setting {setting!r} for a {task}. {near}")
    estimator = kind(random_state=seed).set_params(**settings)
    if isinstance(estimator, TabularEstimator):
        return estimator.set_params(kinds=dict(kinds) or None)
    if task == "regression":
        estimator = TransformedTargetRegressor(estimator, transformer=StandardScaler(), check_inverse=False)
    return Pipeline([("encoder", TableEncoder(kinds=dict(kinds) or None)), ("model", estimator)])


def task_of(source: str, target: str, y: NDArray[Any], model: str, task: str | None) -> str:
    """Return what is to be done with a target, "classification" or "regression"; `TableError` if it cannot be.

    Parameters
    ----------
    source, target : str
        For messages.
    y : array of shape (n,)
    model : str
    task : str, optional
        What was asked for.

    Examples
    --------
    >>> task_of("a.csv", "price", np.array([1.5, 2.0]), "tabular", None)
    'regression'
    """
    where = f"{source}, target column {target!r}"
    numbers = y.dtype.kind in "iuf"
    fractions = np.flatnonzero(y != np.floor(y)) if y.dtype.kind == "f" else np.empty(0, dtype=np.intp)
    classes = len(np.unique(y))
    if task == "regression" and not numbers:
        raise TableError(f"{where}: {y[0]!s} is no number, and a regression predicts numbers. Leave the task open.")
    if task == "regression" or (
        task is None and "regression" in MODELS[model] and numbers and (len(fractions) or classes > _MOST_CLASSES)
    ):
        largest = y[np.abs(y.astype(np.float64)).argmax()]
        if abs(float(largest)) > _LARGEST:
            raise TableError(
                f"{where}: {largest!s} is too large a quantity, whose square is no number any more. Correct it, or "
                "give the target in a larger unit."
            )
        return "regression"
    other = ""
    if numbers:
        other = (
            ", or the model 'tabular' or 'mlp', which predict quantities too"
            if task is None
            else ", or the task 'regression'"
        )
    if len(fractions):
        raise TableError(
            f"{where}: {y[fractions[0]]} is a fraction, and classes are text, whole numbers or booleans. Choose a "
            f"target of these{other}."
        )
    if classes > max(_MOST_CLASSES, len(y) // 2):
        raise TableError(
            f"{where}: {classes} classes in {len(y)} rows, nearly one a row. Choose a target with a few distinct "
            f"values{other}."
        )
    return "classification"
