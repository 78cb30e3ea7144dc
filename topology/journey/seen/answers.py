"""Requests: whether the program at the other end answered, which its sender knows and no frame says."""

import msgspec

from topology.journey.hop import Cause, Journey, Verdict
from topology.journey.seen.evidence import Evidence

_CONNECTED = "the connection was made, and the request was not answered"
_CLOSED = "the connection was made, and closed without an answer"
_SENT = "the request arrived, and was not answered"


def with_answer(journey: Journey, evidence: Evidence) -> Journey:
    """The journey of a request, with its answer. Without one, what was delivered was only connected, or sent."""
    if not journey.probe.request:
        return journey
    answer = next((s.text for s in evidence.socket_results if s.event == "answered"), None)
    if answer or not journey.verdict.delivered:
        return msgspec.structs.replace(journey, answer=answer or "")
    return msgspec.structs.replace(journey, verdict=_unanswered(journey, closed=answer is not None), took=0)


def _unanswered(journey: Journey, closed: bool) -> Verdict:
    note = _SENT if journey.probe.protocol == "udp" else _CLOSED if closed else _CONNECTED
    return msgspec.structs.replace(journey.verdict, cause=Cause.NO_ANSWER, note=note)
