"""Leases, the ledger of the schedule, and units of work; what an act was about"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'

_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
_TIME = sa.String(length=32)
#: All three are kept in the order of their keys, and have few records.
_TABLES = {
    'leases': (
        sa.Column('name', sa.String(length=20), primary_key=True),
        sa.Column('token', sa.BigInteger(), nullable=False),
        sa.Column('holder', sa.Text(), nullable=False),
        sa.Column('until', sa.Float(), nullable=False),
    ),
    'windows': (
        sa.Column('job', sa.String(length=80), primary_key=True),
        sa.Column('due', _TIME, primary_key=True),
        sa.Column('state', sa.String(length=10), nullable=False),
        sa.Column('token', sa.BigInteger(), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('started', _TIME, nullable=False),
        sa.Column('finished', _TIME, nullable=True),
        sa.Column('pass_id', _ID, sa.ForeignKey('passes.id'), nullable=True),
        sa.Column('trouble', sa.Text(), nullable=False),
    ),
    'units': (
        sa.Column('kind', sa.String(length=20), primary_key=True),
        sa.Column('key', sa.Text(), primary_key=True),
        sa.Column('mark', sa.Text(), nullable=False),
        sa.Column('token', sa.BigInteger(), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('since', _TIME, nullable=False),
        sa.Column('next_try', _TIME, nullable=False),
        sa.Column('parked', sa.Boolean(), nullable=False),
        sa.Column('trouble', sa.Text(), nullable=False),
    ),
}


def upgrade() -> None:
    for name, columns in _TABLES.items():
        op.create_table(name, *columns, sqlite_with_rowid=name == 'leases')
    still_open = sa.text("state <> 'done'")
    op.create_index('ix_windows_open', 'windows', ['job'], sqlite_where=still_open, postgresql_where=still_open)
    op.add_column('acts', sa.Column('about', sa.Text(), nullable=False, server_default=''))


def downgrade() -> None:
    op.drop_column('acts', 'about')
    for name in reversed(_TABLES):
        op.drop_table(name)
