"""Files on the shelves: sealed with what they are written before it, so that each can be opened with the key alone.

An envelope is `BPF1`, the length of its label (four bytes), the label as JSON, and the sealed bytes, which open with that very label only. Before there were envelopes a
file was sealed as its kind and the SHA-256 of its content, which is found by looking at the content. Where `archive: {seal: false}` is set, files lie there as they came.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from batchport.seal import KeyProblem, Keyring, key_of

_MAGIC, _LENGTH = b"BPF1", 4
#: What files were sealed as before there were envelopes.
_KINDS = ("original", "response", "bounce")


@dataclass(frozen=True, slots=True)
class Label:
    """What an envelope says of the file in it.

    Attributes:
        kind: original, response or bounce.
        sha256: of the content.
        name: what the file was called when it came; blank where it was sealed before there were envelopes.
        at: when it was put there, as the database keeps times; likewise.
    """

    kind: str
    sha256: str
    name: str = ""
    at: str = ""

    @property
    def old_context(self) -> str:
        """What the file was sealed as before there were envelopes."""
        return f"{self.kind} {self.sha256}"

    def text(self) -> str:
        """The label as it is written."""
        return json.dumps({"kind": self.kind, "sha256": self.sha256, "name": self.name, "at": self.at}, ensure_ascii=True)


def closed(keyring: Keyring, data: bytes, label: Label) -> bytes:
    """A file in its envelope."""
    text = label.text().encode()
    return _MAGIC + len(text).to_bytes(_LENGTH, "big") + text + keyring.seal(data, label.text())


def must_be_closed(data: bytes) -> bool:
    """Whether a file that is to lie there as it came would be taken for one in an envelope, and so has to have one."""
    return data.startswith(_MAGIC) or bool(key_of(data))


def label_of(stored: bytes) -> Label | None:
    """What an envelope says, unproved; None for a file without one."""
    parts = _parts(stored)
    return parts[0] if parts else None


def key_in_use(stored: bytes) -> bytes:
    """The id of the key of a file on a shelf; nothing where it is not sealed. Its first four kilobytes are enough."""
    parts = _parts(stored)
    return key_of(parts[1] if parts else stored)


def opened(keyring: Keyring, stored: bytes, what: str) -> tuple[Label | None, bytes]:
    """A file on a shelf as it came, with what its envelope says of it; no label where it is not sealed.

    Raises:
        KeyProblem: the key is not in the keyring, or the file is damaged; `what` names it.
    """
    parts = _parts(stored)
    if parts is not None:
        label, sealed = parts
        try:
            return label, keyring.unseal(sealed, label.text())
        except KeyProblem:
            keyring.unproved(sealed, what)
            raise KeyProblem(f"{what} is damaged: it is not what was sealed") from None
    if not key_of(stored):
        return None, stored
    return _old(keyring, stored, what)


def _old(keyring: Keyring, stored: bytes, what: str) -> tuple[Label, bytes]:
    """A file that was sealed before there were envelopes: its content names it, and then has to open with that name."""
    digest = hashlib.sha256(keyring.unproved(stored, what)).hexdigest()
    for kind in _KINDS:
        label = Label(kind, digest)
        try:
            return label, keyring.unseal(stored, label.old_context)
        except KeyProblem:
            continue
    raise KeyProblem(f"{what} is damaged: it is not what was sealed")


def _parts(stored: bytes) -> tuple[Label, bytes] | None:
    """The label and the sealed bytes of an envelope."""
    start = len(_MAGIC) + _LENGTH
    if not stored.startswith(_MAGIC):
        return None
    end = start + int.from_bytes(stored[len(_MAGIC) : start], "big")
    try:
        said = json.loads(stored[start:end])
        return Label(*(str(said[name]) for name in ("kind", "sha256", "name", "at"))), stored[end:]
    except (ValueError, KeyError, TypeError):
        return None


def same_content(keyring: Keyring, stored: bytes, label: Label) -> bool:
    """Whether a file on a shelf is the one that a label speaks of."""
    there = label_of(stored)
    if there is not None and (there.kind, there.sha256) != (label.kind, label.sha256):
        return False
    try:
        return _is(opened(keyring, stored, label.name), label)
    except KeyProblem:
        return False


def _is(file: tuple[Label | None, bytes], label: Label) -> bool:
    there, data = file
    return (there.kind, there.sha256) == (label.kind, label.sha256) if there is not None else hashlib.sha256(data).hexdigest() == label.sha256
