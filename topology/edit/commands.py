"""Commands: the changes of a lab that can be asked for. `topology.edit.edit` turns one into a change of the desired state."""

import msgspec

from topology.model.base import Json
from topology.model.netfilter import ChainPolicy, Driver, Family, Table
from topology.model.records import AnyInterface, Area, Fdb, Neighbour, Note, Policy, Route, Style


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="do"):
    """Base of all commands."""


class AddNamespace(Command, frozen=True, kw_only=True, tag="add-namespace"):
    """A new namespace, drawn at `at`, in canvas units."""

    name: str
    nsid: int | None = None
    at: tuple[float, float] | None = None


class SetNsid(Command, frozen=True, kw_only=True, tag="set-nsid"):
    """`ip netns set`: the id by which `host` knows a namespace. Once given, the kernel does not change it."""

    namespace: str
    nsid: int


class AddInterface(Command, frozen=True, kw_only=True, tag="add-interface"):
    """A new interface of any kind but veth and loopback. A bridge is drawn at `at`, relative to its namespace."""

    interface: AnyInterface
    at: tuple[float, float] | None = None


class End(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One end of a new link. `name` None: the first free `vethN`, as the kernel chooses (dev_alloc_name())."""

    namespace: str
    name: str | None = None
    master: str | None = None
    mac: str | None = None
    mtu: int | None = None
    addresses: tuple[str, ...] = ()
    up: bool = True


class AddLink(Command, frozen=True, kw_only=True, tag="add-link"):
    """A new veth pair."""

    a: End
    b: End


class SetInterface(Command, frozen=True, kw_only=True, tag="set-interface"):
    """Change fields of the interface `ns/name`. `changes`: field of its record → new value, as JSON.

    `namespace` and `name` are changed by `MoveInterface`; `peer` cannot be changed.
    """

    interface: str
    changes: dict[str, Json]


class MoveInterface(Command, frozen=True, kw_only=True, tag="move-interface"):
    """`ip link set INTERFACE netns NAMESPACE [name NAME]`, or, in the same namespace, a rename. `interface` is `ns/name`."""

    interface: str
    namespace: str
    name: str | None = None


class AddRoute(Command, frozen=True, kw_only=True, tag="add-route"):
    """`ip route add`"""

    route: Route


class AddNeighbour(Command, frozen=True, kw_only=True, tag="add-neighbour"):
    """`ip neighbour add … nud permanent`"""

    neighbour: Neighbour


class AddFdb(Command, frozen=True, kw_only=True, tag="add-fdb"):
    """`bridge fdb add`"""

    fdb: Fdb


class SetSysctl(Command, frozen=True, kw_only=True, tag="set-sysctl"):
    """`sysctl -w key=value` in a namespace. `value` None: back to the value of a new namespace."""

    namespace: str
    key: str
    value: str | None


class Remove(Command, frozen=True, kw_only=True, tag="remove"):
    """Delete records by id, and with them what the kernel deletes too: the interfaces of a namespace, the peer of a veth, …"""

    ids: tuple[str, ...]


class Place(Command, frozen=True, kw_only=True, tag="place"):
    """Where nodes are drawn: node → (x, y). `shapes`: the same for areas and notes, by record id (`area:dmz`)."""

    positions: dict[str, tuple[float, float]] = {}
    shapes: dict[str, tuple[float, float]] = {}


class PutStyle(Command, frozen=True, kw_only=True, tag="put-style"):
    """How a node is drawn. A style in which no field is set removes the node's style."""

    style: Style


class PutArea(Command, frozen=True, kw_only=True, tag="put-area"):
    """Add an area, or replace the one with its name."""

    area: Area


class PutNote(Command, frozen=True, kw_only=True, tag="put-note"):
    """Add a note, or replace the one with its name."""

    note: Note


class Paste(Command, frozen=True, kw_only=True, tag="paste"):
    """Add what a document holds to the lab.

    Names that are taken get a number; addresses that are taken on their segment become the next free ones of the subnet. What is in the
    document's `host` goes into the namespace `into`. `at`: the upper left corner of what is pasted, in canvas units.
    `document`: as text or as a JSON value.
    """

    document: dict[str, Json] | str
    into: str = "host"
    at: tuple[float, float] | None = None


class Duplicate(Command, frozen=True, kw_only=True, tag="duplicate"):
    """Copy namespaces, bridges, areas and notes, with what is in them and the links among them. `by`: how far away, in canvas units.

    A link from a copied namespace to a bridge that is not copied is copied too, to a new port of that bridge.
    """

    ids: tuple[str, ...]
    by: tuple[float, float] = (40, 40)


class SetLab(Command, frozen=True, kw_only=True, tag="set-lab"):
    """Change settings of the lab itself. None: leave it as it is."""

    description: str | None = None
    policy: Policy | None = None
    firewall: Driver | None = None
    uplink: bool | None = None


class ApplyDocument(Command, frozen=True, kw_only=True, tag="apply-document"):
    """Make the lab what this document says. A node that the document gives no place keeps the place of the lab's node with its name.

    `document`: as text, so that problems have line and column, or as a JSON value.
    """

    document: dict[str, Json] | str


class TableCommand(Command, frozen=True, kw_only=True):
    """Base of the commands on one table of a namespace. Rules are numbered from 1, as in iptables(8)."""

    namespace: str
    family: Family = "ipv4"
    table: Table = "filter"


class AddChain(TableCommand, frozen=True, kw_only=True, tag="add-chain"):
    """`iptables -N`: add a user-defined chain."""

    name: str


class RenameChain(TableCommand, frozen=True, kw_only=True, tag="rename-chain"):
    """`iptables -E`: rename a user-defined chain. Rules that jump to it are changed too."""

    name: str
    to: str


class RemoveChain(TableCommand, frozen=True, kw_only=True, tag="remove-chain"):
    """`iptables -F` and `-X`: delete a user-defined chain with its rules. Refused while a rule jumps to it."""

    name: str


class FlushChain(TableCommand, frozen=True, kw_only=True, tag="flush-chain"):
    """`iptables -F`: delete all rules of the chain. `name` None: of all chains of the table."""

    name: str | None = None


class FlushTable(TableCommand, frozen=True, kw_only=True, tag="flush-table"):
    """`iptables -F` and `-X` on the whole table, and policy ACCEPT for its built-in chains."""


class SetPolicy(TableCommand, frozen=True, kw_only=True, tag="set-policy"):
    """`iptables -P`: the policy of a built-in chain."""

    chain: str
    policy: ChainPolicy


class AddRule(TableCommand, frozen=True, kw_only=True, tag="add-rule"):
    """`iptables -A CHAIN RULE`, or `-I` where `at` is the number of the new rule. `rule` is what follows the chain on the command line.

    `before`: the rule that the client knows as number `at`. Where that one has another number now, the new rule comes in front of it all
    the same; CONFLICT where it is not there, or several times.
    """

    chain: str
    rule: str
    at: int | None = None
    before: str | None = None


class SetRule(TableCommand, frozen=True, kw_only=True, tag="set-rule"):
    """`iptables -R`: replace rule number `at`. CONFLICT where that rule is no longer `was`."""

    chain: str
    at: int
    was: str
    rule: str


class MoveRule(TableCommand, frozen=True, kw_only=True, tag="move-rule"):
    """Rule number `at`, which is `was`, becomes number `to` of `to_chain` in `to_table` (None: of the same). `to` None: the last.

    CONFLICT where that rule is no longer `was`. `before`: the rule that is number `to` without the moved one, as of `AddRule`.
    """

    chain: str
    at: int
    was: str
    to: int | None = None
    before: str | None = None
    to_chain: str | None = None
    to_table: Table | None = None


class NumberedRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule by its number, and the text that the client knows it by."""

    at: int
    was: str


class RemoveRules(TableCommand, frozen=True, kw_only=True, tag="remove-rules"):
    """`iptables -D` of several rules at once. CONFLICT where one of them is no longer `was`."""

    chain: str
    rules: tuple[NumberedRule, ...]


class ImportRules(Command, frozen=True, kw_only=True, tag="import-rules"):
    """`iptables-restore`: replace the tables that the text names; other tables stay. `keep`: add to their rules (`--noflush`)."""

    namespace: str
    text: str
    family: Family = "ipv4"
    keep: bool = False


class Undo(Command, frozen=True, kw_only=True, tag="undo"):
    """Undo the newest edit that is not undone."""


class Redo(Command, frozen=True, kw_only=True, tag="redo"):
    """Redo the edit that was undone last."""


class KeepDrift(Command, frozen=True, kw_only=True, tag="keep-drift"):
    """Take what the kernel has into the document, where the two differ (drift). `ids` None: all of it; else only these record ids."""

    ids: tuple[str, ...] | None = None


class RevertDrift(Command, frozen=True, kw_only=True, tag="revert-drift"):
    """Make the kernel what the document says, where the two differ (drift). `ids` None: all of it; else only these record ids."""

    ids: tuple[str, ...] | None = None


AnyCommand = (
    AddNamespace | SetNsid | AddInterface | AddLink | SetInterface | MoveInterface | AddRoute | AddNeighbour | AddFdb | SetSysctl
    | Remove | Place | PutStyle | PutArea | PutNote | Paste | Duplicate | SetLab | ApplyDocument | AddChain | RenameChain | RemoveChain
    | FlushChain | FlushTable | SetPolicy | AddRule | SetRule | MoveRule | RemoveRules | ImportRules | Undo | Redo | KeepDrift | RevertDrift
)  # fmt: skip
"""`Undo`, `Redo`, `KeepDrift` and `RevertDrift` need the history or the kernel: the writer answers them, not `topology.edit.edit`."""
