"""From a folder of pixel CSVs to a submission you can trust.

    import pipeline as pp

    competition = pp.load("data/digits")
    run = pp.train(competition, "fast")
    pp.leaderboard(competition)
    pp.submit(competition)

The folders follow the flow of the data:

    reading -> images -> competition -> networks -> recipes -> training -> runs -> search
    -> planning, tuning -> report, submission, exports -> drawing, hosting

Names are imported when they are first used: `import pipeline` is fast.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from pipeline.api.drawing import draw
    from pipeline.api.exports import export
    from pipeline.api.information import describe, doctor, inspect, load, models
    from pipeline.api.results import (
        best_run,
        check,
        leaderboard,
        list_runs,
        predict,
        reveal,
        score_test,
        submit,
        submit_for,
        write_report,
    )
    from pipeline.api.submissions import (
        close_hosted,
        fetch,
        host,
        hosted_leaderboard,
        kaggle_quota,
        send_to_hosted,
        send_to_kaggle,
        submissions,
    )
    from pipeline.api.training import ensemble, train, train_all, train_for, train_plan
    from pipeline.api.tuning import load_study, trials, tune, write_tuning_page
    from pipeline.competition.competition import Competition
    from pipeline.competition.folds import Fold
    from pipeline.competition.overrides import Overrides
    from pipeline.errors import PipelineError
    from pipeline.images.augmentation import Augmentation
    from pipeline.networks.recipe import Recipe
    from pipeline.networks.space import Choice, Float, Integer, Space
    from pipeline.runs.record import Scores
    from pipeline.runs.run import Run
    from pipeline.search.engine import EngineChoice

_MODULES = {
    "Augmentation": "pipeline.images.augmentation",
    "Choice": "pipeline.networks.space",
    "Competition": "pipeline.competition.competition",
    "EngineChoice": "pipeline.search.engine",
    "Float": "pipeline.networks.space",
    "Fold": "pipeline.competition.folds",
    "Integer": "pipeline.networks.space",
    "Overrides": "pipeline.competition.overrides",
    "PipelineError": "pipeline.errors",
    "Recipe": "pipeline.networks.recipe",
    "Run": "pipeline.runs.run",
    "Scores": "pipeline.runs.record",
    "Space": "pipeline.networks.space",
    "best_run": "pipeline.api.results",
    "hosted_leaderboard": "pipeline.api.submissions",
    "check": "pipeline.api.results",
    "close_hosted": "pipeline.api.submissions",
    "describe": "pipeline.api.information",
    "doctor": "pipeline.api.information",
    "draw": "pipeline.api.drawing",
    "ensemble": "pipeline.api.training",
    "export": "pipeline.api.exports",
    "fetch": "pipeline.api.submissions",
    "host": "pipeline.api.submissions",
    "inspect": "pipeline.api.information",
    "kaggle_quota": "pipeline.api.submissions",
    "leaderboard": "pipeline.api.results",
    "list_runs": "pipeline.api.results",
    "load": "pipeline.api.information",
    "load_study": "pipeline.api.tuning",
    "models": "pipeline.api.information",
    "predict": "pipeline.api.results",
    "reveal": "pipeline.api.results",
    "score_test": "pipeline.api.results",
    "submissions": "pipeline.api.submissions",
    "submit": "pipeline.api.results",
    "submit_for": "pipeline.api.results",
    "send_to_hosted": "pipeline.api.submissions",
    "send_to_kaggle": "pipeline.api.submissions",
    "train": "pipeline.api.training",
    "train_all": "pipeline.api.training",
    "train_for": "pipeline.api.training",
    "train_plan": "pipeline.api.training",
    "trials": "pipeline.api.tuning",
    "tune": "pipeline.api.tuning",
    "write_report": "pipeline.api.results",
    "write_tuning_page": "pipeline.api.tuning",
}

__all__ = [
    "Augmentation",
    "Choice",
    "Competition",
    "EngineChoice",
    "Float",
    "Fold",
    "Integer",
    "Overrides",
    "PipelineError",
    "Recipe",
    "Run",
    "Scores",
    "Space",
    "best_run",
    "check",
    "close_hosted",
    "describe",
    "doctor",
    "draw",
    "ensemble",
    "export",
    "fetch",
    "host",
    "hosted_leaderboard",
    "inspect",
    "kaggle_quota",
    "leaderboard",
    "list_runs",
    "load",
    "load_study",
    "models",
    "predict",
    "reveal",
    "score_test",
    "send_to_hosted",
    "send_to_kaggle",
    "submissions",
    "submit",
    "submit_for",
    "train",
    "train_all",
    "train_for",
    "train_plan",
    "trials",
    "tune",
    "write_report",
    "write_tuning_page",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
