"""A change is a value: `Diff`, with `apply`, `reverse` and `squash`. The same algebra is in `web/src/protocol/diff.ts`; both are
proved on `tests/vectors/diff.json`."""

from collections.abc import Mapping
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Diff(msgspec.Struct, Generic[T], frozen=True, kw_only=True, omit_defaults=True):
    """What was added, updated (before, after) and removed, by record id. An id stands in at most one of the three."""

    added: dict[str, T] = {}
    updated: dict[str, tuple[T, T]] = {}
    removed: dict[str, T] = {}

    def __bool__(self) -> bool:
        return bool(self.added or self.updated or self.removed)

    @property
    def ids(self) -> set[str]:
        """The ids of all records that it touches."""
        return self.added.keys() | self.updated.keys() | self.removed.keys()


def between(before: Mapping[str, T], after: Mapping[str, T]) -> Diff[T]:
    """The diff for which `apply(before, diff) == after`."""
    return Diff(
        added={k: v for k, v in after.items() if k not in before},
        updated={k: (before[k], v) for k, v in after.items() if k in before and before[k] != v},
        removed={k: v for k, v in before.items() if k not in after},
    )


def apply(records: Mapping[str, T], diff: Diff[T]) -> dict[str, T]:
    """The records after the change. Records that the diff does not touch stay the same objects."""
    out = {k: v for k, v in records.items() if k not in diff.removed}
    out.update(diff.added)
    out.update({k: after for k, (_, after) in diff.updated.items()})
    return out


def reverse(diff: Diff[T]) -> Diff[T]:
    """The diff that takes this one back."""
    return Diff(added=diff.removed, removed=diff.added, updated={k: (b, a) for k, (a, b) in diff.updated.items()})


def squash(first: Diff[T], second: Diff[T]) -> Diff[T]:
    """One diff for both, one after the other: `apply(apply(s, first), second) == apply(s, squash(first, second))`."""
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
    return between(
        {k: v for k, v in before.items() if v is not None},
        {k: v for k, v in after.items() if v is not None},
    )
