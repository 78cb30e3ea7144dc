"""The table of a lab's states: every state can be left, and an event that means nothing changes nothing."""

from itertools import product
from typing import get_args

import pytest

from protocol.public import LabState
from server.lab.states import PUBLIC, SECONDS, TABLE, Action, Event, State, after


@pytest.mark.parametrize("state", State)
def test_every_state_is_left_by_a_timeout_or_by_an_event(state: State) -> None:
    ways = {event: step.state for (of, event), step in TABLE.items() if of is state and step.state is not state}
    assert ways
    assert (SECONDS[state] is not None) == (Event.TIMEOUT in ways)


@pytest.mark.parametrize("state", State)
def test_every_state_is_reached_and_shown(state: State) -> None:
    assert state in {step.state for step in TABLE.values()}
    assert PUBLIC[state] in get_args(LabState)


@pytest.mark.parametrize("state", State)
def test_a_lab_can_be_stopped_in_every_state(state: State) -> None:
    found = after(state, Event.STOP)
    assert (found is not None) == (state is not State.STOPPING)


def test_no_pair_raises() -> None:
    assert {type(after(state, event)).__name__ for state, event in product(State, Event)} == {"Step", "NoneType"}


def test_from_every_state_a_lab_comes_to_life_and_ends() -> None:
    def reach(state: State) -> set[State]:
        seen: set[State] = set()
        todo = [state]
        while todo:
            now = todo.pop()
            more = {step.state for (of, _), step in TABLE.items() if of is now} - seen
            seen |= more
            todo += more
        return seen

    for state in State:
        assert {State.LIVE, State.STOPPED} <= reach(state) | {state}


def test_what_was_silent_is_read_anew() -> None:
    assert after(State.SILENT, Event.ANSWER) == (State.LIVE, Action.RESYNC)
    assert after(State.LIVE, Event.ANSWER) is None
