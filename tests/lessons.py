"""Lessons without the tools of the site: their cells, found by a few lines, and run one after another.

python -W error tests/lessons.py lessons/01-one-neuron.md
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).parents[1] / "lessons"
LESSONS = sorted(FOLDER.glob("[0-9][0-9]-*.md"))
_CELL = re.compile(r"^```\{code-cell\} ipython3\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_OPTIONS = re.compile(r"---\n(?:.*\n)*?---\n|(?::.*\n)*")  # both forms that MyST knows


@dataclass(frozen=True)
class Cell:
    """A cell of code, the line of the lesson that it begins on, and its tags."""

    code: str
    line: int
    tags: frozenset[str]

    @property
    def may_fail(self) -> bool:
        return "raises-exception" in self.tags


def cells_of(text: str) -> list[Cell]:
    found = []
    for match in _CELL.finditer(text):
        options = _OPTIONS.match(match[1])
        assert options is not None
        code = match[1][options.end() :]
        tags = re.search(r"^:?tags: \[(.*?)\]", options[0], re.MULTILINE)
        line = text.count("\n", 0, match.start(1) + options.end()) + 1
        found.append(Cell(code, line, frozenset(re.split(r",\s*", tags[1])) if tags else frozenset()))
    return found


def run(path: Path) -> None:
    """Run the cells of a lesson in one namespace, as a notebook does; a traceback shows the lesson's own lines."""
    module = ModuleType("__main__")  # what is defined here can be pickled
    sys.modules["__main__"] = module
    for cell in cells_of(path.read_text(encoding="utf-8")):
        code = compile("\n" * (cell.line - 1) + cell.code, str(path), "exec")
        try:
            exec(code, module.__dict__)
        except Exception:
            if not cell.may_fail:
                raise
        else:
            assert not cell.may_fail, f"{path.name}, line {cell.line}: should have raised an error"


if __name__ == "__main__":
    run(Path(sys.argv[1]).resolve())
