"""Netlink messages (netlink(7), rtnetlink(7)), packed and unpacked with `struct`, and sockets that send many at once.

    batch = Batch()
    batch.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfo(0))
    batch.text(IFLA_IFNAME, "br0")
    at = batch.nest(IFLA_LINKINFO)
    batch.text(IFLA_INFO_KIND, "bridge")
    batch.close(at)
    batch.end()
    refusals = Channel().request(batch)     # one entry per message, None where the kernel did it

The kernel does the messages of a batch in order and **does not stop** at one that it refuses. Only the last message of a batch asks for an
acknowledgement: refusals are sent in any case, and the kernel answers in order, so this one says that the rest was done.
"""

import errno
import os
import socket
import struct
import threading
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

# linux/netlink.h
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP_INTR = 0x1, 0x4, 0x10
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE, NLM_F_APPEND = 0x100, 0x200, 0x400, 0x800
NLM_F_DUMP = 0x300
_NLM_F_CAPPED, _NLM_F_ACK_TLVS = 0x100, 0x200
_NLMSGERR_ATTR_MSG = 1
NLA_F_NESTED = 0x8000
_NLA_TYPE = 0x3FFF
SOL_NETLINK = 270
NETLINK_ADD_MEMBERSHIP, NETLINK_LISTEN_ALL_NSID = 1, 8
_NETLINK_CAP_ACK, _NETLINK_EXT_ACK, _NETLINK_GET_STRICT_CHK = 10, 11, 12
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 32, 33

NLMSGHDR = struct.Struct("=IHHII")
_ATTR = struct.Struct("=HH")
_U8, _U16, _U32, _S32, _BE16 = (struct.Struct(f) for f in ("=B", "=H", "=I", "=i", ">H"))
_IFINFO, _IFADDR, _RT, _ND = (struct.Struct(f) for f in ("=BxHiII", "=BBBBI", "=BBBBBBBBI", "=BxxxiHBB"))
_PAD = (b"", b"\0\0\0", b"\0\0", b"\0")
_DUMP_ATTEMPTS = 100
RECEIVE = 1 << 16
"""Bytes given to each recv(2). The kernel makes parts of a dump as large as that, up to 32 KiB; more would cost an mmap(2) each time."""


def ifinfo(index: int = 0, *, family: int = 0, flags: int = 0, change: int = 0, device: int = 0) -> bytes:
    """`struct ifinfomsg`, the head of RTM_…LINK."""
    return _IFINFO.pack(family, device, index, flags, change)


def ifaddr(family: int, prefix: int = 0, *, flags: int = 0, scope: int = 0, index: int = 0) -> bytes:
    """`struct ifaddrmsg`, the head of RTM_…ADDR."""
    return _IFADDR.pack(family, prefix, flags, scope, index)


def rtmsg(family: int, prefix: int = 0, *, table: int = 0, protocol: int = 0, scope: int = 0, kind: int = 0, flags: int = 0) -> bytes:
    """`struct rtmsg`, the head of RTM_…ROUTE. A table above 255 goes in RTA_TABLE."""
    return _RT.pack(family, prefix, 0, 0, table if table < 256 else 0, protocol, scope, kind, flags)


def ndmsg(family: int, index: int = 0, *, state: int = 0, flags: int = 0, kind: int = 0) -> bytes:
    """`struct ndmsg`, the head of RTM_…NEIGH."""
    return _ND.pack(family, index, state, flags, kind)


def attribute(kind: int, data: bytes) -> bytes:
    """One attribute, packed and padded."""
    return _ATTR.pack(len(data) + 4, kind) + data + _PAD[len(data) & 3]


def attribute_u32(kind: int, value: int) -> bytes:
    """One attribute that is a u32, packed."""
    return attribute(kind, _U32.pack(value))


class Refusal(NamedTuple):
    """Why the kernel refused a message: `errno` (positive), and the text of its extended acknowledgement, if any."""

    errno: int
    extack: str = ""

    @property
    def message(self) -> str:
        """The kernel's text, else that of strerror(3)."""
        return self.extack or os.strerror(self.errno)


class NetlinkError(OSError):
    """The kernel refused a request that is not expected to be refused."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.errno, refusal.message)
        self.refusal = refusal


class Batch:
    """Messages in one buffer. The attributes of a message are put between `begin` and `end`; `nest` … `close` may be nested."""

    __slots__ = ("_starts", "buffer")

    def __init__(self) -> None:
        self.buffer = bytearray()
        self._starts: list[int] = []

    def __len__(self) -> int:
        return len(self._starts)

    def begin(self, kind: int, flags: int, head: bytes) -> None:
        """Start a message. NLM_F_REQUEST is added here, NLM_F_ACK by `Channel`."""
        self._starts.append(len(self.buffer))
        self.buffer += NLMSGHDR.pack(0, kind, flags | NLM_F_REQUEST, 0, 0)
        self.buffer += head
        self.buffer += _PAD[len(head) & 3]

    def end(self) -> None:
        """End the message."""
        start = self._starts[-1]
        _U32.pack_into(self.buffer, start, len(self.buffer) - start)

    def add(self, message: bytes) -> None:
        """A whole message that was packed before."""
        self._starts.append(len(self.buffer))
        self.buffer += message

    def put(self, attribute: int, data: bytes) -> None:
        """An attribute with these bytes."""
        self.buffer += _ATTR.pack(len(data) + 4, attribute) + data + _PAD[len(data) & 3]

    def add_attributes(self, packed: bytes) -> None:
        """Attributes that were packed elsewhere."""
        self.buffer += packed

    def cut(self, count: int) -> None:
        """Keep the first `count` messages, and drop the rest, of which the last may be unfinished."""
        del self.buffer[self._starts[count] if count < len(self._starts) else len(self.buffer) :]
        del self._starts[count:]

    def text(self, attribute: int, value: str) -> None:
        """An attribute that is a string, with its NUL."""
        self.put(attribute, value.encode() + b"\0")

    def u8(self, attribute: int, value: int) -> None:
        """An attribute that is a u8."""
        self.put(attribute, _U8.pack(value))

    def u16(self, attribute: int, value: int) -> None:
        """An attribute that is a u16."""
        self.put(attribute, _U16.pack(value))

    def u32(self, attribute: int, value: int) -> None:
        """An attribute that is a u32."""
        self.put(attribute, _U32.pack(value))

    def s32(self, attribute: int, value: int) -> None:
        """An attribute that is an s32."""
        self.put(attribute, _S32.pack(value))

    def be16(self, attribute: int, value: int) -> None:
        """An attribute that is a u16 in network byte order."""
        self.put(attribute, _BE16.pack(value))

    def nest(self, attribute: int, head: bytes = b"") -> int:
        """Start an attribute that holds others, after `head`. Pass what it returns to `close`."""
        at = len(self.buffer)
        self.buffer += _ATTR.pack(0, attribute | NLA_F_NESTED)
        self.buffer += head
        return at

    def close(self, at: int) -> None:
        """End the attribute that `nest` started at `at`."""
        _U16.pack_into(self.buffer, at, len(self.buffer) - at)

    def messages(self) -> list[tuple[int, int]]:
        """Start and end of each message in the buffer."""
        return list(pairwise([*self._starts, len(self.buffer)]))


def attributes(data: bytes, at: int = 0, end: int | None = None) -> dict[int, bytes]:
    """The attributes in `data[at:end]` by type, without the nested flag. Of a type that is there twice: the last."""
    end = len(data) if end is None else end
    out: dict[int, bytes] = {}
    unpack = _ATTR.unpack_from
    while at + 4 <= end:
        size, kind = unpack(data, at)
        if size < 4:
            break
        out[kind & _NLA_TYPE] = data[at + 4 : at + size]
        at += size + 3 & ~3
    return out


def each_attribute(data: bytes, at: int = 0) -> Iterator[tuple[int, bytes]]:
    """The attributes in order, for lists that hold a type more than once."""
    while at + 4 <= len(data):
        size, kind = _ATTR.unpack_from(data, at)
        if size < 4:
            return
        yield kind & _NLA_TYPE, data[at + 4 : at + size]
        at += size + 3 & ~3


def as_u8(data: bytes) -> int:
    """The value of a u8 attribute."""
    return data[0]


def as_u16(data: bytes) -> int:
    """The value of a u16 attribute."""
    value: int = _U16.unpack_from(data)[0]
    return value


def as_u32(data: bytes) -> int:
    """The value of a u32 attribute."""
    value: int = _U32.unpack_from(data)[0]
    return value


def as_s32(data: bytes) -> int:
    """The value of an s32 attribute."""
    value: int = _S32.unpack_from(data)[0]
    return value


def as_text(data: bytes) -> str:
    """The value of a string attribute, without its NUL; bytes that are no UTF-8 become U+FFFD."""
    return data.rstrip(b"\0").decode("utf-8", "replace")


def split(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """The messages of one datagram: type, flags, sequence number, and what follows `nlmsghdr`."""
    at, unpack = 0, NLMSGHDR.unpack_from
    while at + 16 <= len(data):
        size, kind, flags, sequence, _ = unpack(data, at)
        if size < 16:
            return
        yield kind, flags, sequence, data[at + 16 : at + size]
        at += size + 3 & ~3


def refusal(flags: int, body: bytes) -> Refusal | None:
    """What an NLMSG_ERROR says (or an NLMSG_DONE that carries an error); None for an acknowledgement."""
    code = -as_s32(body)
    if code == 0:
        return None
    extack = ""
    if flags & _NLM_F_ACK_TLVS:
        size = 16 if flags & _NLM_F_CAPPED else as_u32(body[4:8])
        extack = as_text(attributes(body, 4 + (size + 3 & ~3)).get(_NLMSGERR_ATTR_MSG, b""))
    return Refusal(code, extack)


def nsid_of(ancillary: list[tuple[int, int, bytes]]) -> int:
    """In which namespace an event happened, from what recvmsg(2) of a NETLINK_LISTEN_ALL_NSID socket returns beside the data: its nsid in
    the socket's own namespace, -1 for the socket's own namespace."""
    return next((as_s32(data) for level, kind, data in ancillary if (level, kind) == (SOL_NETLINK, NETLINK_LISTEN_ALL_NSID)), -1)


def grow(sock: socket.socket, size: int) -> None:
    """Set the buffers to `size` bytes, or to as many as an unprivileged process may have."""
    for forced, plain in ((_SO_RCVBUFFORCE, socket.SO_RCVBUF), (_SO_SNDBUFFORCE, socket.SO_SNDBUF)):
        try:
            sock.setsockopt(socket.SOL_SOCKET, forced, size)
        except PermissionError:
            sock.setsockopt(socket.SOL_SOCKET, plain, size)


class Channel:
    """One AF_NETLINK socket (rtnetlink) for requests. It belongs for ever to the network namespace of the thread that makes it.

    Threads may share one: their requests are sent one after the other.
    """

    def __init__(self, *, buffer: int = 1 << 22) -> None:
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        grow(self.socket, buffer)
        for option in (_NETLINK_CAP_ACK, _NETLINK_EXT_ACK, _NETLINK_GET_STRICT_CHK):
            self.socket.setsockopt(SOL_NETLINK, option, 1)
        self.socket.bind((0, 0))
        self.socket.settimeout(30)
        # An answer that finds the receive buffer full is lost, so no more are asked for than fit. A small one takes 768 bytes there.
        self._at_once = max(1, min(1024, self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2048))
        self._bytes_at_once = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) // 4
        self._sequence = 0
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()

    def request(self, batch: Batch) -> list[Refusal | None]:
        """Send all messages; for each the refusal, or None where the kernel did it. The kernel goes on after a refusal."""
        return [answer if isinstance(answer, Refusal) else None for answer in self.ask(batch)]

    def ask(self, batch: Batch) -> list[Refusal | bytes | None]:
        """Send all messages (no dumps); for each the refusal, the first answer without `nlmsghdr`, or None: done, without an answer."""
        out: list[Refusal | bytes | None] = []
        chunk: list[tuple[int, int]] = []
        messages = batch.messages()
        for number, (start, end) in enumerate(messages):
            chunk.append((start, end))
            following = messages[number + 1][1] if number + 1 < len(messages) else None
            if following is None or len(chunk) == self._at_once or following - chunk[0][0] > self._bytes_at_once:
                with self._lock:
                    out += self._chunk(batch.buffer, chunk)
                chunk = []
        return out

    def _chunk(self, buffer: bytearray, messages: list[tuple[int, int]]) -> list[Refusal | bytes | None]:
        """Send messages that fit in the buffers, and read all answers."""
        first = self._sequence + 1
        self._sequence += len(messages)
        for sequence, (start, _) in enumerate(messages, first):
            _U32.pack_into(buffer, start + 8, sequence)
        last = messages[-1][0]
        _U16.pack_into(buffer, last + 6, _U16.unpack_from(buffer, last + 6)[0] | NLM_F_ACK)
        self.socket.send(memoryview(buffer)[messages[0][0] : messages[-1][1]])
        out: list[Refusal | bytes | None] = [None] * len(messages)
        while True:
            for kind, flags, sequence, body in split(self.socket.recv(RECEIVE)):
                at = sequence - first
                if at < 0:
                    continue  # late answer to a request that was given up
                if kind != NLMSG_ERROR:
                    out[at] = out[at] or body
                elif (refused := refusal(flags, body)) is not None:
                    out[at] = refused
                if kind == NLMSG_ERROR and at == len(messages) - 1:
                    return out

    def do(self, batch: Batch) -> None:
        """Send messages that are not expected to be refused; raises `NetlinkError` for the first that is."""
        for answer in self.request(batch):
            if answer is not None:
                raise NetlinkError(answer)

    def dump(self, kind: int, head: bytes, attrs: bytes = b"") -> list[tuple[int, bytes]]:
        """All objects that the dump `kind` (RTM_GET…) lists: type and body of each. Raises `NetlinkError`.

        A dump during which its table changed (NLM_F_DUMP_INTR) is asked for again, until it is consistent. Dumps are not sent
        together: most kernels answer EBUSY to one that comes before the last part of the one before was received.
        """
        with self._lock:
            for _ in range(_DUMP_ATTEMPTS):
                found = self._dump(kind, head + attrs)
                if found is not None:
                    return found
        raise NetlinkError(Refusal(errno.EINTR, "Dump was interrupted each time"))

    def _dump(self, kind: int, rest: bytes) -> list[tuple[int, bytes]] | None:
        """None where the dump was interrupted and has to be requested again."""
        self._sequence += 1
        self.socket.send(NLMSGHDR.pack(16 + len(rest), kind, NLM_F_REQUEST | NLM_F_DUMP, self._sequence, 0) + rest)
        out: list[tuple[int, bytes]] = []
        flags_seen = 0
        while True:
            for answer, flags, sequence, body in split(self.socket.recv(RECEIVE)):
                if sequence != self._sequence:
                    continue  # late answer to a request that was given up
                flags_seen |= flags
                if answer not in (NLMSG_ERROR, NLMSG_DONE):
                    out.append((answer, body))
                    continue
                refused = refusal(flags, body)
                if refused is not None and refused.errno not in (errno.EBUSY, errno.EINTR):
                    raise NetlinkError(refused)
                return None if refused is not None or flags_seen & NLM_F_DUMP_INTR else out
