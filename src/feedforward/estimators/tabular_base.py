"""What both tabular estimators share: a table in, members trained as one stack, their answers averaged."""

import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_is_fitted

from feedforward import nn
from feedforward.errors import FeedforwardError, InputError
from feedforward.estimators.callbacks import CallbackSupport, FitTasks, with_callbacks
from feedforward.estimators.hurry import STARTING, UNMADE, fitting_in
from feedforward.estimators.inputs import CALLBACKS, check_lengths, check_name, drawn_seed, weights_of
from feedforward.estimators.members import folds
from feedforward.estimators.presets import LEARNING_RATE, Preset, preset_of
from feedforward.estimators.tabular_network import factors, stacked_members
from feedforward.fitted import FittedNames
from feedforward.kernels import threads
from feedforward.tables.encoding import TableEncoder
from feedforward.tables.frames import aligned, is_frame
from feedforward.tables.reading import read_judged, read_known, read_rows
from feedforward.tables.sources import Source, placing
from feedforward.training.checkpoints import Callback, Checkpoint
from feedforward.training.deadline import Deadline
from feedforward.training.devices import check_device_name
from feedforward.training.engines import ENGINES, is_ready_in
from feedforward.training.loop import train
from feedforward.training.plan import Rows
from feedforward.training.predictor import outputs
from feedforward.training.recipe import Recipe
from feedforward.training.state import Training
from feedforward.validation import COUNT, NONE, POSITIVE, RANDOM_STATE, SWITCH, Rule, check_settings

Array = NDArray[Any]

_LEAST_WEIGHT = 1e-30  # of a row, in shares of the largest: what is less would be 0 in float32, or nearly


class TabularEstimator(FittedNames, CallbackSupport, BaseEstimator):
    """A table in, the strongest default network out.

    `TabularClassifier` and `TabularRegressor` say what targets and outputs mean.
    """

    preset: str
    time_limit: float | None
    members: int | None
    max_epochs: int | None
    kinds: Mapping[str, str] | None
    n_jobs: int | None
    engine: str
    device: str
    callbacks: Sequence[Callback | Checkpoint]
    verbose: bool
    random_state: int | np.random.RandomState | None

    encoder_: TableEncoder
    network_: nn.Sequential
    n_features_in_: int
    n_outputs_: int
    n_iter_: int
    seed_: int
    history_: dict[str, list[float]]
    best_epochs_: Array

    _folded: nn.Sequential
    _task: ClassVar[str]
    _activation: ClassVar[str]
    _rules: ClassVar[Mapping[str, Rule]] = {
        "time_limit": POSITIVE | NONE,
        "n_jobs": COUNT | NONE,
        "callbacks": CALLBACKS,
        "verbose": SWITCH,
        "random_state": RANDOM_STATE,
    }

    # What a child decides ------------------------------------------------------------------------------------------

    def _read_targets(self, y: Any, name: str) -> Array:
        """Return targets as an array, none of them missing."""
        raise NotImplementedError  # the classifier and the regressor have their own

    def _encode(self, y: Array, name: str, *, fresh: bool) -> Array:
        """Return targets as the loss takes them; if `fresh`, they decide what outputs mean."""
        raise NotImplementedError  # the classifier and the regressor have their own

    def _weigh(self, weights: Array | None, targets: Array) -> Array | None:
        """Return the weights of rows times those of their classes."""
        return weights

    def _loss(self) -> nn.Loss:
        raise NotImplementedError  # the classifier and the regressor have their own

    def _calibrate(self, outputs: Array, targets: Array, weights: Array | None) -> None:
        """Learn how sure the answers are from the outputs, shape (k, v, t), for rows that were not learned from."""
        raise NotImplementedError  # the classifier and the regressor have their own

    # Training ------------------------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None) -> Self:
        """Train from the start.

        Parameters
        ----------
        X : DataFrame, array or path
            pandas, polars, Arrow; arrays and lists; or a file: CSV(.gz), Parquet, Arrow. Cells may be missing.
        y : array-like of shape (n,), or str
            Targets, or the name of the column of `X` that has them.
        sample_weight : array-like of shape (n,), optional
            How much each row counts. Only ratios matter. Rows of weight 0 are left out, as if they had not been given.
        X_val, y_val : like X and y, optional
            Rows that every member is judged on, instead of those that it leaves out of `X`: all of `X` is then learned.

        Returns
        -------
        self

        Raises
        ------
        InputError, SettingError, TableError, FileError
            If rows, targets, weights or settings cannot be used.
        """
        preset, seed = self.checked_preset(), drawn_seed(self.random_state)
        deadline = Deadline(self.time_limit)
        for name in ("network_", "_folded"):
            self.__dict__.pop(name, None)  # if this fails, no network stays behind for other columns and classes
        source, table, y = self._taken_apart(X, y, "X")
        with placing(source):
            rows = self._rows(table, y, sample_weight)
        own = None if X_val is None and y_val is None else self._validation_rows(X_val, y_val)
        learned, judged = self._folds(rows, preset, seed, own)
        self.seed_ = seed
        try:
            self._train(preset, rows, learned, judged, own, (table, y, sample_weight), deadline)
        except FeedforwardError:
            self.__dict__.pop("network_", None)
            raise
        return self

    @with_callbacks
    def _train(
        self,
        preset: Preset,
        rows: Rows,
        learned: Array,
        judged: Array,
        own: Rows | None,
        given: tuple[Any, Any, Any],
        deadline: Deadline,
    ) -> None:
        parts = (preset, self._activation, self.encoder_.blocks_, rows.X, learned, self.n_outputs_, self.seed_)
        network = stacked_members(*parts, seconds=np.inf if self._goes_on() else STARTING * deadline.left)
        recipe = self._recipe(preset, learned.shape[1])
        rates, decays = factors(network)
        rate, decay = recipe.learning_rate, recipe.weight_decay
        optimizer = nn.AdamW(rate, (0.9, 0.95), weight_decay=decay, rate_factors=rates, decay_factors=decays)
        training = Training(network, optimizer, self.seed_)
        validation = _members_rows(rows, judged) if own is None else own
        tasks = FitTasks(self, recipe.max_epochs, *given, _fitted_attributes)
        is_made = self.engine == "compiled" or is_ready_in(deadline.left, np.float32)
        compiled = is_made and self.engine != "numpy"
        try:
            with threads(self.n_jobs):
                validation, reserve = self._in_time(network, validation, compiled, deadline)
                train(
                    training,
                    rows,
                    recipe,
                    loss=self._loss(),
                    score="squared_error" if self._task == "regression" else "accuracy",
                    engine=self.engine,
                    device=self.device,
                    validation=validation,
                    member_rows=learned,
                    callbacks=(*self.callbacks, *tasks.callbacks),
                    verbose=bool(self.verbose),
                    time_limit=None if self.time_limit is None else max(deadline.left - reserve, 1e-3),
                )
        finally:  # after Ctrl-C too there is a network, with its history
            for name, value in _fitted_attributes(training).items():
                setattr(self, name, value)
            self.take_network(self.network_)
            self._learn_certainty(self._folded, validation, compiled)
        tasks.end()
        for trouble in (*training.troubles, *([] if is_made or self.engine == "numpy" else [UNMADE])):
            warnings.warn(f"{type(self).__name__}: {trouble}", ConvergenceWarning, stacklevel=4)

    def _in_time(
        self, network: nn.Sequential, validation: Rows | None, compiled: bool, deadline: Deadline
    ) -> tuple[Rows | None, float]:
        """Return the rows to judge on that there is time for, and the seconds that the end takes after training."""
        if validation is None or self.time_limit is None:
            return validation, 0.0
        folded = nn.fold(network)
        fewer, seconds = fitting_in(
            lambda some: self._learn_certainty(folded, some, compiled), validation, deadline.left
        )
        if self._goes_on():
            return validation, seconds * len(validation) / len(fewer)
        return fewer, seconds

    def _goes_on(self) -> bool:
        """Whether training may be gone on with: then it begins, and is judged, alike however fast the machine is."""
        return any(isinstance(callback, Checkpoint) for callback in self.callbacks)

    def _learn_certainty(self, folded: nn.Sequential, validation: Rows | None, compiled: bool) -> None:
        """Learn how sure the answers are, from rows that were not learned from."""
        if validation is not None:
            seen = outputs(folded, validation.X, compiled=compiled)
            self._calibrate(seen.astype(np.float64), validation.targets, validation.weights)

    def _recipe(self, preset: Preset, n: int) -> Recipe:
        return Recipe(
            hidden_sizes=preset.hidden_sizes,
            learning_rate=LEARNING_RATE[self._task],
            weight_decay=preset.weight_decay,
            dropout=preset.dropout,
            schedule="coslog4",
            decay_schedule="flat_cos",
            dropout_schedule="flat_cos",
            batch_size=min(preset.batch_size(n), n),
            drop_last=True,
            max_epochs=preset.max_epochs,
            patience=preset.patience,
            patience_growth=preset.patience_growth,
            keep_best=True,
            watch=self._watch(),
        )

    def _watch(self) -> str:
        """Return what the best epoch is told by: "loss" or "score"."""
        return "loss"

    def _folds(self, rows: Rows, preset: Preset, seed: int, own: Rows | None) -> tuple[Array, Array]:
        n = len(rows)
        if own is not None:
            return np.tile(np.arange(n), (preset.members, 1)), np.empty((preset.members, 0), np.int64)
        codes = rows.targets if self._task == "classification" else None
        return folds(n, preset.members, preset.folds, seed, codes)

    # What is given, checked ----------------------------------------------------------------------------------------

    def checked_preset(self) -> Preset:
        """Return the preset with what was set in its place; `SettingError` if a setting cannot be used."""
        owner = type(self).__name__
        check_settings(self, self._rules)
        check_name(owner, "engine", self.engine, ("auto", *ENGINES))
        check_device_name(owner, self.device)
        return preset_of(owner, self.preset, self.members, self.max_epochs)

    def _taken_apart(self, X: Any, y: Any, name: str, *, is_new: bool = True) -> tuple[Source | None, Any, Any]:
        """Return rows and targets, where one is a path, or the other the name of a column; before them the file.

        `is_new` if they are to be learned from.
        """
        is_file = isinstance(X, str | os.PathLike)
        if is_file and not isinstance(y, str):
            raise InputError(f"{name} is a file, {X}: name the column of its targets, as in fit({str(X)!r}, 'price').")
        if not isinstance(y, str) or not (is_file or is_frame(X)):
            return None, X, y
        if is_new:
            source, rows, targets = read_known(X, y, self.kinds if is_file else None)
        else:
            source, rows, targets = read_judged(X, y, self.encoder_.text_columns_ if is_file else ())
        return source if is_file else None, rows, targets

    def _rows(self, X: Any, y: Any, sample_weight: Any) -> Rows:
        """Return encoded rows, without those of weight 0; this fits the encoder."""
        targets = self._read_targets(y, "y")
        encoder = TableEncoder(
            scaling="smooth_clip",
            embed_above=8,
            max_categories=10_000,
            date_parts=True,
            spikes=True,
            kinds=self.kinds,
        )
        weights = weights_of(sample_weight, len(targets))
        if weights is not None and not weights.all():
            encoder.fit(X)  # checks them all
            kept = np.flatnonzero(weights)
            X = X.take(kept) if isinstance(X, pa.Table) else _safe_indexing(X, kept)
            targets, weights = targets[kept], weights[kept]
        matrix = encoder.fit(X).transform(X).astype(np.float32)
        if not matrix.shape[1]:
            raise InputError(f"All {encoder.n_features_in_} columns are dropped. Give at least one column.")
        check_lengths(matrix, targets)
        self.take_encoder(encoder)
        codes = self._encode(targets, "y", fresh=True)
        weights = self._weigh(weights, codes)
        if weights is not None:
            weights = np.maximum(weights / weights.max(), _LEAST_WEIGHT).astype(np.float32)
        return Rows(np.ascontiguousarray(matrix), codes, weights)

    def _validation_rows(self, X_val: Any, y_val: Any) -> Rows:
        if X_val is None or (y_val is None and not isinstance(X_val, str | os.PathLike)):
            raise InputError(f"X_val and y_val go together, and {'X_val' if X_val is None else 'y_val'} is missing.")
        source, X_val, y_val = self._taken_apart(X_val, y_val, "X_val", is_new=False)
        try:
            with placing(source):
                X = self._matrix(X_val)
        except InputError as error:
            raise InputError(f"X_val: {error}") from error
        y = self._read_targets(y_val, "y_val")
        check_lengths(X, y, ("X_val", "y_val"))
        return Rows(X, self._encode(y, "y_val", fresh=False))

    # What is fitted, taken up --------------------------------------------------------------------------------------

    def take_encoder(self, encoder: TableEncoder) -> None:
        """Read tables by this fitted encoder."""
        self.encoder_, self.n_features_in_ = encoder, encoder.n_features_in_
        self.__dict__.pop("feature_names_in_", None)
        if hasattr(encoder, "feature_names_in_"):
            self.feature_names_in_ = encoder.feature_names_in_

    def take_network(self, network: nn.Sequential) -> None:
        """Answer by this stack of members."""
        self.network_, self._folded = network, nn.fold(network)

    # Prediction ----------------------------------------------------------------------------------------------------

    def _matrix(self, X: Any) -> Array:
        """Return rows as the network reads them; columns of a table are found by their names."""
        if isinstance(X, str | os.PathLike):
            source, table = read_rows(X, self.encoder_.text_columns_)
            with placing(source):
                return self._matrix(table)
        if is_frame(X) and hasattr(self, "feature_names_in_"):
            spare = [name for name, kind in self.encoder_.kinds_.items() if kind == "drop"]
            X = aligned(X, self.feature_names_in_, spare)
        return np.ascontiguousarray(self.encoder_.transform(X), np.float32)

    def _outputs(self, X: Any) -> Array:
        """Return the members' outputs, shape (k, n, t)."""
        check_is_fitted(self)
        return outputs(self._folded, self._matrix(X), compiled=self.engine != "numpy").astype(np.float64)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _members_rows(rows: Rows, places: Array) -> Rows | None:
    """Return the rows that each member is judged on, with the member's axis in front; None if there are none."""
    if not places.size:
        return None
    weights = None if rows.weights is None else rows.weights[places]
    return Rows(rows.X[places], rows.targets[places], weights)


def _fitted_attributes(training: Training) -> dict[str, Any]:
    return {
        "network_": training.network,
        "n_iter_": training.epoch,
        "history_": training.history,
        "best_epochs_": training.best_epoch,
    }
