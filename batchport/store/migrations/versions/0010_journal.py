"""The journal, to which what operators did is moved; its records are chained when the database is next opened, since the key is not here"""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'

_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
_TIME = sa.String(length=32)
_NUMBERS = ('pass_id', 'file_id', 'order_id', 'submission_id', 'response_id', 'exception_id')
_REFUSED = 'the journal is append-only'
#: What keeps the journal from being changed, by kind of database. A record that is not in the chain yet may get its hash.
_GUARDS = {
    'sqlite': (
        f"create trigger journal_unchanged before update on journal when old.hash is not null begin select raise(abort, '{_REFUSED}'); end",
        f"create trigger journal_undeleted before delete on journal begin select raise(abort, '{_REFUSED}'); end",
        # `insert or replace` deletes without asking the trigger above.
        f"create trigger journal_unreplaced before insert on journal when exists (select 1 from journal where id = new.id) begin select raise(abort, '{_REFUSED}'); end",
    ),
    'postgresql': (
        f"create function journal_refused() returns trigger language plpgsql as $$ begin raise exception '{_REFUSED}'; end $$",
        'create trigger journal_unchanged before update on journal for each row when (old.hash is not null) execute function journal_refused()',
        'create trigger journal_undeleted before delete on journal for each row execute function journal_refused()',
        'create trigger journal_untruncated before truncate on journal execute function journal_refused()',
    ),
}


def upgrade() -> None:
    op.create_table(
        'journal',
        sa.Column('id', _ID, primary_key=True),
        sa.Column('at', _TIME, nullable=False),
        sa.Column('who', sa.Text(), nullable=False),
        sa.Column('what', sa.String(length=40), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ('why', 'about', 'source')),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in _NUMBERS),
        sa.Column('hash', sa.LargeBinary(length=32), nullable=True),
    )
    for name in ('order_id', 'submission_id'):
        there = sa.text(f'{name} is not null')
        op.create_index(f'ix_journal_{name}', 'journal', [name], sqlite_where=there, postgresql_where=there)
    op.execute(
        'insert into journal (id, at, who, what, why, about, source, order_id, submission_id, exception_id) '
        "select row_number() over (order by id), at, who, what, why, about, '', order_id, submission_id, exception_id from acts"
    )
    op.drop_table('acts')
    for guard in _GUARDS[op.get_bind().dialect.name]:
        op.execute(guard)


def downgrade() -> None:
    op.create_table(
        'acts',
        sa.Column('id', _ID, primary_key=True),
        sa.Column('at', _TIME, nullable=False),
        sa.Column('who', sa.Text(), nullable=False),
        sa.Column('what', sa.String(length=40), nullable=False),
        sa.Column('order_id', _ID, sa.ForeignKey('orders.id'), nullable=True),
        sa.Column('exception_id', _ID, sa.ForeignKey('exceptions.id'), nullable=True),
        sa.Column('submission_id', _ID, sa.ForeignKey('submissions.id', name='fk_acts_submission_id'), nullable=True),
        sa.Column('why', sa.Text(), nullable=False),
        sa.Column('about', sa.Text(), nullable=False, server_default=''),
    )
    op.execute(
        'insert into acts (id, at, who, what, why, about, order_id, submission_id, exception_id) '
        "select id, at, who, what, why, about, order_id, submission_id, exception_id from journal where why <> ''"
    )
    op.drop_table('journal')
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('drop function journal_refused()')
    op.execute("delete from meta where name = 'journal'")
