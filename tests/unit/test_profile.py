"""Profiles are data: what is in them is checked when they are read, and every fault is told by file, line and the nearest name."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path
from typing import get_args

import pytest

from batchport.carriers.codes import CodeClass, load_codes
from batchport.carriers.profile import ProfileError, load_profile, profile_names
from batchport.domain.fields import NAMES
from batchport.pipeline.check import STANDARD_ASKS, STANDARD_LINES, STANDARD_PROFILE
from batchport.yaml_text import UnreadableYaml, read_yaml

HEADER = (
    "PON,VER,SUP,TN,BTN,ACCOUNT_NUMBER,PIN,NUMBER_TYPE,LOSING_CARRIER,NAME,AUTHORIZED_NAME,STREET_NUMBER,DIRECTION,STREET_NAME,UNIT,CITY,STATE,"
    "POSTAL_CODE,COUNTRY,REQUESTED_DATE,PARTIAL,NEW_BTN,LINE,LINES,RESPORG,RESELLER,REMARKS"
)
REJECT_CODES = (
    "8A E17A E17B 8B 8C E42PWA E42PWB 8D E1 8E 8F 8G E10 E10a E14 E24 E6h E18 6C 6A 6D E27 E30 E8 6M 6N E19 E6d 6P E6a E6b E6c E6e E6f E6g E25 6K "
    "E42O 7B 6R E23 7A E9999 1N 6E 6F E35 1L 1M 6L 1E 1B 6J 6H 1C 6B E40 E33 E34 7C 1P 6G 999 E1111 104"
).split()


def profile_file(folder: Path, text: str, name: str = "harbor.yaml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_generic_csv_is_what_the_contract_says() -> None:
    profile = load_profile("generic-csv")
    assert ",".join(column.header for column in profile.columns) == HEADER
    assert profile.format.line_end == "CRLF"
    assert profile.format.encoding == "utf-8"
    assert (profile.max_lines, profile.cutoff, str(profile.timezone)) == (999, time(13), "America/New_York")
    assert list(profile.responses.columns.values()) == ["PON", "VER", "TN", "STATUS", "CODE", "TEXT", "FOC_DATE", "AT"]
    assert profile.responses.optional == ("at",)
    assert list(profile.responses.statuses) == ["ACK", "REJECT", "DELAY", "FOC", "COMPLETE", "CANCEL"]


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_that_comes_along_can_be_used(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert load_codes(profile).reasons


def test_a_file_is_named_by_the_partners_day() -> None:
    profile = load_profile("generic-csv")
    assert profile.file_of("sample", 42, datetime(2026, 11, 24, 3, 0, tzinfo=UTC)) == "sample-20261123-000042.csv"
    with pytest.raises(ValueError, match="time zone"):
        profile.file_of("sample", 42, datetime(2026, 11, 24, 3, 0))  # noqa: DTZ001


def test_settings_of_a_partner_change_single_lines_of_its_profile() -> None:
    profile = load_profile("generic-csv", {"max_lines": 50, "pad": 2, "format": {"delimiter": ";"}, "cutoff": "15:30"})
    assert (profile.max_lines, profile.pad, profile.cutoff) == (50, 2, time(15, 30))
    assert profile.format.delimiter == ";"
    assert profile.format.line_end == "CRLF"


def test_a_profile_that_extends_another_says_only_what_differs(tmp_path: Path) -> None:
    (tmp_path / "harbor-codes.csv").write_text("code,class,field,scope,reason,remedy\n06,DATA,loa_file,order,It is old.,Sign a new one.\n", "utf-8")
    base = profile_file(tmp_path, "extends: generic-csv\ncodes: harbor-codes.csv\npad: 2\ncutoff: 12:00\n", "base.yaml")
    path = profile_file(tmp_path, f"extends: {base.name}\nmax_lines: 20\n")
    profile = load_profile(path)
    assert (profile.name, profile.max_lines, profile.cutoff) == ("harbor", 20, time(12))
    assert ",".join(column.header for column in profile.columns) == HEADER
    (reason,) = load_codes(profile).explain("6")
    assert (reason.code, reason.text, reason.field) == ("06", "It is old.", "loa_file")


WINDOWS = [
    ("always", "04:00", True),
    ("09:00-12:00, 13:00-17:00", "11:59", True),
    ("09:00-12:00, 13:00-17:00", "12:00", False),
    ("22:00-02:00", "23:00", True),
    ("22:00-02:00", "01:59", True),
    ("22:00-02:00", "02:00", False),
]


@pytest.mark.parametrize(("windows", "clock", "open_"), WINDOWS)
def test_files_are_sent_within_the_windows_on_the_partners_clock(windows: str, clock: str, open_: bool) -> None:
    profile = load_profile("generic-csv", {"windows": windows})
    moment = datetime.fromisoformat(f"2026-11-24T{clock}").replace(tzinfo=profile.timezone)
    assert profile.may_send(moment.astimezone(UTC)) is open_


FAULTS = [
    ("extends: generic-csv\ncutof: 12:00\n", 2, "there is no setting 'cutof'; did you mean 'cutoff'?"),
    ("extends: generic-csv\nresponses:\n  optinal: [at]\n", 3, "there is no setting 'responses.optinal'; did you mean 'optional'?"),
    (
        "extends: generic-csv\ncolumns:\n  - {header: TN, source: tn}\n  - {heder: PIN, source: pin}\n",
        4,
        "no setting 'columns.1.heder'; did you mean 'header'?",
    ),
    ("extends: generic-csv\ncolumns:\n  - header: TN\n    source: tnn\n", 4, "'tnn' is none of 'pon'"),
    ("extends: generic-csv\nwindows:\n  - 9 to 5\n", 3, "a window is written as '09:00-17:00'"),
    ("extends: generic-csv\nmax_lines: many\n", 2, "max_lines: Input should be a valid integer"),
    ("extends: generic-csv\nmax_lines: 5\nmax_lines: 6\n", 3, "'max_lines' stands here twice; it is already in line 2"),
    ("extends: generic-cvs\n", 1, "there is no profile 'generic-cvs'; did you mean 'generic-csv'?"),
    ("extends: harbor.yaml\n", 1, "extends itself"),
    ("extends: generic-csv\nfile_name: 'port.csv'\n", 2, "needs {sequence}"),
    ("extends: generic-csv\nfile_name: '../{sequence}.csv'\n", 2, "not the name of a file"),
    ("extends: generic-csv\nfile_name: '{partner.__class__}{sequence}.csv'\n", 2, "{partner}, {date} and {sequence} only"),
    ("extends: generic-csv\nresponses: {format: {header: false}}\n", 2, "a response must have a header line"),
    ("extends: generic-csv\nresponses: {statuses: {ACK: [ok], FOC: [OK]}}\n", 2, "a status word stands twice: ok"),
    ("extends: generic-csv\npad: !!int 2\n---\nx: 1\n", 3, "not YAML"),
    ("extends: generic-csv\npad: !two 2\n", 2, "tags such as !two mean nothing here"),
    ("extends: generic-csv\nwindows: &a [*a]\n", 2, "an alias stands inside what it stands for"),
    ("extends: generic-csv\ncodes: [\n", 3, "this is not YAML"),
    ("- extends: generic-csv\n", 1, "names with values are expected"),
]


@pytest.mark.parametrize(("text", "line", "words"), FAULTS)
def test_a_fault_is_told_by_file_line_and_nearest_name(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = profile_file(tmp_path, text)
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    assert (caught.value.problems[0].file, caught.value.problems[0].line) == (str(path), line)
    assert words in str(caught.value)


def test_a_fault_of_the_profile_that_is_extended_is_told_with_its_own_line(tmp_path: Path) -> None:
    base = profile_file(tmp_path, "extends: generic-csv\nfreeze: -1\n", "base.yaml")
    with pytest.raises(ProfileError, match=r"base\.yaml, line 2: freeze"):
        load_profile(profile_file(tmp_path, f"extends: {base.name}\npad: 2\n"))


def test_a_fault_of_a_partners_settings_is_told_with_the_path_of_its_key() -> None:
    with pytest.raises(ProfileError, match="did you mean 'cutoff'") as caught:
        load_profile("generic-csv", {"cutof": "12:00"})
    assert [problem.path for problem in caught.value.problems] == [("cutof",)]


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile("generic-csv", {"cutoff": 780, "pad": 0, "timezone": "Harbor/Town"})
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("name", ["generic-cvs", "nowhere.yaml"])
def test_a_profile_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(ProfileError, match=name):
        load_profile(name)


def test_plain_words_in_yaml_are_what_stands_there() -> None:
    document = read_yaml("cutoff: 13:00\ncode: 06\nstate: NO\ndate: 2026-12-04\npad: 2\nheader: true\nnothing:\nquoted: '2'\n", "x.yaml")
    expected = {"cutoff": "13:00", "code": "06", "state": "NO", "date": "2026-12-04", "pad": 2, "header": True, "nothing": None, "quoted": "2"}
    assert document.data == expected
    assert document.lines["date",] == 4
    assert read_yaml("# nothing yet\n", "x.yaml").data == {}
    with pytest.raises(UnreadableYaml, match=r"x\.yaml, line 2: 'a' stands here twice"):
        read_yaml("a: 1\na: 2\n", "x.yaml")


def test_profiles_cannot_be_changed_once_they_are_read() -> None:
    profile = load_profile("generic-csv")
    with pytest.raises(ValueError, match="frozen"):
        profile.max_lines = 5


def test_every_reject_code_that_carriers_are_known_to_send_is_explained() -> None:
    codes = load_codes(load_profile("generic-csv"))
    for code in REJECT_CODES:
        (reason,) = codes.explain(code, "as they said")
        assert reason.code == code
        assert reason.text != "as they said"
        assert reason.class_ in get_args(CodeClass)
        assert reason.field in {"", *NAMES}
        assert code not in reason.text + reason.remedy


def test_a_cell_may_name_none_one_or_several_codes() -> None:
    codes = load_codes(load_profile("generic-csv"))
    assert codes.explain("") == []
    assert [(reason.code, reason.class_, reason.field) for reason in codes.explain(" 8a ; 8C;8A;")] == [
        ("8A", "DATA", "account_number"),
        ("8C", "DATA", "pin"),
    ]


def test_the_code_for_an_innocent_number_blames_no_field_of_it() -> None:
    (reason,) = load_codes(load_profile("generic-csv")).explain("7A")
    assert (reason.class_, reason.field, reason.scope) == ("SPLIT", "", "order")


def test_an_unknown_code_is_for_the_operator_and_keeps_what_the_partner_said() -> None:
    codes = load_codes(load_profile("generic-csv"))
    (reason,) = codes.explain("Q77", " Ask Maria ")
    assert (reason.code, reason.text, reason.class_, reason.field) == ("Q77", "Ask Maria", "OPS", "")
    (wordless,) = codes.explain("", "Ask Maria")
    assert (wordless.code, wordless.text, wordless.class_) == ("", "Ask Maria", "OPS")


def test_codes_are_text_and_only_the_pad_brings_back_zeros() -> None:
    assert [reason.code for reason in load_codes(load_profile("generic-csv")).explain("6")] == ["6"]
    assert [reason.code for reason in load_codes(load_profile("generic-csv", {"pad": 2})).explain("6;6A;104")] == ["06", "6A", "104"]


CODE_FAULTS = [
    ("code;class\n", 1, "begins with the header"),
    ("", None, "begins with the header"),
    ("# ours\ncode,class,field,scope,reason,remedy\n8A,DATA,acount_number,row,Wrong.,Look.\n", 3, "did you mean 'account_number'?"),
    ("code,class,field,scope,reason,remedy\n8A,FATAL,,row,Wrong.,Look.\n", 2, "class"),
    ("code,class,field,scope,reason,remedy\n8A,DATA,,row,Wrong.,Look.\n8a,DATA,,row,Wrong.,Look.\n", 3, "stands here twice"),
    ("code,class,field,scope,reason,remedy\n8A,DATA,,row\n", 2, "4 values where 6 belong"),
    ("code,class,field,scope,reason,remedy\n8A;8B,DATA,,row,Wrong.,Look.\n", 2, "code"),
    ("code,class,field,scope,reason,remedy\n8A,DATA,,row,,Look.\n", 2, "reason"),
]


@pytest.mark.parametrize(("text", "line", "words"), CODE_FAULTS)
def test_a_fault_of_a_file_of_codes_is_told_by_file_and_line(tmp_path: Path, text: str, line: int | None, words: str) -> None:
    path = tmp_path / "codes.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(ProfileError) as caught:
        load_codes(load_profile("generic-csv", {"codes": str(path)}))
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (str(path), line)
    assert words in problem.words


def test_codes_that_are_not_there_are_refused() -> None:
    with pytest.raises(ProfileError, match="did you mean 'generic-csv'"):
        load_codes(load_profile("generic-csv", {"codes": "generic-csw"}))


@pytest.mark.parametrize(
    ("template", "name", "number"),
    [
        ("{partner}-{date:%Y%m%d}-{sequence:06d}.csv", "sample-20260302-000042.csv", 42),
        ("{partner}-{date:%Y%m%d}-{sequence:06d}.csv", "sample-20260302-1234567.csv.pgp", 1_234_567),
        ("{partner}-{date:%Y%m%d}-{sequence:06d}.csv", "other-20260302-000042.csv", None),
        ("{partner}-{date:%Y%m%d}-{sequence:06d}.csv", "sample-20260302-000042.txt", None),
        ("{date:%y%m%d}{sequence:04d}_{partner}.csv", "2603020042_sample.csv", 42),
        ("{sequence}.{date:%d %B %Y}.csv", "7.02 March 2026.csv", 7),
        ("{partner}-{partner}-{sequence}.csv", "sample-sample-7.csv", 7),
    ],
)
def test_the_number_in_a_files_name_is_found_whatever_day_it_was_made(template: str, name: str, number: int | None) -> None:
    assert load_profile("generic-csv", {"file_name": template}).number_in("sample", name) == number


def test_files_of_nobody_are_checked_by_the_shipped_profile() -> None:
    shipped = load_profile(STANDARD_PROFILE)
    assert (shipped.asks, shipped.max_lines) == (STANDARD_ASKS, STANDARD_LINES)
