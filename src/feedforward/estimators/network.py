"""What both networks share: rows in, training handed to the loop, outputs back."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from feedforward import nn
from feedforward.errors import FeedforwardError, InputError, SettingError
from feedforward.estimators.callbacks import CallbackSupport, FitTasks, with_callbacks
from feedforward.estimators.inputs import (
    CALLBACKS,
    check_dtype,
    check_lengths,
    check_name,
    copy_of,
    drawn_seed,
    in_dtype,
    is_ready,
    split,
    weights_of,
)
from feedforward.fitted import FittedNames
from feedforward.training.checkpoints import Callback, Checkpoint
from feedforward.training.devices import check_device_name
from feedforward.training.engines import ENGINES
from feedforward.training.loop import train
from feedforward.training.plan import Rows
from feedforward.training.predictor import outputs
from feedforward.training.recipe import Recipe, build_network, build_optimizer
from feedforward.training.state import Training
from feedforward.validation import (
    RANDOM_STATE,
    SWITCH,
    Rule,
    check_outputs,
    check_rows,
    check_settings,
    one_row_or_more,
)

Array = NDArray[Any]

# Settings that partial_fit cannot change any more.
_MAKE_THE_NETWORK = ("hidden_sizes", "activation", "loss", "optimizer", "dropout", "dtype")


class NetworkEstimator(FittedNames, CallbackSupport, BaseEstimator):
    """A network as an estimator.

    `MLPClassifier` and `MLPRegressor` say what targets and outputs mean.
    """

    hidden_sizes: Any
    activation: Any
    loss: Any
    optimizer: Any
    learning_rate: float
    schedule: str
    batch_size: int | None
    max_epochs: int
    weight_decay: float
    dropout: float
    validation_fraction: float
    patience: int | None
    engine: str
    device: str
    dtype: str
    callbacks: Sequence[Callback | Checkpoint]
    verbose: bool
    random_state: int | np.random.RandomState | None

    network_: nn.Sequential
    n_features_in_: int
    n_outputs_: int
    n_iter_: int
    seed_: int
    should_stop_: bool
    history_: dict[str, list[float]]

    _loss: Any
    _training: Training
    _made_with: dict[str, str]
    _losses: ClassVar[tuple[str, ...]]
    _rules: ClassVar[Mapping[str, Rule]] = {
        "callbacks": CALLBACKS,
        "verbose": SWITCH,
        "random_state": RANDOM_STATE,
    }

    # What a child decides ------------------------------------------------------------------------------------------

    def _read_targets(self, y: Any, name: str) -> Array:
        """Return targets as an array, none of them missing: labels of shape (n,), or numbers of shape (n, t)."""
        raise NotImplementedError  # the classifier and the regressor have their own

    def _encode(self, y: Array, name: str, *, fresh: bool = False, classes: Any = None) -> Array:
        """Return codes of classes, of shape (n,), or numbers of shape (n, t).

        If `fresh`, the targets decide ``n_outputs_`` and ``classes_``, else they must fit these.
        """
        raise NotImplementedError  # the classifier and the regressor have their own

    def _weigh(self, weights: Array | None, codes: Array) -> Array | None:
        """Return the weights of rows times those of their classes."""
        return weights

    def _choose_loss(self, recipe: Recipe) -> nn.Loss:
        """Return the loss for these targets."""
        raise NotImplementedError  # the classifier and the regressor have their own

    def _final_layer(self) -> nn.Layer | None:
        """Return the layer that the network ends with after its last weights, or None."""
        return None

    def _score_name(self) -> str:
        """Return the name of the score that history records."""
        raise NotImplementedError  # the classifier and the regressor have their own

    def _troubles_with(self, codes: Array) -> list[str]:
        """Say what in the targets stands in the way of learning."""
        return []

    @property
    def _float(self) -> str:
        """What the network's numbers are: in mixed precision only products are of bfloat16."""
        return "float32" if self.dtype == "bfloat16" else self.dtype

    # Training ------------------------------------------------------------------------------------------------------

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        network: nn.Sequential | None = None,
    ) -> Self:
        """Train from the start.

        Parameters
        ----------
        X : array, DataFrame or sparse matrix of shape (n, m)
            Finite numbers.
        y : array-like of shape (n,) or (n, t)
            Labels or numbers. Of several columns, each is an output of its own; for a classifier they hold 0 and 1.
        sample_weight : array-like of shape (n,), optional
            How much each row counts. Only ratios matter. Rows of weight 0 are left out, as if they had not been given.
        X_val, y_val : like X and y, optional
            Rows to be judged on after each epoch, instead of a share `validation_fraction` of the others. They all
            count the same.
        network : Sequential, optional
            Start from a copy of it, in `dtype`. It decides in place of `hidden_sizes`, `activation` and `dropout`.

        Returns
        -------
        self

        Raises
        ------
        InputError, SettingError
            If rows, targets, weights, the network or settings cannot be used.
        """
        recipe, seed = self._checked_recipe(), drawn_seed(self.random_state)
        self.__dict__.pop("network_", None)  # if this fails, no network stays behind for other columns and classes
        rows = self._rows(X, y, sample_weight, fresh=True)
        self._loss = self._choose_loss(recipe)
        validation = self._validation_rows(X_val, y_val)
        if recipe.validation_fraction > 0:
            if validation is not None:
                raise SettingError(
                    f"{type(self).__name__}: validation_fraction={recipe.validation_fraction} sets rows aside, and "
                    "X_val was given too. Give one of the two."
                )
            codes = rows.targets if rows.targets.ndim == 1 else None
            parts = split(len(rows), recipe.validation_fraction, seed, codes, getattr(self, "classes_", None))
            rows, validation = (_some(rows, places) for places in parts)
        troubles = self._troubles_with(rows.targets)
        rows, validation = self._ready(rows), None if validation is None else self._ready(validation)
        self._start(recipe, seed, network)
        try:
            self._train_from_start(recipe, rows, validation, (X, y, sample_weight))
        except FeedforwardError:
            if not self._training.step:  # refused before it began: what has learned nothing is not fitted
                del self.network_
            raise
        self._warn([*troubles, *self._training.troubles], stacklevel=3)
        return self

    @with_callbacks
    def _train_from_start(
        self, recipe: Recipe, rows: Rows, validation: Rows | None, given: tuple[Any, Any, Any]
    ) -> None:
        X, y, sample_weight = given
        tasks = FitTasks(self, recipe.max_epochs, X, y, sample_weight, _fitted_attributes)
        self._train(recipe, rows, validation, callbacks=tasks.callbacks)
        tasks.end()

    def _fit_pass(self, X: Any, y: Any, sample_weight: Any, X_val: Any, y_val: Any, classes: Any = None) -> None:
        """Do what `partial_fit` of both children does."""
        recipe, fresh = self._checked_recipe(), not hasattr(self, "network_")
        if not fresh:
            if not hasattr(self, "_training"):
                raise InputError(
                    f"{type(self).__name__} was stored without the state of its training, so it cannot go on as if it "
                    "had never stopped. Store it with training_state=True, or fit anew."
                )
            self._take_new_rates(recipe)
        X, y = one_row_or_more(X, y)
        rows = self._rows(X, y, sample_weight, fresh=fresh, classes=classes)
        if fresh:
            self._loss = self._choose_loss(recipe)
        validation = self._validation_rows(X_val, y_val)
        rows, validation = self._ready(rows), None if validation is None else self._ready(validation)
        if fresh:
            self._start(recipe, drawn_seed(self.random_state), None)
        self._train(recipe, rows, validation, epochs=1, shuffle=False)
        self._warn(self._training.troubles, stacklevel=4)

    def _train(
        self,
        recipe: Recipe,
        rows: Rows,
        validation: Rows | None,
        *,
        epochs: int | None = None,
        callbacks: tuple[Callback, ...] = (),
        shuffle: bool = True,
    ) -> None:
        training, known = self._training, frozenset(self._training.history)
        try:
            train(
                training,
                rows,
                recipe,
                loss=self._loss,
                score=self._score_name(),
                engine=self.engine,
                device=self.device,
                mixed=self.dtype == "bfloat16",
                validation=validation,
                epochs=epochs,
                callbacks=(*self.callbacks, *callbacks),
                verbose=bool(self.verbose),
                column_names=self._names(),
                shuffle=shuffle,
            )
        finally:  # after Ctrl-C too there is a network, with its history
            _align(training.history, known, training.epoch)
            self._adopt(training)

    def _start(self, recipe: Recipe, seed: int, network: nn.Sequential | None) -> None:
        m, t, final = self.n_features_in_, self.n_outputs_, self._final_layer()
        if network is None:
            network = build_network(recipe, m, t, seed, self._float, final=final)
        else:
            network = copy_of(network, m, t, self._float, final)
        self.seed_, self._made_with = seed, self._what_makes_the_network()
        self._adopt(Training(network=network, optimizer=build_optimizer(recipe), seed=seed))

    def _what_makes_the_network(self) -> dict[str, str]:
        return {name: repr(getattr(self, name)) for name in _MAKE_THE_NETWORK}

    def _take_new_rates(self, recipe: Recipe) -> None:
        """Go on with the learning rate and weight decay as they are set now; what made the network must be as it was.

        `recipe` has both, the optimizer's own where it is an object.
        """
        now = self._what_makes_the_network()
        for name, before in self._made_with.items():
            if now[name] != before:
                raise SettingError(
                    f"{type(self).__name__}: {name} was {before} when training began, and is now {now[name]}. "
                    "partial_fit goes on with the same network; to make another, fit anew."
                )
        fresh, optimizer = build_optimizer(recipe), self._training.optimizer
        optimizer.lr, optimizer.weight_decay = fresh.lr, fresh.weight_decay

    def _adopt(self, training: Training) -> None:
        for name, value in _fitted_attributes(training).items():
            setattr(self, name, value)

    def _warn(self, troubles: Sequence[str], stacklevel: int) -> None:
        for trouble in troubles:
            warnings.warn(f"{type(self).__name__}: {trouble}", ConvergenceWarning, stacklevel=stacklevel)

    # What is given, checked ----------------------------------------------------------------------------------------

    def _checked_recipe(self) -> Recipe:
        owner = type(self).__name__
        check_settings(self, self._rules)
        check_name(owner, "engine", self.engine, ("auto", *ENGINES))
        check_dtype(owner, self.dtype)
        check_device_name(owner, self.device)
        own = [field.name for field in fields(Recipe) if hasattr(self, field.name)]
        recipe = Recipe(**{name: getattr(self, name) for name in own})
        return recipe.checked(owner, self._losses)

    def _rows(self, X: Any, y: Any, sample_weight: Any, *, fresh: bool, classes: Any = None) -> Rows:
        """Return checked rows, without those of weight 0; targets are codes or numbers, weights are float64."""
        X = in_dtype(check_rows(self, X, reset=fresh), self._float, "X", self._names())
        y = self._read_targets(y, "y")
        check_lengths(X, y)
        weights = weights_of(sample_weight, len(y))
        if weights is not None and not weights.all():
            X, y, weights = X[weights > 0], y[weights > 0], weights[weights > 0]
        codes = self._encode(y, "y", fresh=fresh, classes=classes)
        rows = Rows(X, codes, self._weigh(weights, codes))
        return rows if rows.weights is None or rows.weights.all() else _some(rows, np.flatnonzero(rows.weights))

    def _validation_rows(self, X_val: Any, y_val: Any) -> Rows | None:
        if X_val is None and y_val is None:
            return None
        if X_val is None or y_val is None:
            raise InputError(f"X_val and y_val go together, and {'X_val' if X_val is None else 'y_val'} is missing.")
        try:
            X = check_rows(self, X_val, reset=False)
        except InputError as error:
            raise InputError(f"X_val: {error}") from error
        y = self._read_targets(y_val, "y_val")
        check_lengths(X, y, ("X_val", "y_val"))
        return Rows(in_dtype(X, self._float, "X_val", self._names()), self._encode(y, "y_val"))

    def _ready(self, rows: Rows) -> Rows:
        """Return rows as the loss and the network take them."""
        targets, weights = rows.targets, rows.weights
        if targets.ndim == 1 and not isinstance(self._loss, nn.CrossEntropyLoss):
            targets = nn.one_hot(targets, self.n_outputs_, self._float)
        elif targets.ndim == 2:
            targets = in_dtype(targets, self._float, "y")
        if weights is not None:
            weights = (weights / weights.max()).astype(self._float)
        ready = Rows(rows.X, np.ascontiguousarray(targets), weights)
        return ready if weights is None or weights.all() else _some(ready, np.flatnonzero(weights))

    # Prediction ----------------------------------------------------------------------------------------------------

    def _outputs(self, X: Any) -> Array:
        """Return the network's outputs, of shape (n, t), for rows that are checked first."""
        if not hasattr(self, "network_"):
            check_is_fitted(self)
        if hasattr(self, "feature_names_in_") or not is_ready(X, self.n_features_in_):
            X = in_dtype(check_rows(self, X, reset=False), self.network_.dtype, "X", self._names())
        found = outputs(self.network_, X, compiled=self.engine != "numpy")
        check_outputs(found, X, lambda: self.network_.parameters().values(), self._names())
        return found

    def _names(self) -> Any:
        return getattr(self, "feature_names_in_", None)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _some(rows: Rows, places: Array) -> Rows:
    return Rows(rows.X[places], rows.targets[places], None if rows.weights is None else rows.weights[places])


def _fitted_attributes(training: Training) -> dict[str, Any]:
    """Return what a training gives the estimator: all that changes after the start."""
    return {
        "_training": training,
        "network_": training.network,
        "n_iter_": training.epoch,
        "history_": training.history,
        "should_stop_": training.should_stop,
    }


def _align(history: dict[str, list[float]], known: frozenset[str], epochs: int) -> None:
    """Fill up with NaN what is not there for every epoch, as after calls with and without validation rows.

    `known` are the names that history had before the last call: what is missing of these is missing at the end.
    """
    for name, values in history.items():
        missing = [np.nan] * (epochs - len(values))
        values[:] = [*values, *missing] if name in known else [*missing, *values]
