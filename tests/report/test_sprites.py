"""Digits in one picture, and charts as SVG."""

import base64
import re
from itertools import pairwise

import cv2
import numpy as np
import pytest

from pipeline.report.charts import reliability_diagram
from pipeline.report.competition_charts import accuracy_by_time, sweep_chart
from pipeline.report.spelling import chance, duration, moment, percent, setting
from pipeline.report.sprites import Sprite, address, grey_sprite, mosaic, small
from pipeline.runs.calibration import reliability
from pipeline.runs.sweeps import Point, Sweep


def decode(text: str) -> np.ndarray:
    content = base64.b64decode(text.partition("base64,")[2])
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image[..., ::-1]


def test_a_picture_in_a_page_has_its_colours_to_an_eighth() -> None:
    image = np.random.default_rng(0).integers(0, 256, (9, 7, 3)).astype(np.uint8)
    shown = decode(address(image)).astype(int)
    assert np.abs(shown - image).max() <= 19


def test_a_mosaic_has_images_from_left_to_right_and_down() -> None:
    images = np.stack([np.full((2, 3, 1), value, np.uint8) for value in (10, 20, 30)])
    grid = mosaic(images, columns=2)
    assert grid.shape == (4, 6, 1)
    assert [grid[0, 0, 0], grid[0, 5, 0], grid[3, 0, 0], grid[3, 5, 0]] == [10, 20, 30, 0]


def test_a_digit_is_found_by_its_row() -> None:
    sprite = grey_sprite(np.zeros((50, 4, 4), np.uint8), "s", keys=range(100, 150))
    assert 'title="a &lt;b&gt;"' in sprite.digit(141, "a <b>")
    assert "--x:1;--y:1" in sprite.digit(141, "")


def test_large_images_are_shrunk_and_small_ones_kept() -> None:
    assert small(np.zeros((2, 64, 96, 3), np.uint8)).shape == (2, 21, 32, 3)
    assert small(np.zeros((2, 8, 8, 1), np.uint8)).shape == (2, 8, 8, 1)
    assert Sprite("s", np.zeros((0, 4, 4, 1), np.uint8), {}).css.startswith(".s{")


def test_charts_take_the_pages_colours_and_letters() -> None:
    probabilities = np.array([[0.9, 0.1], [0.3, 0.7]], np.float32)
    svg = reliability_diagram(reliability(probabilities, np.array([0, 1])))
    assert svg.startswith("<svg role=")
    assert "#0101" not in svg
    assert "font-family" not in svg
    assert "var(--truth)" in svg


def test_values_of_a_sweep_are_shown_and_not_run() -> None:
    points = (Point("<script>$x_", 0.9, None, 1), Point("b", 0.8, 0.1, 2))
    svg = sweep_chart(Sweep("dense", "optimizer<b>", points, None), "s")
    assert "<script" not in svg
    assert "&lt;script&gt;$x_" in svg
    assert "optimizer&lt;b&gt;" in svg


@pytest.mark.parametrize(
    "values", [(1e-6, 2.5e-4, 5e-4, 7.5e-4, 1e-3), (1e-5, 1e-4, 1e-3, 1e-2), (16, 32, 64), (0, 1)]
)
def test_a_sweep_has_its_values_apart_and_beneath_their_dots(values: tuple[float, ...]) -> None:
    points = tuple(Point(value, 0.9, 0.01, 2) for value in values)
    svg = sweep_chart(Sweep("dense", "l2", points, None), "s")
    ticks = dict(re.findall(r'class="tick" x="([\d.]+)"[^>]*>([^<]+)<', svg))
    assert list(ticks.values()) == [f"{value:g}" for value in values]
    places = sorted(map(float, ticks))
    assert min(b - a for a, b in pairwise(places)) > 40


def test_numbers_of_dots_at_one_place_do_not_cover_each_other() -> None:
    svg = accuracy_by_time([(place, 12.0, 0.9) for place in (1, 2, 3, 4)])
    numbers = re.findall(r'<text[^>]* x="([\d.]+)" y="([\d.]+)"[^>]*>([1-4])</text>', svg)
    assert len({(x, y) for x, y, _ in numbers}) == 4


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.5, "0.5 s"), (59, "59 s"), (90, "1.5 min"), (7200, "2 h")]
)
def test_durations_are_told_as_people_do(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_numbers_are_told_no_finer_than_they_are_known() -> None:
    assert (chance(0.34), chance(0.0123), chance(1e-9)) == ("= 0.34", "= 0.012", "< 0.001")
    assert (percent(0.98765), percent(float("nan")), percent(None)) == ("98.8", "", "")


def test_settings_and_times_are_told_without_brackets() -> None:
    assert setting({"rotation": 10, "shear": 0.0, "fill": "nearest"}) == "rotation 10, fill nearest"
    assert setting(0.5) == "0.5"
    assert moment("2026-11-21T09:35:23+02:00") == "2026-11-21 07:35 UTC"
    assert moment("yesterday") == "yesterday"


def test_strokes_take_fewer_levels_than_shades() -> None:
    strokes = np.zeros((28, 28, 1), np.uint8)
    strokes[10:14], strokes[14] = 255, 130
    shades = np.arange(784).reshape(28, 28, 1).astype(np.uint8)
    assert len(np.unique(decode(address(strokes)))) == 3
    assert len(np.unique(decode(address(shades)))) == 8
    assert np.abs(decode(address(strokes)).astype(int) - strokes).max() <= 43
