"""`reference import`: newer tables take effect, the act is recorded, and a wrong file changes nothing."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from tests.conftest import LOCAL, Home, batchport, settled, sheet

NEW = LOCAL | {"tn": "729-234-0142"}


def area_codes(*lines: str) -> str:
    return resources.files("batchport.data").joinpath("area_codes.csv").read_text("utf-8") + "".join(f"{line}\n" for line in lines)


def found(home: Home, path: Path, *options: str) -> dict[str, int]:
    lines = home.json("check", path, *options)
    return dict(lines[-1]["summary"]["findings"])


def test_a_newer_table_counts_from_the_next_command_on(home: Home, tmp_path: Path) -> None:
    asked = settled(tmp_path / "sheet.csv", sheet(NEW))
    assert "tn-area-code-unknown" in found(home, asked, "--customer", "acme")
    done = home("reference", "import", settled(tmp_path / "2027.csv", area_codes("729,US,TN,geographic")), "--why", "the regulator's list of January")
    assert done.exit == 0
    assert "area codes" in done.out
    assert "tn-area-code-unknown" not in found(home, asked, "--customer", "acme")
    assert "tn-area-code-unknown" in found(home, asked), "without a customer the packaged tables count"
    home.take(NEW)
    assert home.rows(NEW["tn"])[0]["findings"] == []


def test_who_did_it_and_why_is_written_down(home: Home, tmp_path: Path) -> None:
    home("reference", "import", settled(tmp_path / "2027.csv", area_codes()), "--why", "a rehearsal")
    with home.database() as connection:
        assert connection.execute("select what, why from journal").fetchall() == [("reference import", "a rehearsal")]
    assert (home.path / "reference" / "area_codes.csv").stat().st_mode & 0o777 == 0o600


def test_a_wrong_file_is_refused_with_its_line_and_changes_nothing(home: Home, tmp_path: Path) -> None:
    path = settled(tmp_path / "2027.csv", area_codes("729,US,Tennessee,geographic"))
    done = home("reference", "import", path, "--why", "a slip")
    assert done.exit == 2
    assert f"{path}, line {len(area_codes().splitlines()) + 1}: 'Tennessee' cannot stand in region" in done.err
    assert not (home.path / "reference").exists()
    with home.database() as connection:
        assert connection.execute("select count(*) from journal").fetchone() == (0,)


def test_an_act_needs_a_reason(home: Home, tmp_path: Path) -> None:
    assert home("reference", "import", settled(tmp_path / "2027.csv", area_codes())).exit == 2


def test_a_table_of_the_installation_that_was_spoilt_by_hand_is_named(home: Home) -> None:
    settled(home.path / "reference" / "zip3.csv", "zip3,states\n021,Mass\n")
    home.drop(LOCAL)
    done = home.run()
    assert done.exit == 2
    assert "zip3.csv, line 2: 'Mass' cannot stand in states" in done.err
    assert batchport("check", settled(home.path / "sheet.csv", sheet(LOCAL))).exit == 0
