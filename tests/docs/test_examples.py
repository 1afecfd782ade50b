"""The examples of the documentation run, and print what the pages say. `make test-docs`"""

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import ROOT, pages
from consoles import mask, read_steps, run_shell, run_steps
from notebooks import run_notebook

import pipeline as pp

pytestmark = pytest.mark.docs
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def scripts() -> Iterator[tuple[str, str]]:
    """The Python blocks of how-to pages that use the digits."""
    for page in pages():
        for block in PYTHON.findall(page.read_text()):
            if page.parent.name == "how-to" and 'pp.load("data/digits")' in block:
                yield page.stem, block


def run_python(script: str, place: Path, *before: str) -> str:
    command = [*before, sys.executable, "-c", script]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=place, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def block_of(page: str, start: str) -> str:
    """The Python block of a how-to page that begins with a text."""
    blocks = PYTHON.findall((ROOT / f"docs/how-to/{page}.md").read_text())
    (block,) = [block for block in blocks if block.startswith(start)]
    return block


def test_the_tutorial_prints_what_it_says(tmp_path) -> None:
    page = (ROOT / "docs/tutorial.md").read_text()
    for shown, ran in zip(read_steps(page), run_steps(page, tmp_path), strict=True):
        assert mask(ran.output) == mask(shown.output), ran.command


def test_the_notebook_runs_and_has_its_outputs(tmp_path) -> None:
    path = ROOT / "docs/quickstart.ipynb"
    saved = json.loads(path.read_text())
    ran = run_notebook(path, tmp_path)
    for before, after in zip(saved["cells"], ran["cells"], strict=True):
        if before["cell_type"] == "code":
            kinds = [[out["output_type"] for out in cell["outputs"]] for cell in (before, after)]
            assert kinds[0] == kinds[1], before["source"]


@pytest.mark.parametrize(("page", "script"), list(scripts()))
def test_scripts_of_the_how_to_pages_run(page: str, script: str, tmp_path) -> None:
    shutil.copytree(ROOT / "data/digits", tmp_path / "data/digits")
    run_python(script, tmp_path)
    assert list((tmp_path / "runs/digits").iterdir())


def test_the_recipe_of_the_how_to_page_is_one(tiny, tmp_path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(block_of("own-recipe", "# pipeline/recipes/mine.py"))
    (recipe,) = runpy.run_path(str(path))["RECIPES"]
    assert pp.train(tiny, recipe, runs=tmp_path, progress=False).record.recipe == "mine"


def test_the_transform_of_the_how_to_page_mirrors_half_of_the_images(tmp_path) -> None:
    field, _, change = block_of("own-augmentation", "# in the class").partition("\n\n")
    copy = tmp_path / "pipeline"
    shutil.copytree(ROOT / "pipeline", copy)
    module = copy / "images/augmentation.py"
    text = module.read_text()
    last = 'interpolation: Literal["auto", "linear", "nearest"] = "auto"\n'
    text = text.replace(last, last + indented(field), 1)
    end = "augmentation, random)\n    return result\n"
    assert text.count(end) == 1
    text = text.replace(end, "augmentation, random)\n" + indented(change) + "    return result\n")
    module.write_text(text)
    script = """
import numpy as np
from pipeline.images.augmentation import Augmentation, augment
images = np.random.default_rng(0).integers(0, 255, (1000, 8, 8, 1), np.uint8)
how = Augmentation(flip=True, interpolation="nearest")
found = augment(images, how, np.random.default_rng(0))
mirrored = (found == images[:, :, ::-1]).all(axis=(1, 2, 3))
assert ((found == images).all(axis=(1, 2, 3)) | mirrored).all()
print(mirrored.mean())
"""
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, check=True, stdout=-1, text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert 0.4 < float(result.stdout) < 0.6


def indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines() if line)


def test_the_lines_for_kaggle_work_with_a_read_only_folder(tmp_path) -> None:
    given, work = tmp_path / "input", tmp_path / "working"
    given.mkdir()
    work.mkdir()
    lines = (ROOT / "data/digits/train_data.csv").read_text().splitlines()[:300]
    names = ",".join(f"pixel{number}" for number in range(64))
    rows = [line.rpartition(",") for line in lines]
    train = [f"label,{names}", *(f"{label},{pixels}" for pixels, _, label in rows)]
    test = [names, *(pixels for pixels, _, _ in rows[:20])]
    sample = ["ImageId,Label", *(f"{number},0" for number in range(1, 21))]
    for name, content in (("train", train), ("test", test), ("sample_submission", sample)):
        (given / f"{name}.csv").write_text("\n".join(content) + "\n")
    script = block_of("kaggle-notebook", "import pipeline as pp\n")
    assert script.count("/kaggle/input/digit-recognizer") == script.count('"30m"') == 1
    script = script.replace("/kaggle/input/digit-recognizer", str(given)).replace("30m", "1m")
    become_root = ["--map-root-user"] if os.getuid() else []
    mount = f"mount --bind {given} {given} && mount -o remount,bind,ro {given} && "
    refused = f"! touch {given}/x 2> {work}/refused && "
    isolated = ["unshare", *become_root, "--mount", "--net", "sh", "-c"]
    if subprocess.run([*isolated, f"{mount}true"], check=False).returncode:
        pytest.skip("a folder cannot be mounted read-only here")
    run_python(script, work, *isolated, f'{mount}{refused}exec "$@"', "sh")
    found = (work / "submission.csv").read_text().splitlines()
    assert found[0] == "ImageId,Label"
    assert len(found) == 21


def test_bash_completes_commands_and_options(tmp_path) -> None:
    page = (ROOT / "docs/how-to/completion.md").read_text()
    (evaluated,) = re.findall(r'^eval ".*bash_source.*"$', page, re.MULTILINE)
    script = f"""{evaluated}
complete_words() {{
    COMP_WORDS=($1) COMP_CWORD=$2 COMPREPLY=()
    _pipeline_completion pipeline
    echo "${{COMPREPLY[*]}}"
}}
complete_words 'pipeline tr' 1
complete_words 'pipeline train --ho' 2
complete_words 'pipeline leaderboard --format' 3
"""
    shown = run_shell(script, tmp_path).splitlines()
    assert shown == ["train", "--holdout", "table json csv"]


def test_the_site_has_every_page_and_no_warning(tmp_path) -> None:
    site = tmp_path / "site"
    words = [
        "-m",
        "sphinx",
        "--fail-on-warning",
        "--quiet",
        "--fresh-env",
        "-b",
        "html",
        "docs",
        str(site),
    ]
    subprocess.run([sys.executable, *words], cwd=ROOT, check=True)
    commands = (site / "reference/command-line.html").read_text()
    assert "--replicates" in commands
    assert "conv-10-committee" in (site / "reference/recipes.html").read_text()
    for page in (ROOT / "docs").rglob("*.md"):
        if "_generated" not in page.parts:
            assert (site / page.relative_to(ROOT / "docs").with_suffix(".html")).exists()
