"""Keys, and what is done with them: sealing what must not be read, hashing what must be found, naming what must not be guessed.

A keyring is a file of lines `KEY-ID BASE64-KEY`; the first key seals, all of them open. It never stands in the database. From a random root, which
the database keeps sealed, come the key of the look-up hashes and the key of the names (PON, Row ID): they stay the same when the sealing key changes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from batchport.files import make_folder, write_whole

if TYPE_CHECKING:  # what it brings takes longer to load than a key to use
    from batchport.domain.table import Ints

#: What sealed bytes begin with: those that were sealed as they are, and those that were packed before.
_PLAIN, _PACKED = b"BP1", b"BP2"
_MAGIC, _ID, _NONCE, _KEY, _TAG = 3, 4, 12, 32, 16
#: What is smaller is not worth packing, and packed is what loses a tenth of its size by it; the size comes before what is packed.
_SMALL, _LENGTH, _PACKING = 1 << 16, 8, "lz4"
#: Digits and capitals without I, O, L and U: nothing is mistaken for anything else, and no word comes out.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BASE = np.uint64(len(ALPHABET))
#: What each sign of a name stands for; what is none for more than any does.
_VALUES = np.full(256, 255, np.uint64)
_VALUES[np.frombuffer(ALPHABET.encode(), np.uint8)] = np.arange(len(ALPHABET))


class KeyProblem(Exception):
    """A sealing key that is absent, damaged or not the one that something was sealed with."""


def key_of(sealed: bytes) -> bytes:
    """The id of the key that something was sealed with, which its first bytes tell; nothing where it is not sealed."""
    return bytes(sealed[_MAGIC : _MAGIC + _ID]) if sealed[:_MAGIC] in (_PLAIN, _PACKED) else b""


@dataclass(frozen=True)
class Keyring:
    """Sealing keys by id; the first one seals."""

    keys: dict[bytes, bytes]

    @classmethod
    def parse(cls, text: str, source: str) -> Keyring:
        """The keyring that a key file or environment variable holds; `source` names it in errors."""
        keys = {}
        for line in text.splitlines():
            words = line.split()
            if not words or line.startswith("#"):
                continue
            try:
                name, key = bytes.fromhex(words[0]), base64.b64decode(words[1], validate=True)
            except (IndexError, ValueError, binascii.Error):
                name, key = b"", b""
            if len(name) != _ID or len(key) != _KEY:
                raise KeyProblem(f"{source} is not a sealing key: each line is a key id and the key, as `batchport init` and `batchport keys new` write them")
            keys[name] = key
        if not keys:
            raise KeyProblem(f"{source} holds no sealing key; `batchport init` makes one")
        return cls(keys)

    @property
    def first(self) -> bytes:
        """The id of the key that seals."""
        return next(iter(self.keys))

    def seal(self, data: bytes, context: str) -> bytes:
        """The data sealed, and packed where that saves room; it opens again only with the same context."""
        name, key = next(iter(self.keys.items()))
        nonce = os.urandom(_NONCE)
        packed = _packed(data)
        magic, content = (_PACKED, packed) if packed is not None else (_PLAIN, data)
        return magic + name + nonce + AESGCM(key).encrypt(nonce, content, _bound(magic, context))

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """What was sealed.

        Raises:
            KeyProblem: the key is not in the keyring, or the data is not what was sealed in this context.
        """
        key = self._key(sealed, context)
        start, magic = _MAGIC + _ID, bytes(sealed[:_MAGIC])
        try:
            content = AESGCM(key).decrypt(sealed[start : start + _NONCE], memoryview(sealed)[start + _NONCE :], _bound(magic, context))
        except InvalidTag:
            raise KeyProblem(f"{context} is damaged, or was sealed for something else") from None
        return _unpacked(content) if magic == _PACKED else content

    def unproved(self, sealed: bytes, what: str) -> bytes:
        """What was sealed as it is, in a context that is not known; it may be anything until it has been unsealed with the context that it leads to.

        Raises:
            KeyProblem: the key is not in the keyring; `what` names the data.
        """
        key = self._key(sealed, what)
        start = _MAGIC + _ID
        # What GCM seals with: the block cipher counts on from 2 behind the nonce.
        counting = Cipher(algorithms.AES(key), modes.CTR(sealed[start : start + _NONCE] + (2).to_bytes(4, "big"))).decryptor()
        return counting.update(sealed[start + _NONCE : -_TAG])

    def _key(self, sealed: bytes, what: str) -> bytes:
        name = key_of(sealed)
        if name not in self.keys:
            named = f" (it has the id {name.hex()})" if name else ""
            raise KeyProblem(f"{what} was sealed with a key that is not in the keyring{named}; put the old key back as a further line of the key file")
        return self.keys[name]


def _bound(magic: bytes, context: str) -> bytes:
    """What sealed data is bound to; whether it was packed cannot be changed either."""
    return context.encode() if magic == _PLAIN else magic + context.encode()


def _packed(data: bytes) -> bytes | None:
    """The data packed; None where that is not worth it."""
    if len(data) < _SMALL:
        return None
    import pyarrow as pa

    packed = pa.compress(data, _PACKING, asbytes=True)
    return len(data).to_bytes(_LENGTH) + packed if len(packed) < len(data) * 9 // 10 else None


def _unpacked(packed: bytes) -> bytes:
    import pyarrow as pa

    unpacked: bytes = pa.decompress(memoryview(packed)[_LENGTH:], int.from_bytes(packed[:_LENGTH]), _PACKING, asbytes=True)
    return unpacked


def new_key_line() -> str:
    """A line of a key file with a new key."""
    return f"{secrets.token_hex(_ID)} {base64.b64encode(os.urandom(_KEY)).decode()}\n"


def write_new_key(path: Path) -> None:
    """Make a key file, readable by its owner alone."""
    make_folder(path.parent)
    write_whole(path, new_key_line().encode())


class Hasher:
    """Keyed hashes: equal texts are found, and nothing is learnt from one without the key."""

    def __init__(self, root: bytes) -> None:
        self._state = hashlib.blake2b(digest_size=16, key=_derived(root, b"lookup"))

    def __call__(self, text: str) -> bytes:
        """Sixteen bytes for a text."""
        return self.many([text])[0]

    def many(self, texts: Iterable[str]) -> list[bytes]:
        """Sixteen bytes for each of some texts."""
        hashes = []
        for text in texts:
            state = self._state.copy()
            state.update(text.encode())
            hashes.append(state.digest())
        return hashes


class Names:
    """Names for the database's whole numbers: unique, not guessable, and nothing to store or look up.

    A name is the number itself under a keyed permutation (a Feistel network of four rounds with AES as its round function), written in `ALPHABET`.
    """

    def __init__(self, root: bytes, prefix: str, length: int) -> None:
        self._prefix, self._signs = prefix, length - 1
        self._half = self._signs * 5 // 2
        self._key = _derived(root, b"names" + prefix.encode())

    def give(self, numbers: Ints) -> list[str]:
        """The names of some numbers."""
        mixed = self._permute(np.asarray(numbers, np.uint64), range(4))
        signs = np.empty((len(mixed), self._signs), np.uint8)
        for place in range(self._signs - 1, -1, -1):
            signs[:, place] = mixed & np.uint64(31)
            mixed = mixed >> np.uint64(5)
        letters = np.frombuffer(ALPHABET.encode(), np.uint8)[signs]
        head = np.full((len(letters), 1), ord(self._prefix), np.uint8)
        return np.ascontiguousarray(np.hstack([head, letters])).view(f"S{self._signs + 1}").ravel().astype(str).tolist()

    def one(self, number: int) -> str:
        """The name of one number."""
        return self.give(np.array([number]))[0]

    def read(self, names: list[str]) -> Ints:
        """The numbers of some names, -1 for what cannot be one; case does not matter."""
        texts = [name.strip().upper() for name in names]
        good = np.array([len(text) == self._signs + 1 and text.isascii() and text[0] == self._prefix for text in texts], dtype=bool)
        letters = np.frombuffer("".join(text for text, whole in zip(texts, good.tolist(), strict=True) if whole).encode(), np.uint8).reshape(-1, self._signs + 1)
        digits = _VALUES[letters[:, 1:]]
        value = np.zeros(len(letters), np.uint64)
        for place in range(self._signs):
            value = value << np.uint64(5) | digits[:, place]
        # Two halves may have a bit less than the signs have, which is missing in the first.
        within = (digits < _BASE).all(axis=1) & (digits[:, 0] < _BASE >> np.uint64(self._signs * 5 - 2 * self._half))
        good[good] = within
        numbers = np.zeros(len(names), np.uint64)
        numbers[good] = value[within]
        plain = self._permute(numbers, range(3, -1, -1), back=True)
        return np.where(good & (plain < np.uint64(1 << 62)), plain.astype(np.int64), -1)

    def _permute(self, numbers: np.ndarray[tuple[int], np.dtype[np.uint64]], rounds: range, *, back: bool = False) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
        half, mask = np.uint64(self._half), np.uint64((1 << self._half) - 1)
        left, right = numbers >> half, numbers & mask
        for number in rounds:
            if back:
                left, right = right ^ (self._mix(left, number) & mask), left
            else:
                left, right = right, left ^ (self._mix(right, number) & mask)
        return (left << half) | right

    def _mix(self, values: np.ndarray[tuple[int], np.dtype[np.uint64]], number: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
        blocks = np.zeros((len(values), 2), np.uint64)
        blocks[:, 0], blocks[:, 1] = values, number
        # Each block holds another value, so the mode that shows equal blocks as equal is what is wanted here.
        cipher = Cipher(algorithms.AES(self._key), modes.ECB()).encryptor()  # noqa: S305
        return np.frombuffer(cipher.update(blocks.tobytes()), np.uint64)[::2]


class Linker:
    """Keyed hashes that hang together: each is of a record and of the hash before it, and nobody makes one without the key."""

    SIZE = 32

    def __init__(self, root: bytes) -> None:
        self._state = hashlib.blake2b(digest_size=self.SIZE, key=_derived(root, b"journal"))

    def __call__(self, before: bytes, data: bytes) -> bytes:
        """The hash of some bytes that come after a hash."""
        state = self._state.copy()
        state.update(before)
        state.update(data)
        return state.digest()


def _derived(root: bytes, purpose: bytes) -> bytes:
    """A key for one purpose; what follows the root's own bytes is a mark, and no part of it."""
    return hashlib.blake2b(purpose, key=root[:_KEY], digest_size=32).digest()
