"""``feedforward compare``."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from feedforward.commands.errors import in_flags, one_line_errors
from feedforward.commands.options import AsJson, AsTask, Debug, Decimal, Delimiter, Encoding, Kinds, pairs
from feedforward.phrases import counted
from feedforward.terminal import print_comparison, print_json, words


def compare(
    table: Annotated[Path, typer.Argument(help="A .csv, .csv.gz, .parquet or .arrow file; - for standard input.")],
    target: Annotated[str, typer.Option("--target", "-t", metavar="COLUMN", help="The column to predict.")],
    models: Annotated[
        str | None,
        typer.Option(
            "--models",
            "-m",
            metavar="NAME,...",
            help="Of dummy, perceptron, adaline, linear, boosting, mlp, tabular-fast, tabular-strong, "
            "tabular-ensemble. Default: all.",
        ),
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="Parts of the rows; each is answered for once.")] = 5,
    task: AsTask = None,
    kind: Kinds = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of the folds and of the models.")] = 0,
    as_json: AsJson = False,
    encoding: Encoding = "utf-8",
    delimiter: Delimiter = None,
    decimal: Decimal = ".",
    debug: Debug = False,
) -> None:
    """Train every model on the same folds of a table, beside a dummy, a linear model and gradient boosting.

    Each model learns from all folds but one and answers for that one, in turn. Figures are means over the folds with
    95 % intervals, which allow for what folds have in common; "behind" is what the best model is better by. A model
    that fails is named, and the others go on. Ctrl-C ends it with the models that are done; the slowest come last.

    \b
    feedforward compare patients.csv --target outcome
    feedforward compare houses.csv --target price --models linear,boosting,tabular-fast --folds 10
    feedforward compare patients.csv --target outcome --json > comparison.json
    """  # noqa: D301 - the escape keeps the lines of the examples apart
    with one_line_errors(debug):
        found = _compared(
            table,
            target,
            None if models is None else [name.strip() for name in models.split(",")],
            folds=folds,
            task=task,
            kinds=dict(pairs("--kind", kind or [])),
            encoding=encoding,
            delimiter=delimiter,
            decimal=decimal,
            seed=seed,
        )
        for entry in found.entries:
            for said in [entry.trouble] if entry.trouble else entry.warnings:
                words.print(
                    f"{'failed' if entry.trouble else 'warning'}: {entry.model}: {in_flags(said)}", markup=False
                )
        if as_json:
            print_json(found.facts())
        elif found.entries:
            print_comparison(found)
        if found.stopped:
            raise KeyboardInterrupt(f"after {counted(len(found.entries), 'model')}, whose figures are whole")


def _compared(table: Path, target: str, models: list[str] | None, *, folds: int, **choices: Any) -> Any:
    from feedforward.comparison import compare_models

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=words, transient=True, disable=not words.is_terminal) as progress:
        bar = progress.add_task("reading the table", total=None)

        def report(model: str, fold: int, done: int, most: int) -> None:
            progress.update(bar, description=f"{model}, fold {fold} of {folds}", completed=done, total=most)

        return compare_models(table, target, models, folds=folds, on_fit=report, **choices)
