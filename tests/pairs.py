"""A table of cases in which every pair of choices occurs: much of what all combinations would find, in few runs."""

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations, product
from typing import Any

Case = dict[str, Any]
Pair = frozenset[tuple[str, int]]  # two names, each with the place of its choice


def pairwise(choices: Mapping[str, Sequence[Any]], impossible: Collection[Case] = ()) -> list[Case]:
    """Return cases, a choice for each name, so that every two choices of two names stand together in one of them.

    Each case begins with a pair that is still missing, and chooses what adds most others. `impossible` has pairs that
    cannot be: cases of two names.
    """
    never = {frozenset((name, choices[name].index(value)) for name, value in pair.items()) for pair in impossible}
    missing, cases = _all_pairs(choices) - never, []
    while missing:
        case = dict(min(sorted(pair) for pair in missing))
        for name in sorted(set(choices) - set(case), key=lambda name: (-len(choices[name]), name)):
            options = [{**case, name: place} for place in range(len(choices[name]))]
            possible = [option for option in options if not _pairs_of(option) & never]
            case = max(possible, key=lambda option: len(_pairs_of(option) & missing))
        missing -= _pairs_of(case)
        cases.append({name: choices[name][case[name]] for name in choices})
    return cases


def missing_pairs(choices: Mapping[str, Sequence[Any]], impossible: Collection[Case], cases: list[Case]) -> set[Pair]:
    """Return the pairs, but for those that cannot be, that no case has."""
    never = {frozenset((name, choices[name].index(value)) for name, value in pair.items()) for pair in impossible}
    places = [{name: choices[name].index(value) for name, value in case.items()} for case in cases]
    return _all_pairs(choices) - never - set().union(*map(_pairs_of, places))


def _all_pairs(choices: Mapping[str, Sequence[Any]]) -> set[Pair]:
    return {
        frozenset([(one, i), (other, j)])
        for one, other in combinations(choices, 2)
        for i, j in product(range(len(choices[one])), range(len(choices[other])))
    }


def _pairs_of(case: Mapping[str, int]) -> set[Pair]:
    return {frozenset(pair) for pair in combinations(case.items(), 2)}
