"""The kernel's timestamps on packets. The kernel switches them on a moment after the first socket has asked for them
(net_enable_timestamp() leaves it to a work queue); until then a socket that wants one gets the time at which it was read, which says
nothing about the order of packets."""

import contextlib
import socket
import time

from agent.journey.taps import SO_TIMESTAMPNS, timestamp

_PAUSE = 0.0002
_ATTEMPTS = 100


def await_timestamps() -> None:
    """Wait until packets carry the time of their arrival; the taps have asked for it already. On a thread in a namespace whose lo is up."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(1)
        for _ in range(_ATTEMPTS):
            sock.sendto(b"?", sock.getsockname())
            time.sleep(_PAUSE)
            before = time.time_ns()
            _, ancillary, _, _ = sock.recvmsg(1, 64)
            if timestamp(ancillary) < before:
                return
