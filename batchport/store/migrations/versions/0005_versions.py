"""Further versions of sent orders, and parts of orders that are too large"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'

_ORDERS: tuple[sa.Column[object], ...] = (
    sa.Column('on_hold', sa.Boolean(), nullable=False, server_default=sa.false()),
    sa.Column('part', sa.SmallInteger(), nullable=False, server_default=sa.text('0')),
    sa.Column('gone_before', sa.Integer(), nullable=False, server_default=sa.text('0')),
    sa.Column('redated', sa.String(length=10), nullable=False, server_default=''),
    sa.Column('was_date', sa.String(length=10), nullable=False, server_default=''),
    sa.Column('shared', sa.Text(), nullable=False, server_default=''),
    sa.Column('next_sup', sa.String(length=1), nullable=False, server_default=''),
    sa.Column('next_date', sa.String(length=10), nullable=False, server_default=''),
    sa.Column('next_shared', sa.Text(), nullable=False, server_default=''),
    sa.Column('changes', sa.Text(), nullable=False, server_default=''),
    sa.Column('reorders', sa.Boolean(), nullable=False, server_default=sa.false()),
)
_ROWS: tuple[sa.Column[object], ...] = (
    sa.Column('sent_as', sa.BigInteger(), nullable=True),
    sa.Column('was', sa.SmallInteger(), nullable=True),
    sa.Column('was_foc', sa.Integer(), nullable=True),
    sa.Column('leaves', sa.Boolean(), nullable=False, server_default=sa.false()),
)
_READY = ("held_by = '' and ver = 0 and taken_by is null and lines > 0", "held_by = '' and (ver = 0 or next_sup <> '') and taken_by is null and lines > 0")
_WAITING = ("held_by in ('order-account-busy', 'carrier-no-route')", "held_by in ('order-account-busy', 'carrier-no-route', 'order-split')")


def upgrade() -> None:
    for column in _ORDERS:
        op.add_column('orders', column)
    for column in _ROWS:
        op.add_column('rows', column)
    for index, on, (_, condition) in (('ix_orders_ready', 'partner', _READY), ('ix_orders_waiting', 'id', _WAITING)):
        op.drop_index(index, 'orders')
        op.create_index(index, 'orders', [on], sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))
    for index, on, condition in (
        ('ix_orders_next_version', 'id', "next_sup <> ''"), ('ix_orders_going_on', 'id', 'reorders'), ('ix_orders_parent', 'parent_id', 'parent_id is not null'),
        ('ix_orders_late', 'since', "held_by = 'date-too-soon'"),
    ):
        op.create_index(index, 'orders', [on], sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))


def downgrade() -> None:
    for index in ('ix_orders_late', 'ix_orders_parent', 'ix_orders_going_on', 'ix_orders_next_version'):
        op.drop_index(index, 'orders')
    for index, on, (condition, _) in (('ix_orders_ready', 'partner', _READY), ('ix_orders_waiting', 'id', _WAITING)):
        op.drop_index(index, 'orders')
        op.create_index(index, 'orders', [on], sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))
    for column in _ROWS:
        op.drop_column('rows', column.name)
    for column in _ORDERS:
        op.drop_column('orders', column.name)
