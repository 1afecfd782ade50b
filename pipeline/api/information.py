"""Public functions that load and describe."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.api.folders import RUNS, SUBMISSIONS
from pipeline.api.places import run_folder
from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError
from pipeline.runs.listing import list_runs as _list_runs

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.competition.inspection import Inspection
    from pipeline.search.catalogue import RecipeDescription


def load(folder: Path | str, **overrides: Any) -> Competition:
    """Reads a competition: a folder with a training CSV, and usually a test CSV.

    Args:
        folder: the competition's folder.
        overrides: schema overrides, such as `label="digit"`, `shape=(28, 28)`; see
            `pipeline.competition.overrides.Overrides`.

    Returns:
        Its pixels (n, pixels), labels, classes and schema.

    Raises:
        PipelineError: a file is missing, has faults, or cannot be understood.

    Example:
        >>> import pipeline as pp
        >>> competition = pp.load("data/digits")
        >>> competition.train_pixels.shape, competition.classes[:3]
        ((1437, 64), ('0', '1', '2'))
    """
    return Competition.load(folder, **overrides)


def inspect(competition: Competition) -> "Inspection":
    """What the files of a competition hold: columns, images, classes, duplicates, ignored files.

    Example:
        >>> import pipeline as pp
        >>> pp.inspect(pp.load("data/digits")).to_frame().query("`class` == '7'")["rows"].item()
        143
    """
    from pipeline.competition.inspection import inspect_competition

    return inspect_competition(competition)


def models(
    competition: Competition | Path | str | None = None,
    *,
    runs: Path | str = RUNS,
    on_damage: Callable[[PipelineError], None] | None = None,
) -> "pd.DataFrame":
    """Every recipe: parameters, input, epochs, published scores, origin.

    Args:
        competition: competition whose best runs are added, its folder or its name.
        on_damage: as for `list_runs`.

    Returns:
        name, parameters, input, epochs, min_steps, published_accuracy, published_loss,
        published_on, our_accuracy, our_run, comparable, origin. Parameters and input are those for
        images of 28 x 28 x 1 and 10 classes; accuracies are in 0..1.
    """
    from pipeline.search.catalogue import catalogue

    return catalogue(_list_runs(run_folder(competition, runs), on_damage) if competition else ())


def describe(recipe: str) -> "RecipeDescription":
    """A recipe in detail: its layers, settings, published score and origin.

    Args:
        recipe: name of a recipe or ensemble.

    Raises:
        PipelineError: there is no such recipe.

    Example:
        >>> import pipeline as pp
        >>> pp.describe("dense").layers["output"].tolist()
        ['28x28x1', '784', '64', '10']
        >>> pp.describe("fast").min_steps
        1000
    """
    from pipeline.search.catalogue import describe as describe_recipe

    return describe_recipe(recipe)


def doctor(*, runs: Path | str = RUNS) -> "pd.DataFrame":
    """Checks the installation: versions, Keras, processor, memory, and the folders written to.

    Args:
        runs: folder of all runs.

    Returns:
        name, status ("ok", "warning" or "broken"), found, and remedy.
    """
    import pandas as pd

    from pipeline.installation.checks import check_installation

    return pd.DataFrame(check_installation(Path(runs), SUBMISSIONS))
