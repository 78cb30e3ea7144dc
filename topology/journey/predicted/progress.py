"""How far a predicted packet has come: its hops, which leg it is on, its mark, and what was taken for granted up to here."""

from typing import NamedTuple

import msgspec

from topology.journey.hop import Cause, Hop, HopKind, Leg, Verdict
from topology.journey.predicted.tracking import Tracked
from topology.model import ids


class Ended(Exception):
    """The packet goes no further."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.cause)
        self.verdict = verdict


class Aside(NamedTuple):
    """A packet that waits: how many hops there were, and what is carried with it."""

    hops: int
    mark: int
    tracked: Tracked | None
    piece: int


class Progress:
    """`hops` and `assumptions` (as keys, in order) grow while the packet goes on.

    `mark`: the packet's now (SO_MARK, target MARK). `tracked`: what conntrack of the namespace that it is in says of it, None: it has not
    looked yet. `piece`: bytes of its largest fragment, 0 while it is whole. `came_by`: the interface by which it came
    to the namespace that took it.
    """

    def __init__(self, mark: int) -> None:
        self.hops: list[Hop] = []
        self.assumptions: dict[str, None] = {}
        self.leg: Leg = "original"
        self.mark = mark
        self.tracked: Tracked | None = None
        self.piece = 0
        self.came_by = ""

    def answer(self) -> None:
        """What follows is about the answer."""
        self.leg, self.mark, self.tracked, self.piece = "reply", 0, None, 0

    def set_aside(self) -> Aside:
        """What is kept of a packet while another one, which carries it, is on its way: the hops of that are not shown."""
        aside = Aside(len(self.hops), self.mark, self.tracked, self.piece)
        self.mark, self.tracked, self.piece = 0, None, 0
        return aside

    def take_up(self, aside: Aside) -> None:
        """Go on with the packet that was set aside."""
        del self.hops[aside.hops :]
        self.mark, self.tracked, self.piece = aside.mark, aside.tracked, aside.piece

    def enter(self) -> None:
        """It comes to another namespace, or over a wire to the same: what skb_scrub_packet() forgets."""
        self.tracked = None

    def hop(self, kind: HopKind, ns: str, **fields: object) -> None:
        """One more hop; `object` is the namespace where no other is given."""
        self.hops.append(msgspec.convert({"kind": kind, "namespace": ns, "leg": self.leg, "object": ids.namespace(ns), **fields}, Hop))

    def verdict(self, cause: Cause, ns: str, **fields: object) -> Verdict:
        """A verdict about the last hop; `object` is the namespace where no other is given."""
        about = {"cause": cause, "leg": self.leg, "namespace": ns, "hop": len(self.hops) - 1, "object": ids.namespace(ns)}
        return msgspec.convert({**about, **fields}, Verdict)

    def ended(self, cause: Cause, ns: str, **fields: object) -> Ended:
        """To be raised: the packet ends here."""
        return Ended(self.verdict(cause, ns, **fields))

    def assume(self, text: str) -> None:
        """Take something for granted, and say so once."""
        self.assumptions[text] = None
