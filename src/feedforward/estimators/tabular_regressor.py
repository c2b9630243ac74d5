"""The tabular network for numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from feedforward import nn
from feedforward.calibration import radius
from feedforward.errors import InputError
from feedforward.estimators.inputs import numbers
from feedforward.estimators.tabular_base import Array, TabularEstimator
from feedforward.tables.sources import placing
from feedforward.training.checkpoints import Callback, Checkpoint
from feedforward.validation import Rule, check_setting

_SHARE = Rule(
    "a number above 0 and below 1", lambda value: isinstance(value, float | np.floating) and bool(0 < value < 1)
)


class TabularRegressor(RegressorMixin, TabularEstimator):
    """A table in, the strongest default network for its numbers out.

    Columns of numbers, categories, booleans and dates are read as they are, missing cells and all; several networks
    learn from different parts of the rows at once, as one stack, and their answers are averaged. Targets are
    standardised inside; answers never leave their range.

    Parameters
    ----------
    preset : {"strong", "fast", "ensemble"}, default "strong"
        What it is made of and how long it learns, see `feedforward.estimators.presets`: "fast" for a first look,
        "ensemble" where accuracy is worth minutes.
    time_limit : float, default None
        Seconds that all of ``fit`` may take, from about 5 up. The number of epochs is then fixed by how fast the first
        steps are, so such a run cannot be repeated exactly; where time is short, fewer rows are judged on, and NumPy
        does the work where machine code would have to be made first.
    members : int, default None
        How many networks, instead of the preset's.
    max_epochs : int, default None
        How many passes at most, instead of the preset's.
    kinds : dict, default None
        What columns are, where it cannot be told from what they hold: from name to "number", "category", "boolean",
        "date" or "drop".
    n_jobs : int, default None
        Threads of the compiled engine. Default: all. The answer does not depend on it.
    engine : str, default "auto"
        As of `MLPClassifier`.
    device : str, default "auto"
        As of `MLPClassifier`.
    callbacks : sequence of callables, default ()
        As of `MLPClassifier`; a `Checkpoint` among them lets training go on after a stop.
    verbose : bool, default False
        Print the progress.
    random_state : int, RandomState or None, default None
        Source of the first weights, the parts, the order of the rows and of dropout.

    Attributes
    ----------
    encoder_ : TableEncoder
        What makes numbers of columns; ``encoder_.describe()`` says what each was taken for.
    network_ : Sequential
        The members, as one stack, as they were trained. Prediction runs ``nn.fold(network_)``.
    mean_, scale_, low_, high_ : arrays of shape (t,)
        Of the targets: mean and standard deviation, smallest and largest.
    errors_ : array of shape (n, t)
        ``|y − ŷ|`` for rows that a member has not learned from, each column sorted: what intervals are made of.
    error_weights_ : array of shape (n, t), or None
        Of the rows of these errors; None where all count the same.
    history_ : dict
        "train_loss", "train_score", "val_loss", "val_score", "seconds": means over the members, one value an epoch.
    n_iter_ : int
        Epochs done.
    best_epochs_ : array of shape (members,)
        Which each member's weights are of.
    seed_ : int
    n_outputs_ : int
    n_features_in_ : int
    feature_names_in_ : array of shape (m,)
        Only where `X` had named columns.

    Examples
    --------
    >>> import numpy as np, feedforward as ff
    >>> X = np.random.default_rng(0).normal(size=(300, 2))
    >>> model = ff.TabularRegressor(preset="fast", random_state=0).fit(X, X[:, 0] * X[:, 1])
    >>> model.score(X, X[:, 0] * X[:, 1]) > 0.8, model.predict_interval(X[:2], 0.9).shape
    (True, (2, 2))
    """

    mean_: Array
    scale_: Array
    low_: Array
    high_: Array
    errors_: Array
    error_weights_: Array | None

    _task = "regression"
    _activation = "mish"

    def __init__(
        self,
        *,
        preset: str = "strong",
        time_limit: float | None = None,
        members: int | None = None,
        max_epochs: int | None = None,
        kinds: Mapping[str, str] | None = None,
        n_jobs: int | None = None,
        engine: str = "auto",
        device: str = "auto",
        callbacks: Sequence[Callback | Checkpoint] = (),
        verbose: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.preset = preset
        self.time_limit = time_limit
        self.members = members
        self.max_epochs = max_epochs
        self.kinds = kinds
        self.n_jobs = n_jobs
        self.engine = engine
        self.device = device
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state

    def predict(self, X: Any) -> Array:
        """Return the number for each row, shape (n,), or (n, t) where there are several: the mean over the members.

        Parameters
        ----------
        X : DataFrame, array or path
            With the columns of training, in any order where they have names.

        Raises
        ------
        InputError
            If a column is missing, or holds what training did not.
        """
        y = self._answers(X)
        return y[:, 0] if self.n_outputs_ == 1 else y

    def predict_interval(self, X: Any, coverage: float = 0.9) -> Array:
        """Return for each row two numbers that its target lies between with probability `coverage`, shape (n, 2).

        All intervals are equally wide: the answer, and to either side what rows that were not learned from were off
        by. Of several targets the shape is (n, t, 2), and each is covered by itself.

        Parameters
        ----------
        X : DataFrame, array or path
        coverage : float
            Above 0 and below 1. Infinite ends say that there were too few rows for so much.

        Raises
        ------
        InputError, SettingError
            As of `predict`; if the coverage cannot be; or if no row was left out in training.
        """
        check_setting(type(self).__name__, "coverage", coverage, _SHARE)
        y = self._answers(X)
        if not len(self.errors_):
            raise InputError("No row was left out in training, so nothing is known of errors. Fit on more rows.")
        weights = [None] * self.n_outputs_ if self.error_weights_ is None else self.error_weights_.T
        reach = np.array([radius(errors, coverage, w) for errors, w in zip(self.errors_.T, weights, strict=True)])
        ends: Array = np.stack([y - reach, y + reach], axis=-1)
        return ends[:, 0] if self.n_outputs_ == 1 else ends

    def _answers(self, X: Any) -> Array:
        return self._in_range(self._outputs(X).mean(axis=0))

    def _in_range(self, outputs: Array) -> Array:
        answers: Array = np.clip(self.mean_ + self.scale_ * outputs, self.low_, self.high_)
        return answers

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R²: which part of the spread of the right answers the model explains, 1 for all of it.

        Parameters
        ----------
        X : DataFrame, array or path
            As `predict` takes it.
        y : array-like of shape (n,), or str
            The right answers, or the name of the column of `X` that has them.
        sample_weight : array-like of shape (n,), optional
            How much each row counts.
        """
        check_is_fitted(self)
        source, X, y = self._taken_apart(X, y, "X", is_new=False)
        with placing(source):
            return float(super().score(X, self._read_targets(y, "y"), sample_weight))

    # What targets and outputs mean ---------------------------------------------------------------------------------

    def _read_targets(self, y: Any, name: str) -> Array:
        return numbers(y, name)

    def _encode(self, y: Array, name: str, *, fresh: bool) -> Array:
        if fresh:
            self.n_outputs_ = y.shape[1]
            with np.errstate(over="ignore", invalid="ignore", under="ignore"):
                self.mean_, self.scale_, self.low_, self.high_ = y.mean(0), y.std(0), y.min(0), y.max(0)
            self.scale_ = np.where(self.low_ == self.high_, 1.0, self.scale_)
            if not (np.isfinite(self.mean_) & np.isfinite(self.scale_) & (self.scale_ > 0)).all():
                raise InputError(
                    f"{name} reaches from {y.min():.3g} to {y.max():.3g}: the squares of such numbers have no place in "
                    f"float64. Give the targets in other units."
                )
            self.errors_, self.error_weights_ = np.empty((0, self.n_outputs_)), None
        if y.shape[1] != self.n_outputs_:
            raise InputError(f"{name} has {y.shape[1]} columns, and the network was made for {self.n_outputs_}.")
        return np.ascontiguousarray((y - self.mean_) / self.scale_, np.float32)

    def _loss(self) -> nn.Loss:
        return nn.MSELoss()

    def _calibrate(self, outputs: Array, targets: Array, weights: Array | None) -> None:
        if targets.ndim == 2:  # all members are judged on the same rows
            outputs = outputs.mean(axis=0)
        answers = self._in_range(outputs).reshape(-1, self.n_outputs_)
        errors = np.abs(answers - (self.mean_ + self.scale_ * targets.reshape(-1, self.n_outputs_)))
        order = errors.argsort(axis=0)
        self.errors_ = np.take_along_axis(errors, order, axis=0)
        self.error_weights_ = None if weights is None else weights.ravel().astype(np.float64)[order]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
