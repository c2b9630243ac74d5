"""Training inside an experiment: compiled before the clock starts, warnings caught, Ctrl-C heard."""

import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from feedforward.errors import HugeNumberError, InputError
from feedforward.estimators.tabular_base import TabularEstimator
from feedforward.tables.encoding import TableEncoder
from feedforward.tables.sources import Source, placing
from feedforward.training.checkpoints import Checkpoint
from feedforward.training.state import Training

if TYPE_CHECKING:
    import pyarrow as pa

_TRIAL_ROWS = 256


def fit(
    source: Source,
    model: Any,
    train: tuple["pa.Table", NDArray[Any]],
    checkpoint: Checkpoint | None,
    on_epoch: Callable[[int, int], None] | None,
) -> tuple[float, list[str], KeyboardInterrupt | None]:
    """Fit a model that takes tables: a Pipeline of a `TableEncoder` and an estimator, or a tabular estimator.

    Errors say where the `source` has the rows of `train`.

    Returns
    -------
    seconds : float
        Of the estimator.
    troubles : list of str
        What was warned of.
    stop : KeyboardInterrupt or None
        After Ctrl-C; the estimator then is a network that has begun to learn. Else it is raised.

    Examples
    --------
    >>> import numpy as np, pyarrow as pa, feedforward as ff
    >>> rows = pa.table({"x": [0.0, 1.0, 2.0, 3.0]}), np.array([0, 0, 1, 1])
    >>> model = Pipeline([("encoder", ff.TableEncoder()), ("model", ff.Perceptron())])
    >>> seconds, troubles, stop = fit(Source("x.csv"), model, rows, None, None)
    >>> troubles, stop
    ([], None)
    """
    stop = None
    with warnings.catch_warnings(record=True) as caught, placing(source):
        warnings.simplefilter("always")
        inputs, estimator = train[0], model
        if isinstance(model, Pipeline):
            inputs, estimator = model[0].fit_transform(train[0]), model[-1]
        if getattr(estimator, "time_limit", None) is None:  # else that counts too
            _compile(estimator, inputs, train[1])
        start = time.perf_counter()
        if hasattr(estimator, "epochs"):
            for epoch in estimator.epochs(inputs, train[1]):
                if on_epoch:
                    on_epoch(epoch, estimator.max_epochs)
        else:
            stop = _fit_network(estimator, inputs, train[1], checkpoint, on_epoch)
        seconds = time.perf_counter() - start
    return seconds, [str(warning.message) for warning in caught], stop


def _fit_network(
    estimator: Any, X: Any, y: Any, checkpoint: Checkpoint | None, on_epoch: Callable[[int, int], None] | None
) -> KeyboardInterrupt | None:
    network = getattr(estimator, "regressor", estimator)

    def report(training: Training) -> None:
        if on_epoch:
            on_epoch(training.epoch, training.max_epochs or most_epochs(network))

    network.set_params(callbacks=(report, *([] if checkpoint is None else [checkpoint])))
    try:
        estimator.fit(X, y)
    except KeyboardInterrupt as error:
        if not hasattr(learner_of(estimator), "network_"):
            raise
        return error
    finally:
        for one in {id(one): one for one in (network, getattr(estimator, "regressor_", network))}.values():
            one.set_params(callbacks=())
    return None


def most_epochs(network: Any) -> int:
    """Return the epochs that a network may be trained for.

    Examples
    --------
    >>> import feedforward as ff
    >>> most_epochs(ff.MLPClassifier(max_epochs=7)), most_epochs(ff.TabularClassifier(max_epochs=7))
    (7, 7)
    """
    preset = network.checked_preset() if isinstance(network, TabularEstimator) else network
    return int(preset.max_epochs)


def _compile(estimator: Any, X: Any, y: Any) -> None:
    """Compile what is not compiled yet, before the clock starts."""
    trial = clone(estimator)
    if hasattr(trial, "epochs"):
        next(trial.epochs(X, y))
        return
    if isinstance(trial, TabularEstimator):
        trial.set_params(max_epochs=1, members=1, time_limit=None, verbose=False)
    else:
        getattr(trial, "regressor", trial).set_params(max_epochs=1, validation_fraction=0.0, verbose=False)
    with warnings.catch_warnings(), suppress(InputError):  # so few rows may be refused where all are not
        warnings.simplefilter("ignore")
        trial.fit(X[:_TRIAL_ROWS], y[:_TRIAL_ROWS])


def learner_of(model: Any) -> Any:
    """Return what learns: the estimator, or the fitted one within it, at the end of a Pipeline too.

    Examples
    --------
    >>> import feedforward as ff
    >>> learner_of(ff.Perceptron())
    Perceptron()
    """
    last = model[-1] if isinstance(model, Pipeline) else model
    return getattr(last, "regressor_", last)


def encoder_of(model: Any) -> TableEncoder | None:
    """Return the part of a fitted model that makes numbers of columns, if there is one.

    Examples
    --------
    >>> import feedforward as ff
    >>> encoder_of(ff.Perceptron()) is None
    True
    """
    encoder: TableEncoder | None = model[0] if isinstance(model, Pipeline) else getattr(model, "encoder_", None)
    return encoder


def ask(model: Any, method: str, table: "pa.Table", inputs: Any = None, *arguments: Any) -> NDArray[Any]:
    """Return the answers of one of a fitted model's methods; of a number too large, the message names the table's cell.

    Parameters
    ----------
    model : estimator or Pipeline of a `TableEncoder` and one
    method : str
    table : pyarrow.Table
    inputs : array or table, optional
        What the model takes of the table, column by column. Default: the table itself.
    *arguments
        Of the method, after the rows.

    Examples
    --------
    >>> import numpy as np, pyarrow as pa, feedforward as ff
    >>> neuron = ff.Perceptron().fit([[0.0, 1.0], [1.0, 3.0]], [0, 1], coef_init=[9.0, 9.0])
    >>> ask(neuron, "predict", pa.table({"a": [1.0], "b": [1.7e308]}), np.array([[1.0, 1.7e308]]))
    Traceback (most recent call last):
    feedforward.errors.HugeNumberError: Column 'b' is 1.7e+308 at row 0 (counted from 0), too large a number ...
    """
    try:
        answers: NDArray[Any] = getattr(model, method)(table if inputs is None else inputs, *arguments)
    except HugeNumberError as error:
        names = table.column_names
        if isinstance(model, Pipeline):  # the learner saw the columns that the encoder had made
            names = [name for name, column in model[0].columns_.items() for _ in column.labels(name)]
        name = error.column if isinstance(error.column, str) else names[error.column]
        raise HugeNumberError(error.row, name, table.column(name)[error.row]) from error
    return answers
