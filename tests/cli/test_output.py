"""Tables fit the terminal."""

import pytest
from click.testing import CliRunner
from rich.console import Console as RichConsole

from pipeline.cli import main, output

ROWS = [["conv-learning_rate=0.003-seed=2", "98.26", "60,554", "8,123"]]
HEADER = ["run", "accuracy", "parameters", "images/s"]


@pytest.mark.parametrize(
    ("width", "shown"),
    [(80, HEADER), (60, HEADER[:3]), (46, HEADER[:2]), (None, HEADER)],
)
def test_a_narrow_terminal_leaves_out_optional_columns(width, shown, monkeypatch) -> None:
    def console(**options: object) -> RichConsole:
        return RichConsole(force_terminal=width is not None, width=width or 20, **options)

    monkeypatch.setattr("rich.console.Console", console)
    monkeypatch.setattr(output, "WIDE", 1000)
    text = output.table_text(HEADER, ROWS, ["run"], optional=["images/s", "parameters"])
    assert [name for name in HEADER if name in text] == shown
    assert ROWS[0][0] in text


def test_submit_hides_progress_if_asked(run, workspace) -> None:
    words = ["--quiet", "--runs", str(workspace / "runs"), "--output", str(workspace / "x.csv")]
    result = CliRunner().invoke(main, ["submit", str(workspace / "data" / "named"), *words])
    assert (result.exit_code, result.stderr) == (0, "")
