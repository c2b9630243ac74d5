"""The command line for tests: run in this process or in one of its own, and what it is given."""

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from feedforward.cli import app

RUNNER = CliRunner()
GOOD = "a,b,y\n" + "".join(f"{i},{i % 5},{'yes' if i > 20 else 'no'}\n" for i in range(40))


def run(*arguments: Any, code: int = 0, given: bytes | None = None) -> Any:
    """Run a command in this process, with what is `given` on standard input, and hold it to an exit code."""
    result = RUNNER.invoke(app, [str(argument) for argument in arguments], input=given)
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result


def process(*arguments: Any, cwd: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "feedforward", *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "120"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def write(path: Path, rows: list[list[Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


@contextmanager
def nobody(folder: Path) -> Iterator[None]:
    """Root may do everything, so that the test of a permission must not be root; `folder` is pytest's own."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        yield
        return
    for above in folder.parents:
        if above.name.startswith(("pytest-", "popen-")):  # made for one user, by pytest and by each of its processes
            above.chmod(0o755)
    try:
        os.seteuid(65534)
    except OSError:
        pytest.skip("root here may not become another user")
    try:
        yield
    finally:
        os.seteuid(0)
