"""The rules by which the kernel chooses a routing table (ip-rule(8)), and how an interface is set where its namespace is set otherwise."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from topology.model.routing import MAIN_TABLE

Action = Literal["lookup", "goto", "nop", "blackhole", "unreachable", "prohibit"]


class PolicyRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule of `ip rule`. `table` is what `lookup` looks in, `target` the priority that `goto` goes to. `mark` counts under `mask`.
    `sport`, `dport`: first and last port. `suppress`: routes with a prefix of at most that length are not taken; -1: all are. `other`: it
    has a condition that is not kept here (uidrange, l3mdev, tunnel id, …), by its word."""

    family: Literal["ipv4", "ipv6"]
    priority: int
    action: Action = "lookup"
    table: int = 0
    target: int = 0
    source: str = ""
    destination: str = ""
    iif: str = ""
    oif: str = ""
    mark: int = 0
    mask: int = 0
    tos: int = 0
    protocol: int = 0
    sport: tuple[int, int] | None = None
    dport: tuple[int, int] | None = None
    inverted: bool = False
    suppress: int = -1
    other: str = ""


DEFAULT_RULES = (
    PolicyRule(family="ipv4", priority=0, table=255), PolicyRule(family="ipv4", priority=32766, table=MAIN_TABLE),
    PolicyRule(family="ipv4", priority=32767, table=253), PolicyRule(family="ipv6", priority=0, table=255),
    PolicyRule(family="ipv6", priority=32766, table=MAIN_TABLE),
)  # fmt: skip
"""What each namespace begins with (fib_default_rules_init(), fib6_rules_net_init())."""


def of_family(rules: Sequence[PolicyRule], family: str) -> list[PolicyRule]:
    """Those of a family, in their order; where there are none, what a namespace begins with: a kernel without rules, or without IPv6, has
    none."""
    found = [r for r in rules if r.family == family] or [r for r in DEFAULT_RULES if r.family == family]
    return sorted(found, key=lambda r: r.priority)


def is_default(rules: Sequence[PolicyRule]) -> bool:
    """Whether they are what each namespace begins with."""
    return all(set(of_family(rules, family)) == set(of_family((), family)) for family in ("ipv4", "ipv6"))
