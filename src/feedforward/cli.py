"""The command line: its name, its version, its commands. Results go to stdout, progress and words to stderr."""

import errno
import os
import sys
from typing import Annotated

import typer

from feedforward import __version__
from feedforward.commands.compare import compare
from feedforward.commands.demo import demo
from feedforward.commands.errors import BAD_INPUT
from feedforward.commands.evaluate import evaluate
from feedforward.commands.export import export
from feedforward.commands.inspect import inspect
from feedforward.commands.predict import predict
from feedforward.commands.train import train
from feedforward.disk import words_of

app = typer.Typer(
    name="feedforward",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"feedforward {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Feedforward networks, from one neuron to production.

    \b
    feedforward demo                                  two neurons and two networks on a real table, with pictures
    feedforward train patients.csv --target outcome   train on a table of your own
    feedforward predict MODEL new.csv                 answers for new rows, by a model that train --out stored
    feedforward evaluate MODEL later.csv              how good it is on rows with the right answers
    feedforward compare patients.csv --target outcome every model on the same folds, simple ones too
    feedforward inspect MODEL                         what is in the file
    feedforward export MODEL --to onnx                the model for use without feedforward
    """  # noqa: D301 - the escape keeps the lines of the examples apart


app.command()(demo)
for command in (train, predict, evaluate, compare, inspect, export):
    app.command(no_args_is_help=True)(command)


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
