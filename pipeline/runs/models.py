"""Which runs have a model on the disk, themselves or their members."""

from collections.abc import Callable, Sequence

from pipeline.errors import PipelineError
from pipeline.runs.folder import MODEL
from pipeline.runs.run import Run


def single_runs(run: Run) -> list[Run]:
    """The runs whose models a run predicts with: itself, or those that it averages, each once.

    Raises:
        PipelineError: one of them has no model, or is missing or damaged.
    """
    if not run.record.members:
        if MODEL not in run.checksums:
            raise PipelineError(
                "the run has no model",
                where=f"run {run.folder}",
                expected=f"a run with {MODEL}",
                remedy="Choose another run, or train it again with --fresh.",
            )
        return [run]
    found = [one for member in run.members for one in single_runs(member)]
    return list({one.name: one for one in found}.values())


def with_models(
    runs: Sequence[Run], on_damage: Callable[[PipelineError], None] | None = None
) -> list[Run]:
    """The runs that have models.

    Args:
        on_damage: called with the reason for each of the others.
    """
    found = []
    for run in runs:
        try:
            single_runs(run)
            found.append(run)
        except PipelineError as error:
            if on_damage:
                on_damage(error)
    return found
