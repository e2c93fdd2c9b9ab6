"""What became of bringing each submission to its partner"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = "0003"


def upgrade() -> None:
    op.create_table('sendings',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('submission_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('asked', sa.String(length=32), nullable=False),
    sa.Column('sent', sa.String(length=32), nullable=True),
    sa.Column('trouble', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['submission_id'], ['submissions.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_sendings_submission_id', 'sendings', ['submission_id'], unique=False)
    op.create_index(
        'ix_sendings_open', 'sendings', ['id'], unique=False, sqlite_where=sa.text("state <> 'sent'"), postgresql_where=sa.text("state <> 'sent'")
    )
    # What was stored before is as sent as its submission says; files were brought to local folders only, and can be brought there again.
    op.execute("""
        insert into sendings (id, submission_id, name, state, attempts, asked, sent, trouble)
        select id, id, name, case state when 'sent' then 'sent' else 'taken' end, 0, stored, sent, '' from submissions
    """)
    op.add_column('submissions', sa.Column('protected', sa.LargeBinary(), nullable=True))
    with op.batch_alter_table('acts') as batch:
        batch.add_column(sa.Column('submission_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch.create_foreign_key('fk_acts_submission_id', 'submissions', ['submission_id'], ['id'])


def downgrade() -> None:
    with op.batch_alter_table('acts') as batch:
        batch.drop_constraint('fk_acts_submission_id', type_='foreignkey')
        batch.drop_column('submission_id')
    op.drop_column('submissions', 'protected')
    op.drop_index('ix_sendings_open', 'sendings')
    op.drop_index('ix_sendings_submission_id', 'sendings')
    op.drop_table('sendings')
