"""The main job: a table on disk in, a trained model and an honest score out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from feedforward.choices import check_choices, model_of, task_of
from feedforward.doubts import doubts
from feedforward.errors import NotFiniteError, SettingError, TableError
from feedforward.fitting import ask, encoder_of, fit, learner_of, most_epochs
from feedforward.measures import OF_ANSWERS, Answers
from feedforward.storage.labels import label_to_facts
from feedforward.storage.saving import write_model
from feedforward.tables.encoding import TableEncoder
from feedforward.tables.reading import read_known
from feedforward.tables.sources import Source, placing
from feedforward.training.checkpoints import Checkpoint

if TYPE_CHECKING:
    import pyarrow as pa

Rows = tuple["pa.Table", NDArray[Any]]
Scores = dict[str, dict[str, float | None]]


@dataclass(frozen=True)
class Experiment:
    """A model, the rows it was trained and tested on, and what came of it.

    Attributes
    ----------
    source, target, model_name, task : str
        The task is "classification" or "regression".
    model : Pipeline or tabular estimator
        Fitted: a `TableEncoder` and an estimator, or a `TabularClassifier` or `TabularRegressor`, which has its own.
    train, test : pair of table and targets
    scores, baseline_scores : dict of dict
        "accuracy", or "r2" and "mean_absolute_error", each on "train" and "test": of the model, and of `baseline`. None
        where there is no such number, as after training that diverged.
    baseline : label or number
        The answer that needs no model: the most common class in training, or the mean.
    seconds : float
        Time of training alone.
    warnings : list of str
    """

    source: str
    target: str
    model_name: str
    task: str
    model: Any
    train: Rows
    test: Rows
    scores: Scores
    baseline_scores: Scores
    baseline: Any
    seconds: float
    warnings: list[str]

    @property
    def encoder(self) -> TableEncoder:
        """The part of the model that makes numbers of columns."""
        encoder = encoder_of(self.model)
        assert encoder is not None  # there is a table
        return encoder

    @property
    def learner(self) -> Any:
        """The part of the model that learns: a neuron or a network."""
        return learner_of(self.model)

    def save(self, path: str | Path) -> None:
        """Store the model, and beside it what it was made from and how good it was.

        Raises
        ------
        FileError
            If the file cannot be written.
        """
        about = {
            "table": self.source,
            "target": self.target,
            "task": self.task,
            "model": self.model_name,
            "rows": {"train": len(self.train[1]), "test": len(self.test[1])},
            "scores": self.scores,
            "baseline": {"answer": label_to_facts(self.baseline), "scores": self.baseline_scores},
            "seconds": round(self.seconds, 6),
        }
        write_model(self.model, path, about=about)

    def facts(self) -> dict[str, Any]:
        """Return everything worth telling a machine, as JSON can hold it."""
        settings = self.learner.get_params()
        settings.pop("callbacks", None)
        return {
            "table": self.source,
            "target": self.target,
            "task": self.task,
            "classes": self.learner.classes_.tolist() if self.task == "classification" else None,
            "rows": {"train": len(self.train[1]), "test": len(self.test[1])},
            "columns": dict(self.encoder.kinds_),
            "inputs": len(self.encoder.get_feature_names_out()),
            "model": self.model_name,
            "settings": settings,
            **self.scores,
            "baseline": {"answer": np.asarray(self.baseline).tolist(), **self.baseline_scores},
            "epochs": int(self.learner.n_iter_),
            "seconds": round(self.seconds, 6),
            "history": {
                name: [value if np.isfinite(value) else None for value in values]
                for name, values in self.learner.history_.items()
            },
            "warnings": self.warnings,
        }


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while a network was training.

    Attributes
    ----------
    experiment : Experiment
        With what was learned until then.
    kept : list of str
        What was done, and what was kept.
    """

    def __init__(self, experiment: Experiment, kept: list[str]) -> None:
        super().__init__()
        self.experiment, self.kept = experiment, kept

    def __str__(self) -> str:
        return "; ".join(self.kept)


def run_experiment(
    path: str | Path,
    target: str,
    model: str = "tabular",
    *,
    task: str | None = None,
    settings: Mapping[str, Any] | None = None,
    kinds: Mapping[str, str] | None = None,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    decimal: str = ".",
    test_fraction: float = 0.25,
    seed: int = 0,
    checkpoint: Checkpoint | None = None,
    on_epoch: Callable[[int, int], None] | None = None,
) -> Experiment:
    r"""Read a table, set rows aside for the test, train on the rest and score on both.

    Parameters
    ----------
    path : path of a CSV(.gz), Parquet or Arrow file, or ``-`` for standard input
    target : str
        The column to predict.
    model : {"tabular", "perceptron", "adaline", "mlp"}
        The first is `TabularClassifier` or `TabularRegressor`; others read the table by a `TableEncoder`.
    task : {"classification", "regression"}, optional
        Default: a network predicts a quantity where the target has fractions or more than 20 different numbers, else
        classes; neurons tell classes apart. Quantities are learned in standard deviations from their mean.
    settings : dict, optional
        Settings of the model by name.
    kinds : dict, optional
        What to take columns for, as `TableEncoder` has it.
    encoding, delimiter, decimal
        As `read_table` has them.
    test_fraction : float
        Share of rows set aside, above 0 and below 1; each class in its share where it has enough rows.
    seed : int
        Of the split, and of the model unless `settings` gives it a `random_state`.
    checkpoint : Checkpoint, optional
        Of a network: where to write what is needed to go on after a stop.
    on_epoch : callable, optional
        Called after each epoch with the epochs done and the most there may be.

    Raises
    ------
    FileError, TableError, InputError, SettingError
        Naming the file, row, column or setting, and what to do.
    Interrupted
        After Ctrl-C, if a network had begun to learn.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "points.csv"
    ...     rows = [f"{i},{i % 7},{'left' if i < 50 else 'right'}" for i in range(100)]
    ...     _ = path.write_text("\n".join(["x,y,side", *rows]))
    ...     run_experiment(path, "side", settings={"preset": "fast"}).scores["accuracy"]["test"] > 0.9
    True
    """
    check_choices(model, task, settings or {}, checkpoint is not None)
    if not 0 < test_fraction < 1:
        raise SettingError(f"test_fraction must lie between 0 and 1, both excluded; got {test_fraction}.")
    whole, X, y = read_known(path, target, kinds, encoding=encoding, delimiter=delimiter, decimal=decimal)
    whole = replace(whole, name=Path(whole.name).name)
    task = task_of(whole.name, target, y, model, task)
    learned = model_of(model, task, settings or {}, kinds or {}, seed)
    parts = _split(whole.name, y, test_fraction, seed, task)
    train, test = ((X.take(rows), y[rows]) for rows in parts)
    sources = [replace(whole, rows=rows) for rows in parts]

    seconds, troubles, stop = fit(sources[0], learned, train, checkpoint, on_epoch)
    scores = _scores(task, partial(ask, learned, "predict"), train, test, sources, troubles)
    baseline = _baseline(train[1], task)
    experiment = Experiment(
        source=whole.name,
        target=target,
        model_name=model,
        task=task,
        model=learned,
        train=train,
        test=test,
        scores=scores,
        baseline_scores=_scores(task, lambda X: np.full(len(X), baseline), train, test),
        baseline=baseline,
        seconds=seconds,
        warnings=[*doubts(whole.name, target, y, task, encoder_of(learned), kinds or ()), *troubles],
    )
    if stop is not None:
        raise Interrupted(experiment, _kept(experiment.learner, checkpoint, stop)) from None
    return experiment


def _kept(network: Any, checkpoint: Checkpoint | None, stop: KeyboardInterrupt) -> list[str]:
    """Say how far training came, and where it can be gone on with."""
    here = [f"go on from {checkpoint.path} by Checkpoint(…, resume=True)"] if checkpoint is not None else []
    failures = [note.rstrip(".") for note in getattr(stop, "__notes__", [])]
    return [f"after epoch {network.n_iter_} of {most_epochs(network)}", *(failures or here)]


def _scores(
    task: str,
    predict: Callable[[Any], Any],
    train: Rows,
    test: Rows,
    sources: Sequence[Source | None] = (None, None),
    troubles: list[str] | None = None,
) -> Scores:
    found = {}
    for part, (X, y), source in zip(("train", "test"), (train, test), sources, strict=True):
        try:
            with np.errstate(all="ignore"), placing(source):  # training that diverged leaves weights of any size
                answers = predict(X)
            found[part] = Answers(y, answers, np.unique(y) if task == "classification" else None).scores()
        except NotFiniteError as error:
            found[part] = dict.fromkeys(OF_ANSWERS[task])
            if troubles is not None:
                troubles.append(f"no score on the rows to {part} on. {error}")
    return {name: {part: scores[name] for part, scores in found.items()} for name in OF_ANSWERS[task]}


def _baseline(y: NDArray[Any], task: str) -> Any:
    if task == "regression":
        return float(np.mean(y))
    labels, counts = np.unique(y, return_counts=True)
    return labels[counts.argmax()]


def _split(
    source: str, y: NDArray[Any], test_fraction: float, seed: int, task: str
) -> tuple[NDArray[Any], NDArray[Any]]:
    n = len(y)
    n_test = round(test_fraction * n)
    if task == "regression" and min(n_test, n - n_test) == 1:
        raise TableError(
            f"{source}: of {n} rows test_fraction={test_fraction} leaves one alone, and R² needs two or more on each "
            "side. Give more rows or another fraction."
        )
    if not 0 < n_test < n:
        raise TableError(
            f"{source}: {n} rows cannot be split with test_fraction={test_fraction}: one part would be empty. "
            "Give more rows or another fraction."
        )
    counts = np.unique(y, return_counts=True)[1]
    stratify = y if task == "classification" and counts.min() > 1 and min(n_test, n - n_test) >= len(counts) else None
    train, test = train_test_split(np.arange(n), test_size=n_test, random_state=seed, stratify=stratify)
    return np.sort(train), np.sort(test)
