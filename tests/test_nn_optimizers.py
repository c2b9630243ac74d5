"""Optimizers walk the path of torch.optim, 50 steps, every step."""

import copy
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from feedforward import nn
from feedforward.errors import InputError, SettingError

STEPS = 50
LIKE_TORCH = {"0.weight": 1.0, "0.bias": 1.0}  # biases decay too
PAIRS: dict[str, tuple[Any, Any]] = {
    "sgd": (partial(nn.SGD, 0.1), partial(torch.optim.SGD, lr=0.1)),
    "momentum": (partial(nn.SGD, 0.05, momentum=0.9), partial(torch.optim.SGD, lr=0.05, momentum=0.9)),
    "nesterov": (
        partial(nn.SGD, 0.05, momentum=0.9, nesterov=True),
        partial(torch.optim.SGD, lr=0.05, momentum=0.9, nesterov=True),
    ),
    "dampening": (
        partial(nn.SGD, 0.05, momentum=0.9, dampening=0.4),
        partial(torch.optim.SGD, lr=0.05, momentum=0.9, dampening=0.4),
    ),
    "sgd, decay": (
        partial(nn.SGD, 0.05, momentum=0.5, weight_decay=0.1),
        partial(torch.optim.SGD, lr=0.05, momentum=0.5, weight_decay=0.1),
    ),
    "rmsprop": (nn.RMSprop, torch.optim.RMSprop),
    "rmsprop, settings": (
        partial(nn.RMSprop, 0.05, alpha=0.9, eps=1e-3, weight_decay=0.1),
        partial(torch.optim.RMSprop, lr=0.05, alpha=0.9, eps=1e-3, weight_decay=0.1),
    ),
    "adam": (nn.Adam, torch.optim.Adam),
    "adam, settings": (
        partial(nn.Adam, 0.05, betas=(0.5, 0.9), eps=1e-3, weight_decay=0.1),
        partial(torch.optim.Adam, lr=0.05, betas=(0.5, 0.9), eps=1e-3, weight_decay=0.1),
    ),
    "adamw": (nn.AdamW, torch.optim.AdamW),
    "adamw, settings": (
        partial(nn.AdamW, 0.05, betas=(0.5, 0.9), eps=1e-3, weight_decay=0.3),
        partial(torch.optim.AdamW, lr=0.05, betas=(0.5, 0.9), eps=1e-3, weight_decay=0.3),
    ),
}
EVERY = pytest.mark.parametrize("case", PAIRS)


def start(seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    return {"0.weight": rng.normal(size=(3, 4)), "0.bias": rng.normal(size=3)}


def gradient_of(w: Any) -> Any:
    """The slope of a bent valley: gradients change in size and sign, and rounding does not grow on the way."""
    return 2 * w + np.cos(2 * w)


def walk(optimizer: Any, parameters: Any, steps: Any = STEPS) -> Any:
    path = []
    for _ in range(steps):
        optimizer.step(parameters, {name: gradient_of(w) for name, w in parameters.items()})
        path.append({name: w.copy() for name, w in parameters.items()})
    return path


def walk_torch(optimizer_class: Any, parameters: Any, rates: Any = (None,) * STEPS) -> Any:
    leaves = {name: torch.tensor(w) for name, w in parameters.items()}
    optimizer, path = optimizer_class(list(leaves.values())), []
    for rate in rates:
        for group in optimizer.param_groups:
            group["lr"] = group["lr"] if rate is None else rate
        for w in leaves.values():
            w.grad = torch.tensor(gradient_of(w.numpy()))
        optimizer.step()
        path.append({name: w.numpy().copy() for name, w in leaves.items()})
    return path


def assert_same_path(ours: Any, theirs: Any) -> None:
    for mine, other in zip(ours, theirs, strict=True):
        for name, w in mine.items():
            np.testing.assert_allclose(w, other[name], rtol=1e-10, atol=1e-12)


def test_no_optimizer_is_forgotten() -> None:
    kinds = {nn.SGD, nn.RMSprop, nn.Adam, nn.AdamW}
    assert {getattr(make, "func", make) for make, _ in PAIRS.values()} == kinds


@EVERY
def test_walks_the_path_of_torch(case: str) -> None:
    ours, theirs = PAIRS[case]
    assert_same_path(walk(ours(decay_factors=LIKE_TORCH), start()), walk_torch(theirs, start()))


@EVERY
def test_learning_rate_may_change_between_steps(case: str) -> None:
    ours, theirs = PAIRS[case]
    optimizer, parameters, path = ours(decay_factors=LIKE_TORCH), start(), []
    rates = 0.1 * nn.schedules.cosine(np.arange(STEPS), STEPS)
    for rate in rates:
        optimizer.lr = rate
        path += walk(optimizer, parameters, steps=1)
    assert_same_path(path, walk_torch(theirs, start(), rates))


@EVERY
def test_a_stack_equals_its_members_alone_each_with_its_own_rate_and_decay(case: str) -> None:
    ours, _ = PAIRS[case]
    rates, decays = np.array([0.01, 0.05, 0.1]), np.array([0.0, 0.1, 0.2])
    starts = [start(seed) for seed in range(3)]
    stacked = {name: np.stack([one[name] for one in starts]) for name in starts[0]}
    together = ours()
    together.lr, together.weight_decay = rates, decays
    path = walk(together, stacked)
    for j, parameters in enumerate(starts):
        alone = ours()
        alone.lr, alone.weight_decay = rates[j], decays[j]
        for ours_now, alone_now in zip(path, walk(alone, parameters), strict=True):
            for name, w in alone_now.items():
                np.testing.assert_allclose(ours_now[name][j], w, rtol=1e-12)


@EVERY
def test_state_is_all_it_remembers(case: str) -> None:
    ours, _ = PAIRS[case]
    optimizer, parameters = ours(), start()
    walk(optimizer, parameters, 5)
    resumed, twin = ours(), {name: w.copy() for name, w in parameters.items()}
    resumed.state = copy.deepcopy(optimizer.state)
    assert all(isinstance(array, np.ndarray) for array in resumed.state.values())
    for a, b in zip(walk(optimizer, parameters, 5), walk(resumed, twin, 5), strict=True):
        np.testing.assert_array_equal(a["0.weight"], b["0.weight"])


@EVERY
def test_works_in_place_and_leaves_gradients_alone(case: str) -> None:
    ours, _ = PAIRS[case]
    parameters = start()
    gradients = {name: np.ones_like(w) for name, w in parameters.items()}
    before = {name: (id(w), w.copy()) for name, w in parameters.items()}
    ours().step(parameters, gradients)
    for name, w in parameters.items():
        assert id(w) == before[name][0]
        assert (w != before[name][1]).all()
        assert (gradients[name] == 1).all()


@EVERY
def test_float32_stays_float32(case: str) -> None:
    ours, _ = PAIRS[case]
    optimizer, parameters = ours(), {name: w.astype(np.float32) for name, w in start().items()}
    walk(optimizer, parameters, 2)
    arrays = [*parameters.values(), *(array for name, array in optimizer.state.items() if name != "step")]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


@pytest.mark.parametrize("make", [nn.SGD, nn.RMSprop, nn.Adam, nn.AdamW])
def test_biases_do_not_decay_unless_asked(make: Any) -> None:
    zero = {name: np.zeros_like(w) for name, w in start().items()}
    exempt, asked = start(), start()
    make(0.1, weight_decay=0.5).step(exempt, zero)
    make(0.1, weight_decay=0.5, decay_factors={"0.bias": 1.0}).step(asked, zero)
    np.testing.assert_array_equal(exempt["0.bias"], start()["0.bias"])
    assert (exempt["0.weight"] != start()["0.weight"]).all()
    assert (asked["0.bias"] != start()["0.bias"]).all()


def test_factors_are_torchs_parameter_groups() -> None:
    def groups(tensors: Any) -> Any:
        return torch.optim.AdamW(
            [
                {"params": [tensors[0]], "lr": 0.01, "weight_decay": 0.2},
                {"params": [tensors[1]], "lr": 0.04, "weight_decay": 0.0},
            ]
        )

    ours = nn.AdamW(0.02, weight_decay=0.1, rate_factors={"0.weight": 0.5, "0.bias": 2}, decay_factors={"0.weight": 2})
    assert_same_path(walk(ours, start()), walk_torch(groups, start()))


def test_prints_its_settings() -> None:
    assert repr(nn.SGD(0.1, momentum=0.9)) == (
        "SGD(lr=0.1, weight_decay=0.0, momentum=0.9, nesterov=False, dampening=0.0)"
    )


class TestBadInput:
    def test_a_parameter_without_gradient_is_named(self) -> None:
        parameters = start()
        with pytest.raises(InputError, match=r"differ in name or shape: 0.bias \(3,\) and missing"):
            nn.SGD(0.1).step(parameters, {"0.weight": np.ones((3, 4))})

    def test_nothing_is_broadcast(self) -> None:
        parameters = start()
        with pytest.raises(InputError, match=r"0.bias \(3,\) and \(1,\)"):
            nn.SGD(0.1).step(parameters, {"0.weight": np.ones((3, 4)), "0.bias": np.ones(1)})
        np.testing.assert_array_equal(parameters["0.weight"], start()["0.weight"])

    def test_factors_are_for_parameters_that_exist(self) -> None:
        with pytest.raises(SettingError, match="factors for unknown parameters: 0.wieght"):
            nn.Adam(rate_factors={"0.wieght": 2.0}).step(start(), start())

    @pytest.mark.parametrize(
        ("make", "settings"),
        [
            (nn.SGD, {"lr": -0.1}), (nn.SGD, {"lr": "fast"}), (nn.SGD, {"lr": np.nan}), (nn.SGD, {"lr": [[0.1]]}),
            (nn.SGD, {"lr": 0.1, "momentum": 1.0}), (nn.SGD, {"lr": 0.1, "nesterov": 1}),
            (nn.SGD, {"lr": 0.1, "weight_decay": -1}), (nn.SGD, {"lr": 0.1, "nesterov": True}),
            (nn.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "dampening": 0.1}),
            (nn.SGD, {"lr": 0.1, "dampening": -1}), (nn.RMSprop, {"alpha": 1}), (nn.RMSprop, {"eps": -1}),
            (nn.Adam, {"betas": (0.9, 1)}), (nn.Adam, {"betas": (0.9,)}), (nn.Adam, {"betas": 0.9}),
            (nn.AdamW, {"lr": None}),
        ],
    )  # fmt: skip
    def test_settings_are_checked(self, make: Any, settings: Any) -> None:
        with pytest.raises(SettingError, match=rf"{make.__name__}: .*(must be|needs momentum)"):
            make(**settings)

    def test_an_optimizer_without_formula_says_so(self) -> None:
        with pytest.raises(NotImplementedError):
            nn.Optimizer(0.1).step(start(), start())
