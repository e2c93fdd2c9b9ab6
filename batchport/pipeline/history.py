"""What a customer sent before, as a check of new sheets goes by it: it is read, and nothing of it is changed."""

from __future__ import annotations

from collections.abc import Collection

from batchport.domain.checks.prepared import Prepared
from batchport.domain.corrections import Named
from batchport.domain.findings import Findings
from batchport.domain.orders import Grouping
from batchport.domain.papers import Paper
from batchport.domain.requests import Requests
from batchport.domain.table import Ints
from batchport.pipeline.app import App
from batchport.pipeline.earlier import named_rows, restore_masked, settle_new
from batchport.pipeline.papers import remembered
from batchport.pipeline.versions import with_versions


class History:
    """A customer's earlier rows, orders and papers.

    Args:
        app: the installation.
        customer: whose.
    """

    def __init__(self, app: App, customer: str) -> None:
        self._app = app
        self._customer = customer

    def restored(self, requests: Requests) -> tuple[Requests, Named]:
        """New rows with what the masks of a results workbook stand for, and the earlier rows that they name."""
        named = named_rows(self._app, self._customer, requests)
        return restore_masked(requests, named), named

    def papers(self, names: Collection[str]) -> dict[str, Paper]:
        """The papers of these names that came earlier."""
        return remembered(self._app, self._customer, names)

    def settled(self, rows: Prepared, findings: Findings, named: Named, file: Ints) -> Grouping:
        """The orders of new rows beside the earlier ones; further findings are added."""
        outlook = settle_new(self._app, self._customer, rows, findings, named, file)
        return with_versions(outlook.settled.grouping, outlook.versions)
