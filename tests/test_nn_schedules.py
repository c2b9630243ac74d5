"""Schedules are the curves of torch.optim.lr_scheduler."""

from typing import Any

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from feedforward import nn
from feedforward.errors import SettingError
from feedforward.nn.schedules import (
    SCHEDULES,
    constant,
    cosine,
    coslog4,
    flat_cos,
    one_cycle,
    step_decay,
    warmup_cosine,
)

RATE = 0.4


def rates_of_torch(make: Any, total: int) -> Any:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=RATE)
    scheduler, rates = make(optimizer), []
    for _ in range(total):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def assert_same(ours: Any, make: Any, total: int) -> None:
    np.testing.assert_allclose(
        RATE * ours(np.arange(total), total), rates_of_torch(make, total), rtol=1e-10, atol=1e-14
    )


@pytest.mark.parametrize("total", [1, 7, 90])
def test_constant(total: int) -> None:
    assert_same(constant, lambda opt: lr_scheduler.ConstantLR(opt, factor=1.0), total)


def test_step_decay() -> None:
    assert_same(step_decay, lambda opt: lr_scheduler.StepLR(opt, step_size=30), 90)
    assert_same(
        lambda step, total: step_decay(step, total, drops=4, gamma=0.5),
        lambda opt: lr_scheduler.StepLR(opt, step_size=20, gamma=0.5),
        100,
    )


@pytest.mark.parametrize("floor", [0.0, 0.1])
def test_cosine(floor: float) -> None:
    assert_same(
        lambda step, total: cosine(step, total, floor=floor),
        lambda opt: lr_scheduler.CosineAnnealingLR(opt, T_max=90, eta_min=floor * RATE),
        90,
    )


# Factors by the share of training that is done: figures of record, made apart from this library.
OF_TABLES = {
    0.01: (0.35038126, 1.0),
    0.1: (0.71835469, 1.0),
    0.4: (0.32368900, 1.0),
    0.5: (0.07361893, 1.0),
    0.75: (0.87565773, 0.5),
    0.9: (0.18620080, 0.0954915),
}


def test_schedules_of_tabular_networks_have_the_figures_of_record() -> None:
    steps = np.array([round(100 * t) for t in OF_TABLES])
    ours = np.transpose([coslog4(steps, 100), flat_cos(steps, 100)])
    np.testing.assert_allclose(ours, list(OF_TABLES.values()), rtol=0, atol=6e-9)


def test_coslog4_is_four_waves_each_twice_as_long() -> None:
    np.testing.assert_allclose(coslog4([0, 1, 3, 7, 15], 15), 0, atol=1e-14)
    peaks = np.array([0.027614, 0.121895, 0.310457, 0.687581])
    curve = coslog4(np.arange(10**6), 10**6)
    found = np.flatnonzero((curve[1:-1] > curve[:-2]) & (curve[1:-1] >= curve[2:])) + 1
    np.testing.assert_allclose(found / 10**6, peaks, atol=1e-6)
    np.testing.assert_allclose(curve[found], 1, atol=1e-9)


def test_warmup_cosine() -> None:
    def chain(optimizer: Any) -> Any:
        warm = lr_scheduler.LinearLR(optimizer, start_factor=0.01, total_iters=20)
        then = lr_scheduler.CosineAnnealingLR(optimizer, T_max=80)
        return lr_scheduler.SequentialLR(optimizer, [warm, then], milestones=[20])

    assert_same(lambda step, total: warmup_cosine(step, total, warmup=0.2), chain, 100)


def test_warmup_of_nothing_is_cosine() -> None:
    steps = np.arange(50)
    np.testing.assert_array_equal(warmup_cosine(steps, 50, warmup=0.0), cosine(steps, 50))


@pytest.mark.parametrize("settings", [{}, {"pct_start": 0.1, "div_factor": 10.0, "final_div_factor": 100.0}])
def test_one_cycle(settings: Any) -> None:
    ours = {"rise": 0.1, "start": 0.1, "end": 1e-3} if settings else {}
    # One step more is announced to torch than taken: its scheduler looks one step ahead, and refuses to after the end.
    theirs = rates_of_torch(
        lambda opt: lr_scheduler.OneCycleLR(opt, max_lr=RATE, total_steps=101, cycle_momentum=False, **settings), 100
    )
    np.testing.assert_allclose(RATE * one_cycle(np.arange(100), 101, **ours), theirs, rtol=1e-10)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_is_a_function_of_the_step_alone(name: str) -> None:
    schedule = SCHEDULES[name]
    whole = schedule(np.arange(60), 60)
    np.testing.assert_array_equal(whole, [float(schedule(step, 60)) for step in range(60)])
    assert (whole >= 0).all()
    assert (whole <= 1).all()
    assert whole.dtype == np.float64
    assert np.isfinite(schedule(np.arange(3), 1)).all()  # also for a run of one step, and after its end


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"factor": 0.5, "patience": 2},
        {"patience": 0, "cooldown": 3},
        {"patience": 1, "threshold": 0.1},
    ],
)
def test_reduce_on_plateau(settings: Any) -> None:
    losses = np.concatenate([np.linspace(1, 0.5, 20), np.full(30, 0.5), np.linspace(0.5, 0.45, 20), np.full(20, 0.6)])
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=RATE)
    theirs = lr_scheduler.ReduceLROnPlateau(optimizer, eps=0, **settings)
    ours = nn.ReduceOnPlateau(**settings)
    for loss in losses:
        theirs.step(loss)
        np.testing.assert_allclose(RATE * ours.update(loss), optimizer.param_groups[0]["lr"], rtol=1e-10)


def test_reduce_on_plateau_stops_at_its_floor() -> None:
    plateau = nn.ReduceOnPlateau(factor=0.1, patience=0, floor=0.05)
    assert [plateau.update(1.0) for _ in range(4)] == [1.0, 0.1, 0.05, 0.05]


def test_a_loss_that_is_no_number_is_no_improvement() -> None:
    plateau = nn.ReduceOnPlateau(factor=0.5, patience=0)
    assert [plateau.update(loss) for loss in (1.0, np.nan)] == [1.0, 0.5]


@pytest.mark.parametrize(
    "setting", [{"factor": 1}, {"patience": -1}, {"threshold": 1}, {"cooldown": 1.5}, {"floor": -1}]
)
def test_settings_are_checked(setting: Any) -> None:
    with pytest.raises(SettingError, match="ReduceOnPlateau: .* must be"):
        nn.ReduceOnPlateau(**setting)
