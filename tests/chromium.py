"""Headless Chromium that makes no network requests of its own."""

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


def set_width(browser: Any, width: int) -> None:
    """Unlike a window, a page can be as narrow as a phone."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def texts(browser: Any, selector: str) -> list[str]:
    """The texts of all elements that a CSS selector finds."""
    script = "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent.trim())"
    found: list[str] = browser.execute_script(script, selector)
    return found


def open_browser(profile: Path) -> Any:
    """A selenium driver.

    Args:
        profile: an empty folder.
    """
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))


def draw_strokes(browser: Any, selector: str, *strokes: Sequence[tuple[float, float]]) -> None:
    """Draws on an element with the mouse.

    Args:
        strokes: points (x, y) of each, in 0..1 from the left and from the top of the element.
    """
    left, top, width, height = browser.execute_script(
        "const box = document.querySelector(arguments[0]).getBoundingClientRect();"
        "return [box.left, box.top, box.width, box.height]",
        selector,
    )

    def mouse(kind: str, point: tuple[float, float], buttons: int) -> None:
        x, y = left + point[0] * width, top + point[1] * height
        event = {"type": kind, "x": x, "y": y, "button": "left", "buttons": buttons}
        browser.execute_cdp_cmd("Input.dispatchMouseEvent", {"clickCount": 1} | event)

    for stroke in strokes:
        mouse("mousePressed", stroke[0], 1)
        for point in stroke[1:]:
            mouse("mouseMoved", point, 1)
        mouse("mouseReleased", stroke[-1], 0)


def wait_for(browser: Any, script: str, seconds: float = 60) -> Any:
    """What the script returns, as soon as it is something."""
    end = time.monotonic() + seconds
    while not (found := browser.execute_script(script)):
        assert time.monotonic() < end, script
        time.sleep(0.02)
    return found
