"""VLAN filtering of bridges: made, read back, changed and undone, and packets that stay in their VLAN.

Needs CONFIG_BRIDGE_VLAN_FILTERING: `script/kernels uml` has it where this kernel has not.
"""

import subprocess

import pytest

from tests.kernel.test_apply import Kernel, with_kernel
from topology.edit import commands as c
from topology.edit.edit import edit
from topology.model.base import PortVlan
from topology.model.diff import apply, reverse
from topology.model.records import Bridge, Fdb
from topology.observe.normal import drift

pytestmark = [pytest.mark.links, pytest.mark.usefixtures("vlan_filtering")]
PVID_10 = [{"vid": 10, "pvid": True, "untagged": True}]


@pytest.fixture(scope="session")
def vlan_filtering() -> None:
    """Skips where the kernel cannot filter."""
    script = "ip link add br0 type bridge vlan_filtering 1"
    done = subprocess.run(["unshare", "--user", "--map-root-user", "--net", "sh", "-c", script], capture_output=True, text=True)
    if "not supported" in done.stderr:
        pytest.skip("this kernel was built without CONFIG_BRIDGE_VLAN_FILTERING")
    assert done.returncode == 0, done.stderr


def _change(interface: str, **changes: object) -> c.SetInterface:
    return c.SetInterface(interface=interface, changes=changes)  # type: ignore[arg-type]


BUILD: tuple[c.AnyCommand, ...] = (
    c.AddInterface(interface=Bridge(namespace="host", name="br0", vlan_filtering=True)),
    *(c.AddNamespace(name=ns) for ns in "abd"),
    *(c.AddLink(a=c.End(namespace="host", name=f"p{ns}", master="br0"), b=c.End(namespace=ns, name="eth0")) for ns in "abd"),
    *(_change(f"{ns}/eth0", addresses=[f"10.0.0.{n}/24"]) for n, ns in enumerate("abd", 1)),
    _change("host/pa", vlans=PVID_10),
    _change("host/pb", vlans=[*PVID_10, {"vid": 20}]),
)


def _bridge_vlan(*words: str) -> str:
    return subprocess.run(["bridge", "vlan", *words], check=True, capture_output=True, text=True).stdout


def _there_and_back(kernel: Kernel, *commands: c.AnyCommand) -> None:
    """Each edit, then all of them undone, last first: each time the kernel has what is wanted (`Kernel.want`)."""
    done = []
    for command in commands:
        done.append(edit(kernel.desired, command))
        kernel.want(apply(kernel.desired, done[-1].diff), done[-1].moves)
    for change in reversed(done):
        kernel.want(apply(kernel.desired, reverse(change.diff)))


def test_vlans_are_made_read_back_and_undone() -> None:
    def body(kernel: Kernel) -> None:
        kernel.edit(*BUILD)
        assert kernel.observed.records["interface:host/pb"].vlans == (  # type: ignore[union-attr]
            PortVlan(vid=10, pvid=True, untagged=True),
            PortVlan(vid=20),
        )
        assert kernel.observed.records["interface:host/pd"].vlans is None  # type: ignore[union-attr]
        assert "20" in _bridge_vlan("show", "dev", "pb")
        before = kernel.desired
        _there_and_back(
            kernel,
            _change("host/pb", vlans=[{"vid": 20, "pvid": True}, {"vid": 30, "untagged": True}]),
            _change("host/pb", vlans=[]),
            _change("host/pd", vlans=[{"vid": 1, "untagged": True}, {"vid": 4094}]),
            _change("host/pa", vlans=None),
            _change("host/br0", vlan_default_pvid=7),
            _change("host/br0", vlan_default_pvid=0),
            _change("host/br0", vlan_filtering=False),
        )
        assert kernel.desired == before

    with_kernel(body)


@pytest.mark.parametrize(
    "command",
    [
        _change("host/br0", vlan_filtering=False),
        _change("host/br0", vlan_default_pvid=7),
        _change("host/br0", vlan_default_pvid=10),
        _change("host/br0", vlan_default_pvid=20),
        _change("host/br0", vlan_default_pvid=0),
        _change("host/pb", master=None),
        c.AddFdb(fdb=Fdb(namespace="host", dev="pb", mac="02:00:00:00:00:77", vlan=20)),
        c.Remove(ids=("interface:host/br0",)),
        c.Remove(ids=("namespace:b",)),
    ],
    ids=lambda command: str(getattr(command, "changes", type(command).__name__)),
)
def test_an_edit_there_and_back(command: c.AnyCommand) -> None:
    def body(kernel: Kernel) -> None:
        kernel.edit(*BUILD)
        _there_and_back(kernel, command)

    with_kernel(body)


def test_made_at_once_and_removed_at_once() -> None:
    def body(kernel: Kernel) -> None:
        empty = kernel.desired
        kernel.edit(*BUILD, _change("host/br0", vlan_default_pvid=7))
        whole = kernel.desired
        kernel.want(empty)
        kernel.want(whole)

    with_kernel(body)


def test_the_kernel_keeps_vlans_while_it_does_not_filter() -> None:
    """So they are back as soon as it does, and become part of that edit."""

    def body(kernel: Kernel) -> None:
        kernel.edit(*BUILD)
        before = kernel.observed.records
        kernel.edit(_change("host/br0", vlan_filtering=False))
        assert kernel.desired["interface:host/pa"].vlans is None  # type: ignore[union-attr]
        done = kernel.apply(apply(kernel.desired, edit(kernel.desired, _change("host/br0", vlan_filtering=True)).diff))
        assert done.problem is None
        assert drift(before, kernel.observed.records) == ()

    with_kernel(body)


def test_what_a_shell_does_with_vlans_is_seen() -> None:
    def body(kernel: Kernel) -> None:
        kernel.edit(*BUILD)
        _bridge_vlan("add", "dev", "pd", "vid", "100-102", "untagged")
        _bridge_vlan("del", "dev", "pd", "vid", "1")
        kernel.look()
        assert kernel.observed.records["interface:host/pd"].vlans == tuple(  # type: ignore[union-attr]
            PortVlan(vid=vid, untagged=True) for vid in (100, 101, 102)
        )

    with_kernel(body)


def test_packets_stay_in_their_vlan() -> None:
    def ping(address: str) -> int:
        return subprocess.run(["ip", "netns", "exec", "a", "ping", "-qc1", "-W1", address], capture_output=True).returncode

    def body(kernel: Kernel) -> None:
        kernel.edit(*BUILD)
        assert (ping("10.0.0.2"), ping("10.0.0.3")) == (0, 1)
        kernel.edit(_change("host/pd", vlans=PVID_10))
        assert ping("10.0.0.3") == 0

    with_kernel(body)
