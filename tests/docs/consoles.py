"""Console blocks of the documentation: commands, each with what it prints.

    python tests/docs/consoles.py docs/tutorial.md

runs the commands of a page in a new folder, and writes what they print into the page. Standard
error, where progress is shown, is left out.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```console\n(.*?)```\n", re.DOTALL)
SCRIPT = re.compile(r"```python\n# (\w+\.py)\n(.*?)```\n", re.DOTALL)
PROMPT = "$ "
# Scores and times, with a decimal point; large counts; epochs; the space around them.
NUMBER = re.compile(r"\d[\d,]*[.,/]\d[\d,]*")


@dataclass(frozen=True)
class Step:
    """A command and what it prints."""

    command: str
    output: str


def read_steps(page: str) -> list[Step]:
    """The steps of all console blocks of a page, in order."""
    return [step for block in BLOCK.findall(page) for step in _steps(block)]


def run_steps(page: str, place: Path) -> Iterator[Step]:
    """Runs the commands of a page in a folder with the digits; yields them with what they print.

    Python blocks that begin with the name of a file are written to it first.

    Raises:
        CalledProcessError: a command fails.
    """
    shutil.copytree(ROOT / "data/digits", place / "data/digits")
    for name, script in SCRIPT.findall(page):
        (place / name).write_text(script)
    for step in read_steps(page):
        yield Step(step.command, run_shell(step.command, place))


def run_shell(script: str, place: Path) -> str:
    """Runs a script of bash that finds the command `pipeline`; returns its standard output."""
    commands = place / ".commands"
    commands.mkdir(exist_ok=True)
    script_of_command = f"#!{sys.executable}\nfrom pipeline.cli import main\n\nmain()\n"
    (commands / "pipeline").write_text(script_of_command)
    (commands / "pipeline").chmod(0o755)
    path = os.pathsep.join([str(commands), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    command = ["bash", "-c", script]
    return subprocess.run(
        command, cwd=place, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def mask(output: str) -> str:
    """The output without what differs between machines."""
    return " ".join(NUMBER.sub("#", output).split())


def write_outputs(path: Path) -> None:
    """Replaces the outputs of a page by what its commands print."""
    page = path.read_text()
    with tempfile.TemporaryDirectory() as folder:
        steps = run_steps(page, Path(folder))

        def replace(block: re.Match[str]) -> str:
            ran = [next(steps) for _ in _steps(block[1])]
            texts = [f"{PROMPT}{step.command}\n{step.output.rstrip()}\n" for step in ran]
            return f"```console\n{''.join(texts)}```\n"

        path.write_text(BLOCK.sub(replace, page))


def _steps(block: str) -> list[Step]:
    parts = re.split(rf"^{re.escape(PROMPT)}", block, flags=re.MULTILINE)[1:]
    return [Step(command, output) for command, _, output in (p.partition("\n") for p in parts)]


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write_outputs(Path(name))
