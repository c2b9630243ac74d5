"""The command line: parse, call, print. Results go to stdout, progress and words to stderr."""

import ast
import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from feedforward import __version__
from feedforward.disk import words_of
from feedforward.errors import FeedforwardError, SettingError
from feedforward.phrases import counted
from feedforward.terminal import (
    print_evaluation,
    print_experiments,
    print_json,
    print_summary,
    results,
    say_of_table,
    words,
)

BAD_INPUT = 2

app = typer.Typer(
    name="feedforward",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Model(StrEnum):
    """The models that ``train`` knows."""

    perceptron = "perceptron"
    adaline = "adaline"
    mlp = "mlp"


class Task(StrEnum):
    """What a target can be taken for."""

    classification = "classification"
    regression = "regression"


@contextmanager
def one_line_errors(debug: bool) -> Iterator[None]:
    """End with exit code 2 and one line where the input is bad; with a traceback only if asked."""
    try:
        yield
    except FeedforwardError as error:
        if debug:
            raise
        print(f"error: {_in_flags(' '.join(str(error).split()))}", file=sys.stderr)
        raise typer.Exit(BAD_INPUT) from None
    except KeyboardInterrupt as error:
        print(_in_flags(f"stopped {error}".rstrip() + "."), file=sys.stderr)
        raise typer.Exit(130) from None


def _in_flags(message: str) -> str:
    """Say a remedy of the library as the command line has it."""
    message = message.replace(" and give X_val and y_val", "")  # the command takes one table
    message = message.replace("give delimiter=", "give --delimiter")
    message = message.replace("Checkpoint(…, resume=True)", "--resume")
    message = re.sub(r"text_columns=\['(.+?)'\]", r"--kind '\1=category'", message)
    return re.sub(r"kinds=\{'(.+?)': '(\w+)'\}", r"--kind '\1=\2'", message)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"feedforward {__version__}")
        raise typer.Exit


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


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Feedforward networks, from one neuron to production.

    \b
    feedforward demo                                  two neurons and a network on a real table, with pictures
    feedforward train patients.csv --target outcome   train on a table of your own
    feedforward predict MODEL new.csv                 answers for new rows, by a model that train --out stored
    feedforward evaluate MODEL later.csv              how good it is on rows with the right answers
    feedforward inspect MODEL                         what is in the file
    """  # noqa: D301 - the escape keeps the lines of the examples apart


@app.command()
def demo(
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the table and the pictures go.")] = Path(
        "feedforward-demo"
    ),
    debug: Debug = False,
) -> None:
    """Climb on a real table, 569 breast tumours, benign or malignant: perceptron, Adaline, multilayer perceptron.

    The table comes with scikit-learn; it is written as a CSV file first, so that this is what `feedforward train` does.
    """
    with one_line_errors(debug):
        from feedforward.demo import write_breast_cancer

        table = write_breast_cancer(out)
        words.print(f"[bold]{table}[/bold]: 569 breast tumours, 30 measurements each (Wolberg, Street & Mangasarian).")
        experiments = []
        for model in Model:
            plot = out / f"{model}.png"
            experiments.append(_train(table, "diagnosis", model, plot=plot))
        print_experiments(experiments)
        for model in Model:
            results.print(f"picture: {out / f'{model}.png'}", soft_wrap=True)
        words.print(f"\nNext: feedforward train {table} --target diagnosis --model mlp --set hidden_sizes=64,32")


@app.command(no_args_is_help=True)
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
        experiment = _train(
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


@app.command(no_args_is_help=True)
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


@app.command(no_args_is_help=True)
def evaluate(
    model: StoredModelFile,
    table: Annotated[Path, typer.Argument(help="Rows with the right answers: a file as for train, or -.")],
    target: Annotated[
        str | None, typer.Option("--target", "-t", metavar="COLUMN", help="Default: the column it was trained for.")
    ] = None,
    as_json: AsJson = False,
    encoding: Encoding = "utf-8",
    delimiter: Delimiter = None,
    debug: Debug = False,
) -> None:
    """Say how good a stored model is on a table that has the right answers.

    \b
    feedforward evaluate outcome.safetensors later.csv
    zcat later.csv.gz | feedforward evaluate outcome.safetensors -
    """  # noqa: D301 - the escape keeps the lines of the examples apart
    with one_line_errors(debug):
        from feedforward.answers import StoredModel, evaluate_table

        found = evaluate_table(StoredModel.open(model), table, target, encoding=encoding, delimiter=delimiter)
        say_of_table(found["ignored_columns"], found["notes"])
        if found["unknown_labels"]:
            counts = ", ".join(f"{label!r} ({count})" for label, count in found["unknown_labels"].items())
            words.print(f"warning: the model knows no label {counts}: it is wrong there.", style="yellow", markup=False)
        if as_json:
            print_json(found)
        else:
            print_evaluation(found)


@app.command(no_args_is_help=True)
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


def _train(
    table: Path, target: str, model: Model, *, plot: Path | None, out: Path | None = None, **choices: Any
) -> Any:
    from feedforward.experiment import Interrupted, run_experiment
    from feedforward.picture import draw_experiment, picture_kind
    from feedforward.places import check_places, check_replaces
    from feedforward.training.checkpoints import files_of

    if plot is not None:
        picture_kind(plot)
    writes: dict[str, Path | None] = {"--plot": plot, "--out": out}
    checkpoint = choices.get("checkpoint")
    if checkpoint is not None:
        writes |= {"--checkpoint": checkpoint.path, "--checkpoint (the one before)": files_of(checkpoint)[1]}
    check_places(writes, {"the table": table})
    if out is not None:
        check_replaces("--out", out)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("epochs")
    # With verbose=True the model draws a bar of its own.
    silent = not words.is_terminal or bool((choices.get("settings") or {}).get("verbose"))
    with Progress(*columns, console=words, transient=True, disable=silent) as progress:
        task = progress.add_task(f"preparing {model.value}", total=None)

        def report(done: int, most: int) -> None:
            progress.update(task, description=f"training {model.value}", completed=done, total=most)

        try:
            experiment = run_experiment(table, target, model.value, on_epoch=report, **choices)
        except Interrupted as stopped:
            if out is not None:
                stopped.experiment.save(out)
                stopped.kept.append(f"the model as it is now: {out}")
            raise
    for warning in experiment.warnings:
        words.print(f"warning: {warning}", style="yellow", markup=False)
    if out is not None:
        experiment.save(out)
    if plot is not None:
        draw_experiment(experiment, plot)
    return experiment


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


def main() -> None:
    """Run the command line; where nobody takes what it prints, say so in one line, or nothing if a pipe was closed."""
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except OSError as error:
        if "--debug" in sys.argv:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else Python tries once more at its end
        if error.errno == errno.EPIPE:
            raise SystemExit(1) from None
        print(f"error: the results cannot be printed: {words_of(error)}.", file=sys.stderr)
        raise SystemExit(BAD_INPUT) from None
