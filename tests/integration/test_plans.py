"""No look and no stage goes through a table that grows with the numbers that were ever ported: the database is asked how it would answer each statement."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import Home
from tests.postgresql import ON_POSTGRESQL
from tests.statements import Collected, nights

#: Tables that grow with what is ported, year by year.
LARGE = (
    "answers", "closed", "destinations", "enclosures", "exceptions", "file_papers", "files", "findings", "holds", "journal", "mails", "order_findings", "orders", "papers", "passes",
    "pieces", "responses", "rows", "sayings", "sendings", "submissions", "versions",
)  # fmt: skip
#: What a statement has in it that may go through a table, each with the only step in which it does, and why that is no harm. All of them read an index alone,
#: with an entry for a file where there are thousands of numbers in it.
EXCEPTIONS = {
    # The count of each pass adds up what closed submissions had in them.
    "from closed c join submissions s": "SCAN s USING COVERING INDEX sqlite_autoindex_submissions_1",
    # Which file each row of an answer stands in: to look all of them up at once is faster for the many, and a file is two numbers.
    "select id, first_row from files where rows > 0": "SCAN files USING COVERING INDEX ix_files_first_row",
    # When each partner was last heard of, in the report.
    "select partner, max(received) from responses": "SCAN responses USING COVERING INDEX ix_responses_partner",
}


pytestmark = pytest.mark.skipif(ON_POSTGRESQL, reason="these are SQLite's plans")


@pytest.fixture(scope="module")
def collected(_fresh_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Collected]:
    home = Home(Path(shutil.copytree(_fresh_home, tmp_path_factory.mktemp("plans") / "home")))
    return home, nights(home)


@pytest.fixture(scope="module")
def database(collected: tuple[Home, Collected]) -> Iterator[sqlite3.Connection]:
    home, statements = collected
    with closing(sqlite3.connect(home.path / "batchport.db")) as connection:
        for made in statements.made:
            connection.execute(made)
        yield connection


def partial_indexes(database: sqlite3.Connection) -> set[str]:
    """Indexes that hold but some records of their tables."""
    return {index for table in LARGE for _, index, _, _, partial in database.execute(f"pragma index_list({table})") if partial}


def named(statement: str) -> dict[str, str]:
    """What a statement calls the large tables that it speaks of -> the table."""
    found = re.findall(rf"\b({'|'.join(LARGE)})\b(?:\s+as)?(?:\s+(\w+))?", statement, re.IGNORECASE)
    return {name: table for table, alias in found for name in (table, alias)}


def gone_through(database: sqlite3.Connection, statement: str, parameters: object) -> list[str]:
    """What the plan says of large tables that are gone through from one end to the other."""
    partial, tables = partial_indexes(database), named(statement)
    found: list[str] = []
    loops = set()
    for _, parent, _, step in database.execute(f"explain query plan {statement}", parameters):
        within = parent in loops  # for each record of another table
        if step.startswith(("SCAN", "SEARCH")):
            loops.add(parent)
        said = re.match(r"(?:SCAN|SEARCH) (\w+)(.*)", step)
        if said is None or said[1] not in tables:
            continue
        index = re.search(r"INDEX (\w+)", said[2])
        through = step.startswith("SCAN") and (within or not (index and index[1] in partial))
        if through or "AUTOMATIC" in step:
            found.append(step)
    return found


def test_no_statement_goes_through_a_large_table(collected: tuple[Home, Collected], database: sqlite3.Connection) -> None:
    _, statements = collected
    wrong = {}
    for statement, (parameters, command) in statements.asked.items():
        told = " ".join(statement.split())
        steps = gone_through(database, statement, parameters)
        if steps and not any(part in told and steps == [step] for part, step in EXCEPTIONS.items()):
            wrong[told] = (command, steps)
    assert wrong == {}, "\n".join(f"{command}: {'; '.join(steps)}: {statement}" for statement, (command, steps) in wrong.items())
