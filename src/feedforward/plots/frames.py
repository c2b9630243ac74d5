"""One picture for each of some values, and a slider that chooses: it moves on a page without a server behind it."""

import html
import os
from base64 import b64encode
from collections.abc import Callable, Iterable
from io import BytesIO
from numbers import Integral, Real
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import imread, imsave
from numpy.typing import NDArray

from feedforward.disk import write_bytes
from feedforward.errors import InputError
from feedforward.validation import SWITCH, Rule, check_setting, kind

Pixels = NDArray[np.uint8]

_DPI, _CSS_DPI = 144, 96  # pixels that are drawn, and that a page counts, to an inch: sharp on fine screens too
_NAMED = Rule("what the slider changes, in words", lambda value: isinstance(value, str) and bool(value.strip()))

_LOOKS = """\
.ff-frames{margin:0;max-width:100%}
.ff-frames img{display:block;max-width:100%;height:auto;margin:0;background:#fff}
.ff-frames img[hidden]{display:none}
.ff-frames figcaption{display:flex;flex-wrap:wrap;align-items:center;gap:.4em .8em;margin:.4em 0 0;
font:inherit;text-align:left;color:inherit}
.ff-frames label{display:flex;flex:1 1 16em;flex-wrap:wrap;align-items:center;gap:.2em .8em;margin:0;font:inherit}
.ff-frames input{flex:1 1 10em;min-width:0;margin:0;accent-color:#0072b2}
.ff-frames b{min-width:4em;font-variant-numeric:tabular-nums}
.ff-frames button{min-width:6em;padding:.2em .7em;font:inherit;color:inherit;background:transparent;
border:1px solid currentcolor;border-radius:.3em;cursor:pointer}
@media print{.ff-frames input,.ff-frames button{display:none}}"""

# Every script makes all that stand on the page and are still at rest alive: it needs no name of its own for that.
_ALIVE = """\
for (const figure of document.querySelectorAll(".ff-frames:not([data-alive])")) {
  figure.dataset.alive = "yes";
  const pictures = figure.querySelectorAll("img"), slider = figure.querySelector("input");
  const word = figure.querySelector("b"), button = figure.querySelector("button");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let timer = 0;
  const show = place => {
    slider.value = place;
    pictures.forEach((picture, i) => { picture.hidden = i !== place; });
    word.textContent = pictures[place].dataset.value;
    slider.setAttribute("aria-valuetext", word.textContent);
  };
  const stop = () => { clearInterval(timer); timer = 0; if (button) button.textContent = "\\u25B6 Play"; };
  const step = () => {
    const next = Number(slider.value) + 1;
    if (next < pictures.length) show(next);
    if (next + 1 >= pictures.length) stop();
  };
  slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
  if (button) button.addEventListener("click", () => {
    if (timer) return stop();
    if (Number(slider.value) === pictures.length - 1) show(0);
    button.textContent = "\\u275A\\u275A Pause";
    timer = setInterval(step, still.matches ? 1500 : 400);
  });
  show(Number(slider.value));
}"""

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


class Frames:
    """Pictures of equal size, one for each value, with a slider between them; `frames` makes it.

    In a notebook, and on a page built from one, it shows itself.

    Parameters
    ----------
    pictures : list of array of shape (height, width, 4)
        Pixels.
    words : list of str
        What the value of each picture is.
    label : str
        What the slider changes.
    start : int
        The picture to begin with, counted from 0.
    animate : bool
        Whether there is a button that plays them one after another.

    Examples
    --------
    >>> pixels = np.zeros((2, 2, 4), dtype=np.uint8)
    >>> Frames([pixels, pixels], ["0.1", "0.2"], "learning rate", 0, animate=False)
    Frames(learning rate: 0.1, 0.2)
    """

    def __init__(self, pictures: list[Pixels], words: list[str], label: str, start: int, *, animate: bool) -> None:
        self.words = words
        self.label = label
        self.start = start
        self.animate = animate
        height, width = (max(picture.shape[side] for picture in pictures) for side in (0, 1))
        self._size = round(width * _CSS_DPI / _DPI), round(height * _CSS_DPI / _DPI)
        self._files = [_encoded(_on_canvas(picture, height, width)) for picture in pictures]

    def __repr__(self) -> str:
        return f"Frames({self.label}: {', '.join(self.words)})"

    def _repr_html_(self) -> str:
        label, first = html.escape(self.label), html.escape(self.words[self.start])
        button = '\n<button type="button">▶ Play</button>' if self.animate else ""
        pictures = "\n".join(self._picture(i) for i in range(len(self.words)))
        return (
            f'<figure class="ff-frames" role="group" aria-label="{label}">\n<style>{_LOOKS}</style>\n{pictures}\n'
            f'<figcaption style="max-width:{self._size[0]}px"><label>{label}\n'
            f'<input type="range" min="0" max="{len(self.words) - 1}" step="1" value="{self.start}" '
            f'autocomplete="off" aria-label="{label}" aria-valuetext="{first}">\n'
            f'<b aria-hidden="true">{first}</b></label>{button}</figcaption>\n'
            f"<script>{_ALIVE}</script>\n</figure>"
        )

    def _picture(self, i: int) -> str:
        width, height = self._size
        word = html.escape(self.words[i])
        return (
            f'<img src="data:image/webp;base64,{b64encode(self._files[i]).decode()}" width="{width}" height="{height}" '
            f'alt="{html.escape(self.label)}: {word}" data-value="{word}"{"" if i == self.start else " hidden"}>'
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a page that any browser shows, from this one file and nothing else.

        Parameters
        ----------
        path : str or path
            Of the page; by custom it ends in ".html".

        Raises
        ------
        FileError
            If it cannot be written. What stood there before is then as it was.

        Examples
        --------
        >>> import tempfile
        >>> shown = Frames([np.zeros((2, 2, 4), dtype=np.uint8)], ["1"], "epoch", 0, animate=False)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     shown.save(f"{folder}/epochs.html")
        ...     print(os.listdir(folder))
        ['epochs.html']
        """
        page = (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
            f"<title>{html.escape(self.label)}</title>\n"
            "<style>:root{color-scheme:light dark}body{margin:1em;font:16px/1.4 system-ui,sans-serif}</style>\n"
            f"</head>\n<body>\n{self._repr_html_()}\n</body>\n</html>\n"
        )
        write_bytes(path, page.encode())


def frames(
    draw: Callable[[Any], Axes | Figure],
    values: Iterable[Any],
    *,
    label: str,
    start: Any = None,
    animate: bool = False,
) -> Frames:
    """Draw one picture for each value, and put them behind a slider.

    All pictures are drawn now, each once; moving the slider then only chooses, so that it works on a page that stands
    in a file, without Python and without a server. The slider obeys the mouse, a finger and the arrow keys.

    Parameters
    ----------
    draw : callable
        Gets one value, and returns the Axes or the Figure of a new picture, as all functions of `feedforward.plots` do.
        The figure is closed afterwards. Fix the limits of axes, where the eye is to compare.
    values : iterable
        What to draw: numbers, words, or anything else whose ``str`` says what it is.
    label : str
        What the slider changes, such as ``"learning rate"``.
    start : object, optional
        The value to begin with. Default: the first.
    animate : bool, default=False
        Whether a button plays the pictures one after another: once, from where the slider stands, and slowly for
        whoever has asked their system for less motion. Nothing moves before it is pressed.

    Returns
    -------
    Frames
        Shows itself in a notebook; ``.save("page.html")`` writes a page of its own.

    Raises
    ------
    InputError
        If there are no values, or `draw` returns no picture.
    SettingError
        If `label` says nothing, or `start` is none of the values.

    See Also
    --------
    feedforward.plots.decision_regions : what a model answers everywhere, for one setting.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from feedforward import plots
    >>> def walk(rate):
    ...     ax = Figure(figsize=(4, 3), layout="constrained").subplots()
    ...     return plots.descent(lambda w: w**2, lambda w: 2 * w, start=3.0, learning_rate=rate, steps=10, ax=ax)
    >>> plots.frames(walk, [0.1, 0.5, 0.9], label="learning rate", start=0.5)
    Frames(learning rate: 0.1, 0.5, 0.9)
    """
    if not callable(draw):
        raise InputError(f"frames: draw must be a function of one value that returns a picture; got {kind(draw)}.")
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InputError(f"frames: values must be a list of what to draw; got {kind(values)}.")
    check_setting("frames", "label", label, _NAMED)
    check_setting("frames", "animate", animate, SWITCH)
    known = list(values)
    if not known:
        raise InputError("frames: values is empty. Give one value or more, a picture is drawn for each.")
    words = [_in_words(value) for value in known]
    first = words[0] if start is None else _in_words(start)
    check_setting("frames", "start", start, Rule(f"one of the values, {', '.join(words)}", lambda _: first in words))
    pictures = [_drawn(draw(value), word) for value, word in zip(known, words, strict=True)]
    return Frames(pictures, words, label, words.index(first), animate=animate)


def _in_words(value: Any) -> str:
    if isinstance(value, Real) and not isinstance(value, Integral):
        return f"{float(value):.6g}".replace("-", "−")
    return str(value).replace("-", "−") if isinstance(value, Integral) else " ".join(str(value).split())


def _drawn(picture: Any, word: str) -> Pixels:
    """Return the pixels of a picture, and close it: nobody else is to show it too."""
    figure = getattr(picture, "figure", None)
    figure = getattr(figure, "figure", None)  # that may have been a figure within a figure
    if not isinstance(figure, Figure):
        raise InputError(f"frames: draw({word}) must return the Axes or the Figure it drew; got {kind(picture)}.")
    file = BytesIO()
    figure.savefig(file, format="png", dpi=_DPI)
    plt.close(figure)
    file.seek(0)
    pixels: Pixels = np.rint(255 * imread(file)).astype(np.uint8)
    return pixels


def _on_canvas(picture: Pixels, height: int, width: int) -> Pixels:
    """Return a picture in the middle of one of this size, in the colour of its own corner."""
    canvas = np.broadcast_to(picture[0, 0], (height, width, picture.shape[2])).copy()
    top, left = (height - picture.shape[0]) // 2, (width - picture.shape[1]) // 2
    canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return canvas


def _encoded(picture: Pixels) -> bytes:
    file = BytesIO()
    imsave(file, picture, format="webp", pil_kwargs={"lossless": True})  # a third of what PNG takes
    return file.getvalue()
