"""The trace: the same numbers as the layers', nothing changed, complete, readable, safe in a page."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
import torch

from feedforward import nn
from feedforward.errors import InputError

LOSSES: dict[str, tuple[nn.Loss, Any]] = {
    "mse": (nn.MSELoss(), [[1.0, 0.0], [0.0, 1.0], [0.5, 0.2]]),
    "huber": (nn.HuberLoss(0.1), [[1.0, 0.0], [0.0, 1.0], [0.5, 0.2]]),
    "bce": (nn.BCEWithLogitsLoss(), [[1.0, 0.0], [0.0, 1.0], [0.5, 0.2]]),
    "cross-entropy": (nn.CrossEntropyLoss(0.1), [1, 0, 0]),
}


def on_every_parameter(**settings: Any) -> dict[str, Any]:
    """torch lets biases decay too."""
    return {**settings, "decay_factors": dict.fromkeys(["0.weight", "0.bias", "3.weight", "3.bias"], 1.0)}


# Ours, torch's with the same settings, and what torch calls the quantities we print.
TORCHS: dict[str, Any] = {
    "momentum": (nn.SGD, torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}, {"v": "momentum_buffer"}),
    "dampened": (nn.SGD, torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.5}, {"v": "momentum_buffer"}),
    "nesterov": (
        nn.SGD,
        torch.optim.SGD,
        {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
        {"v": "momentum_buffer"},
    ),
    "rmsprop": (nn.RMSprop, torch.optim.RMSprop, {"lr": 0.01, "weight_decay": 0.1}, {"s": "square_avg"}),
    "adam": (nn.Adam, torch.optim.Adam, {"lr": 0.1, "weight_decay": 0.1}, {"m": "exp_avg", "s": "exp_avg_sq"}),
    "adamw": (nn.AdamW, torch.optim.AdamW, {"lr": 0.1, "weight_decay": 0.1}, {"m": "exp_avg", "s": "exp_avg_sq"}),
}
OPTIMIZERS = [nn.SGD(0.1), nn.SGD(0.1, momentum=0.9), nn.RMSprop(), nn.Adam(), nn.AdamW()]
X = np.array([[1.0, 2.0], [-0.5, 0.3], [0.7, -1.1]])


def network(rng: Any = 0) -> Any:
    rng = np.random.default_rng(rng)
    return nn.Sequential(nn.Linear(2, 3, rng=rng), nn.Tanh(), nn.Dropout(0.5), nn.Linear(3, 2, rng=rng))


@pytest.mark.parametrize("case", LOSSES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
@pytest.mark.parametrize("training", [None, (3, 4)])
def test_is_the_training_step_and_changes_nothing(case: str, optimizer: Any, training: Any) -> None:
    loss, y = LOSSES[case]
    net, twin = network(), network()
    optimizer.state.clear()
    step = nn.trace(net, loss, X, y, optimizer, training=training)
    assert not optimizer.state
    for name, array in net.parameters().items():
        np.testing.assert_array_equal(array, twin.parameters()[name])

    outputs, saved = twin.forward(X, training=training)
    value, gradient = loss.value_and_gradient(outputs, y)
    input_gradient, gradients = twin.backward(gradient, saved)
    assert step.value == value
    np.testing.assert_array_equal(step.outputs["3"], outputs)
    np.testing.assert_array_equal(step.deltas["3"], gradient)
    np.testing.assert_array_equal(step.input_gradient, input_gradient)
    optimizer.step(twin.parameters(), gradients)
    optimizer.state.clear()
    assert list(step.gradients) == list(step.updates) == list(net.parameters())
    for name, old in net.parameters().items():
        np.testing.assert_array_equal(step.gradients[name], gradients[name])
        np.testing.assert_allclose(old + step.updates[name], twin.parameters()[name], rtol=1e-14, atol=1e-16)


def test_every_layer_is_there_by_name() -> None:
    step = nn.trace(network(), *LOSSES["mse"][:1], X, LOSSES["mse"][1])
    assert list(step.outputs) == list(step.deltas) == ["0", "1", "2", "3"]
    np.testing.assert_array_equal(step.outputs["1"], np.tanh(step.outputs["0"]))


def test_layers_of_networks_inside_networks_too() -> None:
    flat = network()
    nested = nn.Sequential(flat[0], nn.Sequential(flat[1], flat[2]), flat[3])
    step = nn.trace(nested, nn.MSELoss(), X, LOSSES["mse"][1], nn.SGD(0.1), training=(0, 0))
    assert list(step.outputs) == ["0", "1.0", "1.1", "2"]
    np.testing.assert_array_equal(step.outputs["2"], nested.forward(X, training=(0, 0))[0])


def test_a_single_row_needs_no_row_axis() -> None:
    net = network()
    one = nn.trace(net, nn.CrossEntropyLoss(), [1.0, 2.0], 1)
    same = nn.trace(net, nn.CrossEntropyLoss(), [[1.0, 2.0]], [1])
    assert one.value == same.value
    assert str(one) == str(same)
    assert nn.trace(net, nn.MSELoss(), [1.0, 2.0], [1.0, 0.0]).value > 0


def test_rows_and_layers_names_count_from_0_and_units_from_1_everywhere() -> None:
    loss, y = LOSSES["mse"]
    step = nn.trace(network(), loss, X, y)
    assert "units count from 1, as on paper; rows and names of layers from 0" in str(step)
    for row in range(3):
        assert f"row {row}: z⁽²⁾₁ = " in str(step)
    assert "row 3" not in str(step)
    assert "rows counted from 0" in str(step.paths(("0.weight", (0, 0))))


def test_goes_on_from_the_optimizers_state() -> None:
    net, adam = network(), nn.Adam(0.1)
    first = nn.trace(net, nn.MSELoss(), X, LOSSES["mse"][1], adam)
    adam.step(net.copy().parameters(), first.gradients)
    second = nn.trace(net, nn.MSELoss(), X, LOSSES["mse"][1], adam)
    assert int(second.optimizer.state["step"]) == 2  # type: ignore[union-attr]
    assert int(adam.state["step"]) == 1


def test_prints_formulas_with_numbers_put_in() -> None:
    net = nn.Sequential(nn.Linear(2, 1), nn.Sigmoid())
    net.load_parameters({"0.weight": [[0.5, -0.2]], "0.bias": [0.1]})
    text = str(nn.trace(net, nn.MSELoss(), [1.0, 2.0], [1.0], nn.SGD(0.5)))
    for line in (
        "z⁽¹⁾₁ = 0.5·1.0 + (−0.2)·2.0 + 0.1 = 0.2",  # as on paper
        "a⁽¹⁾₁ = σ(0.2) = 0.5498",
        "L = (0.5498 − 1.0)² = 0.2026",
        "∂L/∂a⁽¹⁾₁ = 2·(0.5498 − 1.0) = −0.9003",
        "δ⁽¹⁾₁ = (−0.9003)·0.2475 = −0.2228",
        "∂L/∂W⁽¹⁾₁₂ = (−0.2228)·2.0 = −0.4457",
        "∂L/∂b⁽¹⁾₁ = −0.2228",
        "new W⁽¹⁾₁₂ = −0.2 − 0.5·(−0.4457) = 0.02285",
    ):
        assert f"    {line}\n" in text + "\n"
    for formula in ("z⁽¹⁾ = W⁽¹⁾ x + b⁽¹⁾", "σ(z) = 1 / (1 + e⁻ᶻ)", "σ′(z) = a·(1 − a)", "w ← w − η·g"):
        assert formula in text


@pytest.mark.parametrize("case", LOSSES)
@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("training", [None, (0, 0)])
def test_every_written_line_is_true(case: str, n: int, training: Any) -> None:
    """Compute each written line anew from what stands in it."""
    loss, y = LOSSES[case]
    step = nn.trace(network(), loss, X[:n], y[:n], nn.SGD(0.1), training=training)
    lines = [line.strip() for line in str(step).splitlines() if line.startswith("    ") and " = " in line]
    checked = 0
    for line in lines:
        _, *middle, result = line.split(" = ")
        if not middle or "σ" in line or "…" in line:
            continue
        expression = middle[0]
        for written, python in [
            ("−", "-"), ("·ln ", "*np.log@"), ("·", "*"), ("²", "**2"), ("exp", "np.exp"), ("clip(", "np.clip("),
        ]:  # fmt: skip
            expression = expression.replace(written, python)
        if "@" in expression or "±" in expression or "|" in expression:
            continue
        assert eval(expression) == pytest.approx(float(result.replace("−", "-")), rel=5e-3, abs=2e-4), line
        checked += 1
    assert checked >= 15


@pytest.mark.parametrize(
    ("optimizer", "rule"),
    [
        (nn.SGD(0.1, weight_decay=0.5), "g = ∂L/∂w + λ·w    w ← w − η·g"),
        (nn.AdamW(), "g = ∂L/∂w    w ← (1 − η·λ)·w,"),
        (nn.SGD(0.1, 0.9), "g = ∂L/∂w    v ← μ·v + (1 − dampening)·g,  w ← w − η·v"),
    ],
)
def test_the_rule_of_the_update_is_the_optimizers(optimizer: nn.Optimizer, rule: str) -> None:
    assert rule in str(nn.trace(network(), nn.MSELoss(), X, LOSSES["mse"][1], optimizer))


def three_steps(case: str) -> tuple[nn.Trace, Any, dict[str, Any]]:
    """The trace of a third step, and torch's optimizer and parameters after it."""
    ours, theirs, settings, _ = TORCHS[case]
    net, optimizer = network(), ours(**on_every_parameter(**settings))
    tensors = {name: torch.tensor(array, requires_grad=True) for name, array in net.parameters().items()}
    torchs = theirs(tensors.values(), **settings)
    for _ in range(3):
        step = nn.trace(net, nn.MSELoss(), X, LOSSES["mse"][1], optimizer)
        optimizer.step(net.parameters(), step.gradients)
        for name, tensor in tensors.items():
            tensor.grad = torch.tensor(step.gradients[name])
        torchs.step()
    return step, torchs, tensors


@pytest.mark.parametrize("case", TORCHS)
def test_what_an_optimizer_makes_of_a_gradient_is_what_torch_makes(case: str) -> None:
    step, torchs, tensors = three_steps(case)
    record = json.loads(json.dumps(step.to_dict(), allow_nan=False))
    assert record["optimizer"]["step"] == 3
    for name, tensor in tensors.items():
        terms, state = step.terms[name], torchs.state[tensor]
        for letter, torchs_name in TORCHS[case][-1].items():
            np.testing.assert_allclose(terms[letter], state[torchs_name], rtol=1e-12)
        np.testing.assert_allclose(terms["w"], tensor.detach(), rtol=1e-12)
        if case.startswith("adam"):
            for letter, beta in (("m", 0.9), ("s", 0.999)):
                np.testing.assert_allclose(terms[f"{letter}_hat"] * (1 - beta**3), terms[letter], rtol=1e-12)
        layer, _, parameter = name.rpartition(".")
        listed = next(one for one in record["layers"] if one["name"] == layer)["parameters"][parameter]["terms"]
        assert set(listed) == set(terms)
        np.testing.assert_array_equal(listed["w"], terms["w"])


@pytest.mark.parametrize("case", TORCHS)
def test_every_line_of_an_update_is_true_and_in_the_page(case: str) -> None:
    step, _, _ = three_steps(case)
    text, page = str(step), step._repr_html_()
    lines = [line.strip() for line in text[text.index("UPDATE") :].splitlines() if line.count(" = ") == 2]
    lines = [line for line in lines if "layer" not in line and "ᵗ" not in line]
    assert len(lines) >= 2 * (6 + 3 + 6 + 2)
    for line in lines:
        name, expression, result = line.split(" = ")
        expression = re.sub(r"√([^ ]+)", r"np.sqrt(\1)", expression.replace("−", "-").replace("·", "*"))
        assert eval(expression.replace("²", "**2")) == pytest.approx(
            float(result.replace("−", "-")), rel=5e-3, abs=2e-4
        ), line
        assert name in page
    assert ("1 − β₁ᵗ = 1 − 0.9³ = 0.271" in text) == case.startswith("adam")


def test_a_first_velocity_is_the_gradient() -> None:
    step = nn.trace(network(), nn.MSELoss(), X, LOSSES["mse"][1], nn.SGD(0.1, momentum=0.9))
    np.testing.assert_array_equal(step.terms["0.weight"]["v"], step.gradients["0.weight"])
    assert "W⁽¹⁾₁₁: v = g = " in str(step)


def test_large_networks_are_cut_sensibly() -> None:
    rng = np.random.default_rng(0)
    net = nn.Sequential(nn.Linear(784, 300, rng=rng), nn.ReLU(), nn.Linear(300, 10, rng=rng))
    step = nn.trace(net, nn.CrossEntropyLoss(), rng.normal(size=(50, 784)), rng.integers(0, 10, 50), nn.Adam())
    text = str(step)
    assert len(text.splitlines()) < 130
    assert max(map(len, text.splitlines())) < 200
    assert "… 14997 more, shape (50, 300)" in text
    assert "… 781 more …" in text


def test_layers_and_losses_of_your_own_are_shown_with_their_numbers() -> None:
    class Double(nn.Layer):
        def forward(self, x: Any, *, training: Any = None) -> Any:
            return 2 * x, None

        def backward(self, gradient: Any, saved: Any) -> Any:
            return 2 * gradient, {}

    class Cubic(nn.Loss):
        def per_row(self, outputs: Any, targets: Any) -> Any:
            return np.sum((outputs - targets) ** 3, axis=-1), 3 * (outputs - targets) ** 2

    step = nn.trace(nn.Sequential(nn.Linear(2, 2), Double()), Cubic(), X, np.zeros((3, 2)))
    assert "a⁽¹⁾ = Double(z⁽¹⁾)" in str(step)
    assert "δ⁽¹⁾, from ∂L/∂a⁽¹⁾" in str(step)
    assert "Cubic()" in str(step)


def test_layers_of_one_number_a_unit_are_written_out() -> None:
    net = nn.Sequential(nn.Scale(1), nn.Linear(1, 1), nn.ParametricActivation(nn.ReLU(), 1))
    net.load_parameters({"0.scale": [3.0], "1.weight": [[2.0]], "1.bias": [0.0], "2.alpha": [0.5]})
    step = nn.trace(net, nn.MSELoss(), [-1.0], [0.0], nn.SGD(0.1))
    lines = [line.strip() for line in str(step).splitlines()]
    for line in (
        "layer 0 · Scale(features=1)    a⁽⁰⁾ = scale ⊙ x",
        "a⁽⁰⁾₁ = 3.0·(−1.0) = −3.0",
        "a⁽¹⁾₁ = −6.0 + 0.5·(0.0 − (−6.0)) = −3.0",
        "L = ((−3.0) − 0.0)² = 9.0",
        "layer 2 · ParametricActivation    ∂L/∂alpha⁽¹⁾ = ∂L/∂a⁽¹⁾ ⊙ (σ(z⁽¹⁾) − z⁽¹⁾)",
        "∂L/∂alpha⁽¹⁾₁ = (−6.0)·(0.0 − (−6.0)) = −36.0",
        "layer 2 · ParametricActivation    δ⁽¹⁾ = ∂L/∂a⁽¹⁾ ⊙ (1 + alpha ⊙ (σ′(z⁽¹⁾) − 1))",
        "δ⁽¹⁾₁ = (−6.0)·0.5 = −3.0",
        "layer 0 · Scale    ∂L/∂scale⁽⁰⁾ = ∂L/∂a⁽⁰⁾ ⊙ x",
        "∂L/∂scale⁽⁰⁾₁ = (−6.0)·(−1.0) = 6.0",
        "new scale⁽⁰⁾₁ = 3.0 − 0.1·6.0 = 2.4",
        "new alpha⁽¹⁾₁ = 0.5 − 0.1·(−36.0) = 4.1",
    ):
        assert line in lines, line
    both = nn.trace(net, nn.MSELoss(), [[-1.0], [-1.0]], [[0.0], [0.0]])
    assert "∂L/∂scale⁽⁰⁾ = Σ over rows of ∂L/∂a⁽⁰⁾ ⊙ x" in str(both)
    assert "∂L/∂scale⁽⁰⁾₁ = (−3.0)·(−1.0) + (−3.0)·(−1.0) = 6.0" in str(both)


def test_layers_that_read_columns_are_shown_with_their_numbers() -> None:
    columns = nn.Columns([((0, 1), nn.PeriodicEmbedding(1, 2, 2)), ((1, 2), nn.Embedding(3, 2))])
    net = nn.Sequential(columns, nn.Scale(4), nn.Linear(4, 2), nn.ParametricActivation(nn.SELU(), 2))
    rows, y = [[0.5, 2.0], [1.0, 0.0]], [1, 0]
    step = nn.trace(net, nn.CrossEntropyLoss(), rows, y, nn.AdamW())
    outputs, saved = net.forward(rows)
    _, gradients = net.backward(nn.CrossEntropyLoss().value_and_gradient(outputs, y)[1], saved)
    assert step.gradients.keys() == gradients.keys() == step.updates.keys()
    for name, array in gradients.items():
        np.testing.assert_array_equal(step.gradients[name], array)
    text = str(step)
    assert "layer 0 · Columns    a⁽⁰⁾ = Columns(x)" in text
    for name, gradient in gradients.items():
        title = {"weight": "W", "bias": "b"}.get(name.partition(".")[2], name.partition(".")[2])
        assert f"∂L/∂{title}" in text, name
        assert f"{float(gradient.ravel()[0]):.4g}".replace("-", "−") in text, name
    assert json.loads(json.dumps(step.to_dict()))["layers"][0]["parameters"].keys() == columns.parameters().keys()
    assert "Columns" in step._repr_html_()
    for weight, message in (
        ("2.weight", r"paths: layer 3 \(ParametricActivation\(SELU\(\), features=2\)\) stands in the way"),
        ("0.1.weight", "paths: there is no parameter '0.1.weight' of a Linear layer; there are 0.0.frequency"),
    ):
        with pytest.raises(InputError, match=message):
            step.paths((weight, (0, 0)))


def test_a_stack_of_any_layers_is_not_one_network_and_many_axes_alone_make_no_stack() -> None:
    for layer in (nn.Scale(2), nn.Embedding(3, 2), nn.PeriodicEmbedding(2)):
        width = 1 if isinstance(layer, nn.Embedding) else 2
        one, t = nn.Sequential(layer), layer(np.ones((1, width))).shape[1]
        assert nn.trace(one, nn.MSELoss(), np.ones((2, width)), np.ones((2, t))).gradients
        with pytest.raises(InputError, match="this is a stack of several"):
            nn.trace(nn.stack([one, one]), nn.MSELoss(), np.ones((2, width)), np.ones((2, t)))


def test_a_network_without_weights_can_be_traced() -> None:
    assert "a⁽⁰⁾₁ = σ(1.0)" in str(nn.trace(nn.Sequential(nn.Tanh()), nn.MSELoss(), [1.0], [0.0]))


class TestOtherFrontEnds:
    def test_to_dict_is_json_with_every_number(self) -> None:
        loss, y = LOSSES["cross-entropy"]
        step = nn.trace(network(), loss, X, y, nn.Adam())
        record = json.loads(json.dumps(step.to_dict(), allow_nan=False))
        assert record["loss"]["value"] == step.value
        np.testing.assert_array_equal(record["inputs"], X)
        assert [layer["name"] for layer in record["layers"]] == ["0", "1", "2", "3"]
        first = record["layers"][0]
        np.testing.assert_array_equal(first["output"], step.outputs["0"])
        np.testing.assert_array_equal(first["output_gradient"], step.deltas["0"])
        weight = first["parameters"]["weight"]
        np.testing.assert_array_equal(weight["value"], step.network[0].weight)
        np.testing.assert_array_equal(weight["gradient"], step.gradients["0.weight"])
        np.testing.assert_array_equal(weight["update"], step.updates["0.weight"])
        assert record["optimizer"]["name"].startswith("Adam(")

    def test_without_optimizer_there_are_no_updates(self) -> None:
        step = nn.trace(network(), nn.MSELoss(), X, LOSSES["mse"][1])
        record = step.to_dict()
        assert record["optimizer"] is None
        assert record["layers"][0]["parameters"]["weight"]["update"] is None
        assert "UPDATE" not in str(step)

    def test_html_holds_every_line_and_is_well_formed(self) -> None:
        loss, y = LOSSES["cross-entropy"]
        step = nn.trace(network(), loss, X, y, nn.SGD(0.1))
        page = Page()
        page.feed(step._repr_html_())
        assert not page.open
        assert not page.fetched
        written = "".join("".join(page.text).split())
        for line in str(step).splitlines():
            if line.startswith("    "):
                assert "".join(line.split()) in written, line


class Page(HTMLParser):
    """Reads HTML and keeps what is still open, what it would fetch, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: Any, attrs: Any) -> None:
        self.open.append(tag)
        self.fetched += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href")] + ["script"] * (
            tag == "script"
        )

    def handle_endtag(self, tag: Any) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: Any) -> None:
        self.text.append(data)


class TestBadInput:
    def test_rows_that_do_not_fit_name_the_layer(self) -> None:
        with pytest.raises(InputError, match=r"layer 0 \(Linear.*expects 2 columns and got 3"):
            nn.trace(network(), nn.MSELoss(), [1.0, 2.0, 3.0], [1.0, 0.0])

    @pytest.mark.parametrize("rows", [3.0, np.ones((2, 3, 2))])
    def test_rows_are_rows(self, rows: Any) -> None:
        with pytest.raises(InputError, match="trace takes rows of shape"):
            nn.trace(network(), nn.MSELoss(), rows, [1.0, 0.0])

    def test_a_stack_is_not_one_network(self) -> None:
        with pytest.raises(InputError, match="trace takes one network"):
            nn.trace(nn.stack([network(), network()]), nn.MSELoss(), X, LOSSES["mse"][1])

    @pytest.mark.parametrize(
        ("net", "loss", "sentence"),
        [
            (None, nn.MSELoss(), "net must be an nn.Sequential .*; got None"),
            (network(), nn.MSELoss, "loss must be a loss, .*; got the class MSELoss itself"),
            (nn.Sequential(), nn.MSELoss(), "net has no layers"),
        ],
    )
    def test_each_argument_is_of_its_kind(self, net: Any, loss: Any, sentence: str) -> None:
        with pytest.raises(InputError, match=sentence):
            nn.trace(net, loss, X, LOSSES["mse"][1])

    def test_an_optimizer_is_made_and_rows_are_numbers(self) -> None:
        with pytest.raises(InputError, match=r"optimizer must be an optimizer, .*; got a str"):
            nn.trace(network(), nn.MSELoss(), X, LOSSES["mse"][1], "adam")  # type: ignore[arg-type]
        with pytest.raises(InputError, match="X must be rows of numbers; could not convert string to float: 'red'"):
            nn.trace(network(), nn.MSELoss(), ["red", "blue"], [1.0, 0.0])
