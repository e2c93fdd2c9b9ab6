"""Mails gather what the night will tell, are taken by one process at a time, and are not sent to addresses that bounce; what the report asks for is found at once"""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'

_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
#: Name, table, columns and condition of indexes.
_FOR_THE_REPORT = (
    ('ix_submissions_sent', 'submissions', ['sent', 'partner', 'lines'], "state = 'sent'"),
    ('ix_orders_on_hold', 'orders', ['id'], 'on_hold'),
)


def upgrade() -> None:
    op.add_column('mails', sa.Column('until_pass', _ID, nullable=True))
    op.execute('update mails set until_pass = pass_id')
    op.add_column('mails', sa.Column('taken_by', sa.String(length=40), nullable=False, server_default=''))
    op.add_column('mails', sa.Column('taken_until', sa.String(length=32), nullable=False, server_default=''))
    for state, column in (('gathering', 'customer'), ('sending', 'taken_until'), ('failed', 'created')):
        where = sa.text(f"state = '{state}'")
        op.create_index(f'ix_mails_{state}', 'mails', [column], sqlite_where=where, postgresql_where=where)
    several = sa.text('until_pass > pass_id')
    op.create_index('ix_mails_several', 'mails', ['until_pass'], sqlite_where=several, postgresql_where=several)
    for name, table, columns, condition in _FOR_THE_REPORT:
        op.create_index(name, table, columns, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))
    op.create_table(
        'suppressed',
        sa.Column('address', sa.Text(), primary_key=True),
        sa.Column('since', sa.String(length=32), nullable=False),
        sa.Column('why', sa.Text(), nullable=False),
        sa.Column('mail_id', _ID, sa.ForeignKey('mails.id'), nullable=True),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table('suppressed')
    for name, table, _, _ in _FOR_THE_REPORT:
        op.drop_index(name, table)
    for name in ('several', 'failed', 'sending', 'gathering'):
        op.drop_index(f'ix_mails_{name}', 'mails')
    for column in ('taken_until', 'taken_by', 'until_pass'):
        op.drop_column('mails', column)
