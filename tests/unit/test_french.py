"""French for customers: nothing is missing, nothing is left in English, and every phrase that the program makes is known to it."""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from batchport.carriers.codes import UNKNOWN_REMEDY, load_codes
from batchport.carriers.profile import load_profile
from batchport.domain.findings import Rule, catalogue, words_of
from batchport.domain.language import french, phrase, state_words, typographic
from batchport.domain.lifecycle import State
from batchport.domain.reference import IdentifierForm
from batchport.pipeline import columns, view
from batchport.pipeline.wording import words
from batchport.spreadsheets import headers, kinds, records
from tests.french import english_in

PACKAGE = Path(__file__).parents[2] / "batchport"
ALWAYS_KNOWN = {"value", "column", "suggestion"}
HARD = "\u00a0"
CODES = sorted(resources.files("batchport.carriers").joinpath("codes").iterdir(), key=lambda file: file.name)

every_rule = pytest.mark.parametrize("rule", catalogue().values(), ids=lambda rule: rule.code)
every_table = pytest.mark.parametrize("table", french()["words"])


def names_in(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_the_same_codes_have_words_in_both_languages() -> None:
    assert list(french()["rule"]) == list(catalogue())
    assert set(french()) == {"rule", "words"}


@every_rule
def test_french_words_ask_for_nothing_that_english_ones_do_not(rule: Rule) -> None:
    said = words_of(rule.code, "fr")
    # A value that is blank on some rows would leave a hole; English was looked through for that.
    assert names_in(said.message) <= names_in(rule.message) | {"column"} & names_in(rule.fix)
    assert names_in(said.fix) <= names_in(rule.fix) | names_in(rule.message) & (set(rule.args) | {"column"})
    assert said.phrases.keys() <= set(rule.args)
    assert set(said.phrases.values()) <= french()["words"].keys()
    # A suggestion is a value for a cell, and never translated.
    assert not said.phrases.keys() & names_in(rule.suggests)


@every_rule
def test_what_a_message_says_in_english_it_says_in_french(rule: Rule) -> None:
    said = words_of(rule.code, "fr")
    assert names_in(rule.message) & set(rule.args) <= names_in(said.message)
    assert said.message != rule.message
    assert said.fix != rule.fix


def well_set(text: str) -> bool:
    """Whether a text has its spaces where Canada's typography has them, no straight quotes and no double spaces."""
    spaced = not re.search(f'(?<!{HARD}):(?![/0-9])|{HARD} | {HARD}|[ {HARD}][;?!.,)]|«(?!{HARD})|(?<!{HARD})»|  |["’“”]', text)
    return spaced and text.count("«") == text.count("»") and text == text.strip()


@every_rule
def test_sentences_are_set_as_french_is_in_canada(rule: Rule) -> None:
    for text in (words_of(rule.code, "fr").message, words_of(rule.code, "fr").fix):
        assert re.fullmatch(r"[A-ZÀ-Ý«{].*\.", text), text
        assert well_set(text), text
        assert english_in(text.replace("{", "«\u00a0").replace("}", "\u00a0»")) == [], text


@every_table
def test_phrases_are_set_as_french_is_in_canada(table: str) -> None:
    for english, said in french()["words"][table].items():
        assert well_set(re.sub("^, ", "", said)), said
        assert english_in(re.sub("[{].*?[}]", "", said).replace("Memorial Day", "").replace(" ou ", " ")) == [], said
        assert names_in(said) <= names_in(english)


@every_table
def test_every_phrase_is_found_and_not_taken_for_another_one(table: str) -> None:
    tables = french()["words"]
    for english, said in tables[table].items():
        # One sign of no table stands for each name.
        names = dict.fromkeys(names_in(english), "\u2603")
        inner = {name: phrase("\u2603", name.rstrip("0123456789"), "fr") if name.rstrip("0123456789") in tables else "\u2603" for name in names}
        assert phrase(english.format(**names), table, "fr") == said.format(**inner)


@pytest.mark.parametrize(("text", "table", "told"), [
    ("1 to 40 letters and digits", "form", "de 1 à 40 lettres ou chiffres"),
    ("6 digits at Verizon", "form", "6 chiffres chez Verizon"),
    ("number 120, direction N, street Main St, unit Suite 5", "address", "numéro 120, direction N, nom de rue Main St, unité Suite 5"),
    ("street Main St, unit 5", "address", "nom de rue Main St, unité 5"),
    ("it was read as number 120, street North Shore Dr", "unclear", "nous avons lu numéro 120, nom de rue North Shore Dr"),
    ("3", "rows", "la ligne 3"),
    ("3, 4, 5, ...", "rows", "les lignes 3, 4, 5, etc"),
    ("3 of acme.xlsx, 5, 8 of c.csv", "rows", "les lignes 3 du fichier acme.xlsx, 5, 8 du fichier c.csv"),
    ("City, ZIP, State", "labels", f"«{HARD}City{HARD}», «{HARD}ZIP{HARD}», «{HARD}State{HARD}»"),
    ("12,345 columns; at most 1,000", "reading", f"12{HARD}345 colonnes (maximum de 1{HARD}000)"),
    ("sheet \"Jan's\" has 7 rows; at most 5", "reading", f"la feuille «{HARD}Jan's{HARD}» a 7 lignes (maximum de 5)"),
    ("Canada Day (observed)", "day", "fête du Canada, jour de report"),
    ("Canada Day (observed); Memorial Day (observed)", "day", "fête du Canada, jour de report; jour commémoratif, jour de report"),
    ("Foundation Day of a carrier", "day", "Foundation Day of a carrier"),
    ("", "rows", ""),
])  # fmt: skip
def test_a_phrase_is_told_in_french(text: str, table: str, told: str) -> None:
    assert phrase(text, table, "fr") == told
    assert phrase(text, table) == text


def test_details_are_told_in_french_and_values_as_they_are() -> None:
    said = words(catalogue()["order-rows-disagree"], detail="Authorized Name\x1f2 of acme.xlsx\x1fblank", language="fr")
    assert said.message == (
        f"Les lignes d'une même commande doivent concorder, et «{HARD}Authorized Name{HARD}» diffère de la ligne 2 du fichier acme.xlsx, qui indique{HARD}: rien."
    )
    said = words(catalogue()["value-defaulted"], column="Notes", detail="blank", language="fr")
    assert "blank" in said.message
    assert words(catalogue()["partial-assumed"], language="fr").suggestion == "No"


# What the program says of files, papers, cells and columns, as it stands in the source.


def texts_of(node: ast.expr | None) -> list[str]:
    """What a string in the source may come to: 7 in place of each value, '7' of each that is quoted."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return ["".join(str(part.value) if isinstance(part, ast.Constant) else "'7'" if getattr(part, "conversion", -1) == ord("r") else "7" for part in node.values)]
    if isinstance(node, ast.IfExp):
        return [*texts_of(node.body), *texts_of(node.orelse)]
    return []


#: Function -> the place of the argument that is told, and the table that it is translated by.
TOLD = {"Unreadable": (1, "reading"), "Paper": (1, "paper"), "refuse": (1, "unsendable"), "leave": (2, "column"), "Problem": (3, "reading")}
#: Modules whose functions give back a mask and why.
LOOKS = ("signs", "fixed", "xlsx")
#: Values of these dictionaries' keys.
KEYS = {"detail": "reading", "reason": "column"}


def said_in(path: Path) -> Iterator[tuple[str, str]]:
    """Texts and their tables in one module."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            place, table = TOLD.get(getattr(node.func, "id", getattr(node.func, "attr", "")), (0, ""))
            if table and len(node.args) > place:
                yield from ((text, table) for text in texts_of(node.args[place]))
            yield from ((text, "column") for word in node.keywords if word.arg == "why" for text in texts_of(word.value))
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            yield from ((text, KEYS[key.value]) for key, value in pairs if isinstance(key, ast.Constant) and key.value in KEYS for text in texts_of(value))
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and path.stem in LOOKS:
            yield from ((text, "unsendable") for text in texts_of(node.value.elts[-1]))
        if isinstance(node, ast.Return) and path.stem == "papers":
            yield from ((text, "paper") for text in texts_of(node.value) if text[:3] == "is ")


def told_somewhere() -> list[tuple[str, str]]:
    modules = [*PACKAGE.glob("spreadsheets/*.py"), *PACKAGE.glob("carriers/formats/*.py"), *(PACKAGE / name for name in (
        "carriers/render.py", "domain/checks/papers.py", "pipeline/columns.py",
    ))]  # fmt: skip
    # What `columns confirm` says of a file that cannot be read is for the operator.
    found = [pair for path in sorted(modules) for pair in said_in(path) if pair[0] not in ("", "7: 7")]
    found += [(text, "reading") for text in (records.UNCLOSED, records.SWALLOWS)]
    found += [(f"it seems to be {text}", "reading") for text in (*kinds._OTHERS.values(), *kinds._NOT_SHEETS.values())]
    found += [(text, "column") for text in (*columns._REASONS.values(), *(why for _, why in headers._NOT_OURS))]
    return sorted(set(found))


def test_all_that_is_told_of_files_papers_values_and_columns_has_french() -> None:
    found = told_somewhere()
    assert len(found) > 90
    assert [(text, table) for text, table in found if phrase(text, table, "fr") == text] == []
    assert [(text, table) for text, table in found if english_in(phrase(text, table, "fr"))] == []


def test_every_holiday_of_the_tables_has_french() -> None:
    lines = resources.files("batchport.data").joinpath("holidays.csv").read_text("utf-8").splitlines()
    days = {line["name"] for line in csv.DictReader(line for line in lines if not line.startswith("#"))} | {"Saturday", "Sunday", "a holiday of the carrier"}
    assert len(days) > 30
    assert [day for day in days if phrase(day, "day", "fr") == day or english_in(phrase(day, "day", "fr").replace("Memorial Day", ""))] == []


@pytest.mark.parametrize("form", [IdentifierForm(6, 6, letters=False), IdentifierForm(6, 10, letters=False), IdentifierForm(34, 34, letters=True)])
def test_every_form_of_an_identifier_has_french(form: IdentifierForm) -> None:
    assert english_in(phrase(f"{form} at Google Voice", "form", "fr").replace("Google Voice", "")) == []


def test_every_state_of_a_row_has_its_words() -> None:
    said = [state_words(state.label, "fr") for state in State]
    assert len(set(said)) == len(State)
    assert not set(said) & {state_words(state.label) for state in State}


def test_what_is_said_beside_a_partners_reasons_has_french() -> None:
    for text in (view._AS_A_WHOLE.message, view._NO_REASON.message, view._NO_REASON.fix, UNKNOWN_REMEDY):
        assert phrase(text, "reasons", "fr") != text
        assert english_in(phrase(text, "reasons", "fr")) == []


# Partners' codes.


def codes_of(file: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(line for line in file.read_text("utf-8").splitlines() if not line.startswith("#")))


@pytest.mark.parametrize("file", CODES, ids=lambda file: file.name)
def test_every_code_that_is_shipped_says_in_french_why_and_what_to_do(file: Any) -> None:
    for line in codes_of(file):
        for text in (typographic(line["reason_fr"]), typographic(line["remedy_fr"])):
            assert re.fullmatch(r"[A-ZÀ-Ý].*\.", text), line
            assert well_set(text), text
            assert english_in(text) == [], text


def test_what_is_the_same_in_english_is_the_same_in_french() -> None:
    lines = [line for file in CODES for line in codes_of(file)]
    for name in ("reason", "remedy"):
        pairs = {(line[name], line[f"{name}_fr"]) for line in lines}
        assert len(pairs) == len({english for english, _ in pairs}) == len({told for _, told in pairs})


def test_a_code_is_explained_in_the_customers_language() -> None:
    codes = load_codes(load_profile("generic-csv"))
    english, told = codes.explain("8c")[0], codes.explain("8c", "PIN?", "fr")[0]
    assert told.text == "Le code de sécurité ou le NIP est absent ou inexact."
    assert (english.code, english.class_, english.field, english.scope, english.blames) == (told.code, told.class_, told.field, told.scope, told.blames)
    assert not codes.explain("7A", "", "fr")[0].blames


def test_what_a_partner_says_itself_stays_as_it_said_it() -> None:
    codes = load_codes(load_profile("generic-csv"))
    (told,) = codes.explain("Q77", "Ask Maria", "fr")
    assert (told.text, told.remedy) == ("Ask Maria", f"Rien à faire pour le moment{HARD}: nous demandons ce que cela veut dire.")


@pytest.mark.parametrize(("header", "rest", "told"), [
    ("", "", ("It is odd.", "Mend it.")),
    (",reason_fr,remedy_fr", ",C'est bizarre.,Corrigez-le.", ("C'est bizarre.", "Corrigez-le.")),
    (",reason_fr,remedy_fr", ",C'est bizarre.,", ("C'est bizarre.", "Mend it.")),
    (",reason_fr,remedy_fr", ",,", ("It is odd.", "Mend it.")),
])  # fmt: skip
def test_a_file_of_codes_may_have_french_and_english_stands_where_it_has_none(header: str, rest: str, told: tuple[str, str], tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(f"code,class,field,scope,reason,remedy{header}\nX1,DATA,tn,row,It is odd.,Mend it.{rest}\n", "utf-8")
    codes = load_codes(load_profile("generic-csv", {"codes": str(path)}))
    assert [(each.text, each.remedy) for each in codes.explain("X1", "", "fr")] == [told]
    assert [(each.text, each.remedy) for each in codes.explain("X1")] == [("It is odd.", "Mend it.")]


def test_who_reads_english_does_not_wait_for_french() -> None:
    french.cache_clear()
    words_of.cache_clear()
    for code in catalogue():
        words(catalogue()[code], value="x", column="y", detail="1")
    assert state_words("held") == "Held"
    assert phrase("3", "rows") == "3"
    assert french.cache_info().currsize == 0
