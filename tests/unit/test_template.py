"""The workbook that customers fill in."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from batchport.domain.fields import BY_NAME, EXAMPLE_REFERENCE, FIELDS
from batchport.spreadsheets.template import TEMPLATE_VERSION, template_workbook

LABELS = [field.label for field in FIELDS]


def opened(**choices: Any) -> Any:
    return openpyxl.load_workbook(io.BytesIO(template_workbook("acme", **choices)))


@pytest.fixture(scope="module")
def book() -> Any:
    return opened()


def column_of(label: str) -> int:
    return LABELS.index(label) + 1


def choices(book: Any, label: str) -> list[str]:
    """What the drop-down of a column offers, found where its rule points to."""
    letter = openpyxl.utils.get_column_letter(column_of(label))
    for rule in book["Port requests"].data_validations.dataValidation:
        if rule.type == "list" and f"{letter}2:{letter}1048576" in str(rule.sqref):
            sheet, _, cells = rule.formula1.partition("!")
            return [row[0].value for row in book[sheet][cells.replace("$", "")]]
    return []


def test_it_has_a_sheet_to_fill_in_one_of_instructions_and_hidden_lists(book: Any) -> None:
    assert book.sheetnames == ["Port requests", "Instructions", "Lists"]
    assert [book[name].sheet_state for name in book.sheetnames] == ["visible", "visible", "hidden"]


def test_the_header_has_every_label_in_the_order_of_the_contract(book: Any) -> None:
    header = [cell.value for cell in book["Port requests"][1]]
    assert header == LABELS
    assert header[-2:] == ["Action", "Row ID"]


def test_every_column_is_text_down_to_the_last_row(book: Any) -> None:
    page = book["Port requests"]
    covered: set[int] = set()
    for dimension in page.column_dimensions.values():
        assert dimension.number_format == "@"
        covered.update(range(dimension.min, dimension.max + 1))
    assert covered == set(range(1, len(LABELS) + 1))


def test_header_is_frozen_and_filtered(book: Any) -> None:
    page = book["Port requests"]
    assert page.freeze_panes == "A2"
    assert page.auto_filter.ref.startswith("A1:AF")


def test_a_header_carries_the_help_of_its_column(book: Any) -> None:
    for cell, field in zip(book["Port requests"][1], FIELDS, strict=True):
        assert field.help in cell.comment.text


def test_required_columns_stand_out(book: Any) -> None:
    colours = {cell.value: cell.fill.fgColor.rgb for cell in book["Port requests"][1]}
    assert colours["Phone Number"] == colours["Current Carrier"] == colours["Port To Line"] == colours["Number Type"]
    assert len({colours["Phone Number"], colours["City"], colours["Notes"]}) == 3


def test_two_examples_are_marked_as_not_read_and_the_second_is_toll_free(book: Any) -> None:
    page = book["Port requests"]
    rows = [{label: cell.value or "" for label, cell in zip(LABELS, page[number], strict=True)} for number in (2, 3)]
    assert [row["Your Reference"] for row in rows] == [EXAMPLE_REFERENCE] * 2
    assert [row["Number Type"] for row in rows] == ["Business Local", "Business Toll Free"]
    assert rows[0]["Security Code or PIN"] == "0042"
    assert rows[1]["Phone Number"].startswith("833")
    assert page.max_row == 3


def test_examples_keep_to_the_drop_downs(book: Any) -> None:
    for label in LABELS:
        offered = choices(book, label)
        shown = [book["Port requests"].cell(row, column_of(label)).value for row in (2, 3)]
        assert not offered or all(value in offered for value in shown if value)


@pytest.mark.parametrize("name", ["account_type", "number_type", "street_direction", "country", "partial", "unlocked", "action"])
def test_columns_with_choices_offer_them(book: Any, name: str) -> None:
    assert choices(book, BY_NAME[name].label) == list(BY_NAME[name].choices)


def test_states_territories_and_provinces_are_offered(book: Any) -> None:
    assert {"MA", "DC", "PR", "ON", "YT"} <= set(choices(book, "State"))


def test_a_customers_lines_are_offered_where_they_are_known(book: Any) -> None:
    assert choices(book, "Port To Line") == []
    assert choices(opened(destinations=["line-1", "0042"]), "Port To Line") == ["line-1", "0042"]


def test_another_spelling_than_the_lists_is_not_refused(book: Any) -> None:
    lists = [rule for rule in book["Port requests"].data_validations.dataValidation if rule.type == "list"]
    assert {rule.errorStyle for rule in lists} == {"warning"}


def test_every_column_says_what_to_enter_when_it_is_chosen(book: Any) -> None:
    prompts = {rule.promptTitle: rule.prompt for rule in book["Port requests"].data_validations.dataValidation}
    assert prompts == {field.label: field.help for field in FIELDS}


def test_instructions_explain_every_column(book: Any) -> None:
    rows = {row[0]: row[1:] for row in book["Instructions"].iter_rows(values_only=True)}
    for field in FIELDS:
        required, help_text, example = rows[field.label][:3]
        assert (help_text, example or "") == (field.help, field.example)
        assert required
    assert rows["Phone Number"][0] == "Always"


def test_properties_say_version_and_customer() -> None:
    assert {(entry.name, entry.value) for entry in opened().custom_doc_props.props} == {("Template Version", TEMPLATE_VERSION), ("Customer", "acme")}
    for_all = openpyxl.load_workbook(io.BytesIO(template_workbook(None)))
    assert [entry.name for entry in for_all.custom_doc_props.props] == ["Template Version"]


def test_the_same_template_is_the_same_bytes() -> None:
    assert template_workbook("acme", destinations=["a"]) == template_workbook("acme", destinations=["a"])


def test_another_reader_sees_the_leading_zeros() -> None:
    page = CalamineWorkbook.from_filelike(io.BytesIO(template_workbook(None))).get_sheet_by_name("Port requests").to_python()
    assert page[1][column_of("ZIP") - 1] == "02134"
