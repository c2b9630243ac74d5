"""The tabular network for classes."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from feedforward import nn
from feedforward.calibration import best_temperature, softmax
from feedforward.errors import InputError
from feedforward.estimators.inputs import check_name, known_codes
from feedforward.estimators.presets import Preset
from feedforward.estimators.tabular_base import Array, TabularEstimator
from feedforward.tables.sources import placing
from feedforward.targets import encode_labels, one_column, row_weights
from feedforward.training.checkpoints import Callback, Checkpoint
from feedforward.validation import CLASS_WEIGHT, Rule

_KINDS = {"U": "text", "O": "text", "M": "dates"}  # of labels; numbers and booleans compare


class TabularClassifier(ClassifierMixin, TabularEstimator):
    """A table in, the strongest default network for its classes out.

    Columns of numbers, categories, booleans and dates are read as they are, missing cells and all; several networks
    learn from different parts of the rows at once, as one stack, and their probabilities are averaged.

    Parameters
    ----------
    preset : {"strong", "fast", "ensemble"}, default "strong"
        What it is made of and how long it learns, see `feedforward.estimators.presets`: "fast" for a first look,
        "ensemble" where accuracy is worth minutes.
    metric : {"log_loss", "accuracy"}, default "log_loss"
        What the network is to be best at, on rows it has not learned from: probabilities, or the share of right
        answers, for which labels are smoothed.
    time_limit : float, default None
        Seconds that all of ``fit`` may take, from about 5 up. The number of epochs is then fixed by how fast the first
        steps are, so such a run cannot be repeated exactly; where time is short, fewer rows are judged on, and NumPy
        does the work where machine code would have to be made first.
    members : int, default None
        How many networks, instead of the preset's.
    max_epochs : int, default None
        How many passes at most, instead of the preset's.
    class_weight : dict, "balanced" or None, default None
        Weights of the classes, multiplied with `sample_weight`.
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
    classes_ : array of shape (k,)
    encoder_ : TableEncoder
        What makes numbers of columns; ``encoder_.describe()`` says what each was taken for.
    network_ : Sequential
        The members, as one stack, as they were trained. Prediction runs ``nn.fold(network_)``.
    temperature_ : float
        What logits are divided by before the softmax: Guo et al. (2017). Where each of k members is judged on rows of
        its own, the temperature T that one of them needs is found, and this is ``T^((1 + 1/k)/2)``: their mean is less
        sure than each of them.
    history_ : dict
        "train_loss", "train_score", "val_loss", "val_score", "seconds": means over the members, one value an epoch.
    n_iter_ : int
        Epochs done.
    best_epochs_ : array of shape (members,)
        Which each member's weights are of.
    seed_ : int
    n_features_in_ : int
    feature_names_in_ : array of shape (m,)
        Only where `X` had named columns.

    Examples
    --------
    >>> import feedforward as ff
    >>> X, y = ff.datasets.moons(n=300, random_state=0)
    >>> model = ff.TabularClassifier(preset="fast", random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.95, model.predict_proba(X[:2]).shape
    (True, (2, 2))
    """

    classes_: Array
    temperature_: float

    _task = "classification"
    _activation = "selu"
    _rules: ClassVar[Mapping[str, Rule]] = {**TabularEstimator._rules, "class_weight": CLASS_WEIGHT}

    def __init__(
        self,
        *,
        preset: str = "strong",
        metric: str = "log_loss",
        time_limit: float | None = None,
        members: int | None = None,
        max_epochs: int | None = None,
        class_weight: Mapping[Any, float] | str | None = None,
        kinds: Mapping[str, str] | None = None,
        n_jobs: int | None = None,
        engine: str = "auto",
        device: str = "auto",
        callbacks: Sequence[Callback | Checkpoint] = (),
        verbose: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.preset = preset
        self.metric = metric
        self.time_limit = time_limit
        self.members = members
        self.max_epochs = max_epochs
        self.class_weight = class_weight
        self.kinds = kinds
        self.n_jobs = n_jobs
        self.engine = engine
        self.device = device
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state

    def predict(self, X: Any) -> Array:
        """Return the most probable class of each row, shape (n,).

        Parameters
        ----------
        X : DataFrame, array or path
            With the columns of training, in any order where they have names.

        Raises
        ------
        InputError
            If a column is missing, or holds what training did not.
        """
        places = self.predict_proba(X).argmax(axis=1)
        labels: Array = self.classes_[places]
        return labels

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, shape (n, k), rows summing to 1: the mean over the members.

        Errors are those of `predict`.
        """
        outputs = self._outputs(X)
        mean: Array = softmax(outputs, self.temperature_).mean(axis=0)
        return mean

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of right answers.

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
            return float(super().score(X, self._right_answers(y), sample_weight))

    def _right_answers(self, y: Any) -> Array:
        """Return labels that can be compared with the model's, those that it does not know among them."""
        labels = self._read_targets(y, "y")
        encode_labels(labels)  # none is missing
        given, known = (_KINDS.get(some.dtype.kind, "numbers") for some in (labels, self.classes_))
        if given != known:
            raise InputError(
                f"y holds {given}, such as {labels[:1].tolist()[0]!r}, and the model's classes are {known}: "
                f"{self.classes_.tolist()!r:.200}. Give labels as they were in training."
            )
        return labels

    # What targets and outputs mean ---------------------------------------------------------------------------------

    def _read_targets(self, y: Any, name: str) -> Array:
        return one_column(y)

    def _encode(self, y: Array, name: str, *, fresh: bool) -> Array:
        if not fresh:
            return known_codes(y, self.classes_, name)
        self.classes_, codes = encode_labels(y)
        self.n_outputs_, self.temperature_ = len(self.classes_), 1.0
        return codes

    def _weigh(self, weights: Array | None, targets: Array) -> Array | None:
        if self.class_weight is None:
            return weights
        weighed = row_weights(weights, self.class_weight, self.classes_, targets)
        if not weighed.all():
            raise InputError(f"class_weight={self.class_weight!r} gives rows no weight. Leave these rows out instead.")
        return weighed

    def _loss(self) -> nn.Loss:
        return nn.CrossEntropyLoss(label_smoothing=0.1 if self.metric == "accuracy" else 0.0)

    def _watch(self) -> str:
        return "score" if self.metric == "accuracy" else "calibrated_loss"

    def _calibrate(self, outputs: Array, targets: Array, weights: Array | None) -> None:
        if targets.ndim == 1:  # all members are judged on the same rows
            self.temperature_ = best_temperature(outputs, targets, weights)
        else:
            by_row = None if weights is None else weights.ravel()
            of_one = best_temperature(outputs.reshape(-1, self.n_outputs_), targets.ravel(), by_row)
            self.temperature_ = of_one ** ((1 + 1 / len(outputs)) / 2)

    def checked_preset(self) -> Preset:
        """Return the preset with what was set in its place; `SettingError` if a setting cannot be used."""
        check_name(type(self).__name__, "metric", self.metric, ("log_loss", "accuracy"))
        return super().checked_preset()
