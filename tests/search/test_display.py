"""What people see while jobs run."""

import io
import re
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from pipeline.search.display import Display
from pipeline.training.progress import Progress

SCORES = {"loss": 0.25, "accuracy": 0.5, "val_loss": 0.75, "val_accuracy": 0.625}
RUN: Any = SimpleNamespace(
    scores=SimpleNamespace(accuracy=0.625, low=0.5, high=0.75),
    record=SimpleNamespace(fit_seconds=12.34),
)


def shown(terminal: bool, quiet: bool = False) -> str:
    """Two jobs of twelve epochs, the first of which ends."""
    stream = io.StringIO()
    display = Display(quiet, Console(file=stream, force_terminal=terminal, width=80, quiet=quiet))
    with display.show(["conv", "a-very-long-name" * 5]):
        for name in ("conv", "a-very-long-name" * 5):
            display.progress(Progress(name, 2, 12, 3, 4, 1.5, {"loss": 0.5}))
            display.progress(Progress(name, 2, 12, 4, 4, 1.5, SCORES, True))
        display.finish("conv", RUN)
        display.bars.refresh()
    return stream.getvalue()


def test_a_log_gets_a_line_for_each_epoch() -> None:
    first, second = shown(terminal=False).splitlines()
    assert first == (
        "conv  epoch  2/12   1.5 s"
        "  loss 0.2500  accuracy 0.5000  val_loss 0.7500  val_accuracy 0.6250"
    )
    assert second.startswith("a-very-long-name")


def test_a_terminal_gets_bars_that_fit_its_width_and_results_that_stay() -> None:
    text = shown(terminal=True)
    assert "all jobs" in text
    assert "epoch 2/12  62.50 %" in text
    assert "conv  62.50 % (50.00 - 75.00)  12.3 s" in text
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)
    assert all(len(line) <= 80 for line in plain.replace("\r", "\n").splitlines())


@pytest.mark.parametrize("terminal", [False, True])
def test_quiet_shows_nothing(terminal: bool) -> None:
    assert shown(terminal, quiet=True) == ""
