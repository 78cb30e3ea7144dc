"""The observed state: facts folded into records (in normal form) and live records."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from topology.model.base import HOST
from topology.model.diff import Diff, between
from topology.model.kinds import BY_WORD
from topology.model.records import INTERFACES, AnyRecord, Records
from topology.observe.facts import AnyFact, CaptureFact, CaptureGone, LinkFact, LinkGone, NamespaceGone, Resync, TerminalFact, TerminalGone
from topology.observe.live import AnyLive, CaptureLive, LiveRecords, TerminalLive
from topology.observe.namespace import Netns
from topology.observe.normal import normalise

_NO_MAC = "00:00:00:00:00:00"


class Changed(NamedTuple):
    """What a fold changed."""

    records: Diff[AnyRecord]
    live: Diff[AnyLive]


class Observed:
    """What the kernel says of one lab. `baseline`: the watched sysctls of a fresh namespace.

    `like` is the desired state: a MAC that it states and that the kernel has is stated here too, where otherwise nobody could tell
    it from one that the kernel chose.
    """

    def __init__(self, baseline: Mapping[str, str], like: Mapping[str, AnyRecord] | None = None) -> None:
        self._baseline = dict(baseline)
        self.like: Mapping[str, AnyRecord] = like or {}
        self._spaces: dict[str, Netns] = {}
        self._raw: dict[str, Records] = {}
        self._born: dict[tuple[str, int], str] = {}
        self._port_macs: dict[tuple[str, int], set[str]] = {}
        self.records: Records = {}
        self.live: LiveRecords = {}
        self._apart: LiveRecords = {}

    def fold(self, facts: Iterable[AnyFact]) -> Changed:
        """Take these facts in. The new state is in `records` and `live`, the way there in the answer."""
        touched: set[str] = set()
        renamed = False
        before = self._apart
        for fact in facts:
            if isinstance(fact, TerminalFact | TerminalGone | CaptureFact | CaptureGone):
                self._apart = _apart(self._apart, fact)
            elif isinstance(fact, NamespaceGone):
                self._forget(fact.ns)
                renamed = True
                touched.add(fact.ns)
            else:
                space = self._spaces.get(fact.ns)
                if space is None:
                    space = self._spaces[fact.ns] = Netns(fact.ns, self._baseline)
                    renamed = True
                if isinstance(fact, LinkFact):
                    old = space.links.get(fact.index)
                    renamed = renamed or old is None or old.name != fact.name
                elif isinstance(fact, LinkGone | Resync):
                    renamed = True
                    if isinstance(fact, LinkGone):
                        self._born.pop((fact.ns, fact.index), None)
                        self._port_macs.pop((fact.ns, fact.index), None)
                space.take(fact)
                touched.add(fact.ns)
        if not touched:
            return self._only_apart(before)
        return self._again(set(self._spaces) | touched if renamed else touched)

    def _only_apart(self, before: LiveRecords) -> Changed:
        """Terminals and captures change often, and nothing depends on them."""
        self.live = {**{k: r for k, r in self.live.items() if k not in before}, **self._apart}
        return Changed(Diff(), between(before, self._apart))

    def _forget(self, ns: str) -> None:
        self._spaces.pop(ns, None)
        self._born = {k: v for k, v in self._born.items() if k[0] != ns}
        self._port_macs = {k: v for k, v in self._port_macs.items() if k[0] != ns}

    def _again(self, touched: set[str]) -> Changed:
        """Derive records and live records anew: of the touched namespaces the raw ones, the normal form of all."""
        for ns in touched:
            space = self._spaces.get(ns)
            if space is None or not space.there:
                self._raw.pop(ns, None)
            else:
                self._raw[ns] = {r.id: r for r in space.records(self)}
        records = normalise({k: r for ns in self._order() for k, r in self._raw[ns].items()}, self._baseline)
        records = {k: self.records[k] if self.records.get(k) == r else r for k, r in records.items()}
        live: LiveRecords = dict(self._apart)
        for ns in self._order():
            live.update((r.id, r) for r in self._spaces[ns].live(self, records)) if ns in touched else live.update(self._live_of(ns))
        changed = Changed(between(self.records, records), between(self.live, live))
        self.records, self.live = records, live
        return changed

    def _live_of(self, ns: str) -> Iterator[tuple[str, AnyLive]]:
        prefixes = (f"link:{ns}/", f"fdb-table:{ns}/", f"rule-counters:{ns}/")
        exact = (f"netns:{ns}", f"counters:{ns}", f"processes:{ns}", f"filter:{ns}", f"conntrack:{ns}")
        return ((k, r) for k, r in self.live.items() if k in exact or k.startswith(prefixes))

    def _order(self) -> list[str]:
        """`host` first, the others as they came."""
        return sorted(self._raw, key=lambda ns: ns != HOST)

    # ---- what namespaces have to know of each other ------------------------------------------------------------------

    def ref(self, ns: str, index: int) -> str | None:
        """`ns/name` of an interface by its ifindex."""
        space = self._spaces.get(ns)
        link = space.links.get(index) if space is not None and space.there else None
        return f"{ns}/{link.name}" if link is not None else None

    def mac(self, ns: str, link: LinkFact) -> str | None:
        """The MAC that a record has to state: None where it is the kernel's own choice."""
        wanted = self.like.get(f"interface:{ns}/{link.name}")
        if isinstance(wanted, INTERFACES) and wanted.mac == link.mac:
            return link.mac
        initial = BY_WORD[link.kind].KIND.mac if link.kind in BY_WORD else ""
        if initial == "port":
            space = self._spaces[ns]
            seen = self._port_macs.setdefault((ns, link.index), {_NO_MAC})
            seen.update(port.mac for port in space.links.values() if port.master == link.index)
            if link.mac in seen:
                return None
        if initial == "lower":
            below = self._spaces.get(link.link_ns or ns)
            lower = below.links.get(link.link) if below is not None else None
            return None if lower is not None and lower.mac == link.mac else link.mac
        born = self._born.setdefault((ns, link.index), link.mac)
        return None if born == link.mac else link.mac

    def born_mac(self, ref: str) -> str | None:
        """The MAC that the kernel gave an interface (`ns/name`) when it was made, where that is known."""
        ns, _, name = ref.partition("/")
        space = self._spaces.get(ns)
        index = next((i for i, link in space.links.items() if link.name == name), None) if space else None
        return self._born.get((ns, index)) if index is not None else None

    @property
    def baseline(self) -> Mapping[str, str]:
        """The watched sysctls of a fresh namespace."""
        return self._baseline


def _apart(known: LiveRecords, fact: TerminalFact | TerminalGone | CaptureFact | CaptureGone) -> LiveRecords:
    """Terminals and captures after this fact: they belong to the lab, not to the namespaces where they were started."""
    live: TerminalLive | CaptureLive
    match fact:
        case TerminalGone():
            return {k: r for k, r in known.items() if k != f"terminal:{fact.terminal}"}
        case CaptureGone():
            return {k: r for k, r in known.items() if k != f"capture:{fact.capture}"}
        case TerminalFact():
            live = TerminalLive(
                terminal=fact.terminal, namespace=fact.ns, title=fact.title, rows=fact.rows, columns=fact.columns, viewers=fact.viewers,
                code=fact.code,
            )  # fmt: skip
        case CaptureFact():
            live = CaptureLive(
                capture=fact.capture, interfaces=fact.interfaces, filter=fact.filter, snaplen=fact.snaplen, running=fact.running,
                first=fact.first, frames=fact.frames, bytes=fact.bytes, dropped=fact.dropped,
            )  # fmt: skip
    return {**known, live.id: live}
