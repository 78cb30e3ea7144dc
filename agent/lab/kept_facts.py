"""All facts of the lab's kernel at one moment, kept so that a change costs the namespaces that it touches and not the lab."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from topology.observe.facts import AnyFact


class Moment:
    """The facts of one moment; it can be walked through again and again, and never changes."""

    def __init__(self, parts: Iterable[tuple[AnyFact, ...]]) -> None:
        self._parts = tuple(parts)

    def __iter__(self) -> Iterator[AnyFact]:
        return chain.from_iterable(self._parts)


class KeptFacts:
    """`names`: the namespaces that there are. `read`: the facts of one of them, as they were reported."""

    def __init__(self, names: Callable[[], Iterable[str]], read: Callable[[str], tuple[AnyFact, ...]]) -> None:
        self._names, self._read = names, read
        self._parts: dict[str, tuple[AnyFact, ...]] = {}
        self._touched: set[str] | None = None
        """The namespaces of which facts were reported since; None: of any."""

    def reported(self, facts: Iterable[AnyFact]) -> None:
        """These are others than before."""
        if self._touched is not None:
            self._touched |= {fact.ns for fact in facts}

    def lost(self) -> None:
        """It is not known what has changed."""
        self._touched = None

    def now(self) -> Moment:
        """All facts that were reported and still hold."""
        names = dict.fromkeys(self._names())
        if self._touched is None or names.keys() != self._parts.keys():
            known = {} if self._touched is None else {name: part for name, part in self._parts.items() if name not in self._touched}
            self._parts = {name: known[name] if name in known else self._read(name) for name in names}
        else:
            self._parts |= {name: self._read(name) for name in self._touched if name in names}
        self._touched = set()
        return Moment(self._parts.values())
