"""How far a predicted packet has come: its hops, which leg it is on, its mark, and what was taken for granted up to here."""

import msgspec

from topology.journey.hop import Cause, Hop, HopKind, Leg, Verdict
from topology.model import ids


class Ended(Exception):
    """The packet goes no further."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.cause)
        self.verdict = verdict


class Progress:
    """`hops` and `assumptions` (as keys, in order) grow while the packet goes on. `mark`: the packet's now (SO_MARK, target MARK)."""

    def __init__(self, mark: int) -> None:
        self.hops: list[Hop] = []
        self.assumptions: dict[str, None] = {}
        self.leg: Leg = "original"
        self.mark = mark

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
