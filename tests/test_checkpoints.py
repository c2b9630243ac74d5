"""A training that was stopped anywhere and resumed equals the one that never stopped, bit for bit."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from feedforward import nn
from feedforward.errors import SettingError
from feedforward.files import read_file, write_file
from feedforward.training import checkpoints
from feedforward.training.checkpoints import Checkpoint
from feedforward.training.engines import ENGINES
from feedforward.training.loop import train
from feedforward.training.plan import Rows
from feedforward.training.recipe import Recipe, build_network, build_optimizer
from feedforward.training.state import Training, training_to_state

RNG = np.random.default_rng(0)
N, M, T = 52, 3, 3
X = RNG.normal(size=(N, M))
CODES = np.argmax(X @ RNG.normal(size=(M, T)), axis=1)
NUMBERS = X @ RNG.normal(size=(M, T))
WEIGHTS = RNG.uniform(0.5, 2.0, N)

# What the settings of a case may be; the first is three epochs of five steps, the last of them smaller.
USUAL: dict[str, Any] = {
    "hidden_sizes": (8, 6),
    "dropout": 0.2,
    "schedule": "cosine",
    "patience": 2,
    "batch_size": 9,
    "max_epochs": 3,
}
CASES: dict[str, dict[str, Any]] = {
    "usual": USUAL,
    "momentum, plateau": {**USUAL, "optimizer": "momentum", "learning_rate": 0.05, "schedule": "plateau"},
    "adamw, decay, one cycle": {**USUAL, "optimizer": "adamw", "weight_decay": 0.1, "schedule": "one_cycle"},
    "rmsprop, no patience": {**USUAL, "optimizer": "rmsprop", "patience": None},
    "patience runs out": {**USUAL, "learning_rate": 0.5, "patience": 1, "max_epochs": 8, "batch_size": 20},
    "all rows at once": {**USUAL, "batch_size": None, "max_epochs": 6},
    "drop last, best score": {
        **{**USUAL, "drop_last": True, "keep_best": True, "watch": "score", "patience": None},
        **{"weight_decay": 0.1, "optimizer": "adamw", "decay_schedule": "cosine", "dropout_schedule": "cosine"},
    },
    "growing patience": {**USUAL, "learning_rate": 0.5, "patience": 1, "patience_growth": 0.5, "max_epochs": 8},
}
KINDS: dict[str, dict[str, Any]] = {
    "classes": {"targets": CODES},
    "weighted": {"targets": CODES, "weights": WEIGHTS},
    "quantities": {"targets": NUMBERS, "loss": nn.HuberLoss(), "score": "squared_error"},
    "sparse": {"targets": CODES, "sparse": True},
    "float32": {"targets": CODES, "dtype": np.float32},
    "stack": {"targets": NUMBERS, "loss": nn.MSELoss(), "score": "squared_error", "members": 3, "weights": WEIGHTS},
    "rows of members": {
        **{"targets": NUMBERS, "loss": nn.MSELoss(), "score": "squared_error", "members": 3},
        "member_rows": np.array([np.delete(np.arange(N - 12), np.s_[j : j + 6]) for j in (0, 6, 20)]),
    },
    "without validation rows": {"targets": CODES, "judged": False},
    "as they stand": {"targets": CODES, "shuffle": False},
    "given order": {"targets": CODES, "order": lambda epoch: np.roll(np.arange(N - 12), epoch)},
}


def begin(recipe: Recipe, kind: dict[str, Any]) -> Training:
    dtype, members = kind.get("dtype", np.float64), kind.get("members")
    network = build_network(recipe, M, T, 7, dtype)
    if members:
        network = nn.stack([build_network(recipe, M, T, seed, dtype) for seed in range(members)])
    return Training(network, build_optimizer(recipe), seed=7)


def go_on(
    training: Training, recipe: Recipe, kind: dict[str, Any], engine: str, *callbacks: Any, **options: Any
) -> Training:
    """Train to the end on the rows of `kind`, the last twelve of them to judge on."""
    weights = kind.get("weights")
    parts = [
        Rows(csr_array(X[part]) if kind.get("sparse") else X[part], kind["targets"][part], w)
        for part, w in ((slice(0, -12), None if weights is None else weights[:-12]), (slice(-12, None), None))
    ]
    own = kind.get("member_rows")
    if own is not None and kind.get("own", True):
        parts[1] = Rows(parts[1].X.reshape(len(own), -1, M), parts[1].targets.reshape(len(own), -1, T))
    train(
        training,
        parts[0],
        recipe,
        loss=kind.get("loss", nn.CrossEntropyLoss()),
        score=kind.get("score", "accuracy"),
        engine=engine,
        validation=parts[1] if kind.get("judged", True) else None,
        shuffle=kind.get("shuffle", True),
        order=kind.get("order"),
        member_rows=own,
        callbacks=callbacks,
        **options,
    )
    return training


def contents(training: Training) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return all that a training has come to, but for seconds."""
    facts, arrays = training_to_state(training)
    return facts, {name: array.tobytes() for name, array in arrays.items() if name != "history.seconds"}


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """Keep a copy of every checkpoint that is written, each in a folder of its own: as if the run had ended there."""
    kept: list[Path] = []

    def write_and_keep(path: Path, *contents: Any) -> None:
        write_file(path, *contents)
        copy = tmp_path / f"{len(kept):04d}" / path.name
        copy.parent.mkdir()
        kept.append(Path(shutil.copy(path, copy)))

    monkeypatch.setattr(checkpoints, "write_file", write_and_keep)
    yield kept
    monkeypatch.undo()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("case", "kind"),
    [
        *((case, "classes") for case in CASES),
        *(("usual", kind) for kind in list(KINDS)[1:]),
        *((case, "rows of members") for case in ("drop last, best score", "growing patience", "momentum, plateau")),
    ],
)
def test_stopped_after_any_step_and_resumed_is_never_stopped(
    case: str, kind: str, engine: str, tmp_path: Path, copies: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, rows = Recipe(**CASES[case]).checked(), KINDS[kind]
    straight = contents(go_on(begin(recipe, rows), recipe, rows, engine))
    go_on(begin(recipe, rows), recipe, rows, engine, Checkpoint(tmp_path / "run", unit="steps"))
    monkeypatch.undo()
    steps = straight[0]["step"]
    assert len(copies) == steps + 1  # one before the first step, one after each
    for stopped_after, copy in enumerate(copies):
        training = begin(recipe, rows)
        go_on(training, recipe, rows, engine, Checkpoint(copy, every=4, unit="steps", resume=True))
        assert contents(training) == straight, f"stopped after step {stopped_after}"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"drop_last": True}, "drop_last was False and is True"),
        ({"keep_best": True}, "keep_best was False and is True"),
        ({"watch": "score"}, "watch was 'loss' and is 'score'"),
        ({"patience_growth": 0.5}, "patience_growth was 0.0 and is 0.5"),
        ({"decay_schedule": "cosine"}, "decay_schedule was 'constant' and is 'cosine'"),
        ({"dropout_schedule": "step"}, "dropout_schedule was 'constant' and is 'step'"),
        ({}, "what each member learns from .* is another"),
    ],
)
def test_other_decisions_are_refused_by_name(settings: dict[str, Any], words: str, tmp_path: Path) -> None:
    """What they are by default goes unsaid in the file, as it did before there was a choice."""
    recipe, kind = Recipe(**USUAL).checked(), KINDS["stack"]
    go_on(begin(recipe, kind), recipe, kind, "numpy", Checkpoint(tmp_path / "run"))
    marks = read_file(tmp_path / "run")[0]["fingerprint"]
    assert not {*marks} & {"drop_last", "keep_best", "watch", "patience_growth", "decay_schedule", "member_rows"}
    other = Recipe(**{**USUAL, **settings}).checked()
    rows = kind if settings else {**kind, "member_rows": np.array([np.arange(30)] * 3)}
    rows = {**rows, "own": False}
    with pytest.raises(SettingError, match=words):
        go_on(begin(other, rows), other, rows, "numpy", Checkpoint(tmp_path / "run", resume=True))


@pytest.mark.parametrize("name", ["decay_schedule", "dropout_schedule"])
def test_more_epochs_are_refused_where_decay_or_dropout_depends_on_them(name: str, tmp_path: Path) -> None:
    base: dict[str, Any] = {**USUAL, "schedule": "constant", name: "cosine"}
    recipe, more = Recipe(**base).checked(), Recipe(**{**base, "max_epochs": 5}).checked()
    kind = KINDS["classes"]
    go_on(begin(recipe, kind), recipe, kind, "numpy", Checkpoint(tmp_path / "run"))
    with pytest.raises(SettingError, match="max_epochs was 3 and is 5"):
        go_on(begin(more, kind), more, kind, "numpy", Checkpoint(tmp_path / "run", resume=True))


def test_the_cases_are_what_they_say() -> None:
    kind = KINDS["classes"]
    usual, impatient = (Recipe(**CASES[name]).checked() for name in ("usual", "patience runs out"))
    assert go_on(begin(usual, kind), usual, kind, "numpy").step == 15
    training = go_on(begin(impatient, kind), impatient, kind, "numpy")
    assert training.should_stop
    assert training.best_epoch < training.epoch < 8
