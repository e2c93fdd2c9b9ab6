"""What is wrong with a database, before anything was asked of it."""

#: So many seconds are waited for a database that another program holds.
PATIENCE = 60.0


class DatabaseProblem(Exception):
    """A database that cannot be opened as it is."""


class Unreachable(DatabaseProblem):
    """A database in a server that does not answer now."""
