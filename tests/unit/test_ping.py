from topology.journey.ping import Note, Parser, Reply, Summary

TEXT = b"""PING 10.0.1.2 (10.0.1.2) 56(84) bytes of data.
64 bytes from 10.0.1.2: icmp_seq=1 ttl=64 time=0.043 ms
From 10.0.1.1 icmp_seq=2 Destination Host Unreachable
no answer yet for icmp_seq=3
64 bytes from fe80::1%veth0: icmp_seq=4 ttl=64 time=12 ms

--- 10.0.1.2 ping statistics ---
4 packets transmitted, 2 received, +1 errors, 50% packet loss, time 3004ms
rtt min/avg/max/mdev = 0.043/0.043/0.043/0.000 ms
ping: sendmsg: Network is unreachable
ping: connect: Network is unreachable"""


def test_lines_in_pieces() -> None:
    parser = Parser()
    found = [line for at in range(0, len(TEXT), 7) for line in parser.feed(TEXT[at : at + 7])] + parser.feed(b"")
    assert found == [
        Reply(1, "10.0.1.2", 64, 64, 0.043),
        Note("From 10.0.1.1: Destination Host Unreachable", 2, True),
        Note("no answer yet", 3, False),
        Reply(4, "fe80::1%veth0", 64, 64, 12.0),
        Summary(4, 2),
        Note("Network is unreachable", None, True),
        Note("Network is unreachable", None, True),
    ]
