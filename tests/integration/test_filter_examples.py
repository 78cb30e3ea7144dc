"""The examples of each table, proved with real traffic: sockets in one namespace, a listener in another."""

import re
import time
from collections.abc import Iterator

import pytest

from tests.support import ROOT, Stack

LISTENER = """
import socket, sys, threading
def tcp(port):
    s = socket.create_server(("", port))
    while True:
        c, peer = s.accept()
        c.sendall(peer[0].encode()); c.close()
def udp(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", port))
    while True:
        data, peer = s.recvfrom(100); s.sendto(peer[0].encode(), peer)
for word in sys.argv[1:]:
    kind, port = word.split(":")
    threading.Thread(target={"tcp": tcp, "udp": udp}[kind], args=(int(port),)).start()
"""
CALLER = """
import socket, sys
kind, host, port = sys.argv[1:]
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
s.settimeout(0.7)
try:
    s.connect((host, int(port)))
    if kind == "udp": s.send(b"?")
    print(s.recv(100).decode())
except OSError as e:
    print(type(e).__name__)
"""


class Lab:
    """An example that runs."""

    def __init__(self, stack: Stack, example: str) -> None:
        self.stack, self.name = stack, example
        stack.cli("apply", example, str(ROOT / "examples" / f"{example}.json"))

    def listen(self, namespace: str, *ports: str) -> None:
        """`tcp:80`, `udp:53`: each answers with the address that it was called from."""
        script = 'setsid python3 -c "$0" "$@" >/dev/null 2>&1 </dev/null &'
        self.stack.inside(self.name, namespace, "sh", "-c", script, LISTENER, *ports)
        wanted = {port.partition(":")[2] for port in ports}
        for _ in range(100):
            there = self.stack.inside(self.name, namespace, "ss", "-Hltun")
            if wanted <= {line.split()[4].rpartition(":")[2] for line in there.splitlines()}:
                return
            time.sleep(0.05)
        raise AssertionError(f"{ports} are not listened to: {there}")

    def call(self, namespace: str, port: str, host: str) -> str:
        """The address that the listener saw, or the name of the error."""
        kind, _, number = port.partition(":")
        return self.stack.inside(self.name, namespace, "python3", "-c", CALLER, kind, host, number).strip()

    def counter(self, namespace: str, table: str, rule: str) -> int:
        """Packets that a rule (a part of its text) has matched."""
        for line in self.stack.inside(self.name, namespace, "iptables-save", "-c", "-t", table).splitlines():
            if rule in line and (found := re.match(r"\[(\d+):\d+\]", line)):
                return int(found[1])
        raise AssertionError(rule)


@pytest.fixture
def lab(stack: Stack, request: pytest.FixtureRequest) -> Iterator[Lab]:
    yield Lab(stack, request.param)
    stack.cli("destroy", request.param)


def example(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("lab", [name], indirect=True)


@example("filter-deny-port")
def test_filter_drops_one_port_and_no_other(lab: Lab) -> None:
    lab.listen("server", "tcp:23", "tcp:80")
    assert lab.call("client", "tcp:80", "10.0.1.2") == "10.0.1.1"
    assert lab.call("client", "tcp:23", "10.0.1.2") == "TimeoutError"
    assert lab.counter("server", "filter", "--dport 23") >= 1


@example("nat-masquerade")
def test_nat_puts_the_address_of_host_on_what_leaves(lab: Lab) -> None:
    lab.listen("internet", "tcp:80")
    assert lab.call("laptop", "tcp:80", "203.0.113.2") == "203.0.113.1"
    assert lab.counter("host", "nat", "MASQUERADE") == 1
    connections = lab.stack.inside(lab.name, "host", "conntrack", "-L", "-p", "tcp")
    assert "src=192.168.7.2 dst=203.0.113.2" in connections
    assert "src=203.0.113.2 dst=203.0.113.1" in connections
    lab.stack.inside(lab.name, "host", "iptables", "-t", "nat", "-F")
    lab.stack.inside(lab.name, "host", "conntrack", "-F")
    assert lab.call("laptop", "tcp:80", "203.0.113.2") == "TimeoutError"


@example("nat-published-port")
def test_nat_leads_a_published_port_to_the_container(lab: Lab) -> None:
    lab.listen("web", "tcp:80")
    assert lab.call("client", "tcp:8080", "192.0.2.1") == "192.0.2.2"
    assert lab.counter("host", "nat", "DNAT") == 1
    assert lab.call("client", "tcp:8081", "192.0.2.1") == "ConnectionRefusedError"
    lab.listen("client", "tcp:9000")
    assert lab.call("web", "tcp:9000", "192.0.2.2") == "192.0.2.1"


@example("mangle-ttl-mark")
def test_mangle_sets_the_ttl_and_a_mark_that_filter_reads(lab: Lab) -> None:
    lab.listen("right", "tcp:80", "tcp:8080")
    assert "ttl=42" in lab.stack.inside(lab.name, "left", "ping", "-c", "1", "10.0.2.2")
    assert lab.call("left", "tcp:80", "10.0.2.2") == "10.0.1.2"
    assert lab.call("left", "tcp:8080", "10.0.2.2") == "ConnectionRefusedError"
    assert lab.counter("router", "mangle", "MARK") >= 1
    assert lab.counter("router", "filter", "--mark 0x1") >= 1


@example("raw-notrack")
def test_raw_keeps_a_port_out_of_connection_tracking(lab: Lab) -> None:
    lab.listen("resolver", "udp:53", "udp:5353")
    assert lab.call("client", "udp:53", "10.0.1.2") == "10.0.1.1"
    assert lab.call("client", "udp:5353", "10.0.1.2") == "10.0.1.1"
    connections = lab.stack.inside(lab.name, "resolver", "conntrack", "-L")
    assert "dport=5353" in connections
    assert "dport=53 " not in connections
    assert lab.counter("resolver", "raw", "--sport 53 ") == 1
