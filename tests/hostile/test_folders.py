"""Folders as doors: what a customer or a partner can plant in its own leads nowhere else, stops nobody, and nobody sees what is another's."""

from __future__ import annotations

import io
import os
import socket
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from batchport.config import ConfigProblem, load
from batchport.domain.cases import pdf
from batchport.files import fitting, open_plain, read_plain, write_whole
from batchport.pipeline.fetching import _Door
from batchport.transport import NotDelivered
from batchport.transport.local import deliver
from batchport.transport.sftp_files import Remote
from tests.conftest import LOCAL, NEXT, THIRD, TOLL_FREE, Home, account, both_parts, settled, sheet

TN = LOCAL["tn"]
OTHER = LOCAL | {"tn": "617-236-0200", "account_number": "5512", "destination": "line-0200"}


def inbox(home: Home, customer: str = "acme") -> Path:
    """A customer's door."""
    return home.path / "inbox" / customer


def told(home: Home) -> str:
    """What the operator was told of the last night."""
    return both_parts(home.mails("night")[-1])


# What is planted in an inbox


def a_link(path: Path, outside: Path) -> None:
    path.symlink_to(outside)


def a_link_to_nothing(path: Path, outside: Path) -> None:
    path.symlink_to(outside.with_name("nothing"))


def a_link_to_a_folder(path: Path, outside: Path) -> None:
    path.symlink_to(outside.parent)


def a_link_to_a_device(path: Path, outside: Path) -> None:  # noqa: ARG001
    path.symlink_to("/dev/zero")


def a_pipe(path: Path, outside: Path) -> None:  # noqa: ARG001
    os.mkfifo(path)


def a_socket(path: Path, outside: Path) -> None:  # noqa: ARG001
    with closing(socket.socket(socket.AF_UNIX)) as made:
        made.bind(os.path.relpath(path))


PLANTED = (a_link, a_link_to_nothing, a_link_to_a_folder, a_link_to_a_device, a_pipe, a_socket)


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
@pytest.mark.parametrize("door", ["inbox/acme", "responses/sample", "bounces"])
def test_what_is_no_file_is_passed_over_and_told(home: Home, plant: Callable[[Path, Path], None], door: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home.path)
    outside = settled(home.path.parent / "private.csv", sheet(LOCAL))
    plant(home.path / door / "planted.csv", outside)
    done = home.take(OTHER)
    assert home.states() == {"sheet.csv:2": "submitted"}, "everything else goes on"
    assert os.path.lexists(home.path / door / "planted.csv"), "it is left where it is"
    assert outside.read_bytes() == sheet(LOCAL).encode()
    assert f"{door}/planted.csv is no file" in told(home)
    assert done.exit == 1


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_paper_that_is_no_file_is_no_paper(home: Home, plant: Callable[[Path, Path], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home.path)
    outside = settled(home.path.parent / "private.pdf", pdf())
    home.drop(TOLL_FREE, papers=False)
    plant(inbox(home) / TOLL_FREE["loa_file"], outside)
    home.run()
    home.run(NEXT)
    assert home.rows(TOLL_FREE["tn"])[0]["findings"] == ["loa-not-found"]
    assert outside.exists()


@pytest.mark.parametrize("name", ["../harbor/theirs.pdf", "..\\harbor\\theirs.pdf", "/etc/passwd", "sub/theirs.pdf", "theirs.pdf/../theirs.pdf", "..", ".", "C:\\theirs.pdf", "theirs.pdf\0"])
def test_a_cell_that_names_a_paper_elsewhere_names_none(home: Home, name: str) -> None:
    theirs = settled(inbox(home, "harbor") / "theirs.pdf", pdf())
    settled(inbox(home) / "sub" / "theirs.pdf", pdf())
    home.drop(TOLL_FREE | {"loa_file": name}, papers=False)
    home.run()
    home.run(NEXT)
    found = home.rows(TOLL_FREE["tn"])[0]["findings"]
    assert "loa-not-found" in found or "loa-missing" in found, found
    assert theirs.exists()


@pytest.mark.parametrize("others", [0, 2])
def test_a_file_that_becomes_a_link_while_it_is_read_is_not_taken(home: Home, monkeypatch: pytest.MonkeyPatch, others: int) -> None:
    """What a customer can do with good timing: the name leads somewhere else when the reader opens it, and back again afterwards; beside others it is read with them."""
    from batchport.pipeline import intake

    whole, path = intake.read_requests, home.drop(LOCAL)
    for number in range(others):
        home.drop(*account(2, btn=f"617-{300 + number}-2200", account_number=f"A{number}"), name=f"other-{number}.csv")
    outside = settled(home.path.parent / "private.csv", sheet(OTHER))

    def swapped(*args: Any, **options: Any) -> Any:
        if args[0] != path:
            return whole(*args, **options)
        path.rename(path.with_name(".mine"))
        path.symlink_to(outside)
        read = whole(*args, **options)
        path.unlink()
        path.with_name(".mine").rename(path)
        return read

    with monkeypatch.context() as patch:
        patch.setattr(intake, "read_requests", swapped)
        done = home.run()
    assert {place.partition(":")[0] for place in home.states()} == {f"other-{number}.csv" for number in range(others)}
    assert path.exists()
    assert "changed while it was read" in told(home)
    assert done.exit == 1
    assert home.run(NEXT).exit == 0
    assert home.state(TN) == "submitted"


def test_an_archive_that_becomes_a_link_while_it_is_unpacked_is_not_taken(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from batchport.pipeline import intake

    whole, path = intake.unbundled, home.drop(name="bundle.zip", content=zipped({"mine.csv": sheet(LOCAL)}))
    outside = settled(home.path.parent / "private.zip", zipped({"theirs.csv": sheet(OTHER)}))

    def swapped(*args: Any) -> Any:
        path.unlink()
        path.symlink_to(outside)
        return whole(*args)

    monkeypatch.setattr(intake, "unbundled", swapped)
    home.run()
    assert home.states() == {}
    assert outside.exists()
    assert path.is_symlink()


def test_a_pipe_that_takes_the_place_of_a_file_while_it_is_read_is_not_waited_for(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from batchport.pipeline import intake

    whole, path = intake._take_file, home.drop(LOCAL)

    def swapped(*args: Any) -> None:
        path.unlink()
        os.mkfifo(path)
        whole(*args)

    monkeypatch.setattr(intake, "_take_file", swapped)
    home.run()
    assert home.states() == {}
    assert "changed while it was read" in told(home)


def test_a_file_that_is_replaced_after_it_was_read_is_taken_the_next_time(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from batchport.pipeline import intake

    whole = intake.store_sheets

    def replaced(*args: Any, **options: Any) -> Any:
        stored = whole(*args, **options)
        home.drop(OTHER)
        return stored

    home.drop(LOCAL)
    with monkeypatch.context() as patch:
        patch.setattr(intake, "store_sheets", replaced)
        home.run()
    assert home.states() == {"sheet.csv:2": "submitted"}
    assert "was replaced after it had been read" in told(home)
    home.run(NEXT)
    assert home.state(OTHER["tn"]) == "submitted"
    assert list(inbox(home).iterdir()) == []


def test_a_hard_link_is_taken_by_its_name_alone(home: Home) -> None:
    """The other name of the file keeps it."""
    mine = settled(home.path.parent / "mine.csv", sheet(LOCAL))
    (inbox(home) / "sheet.csv").hardlink_to(mine)
    assert home.run().exit == 0
    assert home.state(TN) == "submitted"
    assert mine.read_bytes() == sheet(LOCAL).encode()


NAMES = {
    "as long as can be": "x" * 251 + ".csv", "as long as can be, in signs of two bytes": "é" * 125 + ".csv", "not UTF-8": os.fsdecode(b"caf\xe9.csv"),
    "a bidirectional mark": "a\u202efdp.csv", "a line break": "new\nline.csv", "only dots": "...csv", "an option": "--help.csv", "a device of Windows": "CON.csv", "a drive": "C:sheet.csv",
    "backslashes": "..\\..\\sheet.csv", "a template": "{{ 7*7 }}{sequence}.csv", "no end": "sheet",
}  # fmt: skip


@pytest.mark.parametrize("kind", list(NAMES))
def test_a_file_of_any_name_goes_all_the_way(home: Home, kind: str) -> None:
    home.drop(LOCAL | {"postal_code": "90210"}, OTHER, name=NAMES[kind])
    home.take(LOCAL | {"tn": "617-236-0300", "account_number": "5513", "destination": "line-0300"}, name="other.csv")
    if NAMES[kind].startswith("."):
        assert len(home.states()) == 1, "hidden"
        return
    assert sorted(home.states().values()) == ["rejected", "submitted", "submitted"]
    assert list(inbox(home).iterdir()) == []
    assert len(list((home.path / "results" / "acme").glob("*.xlsx"))) == 2
    assert home.run(NEXT).exit == 0


@pytest.mark.parametrize("kind", list(NAMES))
def test_what_cannot_be_read_goes_into_quarantine_under_any_name(home: Home, kind: str) -> None:
    for content in (b"x" * 99, b"y" * 99):
        home.drop(name=NAMES[kind], content=content)
        settled(home.path / "responses" / "sample" / NAMES[kind], content)
        home.take(OTHER)
    assert home.state(OTHER["tn"]) == "submitted"
    if not NAMES[kind].startswith("."):
        assert list(inbox(home).iterdir()) == list((home.path / "responses" / "sample").iterdir()) == []
        assert {len(list((home.path / "quarantine" / who).iterdir())) for who in ("acme", "sample")} == {4}


# What is planted where batchport writes


def planned(home: Home) -> str:
    """The name that the results of the sheet will have."""
    import hashlib

    return f"sheet.{hashlib.sha256(sheet(LOCAL).encode()).hexdigest()[:8]}.xlsx"


@pytest.mark.parametrize("name", ["{}", ".{}.writing"])
@pytest.mark.parametrize("kind", ["symlink", "hard link", "pipe"])
def test_a_planted_name_in_results_leads_nowhere(home: Home, name: str, kind: str) -> None:
    outside = settled(home.path.parent / "precious", "precious")
    path = home.path / "results" / "acme" / name.format(planned(home))
    match kind:
        case "symlink":
            path.symlink_to(outside)
        case "hard link":
            path.hardlink_to(outside)
        case "pipe":
            os.mkfifo(path)
    assert home.take(LOCAL).exit == 0
    assert outside.read_text() == "precious"
    made = home.path / "results" / "acme" / planned(home)
    assert made.is_file() and not made.is_symlink()
    assert made.stat().st_mode & 0o777 == 0o600
    assert zipfile.is_zipfile(made)


@pytest.mark.parametrize("name", ["{}", ".{}.writing"])
def test_a_folder_in_the_place_of_results_stops_nobody(home: Home, name: str) -> None:
    path = home.path / "results" / "acme" / name.format(planned(home))
    (path / "full").mkdir(parents=True)
    home.drop(LOCAL)
    done = home.take(OTHER, customer="harbor")
    assert done.exit == 1
    assert list((home.path / "results" / "harbor").glob("*.xlsx"))
    assert len(home.mails("received")) == 2
    assert "results acme/sheet.csv (1) could not be dealt with" in told(home)
    (path / "full").rmdir()
    path.rmdir()
    home.run(NEXT)
    assert (home.path / "results" / "acme" / planned(home)).is_file(), "it is written as soon as it can be"


@pytest.mark.parametrize("name", ["sample-20260302-000001.csv", ".sample-20260302-000001.csv.writing", "sample-20260302-000001.csv.manifest.json"])
def test_a_planted_name_in_an_outbox_leads_nowhere(home: Home, name: str) -> None:
    outside = settled(home.path.parent / "precious", "precious")
    path = home.path / "outbox" / "sample" / name
    path.symlink_to(outside)
    home.take(LOCAL)
    assert outside.read_text() == "precious"
    if name.startswith("."):
        assert home.state(TN) == "submitted"
    else:
        assert home.state(TN) == "ready", "what has its name is not overwritten, and not taken for it"
        path.unlink()
        home.run(NEXT)
        assert home.state(TN) == "submitted"


@pytest.mark.parametrize("door", ["inbox/acme", "results/acme", "outbox/sample", "responses/sample"])
def test_a_door_that_is_a_link_is_refused(home: Home, door: str) -> None:
    """It would let one customer see what is another's; what lies above the doors is the operator's own, and may be a link."""
    path = home.path / door
    path.rmdir()
    path.symlink_to(home.path / "elsewhere")
    (home.path / "elsewhere").mkdir()
    done = home.run()
    assert done.exit == 2
    assert f"{door} is a link" in done.err.replace(f"{home.path}/", "")
    assert list((home.path / "elsewhere").iterdir()) == []


def test_the_shelves_may_lie_on_another_disk(home: Home) -> None:
    for name in ("archive", "mail"):
        (home.path / name).rename(home.path.parent / name)
        (home.path / name).symlink_to(home.path.parent / name)
    assert home.take(LOCAL).exit == 0
    assert list((home.path.parent / "archive").rglob("sheet.csv"))


@pytest.mark.parametrize("name", ["../x", "a/b", "..", ".", "", "/etc/passwd", "A", "x" * 41, "a\nb", "a b", "ä"])
@pytest.mark.parametrize("kind", ["customers", "partners"])
def test_a_customer_or_partner_is_no_path(home: Home, name: str, kind: str) -> None:
    import json

    value = "{name: X, email: x@example.com}" if kind == "customers" else "{profile: generic-csv}"
    home.set(f"{kind}:\n", f"{kind}:\n  {json.dumps(name)}: {value}\n")
    with pytest.raises(ConfigProblem):
        load(home.config)


@pytest.mark.parametrize("name", ["../x.csv", "/tmp/x.csv", "a/b.csv", "..", ".", ""])
def test_a_submission_goes_into_its_folder_alone(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotDelivered, match="not the name of a file"):
        deliver(tmp_path / "outbox", name, b"data")
    assert not list(tmp_path.rglob("*.csv"))


@pytest.mark.parametrize("handle", ["../../etc/passwd", "/etc/passwd", "inbox/acme/sheet.csv", "..", "%", "*", "' or 1=1 --"])
def test_a_handle_is_looked_up_and_never_opened(home: Home, handle: str) -> None:
    home.take(LOCAL)
    assert home("trace", handle).exit == 2
    assert home("resend", handle, "--why", "x").exit == 2
    assert home.json("status", "--file", handle) == []


def zipped(members: dict[str, str]) -> bytes:
    """A zip of some texts."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return target.getvalue()


class TestFiles:
    """What `files` promises."""

    @pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
    def test_what_is_no_file_is_not_opened(self, tmp_path: Path, plant: Callable[[Path, Path], None], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        plant(tmp_path / "planted", settled(tmp_path / "outside", "x"))
        with pytest.raises(OSError):
            open_plain(tmp_path / "planted")

    def test_a_file_is_read(self, tmp_path: Path) -> None:
        assert read_plain(settled(tmp_path / "file", "text")) == b"text"

    def test_what_a_stop_left_behind_is_written_over(self, tmp_path: Path) -> None:
        settled(tmp_path / ".file.writing", "half")
        write_whole(tmp_path / "file", b"whole")
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"whole"}

    @pytest.mark.parametrize(("name", "room", "fits"), [
        ("sheet.csv", 20, "sheet.csv"), ("x" * 300 + ".csv", 0, "x" * 251 + ".csv"), ("x" * 251 + ".csv", 10, "x" * 241 + ".csv"), ("é" * 200 + ".csv", 0, "é" * 125 + ".csv"),
        ("x" * 300, 5, "x" * 250), ("a." + "x" * 300, 0, "a." + "x" * 253), (os.fsdecode(b"caf\xe9.csv"), 0, "caf?.csv"),
    ])  # fmt: skip
    def test_a_name_is_cut_to_fit(self, name: str, room: int, fits: str) -> None:
        assert fitting(name, room) == fits


def test_answers_whose_names_are_shown_alike_are_fetched_one_after_the_other(tmp_path: Path) -> None:
    """Neither is taken away from the partner's server before it was read."""
    door = _Door("sample", None, None, tmp_path)  # type: ignore[arg-type]
    first, second = (Remote(os.fsdecode(name), 1, 1) for name in (b"caf\xe9.csv", b"caf\xe8.csv"))
    door.keep(first, b"1")
    door.keep(second, b"2")
    assert list(door.fetched) == [first]
    assert door.place(first).read_bytes() == b"1"


# The same number from two customers

#: What the first customer's request says, each word found nowhere else.
MARKED = LOCAL | {
    "account_number": "QX7734109955", "pin": "8V3X77", "name": "Quillfeather Zeppelin LLC", "authorized_name": "Xanthippe Quux", "street_number": "7719", "street_name": "Wobblestone",
    "destination": "zeta-line-99", "customer_ref": "MARK-0815", "notes": "frobnicate", "contact_email": "xq@quillfeather.example", "losing_carrier": "Comcast", "requested_date": "2026-03-09",
}  # fmt: skip
SECRETS = ("quillfeather", "xanthippe", "wobblestone", "zeta-line", "mark-0815", "frobnicate", "qx77341", "8v3x77", "comcast", "first-sheet", "acme")


def seen_by(home: Home, customer: str, email: str) -> Iterator[tuple[str, str]]:
    """Everything that a customer can see, as text: its inbox, its results and what they are made of, and its mails with what is attached."""
    from tests.hostile.test_secrets import readable

    mails = [path for path in (home.path / "mail").iterdir() if f"To: {email}".encode() in path.read_bytes()]
    assert mails
    for path in (*(home.path / "results" / customer).iterdir(), *inbox(home, customer).iterdir(), *mails):
        for where, data in readable(path):
            yield where.removeprefix(str(home.path)), data.decode(errors="replace").casefold()


@pytest.mark.parametrize("answer", [None, ("ACK",), ("DELAY", "", "quillfeather"), ("FOC", "", "", "2026-03-09"), ("REJECT", "8A", "mark-0815 xanthippe")])
def test_of_another_customers_number_nothing_is_seen(home: Home, answer: tuple[str, ...] | None) -> None:
    home.drop(MARKED, name="first-sheet.csv")
    home.run()
    if answer:
        home.answer(("", "", TN.replace("-", ""), *answer))
    pon, row = home.pon(TN), home.rows(TN)[0]["row_id"]
    secrets = (*SECRETS, pon.casefold(), row.casefold(), *([] if answer is None else ["2026-03-09", "march 9", "mar 9"]))
    theirs = LOCAL | {"account_number": "60144217", "pin": "5521"}
    home.drop(theirs | {"account_number": "60144218"}, customer="harbor", name="before.csv")
    looked = home("check", inbox(home, "harbor") / "before.csv", "--customer", "harbor", "--format", "json", "-o", home.path / "results" / "harbor" / "checked.xlsx", at=THIRD)
    assert looked.lines[1]["findings"][0]["code"] == "tn-in-open-order"
    home.take(theirs, customer="harbor", name="theirs.csv", at=THIRD)
    (home.path / "results" / "harbor" / "said.json").write_text(
        looked.out + "".join(
            home("status", "--customer", "harbor", *more, "--format", form, at=THIRD).out for more in ((), ("--tn", TN)) for form in ("json", "table")
        )
    )  # fmt: skip
    assert [(line["customer"], line["findings"]) for line in home.json("status", "--customer", "harbor", "--tn", TN)] == [("harbor", ["tn-in-open-order"])] * 2
    found = [(where, secret) for where, text in seen_by(home, "harbor", "ports@harbor.example") for secret in secrets if secret in text]
    assert found == []
    assert {secret for secret in SECRETS for _, text in seen_by(home, "acme", "telecom@acme.example") if secret in text} >= {"quillfeather", "xanthippe", "mark-0815"}, "it would be found"


def test_what_becomes_of_the_first_customers_number_is_told_to_nobody_else(home: Home) -> None:
    """The partner answers to the first customer's order after the second has asked for the same number."""
    home.drop(MARKED, name="first-sheet.csv")
    home.run()
    home.take(LOCAL | {"account_number": "60144217", "pin": "5521"}, customer="harbor", name="theirs.csv", at=NEXT)
    home.answer((home.json("orders")[0]["pon"], "01", TN.replace("-", ""), "REJECT", "8A", "mark-0815 xanthippe"), at=THIRD)
    assert {mail["To"] for mail in home.mails("update")} == {"telecom@acme.example", "xq@quillfeather.example"}
    assert [(where, secret) for where, text in seen_by(home, "harbor", "ports@harbor.example") for secret in SECRETS if secret in text] == []


def test_a_contact_hears_of_the_rows_that_name_it_and_of_no_other(home: Home) -> None:
    home.take(MARKED, OTHER | {"contact_email": "it@acme.example"}, name="first-sheet.csv")
    seen = list(seen_by(home, "harbor", "it@acme.example"))
    assert [(where, secret) for where, text in seen for secret in SECRETS if secret in text and secret not in ("first-sheet", "acme")] == []


def test_a_row_id_or_paper_of_another_customer_is_unknown(home: Home) -> None:
    home.drop(TOLL_FREE, name="first-sheet.csv")
    home.run()
    row = home.rows(TOLL_FREE["tn"])[0]["row_id"]
    home.drop(LOCAL | {"row_id": row, "action": "cancel"}, TOLL_FREE | {"tn": "800-234-7302"}, customer="harbor", name="theirs.csv", papers=False)
    home.run(NEXT)
    home.run(THIRD)
    assert [line["findings"] for line in home.json("status", "--customer", "harbor")] == [["row-unknown"], ["loa-not-found"]]
    assert home.state(TOLL_FREE["tn"]) == "submitted"


def test_the_operators_templates_for_one_customer_are_no_others(home: Home) -> None:
    home.set("operator:", "templates: words\noperator:")
    own = home.path / "words" / "customers" / "harbor" / "mail"
    own.mkdir(parents=True)
    (own / "received.subject.txt").write_text("of harbor alone")
    home.drop(LOCAL)
    home.take(OTHER, customer="harbor", name="theirs.csv")
    assert {mail["Subject"] == "of harbor alone": mail["To"] for mail in home.mails("received")} == {True: "ports@harbor.example", False: "telecom@acme.example"}

