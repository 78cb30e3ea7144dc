"""Kinds of interfaces that this machine's kernel may lack, on one that has them: `script/kernels uml` has dummy, ifb and vlan.

Each is made, read back, changed, moved, deleted, and all of it undone; after each step what is observed is what was wanted, and
`ip -d link` says the same.
"""

import json
import subprocess
from typing import Any

import pytest

from tests.kernel.stage import Stage
from tests.kernel.test_apply import Kernel, with_kernel
from topology.edit import commands as c
from topology.edit.edit import edit
from topology.journey.hop import Cause
from topology.journey.predicted.predict import predict
from topology.model.diff import apply, reverse
from topology.model.kinds import BY_WORD
from topology.model.problems import ProblemError
from topology.model.records import Bridge, Interface
from topology.observe.normal import drift

pytestmark = pytest.mark.links


def _needs(kind: str) -> None:
    """Skips where the kernel has no such kind."""
    script = {"vlan": "ip link add br0 type bridge && ip link add link br0 name x0 type vlan id 5"}.get(kind, f"ip link add x0 type {kind}")
    done = subprocess.run(["unshare", "--user", "--map-root-user", "--net", "sh", "-c", script], capture_output=True, text=True)
    if "Unknown device type" in done.stderr or "not supported" in done.stderr:
        pytest.skip(f"this kernel has no {kind}")
    assert done.returncode == 0, done.stderr


@pytest.fixture
def vlan() -> None:
    _needs("vlan")


def _make(kind: str, **fields: object) -> c.AddInterface:
    return c.AddInterface(interface=BY_WORD[kind](**fields))


def _set(interface: str, **changes: object) -> c.SetInterface:
    return c.SetInterface(interface=interface, changes=changes)


def _link(namespace: str, name: str) -> dict[str, Any]:
    """What `ip -d link` says."""
    place = ["ip"] if namespace == "host" else ["ip", "-n", namespace]
    out = subprocess.run([*place, "-d", "-j", "link", "show", name], check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(out)[0]
    return found


class Editor:
    """Edits on the kernel, which can be taken back."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._done: list[Any] = []

    def do(self, *commands: c.AnyCommand) -> None:
        """Each edit: afterwards the kernel has what is wanted (`Kernel.want`), and another plan would be empty."""
        for command in commands:
            done = edit(self.kernel.desired, command)
            self.kernel.want(apply(self.kernel.desired, done.diff), done.moves)
            assert self.kernel.steps_to(self.kernel.desired) == ()
            self._done.append(done)

    def undo_all(self) -> None:
        """All of it taken back, last first."""
        while self._done:
            done = self._done.pop()
            self.kernel.want(apply(self.kernel.desired, reverse(done.diff)), {new: old for old, new in done.moves.items()})


NAMESPACES = (c.AddNamespace(name="a"), c.AddNamespace(name="b"))
LINK = c.AddLink(a=c.End(namespace="a", name="eth0"), b=c.End(namespace="b", name="eth0"))


@pytest.mark.parametrize("kind", ["dummy", "ifb"])
def test_a_kind_without_fields(kind: str) -> None:
    _needs(kind)

    def story(kernel: Kernel) -> None:
        editor = Editor(kernel)
        editor.do(*NAMESPACES, _make(kind, namespace="a", name="x0", addresses=("10.9.0.1/24", "2001:db8:9::1/64")))
        link = _link("a", "x0")
        assert (link["linkinfo"]["info_kind"], link["mtu"], "UP" in link["flags"]) == (kind, 1500, True)
        editor.do(_set("a/x0", mtu=9000, mac="02:00:00:00:00:09"), _set("a/x0", up=False), _set("a/x0", up=True, mtu=None, mac=None))
        assert _link("a", "x0")["mtu"] == 1500
        editor.do(c.MoveInterface(interface="a/x0", namespace="b", name="y0"), _set("b/y0", up=True, addresses=["10.9.0.2/24"]))
        assert _link("b", "y0")["linkinfo"]["info_kind"] == kind
        bridge = Bridge(namespace="b", name="br0")
        editor.do(c.AddInterface(interface=bridge), _set("b/y0", master="br0", addresses=[]), c.Remove(ids=("interface:b/y0",)))
        editor.undo_all()

    with_kernel(story)


@pytest.mark.usefixtures("vlan")
def test_vlans_of_a_link_are_made_changed_and_undone() -> None:
    def story(kernel: Kernel) -> None:
        editor = Editor(kernel)
        editor.do(
            *NAMESPACES, LINK,
            _make("vlan", namespace="a", name="eth0.10", parent="a/eth0", vid=10, addresses=("10.1.0.1/24",)),
            _make("vlan", namespace="b", name="eth0.10", parent="b/eth0", vid=10, addresses=("10.1.0.2/24",)),
        )  # fmt: skip
        link = _link("a", "eth0.10")
        assert (link["linkinfo"]["info_kind"], link["link"], link["mtu"]) == ("vlan", "eth0", 1500)
        assert link["linkinfo"]["info_data"]["id"] == 10
        assert link["linkinfo"]["info_data"]["protocol"] == "802.1Q"
        assert link["linkinfo"]["info_data"]["flags"] == ["REORDER_HDR"]
        assert link["address"] == _link("a", "eth0")["address"]
        assert (
            subprocess.run(["ip", "netns", "exec", "a", "ping", "-c", "1", "-W", "2", "10.1.0.2"], stdout=subprocess.DEVNULL).returncode
            == 0
        )
        editor.do(_set("a/eth0.10", gvrp=True, reorder_hdr=False))
        assert sorted(_link("a", "eth0.10")["linkinfo"]["info_data"]["flags"]) == ["GVRP"]
        editor.do(_set("a/eth0.10", gvrp=False, reorder_hdr=True), _set("a/eth0.10", vid=20), _set("a/eth0.10", protocol="802.1ad"))
        data = _link("a", "eth0.10")["linkinfo"]["info_data"]
        assert (data["id"], data["protocol"]) == (20, "802.1ad")
        editor.do(_set("a/eth0.10", mac="02:00:00:00:00:07"), _set("a/eth0.10", mac=None, mtu=1400), _set("a/eth0.10", mtu=None))
        assert _link("a", "eth0.10")["address"] == _link("a", "eth0")["address"]
        editor.undo_all()

    with_kernel(story)


@pytest.mark.usefixtures("vlan")
def test_a_vlan_goes_up_down_and_away_with_its_lower_interface() -> None:
    def story(kernel: Kernel) -> None:
        editor = Editor(kernel)
        editor.do(
            *NAMESPACES, LINK,
            _make("vlan", namespace="a", name="v10", parent="a/eth0", vid=10, addresses=("10.1.0.1/24",)),
            _make("vlan", namespace="a", name="v11", parent="a/eth0", vid=11, loose_binding=True),
            _make("vlan", namespace="a", name="v10.2", parent="a/v10", vid=2),
        )  # fmt: skip
        editor.do(_set("a/eth0", up=False))
        assert [_interface(kernel, f"a/{name}").up for name in ("v10", "v11", "v10.2")] == [False, True, False]
        with pytest.raises(ProblemError, match="Network is down"):
            editor.do(_set("a/v10", up=True))
        editor.do(_set("a/eth0", up=True), _set("a/v10", up=False))
        editor.do(_set("a/eth0", mtu=1400), _set("a/eth0", mtu=1500), _set("a/eth0", mac="02:00:00:00:00:05"))
        editor.do(_set("a/v10", up=True), c.MoveInterface(interface="a/eth0", namespace="b", name="eth1"))
        assert _interface(kernel, "a/v10").lower == "b/eth1"
        editor.do(_set("b/eth1", up=True), c.Remove(ids=("interface:b/eth1",)))
        assert not [r for r in kernel.desired.values() if isinstance(r, Interface) and r.namespace == "a" and r.name != "lo"]
        editor.undo_all()

    with_kernel(story)


@pytest.mark.usefixtures("vlan")
def test_a_vlan_lives_in_another_namespace_than_its_lower_interface() -> None:
    def story(kernel: Kernel) -> None:
        editor = Editor(kernel)
        editor.do(*NAMESPACES, LINK, _make("vlan", namespace="host", name="v10", parent="a/eth0", vid=10, up=False))
        editor.do(
            _set("host/v10", up=True, mtu=1400), c.MoveInterface(interface="host/v10", namespace="b", name="v10"), _set("b/v10", up=True)
        )
        assert "link_netnsid" in _link("b", "v10")
        editor.do(_set("a/eth0", mtu=9000), _set("b/v10", mtu=9000), _set("b/v10", up=False))
        wanted = kernel.desired
        editor.undo_all()
        kernel.want(wanted)

    with_kernel(story)


@pytest.mark.usefixtures("vlan")
def test_vlans_on_a_bridge_that_filters() -> None:
    def story(kernel: Kernel) -> None:
        editor = Editor(kernel)
        bridge = Bridge(namespace="host", name="br0", vlan_filtering=True)
        editor.do(c.AddInterface(interface=bridge), _make("vlan", namespace="host", name="br0.10", parent="host/br0", vid=10))
        editor.do(*NAMESPACES, c.AddLink(a=c.End(namespace="host", name="pa", master="br0"), b=c.End(namespace="a", name="eth0")))
        editor.do(_make("vlan", namespace="host", name="pa.20", parent="host/pa", vid=20, master="br0"))
        with pytest.raises(ProblemError, match="Too many levels of symbolic links"):
            editor.do(_set("host/br0.10", master="br0"))
        assert subprocess.run(["ip", "link", "set", "br0.10", "master", "br0"], stderr=subprocess.DEVNULL).returncode == 2
        editor.do(_set("host/br0", up=False), _set("host/br0", up=True), c.Remove(ids=("interface:host/br0",)))
        editor.undo_all()

    with_kernel(story)


@pytest.mark.usefixtures("vlan")
def test_what_a_shell_makes_is_read_and_the_commands_build_the_same() -> None:
    def story(kernel: Kernel) -> None:
        for line in (
            "ip netns add a", "ip link add eth0 type veth peer name eth0 netns a", "ip link set eth0 up", "ip -n a link set eth0 up",
            "ip -n a link add link eth0 name v7 netns $$ type vlan protocol 802.1ad id 7 reorder_hdr off", "ip link set v7 up",
        ):  # fmt: skip
            subprocess.run(line, shell=True, check=True)
        kernel.look()
        found = kernel.observed.records["interface:host/v7"]
        expected = BY_WORD["vlan"](namespace="host", name="v7", parent="a/eth0", vid=7, protocol="802.1ad", reorder_hdr=False)  # type: ignore[call-arg]
        assert found == expected
        records = dict(kernel.observed.records)
        subprocess.run("ip link delete eth0; ip netns delete a", shell=True, check=True)
        kernel.look()
        kernel.observed.like = records
        for line in kernel.shell_to(records):
            subprocess.run(line, shell=True, check=True)
        kernel.look()
        assert drift(records, kernel.observed.records) == ()

    with_kernel(story)


@pytest.mark.usefixtures("vlan")
def test_frames_of_a_vlan_have_its_tag_on_the_lower_interface() -> None:
    with Stage(
        "for n in a b c; do ip netns add $n; done; ip link add eth0 netns a type veth peer name p netns c",
        "ip link add eth0 netns b type veth peer name q netns c; ip -n c link add br0 type bridge; ip -n c link set br0 up",
        "for p in p q; do ip -n c link set $p master br0 up; done; for n in a b; do ip -n $n link set eth0 up; done",
        "for n in a b; do ip -n $n link add link eth0 name v7 type vlan id 7; ip -n $n link set v7 up; done",
        "ip -n a addr add 10.7.0.1/24 dev v7; ip -n b addr add 10.7.0.2/24 dev v7",
    ) as stage:
        journey = stage.trace("a", "10.7.0.2", protocol="arp", dev="v7", sender="10.7.0.1")
        assert journey.verdict.cause == Cause.DELIVERED
        records = stage.records()
        for found in (journey, predict(journey.probe, records, stage.observed.live)):
            passed = [
                (h.kind, h.namespace, h.dev, h.packet.vlan)
                for h in found.hops
                if h.packet and h.leg == "original" and h.kind in ("out", "in")
            ]
            assert passed == [
                ("out", "a", "v7", None), ("out", "a", "eth0", 7), ("in", "c", "p", 7), ("out", "c", "q", 7), ("in", "b", "eth0", 7),
                ("in", "b", "v7", None),
            ]  # fmt: skip


def _interface(kernel: Kernel, ref: str) -> Interface:
    found = kernel.observed.records[f"interface:{ref}"]
    assert isinstance(found, Interface)
    return found
