"""Imports go one way, quick commands load nothing heavy, the documentation is complete."""

import ast
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pipeline.cli import main
from pipeline.cli.main import COMMANDS

ROOT = Path(__file__).parent.parent
BASE = {
    "arrays", "checksums", "config", "documents", "errors", "files", "interrupts", "large_arrays",
    "machine", "tables",
}  # fmt: skip
TO_SEARCH = {
    "images", "metrics", "competition", "networks", "recipes", "training", "runs", "evaluation",
    "search",
}  # fmt: skip
# What each folder may import, besides BASE and itself: the flow of the data.
USES = {
    "reading": set(),
    "images": set(),
    "metrics": set(),
    "competition": {"reading", "images", "metrics"},
    "networks": {"images"},
    "recipes": {"images", "networks"},
    "runs": {"images", "metrics", "competition", "networks"},
    "evaluation": {"metrics", "competition", "networks", "runs"},
    "training": {"images", "competition", "networks", "recipes", "runs"},
    "search": TO_SEARCH - {"search"},
    "planning": TO_SEARCH,
    "tuning": TO_SEARCH,
    "prediction": {"reading", "images", "competition", "runs"},
    "report": {
        "reading",
        "images",
        "metrics",
        "competition",
        "networks",
        "runs",
        "evaluation",
        "tuning",
    },
    "submission": {"reading", "metrics", "competition", "runs"},
    "hosting": {"reading", "metrics", "competition", "runs", "submission"},
    "drawing": {"images", "competition", "networks", "training", "runs", "report"},
    "exports": {"images", "networks", "runs"},
    "installation": {"competition", "submission"},
}
MODULES = sorted((ROOT / "pipeline").rglob("*.py"))
by_path = pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def lines_of_code(path: Path) -> int:
    """Lines without docstrings and empty lines."""
    tree = ast.parse(path.read_text())
    texts = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]
    documented = sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in texts)
    return sum(bool(line.strip()) for line in path.read_text().splitlines()) - documented


@by_path
def test_imports_follow_the_flow_of_the_data(path: Path) -> None:
    folder = path.relative_to(ROOT / "pipeline").parts[0]
    used = {name.split(".")[1] for name in imports(path) if name.startswith("pipeline.")}
    if folder in USES:
        assert used - {"__version__"} <= USES[folder] | BASE | {folder}
    elif folder.removesuffix(".py") in BASE:
        assert used - {"__version__"} <= BASE


@by_path
def test_keras_is_imported_in_networks_and_recipes_alone(path: Path) -> None:
    packages = {name.split(".")[0] for name in imports(path)}
    assert "tensorflow" not in packages or path.stem in ("backend", "normalization")
    assert "keras" not in packages or path.parent.name == "recipes" or path.stem == "backend"


@pytest.mark.parametrize("folder", ["report", "submission", "hosting", "cli"])
def test_what_shows_results_imports_no_module_that_needs_keras(folder: str) -> None:
    names = {name for path in (ROOT / "pipeline" / folder).rglob("*.py") for name in imports(path)}
    needs = {"build", "backend", "backbone", "predict", "saving"}
    assert not {name for name in names if name.startswith("pipeline.networks.") and
                name.split(".")[2] in needs}  # fmt: skip


def test_folders_and_modules_stay_small() -> None:
    commands = {ROOT / "pipeline/cli" / f"{name}.py" for name in COMMANDS}
    for folder in {path.parent for path in MODULES}:
        modules = [path for path in folder.glob("*.py") if path.stem != "__init__"]
        assert len([path for path in modules if path not in commands]) <= 12, folder
    for path in MODULES:
        assert lines_of_code(path) <= 220, path


@pytest.mark.parametrize("words", [["--help"], ["leaderboard"], ["check", "data/digits", "x.csv"]])
def test_quick_commands_load_nothing_heavy(words: list[str]) -> None:
    script = (
        "import sys; from pipeline.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "heavy = {'tensorflow', 'keras', 'sklearn', 'matplotlib', 'cv2', 'cleanlab', 'optuna'}\n"
        "heavy |= {'ray'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, *words], cwd=ROOT, capture_output=True, text=True
    )
    assert result.stdout.splitlines()[-1] == "[]"


def test_worker_processes_do_not_load_keras_before_their_first_job() -> None:
    """It would use all GPUs. A worker gets its own with its first job."""
    script = "import sys, pipeline.search.processes; print('keras' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout == "False\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_is_in_the_readme(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.get_short_help_str()
    assert f"pipeline {name}" in (ROOT / "README.md").read_text()
    for parameter in command.params:
        assert not isinstance(parameter, click.Option) or parameter.help, parameter.name


def test_every_make_target_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    explained = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert set(phony[1].split()) == explained


def test_the_shipped_digits_are_what_make_data_writes(tmp_path) -> None:
    runpy.run_path(str(ROOT / "data/digits.py"))["write_digits"](tmp_path)
    for name in ("train_data.csv", "test_data.csv"):
        assert (tmp_path / name).read_bytes() == (ROOT / "data/digits" / name).read_bytes()


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_recipes_run_on_another_backend(backend: str, tmp_path) -> None:
    pytest.importorskip(backend, reason=f"{backend} is not installed")
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
