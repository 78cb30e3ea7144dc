"""What all messages between the clients and the server share."""

import msgspec


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type"):
    """Base of all requests."""

    id: str


class Result(msgspec.Struct, frozen=True, kw_only=True, tag_field="result"):
    """Base of all results."""
