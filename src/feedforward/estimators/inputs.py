"""What is given to an estimator, checked and made ready for training: rows, targets, weights, a network."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.sparse import issparse
from sklearn.utils import check_random_state

from feedforward import nn
from feedforward.errors import InputError, SettingError
from feedforward.targets import encode_labels, missing, one_column, row_weights
from feedforward.training.checkpoints import Checkpoint
from feedforward.validation import Rule, explained_for, nearest, unmasked

Array = NDArray[Any]

# Settings ----------------------------------------------------------------------------------------------------------


def check_name(owner: str, setting: str, value: Any, known: Iterable[str]) -> None:
    """Raise `SettingError` if the value of a setting is not one of the known names.

    Examples
    --------
    >>> check_name("MLPClassifier", "dtype", "flaot32", ["float32", "float64"])
    Traceback (most recent call last):
    feedforward.errors.SettingError: MLPClassifier: dtype is unknown: 'flaot32'. Did you mean 'float32'?
    """
    known = list(known)
    if not isinstance(value, str):
        raise SettingError(f"{owner}: {setting} must be {' or '.join(map(repr, known))}; got {value!r}.")
    if value not in known:
        raise SettingError(f"{owner}: {setting} is unknown: {value!r}. {nearest(value, known)}")


def check_dtype(owner: str, dtype: Any) -> None:
    """Raise `SettingError` if this is no dtype that networks are trained in.

    Examples
    --------
    >>> check_dtype("MLPClassifier", "float16")
    Traceback (most recent call last):
    feedforward.errors.SettingError: MLPClassifier: dtype='float16' reaches no further than 65504, too near to train in.
    Take dtype='bfloat16', mixed precision on an NVIDIA GPU, or 'float32'.
    """
    if dtype is np.float16 or (isinstance(dtype, str | np.dtype) and str(dtype) in ("float16", "half", "fp16")):
        raise SettingError(
            f"{owner}: dtype='float16' reaches no further than 65504, too near to train in. Take "
            "dtype='bfloat16', mixed precision on an NVIDIA GPU, or 'float32'."
        )
    check_name(owner, "dtype", dtype, ("float32", "float64", "bfloat16"))


CALLBACKS = Rule(
    "a sequence of functions that take a Training, or a Checkpoint (objects of scikit-learn's protocol go to "
    "set_callbacks)",
    lambda value: isinstance(value, Sequence) and all(callable(c) or isinstance(c, Checkpoint) for c in value),
)


def drawn_seed(random_state: int | np.random.RandomState | None) -> int:
    """Return the number itself, or one drawn from what is none.

    Examples
    --------
    >>> drawn_seed(7), drawn_seed(np.random.RandomState(0)) == drawn_seed(np.random.RandomState(0))
    (7, True)
    """
    if isinstance(random_state, np.random.RandomState) or random_state is None:
        return int(check_random_state(random_state).randint(2**31))
    return int(random_state)


# Rows --------------------------------------------------------------------------------------------------------------


def in_dtype(values: Any, dtype: DTypeLike, name: str, columns: Sequence[Any] | None = None) -> Any:
    """Return an array or CSR matrix of finite numbers in the dtype of the network.

    Parameters
    ----------
    values : array or CSR matrix of shape (n, m)
    dtype : dtype
    name : str
        Of the values, for messages.
    columns : sequence of str, optional
        Names of the columns.

    Raises
    ------
    InputError
        If a number is too large for it: its place is named.

    Examples
    --------
    >>> in_dtype(np.array([[0.5, 1e300]]), np.float32, "X")
    Traceback (most recent call last):
    feedforward.errors.InputError: X has a number too large for dtype='float32': 1e+300 at row 0 (counted from 0),
    column 1. Make it smaller, or set dtype='float64'.
    """
    dtype = np.dtype(dtype)
    if values.dtype == dtype:
        return values
    numbers = values.data if issparse(values) else values
    if numbers.size and max(-float(numbers.min()), float(numbers.max())) > float(np.finfo(dtype).max):
        cells = values.tocoo() if issparse(values) else values
        worst = int(np.abs(numbers).argmax())
        row, column = (
            (cells.row[worst], cells.col[worst]) if issparse(values) else np.unravel_index(worst, values.shape)
        )
        raise InputError(
            f"{name} has a number too large for dtype='{dtype}': {numbers.flat[worst]!s} at row {row} (counted from "
            f"0), column {column if columns is None else repr(str(columns[int(column)]))}. Make it smaller, or set "
            "dtype='float64'."
        )
    return values.astype(dtype)


def is_ready(X: Any, m: int) -> bool:
    """Say whether `X` needs no further check: exactly an ndarray of m columns, of numbers not too large for float32.

    Examples
    --------
    >>> X = np.array([[1.0, 2.0]])
    >>> is_ready(X, 2), is_ready(X, 3), is_ready(X * np.nan, 2), is_ready(X * 1e300, 2)
    (True, False, False, False)
    """
    if type(X) is not np.ndarray or X.dtype.char not in "fd" or X.ndim != 2 or X.shape[1] != m or not X.size:
        return False
    smallest, largest = np.minimum.reduce(X, axis=None), np.maximum.reduce(X, axis=None)
    return bool(smallest >= -_ROOM and largest <= _ROOM)  # False for NaN


_ROOM = float(np.finfo(np.float32).max)


def check_lengths(X: Any, y: Array, names: tuple[str, str] = ("X", "y")) -> None:
    """Raise `InputError` unless there is one target for each row.

    Examples
    --------
    >>> check_lengths(np.ones((3, 2)), np.ones(2))
    Traceback (most recent call last):
    feedforward.errors.InputError: Found input variables with inconsistent numbers of samples: X has 3 rows and y 2.
    Give one target for each row.
    """
    if X.shape[0] != len(y):
        raise InputError(
            f"Found input variables with inconsistent numbers of samples: {names[0]} has {X.shape[0]} rows and "
            f"{names[1]} {len(y)}. Give one target for each row."
        )


# Targets -----------------------------------------------------------------------------------------------------------


def is_table(y: Any, name: str = "y") -> bool:
    """Say whether targets have more than one column.

    Raises
    ------
    InputError
        If they have neither one dimension nor two.

    Examples
    --------
    >>> is_table([[0, 1], [1, 1]]), is_table([[0], [1]]), is_table([0, 1])
    (True, False, False)
    """
    if not hasattr(y, "shape"):
        with explained_for(y, name):
            y = np.asarray(y)
    if len(y.shape) > 2:
        raise InputError(f"{name} has shape {y.shape}; give one target for each row, or one row of targets.")
    return len(y.shape) == 2 and y.shape[1] > 1


def known_codes(y: Any, classes: Array, name: str) -> Array:
    """Return the place of each label among `classes`, which are sorted.

    Raises
    ------
    InputError
        If one is not among them.

    Examples
    --------
    >>> known_codes(["b", "a"], np.array(["a", "b"]), "y_val")
    array([1, 0])
    """
    labels, places = encode_labels(y)
    unseen = [label for label in labels.tolist() if label not in classes.tolist()]
    if unseen:
        raise InputError(
            f"{name} has a label that training does not have: {unseen[0]!r}; the classes are {classes.tolist()!r}. "
            "Leave these rows out, or add some like them to the training rows."
        )
    codes: Array = np.searchsorted(classes, labels)[places]
    return codes


def indicators(y: Any, name: str = "y") -> Array:
    """Return targets of shape (n, t), each 0 or 1: any number of labels a row.

    Examples
    --------
    >>> indicators([[True, False]]), indicators([[0, 1], [2, 0]])
    Traceback (most recent call last):
    feedforward.errors.InputError: y has 2 columns, so each must say yes or no, 1 or 0; got 2 at row 1 (counted from 0),
    column 0. For one class a row give y of shape (n,).
    """
    array = y.toarray() if issparse(y) else np.asarray(unmasked(y))
    if array.dtype.kind == "O":
        array = np.where(missing(array), np.nan, array)  # pandas.NA will not say whether it is 0
    bad = np.argwhere(~((array == 0) | (array == 1)))
    if len(bad):
        row, column = bad[0].tolist()
        raise InputError(
            f"{name} has {array.shape[1]} columns, so each must say yes or no, 1 or 0; got {array[row, column]!s} at "
            f"row {row} (counted from 0), column {column}. For one class a row give y of shape (n,)."
        )
    return array.astype(np.float64)


def numbers(y: Any, name: str = "y") -> Array:
    """Return targets of shape (n, t): finite numbers, t = 1 where `y` has one dimension.

    Examples
    --------
    >>> numbers([1, 2])
    array([[1.],
           [2.]])
    """
    from sklearn.utils import check_array

    y = unmasked(y)
    table = is_table(y, name)
    column = y if table else one_column(y)
    if getattr(getattr(column, "dtype", None), "kind", None) in ("m", "M"):
        raise InputError(f"{name} holds dates or durations, and targets are numbers. Give them as days, for one.")
    with explained_for(y, name):
        array = check_array(
            column,
            ensure_2d=False,
            dtype=np.float64,
            ensure_all_finite=False,
            ensure_min_samples=0,
            input_name=name,
        )
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        place = tuple(bad[0].tolist())
        raise InputError(
            f"Input {name} contains NaN or infinity: {array[place]!s} at row {place[0]} (counted from 0). "
            "Correct the target or drop the row."
        )
    targets: Array = array if table else array[:, np.newaxis]
    return targets


# Weights -----------------------------------------------------------------------------------------------------------


def weights_of(sample_weight: Any, n: int) -> Array | None:
    """Return one checked weight for each of n rows; None if none are given.

    Examples
    --------
    >>> weights_of([1, 0], 2)
    array([1., 0.])
    """
    return None if sample_weight is None else row_weights(sample_weight, None, np.empty(0), np.empty(n, np.intp))


# Splitting ---------------------------------------------------------------------------------------------------------


def split(
    n: int, fraction: float, seed: int, codes: Array | None = None, classes: Array | None = None
) -> tuple[Array, Array]:
    """Draw the rows for validation: that share of all, or of each class, but at least one.

    Parameters
    ----------
    n : int
        Number of rows.
    fraction : float
        Above 0 and below 1.
    seed : int
    codes : array of shape (n,), optional
        The class of each row.
    classes : array of shape (k,), optional
        What the codes stand for, to be named where a class is too rare.

    Returns
    -------
    training, validation : arrays of int
        Rows, in ascending order.

    Raises
    ------
    InputError
        If no row is left for training, or none of some class.

    Examples
    --------
    >>> training, validation = split(10, 0.2, seed=0, codes=np.repeat([0, 1], 5))
    >>> len(training), (validation < 5).sum(), (validation >= 5).sum()
    (8, np.int64(1), np.int64(1))
    """
    order = np.random.default_rng([seed, _SPLIT]).permutation(n)
    if codes is None:
        groups = [order]
    else:
        by_class = order[np.argsort(codes[order], kind="stable")]
        groups = np.split(by_class, np.flatnonzero(np.diff(codes[by_class])) + 1)
    counts = [max(1, round(fraction * len(group))) for group in groups]
    for group, count in zip(groups, counts, strict=True):
        if count >= len(group):
            what, rows = "", "rows"
            if codes is not None:
                code = int(codes[group[0]])
                what = f" of class {code if classes is None else classes.tolist()[code]!r}"
                rows = "of these rows or drop them"
            raise InputError(
                f"validation_fraction={fraction} leaves no row{what} to learn from: n_samples={len(group)}{what}, and "
                f"{count} would be set aside. Give more {rows}, or set validation_fraction=0 and give X_val and y_val."
            )
    validation = np.concatenate([group[:count] for group, count in zip(groups, counts, strict=True)])
    training = np.concatenate([group[count:] for group, count in zip(groups, counts, strict=True)])
    return np.sort(training), np.sort(validation)


_SPLIT = 1  # so that the split is not drawn from the numbers that the first weights are


# Networks ----------------------------------------------------------------------------------------------------------


def copy_of(network: Any, m: int, t: int, dtype: DTypeLike, final: nn.Layer | None = None) -> nn.Sequential:
    """Return a copy of a network to start from, in `dtype`, if it takes m columns, gives t, and ends as it must.

    Examples
    --------
    >>> copy_of(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)), 3, 5, np.float32)
    Traceback (most recent call last):
    feedforward.errors.InputError: network: layer 2 (Linear(in_features=4, out_features=2, bias=True)) gives 2 outputs,
    and 5 are needed.
    """
    if not isinstance(network, nn.Sequential) or not len(network) or not all(isinstance(x, nn.Layer) for x in network):
        is_torchs = type(network).__module__.partition(".")[0] == "torch"
        hint = " Make one of this by feedforward.from_torch." if is_torchs else ""
        raise InputError(
            f"network must be a feedforward.nn.Sequential with layers; got {' '.join(repr(network).split())}.{hint}"
        )
    if all(np.ndim(layer.weight) == 3 for layer in network if isinstance(layer, nn.Linear)) and network.members:
        raise InputError("network is a stack; give one network, as feedforward.nn.unstack returns them.")
    _check_parameters(network, dtype)
    if len({id(layer) for layer in network if layer.parameters()}) < sum(bool(layer.parameters()) for layer in network):
        raise InputError("network has one layer in two places, and training would part them. Give each place its own.")
    start: nn.Sequential = network.copy(dtype)
    try:
        outputs = start(np.zeros((1, m)))
    except InputError as error:
        raise InputError(f"network: {error}") from None
    if outputs.shape != (1, t):
        place = max((i for i, layer in enumerate(network) if layer.parameters()), default=len(network) - 1)
        raise InputError(
            f"network: layer {place} ({network[place]!r}) gives {outputs.shape[-1]} outputs, and {t} are needed."
        )
    if final is not None and not isinstance(network[-1], type(final)):
        raise InputError(
            f"network: the last layer is {network[-1]!r}, and this loss reads outputs as probabilities: end it in "
            f"{final!r}."
        )
    return start


def _check_parameters(network: nn.Sequential, dtype: DTypeLike, within: str = "") -> None:
    """Raise `InputError` unless every layer has arrays of finite numbers, in the shapes that it says it has."""
    for place, layer in enumerate(network):
        if isinstance(layer, nn.Sequential):
            _check_parameters(layer, dtype, f"{within}{place}.")
            continue
        h, m = (layer.out_features, layer.in_features) if isinstance(layer, nn.Linear) else (None, None)
        for name, array in layer.parameters().items():
            shape = {"weight": (h, m), "bias": (h,)}[name] if isinstance(layer, nn.Linear) else np.shape(array)
            if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf" or array.shape != shape:
                what = f"{array.dtype} of shape {array.shape}" if hasattr(array, "dtype") else type(array).__name__
                raise InputError(
                    f"network: layer {within}{place} ({layer!r}) needs a {name} of numbers, shape {shape}; it has "
                    f"{what}. Write into the layer's own array: layer.{name}[...] = numbers."
                )
            if not np.isfinite(array).all():
                raise InputError(
                    f"network: parameter {within}{place}.{name} contains NaN or infinity. Start from finite numbers."
                )
            in_dtype(np.atleast_2d(array), dtype, f"network: parameter {within}{place}.{name}")
