"""Arithmetic on paper: numbers, indices and lines, laid out as text and as HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import SupportsFloat

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_MOST_TERMS = 6


@dataclass(frozen=True)
class Line:
    """``name = arithmetic = result``.

    Examples
    --------
    >>> Line("z₁", "0.5·1.0 + 0.1", 0.6).text()
    'z₁ = 0.5·1.0 + 0.1 = 0.6'
    """

    name: str
    arithmetic: str
    result: float

    def text(self) -> str:
        """Return it as one line."""
        return " = ".join(part for part in (self.name, self.arithmetic, number(self.result)) if part)


@dataclass(frozen=True)
class Block:
    """A formula, and the lines where numbers are put into it.

    Attributes
    ----------
    title : str
        Whose formula it is.
    formula : str
    lines : list of Line
    more : str
        What was left out, if anything.

    Examples
    --------
    >>> print(to_text("Half", [("Forward", [Block("layer 0", "a = z/2", [Line("a₁", "3.0/2", 1.5)])])]))
    Half
    <BLANKLINE>
    Forward
    <BLANKLINE>
      layer 0    a = z/2
        a₁ = 3.0/2 = 1.5
    """

    title: str
    formula: str
    lines: Sequence[Line]
    more: str = ""


Sections = Sequence[tuple[str, Sequence[Block]]]


def number(value: SupportsFloat) -> str:
    """Return `value` with four digits and a real minus sign.

    Examples
    --------
    >>> number(2.0), number(-0.123456), number(1.5e-7)
    ('2.0', '−0.1235', '1.5e−07')
    """
    text = f"{float(value) + 0.0:.4g}"  # adding 0 takes the sign from −0
    if text.lstrip("-").isdigit():
        text += ".0"
    return text.replace("-", "−")


def operand(value: SupportsFloat) -> str:
    """Return `value` as it stands inside a formula: in brackets if it is negative.

    Examples
    --------
    >>> operand(-0.2), operand(0.2)
    ('(−0.2)', '0.2')
    """
    return f"({number(value)})" if number(value).startswith("−") else number(value)


def total(terms: Sequence[str]) -> str:
    """Return the sum of `terms`, the middle left out where there are many.

    Examples
    --------
    >>> total(["a", "b"]), total([str(i) for i in range(100)])
    ('a + b', '0 + 1 + 2 + … 96 more … + 99')
    """
    if len(terms) > _MOST_TERMS:
        terms = [*terms[:3], f"… {len(terms) - 4} more … + {terms[-1]}"]
    return " + ".join(terms)


def raised(layer: int) -> str:
    """Return the number of a layer, as it stands at the top of a symbol.

    Examples
    --------
    >>> "W" + raised(2)
    'W⁽²⁾'
    """
    return f"⁽{layer}⁾".translate(_RAISED)


def lowered(*places: int) -> str:
    """Return places, counted from 0, as an index counted from 1.

    Examples
    --------
    >>> "w" + lowered(0, 1), "w" + lowered(0, 10)
    ('w₁₂', 'w₁,₁₁')
    """
    texts = [str(place + 1) for place in places]
    return ("" if all(len(text) == 1 for text in texts) else ",").join(texts).translate(_LOWERED)


def to_text(heading: str, sections: Sections) -> str:
    """Return sections of blocks as plain text.

    Examples
    --------
    >>> to_text("Nothing", [])
    'Nothing'
    """
    lines = [heading]
    for title, blocks in sections:
        lines += ["", title]
        for block in blocks:
            lines += ["", f"  {block.title}    {block.formula}".rstrip()]
            lines += [f"    {line.text()}" for line in block.lines]
            lines += [f"    {block.more}"] if block.more else []
    return "\n".join(lines)


# Results stand in the last column and are never pushed out of sight: a long sum breaks at its plus signs instead.
_STYLE = """
.ff-steps {font: 14px/1.5 system-ui, sans-serif; max-width: 70em}
.ff-steps > p::first-line {font-weight: 600}
.ff-steps summary {font-weight: 600; font-size: 1.15em; margin: .8em 0 .3em; cursor: pointer}
.ff-steps section {border-left: 3px solid #4c78a8; padding: .1em .8em; margin: .6em .4em; overflow-x: auto}
.ff-steps h4 {margin: 0; font-size: 1em; font-weight: 600}
.ff-steps h4 i {font-family: Cambria, Georgia, serif; font-weight: 400; margin-left: 1em; opacity: .85}
.ff-steps table {border-collapse: collapse; margin: .2em 0; font: inherit; font-variant-numeric: tabular-nums}
.ff-steps tr, .ff-steps tr:hover {background: none !important}
.ff-steps td {padding: .05em .7em .05em 0; border: 0; text-align: left; line-height: 1.5; vertical-align: top;
              white-space: nowrap}
.ff-steps td:nth-child(2) {white-space: normal}
.ff-steps td:last-child {font-weight: 600; vertical-align: bottom}
.ff-steps p {margin: .2em 0; opacity: .75; white-space: pre-line}
"""


def to_html(heading: str, sections: Sections) -> str:
    """Return the same as HTML that needs nothing else, every text escaped.

    Examples
    --------
    >>> "x &lt; 0" in to_html("x < 0", [])
    True
    """
    parts = [f'<div class="ff-steps"><style>{_STYLE}</style><p>{escape(heading)}</p>']
    for title, blocks in sections:
        parts.append(f"<details open><summary>{escape(title)}</summary>")
        for block in blocks:
            rows = "".join(
                f"<tr><td>{escape(line.name)}</td><td>{escape('= ' + line.arithmetic) if line.arithmetic else ''}</td>"
                f"<td>= {escape(number(line.result))}</td></tr>"
                for line in block.lines
            )
            more = f"<p>{escape(block.more)}</p>" if block.more else ""
            title_html = f"<h4>{escape(block.title)}<i>{escape(block.formula)}</i></h4>"
            parts.append(f"<section>{title_html}<table>{rows}</table>{more}</section>")
        parts.append("</details>")
    return "".join([*parts, "</div>"])
