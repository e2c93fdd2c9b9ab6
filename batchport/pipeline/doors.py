"""The folders that customers and partners reach: each is a folder of its own, and what stands in one is a file, or is left alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from batchport.config import ConfigProblem
from batchport.files import legible, make_folder
from batchport.pipeline.app import App
from batchport.pipeline.tally import PassTally
from batchport.transport.arrivals import no_files


def make_doors(home: Path, customers: Collection[str], partners: Collection[str]) -> None:
    """Make the folders of customers and partners where they are not there yet.

    Raises:
        ConfigProblem: one is a link, which could lead to what is another's. What lies above them is the operator's own, and may be one.
    """
    for folder in doors_of(home, customers, partners):
        if folder.is_symlink():
            raise ConfigProblem(f"{folder} is a link, and links are not followed; put a folder in its place, or mount there what it leads to")
        make_folder(folder)


def doors_of(home: Path, customers: Collection[str], partners: Collection[str]) -> list[Path]:
    """The folders of customers and partners."""
    whose = ((customers, ("inbox", "results")), (partners, ("outbox", "responses")))
    return [home / name / one for some, names in whose for one in some for name in names]


def tell_what_is_no_file(app: App, tally: PassTally, folders: Iterable[Path]) -> None:
    """Say what stands in some folders and is left alone, since it is no file."""
    for path in no_files(folders):
        place = legible(str(path.relative_to(app.settings.home)))
        tally.trouble(f"{place} is no file but a link, a pipe or the like, which is not followed and not read; it was left where it is. Take it away, or put the file itself there.")
