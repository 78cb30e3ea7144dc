"""Backups of the database."""

from protocol.base import Request, Result


class Backup(Request, frozen=True, kw_only=True, tag="backup"):
    """All labs with their documents and histories, and the tokens of labs, as they are at one moment.

    The file, a tar of JSON, comes as `Output` items; then the answer `Done`.
    """


class Restore(Request, frozen=True, kw_only=True, tag="restore"):
    """Take the labs of a backup over. The file comes by `Input` requests, until one with `eof`. Answer: `Restored`.

    `replace`: labs of the same names are stopped and replaced; without it nothing is done where there are any.
    """

    replace: bool = False


class Restored(Result, frozen=True, kw_only=True, tag="restored"):
    """`labs`: their names."""

    labs: tuple[str, ...]
