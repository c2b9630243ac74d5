"""A training, as facts and arrays: it comes back whole, or not at all."""

import json
from typing import Any

import numpy as np
import pytest

from feedforward import nn
from feedforward.errors import InputError
from feedforward.training.loop import train
from feedforward.training.plan import Rows
from feedforward.training.recipe import Recipe, build_network, build_optimizer
from feedforward.training.state import Training, restore_training, training_to_state

RNG = np.random.default_rng(0)
ROWS = Rows(RNG.normal(size=(40, 3)), RNG.integers(0, 2, 40))
OPTIMIZERS = ["sgd", "momentum", "rmsprop", "adam", "adamw"]


def begin(recipe: Recipe, seed: int = 0) -> Training:
    return Training(build_network(recipe, 3, 2, seed), build_optimizer(recipe), seed)


def trained(recipe: Recipe) -> Training:
    training = begin(recipe)
    train(training, ROWS, recipe, loss=nn.CrossEntropyLoss(), score="accuracy", engine="numpy", validation=ROWS)
    return training


def contents(training: Training) -> tuple[dict[str, Any], dict[str, tuple[str, list[Any]]]]:
    facts, arrays = training_to_state(training)
    return facts, {name: (str(array.dtype), array.tolist()) for name, array in arrays.items()}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("schedule", ["cosine", "plateau"])
def test_a_training_comes_back_whole_through_json_and_bytes(optimizer: str, schedule: str) -> None:
    recipe = Recipe((4,), optimizer=optimizer, schedule=schedule, max_epochs=3, batch_size=16, patience=2)
    training = trained(recipe)
    training.unfinished = {"losses": np.ones((2, 1)), "scores": np.ones((2, 1, 1)), "weights": np.full((2, 1), 16)}
    facts, arrays = training_to_state(training)
    facts = json.loads(json.dumps(facts, allow_nan=False))
    arrays = {name: np.frombuffer(array.tobytes(), array.dtype).reshape(array.shape) for name, array in arrays.items()}
    other = begin(recipe, seed=1)
    history = other.history
    restore_training(other, facts, arrays)
    assert contents(other) == contents(training)
    assert other.history is history
    assert other.plateau is None or training.plateau is not None
    for array in other.network.parameters().values():
        array += 1  # it is its own, and can be trained
    assert contents(other) != contents(training)


def test_a_stack_with_a_rate_for_each_member_comes_back() -> None:
    def stacked() -> Training:
        network = nn.stack([build_network(Recipe((4,)), 3, 2, seed) for seed in (0, 1)])
        return Training(network, nn.Adam(lr=np.array([0.1, 0.2])), seed=2)

    training, other = stacked(), stacked()
    training.best_loss, training.optimizer.lr = 0.25, np.array([0.3, 0.4])
    restore_training(other, *training_to_state(training))
    assert contents(other) == contents(training)


def test_a_stack_with_a_best_epoch_for_each_member_comes_back() -> None:
    recipe = Recipe((4,), patience=2, max_epochs=6, learning_rate=0.3)

    def stacked() -> Training:
        network = nn.stack([build_network(recipe, 3, 2, seed) for seed in (0, 1, 2)])
        return Training(network, build_optimizer(recipe), seed=2)

    training, other = stacked(), stacked()
    train(training, ROWS, recipe, loss=nn.CrossEntropyLoss(), score="accuracy", engine="numpy")
    training.max_epochs = 5
    facts, arrays = training_to_state(training)
    facts = json.loads(json.dumps(facts, allow_nan=False))
    restore_training(other, facts, arrays)
    assert contents(other) == contents(training)
    for name in ("best_loss", "best_epoch", "epochs_without_improvement"):
        assert getattr(other, name).shape == (3,)
        assert getattr(other, name).dtype == getattr(training, name).dtype
    for wrong in ([1, 2], [1, 2, -1], [1, 2, True], 1.0):
        with pytest.raises(InputError, match="best_epoch is"):
            restore_training(other, {**facts, "best_epoch": wrong}, arrays)


def test_an_optimizer_of_your_own_comes_back_with_what_it_remembers() -> None:
    class Counting(nn.Optimizer):
        def update(self, name: str, w: Any, g: Any, lr: Any, decay: Any) -> None:
            self.state["seen"] = np.array([len(self.state)])
            w -= lr * g

    recipe = Recipe((4,), optimizer=Counting(0.1), learning_rate=0.1, max_epochs=1)
    training, other = trained(recipe), begin(recipe)
    restore_training(other, *training_to_state(training))
    assert contents(other) == contents(training)


STATE = training_to_state(trained(Recipe((4,), schedule="plateau", max_epochs=2, patience=2)))
FAULTS = {
    "network.0.weight is missing": lambda facts, arrays: arrays.pop("network.0.weight"),
    "network.9.weight is unknown": lambda facts, arrays: arrays.update({"network.9.weight": np.zeros(2)}),
    "best.0.bias is missing": lambda facts, arrays: arrays.pop("best.0.bias"),
    "optimizer.0.bias.mean is missing": lambda facts, arrays: arrays.pop("optimizer.0.bias.mean"),
    "optimizer.0.bias.velocity is unknown": lambda facts, arrays: arrays.update(
        {"optimizer.0.bias.velocity": np.zeros(4)}
    ),
    "optimizer.step is float64 of shape (), not int64 of shape ()": lambda facts, arrays: arrays.update(
        {"optimizer.step": np.zeros(())}
    ),
    "network.0.bias is float32 of shape (4,), not float64 of shape (4,)": lambda facts, arrays: arrays.update(
        {"network.0.bias": np.zeros(4, np.float32)}
    ),
    "number.lr is float64 of shape (2,)": lambda facts, arrays: arrays.update({"number.lr": np.zeros(2)}),
    "number.plateau.waiting is missing": lambda facts, arrays: arrays.pop("number.plateau.waiting"),
    "history.val_loss is missing": lambda facts, arrays: arrays.pop("history.val_loss"),
    "history.other is unknown": lambda facts, arrays: arrays.update({"history.other": np.zeros(2)}),
    "history.val_loss is float64 of shape (1, 2)": lambda facts, arrays: arrays.update(
        {"history.val_loss": np.zeros((1, 2))}
    ),
    "unfinished.scores is missing": lambda facts, arrays: arrays.update({"unfinished.losses": np.zeros((2, 1))}),
    "epoch is missing": lambda facts, arrays: facts.pop("epoch"),
    "epoch is -1": lambda facts, arrays: facts.update(epoch=-1),
    "epoch is True": lambda facts, arrays: facts.update(epoch=True),
    "should_stop is 1": lambda facts, arrays: facts.update(should_stop=1),
    "troubles is [3]": lambda facts, arrays: facts.update(troubles=[3]),
    "history is {}": lambda facts, arrays: facts.update(history={}),
    "best_epoch is [1]": lambda facts, arrays: facts.update(best_epoch=[1]),
    "max_epochs is -3": lambda facts, arrays: facts.update(max_epochs=-3),
    "code is unknown": lambda facts, arrays: facts.update(code="x"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_fit_is_named_and_nothing_is_changed(fault: str) -> None:
    facts, arrays = dict(STATE[0]), dict(STATE[1])
    FAULTS[fault](facts, arrays)
    training = begin(Recipe((4,), schedule="plateau"), seed=5)
    before = contents(training)
    with pytest.raises(InputError) as caught:
        restore_training(training, facts, arrays)
    assert fault in str(caught.value)
    assert contents(training) == before
