"""The base classes of requests and results."""

import msgspec


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type"):
    """Base of all requests. `id`: chosen by the client, unique among its requests that are not yet answered."""

    id: str


class Result(msgspec.Struct, frozen=True, kw_only=True, tag_field="result"):
    """Base of all results, which are the content of an `Answer`."""
