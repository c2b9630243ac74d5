"""What the commands print: results on stdout, words on stderr."""

import json
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from feedforward.phrases import MEASURE_NAMES, always_answer, counted, figure
from feedforward.storage.words import columns_of, facts_of, layers_of

words = Console(stderr=True, highlight=False, soft_wrap=True)
results = Console(highlight=False)


def print_json(facts: dict[str, Any]) -> None:
    """Print facts for a machine."""
    print(json.dumps(facts, indent=2, allow_nan=False))


def print_experiments(experiments: list[Any]) -> None:
    """Print how good models are on one table, beside the answer that needs no model."""
    first = experiments[0]
    facts = first.facts()
    kinds = list(facts["columns"].values())
    columns = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    aim = counted(len(facts["classes"]), "class") if first.task == "classification" else "a quantity"
    results.print(
        f"{first.source}: {counted(facts['rows']['train'], 'row')} to train on, {facts['rows']['test']:,} to test on; "
        f"columns: {columns}; {counted(facts['inputs'], 'input')}; target {first.target!r}, {aim}",
        markup=False,
        soft_wrap=True,
    )
    table = Table()
    table.add_column("model")
    measures = [f"{part} {MEASURE_NAMES[name]}" for name in first.scores for part in ("train", "test")]
    for heading in (*measures, "epochs", "seconds"):
        table.add_column(heading, justify="right")
    for one in experiments:
        table.add_row(one.model_name, *_figures(one.scores), str(one.learner.n_iter_), f"{one.seconds:.3f}")
    table.add_section()
    always = always_answer(first.task, facts["baseline"]["answer"])
    table.add_row(always, *_figures(first.baseline_scores), "", "", style="dim")
    results.print(table)


def _figures(scores: dict[str, dict[str, float | None]]) -> list[str]:
    return [figure(name, parts[part]) for name, parts in scores.items() for part in ("train", "test")]


def say_of_table(ignored: list[str], notes: list[str]) -> None:
    """Say on stderr which columns of a table were not needed, and what there is to note of the others."""
    if ignored:
        shown = ", ".join(map(repr, ignored[:10])) + (", ..." if len(ignored) > 10 else "")
        words.print(f"left aside, since the model does not know them: {shown}", markup=False)
    for note in notes:
        words.print(f"note: {note}", markup=False)


def print_evaluation(found: dict[str, Any]) -> None:
    """Print how good a model is, beside the answer that needs no model."""
    results.print(
        f"{found['table']}: {counted(found['rows'], 'row')}; target {found['target']!r}; model {found['model']}",
        markup=False,
        soft_wrap=True,
    )
    measures = [name for name in MEASURE_NAMES if name in found]
    table = Table()
    table.add_column("model")
    for name in measures:
        table.add_column(MEASURE_NAMES[name], justify="right")
    table.add_row(found["estimator"], *(figure(name, found[name]) for name in measures))
    if found["baseline"]:
        table.add_section()
        always = always_answer(found["task"], found["baseline"]["answer"])
        plain = found["baseline"]
        cells = [figure(name, plain[name]) if name in plain else "" for name in measures]
        table.add_row(always, *cells, style="dim")
    results.print(table)


def print_summary(found: dict[str, Any]) -> None:
    """Print what is in a model file."""
    lines = facts_of(found)
    width = max(len(name) for name, _ in lines)
    for name, value in lines:  # whole, however narrow the terminal is: a digest is to be copied
        results.print(Text(f"{name:{width}}  ", style="bold") + Text(value), soft_wrap=True)
    for headings, rows in (layers_of(found), columns_of(found)):
        if rows:
            table = Table()
            for heading in headings:
                table.add_column(heading, justify="right" if heading in ("parameters", "shape") else "left")
            for row in rows:
                table.add_row(*(Text(cell, overflow="fold") for cell in row))
            results.print(table)


def print_comparison(found: Any) -> None:
    """Print how good models are over folds of one table, with intervals; the best one stands out."""
    results.print(
        f"{found.source}: {counted(found.rows, 'row')}, {found.folds} folds; target {found.target!r}; means over folds "
        f"and their 95 % intervals; {MEASURE_NAMES[found.measure]} decides",
        markup=False,
        soft_wrap=True,
    )
    names = [name for name in MEASURE_NAMES if any(name in one.scores for one in found.entries)]
    table = Table(show_lines=True)
    table.add_column("model", no_wrap=True)
    for heading in (*(MEASURE_NAMES[name] for name in names), "behind", "seconds"):
        table.add_column(heading, justify="right")
    for one in found.entries:
        best = one.behind is None and found.measure in one.scores
        cells = [_over_folds(name, one.scores.get(name)) for name in names]
        behind = "best" if best else _over_folds(found.measure, one.behind)
        seconds = f"{sum(one.seconds) / len(one.seconds):.3f}" if one.scores else "failed"
        table.add_row(one.model, *cells, behind, seconds, style="bold" if best else "")
    results.print(table)


def _over_folds(name: str, found: Any) -> str:
    if found is None or found.value != found.value:
        return ""
    reach = "" if found.high != found.high else f"\n{figure(name, found.low)} to {figure(name, found.high)}"
    return f"{figure(name, found.value)}{reach}"
