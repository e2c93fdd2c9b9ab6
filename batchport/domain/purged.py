"""PINs that are kept no longer: what stands in their place, and what it is compared as."""

from __future__ import annotations

from batchport.domain.requests import Requests
from batchport.domain.table import Column, Mask

#: Stands for a PIN that was purged. No cell can say it: control characters are taken out of what is read.
PURGED = "\x1apurged"


def secret(pin: Column) -> Mask:
    """The rows whose PIN is one: not blank, not all zeros, which is what is sent where there is none, and not purged yet."""
    return ~pin.fullmatch("0*") & ~pin.equals(PURGED)


def as_kept(rows: Requests, earlier: Requests) -> Requests:
    """The earlier rows as those beside them are to be compared with: a PIN that is not kept any more counts as the same."""
    gone = earlier["pin"].equals(PURGED)
    return earlier.replace(pin=earlier["pin"].where(gone, rows["pin"])) if gone.any() else earlier
