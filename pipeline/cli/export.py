"""pipeline export"""

from pathlib import Path
from typing import Any

import click

from pipeline.cli.options import RUNS, schema_options
from pipeline.cli.output import echo


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("data", type=click.Path(path_type=Path), required=False)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["onnx", "litert", "savedmodel"]),
    default="onnx",
    show_default=True,
    help="Format of the model.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="File or folder to write. Default: exports/COMPETITION/RUN with the format's ending.",
)
@click.option("--force", is_flag=True, help="Replace an exported model that exists.")
@RUNS
@schema_options
def command(
    run: Path,
    data: Path | None,
    output_format: str,
    output: Path | None,
    force: bool,
    runs: Path,
    **overrides: Any,
) -> None:
    """Write a run as an ONNX, LiteRT or TensorFlow model.

    RUN is a run's folder, or its path within the folder of runs; an ensemble becomes one model.
    DATA is the folder of its competition, by default data/COMPETITION. The model takes raw pixels
    as in the CSV files, for any number of rows, and returns the probabilities of the classes that
    its metadata names. It is written only if it gives the run's probabilities for the validation
    rows. The last line printed is its path.

    \b
    Examples: pipeline export digits/fast --format onnx
              pipeline export digits/ensemble data/digits --format litert --output digits.tflite
    """
    import pipeline as pp
    from pipeline.api.exports import default_data
    from pipeline.api.places import open_run

    found = open_run(run, runs)
    given = any(value is not None for value in overrides.values())
    competition = pp.load(data or default_data(found), **overrides) if given else data
    exported = pp.export(found, competition, format=output_format, output=output, force=force)
    echo(
        f"Compared with the run on {exported.rows:,} validation rows: the largest difference of a "
        f"probability is {exported.difference:.1e}."
    )
    if exported.run_difference != exported.difference:
        echo(
            "The exported model computes in float32, the run in bfloat16: this changes "
            f"probabilities by up to {exported.run_difference:.1e}."
        )
    echo(exported.path)
