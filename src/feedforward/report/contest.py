"""A trained model and the baselines, learned from the same rows, asked for the same rows that none has learned from."""

import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feedforward.baselines import BASELINES, baseline, stored_size
from feedforward.errors import NotFiniteError
from feedforward.experiment import Experiment
from feedforward.measures import HIGHER_IS_BETTER, Answers, answers_of, deciding
from feedforward.scoring import Estimate, resample
from feedforward.storage.saving import save

TITLES = {
    "perceptron": "Perceptron",
    "adaline": "Adaline",
    "mlp": "Network (MLP)",
    "tabular": "Network (tabular)",
    "dummy": "One answer for all",
    "linear": "Linear model",
    "boosting": "Gradient boosting",
}


@dataclass(frozen=True)
class Contestant:
    """A model and what came of it.

    Attributes
    ----------
    name, title : str
    seconds : float
        Of training.
    size : int
        Bytes, stored.
    answers : Answers or None
        For the test rows; None if there are none, for the reason `trouble`.
    trouble : str
    scores : dict
        From measure to `Estimate`.
    lead : Estimate or None
        By how much the first contestant is better by the measure that decides; None for the first.
    """

    name: str
    title: str
    seconds: float
    size: int
    answers: Answers | None
    trouble: str
    scores: dict[str, Estimate]
    lead: Estimate | None


@dataclass(frozen=True)
class Contest:
    """All contestants, the model in question first, and the measure that decides.

    Attributes
    ----------
    task, measure : str
    rows : int
        That all were tested on.
    contestants : list of Contestant
    """

    task: str
    measure: str
    rows: int
    contestants: list[Contestant]

    @property
    def first(self) -> Contestant:
        """The model in question."""
        return self.contestants[0]


@dataclass(frozen=True)
class _Entry:
    name: str
    seconds: float
    size: int
    answers: Answers | None
    trouble: str


def run_contest(experiment: Experiment, seed: int = 0, on_model: Callable[[str], None] | None = None) -> Contest:
    r"""Train the baselines on the rows that a model was trained on, and score all on those that it was tested on.

    A baseline that fails stays in the list with its reason; the others go on.

    Parameters
    ----------
    experiment : Experiment
    seed : int
        Of the resamples and of boosting.
    on_model : callable, optional
        Called with the title of each baseline before it is trained.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from feedforward.experiment import run_experiment
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "points.csv"
    ...     rows = [f"{i},{i % 7},{'left' if i < 50 else 'right'}" for i in range(100)]
    ...     _ = path.write_text("\n".join(["x,y,side", *rows]))
    ...     found = run_contest(run_experiment(path, "side", "adaline"))
    >>> found.measure, found.contestants[1].title, found.contestants[1].lead.low > 0
    ('accuracy', 'One answer for all', True)
    """
    entries = [_the_model(experiment)]
    for name in BASELINES:
        if on_model:
            on_model(TITLES[name])
        entries.append(_trained(name, experiment, seed))
    ready = [one for one in entries if one.answers is not None]
    measure, scores, leads = _judged(experiment.task, entries, ready, seed)
    return Contest(
        experiment.task,
        measure,
        len(experiment.test[1]),
        [
            Contestant(
                one.name,
                TITLES.get(one.name, one.name),
                one.seconds,
                one.size,
                one.answers,
                one.trouble,
                scores.get(one.name, {}),
                leads.get(one.name),
            )
            for one in entries
        ],
    )


def _judged(
    task: str, entries: list[_Entry], ready: list[_Entry], seed: int
) -> tuple[str, dict[str, dict[str, Estimate]], dict[str, Estimate]]:
    found = resample([one.answers for one in ready if one.answers is not None], seed)
    measure = deciding(task, found.values)
    scores = {one.name: {name: found.estimate(i, name) for name in found.values[i]} for i, one in enumerate(ready)}
    leads = {}
    if ready[0] is entries[0]:
        leads = {
            one.name: found.lead(0, i, measure, HIGHER_IS_BETTER[task][measure]) for i, one in enumerate(ready) if i > 0
        }
    return measure, scores, leads


def _the_model(experiment: Experiment) -> _Entry:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        save(experiment.model, path, training_state=False)
        size = path.stat().st_size
    try:
        answers, trouble = answers_of(experiment.model, *experiment.test), ""
    except NotFiniteError as error:  # training that diverged
        answers, trouble = None, str(error)
    return _Entry(experiment.model_name, experiment.seconds, size, answers, trouble)


def _trained(name: str, experiment: Experiment, seed: int) -> _Entry:
    model: Any = baseline(name, experiment.task, experiment.encoder.kinds, seed)
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of another library's solver, which has no setting here
            model.fit(*experiment.train)
            seconds = time.perf_counter() - start
            return _Entry(name, seconds, stored_size(model), answers_of(model, *experiment.test), "")
    except Exception as error:  # whatever it is: the others go on, and the page says it
        words = " ".join(str(error).split())
        return _Entry(name, time.perf_counter() - start, 0, None, words or type(error).__name__)
