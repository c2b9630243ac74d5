"""Losses against torch, weights, members, extreme logits, bad targets."""

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from feedforward import nn
from feedforward.errors import InputError, SettingError

N, T = 7, 3
RNG = np.random.default_rng(0)
NUMBERS = RNG.normal(size=(N, T)) * 2
LABELS = RNG.integers(0, T, N)
SHARES = RNG.dirichlet(np.ones(T), N)
YES_NO = RNG.integers(0, 2, (N, T))
WEIGHTS = RNG.uniform(0, 3, N)

CASES: dict[str, tuple[nn.Loss, Any, Any]] = {
    "mse": (nn.MSELoss(), functional.mse_loss, NUMBERS),
    "huber": (nn.HuberLoss(), functional.huber_loss, NUMBERS),
    "huber 0.3": (nn.HuberLoss(0.3), lambda z, y, **how: functional.huber_loss(z, y, delta=0.3, **how), NUMBERS),
    "bce": (nn.BCEWithLogitsLoss(), functional.binary_cross_entropy_with_logits, YES_NO.astype(float)),
    "bce shares": (nn.BCEWithLogitsLoss(), functional.binary_cross_entropy_with_logits, SHARES),
    "cross-entropy": (nn.CrossEntropyLoss(), functional.cross_entropy, LABELS),
    "cross-entropy of shares": (nn.CrossEntropyLoss(), functional.cross_entropy, SHARES),
    "cross-entropy, smoothed": (
        nn.CrossEntropyLoss(label_smoothing=0.2),
        lambda z, y, **how: functional.cross_entropy(z, y, label_smoothing=0.2, **how),
        LABELS,
    ),
    "cross-entropy of shares, smoothed": (
        nn.CrossEntropyLoss(label_smoothing=0.2),
        lambda z, y, **how: functional.cross_entropy(z, y, label_smoothing=0.2, **how),
        SHARES,
    ),
}
EVERY = pytest.mark.parametrize("case", CASES)
LOSSES = [nn.MSELoss(), nn.HuberLoss(), nn.BCEWithLogitsLoss(), nn.CrossEntropyLoss()]


def logits(seed: int = 1) -> Any:
    return np.random.default_rng(seed).normal(size=(N, T)) * 2


def test_no_loss_is_forgotten() -> None:
    public = {kind for kind in vars(nn).values() if isinstance(kind, type) and issubclass(kind, nn.Loss)}
    assert public - {nn.Loss} == {type(loss) for loss, _, _ in CASES.values()} == set(map(type, LOSSES))


@EVERY
def test_value_and_gradient_are_those_of_torch(case: str) -> None:
    loss, theirs, targets = CASES[case]
    leaf: Any = torch.tensor(logits(), requires_grad=True)
    expected = theirs(leaf, torch.tensor(targets))
    expected.backward()
    value, gradient = loss.value_and_gradient(logits(), targets)
    assert type(value) is float
    np.testing.assert_allclose(value, expected.item(), rtol=1e-10)
    np.testing.assert_allclose(gradient, leaf.grad.numpy(), rtol=1e-10, atol=1e-14)


@EVERY
def test_weighted_loss_is_the_weighted_mean_of_torchs_rows(case: str) -> None:
    loss, theirs, targets = CASES[case]
    leaf: Any = torch.tensor(logits(), requires_grad=True)
    rows = theirs(leaf, torch.tensor(targets), reduction="none").reshape(N, -1).mean(dim=1)
    expected = (torch.tensor(WEIGHTS) * rows).sum() / WEIGHTS.sum()
    expected.backward()
    value, gradient = loss.value_and_gradient(logits(), targets, WEIGHTS)
    np.testing.assert_allclose(value, expected.item(), rtol=1e-10)
    np.testing.assert_allclose(gradient, leaf.grad.numpy(), rtol=1e-10, atol=1e-14)


@EVERY
def test_weight_two_is_two_rows_and_weight_zero_none(case: str) -> None:
    loss, _, targets = CASES[case]
    weights = np.array([0, 1, 2, 0, 1, 1, 3])
    repeated = np.repeat(np.arange(N), weights)
    value, _ = loss.value_and_gradient(logits(), targets, weights)
    expected, _ = loss.value_and_gradient(logits()[repeated], targets[repeated])
    np.testing.assert_allclose(value, expected, rtol=1e-12)


@EVERY
@pytest.mark.parametrize("weighted", [False, True])
def test_a_stack_equals_its_members_alone(case: str, weighted: bool) -> None:
    loss, _, targets = CASES[case]
    stacked = np.stack([logits(seed) for seed in range(4)])
    weights = RNG.uniform(1, 2, (4, N)) if weighted else None
    shifted = np.stack([np.roll(targets, shift, axis=0) for shift in range(4)])
    for given in (targets, shifted):
        values, gradients = loss.value_and_gradient(stacked, given, weights)
        assert values.shape == (4,)
        for j in range(4):
            alone, gradient = loss.value_and_gradient(
                stacked[j], targets if given is targets else shifted[j], None if weights is None else weights[j]
            )
            np.testing.assert_allclose(values[j], alone, rtol=1e-12)
            np.testing.assert_allclose(gradients[j], gradient, rtol=1e-12, atol=1e-16)


@EVERY
def test_float32_stays_float32(case: str) -> None:
    loss, _, targets = CASES[case]
    _, gradient = loss.value_and_gradient(logits().astype(np.float32), targets, WEIGHTS)
    assert gradient.dtype == np.float32


def test_labels_and_one_hot_rows_are_the_same() -> None:
    loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    from_labels = loss.value_and_gradient(logits(), LABELS)
    from_rows = loss.value_and_gradient(logits(), nn.one_hot(LABELS, T))
    assert from_labels[0] == from_rows[0]
    np.testing.assert_array_equal(from_labels[1], from_rows[1])


def test_whole_numbers_are_computed_in_float64() -> None:
    value, gradient = nn.MSELoss().value_and_gradient([[1, 3]], [[0, 0]])
    assert value == 5.0
    assert gradient.dtype == np.float64


def test_mean_squared_error_by_hand() -> None:
    # rows: ((0.5 - 1)² + (0.5 - 0)²)/2 = 0.25 and ((1 - 0)² + (2 - 0)²)/2 = 2.5; mean 1.375
    # gradient 2·(a - y)/(2·2): -0.25, 0.25, 0.5, 1
    value, gradient = nn.MSELoss().value_and_gradient([[0.5, 0.5], [1.0, 2.0]], [[1.0, 0.0], [0.0, 0.0]])
    assert value == 1.375
    np.testing.assert_array_equal(gradient, [[-0.25, 0.25], [0.5, 1.0]])


@pytest.mark.parametrize("size", [1e4, 1e30])
@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss(), nn.CrossEntropyLoss(0.1), nn.BCEWithLogitsLoss()])
def test_huge_logits_are_no_problem(loss: Any, size: Any) -> None:
    z = np.array([[size, -size], [-size, size]])
    value, gradient = loss.value_and_gradient(z, [[1.0, 0.0], [1.0, 0.0]])  # one row right, one wrong
    assert np.isfinite(value)
    assert value >= size / 2
    assert np.isfinite(gradient).all()
    assert np.isfinite(loss.probabilities(z)).all()


def test_a_tiny_loss_is_not_rounded_to_zero() -> None:
    assert 0 < nn.BCEWithLogitsLoss().value_and_gradient([[50.0]], [[1.0]])[0] < 1e-20
    assert 0 < nn.BCEWithLogitsLoss().value_and_gradient([[-50.0]], [[0.0]])[0] < 1e-20


def test_probabilities_are_the_links() -> None:
    np.testing.assert_allclose(nn.CrossEntropyLoss().probabilities(logits()).sum(axis=1), 1)
    expected = torch.softmax(torch.tensor(logits()), dim=1).numpy()
    np.testing.assert_allclose(nn.CrossEntropyLoss().probabilities(logits()), expected, rtol=1e-12)
    np.testing.assert_allclose(
        nn.BCEWithLogitsLoss().probabilities(logits()), torch.sigmoid(torch.tensor(logits())).numpy(), rtol=1e-12
    )
    np.testing.assert_allclose(nn.MSELoss().probabilities(np.abs(logits())).sum(axis=1), 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("t", [1, 2, 3, 9, 10, 16, 17, 100])
def test_probabilities_of_a_row_are_the_same_bits_in_any_company(t: int, dtype: Any) -> None:
    z = (np.random.default_rng(t).normal(size=(3000, t)) * 10).astype(dtype)
    p = nn.CrossEntropyLoss().probabilities(z)
    assert p.dtype == dtype
    assert p.flags.c_contiguous
    np.testing.assert_allclose(
        p, torch.softmax(torch.tensor(z), dim=1).numpy(), rtol=1e-5 if dtype == np.float32 else 1e-13
    )
    for first, n in [(0, 1), (1, 1), (5, 2), (6, 7), (100, 100), (999, 1800)]:
        np.testing.assert_array_equal(nn.CrossEntropyLoss().probabilities(z[first : first + n]), p[first : first + n])
    np.testing.assert_array_equal(nn.CrossEntropyLoss().probabilities(np.stack([z, z])), [p, p])
    assert nn.CrossEntropyLoss().probabilities(z[:0]).shape == (0, t)


def test_a_separable_problem_reaches_a_probability_above_99_percent() -> None:
    # Softmax applied twice could not give more than e/(e + 1) = 0.731 for two classes.
    assert nn.CrossEntropyLoss().probabilities(np.array([[10.0, 0.0]]))[0, 0] > 0.99


class TestBadInput:
    @pytest.mark.parametrize("loss", LOSSES[:3], ids=repr)
    @pytest.mark.parametrize(
        ("z", "y"), [((5, 1), (5,)), ((5, 2), (5,)), ((5, 2), (5, 1)), ((5, 1), (1, 1)), ((5, 1), (1,))]
    )
    def test_targets_are_never_broadcast(self, loss: nn.Loss, z: Any, y: Any) -> None:
        with pytest.raises(InputError, match="they must be equal"):
            loss.value_and_gradient(np.zeros(z), np.zeros(y))

    def test_a_column_is_told_how_to_be_one(self) -> None:
        with pytest.raises(InputError, match=r"targets have shape \(5,\) and outputs \(5, 1\).*y\[:, None\]"):
            nn.MSELoss().value_and_gradient(np.zeros((5, 1)), np.zeros(5))

    @pytest.mark.parametrize("y", [(4,), (5, 1), (5, 3), (1,), ()])
    def test_labels_fit_the_rows(self, y: Any) -> None:
        with pytest.raises(InputError, match="give labels of shape"):
            nn.CrossEntropyLoss().value_and_gradient(np.zeros((5, 2)), np.zeros(y, int))

    @pytest.mark.parametrize(("labels", "shown"), [([0, 2], "2 in row 1"), ([-1, 0], "-1 in row 0"), ([0.5, 1], "0.5")])
    def test_bad_labels_are_named(self, labels: Any, shown: str) -> None:
        with pytest.raises(InputError, match=f"labels must be whole numbers from 0 to 1; got {shown}"):
            nn.CrossEntropyLoss().value_and_gradient(np.zeros((2, 2)), labels)

    @pytest.mark.parametrize(
        ("rows", "shown"),
        [([[1, 1], [1, 0]], "sum to 1; got 2.0 in row 0"), ([[1, 0], [2, -1]], "0 or more; got -1.0 in row 1")],
    )  # fmt: skip
    def test_rows_of_targets_are_probabilities(self, rows: Any, shown: str) -> None:
        with pytest.raises(InputError, match=shown):
            nn.CrossEntropyLoss().value_and_gradient(np.zeros((2, 2)), rows)

    @pytest.mark.parametrize("loss", LOSSES, ids=repr)
    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_targets_are_finite(self, loss: nn.Loss, bad: Any) -> None:
        with pytest.raises(InputError, match=f"targets must be finite; got {bad} in row 1"):
            loss.value_and_gradient(np.zeros((2, 2)), [[1.0, 0.0], [bad, 0.0]])

    @pytest.mark.parametrize("loss", LOSSES, ids=repr)
    def test_targets_are_numbers(self, loss: nn.Loss) -> None:
        with pytest.raises(InputError, match="must be numbers"):
            loss.value_and_gradient(np.zeros((1, 2)), [["yes", "no"]])

    def test_yes_and_no_are_between_0_and_1(self) -> None:
        with pytest.raises(InputError, match="between 0 and 1; got 2.0 in row 0"):
            nn.BCEWithLogitsLoss().value_and_gradient([[0.0]], [[2.0]])

    @pytest.mark.parametrize(
        ("weights", "problem"), [([1, -1], r"not negative; got -1.0 in row 1"), ([np.nan, 1], "got nan in row 0"),
                                 ([0, 0], "0 for every row"), ([1], "one for each row"), ([[1], [1]], "for each row")],
    )  # fmt: skip
    def test_weights_are_checked(self, weights: Any, problem: str) -> None:
        with pytest.raises(InputError, match=problem):
            nn.MSELoss().value_and_gradient([[1.0], [2.0]], [[0.0], [0.0]], weights)

    @pytest.mark.parametrize("shape", [(3,), (), (0, 2), (2, 0)])
    def test_outputs_are_rows(self, shape: Any) -> None:
        with pytest.raises(InputError, match=r"needs outputs of shape \(n, t\)"):
            nn.MSELoss().value_and_gradient(np.zeros(shape), np.zeros(shape))

    def test_settings(self) -> None:
        with pytest.raises(SettingError, match="HuberLoss: delta must be a number above 0; got 0"):
            nn.HuberLoss(0)
        with pytest.raises(SettingError, match="label_smoothing must be a number from 0 to 1; got 1.5"):
            nn.CrossEntropyLoss(1.5)

    def test_a_loss_without_formula_says_so(self) -> None:
        with pytest.raises(NotImplementedError):
            nn.Loss().value_and_gradient([[1.0]], [[1.0]])
