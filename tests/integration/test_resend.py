"""Sending again by hand: the same bytes, under the same name or the one that the settings say, with a record of who and why."""

from __future__ import annotations

import json

import pytest

from tests.conftest import EVENING, LOCAL, NEXT, THIRD, TOLL_FREE, Home

FIRST, SECOND = "sample-20260302-000001.csv", "sample-20260303-000002.csv"


@pytest.fixture
def sent(home: Home) -> Home:
    """A home that has sent two submissions, on two evenings, which the partner has taken away."""
    assert home.take(LOCAL, at=EVENING).exit == 0
    assert home.take(TOLL_FREE, name="two.csv", at=NEXT).exit == 0
    taken = home.path / "taken"
    (home.path / "outbox" / "sample").rename(taken)
    (home.path / "outbox" / "sample").mkdir()
    return home


def again(home: Home) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((home.path / "outbox" / "sample").iterdir())}


def before(home: Home) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((home.path / "taken").iterdir())}


def test_the_same_bytes_go_under_the_same_name(sent: Home) -> None:
    done = sent("resend", FIRST, "--why", "the partner has lost it", "--format", "json", at=THIRD)
    assert (done.exit, done.last["submissions"], done.last["lines"]["sent"], done.last["balanced"]) == (0, 1, 2, True)
    assert again(sent) == {name: data for name, data in before(sent).items() if name.startswith(FIRST)}
    assert sent.run(THIRD).last["changed"] is False


def test_what_still_lies_there_is_left_as_it_is(home: Home) -> None:
    home.take(LOCAL)
    path = home.path / "outbox" / "sample" / FIRST
    seen = path.stat()
    assert home("resend", FIRST).exit == 0
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (seen.st_mtime_ns, seen.st_ino)


def test_other_bytes_under_its_name_are_left_and_told(sent: Home) -> None:
    path = sent.path / "outbox" / "sample" / FIRST
    path.write_bytes(b"other")
    assert sent("resend", FIRST).exit == 1
    assert path.read_bytes() == b"other"
    path.unlink()
    assert sent.run(THIRD).exit == 0
    assert again(sent)[FIRST] == before(sent)[FIRST]


def test_the_settings_may_ask_for_a_new_name_each_time(sent: Home) -> None:
    sent.set("    profile: generic-csv\n", '    profile: generic-csv\n    resend_name: "{stem}-R{number}{suffix}"\n')
    for number in (1, 2):
        name = f"sample-20260302-000001-R{number}.csv"
        assert sent("resend", FIRST if number == 1 else "sample-20260302-000001-R1.csv").exit == 0
        assert again(sent)[name] == before(sent)[FIRST]
        assert json.loads(again(sent)[f"{name}.manifest.json"]) == json.loads(before(sent)[f"{FIRST}.manifest.json"]) | {"file": name}


def test_those_of_some_days_are_sent_again(sent: Home) -> None:
    args = ("resend", "--partner", "sample", "--since", "2026-03-02", "--until")
    plan = sent(*args, "2026-03-02", "--dry-run", "--format", "json")
    assert [(line["plan"]["file"], line["plan"]["lines"]) for line in plan.lines] == [(FIRST, 1)]
    assert again(sent) == {}
    assert sent(*args, "2026-03-02T23:00:00-05:00", "--dry-run").out.count("resend:") == 1
    assert sent(*args, "2026-03-03", at=THIRD).exit == 0
    assert again(sent) == before(sent)
    assert sent("resend", "--partner", "sample", "--since", "2026-04-01", "--until", "2026-04-02").exit == 0


def test_who_did_it_and_why_is_in_the_history(sent: Home) -> None:
    sent("resend", FIRST, "--why", "the partner has lost it", at=THIRD)
    steps = sent.json("trace", LOCAL["tn"], at=THIRD)
    (act,) = (step for step in steps if step["step"] == "act")
    assert "the partner has lost it" in act["what"]
    assert [step["what"].startswith("sent again") for step in steps if step["step"] == "submission"] == [False, True]
    assert [step for step in sent.json("trace", TOLL_FREE["tn"]) if step["step"] == "act"] == []


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("nothing.csv",), "there is no submission 'nothing.csv'"),
        ((FIRST, "--partner", "nobody"), "there is no partner 'nobody'"),
        (("--partner", "sample"), "Name a SUBMISSION"),
        ((FIRST, "--since", "2026-03-02"), "Name a SUBMISSION"),
        (("--partner", "sample", "--since", "March", "--until", "2026-03-02"), "'March' is not a day"),
    ],
)
def test_what_cannot_be_meant_is_refused(sent: Home, args: tuple[str, ...], words: str) -> None:
    done = sent("resend", *args)
    assert done.exit == 2
    assert words in done.err
    assert again(sent) == {}
