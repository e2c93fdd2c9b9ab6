"""The units and the container file of deploy/: systemd takes them, they are hardened, and what they call is there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted(path.name for path in (DEPLOY / "systemd").iterdir())
SERVICES = [name for name in UNITS if name.endswith(".service")]
PROGRAM = "/opt/batchport/bin/batchport"
#: What every service is shut in by, whatever it does.
HARDENED = {
    "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes", "PrivateDevices": "yes", "NoNewPrivileges": "yes", "CapabilityBoundingSet": "",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX", "RestrictSUIDSGID": "yes", "RestrictNamespaces": "yes", "LockPersonality": "yes", "MemoryDenyWriteExecute": "yes",
    "SystemCallArchitectures": "native", "ProtectKernelTunables": "yes", "ProtectKernelModules": "yes", "ProtectControlGroups": "yes", "ProtectProc": "invisible", "UMask": "0077",
    "User": "batchport", "LimitCORE": "0",
}  # fmt: skip
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")


def directives(name: str) -> dict[str, list[str]]:
    """What a unit says, by directive."""
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / "systemd" / name).read_text("utf-8").splitlines():
        key, sign, value = line.partition("=")
        if sign and not line.startswith(("#", ";")):
            found.setdefault(key, []).append(value)
    return found


def placed(folder: Path) -> Path:
    """The units as they would lie on a machine that has the program."""
    (program := folder / "batchport").symlink_to(sys.executable)
    for name in UNITS:
        (folder / name).write_text((DEPLOY / "systemd" / name).read_text("utf-8").replace(PROGRAM, str(program)).replace("Documentation=file:", "#"), "utf-8")
    return folder


@needs_systemd
@pytest.mark.parametrize("name", UNITS)
def test_systemd_takes_it(name: str, tmp_path: Path) -> None:
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", placed(tmp_path) / name], capture_output=True, text=True, check=False)
    own = [line for line in (done.stdout + done.stderr).splitlines() if "batchport" in line]
    assert (done.returncode, own) == (0, [])


@needs_systemd
@pytest.mark.parametrize("name", SERVICES)
def test_systemd_finds_little_that_it_could_do_to_the_machine(name: str, tmp_path: Path) -> None:
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", placed(tmp_path) / name], capture_output=True, text=True, check=False)
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    if level is None:
        pytest.skip(f"this systemd does not judge units that are not installed: {done.stderr.strip()}")
    assert float(level[1]) <= 1.5, done.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_it_is_hardened(name: str) -> None:
    said = directives(name)
    assert {key: said.get(key, [None])[-1] for key in HARDENED} == HARDENED
    assert said["SystemCallFilter"] == ["@system-service", "~@privileged"]
    assert all(path.startswith(("/srv/batchport", "/var/backups/batchport")) for path in " ".join(said["ReadWritePaths"]).split())


@pytest.mark.parametrize("name", SERVICES)
def test_the_command_that_it_calls_is_there(name: str) -> None:
    from batchport.cli import batchport

    (line,) = directives(name)["ExecStart"]
    words = shlex.split(line)
    called = shlex.split(words[2].removeprefix("exec ")) if words[0] == "/bin/sh" else words
    assert called[0] == PROGRAM
    command = batchport.get_command(None, called[1])  # type: ignore[arg-type]
    assert command is not None
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in called[2:] if word.startswith("--")} <= options


def test_serve_is_asked_to_stop_and_is_given_the_time_for_the_pass_at_hand() -> None:
    said = directives("batchport.service")
    assert (said["Type"], said["KillSignal"], said["TimeoutStopSec"], said["Restart"], said["RestartPreventExitStatus"]) == (["exec"], ["SIGTERM"], ["10min"], ["on-failure"], ["2"])
    assert said["ExecReload"] == ["/bin/kill -HUP $MAINPID"]


def test_no_unit_holds_a_secret_or_passes_one_on_a_command_line() -> None:
    for name in SERVICES:
        said = directives(name)
        assert said["EnvironmentFile"] == ["-/etc/batchport/environment"]
        assert not [value for value in said["Environment"] if re.search("(?i)password|secret|key=", value)]


@pytest.mark.parametrize("name", [name for name in UNITS if name.endswith(".timer")])
def test_a_timer_makes_up_for_what_was_missed_and_starts_a_unit_that_is_there(name: str) -> None:
    assert directives(name)["Persistent"] == ["yes"]
    assert name.replace(".timer", ".service") in SERVICES


class TestContainer:
    text = (DEPLOY / "Containerfile").read_text("utf-8").replace("\\\n", " ")

    def said(self, word: str) -> list[str]:
        return [line.removeprefix(f"{word} ").strip() for line in self.text.splitlines() if line.startswith(f"{word} ")]

    def test_it_runs_as_a_user_without_rights_and_keeps_everything_in_the_volume(self) -> None:
        user = self.said("USER")[-1]
        assert user == "10001:10001"
        assert self.said("VOLUME") == ["/srv/batchport"]
        assert self.said("STOPSIGNAL") == ["SIGTERM"]
        assert self.said("ENTRYPOINT") == ['["batchport"]'] and self.said("CMD") == ['["serve"]']
        assert len(self.said("HEALTHCHECK")) == 1

    def test_it_is_built_from_the_python_that_the_program_needs_and_from_no_other_place(self) -> None:
        images = {line.split()[0] for line in self.said("FROM")}
        assert images == {"docker.io/library/python:3.11-slim"}
        assert 'requires-python = ">=3.11"' in (ROOT / "pyproject.toml").read_text("utf-8")
        assert not re.search(r"index-url|https?://(?!127\.0\.0\.1)", self.text)

    def test_what_it_copies_is_there_and_is_all_that_the_wheel_is_built_of(self) -> None:
        copied = [name for line in self.said("COPY") if "--from" not in line for name in line.split()[:-1]]
        assert [name for name in copied if not (ROOT / name).exists()] == []
        project = (ROOT / "pyproject.toml").read_text("utf-8")
        included = re.search(r"force-include\]\n((?:.+ = .+\n)+)", project)
        assert included is not None
        wanted = {line.partition(" = ")[0].strip('"') for line in included[1].splitlines()} | {"pyproject.toml", "batchport", "README.md", "requirements.txt"}
        assert wanted <= set(copied)


def test_the_page_for_operators_names_every_file_of_deploy() -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert [name for name in (*UNITS, "Containerfile") if name not in page] == []
