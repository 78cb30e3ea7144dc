"""veth: no attributes of its own; the peer is IFLA_LINK."""

from collections.abc import Mapping


def observe(_data: Mapping[int, bytes]) -> dict[str, str | int | bool | None]:
    """Nothing."""
    return {}
