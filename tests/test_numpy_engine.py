"""The NumPy engine against torch's own loop, a stack against its members, and what happens when numbers run away."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from feedforward import nn
from feedforward.nn.random import row_order
from feedforward.training.numpy_engine import NumpyEngine
from feedforward.training.plan import Engine, Plan, Rows

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 3))
CODES = (X[:, 0] * X[:, 1] > 0).astype(np.intp)
TARGETS = np.column_stack([X[:, 0] * X[:, 1], X.sum(axis=1)])
WEIGHTS = RNG.uniform(0.5, 2.0, 50)


def plan_for(epochs: int = 6, n: int = 50, batch: int = 16, rate: float = 0.05, k: int = 1, seed: int = 0) -> Plan:
    """Shuffled epochs with a last batch that is smaller, and a rate that falls with every step."""
    order = [np.concatenate([row_order(seed, member, e, n) for e in range(epochs)]) for member in range(k)]
    bounds = np.append(np.add.outer(n * np.arange(epochs), np.arange(0, n, batch)).ravel(), n * epochs)
    steps = len(bounds) - 1
    rates = rate * np.linspace(1.0, 0.2, steps)
    return Plan(0, np.array(order), bounds, rates, np.full(steps, 0.01), np.arange(k, dtype=np.uint64))


def cut(plan: Plan, *places: int) -> list[Plan]:
    """Return the plan as spans that end before these steps, and the last one."""
    edges = [0, *places, plan.steps]
    return [
        Plan(
            plan.first_step + a,
            plan.order[:, plan.bounds[a] : plan.bounds[b]],
            plan.bounds[a : b + 1] - plan.bounds[a],
            plan.learning_rate[a:b],
            plan.weight_decay[a:b],
            plan.seeds,
            plan.dropout[a:b],
        )
        for a, b in pairwise(edges)
    ]


def small(*, outputs: int = 2, dropout: float = 0.0, seed: int = 1) -> nn.Sequential:
    rng = np.random.default_rng(seed)
    middle = [nn.Tanh(), *([nn.Dropout(dropout)] if dropout else [])]
    return nn.Sequential(nn.Linear(3, 8, rng=rng), *middle, nn.Linear(8, outputs, rng=rng))


def torch_twin(net: nn.Sequential) -> Any:
    twin = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2)).double()
    twin.load_state_dict({name: torch.tensor(array) for name, array in net.parameters().items()})
    return twin


def row_losses(kind: str, outputs: Any, rows: Any) -> Any:
    if kind == "cross_entropy":
        return torch.nn.functional.cross_entropy(outputs, torch.tensor(CODES[rows]), reduction="none")
    return ((outputs - torch.tensor(TARGETS[rows])) ** 2).mean(dim=1)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["cross_entropy", "squared_error"])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (nn.SGD(0.1, momentum=0.9), lambda groups: torch.optim.SGD(groups, lr=0.1, momentum=0.9)),
        (nn.Adam(), lambda groups: torch.optim.Adam(groups)),
        (nn.AdamW(), lambda groups: torch.optim.AdamW(groups)),
        (nn.RMSprop(), lambda groups: torch.optim.RMSprop(groups)),
    ],
    ids=["sgd", "adam", "adamw", "rmsprop"],
)
def test_every_step_is_that_of_a_loop_in_torch(ours: Any, theirs: Any, kind: str, weighted: bool) -> None:
    net, plan = small(), plan_for()
    twin = torch_twin(net)
    decaying = [p for name, p in twin.named_parameters() if name.endswith("weight")]
    others = [p for name, p in twin.named_parameters() if name.endswith("bias")]
    walker = theirs([{"params": decaying, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}])
    expected = []
    for i in range(plan.steps):
        rows = plan.batch(i)[0]
        for group in walker.param_groups:
            group["lr"] = plan.learning_rate[i]
        w = torch.tensor(WEIGHTS[rows] if weighted else np.ones(len(rows)))
        losses = row_losses(kind, twin(torch.tensor(X[rows])), rows)
        value = (w * losses).sum() / w.sum()
        walker.zero_grad()
        value.backward()
        walker.step()
        expected.append(value.item())

    loss, targets, score = {
        "cross_entropy": (nn.CrossEntropyLoss(), CODES, "accuracy"),
        "squared_error": (nn.MSELoss(), TARGETS, "squared_error"),
    }[kind]
    rows_ = Rows(X, targets, WEIGHTS if weighted else None)
    outcome = NumpyEngine(net, loss, type(ours)(**settings_of(ours)), rows_, score).run(plan)
    assert outcome.done == plan.steps
    assert outcome.losses[-1, 0] < outcome.losses[0, 0]
    np.testing.assert_allclose(outcome.losses[:, 0], expected, rtol=1e-10)
    for name, parameter in twin.named_parameters():
        np.testing.assert_allclose(net.parameters()[name], parameter.detach().numpy(), rtol=1e-10, atol=1e-12)


def settings_of(optimizer: nn.Optimizer) -> dict[str, Any]:
    return {name: value for name, value in vars(optimizer).items() if name not in ("state", "formula")}


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_a_stack_of_k_is_the_k_alone(dropout: float, weights: Any) -> None:
    members, plan = [small(dropout=dropout, seed=seed) for seed in (3, 4, 5)], plan_for(k=3)
    together, rows = nn.stack(members), Rows(X, CODES, weights)
    joint = NumpyEngine(together, nn.CrossEntropyLoss(), nn.Adam(), rows, "accuracy").run(plan)
    assert joint.losses.shape == (plan.steps, 3)
    for j, member in enumerate(members):
        alone = Plan(0, plan.order[[j]], plan.bounds, plan.learning_rate, plan.weight_decay, plan.seeds[[j]])
        outcome = NumpyEngine(member, nn.CrossEntropyLoss(), nn.Adam(), rows, "accuracy").run(alone)
        np.testing.assert_allclose(joint.losses[:, j], outcome.losses[:, 0], rtol=1e-10)
        np.testing.assert_array_equal(joint.scores[:, j], outcome.scores[:, 0])
        for name, array in member.parameters().items():
            np.testing.assert_allclose(together.parameters()[name][j], array, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("places", [(1,), (5, 6, 7, 20), tuple(range(1, 24))])
def test_spans_of_any_length_come_to_equal_bits(places: tuple[int, ...]) -> None:
    plan, nets = plan_for(), [small(dropout=0.3), small(dropout=0.3)]
    engines = [NumpyEngine(net, nn.CrossEntropyLoss(), nn.Adam(), Rows(X, CODES), "accuracy") for net in nets]
    whole, parts = engines[0].run(plan), [engines[1].run(part) for part in cut(plan, *places)]
    np.testing.assert_array_equal(np.concatenate([part.losses for part in parts]), whole.losses)
    np.testing.assert_array_equal(np.concatenate([part.scores for part in parts]), whole.scores)
    for name, array in nets[0].parameters().items():
        np.testing.assert_array_equal(nets[1].parameters()[name], array)


def test_dropout_is_that_of_seed_and_step() -> None:
    plan, net = plan_for(epochs=1, n=50, batch=50), small(dropout=0.5)
    twin = net.copy()
    outcome = NumpyEngine(net, nn.MSELoss(), nn.SGD(0.0), Rows(X, TARGETS), "squared_error").run(plan)
    rows = plan.batch(0)[0]
    outputs, _ = twin.forward(X[rows], training=(plan.seeds[0], 0))
    assert not np.allclose(outputs, twin(X[rows]))
    assert outcome.losses[0, 0] == pytest.approx(float(np.mean((outputs - TARGETS[rows]) ** 2)), rel=1e-12)


@pytest.mark.parametrize("factor", [0.0, 0.3, 1.0])
def test_a_factor_on_dropout_is_dropout_with_another_p(factor: float) -> None:
    plan, nets = plan_for(epochs=1), [small(dropout=0.5), small(dropout=0.5)]
    nets[1][2].p = 0.5 * factor
    eased = replace(plan, dropout=np.full(plan.steps, factor))
    engines = [NumpyEngine(net, nn.CrossEntropyLoss(), nn.Adam(), Rows(X, CODES), "accuracy") for net in nets]
    np.testing.assert_array_equal(engines[0].run(eased).losses, engines[1].run(plan).losses)
    for name, array in nets[0].parameters().items():
        np.testing.assert_array_equal(nets[1].parameters()[name], array)
    assert repr(nets[0][2]) == "Dropout(p=0.5)"


def test_scores_are_sums_over_the_batch_before_its_update() -> None:
    plan = plan_for(epochs=1)
    for score, loss, targets in (
        ("accuracy", nn.CrossEntropyLoss(), CODES),
        ("accuracy", nn.MSELoss(), np.eye(2)[CODES]),
        ("exact", nn.BCEWithLogitsLoss(), np.column_stack([CODES, 1 - CODES])),
        ("squared_error", nn.HuberLoss(), TARGETS),
    ):
        net = small()
        before = net(X)
        outcome = NumpyEngine(net, loss, nn.SGD(0.1), Rows(X, targets, WEIGHTS), score).run(plan)
        rows, w = plan.batch(0)[0], WEIGHTS[plan.batch(0)[0]]
        if score == "squared_error":
            expected = w @ (before[rows] - TARGETS[rows]) ** 2
        elif score == "exact":
            right = ((before[rows, 0] > 0) == (CODES[rows] == 1)) & ((before[rows, 1] > 0) == (CODES[rows] == 0))
            expected = np.array([w[right].sum()])
        else:
            expected = np.array([w[before[rows].argmax(axis=1) == CODES[rows]].sum()])
        np.testing.assert_allclose(outcome.scores[0, 0], expected, rtol=1e-12)


@pytest.mark.parametrize("k", [None, 2])
def test_sparse_rows_learn_as_dense_ones_do(k: int | None) -> None:
    zeros = np.where(X > 0, X, 0.0)
    nets = [nn.stack([small(seed=3), small(seed=4)]) if k else small() for _ in range(2)]
    for net, inputs in zip(nets, (zeros, csr_array(zeros)), strict=True):
        engine = NumpyEngine(net, nn.CrossEntropyLoss(), nn.Adam(), Rows(inputs, CODES), "accuracy")
        engine.run(plan_for(k=k or 1))
        np.testing.assert_allclose(engine.predict(inputs), net(zeros), rtol=1e-10)
    for name, array in nets[0].parameters().items():
        np.testing.assert_array_equal(nets[1].parameters()[name], array)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_everything_stays_in_the_dtype_of_the_network(dtype: Any) -> None:
    net = small().copy(dtype)
    optimizer = nn.Adam()
    engine = NumpyEngine(net, nn.CrossEntropyLoss(), optimizer, Rows(X.astype(dtype), CODES), "accuracy")
    outcome = engine.run(plan_for())
    assert {array.dtype for array in net.parameters().values()} == {np.dtype(dtype)}
    assert {a.dtype for name, a in optimizer.state.items() if name != "step"} == {np.dtype(dtype)}
    assert engine.predict(X.astype(dtype)).dtype == dtype
    assert outcome.losses.dtype == np.float64


@pytest.mark.parametrize("k", [None, 2])
def test_a_step_to_infinity_is_not_made(k: int | None) -> None:
    plan = plan_for(k=k or 1)
    plan.learning_rate[5:] = 1e300
    net = nn.stack([small(seed=3), small(seed=4)]) if k else small()
    twin = net.copy()
    outcome = NumpyEngine(net, nn.MSELoss(), nn.SGD(0.1), Rows(X, TARGETS), "squared_error").run(plan)
    assert 5 <= outcome.done < 8
    assert np.isfinite(outcome.losses[: outcome.done]).all()
    assert np.isnan(outcome.losses[outcome.done :]).all()
    # The weights are those of the steps done, and no other.
    NumpyEngine(twin, nn.MSELoss(), nn.SGD(0.1), Rows(X, TARGETS), "squared_error").run(cut(plan, outcome.done)[0])
    for name, array in net.parameters().items():
        assert np.isfinite(array).all()
        np.testing.assert_array_equal(twin.parameters()[name], array)


class Interrupted(nn.Optimizer):
    """Is interrupted in its third step, when the first parameter is done."""

    def update(self, name: str, w: Any, g: Any, lr: Any, decay: Any) -> None:
        if self.state["step"] == 3 and name == "0.bias":
            raise KeyboardInterrupt
        w -= lr * g


def test_an_interrupt_inside_a_step_leaves_the_weights_before_it() -> None:
    net, twin = small(), small()
    engine = NumpyEngine(net, nn.MSELoss(), Interrupted(0.1), Rows(X, TARGETS), "squared_error")
    with pytest.raises(KeyboardInterrupt):
        engine.run(plan_for())
    two_steps = cut(plan_for(), 2)[0]
    NumpyEngine(twin, nn.MSELoss(), nn.SGD(0.1), Rows(X, TARGETS), "squared_error").run(
        Plan(0, two_steps.order, two_steps.bounds, two_steps.learning_rate, np.zeros(2), two_steps.seeds)
    )
    for name, array in twin.parameters().items():
        np.testing.assert_array_equal(net.parameters()[name], array)


def test_the_optimizer_keeps_its_settings_and_gets_the_state() -> None:
    optimizer = nn.Adam(lr=0.123, weight_decay=0.456)
    NumpyEngine(small(), nn.MSELoss(), optimizer, Rows(X, TARGETS), "squared_error").run(plan_for())
    assert (optimizer.lr, optimizer.weight_decay) == (0.123, 0.456)
    assert optimizer.state["step"] == plan_for().steps
    assert optimizer.state["0.weight.mean"].any()


def test_a_prediction_does_not_depend_on_the_rows_beside_it() -> None:
    net = nn.Sequential(nn.Linear(7, 33), nn.ReLU(), nn.Linear(33, 5)).copy(np.float32)
    many = np.random.default_rng(1).normal(size=(150, 7)).astype(np.float32)
    engine: Engine = NumpyEngine(net, nn.MSELoss(), nn.SGD(0.1), Rows(many, many[:, :5]), "squared_error")
    together = engine.predict(many)
    assert together.shape == (150, 5)
    for part in (1, 10, 64, 149):
        np.testing.assert_array_equal(engine.predict(many[:part]), together[:part])
    np.testing.assert_allclose(together, net(many), rtol=1e-4, atol=1e-6)


def test_training_takes_no_product_for_the_gradient_of_the_inputs() -> None:
    class Counting(nn.Linear):
        backwards = 0

        def backward(self, gradient: Any, saved: Any) -> Any:
            Counting.backwards += 1
            return super().backward(gradient, saved)

    net = nn.Sequential(nn.Identity(), nn.Sequential(Counting(3, 4), nn.Tanh()), Counting(4, 2))
    NumpyEngine(net, nn.MSELoss(), nn.SGD(0.1), Rows(X, TARGETS), "squared_error").run(plan_for(epochs=1))
    assert Counting.backwards == plan_for(epochs=1).steps  # of the second layer only
    outputs, saved = net.forward(X)
    alone, (_, both) = net.gradients(np.ones_like(outputs), saved), net.backward(np.ones_like(outputs), saved)
    assert list(alone) == list(both) == list(net.parameters())
    for name, array in both.items():
        np.testing.assert_array_equal(alone[name], array)
