"""Why a packet was lost where nothing was seen of the cause: what the prediction says of that very place.

A neighbour that does not answer, or a frame that a bridge sends nowhere, is seen; the port, the setting or the rule that is to blame is
not. The records and live records know it, and `predicted` looks there. Its word is taken only where it ends the packet at the place where
the packet was really seen last.
"""

import msgspec

from topology.journey.hop import Cause, Hop, Journey, Leg, RuleAt
from topology.model import ids

_VAGUE = frozenset((Cause.UNKNOWN, Cause.NEIGHBOUR_SILENT))
_NO_REASON = frozenset((Cause.UNKNOWN, Cause.DELIVERED, Cause.RUNNING))
_NO_REASON_YET = ("", "it was not asked on the wire", "its answer came in, and was dropped before the kernel could learn from it")
"""Notes on a silent neighbour that say how it looked and not why."""
_PLACES = frozenset(("route", "out", "in"))


def resolved(seen: Journey) -> dict[tuple[str, str], str]:
    """The MAC addresses that the packet was sent to, by interface (`ns/name`) and the address of the next hop: what a prediction that is to
    explain this journey need not ask for."""
    return {(ids.join(h.namespace, h.dev), h.address): h.mac for h in seen.hops if h.kind == "neighbour" and h.mac}


def explained(seen: Journey, predicted: Journey) -> Journey:
    """The journey that was seen, with the cause that the prediction gives, as inferred; unchanged where it gives none for this place."""
    found, said = seen.verdict, predicted.verdict
    known = found.cause == Cause.NEIGHBOUR_SILENT and found.note not in _NO_REASON_YET
    if found.cause not in _VAGUE or known or said.cause in _NO_REASON:
        return seen
    if found.leg != said.leg or not _same_place(seen, predicted):
        return seen
    verdict = msgspec.structs.replace(said, hop=found.hop, address=said.address or found.address, inferred=True)
    return msgspec.structs.replace(seen, verdict=verdict)


def _same_place(seen: Journey, predicted: Journey) -> bool:
    """Whether both end at the same step: at the same next hop, or with the same frame."""
    leg = seen.verdict.leg
    one, other = _places(seen, leg), _places(predicted, leg)
    if not one and not other:  # it has not left the namespace
        found = _last_rule(seen, leg)
        return found is not None and found == _last_rule(predicted, leg)
    return one[-1:] == other[-1:]


def _last_rule(journey: Journey, leg: Leg) -> RuleAt | None:
    """Of the rules that matched."""
    return next((h.rule for h in reversed(journey.hops) if h.leg == leg and h.rule is not None and h.rule.number), None)


def _places(journey: Journey, leg: Leg) -> list[tuple[str, str, str]]:
    return [(h.kind, h.namespace, h.dev) for h in journey.hops if h.leg == leg and h.kind in _PLACES and not _local(h) and not h.errno]


def _local(hop: Hop) -> bool:
    """The routing decision for what is delivered: some are not seen."""
    return hop.kind == "route" and hop.note == "local"
