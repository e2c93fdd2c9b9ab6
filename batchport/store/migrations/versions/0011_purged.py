"""Whether PINs may still stand in a piece of a sheet"""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'

_PINS = sa.text('pins')


def upgrade() -> None:
    op.add_column('pieces', sa.Column('pins', sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_index('ix_pieces_with_pins', 'pieces', ['file_id'], sqlite_where=_PINS, postgresql_where=_PINS)


def downgrade() -> None:
    op.drop_index('ix_pieces_with_pins', 'pieces')
    op.drop_column('pieces', 'pins')
