"""Options and competition.toml override what is inferred."""

import json

import numpy as np
import pytest

from pipeline.errors import PipelineError


def toml(folder, **overrides) -> None:
    folder.write(
        "competition.toml", "".join(f"{n} = {json.dumps(v)}\n" for n, v in overrides.items())
    )


@pytest.fixture(params=["options", "competition.toml"])
def override(request, folder):
    """Loads the folder with overrides, as options or in competition.toml."""

    def load(**overrides):
        if request.param == "options":
            return folder.load(**overrides)
        toml(folder, **overrides)
        return folder.load()

    return load


def labels_of(competition) -> list[str]:
    return [competition.classes[label] for label in competition.labels]


def test_the_label_is_overridden_by_name(folder, override) -> None:
    truth = folder.fill(header="names", names=("id", "answer"))
    for name in ("train.csv", "test.csv"):
        folder.put(name, 0, 30, "y")
    with pytest.raises(PipelineError, match="the label's column 'y' is in the test file too"):
        folder.load()
    assert labels_of(override(label="answer")) == truth.labels


@pytest.mark.parametrize("end", ["first", "last"])
def test_the_label_is_overridden_by_its_end(folder, override, end) -> None:
    truth = folder.fill(label=end)
    competition = override(label=end)
    assert labels_of(competition) == truth.labels
    assert competition.schema.label == (0 if end == "first" else 64)


def test_a_label_override_wins_over_a_better_column(folder, override) -> None:
    folder.fill(label="first")
    assert override(label="last").schema.label == 64


def test_the_ids_are_overridden_by_name_where_inference_would_not_find_them(
    folder, override
) -> None:
    truth = folder.fill(header="names", names=("picture", "label"), ids="both")
    folder.change("test.csv", lambda rows: [row.insert(40, row.pop(0)) for row in rows])
    competition = override(id="picture")
    assert competition.test_ids == tuple(str(501 + row) for row in range(12))
    np.testing.assert_array_equal(competition.test_pixels, truth.test)


@pytest.mark.parametrize("end", ["first", "last"])
def test_the_ids_are_overridden_by_their_end(folder, override, end) -> None:
    folder.fill(ids="both")
    numbers = np.random.default_rng(0).permutation(1000)[:52].tolist()
    folder.replace_column("train.csv", 0, numbers[:40])
    folder.replace_column("test.csv", 0, numbers[40:])
    if end == "last":
        folder.change("test.csv", lambda rows: [row.append(row.pop(0)) for row in rows])
        folder.change("train.csv", lambda rows: [row.append(row.pop(0)) for row in rows])
    assert override(id=end).test_ids == tuple(map(str, numbers[40:]))


def test_the_header_is_overridden(folder, override) -> None:
    folder.fill(header="none")
    folder.insert_first("train.csv", ["a", *range(39)])
    for name in ("train.csv", "test.csv"):
        folder.change(
            name, lambda rows: rows[0].__setitem__(slice(None), range(1, 1 + len(rows[0])))
        )
    assert len(folder.load().labels) == 39
    folder.change("train.csv", lambda rows: [row.pop(0) for row in rows])
    with pytest.raises(PipelineError, match="line 1, column 16: found '17'; expected a pixel"):
        override(header=False, label="last")


def test_a_header_of_numbers_is_overridden(folder, override) -> None:
    folder.fill(test_rows=2)
    names = [str(n * n) for n in range(65)]
    folder.save("train.csv", [names, *folder.rows("train.csv")])
    folder.save("test.csv", [names[:64], *folder.rows("test.csv")])
    assert len(override(header=True).labels) == 40


def test_the_delimiter_is_overridden(folder, override) -> None:
    truth = folder.fill(delimiter="|")
    assert labels_of(override(delimiter="pipe")) == truth.labels
    with pytest.raises(PipelineError, match=r"line 1: the row is a single cell.*--delimiter"):
        folder.load(delimiter="semicolon")


def test_a_delimiter_override_leaves_the_sample_its_own(folder, override) -> None:
    folder.fill(delimiter=";")
    folder.save("sample_submission.csv", [["Id", "Category"], *([n, 0] for n in range(12))])
    assert override(delimiter="semicolon").sample.header == ("Id", "Category")


def test_the_shape_is_overridden(folder, override) -> None:
    folder.fill()
    competition = override(shape=[4, 16])
    assert competition.schema.shape == (4, 16, 1)
    assert override(shape=[16, 4, 1]).schema.shape == (16, 4, 1)


def test_a_shape_override_allows_other_numbers_of_pixels(folder, override) -> None:
    folder.fill(planes=True)
    for name in ("train.csv", "test.csv"):
        folder.change(name, lambda rows: [row.__delitem__(slice(30, 42)) for row in rows])
    assert override(shape=[6, 10, 3]).schema.shape == (6, 10, 3)


def test_the_range_is_overridden(folder, override) -> None:
    folder.fill(scale="0..255")
    schema = override(range=[-10, 300]).schema
    assert (schema.low, schema.high) == (-10.0, 300.0)


def test_a_range_override_puts_files_on_one_scale(folder, override) -> None:
    folder.fill(scale="0..16")
    small = folder.read("test.csv")
    folder.fill(scale="0..255")
    folder.write("test.csv", small)
    assert override(range=[0, 255]).schema.high == 255


def test_pixels_outside_an_overridden_range_are_refused(folder, override) -> None:
    folder.fill(scale="0..255")
    with pytest.raises(PipelineError) as error:
        override(range=[0, 100])
    assert error.value.found == "899 faults"
    assert all("expected a pixel in 0..100" in line for line in error.value.details[:5])
    assert error.value.details[5:] == ("... and 894 more",)


@pytest.mark.parametrize("planes", [False, True])
def test_the_planes_are_overridden(folder, override, planes) -> None:
    folder.fill(planes=not planes, side=8)
    assert override(planes=planes).schema.planes == planes


@pytest.mark.parametrize("role", ["train", "test", "sample"])
def test_file_names_are_overridden(folder, override, role) -> None:
    folder.fill()
    folder.save("sample_submission.csv", [["Id", "Category"], *([n, 0] for n in range(12))])
    name = "sample_submission.csv" if role == "sample" else f"{role}.csv"
    content = folder.read(name)
    folder.write(name, "this is not the file\n")
    folder.write("other.data", content)
    competition = override(**{role: "other.data"})
    assert (len(competition.labels), len(competition.test_pixels)) == (40, 12)
    error = folder.refused(**{role: "nowhere.csv"})
    assert (error.where, error.found) == ("nowhere.csv", "the file does not exist")


def test_the_hold_out_is_overridden(folder, override) -> None:
    folder.fill()
    overrides = override(validation=0.5, split_seed=7, holdout=0.1).overrides
    assert (overrides.validation, overrides.split_seed, overrides.holdout) == (0.5, 7, 0.1)


def test_options_override_the_file(folder) -> None:
    folder.fill()
    toml(folder, shape=[16, 4], validation=0.3)
    competition = folder.load(shape=[4, 16])
    assert competition.schema.shape == (4, 16, 1)
    assert competition.overrides.validation == 0.3
    assert folder.load(shape=None).schema.shape == (16, 4, 1)


def test_the_command_line_overrides_too(folder) -> None:
    folder.fill(label="first", header="names", names=("id", "answer"), scale="0..255")
    shown = folder.inspect(
        "--label", "answer", "--shape", "4x16", "--range", "0", "300", "--header",
        "--delimiter", "comma",
    )  # fmt: skip
    assert shown.exit_code == 0
    assert "4 x 16 x 1" in shown.stdout
    assert "0..300" in shown.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--shape 9x9", "train.csv: 64 pixel columns. Expected 81, for the shape 9x9x1."),
        ("--shape abc", "options: shape = ['abc']. Expected [height, width]"),
        ("--shape 8", "shape = [8]. Expected [height, width]"),
        ("--shape 8x8x2", "shape = [8, 8, 2]. Expected [height, width]"),
        ("--shape 0x64", "shape = [0, 64]. Expected [height, width]"),
        ("--shape 8x-8", "Expected [height, width]"),
        ("--label nosuch", "train.csv: no column 'nosuch' for the label."),
        ("--label labl", "Did you mean 'label'?"),
        ("--id nosuch", "test.csv: no column 'nosuch' for the id."),
        ("--delimiter foo", "delimiter = 'foo'. Expected the word comma, semicolon, tab or pipe"),
        ("--delimiter tab", "the row is a single cell"),
        ("--range 5 1", "range = (5.0, 1.0). Expected [low, high], finite, low below high"),
        ("--range 5 5", "Expected [low, high]"),
        ("--range 0 inf", "Expected [low, high]"),
        ("--range nan 1", "Expected [low, high]"),
        ("--no-header", "line 1, column 1: found 'pixel0'; expected a number"),
    ],
)
def test_a_wrong_option_is_refused(folder, words, said) -> None:
    folder.fill(header="names")
    assert said in folder.refusal(*words.split())


def test_a_name_is_refused_where_there_is_no_header(folder) -> None:
    folder.fill()
    for role, name in (("label", "train.csv"), ("id", "test.csv")):
        error = folder.refused(**{role: "name"})
        assert error.where == name
        assert error.found == f"no column 'name' for the {role}: there is no header"
        assert error.expected == "'first' or 'last'"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("labl = 'x'", "Did you mean 'label'?"),
        ("colour = true", "unknown setting 'colour'. Expected one of train, test,"),
        ("[schema]\nlabel = 'x'", "unknown setting 'schema'"),
        ("label = 3", "label = 3. Expected a column name, or 'first' or 'last'."),
        ("label = ''", "label = ''. Expected a column name"),
        ("train = ['a.csv']", "train = ['a.csv']. Expected a file name."),
        ("header = 'yes'", "header = 'yes'. Expected true or false"),
        ("header = 1", "header = 1. Expected true or false"),
        ("delimiter = ';'", "delimiter = ';'. Expected the word comma, semicolon, tab or pipe"),
        ("shape = '8x8'", "shape = '8x8'. Expected [height, width]"),
        ("shape = [8.0, 8.0]", "Expected [height, width]"),
        ("shape = [8, 8, 1.0]", "Expected [height, width]"),
        ("shape = [true, 64]", "Expected [height, width]"),
        ("range = 255", "range = 255. Expected [low, high]"),
        ("range = [false, true]", "Expected [low, high]"),
        ("planes = 'rgb'", "planes = 'rgb'. Expected true or false"),
        ("validation = 1.0", "validation = 1.0. Expected a fraction of the rows, between"),
        ("validation = 20", "validation = 20. Expected"),
        ("split_seed = -1", "split_seed = -1. Expected an integer of at least 0"),
        ("split_seed = 1.5", "split_seed = 1.5. Expected an integer of at least 0"),
        ("first_id = true", "first_id = True. Expected an integer of at least 0"),
        ("submission_header = 'Id,Category'", "Expected two column names"),
        ("submission_header = ['Id']", "Expected two column names"),
        ("label 3", "competition.toml: not TOML: Expected '='"),
        ("label = 'a'\nlabel = 'b'", "competition.toml: not TOML: Cannot overwrite a value"),
        (b"label = '\xff'", "competition.toml: not TOML: 'utf-8' codec"),
    ],
)  # fmt: skip
def test_a_wrong_competition_toml_is_refused(folder, text, said) -> None:
    folder.fill()
    folder.write("competition.toml", text)
    message = folder.refusal()
    assert message.startswith("competition.toml")
    assert said in message


def test_a_byte_order_mark_in_competition_toml_is_ignored(folder) -> None:
    folder.fill()
    folder.write("competition.toml", "\ufeffshape = [4, 16]\n")
    assert folder.load().schema.shape == (4, 16, 1)


def test_an_unknown_option_is_refused(folder) -> None:
    folder.fill()
    with pytest.raises(PipelineError, match="options: unknown setting 'labels'"):
        folder.load(labels="first")
