"""A browser that looks at what people will see: the report, and the HTML of mails.

A test asks for the fixture `browser` and opens a file, or a text of HTML, at a width and in a colour scheme:

    def test_it_is_quiet(browser):
        opened = browser.open(path, width=360, scheme="dark")
        assert opened.said == []                       # console messages, errors of scripts, and what the page's security policy refused
        assert opened.requests == [path.as_uri()]      # all that was asked for; a text of HTML asks for nothing
        assert accessibility(opened) == []             # axe-core: what is serious or critical
        opened.page.get_by_label("Search").fill("x")   # Playwright's page

The browser is the Chromium of the machine; without one these tests are skipped. It is started for the first test of a module that asks for it and ends with the
module, not with the session: while it is there, Playwright has an event loop running in this thread, and `asyncio.run` of other modules would be refused.
No name is resolved, so nothing can leave the machine.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser as Chromium
    from playwright.sync_api import BrowserContext, Page

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip
_GRAVE = ("serious", "critical")


@dataclass(frozen=True, slots=True)
class Opened:
    """A page that was opened.

    Attributes:
        page: Playwright's page.
        said: what the console showed, and errors of scripts.
        requests: the addresses of all that was asked for.
    """

    page: Page
    said: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @property
    def too_wide(self) -> int:
        """How many pixels the page is wider than the window."""
        return int(self.page.evaluate("Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) - innerWidth"))


class Browser:
    """Opens pages, each in a window of its own that knows nothing of the others."""

    def __init__(self, chromium: Chromium) -> None:
        self._chromium = chromium
        self._open: list[BrowserContext] = []

    def open(self, what: Path | str, *, width: int = 1280, scheme: Literal["light", "dark"] = "light") -> Opened:
        """A file, or a text of HTML, as it is seen."""
        context = self._chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        self._open.append(context)
        opened = Opened(context.new_page())
        opened.page.on("console", lambda message: opened.said.append(f"{message.type}: {message.text}"))
        opened.page.on("pageerror", lambda error: opened.said.append(f"error: {error}"))
        opened.page.on("request", lambda request: opened.requests.append(request.url))
        if isinstance(what, Path):
            opened.page.goto(what.resolve().as_uri())
        else:
            opened.page.set_content(what)
        return opened

    def close(self) -> None:
        """Close all windows."""
        while self._open:
            self._open.pop().close()


def accessibility(opened: Opened) -> list[str]:
    """What axe-core finds serious or critical, as sentences: the rule, what it asks for, and where."""
    from axe_playwright_python.sync_playwright import Axe

    found: list[dict[str, Any]] = Axe().run(opened.page).response["violations"]
    return [
        f"{each['impact']} {each['id']}: {each['help']}: {', '.join(str(node['target']) for node in each['nodes'][:5])}"
        for each in found if each["impact"] in _GRAVE
    ]  # fmt: skip


@pytest.fixture(scope="module")
def _chromium() -> Iterator[Chromium]:
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"no browser on this machine: none of {', '.join(_NAMES)}")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (requirements-dev.txt)")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(_OPTIONS))
        yield chromium
        chromium.close()


@pytest.fixture
def browser(_chromium: Chromium) -> Iterator[Browser]:
    """A browser without open windows."""
    found = Browser(_chromium)
    yield found
    found.close()
