"""What is said of a database that cannot do what it is asked now."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy.exc import DatabaseError, OperationalError

from batchport.faults import of_database
from batchport.pipeline.units import ends_the_pass


@pytest.mark.parametrize(("state", "words"), [
    ("53100", "the disk of its server is full"), ("53200", "no memory left"), ("53300", "raise `max_connections`"), ("25006", "name the one that leads"), ("42501", "may not do this"),
    ("55P03", "another program has held it for a minute"), ("40P01", "came in between"), ("57014", "`statement_timeout`"), ("57P01", "was stopped"), ("57P03", "just starting"),
    ("58030", "the disk of its server fails"), ("XX001", "it is damaged"),
])  # fmt: skip
def test_what_a_server_says_in_its_own_language_is_told_with_what_to_do(state: str, words: str) -> None:
    error = DatabaseError("select 1", None, psycopg.errors.lookup(state)("etwas stimmt nicht"))
    assert words in of_database(error)
    assert ends_the_pass(error)


def test_a_connection_that_is_lost_has_no_state() -> None:
    assert "the connection to its server was lost" in of_database(OperationalError("select 1", None, psycopg.OperationalError("the connection is closed")))


@pytest.mark.parametrize("state", ["23505", "42601", "22001"])
def test_a_fault_of_the_program_is_none_of_these(state: str) -> None:
    error = DatabaseError("select 1", None, psycopg.errors.lookup(state)("something"))
    assert of_database(error) == ""
    assert not ends_the_pass(error)
