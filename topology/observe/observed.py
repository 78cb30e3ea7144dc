"""The observed state: facts folded into records (in normal form) and live records."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from topology.model import ids
from topology.model.base import HOST
from topology.model.diff import Diff, between
from topology.model.kinds import BY_WORD
from topology.model.records import INTERFACES, AnyRecord, Records
from topology.observe.facts import (
    AnyFact,
    CaptureFact,
    CaptureGone,
    LinkFact,
    LinkGone,
    NamespaceGone,
    Resync,
    TerminalFact,
    TerminalGone,
)
from topology.observe.live import AnyLive, CaptureLive, LiveRecords, TerminalLive
from topology.observe.namespace import NamespaceFacts
from topology.observe.normal import normalise

_NO_MAC = "00:00:00:00:00:00"
_OfLab = TerminalFact | TerminalGone | CaptureFact | CaptureGone
"""Facts about the lab: they outlive the namespace where a terminal or a capture was started, and nothing else depends on them."""


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
        self._facts: dict[str, NamespaceFacts] = {}
        self._raw: dict[str, Records] = {}
        self._live: dict[str, LiveRecords] = {}
        self._of_lab: LiveRecords = {}
        self._initial_macs: dict[tuple[str, int], str] = {}
        self._port_macs: dict[tuple[str, int], set[str]] = {}
        self.records: Records = {}
        self.live: LiveRecords = {}

    def fold(self, facts: Iterable[AnyFact]) -> Changed:
        """Take these facts in. The new state is in `records` and `live`, the difference to the one before in the answer."""
        touched: set[str] = set()
        renamed = False
        before = self._of_lab
        for fact in facts:
            if isinstance(fact, _OfLab):
                self._of_lab = _with_fact(self._of_lab, fact)
                continue
            renamed = self._take(fact) or renamed
            touched.add(fact.ns)
        if not touched:
            self.live = {**{k: r for k, r in self.live.items() if k not in before}, **self._of_lab}
            return Changed(Diff(), between(before, self._of_lab))
        return self._derive(set(self._facts) | touched if renamed else touched)

    def _take(self, fact: AnyFact) -> bool:
        """Keep a fact of a namespace. True: an interface or a namespace has come, gone or got another name, which others may refer to."""
        if isinstance(fact, NamespaceGone):
            self._forget(fact.ns)
            return True
        known = self._facts.get(fact.ns)
        if known is None:
            known = self._facts[fact.ns] = NamespaceFacts(fact.ns, self._baseline)
            known.fold(fact)
            return True
        renamed = isinstance(fact, LinkGone | Resync)
        if isinstance(fact, LinkFact):
            old = known.links.get(fact.index)
            renamed = old is None or old.name != fact.name
        if isinstance(fact, LinkGone):
            self._initial_macs.pop((fact.ns, fact.index), None)
            self._port_macs.pop((fact.ns, fact.index), None)
        known.fold(fact)
        return renamed

    def _forget(self, ns: str) -> None:
        self._facts.pop(ns, None)
        self._initial_macs = {k: v for k, v in self._initial_macs.items() if k[0] != ns}
        self._port_macs = {k: v for k, v in self._port_macs.items() if k[0] != ns}

    def _derive(self, touched: set[str]) -> Changed:
        """Derive records and live records anew: of the touched namespaces the raw ones, the normal form of all."""
        for ns in touched:
            known = self._facts.get(ns)
            if known is None or not known.exists:
                self._raw.pop(ns, None)
                self._live.pop(ns, None)
            else:
                self._raw[ns] = {r.id: r for r in known.records(self)}
        order = sorted(self._raw, key=lambda ns: ns != HOST)  # `host` first, the others as they came
        records = normalise({k: r for ns in order for k, r in self._raw[ns].items()}, self._baseline)
        records = {k: self.records[k] if self.records.get(k) == r else r for k, r in records.items()}
        for ns in touched & self._raw.keys():
            self._live[ns] = {r.id: r for r in self._facts[ns].live(self, records)}
        live = {**self._of_lab, **{k: r for ns in order for k, r in self._live[ns].items()}}
        changed = Changed(between(self.records, records), between(self.live, live))
        self.records, self.live = records, live
        return changed

    # ---- what namespaces have to know of each other ------------------------------------------------------------------

    def ref(self, ns: str, index: int) -> str | None:
        """`ns/name` of an interface by its ifindex."""
        known = self._facts.get(ns)
        link = known.links.get(index) if known is not None and known.exists else None
        return ids.join(ns, link.name) if link is not None else None

    def mac(self, ns: str, link: LinkFact) -> str | None:
        """The MAC that a record has to state: None where it is the kernel's own choice."""
        wanted = self.like.get(ids.Ref(ns, link.name).id)
        if isinstance(wanted, INTERFACES) and wanted.mac == link.mac:
            return link.mac
        origin = BY_WORD[link.kind].KIND.mac if link.kind in BY_WORD else ""
        if origin == "port" and link.mac in self._macs_of_ports(ns, link.index):
            return None
        if origin == "lower":
            below = self._facts.get(link.link_ns or ns)
            lower = below.links.get(link.link) if below is not None else None
            return None if lower is not None and lower.mac == link.mac else link.mac
        initial = self._initial_macs.setdefault((ns, link.index), link.mac)
        return None if initial == link.mac else link.mac

    def _macs_of_ports(self, ns: str, bridge: int) -> set[str]:
        """The MACs that ports of a bridge have or had: it takes one of them for its own."""
        macs = self._port_macs.setdefault((ns, bridge), {_NO_MAC})
        macs.update(port.mac for port in self._facts[ns].links.values() if port.master == bridge)
        return macs

    def initial_mac(self, ref: str) -> str | None:
        """The MAC that the kernel gave an interface (`ns/name`) when it was made, where that is known."""
        ns, name = ids.Ref.parse(ref)
        known = self._facts.get(ns)
        index = next((i for i, link in known.links.items() if link.name == name), None) if known else None
        return self._initial_macs.get((ns, index)) if index is not None else None

    @property
    def baseline(self) -> Mapping[str, str]:
        """The watched sysctls of a fresh namespace."""
        return self._baseline


def _with_fact(known: LiveRecords, fact: _OfLab) -> LiveRecords:
    """Terminals and captures after this fact."""
    if isinstance(fact, TerminalGone | CaptureGone):
        gone = ids.terminal(fact.terminal) if isinstance(fact, TerminalGone) else ids.capture(fact.capture)
        return {k: r for k, r in known.items() if k != gone}
    live = _terminal(fact) if isinstance(fact, TerminalFact) else _capture(fact)
    return {**known, live.id: live}


def _terminal(fact: TerminalFact) -> TerminalLive:
    return TerminalLive(
        terminal=fact.terminal, namespace=fact.ns, title=fact.title, rows=fact.rows, columns=fact.columns, viewers=fact.viewers,
        code=fact.code,
    )  # fmt: skip


def _capture(fact: CaptureFact) -> CaptureLive:
    return CaptureLive(
        capture=fact.capture, interfaces=fact.interfaces, filter=fact.filter, snaplen=fact.snaplen, running=fact.running,
        first=fact.first, frames=fact.frames, bytes=fact.bytes, dropped=fact.dropped,
    )  # fmt: skip
