"""Responses become lines in one form, or the file is set aside whole with the reason."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchport.carriers.parse import NO_VERSION, Response, ResponseUnreadable, parse
from batchport.carriers.profile import load_profile

GOLDEN = Path(__file__).parent.parent / "golden" / "carriers" / "generic-csv" / "responses"
PROFILE = load_profile("generic-csv")
HEADER = "PON,VER,TN,STATUS,CODE,TEXT,FOC_DATE,AT"
PON = "P7K2M9QX4TZA"
steadily = settings(deadline=None, derandomize=True, database=None)


def response(*records: str, header: str = HEADER, end: str = "\r\n") -> Response:
    return parse(PROFILE, end.join([header, *records, ""]).encode())


def only(record: str, column: str) -> Any:
    (value,) = response(record).lines[column].tolist()
    return value


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("*.csv")))
def test_the_golden_responses_say_the_golden_lines(name: str) -> None:
    expected = GOLDEN / f"{name}.lines.json"
    said = parse(PROFILE, (GOLDEN / f"{name}.csv").read_bytes()).lines.to_dict("records")
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in said)
    if os.environ.get("BATCHPORT_REGENERATE"):
        expected.write_text(text, "utf-8")
    assert text == expected.read_text("utf-8")


TELEPHONES = [
    ("6172340142", "6172340142"),
    ("617-234-0142", "6172340142"),
    ("(617) 234-0142", "6172340142"),
    ("+1 617 234 0142", "6172340142"),
    ("1.617.234.0142", "6172340142"),
    ("tel:+1-617-234-0142", "6172340142"),
    ("6172340142.0", "6172340142"),
    ("'6172340142", "6172340142"),
    (" 617\u00a0234\u20110142 ", "6172340142"),
    ("", ""),
    ("617-234-014", "617-234-014"),
    ("617-234-0142 x5", "617-234-0142 x5"),
    ("26172340142", "26172340142"),
    ("٦١٧٢٣٤٠١٤٢", "٦١٧٢٣٤٠١٤٢"),
    ("ALL", "ALL"),
]


@pytest.mark.parametrize(("written", "number"), TELEPHONES)
def test_a_number_in_any_usual_form_is_ten_digits_and_what_is_none_stays(written: str, number: str) -> None:
    assert only(f"{PON},01,{written},ACK,,,,", "tn") == number


@pytest.mark.parametrize(
    ("written", "version"), [("", 0), ("01", 1), ("1", 1), ("12.0", 12), ("v2", NO_VERSION), ("-1", NO_VERSION), ("9" * 30, NO_VERSION)]
)
def test_versions_are_compared_as_numbers(written: str, version: int) -> None:
    assert only(f"{PON},{written},,ACK,,,,", "ver") == version


@pytest.mark.parametrize(("written", "status"), [("FOC", "FOC"), ("foc", "FOC"), (" Foc ", "FOC"), ("Parked", "PARKED"), ("", "")])
def test_a_status_is_read_without_case_and_an_unknown_one_stays(written: str, status: str) -> None:
    assert only(f"{PON},01,,{written},,,,", "status") == status


def test_a_partners_own_words_for_a_status_are_understood() -> None:
    profile = load_profile("generic-csv", {"responses": {"statuses": {"COMPLETE": ["Ported", "Done"]}}})
    lines = parse(profile, f"{HEADER}\n{PON},01,,ported,,,,\n{PON},01,,DONE,,,,\n".encode()).lines
    assert lines["status"].tolist() == ["COMPLETE", "COMPLETE"]


DATES = [
    ("2026-12-04", "2026-12-04"),
    ("12/4/2026", "2026-12-04"),
    ("12/04/26", "2026-12-04"),
    ("20261204", "2026-12-04"),
    ("2026-12-04T00:00:00", "2026-12-04"),
    ("2026-02-30", ""),
    ("soon", ""),
    ("", ""),
]


@pytest.mark.parametrize(("written", "date"), DATES)
def test_dates_are_iso_or_blank(written: str, date: str) -> None:
    assert only(f"{PON},01,,FOC,,,{written},", "foc_date") == date


MOMENTS = [
    ("2026-11-24T13:05:00Z", "2026-11-24T13:05:00.000000Z"),
    ("2026-11-24T13:05:00.25Z", "2026-11-24T13:05:00.250000Z"),
    ("2026-11-24T08:05:00-05:00", "2026-11-24T13:05:00.000000Z"),
    ("2026-11-24 08:05", "2026-11-24T13:05:00.000000Z"),
    ("2026-02-30T08:05:00Z", ""),
    ("0001-01-01T00:00:00+14:00", ""),
    ("noon", ""),
    ("", ""),
]


@pytest.mark.parametrize(("written", "moment"), MOMENTS)
def test_times_are_utc_and_sort_as_text(written: str, moment: str) -> None:
    assert only(f"{PON},01,,ACK,,,,{written}", "at") == moment
    assert response(f"{PON},01,,ACK,,,,{written}", f"{PON},01,,ACK,,,,2026-11-24T13:05:00Z").lines["at"][0] == moment


def test_columns_may_stand_in_any_order_and_others_are_passed_over() -> None:
    said = response(f"FOC,771,6172340142,{PON},2026-12-04,,01,", header="Status,Ticket,tn, PON ,FOC_DATE,CODE,VER,TEXT")
    assert said.ignored == ("Ticket",)
    (line,) = said.lines.to_dict("records")
    assert (line["pon"], line["status"], line["foc_date"], line["at"]) == (PON, "FOC", "2026-12-04", "")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_any_line_break_will_do_and_the_last_may_be_absent(end: str, last: bool) -> None:
    data = end.join([HEADER, f"{PON},01,,ACK,,,,", f"{PON},01,,FOC,,,2026-12-04,"]) + (end if last else "")
    assert parse(PROFILE, data.encode()).lines["status"].tolist() == ["ACK", "FOC"]


def test_codes_stay_text() -> None:
    assert only(f"{PON},01,,REJECT,06; 8A,,,", "code") == "06; 8A"


def test_lines_are_counted_as_people_count_records() -> None:
    lines = response(f'{PON},01,,ACK,,"one\r\ntwo",,', f"{PON},01,,ACK,,,,", "", f"{PON},01,,ACK,,,,").lines
    assert lines["line"].tolist() == [2, 3, 5]
    assert lines["text"].tolist() == ["one\r\ntwo", "", ""]


def test_a_header_alone_says_nothing() -> None:
    lines = response().lines
    assert len(lines) == 0
    assert list(lines) == ["line", "pon", "ver", "tn", "status", "code", "text", "foc_date", "at"]


def test_a_byte_order_mark_is_no_part_of_the_header() -> None:
    assert len(parse(PROFILE, b"\xef\xbb\xbf" + f"{HEADER}\n{PON},01,,ACK,,,,\n".encode()).lines) == 1


SET_ASIDE = [
    (b"", "there is no header line"),
    (b"\r\n\r\n", "there is no header line"),
    (f"{PON},01,6172340142,ACK,,,,\n".encode(), "there is no header line"),
    (b"PON,VER,TN,STATUS,CODE,TEXT\n", "the column FOC_DATE is missing"),
    (b"PON,VER,TN,STATUS,CODE,TEXT,FOC_DATE,tn\n", "the column TN is there twice"),
    (f"{HEADER}\n{PON},01,,ACK,,,,\n{PON},01,,ACK,,\n".encode(), "record 3 has 6 values, the header 8"),
    (f"{HEADER}\n{PON},01,,ACK,,a,b,,\n".encode(), "record 2 has 9 values, the header 8"),
    (f'{HEADER}\n{PON},01,,ACK,,"a,,\n{PON},01,,ACK,,,,\n'.encode(), "record 2 cannot be read: a quote is opened and not closed"),
    (f'{HEADER}\n{PON},01,,ACK,,"a"b,,\n'.encode(), "record 2 cannot be read: a closing quote stands inside a value"),
    (f"{HEADER}\n{PON},01,,ACK,,Refusé,,\n".encode("cp1252"), "it is not UTF-8 text"),
    (f"{HEADER}\n".encode("utf-16"), "it is not UTF-8 text"),
    (b"PK\x03\x04\x14\x00\x00\x00", "there is no header line"),
]


@pytest.mark.parametrize(("data", "reason"), SET_ASIDE)
def test_a_file_that_is_not_whole_is_set_aside_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ResponseUnreadable) as caught:
        parse(PROFILE, data)
    assert caught.value.reason.startswith(reason)
    assert "Refusé" not in caught.value.reason


DATA = f"{HEADER}\n{PON},01,,ACK,,,,\n{PON},01,,FOC,,,2026-12-04,".encode()
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.mark.parametrize("said", [{}, {"lines": 2}, {"lines": "2", "sha256": DIGEST.upper()}, {"sha256": DIGEST, "file": "x.csv"}])
def test_a_manifest_that_agrees_changes_nothing(said: dict[str, Any]) -> None:
    assert len(parse(PROFILE, DATA, manifest=json.dumps(said).encode()).lines) == 2


MANIFESTS = [
    (json.dumps({"lines": 3}).encode(), "it has 2 lines, its manifest says another number"),
    (json.dumps({"lines": None}).encode(), "it has 2 lines"),
    (json.dumps({"sha256": "0" * 64, "lines": 2}).encode(), "its manifest has another SHA-256"),
    (b"[2]", "its manifest cannot be read"),
    (b"\xff{", "its manifest cannot be read"),
    (b"[" * 100_000, "its manifest cannot be read"),
]


@pytest.mark.parametrize(("manifest", "reason"), MANIFESTS, ids=range(len(MANIFESTS)))
def test_a_manifest_that_says_otherwise_sets_the_file_aside(manifest: bytes, reason: str) -> None:
    with pytest.raises(ResponseUnreadable) as caught:
        parse(PROFILE, DATA, manifest=manifest)
    assert caught.value.reason.startswith(reason)


CELL = st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.sampled_from(["", '"', '""', ",", "\n", "\r\n", "\r", 'a"b', '","'])


@steadily
@given(texts=st.lists(CELL, max_size=6), dialect=st.sampled_from([("\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_MINIMAL)]))
def test_every_text_that_csv_can_hold_is_read_as_it_is(texts: list[str], dialect: tuple[str, Any]) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=dialect[0], quoting=dialect[1])
    writer.writerow(HEADER.split(","))
    writer.writerows([PON, "01", "", "ACK", "", f"<{text}>", "", ""] for text in texts)
    lines = parse(PROFILE, out.getvalue().encode()).lines
    assert lines["text"].tolist() == [f"<{text}>" for text in texts]
    assert lines["line"].tolist() == list(range(2, len(texts) + 2))


WRITTEN = st.sampled_from(["", "a", '"a"', '"a,b"', '"a""b"', '""', 'a"b', '"a\nb"', "a\rb", '"a"b', ' "a"', '"'])


@steadily
@given(records=st.lists(st.lists(WRITTEN, min_size=8, max_size=8), max_size=4), end=st.sampled_from(["\n", "\r\n"]))
def test_both_ways_of_reading_agree(records: list[list[str]], end: str) -> None:
    """A blank line before the header sends a file the slow and exact way."""
    data = end.join([HEADER, *(",".join(record) for record in records)])

    def read(text: str) -> Any:
        try:
            return parse(PROFILE, text.encode()).lines.drop(columns="line").to_numpy().tolist()
        except ResponseUnreadable:
            return "set aside"

    assert read(data) == read("\n" + data)


@steadily
@given(st.binary(max_size=200) | st.binary(max_size=80).map(lambda tail: f"{HEADER}\n{PON},".encode() + tail))
def test_no_bytes_make_it_stumble(data: bytes) -> None:
    reason = "it was read"
    try:
        parse(PROFILE, data)
    except ResponseUnreadable as error:
        reason = error.reason
    assert reason
