"""Records that remember in which ids they may differ from a map that never changes, so that to copy, to compare and to search those of a
large lab costs what was changed in it."""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from itertools import compress
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")
Groups = dict[Any, dict[str, Any]]
"""Records by id, in groups by the key of an index. Any: each index has its types."""

MOST = 32
"""So many ids may differ before copies are counted from another map."""


class Index:
    """Records of some types in groups by a key; those whose key is None are left out."""

    def __init__(self, types: tuple[type, ...], key: Callable[[Any], Any]) -> None:
        self._types, self._key = frozenset(types), key

    def whole(self, records: Mapping[str, Any]) -> Groups:
        """Of all these, in their order; without a step of Python for each record of another type."""
        out: Groups = {}
        for name, record in compress(records.items(), map(self._types.__contains__, map(type, records.values()))):
            key = self._key(record)
            if key is not None:
                out.setdefault(key, {})[name] = record
        return out

    def patch(self, line: "Line", records: Mapping[str, Any]) -> Groups:
        """The groups that are others than in the origin; they may be empty."""
        before, out = line.origin.groups(self), dict[Any, dict[str, Any]]()
        unplaced = set()
        for name, is_last in line.since.items():
            old, new = self._key_of(line.origin.records.get(name)), self._key_of(records.get(name))
            for key in (old, new):
                if key is not None and key not in out:
                    out[key] = dict(before.get(key, ()))
            if old is not None and (old != new or is_last):
                out[old].pop(name, None)
            if new is not None:
                if name not in out[new] and not is_last:
                    unplaced.add(new)
                out[new][name] = records[name]
        for key in unplaced if line.is_arranged else out:
            out[key] = {name: out[key][name] for name in in_order(line, records, out[key])}
        return out

    def _key_of(self, record: Any) -> Any:
        return self._key(record) if type(record) in self._types else None


class Origin:
    """A map of records that never changes, and what was worked out of it."""

    def __init__(self, records: dict[str, Any]) -> None:
        self.records = records
        self.known: dict[Index, Groups] = {}

    def groups(self, index: Index) -> Groups:
        """Of an index."""
        found = self.known.get(index)
        if found is None:
            found = self.known[index] = index.whole(self.records)
        return found

    @cached_property
    def places(self) -> dict[str, int]:
        """At which place, from 0, each record is."""
        return dict(zip(self.records, range(len(self.records)), strict=True))


class Line(NamedTuple):
    """Where records come from. `since`: the ids in which they may differ from the origin, each with whether it was put at the end.
    `is_arranged`: the others are in the order of the origin, and those at the end in the order of `since`. `patches`: of indexes, the
    groups that are others than in the origin."""

    origin: Origin
    since: dict[str, bool]
    is_arranged: bool
    patches: dict[Index, Groups]

    def groups(self, index: Index, records: Mapping[str, Any]) -> Groups:
        """Those of the records that are others than in the origin."""
        found = self.patches.get(index)
        if found is None:
            found = self.patches[index] = index.patch(self, records) if self.since else {}
        return found

    def anew(self, records: dict[str, Any]) -> "Line":
        """The same, counted from the records as they are. What was worked out goes on."""
        origin = Origin(records)
        for index, groups in self.origin.known.items():
            patch = self.groups(index, records)
            origin.known[index] = {key: group for key, group in {**groups, **patch}.items() if group} if patch else groups
        return Line(origin, {}, True, {})


def begin(records: dict[str, Any]) -> Line:
    """Of records that come from nowhere."""
    return Line(Origin(records), {}, True, {})


def in_order(line: Line, records: Mapping[str, Any], keys: Iterable[str]) -> list[str]:
    """Those of these ids that are there, in the order of the records."""
    found = list(dict.fromkeys(filter(records.__contains__, keys)))
    if len(found) < 2:
        return found
    if not line.is_arranged:
        return list(filter(set(found).__contains__, records))
    last = {key: at for at, (key, is_last) in enumerate(line.since.items(), len(line.origin.records)) if is_last}
    places = line.origin.places
    return sorted(found, key=lambda key: last[key] if key in last else places[key])


class Still(NamedTuple):
    """Records at one moment, and where they come from. Never changed."""

    records: dict[str, Any]
    line: Line

    @classmethod
    def of(cls, records: Mapping[str, Any]) -> "Still":
        """As they are now."""
        if isinstance(records, Tracked):
            return records.still()
        plain = dict(records)
        return cls(plain, begin(plain))


def ordered(records: Mapping[str, Any], keys: Collection[str]) -> list[str]:
    """Those of these ids that are there, in the order of the records."""
    if isinstance(records, Tracked):
        return records.in_order(keys)
    return list(filter(set(keys).__contains__, records))


class Tracked(dict[str, T], Generic[T]):
    """Records by id. They may be changed as long as nobody else has them. `line`: as in `Line`."""

    __slots__ = ("_line", "_still")

    def __init__(self, records: Mapping[str, T], line: Line) -> None:
        super().__init__(records)
        self._line = line
        self._still: Still | None = None

    @classmethod
    def of(cls, records: Mapping[str, T]) -> "Tracked[T]":
        """A copy."""
        if not isinstance(records, Tracked):
            plain = dict(records)
            line = begin(plain)
            out = cls(plain, line)
            out._still = Still(plain, line._replace(since={}, patches={}))
            return out
        records._shorten()
        line = records._line  # once: another thread may copy it too
        out = cls(records, line._replace(since=dict(line.since)))
        out._still = records._still
        return out

    def _shorten(self) -> None:
        """Count from the records as they are, where they have got far from the origin."""
        if len(self._line.since) > MOST:
            now, line = self.still()
            self._line = line.anew(now)
            self._still = Still(now, self._line._replace(since={}))

    def still(self) -> Still:
        """All records as they are now."""
        if self._still is None:
            line = self._line._replace(since=dict(self._line.since), patches={})
            self._still = Still(dict(self), line)
        return self._still

    def renamed(self, names: Mapping[str, tuple[str, T]]) -> "Tracked[T]":
        """A copy in which records have the places of others: the id of each, with the id and the record that takes its place. Where several
        get one id, the place of the first counts, and the record of the last."""
        pairs = (names.get(key, (key, record)) for key, record in self.items())
        since = dict.fromkeys((key for old, (new, _) in names.items() for key in (old, new)), False)
        return Tracked(dict(pairs), self._line._replace(since=self._line.since | since, is_arranged=False, patches={}))

    def after(self, records: Mapping[str, T], changed: Iterable[str]) -> "Tracked[T]":
        """These records, of which all others than `changed` are the same objects as here."""
        self._shorten()
        line = self._line
        return Tracked(records, line._replace(since=line.since | dict.fromkeys(changed, False), is_arranged=False, patches={}))

    def others(self, before: Mapping[str, T]) -> list[str] | None:
        """The ids whose record is not the same object as in `before`, in the order of the records, those that are gone last. None: that
        is not known without a look at all."""
        if not isinstance(before, Tracked):
            return None
        line, other = self._line, before._line
        if other.origin is not line.origin:
            return None
        among = {key: None for since in (other.since, line.since) for key in since if self.get(key) is not before.get(key)}
        return [*in_order(line, self, among), *(key for key in among if key not in self)]

    def in_order(self, keys: Iterable[str]) -> list[str]:
        """Those of these ids that are there, in the order of the records."""
        return in_order(self._line, self, keys)

    # ---- changes -----------------------------------------------------------------------------------------------------

    def _touch(self, key: str) -> None:
        since = self._line.since
        if key not in self:
            since.pop(key, None)
            since[key] = True
        else:
            since.setdefault(key, False)
        self._still = None

    def __setitem__(self, key: str, record: T) -> None:
        self._touch(key)
        super().__setitem__(key, record)

    def __delitem__(self, key: str) -> None:
        if key in self:
            self._touch(key)
        super().__delitem__(key)

    def pop(self, key: str, *default: Any) -> Any:
        """As of a dict."""
        if key in self:
            self._touch(key)
        return super().pop(key, *default)

    def update(self, *others: Any, **more: Any) -> None:
        """As of a dict."""
        for key, record in dict(*others, **more).items():
            self[key] = record

    def setdefault(self, key: str, default: Any = None) -> Any:
        """As of a dict."""
        if key not in self:
            self[key] = default
        return self[key]

    def clear(self) -> None:
        """As of a dict."""
        for key in list(self):
            del self[key]

    def popitem(self) -> tuple[str, T]:
        """As of a dict."""
        key = next(reversed(self))
        return key, self.pop(key)

    def __ior__(self, other: Any) -> "Tracked[T]":  # type: ignore[override,misc]
        self.update(other)
        return self
