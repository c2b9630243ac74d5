"""Accuracy of default models on tables, each fit in a process of its own; it can be stopped, and goes on where it was.

    python benchmarks/accuracy.py                              scikit-learn's own small tables
    python benchmarks/accuracy.py --tables FOLDER              a folder of CSV and Parquet files
    python benchmarks/accuracy.py --report --markdown          what was found so far

Everybody is at the defaults, learns from the same 80 % of the rows and is judged on the same 20 %. Before the clock
starts, each fits 200 rows, so that nothing is compiled or imported on it.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from joblib import cpu_count
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from accuracy_fits import Fit, append_record, key, measured_apart, read_records
from accuracy_models import MODELS, OURS, PEERS
from accuracy_report import Results, Sheet, sheets
from accuracy_tables import sources

RESULTS = Path(__file__).parent / "results" / "accuracy.jsonl"
NOTES = (
    "Peers get dates as the text of the file, a category; as a number of days where the library takes no category of "
    "so many levels (hist-gb: 255; all: 10,000). hist-gb refuses columns of more than 255 levels: the rarest are one "
    "there. Missing numbers are the median of training for realmlp-td, sklearn-mlp and linear; the targets "
    "of sklearn-mlp and mlp are scaled. Probabilities are at least 1e-7. * under load: do not compare these seconds."
)


def main() -> None:
    given = arguments()
    console = Console(width=150, highlight=False)
    words = Console(stderr=True, highlight=False, soft_wrap=True)
    names = chosen(given.only, list(sources(given.tables)), "table", words)
    models = chosen(given.models, list(MODELS), "model", words)
    if not given.report:
        try:
            compute(given, names, models, words)
        except KeyboardInterrupt:
            words.print("Stopped; the same command goes on from here.")
            sys.exit(130)
    records = [
        record
        for record in read_records(given.results)
        if record["table"] in names and record["seed"] in given.seeds and record["max_rows"] == given.max_rows
    ]
    found = sheets(Results(records), *([m for m in models if m in side] for side in (OURS, PEERS)))
    for sheet in found:
        print(as_markdown(sheet)) if given.markdown else console.print(as_rich(sheet))
    if found:
        console.print(NOTES)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=Path, help="folder of tables (default: scikit-learn's)")
    parser.add_argument("--only", type=comma, metavar="NAME,…", help="these tables, in this order (default: all)")
    parser.add_argument("--models", type=comma, metavar="NAME,…", help=f"of {', '.join(MODELS)} (default: all)")
    parser.add_argument("--seeds", type=numbers, default=[0, 1, 2], metavar="N,…", help="of splits and models (0,1,2)")
    parser.add_argument("--max-rows", type=int, metavar="N", help="cut larger tables, by a fixed seed")
    parser.add_argument("--threads", type=int, default=cpu_count(), help="of a fit (default: as many as cores)")
    parser.add_argument("--results", type=Path, default=RESULTS, help=f"file to append to (default: {RESULTS.name})")
    parser.add_argument("--again", action="store_true", help="try again what failed")
    parser.add_argument("--loaded", action="store_true", help="say of the seconds that other work ran beside")
    parser.add_argument("--report", action="store_true", help="print what was found, fit nothing")
    parser.add_argument("--markdown", action="store_true", help="print tables in Markdown")
    return parser.parse_args()


def comma(text: str) -> list[str]:
    return text.split(",")


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def chosen(wanted: list[str] | None, known: list[str], what: str, words: Console) -> list[str]:
    if unknown := [name for name in wanted or [] if name not in known]:
        words.print(f"There is no {what} {unknown[0]!r}; there are {', '.join(known)}.", markup=False)
        sys.exit(2)
    return known if wanted is None else wanted


def compute(given: argparse.Namespace, names: Sequence[str], models: Sequence[str], words: Console) -> None:
    """Make every fit that has no record yet, one seed after the other."""
    ready = [model for model in models if MODELS[model].installed]
    if missing := [model for model in models if model not in ready]:
        words.print(f"Skipped, for want of their packages (make bench-accuracy installs them): {', '.join(missing)}.")
    versions = {model: MODELS[model].version() for model in ready}
    done = {key(record) for record in read_records(given.results) if not (given.again and "error" in record)}
    fits = [
        Fit(table, model, seed, versions[model], given.max_rows)
        for seed in given.seeds
        for table in names
        for model in ready
    ]
    left = [fit for fit in fits if fit not in done]
    for place, fit in enumerate(left, 1):
        record = {**measured_apart(fit, given.tables, given.threads), "loaded": given.loaded}
        append_record(given.results, record)
        measures = [f"{name} {record[name]:.4f}" for name in ("log_loss", "r2", "fit_seconds") if name in record]
        said = record.get("error") or ", ".join(measures)
        words.print(f"{place}/{len(left)} {fit.table}, {fit.model}, seed {fit.seed}: {said}", markup=False)


def as_rich(sheet: Sheet) -> RichTable:
    table = RichTable(title=sheet.title, title_justify="left")
    text = ("table", "model", "ours", "against", "error", "version")
    for heading in sheet.headings:
        table.add_column(heading, justify="left" if heading in text else "right")
    for row in sheet.rows:
        if row:
            table.add_row(*map(Text, row))
        else:
            table.add_section()
    return table


def as_markdown(sheet: Sheet) -> str:
    lines = [sheet.headings, ("---",) * len(sheet.headings), *filter(None, sheet.rows)]
    return "\n".join([f"### {sheet.title}", "", *(f"| {' | '.join(line)} |" for line in lines), ""])


if __name__ == "__main__":
    main()
