"""Two files that do not fit, labels that are none, images that are none: told before training."""

import pytest


def test_a_train_file_without_labels_is_refused(folder) -> None:
    folder.fill()
    folder.change("train.csv", lambda rows: [row.pop() for row in rows])
    message = folder.refusal()
    assert "train.csv has no column that looks like a label" in message
    assert "--label" in message


def test_a_train_file_with_a_header_but_without_labels_is_refused(folder) -> None:
    folder.fill(header="names")
    folder.change("train.csv", lambda rows: [row.pop() for row in rows])
    assert "train.csv has no column that looks like a label" in folder.refusal()


@pytest.mark.parametrize("label", ["first", "middle", "last"])
@pytest.mark.parametrize("ids", ["none", "both"])
def test_labels_named_in_the_test_file_are_refused(folder, label, ids) -> None:
    folder.fill(header="names", label=label, ids=ids)
    folder.write("test.csv", folder.read("train.csv"))
    message = folder.refusal()
    assert "test.csv has the label's column 'label' too" in message
    assert "Remove that column" in message


@pytest.mark.parametrize("header", ["none", "numbers", "train"])
@pytest.mark.parametrize("label", ["first", "last"])
@pytest.mark.parametrize("ids", ["none", "both"])
def test_labels_in_a_test_file_without_names_are_refused(folder, header, label, ids) -> None:
    folder.fill(header=header, label=label, ids=ids)
    rows = folder.rows("train.csv")
    folder.save("test.csv", rows[1:] if header == "train" else rows)
    column = 1 + (ids == "both") if label == "first" else len(rows[0])
    assert f"its column {column} looks like a label" in folder.refusal()


def test_a_header_with_a_name_twice_is_refused(folder) -> None:
    folder.fill(header="names")
    folder.put("train.csv", 0, 30, "pixel7")
    message = folder.refusal()
    assert "train.csv line 1: the header has 'pixel7' twice, as columns 8 and 31" in message


@pytest.mark.parametrize("header", ["none", "names"])
def test_another_number_of_pixels_is_refused(folder, header) -> None:
    folder.fill(header=header)
    folder.change("test.csv", lambda rows: [row.pop() for row in rows])
    assert "train.csv has 64 pixel columns and test.csv has 63" in folder.refusal()


def test_other_names_of_pixels_are_refused(folder) -> None:
    folder.fill(header="names")
    folder.put("test.csv", 0, 30, "picture30")
    message = folder.refusal()
    assert "test.csv has other pixels: its column 31 is 'picture30' where train.csv has" in message
    folder.change("test.csv", lambda rows: rows[0].__setitem__(slice(None), range(1000, 1064)))
    folder.put("test.csv", 0, 0, "p")
    assert "test.csv has other pixels: its column 1 is 'p'" in folder.refusal()


def test_another_order_of_pixels_is_refused(folder) -> None:
    folder.fill(header="names")
    folder.change("test.csv", lambda rows: [row.insert(20, row.pop(30)) for row in rows])
    message = folder.refusal()
    assert "test.csv has its pixel columns in another order: its column 21 is 'pixel30'" in message


@pytest.mark.parametrize("header", ["none", "names"])
def test_images_that_are_no_square_are_refused(folder, header) -> None:
    folder.fill(header=header)
    folder.change("train.csv", lambda rows: [row.pop(20) for row in rows])
    folder.change("test.csv", lambda rows: [row.pop(20) for row in rows])
    message = folder.refusal()
    assert "train.csv has 63 pixel columns: not a square" in message
    assert "--shape HEIGHTxWIDTH" in message


@pytest.mark.parametrize(
    ("train", "test"),
    [("0..1.0", "0..255"), ("0..255", "0..1.0"), ("0..16", "0..255"), ("0..1.0", "-1..1.0")],
)
def test_two_scales_are_refused(folder, train, test) -> None:
    folder.fill(scale=test)
    content = folder.read("test.csv")
    folder.fill(scale=train)
    folder.write("test.csv", content)
    message = folder.refusal()
    scales = [scale.replace(".0", "") for scale in (train, test)]
    assert f"are on different scales: {scales[0]} and {scales[1]}. " in message
    assert "--range LOW HIGH" in message


def test_a_scale_that_is_not_usual_is_refused(folder) -> None:
    folder.fill(scale="-300..300")
    message = folder.refusal()
    assert "its pixels go from -300 to 300, which is none of the usual ranges" in message


@pytest.mark.parametrize("header", ["names", "none"])
def test_one_class_is_refused(folder, header) -> None:
    folder.fill(header=header, names=("id", "label"))
    folder.replace_column("train.csv", -1, ["7"] * 40)
    message = folder.refusal()
    if header == "names":
        assert "label column label: every row is of class '7'. Expected at least two" in message
    else:
        assert "has no column that looks like a label" in message


def test_fewer_rows_than_two_a_class_are_refused(folder) -> None:
    folder.fill(header="names", rows=12)
    folder.replace_column("train.csv", -1, range(12))
    assert "12 rows for 12 classes. Expected at least two rows a class" in folder.refusal()


def test_too_many_classes_are_refused(folder) -> None:
    folder.fill(header="names", rows=1200)
    folder.replace_column("train.csv", -1, range(1200))
    assert "1200 different values in 1200 rows, which is no set of classes" in folder.refusal()


def sample(rows) -> list[list[object]]:
    return [["id", "label"], *([row, 0] for row in rows)]


@pytest.mark.parametrize("ids", ["none", "test"])
@pytest.mark.parametrize("count", [11, 13])
def test_a_sample_of_other_rows_is_refused(folder, ids, count) -> None:
    folder.fill(ids=ids)
    folder.save("sample_submission.csv", sample(range(501, 501 + count)))
    message = folder.refusal()
    assert "sample_submission.csv" in message
    assert "test.csv" in message
    assert f"has {count} rows and" in message if ids == "none" else "have other ids" in message


def test_a_sample_of_other_ids_is_refused(folder) -> None:
    folder.fill(ids="test")
    folder.save("sample_submission.csv", sample([*range(501, 512), 999]))
    message = folder.refusal()
    assert (
        "1 of the sample's are not in the test file, 1 of the test's not in the sample" in message
    )
    assert "for example '512'" in message


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (sample([1, 2, 3, 2]), "line 5, column id: the id '2' stands in line 3 already"),
        (sample([1, "", 3, 4]), "line 3, column id: the id is empty"),
        ([*sample([1, 2]), [3]], "line 4: 1 fields where the header has 2"),
        ([*sample([1, 2]), [3, 0, 0]], "line 4: 3 fields where the header has 2"),
        (sample([]), "holds no rows"),
        ([["id"], [1], [2]], "line 1 is a single cell, 'id'"),
        ([["id", "label", "label"], [1, 0, 0]], "the header has 'label' twice"),
    ],
)
def test_a_broken_sample_is_refused(folder, rows, said) -> None:
    folder.fill(test_rows=4)
    folder.save("sample_submission.csv", rows)
    message = folder.refusal()
    assert message.startswith("sample_submission.csv")
    assert said in message


@pytest.mark.parametrize("name", ["train.csv", "test.csv"])
@pytest.mark.parametrize("header", ["none", "names"])
@pytest.mark.parametrize("more", [-1, 1])
def test_a_first_row_of_another_length_is_named_and_not_all_others(
    folder, more, header, name
) -> None:
    folder.fill(header=header)
    fields = len(folder.rows(name)[0])
    folder.change(name, lambda rows: rows[0].pop() if more < 0 else rows[0].append("last"))
    said = f"{name} line 1 has {fields + more} fields, and the rows after it have {fields}."
    assert said in folder.refusal()


def test_a_row_of_data_that_pandas_made_a_header_is_refused(folder) -> None:
    import pandas

    folder.fill()
    path = folder.path / "train.csv"
    pandas.read_csv(path).to_csv(path, index=False)
    message = folder.refusal()
    assert "train.csv line 1 has a row of data as its header: 0, " in message
    assert "header=None" in message


@pytest.mark.parametrize("delimiter", ["space", "colon"])
def test_an_unknown_delimiter_is_refused(folder, delimiter) -> None:
    sign = {"space": " ", "colon": ":"}[delimiter]
    folder.fill(delimiter=sign)
    message = folder.refusal()
    assert "train.csv line 1 is a single cell" in message
    assert "commas, semicolons, tabs or pipes" in message


def test_a_table_of_something_else_is_refused(folder) -> None:
    people = [["id", "name", "age", "city"], *([n, f"Ann{n}", 20 + n, "Rome"] for n in range(9))]
    folder.save("train.csv", people)
    folder.save("test.csv", people)
    assert "has no column that looks like a label" in folder.refusal()


@pytest.mark.parametrize("header", [[], [["id", "label"]]])
@pytest.mark.parametrize("words", [False, True])
def test_a_table_without_pixels_is_refused(folder, header, words) -> None:
    rows = [[row, f"class{row % 3}" if words else row % 3] for row in range(12)]
    folder.save("train.csv", [*header, *rows])
    folder.save("test.csv", [row[:1] + ["x"] * (not header) for row in [*header, *rows]])
    message = folder.refusal()
    if header:
        assert message.startswith("test.csv line 1 is a single cell, 'id'")
        folder.save("test.csv", [["id", "title"], *([row, "x"] for row in range(12))])
        message = folder.refusal()
    assert "train.csv has no pixels: its 2 columns are labels and ids" in message
