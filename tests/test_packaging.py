"""What is installed: what the code imports is declared, and the lock file names PyPI alone."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import pipeline

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = (ROOT / "uv.lock").read_text()
USERS = PROJECT["project"]["dependencies"]
DEVELOPERS = PROJECT["dependency-groups"]["dev"]
EXTRAS = PROJECT["project"]["optional-dependencies"]
BACKENDS = EXTRAS["cpu"] + EXTRAS["gpu"]


def imported(folder: str) -> set[str]:
    """The installed packages that a folder's modules import; optional ones may be absent."""
    others = {"jax", "torch"}  # Keras' other backends, for who has installed one
    own = {path.stem for path in (ROOT / folder).rglob("*.py")} | {"pipeline", "benchmarks"}
    modules = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                modules.add(str(node.module).split(".")[0])
            elif isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
    installed = packages_distributions()
    modules = (modules & installed.keys()) - own - others - sys.stdlib_module_names
    return {re.sub("[_.]", "-", installed[module][0]).lower() for module in modules}


def names(requirements: list[str]) -> set[str]:
    return {re.split("[^a-z0-9-]", requirement)[0] for requirement in requirements}


def test_what_users_need_is_declared() -> None:
    optional = EXTRAS["kaggle"] + EXTRAS["export"] + EXTRAS["cluster"]
    assert imported("pipeline") <= names(USERS + BACKENDS + optional)


@pytest.mark.parametrize("folder", ["tests", "benchmarks"])
def test_what_developers_need_is_declared(folder: str) -> None:
    assert imported(folder) <= names(USERS + DEVELOPERS + BACKENDS + EXTRAS["cluster"])


def test_the_lock_names_pypi_alone() -> None:
    hosts = set(re.findall(r"https?://[^/\"]+", LOCK))
    assert hosts == {"https://pypi.org", "https://files.pythonhosted.org"}
    assert "file:" not in LOCK


def test_the_citation_is_of_this_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text()
    (version,) = re.findall(r"^version: (.*)$", citation, re.MULTILINE)
    assert version == PROJECT["project"]["version"] == pipeline.__version__


def test_either_build_of_tensorflow_is_locked_at_the_same_version() -> None:
    versions = dict(re.findall(r'^name = "(tensorflow.*)"\nversion = "(.*)"$', LOCK, re.MULTILINE))
    assert set(versions) == {"tensorflow", "tensorflow-cpu"}
    assert len(set(versions.values())) == 1


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ("MODEL=dense", 2, "Unknown variable MODEL. Expected one of DATA MODELS EPOCHS SEED"),
        ("epochs=3", 2, "Unknown variable epochs"),
        ("MODELS=dense conv", 0, "--model dense --model conv"),
    ],
)
def test_make_refuses_a_misspelt_variable(given: str, status: int, said: str) -> None:
    assert_make(["train", given], status, said)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (
            ["report", "EPOCHS=3"],
            2,
            "report has no variable EPOCHS: only make train and make tune",
        ),
        (["SEED=1"], 2, "make help has no variable SEED"),
        (["train", "report", "EPOCHS=3"], 0, "--epochs 3"),
    ],
)
def test_make_refuses_a_variable_without_effect(words: list[str], status: int, said: str) -> None:
    assert_make(words, status, said)


def assert_make(words: list[str], status: int, said: str) -> None:
    command = ["make", "--dry-run", *words]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == status
    assert said in result.stdout + result.stderr
