"""Opening with GnuPG what the PGP package cannot: a signed message that was compressed before it was encrypted, which is what `gpg` itself makes."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from batchport.files import PRIVATE_FILE

_SECONDS = 120
_STATUS = "[GNUPG:] "


class GpgProblem(Exception):
    """A file that GnuPG does not open, or whose signature it does not find good."""


class NoGpg(Exception):
    """GnuPG is not installed, or does not take our keys."""


@dataclass(frozen=True, slots=True)
class _Gpg:
    program: str
    home: Path

    def __call__(self, *words: str, given: bytes) -> tuple[int, bytes, list[str]]:
        """The exit status, what is printed, and the status lines, each as its words."""
        command = [self.program, "--homedir", str(self.home), "--batch", "--no-tty", "--quiet", "--pinentry-mode", "loopback", "--status-fd", "2"]
        passphrase = ["--passphrase-file", str(self.home / "passphrase")]
        done = subprocess.run([*command, *passphrase, *words], input=given, capture_output=True, check=False, timeout=_SECONDS)
        lines = done.stderr.decode(errors="replace").splitlines()
        return done.returncode, done.stdout, [line.removeprefix(_STATUS) for line in lines if line.startswith(_STATUS)]


def opened_by_gpg(data: bytes, secrets: Sequence[bytes], passphrase: str | None, signers: Sequence[bytes], fingerprints: Sequence[str]) -> bytes:
    """What is in a file that is encrypted to one of some secret keys, and signed by one of the signers.

    Args:
        data: the file.
        secrets: secret keys.
        passphrase: of theirs, where they have one.
        signers: public keys.
        fingerprints: the signers' own.

    Raises:
        GpgProblem: it cannot be decrypted, or has no good signature of theirs.
        NoGpg: there is nothing to open it with.
    """
    with _home(passphrase) as gpg:
        for key in (*secrets, *signers):
            if gpg("--import", given=key)[0]:
                raise NoGpg("GnuPG does not take one of the PGP keys in the settings")
        status, plain, said = gpg("--trust-model", "always", "--decrypt", given=data)
    words = [line.split() for line in said]
    if status or not any(line[0] == "DECRYPTION_OKAY" for line in words):
        raise GpgProblem("GnuPG cannot decrypt it, or finds its signature wrong")
    known = {fingerprint.upper() for fingerprint in fingerprints}
    good = any(line[0] == "GOODSIG" for line in words)
    if not good or not any(line[0] == "VALIDSIG" and line[-1].upper() in known for line in words):
        raise GpgProblem("no good signature of a key in `verify_with` is on it")
    return plain


@contextmanager
def _home(passphrase: str | None) -> Iterator[_Gpg]:
    """GnuPG with a key ring of its own, which is gone afterwards."""
    program, manager = shutil.which("gpg"), shutil.which("gpgconf")
    if program is None or manager is None:
        raise NoGpg(
            "it was compressed before it was encrypted, and only GnuPG can tell who has signed such a file: "
            "install `gpg` here, or ask the partner to encrypt with `--compress-algo none`"
        )
    with tempfile.TemporaryDirectory(prefix="batchport-gpg-") as name:
        home = Path(name)
        (home / "passphrase").touch(mode=PRIVATE_FILE)
        (home / "passphrase").write_text(passphrase or "", "utf-8")
        try:
            yield _Gpg(program, home)
        finally:
            subprocess.run([manager, "--homedir", name, "--kill", "all"], capture_output=True, check=False, timeout=_SECONDS)
