"""pipeline export"""

from pathlib import Path
from typing import Any

import click

from pipeline.cli.options import DATA, RUNS, refuse_run, schema_options
from pipeline.cli.output import echo, warn_skipped


@click.command()
@DATA
@click.option("--run", help="The run to export. Default: the best run with a model.")
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
    data: Path,
    run: str | None,
    output_format: str,
    output: Path | None,
    force: bool,
    runs: Path,
    **overrides: Any,
) -> None:
    """Write a run as an ONNX, LiteRT or TensorFlow model.

    An ensemble becomes one model. The model takes raw pixels as in the CSV files, for any number
    of rows, and returns the probabilities of the classes that its metadata names. It is written
    only if its probabilities for the validation rows are those of the run. The last line printed is
    its path.

    \b
    Examples: pipeline export
              pipeline export data/digits --run fast --format litert --output digits.tflite
    """
    import pipeline as pp

    refuse_run(data, runs)
    exported = pp.export(
        pp.load(data, **overrides),
        run,
        format=output_format,
        output=output,
        force=force,
        runs=runs,
        on_damage=warn_skipped,
    )
    echo(
        f"Compared with {exported.run} on {exported.rows:,} validation rows: the largest "
        f"difference of a probability is {exported.difference:.1e}."
    )
    if exported.run_difference != exported.difference:
        echo(
            "The exported model computes in float32, the run in bfloat16: this changes "
            f"probabilities by up to {exported.run_difference:.1e}."
        )
    echo(exported.path)
