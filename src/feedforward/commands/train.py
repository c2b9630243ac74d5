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
    Decimal,
    Delimiter,
    Encoding,
    Epochs,
    Kinds,
    Model,
    ModelTo,
    PlotTo,
    Preset,
    PresetName,
    ReportTo,
    Resume,
    Settings,
    TimeLimit,
    pairs,
)
from feedforward.commands.training import train_model
from feedforward.errors import SettingError
from feedforward.terminal import print_experiments, print_json, results


def train(
    table: Annotated[Path, typer.Argument(help="A .csv, .csv.gz, .parquet or .arrow file; - for standard input.")],
    target: Annotated[str, typer.Option("--target", "-t", metavar="COLUMN", help="The column to predict.")],
    model: Annotated[Model, typer.Option("--model", "-m", help="What to train.")] = Model.tabular,
    preset: Preset = None,
    time_limit: TimeLimit = None,
    epochs: Epochs = None,
    task: AsTask = None,
    set_: Settings = None,
    kind: Kinds = None,
    test_fraction: Annotated[float, typer.Option(help="Share of the rows set aside for the test.")] = 0.25,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of the split and of the model.")] = 0,
    plot: PlotTo = None,
    report: ReportTo = None,
    out: ModelTo = None,
    checkpoint: CheckpointFile = None,
    checkpoint_every: CheckpointEvery = None,
    resume: Resume = False,
    as_json: AsJson = False,
    encoding: Encoding = "utf-8",
    delimiter: Delimiter = None,
    decimal: Decimal = ".",
    debug: Debug = False,
) -> None:
    """Train a network or a neuron on a table and score it on rows set aside.

    By default it is the tabular network, which reads any table as it is: numbers, categories, booleans and dates, with
    missing cells. The accuracy stands beside that of always giving the most common answer; of a quantity, R² and the
    mean absolute error beside the mean's.

    \b
    feedforward train patients.csv --target outcome
    feedforward train patients.csv --target outcome --preset fast --plot curves.png
    feedforward train patients.csv --target outcome --report outcome.html
    feedforward train sales.parquet -t returned --time-limit 60 --out returned.safetensors
    feedforward train sales.parquet -t returned --kind order_id=drop --kind zip=category
    feedforward train patients.csv --target outcome --model adaline --set learning_rate=0.01 --set batch_size=32
    feedforward train houses.csv --target price --model mlp --set hidden_sizes=64,32 --set activation=tanh
    feedforward train houses.csv --target price --checkpoint houses.checkpoint --resume
    feedforward train patients.csv --target outcome --json > result.json
    """  # noqa: D301 - the escape keeps the lines of the examples apart
    with one_line_errors(debug):
        experiment = train_model(
            table,
            target,
            model,
            task=task,
            settings=_settings(set_ or [], preset, time_limit, epochs),
            kinds=dict(pairs("--kind", kind or [])),
            encoding=encoding,
            delimiter=delimiter,
            decimal=decimal,
            test_fraction=test_fraction,
            seed=seed,
            checkpoint=_checkpoint(checkpoint, checkpoint_every, resume),
            plot=plot,
            report=report,
            out=out,
        )
        if as_json:
            print_json(experiment.facts())
            return
        print_experiments([experiment])
        for what, path in (("model", out), ("report", report)):
            if path is not None:
                results.print(f"{what}: {path}", markup=False, soft_wrap=True)


def _checkpoint(path: Path | None, every: int | None, resume: bool) -> Any:
    if path is None:
        for option, is_given in (("--resume", resume), ("--checkpoint-every", every is not None)):
            if is_given:
                raise SettingError(f"{option} needs --checkpoint FILE, the file to write and to go on from.")
        return None
    from feedforward.training.checkpoints import Checkpoint

    return Checkpoint(path, every=every or 1, resume=resume)


def _settings(
    texts: list[str], preset: PresetName | None, time_limit: float | None, epochs: int | None
) -> dict[str, Any]:
    """Return what was set by --set and by the options that stand for a setting; none by both."""
    settings = {name: _value(text) for name, text in pairs("--set", texts)}
    options = (
        ("--preset", "preset", None if preset is None else preset.value),
        ("--time-limit", "time_limit", time_limit),
        ("--epochs", "max_epochs", epochs),
    )
    for option, name, value in options:
        if value is not None and name in settings:
            raise SettingError(f"{option} and --set {name} set the same. Give one of them.")
        settings |= {} if value is None else {name: value}
    return settings


def _value(text: str) -> Any:
    """Read a setting: a Python literal (0.1, None, True, {'yes': 2}) or, failing that, a word."""
    words = {"true": True, "false": False, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
