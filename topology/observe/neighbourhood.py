"""Which interfaces, as records not yet in normal form, depend on each other: the indexes of a `Graph`, kept up to date one by one."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from topology.model import ids
from topology.model.records import AnyInterface, Bridge, is_bridge
from topology.observe.kept import Index
from topology.observe.namespace import NamespaceFacts


class Link(NamedTuple):
    """An interface by its namespace and ifindex."""

    ns: str
    ifindex: int


class Neighbourhood:
    """The interfaces of a lab, by what others call them. It is an `Around` (`topology.observe.normal`)."""

    def __init__(self, facts: Mapping[str, NamespaceFacts]) -> None:
        self._facts = facts
        self.interfaces: dict[Link, AnyInterface] = {}
        self._named: Index[str, Link] = Index()
        self._uppers: Index[str, Link] = Index()
        self._ports: dict[str, dict[Link, AnyInterface]] = {}
        """By the bridge's `ns/name`."""
        self._twice: set[str] = set()
        """The `ns/name` that several interfaces have while names are swapped."""

    def put(self, link: Link, new: AnyInterface | None) -> Iterable[Link]:
        """Keep an interface in place of the one before. Those whose normal form may be another now."""
        old = self.interfaces.get(link)
        touched = _aspects(old), _aspects(new)
        found: dict[Link, None] = {}
        if touched[0] != touched[1]:
            found.update(dict.fromkeys(self._dependents(old, touched)))
        self._replace(link, old, new)
        if touched[0] != touched[1]:
            found.update(dict.fromkeys(self._dependents(new, touched)))
        if new is not None and new.ref in self._twice:
            found.update(dict.fromkeys(self._named.of(new.ref)))
        return found

    def _replace(self, link: Link, old: AnyInterface | None, new: AnyInterface | None) -> None:
        if old is not None:
            self._remove(link, old)
        if new is not None:
            self._add(link, new)

    def _remove(self, link: Link, old: AnyInterface) -> None:
        del self.interfaces[link]
        self._named.remove(old.ref, link)
        self._note_twice(old.ref)
        if old.lower is not None:
            self._uppers.remove(old.lower, link)
        if old.master is not None:
            ports = self._ports[ids.join(old.namespace, old.master)]
            del ports[link]
            if not ports:
                del self._ports[ids.join(old.namespace, old.master)]

    def _add(self, link: Link, new: AnyInterface) -> None:
        self.interfaces[link] = new
        self._named.add(new.ref, link)
        self._note_twice(new.ref)
        if new.lower is not None:
            self._uppers.add(new.lower, link)
        if new.master is not None:
            self._ports.setdefault(ids.join(new.namespace, new.master), {})[link] = new

    def _note_twice(self, ref: str) -> None:
        if len(tuple(self._named.of(ref))) > 1:
            self._twice.add(ref)
        else:
            self._twice.discard(ref)

    def _dependents(self, interface: AnyInterface | None, touched: tuple["_Aspects | None", "_Aspects | None"]) -> Iterator[Link]:
        if interface is None:
            return
        yield from self._named.of(interface.ref)
        if interface.master is not None:
            yield from self._named.of(ids.join(interface.namespace, interface.master))
        yield from self._above(interface.ref)
        before, after = touched
        if before is None or after is None or before.to_ports != after.to_ports:
            yield from self._ports.get(interface.ref, ())

    def _above(self, ref: str) -> Iterable[Link]:
        """All that is made on it, in however many layers."""
        found: dict[Link, None] = {}
        todo = [ref]
        while todo:
            for link in self._uppers.of(todo.pop()):
                if link not in found:
                    found[link] = None
                    todo.append(self.interfaces[link].ref)
        return found

    # ---- Around ------------------------------------------------------------------------------------------------------

    def named(self, ref: str) -> AnyInterface | None:
        """The interface `ns/name`. Of several with this name, the one that came last."""
        links = tuple(self._named.of(ref))
        if len(links) > 1:
            order = list(self._facts[links[0].ns].links.facts)
            links = tuple(sorted(links, key=lambda link: order.index(link.ifindex)))
        return self.interfaces[links[-1]] if links else None

    def lower(self, interface: AnyInterface) -> AnyInterface | None:
        """The interface that it is made on."""
        return self.named(interface.lower) if interface.lower is not None else None

    def master(self, interface: AnyInterface) -> Bridge | None:
        """The bridge whose port it is."""
        found = self.named(ids.join(interface.namespace, interface.master)) if interface.master else None
        return found if is_bridge(found) else None

    def default_mtu(self, interface: AnyInterface) -> int:
        """The MTU in bytes that the kernel gives it if nobody sets one. All here have one: the kernel says it."""
        mtu = interface.KIND.mtu
        if mtu.follows == "ports":
            return min((port.mtu or 0 for port in self._ports_of(interface.ref)), default=mtu.default)
        lower = self.lower(interface) if mtu.follows == "lower" else None
        return mtu.default if lower is None else (lower.mtu or 0) - mtu.overhead(interface)

    def _ports_of(self, bridge: str) -> Iterable[AnyInterface]:
        ports = self._ports.get(bridge, {}).values()
        return [port for port in ports if self.named(port.ref) is port] if self._twice else ports


class _Aspects(NamedTuple):
    """What of an interface the normal form of others depends on. `to_ports`: of those whose bridge it is."""

    to_ports: tuple[object, ...]
    others: tuple[object, ...]


def _aspects(interface: AnyInterface | None) -> _Aspects | None:
    if interface is None:
        return None
    bridge = (interface.vlan_filtering, interface.vlan_default_pvid) if is_bridge(interface) else ()
    return _Aspects((interface.ref, type(interface), bridge), (interface.mtu, interface.master, interface.lower))
