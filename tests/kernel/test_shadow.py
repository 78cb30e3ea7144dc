"""A rule that is marked as one that can never match counts no packet, whatever is sent."""

import socket
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kernel.test_apply import Kernel, with_kernel
from topology.journey.shadow import never
from topology.model.netfilter import DRIVERS, Driver
from topology.model.records import Namespace, as_records
from topology.observe import listing

MATCHES = (
    "", "-m mark --mark 0x1", "-m mark ! --mark 0x1", "-p udp", "-p udp -m udp --dport 1000", "-p udp -m udp --dport 1000:2000", "! -p udp",
    "-s 127.0.0.1", "-s 127.0.0.0/8", "-d 0.0.0.2/0.0.0.255", "! -d 0.0.0.2/0.0.0.255", "-d 0.0.0.0/0.0.0.252", "-d 127.0.0.2", "-o lo",
    "-m conntrack --ctstate NEW", "-m conntrack --ctstate NEW,UNTRACKED", "-m multiport -p udp --dports 1000,1001",
    "-m addrtype --dst-type LOCAL", "-m comment --comment x", "-m statistic --mode nth --every 2 --packet 0",
)  # fmt: skip
TARGETS = (
    "-j ACCEPT", "-j RETURN", "-j LOG", "", "-j MARK --set-mark 1", "-j MARK --set-mark 0", "-j CONNMARK --save-mark", "-g other",
    "-j CONNMARK --restore-mark", "-j other", "-j TTL --ttl-set 3", "-j CLASSIFY --set-class 1:1",
)  # fmt: skip


@st.composite
def chains(draw: st.DrawFn) -> list[str]:
    """Rules with few different conditions, so that one often stands in the light of another; the first one ends."""
    pool = draw(st.lists(st.sampled_from(MATCHES), min_size=1, max_size=3))
    rule = st.tuples(st.sampled_from(pool), st.sampled_from(TARGETS)).map(" ".join)
    return [f"{draw(st.sampled_from(pool))} -j ACCEPT", *draw(st.lists(rule, min_size=2, max_size=6))]


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_marked_rule_counts_nothing(driver: Driver) -> None:
    def body(kernel: Kernel) -> None:
        kernel.want(as_records(Namespace(name="host"), Namespace(name="ns0")))
        place, program = kernel.namespaces["ns0"], kernel.filters.driver
        marked = 0

        def send() -> None:
            for port, host in product((999, 1000, 1001, 1500), ("127.0.0.1", "127.0.0.2", "127.0.1.2")):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                    sock.bind(("127.0.0.1", 0))
                    for mark in (0, 1):
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
                        sock.sendto(b"x", (host, port))

        @settings(max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(chains(), chains())
        def check(chain: list[str], other: list[str]) -> None:
            nonlocal marked
            other = [rule for rule in other[1:] if "other" not in rule]
            lines = [*(f"-A OUTPUT {rule}" for rule in chain), *(f"-A other {rule}" for rule in other)]
            text = "\n".join(("*mangle", ":OUTPUT ACCEPT", ":other -", *lines, "COMMIT", ""))
            done = program.restore(place, "ipv4", text, flush=True)
            assert done.code == 0, done
            kernel.look("ns0")
            found = [n for n in never(kernel.observed.records, {}, "ns0") if n.rule]
            kernel.namespaces.visit(place, send)
            listed = next(listing.read(program.save(place, "ipv4", True, "mangle").out, counters=True))
            for note in found:
                marked += 1
                name = note.chain.rpartition("/")[2]
                assert listed.counters[name].rules[note.rule - 1][0] == 0, (note, chain, other)

        kernel.namespaces.visit(place, _lo_up)
        check()
        assert marked > 10

    with_kernel(body, driver)


def _lo_up() -> None:
    import fcntl
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, 0x8914, struct.pack("16sh14x", b"lo", 0x41))  # SIOCSIFFLAGS: IFF_UP | IFF_RUNNING
