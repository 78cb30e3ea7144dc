"""Documents, history, tokens, settings."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _of_lab() -> "sa.Column[str]":
    return sa.Column("lab", sa.Text, sa.ForeignKey("labs.lab", ondelete="CASCADE"), primary_key=True)


def upgrade() -> None:
    """All tables of the first version with a database."""
    op.create_table(
        "labs",
        sa.Column("lab", sa.Text, primary_key=True),
        sa.Column("live", sa.Boolean, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("committed_by", sa.Text, nullable=False),
        sa.Column("newest", sa.BigInteger, nullable=False),
        sa.Column("done_to", sa.BigInteger, nullable=False),
        sa.Column("undo_from", sa.BigInteger, nullable=False),
    )
    _of_labs()
    op.create_table("settings", sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False))


def _of_labs() -> None:
    op.create_table(
        "pending_changes",
        _of_lab(),
        sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("diff", sa.Text, nullable=False),
    )
    op.create_table(
        "history",
        _of_lab(),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("entry", sa.Text, nullable=False),
    )
    op.create_index("history_sizes", "history", ["lab", "number", "size"])
    op.create_table(
        "kept_documents",
        _of_lab(),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "tokens",
        sa.Column("lab", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("made", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("terminals", sa.Boolean, nullable=False),
    )
