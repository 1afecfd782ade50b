"""Runs a notebook of the documentation, and saves what its cells print.

python tests/docs/notebooks.py docs/quickstart.ipynb
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from pipeline.files import write_text

ROOT = Path(__file__).parents[2]


def run_notebook(path: Path, place: Path) -> dict[str, Any]:
    """Runs a copy of a notebook in a folder with the digits; returns it with its outputs.

    Raises:
        CalledProcessError: a cell fails.
    """
    shutil.copytree(ROOT / "data/digits", place / "data/digits")
    copy = Path(shutil.copy(path, place))
    jupyter = Path(sys.executable).with_name("jupyter-execute")
    subprocess.run([jupyter, "--inplace", "--timeout=-1", copy.name], cwd=place, check=True)
    notebook: dict[str, Any] = json.loads(copy.read_text())
    for cell in notebook["cells"]:
        cell["metadata"] = {}  # the time of each cell
    notebook["metadata"].pop("language_info", None)
    return notebook


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        found = run_notebook(Path(sys.argv[1]), Path(folder))
    write_text(Path(sys.argv[1]), json.dumps(found, indent=1, ensure_ascii=False) + "\n")
