"""Answers that come late are put in their place, the rows behind sent lines are known, and deadlines are told once"""

import zlib

import numpy as np
import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'


def upgrade() -> None:
    op.drop_index('ix_answers_response_id', 'answers')
    _make_answers_narrow()
    for column, value in (('first_answer', 'min(id)'), ('answers', 'max(id) - min(id) + 1')):
        op.add_column('responses', sa.Column(column, sa.BigInteger(), nullable=False, server_default=sa.text('0')))
        op.execute(f'update responses set {column} = coalesce((select {value} from answers where response_id = responses.id), 0)')
    op.add_column('rows', sa.Column('settled', sa.Boolean(), nullable=False, server_default=sa.false()))
    # What a version that was turned down gave back is what it would give back again.
    op.execute(
        "update rows set settled = true, was = state, was_foc = foc where was is null and ver > 1 and state <> 10 and exists "
        "(select 1 from answers a join sayings s on s.id = a.saying_id where a.id = rows.answer_id and s.status = 'REJECT' and a.ver = rows.ver)"
    )
    op.add_column('orders', sa.Column('warned', sa.String(length=120), nullable=False, server_default=''))
    op.add_column('exceptions', sa.Column('order_id', sa.BigInteger(), nullable=True))
    op.add_column('exceptions', sa.Column('counts', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column('submissions', sa.Column('line_rows', sa.LargeBinary(), nullable=False, server_default=sa.text("''")))
    _fill_line_rows(op.get_bind())
    op.create_table(
        'closed',
        sa.Column('submission_id', _ID, sa.ForeignKey('submissions.id'), primary_key=True),
        sa.Column('lines', sa.Integer(), nullable=False),
    )
    op.add_column('files', sa.Column('counted', sa.Text(), nullable=False, server_default=''))
    op.create_index('ix_files_uncounted', 'files', ['first_row'], sqlite_where=sa.text("counted = ''"), postgresql_where=sa.text("counted = ''"))
    op.create_index('ix_exceptions_response_id', 'exceptions', ['response_id'])
    op.create_index('ix_exceptions_order_id', 'exceptions', ['order_id'], sqlite_where=sa.text('order_id is not null'), postgresql_where=sa.text('order_id is not null'))
    op.create_index('ix_exceptions_tn', 'exceptions', ['tn'])
    op.create_index('ix_exceptions_counts', 'exceptions', ['resolved'], sqlite_where=sa.text('counts'), postgresql_where=sa.text('counts'))


_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
_SAID = ('status', 'code', 'text', 'foc_date')
#: The time of an answer in microseconds since 1970, by kind of database; and back.
_MOMENTS = {
    'sqlite': "case a.at when '' then 0 else max(1, cast(strftime('%s', a.at) as integer) * 1000000 + cast(substr(a.at, 21, 6) as integer)) end",
    'postgresql': "case a.at when '' then 0 else greatest(1, cast(extract(epoch from cast(a.at as timestamptz)) * 1000000 as bigint)) end",
}
_TEXTS = {
    'sqlite': "case a.at when 0 then '' else strftime('%Y-%m-%dT%H:%M:%S', a.at / 1000000, 'unixepoch') || printf('.%06dZ', a.at % 1000000) end",
    'postgresql': "case a.at when 0 then '' else to_char(to_timestamp(0) at time zone 'UTC' + a.at * interval '1 microsecond', 'YYYY-MM-DD\"T\"HH24\\:MI\\:SS.US\"Z\"') end",
}


def _make_answers_narrow() -> None:
    op.create_table(
        'sayings',
        sa.Column('id', _ID, primary_key=True),
        sa.Column('status', sa.String(length=10), nullable=False),
        sa.Column('code', sa.Text(), nullable=False),
        sa.Column('text', sa.Text(), nullable=False),
        sa.Column('foc_date', sa.String(length=10), nullable=False),
    )
    said = ', '.join(_SAID)
    op.execute(f'insert into sayings ({said}) select distinct {said} from answers')
    _replace_answers(
        (sa.Column('saying_id', sa.BigInteger(), nullable=False), sa.Column('at', sa.BigInteger(), nullable=False)),
        f's.id, {_MOMENTS[op.get_bind().dialect.name]}',
        'join sayings s on ' + ' and '.join(f's.{name} = a.{name}' for name in _SAID),
    )


def _make_answers_wide() -> None:
    _replace_answers(
        (
            sa.Column('status', sa.String(length=10), nullable=False), sa.Column('code', sa.Text(), nullable=False), sa.Column('text', sa.Text(), nullable=False),
            sa.Column('foc_date', sa.String(length=10), nullable=False), sa.Column('at', sa.String(length=32), nullable=False),
        ),
        f's.status, s.code, s.text, s.foc_date, {_TEXTS[op.get_bind().dialect.name]}',
        'join sayings s on s.id = a.saying_id',
    )
    op.drop_table('sayings')


def _replace_answers(columns: tuple[sa.Column[object], ...], values: str, join: str) -> None:
    """Make the table of answers with other columns for what is said, and keep what is in it."""
    op.drop_index('ix_answers_order_id', 'answers')
    op.rename_table('answers', 'answers_before')
    op.create_table(
        'answers',
        sa.Column('id', _ID, primary_key=True),
        sa.Column('response_id', sa.BigInteger(), nullable=False),
        sa.Column('line', sa.Integer(), nullable=False),
        sa.Column('order_id', sa.BigInteger(), nullable=False),
        sa.Column('row_id', sa.BigInteger(), nullable=True),
        sa.Column('ver', sa.SmallInteger(), nullable=False),
        *columns,
        sa.Column('applied', sa.Boolean(), nullable=False),
    )
    names = ', '.join(f'"{column.name}"' for column in columns)
    op.execute(
        f'insert into answers (id, response_id, line, order_id, row_id, ver, {names}, applied) '
        f'select a.id, a.response_id, a.line, a.order_id, a.row_id, a.ver, {values}, a.applied from answers_before a {join}'
    )
    op.drop_table('answers_before')
    op.create_index('ix_answers_order_id', 'answers', ['order_id'])


def _fill_line_rows(connection: sa.Connection) -> None:
    """As far as rows still tell in which versions they went."""
    known = sa.text(
        "select v.order_id, max(r.id) from versions v join rows r on r.order_id = v.order_id and r.ver >= v.ver where v.submission_id = :id "
        "group by v.order_id, r.tn order by v.order_id, max(r.id)"
    )
    for (number,) in connection.execute(sa.text('select id from submissions')).all():
        lines = np.array([tuple(line) for line in connection.execute(known, {'id': number})], '<i8').reshape(-1, 2).T
        data = zlib.compress(np.diff(lines, axis=1, prepend=0).tobytes(), 1)
        connection.execute(sa.text('update submissions set line_rows = :data where id = :id'), {'data': data, 'id': number})


def downgrade() -> None:
    op.drop_index('ix_files_uncounted', 'files')
    op.drop_table('closed')
    for index in ('ix_exceptions_counts', 'ix_exceptions_tn', 'ix_exceptions_order_id', 'ix_exceptions_response_id'):
        op.drop_index(index, 'exceptions')
    for table, column in (('files', 'counted'), ('submissions', 'line_rows'), ('exceptions', 'counts'), ('exceptions', 'order_id'), ('orders', 'warned'), ('rows', 'settled')):
        op.drop_column(table, column)
    _make_answers_wide()
    op.create_index('ix_answers_response_id', 'answers', ['response_id'])
    for column in ('answers', 'first_answer'):
        op.drop_column('responses', column)
