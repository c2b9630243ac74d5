"""The site, as far as it can be judged without building it: ``make docs`` builds it, and checks every link."""

import re
from pathlib import Path

import pytest

import feedforward
from feedforward import nn, plots
from feedforward.cli import app

DOCS = Path(__file__).parents[1] / "docs"
API = "\n".join(path.read_text(encoding="utf-8") for path in sorted((DOCS / "api").glob("*.*")))
PAGES = [
    path
    for path in DOCS.rglob("*")
    if path.suffix in (".md", ".rst") and not {"generated", "_templates"} & set(path.parts)
]


def listed(page: Path) -> list[str]:
    """Return what the tables of contents of a page list."""
    text = page.read_text(encoding="utf-8")
    fenced = re.findall(r"^```\{toctree\}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    directives = re.findall(r"^\.\. toctree::\n(.*?)(?=^\S|\Z)", text, re.DOTALL | re.MULTILINE)
    lines = (line.strip() for block in fenced + directives for line in block.splitlines())
    return [line for line in lines if line and not line.startswith(":")]


def test_every_page_is_reached_from_the_front_page() -> None:
    reached, ahead = set(), [DOCS / "index.md"]
    while ahead:
        page = ahead.pop()
        reached.add(page.resolve())
        for name in listed(page):
            found = [page.parent / f"{name}{suffix}" for suffix in (".md", ".rst")]
            there = [path for path in found if path.exists()]
            assert there, f"{page.name} lists {name}, which is not there"
            ahead += there
    lessons = {path.resolve() for path in (DOCS / "lessons").glob("*.md") if path.name != "README.md"}
    assert reached == {path.resolve() for path in PAGES if "lessons" not in path.parts} | lessons


def names_of_the_reference() -> set[str]:
    """Return what the pages of the reference list, by its full name."""
    found, module = set(), "feedforward"
    for line in API.splitlines():
        if new := re.match(r"\.\. (?:automodule|currentmodule):: (\S+)", line):
            module = new[1]
            found.add(module)
        elif named := re.match(r"(?:   |\.\. autoexception:: |\.\. py:data:: )([A-Za-z_.]+)$", line):
            found.add(f"{module}.{named[1]}")
    return found


@pytest.mark.parametrize("module", [feedforward, nn, plots, feedforward.datasets], ids=lambda module: module.__name__)
def test_the_reference_names_everything_public(module: object) -> None:
    public = getattr(module, "__all__", None) or [
        name
        for name, thing in vars(module).items()
        if getattr(thing, "__module__", "") == module.__name__  # type: ignore[attr-defined]
    ]
    wanted = {f"{module.__name__}.{name}" for name in public if name[0] != "_"}  # type: ignore[attr-defined]
    assert wanted
    assert wanted - names_of_the_reference() == set()


def test_the_reference_has_every_command() -> None:
    commands = [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]
    headings = re.findall(r"^## feedforward (\w+)\n\n```\{code-cell\}.*\n.*\n\ncommand\(\"(\w+)\"\)", API, re.MULTILINE)
    assert sorted(commands) == sorted(heading for heading, _ in headings)
    assert all(heading == shown for heading, shown in headings)


@pytest.mark.parametrize("path", sorted((DOCS / "_static").iterdir()), ids=lambda path: path.name)
def test_nothing_of_ours_is_loaded_from_elsewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?://|//[a-z]+\.", text)
