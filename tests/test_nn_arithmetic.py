"""Arithmetic of losses in words: each written formula is the number beside it."""

from typing import Any

import numpy as np
import pytest

from feedforward import nn
from feedforward.nn.arithmetic import Symbol, block, loss_blocks, loss_gradient_block

Z, A = Symbol("z", 1), Symbol("a", 1)


def written(blocks: Any) -> Any:
    return [line.text() for one in blocks for line in one.lines]


def test_symbols_go_from_inputs_to_net_inputs_to_activations() -> None:
    x = Symbol("x", 0)
    z = x.after(linear=True)
    a = z.after(linear=False)
    assert [str(symbol) for symbol in (x, z, a, a.after(linear=False), a.after(linear=True))] == [
        "x", "z⁽¹⁾", "a⁽¹⁾", "a′⁽¹⁾", "z⁽²⁾",
    ]  # fmt: skip
    assert str(x.after(linear=False)) == "a⁽⁰⁾"
    assert [symbol.gradient for symbol in (x, z, a)] == ["∂L/∂x", "δ⁽¹⁾", "∂L/∂a⁽¹⁾"]


def test_cross_entropy() -> None:
    # softmax of (0, ln 3): 1/4 and 3/4; loss of class 1: -ln 0.75 = 0.2877; p - q = 0.25, -0.25
    z, q = np.array([[0.0, np.log(3.0)]]), np.array([[0.0, 1.0]])
    assert written(loss_blocks(nn.CrossEntropyLoss(), Z, z, q)) == [
        "p₁ = exp(0.0) / (exp(0.0) + exp(1.099)) = 0.25",
        "p₂ = exp(1.099) / (exp(0.0) + exp(1.099)) = 0.75",
        "L = −(1.0·ln 0.75) = 0.2877",
    ]
    gradient = loss_gradient_block(nn.CrossEntropyLoss(), Z, z, q, np.array([[0.25, -0.25]]))
    assert written([gradient]) == ["δ⁽¹⁾₁ = (0.25 − 0.0) = 0.25", "δ⁽¹⁾₂ = (0.75 − 1.0) = −0.25"]


def test_binary_cross_entropy_of_two_rows() -> None:
    z, y = np.array([[0.0], [np.log(3.0)]]), np.array([[1.0], [0.25]])
    # -ln 0.5 = 0.6931;  -(0.25 ln 0.75 + 0.75 ln 0.25) = 1.112;  mean 0.9024
    assert written(loss_blocks(nn.BCEWithLogitsLoss(), Z, z, y)) == [
        "row 0: p₁ = 1 / (1 + exp(0.0)) = 0.5",
        "row 1: p₁ = 1 / (1 + exp(−1.099)) = 0.75",
        "row 0: ℓ = −(1.0·ln 0.5) = 0.6931",
        "row 1: ℓ = −(0.25·ln 0.75 + 0.75·ln 0.25) = 1.112",
        "L = (0.6931 + 1.112) / 2 = 0.9024",
    ]
    _, gradient = nn.BCEWithLogitsLoss().value_and_gradient(z, y)
    assert written([loss_gradient_block(nn.BCEWithLogitsLoss(), Z, z, y, gradient)]) == [
        "row 0: δ⁽¹⁾₁ = (0.5 − 1.0) / 2 = −0.25",
        "row 1: δ⁽¹⁾₁ = (0.75 − 0.25) / 2 = 0.25",
    ]


def test_huber_on_both_sides_of_delta() -> None:
    a, y = np.array([[0.5, 3.0]]), np.zeros((1, 2))
    assert written(loss_blocks(nn.HuberLoss(), A, a, y)) == ["L = (0.5²/2 + 1.0·(3.0 − 1.0/2)) / 2 = 1.312"]
    _, gradient = nn.HuberLoss().value_and_gradient(a, y)
    assert written([loss_gradient_block(nn.HuberLoss(), A, a, y, gradient)]) == [
        "∂L/∂a⁽¹⁾₁ = clip(0.5 − 0.0, ±1.0) / 2 = 0.25",
        "∂L/∂a⁽¹⁾₂ = clip(3.0 − 0.0, ±1.0) / 2 = 0.5",
    ]


@pytest.mark.parametrize(("size", "shown", "more"), [(8, 8, ""), (9, 3, "… 6 more, shape (9,)"), (0, 0, "")])
def test_long_blocks_are_cut(size: int, shown: int, more: str) -> None:
    found = block("title", "formula", np.arange(float(size)), "a{}".format)
    assert len(found.lines) == shown
    assert found.more == more
