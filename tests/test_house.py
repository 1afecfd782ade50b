"""The house rules: imports go one way, quick commands stay quick, the documentation is true."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pipeline.cli import main
from pipeline.recipes import ensembles, recipes

ROOT = Path(__file__).parent.parent
# A module imports from its own folder and from those before it in the flow.
FLOW = [
    "arrays", "errors", "files", "machine",
    "reading", "images", "competition", "networks", "runs", "recipes", "training", "search",
]  # fmt: skip
KERAS = ("networks", "recipes", "training", "search")
ALLOWED = {room: set(FLOW[: place + 1]) for place, room in enumerate(FLOW)}
ALLOWED["reading"] -= {"images"}
ALLOWED["images"] -= {"reading"}
for room in ("report", "submission"):
    ALLOWED[room] = set(FLOW) - set(KERAS) | {room}
MODULES = sorted((ROOT / "pipeline").rglob("*.py"))


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    room = path.relative_to(ROOT / "pipeline").parts[0].removesuffix(".py")
    if room in ALLOWED:
        used = {name.split(".")[1] for name in imports(path) if name.startswith("pipeline.")}
        assert used <= ALLOWED[room]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_keras_is_used_by_models_and_training_alone_and_tensorflow_by_nobody(path: Path) -> None:
    packages = {name.split(".")[0] for name in imports(path)}
    assert "tensorflow" not in packages
    assert "keras" not in packages or path.parent.name in ("networks", "recipes", "training")


@pytest.mark.parametrize("words", [["--help"], ["leaderboard"], ["check", "data/digits", "x.csv"]])
def test_quick_commands_load_nothing_heavy(words: list[str], tmp_path) -> None:
    script = (
        "import sys; from pipeline.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "heavy = {'tensorflow', 'keras', 'sklearn', 'matplotlib', 'pandas', 'cv2'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, *words], cwd=ROOT, capture_output=True, text=True
    )
    assert result.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", main.commands)
def test_every_command_has_help_and_stands_in_the_readme(name: str) -> None:
    command = main.commands[name]
    assert command.get_short_help_str()
    assert f"pipeline {name}" in (ROOT / "README.md").read_text()
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name != "changes":
            assert parameter.help or parameter.name in ("seed", "form"), parameter.name


@pytest.mark.parametrize("name", [*recipes(), *ensembles()])
def test_every_recipe_stands_in_the_readme(name: str) -> None:
    assert f"`{name}`" in (ROOT / "README.md").read_text()


def test_every_make_target_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())  # type: ignore[index]
    explained = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert named == explained


def test_the_shipped_digits_are_what_make_data_writes(tmp_path) -> None:
    from pipeline.competition.digits import write_digits

    write_digits(tmp_path)
    for name in ("train_data.csv", "test_data.csv"):
        assert (tmp_path / name).read_bytes() == (ROOT / "data/digits" / name).read_bytes()


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_recipes_run_on_another_backend(backend: str, tmp_path) -> None:
    pytest.importorskip(backend, reason=f"{backend} is not installed")
    import os

    words = ["train", "data/digits", "--model", "augmented", "--epochs", "1", "--runs", tmp_path]
    result = subprocess.run(
        [sys.executable, "-m", "pipeline", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    record = (tmp_path / "digits/augmented-epochs=1/run.json").read_text()
    assert f'"backend": "{backend}"' in record
