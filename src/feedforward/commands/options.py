"""The options of the commands."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from feedforward.errors import SettingError


class Model(StrEnum):
    """The models that ``train`` knows."""

    tabular = "tabular"
    perceptron = "perceptron"
    adaline = "adaline"
    mlp = "mlp"


class PresetName(StrEnum):
    """The presets of the tabular network."""

    fast = "fast"
    strong = "strong"
    ensemble = "ensemble"


class Task(StrEnum):
    """What a target can be taken for."""

    classification = "classification"
    regression = "regression"


Preset = Annotated[
    PresetName | None,
    typer.Option("--preset", "-p", help="Of tabular: a first look, the default (strong), or accuracy worth minutes."),
]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="Of tabular: what training may take, from 5 up. Reading the file, scores and pictures come on top; such a "
        "run cannot be repeated exactly.",
    ),
]
Epochs = Annotated[int | None, typer.Option(metavar="N", help="The most passes over the rows.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", "-s", metavar="NAME=VALUE", help="A setting of the model. Repeatable.")
]
AsTask = Annotated[
    Task | None,
    typer.Option(
        help="What to take the target for, of a network. Default: a quantity if it has many different numbers."
    ),
]
Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        "-k",
        metavar="COLUMN=KIND",
        help="Take a column for number, category, boolean or date, or drop it. Repeatable.",
    ),
]
CheckpointFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write down, epoch by epoch, all that is needed to --resume.")
]
CheckpointEvery = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Epochs from one checkpoint to the next. Default: 1.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint, if there is one.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the results as JSON.")]
Encoding = Annotated[str, typer.Option(help="Of a CSV file.")]
Delimiter = Annotated[str | None, typer.Option(help="Of a CSV file. Default: found in its first line.")]
Decimal = Annotated[
    str, typer.Option(help="Of a CSV file: what stands before the fraction of a number, a point, or a comma as in 1,5.")
]
ModelTo = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="MODEL", help="Store the model, also over an older one."),
]
PlotTo = Annotated[
    Path | None,
    typer.Option(metavar="FILE.png", help="Draw how it learned and what it decides; of mlp the network too."),
]
ReportTo = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.html",
        help="Write a page: table, scores, errors, what matters, simpler models beside it, and whether it is worth it.",
    ),
]
StoredModelFile = Annotated[Path, typer.Argument(metavar="MODEL", help="A file that train --out or ff.save wrote.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback where something fails.")]


def pairs(option: str, texts: list[str]) -> list[tuple[str, str]]:
    """Return the names and values that an option was given.

    Examples
    --------
    >>> pairs("--kind", ["zip=category"])
    [('zip', 'category')]
    """
    for text in texts:
        if not text.partition("=")[0] or "=" not in text:
            raise SettingError(f"{option} takes NAME=VALUE; got {text!r}.")
    return [(name.strip(), value.strip()) for name, _, value in (text.rpartition("=") for text in texts)]
