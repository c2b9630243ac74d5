"""What pages of the guide share: a table, and the command line with what it prints."""

import inspect
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


def subscribers(n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Return a made-up table: who leaves a telephone company, with numbers, words, dates and gaps."""
    rng = np.random.default_rng(seed)
    plan = rng.choice(["basic", "family", "pro"], n, p=[0.5, 0.3, 0.2])
    calls = rng.poisson(1.5, n)
    age = rng.integers(18, 90, n)
    months = rng.integers(1, 72, n)
    bill = 12 + 9 * (plan == "family") + 21 * (plan == "pro") + rng.gamma(2.0, 4.0, n)
    push = -1.6 + 0.75 * calls - 0.05 * months + 1.3 * (plan == "basic") * (age < 40) + 0.02 * bill
    left = rng.random(n) < 1 / (1 + np.exp(-push))
    table = pd.DataFrame(
        {
            "age": age.astype(float),
            "plan": plan,
            "since": (pd.Timestamp("2024-06-01") - pd.to_timedelta(months * 30, unit="D")).strftime("%Y-%m-%d"),
            "calls": calls,
            "bill": bill.round(2),
            "zip": rng.integers(10, 99, n) * 100,
            "left": np.where(left, "yes", "no"),
        }
    )
    table.loc[rng.random(n) < 0.08, "age"] = np.nan
    table.loc[rng.random(n) < 0.05, "plan"] = None
    return table


def run(line: str, code: int = 0) -> None:
    """Run a command of feedforward, and print it with what it prints: results and words, no progress.

    Where it does not end with this exit code, that is an error of the page.
    """
    name, *rest = shlex.split(line)
    calm = {key: value for key, value in os.environ.items() if key not in ("FORCE_COLOR", "CLICOLOR_FORCE")}
    done = subprocess.run(
        [Path(sys.executable).with_name(name), *rest],
        env={**calm, "COLUMNS": "80", "TERM": "dumb"},
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == code, f"{line} ended with {done.returncode}: {done.stderr}"
    print(f"$ {line}\n{done.stdout}{done.stderr}".rstrip())


def command(name: str) -> None:
    """Show what a command takes, as itself says it."""
    from IPython.display import Markdown, display
    from typer.main import get_command

    from feedforward.cli import app

    root: Any = get_command(app)
    found = root.commands[name]
    words, _, examples = inspect.cleandoc(found.help).partition("\b\n")
    context = root.context_class(found, info_name=f"feedforward {name}")
    records = [record for part in found.get_params(context) if (record := part.get_help_record(context))]
    rows = "\n".join(f"| {_code(option)} | {' '.join(meaning.split())} |" for option, meaning in records)
    shell = f"```sh\n{examples.strip()}\n```\n\n" if examples else ""
    display(Markdown(f"{words}\n\n{shell}| option | meaning |\n| --- | --- |\n{rows}\n"))


def _code(option: str) -> str:
    return "`" + option.replace("|", "\\|") + "`"
