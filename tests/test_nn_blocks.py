"""Numbers and layouts of written-out arithmetic."""

from typing import Any

import pytest

from feedforward.nn.blocks import Block, Line, lowered, number, operand, raised, to_html, to_text, total


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0.0"), (-0.0, "0.0"), (1, "1.0"), (-2, "−2.0"), (0.5, "0.5"), (0.123456, "0.1235"), (1e-7, "1e−07"),
     (123456.0, "1.235e+05"), (float("nan"), "nan"), (float("-inf"), "−inf")],
)  # fmt: skip
def test_numbers(value: Any, text: str) -> None:
    assert number(value) == text


def test_negative_operands_stand_in_brackets() -> None:
    assert [operand(value) for value in (-1e-7, -2, 2)] == ["(−1e−07)", "(−2.0)", "2.0"]


def test_indices() -> None:
    assert raised(12) == "⁽¹²⁾"
    assert [lowered(0), lowered(8, 8), lowered(9, 0), lowered()] == ["₁", "₉₉", "₁₀,₁", ""]


def test_long_sums_keep_their_last_term() -> None:
    assert total(list("abcdef")) == "a + b + c + d + e + f"
    assert total(list("abcdefg")) == "a + b + c + … 3 more … + g"


def test_text_and_html_say_the_same_and_html_is_escaped() -> None:
    sections = [("First", [Block("layer <0>", "a & b", [Line("z", "1 < 2", 1.0), Line("c", "", 2.0)], "… more")])]
    assert to_text("Title", sections) == (
        "Title\n\nFirst\n\n  layer <0>    a & b\n    z = 1 < 2 = 1.0\n    c = 2.0\n    … more"
    )
    html = to_html("<script>", sections)
    for escaped in ("&lt;script&gt;", "layer &lt;0&gt;", "a &amp; b", "= 1 &lt; 2", "… more"):
        assert escaped in html
    assert "<script" not in html
