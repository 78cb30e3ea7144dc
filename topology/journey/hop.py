"""A journey: the hops of a packet in order, and the verdict; of a packet that was followed as of one that is predicted."""

from enum import StrEnum
from typing import Literal

import msgspec

from topology.journey.packet import Packet
from topology.journey.probe import Probe
from topology.journey.sighting import Hook

Leg = Literal["original", "reply"]
"""The direction, as conntrack(8) names it: the packet itself, or the answer to it (an ICMP error is an answer)."""

Outcome = Literal["accept", "drop", "reject", "return", "jump", "continue", "stolen"]
"""What a rule or a policy did: accepted, dropped, dropped with an error to the sender, returned to the calling chain, jumped to another,
went on with the next rule, gave the packet to something else (a queue, TPROXY)."""

HopKind = Literal["send", "route", "chain", "nat", "neighbour", "out", "in", "bridge", "deliver", "answer", "error", "receive", "unknown"]
"""`send`: a program (or the kernel) sends it from `namespace`. `route`: the routing decision. `chain`: a chain and what it did. `nat`:
conntrack rewrites a packet of a connection that it knows. `neighbour`: the MAC of the next hop. `out`, `in`: it leaves by, comes in at
`dev`. `bridge`: the FDB chose `ports`. `deliver`: it is handed to the program or the kernel in `namespace`. `answer`: the answer is
sent from there. `error`: an ICMP error, or a RST. `receive`: the sender has its answer. `unknown`: what cannot be predicted; `note` says
what."""


class RuleAt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rule by its number from 1, or with `number` 0 a chain's policy. `text`: the rule as iptables-save(8) writes it after `-A CHAIN`, or
    the policy's target."""

    namespace: str
    family: Literal["ipv4", "ipv6"]
    table: str
    chain: str
    number: int = 0
    text: str = ""

    @property
    def place(self) -> str:
        """`filter/FORWARD`."""
        return f"{self.table}/{self.chain}"


class Hop(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step. `kind` says which of the fields mean something.

    `at`: µs since the packet was sent; None: between the hops around it. `object`: id of the record that did it (`namespace:…`,
    `interface:…`, `route:…`, `chain:…`). `packet`: as it came; `after`: as it went on, where something of it was changed. route: `route`
    (a prefix; empty: none), `via`, `dev`, `table_id`; `note`, the route's type; `errno`, where the kernel refuses. chain: `hook`, `rule`
    (the one that matched, or the policy), `outcome`, `passed` (the rules before it that did not match), `target` (the rule's; of a jump the
    chain), `state` (conntrack's), `mark`. neighbour: `address`, `mac`, `asked` (it was asked on the wire; else it was known). bridge:
    `ports`, `flooded`. unknown: `note`.
    """

    kind: HopKind
    namespace: str
    leg: Leg = "original"
    at: int | None = None
    object: str = ""
    dev: str = ""
    packet: Packet | None = None
    after: Packet | None = None
    route: str = ""
    via: str = ""
    table_id: int = 0
    errno: int = 0
    hook: Hook | None = None
    rule: RuleAt | None = None
    outcome: Outcome | None = None
    passed: tuple[RuleAt, ...] = ()
    target: str = ""
    state: str = ""
    mark: int = 0
    address: str = ""
    mac: str = ""
    asked: bool = False
    ports: tuple[str, ...] = ()
    flooded: bool = False
    note: str = ""


class Cause(StrEnum):
    """The closed set of how a journey ends."""

    DELIVERED = "delivered"
    RUNNING = "running"  # it has not ended yet
    DROPPED_BY_RULE = "dropped-by-rule"
    DROPPED_BY_POLICY = "dropped-by-policy"
    REJECTED_BY_RULE = "rejected-by-rule"
    NO_ROUTE = "no-route"
    NEIGHBOUR_SILENT = "neighbour-silent"
    INTERFACE_DOWN = "interface-down"
    NO_CARRIER = "no-carrier"
    NO_WIRE = "no-wire"  # sent by an interface of a kind that drops it: dummy
    NOT_FORWARDED = "not-forwarded"  # net.ipv4.ip_forward, net.ipv6.conf.all.forwarding
    REVERSE_PATH = "reverse-path"  # rp_filter, or a source that cannot be (martian)
    TTL_EXCEEDED = "ttl-exceeded"
    TOO_BIG = "too-big"  # and it must not be fragmented
    PORT_BLOCKED = "port-blocked"  # STP state, or isolated ports
    VLAN_FILTERED = "vlan-filtered"
    NOBODY_LISTENS = "nobody-listens"  # RST, port unreachable
    NO_ANSWER = "no-answer"  # it arrived, and nothing was sent back
    ANSWER_NOT_TAKEN = "answer-not-taken"  # it came back, and not to the socket that asked
    FOREIGN_RULES = "foreign-rules"  # rules below IP that are not traced: nftables' families bridge and arp
    REFUSED = "refused"  # the kernel did not let it be sent: `errno`
    UNKNOWN = "unknown"


class Verdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How it ended, why, and where.

    `leg` `reply`: it arrived, the answer was lost. `hop`: number of the hop that it is about, from 0. `object`: id of the record to look
    at. `rule`: of a drop or reject by rule or policy. `address`: the one without a route, the neighbour that is silent. `errno`: what the
    kernel answered the sending program, where it refused. `inferred`: the loss was seen and its cause was not, which follows from how the
    lab is set (`topology.journey.explain`).
    """

    cause: Cause
    leg: Leg = "original"
    namespace: str = ""
    hop: int | None = None
    object: str = ""
    dev: str = ""
    rule: RuleAt | None = None
    address: str = ""
    mtu: int = 0
    errno: int = 0
    note: str = ""
    inferred: bool = False

    @property
    def delivered(self) -> bool:
        """Whether it arrived, and the answer too."""
        return self.cause == Cause.DELIVERED


class Journey(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`predicted`: worked out, and not seen; `assumptions`: what was taken for granted for that. `took`: µs from sending to the answer, 0
    where none came. `notes`: what could not be looked at, in the kernel's words. `answer`: what the program at the other end answered to a
    request (`Probe.request`): `HTTP/1.0 200 OK`, `10.0.0.9`, `NXDOMAIN`."""

    probe: Probe
    hops: tuple[Hop, ...]
    verdict: Verdict
    predicted: bool = False
    took: int = 0
    assumptions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    answer: str = ""


class Difference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where what was seen is not what was predicted: the numbers of the two hops (from 0), None where there is no such hop."""

    predicted: int | None = None
    observed: int | None = None


msgspec.json.Decoder(Journey)  # msgspec makes what it knows of a type at its first use, and crashes where two threads do so at once
