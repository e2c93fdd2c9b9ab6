"""Enhanced status codes (RFC 3463): what a refusal is about, in the server's answer and in a delivery report alike."""

from __future__ import annotations

import re

_CODE = re.compile(r"(?<![0-9.])[245]\.[0-9]{1,3}\.[0-9]{1,3}(?!\.?[0-9])")

# Refusals for good that speak of the address alone: no such mailbox (5.1.1), no such domain (5.1.2), not an address (5.1.3), moved without a forwarding address
# (5.1.6), a domain that takes no mail (5.1.10), a mailbox that is closed (5.2.1). Not here, since the next mail may well arrive: what is said of our own address
# (5.1.7, 5.1.8), a full mailbox (5.2.2), a message too large (5.2.3, 5.3.4), policy (5.7.x), and the whole class of networks and routes (5.4.x): a name that
# cannot be looked up (5.4.4) is as often the fault of a resolver, which would silence everybody at once. 5.1.0 and 5.1.4 do not say enough.
_ABOUT_THE_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})


def status_in(text: str) -> str:
    """The first enhanced status code in a text; blank where there is none.

    >>> status_in("550 5.1.1 no such mailbox"), status_in("refused by 5.1.1.7, see version 12.5.1.1")
    ('5.1.1', '')
    """
    found = _CODE.search(text)
    return found[0] if found else ""


def address_is_gone(status: str) -> bool:
    """Whether a status code says that the address itself will never take mail.

    >>> [address_is_gone(status) for status in ("5.1.1", "5.2.2", "4.1.1", "")]
    [True, False, False, False]
    """
    return status in _ABOUT_THE_ADDRESS
