"""Making a home: settings, key and folders."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from batchport.config import load
from batchport.files import make_folder, write_whole
from batchport.pipeline.doors import doors_of, make_doors
from batchport.seal import write_new_key

#: Folders for which the program alone writes, or whoever brings delivery reports.
SHELVES = ("archive", "bounces", "mail", "quarantine")


@dataclass(frozen=True, slots=True)
class Home:
    """What was made."""

    config: Path
    key: Path


def example_config() -> str:
    """The example configuration: inside the package when it is installed, beside it in a checkout."""
    installed = resources.files("batchport").joinpath("config.example.yaml")
    if installed.is_file():
        return installed.read_text("utf-8")
    return (Path(__file__).parents[2] / "config.example.yaml").read_text("utf-8")


def make_home(folder: Path) -> Home:
    """A home with the example's customer and partner, and a sealing key of its own.

    Raises:
        FileExistsError: there is a configuration already.
    """
    config = folder / "config.yaml"
    if config.exists():
        raise FileExistsError(17, "is there already", str(config))
    make_folder(folder)
    write_whole(config, example_config().encode())
    settings = load(config)
    key = folder / "keys" / "seal.key"
    if not key.exists():
        write_new_key(key)
    make_folders(folder, list(settings.customers), list(settings.partners))
    return Home(config, key)


def make_folders(home: Path, customers: list[str], partners: list[str]) -> None:
    """The doors and shelves of a home, where they are not there yet."""
    for name in SHELVES:
        make_folder(home / name)
    make_doors(home, customers, partners)


def folders_of(home: Path, customers: Collection[str], partners: Collection[str]) -> list[Path]:
    """The doors and shelves of a home."""
    return [*(home / name for name in SHELVES), *doors_of(home, customers, partners)]
