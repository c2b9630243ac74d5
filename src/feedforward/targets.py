"""Labels to codes and back, class weights, sample weights."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.errors import InputError
from feedforward.validation import NOT_NEGATIVE, explained_for, unmasked


def encode_labels(y: Any, classes: Any = None) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the sorted distinct labels and, for each row, the place of its label among them.

    Parameters
    ----------
    y : array-like of shape (n,)
        Labels of any one sortable type: strings, whole numbers with gaps, booleans.
    classes : array-like, optional
        The labels to expect. Default: those found in `y`.

    Returns
    -------
    classes : array of shape (k,)
    codes : array of shape (n,)
        ``classes[codes]`` equals `y`.

    Raises
    ------
    InputError
        If a label is missing, fractional, or not among `classes`.

    Examples
    --------
    >>> encode_labels(["no", "yes", "no"])
    (array(['no', 'yes'], dtype='<U3'), array([0, 1, 0]))
    """
    y = one_column(y)
    _refuse_missing(y)
    _refuse_unknown(y)
    if classes is None:
        classes = _distinct(y)
        _refuse_fractions(classes)
        return classes, _codes(y, classes)
    if np.ndim(classes) != 1:
        raise InputError(f"classes must be a list of labels; got {classes!r}. Name every class there will be.")
    classes = _distinct(_of_one_type(np.asarray(classes)))
    codes = _codes(y, classes)
    strangers = np.flatnonzero(classes[codes] != y)
    if len(strangers):
        row = int(strangers[0])
        raise InputError(
            f"y has a label outside classes: {y[row : row + 1].tolist()[0]!r} at row {row} (counted from 0); "
            f"classes are {classes.tolist()!r}. Name every class in the first call of partial_fit."
        )
    return classes, codes


def one_column(y: Any) -> NDArray[Any]:
    """Return targets of shape (n,); a column vector is ravelled, with a `DataConversionWarning`.

    What knows how to become an array does so itself: scikit-learn would make floats of pandas' nullable booleans.
    Objects that are all numbers, booleans or dates get that type; what a masked array masks is missing.

    Examples
    --------
    >>> one_column(["no", "yes"]), one_column(np.array([0, 1], dtype=object))
    (array(['no', 'yes'], dtype='<U3'), array([0, 1]))
    """
    from sklearn.utils.validation import column_or_1d

    y = unmasked(y)
    if type(y) is np.ndarray and y.ndim == 1:
        return _of_one_type(y)
    with explained_for(y, "y"):
        column: NDArray[Any] = column_or_1d(np.asarray(y) if hasattr(y, "__array__") else y, warn=True)
    return _of_one_type(column)


def _of_one_type(y: NDArray[Any]) -> NDArray[Any]:
    """Return objects that are all numbers, booleans or dates without a zone as an array of such; others as they are."""
    if y.dtype.kind != "O" or not y.size:
        return y
    if all(isinstance(label, bool | np.bool_) for label in y):
        return y.astype(bool)
    if all(isinstance(label, int | float | np.number) and not isinstance(label, bool) for label in y):
        numbers = np.array(y.tolist())
        return numbers if numbers.dtype.kind in "iuf" else y
    if all(isinstance(label, date | np.datetime64) and getattr(label, "tzinfo", None) is None for label in y):
        return y.astype("datetime64[us]")
    return y


def _refuse_unknown(y: NDArray[Any]) -> None:
    """Raise `InputError` if labels are objects of a type that scikit-learn's scores do not know."""
    if y.dtype.kind == "O" and len(y) and not isinstance(y[0], str):
        raise InputError(
            f"Unknown label type: {type(y[0]).__name__}, as {y[0]!r:.60} at row 0 (counted from 0), perhaps among "
            "others. Give text, whole numbers or booleans, all of one type."
        )


def check_same_classes(classes: Any, known: NDArray[Any]) -> None:
    """Raise `InputError` if a later call of ``partial_fit`` names other classes than the first; None names none.

    Examples
    --------
    >>> check_same_classes(["no", "maybe"], np.array(["no", "yes"]))
    Traceback (most recent call last):
    feedforward.errors.InputError: classes=['maybe', 'no'] is not the same as on the last call to partial_fit, or in
    fit: ['no', 'yes']. To learn other classes, fit anew.
    """
    if classes is not None and not np.array_equal(known, np.unique(classes)):
        raise InputError(
            f"classes={np.unique(classes).tolist()!r} is not the same as on the last call to partial_fit, or in "
            f"fit: {known.tolist()!r}. To learn other classes, fit anew."
        )


def _refuse_missing(y: NDArray[Any]) -> None:
    if y.dtype.kind in "fO":
        rows = np.flatnonzero(missing(y))
        if len(rows):
            raise InputError(
                f"Input y contains NaN, infinity or None: {y[rows[0]]!s} at row {rows[0]} (counted from 0). "
                f"Correct the label or drop the row."
            )


def missing(labels: NDArray[Any]) -> NDArray[np.bool_]:
    """Return where an array of floats or objects has None, NaN, pandas.NA or infinity.

    Examples
    --------
    >>> missing(np.array(["yes", None], dtype=object))
    array([False,  True])
    """
    if labels.dtype.kind == "f":
        found: NDArray[np.bool_] = ~np.isfinite(labels)
    else:
        found = np.array([_is_missing(label) for label in labels.flat], dtype=bool).reshape(labels.shape)
    return found


def _is_missing(label: Any) -> bool:
    # Missing values of pandas and NumPy are not equal to themselves, or will not say whether they are.
    try:
        return label is None or not bool(label == label) or label in (np.inf, -np.inf)
    except TypeError:
        return True


def _distinct(y: NDArray[Any]) -> NDArray[Any]:
    # Few labels, many rows: those of a sample are usually all there are, and checking that is cheaper than sorting.
    if y.dtype.kind in "biuf" and len(y) > 1000:
        sample = np.unique(y[:100])
        if len(sample) <= 4 and np.logical_or.reduce([y == label for label in sample]).all():
            return sample
    try:
        distinct: NDArray[Any] = np.unique(y)
    except TypeError as error:
        kinds = sorted({type(label).__name__ for label in y})
        raise InputError(
            f"y mixes labels of types that have no common order: {', '.join(kinds)}. Give them all one type."
        ) from error
    return distinct


def _codes(y: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.intp]:
    if len(classes) == 2:
        return np.asarray(y == classes[1], dtype=np.intp)
    return np.asarray(np.minimum(np.searchsorted(classes, y), len(classes) - 1), dtype=np.intp)


def _refuse_fractions(classes: NDArray[Any]) -> None:
    if classes.dtype.kind == "f" and (classes != np.floor(classes)).any():
        raise InputError(
            "Unknown label type: continuous. Maybe you are trying to fit a classifier, which expects discrete classes "
            f"on a regression target with continuous values: {classes[classes != np.floor(classes)][0]!s}, for one. "
            "Give whole numbers, strings or booleans."
        )


def row_weights(
    sample_weight: Any,
    class_weight: Mapping[Any, float] | str | None,
    classes: NDArray[Any],
    codes: NDArray[np.intp],
    dtype: Any = np.float64,
) -> NDArray[Any]:
    """Return one weight a row: `sample_weight` times the weight of the row's class.

    Parameters
    ----------
    sample_weight : None, number or array-like of shape (n,)
        None counts every row once. Weights are finite and not negative; enormous ones become shares of the largest.
    class_weight : None, dict or "balanced"
        A class that the dict leaves out weighs 1; "balanced" is ``n / (k * count)``, counted in sample weights.
    classes, codes : arrays of shape (k,) and (n,)
        As `encode_labels` returns them.
    dtype : dtype
        Of the result.

    Raises
    ------
    InputError
        If a weight is negative or not finite, all are zero, their number is wrong, or a class is unknown.

    Examples
    --------
    >>> row_weights(None, {"yes": 3.0}, np.array(["no", "yes"]), np.array([0, 1, 0]))
    array([1., 3., 1.])
    """
    weights = _checked_weights(sample_weight, len(codes))
    if isinstance(class_weight, str):  # "balanced"
        totals = np.bincount(codes, weights, minlength=len(classes))
        of_class = weights.sum() / (np.count_nonzero(totals) * np.where(totals > 0, totals, 1.0))
        weights = weights * of_class[codes]
    elif class_weight is not None:
        known = classes.tolist()
        unknown = [label for label in class_weight if label not in known]
        if unknown:
            raise InputError(
                f"class_weight names a class that y does not have: {unknown[0]!r}; classes are {known!r}. Name these "
                "alone."
            )
        for label, weight in class_weight.items():
            if not NOT_NEGATIVE.holds(weight):
                raise InputError(
                    f"class_weight must be finite and not negative; got {weight!r} for class {label!r}. Give "
                    f"{NOT_NEGATIVE.requirement}, or leave the class out: it then weighs 1."
                )
        of_class = _checked_weights([class_weight.get(label, 1.0) for label in known], len(known), "class_weight")
        weights = weights * of_class[codes]  # both are small enough for that
    return weights.astype(dtype, copy=False)


_HEAVY = 1e150  # a sum of weights: from here on they are taken as shares of the largest, so that products stay numbers


def _checked_weights(given: Any, n: int, name: str = "sample_weight") -> NDArray[np.float64]:
    if given is None:
        return np.ones(n)
    try:
        weights = np.asarray(unmasked(given), dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{name} must be numbers; {str(error).rstrip('.')}. Give one for each row.") from error
    if weights.ndim == 0:
        weights = np.full(n, float(weights))
    if weights.shape != (n,):
        raise InputError(f"{name}.shape == {weights.shape}, expected {(n,)}: give one weight for each row.")
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(bad):
        raise InputError(f"{name} must be finite and not negative; got {weights[bad[0]]} at place {bad[0]}.")
    if not weights.any():
        raise InputError(f"{name} is zero everywhere: nothing would be learned. Give at least one row a weight.")
    largest = weights.max()
    return weights / largest if largest > _HEAVY / n else weights
