"""Bad input ends a command with one line, a remedy among it that the command line has."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from feedforward.errors import FeedforwardError

BAD_INPUT = 2


@contextmanager
def one_line_errors(debug: bool) -> Iterator[None]:
    """End with exit code 2 and one line where the input is bad; with a traceback only if asked."""
    try:
        yield
    except FeedforwardError as error:
        if debug:
            raise
        print(f"error: {in_flags(' '.join(str(error).split()))}", file=sys.stderr)
        raise typer.Exit(BAD_INPUT) from None
    except MemoryError as error:
        if debug:
            raise
        what = " ".join(str(error).split()).rstrip(".") or "no more can be had"
        print(f"error: there is too little memory: {what}. Give fewer rows or columns.", file=sys.stderr)
        raise typer.Exit(BAD_INPUT) from None
    except KeyboardInterrupt as error:
        print(in_flags(f"stopped {error}".rstrip() + "."), file=sys.stderr)
        raise typer.Exit(130) from None


def in_flags(message: str) -> str:
    """Say a remedy of the library as the command line has it.

    Examples
    --------
    >>> in_flags("Drop it, with kinds={'id': 'drop'}.")
    "Drop it, with --kind 'id=drop'."
    """
    message = message.replace(" and give X_val and y_val", "")  # the command takes one table
    message = message.replace("give delimiter=", "give --delimiter")
    message = re.sub(r"([Gg]ive) (decimal|encoding)='(.+?)'", r"\1 --\2 \3", message)
    message = re.sub("(text_columns|TableEncoder: kinds|kinds) names", "--kind names", message)
    message = message.replace("Checkpoint(…, resume=True)", "--resume")
    message = re.sub(r"text_columns=\['(.+?)'\]", r"--kind '\1=category'", message)
    message = re.sub(r"TableEncoder: kinds\['(.+?)'\] is no kind: '(.*?)'", r"--kind '\1=\2' is no kind", message)
    message, also, _ = message.partition(", and to be answered, give it")  # what is learned from is not
    message += "." * bool(also)
    return re.sub(r"kinds=\{'(.+?)': '?(\w+|\.\.\.)'?\}", r"--kind '\1=\2'", message)
