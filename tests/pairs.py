"""A table of cases in which every pair of choices occurs: much of what all combinations would find, in few runs."""

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import Any

import numpy as np


def pairwise(choices: Mapping[str, Sequence[Any]], seed: int = 0) -> list[dict[str, Any]]:
    """Return cases, a choice for each name, so that every two choices of two names stand together in one of them."""
    names = list(choices)
    sizes = {name: range(len(choices[name])) for name in names}
    missing = {
        ((a, i), (b, j)) for a, b in combinations(names, 2) for i, j in product(sizes[a], sizes[b])
    }  # fmt: skip
    rng, cases = np.random.default_rng(seed), []
    while missing:
        (a, i), (b, j) = min(missing)
        case = {a: i, b: j}
        for name in rng.permutation([name for name in names if name not in case]).tolist():
            gains = [len(missing & _pairs(names, {**case, name: k})) for k in sizes[name]]
            best = np.flatnonzero(np.array(gains) == max(gains))
            case[name] = int(rng.choice(best))
        missing -= _pairs(names, case)
        cases.append({name: choices[name][case[name]] for name in names})
    return cases


def _pairs(names: list[str], case: Mapping[str, int]) -> set[Any]:
    return {((a, case[a]), (b, case[b])) for a, b in combinations(names, 2) if a in case and b in case}
