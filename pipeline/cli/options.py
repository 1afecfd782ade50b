"""Arguments and options that several commands have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pipeline.api import folders
from pipeline.errors import PipelineError

Command = TypeVar("Command", bound=Callable[..., Any])


class Integer(click.IntRange):
    """An integer in a range. click's messages would call it "a valid integer range"."""

    name = "integer"


def _data(context: click.Context, argument: click.Parameter, folder: Path | None) -> Path:
    """DATA, or else the folder of the training file, or else data/digits."""
    train = context.params.get("train")  # what is given is parsed before what is not
    return folder or (Path(train).parent if train else folders.DATA / "digits")


DATA = click.argument("data", type=click.Path(path_type=Path), required=False, callback=_data)
RUNS = click.option(
    "--runs",
    type=click.Path(path_type=Path, file_okay=False),
    default=folders.RUNS,
    show_default=True,
    help="Folder of runs, with one subfolder per competition.",
)


def format_option(default: str) -> Callable[[Command], Command]:
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(["table", "json", "csv"]),
        default=default,
        show_default=True,
        help="Output format.",
    )


BUDGET = click.option(
    "--budget",
    metavar="TIME",
    help="Train for this time, such as 10m or 1h30m. Recipes, folds and epochs are chosen for you.",
)
EPOCHS = click.option("--epochs", type=Integer(1), help="Maximum number of epochs.")
SEED = click.option("--seed", type=Integer(0), default=0, show_default=True, help="Random seed.")
ENGINE = (
    click.option(
        "--engine",
        type=click.Choice(["auto", "inline", "processes", "ray"]),
        default="auto",
        show_default=True,
        help="Train in this process, in several processes, or on a Ray cluster.",
    ),
    click.option(
        "--workers",
        type=Integer(1),
        metavar="N",
        help="Number of parallel trainings.  [default: one per GPU, or else per core, if there is "
        "enough memory; on Ray, as many as fit]",
    ),
    click.option(
        "--address",
        help="Address of a Ray cluster: auto, host:6379 or ray://host:10001.  [default: a cluster "
        "is started on this machine]",
    ),
    click.option(
        "--gpus",
        type=float,
        default=0.0,
        help="GPUs for each training on a Ray cluster, such as 0.25.  [default: 0, the CPUs of the "
        "nodes; other engines use the GPUs of this machine]",
    ),
)
FORMAT = format_option("table")
QUIET = click.option("--quiet", is_flag=True, help="Hide progress.")
HEADER = click.option(
    "--header/--no-header", default=None, help="Whether the files have a header row."
)
DELIMITER = click.option("--delimiter", help="The word comma, semicolon, tab or pipe.")


def settings_option(text: str) -> Callable[[Command], Command]:
    return click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help=text)


def sweep_of(settings: tuple[str, ...], options: dict[str, Any]) -> dict[str, list[Any]]:
    """("l2=1e-6,1e-4",) and {"epochs": 5} -> {"epochs": [5], "l2": ["1e-6", "1e-4"]}"""
    sweep: dict[str, list[Any]] = {name: [value] for name, value in options.items()}
    for text in settings:
        name, _, values = text.partition("=")
        if name in sweep:
            raise PipelineError(
                f"--set {text}: {name} is given twice",
                remedy=f"Give all values at once: --set {name}=A,B.",
            )
        sweep[name] = values.split(",")
        if not name or not all(sweep[name]):
            raise PipelineError(f"--set {text}", expected="NAME=VALUE, such as --set batch_size=64")
    return sweep


def _shape(
    context: click.Context, option: click.Parameter, text: str | None
) -> list[int | str] | None:
    """28x28 -> [28, 28]. What is not a number is checked later."""
    if text is None:
        return None
    return [int(side) if side.isdigit() else side for side in text.lower().split("x")]


def _validation(
    context: click.Context, option: click.Parameter, text: str | None
) -> float | str | None:
    """A share such as 0.1, or the name of a file."""
    try:
        return text if text is None else float(text)
    except ValueError:
        return text


SCHEMA = (
    click.option("--train", metavar="FILE", help="Training file: its name in DATA, or a path."),
    click.option("--test", metavar="FILE", help="Test file."),
    click.option("--sample", metavar="FILE", help="Sample submission; none means no sample."),
    click.option(
        "--validation",
        callback=_validation,
        metavar="FILE|SHARE",
        help="File of validation rows, or share of the training rows.  [default: 0.2]",
    ),
    click.option(
        "--holdout",
        type=float,
        metavar="SHARE",
        help="Share of the training file that is locked. Unlike validation rows, locked rows "
        "choose nothing, and `pipeline reveal` scores one run on them, once.",
    ),
    click.option("--label", help="Label column: its name, 'first' or 'last'."),
    click.option("--test-label", help="Label column of a test file that has labels."),
    click.option("--id", help="Id column: its name, 'first' or 'last'."),
    HEADER,
    DELIMITER,
    click.option("--shape", callback=_shape, help="Shape of an image, such as 28x28 or 32x32x3."),
    click.option(
        "--transpose/--no-transpose",
        default=None,
        help="Whether images are stored column by column, as those of EMNIST.",
    ),
    click.option("--range", type=float, nargs=2, help="Pixel values of black and white: 0 255."),
)


def engine_options(command: Command) -> Command:
    """Options about where trainings run; see `EngineChoice`."""
    for option in reversed(ENGINE):
        command = option(command)
    return command


def refuse_run(data: Path, runs: Path) -> None:
    """Refuses a run as DATA: only `pipeline predict` takes a run as its first argument.

    Raises:
        PipelineError: it is a run, or the name of a run.
    """
    from pipeline.runs.folder import is_run

    named = [] if data.is_dir() else [runs / data, *(folder / data for folder in runs.glob("*"))]
    if any(map(is_run, [data, *named])):
        raise PipelineError(
            "it is a run",
            where=data,
            expected="a competition folder",
            remedy=f"To choose a run: --run {data.name}.",
        )


def schema_options(command: Command) -> Command:
    """Options about the files of a competition; they override what is inferred."""
    for option in reversed(SCHEMA):
        command = option(command)
    return command
