"""Listening sockets compared with those that the test opened."""

import os
import socket
import subprocess

import pytest

from agent.netlink.namespaces import Namespaces
from agent.netlink.read import Reader
from agent.netlink.sockets import parse
from topology.journey.forwarding import takes
from topology.observe.facts import Listening


def test_what_listens_and_who() -> None:
    with Namespaces() as namespaces, socket.socket() as tcp, socket.socket(socket.AF_INET6) as six:
        with socket.socket(type=socket.SOCK_DGRAM) as udp, socket.socket() as bound:
            tcp.bind(("127.0.0.1", 8080))
            tcp.listen()
            six.bind(("::", 443))
            six.listen()
            udp.bind(("0.0.0.0", 53))
            bound.bind(("127.0.0.1", 9))  # bound, and yet does not listen
            me = os.getpid()
            assert Reader(namespaces).processes(namespaces.host).sockets == (
                Listening(protocol="udp", address="0.0.0.0", port=53, pid=me),
                Listening(protocol="tcp", address="::", port=443, pid=me),
                Listening(protocol="tcp", address="127.0.0.1", port=8080, pid=me),
            )
        namespaces.create("ns0")
        fact = Reader(namespaces).processes(namespaces["ns0"])
        assert (fact.rows, fact.sockets) == ((), ())


@pytest.mark.parametrize(
    ("bound", "address", "taken"),
    [
        ("0.0.0.0", "10.0.0.1", True), ("0.0.0.0", "fd00::1", False), ("::", "fd00::1", True), ("::", "10.0.0.1", None),
        ("10.0.0.1", "10.0.0.1", True), ("127.0.0.1", "10.0.0.1", False), ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("fd00::2", "fd00::1", False),
    ],
)  # fmt: skip
def test_what_a_socket_takes(bound: str, address: str, taken: bool | None) -> None:
    """As connect(2) finds it; None: either, by an option of the socket that only its owner can see."""
    assert takes(Listening(protocol="tcp", address=bound, port=80), "tcp", address, 80) is taken
    assert takes(Listening(protocol="tcp", address=bound, port=80), "tcp", address, 81) is False
    assert taken is not None or [connects(option) for option in (0, 1)] == [True, False]


def connects(only_ipv6: int) -> bool:
    """Whether a socket at [::] takes a connection of IPv4."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with socket.socket(socket.AF_INET6) as server, socket.socket() as client:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only_ipv6)
        server.bind(("::", 8081))
        server.listen()
        return client.connect_ex(("127.0.0.1", 8081)) == 0


def test_the_file_of_the_kernel() -> None:
    lines = [
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
        "   0: 0101A8C0:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 77 1 0 100 0 0 10 0",
        "   1: 0101A8C0:0016 0201A8C0:E1D4 01 00000000:00000000 00:00000000 00000000     0        0 78 1 0 20 4 30 10 -1",
    ]
    found = list(parse("tcp", lines))
    assert [(s.port, s.inode) for s in found] == [(22, 77)]
