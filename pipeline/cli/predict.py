"""pipeline predict"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.options import DELIMITER, HEADER, RUNS, format_option
from pipeline.cli.output import echo, score_text, table_text, without_formulas

if TYPE_CHECKING:
    import pandas as pd

EXACT = "%.9g"  # nine digits round-trip a float32


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--probabilities", is_flag=True, help="Print class probabilities.")
@click.option("--invert", is_flag=True, help="Invert images, for dark digits on white.")
@format_option("csv")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Output file.")
@HEADER
@DELIMITER
@RUNS
def command(
    run: Path,
    files: tuple[Path, ...],
    probabilities: bool,
    invert: bool,
    output_format: str,
    output: Path | None,
    header: bool | None,
    delimiter: str | None,
    runs: Path,
) -> None:
    """Predict the classes of any CSV, image, or folder of images.

    RUN is a run's folder, or its path within the folder of runs. A CSV has the columns of the
    run's training or test file, or only the pixels; if it has labels, the accuracy is printed
    too. Images are PNG or JPEG, grey or colour, of any size; transparent parts count as black.
    Other files in a folder are skipped.

    \b
    Examples: pipeline predict runs/digits/fast new.csv
              pipeline predict digits/fast photos/ --invert --probabilities --output new.csv
    """
    import pipeline as pp
    from pipeline.api.places import check_output
    from pipeline.files import write_text
    from pipeline.prediction.new_rows import no_images
    from pipeline.prediction.predict_files import find_unknown_labels, score_files

    if output:
        check_output(output, files)
    table = pp.predict(run, files, invert=invert, delimiter=delimiter, header=header, runs=runs)
    text = _render(table, probabilities, output_format)
    if output:
        write_text(output, text)
        echo(output)
    else:
        echo(text, nl=False)
    for folder, names in table.attrs["skipped"].items():
        echo(f"Note: skipped in {folder}: {no_images(names)}", err=True)
    if unknown := find_unknown_labels(table):
        rows = f"{len(unknown):,} row{'s' * (len(unknown) != 1)}"
        echo(
            f"Note: not scored: {rows} with a label that is not a class of the run: "
            + ", ".join(list(dict.fromkeys(unknown))[:5]),
            err=True,
        )
    scored = score_files(table)
    for name, scores in scored.items():
        file = f"{name}: " if name else ""
        echo(file + score_text(scores), err=True)
    if scored:
        echo("If the run was trained on some of these rows, the score is too high.", err=True)


def _render(table: "pd.DataFrame", probabilities: bool, output_format: str) -> str:
    """The table as text, with the classes or with their probabilities."""
    floats = [index for index, dtype in enumerate(table.dtypes) if dtype == "float32"]
    columns = [*range(floats[0] - 1), *floats] if probabilities else [*range(floats[0])]
    shown = table.iloc[:, columns]
    if output_format == "csv":
        text: str = without_formulas(shown).to_csv(
            index=False, float_format=EXACT, lineterminator="\n"
        )
        return text
    rows = list(shown.itertuples(index=False, name=None))
    if output_format == "json":
        records = [dict(zip(shown.columns, map(_exact, row), strict=True)) for row in rows]
        return json.dumps(records, indent=2, ensure_ascii=False) + "\n"
    cells = [[c if isinstance(c, str) else f"{c:.4f}" for c in row] for row in rows]
    return table_text(list(shown.columns), cells, left=("file", "id", "class"))


def _exact(cell: str | float) -> str | float:
    return cell if isinstance(cell, str) else float(EXACT % cell)
