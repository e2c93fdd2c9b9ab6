"""Units of work of a pass that several processes share"""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'

_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
_IN_LINE, _WAITING = sa.text('line is not null'), sa.text("state = 'waiting'")


def upgrade() -> None:
    op.create_table(
        'work',
        sa.Column('id', _ID, primary_key=True),
        sa.Column('pass_id', _ID, sa.ForeignKey('passes.id'), nullable=False),
        sa.Column('token', sa.BigInteger(), nullable=False),
        sa.Column('kind', sa.String(length=20), nullable=False),
        sa.Column('key', sa.Text(), nullable=False),
        sa.Column('mark', sa.Text(), nullable=False),
        sa.Column('line', sa.LargeBinary(length=16), nullable=True),
        sa.Column('alone', sa.Boolean(), nullable=False),
        sa.Column('small', sa.Boolean(), nullable=False),
        sa.Column('priority', sa.Integer(), nullable=False),
        sa.Column('state', sa.String(length=8), nullable=False),
        sa.Column('lease', sa.BigInteger(), nullable=True),
        sa.Column('told', sa.Text(), nullable=False),
    )
    op.create_index('ix_work_line', 'work', ['line', 'id'], sqlite_where=_IN_LINE, postgresql_where=_IN_LINE)
    op.create_index('ix_work_next', 'work', ['priority', 'id'], sqlite_where=_WAITING, postgresql_where=_WAITING)


def downgrade() -> None:
    op.drop_table('work')
