"""PGP: files signed and encrypted for a partner, and its answers decrypted and verified."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pysequoia
from pysequoia.packet import PacketPile, Tag

from batchport.transport.gpg import GpgProblem, NoGpg, opened_by_gpg

#: What the package says of a signed message that was compressed before it was encrypted.
_NESTED = "Unexpected message structure"
_KEYS = (Tag.PublicKey, Tag.PublicSubkey, Tag.SecretKey, Tag.SecretSubkey)


class PgpProblem(Exception):
    """A file that cannot be made or opened; the message says why, not what is in it."""


class OurFault(PgpProblem):
    """Something of ours is missing or wrong, such as a key: the file may be as it should."""


@dataclass(frozen=True)
class Keys:
    """The keys for one partner, armored or not: the partner's for encrypting and verifying, our own secret ones for signing and decrypting."""

    encrypt_to: tuple[bytes, ...] = ()
    sign_with: bytes | None = field(default=None, repr=False)
    decrypt_with: tuple[bytes, ...] = field(default=(), repr=False)
    verify_with: tuple[bytes, ...] = ()
    passphrase: str | None = field(default=None, repr=False)


def protect(keys: Keys, data: bytes) -> bytes:
    """The data signed, or encrypted, or both. It is other bytes every time, so what is made is what has to be kept.

    Raises:
        PgpProblem: a key cannot be used: it is damaged, has expired, or is of another kind.
    """
    secret = _secret(keys.sign_with, "sign_with") if keys.sign_with else None
    recipients = [_public(key, "encrypt_to") for key in keys.encrypt_to]
    with _faults(PgpProblem, "it could not be signed or encrypted"):
        signer = secret.signer(keys.passphrase) if secret else None
        if signer and not recipients:
            return pysequoia.sign(signer, data, armor=False)
        return pysequoia.encrypt(data, recipients, signer, armor=False)


def opened(keys: Keys, data: bytes) -> bytes:
    """What is in a file that a partner has encrypted, or signed, or both.

    Raises:
        PgpProblem: it is not encrypted to us, not signed by the partner, or damaged.
        OurFault: a key cannot be used, or there is nothing to open it with.
    """
    certificates = [_public(key, "verify_with") for key in keys.verify_with]

    def known(_ids: Sequence[str]) -> list[pysequoia.Cert]:
        return certificates

    decryptors = [_decryptor(key, keys.passphrase) for key in keys.decrypt_with]
    try:
        with _faults(PgpProblem, "it could not be decrypted or verified"):
            found = _decrypted(decryptors, data, known if certificates else None) if decryptors else pysequoia.verify(data, store=known)
    except PgpProblem as problem:
        if not (decryptors and certificates and _NESTED in str(problem)):
            raise
        return _by_gpg(keys, data, [certificate.fingerprint for certificate in certificates])
    if certificates and not found.valid_sigs:
        raise PgpProblem("no signature of a key in `verify_with` is on it")
    if found.bytes is None:
        raise PgpProblem("there is nothing in it")
    return bytes(found.bytes)


def _decrypted(decryptors: Sequence[pysequoia.PyDecryptor], data: bytes, known: Callable[[Sequence[str]], list[pysequoia.Cert]] | None) -> pysequoia.Decrypted:
    """What the first of the keys that fits makes of it, or else the fault that the last one finds."""
    *others, last = decryptors
    for decryptor in others:
        try:
            return pysequoia.decrypt(data, decryptor, known)
        except Exception:  # noqa: BLE001, S112  the package has no errors of its own; the last key tells
            continue
    return pysequoia.decrypt(data, last, known)


def _by_gpg(keys: Keys, data: bytes, fingerprints: Sequence[str]) -> bytes:
    try:
        return opened_by_gpg(data, keys.decrypt_with, keys.passphrase, keys.verify_with, fingerprints)
    except GpgProblem as problem:
        raise PgpProblem(str(problem)) from None
    except NoGpg as problem:
        raise OurFault(str(problem)) from None


def _decryptor(key: bytes, passphrase: str | None) -> pysequoia.PyDecryptor:
    secret = _secret(key, "decrypt_with")
    with _faults(OurFault, "the secret PGP key in `decrypt_with` cannot be used"):
        return secret.decryptor(passphrase)


def expiring(keys: Keys, now: datetime, within: timedelta = timedelta(days=30)) -> list[str]:
    """A sentence for each key that expires soon or has expired, by what it is used for.

    Raises:
        PgpProblem: a key cannot be read.
    """
    told = []
    for use, key, signs in _uses(keys):
        expires = _expires(key, use, signs=signs)
        if expires is not None and expires - now <= within:
            when = "has expired on" if expires <= now else "expires on"
            told.append(f"the PGP key {_public(key, use).fingerprint[-16:].upper()} in `{use}` {when} {expires:%Y-%m-%d}")
    return told


def _uses(keys: Keys) -> Iterator[tuple[str, bytes, bool]]:
    yield from (("encrypt_to", key, False) for key in keys.encrypt_to)
    if keys.sign_with:
        yield "sign_with", keys.sign_with, True
    yield from (("decrypt_with", key, False) for key in keys.decrypt_with)
    yield from (("verify_with", key, True) for key in keys.verify_with)


def _expires(key: bytes, use: str, *, signs: bool) -> datetime | None:
    """When a key is of no more use for signing, or else for encrypting: the last of its parts that can do so ends, or the whole; None: never."""
    whole = _public(key, use).expiration
    ends: dict[str, tuple[datetime, datetime | None]] = {}
    part: Any = None
    for packet in PacketPile.from_bytes(key):
        if packet.tag in _KEYS:
            part = packet
            continue
        flags = packet.key_flags if packet.tag == Tag.Signature and part is not None else None
        if flags is not None and (flags.signing if signs else flags.transport_encryption or flags.storage_encryption):
            end = part.key_created + packet.key_validity_period if packet.key_validity_period else None
            if part.fingerprint not in ends or ends[part.fingerprint][0] <= packet.signature_created:
                ends[part.fingerprint] = packet.signature_created, end
    parts = [end for _, end in ends.values()]
    last = None if not parts or None in parts else max(end for end in parts if end)
    return min((end for end in (whole, last) if end is not None), default=None)


def _public(key: bytes, use: str) -> pysequoia.Cert:
    with _faults(OurFault, f"the PGP key in `{use}` cannot be read"):
        return pysequoia.Cert.from_bytes(key)


def _secret(key: bytes, use: str) -> pysequoia.Tsk:
    with _faults(OurFault, f"the secret PGP key in `{use}` cannot be read"):
        return pysequoia.Tsk.from_bytes(key)


@contextmanager
def _faults(kind: type[PgpProblem], words: str) -> Iterator[None]:
    """What the package raises, as a problem of ours; of its own words the first line, without the trace that comes after."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  its errors have no common kind
        reason = str(error).splitlines()
        raise kind(f"{words}: {reason[0] if reason else type(error).__name__}") from None
