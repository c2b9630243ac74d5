"""The picture of an experiment: every word of it is inside, and none stands on another."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from commands import run

QUICK = {
    "adaline": (),
    "mlp": ("-s", "max_epochs=2", "-s", "engine=numpy"),
    "tabular": ("-p", "fast", "-s", "members=1", "-s", "max_epochs=2", "-s", "engine=numpy"),
}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are written, as they are then."""
    figures: list[Figure] = []
    write = Figure.savefig

    def keep(figure: Figure, *arguments: Any, **settings: Any) -> None:
        write(figure, *arguments, **settings)
        figures.append(figure)

    monkeypatch.setattr(Figure, "savefig", keep)
    return figures


@pytest.mark.parametrize("columns", [3, 9])
@pytest.mark.parametrize("long", [False, True], ids=["short names", "long names"])
@pytest.mark.parametrize(
    ("model", "task"), [(m, t) for m in QUICK for t in ("classes", "numbers") if (m, t) != ("adaline", "numbers")]
)
def test_every_word_is_inside_and_readable(
    model: str, task: str, long: bool, columns: int, drawn: list[Figure], tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    name = "the quantity measured in the morning" if long else "x"
    table = pd.DataFrame({f"{name} {j}": rng.normal(size=80).round(3) for j in range(columns)})
    table["town"] = rng.choice(["Rome", "Bern"], 80)
    first = table.iloc[:, 0]
    classes = np.where(first > 0, "those who came back within a year" if long else "a", "b")
    table["y"] = classes if task == "classes" else 1000.0 * first
    path = tmp_path / ("customers_of_the_northern_region_in_2024_as_of_may.csv" if long else "t.csv")
    table.to_csv(path, index=False)
    run("train", path, "-t", "y", "-m", model, *QUICK[model], "--plot", tmp_path / "t.png")
    (figure,) = drawn
    figure.draw_without_rendering()
    ticks = {label for ax in figure.axes for axis in (ax.xaxis, ax.yaxis) for label in axis.findobj(Text)}
    ticks -= {axis.label for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)}
    texts = [one for one in figure.findobj(Text) if one.get_text().strip() and one.get_visible() and one not in ticks]
    assert [text.get_text() for text in texts if not is_within(text.get_window_extent(), figure.bbox)] == []
    titles = [text for text in texts if float(text.get_fontsize()) > 10.5]
    assert any(text.get_text().startswith(f"{model} on ") for text in titles)
    for one, other in combinations(titles, 2):
        assert not one.get_window_extent().overlaps(other.get_window_extent()), (one.get_text(), other.get_text())


def is_within(box: Any, other: Any) -> bool:
    """Whether a box is inside another, but for a pixel."""
    corners = (box.x0 - other.x0, box.y0 - other.y0, other.x1 - box.x1, other.y1 - box.y1)
    return bool(min(corners) > -1)
