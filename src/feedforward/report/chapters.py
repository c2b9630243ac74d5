"""The chapters of the page: each takes what is known and returns HTML, or nothing where there is nothing to say."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from feedforward.experiment import Experiment
from feedforward.importance import Importance
from feedforward.measures import HIGHER_IS_BETTER, LEAST_CHANCE, Answers
from feedforward.phrases import MEASURE_NAMES, counted, figure
from feedforward.report import pictures
from feedforward.report.contest import Contest, Contestant
from feedforward.report.markup import (
    bar,
    measured,
    named,
    number,
    paragraph,
    score,
    seconds,
    section,
    size,
    spark,
    table,
    text,
    words,
)
from feedforward.report.profile import most_frequent, profile
from feedforward.report.verdict import Verdict, called

Array = NDArray[Any]

_MOST_CLASSES = 12  # shown one by one; rarer ones together
_BESIDE = 4  # classes whose table leaves room for a picture beside it
_MOST_COLUMNS = 200
_MOST_NEEDED = 20
_SHARES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


def heading(experiment: Experiment, contest: Contest) -> str:
    """Return the top of the page: what is predicted from what, and the first figures."""
    first, tested = contest.first, len(experiment.test[1])
    tiles = [
        (score(name, found.value), f"{MEASURE_NAMES[name]} on {counted(tested, 'row')} set aside")
        for name, found in first.scores.items()
        if name != "auc"
    ]
    tiles.append((f"{len(experiment.train[1]):,}", "rows to learn from"))
    tiles.append((seconds(first.seconds), f"to train, {size(first.size)} to store"))
    boxes = "".join(f'<div class="tile"><b>{text(value)}</b><span>{text(label)}</span></div>' for value, label in tiles)
    return (
        f"<header><p>{text(first.title)} on {text(experiment.source)}</p>\n"
        f'<h1>{text(experiment.target)}</h1>\n<div class="tiles">{boxes}</div></header>'
    )


def worth(found: Verdict) -> str:
    """Return the answer to whether the model is worth it."""
    reasons = "\n".join(f"<li>{words(reason)}</li>" for reason in found.reasons)
    return (
        f'<section id="verdict" class="verdict {found.level}">\n<h2>{words(found.headline)}</h2>\n'
        f"<ul>\n{reasons}\n</ul>\n</section>"
    )


def scores(contest: Contest) -> str:
    """Return the scores of all contestants on the same rows."""
    ready = [one for one in contest.contestants if one.scores]
    names = [name for name in HIGHER_IS_BETTER[contest.task] if any(name in one.scores for one in ready)]
    rows = [
        [
            text(one.title),
            *([measured(name, one.scores.get(name)) for name in names] if one.scores else ["failed"] * len(names)),
            seconds(one.seconds),
            size(one.size) if one.size else "–",
        ]
        for one in contest.contestants
    ]
    return section(
        "scores",
        "Beside simpler models",
        paragraph(
            f"All learned from the same rows and answered for the same {counted(contest.rows, 'row')}, which none has "
            "learned from. Small figures are 95 % intervals: what the score may be on other rows of this kind."
        ),
        table(
            ["model", *map(named, names), "training", "stored"],
            rows,
            numbers=range(1, len(names) + 3),
            kind="contest",
        ),
        _differences(contest),
    )


def _differences(contest: Contest) -> str:
    """Return pictures of scores and of differences to the model in question; the dummy is too far off to be in them."""
    shown = [one for one in contest.contestants if one.name != "dummy" and contest.measure in one.scores]
    leads = {one.title: one.lead for one in shown if one.lead is not None and np.isfinite(one.lead.value)}
    if not leads:
        return ""
    found = {one.title: one.scores[contest.measure] for one in shown}
    name, unit = named(contest.measure), MEASURE_NAMES[contest.measure]
    return figures(
        (pictures.intervals(list(found), list(found.values()), name, ours=0, zero=False), ""),
        (
            pictures.intervals(list(leads), list(leads.values()), f"advantage in {unit}", ours=None, zero=True),
            f"What {called(contest)} is better by than each, on the same rows: beyond chance where the line does not "
            "reach 0.",
        ),
    )


def figures(*drawn: tuple[str, str]) -> str:
    """Return pictures beside each other, each with words below it."""
    parts = [
        f"<figure>{svg}{f'<figcaption>{words(caption)}</figcaption>' if caption else ''}</figure>"
        for svg, caption in drawn
        if svg
    ]
    return f'<div class="figures">{"".join(parts)}</div>' if parts else ""


# Right and wrong ---------------------------------------------------------------------------------------------------


def answers(experiment: Experiment, first: Contestant) -> str:
    """Return which answers were right, and whether probabilities or intervals promise too much."""
    found = first.answers
    if found is None:
        return section("answers", "Right and wrong", paragraph(first.trouble))
    if found.classes is None:
        return _numbers(experiment, found)
    return section(
        "answers",
        "Right and wrong",
        f'<div class="{"beside" if len(found.classes) <= _BESIDE else ""}"><div>',
        "<h3>What each class was taken for</h3>",
        confusion(found),
        paragraph("Rows of this table are classes, columns what they were taken for.", "note"),
        "</div><div>",
        _calibration(found),
        "</div></div>",
    )


def confusion(found: Answers) -> str:
    """Return the rows of each class by what they were taken for; of many classes, the rare ones together."""
    assert found.classes is not None
    known = [label for label, _ in most_frequent(found.y.tolist() + found.answers.tolist())]
    shown = known if len(known) <= _MOST_CLASSES else known[: _MOST_CLASSES - 1]
    shown = sorted(shown) + ([None] if len(shown) < len(known) else [])
    places = {label: shown.index(label) if label in shown else len(shown) - 1 for label in known}
    counts = np.zeros((len(shown), len(shown)), dtype=np.int64)
    for right, answer in zip(found.y.tolist(), found.answers.tolist(), strict=True):
        counts[places[right], places[answer]] += 1
    names = ["all others" if label is None else label for label in shown]
    rows = []
    for i, own in enumerate(counts):
        cells = [
            f'<td class="{"right" if i == j else "wrong"}" style="--share:{count / max(own.sum(), 1):.3f}">'
            f"{count:,}</td>"
            for j, count in enumerate(own)
        ]
        rows.append(f'<tr><th scope="row">{text(names[i], 24)}</th>{"".join(cells)}</tr>')
    head = "".join(f'<th scope="col" class="n">{text(name, 24)}</th>' for name in names)
    return (
        f'<div class="scroll"><table class="confusion"><thead><tr><th scope="col">truth \\ answer</th>{head}</tr>'
        f"</thead>\n<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _calibration(found: Answers) -> str:
    if found.chances is None or not found.are_probabilities:
        return paragraph("This model gives no probabilities, so there is nothing to say of how sure it may be.", "note")
    assert found.classes is not None
    if len(found.classes) == 2:
        label = text(found.classes[1], 20)
        drawn = pictures.calibration(
            found.chances[:, 1],
            found.codes == 1,
            f"probability of {found.classes[1]!s:.20}",
            f"share that is {found.classes[1]!s:.20}",
        )
        about = f"Of rows given a probability of 70 % for “{label}”, about 70 % should be."
    else:
        drawn = pictures.calibration(
            found.chances.max(axis=1), found.y == found.answers, "probability of the answer", "share that is right"
        )
        about = "Of answers given with a probability of 70 %, about 70 % should be right."
    caption = f"{about} On the dashed line probabilities come true as often as they say; above it more often."
    return f'<h3>How far probabilities can be trusted</h3>\n{figures((drawn, ""))}<p class="note">{caption}</p>'


def _numbers(experiment: Experiment, found: Answers) -> str:
    errors = found.y - found.answers
    target = experiment.target
    low, middle, high = np.quantile(np.abs(errors), [0.5, 0.9, 0.99])
    return section(
        "answers",
        "Right and wrong",
        paragraph(
            f"Half of the answers are off by less than {number(low)}, nine of ten by less than {number(middle)}, 99 of "
            f"100 by less than {number(high)}."
        ),
        figures(
            (
                pictures.against(found.answers, found.y, ("answer", target), "diagonal"),
                "On the dashed line answers are right.",
            ),
            (
                pictures.against(found.answers, errors, ("answer", "truth − answer"), "zero"),
                "What answers were off by: a good model leaves no pattern here.",
            ),
            _coverage(experiment, found),
        ),
    )


def _coverage(experiment: Experiment, found: Answers) -> tuple[str, str]:
    if not hasattr(experiment.model, "predict_interval"):
        return "", ""
    hits = []
    for share in _SHARES:
        low, high = experiment.model.predict_interval(experiment.test[0], share).T
        hits.append(int(np.sum((low <= found.y) & (found.y <= high))))
    drawn = pictures.coverage(_SHARES, hits, len(found.y))
    caption = (
        f"Of intervals that promise 90 %, {figure('accuracy', hits[_SHARES.index(0.9)] / len(found.y))} held their "
        "target. On the dashed line intervals keep their promise."
    )
    return drawn, caption


# How it learned, and what it needs ---------------------------------------------------------------------------------


def learning(experiment: Experiment) -> str:
    """Return the learning curves."""
    history = dict(experiment.learner.history_)
    calibrated = history.pop("val_calibrated_loss", None)
    if calibrated is not None:  # it told which epoch was best
        history["val_loss"] = calibrated
    note = "" if calibrated is None else "The loss on validation rows is that of calibrated probabilities."
    name = "accuracy" if experiment.task == "classification" else "R²"
    drawn = [
        (pictures.curves(history, "loss", "loss"), note),
        (pictures.curves(history, "score", name), ""),
        (pictures.curves(history, "mistakes", "mistakes"), ""),
    ]
    epochs = counted(int(experiment.learner.n_iter_), "epoch")
    said = [paragraph(f"Warning: {warning}", "note") for warning in experiment.warnings]
    return section("learning", "How it learned", paragraph(f"It learned for {epochs}."), figures(*drawn), *said)


def needs(found: Importance | None, why_not: str) -> str:
    """Return what the score loses when each column is shuffled."""
    if found is None:
        return section("columns-needed", "Which columns it needs", paragraph(why_not))
    ranked = found.ranked()
    most = max(ranked[0][1], 1e-12)
    rows = [
        [
            text(name, 40),
            bar(mean / most, "" if mean > 2 * deviation else "pale"),
            f"{round(mean, 3) + 0.0:.3f} <small>± {deviation:.3f}</small>".replace("-", "−"),
        ]
        for name, mean, deviation in ranked[:_MOST_NEEDED]
    ]
    rest = len(ranked) - len(rows)
    left = f" {counted(rest, 'column')} that matter less are not shown." if rest else ""
    return section(
        "columns-needed",
        "Which columns it needs",
        paragraph(
            f"How much worse the score ({MEASURE_NAMES[found.measure]}) becomes when a column's cells change places on "
            "the rows set aside. Columns that say much the same stand in for one another: each may then look "
            f"dispensable. Grey bars cannot be told from 0.{left}"
        ),
        table(["column", "", "loss"], rows, numbers=[2], kind="bars"),
    )


# The table and the method ------------------------------------------------------------------------------------------


def _percent(share: float) -> str:
    """Return a share with a digit more where it is small, so that a few cells are not 0 %."""
    return "&lt; 0.1 %" if 0 < share < 0.0005 else f"{100 * share:.{int(share < 0.1)}f} %"


def about_table(experiment: Experiment) -> str:
    """Return what the table is: its target, and each of its columns."""
    X = pa.concat_tables([experiment.train[0], experiment.test[0]])
    y = np.concatenate([experiment.train[1], experiment.test[1]])
    kinds = experiment.encoder.kinds_
    rows = []
    for name in X.column_names[:_MOST_COLUMNS]:
        found = profile(X.column(name), name, kinds[name])
        share = f" <small>{_percent(found.missing / found.rows)}</small>" if found.missing else ""
        rows.append(
            [
                text(name, 40),
                spark(found.heights),
                text(found.kind),
                f"{found.missing:,}{share}",
                f"{found.distinct:,}",
                text(found.words),
            ]
        )
    left = X.num_columns - len(rows)
    return section(
        "table",
        "The table",
        paragraph(
            f"{counted(X.num_rows, 'row')}, {counted(X.num_columns, 'column')} to predict from. "
            f"To be predicted: {experiment.target}."
        ),
        _target(experiment, y),
        f"<h3>{counted(X.num_columns, 'column')}</h3>",
        table(
            ["column", "distribution", "taken for", "missing", "different", "range, or most frequent"],
            rows,
            numbers=[3, 4],
            kind="columns",
        ),
        paragraph(f"{counted(left, 'column')} more are not shown.", "note") if left else "",
    )


def _target(experiment: Experiment, y: Array) -> str:
    if experiment.task == "regression":
        low, middle, high = np.min(y), np.median(y), np.max(y)
        caption = (
            f"From {number(low)} to {number(high)}, median {number(middle)}; the outermost half percent are not drawn."
        )
        return figures((pictures.spread(y.astype(np.float64), experiment.target), caption))
    counts = most_frequent(y.tolist())
    shown = counts[:_MOST_CLASSES]
    most = shown[0][1]
    rows = [
        [text(label, 40), bar(count / most), f"{count:,} <small>{100 * count / len(y):.1f} %</small>"]
        for label, count in shown
    ]
    rest = len(counts) - len(shown)
    more = paragraph(f"And {counted(rest, 'class')} that are rarer.", "note") if rest else ""
    return table(["class", "", "rows"], rows, numbers=[2], kind="bars") + more


def method(experiment: Experiment, contest: Contest, facts: Sequence[tuple[str, str]]) -> str:
    """Return how all this was found."""
    settings = {name: value for name, value in experiment.learner.get_params().items() if name != "callbacks"}
    listed = [
        ("model", type(experiment.learner).__name__),
        ("settings", ", ".join(f"{name}={value!r}" for name, value in settings.items())),
        ("rows", f"{len(experiment.train[1]):,} to learn from, {len(experiment.test[1]):,} set aside for every score"),
        *facts,
    ]
    items = "".join(f"<dt>{text(name)}</dt><dd>{words(value)}</dd>" for name, value in listed)
    explained = [
        "The baselines have their libraries' own settings: the shares of the classes, or the mean; logistic or ridge "
        "regression; scikit-learn's HistGradientBoosting. They get the same columns, taken for the same kinds.",
        "Intervals are the middle 95 % of the scores on resamples of the rows set aside (bootstrap). Differences are "
        f"of {called(contest)} and a baseline on the same resamples; three of them are looked at, so a close call is "
        "no proof. They tell how sure a score is for these trained models, not how much another training would differ.",
        "Times are of training alone on this machine; compilation, once a machine, is left out. Sizes are of the model "
        "file, and of the baselines pickled.",
    ]
    if contest.task == "classification":
        explained.append(
            "Log loss is the mean of −log of the probability that the right class was given, at least "
            f"{LEAST_CHANCE:g}; AUC is how often a row of a class gets more for it than one of another."
        )
    return section(
        "method", "How this was found", f"<dl>{items}</dl>", *(paragraph(line, "note") for line in explained)
    )
