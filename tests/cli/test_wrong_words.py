"""Words of another command, or misspelled ones, get a message that helps."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from finished_runs import finish

import pipeline as pp
from pipeline.cli import main


def refusal(*words: str | Path) -> str:
    result = CliRunner().invoke(main, list(map(str, words)))
    assert result.exit_code == 2, result.output
    return " ".join(result.stderr.split())


@pytest.mark.parametrize("command", ["export", "draw"])
@pytest.mark.parametrize("named", ["one", "tiny/one", "whole path"])
def test_a_run_in_the_place_of_the_competition_is_told_its_option(
    command: str, named: str, tiny: pp.Competition, tmp_path: Path
) -> None:
    run = finish(tiny, tmp_path / "tiny" / "one", 2.0, draw=1)
    data = run.folder if named == "whole path" else named
    error = refusal(command, data, "--runs", tmp_path)
    assert "it is a run. Expected a competition folder. To choose a run: --run one." in error
    assert "it is a run" not in refusal(command, "two", "--runs", tmp_path)


@pytest.mark.parametrize(
    ("words", "end"),
    [
        (["submit", "--model", "dense"], "No such option '--model'."),
        (["train", "--modle", "dense"], "No such option '--modle'. Did you mean '--model'?"),
    ],
)
def test_an_option_that_does_not_exist_suggests_a_similar_one_alone(
    words: list[str], end: str
) -> None:
    assert refusal(*words).endswith(end)


def test_a_run_that_does_not_exist_and_resembles_none_gets_whole_sentences(tmp_path: Path) -> None:
    assert refusal("predict", "one", "x.png", "--runs", tmp_path).endswith(
        "one: there is no such run. Expected the folder of a finished run."
    )
