"""Images that are stored column by column, as those of EMNIST."""

import numpy as np
from click.testing import CliRunner

import pipeline as pp
from pipeline.cli import main


def turn(folder) -> None:
    """Stores the 6 x 10 images of train.csv and test.csv column by column."""
    for name, last in (("train.csv", 60), ("test.csv", 60)):
        rows = folder.rows(name)
        order = np.arange(60).reshape(6, 10).T.ravel()
        folder.save(name, [[row[i] for i in order] + row[last:] for row in rows])


def test_transposed_images_train_as_the_usual_ones_and_are_predicted_so(folder) -> None:
    folder.fill()
    for name in ("train.csv", "test.csv"):  # 6 x 10, so that a wrong order cannot go unnoticed
        folder.change(name, lambda rows: [row.__delitem__(slice(60, 64)) for row in rows])
    runs = folder.path.parent / "runs"
    options = {"epochs": 2, "progress": False}
    usual = pp.train(folder.load(shape=(6, 10)), "conv", runs=runs / "usual", **options)
    turn(folder)
    competition = folder.load(shape=(6, 10), transpose=True)
    run = pp.train(competition, "conv", runs=runs / "turned", **options)
    np.testing.assert_array_equal(run.test_probabilities, usual.test_probabilities)
    np.testing.assert_array_equal(run.predict(competition.test_pixels), run.test_probabilities)
    table = pp.predict(run, folder.path / "test.csv")
    np.testing.assert_array_equal(
        table[list(competition.classes)].to_numpy(), run.test_probabilities
    )
    assert folder.load(shape=(6, 10)).fingerprint != competition.fingerprint


def test_images_drawn_in_the_terminal_show_that_they_are_transposed(folder) -> None:
    def drawn(*words: str) -> str:
        result = CliRunner().invoke(
            main, ["inspect", str(folder.path), "--runs", str(folder.path.parent), *words]
        )
        assert result.exit_code == 0, result.output
        return result.stdout

    rows = [[255 * (pixel < 8)] * 1 for pixel in range(64)]  # a bright upper row
    image = [cell for row in rows for cell in row]
    folder.save("train.csv", [[*image[:63], n % 3, n % 2] for n in range(20)])
    folder.save("test.csv", [[*image[:63], n % 3] for n in range(5)])
    bar = "\N{UPPER HALF BLOCK}" * 8
    assert bar in drawn("--samples")
    transposed = drawn("--samples", "--transpose")
    assert bar not in transposed
    assert "64 pixels, column by column\n" in transposed
    assert "\N{FULL BLOCK}" in transposed
    assert max(map(len, transposed.splitlines()[-12:-3])) <= 80
    assert "\N{UPPER HALF BLOCK}" not in drawn()
