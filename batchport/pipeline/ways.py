"""The ways to partners as the settings describe them: their folders and servers, and what is done to files with PGP.

What is wrong with one partner's way, be it its server, a key that is not there or a package that is not installed, is that partner's trouble alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from batchport.carriers.render import Rendered
from batchport.config import ConfigProblem, Local, Pgp, Secret, Sftp
from batchport.pipeline.app import App
from batchport.pipeline.tally import PassTally
from batchport.transport import NotDelivered, Unreachable, Way
from batchport.transport.local import LocalFolder

if TYPE_CHECKING:
    from batchport.transport.pgp import Keys
    from batchport.transport.sftp import Session


class Unopened(Exception):
    """A partner's file that is not signed or encrypted as it should be; the message says in which way."""


class CannotOpen(Exception):
    """Partners' files cannot be opened now, for a reason of ours."""


@contextmanager
def way_to(app: App, partner: str) -> Iterator[Way]:
    """The way to a partner; a server is spoken to when something is brought or looked for.

    Raises:
        Unreachable: something that is needed for it is not there.
    """
    transport = app.settings.partners[partner].transport
    if isinstance(transport, Local):
        yield LocalFolder(app.settings.folder("outbox", partner))
        return
    with session_to(app, transport) as session:
        from batchport.transport.sftp import SftpFolder

        yield SftpFolder(session, transport.outbox)


def session_to(app: App, transport: Sftp) -> Session:
    """A connection to a partner's server, to be closed; it is made when it is first used.

    Raises:
        Unreachable: something that is needed for it is not there.
    """
    try:
        from batchport.transport.sftp import Server, Session
    except ImportError:
        raise Unreachable("SFTP needs a further package; `pip install 'batchport[sftp]'` brings it") from None
    try:
        password, key = (secret.read(app.settings.home).get_secret_value() if secret else None for secret in (transport.password, transport.key))
    except ConfigProblem as error:
        raise Unreachable(str(error)) from None
    return Session(Server(transport.host, transport.port, transport.username, password, key, transport.host_keys, transport.timeout))


@dataclass(frozen=True, slots=True)
class Protection:
    """How what goes to a partner is signed and encrypted.

    Attributes:
        of: makes of bytes what is sent; raises NotDelivered where it cannot.
        suffix: of the names of what is sent.
    """

    of: Callable[[bytes], bytes]
    suffix: str

    def __call__(self, file: Rendered) -> Rendered:
        """A submission as it is sent, it and what goes beside it."""
        data = self.of(file.data)
        beside = tuple((name + self.suffix, self.of(each)) for name, each in file.beside)
        return replace(file, name=file.name + self.suffix, data=data, sha256=hashlib.sha256(data).hexdigest(), beside=beside)


def protection(app: App, tally: PassTally, partner: str) -> Protection | None:
    """How what goes to a partner is signed and encrypted; None where the settings do not say so.

    Raises:
        NotDelivered: it cannot be.
    """
    pgp = app.settings.partners[partner].pgp
    if pgp is None or not (pgp.encrypt_to or pgp.sign_with):
        return None
    try:
        from batchport.transport.pgp import PgpProblem, protect
    except ImportError:
        raise NotDelivered(_NO_PGP) from None
    try:
        keys = _keys(app, tally, partner, pgp)
    except (ConfigProblem, PgpProblem) as error:
        raise NotDelivered(str(error)) from None

    def of(data: bytes) -> bytes:
        try:
            return protect(keys, data)
        except PgpProblem as error:
            raise NotDelivered(str(error)) from None

    return Protection(of, pgp.suffix)


def plain(app: App, tally: PassTally, partner: str, data: bytes) -> bytes:
    """What a partner's file says, decrypted and verified where the settings say so.

    Raises:
        Unopened: it is not signed or encrypted as it should be.
        CannotOpen: it cannot be opened now; it is not the file's fault.
    """
    pgp = app.settings.partners[partner].pgp
    if pgp is None or not (pgp.decrypt_with or pgp.verify_with):
        return data
    try:
        from batchport.transport.pgp import OurFault, PgpProblem, opened
    except ImportError:
        raise CannotOpen(_NO_PGP) from None
    try:
        keys = _keys(app, tally, partner, pgp)
        return opened(keys, data)
    except (ConfigProblem, OurFault) as error:
        raise CannotOpen(str(error)) from None
    except PgpProblem as error:
        raise Unopened(str(error)) from None


def look_at_keys(app: App, tally: PassTally, partner: str) -> None:
    """Look whether the keys that a partner's files are signed, encrypted and opened with can be used; those that end soon are told.

    Raises:
        CannotOpen: one cannot.
    """
    pgp = app.settings.partners[partner].pgp
    if pgp is None:
        return
    try:
        from batchport.transport.pgp import PgpProblem, protect
    except ImportError:
        raise CannotOpen(_NO_PGP) from None
    try:
        keys = _keys(app, tally, partner, pgp)
        if pgp.encrypt_to or pgp.sign_with:
            protect(keys, b"")
    except (ConfigProblem, PgpProblem) as error:
        raise CannotOpen(str(error)) from None


def promise_of_plain(manifest: bytes, came: bytes, says: bytes) -> bytes:
    """A manifest that promises the file as it came, for what is in that file: its SHA-256 is replaced where it is right, and stays where it is wrong."""
    try:
        said = json.loads(manifest)
        right = str(said["sha256"]).strip().casefold() == hashlib.sha256(came).hexdigest()
    except (ValueError, RecursionError, LookupError, TypeError):
        return manifest
    return json.dumps(said | {"sha256": hashlib.sha256(says).hexdigest()}).encode() if right else manifest


_NO_PGP = "PGP needs a further package; `pip install 'batchport[pgp]'` brings it"


def _keys(app: App, tally: PassTally, partner: str, pgp: Pgp) -> Keys:
    """A partner's keys; those that end soon are told of in the passes in which they are used."""
    from batchport.transport.pgp import Keys, expiring

    def read(secret: Secret) -> bytes:
        return secret.read(app.settings.home).get_secret_value().encode()

    keys = Keys(
        encrypt_to=tuple(map(read, pgp.encrypt_to)), sign_with=read(pgp.sign_with) if pgp.sign_with else None, decrypt_with=tuple(map(read, pgp.decrypt_with)),
        verify_with=tuple(map(read, pgp.verify_with)), passphrase=read(pgp.passphrase).decode() if pgp.passphrase else None,
    )  # fmt: skip
    for key in expiring(keys, app.now):
        words = f"{partner}: {key}; agree on a new one with {partner} and add it to the settings before"
        if words not in tally.troubles:
            tally.trouble(words)
    return keys
