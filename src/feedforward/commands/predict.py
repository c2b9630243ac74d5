"""``feedforward predict``."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from feedforward.commands.errors import one_line_errors
from feedforward.commands.options import Debug, Decimal, Delimiter, Encoding, StoredModelFile
from feedforward.phrases import counted
from feedforward.terminal import results, say_of_table, words


def predict(
    model: StoredModelFile,
    table: Annotated[Path, typer.Argument(help="Rows to answer for: a file as for train, or -.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="A .csv or .parquet file. Default: CSV on stdout."),
    ] = None,
    proba: Annotated[bool, typer.Option("--proba", help="Give the probability of each class too.")] = False,
    interval: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE", help="Of a quantity: give two numbers that it lies between with this probability, as 0.9."
        ),
    ] = None,
    encoding: Encoding = "utf-8",
    delimiter: Delimiter = None,
    decimal: Decimal = ".",
    debug: Debug = False,
) -> None:
    """Answer for each row of a table, in its order.

    The model's columns are found by their names, in any order; other columns are left aside. The table may be larger
    than memory. The answers are there when all of them are.

    \b
    feedforward predict outcome.safetensors new.csv
    feedforward predict outcome.safetensors new.csv --proba --out answers.parquet
    feedforward predict price.safetensors houses.csv.gz --interval 0.9 --out prices.csv
    zcat new.csv.gz | feedforward predict outcome.safetensors - > answers.csv
    """  # noqa: D301 - the escape keeps the lines of the examples apart
    with one_line_errors(debug):
        from feedforward.answer_files import suffix_of, write_answers
        from feedforward.answers import ModelRows, StoredModel, predict_rows
        from feedforward.places import check_places

        if out is not None:
            suffix_of(out)
        check_places({"--out": out}, {"the table": table, "the model": model})
        stored = StoredModel.open(model)
        rows = ModelRows(stored, table, encoding=encoding, delimiter=delimiter, decimal=decimal)
        answers = predict_rows(stored, rows, proba=proba, interval=interval)
        count = write_answers(_counted(answers), out, getattr(stored.learner, "classes_", ()))
        say_of_table([name for name in rows.ignored if name != (stored.about or {}).get("target")], rows.notes())
        if out is not None:
            results.print(f"{counted(count, 'answer')}: {out}", markup=False, soft_wrap=True)


def _counted(tables: Iterable[Any]) -> Iterator[Any]:
    """Yield tables, and show on a terminal how many rows went by."""
    columns = TextColumn("predicting: {task.completed:,} rows"), TimeElapsedColumn()
    with Progress(*columns, console=words, transient=True, disable=not words.is_terminal) as progress:
        task = progress.add_task("predicting", total=None)
        for table in tables:
            yield table
            progress.advance(task, table.num_rows)
