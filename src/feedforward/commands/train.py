"""``feedforward train``."""

import ast
from pathlib import Path
from typing import Annotated, Any

import typer

from feedforward.commands.errors import one_line_errors
from feedforward.commands.options import (
    AsJson,
    AsTask,
    CheckpointEvery,
    CheckpointFile,
    Debug,
    Delimiter,
    Encoding,
    Kinds,
    Model,
    ModelTo,
    Resume,
)
from feedforward.commands.training import train_model
from feedforward.errors import SettingError
from feedforward.terminal import print_experiments, print_json, results


def train(
    table: Annotated[Path, typer.Argument(help="A .csv, .csv.gz, .parquet or .arrow file; - for standard input.")],
    target: Annotated[str, typer.Option("--target", "-t", metavar="COLUMN", help="The column to predict.")],
    model: Annotated[Model, typer.Option("--model", "-m", help="What to train.")] = Model.perceptron,
    task: AsTask = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", "-s", metavar="NAME=VALUE", help="A setting of the model. Repeatable.")
    ] = None,
    kind: Kinds = None,
    test_fraction: Annotated[float, typer.Option(help="Share of the rows set aside for the test.")] = 0.25,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of the split and of the model.")] = 0,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Draw how it learned, what it decides, and a network itself."),
    ] = None,
    out: ModelTo = None,
    checkpoint: CheckpointFile = None,
    checkpoint_every: CheckpointEvery = None,
    resume: Resume = False,
    as_json: AsJson = False,
    encoding: Encoding = "utf-8",
    delimiter: Delimiter = None,
    debug: Debug = False,
) -> None:
    """Train a neuron or a network on a table and score it on rows set aside.

    Numbers are scaled, categories become 0/1 columns, missing cells are filled and marked. The accuracy stands beside
    that of always giving the most common answer; of a quantity, R² and the mean absolute error beside the mean's.

    \b
    feedforward train patients.csv --target outcome
    feedforward train patients.csv --target outcome --model adaline --plot curve.png
    feedforward train houses.csv --target price --model mlp --set hidden_sizes=64,32 --set activation=tanh
    feedforward train sales.parquet -t returned -m adaline --set learning_rate=0.01 --set batch_size=32
    feedforward train sales.parquet -t returned --kind order_id=drop --kind zip=category
    feedforward train houses.csv --target price --model mlp --checkpoint houses.checkpoint --resume
    feedforward train patients.csv --target outcome --json > result.json
    feedforward train patients.csv --target outcome --out outcome.safetensors
    """  # noqa: D301 - the escape keeps the lines of the examples apart
    with one_line_errors(debug):
        experiment = train_model(
            table,
            target,
            model,
            task=task,
            settings={name: _value(text) for name, text in _pairs("--set", set_ or [])},
            kinds=dict(_pairs("--kind", kind or [])),
            encoding=encoding,
            delimiter=delimiter,
            test_fraction=test_fraction,
            seed=seed,
            checkpoint=_checkpoint(checkpoint, checkpoint_every, resume),
            plot=plot,
            out=out,
        )
        if as_json:
            print_json(experiment.facts())
            return
        print_experiments([experiment])
        if out is not None:
            results.print(f"model: {out}", markup=False, soft_wrap=True)


def _checkpoint(path: Path | None, every: int | None, resume: bool) -> Any:
    if path is None:
        for option, is_given in (("--resume", resume), ("--checkpoint-every", every is not None)):
            if is_given:
                raise SettingError(f"{option} needs --checkpoint FILE, the file to write and to go on from.")
        return None
    from feedforward.training.checkpoints import Checkpoint

    return Checkpoint(path, every=every or 1, resume=resume)


def _pairs(option: str, texts: list[str]) -> list[tuple[str, str]]:
    for text in texts:
        if not text.partition("=")[0] or "=" not in text:
            raise SettingError(f"{option} takes NAME=VALUE; got {text!r}.")
    return [(name.strip(), value.strip()) for name, _, value in (text.rpartition("=") for text in texts)]


def _value(text: str) -> Any:
    """Read a setting: a Python literal (0.1, None, True, {'yes': 2}) or, failing that, a word."""
    words = {"true": True, "false": False, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
