"""Papers that go beside submissions, and orders that wait for a paper"""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'

_LATE = "held_by = 'date-too-soon'"
_AT_LAST = "held_by in ('date-too-soon', 'loa-missing', 'loa-not-found', 'loa-unusable', 'invoice-missing', 'invoice-not-found', 'invoice-unusable')"


def upgrade() -> None:
    op.create_table(
        'enclosures',
        sa.Column('submission_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.ForeignKey('submissions.id'), nullable=False),
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('paper_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.ForeignKey('papers.id'), nullable=False),
        sa.Column('protected', sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint('submission_id', 'name'),
        sqlite_with_rowid=False,
    )
    op.drop_index('ix_orders_late', 'orders')
    op.create_index('ix_orders_held_at_last', 'orders', ['since'], sqlite_where=sa.text(_AT_LAST), postgresql_where=sa.text(_AT_LAST))


def downgrade() -> None:
    op.drop_index('ix_orders_held_at_last', 'orders')
    op.create_index('ix_orders_late', 'orders', ['since'], sqlite_where=sa.text(_LATE), postgresql_where=sa.text(_LATE))
    op.drop_table('enclosures')
