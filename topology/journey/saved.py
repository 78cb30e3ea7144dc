"""Journeys as files: what the command line and the browser save and load."""

from collections.abc import Iterator

import msgspec

from topology.journey.hop import Difference, Journey
from topology.model.base import Json
from topology.model.problems import Code, Problem, ProblemError, invalid

VERSION = 2
"""Of a journey as a file. Version 1 called the legs `there` and `back`."""
_LEGS_OF_1: dict[Json, Json] = {"there": "original", "back": "reply"}


class SavedJourney(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A journey as a file. `records`: what it ran through, so that it can be drawn where the lab is not: their JSON, with placements."""

    vethboard_journey: int
    lab: str = ""
    at: str = ""
    journey: Journey
    predicted: Journey | None = None
    differences: tuple[Difference, ...] = ()
    records: tuple[dict[str, Json], ...] = ()


def load(data: str | bytes, name: str = "this") -> SavedJourney:
    """A saved journey of this version or an older one; `name` is the file's, for problems.

    Raises `ProblemError`: INVALID, or VERSION for a newer one.
    """
    try:
        raw: Json = msgspec.json.decode(data)
        version = raw.get("vethboard_journey") if isinstance(raw, dict) else None
        if isinstance(version, int) and version > VERSION:
            raise ProblemError(Problem(code=Code.VERSION, message=f"{name} is of version {version}", hint="update Vethboard"))
        if version == 1:
            _rename_legs(raw)
        return msgspec.convert(raw, SavedJourney)
    except msgspec.DecodeError as e:
        raise invalid(f"{name} is not a saved trace: {e}", None, "vethboard trace --json writes one") from None


def _rename_legs(raw: Json) -> None:
    """Version 1 → 2, in place."""
    for part in _with_leg(raw):
        part["leg"] = _LEGS_OF_1.get(part["leg"], part["leg"])


def _with_leg(raw: Json) -> Iterator[dict[str, Json]]:
    """The hops and verdicts that name their leg: those of a `journey` and of what was `predicted`."""
    for journey in (raw.get("journey"), raw.get("predicted")) if isinstance(raw, dict) else ():
        hops = journey.get("hops") if isinstance(journey, dict) else None
        verdict = journey.get("verdict") if isinstance(journey, dict) else None
        parts = [*(hops if isinstance(hops, list) else ()), verdict]
        yield from (part for part in parts if isinstance(part, dict) and "leg" in part)
