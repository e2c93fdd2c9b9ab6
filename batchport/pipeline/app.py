"""What every stage works with: settings, database, reference tables, and the time to go by."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from batchport.carriers.codes import Codes, load_codes
from batchport.carriers.profile import Profile, ProfileError, load_profile
from batchport.config import ConfigProblem, Customer, Settings
from batchport.data import load_reference
from batchport.domain.language import Language
from batchport.domain.reference import Reference
from batchport.domain.roster import Roster
from batchport.domain.routes import Route
from batchport.domain.terms import Asks, Terms
from batchport.pipeline.roster import load_roster
from batchport.progress import Progress, quiet
from batchport.seal import Keyring
from batchport.spreadsheets.limits import Limits
from batchport.store.database import Store, open_store
from batchport.yaml_text import nearest

if TYPE_CHECKING:  # whoever only looks makes no mails
    from batchport.mail.compose import Composer

#: So many customers or partners are named where one was not found.
_FEW = 20


class Unknown(Exception):
    """A name given by a user that there is nothing for: a partner, a customer, an order, a row."""


@dataclass
class App:
    """An installation at work.

    Attributes:
        settings: as read from the configuration.
        now: the time to go by, with a time zone.
        progress: hears of long work.
        stopping: whether the program was asked to stop.
        turn: waits until what is done now may be stored: what came before it, and another process has at hand, goes first.
    """

    settings: Settings
    now: datetime
    progress: Progress = field(default=quiet)
    stopping: Callable[[], bool] = field(default=lambda: False)
    turn: Callable[[], None] = field(default=lambda: None)
    _profiles: dict[str, tuple[Profile, Codes]] = field(default_factory=dict)
    _rosters: dict[str, Roster] = field(default_factory=dict)

    @cached_property
    def store(self) -> Store:
        """The database, opened when first needed."""
        return open_store(self.settings.database_url, self.keyring)

    @property
    def keyring(self) -> Keyring:
        """The sealing keys.

        Raises:
            ConfigProblem: they cannot be read.
            KeyProblem: what is read are none.
        """
        key = self.settings.keys
        secret = key.read(self.settings.home).get_secret_value()
        name = f"the environment variable {key.env}" if key.env else str(self.settings.home / (key.file or ""))
        return Keyring.parse(secret, name)

    @cached_property
    def reference(self) -> Reference:
        """Area codes, states, carriers: the operator's own files before the packaged ones."""
        return load_reference(self.settings.folder("reference"))

    @cached_property
    def composer(self) -> Composer:
        """Makes the mails, with the operator's own templates before the packaged ones."""
        from batchport.mail.compose import Composer

        return Composer(self.settings.template_folders)

    @cached_property
    def routes(self) -> tuple[Route, ...]:
        """Which partner an order goes to."""
        return tuple(Route(**route.model_dump()) for route in self.settings.routes)

    @cached_property
    def limits(self) -> Limits:
        """What is still read as a sheet."""
        limits = self.settings.limits
        return Limits(
            max_bytes=limits.file_megabytes << 20, max_rows=limits.rows, max_columns=limits.columns, max_cell=limits.cell_signs,
            wall_seconds=limits.reader_seconds, max_paper=limits.paper_megabytes << 20,
        )  # fmt: skip

    @cached_property
    def stamp(self) -> str:
        """The time to go by as the database keeps it: UTC to the second."""
        return self.now.astimezone(UTC).isoformat(timespec="seconds")

    @cached_property
    def seconds(self) -> int:
        """The time to go by in seconds since 1970."""
        return int(self.now.timestamp())

    @cached_property
    def day(self) -> str:
        """The day to go by, on the installation's own clock."""
        return self.local(self.now).strftime("%Y-%m-%d")

    def moment(self, when: date | datetime) -> datetime:
        """A day's beginning, or a moment, by the installation's own clock where it has no time zone."""
        moment = when if isinstance(when, datetime) else datetime.combine(when, time())
        return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(self.settings.schedule.timezone))

    def stamp_of(self, when: date | datetime) -> str:
        """The same as the database keeps it."""
        return self.moment(when).astimezone(UTC).isoformat(timespec="seconds")

    def local(self, moment: datetime) -> datetime:
        """A moment on the installation's own clock."""
        return moment.astimezone(ZoneInfo(self.settings.schedule.timezone))

    @property
    def user(self) -> str:
        """Who runs this."""
        return os.environ.get("SUDO_USER") or getpass.getuser()

    def customer(self, name: str) -> Customer:
        """A customer's settings.

        Raises:
            Unknown: there is no such customer.
        """
        found = self.settings.customers.get(name)
        if found is None:
            raise Unknown(_no_such("customer", name, list(self.settings.customers)))
        return found

    def language(self, name: str) -> Language:
        """The language that a customer is written to in; English where the configuration has it no more."""
        found = self.settings.customers.get(name)
        return found.language if found is not None else "en"

    def terms(self, name: str) -> Terms:
        """What the checks need to know of a customer, its partners and the time.

        Raises:
            Unknown: there is no such customer.
            ConfigProblem: its list of lines cannot be read.
        """
        own = self.customer(name).terms(name)
        return replace(own, territories=self.settings.territories, now=self.now, roster=self.roster(name), routes=self.routes, partners=self._asks)

    @cached_property
    def _asks(self) -> Mapping[str, Asks]:
        return {partner: self.profile(partner).asks for partner in self.settings.partners}

    def roster(self, customer: str) -> Roster | None:
        """A customer's list of its lines, as it is now; None where there is none."""
        path = self.customer(customer).roster
        if path is not None and customer not in self._rosters:
            self._rosters[customer] = load_roster(self.settings.home / path, customer)
        return self._rosters.get(customer)

    def profile(self, partner: str) -> Profile:
        """A partner's profile.

        Raises:
            Unknown: there is no such partner.
            ConfigProblem: its profile is wrong.
        """
        return self._carrier(partner)[0]

    def codes(self, partner: str) -> Codes:
        """What a partner's response codes mean."""
        return self._carrier(partner)[1]

    def _carrier(self, partner: str) -> tuple[Profile, Codes]:
        if partner not in self._profiles:
            settings = self.settings.partners.get(partner)
            if settings is None:
                raise Unknown(_no_such("partner", partner, list(self.settings.partners)))
            try:
                profile = load_profile(settings.profile, settings.overrides)
                self._profiles[partner] = profile, load_codes(profile)
            except ProfileError as error:
                raise ConfigProblem(f"partner {partner}: {error}") from None
        return self._profiles[partner]

    def prove(self) -> None:
        """Look at all that could be wrong before anything is done: profiles, routes, lists of lines, and what figures need."""
        self.prove_packages()
        for partner in self.settings.partners:
            self.profile(partner)
        for customer in self.settings.customers:
            self.roster(customer)

    def prove_packages(self) -> None:
        """Look whether the packages are installed that the settings want besides; those of one partner's way are that partner's trouble.

        Raises:
            ConfigProblem: one is not.
        """
        if self.settings.metrics is not None and find_spec("prometheus_client") is None:
            raise ConfigProblem("`metrics:` needs prometheus-client: pip install 'batchport[metrics]', or take `metrics:` out of the configuration")

    def prove_templates(self) -> None:
        """Look whether all templates of mails can be rendered.

        Raises:
            TemplateFault: one cannot.
        """
        self.composer.prove({name: customer.language for name, customer in self.settings.customers.items()})

    @property
    def max_lines(self) -> Mapping[str, int]:
        """The most lines in an order, by partner."""
        return {partner: self.profile(partner).max_lines for partner in self.settings.partners}


def _no_such(kind: str, name: str, known: list[str]) -> str:
    """That there is no such customer or partner, with the nearest, or all where none is near and there are few."""
    all_of_them = f"; there {'is' if len(known) == 1 else 'are'} {', '.join(known) or 'none'}" if len(known) <= _FEW else ""
    return f"there is no {kind} {name!r} in the configuration{nearest(name, known) or all_of_them}"


@contextmanager
def closing(app: App) -> Iterator[App]:
    """The app, its database closed afterwards where it was opened."""
    try:
        yield app
    finally:
        if "store" in app.__dict__:
            app.store.close()
