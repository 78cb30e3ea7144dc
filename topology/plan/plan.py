"""`plan(desired, observed) -> steps`: the least that makes the kernel what the document says, in an order that the kernel accepts.

Deploy, dry run, undo, drift and recovery are all this function. It takes each step in a model of the kernel at once
(`topology.plan.kernel_model`), so that a later stage sees what else an earlier one removed. docs/architecture.md has the normal form.
"""

from collections.abc import Callable, Collection, Container, Iterable, Mapping

from topology.model import ids
from topology.model.base import HOST
from topology.model.diff import between, replaced
from topology.model.graph import Graph, port_vlans
from topology.model.records import (
    AnyInterface,
    AnyRecord,
    Fdb,
    Interface,
    Loopback,
    Namespace,
    Neighbour,
    Port,
    Route,
    is_bridge,
    replace,
)
from topology.model.routing import network
from topology.model.sysctls import FIRST, is_default
from topology.observe.mtu import default_mtu
from topology.observe.normal import drift
from topology.plan import steps as s
from topology.plan.concerned import concerned, in_order, inferred
from topology.plan.kernel_model import Model, without
from topology.plan.table_plan import table_steps

_COMMON = ("mac", "mtu")
InitialMac = Callable[[str], str | None]
"""`ns/name` → the MAC that the kernel gave the interface when it was made, where that is known."""


def plan(
    desired: Mapping[str, AnyRecord],
    observed: Mapping[str, AnyRecord],
    moves: Mapping[str, str] | None = None,
    baseline: Mapping[str, str] | None = None,
    initial_mac: InitialMac = lambda _: None,
) -> s.Plan:
    """The steps from `observed` to `desired`, both in normal form; none where they agree.

    `moves`: old `ns/name` → new, of interfaces that are the same device. `baseline`: the sysctls of a fresh namespace.
    `initial_mac`: for an interface that goes back to the MAC that the kernel gave it.
    """
    differing = drift(desired, observed, replaced(observed, desired))
    if not differing:
        return ()
    planner = _Planner(desired, observed, differing, baseline or {}, initial_mac)
    return planner.run({**inferred(desired, observed, planner.differing), **(moves or {})})


def _kind(interface: AnyInterface) -> tuple[object, ...]:
    """What cannot change without making the interface anew."""
    values = ((f, getattr(interface, f.name)) for f in interface.KIND.fixed)
    mac = interface.mac if interface.KIND.mac_fixed else None
    return (type(interface), mac, *(value if f.fixed or value in f.anew else None for f, value in values))


class _Planner:
    def __init__(
        self,
        wanted: Mapping[str, AnyRecord],
        have: Mapping[str, AnyRecord],
        differing: Collection[str],
        baseline: Mapping[str, str],
        initial_mac: InitialMac,
    ) -> None:
        self.wanted, self.graph, self.before = wanted, Graph(wanted), Graph(have)
        self.differing = in_order(differing, self.graph, self.before)
        """The ids of the records that are not as wanted, those that are wanted first. What a step takes along with it is not among them."""
        self._links = concerned(self.graph, self.before, self.differing)
        """The ids of the interfaces that there may be something to do with."""
        self.model, self.baseline, self.initial_mac = Model(have), baseline, initial_mac
        self.steps: list[s.AnyStep] = []

    def do(self, step: s.AnyStep) -> None:
        self.steps.append(step)
        self.model.do(step)

    def run(self, moves: Mapping[str, str]) -> s.Plan:
        self._delete_entries()
        self._delete_interfaces(moves)
        if self._sets_nsids():  # the id may be that of a namespace that goes
            self._delete_namespaces(keep={ids.Ref.parse(old).namespace for old in moves})
        self._add_namespaces()
        self._sysctls(first=True)
        self._move(dict(moves))
        self._delete_namespaces()
        self._add_interfaces()
        self._change_interfaces()
        self._down()
        self._addresses()
        self._tables()
        self._up()
        self._sysctls(first=False)
        self._add_entries()
        return tuple(self.steps)

    def _have(self) -> list[AnyInterface]:
        found = map(self.model.records.get, self._links)
        return [r for r in found if isinstance(r, Interface)]

    def _pairs(self) -> Iterable[tuple[AnyInterface, AnyInterface]]:
        """What is wanted beside what there is, what is below before what is on top of it."""
        for new in self._sorted():
            old = self.model.interface(new.namespace, new.name)
            if old is not None:
                yield new, old

    def _sorted(self) -> list[AnyInterface]:
        out: dict[str, AnyInterface] = {}

        def add(interface: AnyInterface, above: frozenset[str]) -> None:
            if interface.ref in out or interface.ref in above:
                return
            lower = self.graph.lower(interface)
            if lower is not None:
                add(lower, above | {interface.ref})
            out[interface.ref] = interface

        for interface in map(self.wanted.get, self._links):
            if isinstance(interface, Interface):
                add(interface, frozenset())
        return list(out.values())

    # ---- what goes ---------------------------------------------------------------------------------------------------

    def _delete_entries(self) -> None:
        going = {r.name for r in self._namespaces(self.before.records) if r.id not in self.wanted}
        gone_or_other = [self.model.records[key] for key in self.before.in_order(self.differing)]
        for r in gone_or_other:
            if isinstance(r, Route | Neighbour | Fdb) and r.namespace not in going:
                if isinstance(r, Route):
                    self.do(s.DeleteRoute(subject=r.id, route=r))
                elif isinstance(r, Neighbour):
                    self.do(s.DeleteNeighbour(subject=r.id, neighbour=r))
                else:
                    self.do(s.DeleteFdb(subject=r.id, fdb=r))

    def _delete_interfaces(self, moves: Mapping[str, str]) -> None:
        """One end of each pair. What goes with its namespace is not deleted by hand, unless a part of it is in another one."""
        moved = Model(self.model.records)
        for step in self._moving(moved, dict(moves)):
            moved.do(step)
        back = {new: old for old, new in moves.items()}
        links = [*self._links, *(ids.interface(new) for new in moves.values())]
        for interface in [r for r in map(moved.records.get, dict.fromkeys(links)) if isinstance(r, Interface)]:
            want = self.wanted.get(interface.id)
            if isinstance(want, Interface) and _kind(want) == _kind(interface):
                continue
            if interface.KIND.builtin:
                continue
            ref = back.get(interface.ref, interface.ref)
            namespace, name = ids.Ref.parse(ref)
            if ids.namespace(namespace) not in self.wanted and not self._elsewhere(interface):
                continue
            if self.model.interface(namespace, name) is not None:
                self.do(s.DeleteInterface(subject=ids.interface(ref), namespace=namespace, name=name))

    def _elsewhere(self, interface: AnyInterface) -> bool:
        """Whether it reaches into a namespace that stays: the kernel cleans a dead namespace later, so do it now."""
        other = interface.other_end or interface.lower
        return other is not None and ids.namespace(ids.namespace_of(other)) in self.wanted

    def _namespaces(self, records: Mapping[str, AnyRecord]) -> list[Namespace]:
        """Those of the namespaces that are not as wanted."""
        return [r for r in map(records.get, self.differing) if isinstance(r, Namespace)]

    def _sets_nsids(self) -> bool:
        """Whether a namespace is to have an id that it does not have."""
        named = (r for r in self._namespaces(self.wanted) if r.nsid is not None)
        return any(getattr(self.model.records.get(r.id), "nsid", None) != r.nsid for r in named)

    def _delete_namespaces(self, keep: Container[str] = ()) -> None:
        """`keep`: those out of which something has to be moved first."""
        for r in self._namespaces(self.model.records):
            if r.id not in self.wanted and r.name != HOST and r.name not in keep:
                self.do(s.DeleteNamespace(subject=r.id, name=r.name))

    # ---- what moves --------------------------------------------------------------------------------------------------

    def _moving(self, model: Model, moves: dict[str, str]) -> Iterable[s.MoveInterface]:
        """Steps for moves whose target is free first; a circle of names is opened by a name in between. The caller takes each step."""
        while moves:
            for old, new in moves.items():
                if ids.interface(old) not in model.records:
                    del moves[old]
                    break
                if ids.interface(new) not in model.records:
                    del moves[old]
                    yield _move_step(old, new)
                    break
            else:
                if all(ids.interface(new) in model.records and new not in moves for new in moves.values()):
                    return  # the names are taken by what does not move: these are made anew
                old = next(old for old, new in moves.items() if new in moves)
                between = ids.join(ids.namespace_of(old), "vbrename0")
                yield _move_step(old, between)
                moves[between] = moves.pop(old)

    def _move(self, moves: dict[str, str]) -> None:
        for step in self._moving(self.model, {o: n for o, n in moves.items() if ids.interface(n) in self.wanted}):
            self.do(step)

    def _tables(self) -> None:
        """Before interfaces are up: no packet passes that the rules would stop."""
        for step in list(table_steps(self.wanted, self.model.records, self.differing)):
            self.do(step)

    # ---- what comes --------------------------------------------------------------------------------------------------

    def _add_namespaces(self) -> None:
        for r in self._namespaces(self.wanted):
            if r.id not in self.model.records:
                self.do(s.AddNamespace(subject=r.id, name=r.name))
            have = self.model.records[r.id]
            if r.nsid is not None and isinstance(have, Namespace) and have.nsid != r.nsid:
                self.do(s.SetNsid(subject=r.id, name=r.name, nsid=r.nsid))

    def _sysctls(self, first: bool) -> None:
        for r in self._namespaces(self.wanted):
            have = self.model.records.get(r.id)
            if not isinstance(have, Namespace) or r.sysctls == have.sysctls:
                continue
            for key in sorted(r.sysctls.keys() | have.sysctls.keys()):
                default = self.baseline.get(key)
                value, now = r.sysctls.get(key, default), have.sysctls.get(key, default)
                if (key in FIRST) != first or value in (None, now) or (now == default and is_default(key, value, default)):
                    continue
                self.do(s.SetSysctl(subject=r.id, namespace=r.name, key=key, value=value))

    def _add_interfaces(self) -> None:
        for new in self._sorted():
            if self.model.interface(new.namespace, new.name) is not None:
                continue
            peer = self.graph.peer(new.ref)
            self.do(s.AddInterface(subject=new.id, interface=_bare(new), peer=_bare(peer) if peer is not None else None))
            if new.KIND.mtu.follows == "ports":
                self._change(new, _bare(new), ("mtu",))

    # ---- what changes ------------------------------------------------------------------------------------------------

    def _change_interfaces(self) -> None:
        for have in self._have():
            if have.KIND.builtin and have.id not in self.wanted:
                self._change(Loopback(namespace=have.namespace, name="lo", up=False), have, _COMMON)
        for new, old in self._pairs():
            fields = (*_COMMON, *new.KIND.changeable)
            if is_bridge(new) and is_bridge(old) and new.vlan_default_pvid != old.vlan_default_pvid and old.vlan_filtering:
                # "can't change default_pvid while filtering is on": __br_vlan_set_default_pvid() is only called without
                off = replace(old, vlan_filtering=False)
                self._change(off, old, ("vlan_filtering",))
                self._change(replace(off, vlan_default_pvid=new.vlan_default_pvid), off, ("vlan_default_pvid",))
                old = replace(off, vlan_default_pvid=new.vlan_default_pvid)
            self._change(new, old, fields, also=("mtu",) if self._mtu_stays(new) else ())
        for new, old in self._pairs():
            self._change(new, old, ("master",))
        for new, old in self._pairs():
            if new.master is not None:
                current = self.model.interface(new.namespace, new.name) or old
                self._change(new, current, ("port",))
                self._vlans(new, current)

    def _mtu_stays(self, new: AnyInterface) -> bool:
        """Whether its MTU is the default, and that is another now than before: the kernel follows a lower interface down at most."""
        old = self.before.interface(new.ref) if new.KIND.mtu.follows == "lower" and new.mtu is None else None
        return old is not None and old.mtu is None and default_mtu(self.before, old) != default_mtu(self.graph, new)

    def _change(self, new: AnyInterface, old: AnyInterface, fields: Iterable[str], also: tuple[str, ...] = ()) -> None:
        changed = tuple(f for f in fields if f in also or getattr(new, f) != getattr(old, f))
        if not changed:
            return
        values: dict[str, str | int | bool | None] = {}
        if "mtu" in changed and new.mtu is None:
            values["mtu"] = default_mtu(self.graph, new)
        if "mac" in changed and new.mac is None:
            values["mac"] = self._kernels_mac(new)
        self.do(s.ChangeInterface(subject=new.id, after=new, fields=changed, values=values))

    def _kernels_mac(self, interface: AnyInterface) -> str | None:
        """The MAC that the kernel gave it, or would give it now."""
        if interface.KIND.mac != "lower":
            return self.initial_mac(interface.ref)
        lower = self.graph.lower(interface)
        return None if lower is None else lower.mac or self._kernels_mac(lower)

    def _vlans(self, new: AnyInterface, old: AnyInterface) -> None:
        bridge = self.graph.master(new)
        if bridge is None or not bridge.vlan_filtering:
            return
        want, have = {v.vid: v for v in port_vlans(new, bridge)}, {v.vid: v for v in port_vlans(old, bridge)}
        if want == have:
            return
        current = self.model.interface(new.namespace, new.name)
        if current is not None and current.vlans is None:
            self.model.records[new.id] = replace(current, vlans=tuple(have.values()))
        for vid in have.keys() - want.keys():
            self.do(s.DeleteVlan(subject=new.id, namespace=new.namespace, dev=new.name, vid=vid))
        for vid, vlan in want.items():
            if have.get(vid) != vlan:
                self.do(s.AddVlan(subject=new.id, namespace=new.namespace, dev=new.name, vlan=vlan))

    # ---- state -------------------------------------------------------------------------------------------------------

    def _down(self) -> None:
        for have in self._have():
            new = self.wanted.get(have.id)
            down = not new.up if isinstance(new, Interface) else have.KIND.builtin
            if have.up and down:
                self.do(s.SetUp(subject=have.id, namespace=have.namespace, name=have.name, up=False))

    def _up(self) -> None:
        """Bridges last: one that is up floods multicast to its ports while they come.

        The kernel takes some kinds up with their lower interface, so that what is to stay down is taken down again.
        """
        pairs = [(new, old) for new, old in self._pairs() if new.up and not old.up]
        for new, _ in sorted(pairs, key=lambda pair: self._on_bridge(pair[0])):
            have = self.model.interface(new.namespace, new.name)
            if have is not None and not have.up:
                self.do(s.SetUp(subject=new.id, namespace=new.namespace, name=new.name, up=True))
        self._down()
        self._addresses()  # what was down for a moment has lost its IPv6 addresses

    def _on_bridge(self, interface: AnyInterface | None) -> bool:
        """Whether it is a bridge or is made on one."""
        return interface is not None and (is_bridge(interface) or self._on_bridge(self.graph.lower(interface)))

    def _addresses(self) -> None:
        for have in self._have():
            if have.KIND.builtin and have.id not in self.wanted:
                self._addresses_of(have, ())
        for new, old in self._pairs():
            self._addresses_of(old, new.addresses)

    def _addresses_of(self, old: AnyInterface, wanted: tuple[str, ...]) -> None:
        kept, have = old.addresses, old
        while (wrong := _wrong(kept, wanted)) is not None:
            self.do(s.DeleteAddress(subject=have.id, namespace=have.namespace, dev=have.name, address=wrong))
            kept = without(kept, wrong)
        for address in wanted:
            if address not in kept:
                self.do(s.AddAddress(subject=have.id, namespace=have.namespace, dev=have.name, address=address))

    def _add_entries(self) -> None:
        missing = between(self.model.records, self.wanted).ids  # also what went with something else
        records = [self.wanted[key] for key in self.graph.in_order(missing)]
        for route in sorted((r for r in records if isinstance(r, Route)), key=_reach):
            self.do(s.AddRoute(subject=route.id, route=route))
        for r in records:
            if isinstance(r, Neighbour):
                self.do(s.AddNeighbour(subject=r.id, neighbour=r))
            elif isinstance(r, Fdb):
                self.do(s.AddFdb(subject=r.id, fdb=r))


def _wrong(have: tuple[str, ...], wanted: tuple[str, ...]) -> str | None:
    """The first address that is not wanted, or that stands where another IPv4 address has to."""
    if (extra := next((a for a in have if a not in wanted), None)) is not None:
        return extra
    four, want = ([a for a in addresses if ":" not in a] for addresses in (have, wanted))
    return next((a for a, b in zip(four, want, strict=False) if a != b), None)


def _move_step(old: str, new: str) -> s.MoveInterface:
    namespace, name = ids.Ref.parse(old)
    to_namespace, to_name = ids.Ref.parse(new)
    return s.MoveInterface(subject=ids.interface(old), namespace=namespace, name=name, to_namespace=to_namespace, to_name=to_name)


def _bare(interface: AnyInterface) -> AnyInterface:
    """As `ip link add` makes it. A bridge with another default PVID than 1 gets it before it filters. One whose MTU is stated is made with
    another: only one that is changed to it keeps it when ports come (BROPT_MTU_SET_BY_USER of net/bridge/br_device.c)."""
    bare = replace(interface, up=False, addresses=(), master=None, port=Port(), vlans=None)
    if bare.KIND.mtu.follows == "ports" and bare.mtu is not None:
        usual = bare.KIND.mtu.default
        bare = replace(bare, mtu=None if bare.mtu != usual else usual - 1)
    if is_bridge(bare) and bare.vlan_filtering and bare.vlan_default_pvid != 1:
        return replace(bare, vlan_filtering=False)
    return bare


def _reach(route: Route) -> tuple[bool, int]:
    """A gateway may be reached by another route: those without one first, then the narrow before the wide."""
    return (route.via is not None, -network(route.to).prefixlen)
