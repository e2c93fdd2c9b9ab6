"""`db`: looking after the database itself."""

from __future__ import annotations

import click

from batchport.cli import Context, complete
from batchport.cli.output import say


@click.group()
def db() -> None:
    """Look after the database: its tables, where it is, and the numbers of submission files after a backup was put back."""


@db.command()
@click.option("--why", metavar="TEXT", default="", help="Why; recorded with your name.")
@click.pass_obj
def upgrade(context: Context, why: str) -> None:
    """Bring the tables up to those of this program; a file as it was is kept beside it.

    Every command does the same when it opens the database; by hand it is done when you choose.
    """
    from batchport.config import load
    from batchport.pipeline.app import App, closing
    from batchport.store.acts import record_act
    from batchport.store.database import upgrade_at

    with closing(App(load(context.config), context.now)) as app:
        done = upgrade_at(app.settings.database_url)
        if done.older:
            with app.store.transaction() as connection:
                record_act(connection, at=app.stamp, who=app.user, what="db upgrade", why=why, about=f"from {done.before}")
    say(done.words)


@db.command()
@click.argument("source", metavar="SOURCE_URL")
@click.argument("target", metavar="TARGET_URL")
@click.option("--why", metavar="TEXT", required=True, help="Why; recorded with your name, in the new database.")
@click.pass_obj
def copy(context: Context, source: str, target: str, why: str) -> None:
    """Move an installation from the database at SOURCE_URL to a new one at TARGET_URL, such as from SQLite to PostgreSQL.

    Everything is copied as it is at one moment, read again in the new place, and compared; then the old database is not opened by passes any more, so that nothing
    is sent out of both. Set `database:` to TARGET_URL afterwards.
    """
    from batchport.pipeline.app import closing
    from batchport.pipeline.moving import move

    with closing(context.app()) as app:
        moved = move(app, source, target, why)
    say(f"{sum(moved.values()):,} records of {len(moved)} tables were copied and compared. Set `database: {target}` in {context.config}; the old database is closed.")


@db.command()
@click.argument("partner", metavar="PARTNER", shell_complete=complete.partners)
@click.argument("number", metavar="NUMBER", type=click.IntRange(min=1))
@click.option("--why", metavar="TEXT", required=True, help="Why; recorded with your name.")
@click.pass_obj
def sequence(context: Context, partner: str, number: int, why: str) -> None:
    """Let the next submission file to PARTNER get NUMBER, after a backup was put back.

    The partner may have files that the backup does not know: ask for the number of the last one, and give the next.
    """
    from batchport.pipeline.app import closing
    from batchport.pipeline.restored import set_sequence

    with closing(context.app()) as app:
        say(set_sequence(app, partner, number, why))
