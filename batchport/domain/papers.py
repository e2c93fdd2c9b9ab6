"""Papers that go with a request: letters of authorization and invoices, as far as rows are concerned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from batchport.domain.normalise import tidy
from batchport.domain.requests import Requests
from batchport.domain.table import Column, Ints

#: The fields that name papers.
PAPERS = ("loa_file", "invoice_file")
PDF, TIFF = "PDF", "TIFF"


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper that was looked at.

    Attributes:
        form: `PDF`, `TIFF`, or blank for anything else.
        trouble: why nobody could use it, as the end of a sentence that begins with its name; blank where one can.
    """

    form: str
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Beside:
    """The papers that lie beside some files.

    Attributes:
        papers: for each file, the papers by the names that its rows have for them; a name that is not there was not found.
        file: which file each row stands in.
    """

    papers: Sequence[Mapping[str, Paper]]
    file: Ints


def papers_named(requests: Requests, defaults: Mapping[str, str]) -> set[str]:
    """The names of papers that rows, as written, or a customer's defaults name."""
    found = {defaults[name].strip() for name in PAPERS if name in defaults}
    for name in PAPERS:
        # Each different text once: nearly all rows of a sheet name the same few papers.
        column = requests[name]
        if column.blank.all():
            continue
        used = column.values if column.codes is None else column.values.take(pa.array(np.unique(column.codes)))
        found.update(tidy(Column(used.unique())).values.to_pylist())
    return found - {""}
