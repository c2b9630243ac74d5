"""The recipe: every setting of a training in one frozen record, the single source of every default."""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike

from feedforward import nn
from feedforward.errors import SettingError
from feedforward.nn.initializers import Initializer
from feedforward.validation import (
    COUNT,
    NONE,
    NOT_NEGATIVE,
    POSITIVE,
    SWITCH,
    Rule,
    check_setting,
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
LOSSES: dict[str, Callable[[], nn.Loss]] = {
    "cross_entropy": nn.CrossEntropyLoss,
    "squared_error": nn.MSELoss,
    "binary_cross_entropy": nn.BCEWithLogitsLoss,
    "huber": nn.HuberLoss,
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
WATCHED = ("loss", "score", "calibrated_loss")
_OTHER_NAMES = {  # what others call these, or what comes nearest
    **{"logistic": "sigmoid", "linear": "identity", "swish": "silu"},
    **{"log_loss": "cross_entropy", "nll": "cross_entropy", "bce": "binary_cross_entropy"},
    **{"mse": "squared_error", "l2": "squared_error", "mae": "huber", "l1": "huber", "absolute_error": "huber"},
    **{"lbfgs": "adam", "adaptive": "plateau", "invscaling": "cosine"},
}

_SHARE = Rule("a number of 0 or more and below 1", lambda value: NOT_NEGATIVE.holds(value) and value < 1)
_SIZES = Rule(
    "a whole number of 1 or more, or a sequence of them, one for each hidden layer",
    lambda value: COUNT.holds(value) or (isinstance(value, list | tuple | np.ndarray) and all(map(COUNT.holds, value))),
)
_RULES: dict[str, Rule] = {
    "hidden_sizes": _SIZES,
    "learning_rate": POSITIVE,
    "batch_size": COUNT | NONE,
    "max_epochs": COUNT,
    "weight_decay": NOT_NEGATIVE,
    "dropout": _SHARE,
    "validation_fraction": _SHARE,
    "patience": COUNT | NONE,
    "drop_last": SWITCH,
    "patience_growth": NOT_NEGATIVE,
    "keep_best": SWITCH,
}


@dataclass(frozen=True)
class Recipe:
    """What to train, and how.

    Attributes
    ----------
    hidden_sizes : int or sequence of int
        Units of each hidden layer; ``()`` for no hidden layer.
    activation : str or nn.ActivationLayer
        After each hidden layer: a name of `ACTIVATIONS`, or a layer, copied for each.
    loss : str or nn.Loss
        A name of `LOSSES`, or a loss.
    optimizer : str or nn.Optimizer
        A name of `OPTIMIZERS`, or an optimizer, copied, which brings its own learning rate and weight decay.
    learning_rate : float
    schedule : str
        A name of `SCHEDULES`: how the rate changes over `max_epochs`.
    batch_size : int or None
        Rows a step; None, or more than there are, takes all of them.
    max_epochs : int
    weight_decay : float
    dropout : float
        Share of the units of each hidden layer to silence.
    validation_fraction : float
        Share of the rows to hold back and judge on.
    patience : int or None
        Epochs without a lower loss, after which training stops and the best weights come back. None: it does not stop.
    decay_schedule, dropout_schedule : str
        Names of ``nn.SCHEDULES``: how weight decay and dropout change over `max_epochs`.
    drop_last : bool
        Whether to leave out the last batch of an epoch where it has fewer rows.
    patience_growth : float
        Epochs of patience added for each epoch that the best one took. Where the rate falls and rises again, so does
        the loss, later for longer.
    keep_best : bool
        Whether the best weights come back also without patience.
    watch : {"loss", "score", "calibrated_loss"}
        What decides which epoch is the best: that of the validation rows, or else of the training rows. Of equal scores
        that of the later epoch. The last one, of classes, is the log loss at its best temperature, as
        `feedforward.training.scores.calibrated_loss` has it; it needs validation rows, else the loss decides.

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
    decay_schedule: str = "constant"
    dropout_schedule: str = "constant"
    drop_last: bool = False
    patience_growth: float = 0.0
    keep_best: bool = False
    watch: str = "loss"

    @property
    def restores(self) -> bool:
        """Whether the weights of the best epoch come back at the end.

        Examples
        --------
        >>> Recipe().restores, Recipe(patience=10).restores, Recipe(keep_best=True).restores
        (False, True, True)
        """
        return self.patience is not None or bool(self.keep_best)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The units of each hidden layer, also where `hidden_sizes` is one number.

        Examples
        --------
        >>> Recipe(hidden_sizes=64).sizes
        (64,)
        """
        return tuple(int(size) for size in np.atleast_1d(np.asarray(self.hidden_sizes, dtype=np.int64)))

    def checked(self, owner: str = "Recipe", losses: Iterable[str] = tuple(LOSSES)) -> Self:
        """Return itself, if it can be used.

        Parameters
        ----------
        owner : str
            Whose settings these are, for the message.
        losses : iterable of str
            The losses that this owner can use, for the message.

        Raises
        ------
        SettingError
            Naming the setting, what it must be and what was given; for an unknown name the nearest known one.

        Examples
        --------
        >>> Recipe(dropout=1.0).checked("MLPClassifier")
        Traceback (most recent call last):
        feedforward.errors.SettingError: MLPClassifier: dropout must be a number of 0 or more and below 1; got 1.0.
        """
        for name, rule in _RULES.items():
            check_setting(owner, name, getattr(self, name), rule)
        _check_choice(owner, "activation", self.activation, ACTIVATIONS, nn.ActivationLayer)
        if not (isinstance(self.loss, str) and self.loss in LOSSES):
            _check_choice(owner, "loss", self.loss, losses, nn.Loss)
        _check_choice(owner, "optimizer", self.optimizer, OPTIMIZERS, nn.Optimizer)
        _check_choice(owner, "schedule", self.schedule, SCHEDULES)
        for name in ("decay_schedule", "dropout_schedule"):
            _check_choice(owner, name, getattr(self, name), nn.SCHEDULES)
        _check_choice(owner, "watch", self.watch, WATCHED)
        if self.patience_growth and self.patience is None:
            raise SettingError(
                f"{owner}: patience_growth={self.patience_growth!r} makes patience grow, and patience is None. Set "
                "patience, or leave patience_growth at 0."
            )
        if isinstance(self.optimizer, nn.Optimizer):
            self._check_rates(owner, self.optimizer)
        return self

    def _check_rates(self, owner: str, optimizer: nn.Optimizer) -> None:
        """Refuse two learning rates, or two weight decays: the optimizer's and another one."""
        for name, own in (("learning_rate", optimizer.lr), ("weight_decay", optimizer.weight_decay)):
            given, default = getattr(self, name), getattr(Recipe, name)
            if np.ndim(own) > 0:
                raise SettingError(f"{owner}: optimizer must have one {name} for all; got {own!r}.")
            if given not in (default, own):
                raise SettingError(
                    f"{owner}: {name}={given!r} was given, and optimizer={optimizer!r} brings its own, {own!r}. "
                    "Give one of the two."
                )


def _check_choice(
    owner: str,
    name: str,
    value: Any,
    known: Iterable[str],
    kind: type[nn.ActivationLayer | nn.Loss | nn.Optimizer] | None = None,
) -> None:
    """Refuse what is neither a known name nor an object of the right kind."""
    if isinstance(value, str):
        if value not in known:
            other = _OTHER_NAMES.get(value.lower(), "")
            advice = nearest(other if other in list(known) else value, known, "choices")
            raise SettingError(f"{owner}: {name} is unknown: {value!r}. {advice}")
    elif kind is None or not isinstance(value, kind):
        other = f" or an nn.{kind.__name__}" if kind else ""
        is_plain = type(value).__module__ == "builtins"
        whose = "" if is_plain else f", a {type(value).__module__}.{type(value).__qualname__}"
        raise SettingError(
            f"{owner}: {name} must be one of {', '.join(map(repr, known))}{other}; got {value!r}{whose}."
        )


# From the recipe to what it describes --------------------------------------------------------------------------------

_FOR_RELU = (nn.ReLU, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Mish, nn.Softplus)


def build_network(
    recipe: Recipe, m: int, t: int, seed: int, dtype: DTypeLike = np.float64, *, final: nn.Layer | None = None
) -> nn.Sequential:
    """Return an untrained network for m features and t outputs.

    Its weights are drawn in float64 from the one stream ``np.random.default_rng(seed)``, layer after layer, so they are
    the same for every engine and, but for rounding, every dtype: uniform by LeCun for ReLU and its kin, normal by LeCun
    for SELU, else uniform by Glorot. The last layer and all biases start as in torch, ``U(±1/√m)``.

    Parameters
    ----------
    recipe : Recipe
    m, t : int
    seed : int
    dtype : dtype
    final : Layer, optional
        A layer after the last Linear.

    Examples
    --------
    >>> build_network(Recipe(hidden_sizes=(10,), dropout=0.1), 4, 3, seed=0)
    Sequential(
      (0): Linear(in_features=4, out_features=10, bias=True)
      (1): ReLU()
      (2): Dropout(p=0.1)
      (3): Linear(in_features=10, out_features=3, bias=True)
    )
    """
    rng = np.random.default_rng(seed)
    layers: list[nn.Layer] = []
    width = m
    for size in recipe.sizes:
        activation = _activation(recipe)
        layers += [_linear(width, size, rng, _initializer(activation)), activation]
        if recipe.dropout > 0:
            layers.append(nn.Dropout(recipe.dropout))
        width = size
    layers.append(_linear(width, t, rng, nn.initializers.torch_default))
    return nn.Sequential(*layers, *([] if final is None else [final])).copy(dtype)


def _activation(recipe: Recipe) -> nn.ActivationLayer:
    if isinstance(recipe.activation, str):
        return ACTIVATIONS[recipe.activation]()
    layer: nn.ActivationLayer = copy.copy(recipe.activation)
    return layer


def _initializer(activation: nn.ActivationLayer) -> Initializer:
    if isinstance(activation, nn.SELU):
        return nn.initializers.lecun_normal
    return nn.initializers.lecun_uniform if isinstance(activation, _FOR_RELU) else nn.initializers.glorot_uniform


def _linear(m: int, h: int, rng: np.random.Generator, weight: Initializer) -> nn.Linear:
    layer = nn.Linear(m, h)
    nn.initialize(layer.parameters(), rng, weight, nn.initializers.torch_default)
    return layer


def build_loss(recipe: Recipe) -> nn.Loss:
    """Return the loss that the recipe names, or has.

    Examples
    --------
    >>> build_loss(Recipe(loss="huber"))
    HuberLoss(delta=1.0)
    """
    return LOSSES[recipe.loss]() if isinstance(recipe.loss, str) else recipe.loss


def build_optimizer(recipe: Recipe) -> nn.Optimizer:
    """Return a fresh optimizer: that which the recipe names, or a copy of its own, without what that one remembers.

    Examples
    --------
    >>> build_optimizer(Recipe(optimizer="momentum", learning_rate=0.1)).momentum
    0.9
    """
    if isinstance(recipe.optimizer, str):
        return OPTIMIZERS[recipe.optimizer](recipe.learning_rate, recipe.weight_decay)
    optimizer: nn.Optimizer = copy.deepcopy(recipe.optimizer)
    optimizer.state = {}
    return optimizer
