"""The machine's IPv4 addresses, which no lab may reach, as they come and go (rtnetlink(7))."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

from agent.netlink.decode_ip import RTM_GETADDR, address
from agent.netlink.wire import RECEIVE, Channel, ifaddr
from topology.model import ids

_RTMGRP_IPV4_IFADDR = 0x10


class Addresses:
    """Of the network namespace of the thread that makes it, on a running loop. `on_change` is called on the loop when others may be there,
    and once soon after it was made."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._channel = Channel()
        self._events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
        self._events.bind((0, _RTMGRP_IPV4_IFADDR))
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._events, self._on_events)
        self._loop.call_soon(on_change)

    def close(self) -> None:
        """Report no more changes."""
        self._loop.remove_reader(self._events)
        self._events.close()
        self._channel.close()

    def now(self) -> tuple[str, ...]:
        """The addresses, without their prefix lengths."""
        facts = (address("", body) for _, body in self._channel.dump(RTM_GETADDR, ifaddr(socket.AF_INET)))
        return tuple(sorted({ids.ip_of(fact.address) for fact in facts}))

    def _on_events(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):  # ENOBUFS: some were lost, and all is read anew in any case
            while self._events.recv(RECEIVE):
                pass
        self._on_change()
