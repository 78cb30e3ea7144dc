"""The watch compared with iproute2: whatever a shell does, both show the same afterwards."""

import asyncio
import os
import subprocess

import pytest

from agent.netlink.namespaces import Namespaces
from agent.netlink.watch import Watch
from tests.kernel.oracle import Scene, Seen
from topology.model.sysctls import KEYS
from topology.observe.facts import (
    AddressFact,
    AnyFact,
    CountersFact,
    FdbFact,
    IngressFact,
    NamespaceFact,
    NamespaceGone,
    NeighbourFact,
    ProxiesFact,
    Resync,
    RouteFact,
    SysctlFact,
    VlansFact,
)

BUILD = (
    "ip link set lo up; ip netns add a; ip netns add b",
    "ip link add br0 type bridge; ip link set br0 up; ip address add 10.0.0.254/24 dev br0",
    "ip link add va type veth peer name eth0 netns a; ip link add vb type veth peer name eth0 netns b",
    "ip link set va master br0 up; ip link set vb master br0 up",
    "ip -n a link set eth0 up; ip -n a address add 10.0.0.1/24 dev eth0; ip -n a address add fd00::1/64 dev eth0",
    "ip -n b link set eth0 up; ip -n b address add 10.0.0.2/24 dev eth0; ip -n b route add default via 10.0.0.254",
)


def test_mixed_script_is_followed() -> None:
    with Scene(keys=KEYS) as scene:
        for line in BUILD:
            scene.shell(line)
            scene.agree()
        for line in (
            "ip -n a route add 10.9.0.0/16 via 10.0.0.2; ip -n a route add default nexthop via 10.0.0.2 nexthop via 10.0.0.254",
            "ip -n a neighbour add 10.0.0.77 lladdr 02:00:00:00:00:77 dev eth0 nud permanent",
            "bridge fdb add 02:00:00:00:00:88 dev va master static",
            "ip -n b link set eth0 down",  # IPv4 routes go without an event
            "ip -n b link set eth0 up name eth7",
            "ip link set va nomaster",  # RTM_DELLINK of AF_BRIDGE: only no longer a port
            "ip link set vb mtu 1400; ip link set va master br0",
            "ip link add d0 type veth peer name d1; ip link set d1 netns a; ip -n a link set d1 netns b",
            "ip -n a link delete eth0",
            "ip netns delete b",
        ):
            scene.shell(line)
            scene.agree()


def test_routes_that_differ_in_their_tos_alone() -> None:
    with Scene() as scene:
        scene.shell(*BUILD)
        scene.shell("ip -n b route add 10.8.0.0/16 via 10.0.0.1; ip -n b route add 10.8.0.0/16 via 10.0.0.1 tos 0x10")
        scene.watch.barrier()
        assert _tos(scene) == [0, 16]
        scene.shell("ip -n b route del 10.8.0.0/16 tos 0")
        scene.watch.barrier()
        assert _tos(scene) == [16]


def _tos(scene: Scene) -> list[int]:
    return sorted(f.tos for f in scene.seen.all(RouteFact, "b") if f.to == "10.8.0.0/16")


def test_qdiscs_for_what_comes_in() -> None:
    with Scene() as scene:
        scene.shell(*BUILD, "ip netns add c; ip link add vc type veth peer name eth0 netns c; tc -n c qdisc add dev eth0 ingress")
        scene.watch.barrier()
        assert [set(f.rows.values()) for f in scene.seen.all(IngressFact, "c")] == [{"ingress"}]
        scene.shell("tc qdisc add dev va clsact; ip link del vc")
        scene.watch.barrier()
        assert [f.rows for f in scene.seen.all(IngressFact) if f.rows] == [{scene.seen.link("host", "va").index: "clsact"}]
        scene.shell("tc qdisc del dev va clsact")
        scene.watch.barrier()
        assert not [f for f in scene.seen.all(IngressFact) if f.rows]


def test_proxy_entries_are_read_again_where_somebody_looks() -> None:
    """The kernel sends no event of them."""
    with Scene() as scene:
        scene.shell(*BUILD, "ip -n a neigh add proxy 10.0.0.7 dev eth0; ip -n a neigh add proxy fd00::7 dev eth0")
        scene.watch.barrier()
        scene.watch.subscribe(["a"])
        assert [r.address for f in scene.seen.all(ProxiesFact, "a") for r in f.rows] == ["10.0.0.7", "fd00::7"]
        scene.shell("ip -n a neigh del proxy 10.0.0.7 dev eth0")
        scene.watch.poll()
        assert [r.address for f in scene.seen.all(ProxiesFact, "a") for r in f.rows] == ["fd00::7"]


def test_an_interface_that_forwards_ipv6_by_itself() -> None:
    """Its event does not say how it is set."""
    with Scene() as scene:
        scene.shell(*BUILD)
        try:
            scene.shell("ip netns exec a sysctl -qw net.ipv6.conf.eth0.force_forwarding=1")
        except subprocess.CalledProcessError:
            pytest.skip("this kernel is older than 6.17")
        scene.watch.barrier()
        assert (scene.seen.link("a", "eth0").conf or {}).get("force_forwarding") == 1


@pytest.mark.links
def test_vlans_of_a_port() -> None:
    with Scene() as scene:
        try:
            scene.shell("ip link add br0 type bridge vlan_filtering 1")
        except subprocess.CalledProcessError as e:
            if "Operation not supported" in e.stderr:
                pytest.skip("this kernel was built without CONFIG_BRIDGE_VLAN_FILTERING")
            raise
        scene.shell("ip link add va type veth peer name vb; ip link set va master br0; bridge vlan add dev va vid 10-12")
        scene.watch.barrier()
        va = scene.seen.link("host", "va").index
        assert [r.vid for f in scene.seen.all(VlansFact, "host") if f.index == va for r in f.vlans] == [1, 10, 11, 12]


def test_start_reads_what_is_there() -> None:
    with Scene() as scene:
        scene.shell(*BUILD)
        scene.agree()
        told = Seen()
        second = Watch(scene.namespaces, told)
        second.start()
        assert {ns: told.rows(ns) for ns in ("host", "a", "b")} == {ns: scene.seen.rows(ns) for ns in ("host", "a", "b")}
        second.close()


def test_lost_events_are_made_up_for() -> None:
    with Scene(buffer=2048) as scene:
        scene.shell(*BUILD, "for i in $(seq 100); do ip -n a link add x$i type bridge; done; ip -n a link delete x7")
        scene.agree()
        assert scene.watch.overruns > 0
        assert any(isinstance(f, Resync) and f.ns == "a" for f in scene.seen.history)


def test_pause_and_resume() -> None:
    with Scene(keys=KEYS) as scene:
        scene.shell(BUILD[0])
        scene.watch.barrier()
        scene.watch.pause()
        told = len(scene.seen.history)
        scene.shell(*BUILD[1:], "ip netns add c; ip netns delete b")
        scene.watch.on_events()
        assert len(scene.seen.history) == told
        scene.watch.resume(["host", "a"])
        scene.agree()


def test_sysctls_in_any_namespace() -> None:
    with Scene(keys=KEYS) as scene:
        scene.shell("ip netns add a")
        scene.watch.barrier()
        scene.watch.on_events()  # begins to watch the files
        before = _value(scene, "a", "net.ipv4.icmp_echo_ignore_all")
        scene.shell("ip netns exec a sysctl -w net.ipv4.icmp_echo_ignore_all=1 net.ipv4.ip_forward=1")
        scene.watch.barrier()
        assert (before, _value(scene, "a", "net.ipv4.icmp_echo_ignore_all")) == ("0", "1")
        assert _value(scene, "a", "net.ipv4.ip_forward") == "1"
        assert _value(scene, "host", "net.ipv4.icmp_echo_ignore_all") == "0"


def _value(scene: Scene, ns: str, key: str) -> str:
    value: str = next(f.value for f in scene.seen.all(SysctlFact, ns) if f.key == key)
    return value


def test_learned_entries_only_where_somebody_looks() -> None:
    with Scene() as scene:
        scene.shell(*BUILD, "ip netns exec a ping -qc1 10.0.0.2")
        scene.watch.barrier()
        assert not scene.seen.all(NeighbourFact)
        scene.watch.subscribe(["host", "a"])
        assert [f.address for f in scene.seen.all(NeighbourFact, "a") if f.address == "10.0.0.2"]
        assert any(f.state == "dynamic" for f in scene.seen.all(FdbFact, "host"))
        counters = scene.watch.reader.counters(scene.namespaces["a"])
        assert isinstance(counters, CountersFact)
        assert counters.rows[scene.seen.link("a", "eth0").index].tx_packets > 0
        assert os.getpid() in [p.pid for p in scene.watch.reader.processes(scene.namespaces.host).rows]
        scene.watch.subscribe([])
        assert not scene.seen.all(NeighbourFact)


def test_a_name_that_is_a_symbolic_link() -> None:
    """It comes and goes without a mount."""
    with Scene() as scene, subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; exec sleep 60"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it has its namespace
        try:
            scene.agree()
            for line, names in (
                (f"ln -s /proc/{process.pid}/ns/net /run/netns/b", {"host", "b"}),
                ("rm /run/netns/b", {"host"}),
            ):
                scene.shell(line)
                scene.watch.poll()
                assert {fact.ns for fact in scene.seen.all(NamespaceFact)} == names
        finally:
            process.kill()


def test_the_loop_hears_a_shell() -> None:
    async def body() -> list[AnyFact]:
        gone = asyncio.Event()
        heard: list[AnyFact] = []
        shell: list[asyncio.subprocess.Process] = []
        awaited: list[type[AnyFact]] = [NamespaceFact, AddressFact]

        def sink(facts: list[AnyFact]) -> None:
            """The shell goes on when what it did was heard."""
            heard.extend(facts)
            for fact in facts:
                if isinstance(fact, NamespaceGone):
                    gone.set()
                elif awaited and isinstance(fact, awaited[0]) and fact.ns == "z" and shell[0].stdin:
                    awaited.pop(0)
                    shell[0].stdin.write(b"go on\n")

        with Namespaces() as namespaces:
            watch = Watch(namespaces, sink)
            watch.start()
            for fd, callback in watch.readers().items():
                asyncio.get_running_loop().add_reader(fd, callback)
            script = "read start; ip netns add z; read next; ip -n z address add 10.1.1.1/32 dev lo; read next; ip netns delete z"
            shell.append(await asyncio.create_subprocess_shell(script, stdin=subprocess.PIPE))
            assert shell[0].stdin
            shell[0].stdin.write(b"start\n")
            await asyncio.wait_for(gone.wait(), 30)
            await shell[0].wait()
            watch.close()
        return heard

    heard = asyncio.run(body())
    assert any(isinstance(f, NamespaceFact) and f.ns == "z" for f in heard)
    assert any(isinstance(f, AddressFact) and f.address == "10.1.1.1/32" for f in heard)
