"""Figures of record of the network in PyTorch, and the traps on the way there, by our engine and by torch alone."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import make_blobs
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

import feedforward as ff
from feedforward import nn
from feedforward.training.engines import ENGINES
from feedforward.training.loop import train
from feedforward.training.plan import Rows
from feedforward.training.recipe import Recipe
from feedforward.training.state import Training

BLOBS = make_blobs(n_samples=1000, n_features=2, centers=2, random_state=42, cluster_std=2.5)
X_TRAIN, X_TEST, Y_TRAIN, Y_TEST = train_test_split(*BLOBS, test_size=0.33, random_state=42)
LEARN = Rows(X_TRAIN.astype(np.float32), Y_TRAIN)
JUDGE = Rows(X_TEST.astype(np.float32), Y_TEST)
FLOOR = float(np.log1p(np.exp(-1.0)))  # of the cross-entropy of two numbers between 0 and 1


def orders(epochs: int) -> np.ndarray[Any, Any]:
    """Return the rows of each epoch as a shuffling DataLoader takes them, from torch's generator as it stands."""
    loader: Any = DataLoader(torch.arange(len(LEARN)), batch_size=20, shuffle=True)  # type: ignore[arg-type]
    return np.array([torch.cat(list(loader)).numpy() for _ in range(epochs)])


def start_19() -> nn.Sequential:
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.Sigmoid(), torch.nn.Linear(16, 2), torch.nn.Sigmoid())
    return ff.from_torch(module)


@cache
def course_19(engine: str) -> Training:
    with torch.random.fork_rng():
        training = Training(start_19(), nn.Adam(1e-3), 0)
        order = orders(196)
    recipe = Recipe(batch_size=20, max_epochs=196)
    options: Any = {"loss": nn.CrossEntropyLoss(), "score": "accuracy", "engine": engine, "device": "cpu"}
    train(training, LEARN, recipe, validation=JUDGE, order=order, **options)
    return training


@pytest.mark.parametrize("engine", ENGINES)
def test_figure_19_a_whole_loop_from_torchs_start_and_order(engine: str) -> None:
    losses = course_19(engine).history["val_loss"]
    expected = [0.691454053, 0.342395931, 0.334872127, 0.330557793, 0.330191016]
    np.testing.assert_allclose([losses[i - 1] for i in (1, 40, 79, 157, 196)], expected, atol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_figure_19_is_the_loop_of_the_tutorials(engine: str) -> None:
    losses = course_19(engine).history["val_loss"]
    np.testing.assert_allclose(losses, tutorial_19(), atol=1e-6)
    # The record has 0.332250443 at epoch 118: 0.332242250443 without the digits 4 and 2 in its middle.
    assert tutorial_19()[117] == pytest.approx(0.332242250443, abs=1e-8)


@cache
def tutorial_19() -> list[float]:
    """Return the validation losses of a loop in torch alone, with its DataLoader."""
    losses, x, targets = [], torch.tensor(JUDGE.X), torch.tensor(JUDGE.targets)
    with torch.random.fork_rng():
        module = ff.to_torch(start_19())
        optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
        table = TensorDataset(torch.tensor(LEARN.X), torch.tensor(LEARN.targets))
        loader = DataLoader(table, batch_size=20, shuffle=True)
        for _ in range(196):
            for rows, labels in loader:
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(module(rows), labels).backward()  # type: ignore[no-untyped-call]
                optimizer.step()
            with torch.inference_mode():
                losses.append(torch.nn.functional.cross_entropy(module(x), targets).item())
    return losses


def test_figure_20_is_the_accuracy_of_the_trained_network_not_that_of_trap_11() -> None:
    trained, untrained = course_19("torch"), start_19()
    accuracies = [(net(JUDGE.X).argmax(axis=1) == Y_TEST).mean() for net in (trained.network, untrained)]
    np.testing.assert_allclose(accuracies, [0.9848, 0.4909], atol=5e-5)
    assert trained.history["val_score"][-1] == accuracies[0]
    module = ff.to_torch(trained.network).eval()
    with torch.inference_mode():
        assert (module(torch.tensor(JUDGE.X)).argmax(dim=1).numpy() == Y_TEST).mean() == accuracies[0]


@pytest.mark.parametrize("engine", ENGINES)
def test_figure_18_raw_parameters(engine: str) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        start = [torch.randn(10, 2), torch.zeros(10), torch.randn(2, 10), torch.zeros(2)]
        order = orders(40)
    net = nn.Sequential(nn.Linear(2, 10), nn.Sigmoid(), nn.Linear(10, 2), nn.Sigmoid()).copy(np.float32)
    net.load_parameters(dict(zip(net.parameters(), map(np.asarray, start), strict=True)))
    training, found = Training(net, nn.Adam(1e-3), 0), []

    def last_batch_of(epoch: int, after: int) -> None:
        """Take the loss of an epoch's last batch, before its update: all other batches are of 20 rows."""
        options: Any = {"loss": nn.CrossEntropyLoss(), "score": "accuracy", "engine": engine, "device": "cpu"}
        recipe = Recipe(batch_size=20, max_epochs=40)
        train(training, LEARN, recipe, epochs=epoch - 1 - training.epoch, order=order, **options) if epoch > 1 else None
        whole = training.network.copy()
        short = Training(whole, copy_of(training.optimizer), 0)
        some = Rows(LEARN.X[order[epoch - 1]], LEARN.targets[order[epoch - 1]])
        train(short, Rows(some.X[:660], some.targets[:660]), recipe, epochs=1, shuffle=False, **options)
        value, _ = nn.CrossEntropyLoss().value_and_gradient(whole(some.X[660:]), some.targets[660:])
        found.append(value)

    last_batch_of(1, 0)
    last_batch_of(40, 39)
    np.testing.assert_allclose(found, [0.743605, 0.340892], atol=1e-6)


def copy_of(optimizer: nn.Optimizer) -> nn.Optimizer:
    twin = nn.Adam(optimizer.lr)
    twin.state.update({name: array.copy() for name, array in optimizer.state.items()})
    return twin


# Traps --------------------------------------------------------------------------------------------------------------


def test_trap_9_cross_entropy_of_sigmoid_outputs_has_a_floor_and_that_of_logits_has_none() -> None:
    assert round(FLOOR, 5) == 0.31326
    best, _ = nn.CrossEntropyLoss().value_and_gradient([[1.0, 0.0]], [0])
    assert best == pytest.approx(FLOOR)
    assert min(course_19("torch").history["val_loss"]) > FLOOR
    net = nn.Sequential(nn.Linear(2, 16), nn.Sigmoid(), nn.Linear(16, 2)).copy(np.float32)
    training = Training(net, nn.Adam(1e-2), 0)
    recipe = Recipe(batch_size=20, max_epochs=40)
    train(training, LEARN, recipe, loss=nn.CrossEntropyLoss(), score="accuracy", engine="torch", validation=JUDGE)
    assert training.history["val_loss"][-1] < 0.1 < FLOOR


@pytest.mark.parametrize("engine", ENGINES)
def test_trap_10_the_loss_of_an_epoch_is_that_of_all_its_rows(engine: str) -> None:
    rows = Rows(LEARN.X[:50].astype(np.float64), LEARN.targets[:50])
    net = nn.Sequential(nn.Linear(2, 4, rng=np.random.default_rng(0)), nn.Linear(4, 2, rng=np.random.default_rng(1)))
    whole, _ = nn.CrossEntropyLoss().value_and_gradient(net(rows.X), rows.targets)
    training = Training(net, nn.SGD(1e-12), 0)  # so small that every batch sees the same network
    recipe = Recipe(batch_size=20, max_epochs=1)  # batches of 20, 20 and 10
    train(training, rows, recipe, loss=nn.CrossEntropyLoss(), score="accuracy", engine=engine)
    assert training.history["train_loss"] == pytest.approx([whole], rel=1e-8)


@pytest.mark.parametrize("engine", ENGINES)
def test_trap_10_training_stays_training_after_the_first_validation(engine: str) -> None:
    losses = []
    for validation in (None, JUDGE):
        rng = np.random.default_rng(0)
        net = nn.Sequential(nn.Linear(2, 16, rng=rng), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 2, rng=rng))
        training = Training(net.copy(np.float32), nn.Adam(1e-3), 0)
        recipe = Recipe(batch_size=20, max_epochs=3)
        options: Any = {"loss": nn.CrossEntropyLoss(), "score": "accuracy", "engine": engine}
        train(training, LEARN, recipe, validation=validation, **options)
        losses.append(training.history["train_loss"])
    assert losses[0] == losses[1]  # with dropout in every epoch, or they would differ from the second on


def test_trap_14_gradients_zeroed_between_backward_and_step_are_no_gradients() -> None:
    net, x = start_19(), torch.tensor(LEARN.X[:20])
    targets = torch.tensor(LEARN.targets[:20])
    twins = {place: ff.to_torch(net) for place in ("before backward", "between")}
    for place, module in twins.items():
        optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
        for _ in range(3):
            if place == "before backward":
                optimizer.zero_grad()
            torch.nn.functional.cross_entropy(module(x), targets).backward()  # type: ignore[no-untyped-call]
            if place == "between":
                optimizer.zero_grad()
            optimizer.step()
    before = net.copy().parameters()
    recipe = Recipe(batch_size=20, max_epochs=3)
    rows = Rows(LEARN.X[:20], LEARN.targets[:20])
    options: Any = {"loss": nn.CrossEntropyLoss(), "score": "accuracy", "engine": "torch", "shuffle": False}
    train(Training(net, nn.SGD(0.1), 0), rows, recipe, **options)
    for name, array in net.parameters().items():
        np.testing.assert_array_equal(twins["between"].state_dict()[name].numpy(), before[name])
        np.testing.assert_allclose(twins["before backward"].state_dict()[name].numpy(), array, atol=1e-6)
        assert not np.array_equal(array, before[name])


@pytest.mark.parametrize("engine", ENGINES)
def test_trap_17_an_epoch_of_mini_batches_is_a_pass_for_each_batch(engine: str) -> None:
    training = Training(start_19(), nn.Adam(1e-3), 0)
    recipe = Recipe(batch_size=20, max_epochs=2)
    train(training, LEARN, recipe, loss=nn.CrossEntropyLoss(), score="accuracy", engine=engine)
    assert (training.epoch, training.step) == (2, 2 * 34)  # 670 rows: 33 batches of 20, and one of 10
