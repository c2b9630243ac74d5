"""One checker a rule, one style of message: what was wrong, what was given, what to do.

Settings are checked in ``fit`` against a table of rules, never in a constructor, so that ``clone``, ``set_params`` and
grid search see the same estimator that training does.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any

import numpy as np

from feedforward.errors import HugeNumberError, InputError, InputTypeError, NotFiniteError, SettingError

# Settings ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """What a setting must be, in words and as a test.

    Examples
    --------
    >>> POSITIVE.holds(0.1), POSITIVE.holds(True), POSITIVE.requirement
    (True, False, 'a number above 0')
    """

    requirement: str
    holds: Callable[[Any], bool]

    def __or__(self, other: "Rule") -> "Rule":
        return Rule(f"{self.requirement} or {other.requirement}", lambda value: self.holds(value) or other.holds(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_) and bool(np.isfinite(float(value)))


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool | np.bool_)


NONE = Rule("None", lambda value: value is None)
NUMBER = Rule("a finite number", _is_number)
POSITIVE = Rule("a number above 0", lambda value: _is_number(value) and value > 0)
NOT_NEGATIVE = Rule("a number of 0 or more", lambda value: _is_number(value) and value >= 0)
COUNT = Rule("a whole number of 1 or more", lambda value: _is_whole(value) and value >= 1)
COUNT_OR_ZERO = Rule("a whole number of 0 or more", lambda value: _is_whole(value) and value >= 0)
SWITCH = Rule("True or False", lambda value: isinstance(value, bool | np.bool_))
CLASS_WEIGHT = Rule(
    "None, 'balanced' or a dict from class to weight",
    lambda value: value is None or isinstance(value, Mapping) or (isinstance(value, str) and value == "balanced"),
)
PATH = Rule(
    "the path of a file",
    lambda value: isinstance(value, str | os.PathLike) and str(value) not in ("", ".") and "\0" not in str(value),
)
RANDOM_STATE = Rule(
    "None, a whole number of 0 or more below 2**32, or a numpy.random.RandomState",
    lambda value: (
        value is None or isinstance(value, np.random.RandomState) or (_is_whole(value) and 0 <= value < 2**32)
    ),
)


def one_of(*choices: str) -> Rule:
    """Return the rule that a setting is one of these words.

    Examples
    --------
    >>> one_of("auto").requirement
    "'auto'"
    """
    return Rule(" or ".join(map(repr, choices)), lambda value: isinstance(value, str) and value in choices)


def check_settings(owner: Any, rules: Mapping[str, Rule]) -> None:
    """Raise `SettingError` for the first attribute of `owner` that breaks its rule.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> check_settings(SimpleNamespace(learning_rate="fast"), {"learning_rate": POSITIVE})
    Traceback (most recent call last):
    feedforward.errors.SettingError: SimpleNamespace: learning_rate must be a number above 0; got 'fast'.
    """
    for name, rule in rules.items():
        check_setting(type(owner).__name__, name, getattr(owner, name), rule)


def check_setting(owner: str, name: str, value: Any, rule: Rule) -> None:
    """Raise `SettingError` if the value of one setting, or argument of a function, breaks its rule.

    Examples
    --------
    >>> check_setting("blobs", "n", 0, COUNT)
    Traceback (most recent call last):
    feedforward.errors.SettingError: blobs: n must be a whole number of 1 or more; got 0.
    """
    if not rule.holds(value):
        raise SettingError(f"{owner}: {name} must be {rule.requirement}; got {value!r}.")


def kind(value: Any) -> str:
    """Return what was given, for a message: its type, or that it is a class and nothing made of it yet.

    Examples
    --------
    >>> kind(7), kind(dict), kind(None)
    ('an int', 'the class dict itself', 'None')
    """
    if value is None or isinstance(value, type):
        return "None" if value is None else f"the class {value.__name__} itself"
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def check_kind(owner: str, name: str, value: Any, wanted: type, words: str) -> None:
    """Raise `InputError` unless `value` is one of the class `wanted`, which the message calls `words`.

    Examples
    --------
    >>> check_kind("trace", "loss", None, Rule, "a loss")
    Traceback (most recent call last):
    feedforward.errors.InputError: trace: loss must be a loss; got None.
    """
    if not isinstance(value, wanted):
        raise InputError(f"{owner}: {name} must be {words}; got {kind(value)}.")


def nearest(name: str, known: Iterable[str], what: str = "choices") -> str:
    """Return the sentence to end a message about an unknown name with: the nearest right one, or all there are.

    Examples
    --------
    >>> nearest("rellu", ["relu", "tanh"]), nearest("price", ["size", "colour"], "columns")
    ("Did you mean 'relu'?", "The columns are 'size', 'colour'.")
    """
    known = list(known)
    near = get_close_matches(name.lower(), [other.lower() for other in known], n=1)
    if near:
        return f"Did you mean {next(other for other in known if other.lower() == near[0])!r}?"
    shown = ", ".join(map(repr, known[:20]))
    return f"The {what} are {shown}{', ...' if len(known) > 20 else ''}."


# Rows --------------------------------------------------------------------------------------------------------------


def check_rows(estimator: Any, X: Any, *, reset: bool) -> Any:
    """Return `X` as a C-ordered float64 or float32 array, or as CSR, with finite numbers only.

    Parameters
    ----------
    estimator : estimator
        Gets ``n_features_in_`` and ``feature_names_in_`` where `reset`, else is held against them.
    X : array, DataFrame or sparse matrix of shape (n, m)
        float32 stays float32; everything else becomes float64.
    reset : bool
        True in ``fit``, False afterwards.

    Raises
    ------
    InputError
        With scikit-learn's own sentence first, then the place (row and column) and what to do.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.base import BaseEstimator
    >>> check_rows(BaseEstimator(), [[1.0, np.nan]], reset=True)
    Traceback (most recent call last):
    feedforward.errors.InputError: Input X contains NaN. First at row 0 (counted from 0), column 1: nan. ...
    """
    from sklearn.utils.validation import validate_data

    X = unmasked(X)
    with explained_for(X):
        return validate_data(estimator, X, reset=reset, accept_sparse="csr", dtype=[np.float64, np.float32], order="C")


def unmasked(given: Any) -> Any:
    """Return a masked array of NumPy with its masked cells missing: NaN, or None; anything else as it is.

    Examples
    --------
    >>> import numpy as np
    >>> unmasked(np.ma.array([1.5, 1e20], mask=[False, True])), unmasked(np.ma.array([1, 2], mask=[False, True]))
    (array([1.5, nan]), array([1, None], dtype=object))
    """
    if not isinstance(given, np.ma.MaskedArray):
        return given
    masked = np.ma.getmaskarray(given)
    cells = given.data.astype(object if masked.any() and given.dtype.kind != "f" else given.dtype)
    cells[masked] = np.nan if cells.dtype.kind == "f" else None
    return cells


@contextmanager
def explained_for(given: Any, name: str = "X") -> Iterator[None]:
    """Turn the error of a failed check of rows, or of targets, into an `InputError` that says where and what to do.

    Examples
    --------
    >>> with explained_for([["red"]]):
    ...     float("red")
    Traceback (most recent call last):
    feedforward.errors.InputError: could not convert string to float: 'red'. First at row 0 (counted from 0)...
    """
    if hasattr(given, "collect") and not hasattr(given, "__array__"):
        raise InputError(f"{name} is a {type(given).__name__}, whose rows are not there yet. Give {name}.collect().")
    try:
        yield
    except InputError:
        raise
    except (ValueError, TypeError, OverflowError) as error:
        sentence = _one_line(str(error))
        if name not in ("X", *sentence.split()):
            sentence = f"{name}: {sentence}"
        kind = InputTypeError if isinstance(error, TypeError) else InputError
        raise kind(" ".join([sentence, *_advice(given, name, sentence)])) from error


def one_row_or_more(X: Any, y: Any) -> tuple[Any, Any]:
    """Return `X` and `y`, a row and its target that were given without a list around them each in a list.

    Examples
    --------
    >>> one_row_or_more([1.0, 2.0], "spam")
    ([[1.0, 2.0]], ['spam'])
    """
    with explained_for(y, "y"):
        alone = y is not None and np.ndim(y) == 0
    with explained_for(X):
        return ([X], [y]) if alone and np.ndim(X) == 1 else (X, y)


def _one_line(sentence: str) -> str:
    if sentence.startswith("The feature names"):  # a list of names, in scikit-learn's own words
        return sentence.rstrip()
    if "NaN" in sentence or sentence.startswith("Complex data"):
        sentence = sentence.split("\n")[0]  # what follows advises other estimators, or is all of the array
    if sentence.startswith("The DType"):
        sentence = sentence.split(". ")[0]  # what follows is about NumPy's own types
    sentence = re.sub(r":\s*array=.*\n(?=Reshape)", ". ", sentence, flags=re.DOTALL)
    sentence = re.sub(r"np\.str_\((.*?)\)", r"\1", " ".join(sentence.split()))
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def _advice(given: Any, name: str, sentence: str) -> list[str]:
    if given is None:
        return [f"{name} is None: give {'rows of numbers' if name == 'X' else 'one target for each row'}."]
    if name != "X":
        return ["Give a number for each target." if "float" in sentence else "Give one target for each row."]
    if any(word in sentence for word in ("NaN", "infinity", "NAType")):
        return [
            *_first_bad_cell(given, lambda cell: not _is_finite(cell)),
            "Correct or drop these rows, or let feedforward.TableEncoder fill missing values.",
        ]
    if "convert string" in sentence:
        return [
            *_first_bad_cell(given, lambda cell: not _is_number_or_text_of_one(cell)),
            "Give numbers, or encode text columns first, with feedforward.TableEncoder.",
        ]
    if "features, but" in sentence:
        return ["Give the columns the model was fitted on, in that order."]
    if "0 sample" in sentence or "0 feature" in sentence:
        return [f"Give at least one {'row' if '0 sample' in sentence else 'column'}."]
    if "with dim" in sentence:
        return [f"Give two dimensions: {name}.reshape(len({name}), -1) makes one row of each sample."]
    if any(word in sentence for word in ("a real number", "too large to convert", "DType", "with a sequence", "cast")):
        return [
            *_first_bad_cell(given, lambda cell: not _is_number_or_text_of_one(cell)),
            "Give rows of equal length, with a number in each cell; feedforward.TableEncoder makes numbers of dates.",
        ]
    return []


def _is_number_or_text_of_one(cell: Any) -> bool:
    try:
        float(cell)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _is_finite(cell: Any) -> bool:
    """Whether a cell is there and finite; text is there."""
    try:
        return bool(np.isfinite(float(cell)))
    except (TypeError, ValueError):  # pandas.NA and None have no float
        return isinstance(cell, str)


def _first_bad_cell(given: Any, is_bad: Callable[[Any], bool]) -> list[str]:
    """Say where the first bad cell stands: by row, then by column; nothing if it cannot be found."""
    names = list(getattr(given, "column_names", getattr(given, "columns", [])))
    if hasattr(given, "tocoo"):
        stored = given.tocoo()
        cells = zip(stored.row.tolist(), stored.col.tolist(), stored.data, strict=True)
        found = min((cell for cell in cells if is_bad(cell[2])), key=lambda cell: cell[:2], default=None)
    else:
        try:
            found = _first_bad_of(np.asarray(given), is_bad)
        except ValueError:  # ragged
            return []
    if found is None:
        return []
    i, j, value = found
    return [f"First at row {i} (counted from 0), column {repr(names[j]) if names else j}: {value!s:.60}."]


def _first_bad_of(array: np.ndarray, is_bad: Callable[[Any], bool]) -> tuple[int, int, Any] | None:
    if array.ndim != 2:
        return None
    if array.dtype.kind == "f":  # by the million, and nothing else can be wrong with them
        places = (tuple(place) for place in np.argwhere(~np.isfinite(array)).tolist())
    else:
        places = (place for place in np.ndindex(*array.shape) if is_bad(array[place]))
    return next(((*place, array[place]) for place in places), None)


def check_outputs(
    outputs: Any, X: Any, weights: Callable[[], Iterable[Any]], names: Sequence[Any] | None = None
) -> None:
    """Raise unless all that a model makes of rows is finite: no class is decided by not-a-number.

    Parameters
    ----------
    outputs : array of shape (n, ...)
    X : array or CSR matrix of shape (n, m)
    weights : callable
        Returns the arrays of the model: asked for only where something is wrong.
    names : sequence of str, optional
        Of the columns.

    Raises
    ------
    HugeNumberError
        Naming the number to blame.
    NotFiniteError
        If rather the weights are to blame.

    Examples
    --------
    >>> check_outputs(np.array([1.0, np.inf]), np.array([[1.0], [1e308]]), lambda: [np.array([9.0])], ["height"])
    Traceback (most recent call last):
    feedforward.errors.HugeNumberError: Column 'height' is 1e+308 at row 1 (counted from 0), too large a number ...
    """
    if np.isfinite(outputs).all():
        return
    row = int(np.argwhere(~np.isfinite(outputs))[0, 0])
    cells = X[[row]].toarray()[0] if hasattr(X, "toarray") else X[row]
    column = int(np.abs(cells).argmax())
    largest = max(float(np.abs(array).max(initial=0)) for array in weights())
    if abs(cells[column]) >= largest:
        raise HugeNumberError(row, column if names is None else str(names[column]), cells[column])
    raise NotFiniteError(
        f"What the model makes of row {row} (counted from 0) is not finite, for its weights reach {largest:.3g}: its "
        "training diverged. Fit anew, with a lower learning rate."
    )


def row_sample(X: Any, size: int = 300) -> Any:
    """Return at most `size` rows of `X`, evenly spread: enough to know a column's scale, or a unit's habits.

    Examples
    --------
    >>> row_sample(np.zeros((1000, 2))).shape
    (250, 2)
    """
    return X[:: -(-X.shape[0] // size)]


SCALE_GAP = 1e3  # columns whose largest values are further apart than this learn at very different speeds


def far_scales(X: Any, names: Sequence[Any] | None = None) -> list[str]:
    """Say, in a sentence, which two columns are furthest apart in scale, if they are too far; judged by some rows.

    Examples
    --------
    >>> print(*far_scales(np.array([[0.5, 2e5], [0.1, 1e5]]), ["share", "income"]))
    column 'income' reaches 2e+05 and column 'share' only 0.5: on scales so far apart they learn at different ...
    """
    sample = row_sample(X)
    low, high = (
        bound.toarray().ravel() if hasattr(bound, "toarray") else bound
        for bound in (sample.min(axis=0), sample.max(axis=0))
    )
    sizes = np.maximum(abs(low), abs(high))
    varying = np.flatnonzero(low < high)  # a column that is constant, here, does not show its scale
    if not len(varying):
        return []
    small, large = varying[sizes[varying].argmin()], sizes.argmax()
    if sizes[large] / SCALE_GAP <= sizes[small]:  # not the product, which can be beyond all numbers
        return []
    known = range(len(sizes)) if names is None else names
    return [
        f"column {known[large]!r} reaches {sizes[large]:.3g} and column {known[small]!r} only {sizes[small]:.3g}: on "
        "scales so far apart they learn at different speeds. Scale the columns first, with "
        "sklearn.preprocessing.StandardScaler or feedforward.TableEncoder."
    ]
