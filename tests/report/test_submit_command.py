"""The command that the report shows submits what Python would."""

import html
import re
import shlex
from dataclasses import fields

from click import Context
from click.testing import CliRunner

import pipeline as pp
from pipeline.cli import main
from pipeline.competition.overrides import WITHOUT_OPTION, Overrides


def test_overrides_of_python_are_options_or_lines_for_competition_toml(folder) -> None:
    folder.fill(300, planes=True, header="names")
    folder.write("competition.toml", 'transpose = true\nvalidation = "train.csv"\n')
    digits = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    header = ("Id", 'the "d\N{LATIN SMALL LETTER I WITH ACUTE}git"')
    competition = folder.load(
        planes=False, classes=digits, submission_header=header, transpose=False, validation=0.3
    )
    runs, ours = folder.path.parent / "runs", folder.path.parent / "ours.csv"
    pp.train(competition, "dense", epochs=1, runs=runs, progress=False)
    page = html.unescape(pp.write_report(competition, runs=runs).read_text())
    lines, command = re.findall(r"<pre>(.*?)</pre>", page[page.index('id="test"') :], re.DOTALL)
    folder.write("competition.toml", f"{folder.read('competition.toml').decode()}{lines}\n")
    words = [*shlex.split(command)[1:], "--output", str(folder.path.parent / "theirs.csv")]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    theirs = (folder.path.parent / "theirs.csv").read_bytes()
    assert theirs == pp.submit(competition, output=ours, runs=runs).read_bytes()


def test_what_has_no_option_is_known() -> None:
    command = main.get_command(Context(main), "submit")
    options = {parameter.name for parameter in command.params}
    assert {field.name for field in fields(Overrides)} - options == set(WITHOUT_OPTION)
