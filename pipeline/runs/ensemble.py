"""Runs -> a committee: their probabilities averaged; a run too, with members for weights."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Probabilities
from pipeline.files import lock, new_folder, sha256, write_array, write_json
from pipeline.runs.leaderboard import check_mixed
from pipeline.runs.metrics import scores
from pipeline.runs.run import RECORD, Run, load_run


def make_ensemble(folder: Path, members: Sequence[Run], facts: Mapping[str, Any]) -> Run:
    """Averages the members' probabilities and writes the committee's folder.

    Args:
        facts: what run.json is to say beside scores and members: its recipe, what is published.

    Raises:
        PipelineError: the members speak of different data or validation rows.
    """
    check_mixed(list(members), members[0].origin)
    rows, labels, _ = members[0].validation()
    validation = _average([run.validation()[2] for run in members])
    test = _average([run.test() for run in members])
    record = members[0].record
    with lock(folder), new_folder(folder) as unfinished:
        arrays: dict[str, npt.NDArray[Any]] = {
            "validation": validation,
            "validation_rows": rows,
            "validation_labels": labels,
            "test": test,
        }
        for name, array in arrays.items():
            write_array(unfinished / f"{name}.npy", array)
        write_json(
            unfinished / RECORD,
            {
                **facts,
                "members": [run.name for run in members],
                "data": record["data"],
                "split": record["split"],
                "scores": scores(validation, labels),
                "parameters": sum(run.record["parameters"] for run in members),
                "epochs": None,
                "best_epoch": None,
                "fit_seconds": sum(run.record["fit_seconds"] for run in members),
                "predict_images_per_second": 1
                / sum(1 / run.record["predict_images_per_second"] for run in members),
                "sha256": {path.name: sha256(path) for path in sorted(unfinished.iterdir())},
            },
        )
    return load_run(folder)


def _average(probabilities: Sequence[Probabilities]) -> Probabilities:
    average: Probabilities = np.stack(probabilities).mean(axis=0, dtype=np.float32)
    return average
