"""docs/export.md: its Python runs, from the first block to the last."""

import re
import subprocess
import sys
from pathlib import Path

WORDS = (Path(__file__).parents[1] / "docs" / "export.md").read_text(encoding="utf-8")


def test_its_python_runs(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", WORDS, re.DOTALL)
    assert len(blocks) == WORDS.count("```python") > 2
    (tmp_path / "words.py").write_text("\n".join(blocks), encoding="utf-8")
    command = [sys.executable, "-W", "error", "words.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"\['(left|stayed)' '(left|stayed)'\]\n", done.stdout)
