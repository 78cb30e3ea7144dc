"""Whose turn it is, how much one may have asked for, and what may wait for a client."""

import gc
from types import SimpleNamespace
from typing import Any

import pytest

from server.asked import CONNECTIONS, MOST_BYTES, Asked
from server.lab.reads import BURST, LONGEST_PAUSE, RATE, Share
from server.lab.turns import Request, Turns
from server.web.outgoing import MAX_WAITING, MAX_WAITING_BYTES, Outgoing
from topology.model.problems import Code, ProblemError


def request(token: str, sid: str, id: str) -> Request:
    session: Any = SimpleNamespace(share=f"token:{token}", sid=sid)
    return Request(session, id, lambda: None, drop=True)


def test_tokens_take_turns_and_connections_among_themselves() -> None:
    turns = Turns()
    for sid in ("a1", "a2", "a3"):
        for n in range(3):
            turns.add(request("a", sid, f"{sid}-{n}"))
    turns.add(request("b", "b1", "b1-0"))
    turns.add(request("b", "b1", "b1-1"))
    order = [found.id for found in iter(turns.pop, None)]
    assert order == ["a1-0", "b1-0", "a2-0", "b1-1", "a3-0", "a1-1", "a2-1", "a3-1", "a1-2", "a2-2", "a3-2"]
    assert not turns


def test_what_a_connection_waits_for_is_taken_away() -> None:
    turns = Turns()
    for n in range(3):
        turns.add(request("a", "a1", str(n)))
    turns.add(request("a", "a2", "other"))
    left = turns.of(request("a", "a1", "").session)
    turns.remove(left[:2])
    assert [r.id for r in turns.all()] == ["2", "other"]
    turns.remove(left[2:])
    assert (len(turns), turns.pop().id) == (1, "other")  # type: ignore[union-attr]  # there is one


def refused(asked: Asked, id: str, size: int = 10) -> bool:
    try:
        asked.add(id, "analyse", 4, size)
    except ProblemError as e:
        return e.problem.code is Code.LIMIT
    return False


def test_so_many_of_a_connection_and_of_a_token() -> None:
    own, other = Asked("token:x"), Asked("token:x")
    assert [refused(own, str(n)) for n in range(6)] == [False] * 4 + [True] * 2
    assert not refused(other, "0")
    own.answered("0")
    own.answered("never asked")
    assert [refused(own, "again"), refused(own, "again")] == [False, True]
    more = [Asked("token:x") for _ in range(CONNECTIONS)]
    taken = sum(not refused(asked, str(n)) for asked in more for n in range(4))
    assert taken + len(own) + len(other) == 4 * CONNECTIONS
    for asked in (own, other, *more):
        asked.end()
    assert not refused(own, "free")
    own.end()


def test_so_many_bytes_of_a_token() -> None:
    own, other = Asked("token:y"), Asked("token:y")
    assert not refused(own, "one", MOST_BYTES + 1), "one alone may be longer"
    assert refused(other, "two", 1)
    own.answered("one")
    assert not refused(other, "two", 1)
    del own, other
    gc.collect()
    assert not refused(Asked("token:y"), "new", MOST_BYTES), "nobody has that token any more"


def test_events_and_bytes_that_wait() -> None:
    waiting = 0
    outgoing = Outgoing(lambda: waiting)
    assert outgoing.fits(MAX_WAITING_BYTES * 2), "a first one of any size"
    outgoing.added(MAX_WAITING_BYTES - 5, 1)
    waiting = 1
    assert outgoing.fits(5)
    assert not outgoing.fits(6)
    waiting = 0
    assert outgoing.fits(6)
    outgoing.added(6, 2)
    waiting = MAX_WAITING + 1
    assert not outgoing.fits(1)


@pytest.mark.parametrize("each", [0.01, 0.2, 5.0])
def test_reads_have_a_share_of_the_time(each: float) -> None:
    """By a clock of its own."""
    share, now, used = Share(), 1000.0, 0.0
    share.pause(0.0, now)
    began = now
    for _ in range(2000):
        now += each
        used += each
        now += share.pause(each, now)
    most = RATE * (now - began) + BURST + each if each / RATE < LONGEST_PAUSE else (now - began) * each / (each + LONGEST_PAUSE) + each
    assert used <= most * 1.01
