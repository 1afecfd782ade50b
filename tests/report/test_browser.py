"""The pages in a real browser: headless Chromium opens them from disk, as a reader does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import set_width, texts
from hostile_names import CLASSES, RUN

pytestmark = pytest.mark.usefixtures("browser")


@pytest.fixture
def page(browser: Any, report: Path) -> Iterator[Any]:
    """Opens the report or the page of a run; in the end the console must be empty."""

    def open_page(run: str | None = None, width: int = 1280) -> Any:
        set_width(browser, width)
        path = report if run is None else report.parent / "pages" / f"{run}.html"
        browser.get(path.resolve().as_uri())
        return browser

    yield open_page
    assert browser.get_log("browser") == []


def count_shown(browser: Any, selector: str) -> int:
    script = (
        "return [...document.querySelectorAll(arguments[0])]"
        ".filter(e => getComputedStyle(e).display !== 'none').length"
    )
    number: int = browser.execute_script(script, selector)
    return number


def find(browser: Any, selector: str) -> Any:
    return browser.find_element("css selector", selector)


def test_the_leaderboard_sorts_by_click_and_by_key(page) -> None:
    browser = page()
    heads = texts(browser, "#runs thead th")
    column = heads.index("Loss") + 1
    losses = f"#runs tbody td:nth-child({column})"
    button = find(browser, f"#runs th:nth-child({column}) button")
    button.click()
    assert texts(browser, losses) == sorted(texts(browser, losses), key=float)
    button.send_keys("\ue007")  # Enter
    assert texts(browser, losses) == sorted(texts(browser, losses), key=float, reverse=True)
    head = find(browser, f"#runs th:nth-child({column})")
    assert head.get_attribute("aria-sort") == "descending"


def test_a_checkbox_hides_the_curves_of_a_run(page) -> None:
    browser = page()
    box = find(browser, "[data-curve]")
    curves = f"#compared .by-epoch .show-{box.get_attribute('data-curve')}"
    assert count_shown(browser, curves) == 2
    box.click()
    assert count_shown(browser, curves) == 0
    find(browser, "[data-check=all]").click()
    assert count_shown(browser, curves) == 2


def test_curves_are_shown_by_epoch_or_by_share_of_training(page) -> None:
    browser = page()
    charts = ["#compared .by-epoch", "#compared .by-share"]
    assert [count_shown(browser, each) for each in charts] == [1, 0]
    find(browser, "#by-share").click()
    assert [count_shown(browser, each) for each in charts] == [0, 1]


def test_the_theme_is_switched_and_remembered(page) -> None:
    browser = page()

    def paper() -> str:
        colour: str = find(browser, "body").value_of_css_property("background-color")
        return colour

    before = paper()
    find(browser, "#theme").click()
    after = paper()
    assert before != after
    page("ensemble")
    assert paper() == after
    find(browser, "#theme").click()
    assert paper() == before


def test_a_cell_of_the_confusion_matrix_shows_its_images(page) -> None:
    browser = page(RUN)
    cell = find(browser, "#matrix td.off button")
    count = int(cell.text)
    cell.click()
    assert count_shown(browser, "#cell figure") == count
    assert any(name in find(browser, "#cell h3").text for name in CLASSES)
    find(browser, "#matrix td.right button").send_keys("\ue007")
    assert count_shown(browser, "#cell figure") > 0
    assert "correct" in find(browser, "#cell h3").text


def test_the_matrix_shows_counts_or_shares(page) -> None:
    browser = page(RUN)
    before = texts(browser, "#matrix button")
    find(browser, "#kind input[value=shares]").click()
    rows = browser.execute_script(
        "return [...document.querySelectorAll('#matrix tbody tr')].map(r =>"
        "[...r.querySelectorAll('button')].reduce((t, b) => t + Number(b.textContent), 0))"
    )
    assert rows == pytest.approx([100] * len(CLASSES), abs=0.3)
    find(browser, "#kind input[value=counts]").click()
    assert texts(browser, "#matrix button") == before


def test_errors_are_filtered_by_pair(page) -> None:
    browser = page(RUN)
    every = count_shown(browser, "#gallery figure")
    option = find(browser, "#pair option:nth-child(2)")
    wanted = int(option.text.rsplit("(", 1)[1].rstrip(")"))
    option.click()
    assert count_shown(browser, "#gallery figure") == wanted < every
    assert find(browser, "#shown").text == f"{wanted} of {every}"


def test_the_histogram_shows_the_class_that_is_chosen(page) -> None:
    browser = page(RUN)
    assert count_shown(browser, "#histogram .show-0") == 2
    find(browser, "#class option:nth-child(3)").click()
    assert count_shown(browser, "#histogram .show-0") == 0
    assert count_shown(browser, "#histogram .show-2") == 2


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_its_window_and_nothing_is_cut(
    width: int, page, hostile_runs
) -> None:
    for name in (None, *(run.name for run in hostile_runs)):
        browser = page(name, width)
        wide, window, cut = browser.execute_script(
            "const cut = [...document.querySelectorAll('main *, header *')].filter(each =>"
            " !each.closest('.wide, svg') && each.getBoundingClientRect().right > innerWidth);"
            "return [document.documentElement.scrollWidth, innerWidth, cut.length]"
        )
        assert wide <= window == width, name
        assert cut == 0, name


def test_no_column_of_the_leaderboard_is_out_of_sight_on_a_phone(page) -> None:
    cells = page(width=390).execute_script(
        "return [...document.querySelectorAll('#runs tbody :is(td, th)')]"
        ".map(cell => cell.getBoundingClientRect().right)"
    )
    assert max(cells) <= 390


def test_charts_fill_the_page_from_side_to_side(page) -> None:
    right = "return Math.max(...[...document.querySelectorAll(arguments[0])]"
    right += ".map(element => element.getBoundingClientRect().right))"
    for name, selector in ((None, "#leaderboard svg"), (RUN, "#matrix, #cell")):
        browser = page(name)
        assert browser.execute_script(right, selector) > 0.9 * 1240


def test_the_most_frequent_error_is_shown_at_first(page) -> None:
    browser = page(RUN)
    counts = [int(text) for text in texts(browser, "#matrix td.off button")]
    assert count_shown(browser, "#cell figure") == max(counts)


def test_names_made_to_run_do_not(page, hostile_runs) -> None:
    for name in (None, *(run.name for run in hostile_runs)):
        browser = page(name)
        assert browser.execute_script("return document.scripts.length") == 1


def test_the_keyboard_reaches_every_control(page) -> None:
    browser, left = page(RUN), {"theme", "pair", "class"}
    tab = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
    for _ in range(120):
        for kind in ("rawKeyDown", "keyUp"):
            browser.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": kind, **tab})
        left.discard(browser.execute_script("return document.activeElement.id"))
        if not left:
            return
    raise AssertionError(left)


def test_charts_have_the_colours_and_the_font_of_the_page(page) -> None:
    browser = page(RUN)

    def of(selector: str, name: str) -> str:
        value: str = find(browser, selector).value_of_css_property(name)
        return value

    label = "#curves svg text[style*=currentColor]"
    assert of(label, "font-family") == of("body", "font-family")
    before = of(label, "fill")
    assert before == of("body", "color").replace("rgba", "rgb").replace(", 1)", ")")
    find(browser, "#theme").click()
    assert of(label, "fill") != before
