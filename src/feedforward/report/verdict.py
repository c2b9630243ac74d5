"""Whether a model is worth it, in plain words, from its paired differences to the baselines."""

import math
from dataclasses import dataclass

import numpy as np

from feedforward.measures import HIGHER_IS_BETTER
from feedforward.phrases import IN_UNITS, MEASURE_NAMES, counted
from feedforward.report.contest import Contest, Contestant
from feedforward.scoring import Estimate

_CALLED = {"perceptron": "the perceptron", "adaline": "Adaline", "mlp": "the network", "tabular": "the network"}
_ENOUGH = 30  # rows: the bootstrap of fewer is too sure
_ENOUGH_OF_A_CLASS = 2  # rows to test on that half of the classes should have
_LINEAR = ("perceptron", "adaline")  # themselves
_RIVALS = {"dummy": "one answer for all rows", "linear": "a linear model", "boosting": "gradient boosting"}


@dataclass(frozen=True)
class Verdict:
    """Whether a model is worth it.

    Attributes
    ----------
    level : {"yes", "perhaps", "no"}
    headline : str
        The answer, in a sentence or two.
    reasons : list of str
        A sentence for each baseline, and what there is to know of them.
    """

    level: str
    headline: str
    reasons: list[str]


def verdict(contest: Contest) -> Verdict:
    """Return whether the first contestant is worth it: only if it is better than each baseline beyond chance.

    Examples
    --------
    >>> def contestant(name, seconds, lead):
    ...     return Contestant(name, name, seconds, 1000, None, "", {}, lead)
    >>> dummy = contestant("dummy", 0.0, Estimate(0.3, 0.2, 0.4))
    >>> linear = contestant("linear", 0.1, Estimate(0.0, -0.1, 0.1))
    >>> found = verdict(Contest("classification", "log_loss", 90, [contestant("mlp", 2.0, None), dummy, linear]))
    >>> found.level, found.headline
    ('no', 'Not worth it here: a linear model does as well, and is simpler.')
    """
    rivals = {one.name: _standing(one.lead) for one in contest.contestants[1:]}
    level, headline = _judgement(called(contest), contest.first.name in _LINEAR, rivals)
    reasons = [_reason(contest, one) for one in contest.contestants[1:]]
    if contest.rows < _ENOUGH and level == "yes":
        level, headline = "perhaps", f"It cannot be told: {counted(contest.rows, 'row')} to test on are too few."
    small = _small_classes(contest)
    if small and level == "yes":
        level, headline = "perhaps", f"It cannot be told: {small}"
    if contest.first.trouble:
        level, headline = "no", f"Not worth it here: {called(contest)} gave no answers for the test rows."
        reasons = [contest.first.trouble]
    return Verdict(level, headline, [*reasons, *_limits(contest, rivals)])


def _small_classes(contest: Contest) -> str:
    """Say so where most classes are too small to be learned, or to be judged by."""
    answers = contest.first.answers
    if answers is None or answers.classes is None:
        return ""
    counts = np.bincount(answers.codes, minlength=len(answers.classes))
    if np.median(counts) >= _ENOUGH_OF_A_CLASS:
        return ""
    few = int((counts < _ENOUGH_OF_A_CLASS).sum())
    return (
        f"{few:,} of {counted(len(counts), 'class')} have fewer than {_ENOUGH_OF_A_CLASS} rows to test on, too few to "
        "be learned or judged. Is the target a class at all, or does it number the rows?"
    )


def called(contest: Contest) -> str:
    """Return what the model in question is called in a sentence."""
    return _CALLED.get(contest.first.name, contest.first.title)


def _standing(lead: Estimate | None) -> str:
    """Return whether the model is "better", "worse" or "even"; "unknown" where it cannot be told."""
    if lead is None or not (math.isfinite(lead.low) and math.isfinite(lead.high)):
        return "unknown"
    return "better" if lead.low > 0 else "worse" if lead.high < 0 else "even"


def _judgement(name: str, is_linear: bool, rivals: dict[str, str]) -> tuple[str, str]:
    if rivals.get("dummy") in ("even", "worse"):
        return "no", f"Not worth it here: {name} is no better than one answer for all rows."
    beaten_by = [_RIVALS[rival] for rival, standing in rivals.items() if standing == "worse"]
    if beaten_by:
        does = "does" if len(beaten_by) == 1 else "do"
        return "no", f"Not worth it here: {' and '.join(beaten_by)} {does} better."
    if rivals.get("linear") == "even":
        return "no", f"Not worth it here: a linear model does as well{'' if is_linear else ', and is simpler'}."
    if rivals.get("boosting") == "even":
        return "perhaps", f"No clear gain: {name} beats a linear model, and is level with gradient boosting."
    unknown = [_RIVALS[rival] for rival, standing in rivals.items() if standing == "unknown"]
    if unknown:
        return "perhaps", f"It cannot be told: there is nothing to compare {name} with {' and '.join(unknown)} by."
    return "yes", f"Worth it here: {name} beats both a linear model and gradient boosting."


def _reason(contest: Contest, rival: Contestant) -> str:
    against, standing = _RIVALS[rival.name], _standing(rival.lead)
    if rival.trouble:
        return f"Against {against}: it could not be trained on this table ({rival.trouble.rstrip('.')})."
    if rival.lead is None or standing == "unknown":
        return f"Against {against}: no difference can be told on these rows."
    better = HIGHER_IS_BETTER[contest.task][contest.measure]
    value = rival.lead.value
    direction = ("higher" if better else "lower") if value >= 0 else ("lower" if better else "higher")
    interval = f"{difference(contest.measure, rival.lead.low)} to {difference(contest.measure, rival.lead.high)}"
    outcome = {"better": "better", "worse": "worse", "even": "which may be chance"}[standing]
    amount = difference(contest.measure, abs(value)).lstrip("+")
    times = ""
    if rival.name != "dummy" and rival.seconds > 0 and standing != "better":
        times = _times(against, contest.first.seconds / rival.seconds)
    return (
        f"Against {against}: {MEASURE_NAMES[contest.measure]} {direction} by {amount} (advantage, 95 %: {interval}), "
        f"{outcome}{times}."
    )


def _times(against: str, ratio: float) -> str:
    if 0.5 < ratio < 2:
        return ""
    faster, times = ratio >= 2, ratio if ratio >= 2 else 1 / max(ratio, 1e-9)
    return f"; {against} trained {times:.0f} times {'faster' if faster else 'slower'}"


def difference(measure: str, value: float) -> str:
    """Return a difference with its sign; of accuracies, in percentage points.

    Examples
    --------
    >>> difference("accuracy", 0.021), difference("log_loss", -0.0123)
    ('+2.1 points', '−0.012')
    """
    if measure == "accuracy":
        text = f"{100 * value:+.1f} points"
    else:
        text = f"{value:+.3g}" if measure in IN_UNITS else f"{value:+.3f}"
    return text.replace("-", "−")


def _limits(contest: Contest, rivals: dict[str, str]) -> list[str]:
    """Say how small a difference these rows can show, where it matters."""
    if contest.rows < _ENOUGH:
        return [
            f"With {counted(contest.rows, 'row')} to test on, all intervals on this page are narrower than they say."
        ]
    even = [one.lead for one in contest.contestants[1:] if one.lead and rivals[one.name] == "even"]
    if not even:
        return []
    reach = max((lead.high - lead.low) / 2 for lead in even)
    return [
        f"With {counted(contest.rows, 'row')} to test on, differences below about "
        f"{difference(contest.measure, reach).lstrip('+')} cannot be told from chance."
    ]
