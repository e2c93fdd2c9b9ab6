"""The documents say what the program does: generated pages are up to date, and every command is told of."""

from __future__ import annotations

import re
import runpy
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from batchport.cli import batchport
from batchport.cli.commands import COMMANDS
from batchport.config import Settings
from batchport.domain.fields import FIELDS
from batchport.domain.lifecycle import OUR_MOVES, PARTNER_MOVES, State

ROOT = Path(__file__).parents[2]
MAKER = runpy.run_path(str(ROOT / "scripts" / "make_docs.py"))
PAGES = sorted(MAKER["PAGES"])
WRITTEN = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "samples" / "README.md", *(ROOT / "docs").glob("*.md")])


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command below the program's own name, groups included."""
    for context in MAKER["contexts"](batchport, None):
        yield context.command_path.removeprefix("batchport").strip(), context.command


def shown(text: str) -> Iterator[list[str]]:
    """The batchport commands in the code blocks of a page, as words; what stands in capitals is for the reader to fill in."""
    for block in re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if words and Path(words[0]).name == "batchport":
                yield words[1:]


def options_of(command: click.Command) -> set[str]:
    """The options of a command as they are typed."""
    return {option for parameter in command.params if isinstance(parameter, click.Option) for option in (*parameter.opts, *parameter.secondary_opts)}


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_what_the_generator_makes(name: str) -> None:
    assert (ROOT / name).read_text("utf-8") == MAKER["PAGES"][name](), f"run python scripts/make_docs.py and look at the difference in {name}"


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else "")
def test_a_command_and_each_of_its_options_has_help(name: str, command: click.Command) -> None:
    assert command.help
    assert command.get_short_help_str(), name
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts[0]} has no help"
            assert parameter.help.endswith((".", ")")), f"the help of {name} {parameter.opts[0]} is a sentence"


@pytest.mark.parametrize(("name", "says"), [(name, says) for name, (_, says) in COMMANDS.items()])
def test_the_list_says_of_a_command_what_its_own_help_begins_with(name: str, says: str) -> None:
    assert batchport.get_command(click.Context(batchport), name).get_short_help_str(1_000) == says


def test_help_shows_no_marks_meant_for_the_formatter() -> None:
    assert "\\b" not in MAKER["commands_page"]()


def test_every_command_stands_in_the_page_of_commands() -> None:
    page = (ROOT / "docs" / "commands.md").read_text("utf-8")
    for name, _ in commands():
        assert f"## {f'batchport {name}'.strip()}\n" in page


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_commands_shown_in_a_document_exist_with_their_options(path: Path) -> None:
    known = dict(commands())
    for words in shown(path.read_text("utf-8")):
        name, options = "", {"-h", "--help"} | options_of(batchport)
        for word in words:
            deeper = f"{name} {word}".strip()
            if deeper in known:
                name = deeper
                options |= options_of(known[name])
            elif word.startswith("-"):
                assert word in options, f"{path.name}: {name} has no option {word}"
        assert name, f"{path.name}: {' '.join(words)} names no command"


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_links_of_a_document_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text("utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


@pytest.mark.parametrize("target", ["run", "test"])
def test_the_two_commands_of_the_readme_are_targets_of_the_makefile(target: str) -> None:
    assert f"make {target}" in (ROOT / "README.md").read_text("utf-8")
    assert f"\n{target}:" in (ROOT / "Makefile").read_text("utf-8")


def test_every_setting_is_told_of() -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    for name in Settings.model_fields:
        assert f"`{name}" in page, f"docs/operations.md does not speak of {name}"


def test_every_column_stands_in_the_page_of_columns() -> None:
    page = MAKER["columns_page"]()
    for field in FIELDS:
        assert f"| {field.label} | `{field.name}` | {field.help}" in page


def test_every_state_is_explained_and_every_move_is_drawn() -> None:
    page = MAKER["states_page"]()
    for state in State:
        assert f"| `{state.label}` | {MAKER['STATES'][state]} |" in page
    for moves in (*PARTNER_MOVES.values(), *OUR_MOVES.values()):
        for start, end in moves.items():
            assert f"    {start.label} --> {end.label}: " in page


def test_an_answer_that_no_move_follows_leaves_its_cell_blank() -> None:
    lines = {line.split("|")[1].strip(" `"): [cell.strip() for cell in line.split("|")[2:-1]] for line in MAKER["states_page"]().splitlines() if line.count("|") == 8}
    assert lines["confirmed"] == ["*noted*", "delayed", "confirmed", "carrier_rejected", "completed", "cancelled"]
    assert lines["completed"] == ["*noted*", "", "", "", "*noted*", ""]
