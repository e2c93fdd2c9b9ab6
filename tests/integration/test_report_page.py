"""The report in a browser: it is quiet, asks nobody for anything, can be sorted and searched, read by everybody, and printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser import Browser, Opened, accessibility
from tests.conftest import Story

#: By then the partner of the samples' story is late.
LATE = "2026-03-20T09:00:00-04:00"


@pytest.fixture(scope="module")
def report(story: Story, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    assert story.home("report", "-o", path, at=LATE).exit == 0
    return path


def column(opened: Opened, table: str, title: str) -> list[str]:
    """The cells below a title that are to be seen, from the top."""
    found: list[str] = opened.page.evaluate(
        """([table, title]) => {
            const one = document.getElementById(table), place = [...one.tHead.rows[0].cells].findIndex((cell) => cell.textContent === title);
            return [...one.tBodies[0].rows].filter((row) => row.checkVisibility()).map((row) => row.cells[place].textContent);
        }""",
        [table, title],
    )
    return found


def header(opened: Opened, table: str, title: str) -> Any:
    return opened.page.locator(f"#{table}").get_by_role("columnheader", name=title, exact=True)


def test_it_is_quiet_and_asks_for_nothing_but_itself(browser: Browser, report: Path) -> None:
    opened = browser.open(report)
    opened.page.get_by_label("Search customers").fill("harbor")
    assert opened.said == []
    assert opened.requests == [report.as_uri()]


def test_nothing_else_could_be_run_or_fetched(browser: Browser, report: Path) -> None:
    html = report.read_text("utf-8").replace("<main>", '<main><img src="http://127.0.0.1:9/x.png" onerror="document.title = 1"><p style="color: red">')
    opened = browser.open(html.replace("</main>", '<script>document.title = "run"</script></main>'))
    assert opened.page.title().startswith("batchport report")
    assert len([said for said in opened.said if "Content Security Policy" in said]) == 4  # the picture, its script, the style, the script


def test_numbers_days_and_words_are_sorted_each_in_their_way(browser: Browser, report: Path) -> None:
    opened = browser.open(report)
    numbers, days, words = (header(opened, "due", title) for title in ("Numbers", "Due", "Customer"))
    for title, name, key in ((numbers, "Numbers", int), (days, "Due", str), (words, "Customer", str)):
        before = column(opened, "due", name)
        title.get_by_role("button").click()
        assert title.get_attribute("aria-sort") == "ascending"
        assert column(opened, "due", name) == sorted(before, key=key)
        title.get_by_role("button").click()
        assert title.get_attribute("aria-sort") == "descending"
        assert column(opened, "due", name) == sorted(before, key=key, reverse=True)
        assert len(set(before)) > 1
    assert [title.get_attribute("aria-sort") for title in (numbers, days)] == ["none", "none"]


def test_a_blank_comes_last_both_ways(browser: Browser, report: Path) -> None:
    rows = "".join(f"<tr><td>{cell}</td></tr>" for cell in ("10", "", "9"))
    table = f'<div class="scroll"><table id="made" data-sorted><thead><tr><th data-kind="number">Made</th></tr></thead><tbody>{rows}</tbody></table></div>'
    opened = browser.open(report.read_text("utf-8").replace("</main>", f"{table}</main>"))
    for expected in (["9", "10", ""], ["10", "9", ""]):
        header(opened, "made", "Made").get_by_role("button").click()
        assert column(opened, "made", "Made") == expected


def test_the_keyboard_sorts(browser: Browser, report: Path) -> None:
    opened = browser.open(report)
    header(opened, "states", "Rows").get_by_role("button").focus()
    opened.page.keyboard.press("Enter")
    assert column(opened, "states", "Rows") == sorted(column(opened, "states", "Rows"), key=int)
    opened.page.keyboard.press("Space")
    assert header(opened, "states", "Rows").get_attribute("aria-sort") == "descending"
    opened.page.keyboard.press("Tab")
    assert opened.page.evaluate("document.activeElement.textContent") == "Share"


def test_a_search_shows_the_rows_with_all_its_words_and_says_how_many(browser: Browser, report: Path) -> None:
    opened = browser.open(report)
    told = opened.page.locator("#due-shown")
    assert told.get_attribute("aria-live") == "polite"
    all_rows = list(zip(column(opened, "due", "Customer"), column(opened, "due", "What"), strict=True))
    wanted = [one for one in all_rows if one == ("harbor", "no answer")]
    assert 0 < len(wanted) < len([one for one in all_rows if "harbor" in one]) < len(all_rows)
    box = opened.page.get_by_label("Search orders")
    box.fill("ANSWER  harbor")
    assert list(zip(column(opened, "due", "Customer"), column(opened, "due", "What"), strict=True)) == wanted
    assert told.inner_text() == f"{len(wanted)} of {len(all_rows)} shown"
    box.fill("no such words")
    assert (column(opened, "due", "Customer"), told.inner_text()) == ([], f"0 of {len(all_rows)} shown")
    box.fill("")
    assert (len(column(opened, "due", "Customer")), told.inner_text()) == (len(all_rows), "")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 360)])
def test_everybody_can_read_it(browser: Browser, report: Path, scheme: Any, width: int) -> None:
    opened = browser.open(report, width=width, scheme=scheme)
    opened.page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert accessibility(opened) == []
    assert opened.too_wide <= 0


def test_the_colours_follow_the_scheme(browser: Browser, report: Path) -> None:
    grounds = [browser.open(report, scheme=scheme).page.evaluate("getComputedStyle(document.body).backgroundColor") for scheme in ("light", "dark")]
    assert grounds == ["rgb(244, 245, 247)", "rgb(15, 19, 25)"]


def test_a_screen_reader_reads_every_chart(browser: Browser, report: Path) -> None:
    charts = browser.open(report).page.get_by_role("img")
    assert charts.count() == browser.open(report).page.locator("svg").count() > 5
    assert 'img "Rows by state rejected: 20; duplicate: 0; held: 4; ' in charts.first.aria_snapshot()


def test_on_paper_all_is_dark_on_white_and_nothing_is_closed(browser: Browser, report: Path) -> None:
    opened = browser.open(report, scheme="dark")
    opened.page.emulate_media(media="print")
    seen = "getComputedStyle(document.querySelector('{}')).{}"
    assert opened.page.evaluate(seen.format("body", "backgroundColor")) == "rgb(255, 255, 255)"
    assert opened.page.evaluate(seen.format("td", "color")) == "rgb(0, 0, 0)"
    assert opened.page.evaluate(seen.format(".search", "display")) == "none"
    assert opened.page.evaluate(seen.format("tr", "breakInside")) == "avoid"
    opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert opened.page.locator("details:not([open])").count() == 0
    opened.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert opened.page.locator("details[open]").count() == 0


def test_a_table_over_several_pages_has_its_header_on_each(browser: Browser, report: Path) -> None:
    from io import BytesIO

    from pypdf import PdfReader

    pages = [page.extract_text() for page in PdfReader(BytesIO(browser.open(report).page.pdf(format="Letter"))).pages]
    with_orders = [text for text in pages if "no answer" in text]
    assert len(with_orders) > 1
    assert all("Days late" in text for text in with_orders)
