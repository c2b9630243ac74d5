"""The recipe: every default, every refusal, and the networks, losses and optimizers it describes."""

from typing import Any

import numpy as np
import pytest

from feedforward import nn
from feedforward.errors import SettingError
from feedforward.training.recipe import (
    ACTIVATIONS,
    LOSSES,
    OPTIMIZERS,
    SCHEDULES,
    Recipe,
    build_loss,
    build_network,
    build_optimizer,
)


def test_the_defaults_can_be_used() -> None:
    recipe = Recipe()
    assert recipe.checked() is recipe


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("hidden_sizes", (10, 0), "hidden_sizes must be a whole number of 1 or more, or a sequence of them"),
        ("hidden_sizes", 2.5, "hidden_sizes must be"),
        ("hidden_sizes", "100", "hidden_sizes must be"),
        ("hidden_sizes", None, "hidden_sizes must be"),
        ("hidden_sizes", [[10]], "hidden_sizes must be"),
        ("activation", "rellu", "activation is unknown: 'rellu'. Did you mean 'relu'?"),
        ("activation", "step", "The choices are 'identity', 'sigmoid'"),
        ("activation", nn.ReLU, "activation must be one of 'identity', .* or an nn.ActivationLayer; got <class"),
        ("activation", nn.Dropout(), "activation must be one of"),
        ("loss", "crossentropy", "Did you mean 'cross_entropy'?"),
        ("loss", None, "loss must be one of 'cross_entropy', .* or an nn.Loss; got None"),
        ("optimizer", "adma", "optimizer is unknown: 'adma'. Did you mean 'adam'?"),
        ("optimizer", nn.Adam, "optimizer must be one of"),
        ("schedule", "cosin", "schedule is unknown: 'cosin'. Did you mean 'cosine'?"),
        ("schedule", nn.schedules.cosine, "schedule must be one of"),
        ("learning_rate", 0, "learning_rate must be a number above 0; got 0"),
        ("learning_rate", "auto", "learning_rate must be a number above 0; got 'auto'"),
        ("learning_rate", np.nan, "learning_rate must be"),
        ("batch_size", 0, "batch_size must be a whole number of 1 or more or None; got 0"),
        ("batch_size", 32.0, "batch_size must be"),
        ("max_epochs", True, "max_epochs must be"),
        ("weight_decay", -1e-3, "weight_decay must be a number of 0 or more; got -0.001"),
        ("dropout", 1.0, "dropout must be a number of 0 or more and below 1; got 1.0"),
        ("validation_fraction", 1, "validation_fraction must be"),
        ("patience", 0, "patience must be a whole number of 1 or more or None; got 0"),
        ("patience_growth", -1.0, "patience_growth must be a number of 0 or more; got -1.0"),
        ("drop_last", 1, "drop_last must be True or False; got 1"),
        ("keep_best", "yes", "keep_best must be True or False; got 'yes'"),
        ("watch", "val_loss", "watch is unknown: 'val_loss'. Did you mean 'loss'?"),
        ("watch", None, "watch must be one of 'loss', 'score', 'calibrated_loss'; got None"),
        ("decay_schedule", "plateau", "decay_schedule is unknown: 'plateau'"),
        ("dropout_schedule", "cosin", "dropout_schedule is unknown: 'cosin'. Did you mean 'cosine'?"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(name: str, value: Any, words: str) -> None:
    with pytest.raises(SettingError, match=f"^MLPClassifier: {name} .*") as caught:
        Recipe(**{name: value}).checked("MLPClassifier")
    assert caught.match(words)


@pytest.mark.parametrize("sizes", [(), 7, [7], (7, 8), np.array([7, 8]), np.int64(7)])
def test_sizes_are_numbers_for_each_hidden_layer(sizes: Any) -> None:
    recipe = Recipe(hidden_sizes=sizes).checked()
    assert recipe.sizes == tuple(np.atleast_1d(np.array(sizes, dtype=int)))
    widths = [layer.out_features for layer in build_network(recipe, 3, 2, seed=0) if isinstance(layer, nn.Linear)]
    assert widths == [*recipe.sizes, 2]


def test_the_network_has_the_layers_it_should() -> None:
    recipe = Recipe(hidden_sizes=(5, 4), activation=nn.LeakyReLU(0.3), dropout=0.25)
    net = build_network(recipe, 3, 2, seed=0, dtype=np.float32, final=nn.Sigmoid())
    kinds = [nn.Linear, nn.LeakyReLU, nn.Dropout, nn.Linear, nn.LeakyReLU, nn.Dropout, nn.Linear, nn.Sigmoid]
    assert [type(layer) for layer in net] == kinds
    assert net[1] is not net[4]
    assert net[1].negative_slope == 0.3
    assert net[2].p == 0.25
    assert net.dtype == np.float32
    assert not any(isinstance(layer, nn.Dropout) for layer in build_network(Recipe(), 3, 2, seed=0))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_weights_start_from_one_stream_as_the_activation_asks(name: str) -> None:
    rule = {"selu": "lecun_normal", "sigmoid": "glorot_uniform", "tanh": "glorot_uniform", "identity": "glorot_uniform"}
    draw = nn.INITIALIZERS[rule.get(name, "lecun_uniform")]
    net, rng = build_network(Recipe(hidden_sizes=(6, 6), activation=name), 6, 6, seed=3), np.random.default_rng(3)
    for layer, rule_ in ((net[0], draw), (net[2], draw), (net[4], nn.INITIALIZERS["torch_default"])):
        np.testing.assert_array_equal(layer.weight, rule_(rng, (6, 6), 6, 6))
        np.testing.assert_array_equal(layer.bias, nn.initializers.torch_default(rng, (6,), 6, 6))


def test_weights_depend_on_the_seed_alone_and_are_rounded_for_float32() -> None:
    a, b, c = (build_network(Recipe(), 3, 2, seed=seed) for seed in (0, 0, 1))
    single = build_network(Recipe(), 3, 2, seed=0, dtype=np.float32)
    for name, array in a.parameters().items():
        np.testing.assert_array_equal(b.parameters()[name], array)
        np.testing.assert_array_equal(single.parameters()[name], array.astype(np.float32))
        assert not np.isclose(c.parameters()[name], array).all()


@pytest.mark.parametrize("name", LOSSES)
def test_losses_by_name_and_by_object(name: str) -> None:
    loss = build_loss(Recipe(loss=name).checked())
    assert build_loss(Recipe(loss=loss).checked()) is loss


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_by_name_take_rate_and_decay(name: str) -> None:
    optimizer = build_optimizer(Recipe(optimizer=name, learning_rate=0.03, weight_decay=0.2).checked())
    assert (optimizer.lr, optimizer.weight_decay) == (0.03, 0.2)
    if isinstance(optimizer, nn.SGD):
        assert (optimizer.momentum, optimizer.nesterov) == (0.9 * (name != "sgd"), name == "nesterov")


def test_an_optimizer_is_copied_and_brings_its_own_rate() -> None:
    given = nn.Adam(lr=0.5, weight_decay=0.1, betas=(0.8, 0.9))
    given.step({"w": np.ones(2)}, {"w": np.ones(2)})
    built: Any = build_optimizer(Recipe(optimizer=given).checked())
    assert built is not given
    assert (built.lr, built.weight_decay, built.betas, built.state) == (0.5, 0.1, (0.8, 0.9), {})
    assert given.state["step"] == 1


def test_two_rates_or_two_decays_are_refused() -> None:
    given = nn.Adam(lr=0.5, weight_decay=0.1)
    Recipe(optimizer=given, learning_rate=0.5, weight_decay=0.1).checked()
    with pytest.raises(SettingError, match="learning_rate=0.3 was given, and optimizer=Adam.* brings its own, 0.5"):
        Recipe(optimizer=given, learning_rate=0.3).checked()
    with pytest.raises(SettingError, match="weight_decay=0.3 was given"):
        Recipe(optimizer=given, weight_decay=0.3).checked()
    with pytest.raises(SettingError, match="one learning_rate for all"):
        Recipe(optimizer=nn.Adam(lr=np.array([0.1, 0.2]))).checked()


def test_every_schedule_has_a_name() -> None:
    assert set(SCHEDULES) == {*nn.SCHEDULES, "plateau"}
    for schedule in SCHEDULES:
        Recipe(schedule=schedule).checked()
