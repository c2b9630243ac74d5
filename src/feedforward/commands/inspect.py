"""``feedforward inspect``."""

from pathlib import Path
from typing import Annotated

import typer

from feedforward.commands.errors import one_line_errors
from feedforward.commands.options import AsJson, Debug
from feedforward.terminal import print_json, print_summary


def inspect(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A file that train or ff.save wrote.")],
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show what is in a model file, after checking every bit of it, without loading the model.

    \b
    feedforward inspect outcome.safetensors
    """  # noqa: D301 - the escape keeps the lines of the examples apart
    with one_line_errors(debug):
        from feedforward.storage.summary import summary

        found = summary(model)
        if as_json:
            print_json(found)
        else:
            print_summary(found)
