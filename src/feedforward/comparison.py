"""Every model of the climb, and what it has to beat, on the same folds of one table."""

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student
from sklearn.model_selection import KFold, StratifiedKFold

from feedforward.baselines import BASELINES, baseline
from feedforward.choices import MODELS, model_of, task_of
from feedforward.errors import SettingError, TableError
from feedforward.estimators.presets import PRESETS
from feedforward.fitting import fit
from feedforward.measures import BOUNDS, DECIDING, HIGHER_IS_BETTER, answers_of
from feedforward.scoring import SHARE, Estimate
from feedforward.tables.kinds import checked_kinds
from feedforward.tables.reading import read_known
from feedforward.tables.sources import Source, placing
from feedforward.validation import nearest

Array = NDArray[Any]
Fold = tuple[Array, Array]  # rows to learn from, rows to answer for

# From the simplest to the slowest, so that much is known early.
CLIMB = ("dummy", "perceptron", "adaline", "linear", "boosting", "mlp", *(f"tabular-{name}" for name in PRESETS))


@dataclass(frozen=True)
class Entry:
    """A model on all folds.

    Attributes
    ----------
    model : str
    folds : dict of list
        From measure to its value on each fold; None where there is no such number.
    scores : dict
        From measure to its mean over the folds, as `Estimate`.
    behind : Estimate or None
        By how much the best model is better by the measure that decides, on the same folds.
    seconds : list of float
        Of training, for each fold.
    trouble : str
        Why it has no scores; "" if it has.
    warnings : list of str
        What training warned of, once each.
    """

    model: str
    folds: dict[str, list[float | None]]
    scores: dict[str, Estimate]
    behind: Estimate | None
    seconds: list[float]
    trouble: str
    warnings: list[str]


@dataclass(frozen=True)
class Comparison:
    """What came of all models on one table.

    Attributes
    ----------
    source, target, task : str
    rows, folds, seed : int
    measure : str
        The one that decides.
    entries : list of Entry
        In the order in which they were trained.
    stopped : bool
        Whether Ctrl-C came before all were.
    """

    source: str
    target: str
    task: str
    rows: int
    folds: int
    seed: int
    measure: str
    entries: list[Entry]
    stopped: bool

    def facts(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        models = [
            {
                "model": one.model,
                "scores": {name: {**_held(found), "folds": one.folds[name]} for name, found in one.scores.items()},
                "behind": None if one.behind is None else _held(one.behind),
                "seconds": [round(seconds, 6) for seconds in one.seconds],
                "error": one.trouble or None,
                "warnings": one.warnings,
            }
            for one in self.entries
        ]
        return {
            "table": self.source,
            "target": self.target,
            "task": self.task,
            "rows": self.rows,
            "folds": self.folds,
            "seed": self.seed,
            "decides": self.measure,
            "stopped": self.stopped,
            "models": models,
        }


def compare_models(
    path: str | Path,
    target: str,
    models: Sequence[str] | None = None,
    *,
    folds: int = 5,
    task: str | None = None,
    kinds: Mapping[str, str] | None = None,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    decimal: str = ".",
    seed: int = 0,
    on_fit: Callable[[str, int, int, int], None] | None = None,
) -> Comparison:
    r"""Train models on all folds but one and score them on that one, for each fold; all on the same folds.

    A model that fails keeps its place with its reason, and the others go on. Ctrl-C ends the comparison with those
    models that have been on all folds by then.

    Parameters
    ----------
    path, target, task, kinds, encoding, delimiter, decimal
        As `run_experiment` has them.
    models : sequence of str, optional
        Some of "dummy", "perceptron", "adaline", "linear", "boosting", "mlp", "tabular-fast", "tabular-strong" and
        "tabular-ensemble". Default: all, but for quantities without the two neurons, which tell classes apart.
    folds : int
        2 or more; classes have their share of each.
    seed : int
        Of the folds and of the models.
    on_fit : callable, optional
        Called before each training with the model, the fold from 1, the trainings done and all there are.

    Raises
    ------
    FileError, TableError, SettingError
        Naming the file, row, column or setting, and what to do.

    References
    ----------
    Nadeau and Bengio (2003), Inference for the generalization error, Machine Learning 52: intervals over folds, whose
    training rows are mostly the same.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "points.csv"
    ...     rows = [f"{i},{i % 7},{'left' if i < 50 else 'right'}" for i in range(100)]
    ...     _ = path.write_text("\n".join(["x,y,side", *rows]))
    ...     found = compare_models(path, "side", ["dummy", "linear"], folds=4)
    >>> [entry.model for entry in found.entries], found.entries[1].scores["accuracy"].value > 0.9
    (['dummy', 'linear'], True)
    """
    names = _chosen(models)
    whole, X, y = read_known(path, target, kinds, encoding=encoding, delimiter=delimiter, decimal=decimal)
    checked_kinds(kinds, X.column_names)
    whole = replace(whole, name=Path(whole.name).name)
    task = task_of(whole.name, target, y, "tabular", task)
    if models is None:
        names = [name for name in names if _tells(name, task)]
    parts = folds_of(y, task, folds, seed)
    if task == "classification":
        _refuse_lone_class(y, parts, f"{whole.name}, target column {target!r}")
    found: list[Entry] = []
    stopped = False
    for i, name in enumerate(names):

        def on_fold(k: int, i: int = i, name: str = name) -> None:
            if on_fit:
                on_fit(name, k, i * folds + k - 1, len(names) * folds)

        try:
            found.append(_entry(whole, name, task, dict(kinds or {}), seed, (X, y), parts, on_fold))
        except KeyboardInterrupt:
            stopped = True
            break
    first, second = DECIDING[task]
    measure = first if any(first in one.scores for one in found) else second
    return Comparison(
        whole.name, target, task, len(y), folds, seed, measure, _ranked(found, task, measure, parts), stopped
    )


def folds_of(y: Array, task: str, folds: int, seed: int) -> list[Fold]:
    """Return for each fold the rows to learn from and those to answer for: shuffled, and by classes if there are any.

    Examples
    --------
    >>> parts = folds_of(np.array(["a", "b"] * 6), "classification", 3, seed=0)
    >>> [len(answered) for _, answered in parts]
    [4, 4, 4]
    """
    n, most = len(y), len(y) // 2
    if most < 2:
        raise TableError(f"{n} rows are too few to compare models on: folds need 4 or more. Give more rows.")
    if not 2 <= folds <= most:
        raise SettingError(
            f"folds must be from 2 to {most}, for there are {n} rows; got {folds}. Take another number, or "
            "give more rows."
        )
    by_class = task == "classification" and np.unique(y, return_counts=True)[1].max() >= folds
    kind = StratifiedKFold if by_class else KFold
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")  # it is in as many folds as it has rows
        return list(kind(folds, shuffle=True, random_state=seed).split(np.zeros(n), y))


def _refuse_lone_class(y: Array, parts: Sequence[Fold], where: str) -> None:
    """Raise `TableError` if the rows of one class alone are left to learn from where a fold is answered for."""
    for learned, answered in parts:
        if len(np.unique(y[learned])) == 1:
            rare = next(label for label in y[answered].tolist() if label != y[learned[0]])
            raise TableError(
                f"{where}: where the rows of class {rare!r} are answered for, no other than those of class "
                f"{y[learned[:1]].tolist()[0]!r} are left to learn from. Give more rows of class {rare!r}."
            )


def over_folds(
    values: Sequence[float | None], learned: int, answered: int, bounds: tuple[float, float] = (-np.inf, np.inf)
) -> Estimate:
    """Return the mean over folds and its 95 % interval, wider than it would be if folds had no rows in common.

    Of J folds with variance s² it is x̄ ± t s √(1/J + answered/learned), t of J - 1 degrees of freedom, as far as it is
    within the `bounds` of the measure.

    Examples
    --------
    >>> found = over_folds([0.8, 0.9], 50, 50)
    >>> round(found.value, 3), round(found.high, 3)
    (0.85, 1.95)
    >>> over_folds([0.8, 0.9], 50, 50, (0.0, 1.0)).high
    1.0
    """
    told = np.array([value for value in values if value is not None])
    if len(told) < 2:
        return Estimate(float(told.mean()) if len(told) else float("nan"), float("nan"), float("nan"))
    reach = student.ppf((1 + SHARE) / 2, len(told) - 1) * told.std(ddof=1) * np.sqrt(1 / len(told) + answered / learned)
    mean = float(told.mean())
    return Estimate(mean, max(mean - float(reach), bounds[0]), min(mean + float(reach), bounds[1]))


# Inside ------------------------------------------------------------------------------------------------------------


def _held(found: Estimate) -> dict[str, float | None]:
    """Return a mean and its interval as JSON can hold them."""
    ends = {"mean": found.value, "low": found.low, "high": found.high}
    return {name: end if np.isfinite(end) else None for name, end in ends.items()}


def _chosen(models: Sequence[str] | None) -> list[str]:
    for name in models or []:
        if name not in CLIMB:
            raise SettingError(f"There is no model {name!r} to compare. {nearest(name, CLIMB, 'models')}")
    return list(dict.fromkeys(CLIMB if models is None else models))


def _tells(name: str, task: str) -> bool:
    return name in BASELINES or task in MODELS[name.partition("-")[0]]


def _entry(
    source: Source,
    name: str,
    task: str,
    kinds: Mapping[str, str],
    seed: int,
    rows: tuple[Any, Array],
    parts: Sequence[Fold],
    on_fold: Callable[[int], None],
) -> Entry:
    (X, y), told, seconds, said = rows, dict[str, list[float | None]](), list[float](), dict[str, None]()
    try:
        if not _tells(name, task):
            raise SettingError(
                f"{name} tells classes apart, and {source.name} has a quantity to predict. Leave it out."
            )
        for k, (learned, answered) in enumerate(parts, 1):
            on_fold(k)
            where = replace(source, rows=learned)
            model, took, troubles = _trained(where, name, task, kinds, seed, (X.take(learned), y[learned]))
            seconds.append(took)
            said.update(dict.fromkeys(troubles))
            w = np.ones(len(answered))
            with np.errstate(all="ignore"), placing(replace(source, rows=answered)):  # weights may be of any size
                measures = answers_of(model, X.take(answered), y[answered]).measures()
            for measure, of in measures.items():
                value = of(w)
                told.setdefault(measure, []).append(value if np.isfinite(value) else None)
    except Exception as error:  # whatever it is: the others go on, and the table says it
        return Entry(name, {}, {}, None, seconds, " ".join(str(error).split()) or type(error).__name__, list(said))
    scores = {measure: _estimate(values, parts, BOUNDS[measure]) for measure, values in told.items()}
    return Entry(name, told, scores, None, seconds, "", list(said))


def _trained(
    source: Source, name: str, task: str, kinds: Mapping[str, str], seed: int, rows: tuple[Any, Array]
) -> tuple[Any, float, list[str]]:
    """Return a model of its own for these rows, the seconds that took, and what was warned of."""
    if name in BASELINES:
        model = baseline(name, task, kinds, seed)
        with warnings.catch_warnings(), placing(source):
            warnings.simplefilter("ignore")  # of another library's solver, which has no setting here
            start = time.perf_counter()
            model.fit(*rows)
        return model, time.perf_counter() - start, []
    kind, _, preset = name.partition("-")
    model = model_of(kind, task, {"preset": preset} if preset else {}, kinds, seed)
    seconds, troubles, stop = fit(source, model, rows, None, None)
    if stop is not None:
        raise stop
    return model, seconds, troubles


def _estimate(
    values: Sequence[float | None], parts: Sequence[Fold], bounds: tuple[float, float] = (-np.inf, np.inf)
) -> Estimate:
    return over_folds(values, len(parts[0][0]), len(parts[0][1]), bounds)


def _ranked(found: Sequence[Entry], task: str, measure: str, parts: Sequence[Fold]) -> list[Entry]:
    """Return the entries with what each is behind the best by, fold by fold."""
    sign = 1.0 if HIGHER_IS_BETTER[task][measure] else -1.0
    scored = [one for one in found if measure in one.scores and np.isfinite(one.scores[measure].value)]
    if not scored:
        return list(found)
    best = max(scored, key=lambda one: sign * one.scores[measure].value)
    ranked = []
    for one in found:
        behind = None
        if one in scored and one is not best:
            pairs = zip(best.folds[measure], one.folds[measure], strict=True)
            gaps = [None if a is None or b is None else sign * (a - b) for a, b in pairs]
            behind = _estimate(gaps, parts)
        ranked.append(replace(one, behind=behind))
    return ranked
