"""The HTML of every kind of mail, in both languages, as a browser shows it: quiet, without a request, on a small screen and in the dark, and for everybody."""

from __future__ import annotations

import pytest

from batchport.mail.compose import OPERATORS, Composer
from batchport.mail.samples import sample_facts
from tests.browser import Browser, accessibility

COMPOSER = Composer()
#: Of each kind the first sample, which has something in every place.
FIRST = dict(reversed(list(sample_facts())))
#: Those that have everything between them that mails are laid out of.
LOOKED_INTO = ("received", "update", "night")


def html(kind: str, language: str) -> str:
    return COMPOSER.compose(kind, FIRST[kind], language).html


@pytest.mark.parametrize("kind", FIRST)
def test_a_mail_can_be_read_by_everybody_everywhere(browser: Browser, kind: str) -> None:
    for width, scheme in ((360, "dark"), (800, "light")):
        opened = browser.open(html(kind, "en"), width=width, scheme=scheme)  # type: ignore[arg-type]
        assert opened.too_wide <= 0
        assert opened.said == []
        assert opened.requests == []
        assert kind not in LOOKED_INTO or accessibility(opened) == []


@pytest.mark.parametrize("kind", [kind for kind in FIRST if kind not in OPERATORS])
def test_french_words_fit_a_small_screen(browser: Browser, kind: str) -> None:
    opened = browser.open(html(kind, "fr"), width=360)
    assert opened.too_wide <= 0
    assert (opened.said, opened.requests) == ([], [])
    assert opened.page.evaluate("document.documentElement.lang") == "fr-CA"


def test_the_dark_is_dark(browser: Browser) -> None:
    colours = [browser.open(html("received", "en"), scheme=scheme).page.evaluate("getComputedStyle(document.body).backgroundColor") for scheme in ("light", "dark")]
    assert colours == ["rgb(255, 255, 255)", "rgb(21, 24, 27)"]


def test_a_long_word_of_a_customer_does_not_make_a_mail_wide(browser: Browser) -> None:
    opened = browser.open(html("received", "en").replace("acme.xlsx", "x" * 300 + ".xlsx"), width=360)
    assert opened.too_wide <= 0
