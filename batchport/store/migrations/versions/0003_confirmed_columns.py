"""Confirmed columns, and files that wait for them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "mappings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer", sa.String(length=80), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_mappings_customer", "mappings", ["customer", "fingerprint"])
    op.add_column("files", sa.Column("proposal", sa.LargeBinary(), nullable=True))
    op.add_column("files", sa.Column("retake", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index("ix_files_retake", "files", ["id"], sqlite_where=sa.text("retake"), postgresql_where=sa.text("retake"))
    unmapped = sa.text("state = 'unmapped'")
    op.create_index("ix_files_unmapped", "files", ["customer"], sqlite_where=unmapped, postgresql_where=unmapped)


def downgrade() -> None:
    op.drop_index("ix_files_unmapped", "files")
    op.drop_index("ix_files_retake", "files")
    op.drop_column("files", "retake")
    op.drop_column("files", "proposal")
    op.drop_index("ix_mappings_customer", "mappings")
    op.drop_table("mappings")
