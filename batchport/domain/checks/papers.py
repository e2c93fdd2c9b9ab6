"""Papers: asked for, there, and fit to be sent."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from batchport.domain.checks.prepared import Prepared
from batchport.domain.checks.registry import Registry, Verdict
from batchport.domain.papers import TIFF, Paper
from batchport.domain.table import Mask, bools

CHECKS = check = Registry()


@check("loa-missing", "loa_file")
def no_letter(rows: Prepared) -> Mask:
    """Rows that need a letter of authorization and name none: in Canada, for toll-free numbers, and where partner or customer wants it always."""
    always = rows.asked(lambda partner: partner.loa) | rows.terms.loa
    return bools((rows["country"].equals("CA") | rows.toll_free | always) & rows["loa_file"].blank)


@check("invoice-missing", "invoice_file")
def no_invoice(rows: Prepared) -> Mask:
    """Rows that need an invoice and name none: where partner or customer wants it always."""
    return bools((rows.asked(lambda partner: partner.invoice) | rows.terms.invoice) & rows["invoice_file"].blank)


def _absent(name: str) -> Callable[[Prepared], Verdict]:
    """The check for rows that name a paper which is not there."""

    def not_there(rows: Prepared) -> Mask:
        return _looked_at(rows, name)[0]

    return not_there


def _unusable(name: str) -> Callable[[Prepared], Verdict]:
    """The check for rows whose paper cannot be sent, with why."""

    def not_fit(rows: Prepared) -> Verdict:
        _, unusable, trouble = _looked_at(rows, name)
        return unusable, [str(text) for text in trouble[unusable]]

    return not_fit


for _name, _code in (("loa_file", "loa"), ("invoice_file", "invoice")):
    check(f"{_code}-not-found", _name)(_absent(_name))
    check(f"{_code}-unusable", _name)(_unusable(_name))


def _looked_at(rows: Prepared, name: str) -> tuple[Mask, Mask, np.ndarray[tuple[int], np.dtype[np.object_]]]:
    """Rows whose paper is not there, rows whose paper cannot be sent, and why."""
    absent, unusable = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    trouble = np.full(len(rows), "", dtype=object)
    column = rows[name]
    named = np.flatnonzero(~column.blank)
    if rows.papers is None or not len(named):
        return absent, unusable, trouble
    takes_tiff = rows.asked(lambda partner: partner.tiff)
    encoded = pa.array(column.take(named).text()).dictionary_encode()
    names, which = encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False)
    file = rows.papers.file[named]
    # Each paper of each file once, and for partners of both kinds.
    keys = (file * len(names) + which) * 2 + takes_tiff[named]
    for key, first, rest in _groups(keys):
        paper = rows.papers.papers[int(file[first])].get(names[int(which[first])])
        at = named[rest]
        absent[at] = paper is None
        why = _why_not(paper, tiff=bool(key % 2)) if paper else ""
        unusable[at], trouble[at] = bool(why), why
    return absent, unusable, trouble


def _groups(keys: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[tuple[int, int, np.ndarray[tuple[int], np.dtype[np.intp]]]]:
    """Each different key, with the first of its positions and all of them."""
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[order], prepend=-1))
    return [(int(keys[at[0]]), int(at[0]), at) for at in np.split(order, starts[1:])]


def _why_not(paper: Paper, *, tiff: bool) -> str:
    if paper.form == TIFF and not tiff:
        return "is a TIFF, and the partner takes PDF only"
    return paper.trouble
