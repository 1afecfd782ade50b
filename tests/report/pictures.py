"""Takes the two screenshots of the README from the pages of a report.

python tests/report/pictures.py REPORT RUN FOLDER
"""

import base64
import io
import sys
import tempfile
from pathlib import Path
from typing import Any

from chromium import open_browser
from PIL import Image

from pipeline.files import write_bytes

WIDTH, COLOURS = 1280, 128


def picture(browser: Any, first: str, last: str) -> bytes:
    """A small PNG of the page from the top of one element to the bottom of another."""
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
    image.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        buffer, "png", optimize=True
    )
    return buffer.getvalue()


def take(report: Path, run: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as profile:
        browser = open_browser(Path(profile))
        try:
            browser.set_window_size(WIDTH, 900)
            browser.get(report.resolve().as_uri())
            write_bytes(folder / "report.png", picture(browser, "header", "#leaderboard"))
            browser.get((report.parent / "pages" / f"{run}.html").resolve().as_uri())
            browser.execute_script(
                "[...document.querySelectorAll('#matrix td.right button')]"
                ".sort((a, b) => a.textContent - b.textContent)[0].click()"
            )
            write_bytes(folder / "run.png", picture(browser, "#confusion", "#confusion"))
        finally:
            browser.quit()


if __name__ == "__main__":
    take(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
