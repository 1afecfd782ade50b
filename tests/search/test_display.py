"""What people see while jobs run."""

import io
import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from pipeline.competition.folds import Fold
from pipeline.recipes import find_recipe
from pipeline.search.display import Display
from pipeline.training.job import Job
from pipeline.training.progress import Progress

SCORES = {"loss": 0.25, "accuracy": 0.5, "val_loss": 0.75, "val_accuracy": 0.625}
RUN: Any = SimpleNamespace(
    scores=SimpleNamespace(accuracy=0.625, low=0.5, high=0.75),
    record=SimpleNamespace(
        fit_seconds=12.34,
        settings={"tta_views": 5, "tta_angles": 1},
        training=SimpleNamespace(without_tta=SimpleNamespace(accuracy=0.5)),
        data=SimpleNamespace(metric=None),
    ),
)


def job(name: str, epochs: int = 12, recipe: str = "conv") -> Any:
    """A job of four steps an epoch."""
    fold = Fold(np.arange(4 * 128), np.arange(0))
    return Job(name, find_recipe(recipe).change(epochs=epochs), 0, fold)


def shown(terminal: bool, quiet: bool = False) -> str:
    """Two jobs of twelve epochs, the first of which ends."""
    stream = io.StringIO()
    display = Display(quiet, Console(file=stream, force_terminal=terminal, width=80, quiet=quiet))
    names = "conv", "a-very-long-name" * 5
    with display.show([job(name) for name in names]):
        for name in names:
            display.progress(Progress(name, 2, 12, 3, 4, 1.5, {"loss": 0.5}))
            display.progress(Progress(name, 2, 12, 4, 4, 1.5, SCORES, True))
        display.finish("conv", RUN)
        display.bars.refresh()
    return stream.getvalue()


def test_a_log_gets_a_line_for_each_epoch() -> None:
    lines = shown(terminal=False).splitlines()
    assert lines[0] == "conv: at most 12 epochs of 4 steps"
    assert lines[1].startswith(
        "conv  epoch  2/12   1.5 s"
        "  loss 0.2500  accuracy 0.5000  val_loss 0.7500  val_accuracy 0.6250"
    )
    assert (
        lines[-1]
        == "conv  accuracy 62.50 % (50.00 - 75.00) with 5 TTA views, 50.00 % without  12.3 s"
    )


@pytest.mark.parametrize(
    ("waiting", "left"),
    [
        ([], "55 s left"),  # 5 s for one of twelve epochs
        ([job("longer", epochs=24)], "3 min left"),  # 120 s more, as it has the same recipe
        ([job("other", epochs=99, recipe="conv2")], "2 min left"),  # 60 s more, as the first one
    ],
)
def test_the_time_left_is_that_of_all_jobs(waiting: list[Any], left: str) -> None:
    stream = io.StringIO()
    display = Display(console=Console(file=stream, width=80))
    with display.show([job("conv"), *waiting]):
        display.progress(Progress("conv", 1, 12, 4, 4, 5.0, SCORES, True))
    assert stream.getvalue().endswith(f"val_accuracy 0.6250  {left}\n")


def test_jobs_that_are_not_known_yet_count_too() -> None:
    stream = io.StringIO()
    display = Display(console=Console(file=stream, width=80))
    with display.show([], more=3):
        display.add(job("first"))
        display.progress(Progress("first", 1, 12, 4, 4, 5.0, SCORES, True))
        assert stream.getvalue().endswith("3 min left\n")  # 55 s, and twice 60 s
        display.end("first", "first: pruned")
    assert stream.getvalue().endswith("first: pruned\n")


@pytest.mark.parametrize("added", [0, 1, 3])
def test_a_plan_is_printed_once_for_all_jobs_that_have_it(added: int) -> None:
    stream = io.StringIO()
    display = Display(console=Console(file=stream, width=80))
    jobs = [job(f"trial {n}", epochs=epochs) for n, epochs in enumerate((12, 12, 24))]
    given = jobs[: len(jobs) - added]
    with display.show(given, more=added):
        for one in jobs:
            if one not in given:
                display.add(one)
            display.progress(Progress(one.name, 1, 12, 1, 4, 5.0, {"loss": 0.5}))
    assert stream.getvalue().splitlines() == [
        "trial 0: at most 12 epochs of 4 steps",
        "trial 2: at most 24 epochs of 4 steps",
    ]


def test_what_was_shown_before_is_not_shown_again() -> None:
    stream = io.StringIO()
    display = Display(console=Console(file=stream, force_terminal=True, width=80))
    for names in (("one", "two"), ("three",)):
        stream.truncate(0)
        with display.show([job(name) for name in names]):
            for name in names:
                display.progress(Progress(name, 1, 12, 4, 4, 5.0, SCORES, True))
            display.bars.refresh()
    assert "three" in stream.getvalue()
    assert "all jobs" not in stream.getvalue()


@pytest.mark.parametrize(
    ("seconds_per_epoch", "left"), [(5, "85 s left"), (20, "6 min left"), (600, "2 h 50 min left")]
)
def test_jobs_that_run_in_parallel_share_the_time(seconds_per_epoch: float, left: str) -> None:
    stream = io.StringIO()
    display = Display(console=Console(file=stream, width=80))
    with display.show([job("one"), job("two"), job("three")]):
        for name in ("one", "two"):
            display.progress(Progress(name, 1, 12, 4, 4, seconds_per_epoch, SCORES, True))
    assert stream.getvalue().endswith(f"{left}\n")  # of (11 + 11 + 12) / 2 epochs


@pytest.mark.parametrize(
    ("epochs", "left"), [(12, "36 s left"), (24, "2 min left"), (9, "18 s left")]
)
def test_the_time_left_of_a_continued_training_follows_from_its_own_epochs(
    epochs: int, left: str
) -> None:
    """Also when it has another number of epochs than at first, as the clock of a budget decides."""
    stream = io.StringIO()
    display = Display(console=Console(file=stream, width=80))
    with display.show([job("conv")]):
        display.progress(Progress("conv", 6, 12, 3, 4, 6.0, {"loss": 0.5}))
        display.progress(Progress("conv", 6, epochs, 4, 4, 6.0, SCORES, True))
    assert stream.getvalue().endswith(f"{left}\n")


@pytest.mark.parametrize("terminal", [False, True])
def test_a_note_of_a_training_is_shown_once(terminal: bool) -> None:
    stream = io.StringIO()
    display = Display(console=Console(file=stream, force_terminal=terminal, width=80))
    with display.show([job("conv")]):
        display.progress(
            Progress("conv", 1, 12, 1, 4, 0.5, {}, note="the checkpoint could not be saved.")
        )
        display.progress(Progress("conv", 1, 12, 2, 4, 0.6, {}))
    assert stream.getvalue().count("conv: the checkpoint could not be saved.") == 1


def test_a_terminal_gets_bars_that_fit_its_width_and_results_that_stay() -> None:
    text = shown(terminal=True)
    assert "all jobs" in text
    assert "epoch 2/12  62.50 %" in text
    assert (
        "conv  accuracy 62.50 % (50.00 - 75.00) with 5 TTA views, 50.00 % without  12.3 s" in text
    )
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)
    assert all(len(line) <= 80 for line in plain.replace("\r", "\n").splitlines())


@pytest.mark.parametrize("terminal", [False, True])
def test_quiet_shows_nothing(terminal: bool) -> None:
    assert shown(terminal, quiet=True) == ""
