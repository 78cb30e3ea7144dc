"""Journeys: one packet sent and followed, predicted, or picked out of the lab's own traffic."""

from typing import Literal

import msgspec

from protocol.base import Request, Result
from topology.journey.hop import Difference, Journey, RuleAt
from topology.journey.probe import Ask


class Trace(Request, frozen=True, kw_only=True, tag="trace"):
    """Send the packet from inside the source's namespace and follow it; `count` of them, one after the other.

    Stream: `JourneyItem`, the journey as far as it is known, again and again, the first time within moments. Answer: `Traced`. `wait`: s
    until an answer that does not come is given up. Ended by `cancel`, and when the client leaves.
    """

    lab: str
    ask: Ask
    count: int = 1
    wait: float = 1.0


class Predict(Request, frozen=True, kw_only=True, tag="predict"):
    """Would this packet pass? Nothing is sent. In a lab that is stopped, or with `desired`, the document is asked instead of the kernel.

    `without`: as if these rules were not there ("what if"). Answer: `Predicted`.
    """

    lab: str
    ask: Ask
    without: tuple[RuleAt, ...] = ()
    desired: bool = False


class Watch(Request, frozen=True, kw_only=True, tag="watch"):
    """Pick packets out of the lab's own traffic, at most `rate` journeys a second. Stream: `JourneyItem`s; answer, after `cancel`:
    `Watched`.

    Only new flows are seen: the first packet of a connection, a UDP datagram, an echo request. `hosts`: addresses of which one has to be
    its source or destination (none: all); `port` of either side.
    """

    lab: str
    hosts: tuple[str, ...] = ()
    port: int | None = None
    protocol: Literal["icmp", "udp", "tcp"] | None = None
    rate: int = 5


class Traced(Result, frozen=True, kw_only=True, tag="traced"):
    """`differences`: where the first of the journeys is not what was predicted just before."""

    journeys: tuple[Journey, ...]
    predicted: Journey | None = None
    differences: tuple[Difference, ...] = ()


class Predicted(Result, frozen=True, kw_only=True, tag="predicted"):
    journey: Journey


class Watched(Result, frozen=True, kw_only=True, tag="watched"):
    """`journeys` that were told; `skipped`: packets that matched and were left out to keep to the rate."""

    journeys: int
    skipped: int = 0


class JourneyItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="item", tag="journey"):
    """The journey of packet `number` (from 1) as far as it is known: it replaces the one before with that number. `ended`: it will not
    change."""

    number: int
    journey: Journey
    ended: bool = False
