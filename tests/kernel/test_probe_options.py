"""Each option of a probe as bytes on the wire: what arrives in the other namespace is what was asked for; requests are answered by real
programs."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.kernel.stage import Stage
from topology.journey.hop import Cause

PAIR = (
    "ip netns add a; ip netns add b",
    "for n in a b; do ip netns exec $n sysctl -qw net.ipv6.conf.default.accept_dad=0; done",
    "ip -n a link add eth0 type veth peer name eth0 netns b",
    "ip -n a addr add 10.0.0.1/24 dev eth0; ip -n a addr add 10.0.0.7/24 dev eth0; ip -n a addr add fd00::1/64 dev eth0 nodad",
    "ip -n b addr add 10.0.0.2/24 dev eth0; ip -n b addr add fd00::2/64 dev eth0 nodad",
    "for n in a b; do ip -n $n link set lo up; ip -n $n link set eth0 up; done",
)
IP4, IP6 = "10.0.0.2", "fd00::2"
_SO_RCVTIMEO = struct.pack("ll", 2, 0)


def inside(stage: Stage, ns: str, make: Any) -> Any:
    netns = stage.namespaces.get(ns)
    assert netns is not None
    return stage.namespaces.visit(netns, make)


@contextmanager
def frames(stage: Stage) -> Iterator[list[bytes]]:
    """What arrives at b, complete when the block has ended."""

    def tap() -> socket.socket:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        sock.bind(("eth0", 3))
        sock.setblocking(False)
        return sock

    sock, out = inside(stage, "b", tap), []
    try:
        yield out
        while True:
            try:
                data, address = sock.recvfrom(70000)
            except BlockingIOError:
                break
            if address[2] != 4:  # PACKET_OUTGOING
                out.append(data)
    finally:
        sock.close()


def first(found: list[bytes], ethertype: int, protocol: int) -> bytes:
    """The IP packet of the first frame of this protocol."""
    at = {0x0800: 9, 0x86DD: 6}[ethertype]
    return next(f[14:] for f in found if f[12:14] == struct.pack(">H", ethertype) and f[14 + at] == protocol)


def sent(stage: Stage, address: str, protocol: str, **asked: Any) -> bytes:
    with frames(stage) as found:
        stage.trace("a", address, protocol=protocol, **asked)
    found = [f for f in found if f[54:55] not in (b"\x87", b"\x88")]  # neighbour discovery
    number = {"icmp": 58 if ":" in address else 1, "udp": 17, "tcp": 6}[protocol]
    return first(found, 0x86DD if ":" in address else 0x0800, number)


@pytest.mark.parametrize("protocol", ["icmp", "udp", "tcp"])
def test_ipv4(protocol: str) -> None:
    with Stage(*PAIR) as stage:
        asked = {"ttl": 9, "tos": 0xB8, "source_address": "10.0.0.7", "dont_fragment": True}
        packet = sent(stage, IP4, protocol, **asked)
        assert (packet[1], packet[8], packet[6] & 0x40, packet[12:16]) == (0xB8, 9, 0x40, bytes([10, 0, 0, 7]))
        assert sent(stage, IP4, protocol)[1] == 0


@pytest.mark.parametrize("protocol", ["icmp", "udp", "tcp"])
def test_ipv6(protocol: str) -> None:
    with Stage(*PAIR) as stage:
        packet = sent(stage, IP6, protocol, ttl=9, tos=0xB8, source_address="fd00::1")
        assert (struct.unpack(">I", packet[:4])[0] >> 20 & 0xFF, packet[7]) == (0xB8, 9)


@pytest.mark.parametrize(("protocol", "ports"), [("udp", 4711), ("tcp", 4712)])
def test_ports(protocol: str, ports: int) -> None:
    with Stage(*PAIR) as stage:
        assert struct.unpack(">HH", sent(stage, IP4, protocol, source_port=ports, port=99)[20:24]) == (ports, 99)


def test_size_and_fragments() -> None:
    with Stage(*PAIR) as stage:
        assert struct.unpack(">H", sent(stage, IP4, "udp", size=100)[2:4])[0] == 128
        with frames(stage) as found:
            journey = stage.trace("a", IP4, size=3000)
        parts = [f[14:] for f in found if f[12:14] == b"\x08\0" and f[23] == 1]
        assert [(struct.unpack(">H", p[6:8])[0] & 0x1FFF) * 8 for p in parts] == [0, 1480, 2960]
        assert journey.verdict.cause == Cause.DELIVERED


def test_too_big_with_dont_fragment() -> None:
    with Stage(*PAIR) as stage:
        with frames(stage) as found:
            journey = stage.trace("a", IP4, size=3000, dont_fragment=True)
        assert journey.verdict.cause == Cause.TOO_BIG
        assert not [f for f in found if f[12:14] == b"\x08\0"]


def test_a_mark_is_met_by_rules() -> None:
    with Stage(*PAIR) as stage:
        stage.shell("ip netns exec a iptables -A OUTPUT -m mark --mark 0x2a -j DROP")
        try:
            assert stage.trace("a", IP4, mark=0x2A, wait=0.5).verdict.cause == Cause.DROPPED_BY_RULE
            assert stage.trace("a", IP4, mark=0x2B).verdict.cause == Cause.DELIVERED
        finally:
            stage.shell("ip netns exec a iptables -F OUTPUT")


def test_broadcast() -> None:
    with Stage(*PAIR) as stage:
        with frames(stage) as found:
            stage.trace("a", "10.0.0.255", protocol="udp", broadcast=True, wait=0.3)
        assert any(f[:6] == b"\xff" * 6 and f[12:14] == b"\x08\0" for f in found)
        with frames(stage) as found:
            journey = stage.trace("a", "10.0.0.255", protocol="udp", wait=0.3)
        assert journey.verdict.cause not in (Cause.DELIVERED, Cause.UNKNOWN)
        assert not [f for f in found if f[12:14] == b"\x08\0"]


def test_arp_from_a_bridge_port() -> None:
    """The answer comes in at the port, and the bridge takes it; the sender hears it all the same."""
    with Stage(*PAIR) as stage:
        stage.shell(
            "ip netns add c; ip -n c link add br0 type bridge; ip -n c link set br0 up; ip -n c addr add 10.9.0.1/24 dev br0",
            "ip netns add d; ip -n c link add p0 type veth peer name eth0 netns d; ip -n c link set p0 master br0 up",
            "ip -n d addr add 10.9.0.2/24 dev eth0; ip -n d link set eth0 up",
        )
        stage.ready()
        journey = stage.trace("c", "10.9.0.2", protocol="arp", dev="p0", sender="10.9.0.1", wait=0.5)
        assert journey.verdict.cause == Cause.DELIVERED, journey.verdict


def answering(stage: Stage, make: Any, answer: Any) -> Iterator[socket.socket]:
    sock = inside(stage, "b", make)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _SO_RCVTIMEO)
    thread = threading.Thread(target=answer, args=(sock,))
    thread.start()
    yield sock
    sock.close()
    thread.join()


def dns(address: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, 53))
    return sock


def web(address: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, 80))
    sock.listen()
    return sock


@pytest.mark.parametrize("address", [IP4, IP6])
def test_a_dns_query_is_answered(address: str) -> None:
    with Stage(*PAIR) as stage:
        kind, data = (1, bytes([10, 0, 0, 9])) if address == IP4 else (28, socket.inet_pton(socket.AF_INET6, "fd00::9"))
        asked: list[bytes] = []

        def answer(sock: socket.socket) -> None:
            query, peer = sock.recvfrom(2000)
            asked.append(query)
            record = b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(data)) + data
            sock.sendto(query[:2] + b"\x81\x80" + query[4:6] + b"\0\1\0\0\0\0" + query[12:] + record, peer)

        for _ in answering(stage, lambda: dns(address), answer):
            journey = stage.trace("a", address, protocol="udp", request="dns", name="www.example.com")
        assert asked[0][12:] == b"\3www\7example\3com\0" + struct.pack(">HH", kind, 1)
        assert journey.answer == ("10.0.0.9" if address == IP4 else "fd00::9")
        assert journey.verdict.cause == Cause.DELIVERED
        assert [h.kind for h in journey.hops if h.namespace == "a"][-1] == "receive"


def test_no_such_name() -> None:
    with Stage(*PAIR) as stage:

        def answer(sock: socket.socket) -> None:
            query, peer = sock.recvfrom(2000)
            sock.sendto(query[:2] + b"\x81\x83" + query[4:], peer)

        for _ in answering(stage, lambda: dns(IP4), answer):
            assert stage.trace("a", IP4, protocol="udp", request="dns", name="nosuch").answer == "NXDOMAIN"


def test_a_dns_server_that_is_silent_or_not_there() -> None:
    with Stage(*PAIR) as stage:
        for _ in answering(stage, lambda: dns(IP4), lambda sock: sock.recvfrom(2000)):
            verdict = stage.trace("a", IP4, protocol="udp", request="dns", name="x", wait=0.4).verdict
            assert (verdict.cause, verdict.note) == (Cause.NO_ANSWER, "the request arrived, and was not answered")
        assert stage.trace("a", IP4, protocol="udp", request="dns", name="x").verdict.cause == Cause.NOBODY_LISTENS


@pytest.mark.parametrize("address", [IP4, IP6])
def test_an_http_request_is_answered(address: str) -> None:
    with Stage(*PAIR) as stage:
        asked: list[bytes] = []

        def answer(sock: socket.socket) -> None:
            peer, _ = sock.accept()
            asked.append(peer.recv(2000))
            peer.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n")
            peer.close()

        for _ in answering(stage, lambda: web(address), answer):
            journey = stage.trace("a", address, protocol="tcp", request="http", name="/x?y")
        host = b"[fd00::2]" if address == IP6 else b"10.0.0.2"
        assert asked[0].startswith(b"GET /x?y HTTP/1.1\r\nHost: " + host + b"\r\n")
        assert (journey.answer, journey.verdict.cause) == ("HTTP/1.0 404 Not Found", Cause.DELIVERED)


def test_a_web_server_that_takes_the_connection_and_says_nothing() -> None:
    with Stage(*PAIR) as stage:
        taken: list[socket.socket] = []
        for _ in answering(stage, lambda: web(IP4), lambda sock: taken.append(sock.accept()[0])):
            verdict = stage.trace("a", IP4, protocol="tcp", request="http", wait=0.4).verdict
            assert (verdict.cause, verdict.note) == (Cause.NO_ANSWER, "the connection was made, and the request was not answered")
            taken[0].close()
        for _ in answering(stage, lambda: web(IP4), lambda sock: sock.accept()[0].recv(2000)):
            verdict = stage.trace("a", IP4, protocol="tcp", request="http").verdict
            assert (verdict.cause, verdict.note) == (Cause.NO_ANSWER, "the connection was made, and closed without an answer")
        assert stage.trace("a", IP4, protocol="tcp", request="http").verdict.cause == Cause.NOBODY_LISTENS
