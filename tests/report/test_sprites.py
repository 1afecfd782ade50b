"""Images in one picture."""

import base64

import cv2
import numpy as np

from pipeline.report.sprites import Sprite, data_url, grey_sprite, mosaic


def test_a_picture_in_a_page_is_exact() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (9, 7, 3)).astype(np.uint8)
    content = base64.b64decode(data_url(picture).partition("base64,")[2])
    decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    np.testing.assert_array_equal(decoded[..., ::-1], picture)


def test_a_mosaic_has_images_from_left_to_right_and_down() -> None:
    images = np.stack([np.full((2, 3, 1), value, np.uint8) for value in (10, 20, 30)])
    grid = mosaic(images, columns=2)
    assert grid.shape == (4, 6, 1)
    assert [grid[0, 0, 0], grid[0, 5, 0], grid[3, 0, 0], grid[3, 5, 0]] == [10, 20, 30, 0]


def test_an_image_is_found_by_its_key() -> None:
    sprite = grey_sprite(np.zeros((50, 4, 4), np.uint8), "s", keys=range(100, 150))
    assert 'title="a &lt;b&gt;"' in sprite.image(141, "a <b>")
    assert "--x:1;--y:1" in sprite.image(141, "")


def test_an_empty_sprite_is_valid() -> None:
    assert Sprite("s", np.zeros((0, 4, 4, 1), np.uint8), {}).css.startswith(".s{")
