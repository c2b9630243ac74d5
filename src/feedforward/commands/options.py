"""Options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Model(StrEnum):
    """The models that ``train`` knows."""

    perceptron = "perceptron"
    adaline = "adaline"
    mlp = "mlp"


class Task(StrEnum):
    """What a target can be taken for."""

    classification = "classification"
    regression = "regression"


AsTask = Annotated[
    Task | None,
    typer.Option(help="What to take the target for, with mlp. Default: a quantity if it has many different numbers."),
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
ModelTo = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="MODEL", help="Store the model, also over an older one."),
]
StoredModelFile = Annotated[Path, typer.Argument(metavar="MODEL", help="A file that train --out or ff.save wrote.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback where something fails.")]
