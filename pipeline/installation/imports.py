"""Why packages cannot be imported: other processes import them, and may crash or hang."""

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

PATIENCE = 180  # seconds for importing TensorFlow
IMPORT = "from pipeline.installation.imports import print_failures; print_failures({})"


def find_failures(modules: Sequence[str]) -> dict[str, str]:
    """Why modules cannot be imported; those that can are left out.

    Another process imports them. If a module crashes it, a new process imports the rest.
    """
    found: dict[str, str] = {}
    while modules:
        child = run_python(IMPORT.format(modules))
        lines = [json.loads(line) for line in child.stdout.splitlines()]
        found |= {name: text for name, text in zip(modules, lines, strict=False) if text}
        if len(lines) < len(modules):
            found[modules[len(lines)]] = reason(child)
        modules = modules[len(lines) + 1 :]
    return found


def print_failures(modules: Sequence[str]) -> None:
    """Imports modules, and prints for each why it cannot be imported, or "", as JSON."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what modules print goes to standard error
    for name in modules:
        text = ""
        try:
            import_module(name)
        except BaseException as error:
            text = f"{type(error).__name__}: {error}".strip().splitlines()[-1]
            if (raised_in := _origin(error)) not in (name, "pipeline"):
                text += f" (in {raised_in})"
        print(json.dumps(text), file=out, flush=True)


def _origin(error: BaseException) -> str:
    """The top-level package of the code that raised an error."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    modules: list[str] = [frame.f_globals.get("__name__", "") for frame in frames]
    packages = [module.partition(".")[0] for module in modules]
    return [package for package in packages if package != "importlib"][-1]


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    """Runs code in another process, which may crash or hang."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", code]
    try:
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired as error:
        printed = (error.stdout or b"").decode()
        return subprocess.CompletedProcess(command, 1, printed, f"it takes more than {PATIENCE} s")


def reason(child: subprocess.CompletedProcess[str]) -> str:
    """Why a process failed: the last line of its errors, or its exit status."""
    return (child.stderr.strip().splitlines() or [f"exit status {child.returncode}"])[-1]
