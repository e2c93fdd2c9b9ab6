"""The report: its figures are those of the other commands, it tells nothing that is secret, and whatever customers and partners write is only text."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from batchport.domain.findings import catalogue
from tests.conftest import LOCAL, NEXT, THIRD, Home, Story, account, batchport_process

#: By then the partner of the samples' story is late.
LATE = "2026-03-20T09:00:00-04:00"
#: The states that stand in one column of the customers' table.
GROUPS = {
    "Rejected": {"rejected"}, "Held": {"held"}, "Ready": {"ready"}, "With partner": {"submitted", "acknowledged", "delayed", "cancel_pending"}, "Confirmed": {"confirmed"},
    "Carrier rejected": {"carrier_rejected"}, "Moved": {"completed"}, "Ended": {"duplicate", "cancelled", "superseded"},
}  # fmt: skip


class Page(HTMLParser):
    """The tables of a page, by their ids, each row by the titles of its columns; and all its text outside of style and script."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, list[dict[str, str]]] = {}
        self.text = ""
        self._within: list[str] = []
        self._titles: list[str] = []
        self._cells: list[str] = []
        self.tags: Counter[str] = Counter()
        self.feed(html)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        if tag == "table":
            self._table, self._titles = self.tables.setdefault(dict(attributes)["id"] or "", []), []
        elif tag == "tr":
            self._cells = []
        elif tag in ("th", "td"):
            self._cells.append("")
        if tag not in ("meta", "link", "img", "input"):
            self._within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._within and self._within.pop() != tag:
            pass
        if tag == "tr":
            if not self._titles:
                self._titles = self._cells
            else:
                self._table.append(dict(zip(self._titles, self._cells, strict=True)))

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & {*self._within}:
            self.text += f"{data} "
            if {"th", "td"} & {*self._within}:
                self._cells[-1] += data

    def numbers(self, table: str, *key: str, of: str) -> dict[Any, int]:
        """Key -> the number in a column, of the rows in which it is not 0."""
        found = {tuple(row[title] for title in key) if len(key) > 1 else row[key[0]]: int(row[of].replace(",", "")) for row in self.tables[table]}
        return {name: number for name, number in found.items() if number}


def page_of(home: Home, *args: str, at: str = THIRD) -> Page:
    done = home("report", "-o", "-", *args, at=at)
    assert done.exit == 0, done.err
    return Page(done.out)


@pytest.fixture(scope="module")
def page(story: Story) -> Page:
    return page_of(story.home)


@pytest.fixture(scope="module")
def rows(story: Story) -> list[dict[str, Any]]:
    return story.home.json("status", at=THIRD)


def test_the_headline_is_the_count_of_the_last_pass(story: Story, page: Page) -> None:
    run = story.passes[-1].last
    assert f"The count comes out {run['rows']['read']} rows read, {run['rows']['read']} in a state" in page.text
    assert f"{run['lines']['sent']} lines sent, {run['lines']['answered']} answered and {run['lines']['outstanding']} outstanding" in page.text


def test_what_needs_somebody_is_what_the_commands_list(story: Story, page: Page, rows: list[dict[str, Any]]) -> None:
    states = Counter(row["state"] for row in rows)
    assert f"{states['rejected']} rows wait for their customers" in page.text
    assert f"{states['carrier_rejected']} numbers were rejected by their carriers" in page.text
    assert f"{len(story.home.exceptions())} exception line is open" in page.text
    assert "0 orders are overdue" in page.text
    assert page.numbers("strange", "Partner", "Why", of="Lines") == Counter((line["partner"], line["reason"]) for line in story.home.exceptions())


def test_the_pipeline_is_rows_by_state(page: Page, rows: list[dict[str, Any]]) -> None:
    assert page.numbers("states", "State", of="Rows") == Counter(row["state"].replace("_", " ") for row in rows)


def test_rejections_are_told_by_reason_carrier_and_class(page: Page, rows: list[dict[str, Any]]) -> None:
    rejected = [row for row in rows if row["state"] == "carrier_rejected"]
    assert page.numbers("reasons", "Code", "Class", of="Numbers") == Counter((reason["code"], reason["class"]) for row in rejected for reason in row["reasons"])
    assert page.numbers("carriers", "Losing carrier", of="Numbers rejected") == Counter(row["losing_carrier"] for row in rejected)
    assert page.numbers("classes", "Class", of="Numbers") == Counter(class_ for row in rejected for class_ in {reason["class"] for reason in row["reasons"]})


def test_our_own_findings_are_the_errors_of_rejected_rows(page: Page, rows: list[dict[str, Any]]) -> None:
    found = Counter(code for row in rows if row["state"] == "rejected" for code in row["findings"] if catalogue()[code].severity == "error")
    assert page.numbers("faults", "Finding", of="Rows") == found


def test_what_moves_next_is_confirmed_for_it(page: Page, rows: list[dict[str, Any]]) -> None:
    days = Counter(row["foc_date"] for row in rows if row["state"] == "confirmed")
    week = {day: number for day, number in days.items() if date(2026, 3, 4) <= date.fromisoformat(day) <= date(2026, 3, 11)}
    assert 0 < len(week) < len(days)
    assert page.numbers("moving", "Day", of="Numbers") == week


def test_each_customer_has_its_rows(page: Page, rows: list[dict[str, Any]]) -> None:
    for name, customer in (("Acme Corporation (acme)", "acme"), ("Harbor Voice (harbor)", "harbor")):
        (line,) = [row for row in page.tables["customers"] if row["Customer"] == name]
        states = Counter(row["state"] for row in rows if row["customer"] == customer)
        assert int(line["Rows"]) == states.total()
        assert {title: int(line[title]) for title in GROUPS} == {title: sum(states[state] for state in group) for title, group in GROUPS.items()}
        assert line["Waits for them"] == f"{states['rejected']} to correct; {states['carrier_rejected']} rejected by the carrier"
        assert line["Came"] == "2026-03-02"
        assert line["Last sheet"] in {row["file"] for row in rows if row["customer"] == customer}


def test_each_partner_has_its_balance(story: Story, page: Page) -> None:
    files = story.home.json("balance", at=THIRD)
    (line,) = page.tables["partners"]
    answered, outstanding = sum(sum(file["answered"].values()) for file in files), sum(file["outstanding"] for file in files)
    expected = {"Partner": "sample", "Files": len(files), "Lines sent": answered + outstanding, "Answered": answered, "Outstanding": outstanding, "Share answered": "68%"}
    assert line == {title: str(value) for title, value in expected.items()} | {"Last sent": "2026-03-02 20:00", "Last heard": "2026-03-04 20:00"}


def test_what_is_overdue_is_listed_by_order(story: Story) -> None:
    page = page_of(story.home, at=LATE)
    late = story.home.json("status", "--overdue", at=LATE)
    assert f"{len({row['pon'] for row in late})} orders are overdue" in page.text
    listed = {(row["Order"], row["Due"]): int(row["Numbers"]) for row in page.tables["due"] if row["Days late"]}
    assert listed == Counter((row["pon"], row["due"]) for row in late)
    assert {row["What"] for row in page.tables["due"]} == {"no answer", "has not moved"}
    assert all(int(row["Days late"]) == (date(2026, 3, 20) - date.fromisoformat(row["Due"])).days for row in page.tables["due"])


def test_waiting_times_are_business_days_from_sending_to_answer(home: Home) -> None:
    home.take(LOCAL, *account(3), *account(2, btn="617-237-3300", account_number="B99"), at="2026-03-05T20:00:00-05:00")  # a Thursday
    home.answer(("", "", "6172340142", "ACK"), (home.pon("617-236-2201"), "", "", "FOC", "", "", "2026-03-12"), at="2026-03-06T20:00:00-05:00")
    home.answer(("", "", "6172340142", "FOC", "", "", "2026-03-10"), name="b.csv", at="2026-03-09T20:00:00-04:00")
    home.answer(("", "", "6172340142", "COMPLETE"), name="c.csv", at="2026-03-10T20:00:00-04:00")
    page = page_of(home, at="2026-03-10T21:00:00-04:00")
    waits = {name: page.numbers(f"wait-{name}", "Business days", of="Orders") for name in ("first-answer", "confirmation", "completion")}
    assert waits == {"first-answer": {"1": 2}, "confirmation": {"1": 1, "2": 1}, "completion": {"3": 1}}
    assert "Days to the confirmation Half within 1 day 90% within 2 days Not yet 1" in page.text
    assert "Days to the completion Half within 3 days 90% within 3 days Not yet 2" in page.text


def test_a_rejected_order_counts_for_its_numbers_that_have_no_line_of_their_own(home: Home) -> None:
    home.take(*account(3))
    pon = home.pon("617-236-2201")
    home.answer((pon, "", "", "REJECT", "6M"), (pon, "", "6172362201", "REJECT", "8A"))
    assert page_of(home, at=NEXT).numbers("reasons", "Code", of="Numbers") == {"6M": 2, "8A": 1}


def test_what_a_partner_says_in_its_own_words_is_told_without_numbers(home: Home) -> None:
    home.take(*account(3))
    for number, said in (("6172362201", "No account B7714420 here"), ("6172362200", "No account 80-144217 here")):
        home.answer(("", "", number, "REJECT", "ZZ9", said), name=f"{number}.csv")
    page = page_of(home, at=NEXT)
    assert [(row["Code"], row["Reason"], row["Class"], row["Numbers"]) for row in page.tables["reasons"]] == [("ZZ9", "No account … here", "OPS", "2")]


def test_since_leaves_out_what_was_before(home: Home) -> None:
    home.take(LOCAL, LOCAL | {"tn": "617-234-0199", "name": "", "account_number": "77", "destination": "x"})
    home.answer((home.pon("617-234-0142"), "", "", "REJECT", "8A"))
    assert {"reasons", "faults", "wait-first-answer"} <= page_of(home, at=THIRD).tables.keys()
    later = page_of(home, "--since", "2026-03-04", at=THIRD)
    assert not {"reasons", "faults", "wait-first-answer"} & later.tables.keys()
    assert "1 row waits for its customer" in later.text
    assert "No order was sent since 2026-03-04." in later.text


def test_an_order_held_by_hand_and_a_sheet_without_columns_wait_for_somebody(home: Home) -> None:
    home.drop(LOCAL)
    home("intake")
    home("hold", home.pon("617-234-0142"), "--why", "asked on the phone")
    home.drop(content="Colour,Floor\nred,1\n", name="odd.csv", customer="harbor")
    home.run(NEXT)
    page = page_of(home, at=NEXT)
    assert "1 order is kept back by hand" in page.text
    (line,) = [row for row in page.tables["customers"] if row["Customer"].startswith("Harbor")]
    assert (line["Waits for them"], line["Last sheet"]) == ("1 sheet to confirm", "odd.csv (unmapped)")


def test_mails_that_reached_nobody_are_counted(home: Home) -> None:
    home.take(LOCAL)
    with home.database() as base:
        for state, kind in (("bounced", "received"), ("failed", "night")):
            assert base.execute("update mails set state = ? where kind = ?", (state, kind)).rowcount == 1
    assert "2 mails did not reach anybody" in page_of(home).text


def test_a_count_that_does_not_come_out_is_shouted(home: Home) -> None:
    home.take(LOCAL)
    with home.database() as base:
        base.execute("insert into files select id + 1, customer, 'lost.csv', 'x', bytes, state, received, pass_id, 1000, 7, sheets, problems, same_as, put_away, false, null, false, '' from files")
    page = page_of(home)
    assert "THE COUNT DOES NOT COME OUT" in page.text
    assert "8 rows read, 1 in a state" in page.text


def test_a_home_without_rows_has_sentences_instead_of_charts(home: Home) -> None:
    page = page_of(home)
    assert page.tags["svg"] == 0
    assert "No sheet has been read yet." in page.text
    assert [row["Rows"] for row in page.tables["customers"]] == ["0", "0"]


def test_what_others_write_is_only_text(home: Home) -> None:
    hostile = '<script>alert(1)<!-- "\' \u202eexe.\x07csv'
    home.drop(LOCAL, name=hostile)
    home.run()
    home.answer((home.pon("617-234-0142"), "", "", "REJECT", '<b>"x', "</svg><script>alert(2)</script>\u202e ]]>"))
    html = home("report", "-o", "-", at=NEXT).out
    page = Page(html)
    assert (page.tags["script"], page.tags["b"]) == (1, 0)
    assert (page.tables["reasons"][0]["Code"], page.tables["reasons"][0]["Reason"]) == ('<b>"x', "</svg><script>alert(2)</script>  ]]>")
    assert page.tables["customers"][0]["Last sheet"] == '<script>alert(1)<!-- "\'  exe. csv'
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e]", html)


def test_no_secret_and_no_number_is_on_the_page(story: Story) -> None:
    html = re.sub(r"<(style|script)>.*?</\1>", "", story.home("report", "-o", "-", at=LATE).out, flags=re.DOTALL)
    said = Page(html).text
    numbers = {str(line[name]) for line in story.home.sent() for name in ("TN", "BTN", "ACCOUNT_NUMBER", "PIN")}
    secrets = {value for value in numbers if len(value) >= 5}
    assert len(secrets) > 100
    assert [value for value in secrets if value in said or re.sub(r"(\d{3})(\d{3})(\d{4})", r"\1-\2-\3", value) in said] == []


def test_the_same_home_at_the_same_time_makes_the_same_page(story: Story, tmp_path: Path) -> None:
    assert story.home("report", "-o", tmp_path / "one.html", at=LATE).exit == 0
    other = batchport_process("report", "-o", tmp_path / "two.html", at=LATE, config=story.home.config, env={"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"})
    assert (other.exit, other.err) == (0, "")
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_it_is_written_here_for_its_owner_alone_and_says_where(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert home("report").out == "report.html\n"
    assert (tmp_path / "report.html").stat().st_mode & 0o777 == 0o600
    done = home("report", "-o", tmp_path / "none" / "r.html")
    assert (done.exit, "none" in done.err) == (2, True)


def test_an_operators_own_template_takes_the_place_of_ours(home: Home) -> None:
    own = home.path / "templates" / "report"
    own.mkdir(parents=True)
    home.set("home: .\n", "home: .\ntemplates: templates\n")
    (own / "report.css").write_text("body { color: teal }", "utf-8")
    html = home("report", "-o", "-").out
    assert "<style>body { color: teal }</style>" in html
    assert "<h1>Port desk report</h1>" in html
    (own / "report.html").write_text("<p>{{ facts.nonsense }}</p>", "utf-8")
    done = home("report", "-o", "-")
    assert done.exit == 2
    assert "report.html, line 1" in done.err
    assert "nonsense" in done.err
