"""Some kills of the torture, on every run of the tests; `make torture` makes 200."""

import time
from pathlib import Path

from torture import torture


def test_a_killed_training_is_resumed_as_if_it_had_never_been_killed(tmp_path: Path) -> None:
    seed = time.time_ns() % 2**32
    print(f"seed {seed}")  # shown where it fails
    tally = torture(10, seed, tmp_path)
    assert (tally.kills, tally.damaged, tally.too_old, tally.unequal) == (10, 0, 0, 0), tally
    assert tally.most_strays <= 1
