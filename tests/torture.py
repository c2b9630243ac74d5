"""Kill a training at random moments, again and again, and look at what is left: `python tests/torture.py KILLS [SEED]`.

A process trains a small network and saves a checkpoint after every step, so that most kills fall into a save. After
each kill the newest checkpoint must be whole and no older than the last one that was reported as saved, and training
resumed from it must end as the one that was never killed, bit for bit. The next process goes on from where it was left.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from feedforward import nn
from feedforward.errors import ModelFileError
from feedforward.files import read_file
from feedforward.training.checkpoints import Checkpoint, Keeper
from feedforward.training.loop import train
from feedforward.training.plan import Rows
from feedforward.training.recipe import Recipe, build_network, build_optimizer
from feedforward.training.state import Training, training_to_state

ENGINES = ("numpy", "compiled")
RECIPE = Recipe((64, 64), dropout=0.2, schedule="cosine", batch_size=8, max_epochs=8, patience=5)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(100, 4))
Y = (X[:, 0] * X[:, 1] > 0).astype(np.int64)


def run(engine: str, *callbacks: Checkpoint) -> dict[str, bytes]:
    """Train to the end, and return all arrays that this came to, but for the seconds."""
    training = Training(build_network(RECIPE, 4, 2, seed=0), build_optimizer(RECIPE), seed=0)
    rows, validation = Rows(X[:80], Y[:80]), Rows(X[80:], Y[80:])
    options: dict[str, Any] = {"engine": engine, "validation": validation, "callbacks": callbacks}
    train(training, rows, RECIPE, loss=nn.CrossEntropyLoss(), score="accuracy", **options)
    _, arrays = training_to_state(training)
    return {name: array.tobytes() for name, array in arrays.items() if name != "history.seconds"}


def work(engine: str, path: str) -> None:
    """Train, and print "?" before each save and the steps that are saved after it: what the killed process does."""
    save = Keeper.save

    def save_and_say(keeper: Keeper) -> None:
        print("?", flush=True)
        save(keeper)
        print(keeper.training.step, flush=True)

    setattr(Keeper, "save", save_and_say)  # noqa: B010 - mypy minds the plain assignment
    run(engine, Checkpoint(path, unit="steps", resume=True))


@dataclass
class Tally:
    """What was seen."""

    kills: int = 0
    in_a_save: int = 0  # kills between the beginning of a save and its end
    with_a_stray: int = 0  # of these, those that left a temporary file behind
    most_strays: int = 0
    damaged: int = 0  # files under the name of a checkpoint that cannot be read
    too_old: int = 0
    unequal: int = 0
    ends: int = 0  # runs that came to their end between kills


def torture(kills: int, seed: int, folder: Path) -> Tally:
    """Kill `kills` times, at moments drawn from `seed`."""
    rng, tally = np.random.default_rng(seed), Tally()
    straight = {engine: run(engine) for engine in ENGINES}
    engine, place = ENGINES[0], folder / "0"
    place.mkdir()
    while tally.kills < kills:
        path = place / "run.checkpoint"
        lines = work_and_kill(engine, path, rng.uniform(0, 0.3))
        if lines is None:
            tally.ends += 1
            engine, place = ENGINES[tally.ends % 2], folder / str(tally.ends)
            place.mkdir()
            continue
        tally.kills += 1
        strays = len(list(place.glob(".*.tmp")))
        tally.in_a_save += lines[-1:] == ["?"]
        tally.with_a_stray += strays > 0
        tally.most_strays = max(tally.most_strays, strays)
        tally.damaged += sum(saved_step(file) is None for file in place.glob("run.checkpoint*"))
        tally.too_old += (saved_step(path) or 0) < max((int(line) for line in lines if line != "?"), default=0)
        copy = shutil.copytree(place, folder / f"after kill {tally.kills}")
        tally.unequal += run(engine, Checkpoint(copy / path.name, unit="epochs", resume=True)) != straight[engine]
        shutil.rmtree(copy)
    return tally


def work_and_kill(engine: str, path: Path, seconds: float) -> list[str] | None:
    """Return the lines that a process wrote before it was killed; None if it had ended before."""
    command = [sys.executable, __file__, "work", engine, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()  # from here on it trains and saves
        time.sleep(seconds)
        process.kill()
        lines = [first, *process.stdout]
    if process.returncode >= 0:
        assert process.returncode == 0, f"the process failed with exit code {process.returncode}"
        return None
    return [line.strip() for line in lines if line.endswith("\n")]


def saved_step(path: Path) -> int | None:
    """Return the step of a checkpoint; None if it cannot be read."""
    try:
        step: int = read_file(path, ["checkpoint"])[0]["training"]["step"]
    except ModelFileError:
        return None
    return step


def main(kills: int, seed: int) -> None:
    print(f"{kills} kills, seed {seed}", flush=True)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        tally = torture(kills, seed, Path(folder))
    print(f"{tally}, {time.perf_counter() - start:.0f} s")
    sys.exit(bool(tally.damaged or tally.too_old or tally.unequal or tally.most_strays > 1))


if __name__ == "__main__":
    if sys.argv[1] == "work":
        work(*sys.argv[2:])
    else:
        main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % 2**32)
