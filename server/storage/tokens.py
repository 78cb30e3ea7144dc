"""Tokens and settings in the database."""

import logging
from collections.abc import Mapping
from typing import Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, insert, select

from server.storage.tables import settings, tokens

_log = logging.getLogger("vethboard.storage")


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
    return [token for row in rows if (token := _token({str(name): value for name, value in row._asdict().items()})) is not None]


def _token(row: Mapping[str, object]) -> StoredToken | None:
    """None where a value is none that a token can have, in a row that was edited by hand: nobody can use that."""
    try:
        return msgspec.convert(row, StoredToken)
    except msgspec.ValidationError as e:
        _log.error("a token of the database is passed over: lab %.50r, name %.50r: %s", row["lab"], row["name"], e)
        return None


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
    """Its value, or None; also where that is no text."""
    found: object = connection.execute(select(settings.c.value).where(settings.c.name == name)).scalar()
    return found if isinstance(found, str) else None


def put_setting(connection: Connection, name: str, value: str) -> None:
    """Write it, in the place of the one before."""
    connection.execute(delete(settings).where(settings.c.name == name))
    connection.execute(insert(settings).values(name=name, value=value))
