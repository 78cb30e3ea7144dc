"""A change is a value: `Diff`, with `apply`, `reverse` and `squash`. The same algebra is in `web/src/protocol/diff.ts`; both are
proved on `tests/vectors/diff.json`.

Where a diff is sent or stored, `compact` states changes of long lists by what differs (`topology.model.splice`): every function here takes
both forms.
"""

from collections.abc import Iterable, Mapping
from itertools import compress
from operator import is_not
from typing import Generic, TypeVar

import msgspec

from topology.model.splice import Misfit, Splice, reversed_splices, spliced, splices
from topology.model.tracked import Tracked

T = TypeVar("T")


class Diff(msgspec.Struct, Generic[T], frozen=True, kw_only=True, omit_defaults=True):
    """What was added, updated (before, after) and removed, by record id, and what was changed inside records (`spliced`). An id stands in
    at most one of the four."""

    added: dict[str, T] = {}
    updated: dict[str, tuple[T, T]] = {}
    removed: dict[str, T] = {}
    spliced: dict[str, tuple[Splice, ...]] = {}

    def __bool__(self) -> bool:
        return bool(self.added or self.updated or self.removed or self.spliced)

    @property
    def ids(self) -> set[str]:
        """The ids of all records that it touches."""
        return self.added.keys() | self.updated.keys() | self.removed.keys() | self.spliced.keys()


def between(before: Mapping[str, T], after: Mapping[str, T]) -> Diff[T]:
    """The diff for which `apply(before, diff) == after`."""
    added: dict[str, T] = {}
    updated: dict[str, tuple[T, T]] = {}
    known = after.others(before) if isinstance(after, Tracked) else None
    for k in _others(before, after) if known is None else filter(after.__contains__, known):
        old, new = before.get(k), after[k]
        if old is None:
            added[k] = new
        elif old != new:
            updated[k] = (old, new)
    if len(before) + len(added) == len(after):
        return Diff(added=added, updated=updated)
    gone = (k for k in before if k not in after) if known is None else _gone(before, after, known)
    removed = {k: before[k] for k in gone}
    return Diff(added=added, updated=updated, removed=removed)


def _gone(before: Mapping[str, T], after: Mapping[str, T], among: Iterable[str]) -> list[str]:
    """Those of these ids that are in `before` alone, in its order."""
    found = [k for k in among if k not in after]
    return before.in_order(found) if isinstance(before, Tracked) else found


def _others(before: Mapping[str, T], after: Mapping[str, T]) -> list[str]:
    """The keys whose record is not the same object as before, in the order of `after`. Of a large lab with one change all but this is
    found without a step of Python for each record."""
    return list(compress(after, map(is_not, after.values(), map(before.get, after))))


def replaced(before: Mapping[str, T], after: Mapping[str, T]) -> set[str]:
    """The ids whose record is not the same object: more than differ, found without a look into the records."""
    if isinstance(after, Tracked) and (known := after.others(before)) is not None:
        return set(known)
    found = set(_others(before, after))
    return found | (before.keys() - after.keys()) if len(before) != len(after) or found else found


def apply(records: Mapping[str, T], diff: Diff[T], strict: bool = True) -> dict[str, T]:
    """The records after the change. Records that the diff does not touch stay the same objects.

    Raises Misfit where a record is not the one that was changed inside; `strict`: see `topology.model.splice.spliced`.
    """
    out = Tracked.of(records)
    for k in diff.removed:
        out.pop(k, None)
    out.update(diff.added)
    out.update({k: after for k, (_, after) in diff.updated.items()})
    out.update({k: spliced(_known(records, k), made, strict) for k, made in diff.spliced.items()})
    return out


def _known(records: Mapping[str, T], key: str) -> T:
    if key not in records:
        raise Misfit(f"{key} is not there")
    return records[key]


def reverse(diff: Diff[T]) -> Diff[T]:
    """The diff that takes this one back."""
    updated = {k: (b, a) for k, (a, b) in diff.updated.items()}
    back = {k: reversed_splices(made) for k, made in diff.spliced.items()}
    return Diff(added=diff.removed, removed=diff.added, updated=updated, spliced=back)


def compact(diff: Diff[T]) -> Diff[T]:
    """The same change, as it is sent and stored."""
    found = {k: made for k, (before, after) in diff.updated.items() if (made := splices(before, after)) is not None}
    if not found:
        return diff
    updated = {k: pair for k, pair in diff.updated.items() if k not in found}
    return msgspec.structs.replace(diff, updated=updated, spliced={**diff.spliced, **found})


def expand(diff: Diff[T], before: Mapping[str, T]) -> Diff[T]:
    """The same change, with those of these records before and after in `updated`. Raises Misfit as `apply`."""
    found = {k: (before[k], spliced(before[k], made)) for k, made in diff.spliced.items() if k in before}
    if not found:
        return diff
    rest = {k: made for k, made in diff.spliced.items() if k not in found}
    return msgspec.structs.replace(diff, updated={**diff.updated, **found}, spliced=rest)


def squash(first: Diff[T], second: Diff[T]) -> Diff[T]:
    """One diff for both, one after the other: `apply(apply(s, first), second) == apply(s, squash(first, second))`. Raises Misfit where the
    second does not follow the first."""
    first, second = reverse(expand(reverse(first), _after(reverse(second)))), expand(second, _after(first))
    before: dict[str, T | None] = {}
    after: dict[str, T | None] = {}
    for diff in (first, second):
        for k, new in diff.added.items():
            before.setdefault(k, None)
            after[k] = new
        for k, (old, new) in diff.updated.items():
            before.setdefault(k, old)
            after[k] = new
        for k, old in diff.removed.items():
            before.setdefault(k, old)
            after[k] = None
    both = between(
        {k: v for k, v in before.items() if v is not None},
        {k: v for k, v in after.items() if v is not None},
    )
    inside = {k: (*first.spliced.get(k, ()), *second.spliced.get(k, ())) for k in (*first.spliced, *second.spliced)}
    return msgspec.structs.replace(both, spliced=inside)


def _after(diff: Diff[T]) -> dict[str, T]:
    """The records that it states, as they are after it."""
    return {**diff.added, **{k: after for k, (_, after) in diff.updated.items()}}
