"""``@compiled``: the same function, compiled at its first call, cached on disk, plain where numba is off."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from feedforward.kernels import compiled, inner, one_thread_products, told_of_compiling

MODULE = """
from feedforward.kernels import compiled

@compiled
def double(values):
    for i in range(len(values)):
        values[i] *= 2
    return values
"""


def run(folder: Path, code: str, **environment: str) -> str:
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_machine_code_is_cached_beside_the_source(tmp_path: Path) -> None:
    (tmp_path / "kernel.py").write_text(MODULE)
    code = "import numpy, kernel; print(kernel.double(numpy.ones(3)))"
    assert run(tmp_path, code) == "[2. 2. 2.]\n"
    (cached,) = tmp_path.rglob("*.nbc")
    written = cached.stat().st_mtime_ns
    assert run(tmp_path, code) == "[2. 2. 2.]\n"
    assert [path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")] == [written]


def test_it_is_known_whether_machine_code_is_at_hand(tmp_path: Path) -> None:
    (tmp_path / "kernel.py").write_text(MODULE)
    code = (
        "import numpy as np; from kernel import double; from feedforward.kernels import is_made\n"
        "kinds = np.float32, np.float64\n"
        "print(*(is_made(double, kind) for kind in kinds)); double(np.ones(3)); "
        "print(*(is_made(double, kind) for kind in kinds))"
    )
    assert run(tmp_path, code) == "False False\nFalse True\n"
    assert run(tmp_path, code) == "False True\nFalse True\n"
    (tmp_path / "kernel.py").write_text(MODULE + "\nTHREE = 3\n")
    assert run(tmp_path, code) == "False False\nFalse True\n"
    assert run(tmp_path, code, NUMBA_DISABLE_JIT="1") == "True True\nTrue True\n"


def test_nothing_is_compiled_where_numba_is_off(tmp_path: Path) -> None:
    (tmp_path / "kernel.py").write_text(MODULE)
    code = "import numpy, kernel; print(kernel.double(numpy.ones(3)))"
    assert run(tmp_path, code, NUMBA_DISABLE_JIT="1") == "[2. 2. 2.]\n"
    assert not list(tmp_path.rglob("*.nbc"))


def test_without_a_file_to_watch_it_compiles_without_a_cache() -> None:
    code = MODULE + "\nimport numpy\nprint(double(numpy.ones(2)))"
    assert run(Path(), f"exec({code!r})") == "[2. 2.]\n"


def test_the_plain_function_stays_at_hand() -> None:
    def add(a: float, b: float) -> float:
        """Add."""
        return a + b

    fast = compiled(add)
    assert fast.__wrapped__ is add  # type: ignore[attr-defined]
    assert fast.__name__ == "add"
    assert fast.__doc__ == "Add."
    assert fast(1.0, 2.0) == add(1.0, 2.0)


def test_regrouped_sums_keep_nan_and_infinity() -> None:
    def total(values: np.ndarray) -> float:
        result = 0.0
        for value in values:
            result += value
        return result

    fast = compiled(total)
    assert np.isnan(fast(np.array([1.0, np.nan, 2.0] * 9)))
    assert fast(np.array([1.0, np.inf, 2.0] * 9)) == np.inf
    values = np.random.RandomState(0).normal(size=1001)
    assert abs(fast(values) - total(values)) < 1e-12


def test_products_have_one_thread_until_the_last_who_asked_is_gone() -> None:
    def blas() -> list[int]:
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    with threadpool_limits(2, user_api="blas"):
        before = blas()
        one_thread_products.__enter__()
        with one_thread_products:
            assert set(blas()) == {1}
        assert set(blas()) == {1}
        one_thread_products.__exit__()
        assert blas() == before


def test_who_asks_is_told_of_compiling_and_not_of_what_is_compiled_already() -> None:
    @inner  # is not cached
    def thrice(x: Any) -> Any:
        return 3 * x

    told: list[str] = []
    for name in ("another", "thrice", "thrice"):
        with told_of_compiling(name, lambda name=name: told.append(name)):  # type: ignore[misc]
            assert thrice(2.0 if name == "thrice" else np.float32(2.0)) == 6.0
    assert told == ["thrice"]
    assert thrice(1j) == 3j  # nobody asks
    assert told == ["thrice"]


TRAINING = """
import warnings
import numpy as np
import feedforward as ff

rng = np.random.default_rng(0)
X, y = rng.normal(size=(162, 4)), rng.normal(size=162)
warnings.simplefilter("ignore")
for model, targets in ((ff.MLPRegressor(), y), (ff.MLPRegressor(loss="huber"), y), (ff.MLPClassifier(), y > 0)):
    model.set_params(max_epochs=20, random_state=0).fit(X, targets)
    print(model.history_["train_loss"], model.predict(X).sum(), [*model.network_.parameters().values()])

from feedforward import nn
from feedforward.training.compiled_engine import CompiledEngine
from feedforward.training.plan import Plan, Rows

X[:, 3] = rng.integers(0, 5, 162)
columns = nn.Columns([((0, 3), nn.PeriodicEmbedding(3, rng=rng)), ([3], nn.Embedding(5, 2, rng=rng))])
blend, hidden, last = nn.ParametricActivation(nn.Mish(), 20), nn.Linear(14, 20, rng=rng), nn.Linear(20, 2, rng=rng)
network = nn.Sequential(columns, nn.Scale(14), hidden, blend, nn.Dropout(0.2), last).copy(np.float32)
rows, order, ones = Rows(X.astype(np.float32), (y > 0).astype(np.int64)), np.arange(162)[None], np.ones(50)
engine = CompiledEngine(network, nn.CrossEntropyLoss(), nn.AdamW(), rows, "accuracy")
plan = Plan(0, np.tile(order, 50), 162 * np.arange(51), 1e-2 * ones, 1e-2 * ones, np.ones(1, np.uint64))
print(engine.run(plan).losses.sum(), engine.predict(rows.X).sum(), [*network.parameters().values()])
"""


def test_the_process_that_compiles_computes_the_same_bits_as_later_ones(tmp_path: Path) -> None:
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    first = run(Path(), TRAINING, **environment)
    assert list(tmp_path.rglob("*.nbc"))
    assert run(Path(), TRAINING, **environment) == first
