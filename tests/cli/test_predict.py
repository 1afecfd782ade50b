"""pipeline predict, and pp.predict: other files for a run."""

import gzip
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import pipeline as pp
from pipeline.cli import main
from pipeline.metrics.metric import wilson_interval
from pipeline.prediction.predict_files import score_files

TOO_HIGH = "If the run was trained on some of these rows, the score is too high.\n"

CLASSES = ["left", "right", "top"]
PIXELS = [f"pixel{index}" for index in range(64)]


def predict(*words: object) -> Result:
    return CliRunner().invoke(main, ["predict", *map(str, words)])


def succeed(*words: object) -> pd.DataFrame:
    """The CSV that the command prints, with cells as text."""
    result = predict(*words)
    assert result.exit_code == 0, result.output
    return pd.read_csv(io.StringIO(result.stdout), dtype=str)


def refuse(*words: object) -> str:
    """The one message of a command that prints nothing else."""
    result = predict(*words)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.count("Error: ") == 1
    assert "Traceback" not in result.stderr
    return result.stderr


def error_of(call: Callable[[], object]) -> pp.PipelineError:
    with pytest.raises(pp.PipelineError) as caught:
        call()
    return caught.value


def floats(table: pd.DataFrame) -> bytes:
    """The probabilities that a CSV spells, as bytes."""
    return table.iloc[:, 1:].astype(np.float32).to_numpy().tobytes()


def csv(
    path: Path,
    pixels: np.ndarray,
    labels: object = None,
    ids: object = None,
    header: bool = False,
    names: list[str] = PIXELS,
) -> Path:
    """Writes a CSV: ids and labels where they are given, then pixels."""
    cells = pd.DataFrame(pixels, columns=names)
    if labels is not None:
        cells.insert(0, "label", labels)
    if ids is not None:
        cells.insert(0, "id", ids)
    cells.to_csv(path, index=False, header=header)
    return path


def png(path: Path, image: np.ndarray) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    return path


@pytest.fixture
def pixels(competition: pp.Competition) -> np.ndarray:
    """(12, 64) the test rows, as integers in 0..255."""
    return np.asarray(competition.test_pixels)


# A run and its own files


def test_run_predict_gives_the_saved_probabilities_byte_for_byte(run, competition) -> None:
    validation = run.predict(competition.train_pixels[run.validation.rows])
    assert run.predict(competition.test_pixels).tobytes() == run.test_probabilities.tobytes()
    assert validation.tobytes() == run.validation.probabilities.tobytes()


def test_an_ensemble_predicts_its_saved_probabilities_too(ensemble, competition) -> None:
    validation = ensemble.predict(competition.train_pixels[ensemble.validation.rows])
    saved = ensemble.test_probabilities
    assert ensemble.predict(competition.test_pixels).tobytes() == saved.tobytes()
    assert validation.tobytes() == ensemble.validation.probabilities.tobytes()


@pytest.mark.parametrize("kind", ["run", "ensemble", "plain_run"])
def test_the_command_prints_the_saved_probabilities_exactly(kind, workspace, request) -> None:
    run = request.getfixturevalue(kind)
    test_file = workspace / "data" / run.record.data.competition / "test.csv"
    table = succeed(run.folder, test_file, "--probabilities")
    assert list(table.columns) == ["id", *run.record.data.classes]
    assert floats(table) == run.test_probabilities.tobytes()


@pytest.mark.parametrize("kind", ["run", "plain_run"])
def test_the_training_file_gives_the_saved_validation_probabilities(
    kind, workspace, request
) -> None:
    run = request.getfixturevalue(kind)
    train_file = workspace / "data" / run.record.data.competition / "train.csv"
    table = succeed(run.folder, train_file, "--probabilities").iloc[run.validation.rows]
    np.testing.assert_allclose(
        table.iloc[:, 1:].astype(float), run.validation.probabilities, atol=1e-6
    )


def test_the_class_is_the_most_probable_one_and_the_id_is_the_files(run, workspace) -> None:
    table = succeed(run.folder, workspace / "data/named/test.csv")
    assert list(table.columns) == ["id", "class"]
    assert list(table["id"]) == [f"t{row}" for row in range(12)]
    assert list(table["class"]) == [CLASSES[best] for best in run.test_probabilities.argmax(axis=1)]


# Other CSV files


@pytest.mark.parametrize(
    ("header", "labelled", "ids"),
    [
        (True, True, True),
        (True, True, False),
        (True, False, True),
        (True, False, False),
        (False, True, True),
        (False, False, True),
        (False, False, False),
    ],
)
def test_header_labels_and_ids_are_there_or_not(header, labelled, ids, run, pixels, tmp_path):
    file = csv(
        tmp_path / "new.csv",
        pixels,
        labels=CLASSES * 4 if labelled else None,
        ids=[f"n{row}" for row in range(12)] if ids else None,
        header=header,
    )
    table = pp.predict(run, file)
    assert table[CLASSES].to_numpy().tobytes() == run.test_probabilities.tobytes()
    assert list(table["id"]) == [f"n{row}" if ids else str(row) for row in range(12)]
    assert ("label" in table) == labelled


def test_the_library_returns_id_class_probabilities_and_label(run, pixels, tmp_path) -> None:
    table = pp.predict(run, csv(tmp_path / "new.csv", pixels, CLASSES * 4, header=True))
    assert list(table.columns) == ["id", "class", *CLASSES, "label"]
    assert (table.dtypes.iloc[2:5] == np.float32).all()
    assert list(table["label"]) == CLASSES * 4


def test_labels_without_a_header_are_distinguished_from_ids_by_their_values(
    plain_run, workspace
) -> None:
    labelled = pp.predict(plain_run, workspace / "data/plain/train.csv")
    with_ids = pp.predict(plain_run, workspace / "data/plain/test.csv")
    assert list(labelled["label"][:4]) == ["0", "1", "2", "0"]
    assert list(labelled["id"][:2]) == ["0", "1"]
    assert "label" not in with_ids
    assert list(with_ids["id"][:2]) == ["501", "502"]


def test_a_file_whose_first_or_last_column_may_be_the_label_is_refused(plain_run, tmp_path):
    lines = [[1, *[0] * 63, 0], [2, *[0] * 63, 1]]
    file = tmp_path / "two.csv"
    file.write_text("".join(",".join(map(str, line)) + "\n" for line in lines))
    error = error_of(lambda: pp.predict(plain_run, file))
    assert error.where == file
    assert "65 columns without a header" in error.found
    assert "label" in error.remedy


@pytest.mark.parametrize("first", [list(range(12)), CLASSES * 4], ids=["ids", "labels"])
def test_other_columns_than_the_runs_without_a_header_are_refused(
    first, folder, pixels, tmp_path
) -> None:
    """The file has as many columns as the training file, whose label is the last one."""
    folder.fill(words=True)
    run = pp.train(folder.load(), "dense", epochs=1, runs=tmp_path, progress=False)
    cells = np.minimum(pixels // 15, 16)
    error = error_of(lambda: pp.predict(run, csv(tmp_path / "new.csv", cells, first)))
    assert error.found.startswith("65 columns without a header: it is unclear")


def test_compressed_files_give_the_same(run, workspace, tmp_path) -> None:
    content = (workspace / "data/named/test.csv").read_bytes()
    (tmp_path / "test.csv.gz").write_bytes(gzip.compress(content))
    with zipfile.ZipFile(tmp_path / "test.zip", "w") as archive:
        archive.writestr("test.csv", content)
    for name in ("test.csv.gz", "test.zip"):
        table = succeed(run.folder, tmp_path / name, "--probabilities")
        assert floats(table) == run.test_probabilities.tobytes()


def test_pixels_of_other_names_are_taken_in_their_order(run, pixels, tmp_path) -> None:
    file = csv(tmp_path / "new.csv", pixels, header=True, names=[f"{n}x" for n in range(64)])
    table = pp.predict(run, file)
    assert table[CLASSES].to_numpy().tobytes() == run.test_probabilities.tobytes()


def test_the_runs_pixels_in_another_order_are_refused(run, pixels, tmp_path) -> None:
    file = csv(tmp_path / "new.csv", pixels[:, ::-1], header=True, names=PIXELS[::-1])
    error = error_of(lambda: pp.predict(run, file))
    assert error.where == file
    assert "another order" in error.found
    assert "train.csv" in error.expected


@pytest.mark.parametrize("first", ["id", "weight"])
def test_names_decide_and_not_the_number_of_columns_alone(first, run, pixels, tmp_path) -> None:
    """An id and 63 pixels are not 64 pixels; a weight and 64 pixels are not id and pixels."""
    kept = PIXELS[1:] if first == "id" else PIXELS
    cells = np.column_stack([np.arange(12), pixels[:, -len(kept) :]])
    file = csv(tmp_path / "new.csv", cells, header=True, names=[first, *kept])
    error = error_of(lambda: pp.predict(run, file))
    assert (error.found, error.where) == (f"{len(kept) + 1} columns", file)


def test_another_number_of_columns_is_refused_with_what_the_run_needs(run, pixels, tmp_path):
    file = csv(tmp_path / "new.csv", pixels[:, 1:], header=True, names=PIXELS[1:])
    error = error_of(lambda: pp.predict(run, file))
    assert (error.found, error.where) == ("63 columns", file)
    for needed in ("64 pixels", "66 columns as in train.csv", "65 columns as in test.csv"):
        assert needed in error.expected
    assert error.remedy
    assert "63 columns" in refuse(run.folder, file)


@pytest.mark.parametrize("cell", ["256", "-1", "1e99", "nan", "seven", ""])
@pytest.mark.parametrize("column", [0, 7])
def test_a_cell_out_of_range_is_named_by_line_and_column(cell, column, run, pixels, tmp_path):
    rows = pixels.astype(object)
    rows[4, column] = cell
    message = refuse(run.folder, csv(tmp_path / "new.csv", rows, header=True))
    assert f"line 6, column pixel{column}" in message
    assert "0..255" in message


def test_values_that_are_scaled_to_1_are_refused(run, pixels, tmp_path) -> None:
    error = error_of(lambda: pp.predict(run, csv(tmp_path / "new.csv", pixels / 255)))
    assert error.found.startswith("all values are in 0..0.8")
    assert error.expected == "values in 0..255, as the training data has them"
    blank = csv(tmp_path / "blank.csv", np.zeros_like(pixels))
    assert len(pp.predict(run, blank)) == 12
    faint = csv(tmp_path / "faint.csv", pixels // 100)  # up to 2
    assert len(pp.predict(run, faint)) == 12


def test_rows_of_another_length_are_named_by_line(run, pixels, tmp_path) -> None:
    file = csv(tmp_path / "new.csv", pixels)
    file.write_text(file.read_text() + "1,2,3\n")
    assert "line 13" in refuse(run.folder, file)


# Accuracy


def test_labels_give_the_accuracy_with_its_interval_on_standard_error(run, workspace) -> None:
    result = predict(run.folder, workspace / "data/named/train.csv")
    table = pd.read_csv(io.StringIO(result.stdout))
    labels = pd.read_csv(workspace / "data/named/train.csv")["label"]
    share = (table["class"] == labels).mean()
    low, high = wilson_interval(share, 60)
    assert result.stderr == (
        f"accuracy {100 * share:.2f} %, 95 % interval {100 * low:.2f} - {100 * high:.2f}, n = 60\n"
        + TOO_HIGH
    )


def test_copies_of_an_image_count_once_for_the_interval(run, pixels, tmp_path) -> None:
    rows = [0, 1, 2, *[3] * 7, 4, 4]
    labels = [*["left"] * 10, "unknown", "unknown"]
    file = csv(tmp_path / "new.csv", pixels[rows], labels, header=True)
    share = (run.test_probabilities.argmax(axis=1)[rows[:10]] == 0).mean()
    low, high = wilson_interval(share, 4)
    said = f"95 % interval {100 * low:.2f} - {100 * high:.2f}, n = 4\n" + TOO_HIGH
    assert predict(run.folder, file).stderr.endswith(said)
    assert predict(run.folder, file, file).stderr.endswith(said)


def test_without_labels_no_accuracy_is_printed(run, workspace) -> None:
    assert predict(run.folder, workspace / "data/named/test.csv").stderr == ""


def test_labels_that_are_no_class_of_the_run_do_not_count(run, pixels, tmp_path) -> None:
    labels = ["left", "right", "top", "bottom", "", *CLASSES, *["?"] * 4]
    file = csv(tmp_path / "new.csv", pixels, labels, header=True)
    assert predict(run.folder, file).stderr.endswith("n = 6\n" + TOO_HIGH)


def test_numbers_as_labels_are_the_classes_they_equal(plain_run, pixels, tmp_path) -> None:
    labels = ["0.0", "1", "2.0"] * 4
    file = csv(tmp_path / "new.csv", pixels // 16, labels, header=True)
    table = pp.predict(plain_run, file)
    assert list(table["label"][:3]) == ["0", "1", "2"]
    assert predict(plain_run.folder, file).stderr.endswith("n = 12\n" + TOO_HIGH)


# Images


def test_a_grey_image_is_the_same_as_its_row_of_a_csv(run, pixels, tmp_path) -> None:
    for row in range(12):
        png(tmp_path / "images" / f"{row:02}.png", pixels[row].reshape(8, 8))
    table = succeed(run.folder, tmp_path / "images", "--probabilities")
    assert list(table["id"]) == [f"{row:02}.png" for row in range(12)]
    assert floats(table) == run.test_probabilities.tobytes()


def test_images_of_other_kinds_are_the_same_as_grey_ones(run, pixels, tmp_path) -> None:
    grey = pixels[0].reshape(8, 8)
    expected = pp.predict(run, png(tmp_path / "grey.png", grey))[CLASSES].to_numpy()
    kinds = {
        "colour.png": np.repeat(grey[..., None], 3, axis=2),
        "opaque.png": np.dstack([grey] * 3 + [np.full_like(grey, 255)]),
        "deep.png": grey.astype(np.uint16) * 257,
        "photo.jpg": grey,
    }
    for name, image in kinds.items():
        table = pp.predict(run, png(tmp_path / name, image))
        loose = 0.02 if name.endswith(".jpg") else 1e-5  # JPEG is lossy
        np.testing.assert_allclose(table[CLASSES], expected, atol=loose, err_msg=name)


def test_colours_are_read_as_red_green_and_blue(run, tmp_path) -> None:
    image = np.zeros((8, 8, 3), np.uint8)
    image[:, :4, 2] = 200  # red, as OpenCV orders it
    red = pp.predict(run, png(tmp_path / "red.png", image))[CLASSES]
    grey = pp.predict(run, png(tmp_path / "grey.png", (image[..., 2] * 0.299).astype(np.uint8)))
    np.testing.assert_allclose(red, grey[CLASSES], atol=0.01)


def test_images_of_several_sizes_are_predicted_as_if_alone(run, tmp_path) -> None:
    random = np.random.default_rng(0)
    sizes = [(8, 8), (20, 30), (8, 8), (5, 5), (20, 30)]
    files = [
        png(tmp_path / "images" / f"{n}.png", random.integers(0, 256, size, np.uint8))
        for n, size in enumerate(sizes)
    ]
    together = pp.predict(run, tmp_path / "images")
    alone = pd.concat([pp.predict(run, file) for file in files], ignore_index=True)
    assert list(together["id"]) == list(alone["id"])
    np.testing.assert_allclose(together[CLASSES], alone[CLASSES], atol=1e-6)
    assert together[CLASSES].round(4).drop_duplicates().shape[0] == 5


def test_white_and_black_are_the_ends_of_the_runs_range(plain_run, tmp_path) -> None:
    images = [png(tmp_path / "w.png", np.full((8, 8), 255, np.uint8))]
    images += [png(tmp_path / "b.png", np.zeros((8, 8), np.uint8))]
    rows = csv(tmp_path / "rows.csv", np.array([[16] * 64, [0] * 64]))
    from_images, from_rows = (pp.predict(plain_run, files) for files in (images, rows))
    numbers = ["0", "1", "2"]
    assert from_images[numbers].to_numpy().tobytes() == from_rows[numbers].to_numpy().tobytes()


def test_invert_applies_to_images_and_csv_files(run, pixels, tmp_path) -> None:
    image = png(tmp_path / "negative.png", 255 - pixels[0].reshape(8, 8))
    rows = csv(tmp_path / "negative.csv", 255 - pixels)
    assert floats(succeed(run.folder, rows, "--invert", "--probabilities")) == (
        run.test_probabilities.tobytes()
    )
    table = succeed(run.folder, image, "--invert", "--probabilities")
    np.testing.assert_allclose(
        table.iloc[0, 1:].astype(float), run.test_probabilities[0], atol=1e-6
    )


def test_invert_swaps_the_ends_of_a_range_with_negative_values(folder, tmp_path) -> None:
    values = folder.fill(scale="-1..1.0").test
    run = pp.train(folder.load(), "dense", epochs=1, runs=tmp_path, progress=False)
    inverted = pp.predict(run, csv(tmp_path / "new.csv", -values), invert=True)
    plain = pp.predict(run, csv(tmp_path / "new.csv", values))
    pd.testing.assert_frame_equal(inverted, plain)


@pytest.mark.parametrize("invert", [False, True])
def test_transparent_parts_count_as_black(invert, run, tmp_path) -> None:
    seen = np.zeros((8, 8), np.uint8)
    seen[:, :4] = 200
    ink = np.full((8, 8), 255 - 200 if invert else 200, np.uint8)
    alpha = np.zeros((8, 8), np.uint8)
    alpha[:, :4] = 255
    image = png(tmp_path / "ink.png", np.dstack([ink, ink, ink, alpha]))
    expected = pp.predict(run, png(tmp_path / "seen.png", seen))
    table = pp.predict(run, image, invert=invert)
    np.testing.assert_allclose(table[CLASSES], expected[CLASSES], atol=1e-5)


@pytest.mark.parametrize("location", ["alone", "in a folder"])
def test_what_is_no_image_is_refused_by_name(location, run, pixels, tmp_path) -> None:
    folder = tmp_path / "images"
    png(folder / "1.png", pixels[0].reshape(8, 8))
    wrong = folder / "2.png"
    wrong.write_text("no image\n")
    message = refuse(run.folder, wrong if location == "alone" else folder)
    assert str(wrong) in message
    assert "PNG or JPEG" in message


def test_what_is_no_image_in_a_folder_is_skipped_and_named(run, pixels, tmp_path) -> None:
    folder = png(tmp_path / "images" / "1.png", pixels[0].reshape(8, 8)).parent
    (folder / "no_ending").write_bytes((folder / "1.png").read_bytes())
    for name in (".DS_Store", "._1.png", "Thumbs.db", "notes.txt"):
        (folder / name).write_bytes(b"\0\1")
    (folder / "more").mkdir()
    result = predict(run.folder, folder)
    assert list(pd.read_csv(io.StringIO(result.stdout))["id"]) == ["1.png", "no_ending"]
    names = ".DS_Store, ._1.png, Thumbs.db, more/, notes.txt"
    assert result.stderr == f"Note: skipped in {folder}: 5 are no images: {names}\n"


def test_an_image_of_another_format_in_a_folder_is_refused(run, pixels, tmp_path) -> None:
    folder = png(tmp_path / "images" / "1.png", pixels[0].reshape(8, 8)).parent
    png(folder / "2.bmp", pixels[1].reshape(8, 8))
    message = refuse(run.folder, folder)
    assert f"{folder / '2.bmp'}: neither a PNG nor a JPEG image" in message


@pytest.mark.parametrize("name", ["cut.png", "cut.jpg"])
def test_an_image_that_is_cut_short_is_refused(name, run, tmp_path, capfd) -> None:
    random = np.random.default_rng(0)
    file = png(tmp_path / name, random.integers(0, 256, (40, 40), np.uint8))
    file.write_bytes(file.read_bytes()[:-200])
    error = error_of(lambda: pp.predict(run, file))
    assert error.where == file
    assert "cut short" in error.found
    assert capfd.readouterr().err == ""


def test_a_folder_without_images_is_refused(run, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".hidden").write_text("")
    error = error_of(lambda: pp.predict(run, tmp_path / "empty"))
    assert (error.found, error.where) == ("no images", tmp_path / "empty")
    assert error.details == ("1 is no image: .hidden",)


# Several files, formats, output


def test_several_files_are_named_in_the_first_column(run, pixels, tmp_path) -> None:
    one = csv(tmp_path / "one.csv", pixels[:3])
    two = csv(tmp_path / "two.csv", pixels[3:6], CLASSES, header=True)
    image = png(tmp_path / "three.png", pixels[6].reshape(8, 8))
    result = predict(run.folder, one, two, image)
    table = pd.read_csv(io.StringIO(result.stdout), dtype=str)
    assert list(table.columns) == ["file", "id", "class"]
    assert list(table["file"]) == [str(one)] * 3 + [str(two)] * 3 + [str(image)]
    assert list(table["id"]) == ["0", "1", "2", "0", "1", "2", "three.png"]
    best = run.test_probabilities[:7].argmax(axis=1)
    assert list(table["class"]) == [CLASSES[index] for index in best]
    assert result.stderr.startswith(f"{two}: accuracy ")
    assert result.stderr.endswith("n = 3\n" + TOO_HIGH)


def test_rows_with_unknown_labels_are_said_and_not_scored(run, workspace, tmp_path) -> None:
    rows = pd.read_csv(workspace / "data/named/train.csv", dtype=str)
    label = next(name for name in rows if set(rows[name]) <= set(CLASSES))
    rows.loc[[1, 3, 4], label] = "owl"
    rows.to_csv(tmp_path / "other.csv", index=False)
    result = predict(run.folder, tmp_path / "other.csv", workspace / "data/named/test.csv")
    assert "not scored: 3 rows with a label that is not a class of the run: owl\n" in result.stderr
    assert result.stderr.endswith(f"n = {len(rows) - 3}\n" + TOO_HIGH)


def test_classes_may_have_the_names_of_other_columns(folder, tmp_path) -> None:
    folder.fill(header="names")
    names = ["label", "id", "class", "file"]
    folder.replace_column("train.csv", -1, [names[row % 4] for row in range(40)])
    run = pp.train(folder.load(), "dense", epochs=1, runs=tmp_path, progress=False)
    files = [folder.path / name for name in ("train.csv", "test.csv")]
    table = pp.predict(run, files)
    columns = ["class_class", "class_file", "class_id", "class_label"]
    assert table.columns.tolist() == ["file", "id", "class", *columns, "label"]
    assert [scores.n for scores in score_files(table).values()] == [40]


def test_json_holds_the_same_numbers_as_csv(run, workspace) -> None:
    file = workspace / "data/named/test.csv"
    records = json.loads(predict(run.folder, file, "--probabilities", "--format", "json").stdout)
    assert [list(record) for record in records] == [["id", *CLASSES]] * 12
    numbers = np.array([[record[name] for name in CLASSES] for record in records], np.float32)
    assert numbers.tobytes() == run.test_probabilities.tobytes()


def test_the_table_is_for_people(run, workspace) -> None:
    file = workspace / "data/named/test.csv"
    lines = predict(run.folder, file, "--probabilities", "--format", "table").stdout.splitlines()
    assert lines[0].split() == ["id", *CLASSES]
    assert lines[1].split() == ["t0", *[f"{value:.4f}" for value in run.test_probabilities[0]]]


def test_output_names_the_file_and_leaves_its_path_on_standard_output(run, workspace, tmp_path):
    file = workspace / "data/named/test.csv"
    result = predict(run.folder, file, "--output", tmp_path / "new" / "classes.csv")
    assert result.stdout == f"{tmp_path / 'new' / 'classes.csv'}\n"
    assert (tmp_path / "new" / "classes.csv").read_text() == predict(run.folder, file).stdout


def test_an_output_that_cannot_be_written_is_refused(run, workspace, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    output = tmp_path / "file" / "classes.csv"
    message = refuse(run.folder, workspace / "data/named/test.csv", "--output", output)
    assert f"{tmp_path / 'file'}: it cannot be written: a folder of its path is a file" in message


def test_an_output_replaces_no_input_and_no_file_of_a_run(run, workspace, tmp_path) -> None:
    file = tmp_path / "test.csv"
    file.write_bytes((workspace / "data/named/test.csv").read_bytes())
    (tmp_path / "link.csv").symlink_to(file)
    (tmp_path / "train.csv").write_bytes(file.read_bytes())
    (tmp_path / "competition.toml").write_text('label = "last"\n')
    for output, said in (
        (file, "it would replace a file that is read"),
        (tmp_path / "train.csv", "it would replace a file that is read"),
        (tmp_path / "competition.toml", "it would replace a file that is read"),
        (tmp_path / "link.csv", "it would replace a file that is read"),
        (run.folder / "model.keras", "it is in the folder of a run"),
        (run.folder / "new.csv", "it is in the folder of a run"),
    ):
        before = output.read_bytes() if output.exists() else None
        message = refuse(run.folder, file, "--output", output)
        assert f"{output}: {said}. Name another file with --output." in message
        assert (output.read_bytes() if output.exists() else None) == before


def test_a_fault_in_any_file_leaves_no_output(run, workspace, pixels, tmp_path) -> None:
    wrong = csv(tmp_path / "wrong.csv", pixels.astype(int) + 200)
    output = tmp_path / "classes.csv"
    refuse(run.folder, workspace / "data/named/test.csv", wrong, "--output", output)
    assert not output.exists()


# The run


def test_a_run_is_found_in_the_folder_of_runs(run, workspace) -> None:
    name = f"named/{run.name}"
    table = succeed(name, workspace / "data/named/test.csv", "--runs", workspace / "runs")
    assert len(table) == 12


def test_a_run_that_is_not_there_is_refused_with_what_is(run, workspace, tmp_path) -> None:
    runs = workspace / "runs"
    file = workspace / "data/named/test.csv"
    error = error_of(lambda: pp.predict(f"named/{run.name}s", file, runs=runs))
    assert error.found == "there is no such run"
    assert str(run.folder) in error.expected
    assert "there is no such run" in refuse("nowhere", file, "--runs", tmp_path)
    assert "not the folder of a run" in refuse(runs / "named", file, "--runs", runs)
    hint = f"Did you mean 'named/{run.name}'?"
    assert error_of(lambda: pp.predict(run.name, file, runs=runs)).remedy == hint


@pytest.mark.parametrize("name", ["run.json", "SHA256SUMS", "model.keras", "test.npy"])
@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_damaged_run_is_refused(name, damage, run, workspace, tmp_path) -> None:
    folder = tmp_path / "runs" / run.name
    shutil.copytree(run.folder, folder)
    if damage == "missing":
        (folder / name).unlink()
    else:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])
    assert f"run {folder}: " in refuse(folder, workspace / "data/named/test.csv")


def test_an_ensemble_without_one_of_its_members_is_refused(ensemble, workspace, tmp_path) -> None:
    shutil.copytree(ensemble.folder, tmp_path / "named" / "pair")
    message = refuse(tmp_path / "named" / "pair", workspace / "data/named/test.csv")
    assert str(tmp_path / "named" / ensemble.record.members[0]) in message


def test_a_run_of_an_older_record_accepts_only_pixels(run, pixels, tmp_path) -> None:
    from dataclasses import replace

    data = replace(run.record.data, files=())
    old = replace(run, record=replace(run.record, data=data))
    table = pp.predict(old, csv(tmp_path / "new.csv", pixels))
    assert table[CLASSES].to_numpy().tobytes() == run.test_probabilities.tobytes()
    with_ids = csv(tmp_path / "ids.csv", pixels, ids=list("abcdefghijkl"))
    assert error_of(lambda: pp.predict(old, with_ids)).found == "65 columns"
