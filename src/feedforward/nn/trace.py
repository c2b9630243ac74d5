"""One training step, written out: forward, loss, backward, update, every number by name.

The five steps of learning are the body of `trace`. Nothing of yours is changed: it works on copies.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from feedforward.errors import InputError
from feedforward.nn.activations import Array
from feedforward.nn.arithmetic import (
    Node,
    Symbol,
    backward_blocks,
    forward_block,
    loss_blocks,
    loss_gradient_block,
)
from feedforward.nn.blocks import Block, Sections, to_html, to_text
from feedforward.nn.layers import Layer, Linear, Training
from feedforward.nn.losses import Loss
from feedforward.nn.optimizers import Optimizer
from feedforward.nn.paths import Paths, paths_to_loss
from feedforward.nn.rows import as_numbers
from feedforward.nn.sequential import Sequential
from feedforward.nn.updates import Term, rule_blocks, update_block, update_terms
from feedforward.validation import check_kind


def trace(
    net: Sequential,
    loss: Loss,
    X: ArrayLike,
    y: ArrayLike,
    optimizer: Optimizer | None = None,
    *,
    training: Training = None,
) -> "Trace":
    """Write out one training step.

    Parameters
    ----------
    net : Sequential
    loss : Loss
    X : array-like of shape (n, m), or (m,) for a single row
    y : array-like
        Targets as the loss takes them; for a single row without the row axis.
    optimizer : Optimizer, optional
        Makes the updates, from the state it has. Default: the step ends with the gradients.
    training : None or (seed, step)
        With these, dropout is on.

    Returns
    -------
    Trace

    Raises
    ------
    InputError
        If an argument is of the wrong kind, the rows or targets do not fit, or `net` is a stack.

    Examples
    --------
    >>> from feedforward import nn
    >>> net = nn.Sequential(nn.Linear(2, 1), nn.Sigmoid())
    >>> net.load_parameters({"0.weight": [[0.5, -0.2]], "0.bias": [0.1]})
    >>> step = trace(net, nn.MSELoss(), [1.0, 2.0], [1.0], nn.SGD(lr=0.1))
    >>> step.outputs["0"].round(6), step.deltas["0"].round(6), step.gradients["0.weight"].round(6)
    (array([[0.2]]), array([[-0.222847]]), array([[-0.222847, -0.445694]]))
    >>> print(step)
    One training step of 2 → 1 units, for 1 row
    ...
      layer 0 · Linear(in_features=2, out_features=1, bias=True)    z⁽¹⁾ = W⁽¹⁾ x + b⁽¹⁾
        z⁽¹⁾₁ = 0.5·1.0 + (−0.2)·2.0 + 0.1 = 0.2
    ...
    """
    _check(net, loss, optimizer)
    X, y = as_numbers("trace", X, net.dtype), np.asarray(y)
    if X.ndim == 1:
        X, y = X[None], y[None]
    if X.ndim != 2:
        raise InputError(f"trace takes rows of shape (n, m), or one row (m,); got shape {X.shape}.")
    net, optimizer = net.copy(), copy.deepcopy(optimizer)
    state = {} if optimizer is None else {name: array.copy() for name, array in optimizer.state.items()}
    outputs, _ = net.forward(X, training=training)
    value, gradient = loss.value_and_gradient(outputs, y)
    nodes = _backward(_forward(net, X, training), gradient)
    gradients = {f"{node.name}.{name}": g for node in nodes for name, g in node.gradients.items()}
    updates = {}
    if optimizer is not None:
        stepped = net.copy()
        optimizer.step(stepped.parameters(), gradients)
        updates = {name: new - net.parameters()[name] for name, new in stepped.parameters().items()}
    return Trace(net, loss, optimizer, X, loss.targets_for(outputs, y), value, nodes, gradients, updates, state)


def _check(net: Sequential, loss: Loss, optimizer: Optimizer | None) -> None:
    check_kind("trace", "net", net, Sequential, "an nn.Sequential (of a fitted MLP its network_)")
    check_kind("trace", "loss", loss, Loss, "a loss, such as nn.MSELoss()")
    if optimizer is not None:
        check_kind("trace", "optimizer", optimizer, Optimizer, "an optimizer, such as nn.SGD(lr=0.1)")
    if not len(net):
        raise InputError("trace: net has no layers. Give at least one.")
    if net.members is not None:
        raise InputError("trace takes one network; this is a stack of several. Trace a member: nn.unstack(net)[0].")


Passed = tuple[str, Layer, Symbol, Symbol, Array, Array, Any]


def _forward(net: Sequential, x: Array, training: Training) -> list[Passed]:
    """Return for each layer its name, itself, the letters of its inputs and outputs, these, and what it saved."""
    passed = []
    symbol = Symbol("x", 0)
    for place, layer in leaves(net):
        before, given = symbol, x
        symbol = before.after(linear=isinstance(layer, Linear))
        x, saved = layer.forward(given, training=None if training is None else (*training, *place))
        passed.append((".".join(map(str, place)), layer, before, symbol, given, x, saved))
    return passed


def _backward(passed: list[Passed], gradient: Array) -> list[Node]:
    """Return the same layers, first to last, with their gradients."""
    nodes = []
    for name, layer, before, symbol, x, output, saved in reversed(passed):
        delta = gradient
        gradient, gradients = layer.backward(delta, saved)
        nodes.append(Node(name, layer, before, symbol, x, output, saved, delta, gradient, gradients))
    return nodes[::-1]


def leaves(net: Sequential, place: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Layer]]:
    """Yield the layers of a network and of the networks inside it, each with its place.

    Examples
    --------
    >>> from feedforward import nn
    >>> [place for place, layer in leaves(nn.Sequential(nn.Linear(2, 1), nn.Sequential(nn.ReLU(), nn.Linear(1, 1))))]
    [(0,), (1, 0), (1, 1)]
    """
    for i, layer in enumerate(net):
        if isinstance(layer, Sequential):
            yield from leaves(layer, (*place, i))
        else:
            yield (*place, i), layer


@dataclass(frozen=True, eq=False)
class Trace:
    """One training step: every number by name, and the arithmetic that made it when printed.

    Attributes
    ----------
    network : Sequential
        A copy, as it was before the step.
    loss, optimizer : Loss, Optimizer or None
    inputs, targets : arrays of shape (n, m) and (n, t)
        Labels have become one-hot.
    value : float
        The loss.
    nodes : list of Node
        Its layers, with all that went through them.
    gradients, updates : dict of arrays
        ``∂L/∂W``, ``∂L/∂b`` and what was added to W and b, under the parameters' names.
    state : dict of arrays
        What the optimizer remembered before the step; ``optimizer.state`` is what it remembers now.

    Examples
    --------
    >>> from feedforward import nn
    >>> step = trace(nn.Sequential(nn.Linear(2, 1)), nn.MSELoss(), [[1.0, 2.0], [3.0, 4.0]], [[0.0], [1.0]])
    >>> list(step.gradients), list(step.updates)
    (['0.weight', '0.bias'], [])
    """

    network: Sequential
    loss: Loss
    optimizer: Optimizer | None
    inputs: Array
    targets: Array
    value: float
    nodes: list[Node]
    gradients: dict[str, Array]
    updates: dict[str, Array]
    state: dict[str, Array]

    @property
    def outputs(self) -> dict[str, Array]:
        """Each layer's output by the layer's name: Z of a Linear, A of an activation."""
        return {node.name: node.output for node in self.nodes}

    @property
    def deltas(self) -> dict[str, Array]:
        """``∂L/∂output`` by the layer's name: of a Linear δ = ∂L/∂Z, of an activation ∂L/∂A."""
        return {node.name: node.delta for node in self.nodes}

    @property
    def input_gradient(self) -> Array:
        """``∂L/∂X``."""
        return self.nodes[0].input_gradient

    @property
    def terms(self) -> dict[str, dict[str, Array]]:
        """What the optimizer made of each gradient on the way to the new weight, by the parameter's name and a letter.

        Of Adam m, s, m_hat, s_hat and w, the new weight; of RMSprop s and w; of momentum v and w.
        """
        return {name: {term.name: term.value for term in terms} for name, terms in self._terms().items()}

    def _terms(self) -> dict[str, list[Term]]:
        if self.optimizer is None:
            return {}
        old = self.network.parameters()
        return {
            name: update_terms(self.optimizer, self.state, name, old[name], self.gradients[name], old[name] + update)
            for name, update in self.updates.items()
        }

    def paths(self, weight: tuple[str, int | tuple[int, ...]], limit: int = 10_000) -> Paths:
        """Return the slow way to one derivative: every path from a weight to the loss.

        Parameters
        ----------
        weight : (str, place)
            A parameter's name and a place in it, from 0: ``("0.weight", (i, j))`` or ``("0.bias", i)``.
        limit : int
            More paths than this are refused.

        Examples
        --------
        >>> from feedforward import nn
        >>> net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2))
        >>> found = trace(net, nn.CrossEntropyLoss(), [1.0, 2.0], 1).paths(("0.weight", (0, 1)))
        >>> len(found), abs(found.sum - found.backpropagation) < 1e-12
        (2, True)
        """
        name, place = weight
        return paths_to_loss(self.nodes, name, place if isinstance(place, tuple) else (place,), limit)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as lists, numbers and text, fit for JSON.

        Examples
        --------
        >>> from feedforward import nn
        >>> sorted(trace(nn.Sequential(nn.Linear(2, 1)), nn.MSELoss(), [1.0, 2.0], [0.0]).to_dict())
        ['inputs', 'layers', 'loss', 'optimizer', 'targets']
        """
        terms = self.terms
        return {
            "inputs": self.inputs.tolist(),
            "targets": self.targets.tolist(),
            "layers": [self._layer_dict(node, terms) for node in self.nodes],
            "loss": {"name": repr(self.loss), "formula": self.loss.formula, "value": self.value},
            "optimizer": None
            if self.optimizer is None
            else {
                "name": repr(self.optimizer),
                "formula": self.optimizer.formula,
                "step": int(self.optimizer.state.get("step", 0)),
            },
        }

    def _layer_dict(self, node: Node, terms: dict[str, dict[str, Array]]) -> dict[str, Any]:
        return {
            "name": node.name,
            "layer": repr(node.layer),
            "symbol": str(node.symbol),
            "output": node.output.tolist(),
            "output_gradient": node.delta.tolist(),
            "input_gradient": node.input_gradient.tolist(),
            "parameters": {
                name: {
                    "value": array.tolist(),
                    "gradient": node.gradients[name].tolist(),
                    "update": self.updates[f"{node.name}.{name}"].tolist() if self.updates else None,
                    "terms": {key: term.tolist() for key, term in terms.get(f"{node.name}.{name}", {}).items()},
                }
                for name, array in node.layer.parameters().items()
            },
        }

    def __str__(self) -> str:
        return to_text(*self._written())

    def _repr_html_(self) -> str:
        return to_html(*self._written())

    def _written(self) -> tuple[str, Sections]:
        n, m = self.inputs.shape
        sizes = [m, *(node.layer.out_features for node in self.nodes if isinstance(node.layer, Linear))]
        heading = (
            f"One training step of {' → '.join(map(str, sizes))} units, for {n} row{'s' * (n > 1)}\n"
            "x inputs, W weights, b biases, z net inputs, a outputs, y targets, L loss, δ = ∂L/∂z, n rows, t outputs.\n"
            "Layers of weights ⁽ˡ⁾ and units count from 1, as on paper; rows and names of layers from 0, as in code.\n"
            "Four digits are shown, the arrays hold them all."
        )
        output, symbol = self.nodes[-1].output, self.nodes[-1].symbol
        gradient = loss_gradient_block(self.loss, symbol, output, self.targets, self.nodes[-1].delta)
        sections = [
            ("FORWARD: from the inputs to the outputs", [forward_block(node) for node in self.nodes]),
            ("LOSS: how wrong the outputs are", loss_blocks(self.loss, symbol, output, self.targets)),
            ("BACKWARD: from the loss to every weight, by the chain rule", [gradient, *self._backward_blocks()]),
        ]
        if self.optimizer is not None:
            title, terms = f"UPDATE: after all gradients, by {self.optimizer!r}", self._terms()
            blocks = [
                update_block(node, name, terms[f"{node.name}.{name}"]) for node in self.nodes for name in node.gradients
            ]
            sections.append((title, [*rule_blocks(self.optimizer), *blocks]))
        return heading, sections

    def _backward_blocks(self) -> list[Block]:
        # Nothing before the first weights learns, so the gradients that only lead there are not written.
        first = next((i for i, node in enumerate(self.nodes) if node.gradients), len(self.nodes))
        blocks: list[Block] = []
        for i, node in reversed(list(enumerate(self.nodes))):
            blocks += backward_blocks(node, to_input=i > first)
        return blocks
