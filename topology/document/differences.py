"""What is between two documents, in words: a line for each record that was added, changed or removed."""

import difflib
import json
from collections.abc import Iterator, Mapping

import msgspec

from topology.model import ids
from topology.model.records import INTERFACES, AnyRecord, Chain

_NOUNS = {"fdb": "FDB entry", "lab": "lab", "placement": "place of"}


def words(before: Mapping[str, AnyRecord], after: Mapping[str, AnyRecord]) -> Iterator[str]:
    """`+ namespace ns1`, `- interface ns0/eth0 (veth)`, `~ interface ns0/eth1: mtu 1500 → 9000`; in the order of the records."""
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key), after.get(key)
        if old is None and new is not None:
            yield f"+ {_name(new)}"
        elif old is not None and new is None:
            yield f"- {_name(old)}"
        elif old is not None and new is not None and old != new:
            yield f"~ {_name(new)}: {', '.join(_changes(old, new))}"


def _name(record: AnyRecord) -> str:
    kind = ids.kind_of(record.id)
    word = f" ({record.word})" if isinstance(record, INTERFACES) else ""
    return f"{_NOUNS.get(kind, kind)} {ids.subject_of(record.id)}{word}".rstrip()


def _changes(old: AnyRecord, new: AnyRecord) -> Iterator[str]:
    if type(old) is not type(new):
        yield "another kind: it is made anew"
        return
    for field in new.__struct_fields__:
        was, now = getattr(old, field), getattr(new, field)
        if was != now:
            yield from _rules(was, now) if isinstance(new, Chain) and field == "rules" else (f"{field} {_value(was)} → {_value(now)}",)


def _value(value: object) -> str:
    if value is None:
        return "(default)"
    plain = msgspec.to_builtins(value)
    return str(plain) if isinstance(plain, str | int | float) and plain != "" else json.dumps(plain, ensure_ascii=False)


def _rules(was: tuple[str, ...], now: tuple[str, ...]) -> Iterator[str]:
    """Each rule that came or went, with its number."""
    if len(was) * len(now) > _MOST_PAIRS:
        yield f"{len(was)} rules → {len(now)} rules"
        return
    for tag, i, to_i, j, to_j in difflib.SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if tag != "equal":
            yield from (f"- rule {n + 1} {was[n]}" for n in range(i, to_i))
            yield from (f"+ rule {n + 1} {now[n]}" for n in range(j, to_j))


_MOST_PAIRS = 4_000_000
"""Up to this many pairs of rules are compared for the smallest difference."""
