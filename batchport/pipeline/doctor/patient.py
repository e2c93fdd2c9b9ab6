"""An installation as the doctor takes it: as much of it as can be opened, and nothing of it changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError
from sqlalchemy.exc import DatabaseError

from batchport.config import ConfigProblem, Settings, load
from batchport.pipeline.app import App
from batchport.seal import KeyProblem
from batchport.store.database import Store, has_tables, open_to_look, path_of
from batchport.store.problem import DatabaseProblem
from batchport.yaml_text import UnreadableYaml, read_yaml

if TYPE_CHECKING:
    from batchport.pipeline.doctor.lines import Seen


class NotOpen(Exception):
    """Something that cannot be opened as it is; the message says what and why."""


class Patient:
    """An installation that is looked at.

    Attributes:
        config: its configuration.
        now: the time to go by.
        trouble: why the configuration cannot be used; blank where it can be.
        settings: what it says; where it cannot be used, those of its parts that can, so that the rest is looked at all the same.
    """

    def __init__(self, config: Path, now: datetime) -> None:
        self.config, self.now, self.trouble, self._locked = config, now, "", False
        try:
            self.settings: Settings | None = load(config)
        except ConfigProblem as error:
            self.trouble, self.settings = str(error), _what_can_be_read(config)
        self._app = None if self.settings is None else App(self.settings, now)

    @classmethod
    @contextmanager
    def at(cls, config: Path, now: datetime) -> Iterator[Patient]:
        """An installation, its database closed afterwards."""
        patient = cls(config, now)
        try:
            yield patient
        finally:
            if patient.opened:
                patient.app.store.close()

    @property
    def app(self) -> App:
        """The installation."""
        assert self._app is not None  # noqa: S101  what needs it is not looked at without
        return self._app

    @property
    def home(self) -> Path:
        """Its folder."""
        return self.app.settings.home

    @property
    def database(self) -> Path | None:
        """The file of its database; None for one in a server.

        Raises:
            NotOpen: it is of a kind that cannot be used.
        """
        try:
            return path_of(self.app.settings.database_url)
        except DatabaseProblem as error:
            raise NotOpen(str(error)) from None

    @cached_property
    def shut(self) -> str:
        """Why the database cannot be opened; blank where it can be."""
        try:
            keyring = self.app.keyring
        except (ConfigProblem, KeyProblem):
            self._locked = True
            return "the sealing key cannot be read"
        try:
            self.app.store = open_to_look(self.app.settings.database_url, keyring)
        except KeyProblem:
            self._locked = True
            return "the sealing key is not the one of the database"
        except (DatabaseProblem, NotOpen) as error:
            return str(error)
        except DatabaseError as error:
            return f"the database cannot be read: {error.orig}"
        return ""

    @property
    def locked(self) -> bool:
        """Whether it is for the key that the database cannot be opened."""
        return bool(self.shut) and self._locked

    @property
    def store(self) -> Store:
        """Its database, open for looking.

        Raises:
            NotOpen: it cannot be.
        """
        if self.shut:
            raise NotOpen(self.shut)
        return self.app.store

    @property
    def opened(self) -> bool:
        """Whether the database was opened."""
        return self._app is not None and "store" in self._app.__dict__

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever done here, so that there is no database yet."""
        archive = self.home / "archive"
        try:
            return not (archive.is_dir() and any(archive.iterdir())) and self.is_empty
        except NotOpen:
            return False

    @property
    def is_empty(self) -> bool:
        """Whether the database is not there, or no table is in it.

        Raises:
            NotOpen: it is of a kind that cannot be used.
        """
        if self.database is not None:
            return not self.database.exists()
        try:
            return not has_tables(self.app.settings.database_url)
        except (DatabaseProblem, DatabaseError):
            return False

    def lacks(self, needs: str) -> str:
        """What of that which a look needs is not to be had; blank where all is."""
        if needs and self.settings is None:
            return "the configuration cannot be read"
        if needs == "configuration" and self.trouble:
            return "there is a fault in the configuration"
        if needs == "database" and not self.is_new and self.shut:
            return self.shut
        return ""

    def failed(self, error: Exception) -> Seen | None:
        """What is said of a look that a damaged database has stopped; None for another error."""
        from batchport.pipeline.doctor.lines import YELLOW, Seen

        if isinstance(error, DatabaseError):
            return Seen(YELLOW, f"not looked at to the end: {error.orig}", "see what is said of the database")
        return None


def _what_can_be_read(config: Path) -> Settings | None:
    """The settings of a file in which something is wrong, without those in which it is; None where it cannot be read at all."""
    try:
        data = read_yaml(config.read_text("utf-8-sig"), str(config)).data
    except (OSError, UnicodeDecodeError, UnreadableYaml):
        return None
    good = Settings()
    kept: dict[str, object] = {}
    # Routes last: they name the others.
    for name in sorted(data, key="routes".__eq__):
        try:
            good = Settings.model_validate({**kept, name: data[name]})
        except ValidationError:
            continue
        kept[name] = data[name]
    return good.model_copy(update={"home": (config.parent / good.home).resolve()})
