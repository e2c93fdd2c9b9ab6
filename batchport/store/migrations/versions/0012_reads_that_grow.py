"""Indexes for all that is asked of tables that grow with what is ported"""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'

_UNCOUNTED, _COUNTED, _REFUSAL = sa.text("counted = ''"), sa.text("counted <> ''"), sa.text("status = 'REJECT'")
#: Index -> its table and columns.
_NEW: dict[str, tuple[str, list[str | sa.TextClause]]] = {
    'ix_files_customer': ('files', ['customer']),
    'ix_files_name': ('files', ['name']),
    'ix_files_received': ('files', ['received']),
    'ix_orders_customer': ('orders', ['customer']),
    'ix_submissions_name': ('submissions', ['name']),
    'ix_sendings_name': ('sendings', ['name']),
    'ix_responses_name': ('responses', ['name']),
    'ix_responses_pass': ('responses', ['pass_id']),
    'ix_responses_partner': ('responses', ['partner', 'received']),
    'ix_responses_received': ('responses', ['received']),
    'ix_journal_at': ('journal', ['at']),
    'ix_mails_recipient': ('mails', [sa.text('lower(recipient)')]),
}


def upgrade() -> None:
    op.drop_index('ix_files_first_row', 'files')
    op.create_index('ix_files_first_row', 'files', ['first_row', 'rows'])
    op.drop_index('ix_files_uncounted', 'files')
    op.create_index('ix_files_uncounted', 'files', ['first_row', 'rows', 'customer'], sqlite_where=_UNCOUNTED, postgresql_where=_UNCOUNTED)
    op.create_index('ix_files_counted', 'files', ['customer', 'counted', 'rows'], sqlite_where=_COUNTED, postgresql_where=_COUNTED)
    op.create_index('ix_sayings_refusals', 'sayings', ['id'], sqlite_where=_REFUSAL, postgresql_where=_REFUSAL)
    for name, (table, columns) in _NEW.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name, (table, _) in _NEW.items():
        op.drop_index(name, table)
    op.drop_index('ix_sayings_refusals', 'sayings')
    op.drop_index('ix_files_counted', 'files')
    op.drop_index('ix_files_uncounted', 'files')
    op.create_index('ix_files_uncounted', 'files', ['first_row'], sqlite_where=_UNCOUNTED, postgresql_where=_UNCOUNTED)
    op.drop_index('ix_files_first_row', 'files')
    op.create_index('ix_files_first_row', 'files', ['first_row'])
