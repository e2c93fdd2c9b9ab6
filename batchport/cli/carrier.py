"""Partners' profiles: which there are, what they say, and whether they do what they should."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from batchport.cli import Context, complete, format_option
from batchport.cli.output import print_json, print_table, say
from batchport.exit_status import NEEDS_SOMEBODY

if TYPE_CHECKING:
    from batchport.carriers.profile import Profile

_folder = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))


@click.group()
def carrier() -> None:
    """Look at partners' profiles, and prove a new one with samples."""


@carrier.command(name="list")
@format_option
@click.pass_obj
def list_(context: Context, form: str) -> None:
    """List the profiles that come with batchport, and the partners of the configuration, if there is one."""
    from batchport.carriers.profile import load_profile, profile_names

    lines = [_line(name, "", load_profile(name)) for name in profile_names()]
    for partner, (named, profile) in _partners(context).items():
        lines.append(_line(named, partner, profile))
    if form == "json":
        print_json(lines)
        return
    heads = ("profile", "partner", "submission", "response", "file_name", "max_lines", "windows")
    print_table([head.replace("_", " ").capitalize() for head in heads], [[line[head] for head in heads] for line in lines])


def _line(named: str, partner: str, profile: Profile) -> dict[str, object]:
    windows = ", ".join(f"{window.start:%H:%M}-{window.end:%H:%M}" for window in profile.windows) or "always"
    kinds = ", ".join(dict.fromkeys(layout.format.kind for layout in profile.responses.layouts))
    return {
        "profile": named, "partner": partner, "submission": profile.format.kind, "response": kinds, "file_name": profile.file_name, "max_lines": profile.max_lines,
        "windows": windows,
    }  # fmt: skip


def _partners(context: Context) -> dict[str, tuple[str, Profile]]:
    """Partner -> the name of its profile, and the profile with the partner's own settings; none without a configuration."""
    from batchport.carriers.profile import load_profile
    from batchport.config import load

    if not context.config.is_file():
        return {}
    return {name: (partner.profile, load_profile(partner.profile, partner.overrides)) for name, partner in load(context.config).partners.items()}


@carrier.command()
@click.argument("profile", metavar="P", shell_complete=complete.profiles)
@format_option
@click.pass_obj
def show(context: Context, profile: str, form: str) -> None:
    """Print all of P: every record with its fields, their widths and values, the words and codes of answers, and an answer as an example.

    P is a partner of the configuration, a profile that comes with batchport, or a profile's file.
    """
    from batchport.carriers.describe import describe
    from batchport.carriers.profile import load_profile, profile_names

    partners = _partners(context)
    known = [*partners, *profile_names()]
    if profile not in known and not Path(profile).exists():
        from batchport.yaml_text import nearest

        raise click.UsageError(f"There is no partner, profile or file {profile!r}{nearest(profile, known)}; `batchport carrier list` lists them.")
    parts = describe(partners[profile][1] if profile in partners else load_profile(profile))
    if form == "json":
        print_json(part.as_json() for part in parts)
        return
    for part in parts:
        say(part.title.upper())
        for note in part.notes:
            say(note)
        if part.rows:
            heads = [head.capitalize() for head in part.rows[0]]
            print_table(heads, [[_cell(value) for value in row.values()] for row in part.rows], prose=heads[1:])
        if part.text:
            say(part.text.rstrip("\n"))
        click.echo()


def _cell(value: object) -> object:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


@carrier.command()
@_folder
@click.pass_obj
def test(context: Context, folder: Path) -> None:
    """Make submissions of the samples in DIR, read its sample answers, and compare all with what is expected.

    DIR holds profile.yaml, orders.csv (a row a number, our names as header), responses/ (files as the partner sends them) and expected/ (written by
    `carrier generate`). Exit status 1 where anything differs, is missing, or is there though nothing makes it.
    """
    from batchport.carriers.golden import SAMPLE_TIME, differences

    same, wrong = differences(folder, context.at or SAMPLE_TIME)
    for difference in wrong:
        say(f"{difference.name} {difference.words}")
    click.echo(f"{len(same)} file{'' if len(same) == 1 else 's'} as expected, {len(wrong)} not.")
    if wrong:
        raise SystemExit(NEEDS_SOMEBODY)


@carrier.command()
@_folder
@click.pass_obj
def generate(context: Context, folder: Path) -> None:
    """Write into DIR/expected/ what the samples in DIR make now. Read the difference: from then on it is what is expected."""
    from batchport.carriers.golden import SAMPLE_TIME
    from batchport.carriers.golden import generate as write

    changed = write(folder, context.at or SAMPLE_TIME)
    for name in changed:
        click.echo(name)
    click.echo(f"{len(changed)} file{'' if len(changed) == 1 else 's'} changed.")
