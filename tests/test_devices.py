"""Which engine and device: by name, with clear refusals; by "auto", from what there is and how large the work is."""

import os
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

import feedforward as ff
from feedforward import nn
from feedforward.errors import MissingPackageError, SettingError
from feedforward.training import devices, torch_bridge
from feedforward.training.devices import CROSSOVERS, choose_device
from feedforward.training.engines import choose_engine
from feedforward.training.loop import train
from feedforward.training.plan import Rows
from feedforward.training.recipe import Recipe
from feedforward.training.state import Training

ROWS = Rows(np.zeros((1, 4)), np.zeros(1, np.int64))
NET = nn.Sequential(nn.Linear(4, 2))
NESTED = nn.Sequential(nn.Sequential(nn.Linear(4, 2)))
LOSS, ADAM = nn.CrossEntropyLoss(), nn.Adam()
X, Y = np.random.default_rng(0).normal(size=(40, 4)), np.arange(40) % 2


class Own(nn.Linear):
    pass


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (2**30, 2**34))
    monkeypatch.setattr(devices, "may_have_gpu", lambda: True)


def test_auto_takes_the_first_engine_that_can() -> None:
    assert choose_engine("auto", NET, LOSS, ADAM, ROWS)[0] == "compiled"
    name, reason = choose_engine("auto", NESTED, LOSS, ADAM, ROWS)
    assert (name, reason) == ("torch", "the compiled engine cannot: layer 0 is a Sequential")
    name, reason = choose_engine("auto", nn.Sequential(Own(4, 2)), LOSS, ADAM, ROWS)
    assert (name, reason) == ("numpy", "the compiled engine cannot: layer 0 is a Own; nor can torch: layer 0 is a Own")
    assert choose_engine("auto", NET, LOSS, ADAM, ROWS, "cuda:1") == ("torch", "it computes on cuda:1")


def test_auto_does_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_bridge, "has_torch", lambda: False)
    name, reason = choose_engine("auto", NESTED, LOSS, ADAM, ROWS)
    assert (name, reason.rpartition("; ")[2]) == ("numpy", "nor can torch: it is not installed")


def test_torch_refuses_by_name_what_it_does_not_know() -> None:
    with pytest.raises(SettingError, match="engine='torch' cannot train this: layer 0 is a Own. Take engine='numpy'"):
        choose_engine("torch", nn.Sequential(Own(4, 2)), LOSS, ADAM, ROWS)
    with pytest.raises(SettingError, match="engine='torch' cannot train this: .* Take device='cpu'"):
        choose_engine("auto", nn.Sequential(Own(4, 2)), LOSS, ADAM, ROWS, "cuda")


def test_a_gpu_is_taken_where_the_work_is_large_enough(two_gpus: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_device("auto", "auto", NET, 100, mixed=False) == "cpu"
    assert choose_device("auto", "auto", NET, 1 + int(CROSSOVERS["cuda"]) // 10) == "cuda"
    assert choose_device("auto", "auto", NET, 1, mixed=True) == "cuda"
    assert choose_device("cuda:1", "torch", NET, 1) == "cuda:1"
    assert choose_device("auto", "compiled", NET, 10**9) == "cpu"
    monkeypatch.setitem(CROSSOVERS, "cuda", 10)
    assert choose_device("auto", "auto", NET, 1) == "cuda"


def test_no_gpu_is_chosen_that_is_full_or_cannot_be_had(two_gpus: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CROSSOVERS, "cuda", 0)
    large = nn.Sequential(nn.Linear(3000, 3000))  # with what a training needs besides, it takes more than is free
    assert choose_device("auto", "auto", large, 1) == "cpu"

    def taken() -> None:
        raise RuntimeError("CUDA error: all CUDA-capable devices are busy or unavailable")

    monkeypatch.setattr(torch.cuda, "mem_get_info", taken)
    assert choose_device("auto", "auto", NET, 1) == "cpu"


@pytest.mark.filterwarnings("error")
def test_what_torch_warns_of_a_driver_is_no_error_where_nobody_asked_for_a_gpu(
    two_gpus: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_old() -> bool:
        warnings.warn("CUDA initialization: The NVIDIA driver on your system is too old", stacklevel=1)
        return False

    monkeypatch.setattr(torch.cuda, "is_available", too_old)
    assert choose_device("auto", "auto", NET, int(CROSSOVERS["cuda"])) == "cpu"


@pytest.mark.parametrize("part", ["layer", "loss", "optimizer"])
def test_what_torch_does_not_know_stays_on_the_cpu_where_no_device_was_named(
    part: str, two_gpus: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Half(nn.MSELoss):
        pass

    class Slow(nn.SGD):
        pass

    monkeypatch.setitem(CROSSOVERS, "cuda", 0)
    network = nn.Sequential(Own(4, 1) if part == "layer" else nn.Linear(4, 1))
    training = Training(network, Slow(0.1) if part == "optimizer" else nn.SGD(0.1), 0)
    loss = Half() if part == "loss" else nn.MSELoss()
    rows = Rows(X, X[:, :1])
    train(training, rows, Recipe(max_epochs=2), loss=loss, score="squared_error")
    assert training.epoch == 2
    with pytest.raises(SettingError, match="dtype='bfloat16' is computed by torch, which cannot train this: "):
        train(training, rows, Recipe(max_epochs=4), loss=loss, score="squared_error", mixed=True)


@pytest.mark.parametrize(
    ("device", "engine", "mixed", "message"),
    [
        ("cuda", "auto", False, "device='cuda' is not there: torch .* found 'cpu'.* Take device='cpu' or 'auto'"),
        ("cuda:1", "torch", False, "device='cuda:1' is not there"),
        ("mps", "auto", False, "device='mps'"),
        ("cuda", "compiled", False, "engine='compiled' computes on a CPU, and device='cuda' needs a GPU"),
        ("auto", "numpy", True, "engine='numpy' computes on a CPU, and dtype='bfloat16' needs a GPU"),
        ("cpu", "torch", True, "dtype='bfloat16' is mixed precision on an NVIDIA GPU, and device='cpu'"),
        ("auto", "auto", True, "torch .* found none. Take dtype='float32'"),
        ("tpu", "auto", False, "device must be 'auto', 'cpu'.*; got 'tpu'"),
        ("cuda:x", "auto", False, "got 'cuda:x'"),
        (None, "auto", False, "got None"),
    ],
)
def test_a_device_that_is_not_there_is_refused(
    no_gpu: None, device: Any, engine: str, mixed: bool, message: str
) -> None:
    with pytest.raises(SettingError, match=message) as caught:
        choose_device(device, engine, NET, 1, mixed=mixed)
    assert "\n" not in str(caught.value)


def test_a_third_gpu_of_two_is_refused_with_what_there_is(two_gpus: None) -> None:
    with pytest.raises(SettingError, match="found 'cpu' and 'cuda:0' and 'cuda:1'"):
        choose_device("cuda:2", "auto", NET, 1)


def test_without_torch_a_gpu_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingPackageError, match=r'pip install "feedforward\[torch\]"'):
        choose_device("cuda", "auto", NET, 1)
    assert choose_device("auto", "auto", NET, 1) == "cpu"


def test_the_crossover_costs_no_import_of_torch_where_it_is_built_for_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "version", lambda name: "2.13.0+cpu")
    monkeypatch.setattr(devices, "load_torch", lambda purpose: SimpleNamespace())  # has nothing to be asked for
    assert choose_device("auto", "auto", NET, 10**9) == "cpu"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"device": "cuda"}, "device='cuda' is not there"),
        ({"dtype": "bfloat16"}, "dtype='bfloat16' is mixed precision"),
        ({"dtype": "bfloat16", "device": "cpu"}, "dtype='bfloat16' is mixed precision"),
        ({"engine": "compiled", "dtype": "bfloat16"}, "engine='compiled' computes on a CPU"),
    ],
)
def test_estimators_hand_device_and_dtype_on(no_gpu: None, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        ff.MLPClassifier(**settings).fit(X, Y)


@pytest.mark.parametrize("engine", ["auto", "torch"])
def test_verbose_says_which_engine_and_why(engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    ff.MLPClassifier((3,), max_epochs=1, engine=engine, verbose=True, random_state=0).fit(X, Y)
    expected = {"auto": "engine compiled: it knows every part", "torch": "engine torch: as asked"}[engine]
    assert expected in capsys.readouterr().err


def test_all_but_the_torch_engine_works_without_torch() -> None:
    code = """
import importlib.machinery, sys

class WithoutTorch(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name == "torch" else super().find_spec(name, path, target)

sys.meta_path = [WithoutTorch if finder is importlib.machinery.PathFinder else finder for finder in sys.meta_path]
import feedforward as ff
from feedforward import nn
X, y = ff.datasets.moons(n=60, random_state=0)
for settings in ({}, {"engine": "numpy"}, {"engine": "compiled"}):
    model = ff.MLPClassifier((4,), max_epochs=2, random_state=0, **settings).fit(X, y)
    print(model.predict_proba(X).shape, model.partial_fit(X, y).n_iter_)
nested = nn.Sequential(nn.Sequential(nn.Linear(2, 4), nn.ReLU()), nn.Linear(4, 2))
print(ff.MLPClassifier(max_epochs=2).fit(X, y, network=nested).n_iter_)
try:
    ff.MLPClassifier(engine="torch").fit(X, y)
except ff.MissingPackageError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *lines, last = done.stdout.splitlines()
    assert lines == ["(60, 2) 3"] * 3 + ["2"]
    assert last.startswith("engine='torch' needs torch")
    assert last.endswith('pip install "feedforward[torch]".')


@pytest.mark.parametrize("error", ["OSError('libcudart.so.12: cannot\\nopen')", "RuntimeError('no room')"])
def test_where_torch_is_broken_auto_does_without_and_the_rest_says_why(error: str, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text(f"raise {error}")
    code = """
import feedforward as ff
from feedforward import nn
from feedforward.training import devices
X, y = ff.datasets.moons(n=60, random_state=0)
nested = nn.Sequential(nn.Sequential(nn.Linear(2, 4), nn.ReLU()), nn.Linear(4, 2))
devices.CROSSOVERS["cuda"] = 0
print(ff.MLPClassifier(max_epochs=2, random_state=0, verbose=True).fit(X, y, network=nested).n_iter_)
for settings in ({"engine": "torch"}, {"device": "cuda"}, {"dtype": "bfloat16"}):
    try:
        ff.MLPClassifier(**settings).fit(X, y)
    except ff.MissingPackageError as error:
        print(error)
"""
    path = {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **path}, capture_output=True, text=True, check=True
    )
    epochs, *told = done.stdout.splitlines()
    assert epochs == "2"
    kind, _, words = error.partition("('")
    shown = f"it is installed, but cannot be imported ({kind}: {words[:-2].replace(chr(92) + 'n', ' ')})"
    assert f"nor can torch: {shown}" in done.stderr
    assert told == [
        f'{asked} needs torch, and {shown}. Install it anew: pip install "feedforward[torch]".'
        for asked in ("engine='torch'", "device='cuda'", "dtype='bfloat16'")
    ]


def test_small_networks_are_trained_without_importing_torch() -> None:
    code = """
import sys, feedforward as ff
X, y = ff.datasets.moons(n=60, random_state=0)
ff.MLPClassifier((4,), max_epochs=2).fit(X, y)
print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
