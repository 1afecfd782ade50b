"""The page of `pipeline draw` in a real browser: headless Chromium, drawing as a person does."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from chromium import draw_strokes, set_width, texts, wait_for
from drawing_client import CLASSES

import pipeline as pp

pytestmark = pytest.mark.usefixtures("browser")
CORNER = [(0.4, y / 20) for y in range(4, 17)] + [(x / 20, 0.8) for x in range(9, 15)]
LINE = [(0.5, y / 20) for y in range(4, 17)]


@pytest.fixture
def page(browser: Any, client) -> Iterator[Any]:
    """The page at a width of 1280, and the console, which is empty in the end."""
    resize(browser, 1280)
    browser.get(client.url)
    yield browser
    log = [entry["message"] for entry in browser.get_log("browser")]
    assert [text for text in log if "getImageData" not in text] == []  # which only tests call


def resize(browser: Any, width: int) -> None:
    set_width(browser, width)
    features = [{"name": "prefers-color-scheme", "value": "light"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def text(browser: Any, selector: str) -> str:
    return texts(browser, selector)[0]


def settled(browser: Any) -> None:
    """Waits until the newest drawing is answered."""
    wait_for(browser, "return answered === version && !asking")


def ink(browser: Any) -> int:
    """How many pixels of the paper are drawn on."""
    count: int = browser.execute_script(
        "return pen.getImageData(0, 0, paper.width, paper.height).data"
        ".filter((value, index) => index % 4 === 3 && value > 0).length"
    )
    return count


def press(browser: Any, key: str) -> None:
    browser.switch_to.active_element.send_keys(key)


def test_a_drawing_with_the_mouse_is_read_live(page, drawn) -> None:
    assert text(page, "#best") == "?"
    draw_strokes(page, "#paper", CORNER)
    settled(page)
    height, width, _ = drawn.competition.schema.shape
    seen = page.execute_script(
        "const c = document.querySelector('#seen');"
        "const image = c.getContext('2d').getImageData(0, 0, c.width, c.height);"
        "return [c.height, c.width, ...image.data]"
    )
    assert seen[:2] == [height, width]
    pixels = np.array(seen[2:], np.uint8).reshape(1, height, width, 4)[..., :3]
    (expected,) = drawn.single.predict(pixels)
    assert text(page, "#best") == CLASSES[expected.argmax()]
    assert text(page, "#sure") == f"{100 * expected.max():.1f} %"
    shown = [float(share.removesuffix(" %")) for share in texts(page, ".share")]
    assert shown == pytest.approx((100 * expected).tolist(), abs=0.06)
    assert texts(page, ".first .class") == [CLASSES[expected.argmax()]]
    assert len(texts(page, "#alike canvas")) == 8
    assert set(texts(page, "#alike figcaption")) <= set(CLASSES)
    assert text(page, "#time").endswith(" ms")
    spoken = f"{CLASSES[expected.argmax()]}, {100 * expected.max():.1f} %"
    wait_for(page, f"return document.querySelector('#spoken').textContent === {spoken!r}")


def test_the_saliency_covers_pixels_of_the_image(page) -> None:
    draw_strokes(page, "#paper", CORNER)
    settled(page)
    strongest = page.execute_script(
        "const c = document.querySelector('#heat');"
        "return Math.max(...c.getContext('2d').getImageData(0, 0, c.width, c.height).data"
        ".filter((value, index) => index % 4 === 3))"
    )
    assert strongest == 255
    assert len(texts(page, "#between b")) == 2


def test_z_undoes_strokes_and_c_clears(page) -> None:
    draw_strokes(page, "#paper", CORNER, LINE)
    both = ink(page)
    press(page, "z")
    one = ink(page)
    assert 0 < one < both
    press(page, "c")
    assert ink(page) == 0
    settled(page)
    assert text(page, "#best") == "?"
    assert texts(page, "#alike canvas") == []
    press(page, "z")
    assert ink(page) == one
    for _ in range(2):
        page.find_element("css selector", "#undo").click()
    assert ink(page) == 0
    assert not page.find_element("css selector", "#undo").is_enabled()


def test_a_finger_draws_too(page) -> None:
    box = page.find_element("css selector", "#paper").rect
    for kind, points in [("touchStart", LINE[:1]), *(("touchMove", [p]) for p in LINE[1:])]:
        at = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in points
        ]
        page.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})
    page.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert page.execute_script("return strokes.length") == 1
    settled(page)
    assert text(page, "#best") in CLASSES


def test_the_newest_drawing_is_the_one_that_is_shown(page) -> None:
    for _ in range(2):
        draw_strokes(page, "#paper", CORNER, LINE)
        press(page, "c")
    draw_strokes(page, "#paper", LINE)
    settled(page)
    draws = page.execute_script("return fetch('answer', {method: 'POST', headers:"
        " {'Content-Type': 'application/json'}, body: JSON.stringify({strokes})})"
        ".then(reply => reply.json()).then(answer => names[answer.between[0]])")  # fmt: skip
    assert text(page, "#best") == draws


@pytest.mark.parametrize("width", [360, 768, 1280, 1920])
def test_the_page_fits_every_width(width: int, page) -> None:
    resize(page, width)
    draw_strokes(page, "#paper", CORNER)
    settled(page)
    wide, window, cut = page.execute_script(
        "const cut = [...document.querySelectorAll('main *, header *')].filter(each =>"
        " !each.closest('.unseen') && each.getBoundingClientRect().right > innerWidth);"
        "return [document.documentElement.scrollWidth, innerWidth, cut.length]"
    )
    assert wide <= window == width
    assert cut == 0


def test_the_ink_has_the_colour_of_the_theme(page) -> None:
    draw_strokes(page, "#paper", LINE)
    colour = "return [...pen.getImageData(paper.width / 2, paper.height / 2, 1, 1).data]"
    before = page.execute_script(colour)
    page.find_element("css selector", "#theme").click()
    after = page.execute_script(colour)
    assert before[3] == after[3] == 255
    assert abs(before[0] - after[0]) > 150
    page.find_element("css selector", "#theme").click()


def test_a_class_named_like_a_script_does_not_run(page) -> None:
    assert page.execute_script("return document.scripts.length") == 1
    assert "<script>boom()</script>" in texts(page, ".class")


def test_the_page_says_that_the_server_has_ended(browser, drawn) -> None:
    with pp.draw(drawn.competition, drawn.single) as server:
        browser.get(server.url)
    draw_strokes(browser, "#paper", LINE)
    settled(browser)
    assert "The server has ended" in text(browser, "#problem")
    browser.get_log("browser")  # which names the connection that was refused
