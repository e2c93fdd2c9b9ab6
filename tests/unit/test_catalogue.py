"""The catalogue of findings is whole: words, severities, details and cases. What the cases provoke is tested where the checks are."""

from __future__ import annotations

import csv
import re
import runpy
import string
import tomllib
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from batchport import domain
from batchport.domain.fields import ACCOUNT_TYPES, BY_NAME, NAMES, NUMBER_TYPES
from batchport.domain.findings import ERROR, INFO, WARNING, Rule, catalogue

ROOT = Path(__file__).parents[2]
SOURCE = tomllib.loads(resources.files(domain).joinpath("findings.toml").read_text("utf-8"))
BASES: dict[str, dict[str, str]] = SOURCE["base"]
RULES = list(catalogue().values())

#: The groups in the order in which the contract lists them.
PARTS = ("file", "number", "kind", "account", "carrier", "names", "address", "dates", "line", "papers", "order", "row")
ALWAYS_KNOWN = {"value", "column", "suggestion"}
SHEETS = {"rows", "text", "made"}
NEAR_KEYS = {*SHEETS, "encoding", "with", "files", "settings", "before", "answer", "note"}
CASE_KEYS = NEAR_KEYS | {"on"}
STATUSES = {"ACK", "REJECT", "DELAY", "FOC", "COMPLETE", "CANCEL"}

#: The codes of the contract's section 5, in its order.
CONTRACT = {
    "file": "file-unreadable file-encrypted file-unsupported file-too-large file-empty file-repeated column-missing column-ambiguous column-repeated column-unknown "
    "sheet-skipped encoding-assumed row-ragged cell-formula-no-value cell-error-value text-unsafe",
    "number": "tn-missing tn-invalid tn-extension tn-rounded tn-not-assignable tn-not-portable tn-country tn-area-code-unknown tn-test-line tn-letters tn-range-expanded "
    "tn-range-invalid tn-repeated tn-conflict tn-in-open-order tn-already-ported",
    "kind": "number-type-missing number-type-invalid number-type-mismatch number-type-changed account-type-missing account-type-invalid account-type-mismatch",
    "account": "account-defaulted account-cleaned account-missing account-invalid account-rounded btn-missing btn-invalid btn-toll-free btn-mismatch btn-defaulted "
    "pin-defaulted pin-missing pin-invalid pin-short resporg-invalid",
    "carrier": "carrier-missing carrier-unknown carrier-unlock carrier-no-route",
    "names": "name-missing name-too-long name-spelling authorized-missing authorized-not-person authorized-differs authorized-defaulted",
    "address": "address-missing address-po-box address-direction address-split address-unclear state-invalid postal-invalid postal-state postal-zeros-restored address-country",
    "dates": "date-invalid date-ambiguous date-past date-not-business-day date-too-soon date-too-far",
    "line": "destination-missing destination-unknown destination-repeated destination-busy",
    "papers": "loa-missing loa-not-found loa-unusable invoice-missing invoice-not-found invoice-unusable",
    "order": "order-rows-disagree order-held order-account-busy order-new-btn new-btn-invalid partial-invalid partial-assumed order-btn-not-listed order-split "
    "order-field-shared",
    "row": "email-invalid action-invalid row-unknown row-in-flight row-ended value-defaulted value-normalised",
}
#: What the contract says is not an error.
WARNINGS = {
    "text-unsafe", "tn-area-code-unknown", "tn-test-line", "tn-letters", "tn-repeated", "tn-already-ported", "pin-short", "carrier-unknown",
    "name-too-long", "name-spelling", "authorized-not-person", "authorized-differs", "address-unclear", "postal-zeros-restored",
    "destination-repeated", "partial-assumed", "order-btn-not-listed", "email-invalid",
}
INFOS = {
    "file-repeated", "column-unknown", "sheet-skipped", "rows-hidden", "macros-ignored", "encoding-assumed", "tn-range-expanded", "number-type-changed", "account-defaulted",
    "account-cleaned", "btn-defaulted", "pin-defaulted", "carrier-no-route", "authorized-defaulted", "address-split", "order-held",
    "order-account-busy", "order-split", "row-cancelled", "order-field-shared", "value-defaulted", "value-normalised",
}

every_rule = pytest.mark.parametrize("rule", RULES, ids=[rule.code for rule in RULES])


def names_in(template: str) -> set[str]:
    """The names that a template asks for."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def case_of(rule: Rule) -> dict[str, Any]:
    """The rule's case, as a plain dictionary."""
    return dict(rule.case or {})


def sheets_of(case: dict[str, Any]) -> list[list[dict[str, str]]]:
    """Every sheet of a case that is given as rows, earlier ones first."""
    return [*case.get("before", []), *([case["rows"]] if "rows" in case else [])]


def text_rows(case: dict[str, Any]) -> list[list[str]]:
    """The records of a case that is given as text."""
    return list(csv.reader(case["text"].splitlines()))


def filled(row: dict[str, str]) -> dict[str, str]:
    """A row of a case with its base's fields."""
    return {**BASES[row["base"]], **{name: text for name, text in row.items() if name != "base"}}


def test_the_file_has_rules_and_bases_and_nothing_else() -> None:
    assert set(SOURCE) == {"rule", "base"}
    assert list(SOURCE["rule"]) == list(catalogue())


@every_rule
def test_a_code_is_words_of_small_letters_joined_by_hyphens(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.code)


@every_rule
def test_every_rule_says_what_is_wrong_how_to_fix_it_and_why(rule: Rule) -> None:
    for words in (rule.message, rule.fix, rule.why):
        assert re.fullmatch(r"[A-Z'{].*\.", words), words
        assert words == " ".join(words.split())
    assert len({rule.message, rule.fix, rule.why}) == 3


@every_rule
def test_a_template_asks_only_for_what_a_finding_carries(rule: Rule) -> None:
    known = ALWAYS_KNOWN | set(rule.args)
    assert names_in(rule.message) <= known
    assert names_in(rule.fix) <= known
    assert not names_in(rule.why)
    filled_in = rule.words(rule.message, dict.fromkeys(known, "x")) + rule.words(rule.fix, dict.fromkeys(known, "x"))
    assert "{" not in filled_in


@every_rule
def test_details_have_names_of_their_own(rule: Rule) -> None:
    assert len(set(rule.args)) == len(rule.args)
    assert not ALWAYS_KNOWN & set(rule.args)


@every_rule
def test_a_value_is_shown_only_where_there_is_one(rule: Rule) -> None:
    if rule.code.endswith(("-missing", "-defaulted")):
        assert "value" not in names_in(rule.message) | names_in(rule.fix)


@pytest.mark.parametrize("code", [code for code in catalogue() if code.startswith(("pin-", "account-")) and not code.startswith("account-type-")])
def test_words_about_secrets_never_show_them(code: str) -> None:
    rule = catalogue()[code]
    assert not {"value", "suggestion"} & (names_in(rule.message) | names_in(rule.fix))


@every_rule
def test_the_severity_is_the_contracts(rule: Rule) -> None:
    assert rule.severity == (WARNING if rule.code in WARNINGS else INFO if rule.code in INFOS else ERROR)


def test_parts_stand_together_in_the_contracts_order() -> None:
    parts = [part for part, _ in groupby(RULES, key=lambda rule: rule.part)]
    assert parts == [part for part in PARTS if part in parts]


@pytest.mark.parametrize("part", PARTS)
def test_every_code_of_the_contract_is_there_in_its_part_and_order(part: str) -> None:
    wanted = CONTRACT[part].split()
    ours = [rule.code for rule in RULES if rule.part == part]
    assert [code for code in ours if code in wanted] == [code for code in wanted if code in ours]
    assert set(wanted) <= set(ours)


@every_rule
def test_reject_codes_are_written_as_carriers_write_them(rule: Rule) -> None:
    assert all(re.fullmatch(r"[0-9A-Z]+[a-zA-Z]?", code) for code in rule.prevents)
    assert len(set(rule.prevents)) == len(rule.prevents)


def test_bases_hold_fields_of_ours_with_something_in_them() -> None:
    for name, base in BASES.items():
        assert set(base) <= set(NAMES), name
        assert all(base.values()), name


def test_bases_are_five_requests_that_have_nothing_to_do_with_each_other() -> None:
    assert list(BASES) == ["local", "multi", "residential", "toll_free", "wireless"]
    for field in ("tn", "account_number", "name", "destination"):
        assert len({base[field] for base in BASES.values()}) == len(BASES), field
    assert {base["number_type"] for base in BASES.values()} == set(NUMBER_TYPES.values())
    assert {base["account_type"] for base in BASES.values() if "account_type" in base} == set(ACCOUNT_TYPES.values())


@every_rule
def test_every_rule_has_a_case_and_a_neighbour(rule: Rule) -> None:
    assert rule.case
    assert rule.near
    assert set(rule.case) <= CASE_KEYS
    assert set(rule.near) <= NEAR_KEYS
    assert "on" in rule.case
    assert len(SHEETS & set(rule.case)) == 1
    assert len(SHEETS & set(rule.near)) <= 1
    assert all(rule.case.get(name) != value for name, value in rule.near.items())


@every_rule
def test_a_case_is_made_from_bases_and_fields(rule: Rule) -> None:
    for sheet in [*sheets_of(case_of(rule)), *sheets_of(dict(rule.near))]:
        assert sheet
        for row in sheet:
            assert row["base"] in BASES
            assert set(row) - {"base"} <= set(NAMES)


@every_rule
def test_a_case_changes_nothing_that_is_so_already(rule: Rule) -> None:
    for sheet in [*sheets_of(case_of(rule)), *sheets_of(dict(rule.near))]:
        for row in sheet:
            base = BASES[row["base"]]
            assert not [name for name, text in row.items() if name != "base" and base.get(name, "") == text]


@every_rule
def test_the_code_stands_on_rows_that_the_sheet_has(rule: Rule) -> None:
    case = case_of(rule)
    last = 1 + len(case["rows"]) if "rows" in case else len(text_rows(case)) if "text" in case else 4
    on = case.get("on", [])
    assert on == sorted(set(on))
    assert all(1 < row <= last for row in on)
    assert bool(on) == (rule.part != "file" or rule.code.startswith(("row-", "cell-", "text-")))


@every_rule
def test_rows_of_a_case_ask_for_the_same_number_only_where_that_is_the_point(rule: Rule) -> None:
    case = case_of(rule)
    rows = [filled(row) for row in case.get("rows", [])]
    if rule.code not in {"tn-repeated", "tn-conflict"}:
        assert len({row["tn"] for row in rows}) == len(rows)
    if rule.code not in {"tn-repeated", "destination-repeated"}:
        assert len({row["destination"] for row in rows}) == len(rows)


@every_rule
def test_a_text_begins_with_a_header_that_names_the_number(rule: Rule) -> None:
    case = case_of(rule)
    if "text" in case:
        header = text_rows(case)[0]
        assert header[0] == BY_NAME["tn"].label
        assert len(set(header)) == len(header)


@every_rule
def test_what_a_case_refers_to_exists(rule: Rule) -> None:
    case = case_of(rule)
    assert {*case.get("with", []), *rule.near.get("with", [])} <= set(catalogue())
    assert set(case.get("settings", {}).get("defaults", {})) <= set(NAMES)
    assert case.get("answer", "ACK") in STATUSES
    assert "answer" not in case or "before" in case
    if "rows" in case:
        "".join(text for row in case["rows"] for text in filled(row).values()).encode(case.get("encoding", "utf-8"))


def test_the_page_of_findings_is_made_from_the_catalogue() -> None:
    page = runpy.run_path(str(ROOT / "scripts" / "make_docs.py"))["findings_page"]()
    assert (ROOT / "docs" / "findings.md").read_text("utf-8") == page
    assert re.findall(r"^\| `([a-z0-9-]+)` ", page, re.MULTILINE) == list(catalogue())


def test_the_glossary_explains_each_term_once_and_says_where_it_comes_from() -> None:
    lines = (ROOT / "docs" / "glossary.md").read_text("utf-8").split("## In French")[0].splitlines()
    table = [line for line in lines if line.startswith("| ") and not line.startswith(("| term", "| ---"))]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    terms = [row[0] for row in rows]
    assert len(set(terms)) == len(terms)
    assert all(len(row) == 3 for row in rows)
    assert all(re.search(r"(contract|domain|headers) [0-9A-D]", row[1]) for row in rows)
    assert all(row[2].endswith(".") for row in rows)
    codes = ("TN", "BTN", "PON", "VER", "SUP", "FOC", "LSR", "CSR", "LOA")
    for term in (*codes, "RespOrg", "Losing carrier", "Partner", "Profile", "Port desk", "Simple port"):
        assert any(re.match(rf"{term}\b", each) for each in terms), term
