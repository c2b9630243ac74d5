"""Pieces of HTML. Whatever comes from a table passes through `text`, so that no name or label is ever markup."""

import html
import re
from collections.abc import Sequence
from typing import Any

from feedforward.phrases import IN_UNITS, MEASURE_NAMES, figure
from feedforward.scoring import Estimate

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(value: Any, longest: int = 80) -> str:
    r"""Return a value on one line, without characters that control a browser or the direction of writing.

    Examples
    --------
    >>> plain("a\n b"), plain("x" * 9, longest=5)
    ('a b', 'xxxx…')
    """
    line = _CONTROLS.sub("\ufffd", " ".join(str(value).split()))
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def text(value: Any, longest: int = 80) -> str:
    """Return a value as text of a page, or of an attribute in double quotes.

    Examples
    --------
    >>> text('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(plain(value, longest))


def words(value: Any) -> str:
    """Return a sentence of ours, with what it quotes, as text of a page.

    Examples
    --------
    >>> words("column '<i>' is constant")
    'column &#x27;&lt;i&gt;&#x27; is constant'
    """
    return text(value, longest=1000).replace(" %", "\u00a0%")


def section(name: str, title: str, *parts: str) -> str:
    r"""Return a chapter of the page.

    Examples
    --------
    >>> section("table", "The table", "<p>Few rows.</p>")
    '<section id="table">\n<h2>The table</h2>\n<p>Few rows.</p>\n</section>'
    """
    return "\n".join([f'<section id="{name}">', f"<h2>{text(title)}</h2>", *filter(None, parts), "</section>"])


def paragraph(sentence: str, kind: str = "") -> str:
    """Return a sentence as a paragraph.

    Examples
    --------
    >>> paragraph("1 < 2", "note")
    '<p class="note">1 &lt; 2</p>'
    """
    return f'<p class="{kind}">{words(sentence)}</p>' if kind else f"<p>{words(sentence)}</p>"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = (), kind: str = "") -> str:
    """Return a table that can be moved sideways where it is too wide; the first cell of a row names it.

    Parameters
    ----------
    headings : sequence of str
        Text.
    rows : sequence of sequence of str
        HTML.
    numbers : sequence of int
        The columns to be set flush right.
    kind : str
        Of the table, for its looks.

    Examples
    --------
    >>> print(table(["name", "rows"], [["a", "3"]], numbers=[1]))
    <div class="scroll"><table class="">
    <thead><tr><th scope="col">name</th><th scope="col" class="n">rows</th></tr></thead>
    <tbody>
    <tr><th scope="row">a</th><td class="n">3</td></tr>
    </tbody></table></div>
    """

    def cell(place: int, tag: str, content: str) -> str:
        looks = ' class="n"' if place in numbers else ""
        return f"<{tag}{looks}>{content}</{tag.split()[0]}>"

    head = "".join(cell(place, 'th scope="col"', text(heading)) for place, heading in enumerate(headings))
    body = [
        "<tr>" + "".join(cell(i, "td" if i else 'th scope="row"', content) for i, content in enumerate(row)) + "</tr>"
        for row in rows
    ]
    return "\n".join(
        [
            f'<div class="scroll"><table class="{kind}">',
            f"<thead><tr>{head}</tr></thead>",
            "<tbody>",
            *body,
            "</tbody></table></div>",
        ]
    )


def bar(share: float, kind: str = "") -> str:
    """Return a bar of a share of its place's width.

    Examples
    --------
    >>> bar(0.5)
    '<span class="bar "><i style="width:50.0%"></i></span>'
    """
    return f'<span class="bar {kind}"><i style="width:{100 * min(max(share, 0.0), 1.0):.1f}%"></i></span>'


def spark(heights: Any) -> str:
    """Return a tiny picture of a distribution.

    Examples
    --------
    >>> spark([1.0, 2.0]).count("<rect")
    2
    """
    if not len(heights):
        return ""
    most = max(heights) or 1.0
    step = 96 / len(heights)
    rects = "".join(
        f'<rect x="{i * step:.1f}" y="{22 - max(22 * height / most, 0.8):.1f}" width="{max(step - 1, 0.5):.1f}" '
        f'height="{max(22 * height / most, 0.8):.1f}"/>'
        for i, height in enumerate(heights)
    )
    return f'<svg class="spark" viewBox="0 0 96 22" aria-hidden="true">{rects}</svg>'


def measured(name: str, found: Estimate | None) -> str:
    """Return a measure with its interval.

    Examples
    --------
    >>> measured("accuracy", Estimate(0.9, 0.85, 0.95))
    '90.0 % <small>85.0 to 95.0</small>'
    """
    if found is None or found.value != found.value:
        return "–"
    low, high = (score(name, end).removesuffix(" %") for end in (found.low, found.high))
    return f"{score(name, found.value)} <small>{low} to {high}</small>"


def number(value: float) -> str:
    """Return a number to four digits, with marks between thousands from 10,000 on: years have none.

    Examples
    --------
    >>> number(18234.5), number(1965), number(0.0123), number(-3e12)
    ('18,230', '1965', '0.0123', '−3e+12')
    """
    rounded = float(f"{value:.4g}")
    line = f"{rounded:,.0f}" if 1e4 <= abs(rounded) < 1e7 else f"{rounded:.4g}"
    return line.replace("-", "−")


def score(name: str, value: float) -> str:
    """Return a score as it is written on the page.

    Examples
    --------
    >>> score("accuracy", 0.9), score("mean_absolute_error", 12345.0), score("r2", -0.5)
    ('90.0 %', '12,340', '−0.500')
    """
    return number(value) if name in IN_UNITS else figure(name, value).replace("-", "−")


def named(measure: str) -> str:
    """Return what a measure is called, and which way it is better.

    Examples
    --------
    >>> named("log_loss"), named("r2")
    ('log loss ↓', 'R² ↑')
    """
    return f"{MEASURE_NAMES[measure]} {'↓' if measure in ('log_loss', *IN_UNITS) else '↑'}"


def size(count: int) -> str:
    """Return a number of bytes.

    Examples
    --------
    >>> size(900), size(12_300), size(4_200_000)
    ('900 B', '12 kB', '4.2 MB')
    """
    for unit, factor in (("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            return f"{count / factor:.{1 if count < 10 * factor else 0}f} {unit}"
    return f"{count} B"


def seconds(time: float) -> str:
    """Return a time.

    Examples
    --------
    >>> seconds(0.0123), seconds(4.56), seconds(245.0)
    ('0.012 s', '4.6 s', '245 s')
    """
    return f"{time:.3f} s" if time < 0.1 else f"{time:.1f} s" if time < 100 else f"{time:.0f} s"
