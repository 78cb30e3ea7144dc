"""Facts kept by key, which remember what was touched, and an index of many values by one key."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Hashable)
F = TypeVar("F")


class Index(Generic[K, V]):
    """Values by key, each once, in the order in which they came."""

    def __init__(self) -> None:
        self._of: dict[K, dict[V, None]] = {}

    def add(self, key: K, value: V) -> None:
        """One more value."""
        self._of.setdefault(key, {})[value] = None

    def remove(self, key: K, value: V) -> None:
        """Nothing happens where it is not there."""
        values = self._of.get(key)
        if values is not None:
            values.pop(value, None)
            if not values:
                del self._of[key]

    def of(self, key: K) -> Iterable[V]:
        """The values of a key. Not to be changed while it is read."""
        return self._of.get(key, ())

    def __iter__(self) -> Iterator[K]:
        return iter(self._of)


class Touched(NamedTuple, Generic[K, F]):
    """What has happened to kept facts. `before`: the fact that held before (None: there was none) of each key that has come, changed or
    gone, in such an order that new keys stand as in the facts. `dropped`: keys that were gone for a while at least."""

    before: Mapping[K, F | None]
    dropped: Iterable[K]


class Kept(Generic[K, F]):
    """The facts that hold now, by key, in the order in which they came; one that is replaced keeps its place.

    `index_of`: the ifindex of the interface that a key is about.
    """

    def __init__(self, index_of: Callable[[K], int]) -> None:
        self.facts: dict[K, F] = {}
        self._index_of = index_of
        self._on: Index[int, K] = Index()
        self._before: dict[K, F | None] = {}
        self._dropped: dict[K, None] = {}

    def put(self, key: K, fact: F) -> None:
        """A fact that is new, or replaces the one before."""
        old = self.facts.get(key)
        if old is None:
            self._before[key] = self._before.pop(key, None)  # at the end, as in `facts`
            self._on.add(self._index_of(key), key)
        else:
            self._before.setdefault(key, old)
        self.facts[key] = fact

    def drop(self, key: K) -> None:
        """The fact holds no more. Nothing happens where there is none."""
        old = self.facts.pop(key, None)
        if old is not None:
            self._before.setdefault(key, old)
            self._dropped[key] = None
            self._on.remove(self._index_of(key), key)

    def drop_on(self, index: int) -> None:
        """All facts about an interface hold no more."""
        for key in tuple(self._on.of(index)):
            self.drop(key)

    def clear(self) -> None:
        """No fact holds any more."""
        for key in tuple(self.facts):
            self.drop(key)

    def on(self, index: int) -> Iterable[K]:
        """The keys of the facts about an interface."""
        return self._on.of(index)

    def take(self) -> Touched[K, F]:
        """What was touched since this was last called."""
        touched = Touched(self._before, self._dropped)
        self._before, self._dropped = {}, {}
        return touched
