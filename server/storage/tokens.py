"""Tokens and settings in the database."""

from typing import Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, insert, select

from server.storage.tables import settings, tokens


class StoredToken(msgspec.Struct, frozen=True, kw_only=True):
    """`digest` is SHA-256 of the token, which itself is random enough to need no salt; the token is not kept. Those of an older version
    had no `terminals`, and still see none."""

    lab: str
    name: str
    role: Literal["edit", "view"]
    made: str
    digest: str
    terminals: bool = False


def read_tokens(connection: Connection) -> list[StoredToken]:
    """All, in the order in which they were made."""
    rows = connection.execute(select(tokens).order_by(tokens.c.made, tokens.c.lab, tokens.c.name))
    return [StoredToken(lab=r.lab, name=r.name, role=r.role, made=r.made, digest=r.digest, terminals=r.terminals) for r in rows]


def put_token(connection: Connection, token: StoredToken) -> None:
    """Write it, in the place of one of the same lab and name."""
    delete_tokens(connection, token.lab, token.name)
    connection.execute(insert(tokens).values(**msgspec.to_builtins(token)))


def delete_tokens(connection: Connection, lab: str, name: str | None) -> None:
    """One, or with None all of a lab."""
    which: ColumnElement[bool] = tokens.c.lab == lab
    if name is not None:
        which &= tokens.c.name == name
    connection.execute(delete(tokens).where(which))


def read_setting(connection: Connection, name: str) -> str | None:
    """Its value, or None."""
    return connection.execute(select(settings.c.value).where(settings.c.name == name)).scalar()


def put_setting(connection: Connection, name: str, value: str) -> None:
    """Write it, in the place of the one before."""
    connection.execute(delete(settings).where(settings.c.name == name))
    connection.execute(insert(settings).values(name=name, value=value))
