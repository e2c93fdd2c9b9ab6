"""Answers that come late are put in their place, and deadlines are told once"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'


def upgrade() -> None:
    op.add_column('rows', sa.Column('settled', sa.Boolean(), nullable=False, server_default=sa.text('0')))
    op.add_column('orders', sa.Column('warned', sa.String(length=40), nullable=False, server_default=''))
    op.add_column('exceptions', sa.Column('order_id', sa.BigInteger(), nullable=True))
    op.add_column('exceptions', sa.Column('counts', sa.Boolean(), nullable=False, server_default=sa.text('0')))
    op.create_index('ix_exceptions_response_id', 'exceptions', ['response_id'])
    op.create_index('ix_exceptions_order_id', 'exceptions', ['order_id'], sqlite_where=sa.text('order_id is not null'), postgresql_where=sa.text('order_id is not null'))
    op.create_index('ix_exceptions_tn', 'exceptions', ['tn'])


def downgrade() -> None:
    for index in ('ix_exceptions_tn', 'ix_exceptions_order_id', 'ix_exceptions_response_id'):
        op.drop_index(index, 'exceptions')
    for table, column in (('exceptions', 'counts'), ('exceptions', 'order_id'), ('orders', 'warned'), ('rows', 'settled')):
        op.drop_column(table, column)
