"""Train a model on a table, with a bar that shows how far it is."""

from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from feedforward.commands.errors import in_flags
from feedforward.commands.options import Model
from feedforward.terminal import words


def train_model(
    table: Path,
    target: str,
    model: Model,
    *,
    plot: Path | None,
    report: Path | None = None,
    out: Path | None = None,
    **choices: Any,
) -> Any:
    """Return the experiment with a model, after storing, drawing and reporting what was asked for."""
    from feedforward.experiment import Interrupted, run_experiment
    from feedforward.picture import draw_experiment, picture_kind
    from feedforward.places import check_places, check_replaces, page_kind
    from feedforward.training.checkpoints import files_of

    if plot is not None:
        picture_kind(plot)
    if report is not None:
        page_kind(report)
    writes: dict[str, Path | None] = {"--plot": plot, "--report": report, "--out": out}
    checkpoint = choices.get("checkpoint")
    if checkpoint is not None:
        writes |= {"--checkpoint": checkpoint.path, "--checkpoint (the one before)": files_of(checkpoint)[1]}
    check_places(writes, {"the table": table})
    if out is not None:
        check_replaces("--out", out)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("epochs")
    # With verbose=True the model draws a bar of its own.
    silent = not words.is_terminal or bool((choices.get("settings") or {}).get("verbose"))
    with Progress(*columns, console=words, transient=True, disable=silent) as progress:
        task = progress.add_task(f"preparing {model.value}", total=None)

        def on_epoch(done: int, most: int) -> None:
            progress.update(task, description=f"training {model.value}", completed=done, total=most)

        try:
            experiment = run_experiment(table, target, model.value, on_epoch=on_epoch, **choices)
        except Interrupted as stopped:
            if out is not None:
                stopped.kept.append(_keep(stopped.experiment, out))
            raise
    for warning in experiment.warnings:
        words.print(f"warning: {in_flags(warning)}", style="yellow", markup=False)
    if out is not None:
        experiment.save(out)
    if plot is not None:
        draw_experiment(experiment, plot)
    if report is not None:
        _write_report(experiment, report)
    return experiment


def _keep(experiment: Any, out: Path) -> str:
    """Store what was learned until Ctrl-C, if anything was, and say so."""
    if not experiment.learner.n_iter_:
        return f"nothing was learned yet, so {out} was not written"
    experiment.save(out)
    return f"the model as it is now: {out}"


def _write_report(experiment: Any, path: Path) -> None:
    from feedforward.report.page import write_report

    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %")
    with Progress(*columns, console=words, transient=True, disable=not words.is_terminal) as progress:
        task = progress.add_task("reporting", total=None)

        def on_step(what: str, done: int, most: int) -> None:
            progress.update(task, description=what, completed=done, total=most or None)

        write_report(experiment, path, on_step=on_step)
