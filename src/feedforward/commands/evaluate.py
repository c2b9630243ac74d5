"""``feedforward evaluate``."""

from pathlib import Path
from typing import Annotated

import typer

from feedforward.commands.errors import one_line_errors
from feedforward.commands.options import AsJson, Debug, Decimal, Delimiter, Encoding, StoredModelFile
from feedforward.terminal import print_evaluation, print_json, say_of_table, words


def evaluate(
    model: StoredModelFile,
    table: Annotated[Path, typer.Argument(help="Rows with the right answers: a file as for train, or -.")],
    target: Annotated[
        str | None, typer.Option("--target", "-t", metavar="COLUMN", help="Default: the column it was trained for.")
    ] = None,
    as_json: AsJson = False,
    encoding: Encoding = "utf-8",
    delimiter: Delimiter = None,
    decimal: Decimal = ".",
    debug: Debug = False,
) -> None:
    """Say how good a stored model is on a table that has the right answers, which may be larger than memory.

    \b
    feedforward evaluate outcome.safetensors later.csv
    zcat later.csv.gz | feedforward evaluate outcome.safetensors -
    """  # noqa: D301 - the escape keeps the lines of the examples apart
    with one_line_errors(debug):
        from feedforward.answers import StoredModel
        from feedforward.judging import evaluate_table

        found = evaluate_table(
            StoredModel.open(model), table, target, encoding=encoding, delimiter=delimiter, decimal=decimal
        )
        say_of_table(found["ignored_columns"], found["notes"])
        if found["unknown_labels"]:
            counts = ", ".join(f"{label!r} ({count})" for label, count in found["unknown_labels"].items())
            words.print(f"warning: the model knows no label {counts}: it is wrong there.", style="yellow", markup=False)
        if as_json:
            print_json(found)
        else:
            print_evaluation(found)
