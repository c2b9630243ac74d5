"""A fitted model taken apart, for every export alike: what reads a table, the network, what its outputs mean."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from feedforward import nn
from feedforward.errors import InputError
from feedforward.estimators.classifier import MLPClassifier
from feedforward.estimators.regressor import MLPRegressor
from feedforward.estimators.tabular_classifier import TabularClassifier
from feedforward.estimators.tabular_regressor import TabularRegressor
from feedforward.exports.preprocessing import Preprocessing, preprocessing_of
from feedforward.neurons.adaline import Adaline
from feedforward.neurons.perceptron import Perceptron
from feedforward.nn.lowering import Program, lower
from feedforward.tables.encoding import TableEncoder

Array = NDArray[Any]


@dataclass(frozen=True)
class Answer:
    """What the outputs of a network mean.

    Attributes
    ----------
    link : str
        "softmax": probabilities of classes, of z / temperature, their mean over the members. "shares": outputs between
        0 and 1, normalised. "sigmoid": each output z is a label of its own, sigmoid(z) its probability, and above 0 a
        yes. "step": no probabilities; one output at or above `threshold` is the second class, of several the largest
        decides. "numbers": ``shift + scale · mean over the members``, kept from `low` to `high`.
    classes : array or None
        Labels, of all links but "numbers"; of "sigmoid" the numbers of the outputs.
    flat : bool
        Of numbers: whether the one column of outputs is no axis of its own.
    """

    link: str
    classes: Array | None = None
    temperature: float = 1.0
    threshold: float = 0.0
    shift: Array = field(default_factory=lambda: np.zeros(1))
    scale: Array = field(default_factory=lambda: np.ones(1))
    low: Array = field(default_factory=lambda: np.full(1, -np.inf))
    high: Array = field(default_factory=lambda: np.full(1, np.inf))
    flat: bool = False

    @property
    def has_probabilities(self) -> bool:
        """Whether there is more to say than the answer itself."""
        return self.link in ("softmax", "shares", "sigmoid")


@dataclass(frozen=True)
class Parts:
    """A model taken apart.

    Attributes
    ----------
    model : object
        The whole.
    kind : str
        The class of the part that learned.
    columns : list of str or None
        The names of all columns that the model was trained on; None if these were an array's.
    n_columns : int
    preprocessing : Preprocessing or None
        None where the network reads the numbers of its columns as they are.
    program : Program
    answer : Answer
    """

    model: Any
    kind: str
    columns: list[str] | None
    n_columns: int
    preprocessing: Preprocessing | None
    program: Program
    answer: Answer


def parts_of(model: Any) -> Parts:
    """Return the parts of a fitted model.

    Raises
    ------
    InputError
        If it is not fitted, or of a kind, or with a layer, that cannot be exported.

    Examples
    --------
    >>> import feedforward as ff
    >>> parts = parts_of(ff.Adaline().fit([[0.0], [1.0]], ["no", "yes"]))
    >>> parts.answer.link, parts.answer.threshold, [one.kind for one in parts.program.operations]
    ('step', 0.5, ['matmul', 'add'])
    """
    encoder, learner = _taken_apart(model)
    try:
        check_is_fitted(learner)
    except NotFittedError:
        raise InputError(f"This {type(learner).__name__} is not fitted: nothing to export. Fit it first.") from None
    estimator, answer = learner, None
    if isinstance(learner, TransformedTargetRegressor):
        estimator = learner.regressor_
        answer = _standardised(learner)
    if isinstance(estimator, TabularClassifier | TabularRegressor):
        encoder = estimator.encoder_
    owner: Any = estimator if encoder is None else encoder
    names = getattr(owner, "feature_names_in_", None)
    return Parts(
        model,
        type(estimator).__name__,
        None if names is None else [str(name) for name in names],
        int(owner.n_features_in_),
        None if encoder is None else preprocessing_of(encoder),
        lower(_network(estimator)),
        _answer(estimator) if answer is None else answer,
    )


_NEURONS = (Perceptron, Adaline)
_LEARNERS = (*_NEURONS, MLPClassifier, MLPRegressor, TransformedTargetRegressor)
_TABULAR = (TabularClassifier, TabularRegressor)
_LINKS = {nn.CrossEntropyLoss: "softmax", nn.MSELoss: "shares", nn.BCEWithLogitsLoss: "sigmoid"}


def _taken_apart(model: Any) -> tuple[TableEncoder | None, Any]:
    if isinstance(model, Pipeline):
        steps = [step for _, step in model.steps]
        if len(steps) == 2 and type(steps[0]) is TableEncoder and type(steps[1]) in _LEARNERS:
            _check_regressor(steps[1])
            return steps[0], steps[1]
        found = ", ".join(type(step).__name__ for step in steps)
        raise InputError(
            f"A Pipeline of {found} cannot be exported: it must be of a TableEncoder and one of "
            f"{', '.join(kind.__name__ for kind in _LEARNERS)}."
        )
    if type(model) not in (*_LEARNERS, *_TABULAR):
        known = ", ".join(kind.__name__ for kind in (*_TABULAR, *_LEARNERS))
        raise InputError(
            f"{type(model).__name__} cannot be exported: give one of {known}, or a Pipeline of a TableEncoder and one."
        )
    _check_regressor(model)
    return None, model


def _check_regressor(learner: Any) -> None:
    if not isinstance(learner, TransformedTargetRegressor) or not hasattr(learner, "regressor_"):
        return
    inner, scaler = learner.regressor_, learner.transformer_
    scales = type(scaler) is StandardScaler and scaler.with_mean and scaler.with_std
    if type(inner) is not MLPRegressor or not scales or learner.func is not None or learner.inverse_func is not None:
        raise InputError(
            f"A TransformedTargetRegressor of {type(inner).__name__} and {type(scaler).__name__} cannot be exported: "
            "it must be of an MLPRegressor and a StandardScaler."
        )


def _network(estimator: Any) -> nn.Sequential:
    if not isinstance(estimator, _NEURONS):
        return nn.fold(estimator.network_)
    units, m = estimator.coef_.shape
    linear = nn.Linear(m, units)
    linear.weight, linear.bias = estimator.coef_, estimator.intercept_
    return nn.Sequential(linear)


def _answer(estimator: Any) -> Answer:
    if isinstance(estimator, _NEURONS):
        return Answer("step", estimator.classes_, threshold=float(estimator._step_at()))
    if isinstance(estimator, TabularClassifier):
        return Answer("softmax", estimator.classes_, temperature=float(estimator.temperature_))
    if isinstance(estimator, MLPClassifier):
        loss = type(estimator._loss)
        if loss not in _LINKS:
            raise InputError(f"The probabilities of {loss.__name__} cannot be exported: it is a loss of your own.")
        return Answer(_LINKS[loss], estimator.classes_)
    flat = estimator.n_outputs_ == 1
    if isinstance(estimator, TabularRegressor):
        numbers = (estimator.mean_, estimator.scale_, estimator.low_, estimator.high_)
        shift, scale, low, high = (np.asarray(number, np.float64) for number in numbers)
        return Answer("numbers", shift=shift, scale=scale, low=low, high=high, flat=flat)
    return Answer("numbers", flat=flat)


def _standardised(learner: TransformedTargetRegressor) -> Answer:
    scaler = learner.transformer_
    return Answer("numbers", shift=scaler.mean_, scale=scaler.scale_, flat=learner._training_dim == 1)
