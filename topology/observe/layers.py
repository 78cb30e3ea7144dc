"""Maps of records that are handed out: they never change, and a new one shares with the one before all that no fact has touched."""

from collections.abc import Hashable, ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from operator import is_
from typing import Generic, NamedTuple, TypeVar

from topology.model import ids
from topology.model.base import HOST
from topology.model.diff import Diff
from topology.model.tracked import Tracked

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

_Parts = tuple[Mapping[str, T], ...]
OF_LAB = ""
"""The layer of what belongs to no namespace."""

_MOST_CHANGED = 64
"""With more ids that differ since the last map of all, it is made as if there had been none."""

_BLOCK = 32
"""Layers in a block."""


class Layers(Mapping[str, T]):
    """Records by id, kept apart by namespace: `layers` has some maps for each.

    It is a snapshot: it may be read in any thread, and never changes. The first walk through it makes one map of all.
    """

    def __init__(self, layers: Mapping[str, _Parts[T]]) -> None:
        named = list(layers.items())
        self._blocks = [dict(named[at : at + _BLOCK]) for at in range(0, len(named), _BLOCK)]
        """The layers in blocks: a new snapshot copies only those in which something has changed."""
        self._places: Mapping[str, int] = {name: at // _BLOCK for at, (name, _) in enumerate(named)}
        """The block of each name."""
        self._whole: Tracked[T] | None = None
        self._merged: dict[int, dict[str, T]] = {}
        """All records of a block, by its place; of those blocks that are as before."""
        self._after: _After[T] | None = None

    def of(self, name: str) -> _Parts[T] | None:
        """The maps of a layer. None: there is none with this name."""
        place = self._places.get(name)
        return self._blocks[place][name] if place is not None else None

    def with_layers(self, changed: Mapping[str, _Parts[T] | None], moved: Iterable[str] = ()) -> "Layers[T]":
        """The snapshot with these layers (None: without). New ones, and those `moved`, stand at the end; but the lab's own first, then
        `host`."""
        renewed = {name: parts for name, parts in changed.items() if not _same(self.of(name), parts)}
        gone = {*moved} | {name for name, parts in renewed.items() if parts is None}
        if gone or not all(name in self._places for name in renewed):
            return Layers(self._arranged(gone, changed))
        return self._patched(renewed) if renewed else self

    def _arranged(self, gone: set[str], changed: Mapping[str, _Parts[T] | None]) -> dict[str, _Parts[T]]:
        layers = {name: parts for block in self._blocks for name, parts in block.items() if name not in gone}
        layers.update((name, parts) for name, parts in changed.items() if parts is not None)
        first = {name: layers.pop(name) for name in (OF_LAB, HOST) if name in layers}
        return {**first, **layers}

    def _patched(self, renewed: Mapping[str, _Parts[T] | None]) -> "Layers[T]":
        out: Layers[T] = Layers({})
        out._blocks, out._places, out._merged = list(self._blocks), self._places, dict(self._merged)
        for place in {self._places[name] for name in renewed}:
            out._blocks[place] = dict(out._blocks[place])
            out._merged.pop(place, None)
        for name, parts in renewed.items():
            if parts is not None:
                out._blocks[self._places[name]][name] = parts
        return out

    def whole(self) -> Tracked[T]:
        """All records as one dict, not to be changed."""
        whole, after = self._whole, self._after
        if whole is None:
            if after is None:
                whole = Tracked.of(self._all())
            elif after.in_place:
                whole = Tracked.of(after.whole)
                whole.update((key, self._found(key)) for key in after.changed)
            else:
                whole = after.whole.after(self._all(), after.changed)
            self._whole, self._after = whole, None
        return whole

    def follow(self, before: "Layers[T]", diff: Diff[T]) -> None:
        """This is the snapshot after another one, of which it differs so: its map of all is made of that one's."""
        if self is before:
            return
        last = _After(before._whole, {}, True) if before._whole is not None else before._after
        if last is not None and len(last.changed) < _MOST_CHANGED:
            in_place = last.in_place and not diff.added and not diff.removed and self._has_same_ids(before)
            self._after = _After(last.whole, last.changed | dict.fromkeys(diff.ids), in_place)

    def _has_same_ids(self, before: "Layers[T]") -> bool:
        """Whether all ids are at the places where they were in the snapshot before."""
        if self._places is not before._places:
            return False
        pairs = ((one, other) for one, other in zip(before._blocks, self._blocks, strict=True) if one is not other)
        return all(_same_ids(one[name], parts) for one, other in pairs for name, parts in other.items() if one[name] is not parts)

    def _all(self) -> dict[str, T]:
        """All records, block by block."""
        out: dict[str, T] = {}
        for place, block in enumerate(self._blocks):
            merged = self._merged.get(place)
            if merged is None:
                merged = self._merged[place] = {}
                for parts in block.values():
                    for part in parts:
                        merged.update(part)
            out.update(merged)
        return out

    def __getitem__(self, key: str) -> T:
        return self._whole[key] if self._whole is not None else self._found(key)

    def _found(self, key: str) -> T:
        """A record, without a look at all. KeyError where there is none."""
        for name in (ids.namespace_of(ids.subject_of(key)), OF_LAB):
            for part in self.of(name) or ():
                if key in part:
                    return part[key]
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self.whole())

    def __len__(self) -> int:
        return len(self.whole())

    def __eq__(self, other: object) -> bool:
        return self.whole() == (other.whole() if isinstance(other, Layers) else other)

    __hash__ = None  # type: ignore[assignment]

    def keys(self) -> KeysView[str]:
        """As of a dict, and as fast; so are the next two."""
        return self.whole().keys()

    def values(self) -> ValuesView[T]:
        """As of a dict."""
        return self.whole().values()

    def items(self) -> ItemsView[str, T]:
        """As of a dict."""
        return self.whole().items()


def _same(one: tuple[object, ...] | None, other: tuple[object, ...] | None) -> bool:
    """Whether these are the very same maps."""
    return one is other or (one is not None and other is not None and len(one) == len(other) and all(map(is_, one, other)))


def _same_ids(one: _Parts[T], other: _Parts[T]) -> bool:
    """Whether these have the same ids in the same order."""
    return len(one) == len(other) and all(a is b or list(a) == list(b) for a, b in zip(one, other, strict=True))


class _After(NamedTuple, Generic[T]):
    """A snapshot comes after another one, whose map of all is `whole`: `changed` are the ids that may differ."""

    whole: Tracked[T]
    changed: dict[str, None]
    in_place: bool


class Differences(Generic[T]):
    """A diff that grows."""

    def __init__(self) -> None:
        self._added: dict[str, T] = {}
        self._updated: dict[str, tuple[T, T]] = {}
        self._removed: dict[str, T] = {}

    def between(self, before: Mapping[str, T], after: Mapping[str, T], among: Iterable[str]) -> list[str]:
        """Take in how two maps differ in these ids; those in which they do."""
        found = []
        for key in among:
            old, new = before.get(key), after.get(key)
            if old is new or old == new:
                continue
            found.append(key)
            if old is None and new is not None:
                self._added[key] = new
            elif new is None and old is not None:
                self._removed[key] = old
            elif old is not None and new is not None:
                self._updated[key] = (old, new)
        return found

    def between_parts(self, before: Iterable[Mapping[str, T]], after: Iterable[Mapping[str, T]]) -> None:
        """Take in how two maps differ, each in parts."""
        old, new = Layers({"": tuple(before)}).whole(), Layers({"": tuple(after)}).whole()
        self.between(old, new, {**old, **new})

    def diff(self) -> Diff[T]:
        """What has come together."""
        return Diff(added=self._added, updated=self._updated, removed=self._removed)


class Part(Generic[K, T]):
    """Records by key, in the order in which their keys came; `map` has them by id, and is never changed, only replaced.

    Two keys may for a while make a record with the same id: the last one counts, with `first` the first one.
    """

    def __init__(self, first: bool = False) -> None:
        self.map: dict[str, T] = {}
        self._kept: dict[K, tuple[str, T] | None] = {}
        self._count = 0
        """How many keys have a record."""
        self._first = first
        self._before: dict[K, tuple[str, T] | None] = {}
        """What keys that were touched since the last `flush` had."""
        self._moved = False
        """The order is no longer that of `map`."""

    def __contains__(self, key: K) -> bool:
        return key in self._kept

    def put(self, key: K, record_id: str, record: T | None) -> None:
        """The record of a key. None: there is none, but the key has its place."""
        new = (record_id, record) if record is not None else None
        if key in self._kept:
            old = self._kept[key]
            if old == new:
                return
            self._before.setdefault(key, old)
            self._moved |= old is None
            self._count += (new is not None) - (old is not None)
        else:
            self._moved |= key in self._before
            self._before.setdefault(key, None)
            self._count += new is not None
        self._kept[key] = new

    def drop(self, key: K) -> None:
        """The key is gone. Nothing happens where it was not there."""
        if key in self._kept:
            old = self._kept.pop(key)
            self._before.setdefault(key, old)
            self._count -= old is not None

    def keep_only(self, keys: Iterable[K]) -> None:
        """Drop all other keys."""
        for key in self._kept.keys() - set(keys):
            self.drop(key)

    def in_order(self, keys: Iterable[K]) -> None:
        """These are all keys, in their order."""
        wanted = list(keys)
        if wanted != list(self._kept):
            self._kept = {key: self._kept[key] for key in wanted}
            self._moved = True

    def flush(self, into: Differences[T]) -> list[str]:
        """Make the new `map`; the ids of what has changed in it."""
        if not self._before and not self._moved:
            return []
        old, touched = self.map, self._before
        after = {key: self._kept.get(key) for key in touched}
        patched = None if self._moved or self._count_before(after) != len(old) else self._patched(after)
        self.map = patched if patched is not None and len(patched) == self._count else self._rebuilt()
        self._before, self._moved = {}, False
        among = {pair[0]: None for pairs in (touched, after) for pair in pairs.values() if pair is not None}
        return into.between(old, self.map, among)

    def _count_before(self, after: Mapping[K, tuple[str, T] | None]) -> int:
        gained = sum((after[key] is not None) - (old is not None) for key, old in self._before.items())
        return self._count - gained

    def _patched(self, after: Mapping[K, tuple[str, T] | None]) -> dict[str, T] | None:
        """A copy of `map` with what was touched. None where a record has got another id, whose place would be lost."""
        out = dict(self.map)
        for key, old in self._before.items():
            new = after[key]
            if old is not None and new is None:
                del out[old[0]]
            elif old is not None and new is not None and old[0] != new[0]:
                return None
        out.update(pair for pair in after.values() if pair is not None)
        return out

    def _rebuilt(self) -> dict[str, T]:
        pairs = [pair for pair in self._kept.values() if pair is not None]
        out = dict(pairs)
        if self._first and len(out) != len(pairs):
            out.update(reversed(pairs))
        return out
