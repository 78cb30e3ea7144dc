"""The optional uplink: on a machine with a network of its own and a server on it, none of which is this one's."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from agent.filter.drivers import default, works
from agent.linux.pids import started
from agent.uplink import rules
from protocol import private as p
from tests.integration.agent_client import Agent, Lab
from topology.model.netfilter import Driver
from topology.model.problems import ProblemError

OUTSIDE, OWN = "192.0.2.5", "192.0.2.1"
"""A host of the internet, and the machine's address there."""
PRIVATE, LISTED, METADATA = "10.7.0.5", "10.9.0.5", "169.254.169.254"
MACHINE = f"""
ip link set lo up; mount -t sysfs none /sys; mount -t tmpfs none /run; mkdir /run/netns
serve() {{ setpriv --pdeathsig KILL "$python" -m http.server --directory /usr/share/doc --bind "$1" "$2" >/dev/null 2>&1 & }}
python=$0
ip netns add outside; ip link add out0 type veth peer name in0 netns outside
ip address add {OWN}/24 dev out0; ip link set out0 up; ip address add 172.20.0.1/16 dev out0
ip -n outside link set in0 up; ip -n outside link set lo up
for address in {OUTSIDE}/24 {PRIVATE}/32 {LISTED}/32 {METADATA}/32 192.168.1.1/32; do ip -n outside address add $address dev in0; done
ip route add default via {OUTSIDE}
serve 0.0.0.0 8000; serve 127.0.0.1 8001
setpriv --pdeathsig KILL ip netns exec outside "$python" -m http.server --directory /usr/share/doc 8000 >/dev/null 2>&1 &
printf 'nameserver 127.0.0.1\\n' > /run/resolv.conf; mount --bind /run/resolv.conf /etc/resolv.conf
cd "$1"; shift; shift; exec "$python" "$@"
"""
"""What stands for the machine: its loopback, its own addresses, a private network, a cloud's metadata, and a host of the internet, each
with a web server at port 8000. Its DNS server is on its loopback."""


@pytest.fixture(scope="module")
def agent() -> Iterator[Agent]:
    machine = ("unshare", "--net", "--mount", "sh", "-c", MACHINE, sys.executable, os.getcwd())
    agent = Agent("--allow-uplink", "--uplink-to", "10.9.0.0/16", before=machine)
    yield agent
    agent.close()


@pytest.fixture(scope="module")
def lab(agent: Agent) -> Iterator[Lab]:
    assert agent.ask(p.Start(id=1, lab="up")).problem is None
    lab = agent.lab("up")
    lab.attach()
    yield lab
    agent.ask(p.Stop(id=2, lab="up"))


@pytest.fixture
def uplink(agent: Agent, lab: Lab) -> Iterator[Lab]:
    """The lab, with an uplink, which it is given anew for each test."""
    assert agent.ask(p.SetUplink(id=3, lab="up", on=True)).problem is None
    yield lab
    agent.ask(p.SetUplink(id=4, lab="up", on=False))


def fetch(lab: Lab, address: str, port: int = 8000) -> bool:
    return lab.run("host", "curl", "-sf", "-m", "2", "-o", "/dev/null", f"http://{address}:{port}/")[0] == 0


def on_the_machine(agent: Agent, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run by root of the machine."""
    inside = ("nsenter", f"--net=/proc/{agent.process.pid}/ns/net")
    return subprocess.run([*inside, *argv], capture_output=True, text=True)


EVERYTHING = (OUTSIDE, OWN, "172.20.0.1", PRIVATE, LISTED, METADATA, "192.168.1.1", "127.0.0.1", "127.9.9.9", "0.0.0.0")
REACHED = {OUTSIDE, LISTED}


@pytest.mark.parametrize("address", EVERYTHING)
def test_the_machine_reaches_all_of_these(agent: Agent, address: str) -> None:
    """The control: what the lab is kept from is there."""
    done = on_the_machine(agent, "curl", "-sf", "-m", "5", "-o", "/dev/null", f"http://{address}:8000/")
    assert done.returncode == 0, done


def test_it_comes_up_reaches_the_outside_and_goes_away(agent: Agent, lab: Lab) -> None:
    assert not fetch(lab, OUTSIDE)
    assert agent.ask(p.SetUplink(id=3, lab="up", on=True)).problem is None
    assert "inet 10.0.2.100/24" in lab.run("host", "ip", "address", "show", "uplink0")[1]
    assert "default via 10.0.2.2 dev uplink0" in lab.run("host", "ip", "route")[1]
    assert fetch(lab, OUTSIDE)
    assert agent.ask(p.SetUplink(id=4, lab="up", on=True)).problem is None
    assert agent.ask(p.SetUplink(id=5, lab="up", on=False)).problem is None
    for _ in range(100):
        if "uplink0" not in lab.run("host", "ip", "link")[1]:
            break
        time.sleep(0.02)
    assert "uplink0" not in lab.run("host", "ip", "link")[1]
    assert not fetch(lab, OUTSIDE)


def test_only_what_is_public_or_listed_is_reached(uplink: Lab) -> None:
    reached = {address for address in (*EVERYTHING, "10.0.2.2", "10.0.2.3", "10.0.2.1", "10.0.2.77") if fetch(uplink, address)}
    assert reached == REACHED, "127.0.0.1 would be the lab's own"


LOOPBACK_BY_THE_UPLINK = """
cd /proc/sys/net/ipv4/conf
for name in all default uplink0 lo; do echo 1 > $name/route_localnet; echo 0 > $name/rp_filter; done
ip address flush dev lo; ip link set lo down; ip rule del pref 0 2>/dev/null
for net in 127.0.0.1 127.9.9.9 0.0.0.1 10.7.0.5 172.20.0.1 169.254.169.254; do
    ip route replace $net dev uplink0 via 10.0.2.2 onlink src 10.0.2.100; done
for address in 127.0.0.1:8000 127.0.0.1:8001 127.9.9.9:8000 10.0.2.3:8000 10.0.2.3:8001 10.0.2.2:8000; do
    { curl -sf -m 2 -o /dev/null http://$address/ && echo "$address"; } & done; wait
ip rule add pref 0 lookup local 2>/dev/null; ip link set lo up
"""


def test_the_loopback_is_not_reached_by_a_route_of_the_lab(uplink: Lab) -> None:
    """With route_localnet, no lo, and a route for 127.0.0.1: this fetched a file of the machine once. 10.0.2.3 stands for the machine's
    DNS server, which is on its loopback."""
    assert uplink.run("host", "sh", "-c", LOOPBACK_BY_THE_UPLINK)[1] == ""


RAW = r"""
import fcntl, json, socket, struct, sys, time
from pathlib import Path

s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
s.bind(("uplink0", 0))
own = bytes.fromhex(Path("/sys/class/net/uplink0/address").read_text().strip().replace(":", ""))
gateway = bytes.fromhex(sys.argv[1].replace(":", ""))

def total(data):
    data += b"\0" * (len(data) % 2)
    n = sum(struct.unpack(f"!{len(data) // 2}H", data))
    n = (n >> 16) + (n & 0xffff)
    return ~(n + (n >> 16)) & 0xffff

def packet(source, target, protocol, payload, options=b"", fragment=0, ident=7):
    size = 20 + len(options)
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | size // 4, 0, size + len(payload), ident, fragment, 64, protocol, 0,
                       socket.inet_aton(source), socket.inet_aton(target)) + options
    return head[:10] + struct.pack("!H", total(head)) + head[12:] + payload

def syn(own_port, source, target, port):
    tcp = struct.pack("!HHIIBBHHH", own_port, port, 1, 0, 0x50, 2, 65535, 0, 0)
    pseudo = socket.inet_aton(source) + socket.inet_aton(target) + struct.pack("!BBH", 0, 6, len(tcp))
    return tcp[:16] + struct.pack("!H", total(pseudo + tcp)) + tcp[18:]

tried = {}
def send(name, source, target, port, frame_to=None, options=b"", split=False, via=None):
    own_port = 40000 + len(tried)
    tried[own_port] = name
    data = syn(own_port, source, target, port)
    head = (frame_to or gateway) + own + b"\x08\0"
    if split:  # the ports come in the second fragment
        s.send(head + packet(source, via or target, 6, data[:8], options, 0x2000, len(tried)))
        s.send(head + packet(source, via or target, 6, data[8:], options, 1, len(tried)))
    else:
        s.send(head + packet(source, via or target, 6, data, options))

lsrr = lambda *hops: (lambda o: o + b"\0" * (-len(o) % 4))(bytes([0x83, 3 + 4 * len(hops), 4]) + b"".join(map(socket.inet_aton, hops)))
me = "10.0.2.100"
send("control", me, sys.argv[2], 8000)
for target in sys.argv[3:]:
    send(target, me, target, 8000)
    send(f"{target} to everybody", me, target, 8000, b"\xff" * 6)
    send(f"{target} in fragments", me, target, 8000, split=True)
    send(f"{target} by source routing", me, target, 8000, options=lsrr(target), via=sys.argv[2])
    send(f"{target} from 10.0.2.101", "10.0.2.101", target, 8000)
    send(f"{target} from 127.0.0.1", "127.0.0.1", target, 8000)
send("DNS server's other ports in fragments", me, "10.0.2.3", 8000, split=True)
send("DNS server's other ports", me, "10.0.2.3", 8001)
s.settimeout(1.5)
answered = set()
try:
    while True:
        frame = s.recv(2000)
        size = (frame[14] & 15) * 4
        at = 14 + size
        if frame[23] == 6 and frame[at + 13] == 0x12:
            answered.add(tried.get(struct.unpack_from("!H", frame, at + 2)[0], "?"))
except TimeoutError:
    pass
print(json.dumps(sorted(answered)))
"""
"""Connects with packets of its own making, past the routes and filters of the lab; who answered with SYN and ACK."""


def test_raw_packets_reach_nothing_else(uplink: Lab) -> None:
    uplink.run("host", "ping", "-c1", "-W1", "10.0.2.2")
    mac = next(word for word in uplink.run("host", "ip", "neighbour", "show", "10.0.2.2")[1].split() if word.count(":") == 5)
    targets = sorted(set(EVERYTHING) - REACHED)
    code, out, err = uplink.run("host", "python3", "-c", RAW, mac, OUTSIDE, *targets)
    assert (code, json.loads(out)) == (0, ["control"]), err


def test_only_dns_of_the_dns_server(agent: Agent, uplink: Lab) -> None:
    """Which is on the machine's loopback: port 53 there answers, at UDP and TCP."""
    script = (
        "import socket; s = socket.socket(type=2); s.bind(('127.0.0.1', 53)); print('', flush=True); d, a = s.recvfrom(99); s.sendto(d, a)"
    )
    inside = ("nsenter", f"--net=/proc/{agent.process.pid}/ns/net", sys.executable, "-c", script)
    with subprocess.Popen(inside, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout
            server.stdout.readline()
            ask = (
                "import socket; s = socket.socket(type=2); s.settimeout(3); s.sendto(b'hello', ('10.0.2.3', 53)); print(s.recv(9).decode())"
            )
            assert uplink.run("host", "python3", "-c", ask)[1] == "hello\n"
        finally:
            server.kill()


def test_an_address_that_the_machine_gets_later_is_not_reached(agent: Agent, uplink: Lab) -> None:
    later = "203.0.113.9"
    assert on_the_machine(agent, "ip", "netns", "exec", "outside", "true").returncode != 0, "its namespaces are its own"
    assert on_the_machine(agent, "ip", "address", "add", f"{later}/32", "dev", "lo").returncode == 0
    try:
        for _ in range(100):
            if not fetch(uplink, later):
                break
            time.sleep(0.05)
        assert not fetch(uplink, later)
        assert on_the_machine(agent, "curl", "-sf", "-o", "/dev/null", f"http://{later}:8000/").returncode == 0
        assert fetch(uplink, OUTSIDE)
    finally:
        on_the_machine(agent, "ip", "address", "del", f"{later}/32", "dev", "lo")


BEHIND = """
import json, socket, struct, subprocess
link = json.loads(subprocess.run(["ip", "-j", "-d", "link", "show", "uplink0"], capture_output=True).stdout)[0]
nsid = link["link_netnsid"]
def ask(kind, flags, attributes):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    body = struct.pack("=BxHiII", 0, 0, 0, 0, 0) + attributes
    s.send(struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body)
    answer = s.recv(65536)
    return struct.unpack_from("=H", answer, 4)[0], struct.unpack_from("=i", answer, 16)[0]
target = struct.pack("=HHi", 8, 46, nsid)
print(link["linkinfo"]["info_kind"], ask(18, 0x301, target), ask(16, 0x605, target + struct.pack("=HH4s", 8, 3, b"new\\0")),
      subprocess.run(["ip", "link", "add", "m0", "link", "if2", "link-netnsid", str(nsid), "type", "macvlan"], capture_output=True).stderr)
"""
"""RTM_GETLINK and RTM_NEWLINK in the namespace of the veth's other end (IFLA_TARGET_NETNSID), and an interface on one of its."""


def test_the_wall_is_not_the_labs(uplink: Lab) -> None:
    """Its root knows the namespace behind its veth by a number, and may nothing there: NLMSG_DONE with EACCES, NLMSG_ERROR with EPERM."""
    code, out, err = uplink.run("host", "python3", "-c", BEHIND)
    assert code == 0, err
    assert out == "veth (3, -13) (2, -1) b'RTNETLINK answers: Operation not permitted\\n'\n"


@pytest.mark.parametrize("driver", ["legacy", "nft"])
def test_both_packet_filters_take_the_rules(driver: Driver) -> None:
    if not works(driver):
        pytest.skip(f"no iptables-{driver} here")
    text = rules.rules(["192.0.2.1", "127.0.0.1"], [rules.network("10.9.0.0/16")])
    argv = ["unshare", "--net", "sh", "-c", f"iptables-{driver}-restore && iptables-{driver}-save -t filter"]
    done = subprocess.run(argv, input=text, capture_output=True, text=True, env={**os.environ, "XTABLES_LOCKFILE": "/dev/null"})
    assert done.returncode == 0, done.stderr
    assert _appended(done.stdout) == _appended(text)


def _appended(text: str) -> list[list[str]]:
    """The words of each rule, which iptables-save prints in another order."""
    return [sorted(line.replace("/32", "").split()) for line in text.splitlines() if line.startswith("-A")]


def test_a_network_of_the_loopback_cannot_be_listed() -> None:
    for text, words in (("127.0.0.1", "loopback"), ("0.0.0.0/0", "loopback"), ("10.0.2.9", "slirp4netns"), ("10.1.0.1/16", "host bits")):
        with pytest.raises(ProblemError, match=words):
            rules.network(text)


def test_two_who_switch_it_at_once(agent: Agent, lab: Lab) -> None:
    """Each is answered, and it is as the last one says."""
    for number, on in enumerate((True, True, False, True, True), 20):
        agent.control.send(msgspec.json.encode(p.SetUplink(id=number, lab="up", on=on)).decode())
    answers = [msgspec.json.decode(agent.control.recv(timeout=30), type=p.AnyControlEvent) for _ in range(5)]
    assert [answer for answer in answers if not isinstance(answer, p.ControlAnswer) or answer.problem is not None] == []
    assert fetch(lab, OUTSIDE)
    assert len(_slirps(agent)) == 1
    assert agent.ask(p.SetUplink(id=30, lab="up", on=False)).problem is None
    assert _slirps(agent) == []


def test_it_ends_with_its_lab(agent: Agent) -> None:
    agent.ask(p.Start(id=1, lab="short"))
    assert agent.ask(p.SetUplink(id=2, lab="short", on=True)).problem is None
    mark = Path(agent.run, "labs/short.uplink")
    assert mark.exists()
    agent.ask(p.Stop(id=3, lab="short"))
    assert not mark.exists()
    assert _slirps(agent) == []
    assert agent.ask(p.SetUplink(id=4, lab="short", on=True)).problem


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text()
    except OSError:
        return ""


def _slirps(agent: Agent) -> list[Path]:
    """The agent's; another one's may run beside."""
    pid = agent.process.pid
    children = [Path("/proc", child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [process for process in children if "slirp4netns" in _name(process)]


def test_it_is_nobody_and_sees_nothing(agent: Agent, lab: Lab) -> None:
    """Its id owns nothing, it has no privileges, and its root holds no file of the machine but programs."""
    assert lab
    agent.ask(p.SetUplink(id=3, lab="up", on=True))
    (process,) = _slirps(agent)
    status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines())
    assert int(status["Uid"].split()[0]) >= 0x4000_0000
    assert (status["CapEff"], status["CapPrm"], status["NoNewPrivs"], status["Seccomp"]) == ("0" * 16, "0" * 16, "1", "2")
    seen = set(os.listdir(process / "root"))
    assert seen <= {"bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "ns", "proc", "run", "sbin", "tmp", "usr"}
    assert os.listdir(process / "root/etc") == ["resolv.conf"]
    agent.ask(p.SetUplink(id=4, lab="up", on=False))
    assert started(int(process.name)) is None or "slirp4netns" not in _name(process)


def test_a_later_agent_sets_the_rules_anew(agent: Agent) -> None:
    """It may have been told of other networks, and the machine may have other addresses."""
    assert agent.ask(p.Start(id=1, lab="kept")).problem is None
    assert agent.ask(p.SetUplink(id=2, lab="kept", on=True)).problem is None
    (program,) = _slirps(agent)
    wall = ("nsenter", f"--net={program}/root/ns/net", f"iptables-{default()}-save")
    try:
        assert "10.9.0.0/16 -j ACCEPT" in subprocess.run(wall, capture_output=True, text=True, check=True).stdout
        agent.process.kill()
        agent.process.wait()
        agent.options, agent.before = ("--allow-uplink", "--uplink-to", "10.8.0.0/16"), ()
        agent.start()
        for _ in range(100):
            now = subprocess.run(wall, capture_output=True, text=True, check=True).stdout
            if "10.8.0.0/16 -j ACCEPT" in now:
                break
            time.sleep(0.05)
        assert "10.8.0.0/16 -j ACCEPT" in now
        assert "10.9.0.0/16" not in now
    finally:
        agent.ask(p.Stop(id=3, lab="kept"))
