"""The page as a whole, in one file that asks no other host for anything."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import sklearn

from feedforward.disk import write_bytes
from feedforward.errors import InputError
from feedforward.experiment import Experiment
from feedforward.importance import Importance, permutation_importance
from feedforward.report import chapters
from feedforward.report.contest import run_contest
from feedforward.report.looks import LOOKS
from feedforward.report.markup import text
from feedforward.report.verdict import verdict

_COLUMNS, _ROWS = 300, 2000  # beyond, shuffling every column would take longer than training

Step = Callable[[str, int, int], None]  # what is being done, steps done, steps there are


def write_report(experiment: Experiment, path: str | Path, *, seed: int = 0, on_step: Step | None = None) -> None:
    r"""Write a page about a trained model: what the table is, how good the model is, and whether it is worth it.

    The page stands for itself: no script, no other file, no other host. It shows column names, labels and some values
    of the table.

    Parameters
    ----------
    experiment : Experiment
    path : path
        Ending in ``.html`` by custom.
    seed : int
        Of resamples and shuffles.
    on_step : callable, optional
        Called with what is being done, the steps done and the steps there are.

    Raises
    ------
    FileError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from feedforward.experiment import run_experiment
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = Path(folder) / "points.csv"
    ...     rows = [f"{i},{i % 7},{'left' if i < 50 else 'right'}" for i in range(100)]
    ...     _ = table.write_text("\n".join(["x,y,side", *rows]))
    ...     write_report(run_experiment(table, "side", "adaline"), f"{folder}/points.html")
    ...     page = Path(folder, "points.html").read_text(encoding="utf-8")
    >>> page[:15], "a linear model" in page
    ('<!doctype html>', True)
    """
    write_bytes(path, page(experiment, seed, on_step or (lambda *_: None)).encode())


def page(experiment: Experiment, seed: int, on_step: Step) -> str:
    """Return the page."""
    contest = run_contest(experiment, seed, lambda title: on_step(f"training: {title.lower()}", 0, 0))
    needed, why_not = _needed(experiment, seed, on_step)
    on_step("writing the report", 0, 0)
    body = "\n".join(
        [
            chapters.heading(experiment, contest),
            chapters.worth(verdict(contest)),
            chapters.scores(contest),
            chapters.answers(experiment, contest.first),
            chapters.needs(needed, why_not),
            chapters.learning(experiment),
            chapters.about_table(experiment),
            chapters.method(experiment, contest, [("seed", str(seed)), ("versions", _versions())]),
        ]
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{text(experiment.target)} · {text(experiment.source)}</title>\n<style>{LOOKS}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n<footer>This page shows values of the table: mind whom you give it to.</footer>\n"
        "</main>\n</body>\n</html>\n"
    )


def _needed(experiment: Experiment, seed: int, on_step: Step) -> tuple[Importance | None, str]:
    X, y = experiment.test
    if X.num_columns > _COLUMNS:
        return None, (
            f"The table has more than {_COLUMNS} columns, so they were not shuffled one by one here; "
            "feedforward.permutation_importance does so."
        )
    rows = np.sort(np.random.default_rng(seed).permutation(len(y))[:_ROWS])
    try:
        found = permutation_importance(
            experiment.model,
            X.take(rows),
            y[rows],
            seed=seed,
            on_column=lambda done, most: on_step("shuffling columns", done, most),
        )
    except InputError as error:  # training that diverged; too few rows for R²; labels that no row of training had
        return None, str(error)
    return found, ""


def _versions() -> str:
    from feedforward import __version__

    return f"feedforward {__version__}, scikit-learn {sklearn.__version__}, NumPy {np.__version__}"
