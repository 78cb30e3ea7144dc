"""The probe: one real packet, sent by a socket in the source namespace, and what the kernel reports to that socket."""

import contextlib
import errno
import ipaddress
import socket
import struct
from fcntl import ioctl

from topology.journey.packet import SOLICITATION
from topology.journey.probe import Probe
from topology.journey.request import dns_answer, dns_query, http_answer, http_request
from topology.journey.sighting import SocketResult

_ECHO, _ECHO6 = 8, 128
_ICMP = struct.Struct(">BBHHH")
_IP_MTU_DISCOVER, _PMTU_DONT, _PMTU_DO, _IP_RECVERR = 10, 0, 2, 11
_IPV6_MTU_DISCOVER, _IPV6_DONTFRAG, _IPV6_RECVERR = 23, 62, 25
_ANY_PROTOCOL = 0x0003
"""ETH_P_ALL. A socket for ETH_P_ARP would hear nothing that comes in at a bridge port, which the bridge takes first."""
_SO_MARK, _SO_BINDTODEVICE = 36, 25
_TCP_REPAIR, _TCP_REPAIR_QUEUE, _TCP_QUEUE_SEQ, _SEND_QUEUE = 19, 20, 21, 2
_TCP_SYNCNT = 7
_ETH_P_ARP, _ETH_P_IP = 0x0806, 0x0800
_ARP_REPLY = bytes.fromhex("0001080006040002")
"""How an ARP reply for IPv4 over Ethernet begins (RFC 826)."""
_LONGEST = 65535
_SIOCGIFHWADDR = 0x8927


def _echo(probe: Probe, payload: bytes) -> bytes:
    """An echo request."""
    version6 = probe.family == "ipv6"
    kind, ident = (_ECHO6 if version6 else _ECHO), int(probe.nonce[:4], 16)
    head = _ICMP.pack(kind, 0, 0, ident, 1)
    # the kernel itself fills in ICMPv6's checksum (RFC 3542)
    return _ICMP.pack(kind, 0, 0 if version6 else _checksum(head + payload), ident, 1) + payload


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    data += bytes(len(data) & 1)
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def _solicited(address: str) -> str:
    """The multicast group that a neighbour solicitation goes to (RFC 4291)."""
    low = ipaddress.IPv6Address(address).packed[-3:]
    return str(ipaddress.IPv6Address(bytes.fromhex("ff0200000000000000000001ff") + low))


def _mac(sock: socket.socket, dev: str) -> bytes:
    """The MAC address of an interface (SIOCGIFHWADDR, netdevice(7))."""
    return ioctl(sock, _SIOCGIFHWADDR, struct.pack("16s24x", dev.encode()))[18:24]


class Sender:
    """The socket of one probe. Made on a thread that is in the namespace; `send` and `read` can be called from anywhere."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self._nonce = bytes.fromhex(probe.nonce)
        self._index = socket.if_nametoindex(probe.dev) if probe.dev else 0
        self.connected = False
        """TCP: there is a connection, so that waiting until the socket can be written to says no more."""
        self.socket = self._open()
        try:
            self._options()
            self._mac = _mac(self.socket, probe.dev) if probe.protocol == "arp" else b""
            self.socket.setblocking(False)
        except BaseException:
            self.socket.close()
            raise

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()

    def _open(self) -> socket.socket:
        family = socket.AF_INET6 if self.probe.family == "ipv6" else socket.AF_INET
        match self.probe.protocol:
            case "tcp":
                return socket.socket(family, socket.SOCK_STREAM)
            case "udp":
                return socket.socket(family, socket.SOCK_DGRAM)
            case "arp" if family == socket.AF_INET:
                sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
                sock.bind((self.probe.dev, _ANY_PROTOCOL))
                return sock
        return socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMPV6 if family == socket.AF_INET6 else socket.IPPROTO_ICMP)

    def _options(self) -> None:
        probe, sock = self.probe, self.socket
        if sock.family == socket.AF_PACKET:
            return
        if probe.dev:
            sock.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, probe.dev.encode() + b"\0")
        if probe.mark:
            sock.setsockopt(socket.SOL_SOCKET, _SO_MARK, probe.mark)
        if probe.broadcast:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        level, options = (socket.IPPROTO_IPV6, self._of_ipv6()) if probe.family == "ipv6" else (socket.IPPROTO_IP, self._of_ipv4())
        for option, value in options.items():
            if value is not None:
                sock.setsockopt(level, option, value)
        if probe.source_port or probe.source_address:
            sock.bind(self._at(probe.source_address, probe.source_port))
        if probe.protocol == "tcp":
            self._number()

    def _of_ipv4(self) -> dict[int, int | None]:
        """Options of ip(7); None: as the kernel has it."""
        probe = self.probe
        discover = _PMTU_DO if probe.dont_fragment else _PMTU_DONT
        return {_IP_MTU_DISCOVER: discover, _IP_RECVERR: 1, socket.IP_TTL: probe.ttl, socket.IP_TOS: probe.tos or None}

    def _of_ipv6(self) -> dict[int, int | None]:
        """Options of ipv6(7); None: as the kernel has it."""
        probe = self.probe
        options = {
            _IPV6_MTU_DISCOVER: _PMTU_DO if probe.dont_fragment else _PMTU_DONT, _IPV6_DONTFRAG: 1 if probe.dont_fragment else None,
            _IPV6_RECVERR: 1, socket.IPV6_TCLASS: probe.tos or None,
        }  # fmt: skip
        # neighbour discovery counts only with a hop limit of 255 (RFC 4861)
        return options | ({socket.IPV6_MULTICAST_HOPS: 255} if probe.protocol == "arp" else {socket.IPV6_UNICAST_HOPS: probe.ttl})

    def _at(self, address: str, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
        """An address for the socket. A link-local one belongs to the interface that the probe names."""
        return (address, port, 0, self._index) if self.socket.family == socket.AF_INET6 else (address, port)

    def _number(self) -> None:
        """Choose the initial sequence number: connect(2) then sends the one that was set in repair mode (tcp(7), CRIU)."""
        for option, value in ((_TCP_REPAIR, 1), (_TCP_REPAIR_QUEUE, _SEND_QUEUE), (_TCP_QUEUE_SEQ, self.probe.sequence), (_TCP_REPAIR, 0)):
            self.socket.setsockopt(socket.IPPROTO_TCP, option, struct.pack("=I", value))
        self.socket.setsockopt(socket.IPPROTO_TCP, _TCP_SYNCNT, 1)

    # ---- sending -----------------------------------------------------------------------------------------------------

    def send(self) -> SocketResult:
        """Send it: `sent`, or `refused` with the error that the kernel returns at once."""
        try:
            self._send()
        except BlockingIOError:
            pass  # connect(2) goes on
        except OSError as e:
            return self._result("refused", e.errno or 0)
        return self._result("sent")

    def _result(self, event: str, number: int = 0, by: str = "", text: str = "") -> SocketResult:
        return SocketResult(ns=self.probe.namespace, event=event, errno=number, by=by, text=text)  # type: ignore[arg-type]  # one of four words

    def _send(self) -> None:
        probe = self.probe
        payload = (self._nonce + bytes(max(0, probe.size - len(self._nonce))))[:_LONGEST]
        where = self._at(probe.address, probe.to_port)
        if probe.protocol == "tcp":
            self.socket.connect(where)
        elif probe.protocol == "udp":
            self.socket.connect(where)
            self.socket.send(dns_query(probe) if probe.request == "dns" else payload)
        elif probe.protocol == "icmp":
            self.socket.sendto(_echo(probe, payload), self._at(probe.address, 0))
        elif probe.family == "ipv4":
            self.socket.sendto(self._arp(), (probe.dev, _ETH_P_ARP, 0, 1, b"\xff" * 6))
        else:
            self._solicit()

    def _arp(self) -> bytes:
        """An ARP request (RFC 826), without the Ethernet header."""
        head = struct.pack(">HHBBH", 1, _ETH_P_IP, 6, 4, 1)
        return head + self._mac + socket.inet_aton(self.probe.sender) + bytes(6) + socket.inet_aton(self.probe.address)

    def _solicit(self) -> None:
        """Send a neighbour solicitation."""
        # without its source link-layer address option (1, RFC 4861) nobody answers a solicitation
        option = bytes([1, 1]) + self._mac
        body = struct.pack(">BBHI", SOLICITATION, 0, 0, 0) + socket.inet_pton(socket.AF_INET6, self.probe.address) + option
        self.socket.sendto(body, (_solicited(self.probe.address), 0, 0, self._index))

    # ---- the answer --------------------------------------------------------------------------------------------------

    def read(self) -> SocketResult | None:
        """What the kernel has reported to the socket since; None: nothing about the probe."""
        failed = self._failed()
        if failed is not None:
            return failed
        if self.probe.protocol == "tcp" and not self.connected:
            return self._connection()
        try:
            return self._answer()
        except BlockingIOError:
            return None
        except OSError as e:
            return self._result("refused", e.errno or 0)

    def _connection(self) -> SocketResult | None:
        """That there is a connection; the request, if there is one, is sent then."""
        try:
            self.socket.getpeername()
        except OSError:
            return None
        self.connected = True
        if not self.probe.request:
            return self._result("answered")
        self.socket.send(http_request(self.probe))
        return self._result("connected")

    def _answer(self) -> SocketResult:
        """The first thing that came and answers the probe. Raises BlockingIOError: nothing yet; OSError."""
        while True:
            data = self.socket.recv(2048)
            if self.probe.request == "http":
                return self._result("answered", text=http_answer(data))
            if self.probe.request == "dns" and data[:2] == self._nonce[:2]:
                return self._result("answered", text=dns_answer(data))
            if not self.probe.request and (self.probe.protocol == "udp" or self._reply(data)):
                return self._result("answered")

    def _failed(self) -> SocketResult | None:
        """The error queue (IP_RECVERR, ip(7)), then SO_ERROR."""
        with contextlib.suppress(OSError):
            _, ancillary, _, _ = self.socket.recvmsg(512, 512, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
            for _, _, value in ancillary:
                number, origin = struct.unpack_from("=IB", value)
                by = self._offender(value[16:]) if origin in (2, 3) else ""
                return self._result("refused", number, by)
        number = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return self._result("refused", number) if number not in (0, errno.EINPROGRESS) else None

    def _offender(self, address: bytes) -> str:
        """The address in SO_EE_OFFENDER: who sent the ICMP error."""
        family = struct.unpack_from("=H", address)[0] if len(address) >= 8 else 0
        if family == socket.AF_INET:
            return socket.inet_ntoa(address[4:8])
        return socket.inet_ntop(socket.AF_INET6, address[8:24]) if family == socket.AF_INET6 else ""

    def _reply(self, data: bytes) -> bool:
        """Whether what a raw socket received is the answer to this probe."""
        if self.probe.protocol == "arp":
            if self.probe.family == "ipv6":
                return data[:1] == b"\x88" and data[8:24] == socket.inet_pton(socket.AF_INET6, self.probe.address)
            return data[:8] == _ARP_REPLY and data[14:18] == socket.inet_aton(self.probe.address)
        if self.probe.family == "ipv6":
            return data[:1] == bytes([129]) and data[8:16] == self._nonce
        at = (data[0] & 15) * 4
        return data[at : at + 1] == b"\0" and data[at + 8 : at + 16] == self._nonce
