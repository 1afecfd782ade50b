"""Mutation testing: changes of the code that no test notices.

Usage: python tests/mutation.py FOLDER [MODULE ...]

Each module is changed in a copy of the project, FOLDER/<module>, one change at a time (mutmut), and
the tests below are run: those that cover it and take little time. FOLDER/<module>.txt has the
changes that no test noticed. The command can be stopped and started again; changes that were
noticed are not tested again.
"""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPIED = ("pipeline", "tests", "data")
# Modules, the shortest ones first, with what pytest is given. Nothing here may start TensorFlow:
# the processes that test the changes are forked.
FORMS = ("tests/corpus/test_competition_forms.py", "-k", "not trained and not predicted")
CELLS, FILES = "tests/reading/test_refused_cells.py", "tests/reading/test_refused_files.py"
COLUMNS, LARGE = "tests/reading/test_refused_columns.py", "tests/reading/test_large_files.py"
PLAIN = "tests/reading/test_plain_cells.py"
ANY = "tests/competition/test_any_folder.py"
SUBMISSIONS = "tests/submission/test_bad_submissions.py"
TESTS = {
    "reading/cells": (PLAIN,),
    "reading/other_formats": (FILES,),
    "reading/pixel_strings": FORMS,
    "reading/plain_cells": (PLAIN, "tests/reading/test_digit_block.py"),
    "reading/faults": (CELLS, COLUMNS),
    "submission/review": (SUBMISSIONS, "tests/submission/test_check.py"),
    "reading/parser": ("tests/reading/test_parser.py", LARGE, "-k", "not fast_and_exact"),
    "submission/check": (SUBMISSIONS, "tests/submission/test_check.py"),
    "reading/reader": ("tests/reading/test_reader.py",),
    "training/checkpoints": ("tests/training/test_checkpoint_files.py",),
    "competition/folds": (
        *("tests/competition/test_folds.py", "tests/search/test_cross_validation.py"),
        *("tests/competition/test_validation_file.py", ANY, "-k"),
        "test_folds or near_copies or one_group or fewer_rows or groups_of_their_own"
        " or copies_of_training_rows or counts_classes",
    ),
    "reading/unpack": ("tests/reading/test_unpack.py",),
    "reading/source": ("tests/reading/test_source.py", COLUMNS),
    "competition/schema": (
        *(COLUMNS, "tests/competition/test_folder.py", "tests/competition/test_overrides.py"),
        *("tests/competition/test_validation_file.py", "tests/competition/test_test_labels.py"),
        *("tests/competition/test_transpose.py", ANY, "-k"),
        "not its_rows_validate and not command_of_the_report and not submit and not runs_do_not"
        " and not train_as_the and not any_format and not narrow_the",
    ),
    "files": ("tests/runs/test_files.py", "tests/faults/test_write_points.py"),
}
NOTICED = {"killed", "timeout", "caught by type check", "segfault"}
START = "from mutmut.__main__ import cli; cli()"
SHOW = "import sys; from mutmut.__main__ import cli\n" + (
    "for name in sys.argv[1:]: cli(['show', name], standalone_mode=False)"
)


def main(folder: Path, *modules: str) -> None:
    for module in modules or TESTS:
        place = folder / module.replace("/", "-")
        prepare(place, module)
        command = [sys.executable, "-c", START, "run", "--max-children", str(os.cpu_count())]
        done = subprocess.run(command, cwd=place, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"})
        if done.returncode:
            sys.exit(f"{module}: mutmut failed")
        print(report(place), flush=True)


def prepare(place: Path, module: str) -> None:
    """Makes or updates the copy of the project, with settings of mutmut for this module."""
    place.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        if not (place / name).exists():
            (place / name).symlink_to(ROOT / name)
    settings = {
        "source_paths": ["pipeline/"],
        "only_mutate": [f"pipeline/{module}.py"],
        "also_copy": ["data"],
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-W", "ignore"],
        "pytest_add_cli_args_test_selection": list(TESTS[module]),
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    lines += ["use_git_change_detection = false"]
    text = (ROOT / "pyproject.toml").read_text() + "\n[tool.mutmut]\n" + "\n".join(lines) + "\n"
    (place / "pyproject.toml").write_text(text)
    for path in place.glob("mutants/pipeline/**/*.py.meta"):  # of earlier tests
        content = json.loads(path.read_text())
        codes = content["exit_code_by_key"]
        content["exit_code_by_key"] = {name: codes[name] or None for name in codes}  # 0: survived
        path.write_text(json.dumps(content))


def report(place: Path) -> str:
    """Counts the results, and writes the changes that were not noticed beside the folder."""
    output = run_python(place, START, "results", "--all", "true")
    results = dict(re.findall(r"^    (\S+): (.+)$", output, re.MULTILINE))
    left = [name for name, result in results.items() if result not in NOTICED]
    text = f"{place.name}: {dict(Counter(results.values()))}"
    place.with_name(f"{place.name}.txt").write_text(f"{text}\n\n{run_python(place, SHOW, *left)}")
    return text


def run_python(place: Path, *words: str) -> str:
    command = [sys.executable, "-c", *words]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), *sys.argv[2:])
