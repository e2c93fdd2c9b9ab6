"""The wheel, installed apart from the checkout: everything it needs at work is in it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import EVENING, LOCAL, ROOT, settled, sheet


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's contents, in a folder of their own."""
    if find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed, and a build without a network needs it here")
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("batchport", "templates", "pyproject.toml", "config.example.yaml", "README.md", "LICENSE"):
        if (ROOT / name).exists():
            (source / name).symlink_to(ROOT / name)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder), str(source)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    (wheel,) = folder.glob("batchport-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
        (folder / "names.txt").write_text("\n".join(archive.namelist()), "utf-8")
    return folder / "site"


def run(installed: Path, *args: object, at: str | None = None) -> subprocess.CompletedProcess[str]:
    """A command of the installed package, from a folder that has nothing to do with the checkout."""
    script = "import batchport, sys; assert 'site' in batchport.__file__, batchport.__file__; from batchport.__main__ import main; main()"
    before = ("--at", at) if at else ()
    return subprocess.run(
        [sys.executable, "-P", "-c", script, *before, *map(str, args)], capture_output=True, text=True, check=False, cwd=installed.parent, timeout=120,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )  # fmt: skip


def test_a_first_night(installed: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    made = run(installed, "init", home)
    assert made.returncode == 0, made.stderr
    settled(home / "inbox" / "acme" / "sheet.csv", sheet(LOCAL))
    done = run(installed, "--config", home / "config.yaml", "run", at=EVENING)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list((home / "outbox" / "sample").glob("*.csv"))) == 1
    assert len(list((home / "mail").glob("received*.eml"))) == 1
    assert len(list((home / "results" / "acme").glob("*.xlsx"))) == 1


def test_the_template_and_the_catalogue(installed: Path, tmp_path: Path) -> None:
    assert run(installed, "template", "-o", tmp_path / "template.xlsx").returncode == 0
    assert run(installed, "rules").returncode == 0
    assert run(installed, "check", tmp_path / "template.xlsx").returncode in (1, 2)


def test_every_mail_can_be_made(installed: Path) -> None:
    script = "from batchport.mail.compose import Composer; Composer().prove()"
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False, cwd=installed.parent, env={**os.environ, "PYTHONPATH": str(installed)})
    assert done.returncode == 0, done.stderr


def test_nothing_but_the_package_is_in_it(installed: Path) -> None:
    names = (installed.parent / "names.txt").read_text("utf-8").splitlines()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"batchport"}
    assert [name for name in names if "__pycache__" in name or name.endswith((".pyc", "seal.key", "batchport.db"))] == []


def test_help_is_quick(installed: Path) -> None:
    """`--help` imports nothing heavy."""
    script = "import sys; sys.argv = ['batchport', '--help']\ntry:\n    from batchport.__main__ import main; main()\nexcept SystemExit: pass\nprint(sorted({'pandas', 'pyarrow', 'sqlalchemy', 'openpyxl', 'xlsxwriter', 'jinja2', 'numpy', 'pydantic'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True, cwd=installed.parent, env={**os.environ, "PYTHONPATH": str(installed)})
    assert done.stdout.splitlines()[-1] == "[]"
