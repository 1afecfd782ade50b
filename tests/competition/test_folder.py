"""Which files of a folder are read, and which are ignored."""

import gzip
import json

import pytest


def rename(folder, **names: str) -> None:
    for role, name in names.items():
        (folder.path / f"{role}.csv").rename(folder.path / name)


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("mnist_train.csv", "mnist_test.csv"),
        ("fashion-mnist_train.csv", "fashion-mnist_test.csv"),
        ("emnist-letters-train.csv", "emnist-letters-test.csv"),
        ("Kannada train.csv", "Kannada Test.CSV"),
        ("x_train_data.csv", "x.test_data.csv"),
        ("digits_train.csv", "test.csv"),
    ],
)
def test_names_that_end_with_train_and_test_are_found(folder, train, test) -> None:
    folder.fill()
    rename(folder, train=train, test=test)
    competition = folder.load()
    assert (len(competition.labels), len(competition.test_pixels)) == (40, 12)


def test_a_prefixed_file_may_be_compressed(folder) -> None:
    folder.fill()
    folder.write("mnist_test.csv.gz", gzip.compress(folder.read("test.csv")))
    (folder.path / "test.csv").unlink()
    assert len(folder.load().test_pixels) == 12


@pytest.mark.parametrize(("scale", "dtype"), [("0..255", "uint8"), ("0..1.0", "float32")])
def test_without_a_test_file_there_are_no_test_pixels(folder, scale, dtype) -> None:
    folder.fill(header="names", scale=scale)
    (folder.path / "test.csv").unlink()
    for _ in range(2):  # from the files, and from the cache
        pixels = folder.load().test_pixels
        assert (pixels.shape, pixels.dtype) == ((0, 64), dtype)


def test_an_exact_name_wins(folder) -> None:
    folder.fill()
    for name in ("a_train.csv", "b_train.csv", "old-test.csv"):
        folder.write(name, "not read\n")
    assert len(folder.load().labels) == 40


@pytest.mark.parametrize(("role", "words"), [("train", "training"), ("test", "test")])
def test_two_names_that_end_alike_are_refused(folder, role, words) -> None:
    folder.fill()
    for name in ("letters", "digits"):
        folder.write(f"{name}-{role}.csv", folder.read(f"{role}.csv"))
    (folder.path / f"{role}.csv").unlink()
    error = folder.refused()
    names = f"digits-{role}.csv, letters-{role}.csv"
    assert error.found == f"2 files may be the {words} file: {names}"
    assert f"--{role}" in error.remedy
    assert len(folder.load(**{role: f"letters-{role}.csv"}).labels) == 40


@pytest.mark.parametrize("name", ["strain.csv", "x_train.txt", "x_train.csv.bak", "._x_train.csv"])
def test_other_names_are_no_training_file(folder, name) -> None:
    folder.fill()
    rename(folder, train=name)
    assert name in folder.refused().found


def test_inspect_lists_ignored_files_and_columns(folder) -> None:
    folder.fill(header="index")
    for name in ("train_data.csv", "valid.csv", "old.zip", "notes.txt", ".hidden.csv"):
        folder.write(name, "not read\n")
    ignored = ["old.zip", "train_data.csv", "valid.csv", "train.csv column 1", "test.csv column 1"]
    assert f"ignored      {', '.join(ignored)}\n" in folder.inspect().stdout
    assert json.loads(folder.inspect("--format", "json").stdout)["ignored"] == ignored
    csv = folder.inspect("--format", "csv")
    assert csv.stderr == f"Note: ignored: {', '.join(ignored)}\n"
    assert "valid" not in csv.stdout


def test_inspect_lists_nothing_where_everything_is_used(folder) -> None:
    folder.fill(header="names", ids="both")
    folder.save("sample_submission.csv", [["id", "label"], *([501 + n, 0] for n in range(12))])
    assert "ignored" not in folder.inspect().output
