"""The README does what it says: its Python runs and prints what stands beside it, its files exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```\n(?:[^`\n]*\n)*?\n?```text\n(.*?)```", README, re.DOTALL)


def test_there_is_python_to_run() -> None:
    assert PYTHON
    assert README.count("```python") == len(PYTHON)


@pytest.mark.parametrize(("code", "output"), PYTHON)
def test_python_prints_what_the_readme_says(code: str, output: str, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == output.strip()


def test_every_file_it_names_exists() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README) + re.findall(r"^- `([\w./]+)`", README, re.MULTILINE)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_source_file_is_on_its_map() -> None:
    sources = [path for path in (ROOT / "src" / "feedforward").iterdir() if path.is_dir() or path.suffix == ".py"]
    names = [path.name for path in sources if not path.name.startswith("_")]
    assert "picture.py" in names
    assert [name for name in names if f"feedforward/{name}" not in README] == []
