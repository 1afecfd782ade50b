"""Every command, option, target and link in README and documentation is one that exists."""

import dataclasses
import re
import tomllib
from pathlib import Path

import click
import pytest
from commands import ROOT, in_blocks, in_text, pages

import pipeline as pp
from pipeline.cli import main
from pipeline.cli.main import COMMANDS

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
VARIABLES = set(re.search(r"^KNOWN\s*:= (.*)$", MAKEFILE, re.MULTILINE)[1].split())  # type: ignore[index]
every_page = pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))


def command_of(name: str) -> click.Command:
    command = main.get_command(click.Context(main), name)
    assert command is not None, name
    return command


@every_page
def test_commands_in_code_blocks_parse(page: Path, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for words in in_blocks(page.read_text(), "pipeline"):
        if words[0] in ("--help", "--version"):
            continue
        if words[0] == "--debug":
            words = words[1:]
        for word in words:
            if word.endswith(".json"):  # a plan has to exist
                path = tmp_path / word
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
        with command_of(words[0]).make_context(words[0], words[1:]):
            pass


@every_page
def test_commands_in_the_text_have_these_options(page: Path) -> None:
    for words in in_text(page.read_text(), "pipeline"):
        if words[0].startswith("-"):
            command: click.Command = main
        else:
            assert words[0] in COMMANDS
            command = command_of(words[0])
        known = options(command)
        given = {word.split("=")[0] for word in words if word.startswith("--")}
        assert given <= known, words


def options(command: click.Command) -> set[str]:
    texts = {text for p in command.params for text in (*p.opts, *p.secondary_opts)}
    return texts | {"--help"}


@every_page
def test_make_targets_and_variables_exist(page: Path) -> None:
    text = page.read_text()
    for words in (*in_blocks(text, "make"), *in_text(text, "make")):
        for word in words:
            name, is_variable, _ = word.partition("=")
            assert name in (VARIABLES if is_variable else TARGETS), words


@every_page
def test_links_between_files_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if not link.startswith("http"):
            file, _, anchor = link.partition("#")
            target = page.parent / file if file else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target.read_text()), link


def anchors(page: str) -> set[str]:
    """What links can name in a page: its headings, as GitHub names them, and MyST's targets."""
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r"^\(([\w-]+)\)=$", page, re.MULTILINE))


def test_a_wrong_option_would_be_found(tmp_path) -> None:
    page = "```sh\npipeline train data/digits --modle conv \\\n  --epochs 3 | cat\n```\n"
    ((*words,),) = in_blocks(page, "pipeline")
    assert words == ["train", "data/digits", "--modle", "conv", "--epochs", "3"]
    with pytest.raises(click.NoSuchOption):
        command_of("train").make_context("train", words[1:])


def test_every_public_name_is_in_the_reference() -> None:
    pages = [ROOT / f"docs/reference/{name}.md" for name in ("api", "competition-folder")]
    listed = set(re.findall(r"^\.\. auto\w+:: pipeline\.(\w+)", _text(pages), re.MULTILINE))
    assert listed == set(pp.__all__)


def test_every_line_of_competition_toml_is_in_the_reference() -> None:
    page = (ROOT / "docs/reference/competition-folder.md").read_text()
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    names = [field.name for field in dataclasses.fields(pp.Overrides)]
    assert list(tomllib.loads(example)) == names


def _text(paths: list[Path]) -> str:
    return "\n".join(path.read_text() for path in paths)
