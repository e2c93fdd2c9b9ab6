"""Partners as data: profiles are looked at, proved with samples, and used in a whole night (contract, sections 3 and 9)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from batchport.carriers.answers import compose
from batchport.carriers.profile import load_profile, profile_names
from tests.conftest import NEXT, Home, account, batchport, settled

GOLDEN = Path(__file__).parent.parent / "golden" / "carriers"
SAMPLES = sorted(path.parent.name for path in GOLDEN.glob("*/profile.yaml"))


@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_of_a_profile_prove_it(name: str) -> None:
    proved = batchport("carrier", "test", GOLDEN / name)
    assert (proved.exit, proved.out.splitlines()[-1].endswith("as expected, 0 not.")) == (0, True), proved.out


def test_every_profile_has_samples() -> None:
    assert {*SAMPLES, "generic-csv"} == set(profile_names())


@pytest.mark.parametrize("name", SAMPLES)
def test_generating_what_is_expected_already_changes_nothing(tmp_path: Path, name: str) -> None:
    folder = Path(shutil.copytree(GOLDEN / name, tmp_path / name))
    assert batchport("carrier", "generate", folder).out == "0 files changed.\n"


# -- a new partner, by YAML and two samples ---------------------------------------------------------------------------------------------------

PROFILE = """\
name: riverbank
file_name: "ports-{date:%Y%m%d}-{sequence:04d}.txt"
format: {kind: delimited, delimiter: "|", line_end: LF}
columns:
  - {header: Order, source: pon}
  - {header: Number, source: tn, form: {kind: telephone, pattern: (NNN) NNN-NNNN}}
  - {header: Account, source: account_number}
  - {header: Due, source: requested_date, form: {kind: date, pattern: "%m/%d/%Y"}}
codes: riverbank-codes.csv
responses:
  format: {kind: delimited, delimiter: "|"}
  columns: {pon: Order, tn: Number, status: Outcome, code: Why, foc_date: Day}
  optional: [code]
  statuses: {ACK: [Received], FOC: [Scheduled], REJECT: [Returned], COMPLETE: [Moved]}
"""
CODES = "code,class,field,scope,reason,remedy\nA7,DATA,account_number,order,The account number is wrong.,Correct it.\n"
ORDERS = "pon,tn,account_number,requested_date\nP7K2M9QX4TZA,6172340142,80155512,2026-12-04\nP7K2M9QX4TZA,6172340143,80155512,2026-12-04\n"
RESPONSE = "Order|Number|Outcome|Why|Day\nP7K2M9QX4TZA||Received||\nP7K2M9QX4TZA|(617) 234-0142|Scheduled||12/04/2026\nP7K2M9QX4TZA|(617) 234-0143|returned|A7|\n"
SENT = "Order|Number|Account|Due\nP7K2M9QX4TZA|(617) 234-0142|80155512|12/04/2026\nP7K2M9QX4TZA|(617) 234-0143|80155512|12/04/2026\n"


@pytest.fixture(name="folder")
def make_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "riverbank"
    (folder / "responses").mkdir(parents=True)
    for name, text in {"profile.yaml": PROFILE, "riverbank-codes.csv": CODES, "orders.csv": ORDERS, "responses/answers.txt": RESPONSE}.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def test_a_new_partner_needs_a_file_of_yaml_and_two_samples(folder: Path) -> None:
    missing = batchport("carrier", "test", folder)
    assert missing.exit == 1
    assert "expected/ports-20261123-0001.txt is missing; `batchport carrier generate` writes it" in missing.out
    assert batchport("carrier", "generate", folder).exit == 0
    assert (folder / "expected/ports-20261123-0001.txt").read_text("utf-8") == SENT
    read = [json.loads(line) for line in (folder / "expected/responses/answers.txt.jsonl").read_text("utf-8").splitlines()]
    assert [(line["tn"], line["status"], line["foc_date"], [reason["field"] for reason in line["reasons"]]) for line in read] == [
        ("", "ACK", "", []), ("6172340142", "FOC", "2026-12-04", []), ("6172340143", "REJECT", "", ["account_number"]),
    ]  # fmt: skip
    proved = batchport("carrier", "test", folder)
    assert (proved.exit, proved.out) == (0, "3 files as expected, 0 not.\n")


def test_a_column_that_was_moved_is_shown_in_a_difference_that_people_can_read(folder: Path) -> None:
    batchport("carrier", "generate", folder)
    account_line = "  - {header: Account, source: account_number}\n"
    moved = PROFILE.replace(account_line, "").replace("columns:\n  - {header: Order", f"columns:\n{account_line}  - {{header: Order")
    (folder / "profile.yaml").write_text(moved, "utf-8")
    result = batchport("carrier", "test", folder)
    assert result.exit == 1
    for line in ("-Order|Number|Account|Due", "+Account|Order|Number|Due", "+80155512|P7K2M9QX4TZA|(617) 234-0142|12/04/2026"):
        assert line in result.out.splitlines()
    assert result.out.splitlines()[0] == "expected/ports-20261123-0001.txt differs:"
    assert result.out.splitlines()[-1] == "1 file as expected, 2 not."


def test_answers_that_would_be_read_otherwise_are_a_difference(folder: Path) -> None:
    batchport("carrier", "generate", folder)
    (folder / "profile.yaml").write_text(PROFILE.replace("FOC: [Scheduled]", "FOC: [Planned]"), "utf-8")
    result = batchport("carrier", "test", folder)
    assert result.exit == 1
    assert '"status": "SCHEDULED"' in result.out


def test_a_file_that_nothing_makes_any_more_fails_and_goes(folder: Path) -> None:
    batchport("carrier", "generate", folder)
    (folder / "responses/answers.txt").unlink()
    result = batchport("carrier", "test", folder)
    assert (result.exit, result.out.splitlines()[0]) == (1, "expected/responses/answers.txt.jsonl is expected, and nothing makes it")
    batchport("carrier", "generate", folder)
    assert batchport("carrier", "test", folder).exit == 0


WRONG = [
    ({"profile.yaml": None}, "has no profile.yaml"),
    ({"orders.csv": None, "responses/answers.txt": None}, "has neither orders.csv nor a file in responses/"),
    ({"orders.csv": "pon,tn,acount_number\n"}, "there is no value 'acount_number'; did you mean 'account_number'?"),
    ({"orders.csv": "tn\n6172340142\n"}, "its header names no pon or no tn"),
    ({"orders.csv": "pon,tn\nP7K2M9QX4TZA\n"}, "record 2 has more or fewer values than the header"),
    ({"orders.csv": "pon,tn\nP7K2M9QX4TZA,617\n"}, "the profile cannot carry order P7K2M9QX4TZA: tn is not a telephone number of ten digits"),
    ({"profile.yaml": PROFILE.replace("codes:", "code:")}, "profile.yaml, line 9: there is no setting 'code'; did you mean 'codes'?"),
    ({"profile.yaml": PROFILE.replace("source: tn", "source: tm")}, "line 6: columns.1.source: 'tm' is none of"),
    ({"profile.yaml": PROFILE.replace('delimiter: "|", line_end', 'delimeter: "|", line_end')}, "line 3: there is no setting 'format.delimeter'; did you mean 'delimiter'?"),
    ({"profile.yaml": PROFILE.replace('kind: delimited, delimiter: "|", line_end: LF', "kind: delimitd")}, "line 3: format: 'delimitd' is none of"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "words"), WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_with_a_sample_is_told_in_one_sentence(folder: Path, files: dict[str, str | None], words: str) -> None:
    for name, text in files.items():
        if text is None:
            (folder / name).unlink()
        else:
            (folder / name).write_text(text, "utf-8")
    result = batchport("carrier", "test", folder)
    assert result.exit == 2
    assert words in result.err


TEMPLATES = [
    ("{{ order.pon }", "line 1: this is no template"),
    ("\n{{ order.pom }}", "the template cannot be filled in: 'dict object' has no attribute 'pom'"),
    ("{{ order.__class__.__mro__ }}", "the template cannot be filled in"),
    ("{{ 1 / 0 }}", "the template cannot be filled in"),
    ("{% include 'nowhere' %}", "the template cannot be filled in"),
]


@pytest.mark.parametrize(("text", "words"), TEMPLATES)
def test_a_fault_of_a_template_is_told_before_an_order_needs_it(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "own.txt").write_text(text, "utf-8")
    (tmp_path / "own.yaml").write_text("extends: generic-csv\nformat: {kind: template, media: text, template: own.txt}\n", "utf-8")
    result = batchport("carrier", "show", tmp_path / "own.yaml")
    assert result.exit == 2
    assert "own.txt" in result.err
    assert words in result.err


# -- list and show ----------------------------------------------------------------------------------------------------------------------------


def test_list_tells_the_profiles_and_the_partners(home: Home) -> None:
    lines = home.json("carrier", "list")
    assert [(line["profile"], line["partner"]) for line in lines] == [*((name, "") for name in profile_names()), ("generic-csv", "sample")]
    assert next(line for line in lines if line["profile"] == "lnp-xml") | {"windows": "always"} == {
        "profile": "lnp-xml", "partner": "", "submission": "template", "response": "xml", "file_name": "{partner}-{date:%Y%m%d}-{sequence:06d}.xml", "max_lines": 999,
        "windows": "always",
    }  # fmt: skip
    assert "somos-roc" in home("carrier", "list").out


@pytest.mark.parametrize("name", profile_names())
def test_show_tells_every_record_field_word_and_code(name: str) -> None:
    parts = batchport("carrier", "show", name, "--format", "json").lines
    profile = load_profile(name)
    fields = [row["field"] for part in parts if part["part"].startswith("submission") for row in part["rows"]]
    assert fields == [column.header for column in profile.outgoing.values()]
    for layout in profile.responses.layouts:
        told = {row["field"] for part in parts if part["part"].startswith("response") for row in part["rows"] if "field" in row}
        assert set(layout.headers) <= told
    assert [part["part"] for part in parts][0] == "settings"
    assert len(next(part for part in parts if part["part"] == "codes")["rows"]) >= 20
    assert any(part["part"].endswith("example") and part["text"] for part in parts)
    assert batchport("carrier", "show", name).exit == 0


def test_places_of_fixed_fields_follow_one_another() -> None:
    parts = batchport("carrier", "show", "lsr-fixed", "--format", "json").lines
    records = [part for part in parts if "record" in part]
    assert [part["record"] for part in records] == ["HDR", "LSR", "EUI", "NPN", "TRL", "HDR", "RSP", "TRL"]
    for part in records:
        ends = [0, *(row["to"] for row in part["rows"])]
        assert [row["from"] for row in part["rows"]] == [end + 1 for end in ends[:-1]]
        assert all(row["to"] - row["from"] + 1 == row["width"] for row in part["rows"])


def test_show_tells_a_partner_with_its_own_settings(home: Home) -> None:
    home.set("profile: generic-csv", "profile: lsr-fixed\n    settings: {ccna: HBR}")
    rows = {row["setting"]: row["value"] for row in home.json("carrier", "show", "sample")[0]["rows"]}
    assert rows["settings.ccna"] == "HBR"


def test_a_profile_that_is_not_there_is_a_mistake() -> None:
    result = batchport("carrier", "show", "lsr-fixd")
    assert (result.exit, "did you mean 'lsr-fixed'?" in result.err) == (2, True)


# -- a whole night ----------------------------------------------------------------------------------------------------------------------------

NIGHTS = {
    "lsr-fixed": ("sample-20260302-000001.lsr",),
    "lnp-xml": ("sample-20260302-000001.xml", "sample-20260302-000002.xml"),
    "tn-list": ("sample-20260302-000001-cover.txt", "sample-20260302-000001.csv", "sample-20260302-000002-cover.txt", "sample-20260302-000002.csv"),
    "somos-roc": ("sample-20260302-000001.xlsx",),
}


@pytest.mark.parametrize("name", sorted(NIGHTS))
def test_an_order_goes_out_and_its_answer_comes_back_in_every_profile(home: Home, name: str) -> None:
    home.set("profile: generic-csv", f"profile: {name}\n    papers: {{loa: }}")
    rows = [row | {"btn": "617-236-2299"} for row in account(2)] + [row | {"tn": "6172363301", "btn": "617-236-3300", "account_number": "77001"} for row in account(1)]
    assert home.take(*rows).exit == 0
    sent = sorted(path.name for path in (home.path / "outbox" / "sample").iterdir() if not path.name.endswith(".manifest.json"))
    assert sent == sorted(NIGHTS[name])
    profile = load_profile(name)
    said: list[dict[str, Any]] = [{"pon": home.pon(row["tn"]), "ver": "01", "tn": row["tn"].replace("-", ""), "status": "ACK"} for row in rows]
    if "pon" not in profile.responses.columns:
        said = [{"tn": one["tn"], "status": "Pending"} for one in said]
    settled(home.path / "responses" / "sample" / "answer.dat", compose(profile.responses, said))
    assert home.run(NEXT).exit == 0
    assert {row["state"] for row in home.json("status")} == {"acknowledged"}
    assert home.run(NEXT).last["changed"] is False


def test_a_response_with_a_line_lost_is_set_aside_and_changes_nothing(home: Home) -> None:
    home.set("profile: generic-csv", "profile: lsr-fixed")
    rows = [row | {"btn": "617-236-2299"} for row in account(2)]
    home.take(*rows)
    layout = load_profile("lsr-fixed").responses
    said: list[dict[str, Any]] = [{"pon": home.pon(row["tn"]), "ver": "01", "tn": row["tn"].replace("-", ""), "status": "ACK"} for row in rows]
    lines = compose(layout, said).split(b"\r\n")
    settled(home.path / "responses" / "sample" / "answer.txt", b"\r\n".join(lines[:2] + lines[3:]))
    assert home.run(NEXT).exit == 1
    assert {row["state"] for row in home.json("status")} == {"submitted"}
    assert "TRL.RSPS does not agree" in (home.path / "quarantine/sample/answer.txt.txt").read_text("utf-8")
