"""``feedforward predict``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from feedforward.commands.errors import one_line_errors
from feedforward.commands.options import Debug, Delimiter, Encoding, StoredModelFile
from feedforward.phrases import counted
from feedforward.terminal import results, say_of_table


def predict(
    model: StoredModelFile,
    table: Annotated[Path, typer.Argument(help="Rows to answer for: a file as for train, or -.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="A .csv or .parquet file. Default: CSV on stdout."),
    ] = None,
    proba: Annotated[bool, typer.Option("--proba", help="Give the probability of each class too.")] = False,
    encoding: Encoding = "utf-8",
    delimiter: Delimiter = None,
    debug: Debug = False,
) -> None:
    """Answer for each row of a table, in its order.

    The model's columns are found by their names, in any order; other columns are left aside.

    \b
    feedforward predict outcome.safetensors new.csv
    feedforward predict outcome.safetensors new.csv --proba --out answers.parquet
    """  # noqa: D301 - the escape keeps the lines of the examples apart
    with one_line_errors(debug):
        from feedforward.answers import StoredModel, predict_table, suffix_of, write_answers
        from feedforward.places import check_places

        if out is not None:
            suffix_of(out)
        check_places({"--out": out}, {"the table": table, "the model": model})
        answers, ignored, notes = predict_table(
            StoredModel.open(model), table, proba=proba, encoding=encoding, delimiter=delimiter
        )
        say_of_table(ignored, notes)
        data = write_answers(answers, out)
        if out is None:
            sys.stdout.buffer.write(data)
            sys.stdout.flush()
        else:
            results.print(f"{counted(answers.num_rows, 'answer')}: {out}", markup=False, soft_wrap=True)
