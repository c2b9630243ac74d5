"""What both neurons share: rows and labels in, net input and prediction out, and one loop over the epochs."""

import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from feedforward.errors import InputError, SettingError
from feedforward.fitted import FittedNames
from feedforward.targets import check_same_classes, encode_labels, row_weights
from feedforward.validation import Rule, check_outputs, check_rows, check_settings, far_scales, one_row_or_more

Array = NDArray[Any]


@dataclass(frozen=True)
class Rows:
    """What one call trains on, without the rows of weight 0.

    Attributes
    ----------
    X : array or CSR matrix of shape (n, m)
    targets : array of int8, shape (k, n)
        0 or 1: one row of targets for each neuron.
    weights : array of shape (n,)
        One weight a row, of the dtype of `X`.
    """

    X: Any
    targets: Array
    weights: Array


class Neuron(FittedNames, ClassifierMixin, BaseEstimator):
    """One linear neuron for two classes, or one against the rest for each of more.

    A child states its rules for settings, how one pass over the rows changes the weights, when training is over, and
    what went wrong.
    """

    _rules: ClassVar[Mapping[str, Rule]]
    _measure: ClassVar[str]  # what history_ records, once an epoch

    max_epochs: int
    shuffle: bool
    initial_scale: float
    class_weight: Mapping[Any, float] | str | None
    random_state: int | np.random.RandomState | None

    coef_: Array
    intercept_: Array
    classes_: Array
    n_features_in_: int
    n_iter_: int
    history_: dict[str, list[Any]]

    # Training ------------------------------------------------------------------------------------------------------

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, coef_init: Any = None, intercept_init: Any = None
    ) -> Self:
        """Train from the start.

        Parameters
        ----------
        X : array, DataFrame or sparse matrix of shape (n, m)
            Finite numbers. float32 stays float32.
        y : array-like of shape (n,)
            Labels: strings, whole numbers, booleans.
        sample_weight : array-like of shape (n,), optional
            How much each row counts. Only ratios matter: weights are scaled to a mean of 1. Rows of weight 0 are
            left out.
        coef_init : array-like of shape (m,) or (k, m), optional
            Weights to start from. Default: normal with standard deviation `initial_scale`.
        intercept_init : number or array-like of shape (k,), optional
            Biases to start from. Default: 0.

        Returns
        -------
        self

        Raises
        ------
        InputError, SettingError
            If rows, labels, weights or settings cannot be used.
        """
        for _ in self.epochs(X, y, sample_weight, coef_init=coef_init, intercept_init=intercept_init):
            pass
        return self

    def epochs(
        self, X: Any, y: Any, sample_weight: Any = None, *, coef_init: Any = None, intercept_init: Any = None
    ) -> Iterator[int]:
        """Train as `fit` does, but hand over after every epoch: a fitted neuron to look at, or to stop.

        Parameters and errors are those of `fit`.

        Yields
        ------
        int
            The number of epochs done.

        Examples
        --------
        >>> import feedforward as ff
        >>> X, y = ff.datasets.blobs(n=100, random_state=0)
        >>> neuron = ff.Adaline(max_epochs=3)
        >>> [f"{epoch}: {neuron.score(X, y) > 0}" for epoch in neuron.epochs(X, y)]
        ['1: True', '2: True', '3: True']
        """
        check_settings(self, self._rules)
        X = check_rows(self, X, reset=True)
        self.classes_, codes = encode_labels(y)
        rows = self._rows(X, codes, sample_weight, relative=True)
        rng = check_random_state(self.random_state)
        self._start(X.dtype, rng, coef_init, intercept_init)
        self._prepare(rows, fresh=True)
        order = _in_order(rows)
        is_finite, shuffle = True, self.shuffle and self._order_matters()
        while is_finite and self.n_iter_ < self.max_epochs and not self._is_done():
            if shuffle:
                order = order[rng.permutation(len(order))]
            is_finite = self._advance(rows, order)
            yield self.n_iter_
        self._warn([*self._troubles_with(rows), *self._troubles(rows, is_finite)], stacklevel=4)

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Go on from where training stands: one pass over these rows, in the order given.

        Parameters
        ----------
        X : array, DataFrame or sparse matrix of shape (n, m)
            One row may be given as an array of shape (m,), with a single label.
        y : array-like of shape (n,), or one label
        classes : array-like of shape (k,), optional
            Every class there will ever be. Needed in the first call where `y` does not have them all.
        sample_weight : array-like of shape (n,), optional
            Taken as it is: an ordinary row has weight 1.

        Returns
        -------
        self

        Raises
        ------
        InputError, SettingError
            If rows, labels, weights or settings cannot be used, or a label is not one of the classes.

        Examples
        --------
        >>> import feedforward as ff
        >>> neuron = ff.Perceptron(random_state=0)
        >>> neuron = neuron.partial_fit([1.0, 2.0], "spam", classes=["ham", "spam"])
        >>> neuron.partial_fit([-1.0, 0.5], "ham").n_iter_
        2
        """
        check_settings(self, self._rules)
        if isinstance(self.class_weight, str):
            raise SettingError(
                f"{type(self).__name__}: class_weight='balanced' needs all rows at once, and partial_fit sees only "
                "some; give a dict from class to weight."
            )
        X, y = one_row_or_more(X, y)
        fresh = not hasattr(self, "coef_")
        X = check_rows(self, X, reset=fresh)
        self.classes_, codes = encode_labels(y, self._known_classes(classes))
        if fresh:
            self._start(X.dtype, check_random_state(self.random_state), None, None)
        with np.errstate(over="ignore"):
            X = X.astype(self.coef_.dtype, copy=False)
        rows = self._rows(X, codes, sample_weight)
        self._prepare(rows, fresh=fresh)
        is_finite = self._advance(rows, _in_order(rows))
        troubles = self._troubles_with(rows, one_class=False) if fresh else []
        self._warn(troubles + ([] if is_finite else self._troubles(rows, is_finite)), stacklevel=3)
        return self

    def _known_classes(self, classes: Any) -> Any:
        if not hasattr(self, "coef_"):
            return classes
        check_same_classes(classes, self.classes_)
        return self.classes_

    def _rows(self, X: Any, codes: NDArray[np.intp], sample_weight: Any, *, relative: bool = False) -> Rows:
        if X.shape[0] != len(codes):
            raise InputError(
                f"Found input variables with inconsistent numbers of samples: X has {X.shape[0]} rows and y "
                f"{len(codes)} labels. Give one label for each row."
            )
        weights = np.ones(len(codes), X.dtype)
        if sample_weight is not None or self.class_weight is not None:
            weights = row_weights(sample_weight, self.class_weight, self.classes_, codes)
            kept = weights > 0
            if not kept.all():
                X, codes, weights = X[kept], codes[kept], weights[kept]
            weights = (weights / weights.mean() if relative else weights).astype(X.dtype)
        k = len(self.classes_)
        positive = range(k) if k > 2 else [k - 1]
        return Rows(X, np.array([codes == code for code in positive]).view(np.int8), weights)

    def _start(self, dtype: Any, rng: np.random.RandomState, coef_init: Any, intercept_init: Any) -> None:
        m, k = self.n_features_in_, len(self.classes_)
        units = k if k > 2 else 1
        if coef_init is None:
            coef_init = rng.normal(0.0, self.initial_scale, (units, m))
        if intercept_init is None or np.ndim(intercept_init) == 0:
            intercept_init = [intercept_init or 0.0] * units
        self.coef_ = _shaped(coef_init, "coef_init", (units, m), dtype)
        self.intercept_ = _shaped(intercept_init, "intercept_init", (units,), dtype)
        self.n_iter_ = 0
        self.history_ = {self._measure: []}

    def _advance(self, rows: Rows, order: Array) -> bool:
        """Do one pass; take it back, and return False, if it left a number that is not finite."""
        before = self.coef_.copy(), self.intercept_.copy()
        measure = self._pass(rows, order)
        weights_are_finite = np.isfinite(self.coef_).all() and np.isfinite(self.intercept_).all()
        is_finite = math.isfinite(measure) and bool(weights_are_finite)
        if not is_finite:
            self.coef_, self.intercept_ = before
        self.n_iter_ += 1
        self.history_[self._measure].append(measure if is_finite or self._measure == "mistakes" else np.inf)
        return is_finite

    def _prepare(self, rows: Rows, *, fresh: bool) -> None:
        """Work out what the rows decide before the first pass."""

    def _pass(self, rows: Rows, order: Array) -> float:
        """Train every neuron on the rows in this order; return what the history records."""
        raise NotImplementedError  # each neuron has its own

    def _order_matters(self) -> bool:
        """Whether the order of the rows changes what is learned."""
        return True

    def _is_done(self) -> bool:
        """Whether training is over before max_epochs."""
        raise NotImplementedError  # each neuron has its own

    # What went wrong -----------------------------------------------------------------------------------------------

    def _troubles(self, rows: Rows, is_finite: bool) -> list[str]:
        """Say what went wrong in training, and what to do."""
        raise NotImplementedError  # each neuron has its own

    def _troubles_with(self, rows: Rows, *, one_class: bool = True) -> list[str]:
        """Say what in the rows themselves stands in the way of learning."""
        troubles = []
        if one_class and (rows.targets == rows.targets[:, :1]).all():
            label = self.classes_.tolist()[-1 if rows.targets[0, 0] else 0]
            troubles.append(f"every row has the class {label!r}: there is nothing to tell apart. Give rows of another.")
        troubles += far_scales(rows.X, getattr(self, "feature_names_in_", None))
        return troubles

    def _warn(self, troubles: list[str], stacklevel: int) -> None:
        for trouble in troubles:
            warnings.warn(f"{type(self).__name__}: {trouble}", ConvergenceWarning, stacklevel=stacklevel)

    # Prediction ----------------------------------------------------------------------------------------------------

    def net_input(self, X: Any) -> Array:
        """Return ``z = X wᵀ + b``, of shape (n,) for two classes and (n, k) for more.

        Raises
        ------
        InputError
            If the columns are not those of training, or a number is not finite, or too large.

        Examples
        --------
        >>> import feedforward as ff
        >>> neuron = ff.Adaline().fit([[0.0], [1.0]], ["no", "yes"])
        >>> neuron.net_input([[0.5]]).shape
        (1,)
        """
        check_is_fitted(self)
        X = check_rows(self, X, reset=False)
        with np.errstate(over="ignore", invalid="ignore"):
            z: Array = X @ self.coef_.T + self.intercept_
        check_outputs(z, X, lambda: (self.coef_, self.intercept_), getattr(self, "feature_names_in_", None))
        return z[:, 0] if len(self.classes_) <= 2 else z

    def decision_function(self, X: Any) -> Array:
        """Return the net input minus the threshold: 0 or more speaks for the class.

        Shape (n,) for two classes, where it speaks for the second, and (n, k) for more. Errors are those of
        `net_input`.
        """
        decision: Array = self.net_input(X) - self._step_at()
        return decision

    def predict(self, X: Any) -> Array:
        """Return the label of each row, of shape (n,). Errors are those of `net_input`."""
        decision = self.decision_function(X)
        if len(self.classes_) > 2:
            codes = decision.argmax(axis=1)
        else:
            codes = (decision >= 0) * (len(self.classes_) - 1)
        labels: Array = self.classes_[codes]
        return labels

    def _step_at(self) -> float:
        """Return the net input from which the second class is predicted."""
        raise NotImplementedError  # each neuron has its own

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _in_order(rows: Rows) -> Array:
    # Narrow whole numbers: the fewer bytes a pass reads, the faster it is.
    return np.arange(rows.X.shape[0], dtype=np.uint32)


def _shaped(values: Any, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
    """Return a copy of `values` in this shape, where it has it but for a leading 1."""
    try:
        array = np.array(values, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be numbers of shape {shape}; {error}.") from error
    short = shape[1:] if shape[0] == 1 else shape
    if array.shape not in (shape, short):
        raise InputError(f"{name} must have the shape {short}; got {array.shape}.")
    if not np.isfinite(array).all():
        raise InputError(f"{name} must be finite; got {array.ravel().tolist()}.")
    return array.reshape(shape)
