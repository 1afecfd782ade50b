"""Prints tables: for people in the width of the terminal, or as JSON or CSV."""

import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from pipeline.errors import printable
from pipeline.tables import no_formula

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.errors import PipelineError
    from pipeline.runs.record import Scores, Value
    from pipeline.runs.run import Run

TEXT = "\n\t"  # what a text may have besides printable characters
WIDE = 1000  # columns of a file or pipe: no wrapping


def echo(text: object = "", err: bool = False, nl: bool = True) -> None:
    """Prints text, with escapes for what would change a terminal, see `printable`."""
    click.echo(printable(str(text), TEXT), err=err, nl=nl)


def echo_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    left: Sequence[str],
    optional: Sequence[str] = (),
) -> None:
    """Prints rows of text in aligned columns, see `table_text`."""
    for line in table_text(header, rows, left, optional).splitlines():
        echo(line)


def table_text(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    left: Sequence[str],
    optional: Sequence[str] = (),
) -> str:
    """Rows of text in aligned columns.

    Args:
        left: the columns that are aligned to the left; numbers are aligned to the right.
        optional: columns that a narrow terminal leaves out, the first ones first.
    """
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDE
    header, *rows = [[printable(cell) for cell in row] for row in (header, *rows)]
    columns = dict(zip(header, zip(*rows, strict=True), strict=True)) if rows else {}
    widths = {name: max(map(len, (name, *cells))) + 2 for name, cells in columns.items()}
    for name in optional:
        if sum(widths.values()) > console.width + 2:
            columns.pop(name, None)
            widths.pop(name, None)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for name in columns:
        side = "left" if name in left else "right"
        table.add_column(name, justify=side, overflow="fold")  # type: ignore[arg-type]
    for row in zip(*columns.values(), strict=True):
        table.add_row(*row)
    with console.capture() as captured:
        console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def echo_wrapped(text: str, indent: int) -> None:
    """Prints a paragraph in the width of the terminal, at most 100 columns."""
    width, margin = min(100, shutil.get_terminal_size().columns), " " * indent
    echo(click.wrap_text(text, width, margin, margin))


def echo_frame(frame: "pd.DataFrame", output_format: str) -> None:
    """Prints a DataFrame as "json" (a list of objects) or "csv"."""
    if output_format == "json":
        echo(frame.to_json(orient="records", indent=2, double_precision=15))
    else:
        echo(without_formulas(frame).to_csv(index=False).rstrip("\n"))


def without_formulas(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The table for a spreadsheet: an apostrophe is before text that it would calculate."""
    safe = frame.rename(columns=no_formula)
    for index, kind in enumerate(frame.dtypes):
        if kind.kind not in "biuf":
            safe.isetitem(index, [no_formula(cell) for cell in frame.iloc[:, index]])
    return safe


def warn_skipped(error: "PipelineError") -> None:
    """Prints that a damaged run is left out of a table."""
    echo(f"Warning: skipped. {error.message}", err=True)


def run_text(run: "Run") -> str:
    """The scores of a run, see `score_text`."""
    from pipeline.runs.metrics import score_by
    from pipeline.runs.ranking import metric_of

    found, copies = run.validation, run.scores.copies
    return score_text(score_by(metric_of(run), found.probabilities, found.labels, copies))


def score_text(scores: "Scores") -> str:
    """ "accuracy 98.61 %, 95 % interval 96.47 - 99.46, n = 287"; another metric comes first."""
    from pipeline.runs.record import Value

    accuracy = Value("accuracy", scores.accuracy, scores.low, scores.high)
    values = [scores.other, accuracy] if scores.other else [accuracy]
    return f"{'; '.join(map(_value_text, values))}, n = {scores.distinct:,}"


def _value_text(one: "Value") -> str:
    from pipeline.metrics.metric import METRICS

    metric = METRICS[one.metric]
    interval = f"{metric.text(one.low)} - {metric.text(one.high)}"
    return f"{metric.title} {metric.with_unit(one.value)}, 95 % interval {interval}"


def percent(fraction: float | None) -> str:
    """0.9876 -> "98.76"; None and NaN -> ""."""
    return "" if fraction is None or fraction != fraction else f"{100 * fraction:.2f}"
