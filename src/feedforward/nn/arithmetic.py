"""The arithmetic of one training step: for each layer and loss its formula, with the numbers put in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice
from typing import Any, SupportsFloat

import numpy as np

from feedforward.nn.activations import Array
from feedforward.nn.blocks import Block, Line, lowered, number, operand, raised, total
from feedforward.nn.layers import ActivationLayer, Dropout, Layer, Linear, in_one_line
from feedforward.nn.losses import BCEWithLogitsLoss, CrossEntropyLoss, HuberLoss, Loss, MSELoss
from feedforward.nn.scaling import ParametricActivation, Scale

_ALL, FEW = 8, 3  # a block of up to 8 lines is written in full, of a longer one the first 3


@dataclass(frozen=True)
class Symbol:
    """The letter of a layer's outputs and which layer of weights it belongs to.

    Examples
    --------
    >>> Symbol("z", 1).of(0), Symbol("z", 1).gradient_of(0), Symbol("a", 1).gradient_of(0), Symbol("x", 0).of(2)
    ('z⁽¹⁾₁', 'δ⁽¹⁾₁', '∂L/∂a⁽¹⁾₁', 'x₃')
    """

    letter: str
    layer: int

    def __str__(self) -> str:
        return self.letter if self.letter == "x" else self.letter + raised(self.layer)

    def after(self, *, linear: bool) -> "Symbol":
        """Return the symbol of the next layer's outputs: z after weights, then a, a′, a″."""
        if linear:
            return Symbol("z", self.layer + 1)
        return Symbol("a" if self.letter in "xz" else f"{self.letter}′", self.layer)

    def of(self, unit: int) -> str:
        """Return the symbol of one unit."""
        return f"{self}{lowered(unit)}"

    @property
    def gradient(self) -> str:
        """The symbol of ``∂L/∂output``, which is δ for net inputs z."""
        return f"δ{raised(self.layer)}" if self.letter == "z" else f"∂L/∂{self}"

    def gradient_of(self, unit: int) -> str:
        """Return the symbol of one unit's gradient."""
        return f"{self.gradient}{lowered(unit)}"


@dataclass(frozen=True, eq=False)
class Node:
    """One layer in one step: what went through it, forwards and backwards.

    Attributes
    ----------
    name : str
        Its place in the network, as in its parameters' names.
    layer : Layer
    before, symbol : Symbol
        The letters of its inputs and outputs.
    x, output : arrays of shape (n, …)
    saved : object
    delta, input_gradient : arrays
        ``∂L/∂output`` and ``∂L/∂x``.
    gradients : dict of arrays
        One for each parameter.

    Examples
    --------
    >>> from feedforward import nn
    >>> step = nn.trace(nn.Sequential(nn.Linear(2, 1)), nn.MSELoss(), [1.0, 2.0], [0.0])
    >>> step.nodes[0].name, str(step.nodes[0].symbol)
    ('0', 'z⁽¹⁾')
    """

    name: str
    layer: Layer
    before: Symbol
    symbol: Symbol
    x: Array
    output: Array
    saved: Any
    delta: Array
    input_gradient: Array
    gradients: dict[str, Array]

    @property
    def title(self) -> str:
        """What it is called in print."""
        return f"layer {self.name} · {in_one_line(self.layer)}"

    @property
    def short_title(self) -> str:
        """The same without its settings."""
        return f"layer {self.name} · {type(self.layer).__name__}"

    @cached_property
    def slope(self) -> Array:
        """``∂output/∂x`` of a layer that treats each number by itself."""
        return self.layer.backward(np.ones_like(self.output), self.saved)[0]


def block(
    title: str,
    formula: str,
    result: Array,
    name: Callable[..., str],
    arithmetic: Callable[..., str] | None = None,
    few: int = FEW,
) -> Block:
    """Return a formula with a line for each number of `result`; of many, the first `few`.

    Examples
    --------
    >>> written = block("layer 0", "a = 2·z", np.arange(9.0), "a{}".format, "2·z{}".format)
    >>> written.lines[2].text(), written.more
    ('a2 = 2·z2 = 2.0', '… 6 more, shape (9,)')
    """
    shown = result.size if result.size <= _ALL else few
    places = list(islice(np.ndindex(result.shape), shown))
    lines = [Line(name(*place), arithmetic(*place) if arithmetic else "", float(result[place])) for place in places]
    more = f"… {result.size - shown} more, shape {result.shape}" if shown < result.size else ""
    return Block(title, formula, lines, more)


def forward_block(node: Node) -> Block:
    """Return ``z = W x + b`` or ``a = σ(z)`` with numbers, for each row and unit.

    Examples
    --------
    >>> from feedforward import nn
    >>> net = nn.Sequential(nn.Linear(2, 1))
    >>> net.load_parameters({"0.weight": [[0.5, -0.2]], "0.bias": [0.1]})
    >>> print(forward_block(nn.trace(net, nn.MSELoss(), [1.0, 2.0], [0.0]).nodes[0]).lines[0].text())
    z⁽¹⁾₁ = 0.5·1.0 + (−0.2)·2.0 + 0.1 = 0.2
    """
    layer, x, top = node.layer, node.x, raised(node.symbol.layer)
    name = _in_row(len(x), node.symbol.of)
    if isinstance(layer, Linear):
        bias = layer.bias
        return block(
            node.title,
            f"{node.symbol} = W{top} {node.before}" + ("" if bias is None else f" + b{top}"),
            node.output,
            name,
            lambda row, unit: total(
                [*_products(layer.weight[unit], x[row]), *([] if bias is None else [operand(bias[unit])])]
            ),
        )
    if isinstance(layer, ActivationLayer):
        formula = f"{node.symbol} = σ({node.before}),  σ(z) = {layer.activation.formula}"
        return block(node.title, formula, node.output, name, lambda row, unit: f"σ({number(x[row, unit])})")
    if isinstance(layer, Dropout):
        formula = f"{node.symbol} = d ⊙ {node.before},  d = 1/(1 − p) or, if silenced, 0; without training 1"
        return block(node.title, formula, node.output, name, partial(_entry_product, node.slope, x))
    if isinstance(layer, Scale):
        formula = f"{node.symbol} = scale ⊙ {node.before}"
        return block(node.title, formula, node.output, name, partial(_entry_product, node.slope, x))
    if isinstance(layer, ParametricActivation):
        formula = (
            f"{node.symbol} = {node.before} + alpha ⊙ (σ({node.before}) − {node.before}),  "
            f"σ(z) = {layer.activation.activation.formula}"
        )
        alpha = np.broadcast_to(layer.alpha, x.shape)
        return block(
            node.title,
            formula,
            node.output,
            name,
            lambda row, unit: f"{number(x[row, unit])} + {_bend(alpha, node, row, unit)}",
        )
    return block(node.title, f"{node.symbol} = {type(layer).__name__}({node.before})", node.output, name)


def _bend(factor: Array, node: Node, row: int, unit: int) -> str:
    """Write a number times the ``σ(z) − z`` of a parametric activation."""
    z, a = node.saved
    return f"{operand(factor[row, unit])}·({operand(a[row, unit])} − {operand(z[row, unit])})"


def backward_blocks(node: Node, *, to_input: bool) -> Iterator[Block]:
    """Yield the gradients of one layer with numbers: for its parameters and, if `to_input`, for what went into it.

    Examples
    --------
    >>> from feedforward import nn
    >>> step = nn.trace(nn.Sequential(nn.Linear(2, 1)), nn.MSELoss(), [1.0, 2.0], [0.0])
    >>> [block.formula for block in backward_blocks(step.nodes[0], to_input=True)]
    ['∂L/∂W⁽¹⁾ = δ⁽¹⁾ xᵀ', '∂L/∂b⁽¹⁾ = δ⁽¹⁾', '∂L/∂x = W⁽¹⁾ᵀ δ⁽¹⁾']
    """
    layer, delta, symbol, before = node.layer, node.delta, node.symbol, node.before
    name = _in_row(len(delta), before.gradient_of)
    if not isinstance(layer, Linear):
        yield from _other_parameter_blocks(node)
    if isinstance(layer, Linear):
        yield from _parameter_blocks(node)
        if to_input:
            yield block(
                node.short_title,
                f"{before.gradient} = W{raised(symbol.layer)}ᵀ {symbol.gradient}",
                node.input_gradient,
                name,
                lambda row, source: total(_products(layer.weight[:, source], delta[row])),
            )
    elif to_input:
        formula, by_unit = f"{before.gradient}, from {symbol.gradient}", None
        if isinstance(layer, ActivationLayer):
            formula = f"{before.gradient} = {symbol.gradient} ⊙ σ′({before}),  σ′(z) = {layer.activation.slope_formula}"
        elif isinstance(layer, Dropout):
            formula = f"{before.gradient} = {symbol.gradient} ⊙ d"
        elif isinstance(layer, Scale):
            formula = f"{before.gradient} = {symbol.gradient} ⊙ scale"
        elif isinstance(layer, ParametricActivation):
            formula = f"{before.gradient} = {symbol.gradient} ⊙ (1 + alpha ⊙ (σ′({before}) − 1))"
        if isinstance(layer, ActivationLayer | Dropout | Scale | ParametricActivation):
            by_unit = partial(_entry_product, delta, node.slope)
        yield block(node.short_title, formula, node.input_gradient, name, by_unit)


def _parameter_blocks(node: Node) -> Iterator[Block]:
    delta, n, top = node.delta, len(node.delta), raised(node.symbol.layer)
    rows = "Σ over rows of " if n > 1 else ""
    yield block(
        node.short_title,
        f"∂L/∂W{top} = {rows}{node.symbol.gradient} {node.before}ᵀ",
        node.gradients["weight"],
        lambda unit, source: f"∂L/∂W{top}{lowered(unit, source)}",
        lambda unit, source: total(_products(delta[:, unit], node.x[:, source])),
    )
    if "bias" in node.gradients:
        yield block(
            node.short_title,
            f"∂L/∂b{top} = {rows}{node.symbol.gradient}",
            node.gradients["bias"],
            lambda unit: f"∂L/∂b{top}{lowered(unit)}",
            (lambda unit: total([operand(value) for value in delta[:, unit]])) if n > 1 else None,
        )


def _other_parameter_blocks(node: Node) -> Iterator[Block]:
    """Yield the gradients of the parameters of a layer that is no Linear, with their arithmetic where it is short."""
    layer, delta, n, top = node.layer, node.delta, len(node.delta), raised(node.symbol.layer)
    of_rows = f" = {'Σ over rows of ' * (n > 1)}{node.symbol.gradient} ⊙ "
    factor, term = "", None  # of a layer with longer formulas the numbers alone
    if isinstance(layer, Scale):
        factor, term = f"{of_rows}{node.before}", partial(_entry_product, delta, node.x)
    elif isinstance(layer, ParametricActivation):
        factor, term = f"{of_rows}(σ({node.before}) − {node.before})", partial(_bend, delta, node)
    for name, gradient in node.gradients.items():
        yield block(
            node.short_title,
            f"∂L/∂{name}{top}{factor}",
            gradient,
            lambda *place, name=name: f"∂L/∂{name}{top}{lowered(*place)}",
            (lambda unit: total([term(row, unit) for row in range(n)])) if term else None,
        )


def loss_blocks(loss: Loss, symbol: Symbol, outputs: Array, targets: Array) -> list[Block]:
    """Return the probabilities, if the loss makes some, the loss of each row and that of all rows.

    Examples
    --------
    >>> written = loss_blocks(MSELoss(), Symbol("a", 1), np.array([[0.5, 0.0]]), np.array([[1.0, 0.0]]))
    >>> print(written[-1].lines[0].text())
    L = ((0.5 − 1.0)² + (0.0 − 0.0)²) / 2 = 0.125
    """
    losses, _ = loss.per_row(outputs, targets)
    n, blocks = len(losses), []
    if isinstance(loss, CrossEntropyLoss | BCEWithLogitsLoss):
        softmax = isinstance(loss, CrossEntropyLoss)
        blocks.append(
            block(
                repr(loss),
                f"p = {'softmax' if softmax else 'σ'}({symbol}),  pᵢ = "
                + ("exp(zᵢ) / Σ exp(zⱼ)" if softmax else "1 / (1 + exp(−zᵢ))"),
                loss.probabilities(outputs),
                _in_row(n, lambda unit: f"p{lowered(unit)}"),
                lambda row, unit: _probability(outputs[row], unit, softmax=softmax),
            )
        )
    blocks.append(
        block(
            repr(loss),
            loss.formula,
            losses,
            lambda row: "L" if n == 1 else f"row {row}: ℓ",
            lambda row: _row_loss(loss, outputs[row], targets[row]),
        )
    )
    if n > 1:
        whole = Line("L", f"({total([operand(value) for value in losses])}) / {n}", float(losses.mean()))
        blocks.append(Block(repr(loss), "L = 1/n Σ ℓ", [whole]))
    return blocks


def loss_gradient_block(loss: Loss, symbol: Symbol, outputs: Array, targets: Array, gradient: Array) -> Block:
    """Return ``∂L/∂output`` with numbers: where the backward pass begins.

    Examples
    --------
    >>> a, y = np.array([[0.5, 0.0]]), np.array([[1.0, 0.0]])
    >>> loss_gradient_block(MSELoss(), Symbol("a", 1), a, y, a - y).lines[0].text()
    '∂L/∂a⁽¹⁾₁ = 2·(0.5 − 1.0) / 2 = −0.5'
    """
    n, t = outputs.shape
    divisor = " / n" if isinstance(loss, CrossEntropyLoss) else " / (t·n)"
    count = n if isinstance(loss, CrossEntropyLoss) else t * n
    factor, left, right = "", outputs, targets
    if isinstance(loss, MSELoss):
        factor, difference = "2·", f"({symbol} − y)"
    elif isinstance(loss, CrossEntropyLoss):
        left, right, difference = loss.probabilities(outputs), loss.smoothed(targets), "(p − q)"
    elif isinstance(loss, BCEWithLogitsLoss):
        left, difference = loss.probabilities(outputs), "(p − y)"
    elif isinstance(loss, HuberLoss):
        difference = f"clip({symbol} − y, ±{loss.delta})"
    else:
        name = _in_row(n, symbol.gradient_of)
        return block(repr(loss), f"{symbol.gradient}, the slope of the loss", gradient, name)

    def arithmetic(row: int, unit: int) -> str:
        inner = f"{operand(left[row, unit])} − {operand(right[row, unit])}"
        inner = f"clip({inner}, ±{loss.delta})" if isinstance(loss, HuberLoss) else f"({inner})"
        return f"{factor}{inner}" + (f" / {count}" if count > 1 else "")

    formula = f"{symbol.gradient} = {factor}{difference}{divisor}"
    return block(repr(loss), formula, gradient, _in_row(n, symbol.gradient_of), arithmetic)


def _in_row(n: int, name: Callable[[int], str]) -> Callable[[int, int], str]:
    return lambda row, unit: name(unit) if n == 1 else f"row {row}: {name(unit)}"


def _products(left: Array, right: Array) -> list[str]:
    return [_product(a, b) for a, b in zip(left, right, strict=True)]


def _entry_product(left: Array, right: Array, *place: int) -> str:
    return _product(left[place], right[place])


def _product(a: SupportsFloat, b: SupportsFloat) -> str:
    return f"{operand(a)}·{operand(b)}"


def _probability(z: Array, unit: int, *, softmax: bool) -> str:
    if softmax:
        return f"exp({number(z[unit])}) / ({total([f'exp({number(value)})' for value in z])})"
    return f"1 / (1 + exp({number(-z[unit])}))"


def _row_loss(loss: Loss, output: Array, target: Array) -> str:
    """Write the loss of one row; nothing for a loss this module does not know."""
    pairs = list(zip(output, target, strict=True))
    if isinstance(loss, CrossEntropyLoss):
        believed = zip(loss.smoothed(target), loss.probabilities(output), strict=True)
        terms = [f"{number(q)}·ln {number(p)}" for q, p in believed if q != 0]
        return f"−({total(terms)})"
    if isinstance(loss, MSELoss):
        terms = [f"({operand(a)} − {operand(y)})²" for a, y in pairs]
    elif isinstance(loss, BCEWithLogitsLoss):
        terms = []
        for p, y in zip(loss.probabilities(output), target, strict=True):
            yes, no = f"{number(y)}·ln {number(p)}", f"{number(1 - y)}·ln {number(1 - p)}"
            terms.append(f"−({total([term for term, share in ((yes, y), (no, 1 - y)) if share != 0])})")
    elif isinstance(loss, HuberLoss):
        d = loss.delta
        terms = [
            f"{operand(e)}²/2" if abs(e) <= d else f"{d}·({number(abs(e))} − {d}/2)" for e in (a - y for a, y in pairs)
        ]
    else:
        return ""
    return terms[0] if len(terms) == 1 else f"({total(terms)}) / {len(terms)}"
