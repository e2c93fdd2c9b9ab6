"""Papers beside sheets, files that wait, and lines for one number"""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'

_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('papers',
    sa.Column('id', _ID, nullable=False),
    sa.Column('customer', sa.String(length=80), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('alike', sa.Text(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('form', sa.String(length=8), nullable=False),
    sa.Column('trouble', sa.Text(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('customer', 'alike', 'sha256', name=op.f('uq_papers_customer'))
    )
    op.create_table('file_papers',
    sa.Column('file_id', _ID, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('paper_id', _ID, nullable=False),
    sa.ForeignKeyConstraint(['file_id'], ['files.id'], ),
    sa.ForeignKeyConstraint(['paper_id'], ['papers.id'], ),
    sa.PrimaryKeyConstraint('file_id', 'name'),
    sqlite_with_rowid=False
    )
    op.create_table('waiting',
    sa.Column('customer', sa.String(length=80), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('changed', sa.BigInteger(), nullable=False),
    sa.Column('since', sa.BigInteger(), nullable=False),
    sa.Column('wants', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('customer', 'name'),
    sqlite_with_rowid=False
    )
    op.create_table('destinations',
    sa.Column('customer', sa.String(length=80), nullable=False),
    sa.Column('line', sa.Text(), nullable=False),
    sa.Column('row_id', _ID, nullable=False),
    sa.ForeignKeyConstraint(['row_id'], ['rows.id'], ),
    sa.PrimaryKeyConstraint('customer', 'line', 'row_id'),
    sqlite_with_rowid=False
    )


def downgrade() -> None:
    op.drop_table('destinations')
    op.drop_table('waiting')
    op.drop_table('file_papers')
    op.drop_table('papers')
