"""What the shell offers for what is being typed: names from the settings, orders and files from the database, codes of findings.

It is asked at every press of a key, so nothing heavy is imported: the settings are read as plain YAML, the database is asked directly, and only read.
Where anything is missing or wrong there is nothing to offer, and nothing is said. Secrets are neither read nor offered, but for the sealing key, without
which orders have no names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

Offer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
#: Of more orders or files than this the newest are offered.
_MOST = 2_000


def _offering(found: Callable[[Path], Mapping[str, str]]) -> Offer:
    """Offers those names that begin with what is typed, without regard to case; `found` gives names with what is said of them, from the settings' file."""

    def offer(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
        try:
            names = found(Path(ctx.find_root().params["config"]))
        except Exception:  # noqa: BLE001  nobody asked for more than an offer
            return []
        return [CompletionItem(name, help=said or None) for name, said in names.items() if name.casefold().startswith(incomplete.casefold())]

    return offer


def _settings(config: Path) -> Mapping[str, Any]:
    import yaml

    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    data: Mapping[str, Any] = yaml.load(config.read_text("utf-8-sig"), Loader=loader)  # noqa: S506  a loader of texts alone
    return data


def _customers(config: Path) -> Mapping[str, str]:
    return {name: str((own or {}).get("name", "")) for name, own in _settings(config)["customers"].items()}


def _partners(config: Path) -> Mapping[str, str]:
    return {name: str(own.get("profile", "")) for name, own in _settings(config)["partners"].items()}


def _profiles(config: Path) -> Mapping[str, str]:
    shipped = {path.stem: "" for path in sorted((Path(__file__).parents[1] / "carriers" / "profiles").glob("*.yaml"))}
    return {**shipped, **_partners(config)} if config.is_file() else shipped


def _codes(_: Path) -> Mapping[str, str]:
    import tomllib

    catalogue = tomllib.loads((Path(__file__).parents[1] / "domain" / "findings.toml").read_text("utf-8"))
    return {code: str(rule["severity"]) for code, rule in catalogue["rule"].items()}


@contextmanager
def _database(config: Path, settings: Mapping[str, Any]) -> Iterator[Any]:
    """The database, to look into."""
    url = str(settings.get("database") or "")
    if url.startswith("postgresql"):
        import psycopg

        with psycopg.connect(f"postgresql:{url.partition(':')[2]}", connect_timeout=2) as there:
            yield there
        return
    import sqlite3

    path = Path(url.removeprefix("sqlite:///")) if url else _home(config, settings) / "batchport.db"
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0.1)) as connection:
        yield connection


def _home(config: Path, settings: Mapping[str, Any]) -> Path:
    return config.parent / str(settings.get("home", "."))


def _orders(config: Path) -> Mapping[str, str]:
    """The orders that have not ended, with customer and partner."""
    settings = _settings(config)
    with _database(config, settings) as connection:
        sealed = connection.execute("select value from meta where name = 'root'").fetchone()[0]
        found = connection.execute(f"select id, customer, partner from orders where live order by id desc limit {_MOST}").fetchall()  # noqa: S608
    import numpy as np

    from batchport.seal import Keyring, Names

    key = settings["keys"]
    text = os.environ[key["env"]] if "env" in key else (_home(config, settings) / key["file"]).read_text("utf-8")
    names = Names(Keyring.parse(text, "").unseal(sealed, "root"), "P", 12)
    pons = names.give(np.array([number for number, _, _ in found], np.int64))
    return {pon: f"{customer}, {partner}" for pon, (_, customer, partner) in zip(pons, found, strict=True)}


def _files(config: Path) -> Mapping[str, str]:
    """The files that were taken in, with the customer of each."""
    with _database(config, _settings(config)) as connection:
        return dict(connection.execute(f"select name, customer from files order by id desc limit {_MOST}").fetchall())  # noqa: S608


customers, partners, profiles, codes, orders, files = map(_offering, (_customers, _partners, _profiles, _codes, _orders, _files))


def path(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """Offers what the shell offers for a file; before that commands that may stand in its place, where one is being typed."""
    below = ctx.command.list_commands(ctx) if incomplete and isinstance(ctx.command, click.Group) else []
    # bash forgets what comes before a file.
    return [CompletionItem(incomplete, type="file"), *(CompletionItem(name) for name in below if name.startswith(incomplete))]
