"""Any folder of digits works without options, in any format that people save it in."""

import gzip
import io
import json
import zipfile
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.competition.competition import Competition

NAMED = ("names", "index")  # headers that name the label and the ids


def assert_read(folder, truth, shape=(8, 8, 1), values=(0, 16), planes=False, ids=False):
    competition = folder.load()
    assert [competition.classes[label] for label in competition.labels] == truth.labels
    assert competition.train_pixels.dtype == competition.test_pixels.dtype
    np.testing.assert_allclose(competition.train_pixels, truth.train, atol=1e-4)
    np.testing.assert_allclose(competition.test_pixels, truth.test, atol=1e-4)
    schema = competition.schema
    assert (schema.shape, (schema.low, schema.high), schema.planes) == (shape, values, planes)
    assert competition.test_ids == (
        tuple(str(501 + row) for row in range(len(truth.test))) if ids else None
    )
    return competition


@settings(max_examples=70)
@given(
    label=st.sampled_from(["first", "last"]),
    header=st.sampled_from(["none", "names", "numbers", "index", "train"]),
    ids=st.sampled_from(["none", "both", "test"]),
    scale=st.sampled_from(["0..1.0", "0..16", "0..16.0", "0..255", "0..255.0", "-1..1.0"]),
    separators=st.sampled_from([",.", ";.", ";,", "\t.", "\t,", "|."]),
    side=st.sampled_from([8, 20, 28, 32]),
    image=st.sampled_from(["clean", "noise", "pixel by pixel", "plane by plane"]),
    words=st.booleans(),
    by_label=st.booleans(),
    seed=st.integers(0, 7),
)
def test_any_format_of_any_digits_is_read_without_options(
    folders, label, header, ids, scale, separators, side, image, words, by_label, seed
) -> None:
    folder = next(folders)
    planes = image == "plane by plane" if image.endswith(("pixel", "plane")) else None
    truth = folder.fill(
        label=label, header=header, ids=ids, scale=scale, side=side, words=words, seed=seed,
        by_label=by_label, delimiter=separators[0], decimal=separators[1],
        noise=image == "noise", planes=planes,
    )  # fmt: skip
    low, high = map(float, scale.split(".."))
    shape = (side, side, 1 if planes is None else 3)
    assert_read(folder, truth, shape, (low, high), planes or False, ids=ids != "none")


@pytest.mark.parametrize("words", [False, True])
@pytest.mark.parametrize("side", [8, 20, 28, 32])
@pytest.mark.parametrize("label", ["first", "last"])
@pytest.mark.parametrize("by_label", [False, True])
def test_small_files_without_a_header_are_read(folder, side, label, words, by_label) -> None:
    truth = folder.fill(
        rows=20, test_rows=10, side=side, label=label, words=words, by_label=by_label
    )
    assert_read(folder, truth, shape=(side, side, 1))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("label", ["first", "last"])
def test_small_noisy_files_without_a_header_are_read(folder, label, seed) -> None:
    for side, scale in ((8, "0..16"), (20, "0..255"), (20, "0..1.0")):
        truth = folder.fill(
            rows=30, test_rows=15, seed=seed, label=label, side=side, scale=scale, noise=True
        )
        high = float(scale.split("..")[1])
        assert_read(folder, truth, shape=(side, side, 1), values=(0, high))


@pytest.mark.parametrize("name", ["label", "Class", "digit", "target", "answer", "y"])
@pytest.mark.parametrize("column", ["first", "middle", "last"])
def test_a_label_is_found_by_any_name_in_any_column(folder, column, name) -> None:
    truth = folder.fill(label=column, header="names", names=("id", name))
    assert_read(folder, truth)


@pytest.mark.parametrize("name", ["id", "Id", "ID", "ImageId", "image_id"])
@pytest.mark.parametrize("ids", ["both", "test"])
def test_ids_are_found_by_their_name(folder, name, ids) -> None:
    truth = folder.fill(header="names", names=(name, "label"), ids=ids)
    assert_read(folder, truth, ids=True)


def test_ids_named_as_in_the_sample_are_found_in_any_column(folder) -> None:
    truth = folder.fill(header="names", names=("picture", "label"), ids="both")
    for name in ("train.csv", "test.csv"):
        folder.change(name, lambda rows: [row.insert(30, row.pop(0)) for row in rows])
    folder.save("sample_submission.csv", [["Picture", "label"], *([501 + i, 0] for i in range(12))])
    assert_read(folder, truth, ids=True)


@pytest.mark.parametrize("ids", [["a9", "b1", "c7"], ["7", "3", "5"], ["007", "008", "009"]])
def test_named_ids_of_any_kind_are_kept_as_written(folder, ids) -> None:
    folder.fill(header="names", ids="test", test_rows=3)
    folder.replace_column("test.csv", 0, ids)
    assert folder.load().test_ids == tuple(ids)


def test_ids_with_commas_are_kept_as_written_where_these_are_decimal_commas(folder) -> None:
    folder.fill(header="names", ids="test", test_rows=2, delimiter=";", decimal=",")
    folder.write("test.csv", folder.read("test.csv").replace(b"\n50", b"\n0,50"))
    assert folder.load().test_ids == ("0,501", "0,502")


def test_words_without_a_header_that_differ_in_each_row_are_ids(folder) -> None:
    truth = folder.fill(ids="test")
    folder.change("test.csv", lambda rows: [row.__setitem__(0, f"img{row[0]}.png") for row in rows])
    competition = folder.load()
    assert competition.test_ids == tuple(f"img{501 + i}.png" for i in range(12))
    np.testing.assert_array_equal(competition.test_pixels, truth.test)


def test_an_index_saved_along_with_ids_is_ignored(folder) -> None:
    truth = folder.fill(header="names", ids="both")
    for name, column in (("train.csv", "Unnamed: 0"), ("test.csv", "")):
        shuffled = np.random.default_rng(0).permutation(len(folder.rows(name)) - 1)
        folder.insert_first(name, [column, *shuffled])
    assert_read(folder, truth, ids=True)


def test_a_numbered_header_with_an_index_is_ignored(folder) -> None:
    truth = folder.fill(header="numbers")
    for name in ("train.csv", "test.csv"):
        count = len(folder.rows(name)) - 1
        folder.insert_first(name, ["", *range(501, 501 + count)])
    assert_read(folder, truth, ids=True)


def test_a_numbered_header_in_which_the_label_has_a_name_is_understood(folder) -> None:
    truth = folder.fill(header="numbers", label="first")
    folder.change("train.csv", lambda rows: rows[0].__setitem__(slice(None), ["label", *range(64)]))
    assert_read(folder, truth)


def test_labels_with_decimal_commas_are_integers(folder) -> None:
    truth = folder.fill(delimiter=";", decimal=",", scale="0..1.0")
    text = folder.read("train.csv").decode().replace("\n", ",0\n")
    folder.write("train.csv", text)
    assert_read(folder, truth, values=(0, 1))


def zipped(content: bytes, inner: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(inner, content)
        archive.writestr("__MACOSX/._" + inner, b"\0\5\x16\7")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "name",
    ["train.csv", "train_data.csv", "Train.CSV", "train.csv.gz", "train.csv.zip", "train.zip"],
)
def test_a_file_is_found_under_every_usual_name(folder, name) -> None:
    truth = folder.fill()
    content = folder.read("train.csv")
    (folder.path / "train.csv").unlink()
    if name.endswith(".gz"):
        content = gzip.compress(content)
    elif name.endswith(".zip"):
        content = zipped(content, "folder/train.csv")
    folder.write(name, content)
    assert_read(folder, truth)


def test_a_file_is_opened_by_its_content_not_its_extension(folder) -> None:
    truth = folder.fill()
    folder.write("train.csv", gzip.compress(folder.read("train.csv")))
    folder.write("test.csv", zipped(folder.read("test.csv"), "t.csv"))
    assert_read(folder, truth)


@pytest.mark.parametrize("name", ["sample_submission.csv", "sampleSubmission.csv"])
@pytest.mark.parametrize("ids", ["none", "test"])
def test_a_sample_submission_is_read(folder, name, ids) -> None:
    truth = folder.fill(header="names", ids=ids)
    folder.save(name, [["ImageId", "Label"], *([501 + row, 0] for row in range(12))])
    sample = assert_read(folder, truth, ids=ids == "test").sample
    assert sample.header == ("ImageId", "Label")
    assert sample.ids == tuple(str(501 + row) for row in range(12))


def test_the_shipped_digits_are_read() -> None:
    competition = Competition.load(Path(__file__).parents[2] / "data/digits")
    assert competition.train_pixels.shape == (1437, 64)
    assert competition.test_pixels.shape == (360, 64)
    assert competition.classes == tuple("0123456789")


def test_images_of_four_pixels_are_read(folder) -> None:
    folder.save("train.csv", [[0, 200, 0, 9 * i, i % 3] for i in range(12)])
    folder.save("test.csv", [[0, 200, 0, 9 * i] for i in range(12)])
    competition = folder.load()
    assert competition.schema.shape == (2, 2, 1)
    assert competition.train_pixels[5].tolist() == [0, 200, 0, 45]


def test_one_test_row_is_enough(folder) -> None:
    truth = folder.fill(test_rows=1)
    assert_read(folder, truth)


def test_names_with_leading_zeros_stay_classes_as_written(folder) -> None:
    folder.fill()
    folder.change("train.csv", lambda rows: [row.append(f"0{row.pop()}") for row in rows])
    assert folder.load().classes == tuple(f"0{digit}" for digit in range(10))


def test_numbers_are_ordered_as_numbers_and_words_alphabetically(folder) -> None:
    folder.fill()
    folder.change("train.csv", lambda rows: [row.append(str(int(row.pop()) * 7)) for row in rows])
    assert folder.load().classes == ("0", "7", "14", "21", "28", "35", "42", "49", "56", "63")
    folder.fill(words=True)
    assert folder.load().classes[:3] == ("eight", "five", "four")


def test_what_was_found_is_described(folder) -> None:
    folder.fill(header="names", ids="test", scale="0..255")
    shown = folder.inspect()
    assert shown.exit_code == 0
    for words in ("40 rows", "12 rows", "label (column 65 of 65)", "test.csv: id (column 1 of 65)"):
        assert words in shown.stdout
    for words in ("8 x 8 x 1 (grey)", "0..255, integers", "comma-separated, header"):
        assert words in shown.stdout
    picture = folder.path.parent / "runs/competition/samples.png"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_an_inspection_is_json_and_counts_classes_and_duplicates(folder) -> None:
    truth = folder.fill(header="names", words=True)
    rows = folder.rows("train.csv")
    folder.save("train.csv", [*rows, rows[1], [*rows[2][:-1], "other"], [*rows[3][:-1], "other"]])
    folder.change("test.csv", lambda tests: tests.append(rows[1][:-1]))
    found = json.loads(folder.inspect("--format", "json").stdout)
    assert (found["shape"], found["train"]["label"], found["test"]["rows"]) == ([8, 8, 1], 64, 13)
    assert found["classes"]["other"] == 2
    assert sum(found["classes"].values()) == len(truth.labels) + 3
    assert (found["copies"], found["shared"], found["conflicts"]) == (3, 1, 2)
    assert "3 training rows are duplicates, 1 test rows" in folder.inspect().stdout
    assert folder.inspect("--format", "csv").stdout.startswith("class,rows\neight,")


def test_every_combination_of_label_ids_and_header_names_the_same_content(folder) -> None:
    prints = set()
    for label, header, ids in product(("first", "last"), ("none", *NAMED), ("none", "both")):
        folder.fill(label=label, header=header, ids=ids)
        prints.add(folder.load().fingerprint)
    assert len(prints) == 1
