"""Entries of the history may state a long list by what differs (`Diff.spliced`), which an earlier version would take for no change. The
tables are the same: the revision keeps that version from opening the database."""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Nothing to do: entries of before are read as they are."""
