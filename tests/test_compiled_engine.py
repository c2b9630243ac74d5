"""What only the compiled engine promises: no memory by the step, and threads that change nothing elsewhere."""

import os
import subprocess
import sys
import tracemalloc

import numpy as np

from engine_cases import PLAIN, engine_of, plan_of, start_of
from feedforward.training.compiled_engine import CompiledEngine


def test_training_takes_no_memory_by_the_step() -> None:
    from numba.core.runtime import _nrt_python, rtsys

    _nrt_python.memsys_enable_stats()
    case = {**PLAIN, "hidden": (50,), "dropout": 0.2, "weighted": True}
    engine = engine_of(CompiledEngine, case, start_of(case))
    engine.run(plan_of(case, 10))
    found = []
    for steps in (10, 5000):  # what Python takes, and what the compiled code does
        plan, before = plan_of(case, steps), rtsys.get_allocation_stats().alloc
        tracemalloc.start()
        outcome = engine.run(plan)
        peak = tracemalloc.get_traced_memory()[1] - outcome.losses.nbytes - outcome.scores.nbytes
        tracemalloc.stop()
        found.append((rtsys.get_allocation_stats().alloc - before, peak))
    assert found[1][0] == found[0][0]
    assert found[1][1] - found[0][1] < 4096  # the record of losses and scores is all that grows with the steps


def test_allocations_of_compiled_code_are_counted() -> None:
    import numba
    from numba.core.runtime import _nrt_python, rtsys

    @numba.njit
    def wasteful(n: int) -> float:
        total = 0.0
        for _ in range(n):
            total += np.empty(1000)[0] * 0
        return total

    wasteful(1)
    _nrt_python.memsys_enable_stats()
    before = rtsys.get_allocation_stats().alloc
    wasteful(100)
    assert rtsys.get_allocation_stats().alloc - before >= 100


def test_its_threads_leave_those_of_torch_as_they_were() -> None:
    code = """
import numpy as np, torch
from feedforward import nn
from feedforward.training.compiled.predictor import PARALLEL_FROM
from feedforward.training.compiled_engine import CompiledEngine
from feedforward.training.plan import Plan, Rows
before = torch.get_num_threads()
network = nn.stack([nn.Sequential(nn.Linear(1, 1, rng=np.random.default_rng(seed))) for seed in (0, 1)])
rows = Rows(np.ones((1, 1)), np.ones((1, 1)))
plan = Plan(0, np.zeros((2, 1), int), np.array([0, 1]), np.ones(1), np.zeros(1), np.zeros(2, np.uint64))
engine = CompiledEngine(network, nn.MSELoss(), nn.SGD(0.1), rows, "squared_error")
assert engine.run(plan).done == 1
assert engine.predict(np.ones((PARALLEL_FROM, 1))).shape == (2, PARALLEL_FROM, 1)
print(before, torch.get_num_threads())
"""
    threads = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "2", "NUMBA_THREADING_LAYER": "omp"}
    told = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **threads}, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["1", "1"]
