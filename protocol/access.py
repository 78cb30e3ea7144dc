"""Who may do what: tokens for one lab, and what the caller's own token allows."""

from typing import Literal

import msgspec

from protocol.base import Request, Result

Role = Literal["admin", "edit", "view"]
"""`admin`: everything. `edit`: everything in one lab but destroying it. `view`: to look at one lab."""


class MakeToken(Request, frozen=True, kw_only=True, tag="make-token"):
    """A token for this lab alone. Answer: `TokenMade`; it is shown this once. `name`: what it is listed and revoked by.
    `terminals`: whether one to view may also watch the terminals, in which it can never type."""

    lab: str
    role: Literal["edit", "view"] = "edit"
    name: str = ""
    terminals: bool = True


class RevokeToken(Request, frozen=True, kw_only=True, tag="revoke-token"):
    """It no longer lets anyone in, and who is in by it is cut off. Answer: `Done`."""

    lab: str
    name: str


class ListTokens(Request, frozen=True, kw_only=True, tag="tokens"):
    """Answer: `Tokens`, of one lab or of all."""

    lab: str | None = None


class TokenInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A token without its secret. `made`: UTC, RFC 3339. `terminals`: it may watch them."""

    lab: str
    name: str
    role: Literal["edit", "view"]
    made: str
    terminals: bool = True


class TokenMade(Result, frozen=True, kw_only=True, tag="token-made"):
    token: str
    info: TokenInfo


class Tokens(Result, frozen=True, kw_only=True, tag="tokens"):
    tokens: tuple[TokenInfo, ...]
