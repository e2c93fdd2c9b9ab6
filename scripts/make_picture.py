"""Draw the README's pictures from what a night really left behind: rows of a results workbook, a customer's mail, the operator's mail, and the report.

    python scripts/make_picture.py [HOME]

HOME (default: scratch/night) is a home in which `samples/night.py` has been; `docs/picture.svg` is written, and `docs/report.png` where there is a Chromium.
Nothing in them is made up, only cut short.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from html import escape
from pathlib import Path

import openpyxl
from openpyxl.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

ROOT = Path(__file__).resolve().parents[1]
WIDTH, HEIGHT = 1180, 744
MORNING = "2026-03-05T08:00:00-05:00"
SANS, MONO = "-apple-system,'Segoe UI',Helvetica,Arial,sans-serif", "ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace"
INK, GREY, LINE = "#1f2328", "#656d76", "#d0d7de"

#: Columns of the workbook that are shown, and how wide; rows are picked by their telephone number as the customer wrote it.
COLUMNS = {"Phone Number": 122, "Current Carrier": 118, "Street Name": 96, "State": 48, "ZIP": 56, "Port Result": 122, "What is wrong": 310, "How to fix it": 268}
ROWS = ("415-236-1001", "415-911-1003", "415-236-1009 x12", "4.15236E+09", "415-236-1021", "415-236-1024", "415-236-1027")


def picture(home: Path) -> str:
    """The whole picture as SVG."""
    book = next((home / "results" / "acme").glob("west-coast-shops.*.xlsx"))
    update = next(mail for mail in mails(home, "update") if mail["To"] == "telecom@acme.example" and "rejected" in mail["Subject"])
    night = next(mail for mail in mails(home, "night") if "sample-20260302-000001.csv" in text_of(mail))
    parts = [
        *window(8, 8, WIDTH - 16, 304, f"{book.name}: what the customer gets back"),
        *sheet(24, 56, openpyxl.load_workbook(book)["To fix"]),
        *window(8, 328, 590, 408, "What the customer is told"),
        *letter(24, 384, update, 18),
        *window(614, 328, WIDTH - 622, 408, "What the operator is told"),
        *letter(630, 384, night, 18),
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" font-family="{SANS}" font-size="13">'
    return "\n".join([head, f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#f6f8fa"/>', *parts, "</svg>", ""])


def mails(home: Path, kind: str) -> Iterator[EmailMessage]:
    """The mails of a kind, oldest first."""
    parser = BytesParser(policy=policy.default)
    found = [parser.parsebytes(file.read_bytes()) for file in sorted((home / "mail").glob(f"{kind}.*.eml"))]
    for message in sorted(found, key=lambda message: message["Date"].datetime):
        if isinstance(message, EmailMessage):
            yield message


def text_of(message: EmailMessage) -> str:
    """The text part of a mail."""
    part = message.get_body(("plain",))
    return str(part.get_content()) if part is not None else ""


def window(x: int, y: int, width: int, height: int, title: str) -> Iterator[str]:
    """A frame with a title."""
    yield f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" fill="#fff" stroke="{LINE}"/>'
    yield f'<path d="M{x} {y + 34}h{width}" stroke="{LINE}"/>'
    yield words(x + 16, y + 22, title, fill=GREY, weight=600)


def sheet(x: int, y: int, source: Worksheet) -> Iterator[str]:
    """Some rows of a sheet, with the colours that its cells have."""
    cells = [list(row) for row in source.iter_rows()]
    heads = {str(cell.value): place for place, cell in enumerate(cells[0])}
    phone = heads["Phone Number"]
    chosen = [row for wanted in ROWS for row in cells[1:] if row[phone].value == wanted]
    for number, row in enumerate([cells[0], *chosen]):
        left = x
        for label, width in COLUMNS.items():
            yield from box(left, y + number * 30, width, row[heads[label]])
            left += width


def box(x: int, y: int, width: int, cell: Cell) -> Iterator[str]:
    """One cell; what does not fit is cut off with an ellipsis."""
    filled = f"#{cell.fill.fgColor.rgb[2:]}" if cell.fill.fill_type else "#fff"
    dark = filled == "#1F4E78"
    shown = cut(str(cell.value or ""), int((width - 12) / 6.7))
    yield f'<rect x="{x}" y="{y}" width="{width}" height="30" fill="{filled}" stroke="{LINE}"/>'
    yield words(x + 6, y + 20, shown, fill="#fff" if dark else "#9C0006" if filled == "#FFC7CE" else INK, weight=600 if cell.font.bold else 400, size=12)


def letter(x: int, y: int, message: EmailMessage, most: int) -> Iterator[str]:
    """The head of a mail and the first lines of its text."""
    yield words(x, y, f"To: {message['To']}", fill=GREY)
    yield words(x, y + 22, cut(str(message["Subject"]), 66), weight=600)
    for number, line in enumerate(shortened(text_of(message).splitlines(), most)):
        yield words(x, y + 48 + number * 16, line, family=MONO, size=11.5)


def shortened(lines: Iterable[str], most: int) -> Iterator[str]:
    """The first lines, and a sign that there are more."""
    for number, line in enumerate(lines):
        if number == most:
            yield "\u2026"
            return
        yield line


def cut(text: str, most: int) -> str:
    """The text, with an ellipsis for what is more than `most` signs."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "\u2026"


def words(x: float, y: float, text: str, *, fill: str = INK, weight: int = 400, size: float = 13, family: str = SANS) -> str:
    """A line of text."""
    return f'<text x="{x}" y="{y}" fill="{fill}" font-weight="{weight}" font-size="{size}" font-family="{family}" xml:space="preserve">{escape(text, quote=False)}</text>'


def screenshot(home: Path, target: Path, browser: str) -> None:
    """The top of the report about a home, on the morning after its last night, as a browser shows it."""
    from playwright.sync_api import sync_playwright

    page = target.with_suffix(".html")
    subprocess.run([sys.executable, "-m", "batchport", "--config", home / "config.yaml", "--at", MORNING, "report", "-o", page], check=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        window = chromium.new_page(viewport={"width": 1180, "height": 744})
        window.goto(page.resolve().as_uri())
        window.screenshot(path=target)
        chromium.close()
    page.unlink()


def main() -> None:
    """Write the pictures."""
    home = Path(sys.argv[1] if len(sys.argv) > 1 else "scratch/night")
    (ROOT / "docs" / "picture.svg").write_text(picture(home), "utf-8")
    if browser := shutil.which("chromium"):
        screenshot(home, ROOT / "docs" / "report.png", browser)


if __name__ == "__main__":
    main()
