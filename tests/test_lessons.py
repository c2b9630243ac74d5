"""The lessons run, keep to one form, and name nothing that is not there. Needs nothing of the site's tools."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import feedforward
from lessons import FOLDER, LESSONS, Cell, cells_of

ROOT = FOLDER.parent
WORDS = {path.stem: path.read_text(encoding="utf-8") for path in LESSONS}
INDEX = (FOLDER / "index.md").read_text(encoding="utf-8")
GLOSSARY = (FOLDER / "glossary.md").read_text(encoding="utf-8")
HEADER = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---
"""
ENDING = ["In short", "In the library", "Sources"]
PICTURE = re.compile(r"\.figure\b|plots\.|Figure\(")

every_lesson = pytest.mark.parametrize("name", WORDS)


def test_cells_are_found_with_their_lines_and_tags() -> None:
    text = (
        "# A\n\n```{code-cell} ipython3\n:tags: [hide-cell, raises-exception]\n:mystnb:\n:  a: b\n\n1 / 0\n```\n\nb\n"
    )
    text += "```{code-cell} ipython3\nx = 1\n```\n```python\nnot a cell\n```\n"
    text += "```{code-cell} ipython3\n---\ntags: [hide-cell]\nmystnb:\n  a: b\n---\ny = -1\n```\n"
    failing, plain, hidden = cells_of(text)
    assert failing == Cell("\n1 / 0\n", 7, frozenset({"hide-cell", "raises-exception"}))
    assert failing.may_fail
    assert plain == Cell("x = 1\n", 13, frozenset())
    assert hidden == Cell("y = -1\n", 24, frozenset({"hide-cell"}))


@every_lesson
def test_it_runs(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", str(Path(__file__).with_name("lessons.py")), str(FOLDER / f"{name}.md")]
    # One thread: other tests run beside, and threads that wait for each other's turn take ten times as long.
    environment = {**os.environ, "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]


@every_lesson
def test_it_has_the_form_of_a_lesson(name: str) -> None:
    text = WORDS[name]
    assert text.startswith(HEADER)
    assert re.match(r"\n\(lesson-[a-z-]+\)=\n# \S", text[len(HEADER) :]), "an anchor, then the title"
    assert re.search(r"^About \d+ minutes", text, re.MULTILINE)
    assert "$" in text, "a formula"
    assert any(PICTURE.search(cell.code) for cell in cells_of(text)), "a picture"
    assert any("assert" in cell.code for cell in cells_of(text)), "what it claims, asserted"
    assert "Try it" in text
    assert re.findall(r"^(?:## |\*\*)(In short|In the library|Sources)\b", text, re.MULTILINE) == ENDING
    assert text.count("```{code-cell}") == len(cells_of(text)), "a cell is not closed, or not of ipython3"
    if name != list(WORDS)[-1]:
        assert re.search(r"^Next: \{ref\}`", text, re.MULTILINE)


def test_there_is_a_list_of_them_all() -> None:
    listed = re.findall(r"^([0-9][0-9]-[a-z-]+)$", INDEX, re.MULTILINE)
    assert listed == list(WORDS)
    cards = re.findall(r"^:link: ([0-9][0-9]-[a-z-]+)$", INDEX, re.MULTILINE)
    assert cards == listed


@pytest.mark.parametrize("name", [*WORDS, "index", "glossary"])
def test_what_it_refers_to_is_there(name: str) -> None:
    text = {**WORDS, "index": INDEX, "glossary": GLOSSARY}[name]
    anchors = {anchor for words in WORDS.values() for anchor in re.findall(r"^\(([a-z-]+)\)=$", words, re.MULTILINE)}
    terms = {term.strip().lower() for term in re.findall(r"^(\S.*)\n(?=(?:\S.*\n)*  +\S)", GLOSSARY, re.MULTILINE)}
    assert re.findall(r"\]\([^):]*\.md\)", text) == [], "{doc}`words </export>`: lessons stand elsewhere in the site"
    for role, target in re.findall(r"\{(doc|ref|term|class|func|mod|meth|exc|attr)\}`([^`]+)`", text):
        inner = re.search(r"<(.+)>$", target)
        aim = inner[1] if inner else target
        if role == "doc":
            assert (ROOT / f"{'docs' if aim[0] == '/' else 'lessons/'}{aim}.md").exists()
        elif role == "ref":
            assert aim in anchors
        elif role == "term":
            assert " ".join(aim.lower().split()) in terms
        elif aim.lstrip("~").startswith("feedforward"):
            assert thing(aim.lstrip("~")) is not None


def thing(name: str) -> Any:
    found: Any = feedforward
    for part in name.split(".")[1:]:
        found = getattr(found, part)
    return found


def test_their_code_is_clean(tmp_path: Path) -> None:
    for name, text in WORDS.items():
        cells: list[dict[str, Any]] = [
            {"cell_type": "code", "source": cell.code, "metadata": {}, "outputs": [], "execution_count": None}
            for cell in cells_of(text)
        ]
        for cell in cells_of(text):
            assert max(map(len, cell.code.splitlines()), default=0) <= 100, f"{name}, line {cell.line}: a line is long"
        notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--config", str(ROOT / "pyproject.toml")]
    done = subprocess.run(
        [*command, "--ignore", "D", "--output-format", "concise", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
