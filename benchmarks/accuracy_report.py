"""What the records of `accuracy.py` say: each table, mean ranks, and ours against each peer.

Seeds are averaged within a table first, over those that both sides have; a table then counts once. Standard errors of a
table are over its seeds, those of a comparison over its tables.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from accuracy_fits import Record

Seeds = dict[int, Record]
LOSS, R2 = "log_loss", "r2"
MEASURES = {LOSS: (LOSS, "auc", "accuracy"), R2: (R2, "rmse")}
TITLES = {LOSS: "log loss", "auc": "AUC", "accuracy": "accuracy", R2: "R²", "rmse": "RMSE"}


@dataclass(frozen=True)
class Sheet:
    """A table to print; a row that is empty stands for a line between."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class Comparison:
    """Over how many tables, our mean gain and its standard error, and the share that we won, a draw for half."""

    tables: int
    mean: float
    error: float
    won: float


class Results:
    """The newest record of each table, model and seed, failures apart."""

    def __init__(self, records: Iterable[Record]) -> None:
        newest = {(r["table"], r["model"], r["seed"]): r for r in records}
        self.failed = [record for record in newest.values() if "error" in record]
        self.found: dict[tuple[str, str], Seeds] = {}
        for (table, model, seed), record in newest.items():
            if "error" not in record:
                self.found.setdefault((table, model), {})[seed] = record

    def tables(self, measure: str) -> list[str]:
        return list(dict.fromkeys(table for (table, _), seeds in self.found.items() if measure in first(seeds)))

    def models(self, wanted: Sequence[str]) -> list[str]:
        here = {model for _, model in self.found}
        return [model for model in wanted if model in here]

    def pairs(self, ours: str, peer: str, measure: str) -> dict[str, list[tuple[Record, Record]]]:
        """Return, for each table that both have, the records of the seeds that both have."""
        both = {}
        for table in self.tables(measure):
            mine, theirs = self.found.get((table, ours), {}), self.found.get((table, peer), {})
            if seeds := sorted(mine.keys() & theirs.keys()):
                both[table] = [(mine[seed], theirs[seed]) for seed in seeds]
        return both


def first(seeds: Seeds) -> Record:
    return next(iter(seeds.values()))


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and its standard error, which of one value is not known."""
    error = np.std(values, ddof=1) / len(values) ** 0.5 if len(values) > 1 else np.nan
    return float(np.mean(values)), float(error)


def gain(measure: str, ours: float, peer: float) -> float:
    """Return by how much we are better: of R² the difference, of log loss the share of the larger of the two.

    That share lies between -1 and 1 and changes its sign with the sides, so a table that both have nearly solved does
    not outweigh all others.
    """
    if measure == R2:
        return ours - peer
    return (peer - ours) / max(peer, ours)


def compared(results: Results, ours: str, peer: str, measure: str) -> Comparison | None:
    """Compare two models on the tables that both have; None if there is none."""
    means = [
        [float(np.mean([record[measure] for record in side])) for side in zip(*pairs, strict=True)]
        for pairs in results.pairs(ours, peer, measure).values()
    ]
    if not means:
        return None
    gains = [gain(measure, mine, theirs) for mine, theirs in means]
    won = np.mean((np.sign(gains) + 1) / 2)
    return Comparison(len(gains), *mean_and_error(gains), float(won))


def time_ratio(results: Results, ours: str, peer: str, what: str) -> float:
    """Return the geometric mean over the tables of our fit's seconds in the peer's; NaN where none compare.

    Seconds of the clock compare only where nothing else ran and the threads were as many.
    """
    ratios = []
    for measure in MEASURES:
        for pairs in results.pairs(ours, peer, measure).values():
            if what == "fit_seconds":
                pairs = [(a, b) for a, b in pairs if not (a["loaded"] or b["loaded"]) and a["threads"] == b["threads"]]
            if pairs:
                ratios.append(np.mean([np.log(a[what] / b[what]) for a, b in pairs]))
    return float(np.exp(np.mean(ratios))) if ratios else float("nan")


def mean_ranks(results: Results, models: Sequence[str], measure: str) -> tuple[int, dict[str, float]]:
    """Return over how many tables, those of which all models have a seed, and each one's mean rank.

    1 is best, draws share.
    """
    sign = -1 if measure == R2 else 1
    figures = []
    for table in results.tables(measure):
        found = [results.found.get((table, model), {}) for model in models]
        if seeds := set.intersection(*map(set, found)):
            figures.append([sign * np.mean([each[seed][measure] for seed in sorted(seeds)]) for each in found])
    if not figures:
        return 0, {}
    return len(figures), dict(zip(models, rankdata(figures, axis=1).mean(axis=0).tolist(), strict=True))


def sheets(results: Results, ours: Sequence[str], peers: Sequence[str]) -> list[Sheet]:
    """Return all there is to print."""
    ours, peers = results.models(ours), results.models(peers)
    models = [*ours, *peers]
    each = [_each_table(results, models, measure) for measure in MEASURES]
    found = [*each, _ranks(results, models), _against(results, ours, peers), _versions(results, models)]
    if results.failed:
        rows = [(r["table"], r["model"], str(r["seed"]), r["error"].splitlines()[0]) for r in results.failed]
        found.append(Sheet("Failed, and left out above", ("table", "model", "seed", "error"), rows))
    return [sheet for sheet in found if sheet.rows]


def _each_table(results: Results, models: Sequence[str], measure: str) -> Sheet:
    titles = [TITLES[name] for name in MEASURES[measure]]
    headings = ("table", "model", "seeds", *titles, "fit, s", "predict, s", "CPU, s")
    rows: list[tuple[str, ...]] = []
    for table in results.tables(measure):
        lines = {model: results.found[table, model] for model in models if (table, model) in results.found}
        best = sorted(lines, key=lambda m: np.mean([r[measure] for r in lines[m].values()]), reverse=measure == R2)
        for place, model in enumerate(best):
            rows.append((table if place == 0 else "", model, *_figures(list(lines[model].values()), MEASURES[measure])))
        rows.append(())
    return Sheet(f"By {TITLES[measure]}: mean of the seeds ± its standard error", headings, rows[:-1])


def _figures(records: Sequence[Record], measures: Sequence[str]) -> tuple[str, ...]:
    cells = [str(len(records))]
    for name in measures:
        pattern = ".4g" if name == "rmse" else ".4f"
        cells.append(_with_error(*mean_and_error([record[name] for record in records]), pattern))
    mark = "*" if any(record["loaded"] for record in records) else ""
    for name in ("fit_seconds", "predict_seconds"):
        cells.append(f"{np.mean([record[name] for record in records]):.2f}{mark}")
    return (*cells, f"{np.mean([record['fit_cpu_seconds'] for record in records]):.2f}")


def _ranks(results: Results, models: Sequence[str]) -> Sheet:
    found = {measure: mean_ranks(results, models, measure) for measure in MEASURES}
    headings = ("model", *(f"{TITLES[m]} (tables: {tables})" for m, (tables, _) in found.items()))
    rows = [(model, *(_number(ranks.get(model, np.nan), ".2f") for _, ranks in found.values())) for model in models]
    return Sheet("Mean rank over the tables that all have, 1 is best", headings, rows)


def _against(results: Results, ours: Sequence[str], peers: Sequence[str]) -> Sheet:
    headings = ("ours", "against", "log loss", "won", "R²", "won", "fit time ×", "CPU time ×")
    rows: list[tuple[str, ...]] = []
    for mine in ours:
        for peer in [*(other for other in ours if other != mine), *peers]:
            cells = [cell for measure in MEASURES for cell in _gains(compared(results, mine, peer, measure), measure)]
            times = [time_ratio(results, mine, peer, what) for what in ("fit_seconds", "fit_cpu_seconds")]
            rows.append((mine, peer, *cells, *(_number(ratio, ".2f") for ratio in times)))
        rows.append(())
    title = "Ours against each: by how much better (+), log loss as a share of the larger of the two; mean of tables"
    return Sheet(title, headings, rows[:-1])


def _gains(found: Comparison | None, measure: str) -> tuple[str, str]:
    if found is None:
        return "–", "–"
    gains = _with_error(found.mean, found.error, "+.4f" if measure == R2 else "+.1%")
    return gains, f"{found.won * found.tables:g}/{found.tables}"


def _versions(results: Results, models: Sequence[str]) -> Sheet:
    rows = []
    for model in models:
        records = [r for (_, name), seeds in results.found.items() if name == model for r in seeds.values()]
        versions = {r["version"]: sum(s["version"] == r["version"] for s in records) for r in records}
        rows.append((model, ", ".join(f"{name} ({count} fits)" for name, count in versions.items())))
    return Sheet("Versions: of the library; of ours the commit", ("model", "version"), rows)


def _with_error(mean: float, error: float, pattern: str) -> str:
    """Return them as printed; one value has no error."""
    return f"{mean:{pattern}}" + ("" if np.isnan(error) else f" ± {error:{pattern.lstrip('+')}}")


def _number(value: float, pattern: str) -> str:
    return "–" if np.isnan(value) else f"{value:{pattern}}"
