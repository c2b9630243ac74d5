"""What is asked for in the wrong place, or of the wrong object, is answered by what to do."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone

import feedforward as ff
from feedforward import nn
from feedforward.errors import InputError, SettingError

X = np.random.default_rng(0).normal(size=(20, 2))
Y = (X[:, 0] > 0).astype(int)


class OwnLoss(nn.CrossEntropyLoss):
    pass


class OwnLinear(nn.Linear):
    pass


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (ff.MLPClassifier, "network_"),
        (ff.MLPRegressor, "network_"),
        (ff.TabularClassifier, "encoder_"),
        (ff.Perceptron, "coef_"),
    ],
)
def test_what_comes_with_fit_is_missed_before_it(kind: Any, name: str) -> None:
    model = kind()
    with pytest.raises(AttributeError, match=rf"^{kind.__name__} has no {name} before it is fitted: call fit first\.$"):
        getattr(model, name)
    for other in (clone(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert not hasattr(other, name)


def test_what_another_estimator_has_is_answered_by_what_this_one_has() -> None:
    with pytest.raises(AttributeError, match=r"^Perceptron has no network_\. Once fitted, it has coef_, intercept_, "):
        ff.Perceptron(random_state=0).fit(X, Y).network_  # noqa: B018
    with pytest.raises(AttributeError, match=r"^MLPClassifier has no coef_\. Once fitted, it has network_, "):
        ff.MLPClassifier().coef_  # noqa: B018
    with pytest.raises(AttributeError, match="'MLPClassifier' object has no attribute 'nettwork'"):
        ff.MLPClassifier().nettwork  # noqa: B018


def test_all_that_is_declared_is_there_once_fitted() -> None:
    from feedforward.fitted import fitted_names

    for kind in (ff.Perceptron, ff.Adaline):
        model = kind(random_state=0).fit(X, Y)
        assert all(hasattr(model, name) for name in fitted_names(kind))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"dtype": "float16"}, "dtype='float16' reaches no further than 65504.*'bfloat16', .* or 'float32'"),
        ({"dtype": "half"}, "Take dtype='bfloat16'"),
        ({"dtype": np.float16}, "Take dtype='bfloat16'"),
        ({"dtype": "flaot32"}, "Did you mean 'float32'"),
        ({"loss": torch.nn.MSELoss()}, r"an nn\.Loss; got MSELoss\(\), a torch\.nn\.modules\.loss\.MSELoss\."),
        ({"activation": torch.nn.ReLU()}, r"got ReLU\(\), a torch\.nn\.modules\.activation\.ReLU\."),
        ({"engine": "torch", "loss": OwnLoss(0.1)}, r"the loss is OwnLoss\(label_smoothing=0\.1\)"),
    ],
    ids=str,
)
def test_settings_are_refused_under_their_own_names(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message) as caught:
        ff.MLPClassifier(max_epochs=1, **wrong).fit(X, Y)
    assert "\n" not in str(caught.value)


def heirs() -> list[Any]:
    """Return an object of a child of each class that is written with its settings."""
    given: list[Any] = [
        nn.Linear(2, 2),
        nn.Dropout(0.2),
        nn.LeakyReLU(0.2),
        nn.ELU(0.5),
        nn.Scale(2),
        nn.ParametricActivation(nn.ReLU(), 2),
        nn.Embedding(2, 2),
        nn.PeriodicEmbedding(2),
        nn.Columns([((0, 2), nn.Identity())]),
        nn.Sequential(nn.ReLU()),
        nn.HuberLoss(),
        nn.CrossEntropyLoss(),
        nn.MSELoss(),
        nn.Adam(),
    ]
    return [(thing, type(f"Own{type(thing).__name__}", (type(thing),), {})) for thing in given]


@pytest.mark.parametrize(("thing", "heir"), heirs(), ids=lambda given: getattr(given, "__name__", ""))
def test_a_class_of_ones_own_shows_its_name(thing: Any, heir: type) -> None:
    own = copy.copy(thing)
    own.__class__ = heir
    assert repr(own) == f"Own{thing!r}"


def test_bridges_to_torch_say_which_way_to_go() -> None:
    lazy = torch.nn.Sequential(torch.nn.LazyLinear(3))
    with pytest.raises(InputError, match=r"layer 0 \(.*LazyLinear\) has no numbers yet.* Run a batch through"):
        ff.from_torch(lazy)
    lazy(torch.ones(1, 2))
    assert ff.from_torch(lazy)[0].weight.shape == (3, 2)
    with pytest.raises(InputError, match=r"got MLPClassifier\(\)\. A fitted estimator has one: its network_\."):
        ff.to_torch(ff.MLPClassifier())
    with pytest.raises(InputError, match=r"Make one of this by feedforward\.from_torch\."):
        ff.MLPClassifier().fit(X, Y, network=torch.nn.Sequential(torch.nn.Linear(2, 2)))  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="layer 0 is a OwnLinear"):
        ff.MLPClassifier(engine="torch").fit(X, Y, network=nn.Sequential(OwnLinear(2, 2)))


def test_a_picture_of_another_networks_step_says_so_in_one_line() -> None:
    net, other = nn.Sequential(nn.Linear(2, 1)), nn.Sequential(nn.Linear(2, 1), nn.Tanh())
    with pytest.raises(InputError, match="one of another network: Sequential") as caught:
        ff.plots.network(net, nn.trace(other, nn.MSELoss(), [1.0, 2.0], [0.0]))
    assert "\n" not in str(caught.value)
