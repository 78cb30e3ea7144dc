"""A tap: the frames of a namespace's interfaces, with the kernel's timestamps (packet(7), socket(7)).

The kernel clones a frame that an interface sends before it asks a packet socket's filter (dev_queue_xmit_nit() in net/core/dev.c); one that
an interface receives it does not. So a tap sees what is received, and what is sent only where nothing else sees it arrive: see
`agent.journey.wires`.
"""

import errno
import socket
import struct
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from agent.journey.bpf import Program, attach
from agent.linux.sockets import bind
from agent.netlink.wire import grow

_ETH_P_ALL = 0x0003
_SOL_PACKET, _PACKET_AUXDATA, _PACKET_IGNORE_OUTGOING = 263, 8, 23
_PACKET_OUTGOING = 4
SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("=qq")
_AUXDATA = struct.Struct("=IIIHHHH")
_VLAN_VALID = 0x10
"""TP_STATUS_VLAN_VALID of linux/if_packet.h."""
_SNAP = 256
"""Bytes of a frame that are copied."""
_BUFFER = 1 << 20


class Frame(NamedTuple):
    """`at`: CLOCK_REALTIME in ns. `vlan`: the id of a VLAN tag that the kernel has taken off."""

    dev: str
    direction: Literal["in", "out"]
    at: int
    data: bytes
    vlan: int | None


def timestamp(ancillary: Iterable[tuple[int, int, bytes]]) -> int:
    """CLOCK_REALTIME in ns, from what recvmsg(2) returns beside the data; 0: nothing."""
    for level, kind, value in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = _TIMESPEC.unpack_from(value)
            return int(seconds * 1_000_000_000 + nanoseconds)
    return 0


class Tap:
    """Made on a thread that is in the namespace. It sees what any interface receives; with `outgoing` also what they send; with the `index`
    of an interface only what that one sends."""

    def __init__(self, program: Program, index: int = 0, outgoing: bool = False) -> None:
        self._index = index
        # bound only when the filter is on, so that no other frame is ever in the queue
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        try:
            attach(self.socket, program)
            grow(self.socket, _BUFFER)
            self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            self.socket.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
            if not index and not outgoing:
                self.socket.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
            self.socket.setblocking(False)
            self._bind()
        except BaseException:
            self.socket.close()
            raise

    def _bind(self) -> None:
        """To all interfaces: `sll_ifindex` 0, which Python's own bind does not know, or to one."""
        bind(self.socket, struct.pack("=HHiHBB8x", socket.AF_PACKET, socket.htons(_ETH_P_ALL), self._index, 0, 0, 0))

    def read(self) -> Iterator[Frame]:
        """All frames that are in the socket."""
        while True:
            try:
                data, ancillary, _, address = self.socket.recvmsg(_SNAP, 256)
            except BlockingIOError:
                return
            except OSError as e:
                if e.errno == errno.ENETDOWN:  # returned once, when the one interface is set down; frames come again when it is up
                    continue
                raise
            direction: Literal["in", "out"] = "out" if address[2] == _PACKET_OUTGOING else "in"
            if self._index and direction == "in":
                continue
            vlan = None
            for level, kind, value in ancillary:
                if (level, kind) == (_SOL_PACKET, _PACKET_AUXDATA):
                    status, _, _, _, _, tag, _ = _AUXDATA.unpack_from(value)
                    vlan = tag & 0xFFF if status & _VLAN_VALID else None
            yield Frame(address[0], direction, timestamp(ancillary), data, vlan)
