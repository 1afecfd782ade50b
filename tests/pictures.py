"""Takes the screenshots of the documentation: of the pages of a report, and of `pipeline draw`.

python tests/pictures.py COMPETITION RUNS RUN FOLDER
"""

import base64
import io
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from chromium import draw_strokes, open_browser, wait_for
from PIL import Image

import pipeline as pp
from pipeline.files import write_bytes

WIDTH, COLOURS = 1280, 128
THREE = [
    (0.31, 0.27), (0.36, 0.19), (0.46, 0.14), (0.57, 0.15), (0.66, 0.22), (0.68, 0.32),
    (0.63, 0.41), (0.54, 0.46), (0.46, 0.48), (0.58, 0.49), (0.68, 0.56), (0.72, 0.66),
    (0.68, 0.77), (0.58, 0.85), (0.46, 0.86), (0.35, 0.81), (0.29, 0.72),
]  # fmt: skip


def picture(browser: Any, first: str, last: str, colours: int | None = COLOURS) -> bytes:
    """A small PNG of the page from the top of one element to the bottom of another.

    Args:
        colours: their number; None for all, where shadows fade.
    """
    top, bottom = browser.execute_script(
        "const box = s => document.querySelector(s).getBoundingClientRect();"
        "return [box(arguments[0]).top + scrollY, box(arguments[1]).bottom + scrollY]",
        first,
        last,
    )
    clip = {"x": 0, "y": top, "width": WIDTH, "height": bottom - top, "scale": 0.75}
    shot = browser.execute_cdp_cmd(
        "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip}
    )
    image = Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")
    buffer = io.BytesIO()
    if colours:
        image = image.quantize(colours, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    image.save(buffer, "png", optimize=True)
    return buffer.getvalue()


def take_report(browser: Any, report: Path, run: str, folder: Path) -> None:
    browser.get(report.resolve().as_uri())
    write_bytes(folder / "report.png", picture(browser, "header", "#leaderboard"))
    browser.get((report.parent / "pages" / f"{run}.html").resolve().as_uri())
    browser.execute_script(
        "[...document.querySelectorAll('#matrix td.right button')]"
        ".sort((a, b) => a.textContent - b.textContent)[0].click()"
    )
    write_bytes(folder / "run.png", picture(browser, "#confusion", "#confusion"))


def take_drawing(browser: Any, competition: Path, runs: Path, folder: Path) -> None:
    with pp.draw(pp.load(competition), runs=runs) as server:
        browser.get(server.url)
        draw_strokes(browser, "#paper", THREE)
        wait_for(browser, "return one('#alike canvas') && improving === null")
        time.sleep(1)  # the bars grow
        browser.execute_script("one('#time').textContent = ''")
        write_bytes(folder / "draw.png", picture(browser, "header", "main", colours=None))


def take(competition: Path, runs: Path, run: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as profile:
        browser = open_browser(Path(profile))
        try:
            browser.set_window_size(WIDTH, 900)
            take_report(browser, runs / competition.name / "report.html", run, folder)
            take_drawing(browser, competition, runs, folder)
        finally:
            browser.quit()


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
