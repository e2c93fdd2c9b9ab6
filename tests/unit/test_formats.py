"""Every format carries what is put into it, refuses what it cannot, and reads no file that is not whole."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batchport.carriers.answers import compose, example
from batchport.carriers.formats import Facts, format_of
from batchport.carriers.layout import ANSWERS, SOURCES, Layout
from batchport.carriers.parse import ResponseUnreadable, parse
from batchport.carriers.profile import Profile, ProfileError, load_profile, profile_names
from batchport.carriers.render import RenderError, each_file, files_of, manifest, render

NOW = datetime(2026, 11, 23, 19, 30, tzinfo=UTC)
PON = "P7K2M9QX4TZA"
steadily = settings(deadline=None, derandomize=True, database=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
LAYOUTS = [(name, place) for name in profile_names() for place in range(len(list(load_profile(name).responses.layouts)))]


def table(*rows: dict[str, str], categories: bool = False) -> pd.DataFrame:
    blank = dict.fromkeys(SOURCES, "")
    usual = {"pon": PON, "ver": "01", "tn": "6172340142", "number_type": "business_local", "line": "1", "lines": str(len(rows))}
    frame = pd.DataFrame([{**blank, **usual, **row} for row in rows], columns=list(SOURCES), dtype="str")
    return frame.astype("category") if categories else frame


def layout_of(name: str, place: int) -> Layout:
    return list(load_profile(name).responses.layouts)[place]


# -- what comes along -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "place"), LAYOUTS)
def test_the_answer_that_show_prints_is_read_as_it_is_meant(name: str, place: int) -> None:
    layout = layout_of(name, place)
    answers = example(layout, ["06", "08"])
    lines = parse(load_profile(name), compose(layout, answers)).lines
    statuses = {word: status for status, words in layout.statuses.items() for word in words}
    assert lines["tn"].tolist() == [answer.get("tn", "") for answer in answers]
    assert lines["status"].tolist() == [statuses.get(answer["status"], layout.otherwise) for answer in answers]
    assert [code for code in lines["code"] if code] == (["06;08"] if "code" in layout.columns else [])
    if "pon" in layout.columns:
        assert set(lines["pon"]) == {PON}


@pytest.mark.parametrize(("name", "place"), LAYOUTS)
def test_a_response_that_says_nothing_has_no_lines(name: str, place: int) -> None:
    assert len(parse(load_profile(name), compose(layout_of(name, place), [])).lines) == 0


def test_the_profiles_of_the_contract_come_along() -> None:
    assert profile_names() == ["generic-csv", "lnp-xml", "lsr-fixed", "somos-roc", "tn-list"]
    assert {name: load_profile(name).max_lines for name in profile_names()} == {
        "generic-csv": 999, "lnp-xml": 999, "lsr-fixed": 999, "somos-roc": 5000, "tn-list": 999,
    }  # fmt: skip


# -- what is written can be read back ---------------------------------------------------------------------------------------------------------

SIGNS = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\ufffe\uffff")
ANY = st.text(SIGNS, max_size=8) | st.sampled_from(["", '"', ",", ";", "|", "a,b", "=1+1", "]]>", "<a>", "&amp;", "{{ x }}", "{% raw %}", "é", "漢字", "0042", "null", "  "])
PLAIN = st.text("abcXYZ019 -,.;&'\"<>|=", max_size=10).map(str.strip)
OUT = {
    "delimited": {"format": {"kind": "delimited", "delimiter": ";"}},
    "xlsx": {"format": {"kind": "xlsx"}},
    "json": {"format": {"kind": "json", "records": "order.lines"}},
}


@steadily
@pytest.mark.parametrize("kind", sorted(OUT))
@given(values=st.lists(st.tuples(ANY, ANY), min_size=1, max_size=5), categories=st.booleans())
def test_a_table_reads_back_as_it_was(kind: str, values: list[tuple[str, str]], categories: bool) -> None:
    columns = [{"header": "PON", "source": "pon"}, {"header": "name.full", "source": "name"}, {"header": "name.of", "source": "authorized_name"}]
    profile = load_profile("generic-csv", {**OUT[kind], "columns": columns})
    layout = Layout.model_validate({"format": OUT[kind]["format"], "columns": {"pon": "PON", "text": "name.full", "status": "name.of"}, "statuses": {}})
    try:
        (file,) = render(profile, "sample", table(*({"name": name, "authorized_name": other} for name, other in values), categories=categories), sequence=1, now=NOW)
    except RenderError as error:
        assert kind == "xlsx", error
        return
    back, ignored = format_of(kind).read(file.data, layout)
    assert ignored == ()
    assert list(zip(back["name.full"].to_pylist(), back["name.of"].to_pylist(), strict=True)) == values
    assert back["PON"].to_pylist() == [PON] * len(values)


FIXED = {
    "kind": "fixed", "encoding": "cp1252",
    "records": [
        {"name": "HDR", "per": "file", "fields": [{"header": "R", "width": 3, "value": "HDR"}, {"header": "N", "width": 6, "fact": "sequence", "align": "right", "fill": "0"}]},
        {"name": "ORD", "per": "order", "fields": [{"header": "R", "width": 3, "value": "ORD"}, {"header": "PON", "width": 12, "source": "pon"}, {"header": "NAME", "width": 12, "source": "name"}]},
        {"name": "NUM", "per": "line", "fields": [
            {"header": "R", "width": 3, "value": "NUM"}, {"header": "LINE", "width": 4, "source": "line", "align": "right", "fill": "0"},
            {"header": "TN", "width": 10, "source": "tn"}, {"header": "UNIT", "width": 9, "source": "unit", "align": "right"},
        ]},
        {"name": "TRL", "per": "trailer", "fields": [
            {"header": "R", "width": 3, "value": "TRL"}, {"header": "ORDERS", "width": 4, "fact": "orders", "align": "right", "fill": "0"},
            {"header": "LINES", "width": 4, "fact": "lines", "align": "right", "fill": "0"}, {"header": "SUM", "width": 10, "fact": "tn_sum", "align": "right", "fill": "0"},
            {"header": "CRC", "width": 8, "fact": "crc32"},
        ]},
    ],
}  # fmt: skip
FIXED_LAYOUT = Layout.model_validate({"format": FIXED, "columns": {"pon": "PON", "tn": "TN", "text": "NAME", "status": "UNIT", "ver": "LINE"}, "statuses": {}})
NUMBERS = st.integers(2_000_000_000, 9_999_999_999).map(str)


@steadily
@given(orders=st.lists(st.tuples(PLAIN, st.lists(st.tuples(NUMBERS, PLAIN.map(lambda text: text[:9].strip())), min_size=1, max_size=4)), min_size=1, max_size=4), end=st.sampled_from(["CRLF", "LF"]))
def test_fixed_records_read_back_as_they_were_and_their_totals_come_out(orders: list[tuple[str, list[tuple[str, str]]]], end: str) -> None:
    profile = load_profile("generic-csv", {"format": {**FIXED, "line_end": end}, "columns": []})
    rows = [
        {"pon": f"P{place:011}", "name": name, "tn": tn, "unit": unit, "line": str(line)}
        for place, (name, lines) in enumerate(orders) for line, (tn, unit) in enumerate(lines, 1)
    ]  # fmt: skip
    (file,) = render(profile, "sample", table(*rows), sequence=7, now=NOW)
    back, _ = format_of("fixed").read(file.data, FIXED_LAYOUT)
    read = back.to_pandas()[["PON", "NAME", "TN", "UNIT", "LINE"]].to_dict("records")
    assert read == [{"PON": row["pon"], "NAME": row["name"], "TN": row["tn"], "UNIT": row["unit"], "LINE": row["line"]} for row in rows]
    assert {len(line) for line in file.data.splitlines()} == {9, 27, 26, 29}


@steadily
@given(name=ANY, remarks=st.lists(ANY, min_size=1, max_size=3))
def test_an_xml_document_reads_back_as_it_was(name: str, remarks: list[str]) -> None:
    lines = table(*({"name": name, "remarks": text, "tn": f"61723401{place:02}", "line": str(place + 1)} for place, text in enumerate(remarks)))
    (file,) = render(load_profile("lnp-xml"), "sample", lines, sequence=1, now=NOW)
    root = ET.fromstring(file.data)
    assert root.findtext("EndUser/Name") == name
    assert [number.text or "" for number in root.iter("Number")] == remarks
    columns = {"pon": "@pon", "tn": "@tn", "status": "EndUser/Name", "at": "@line"}
    layout = Layout.model_validate({"format": {"kind": "xml", "records": "PortOrder/Numbers/Number"}, "columns": columns, "statuses": {}})
    back, _ = format_of("xml").read(file.data, layout)
    assert back["@tn"].to_pylist() == lines["tn"].tolist()
    assert back["EndUser/Name"].to_pylist() == [name.strip()] * len(remarks)


SAID = st.fixed_dictionaries({"tn": NUMBERS | st.just(""), "status": st.sampled_from(["ACK", "REJECT", "FOC"]), "code": st.sampled_from(["", "8A", "8A;8C"]), "text": PLAIN})


@steadily
@pytest.mark.parametrize("name", ["generic-csv", "lsr-fixed", "lnp-xml", "json"])
@given(said=st.lists(SAID, max_size=5))
def test_every_kind_of_response_reads_as_it_was_written(name: str, said: list[dict[str, str]]) -> None:
    profile = load_profile("generic-csv", {"responses": {"format": {"kind": "json", "records": "answers"}}}) if name == "json" else load_profile(name)
    answers: Any = [{"pon": PON, "ver": "01", **one} for one in said]
    lines = parse(profile, compose(profile.responses, answers)).lines
    assert lines[["tn", "status", "code", "text"]].to_dict("records") == said


# -- what a format cannot carry ---------------------------------------------------------------------------------------------------------------

CANNOT = [
    ("lsr-fixed", {"name": "漢字"}, "name", "has a sign in it that ascii does not have"),
    ("lsr-fixed", {"name": "one\ntwo"}, "name", "has a line break or another control sign in it"),
    ("lsr-fixed", {"account_number": "1" * 21}, "account_number", "is longer than 20 signs"),
    ("lsr-fixed", {"pin": "1" * 16}, "pin", "is longer than 15 signs"),
    ("lnp-xml", {"name": "one\rtwo"}, "name", "has a line break or another control sign in it"),
    ("lnp-xml", {"name": "\x0b"}, "name", "has a line break or another control sign in it"),
    ("lnp-xml", {"name": "\ufffe"}, "name", "has a line break or another control sign in it"),
    ("lnp-xml", {"number_type": "unheard of"}, "the document", "is not valid against lnp-xml.xsd: /PortOrder/NumberType: EnumerationFacets"),
    ("tn-list", {"remarks": "one\ntwo"}, "remarks", "has a line break or another control sign in it"),
    ("somos-roc", {"resporg_id": "_x000d_"}, "resporg_id", "has a sign in it that a cell cannot hold, or too many signs"),
]


@pytest.mark.parametrize(("name", "row", "field", "why"), CANNOT)
def test_a_value_that_would_break_a_file_is_refused_by_order_and_field(name: str, row: dict[str, str], field: str, why: str) -> None:
    with pytest.raises(RenderError) as caught:
        render(load_profile(name), "sample", table({}, {"pon": "P8C3RD0WV5HJ", **row}), sequence=1, now=NOW)
    assert (caught.value.pon, caught.value.field, caught.value.why) == ("P8C3RD0WV5HJ", field, why)


@pytest.mark.parametrize("value", ["]]>", '"', "<b>", "&lt;", "{{ pon }}", "{% endfor %}", "Zoë 漢字", "--", "<!--"])
def test_no_text_can_break_an_xml_document(value: str) -> None:
    (file,) = render(load_profile("lnp-xml"), "sample", table({"name": value, "pin": value, "remarks": value}), sequence=1, now=NOW)
    root = ET.fromstring(file.data)
    assert root.findtext("EndUser/Name") == value
    assert [(number.text, number.get("pin")) for number in root.iter("Number")] == [(value, value)]


def test_a_name_of_forty_signs_is_cut_where_the_record_has_twenty_five() -> None:
    profile = load_profile("lsr-fixed")
    (file,) = render(profile, "sample", table({"name": "Boulangerie Élan du Vieux-Montréal Ltée."}), sequence=1, now=NOW)
    (line,) = [line for line in file.data.decode("ascii").splitlines() if line.startswith("EUI")]
    assert line[19:44] == "Boulangerie Elan du Vieux"
    assert profile.cuts["name"] == 25
    assert (profile.takes["account_number"], profile.takes["pin"]) == (20, 15)


# -- one file an order, and what goes beside --------------------------------------------------------------------------------------------------


def test_one_file_an_order_counts_on_without_gaps() -> None:
    files = render(load_profile("tn-list"), "sample", table({}, {}, {"pon": "P8C3RD0WV5HJ"}, {"pon": "P9XE2NAYB6KM"}), sequence=41, now=NOW)
    assert [(file.name, file.sequence, file.orders, file.lines) for file in files] == [
        ("sample-20261123-000041.csv", 41, 1, 2), ("sample-20261123-000042.csv", 42, 1, 1), ("sample-20261123-000043.csv", 43, 1, 1),
    ]  # fmt: skip


def test_a_cover_sheet_goes_first_and_is_kept_with_its_file() -> None:
    (file,) = render(load_profile("tn-list"), "sample", table({"name": "Harbor Bakery", "pin": "0042"}), sequence=1, now=NOW)
    assert file.data == b"PhoneNumber\r\n6172340142\r\n"
    names = files_of(file.name, manifest(file), file.stored)
    assert [name for name, _ in names] == ["sample-20261123-000001-cover.txt", "sample-20261123-000001.csv.manifest.json", "sample-20261123-000001.csv"]
    assert dict(names)[file.name] == file.data
    assert b"Harbor Bakery" in names[0][1]
    assert b"0042" in names[0][1]


def test_a_file_without_one_is_kept_as_it_is() -> None:
    (file,) = render(load_profile("generic-csv"), "sample", table({}), sequence=1, now=NOW)
    assert file.stored == file.data
    assert files_of(file.name, manifest(file), file.stored) == [(f"{file.name}.manifest.json", manifest(file)), (file.name, file.data)]


def test_files_are_made_when_they_are_asked_for() -> None:
    files = each_file(load_profile("lnp-xml"), "sample", table(*({"pon": f"P{place:011}"} for place in range(500))), sequence=1, now=NOW)
    assert next(files).sequence == 1
    assert next(files).sequence == 2


def test_a_name_may_have_the_order_in_it_where_a_file_has_one() -> None:
    profile = load_profile("tn-list", {"file_name": "{pon}-{sequence}.csv"})
    assert render(profile, "sample", table({}), sequence=3, now=NOW)[0].name == f"{PON}-3.csv"
    with pytest.raises(ProfileError, match="orders_per_file: 1"):
        load_profile("generic-csv", {"file_name": "{pon}-{sequence}.csv"})


# -- forms ------------------------------------------------------------------------------------------------------------------------------------

WRITTEN = [
    ({"form": {"case": "upper"}}, "Élan du Lac", "ÉLAN DU LAC"),
    ({"form": {"case": "lower"}}, "ABC", "abc"),
    ({"form": {"plain": True}}, "Zoë Straße Æsir “Ltd”", 'Zoe Strasse AEsir "Ltd"'),
    ({"form": {"omit": ["0000"]}}, "0000", ""),
    ({"form": {"omit": ["0000"]}}, "00000", "00000"),
    ({"width": 6}, "abc", "abc   "),
    ({"width": 6, "align": "right", "fill": "0"}, "42", "000042"),
    ({"width": 6, "align": "right", "fill": "0"}, "", "      "),
    ({"width": 3, "form": {"too_long": "cut"}}, "ab cd", "ab "),
]


@pytest.mark.parametrize(("column", "value", "written"), WRITTEN)
def test_a_value_is_written_as_its_column_says(column: dict[str, Any], value: str, written: str) -> None:
    profile = load_profile("generic-csv", {"columns": [{"header": "IT", "source": "name", **column}], "format": {"delimiter": "|", "header": False}})
    (file,) = render(profile, "sample", table({"name": value}), sequence=1, now=NOW)
    assert next(csv.reader(io.StringIO(file.data.decode()), delimiter="|")) == [written]


def test_a_setting_stands_in_its_column_or_the_source_where_it_is_blank() -> None:
    lines = table({"tn": "8332340147", "resporg_id": "QIT02"})

    def cells(profile: Profile) -> list[Any]:
        (file,) = render(profile, "sample", lines, sequence=1, now=NOW)
        return [cell.value for cell in openpyxl.load_workbook(io.BytesIO(file.data)).active[2]]

    assert cells(load_profile("somos-roc")) == ["833-234-0147", "QIT02", "WORKING"]
    assert cells(load_profile("somos-roc", {"settings": {"resporg": "HBR01"}})) == ["833-234-0147", "HBR01", "WORKING"]


def test_what_the_partner_requires_may_not_be_blank() -> None:
    with pytest.raises(RenderError, match="requested_date is blank, and the partner requires it"):
        render(load_profile("generic-csv", {"required": ["requested_date"]}), "sample", table({}), sequence=1, now=NOW)


def test_a_workbook_has_text_in_every_cell() -> None:
    (file,) = render(load_profile("somos-roc"), "sample", table({"tn": "8332340147", "resporg_id": "00042"}), sequence=1, now=NOW)
    sheet = openpyxl.load_workbook(io.BytesIO(file.data)).active
    assert [[cell.data_type for cell in row] for row in sheet.iter_rows()] == [["s"] * 3, ["s"] * 3]
    assert sheet["B2"].value == "00042"


# -- responses that are set aside -------------------------------------------------------------------------------------------------------------

LSR = load_profile("lsr-fixed")
ANSWERS_OF_LSR: Any = [{"pon": PON, "ver": "01", "tn": f"61723401{place:02}", "status": "ACK", "text": str(place)} for place in range(6)]
WHOLE = compose(LSR.responses, ANSWERS_OF_LSR).split(b"\r\n")[:-1]
OTHER = compose(LSR.responses, [{**one, "status": "FOC", "foc_date": "2026-12-04"} for one in ANSWERS_OF_LSR]).split(b"\r\n")[:-1]


def tampered() -> list[tuple[str, list[bytes]]]:
    cases = []
    for at in range(len(WHOLE)):
        cases.append((f"{at} removed", WHOLE[:at] + WHOLE[at + 1 :]))
        cases.append((f"{at} doubled", WHOLE[: at + 1] + WHOLE[at:]))
        cases.append((f"{at} altered", [*WHOLE[:at], WHOLE[at][:-1] + (b"x" if WHOLE[at][-1:] != b"x" else b"y"), *WHOLE[at + 1 :]]))
        for other in range(at + 1, len(WHOLE)):
            swapped = list(WHOLE)
            swapped[at], swapped[other] = WHOLE[other], WHOLE[at]
            cases.append((f"{at} and {other} swapped", swapped))
        if 0 < at < len(WHOLE) - 1:
            cases.append((f"{at} of another file", [*WHOLE[:at], OTHER[at], *WHOLE[at + 1 :]]))
    return cases


@pytest.mark.parametrize(("what", "lines"), tampered(), ids=lambda value: value if isinstance(value, str) else "")
def test_control_totals_notice_any_line_that_is_not_as_it_was_sent(what: str, lines: list[bytes]) -> None:
    with pytest.raises(ResponseUnreadable):
        parse(LSR, b"\r\n".join([*lines, b""]))


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_line_breaks_that_were_changed_on_the_way_do_no_harm(end: bytes, last: bool) -> None:
    assert len(parse(LSR, end.join(WHOLE) + (end if last else b"")).lines) == 6


XML = load_profile("lnp-xml")
JSON = load_profile("generic-csv", {"responses": {"format": {"kind": "json", "records": "orders.numbers"}, "columns": {"pon": "pon", "tn": "tn", "status": "status", "foc_date": "dates.foc", "ver": None, "code": None, "text": None, "at": None}, "optional": ["tn", "foc_date"]}})  # fmt: skip
SOMOS = load_profile("somos-roc")
BOMB = io.BytesIO()
with zipfile.ZipFile(BOMB, "w", zipfile.ZIP_DEFLATED) as packed:
    for part in range(3):
        packed.writestr(f"xl/worksheets/sheet{part}.xml", b" " * (100 << 20))
REFUSED = [
    (LSR, b"", "there is no HDR record"),
    (LSR, b"\xff\n", "it is not ASCII text"),
    (LSR, b"\r\n".join([WHOLE[0], b"XXX"]), "record 2 is none of HDR, RSP, TRL"),
    (LSR, b"\r\n".join([WHOLE[0], WHOLE[1] + b" ", *WHOLE[2:]]), "record 2 has 232 signs, RSP has 231"),
    (XML, b"", "it is not XML"),
    (XML, b"<PortResponse>", "it is not XML: line 1 cannot be read"),
    (XML, b"<Other/>", "it is no PortResponse document"),
    (XML, b'<!DOCTYPE a [<!ENTITY b "c">]><PortResponse/>', "it has a document type or entities"),
    (XML, b'<!DOCTYPE PortResponse SYSTEM "file:///etc/passwd"><PortResponse/>', "it has a document type or entities"),
    (XML, b'<?xml version="1.0" encoding="no-such"?><PortResponse/>', "it is not XML"),
    (XML, b'<PortResponse><Order ver="01" status="ACK"/></PortResponse>', "it is not valid against lnp-xml.xsd: /PortResponse/Order: missing required attribute 'pon'"),
    (XML, f'<PortResponse><Order pon="{PON}"/></PortResponse>'.encode(), "record 1: @status is missing"),
    (JSON, b"", "it is not JSON"),
    (JSON, b'"x"', "where the list of lines should be is something else"),
    (JSON, b"{}", "there is no orders in it"),
    (JSON, b'{"orders": [{"pon": "P", "pon": "Q"}]}', "a name stands in one object twice"),
    (JSON, b'{"orders": [{"pon": "P"}]}', "record 1: status is missing"),
    (JSON, b'{"orders": [{"pon": "P", "status": {}}]}', "record 1: status is no single value"),
    (JSON, b'{"orders": [3]}', "the list holds something that is no object"),
    (JSON, b"[" * 100_000, "there is too much in one another"),
    (SOMOS, b"Toll-Free Number,Status\n8332340147,Ported,x\n", "record 2 has 3 values, the header 2"),
    (SOMOS, b"Number\n8332340147\n", "there is no header line"),
    (SOMOS, b"PK\x03\x04", "the workbook is damaged"),
    (SOMOS, BOMB.getvalue(), "the workbook is larger than any answer"),
]  # fmt: skip


@pytest.mark.parametrize(("profile", "data", "reason"), REFUSED, ids=[f"{place}-{reason}" for place, (_, _, reason) in enumerate(REFUSED)])
def test_a_response_that_is_not_whole_is_set_aside_with_the_reason(profile: Profile, data: bytes, reason: str) -> None:
    with pytest.raises(ResponseUnreadable) as caught:
        parse(profile, data)
    assert caught.value.reason.startswith(reason)


def test_a_workbook_of_two_cells_far_apart_is_refused_before_it_fills_the_memory() -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "Toll-Free Number", "Status"
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(ResponseUnreadable, match="larger than any answer"):
        parse(SOMOS, out.getvalue())


def test_json_answers_are_looked_for_in_the_number_then_in_its_order() -> None:
    said = {"orders": [{"pon": PON, "status": "ACK"}, {"pon": PON, "status": "FOC", "dates": {"foc": "2026-12-04"}, "numbers": [{"tn": 6172340142}, {"tn": "617-234-0143", "status": "REJECT", "dates": {"foc": None}}]}]}
    lines = parse(JSON, json.dumps(said).encode()).lines
    assert lines[["pon", "tn", "status", "foc_date"]].to_numpy().tolist() == [
        [PON, "", "ACK", ""], [PON, "6172340142", "FOC", "2026-12-04"], [PON, "6172340143", "REJECT", ""],
    ]  # fmt: skip


def test_what_excel_made_of_an_answer_is_text_again() -> None:
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    book.create_sheet("Data")
    for row in (["Toll-Free Number", "Approval", "RejectNote"], [8332340147, 0, None], [8332340148.0, 6, "Why"], ["833-234-0149", "6,8,11", ""]):
        book["Data"].append(row)
    out = io.BytesIO()
    book.save(out)
    lines = parse(SOMOS, out.getvalue()).lines
    assert lines[["tn", "status", "code", "text"]].to_numpy().tolist() == [
        ["8332340147", "ACK", "", ""], ["8332340148", "REJECT", "06", "Why"], ["8332340149", "REJECT", "06;08;11", ""],
    ]  # fmt: skip


# -- any bytes --------------------------------------------------------------------------------------------------------------------------------

SEEDS = [(name, compose(layout_of(name, place), example(layout_of(name, place), ["06"]))) for name, place in LAYOUTS] + [("json", b'{"orders": [{"pon": "P", "status": "ACK", "numbers": [{"tn": "6"}]}]}')]


@settings(steadily, max_examples=120)
@given(seed=st.sampled_from(SEEDS), cuts=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 20), st.binary(max_size=12)), max_size=3), bare=st.none() | st.binary(max_size=60))
def test_no_bytes_make_any_reader_stumble(seed: tuple[str, bytes], cuts: list[tuple[int, int, bytes]], bare: bytes | None) -> None:
    name, data = seed
    for at, length, instead in cuts:
        place = at % (len(data) + 1)
        data = data[:place] + instead + data[place + length :]
    profile = JSON if name == "json" else load_profile(name)
    try:
        lines = parse(profile, data if bare is None else bare).lines
    except ResponseUnreadable as error:
        assert error.reason
    else:
        assert list(lines) == ["line", *ANSWERS]


def test_a_deep_document_is_read_or_refused_but_never_crashes() -> None:
    for data in (b"<PortResponse>" + b"<a>" * 50_000, b"<PortResponse>" + b"<a>" * 50_000 + b"</a>" * 50_000 + b"</PortResponse>"):
        try:
            parse(XML, data)
        except ResponseUnreadable as error:
            assert error.reason


def test_facts_of_a_file_stand_in_its_header() -> None:
    (file,) = render(LSR, "harbor", table({}), sequence=42, now=NOW)
    header = file.data.splitlines()[0].decode()
    assert header == "HDRharbor                     202611230230PM000042"
    assert Facts("harbor", 42, LSR.local(NOW)).sent.hour == 14


def test_the_schema_of_a_profile_is_beside_it() -> None:
    assert Path(XML.format.xsd).parent == Path(XML.format.template).parent
    with pytest.raises(ProfileError, match="there is no schema"):
        load_profile("lnp-xml", {"format": {"xsd": "nowhere.xsd"}})
