"""What a terminal shows: progress of long work, tables that fit, colours, and what the shells offer. The programs are real, the terminal is a pseudo-terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shlex
import shutil
import struct
import subprocess
import sys
import termios
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter

from tests.conftest import EVENING, LOCAL, MULTI, ROOT, Home, account, numbers, settled, sheet

#: A program that shows progress as soon as there is any.
_AT_ONCE = "import sys; from batchport.cli import main, progress; progress.DELAY = 0; main()"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def on_terminal(*args: object, columns: int = 100, env: dict[str, str] | None = None, program: str = _AT_ONCE) -> str:
    """What a command writes where standard output and error are a terminal."""
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover  another process
        kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "COLORTERM")}
        os.execve(sys.executable, [sys.executable, "-c", program, *map(str, args)], {**kept, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT), "TZ": "UTC", **(env or {})})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    written = b""
    try:
        while piece := os.read(terminal, 65536):
            written += piece
    except OSError:  # so a terminal ends whose program has ended
        pass
    os.close(terminal)
    os.waitpid(pid, 0)
    return written.decode().replace("\r\n", "\n")


class TestProgress:
    """Long work says how far it is."""

    def test_it_is_shown_on_a_terminal_and_leaves_no_trace(self, tmp_path: Path) -> None:
        file = settled(tmp_path / "sheet.csv", sheet(*numbers("617-234-0142", 3, **LOCAL)))
        seen = on_terminal("check", file)
        assert "Reading sheet.csv" in seen or "Checking 3 rows" in seen
        shown, _, last = seen.rpartition("\x1b[2K")
        assert "1 file, 3 rows" in last
        assert "Reading" not in last
        assert "\x1b[?25l" not in shown  # the cursor was never hidden: a program that is killed could not bring it back

    @pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"TERM": ""}])
    def test_a_terminal_that_cannot_go_back_shows_none(self, tmp_path: Path, env: dict[str, str]) -> None:
        file = settled(tmp_path / "sheet.csv", sheet(LOCAL))
        seen = on_terminal("check", file, env=env)
        assert "1 file, 1 row" in seen
        assert "\x1b" not in seen

    def test_short_work_shows_none(self, home: Home) -> None:
        seen = on_terminal("--config", home.config, "--at", EVENING, "status", program="from batchport.cli import main; main()")
        assert seen == "There are no rows.\n"

    def test_none_where_standard_error_is_no_terminal(self, tmp_path: Path) -> None:
        file = settled(tmp_path / "sheet.csv", sheet(LOCAL))
        done = subprocess.run(
            [sys.executable, "-c", _AT_ONCE, "check", str(file), "--format", "json"], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        assert done.stderr == ""
        assert all(line.startswith("{") for line in done.stdout.splitlines())

    def test_a_pass_tells_its_steps_and_how_much_is_done(self, home: Home) -> None:
        from batchport.config import load
        from batchport.pipeline.app import App, closing
        from batchport.pipeline.run import whole_pass

        home.drop(*account(3))
        heard: list[tuple[str, int, int, str]] = []
        with closing(App(load(home.config), datetime.fromisoformat(EVENING))) as app:
            app.progress = lambda what, done=0, of=0, unit="rows": heard.append((what, done, of, unit))
            whole_pass(app)
        for step in (
            ("Reading sheet.csv", 0, 0, "rows"), ("Checking 3 rows of sheet.csv", 0, 0, "rows"), ("Storing sheet.csv", 3, 3, "rows"), ("Making files for sample", 3, 3, "lines"),
            ("Sending to sample", 0, 1, "files"), ("Writing results", 0, 1, "files"), ("Sending mails", 0, 2, "mails"),
        ):  # fmt: skip
            assert step in heard

    def test_a_reader_tells_how_many_rows_it_has_read(self, tmp_path: Path) -> None:
        from batchport.spreadsheets.gather import PORTION
        from batchport.spreadsheets.limits import Limits
        from batchport.spreadsheets.readers import read_sheets
        from batchport.spreadsheets.sheet import Ask

        heard: list[tuple[int, int]] = []
        with xlsxwriter.Workbook(tmp_path / "long.xlsx") as book:
            page = book.add_worksheet()
            page.write_column(0, 0, ["Phone Number", *(str(number) for number in range(6172340000, 6172340000 + PORTION + 10))])
        list(read_sheets(tmp_path / "long.xlsx", Ask(told=lambda done, of: heard.append((done, of))), Limits()))
        assert heard[-1] == (PORTION + 11, PORTION + 11)


class TestTables:
    """A table fits where it is shown."""

    def test_a_narrow_terminal_breaks_no_number_and_no_order(self, home: Home) -> None:
        home.take(LOCAL, {**MULTI, "tn": "617-236-9999", "state": "ZZ", "postal_code": "90210"}, name="a sheet with a rather long name of march.csv")
        pon = home.pon(LOCAL["tn"])
        seen = on_terminal("--config", home.config, "--at", EVENING, "status", columns=80, env={"NO_COLOR": "1"})
        lines = seen.split("\n")
        assert max(map(len, lines)) <= 80
        assert any("617-234-0142" in line for line in lines)
        assert any(pon in line for line in lines)
        assert "\x1b" not in seen

    def test_states_are_coloured_and_still_said(self, home: Home) -> None:
        home.take({**LOCAL, "tn": "617-911-0142"})
        seen = on_terminal("--config", home.config, "--at", EVENING, "status", columns=160)
        assert "\x1b[31mrejected\x1b[0m" in seen
        plain = on_terminal("--config", home.config, "--at", EVENING, "status", columns=160, env={"NO_COLOR": "1"})
        assert _COLOUR.sub("", seen) == plain
        assert "\x1b" not in plain

    def test_elsewhere_a_row_is_a_line_however_long(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        home.take(LOCAL)
        home.answer((home.pon(LOCAL["tn"]), "01", "", "REJECT", "ZZ", "line one\nof a very long text " + "that goes on and on " * 30, ""))
        lines = home("status").out.splitlines()
        assert len(lines) == 2
        assert lines[1].startswith("acme")
        assert lines[1].index("carrier_rejected") == lines[0].index("State")
        assert "\x1b" not in home("status").out
        monkeypatch.setenv("FORCE_COLOR", "1")
        assert "\x1b[31mcarrier_rejected\x1b[0m" in home("status").out
        monkeypatch.setenv("NO_COLOR", "1")
        assert home("status").out.splitlines() == lines


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A folder with the command `batchport` in it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    file = folder / "batchport"
    file.write_text(f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom batchport.cli import main\nmain()\n")
    file.chmod(0o755)
    return folder


def asked(program: Path, shell: str, words: str, folder: Path) -> str:
    """What a shell offers after some words, the last of which is being typed."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not on this machine")
    typed = words.split(" ")
    source = f'eval "$(_BATCHPORT_COMPLETE={shell}_source batchport)"'
    quoted = " ".join(shlex.quote(word) for word in typed)
    script = {
        "bash": f'compopt() {{ :; }}; {source}; COMP_WORDS=({quoted}); COMP_CWORD={len(typed) - 1}; _batchport_completion batchport; printf "%s\\n" "${{COMPREPLY[@]}}"',
        "zsh": f"compdef() {{ :; }}; {source}; compadd() {{ :; }}; _describe() {{ print -l -- $completions_with_descriptions $completions; }}; _files() {{ print FILES; }}; "
        f"words=({quoted}); CURRENT={len(typed)}; commands[batchport]=1; _batchport_completion",
        "fish": f"_BATCHPORT_COMPLETE=fish_source batchport | source; complete -C {shlex.quote(words)}",
    }[shell]
    options = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    done = subprocess.run(
        [shell, *options, "-c", script], capture_output=True, text=True, check=False, cwd=folder, timeout=60,
        env={**os.environ, "PATH": f"{program}:{os.environ['PATH']}", "HOME": str(program), "TERM": "dumb"},
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout


class TestCompletion:
    """What the shells offer."""

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_shells_complete_commands_and_values(self, program: Path, home: Home, shell: str) -> None:
        assert "status" in asked(program, shell, "batchport sta", home.path)
        offered = asked(program, shell, "batchport status --customer ", home.path)
        assert "acme" in offered
        assert "harbor" in offered

    def test_names_come_from_the_settings_the_database_and_the_catalogue(self, program: Path, home: Home) -> None:
        home.take(LOCAL, name="march.csv")
        pon = home.pon(LOCAL["tn"])
        for words, offered in (
            ("batchport status --state can", ["cancel_pending", "cancelled"]), ("batchport submit --partner ", ["sample"]), (f"batchport trace {pon[:3].lower()}", [pon]),
            ("batchport rules pin-m", ["pin-missing"]), ("batchport status --file m", ["march.csv"]), ("batchport run --format ", ["table", "json"]),
            ("batchport carrier sh", ["show"]), ("batchport columns conf", ["confirm"]), (f"batchport --config {home.config} hold {pon[:4]}", [pon]),
            ("batchport exceptions res", ["resolve"]), ("batchport --config gone.yaml status --customer ", []),
        ):  # fmt: skip
            assert asked(program, "bash", words, home.path).split() == offered

    def test_nothing_is_said_where_nothing_can_be_offered(self, program: Path, home: Home) -> None:
        assert asked(program, "bash", "batchport trace P", home.path).split() == []
        home.take(LOCAL)
        (home.path / "keys" / "seal.key").write_text("no key")
        assert asked(program, "bash", "batchport trace P", home.path).split() == []
        home.config.write_text("customers: [")
        assert asked(program, "bash", "batchport status --customer ", home.path).split() == []

    def test_an_offer_takes_no_heavy_module(self, program: Path, home: Home) -> None:
        home.take(LOCAL)
        script = (
            "import sys\nfrom batchport.cli import main\ntry:\n    main()\nexcept SystemExit:\n"
            "    sys.exit(','.join(set(sys.modules) & {'pandas', 'pyarrow', 'sqlalchemy', 'pydantic', 'rich'}) or 0)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=home.path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "_BATCHPORT_COMPLETE": "bash_complete", "COMP_WORDS": "batchport trace P", "COMP_CWORD": "2"},
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("plain,P")
