"""Tokens: who may do what in which lab."""

from typing import Literal

import msgspec

from protocol.base import Request, Result

Role = Literal["admin", "edit", "view"]
"""`admin`: everything. `edit`: everything in one lab, except to destroy it. `view`: to see one lab."""


class MakeToken(Request, frozen=True, kw_only=True, tag="make-token"):
    """Make a token for this lab alone. Answer: `TokenMade`, the only time that its secret is shown.

    `name`: what it is listed and revoked by; empty: the server chooses. `terminals`: whether a `view` token may see terminals (it can never
    type in them).
    """

    lab: str
    role: Literal["edit", "view"] = "edit"
    name: str = ""
    terminals: bool = True


class RevokeToken(Request, frozen=True, kw_only=True, tag="revoke-token"):
    """Make a token invalid and disconnect the clients that use it. Answer: `Done`."""

    lab: str
    name: str


class ListTokens(Request, frozen=True, kw_only=True, tag="tokens"):
    """The tokens of one lab, or of all. Answer: `Tokens`."""

    lab: str | None = None


class TokenInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A token without its secret. `made`: when, as UTC in RFC 3339. `terminals`: it may see terminals."""

    lab: str
    name: str
    role: Literal["edit", "view"]
    made: str
    terminals: bool = True


class TokenMade(Result, frozen=True, kw_only=True, tag="token-made"):
    """`token`: the secret, to be kept by whoever asked; the server stores only a hash of it."""

    token: str
    info: TokenInfo


class Tokens(Result, frozen=True, kw_only=True, tag="tokens"):
    """The tokens, oldest first."""

    tokens: tuple[TokenInfo, ...]
