"""The arithmetic of an update: what an optimizer makes of each gradient, with the numbers put in."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from feedforward.nn.activations import Array
from feedforward.nn.arithmetic import FEW, Node, block
from feedforward.nn.blocks import Block, Line, lowered, number, operand, raised
from feedforward.nn.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop

_SYMBOLS = {"m_hat": "m̂", "s_hat": "ŝ"}


@dataclass(frozen=True, eq=False)
class Term:
    """One quantity between a gradient and the new weight, for each weight.

    Attributes
    ----------
    name : str
        Its letter in the formula: "g", "v", "m", "s", "m_hat", "s_hat", and "w" for the new weight.
    value : array
    arithmetic : callable
        From a place in the array to the formula with numbers.

    Examples
    --------
    >>> Term("m_hat", np.array([0.2]), "{}".format).symbol
    'm̂'
    """

    name: str
    value: Array
    arithmetic: Callable[..., str]

    @property
    def symbol(self) -> str:
        """How it is written."""
        return _SYMBOLS.get(self.name, self.name)


def update_terms(
    optimizer: Optimizer, before: Mapping[str, Array], name: str, w: Array, gradient: Array, new: Array
) -> list[Term]:
    """Return what stands between the gradient of one parameter and its new value, the new value last.

    Parameters
    ----------
    optimizer : Optimizer
        After the step.
    before : dict of arrays
        Its state before the step.
    name : str
        The parameter's.
    w, gradient, new : arrays
        The parameter before the step, its gradient, and it after the step.

    Examples
    --------
    >>> from feedforward import nn
    >>> adam, w, new, g = nn.Adam(lr=0.1), np.array([1.0]), np.array([1.0]), np.array([0.5])
    >>> adam.step({"w": new}, {"w": g})
    >>> for term in update_terms(adam, {}, "w", w, g, new):
    ...     print(term.symbol, "=", term.arithmetic(0))
    m = 0.9·0.0 + 0.1·0.5
    s = 0.999·0.0 + 0.001·0.5²
    m̂ = 0.05 / 0.1
    ŝ = 0.00025 / 0.001
    w = 1.0 − 0.1·0.5 / (√0.25 + 1e−08)
    """
    rule = _RULES.get(type(optimizer))
    if rule is None:
        return [Term("w", new, lambda *p: f"{number(w[p])} + {operand(new[p] - w[p])}")]
    lr, decay = (float(np.ravel(rate)[0]) for rate in optimizer.rates(name, w))
    terms, g = [], gradient
    if decay and type(optimizer) is not AdamW:
        g = gradient + decay * w
        terms.append(Term("g", g, lambda *p: f"{operand(gradient[p])} + {number(decay)}·{operand(w[p])}"))
    made, step = rule(optimizer, before, name, g)
    shrunk = f"(1 − {number(lr)}·{number(decay)})·" if decay and type(optimizer) is AdamW else ""

    def arithmetic(*p: int) -> str:
        return f"{shrunk}{operand(w[p]) if shrunk else number(w[p])} − {number(lr)}·{step(*p)}"

    return [*terms, *made, Term("w", new, arithmetic)]


Made = tuple[list[Term], Callable[..., str]]


def _descent(optimizer: SGD, before: Mapping[str, Array], name: str, g: Array) -> Made:
    if not optimizer.momentum:
        return [], lambda *p: operand(g[p])
    key, mu, share = f"{name}.velocity", number(optimizer.momentum), 1 - optimizer.dampening
    v = optimizer.state[key]
    weighed = "" if share == 1 else f"{number(share)}·"

    def velocity(*p: int) -> str:
        return f"{mu}·{operand(before[key][p])} + {weighed}{operand(g[p])}" if key in before else "g"

    def step(*p: int) -> str:
        return f"({operand(g[p])} + {mu}·{operand(v[p])})" if optimizer.nesterov else operand(v[p])

    return [Term("v", v, velocity)], step


def _by_usual_size(optimizer: RMSprop, before: Mapping[str, Array], name: str, g: Array) -> Made:
    s = _mean("s", optimizer, before, f"{name}.mean_square", optimizer.alpha, g)
    return [s], lambda *p: f"{operand(g[p])} / (√{number(s.value[p])} + {number(optimizer.eps)})"


def _by_both_means(optimizer: Adam, before: Mapping[str, Array], name: str, g: Array) -> Made:
    m, s = (
        _mean(letter, optimizer, before, f"{name}.{key}", beta, g)
        for letter, key, beta in zip("ms", ("mean", "mean_square"), optimizer.betas, strict=True)
    )
    m_hat, s_hat = (_corrected(mean, optimizer, beta) for mean, beta in zip((m, s), optimizer.betas, strict=True))
    terms = [m, s, m_hat, s_hat]
    return terms, lambda *p: f"{operand(m_hat.value[p])} / (√{number(s_hat.value[p])} + {number(optimizer.eps)})"


def _mean(letter: str, optimizer: Optimizer, before: Mapping[str, Array], key: str, beta: float, g: Array) -> Term:
    """Return a running mean: of the gradient "m", of its square "s"."""
    old, power = before.get(key, np.zeros_like(g)), "²" if letter == "s" else ""
    return Term(
        letter,
        optimizer.state[key],
        lambda *p: f"{number(beta)}·{operand(old[p])} + {number(1 - beta)}·{operand(g[p])}{power}",
    )


def _corrected(mean: Term, optimizer: Optimizer, beta: float) -> Term:
    share = 1 - beta ** int(optimizer.state["step"])
    return Term(f"{mean.name}_hat", mean.value / share, lambda *p: f"{operand(mean.value[p])} / {number(share)}")


_RULES: dict[type, Callable[..., Made]] = {
    SGD: _descent,
    RMSprop: _by_usual_size,
    Adam: _by_both_means,
    AdamW: _by_both_means,
}


def rule_blocks(optimizer: Optimizer) -> Iterator[Block]:
    """Yield the optimizer's formula, and for the means of Adam what corrects them at this step.

    Examples
    --------
    >>> adam = Adam()
    >>> adam.state["step"] = np.array(2)
    >>> [line.text() for one in rule_blocks(adam) for line in one.lines]
    ['1 − β₁ᵗ = 1 − 0.9² = 0.19', '1 − β₂ᵗ = 1 − 0.999² = 0.001999']
    """
    coupled = np.any(optimizer.weight_decay) and not isinstance(optimizer, AdamW)
    yield Block(f"each w, g = ∂L/∂w{' + λ·w' * bool(coupled)}", optimizer.formula, [])
    if isinstance(optimizer, Adam):
        t = int(optimizer.state["step"])
        lines = [
            Line(f"1 − β{lowered(i)}ᵗ", f"1 − {number(beta)}{raised(t).strip('⁽⁾')}", 1 - beta**t)
            for i, beta in enumerate(optimizer.betas)
        ]
        yield Block(f"step t = {t}", "m̂ = m / (1 − β₁ᵗ),  ŝ = s / (1 − β₂ᵗ)", lines)


def update_block(node: Node, name: str, terms: list[Term]) -> Block:
    """Return the new numbers of one parameter of a layer, each with what led to it.

    Examples
    --------
    >>> from feedforward import nn
    >>> net = nn.Sequential(nn.Linear(1, 1, bias=False))
    >>> net.load_parameters({"0.weight": [[2.0]]})
    >>> node = nn.trace(net, nn.MSELoss(), [1.0], [0.0]).nodes[0]
    >>> terms = update_terms(nn.SGD(lr=0.1), {}, "0.weight", net[0].weight, np.array([[4.0]]), np.array([[1.6]]))
    >>> update_block(node, "weight", terms).lines[0].text()
    'new W⁽¹⁾₁₁ = 2.0 − 0.1·4.0 = 1.6'
    """
    letter = {"weight": "W", "bias": "b"}.get(name, name) + raised(node.symbol.layer)
    few = 1 if len(terms) > 2 else FEW  # of weights; each has a line for each term
    blocks = [
        block(f"{node.short_title}, {name}", "", term.value, partial(_named, letter, term), term.arithmetic, few)
        for term in terms
    ]
    lines = [line for lines in zip(*(one.lines for one in blocks), strict=True) for line in lines]
    return Block(blocks[0].title, "", lines, blocks[0].more)


def _named(letter: str, term: Term, *place: int) -> str:
    weight = f"{letter}{lowered(*place)}"
    return f"new {weight}" if term.name == "w" else f"{weight}: {term.symbol}"
