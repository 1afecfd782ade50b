"""Refused: files that do not fit, labels that are not classes, pixels that fit no image shape."""

import pandas
import pytest

NO_LABEL = "no label column found"
SCORES = "If the test rows have labels, use --test-label {}, and `submit` scores them."


@pytest.mark.parametrize("header", ["none", "names"])
def test_a_train_file_without_labels_is_refused(folder, header) -> None:
    folder.fill(header=header)
    folder.change("train.csv", lambda rows: [row.pop() for row in rows])
    error = folder.refused()
    assert (error.where, error.found) == ("train.csv", NO_LABEL)
    assert "--label" in error.remedy


@pytest.mark.parametrize("label", ["first", "middle", "last"])
@pytest.mark.parametrize("ids", ["none", "both"])
def test_labels_of_other_classes_that_are_named_in_the_test_file_are_refused(
    folder, label, ids
) -> None:
    truth = folder.fill(header="names", label=label, ids=ids)
    folder.write("test.csv", folder.read("train.csv"))
    column = folder.rows("test.csv")[0].index("label")
    folder.replace_column("test.csv", column, [int(name) + 20 for name in truth.labels])
    error = folder.refused()
    assert error.where == "test.csv"
    assert error.found == "the label's column 'label' is in the test file too"
    assert error.remedy == SCORES.format("label")


@pytest.mark.parametrize("header", ["none", "numbers", "train"])
@pytest.mark.parametrize("label", ["first", "last"])
@pytest.mark.parametrize("ids", ["none", "both"])
def test_labels_of_other_classes_in_a_test_file_without_names_are_refused(
    folder, header, label, ids
) -> None:
    truth = folder.fill(header=header, label=label, ids=ids)
    rows = folder.rows("train.csv")
    folder.save("test.csv", rows[1:] if header == "train" else rows)
    column = 1 + (ids == "both") if label == "first" else len(rows[0])
    folder.replace_column("test.csv", column - 1, [int(name) + 20 for name in truth.labels])
    error = folder.refused()
    assert error.where == "test.csv"
    assert error.found == (
        f"column {column} looks like a label, and there is one column more than the 64 pixels of "
        "train.csv"
    )
    assert error.remedy == SCORES.format(label)


@pytest.mark.parametrize("header", ["none", "names"])
def test_another_number_of_pixels_is_refused(folder, header) -> None:
    folder.fill(header=header)
    folder.change("test.csv", lambda rows: [row.pop() for row in rows])
    found = "train.csv has 64 pixel columns and test.csv has 63"
    named = "; only train.csv has 'pixel63'" if header == "names" else ""
    error = folder.refused()
    assert error.found == found + named
    assert error.expected == "the same number in both"
    assert error.remedy == (
        "Compare the two files' columns, or name the label and the id with --label and --id."
    )


@pytest.mark.parametrize(("removed", "more"), [(2, ""), (3, ", ...")])
def test_five_of_the_columns_that_only_one_file_has_are_named(folder, removed, more) -> None:
    folder.fill(header="names")
    folder.change("train.csv", lambda rows: rows[0].__setitem__(slice(2), ["one", "two"]))
    folder.change("test.csv", lambda rows: [row.__delitem__(slice(2, 2 + removed)) for row in rows])
    folder.put("test.csv", 0, 2, "three")
    assert folder.refused().found == (
        f"train.csv has 64 pixel columns and test.csv has {64 - removed}; only train.csv has "
        f"'one', 'two', 'pixel2', 'pixel3', 'pixel4'{more}; only test.csv has 'pixel0', 'pixel1', "
        "'three'"
    )


CHANGES = {  # what is done to the test file's rows -> what is found
    "another name": (
        lambda rows: rows[0].__setitem__(30, "picture30"),
        "column 31 is 'picture30' where train.csv has 'pixel30': different names",
    ),
    "other names": (
        lambda rows: rows[0].__setitem__(slice(None), ["p", *range(1001, 1064)]),
        "column 1 is 'p' where train.csv has 'pixel0': different names",
    ),
    "another order": (
        lambda rows: [row.insert(20, row.pop(30)) for row in rows],
        "column 21 is 'pixel30' where train.csv has 'pixel20': the pixels are in another order",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_pixels_of_other_names_or_in_another_order_are_refused(folder, change) -> None:
    folder.fill(header="names")
    done, said = CHANGES[change]
    folder.change("test.csv", done)
    error = folder.refused()
    assert (error.where, error.found) == ("test.csv", said)
    assert error.expected == "the same pixel columns in the same order"
    assert error.remedy == (
        "Reorder the columns of one file."
        if change == "another order"
        else "Rename them, or remove the columns that are not pixels."
    )


@pytest.mark.parametrize("header", ["none", "names"])
def test_images_that_are_no_square_are_refused(folder, header) -> None:
    folder.fill(header=header)
    for name in ("train.csv", "test.csv"):
        folder.change(name, lambda rows: [row.pop(20) for row in rows])
    error = folder.refused()
    assert (error.where, error.found) == (
        "train.csv",
        "63 pixel columns, which are not a square image",
    )
    assert error.expected == "a square number (28 x 28 = 784), or three times one for colours"
    assert error.remedy == (
        "If another column is the label or the id, name it with --label or --id. If the images are "
        "not square, use --shape HEIGHTxWIDTHxCHANNELS."
    )


@pytest.mark.parametrize(("shape", "needed"), [((9, 9, 1), 81), ((4, 4, 3), 48)])
def test_a_shape_of_another_number_of_pixels_is_refused(folder, shape, needed) -> None:
    folder.fill()
    error = folder.refused(shape=shape)
    assert (error.where, error.found) == ("train.csv", "64 pixel columns")
    assert error.expected == f"{needed}, for the shape {'x'.join(map(str, shape))}"
    assert error.remedy == "Correct the shape, or name other columns with --label and --id."


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("0..1.0", "0..255"),
        ("0..255", "0..1.0"),
        ("0..16", "0..255"),
        ("0..1.0", "-1..1.0"),
        ("-1..1.0", "0..1.0"),
    ],
)
def test_two_scales_are_refused(folder, train, test) -> None:
    folder.fill(scale=test)
    content = folder.read("test.csv")
    folder.fill(scale=train)
    folder.write("test.csv", content)
    error = folder.refused()
    one, two = (scale.replace(".0", "") for scale in (train, test))
    assert error.found == f"train.csv and test.csv are on different scales: {one} and {two}"
    assert "--range LOW HIGH" in error.remedy


def test_an_unusual_range_is_refused(folder) -> None:
    folder.fill(scale="-300..300")
    error = folder.refused()
    assert (error.where, error.found) == ("train.csv", "pixels from -300 to 300")


@pytest.mark.parametrize("header", ["names", "none"])
def test_one_class_is_refused(folder, header) -> None:
    folder.fill(header=header)
    folder.replace_column("train.csv", -1, ["7"] * 40)
    found = folder.refused().found
    assert found == ("every row is of class '7'" if header == "names" else NO_LABEL)


def test_labels_that_are_the_same_number_are_refused(folder) -> None:
    folder.fill(rows=60, header="names")
    labels = [f"{'0' * (row % 2)}{row % 3}" for row in range(60)]
    folder.replace_column("train.csv", -1, labels)
    error = folder.refused()
    assert error.where == "train.csv column label"
    assert error.found == "0 and 00 are the same number"
    assert error.expected == "one spelling of each class"
    folder.replace_column("train.csv", -1, [label.zfill(2) for label in labels])
    assert folder.load().classes == ("00", "01", "02")
    folder.replace_column("train.csv", -1, labels)
    named = folder.load(classes=sorted(set(labels)))
    assert len(named.classes) == 6


@pytest.mark.parametrize(
    ("rows", "found"),
    [(12, "12 rows for 12 classes"), (1200, "1200 different values in 1200 rows")],
)
def test_too_many_classes_for_the_rows_are_refused(folder, rows, found) -> None:
    folder.fill(header="names", rows=rows)
    folder.replace_column("train.csv", -1, range(rows))
    error = folder.refused()
    assert error.where == "train.csv column label"
    assert error.found.startswith(found)


def sample(ids) -> list[list[object]]:
    return [["id", "label"], *([id, 0] for id in ids)]


@pytest.mark.parametrize(
    ("ids", "sample_ids", "said"),
    [
        ("none", range(501, 512), "11 rows, 1 fewer than the 12 of test.csv"),
        ("none", range(501, 514), "13 rows, 1 more than the 12 of test.csv"),
        ("test", range(501, 512), "11 rows, and 12 in test.csv\n  1 id missing: 512"),
        ("test", range(501, 514), "13 rows, and 12 in test.csv\n  1 id not in test.csv: 513"),
        ("test", [*range(501, 512), 999], "1 id missing: 512\n  1 id not in test.csv: 999"),
        ("test", range(1, 13), "12 ids missing: 501, 502, 503, 504, 505, ..."),
    ],
)
def test_a_sample_of_another_test_file_is_refused(folder, ids, sample_ids, said) -> None:
    folder.fill(ids=ids)
    folder.save("sample_submission.csv", sample(sample_ids))
    error = folder.refused()
    assert error.where == "sample_submission.csv"
    assert said in error.text


@pytest.mark.parametrize(
    ("rows", "where", "found"),
    [
        (sample([1, 2, 3, 2]), " line 5, column id", "the id '2' repeats line 3"),
        (sample([1, "", 3, 4]), " line 3, column id", "the id is empty"),
        ([*sample([1, 2]), [3]], " line 4", "1 field"),
        ([*sample([1, 2]), [3, 0, 0]], " line 4", "3 fields"),
        (sample([]), "", "the file has no data rows"),
        ([["id"], [1], [2]], " line 1", "the row is a single cell, 'id'"),
        ([["id", "x", "x"], [1, 0, 0]], " line 1", "the header has 'x' twice, as columns 2 and 3"),
    ],
)
def test_an_invalid_sample_is_refused(folder, rows, where, found) -> None:
    folder.fill(test_rows=4)
    folder.save("sample_submission.csv", rows)
    error = folder.refused()
    assert (error.where, error.found) == (f"sample_submission.csv{where}", found)


@pytest.mark.parametrize("name", ["train.csv", "test.csv"])
@pytest.mark.parametrize("header", ["none", "names"])
@pytest.mark.parametrize("more", [-1, 1])
def test_a_first_row_of_another_length_is_named(folder, more, header, name) -> None:
    folder.fill(header=header)
    n = len(folder.rows(name)[0])
    folder.change(name, lambda rows: rows[0].pop() if more < 0 else rows[0].append("last"))
    error = folder.refused()
    assert error.where == f"{name} line 1"
    assert error.found == f"the row has {n + more} fields, and the next rows have {n}"


def test_a_header_with_a_name_twice_is_refused(folder) -> None:
    folder.fill(header="names")
    folder.put("train.csv", 0, 30, "pixel7")
    assert folder.refused().found == "the header has 'pixel7' twice, as columns 8 and 31"


def test_a_row_of_data_that_pandas_made_a_header_is_refused(folder) -> None:
    folder.fill()
    path = folder.path / "train.csv"
    pandas.read_csv(path).to_csv(path, index=False)
    error = folder.refused()
    assert error.found.startswith("the header is a row of data: 0, ")
    assert "header=None" in error.remedy


@pytest.mark.parametrize("delimiter", [" ", ":"])
def test_an_unknown_delimiter_is_refused(folder, delimiter) -> None:
    folder.fill(delimiter=delimiter)
    error = folder.refused()
    assert error.found.startswith("the row is a single cell")
    assert error.expected == "columns separated by commas, semicolons, tabs or pipes"


def test_a_table_of_something_else_is_refused(folder) -> None:
    people = [["id", "name", "age", "city"], *([n, f"Ann{n}", 20 + n, "Rome"] for n in range(9))]
    folder.save("train.csv", people)
    folder.save("test.csv", people)
    assert folder.refused().found == NO_LABEL


@pytest.mark.parametrize("header", [[], [["id", "label"]]])
@pytest.mark.parametrize("words", [False, True])
def test_a_table_without_pixels_is_refused(folder, header, words) -> None:
    rows = [[row, f"class{row % 3}" if words else row % 3] for row in range(12)]
    folder.save("train.csv", [*header, *rows])
    folder.save(
        "test.csv", [["id", "title"][: 2 * len(header)] or [0, "x"], *([r, "x"] for r in range(12))]
    )
    error = folder.refused()
    assert error.where == "train.csv"
    assert error.found == "no pixels: the 2 columns are labels and ids"
    assert error.expected == "a column for each pixel"
    assert error.remedy == "Check that it is the right file."
