"""``feedforward export``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from feedforward.commands.errors import one_line_errors
from feedforward.commands.options import Debug, StoredModelFile
from feedforward.terminal import results, words


class Form(StrEnum):
    """What a model can be written out as."""

    onnx = "onnx"
    numpy = "numpy"
    torch = "torch"


def export(
    model: StoredModelFile,
    to: Annotated[
        Form, typer.Option(help="One ONNX file, or a Python file that needs NumPy alone, or NumPy and torch.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Default: as the model, ending in .onnx or .py."),
    ] = None,
    debug: Debug = False,
) -> None:
    """Write a stored model out for use without feedforward: columns of a table in, answers out.

    What it does with a table is inside: filling gaps, reading dates, telling categories apart, scaling. Weights of a
    Python file go beside it, into a file ending in .npz. `python FILE.py` then tests itself on rows stored in it.

    \b
    feedforward export outcome.safetensors --to onnx
    feedforward export outcome.safetensors --to numpy --out outcome_model.py
    """  # noqa: D301 - the escape keeps the lines of the examples apart
    with one_line_errors(debug):
        from feedforward.answers import StoredModel
        from feedforward.exports.source import module_name
        from feedforward.exports.writing import SUFFIXES, places_of
        from feedforward.exports.writing import export as write
        from feedforward.places import check_places

        out = model.with_suffix(SUFFIXES[to]) if out is None else out
        places = places_of(out, to.value)
        check_places({"--out": places[0], "its weights": places[-1] if len(places) > 1 else None}, {"the model": model})
        write(StoredModel.open(model).model, out, to.value)
        for place, word in zip(places, (to.value, "weights"), strict=False):
            results.print(f"{word}: {place}", markup=False, soft_wrap=True)
        if len(places) > 1 and module_name(out.stem) != out.stem:
            words.print(
                f"note: it runs as a program, but `import` takes no name such as {out.stem!r}. To use it, write "
                f"predict = runpy.run_path({str(out)!r})['predict'], or export it as --out {module_name(out.stem)}.py",
                markup=False,
            )
