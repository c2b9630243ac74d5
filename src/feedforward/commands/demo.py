"""``feedforward demo``."""

from pathlib import Path
from typing import Annotated

import typer

from feedforward.commands.errors import one_line_errors
from feedforward.commands.options import Debug, Model
from feedforward.commands.training import train_model
from feedforward.terminal import print_experiments, results, words

_CLIMB = (Model.perceptron, Model.adaline, Model.mlp, Model.tabular)


def demo(
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the table and the pictures go.")] = Path(
        "feedforward-demo"
    ),
    debug: Debug = False,
) -> None:
    """Climb on a real table, 569 breast tumours, benign or malignant: two neurons, two networks.

    The table comes with scikit-learn; it is written as a CSV file first, so that this is what `feedforward train` does.
    """
    with one_line_errors(debug):
        from feedforward.demo import write_breast_cancer

        table = write_breast_cancer(out)
        words.print(f"[bold]{table}[/bold]: 569 breast tumours, 30 measurements each (Wolberg, Street & Mangasarian).")
        experiments = []
        for model in _CLIMB:
            settings = {"preset": "fast"} if model is Model.tabular else {}
            experiments.append(train_model(table, "diagnosis", model, settings=settings, plot=out / f"{model}.png"))
        print_experiments(experiments)
        for model in _CLIMB:
            results.print(f"picture: {out / f'{model}.png'}", soft_wrap=True)
        words.print(f"\nNext: feedforward train {table} --target diagnosis --out diagnosis.safetensors")
