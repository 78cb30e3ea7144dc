"""Where a predicted packet meets a rule, and what the rule's target may do there."""

from typing import NamedTuple, NoReturn, Protocol

from topology.journey.forwarding import ForwardingView
from topology.journey.hop import Hop, Leg, Outcome, RuleAt
from topology.journey.packet import Packet
from topology.journey.predicted.progress import Progress
from topology.journey.sighting import Hook
from topology.model.records import Chain
from topology.rules import Target


class Place(NamedTuple):
    """Where a packet is: hook and interfaces. `sent`: a program's socket in this namespace sends it. `physin`, `physout`: the bridge
    ports, where br_netfilter calls."""

    namespace: str
    hook: Hook
    leg: Leg
    iif: str = ""
    oif: str = ""
    sent: bool = False
    physin: str = ""
    physout: str = ""
    picked: tuple[int, int] = (32768, 60999)


class Done(NamedTuple):
    """A packet after a hook. `end`: the hop at which it ended, None: it goes on."""

    packet: Packet
    end: Hop | None


class Ending(Exception):
    """The packet goes no further than this hop."""

    def __init__(self, hop: Hop) -> None:
        super().__init__(hop.kind)
        self.hop = hop


class Hit(NamedTuple):
    """A rule that matched, and the rules of its chain before it that did not. `depth`: how many chains have called one another."""

    chain: Chain
    rule: RuleAt
    target: Target | None
    passed: tuple[RuleAt, ...]
    depth: int

    @property
    def name(self) -> str:
        """Of the target; empty where the rule has none."""
        return self.target.name if self.target is not None else ""

    def option(self, *names: str) -> str | None:
        """The value of the first of these options of the target that is given."""
        options = self.target.options if self.target is not None else ()
        return next((o.value for o in options if o.name in names), None)


class Running(Protocol):
    """A packet in a hook, as targets see it. `packet`, and `mark` and `tracked` of `progress`, are what they may change."""

    packet: Packet
    place: Place
    progress: Progress
    view: ForwardingView

    def hit(self, hit: Hit, outcome: Outcome, after: Packet | None = None) -> Hop:
        """Note that the rule matched."""

    def unknown(self, chain: Chain, rule: RuleAt, why: str) -> NoReturn:
        """End: what the rule does cannot be known."""
