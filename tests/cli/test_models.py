"""pipeline models: all recipes, or one in detail."""

from dataclasses import replace

from click.testing import CliRunner
from keras import layers

import pipeline as pp
from pipeline.cli import main
from pipeline.recipes import find_recipe, recipes


def test_recipes_that_train_longer_on_small_data_say_so(tmp_path) -> None:
    listed = CliRunner().invoke(main, ["models", "--runs", str(tmp_path)]).stdout.splitlines()
    shown = {line.split()[0]: line for line in listed}
    assert "5, or 1,000 steps if more" in shown["fast"]
    assert "steps" not in shown["dense"]


def test_a_recipe_is_shown_with_its_layers_settings_and_published_score() -> None:
    shown = CliRunner().invoke(main, ["models", "conv-10-committee"]).stdout
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "members 5 of conv-10-plateau" in lines
    assert "published 99.50 %, loss 0.0145, on MNIST, 10,000 test rows" in lines
    assert "conv2d_1 Conv2D 28x28x10 2,510" in lines
    at = lines.index("plateau.monitor=val_accuracy")
    accepts = "Accepts one of val_loss, val_accuracy, loss, accuracy."
    assert " ".join(lines[at + 1 : at + 3]).startswith(f"what has to improve. {accepts}")


def test_settings_fit_a_terminal_of_80_columns_and_the_searched_ones_come_first() -> None:
    shown = CliRunner(env={"COLUMNS": "80"}).invoke(main, ["models", "tuned"]).stdout
    settings = shown.partition("--set NAME=VALUE")[2].splitlines()[2:]
    assert max(map(len, settings)) <= 80
    names = [line.strip().partition("=")[0] for line in settings if not line.startswith("   ")]
    searched = {"learning_rate", "hidden.units", "hidden.activation", "hidden.dropout"}
    assert set(names[:4]) == searched
    assert "Searched: 64 to 512 by 32." in " ".join(" ".join(settings).split())


def test_settings_are_printed_as_csv() -> None:
    lines = CliRunner().invoke(main, ["models", "dense", "--format", "csv"]).stdout.splitlines()
    assert lines[0] == "name,value,accepts,meaning,space"
    assert "restore_best,True,true or false," in "\n".join(lines)


def test_a_misspelt_recipe_gets_the_nearest_name() -> None:
    result = CliRunner().invoke(main, ["models", "fsat"])
    assert result.exit_code == 2
    assert "there is no recipe 'fsat'. Did you mean 'fast'?" in result.stderr
    assert "conv" not in result.stderr  # the others only push it away
    result = CliRunner().invoke(main, ["models", "zzz"])
    assert "Expected one of conv, " in result.stderr


def test_a_description_is_a_value_with_tables() -> None:
    fast = pp.describe("fast")
    assert (fast.epochs, fast.min_steps, fast.published) == (5, 1000, None)
    assert fast.settings.set_index("name").loc["augmentation.fill", "value"] == "reflect"


def test_a_recipe_whose_layers_have_no_docstring_is_described(monkeypatch) -> None:
    mine = replace(find_recipe("dense"), name="mine", layers=lambda _: [layers.Flatten()])
    monkeypatch.setitem(recipes(), "mine", mine)
    assert pp.describe("mine").layers["kind"].tolist() == ["Rescaling", "Flatten", "Dense"]


def test_scores_of_other_data_than_the_published_are_marked(tiny, tiny_folder, tmp_path) -> None:
    pp.train(tiny, "dense-64-64", epochs=1, runs=tmp_path, progress=False)
    words = ["models", "--data", str(tiny_folder), "--runs", str(tmp_path)]
    shown = CliRunner().invoke(main, words).stdout
    marked = [line.split()[0] for line in shown.splitlines() if " * " in line]
    assert marked == ["dense-64-64"]
    assert "* on images of another shape or other classes" in shown


def test_a_damaged_run_is_left_out(tiny, tiny_folder, tmp_path) -> None:
    run = pp.train(tiny, "dense", epochs=1, runs=tmp_path, progress=False)
    (run.folder / "test.npy").unlink()
    words = ["models", "--data", str(tiny_folder), "--runs", str(tmp_path)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0
    assert "dense" in result.stdout
    assert "skipped" in result.stderr
