"""The recipe: every setting of a training in one frozen record, the single source of every default."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedforward import nn
from feedforward.errors import SettingError
from feedforward.nn.initializers import Initializer
from feedforward.validation import (
    COUNT,
    NONE,
    NOT_NEGATIVE,
    POSITIVE,
    Rule,
    check_settings,
    nearest,
)

ACTIVATIONS: dict[str, Callable[[], nn.ActivationLayer]] = {
    "identity": nn.Identity,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "softplus": nn.Softplus,
}
OPTIMIZERS: dict[str, Callable[[float, float], nn.Optimizer]] = {
    "sgd": lambda lr, decay: nn.SGD(lr, weight_decay=decay),
    "momentum": lambda lr, decay: nn.SGD(lr, momentum=0.9, weight_decay=decay),
    "nesterov": lambda lr, decay: nn.SGD(lr, momentum=0.9, nesterov=True, weight_decay=decay),
    "rmsprop": lambda lr, decay: nn.RMSprop(lr, weight_decay=decay),
    "adam": lambda lr, decay: nn.Adam(lr, weight_decay=decay),
    "adamw": lambda lr, decay: nn.AdamW(lr, weight_decay=decay),
}
SCHEDULES = (*nn.SCHEDULES, "plateau")

_SHARE = Rule("a number of 0 or more and below 1", lambda value: NOT_NEGATIVE.holds(value) and value < 1)
_SIZES = Rule(
    "a sequence of whole numbers of 1 or more, one for each hidden layer",
    lambda value: (
        COUNT.holds(value)
        or (isinstance(value, Sequence | np.ndarray) and not isinstance(value, str) and all(map(COUNT.holds, value)))
    ),
)


@dataclass(frozen=True)
class Recipe:
    """What to train, and how; `MLPClassifier` says what each setting means.

    Examples
    --------
    >>> Recipe(optimizer="adma").checked()
    Traceback (most recent call last):
    feedforward.errors.SettingError: Recipe: optimizer is unknown: 'adma'. Did you mean 'adam'?
    """

    hidden_sizes: Any = (100,)
    activation: Any = "relu"
    loss: Any = "cross_entropy"
    optimizer: Any = "adam"
    learning_rate: float = 1e-3
    schedule: str = "constant"
    batch_size: int | None = 128
    max_epochs: int = 100
    weight_decay: float = 0.0
    dropout: float = 0.0
    validation_fraction: float = 0.0
    patience: int | None = None
