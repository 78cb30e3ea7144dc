"""Journeys of packets through a lab: of one that is sent, of one that is only predicted, of those in the lab's own traffic."""

from typing import Literal

import msgspec

from protocol.base import Request, Result
from topology.edit.commands import AnyCommand
from topology.journey.hop import Difference, Journey, RuleAt
from topology.journey.probe import Ask


class Trace(Request, frozen=True, kw_only=True, tag="trace"):
    """Send `count` packets from the source's namespace, one after the other, and trace each. Stream: `JourneyItem`; answer: `Traced`.

    `wait`: seconds to wait for a reply to each packet; `interval`: at least so many from the sending of one to that of the next. It ends
    early by `cancel`, or when the client disconnects.
    """

    lab: str
    ask: Ask
    count: int = 1
    wait: float = 1.0
    interval: float = 0.0


class Predict(Request, frozen=True, kw_only=True, tag="predict"):
    """The trace that a packet would have by the observed state; nothing is sent. Answer: `Predicted`.

    In a lab that is not live, and with `desired`, the document is taken instead of the observed state. `without`: ignore these rules.
    """

    lab: str
    ask: Ask
    without: tuple[RuleAt, ...] = ()
    desired: bool = False


class Watch(Request, frozen=True, kw_only=True, tag="watch"):
    """Trace packets of the lab's own traffic, at most `rate` a second, until `cancel`. Stream: `JourneyItem`; answer: `Watched`.

    Only packets that open a flow count: a TCP SYN, a UDP datagram, an echo request. `hosts`: one of these addresses has to be the source or
    the destination (empty: any). `port`: of either side.
    """

    lab: str
    hosts: tuple[str, ...] = ()
    port: int | None = None
    protocol: Literal["icmp", "udp", "tcp"] | None = None
    rate: int = 5


RemedyWord = Literal[
    "sysctl", "route", "remove-route", "up", "address", "accept", "remove-rule", "ttl", "smaller", "fragment", "terminal"
]  # fmt: skip
"""What a remedy does: sets a sysctl, adds or removes a route, sets an interface up, gives it an address, accepts the packet, removes the
rule; sends the packet with the usual TTL, with less payload, without DF; opens a terminal in the namespace."""


class Remedy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What may help against a loss. `commands`: an edit, after which the packet is sent again. `ask`: the packet, sent otherwise. `at`: the
    namespace or interface (`ns/name`) that it is about; `what`, `chain`: what is set, added or removed, and in which chain."""

    word: RemedyWord
    at: str = ""
    what: str = ""
    chain: str = ""
    commands: tuple[AnyCommand, ...] = ()
    ask: Ask | None = None


class Traced(Result, frozen=True, kw_only=True, tag="traced"):
    """The traces of the packets that were sent. `predicted`: the trace that was expected of the first one just before it was sent.
    `differences`: where the first one differs from it."""

    journeys: tuple[Journey, ...]
    predicted: Journey | None = None
    differences: tuple[Difference, ...] = ()


class Predicted(Result, frozen=True, kw_only=True, tag="predicted"):
    """The trace that the packet would have. `remedies`: what may help where it would be lost."""

    journey: Journey
    remedies: tuple[Remedy, ...] = ()


class Watched(Result, frozen=True, kw_only=True, tag="watched"):
    """`journeys`: how many traces were reported. `skipped`: packets that matched and were left out to keep to the rate."""

    journeys: int
    skipped: int = 0


class JourneyItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="item", tag="journey"):
    """The trace of packet `number` (from 1) as far as it is known. It replaces the item before with that number. `ended`: it is final.
    `remedies`: then, what may help where it was lost. `skipped`: of a `watch`, packets that were left out so far."""

    number: int
    journey: Journey
    ended: bool = False
    remedies: tuple[Remedy, ...] = ()
    skipped: int = 0
