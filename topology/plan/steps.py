"""Steps: what a plan is made of. Each is one thing that the kernel is asked to do, and one line of `ip` in a shell."""

import msgspec

from topology.model.base import PortVlan
from topology.model.netfilter import Family, Table
from topology.model.records import AnyInterface, Fdb, Neighbour, Route


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="step"):
    """Base of all steps. `subject` is the id of the record that it serves."""

    subject: str


class AddNamespace(Step, frozen=True, kw_only=True, tag="add-namespace"):
    """`ip netns add`"""

    name: str


class DeleteNamespace(Step, frozen=True, kw_only=True, tag="delete-namespace"):
    """`ip netns delete`. What is inside goes with it, and so does the peer of a veth that is inside."""

    name: str


class SetNsid(Step, frozen=True, kw_only=True, tag="set-nsid"):
    """`ip netns set`, once: the kernel does not change an id that is set."""

    name: str
    nsid: int


class AddInterface(Step, frozen=True, kw_only=True, tag="add-interface"):
    """`ip link add`: down, with kind, MAC, MTU and attributes; master, addresses and up are steps of their own.

    For one end of a pair, `peer` is the other end, made by the same message.
    """

    interface: AnyInterface
    peer: AnyInterface | None = None


class DeleteInterface(Step, frozen=True, kw_only=True, tag="delete-interface"):
    """`ip link delete`. The peer of a veth goes with it."""

    namespace: str
    name: str


class MoveInterface(Step, frozen=True, kw_only=True, tag="move-interface"):
    """`ip link set … netns … name …`: the kernel takes it down and its addresses and routes go. A rename where the
    namespaces are the same keeps them."""

    namespace: str
    name: str
    to_namespace: str
    to_name: str


class ChangeInterface(Step, frozen=True, kw_only=True, tag="change-interface"):
    """`ip link set`: `fields` of `after` are what is to be set (never `up`, `addresses`, `vlans`, `name`).

    `master` in `fields` with `after.master` None is `nomaster`. A field whose value in `after` is None goes back to what the
    kernel would have chosen; `values` holds what that is, where it is known.
    """

    after: AnyInterface
    fields: tuple[str, ...]
    values: dict[str, str | int | bool | None] = {}


class SetUp(Step, frozen=True, kw_only=True, tag="set-up"):
    """`ip link set … up` or `down`."""

    namespace: str
    name: str
    up: bool


class AddAddress(Step, frozen=True, kw_only=True, tag="add-address"):
    """`ip address add`"""

    namespace: str
    dev: str
    address: str


class DeleteAddress(Step, frozen=True, kw_only=True, tag="delete-address"):
    """`ip address delete`"""

    namespace: str
    dev: str
    address: str


class AddRoute(Step, frozen=True, kw_only=True, tag="add-route"):
    """`ip route add`"""

    route: Route


class DeleteRoute(Step, frozen=True, kw_only=True, tag="delete-route"):
    """`ip route delete`"""

    route: Route


class AddNeighbour(Step, frozen=True, kw_only=True, tag="add-neighbour"):
    """`ip neighbour replace … nud permanent`"""

    neighbour: Neighbour


class DeleteNeighbour(Step, frozen=True, kw_only=True, tag="delete-neighbour"):
    """`ip neighbour delete`"""

    neighbour: Neighbour


class AddFdb(Step, frozen=True, kw_only=True, tag="add-fdb"):
    """`bridge fdb replace`"""

    fdb: Fdb


class DeleteFdb(Step, frozen=True, kw_only=True, tag="delete-fdb"):
    """`bridge fdb delete`"""

    fdb: Fdb


class AddVlan(Step, frozen=True, kw_only=True, tag="add-vlan"):
    """`bridge vlan add`"""

    namespace: str
    dev: str
    vlan: PortVlan


class DeleteVlan(Step, frozen=True, kw_only=True, tag="delete-vlan"):
    """`bridge vlan delete`"""

    namespace: str
    dev: str
    vid: int


class SetSysctl(Step, frozen=True, kw_only=True, tag="set-sysctl"):
    """`sysctl -w`, in the namespace."""

    namespace: str
    key: str
    value: str


class ChangeTable(Step, frozen=True, kw_only=True, tag="change-table"):
    """`iptables-restore --noflush`: these lines of one table, all of them or none. What they do not name keeps its counters.

    Each line is a command of iptables(8) without its table, as `-I INPUT 2 -s 10.0.1.0/24 -j DROP`. `expects`: chain → digest of the rules
    by whose numbers the lines mean them (`topology.plan.table_plan.digest`): where they are others, nothing is done.
    """

    namespace: str
    family: Family
    table: Table
    lines: tuple[str, ...]
    expects: dict[str, str] = {}


AnyStep = (
    AddNamespace | DeleteNamespace | SetNsid | AddInterface | DeleteInterface | MoveInterface | ChangeInterface | SetUp
    | AddAddress | DeleteAddress | AddRoute | DeleteRoute | AddNeighbour | DeleteNeighbour | AddFdb | DeleteFdb | AddVlan
    | DeleteVlan | SetSysctl | ChangeTable
)  # fmt: skip
Plan = tuple[AnyStep, ...]
