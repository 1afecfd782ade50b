"""Takes the README's two pictures from the pages of a report.

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

WIDTH, COLOURS = 1280, 64


def picture(browser: Any, selector: str, height: int) -> bytes:
    """A strip of the page as a small PNG, from the element's upper edge."""
    top = browser.execute_script(
        "return document.querySelector(arguments[0]).getBoundingClientRect().top + scrollY",
        selector,
    )
    clip = {"x": 0, "y": top, "width": WIDTH, "height": height, "scale": 0.75}
    shot = browser.execute_cdp_cmd(
        "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip}
    )
    image = Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")
    buffer = io.BytesIO()
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(buffer, "png", optimize=True)
    return buffer.getvalue()


def take(report: Path, run: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as profile:
        browser = open_browser(Path(profile))
        try:
            browser.set_window_size(WIDTH, 900)
            browser.get(report.resolve().as_uri())
            write_bytes(folder / "report.png", picture(browser, "header", 1010))
            browser.get((report.parent / "pages" / f"{run}.html").resolve().as_uri())
            off = "#matrix td.off button"
            browser.execute_script(
                "[...document.querySelectorAll(arguments[0])]"
                ".sort((a, b) => b.textContent - a.textContent)[0].click()",
                off,
            )
            write_bytes(folder / "run.png", picture(browser, "#confusion", 700))
        finally:
            browser.quit()


if __name__ == "__main__":
    take(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
