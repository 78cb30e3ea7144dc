"""A case: a lab as shell lines, and the probes that are sent in it. As JSON it can be replayed, read and made smaller."""

import ipaddress
from pathlib import Path

import msgspec

from topology.journey.probe import Protocol

ECHO, SILENT, WEB = 7, 9, 80
"""Open ports of every namespace: UDP that answers, UDP that does not, TCP. All others are closed."""


class Sent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One probe: `source` (a namespace) sends it to `address`. The options are those of `topology.journey.probe.Ask`."""

    source: str
    address: str
    protocol: Protocol = "icmp"
    port: int = 0
    source_port: int = 0
    size: int = 56
    ttl: int | None = None
    dont_fragment: bool = False
    mark: int = 0
    dev: str = ""
    tos: int = 0
    source_address: str = ""

    @property
    def ipv6(self) -> bool:
        return ipaddress.ip_address(self.address).version == 6


class Case(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """`lines` are typed one after the other, whatever becomes of each; `together`: how many traces run at the same time."""

    seed: int = 0
    driver: str = "legacy"
    lines: tuple[str, ...] = ()
    probes: tuple[Sent, ...] = ()
    together: int = 1


def load(path: Path) -> Case:
    return msgspec.json.decode(path.read_bytes(), type=Case)


def text(case: Case) -> str:
    """As JSON with one line of the shell on each line."""
    return msgspec.json.format(msgspec.json.encode(case)).decode()
