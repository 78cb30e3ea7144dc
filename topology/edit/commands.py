"""Commands: what somebody asks to be changed in a lab. `topology.edit.edit` turns one into a change of the desired state."""

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
    """`ip netns set`"""

    namespace: str
    nsid: int


class AddInterface(Command, frozen=True, kw_only=True, tag="add-interface"):
    """A new interface of any kind but veth and loopback. A bridge is drawn at `at`, relative to its namespace."""

    interface: AnyInterface
    at: tuple[float, float] | None = None


class End(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One end of a link that is to be made. `name` None: the next free `vethN`, as the kernel would."""

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
    """Change fields of an interface; `changes` are fields of its record by name, as JSON values. Not `namespace`, `name`, `peer`."""

    interface: str
    changes: dict[str, Json]


class MoveInterface(Command, frozen=True, kw_only=True, tag="move-interface"):
    """`ip link set INTERFACE netns NAMESPACE [name NAME]`, or a rename. `interface` is `ns/name`."""

    interface: str
    namespace: str
    name: str | None = None


class AddRoute(Command, frozen=True, kw_only=True, tag="add-route"):
    route: Route


class AddNeighbour(Command, frozen=True, kw_only=True, tag="add-neighbour"):
    neighbour: Neighbour


class AddFdb(Command, frozen=True, kw_only=True, tag="add-fdb"):
    fdb: Fdb


class SetSysctl(Command, frozen=True, kw_only=True, tag="set-sysctl"):
    """`sysctl -w key=value` in a namespace; None: back to a fresh namespace's value."""

    namespace: str
    key: str
    value: str | None


class Remove(Command, frozen=True, kw_only=True, tag="remove"):
    """Delete records by id, with all that cannot be without them (a namespace's interfaces, a veth's peer, …)."""

    ids: tuple[str, ...]


class Place(Command, frozen=True, kw_only=True, tag="place"):
    """Where nodes are drawn: node → (x, y). `shapes`: the same for areas and notes, by record id (`area:dmz`)."""

    positions: dict[str, tuple[float, float]] = {}
    shapes: dict[str, tuple[float, float]] = {}


class PutStyle(Command, frozen=True, kw_only=True, tag="put-style"):
    """How a node is drawn, from now on; a style that says nothing takes away what was said."""

    style: Style


class PutArea(Command, frozen=True, kw_only=True, tag="put-area"):
    """A new area, or another one of the same name."""

    area: Area


class PutNote(Command, frozen=True, kw_only=True, tag="put-note"):
    """A new note, or another one of the same name."""

    note: Note


class Paste(Command, frozen=True, kw_only=True, tag="paste"):
    """What a document holds, beside what is there. Names that are taken become others, addresses that are taken on their segment the
    next free ones. What stands in the document's `host` goes into `into`. `at`: the corner of all that is pasted, in canvas units."""

    document: dict[str, Json]
    into: str = "host"
    at: tuple[float, float] | None = None


class Duplicate(Command, frozen=True, kw_only=True, tag="duplicate"):
    """The same again, `by` canvas units away: namespaces, bridges, areas and notes, with what is in them and the links among them.
    A link to a bridge that stays alone is drawn again to it."""

    ids: tuple[str, ...]
    by: tuple[float, float] = (40, 40)


class SetLab(Command, frozen=True, kw_only=True, tag="set-lab"):
    """The lab's own settings; None: as it is."""

    description: str | None = None
    policy: Policy | None = None
    firewall: Driver | None = None
    uplink: bool | None = None


class ApplyDocument(Command, frozen=True, kw_only=True, tag="apply-document"):
    """Make the lab what this document says. A document without a layout keeps the lab's where nodes have the same name."""

    document: dict[str, Json]


class OfTable(Command, frozen=True, kw_only=True):
    """Base of the commands of one table of a namespace. Rules are numbered from 1, as iptables(8) does."""

    namespace: str
    family: Family = "ipv4"
    table: Table = "filter"


class AddChain(OfTable, frozen=True, kw_only=True, tag="add-chain"):
    """`iptables -N`"""

    name: str


class RenameChain(OfTable, frozen=True, kw_only=True, tag="rename-chain"):
    """`iptables -E`: rules that jump to it follow."""

    name: str
    to: str


class RemoveChain(OfTable, frozen=True, kw_only=True, tag="remove-chain"):
    """`iptables -F` and `-X`. A chain that a rule jumps to is refused."""

    name: str


class FlushChain(OfTable, frozen=True, kw_only=True, tag="flush-chain"):
    """`iptables -F`: no rules in the chain; None: in no chain of the table."""

    name: str | None = None


class FlushTable(OfTable, frozen=True, kw_only=True, tag="flush-table"):
    """Leave nothing of the table: `iptables -F`, `-X`, and policy ACCEPT."""


class SetPolicy(OfTable, frozen=True, kw_only=True, tag="set-policy"):
    """`iptables -P`"""

    chain: str
    policy: ChainPolicy


class AddRule(OfTable, frozen=True, kw_only=True, tag="add-rule"):
    """`iptables -A CHAIN RULE`, or `-I` where `at` says which number it shall have. `rule` is what one types after the chain's name."""

    chain: str
    rule: str
    at: int | None = None


class SetRule(OfTable, frozen=True, kw_only=True, tag="set-rule"):
    """`iptables -R`. CONFLICT where rule number `at` is not `was` any more."""

    chain: str
    at: int
    was: str
    rule: str


class MoveRule(OfTable, frozen=True, kw_only=True, tag="move-rule"):
    """Rule number `at`, which is `was`, becomes number `to` of `to_chain` in `to_table` (None: the same ones); `to` None: the last."""

    chain: str
    at: int
    was: str
    to: int | None = None
    to_chain: str | None = None
    to_table: Table | None = None


class NumberedRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule by its number, and the text that it has."""

    at: int
    was: str


class RemoveRules(OfTable, frozen=True, kw_only=True, tag="remove-rules"):
    """`iptables -D`, all together. CONFLICT where one of them is another rule by now."""

    chain: str
    rules: tuple[NumberedRule, ...]


class ImportRules(Command, frozen=True, kw_only=True, tag="import-rules"):
    """Make the tables that an iptables-save text names what it says; other tables stay. `keep`: add to what is there (`--noflush`)."""

    namespace: str
    text: str
    family: Family = "ipv4"
    keep: bool = False


class Undo(Command, frozen=True, kw_only=True, tag="undo"):
    """Take back the newest edit that is not taken back."""


class Redo(Command, frozen=True, kw_only=True, tag="redo"):
    """Do again what was taken back last."""


class KeepDrift(Command, frozen=True, kw_only=True, tag="keep-drift"):
    """Make the document say what the kernel shows. None: all drift; else only these record ids."""

    ids: tuple[str, ...] | None = None


class RevertDrift(Command, frozen=True, kw_only=True, tag="revert-drift"):
    """Make the kernel be what the document says."""

    ids: tuple[str, ...] | None = None


AnyCommand = (
    AddNamespace | SetNsid | AddInterface | AddLink | SetInterface | MoveInterface | AddRoute | AddNeighbour | AddFdb | SetSysctl
    | Remove | Place | PutStyle | PutArea | PutNote | Paste | Duplicate | SetLab | ApplyDocument | AddChain | RenameChain | RemoveChain
    | FlushChain | FlushTable | SetPolicy | AddRule | SetRule | MoveRule | RemoveRules | ImportRules | Undo | Redo | KeepDrift | RevertDrift
)  # fmt: skip
"""`Undo`, `Redo`, `KeepDrift` and `RevertDrift` need the history or the kernel: the writer answers them, not `topology.edit.edit`."""
