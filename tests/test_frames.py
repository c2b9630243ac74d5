"""The slider between pictures: what it is made of, what it refuses, and what a browser does with it."""

import re
import subprocess
from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from numpy.typing import NDArray

import feedforward as ff
from expected_failures import NO_BROWSER
from feedforward.errors import FileError, InputError, SettingError
from pages import browser

matplotlib.use("Agg")

RATES = [0.1, 0.5, 0.9]


def filled(colour: str, size: tuple[float, float] = (1.0, 1.0)) -> Figure:
    return Figure(figsize=size, facecolor=colour)


def walk(rate: float) -> Any:
    return ff.plots.descent(lambda w: w**2, lambda w: 2 * w, start=3.0, learning_rate=rate, steps=5)


class Parts(HTMLParser):
    """The tags of a page, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def parts_of(shown: Any) -> Parts:
    return Parts(shown._repr_html_())


def pixels_of(picture: dict[str, str | None]) -> NDArray[Any]:
    kind, _, data = (picture["src"] or "").partition("base64,")
    assert kind == "data:image/webp;"
    return np.asarray(imread(BytesIO(b64decode(data)), format="webp"))


def test_each_value_is_drawn_once_and_closed() -> None:
    asked: list[float] = []

    def draw(rate: float) -> Any:
        asked.append(rate)
        return walk(rate)

    before = plt.get_fignums()
    pictures = parts_of(ff.plots.frames(draw, RATES, label="learning rate", start=0.5)).all("img")
    assert asked == RATES
    assert plt.get_fignums() == before
    assert [picture["alt"] for picture in pictures] == [f"learning rate: {rate}" for rate in RATES]
    assert ["hidden" in picture for picture in pictures] == [True, False, True]


def test_pictures_are_what_was_drawn_on_a_canvas_of_one_size() -> None:
    sizes = {"red": (1.0, 2.0), "blue": (2.0, 1.0), "lime": (2.0, 2.0)}
    shown = ff.plots.frames(lambda name: filled(name, sizes[name]), sizes, label="colour")
    pictures = parts_of(shown).all("img")
    assert {(picture["width"], picture["height"]) for picture in pictures} == {("192", "192")}
    for picture, rgb in zip(pictures, ([255, 0, 0], [0, 0, 255], [0, 255, 0]), strict=True):
        pixels = pixels_of(picture)
        assert pixels.shape[:2] == (288, 288)
        assert (pixels[..., :3] == rgb).all()


def test_axes_figures_and_figures_within_figures_are_pictures() -> None:
    def nested(_: int) -> Any:
        left_and_right: Any = Figure(figsize=(1, 1)).subfigures(1, 2)
        return left_and_right[1].subplots()

    for draw in (nested, lambda _: nested(0).figure, lambda _: Figure(figsize=(1, 1)).subplots()):
        assert len(parts_of(ff.plots.frames(draw, [1], label="one")).all("img")) == 1


def test_nothing_is_loaded_and_words_are_no_markup() -> None:
    shown = ff.plots.frames(lambda _: filled("red"), ['<b onclick="x">', "--"], label='"<script>&', animate=True)
    page = parts_of(shown)
    assert len(page.all("script")) == len(page.all("b")) == len(page.all("button")) == 1
    assert page.all("input")[0]["aria-label"] == '"<script>&'
    assert page.all("img")[0]["data-value"] == '<b onclick="x">'
    for _, attributes in page.tags:
        assert all((attributes.get(name) or "data:").startswith("data:") for name in ("src", "href"))
    assert "url(" not in shown._repr_html_()


@pytest.mark.parametrize(
    ("value", "word"),
    [(np.float32(0.1), "0.1"), (-1e-7, "−1e−07"), (np.int64(-3), "−3"), (True, "True"), (None, "None")],
)
def test_values_are_written_as_people_write_them(value: Any, word: str) -> None:
    shown = ff.plots.frames(lambda _: filled("red"), [value], label="value")
    assert shown.words == [word]
    assert parts_of(shown).all("input")[0]["aria-valuetext"] == word


@pytest.mark.parametrize(
    ("draw", "values", "settings", "error", "message"),
    [
        (walk, [], {}, InputError, "values is empty. Give one value or more"),
        (walk, 3, {}, InputError, "values must be a list of what to draw; got an int"),
        (walk, "abc", {}, InputError, "values must be a list of what to draw; got a str"),
        (None, [1], {}, InputError, "draw must be a function of one value that returns a picture; got None"),
        (lambda _: None, [7], {}, InputError, r"draw\(7\) must return the Axes or the Figure it drew; got None"),
        (lambda _: "png", [7], {}, InputError, "must return the Axes or the Figure it drew; got a str"),
        (walk, RATES, {"label": " "}, SettingError, "label must be what the slider changes, in words; got ' '"),
        (walk, RATES, {"start": 3}, SettingError, "start must be one of the values, 0.1, 0.5, 0.9; got 3"),
        (walk, RATES, {"animate": "yes"}, SettingError, "animate must be True or False; got 'yes'"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    draw: Any, values: Any, settings: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=f"^frames: .*{message}"):
        ff.plots.frames(draw, values, **{"label": "learning rate", **settings})


def test_a_page_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    shown = ff.plots.frames(lambda _: filled("red"), [1], label="one")
    with pytest.raises(FileError, match="there is no folder"):
        shown.save(tmp_path / "nowhere" / "page.html")


# In a browser ------------------------------------------------------------------------------------------------------


def seen(tmp_path: Path, page: str, script: str) -> str:
    """Return what a script finds out about a page, by a browser."""
    name = browser()
    if name is None:
        pytest.skip(NO_BROWSER)
    place = tmp_path / "page.html"
    place.write_text(f"{page}<p id=found></p><script>{script}</script>", encoding="utf-8")
    command = [name, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--virtual-time-budget=20000", "--window-size=500,800", "--dump-dom", place.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found = re.search(r'id="found">(.*?)</p>', done)
    assert found, done[-2000:]
    return found[1]


HELPERS = """
const told = text => document.getElementById("found").append(text + ";");
const figures = [...document.querySelectorAll(".ff-frames")];
const shown = figure => [...figure.querySelectorAll("img")]
    .filter(one => getComputedStyle(one).display !== "none").map(one => one.dataset.value).join();
const move = (figure, place) => {
    const slider = figure.querySelector("input");
    slider.value = place;
    slider.dispatchEvent(new Event("input"));
};"""


def test_the_slider_changes_its_own_picture_only(tmp_path: Path) -> None:
    first = ff.plots.frames(lambda name: filled(name), ["red", "blue"], label="colour")
    second = ff.plots.frames(lambda name: filled(name), ["red", "lime", "blue"], label="colour", start="lime")
    script = """
    figures.forEach(figure => told(shown(figure)));
    move(figures[1], 2);
    figures.forEach(figure => told(shown(figure)));
    told(figures[1].querySelector("input").getAttribute("aria-valuetext"));
    told(figures[1].querySelector("b").textContent);
    told(Object.keys(window).filter(name => !before.has(name)).join());"""
    page = "<script>const before = new Set(Object.keys(window));</script>" + first._repr_html_() + second._repr_html_()
    assert seen(tmp_path, page, HELPERS + script) == "red;lime;red;blue;blue;blue;;"


def test_the_button_plays_to_the_end_and_stops(tmp_path: Path) -> None:
    shown = ff.plots.frames(lambda name: filled(name), ["red", "lime", "blue"], label="colour", animate=True)
    script = """
    const button = figures[0].querySelector("button");
    told(shown(figures[0]) + /Play/.test(button.textContent));
    button.click();
    told(/Pause/.test(button.textContent));
    setTimeout(() => told(shown(figures[0]) + /Play/.test(button.textContent)), 5000);"""
    assert seen(tmp_path, shown._repr_html_(), HELPERS + script) == "redtrue;true;bluetrue;"


def test_a_saved_page_is_alive_and_fits_a_narrow_screen(tmp_path: Path) -> None:
    wide = ff.plots.frames(lambda name: filled(name, (9.0, 4.0)), ["red", "blue"], label="colour", animate=True)
    wide.save(tmp_path / "saved.html")
    script = """
    move(figures[0], 1);
    const picture = [...figures[0].querySelectorAll("img")][1].getBoundingClientRect();
    told([shown(figures[0]), document.documentElement.scrollWidth <= innerWidth, picture.right <= innerWidth,
          Math.round(10 * picture.height / picture.width)]);"""
    page = (tmp_path / "saved.html").read_text(encoding="utf-8")
    assert seen(tmp_path, page, HELPERS + script) == "blue,true,true,4;"
