"""The tags and texts of a web page, one after the other.

The standard library's parser looks for the end of every broken tag, comment and script again and again, so that a few hundred kilobytes of them keep it
busy for hours. Here every place is looked at a fixed number of times: what was once sought in vain is not sought again.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

#: What stands between these tags is no text.
_RAW = frozenset({"script", "style", "template", "title", "xmp", "textarea", "noframes", "noembed", "iframe"})
#: Tags up to so many signs are remembered: pages repeat them.
CACHED = 500
_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9:-]*)")
#: Most tags; in others a `>` may stand in a quoted value.
_SIMPLE = re.compile(r"</?[a-zA-Z][^=<>]*>")
_TO_VALUE = re.compile(r"[^=>]*(?:=\s*)?")
_SPAN = {name: re.compile(rf"(?<![\w:-]){name}\s*=\s*[\"']?\s*([0-9]{{1,9}})", re.IGNORECASE) for name in ("colspan", "rowspan")}
#: Longer than any sign's number; Python refuses to take some of them for numbers.
_ENDLESS = re.compile(r"&#(?:[0-9]{9,}|[xX][0-9a-fA-F]{9,});?")


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag.

    Attributes:
        name: its name in small letters.
        ends: whether it is an end tag.
        columns, rows: how many of them a cell takes up.
    """

    name: str
    ends: bool = False
    columns: int = 1
    rows: int = 1


@lru_cache(10_000)
def _tag(markup: str) -> Tag:
    """The tag that is written so."""
    found = _NAME.match(markup)
    name = found[1].lower() if found else ""
    return Tag(name, markup.startswith("</"), _span("colspan", markup), _span("rowspan", markup))


def _span(way: str, markup: str) -> int:
    found = _SPAN[way].search(markup)
    return max(1, int(found[1])) if found else 1


def tags_of(page: str) -> Iterator[Tag | str]:
    """The tags of a page, and the texts between them with entities decoded; without comments, scripts and styles."""
    return _Page(page).pieces()


class _Page:
    """A page that is being read."""

    def __init__(self, page: str) -> None:
        self._page = page
        self._gone: set[str] = set()
        self._quotes = True

    def pieces(self) -> Iterator[Tag | str]:
        """Its tags and texts."""
        page, at = self._page, 0
        while (opens := page.find("<", at)) >= 0:
            if opens > at:
                yield text_of(page[at:opens])
            if simple := _SIMPLE.match(page, opens):
                at = simple.end()
            elif name := _NAME.match(page, opens):
                at = self._end_of_tag(name.end()) + 1
            else:
                at = self._after_no_tag(opens)
                if at == opens + 1:
                    yield "<"
                continue
            tag = _tag(page[opens:at]) if at - opens <= CACHED else _tag.__wrapped__(page[opens:at])
            yield tag
            if tag.name in _RAW and not tag.ends:
                at = self._after_raw(tag.name, at)
        if at < len(page):
            yield text_of(page[at:])

    def _find(self, what: str, at: int) -> int:
        """Where something stands next; -1 where it does not, which is remembered."""
        found = -1 if what in self._gone else self._page.find(what, at)
        if found < 0:
            self._gone.add(what)
        return found

    def _after_no_tag(self, at: int) -> int:
        """The place after a comment or declaration, or after a sign that is no tag."""
        page = self._page
        if page.startswith("<!--", at):
            ends = self._find("-->", at + 2)
            if ends >= 0:
                return ends + 3
        if page.startswith(("<!", "<?", "</"), at):
            ends = self._find(">", at)
            if ends >= 0:
                return ends + 1
        return at + 1

    def _end_of_tag(self, at: int) -> int:
        """Where a tag ends whose name ends at `at`; a `>` in a quoted value does not end it, unless that leaves it without an end."""
        page = self._page
        first = self._find(">", at)
        if first < 0:
            return len(page)
        while self._quotes:
            if before := _TO_VALUE.match(page, at):
                at = before.end()
            sign = page[at : at + 1]
            if sign == ">":
                return at
            if sign in ('"', "'"):
                at = self._find(sign, at + 1) + 1
            if not sign or not at:
                self._quotes = False
        return first

    def _after_raw(self, name: str, at: int) -> int:
        """The place of the end tag of a script or the like; the page's end where there is none."""
        found = re.compile(rf"</{name}(?![a-z0-9:-])", re.IGNORECASE).search(self._page, at)
        return found.start() if found else len(self._page)


def text_of(markup: str) -> str:
    """A piece of text with its entities decoded."""
    if "&" not in markup:
        return markup
    return html.unescape(_ENDLESS.sub("\ufffd", markup))
