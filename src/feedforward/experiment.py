"""The main job: a table on disk in, a trained model and an honest score out."""

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline

from feedforward.errors import FileError, InputError, SettingError, TableError
from feedforward.neurons.adaline import Adaline
from feedforward.neurons.perceptron import Perceptron
from feedforward.tables.encoding import TableEncoder
from feedforward.tables.reading import read_table
from feedforward.validation import nearest

if TYPE_CHECKING:
    import pyarrow as pa

Rows = tuple["pa.Table", NDArray[Any]]
MODELS: dict[str, Any] = {"perceptron": Perceptron, "adaline": Adaline}


@dataclass(frozen=True)
class Experiment:
    """A model, the rows it was trained and tested on, and what came of it.

    Attributes
    ----------
    source, target, model_name : str
    model : Pipeline
        A `TableEncoder` and the fitted estimator.
    train, test : pair of table and labels
    accuracy, baseline : dict
        Share of right answers on "train" and "test": of the model, and of always saying the most common class.
    majority : label
        The most common class in training.
    seconds : float
        Time of training alone.
    warnings : list of str
    """

    source: str
    target: str
    model_name: str
    model: Pipeline
    train: Rows
    test: Rows
    accuracy: dict[str, float]
    baseline: dict[str, float]
    majority: Any
    seconds: float
    warnings: list[str]

    @property
    def encoder(self) -> TableEncoder:
        """The part of the model that makes numbers of columns."""
        encoder: TableEncoder = self.model[0]
        return encoder

    @property
    def neuron(self) -> Any:
        """The part of the model that learns."""
        return self.model[1]

    def facts(self) -> dict[str, Any]:
        """Return everything worth telling a machine, as JSON can hold it."""
        return {
            "table": self.source,
            "target": self.target,
            "classes": self.neuron.classes_.tolist(),
            "rows": {"train": len(self.train[1]), "test": len(self.test[1])},
            "columns": dict(self.encoder.kinds_),
            "inputs": int(self.neuron.n_features_in_),
            "model": self.model_name,
            "settings": self.neuron.get_params(),
            "accuracy": self.accuracy,
            "baseline": {"answer": np.asarray(self.majority).tolist(), **self.baseline},
            "epochs": int(self.neuron.n_iter_),
            "seconds": round(self.seconds, 6),
            "history": {
                name: [value if np.isfinite(value) else None for value in values]
                for name, values in self.neuron.history_.items()
            },
            "warnings": self.warnings,
        }


def run_experiment(
    path: str | Path,
    target: str,
    model: str = "perceptron",
    *,
    settings: Mapping[str, Any] | None = None,
    kinds: Mapping[str, str] | None = None,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    test_fraction: float = 0.25,
    seed: int = 0,
    on_epoch: Callable[[int, int], None] | None = None,
) -> Experiment:
    r"""Read a table, set rows aside for the test, train on the rest and score on both.

    Parameters
    ----------
    path : path of a CSV(.gz), Parquet or Arrow file
    target : str
        The column to predict.
    model : {"perceptron", "adaline"}
    settings : dict, optional
        Settings of the model by name.
    kinds : dict, optional
        What to take columns for, as `TableEncoder` has it.
    encoding, delimiter
        As `read_table` has them.
    test_fraction : float
        Share of rows set aside, above 0 and below 1; each class in its share where it has enough rows.
    seed : int
        Of the split, and of the model unless `settings` gives it a `random_state`.
    on_epoch : callable, optional
        Called after each epoch with the epochs done and the most there may be.

    Raises
    ------
    FileError, TableError, InputError, SettingError
        Naming the file, row, column or setting, and what to do.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "points.csv"
    ...     rows = [f"{i},{i % 7},{'left' if i < 50 else 'right'}" for i in range(100)]
    ...     _ = path.write_text("\n".join(["x,y,side", *rows]))
    ...     run_experiment(path, "side").accuracy["test"] > 0.9
    True
    """
    estimator = _estimator(model, settings or {}, seed)
    if not 0 < test_fraction < 1:
        raise SettingError(f"test_fraction must lie between 0 and 1, both excluded; got {test_fraction}.")
    kinds = dict(kinds or {})
    as_text = [column for column, kind in kinds.items() if kind in ("category", "drop")]
    X, y = read_table(path, target, encoding=encoding, delimiter=delimiter, text_columns=as_text)
    source = Path(path).name
    _refuse_what_is_no_class(source, target, y)
    train_rows, test_rows = _split(source, y, test_fraction, seed)
    train, test = ((X.take(rows), y[rows]) for rows in (train_rows, test_rows))

    encoder = TableEncoder(kinds=kinds)
    seconds, troubles = _train(source, encoder, estimator, train, on_epoch)
    pipeline = Pipeline([("encoder", encoder), ("model", estimator)])
    labels, counts = np.unique(train[1], return_counts=True)
    majority = labels[counts.argmax()]
    parts = {"train": train, "test": test}
    return Experiment(
        source=source,
        target=target,
        model_name=model,
        model=pipeline,
        train=train,
        test=test,
        accuracy={name: float(np.mean(pipeline.predict(X) == y)) for name, (X, y) in parts.items()},
        baseline={name: float(np.mean(y == majority)) for name, (_, y) in parts.items()},
        majority=majority,
        seconds=seconds,
        warnings=troubles,
    )


def _train(
    source: str, encoder: TableEncoder, estimator: Any, train: Rows, on_epoch: Callable[[int, int], None] | None
) -> tuple[float, list[str]]:
    """Fit the encoder and the estimator; return the seconds of the latter, and what was warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            inputs = encoder.fit_transform(train[0])
        except InputError as error:
            raise InputError(f"{source}: {error}") from error
        next(clone(estimator).epochs(inputs, train[1]))  # compiles what is not compiled yet, before the clock starts
        start = time.perf_counter()
        for epoch in estimator.epochs(inputs, train[1]):
            if on_epoch:
                on_epoch(epoch, estimator.max_epochs)
        seconds = time.perf_counter() - start
    return seconds, [str(warning.message) for warning in caught]


def _estimator(model: str, settings: Mapping[str, Any], seed: int) -> Any:
    if model not in MODELS:
        raise SettingError(f"There is no model {model!r}. {nearest(model, MODELS, 'models')}")
    estimator = MODELS[model](random_state=seed)
    known = list(estimator.get_params())
    for name in settings:
        if name not in known:
            raise SettingError(f"{model} has no setting {name!r}. {nearest(name, known, 'settings')}")
    return estimator.set_params(**settings)


def _refuse_what_is_no_class(source: str, target: str, y: NDArray[Any]) -> None:
    where = f"{source}, target column {target!r}"
    if y.dtype.kind == "f" and (y != np.floor(y)).any():
        row = int(np.flatnonzero(y != np.floor(y))[0])
        raise TableError(
            f"{where}: {y[row]} is no class but a quantity, and one neuron tells classes apart. "
            "Choose a target with a few distinct values."
        )
    classes = len(np.unique(y))
    if classes > max(20, len(y) // 2):
        raise TableError(
            f"{where}: {classes} classes in {len(y)} rows, nearly one a row. "
            "Choose a target with a few distinct values."
        )


def _split(source: str, y: NDArray[Any], test_fraction: float, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    n = len(y)
    n_test = round(test_fraction * n)
    if not 0 < n_test < n:
        raise TableError(
            f"{source}: {n} rows cannot be split with test_fraction={test_fraction}: one part would be empty. "
            "Give more rows or another fraction."
        )
    counts = np.unique(y, return_counts=True)[1]
    stratify = y if counts.min() > 1 and min(n_test, n - n_test) >= len(counts) else None
    train, test = train_test_split(np.arange(n), test_size=n_test, random_state=seed, stratify=stratify)
    return np.sort(train), np.sort(test)


def draw_experiment(experiment: Experiment, path: str | Path) -> None:
    """Draw the learning curve, and the decision regions of the two number columns that weigh most, into a file.

    Parameters
    ----------
    experiment : Experiment
    path : path whose suffix names a format matplotlib writes: .png, .svg, .pdf

    Raises
    ------
    FileError
        If the file cannot be written.

    Examples
    --------
    >>> draw_experiment(None, "/no/such/folder/plot.png")
    Traceback (most recent call last):
    feedforward.errors.FileError: /no/such/folder/plot.png: there is no such folder to write into. Create it first.
    """
    check_picture_path(path)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from feedforward import plots

    columns = _weightiest_numbers(experiment)
    figure = Figure(figsize=(10.5 if columns else 5.5, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, 2 if columns else 1, squeeze=False)[0]
    plots.learning_curve(experiment.neuron, ax=axes[0])
    axes[0].set_title(f"{experiment.model_name} on {experiment.source}", loc="left")
    if columns:
        plots.decision_regions(experiment.model, *experiment.test, columns=columns, ax=axes[1])
    try:
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {error.strerror}.") from error


def check_picture_path(path: str | Path) -> None:
    """Raise `FileError` unless a picture can be written to `path`.

    Examples
    --------
    >>> check_picture_path("plot.docx")
    Traceback (most recent call last):
    feedforward.errors.FileError: plot.docx: pictures end in .png, .svg or .pdf.
    """
    path = Path(path)
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise FileError(f"{path}: pictures end in .png, .svg or .pdf.")
    if not path.parent.is_dir():
        raise FileError(f"{path}: there is no such folder to write into. Create it first.")
    try:
        with path.open("ab"):
            pass
        if path.stat().st_size == 0:
            path.unlink()
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {error.strerror}.") from error


def _weightiest_numbers(experiment: Experiment) -> tuple[str, str] | None:
    """Return the number column with the largest weight, and the next that does not say much the same."""
    sizes = np.abs(experiment.neuron.coef_).max(axis=0)
    names = experiment.encoder.get_feature_names_out()
    numbers = [place for place in np.argsort(-sizes) if experiment.encoder.kinds_.get(names[place]) == "number"]
    if len(numbers) < 2:
        return None
    inputs = experiment.encoder.transform(experiment.train[0])
    with np.errstate(invalid="ignore"):  # of a constant column
        likeness = np.abs([np.corrcoef(inputs[:, numbers[0]], inputs[:, place])[0, 1] for place in numbers[1:]])
    other = numbers[1 + int(np.argmax(likeness < 0.7))]
    return str(names[numbers[0]]), str(names[other])
