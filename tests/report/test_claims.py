"""What a report claims: published scores, test predictions, layers, and the command to submit."""

import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from finished_runs import finish
from hostile_names import CLASSES
from reader import Page

from pipeline.cli import main
from pipeline.competition.competition import Competition
from pipeline.networks.published import DIGITS, Published
from pipeline.report.report import write_pages


@pytest.mark.parametrize(
    ("shape", "classes", "marked"),
    [
        ((8, 8, 1), CLASSES, False),
        ((8, 8, 1), CLASSES[::-1], False),
        ((8, 8, 1), DIGITS, True),
        ((28, 28, 1), CLASSES, True),
    ],
)
def test_published_scores_of_other_shapes_or_classes_are_marked(
    shape: tuple[int, int, int],
    classes: tuple[str, ...],
    marked: bool,
    hostile: Competition,
    tmp_path: Path,
) -> None:
    published = Published(811, 0.9, on="some rows", shape=shape, classes=classes)
    run = finish(hostile, tmp_path / "run", 2, draw=0, published=published)
    page = Page(write_pages(hostile, [run], tmp_path))
    assert "90.00" in page.words
    assert ("90.00 other data" in page.words) == marked
    assert ("not comparable" in page.words) == marked
    assert ("not comparable" in Page(tmp_path / "pages" / "run.html").words) == marked


def test_test_predictions_are_counted_and_the_least_certain_rows_come_first(
    hostile: Competition, tmp_path: Path
) -> None:
    run = finish(hostile, tmp_path / "run", 2, draw=0)
    certainty = [0.9, 0.6, 1.0, 0.7, 0.8, 0.95]
    run.test_probabilities[:] = [[p, 1 - p, 0] for p in certainty]
    page = Page(write_pages(hostile, [run], tmp_path))
    first, second, _ = hostile.classes
    share = np.mean(hostile.labels == 0)
    assert f"{first} 6 100.0 {100 * share:.1f} " in page.words
    assert f"{second} 0 0.0 " in page.words
    assert page.titles["test"] == [f"row {row}" for row in np.argsort(certainty)]
    assert f"{first} 60 % {second} 40 %" in page.words


def test_without_a_test_file_a_report_has_no_test_predictions(
    hostile: Competition, tmp_path: Path
) -> None:
    alone = replace(hostile, test_source=None, test_pixels=hostile.test_pixels[:0])
    page = Page(write_pages(alone, [finish(alone, tmp_path / "run", 2, draw=0)], tmp_path))
    assert "test" not in page.sections
    assert "#test" not in page.links
    assert "pipeline submit" not in page.text
    assert "150 training images" in page.words


@pytest.mark.parametrize("options", [{}, {"shape": (4, 16), "header": True, "range": (0.0, 300.0)}])
def test_the_command_to_submit_can_be_run_as_it_is_written(
    options: dict[str, object], hostile_folder: Path, tmp_path: Path
) -> None:
    competition = Competition.load(hostile_folder, **options)
    folder = tmp_path / "all runs" / competition.name
    for name, skill in (("worse", 0), ("better", 5)):
        finish(competition, folder / name, skill, draw=0)
    assert (
        CliRunner().invoke(main, ["report", *_words(hostile_folder, folder, options)]).exit_code
        == 0
    )
    (command,) = Page(folder / "report.html").commands
    program, *words = shlex.split(command)
    output = tmp_path / "submission.csv"
    result = CliRunner().invoke(main, [*words, "--output", str(output)])
    assert (program, result.exit_code) == ("pipeline", 0), result.output
    assert "\nThe submission of better, estimated accuracy " in result.output
    assert output.is_file()
    result = CliRunner().invoke(main, [*words, "--run", "worse", "--output", str(output)])
    assert "\nThe submission of worse, accuracy " in result.output


def test_the_diagram_has_the_image_and_every_layer_up_to_the_classes(report: Path) -> None:
    words = Page(report.parent / "pages" / "dense-l2=0.01-seed=0.html").words
    words = words.replace(" \N{MULTIPLICATION SIGN} ", "x")
    norms = "BatchNormalization 8x8x4 " * 15
    assert f"Image 8x8x1 Conv2D 8x8x4 {norms}Dense 3 classes" in words


def _words(data: Path, folder: Path, options: dict[str, object]) -> list[str]:
    given = ["--shape", "4x16", "--header", "--range", "0", "300"] if options else []
    return [str(data), "--runs", str(folder.parent), *given]
