"""Who has no token takes little: no memory by frames without an end, no threads by half requests, no connection for ever."""

import base64
import contextlib
import os
import resource
import socket
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.client import Client
from protocol.public import Edit, ListLabs
from tests.support import Stack, eventually
from topology.edit.commands import AddNamespace
from topology.model.problems import ProblemError


def connect(stack: Stack) -> socket.socket:
    return socket.create_connection(("127.0.0.1", stack.port), 10)


def websocket(stack: Stack) -> socket.socket:
    """After the handshake (RFC 6455); without a login."""
    sock = connect(stack)
    key = base64.b64encode(os.urandom(16)).decode()
    sock.sendall(
        f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{stack.port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert sock.recv(4096).startswith(b"HTTP/1.1 101")
    return sock


def frame(opcode: int, size: int, last: bool = False) -> bytes:
    """With a mask of zeros."""
    return bytes([opcode | (0x80 if last else 0), 0xFF]) + size.to_bytes(8, "big") + b"\0\0\0\0" + b"4" * size


def is_closed(sock: socket.socket) -> bool:
    """Reads what there is."""
    sock.settimeout(0.2)
    try:
        while sock.recv(65536):
            pass
        return True
    except TimeoutError:
        return False
    except OSError:
        return True


def memory(stack: Stack) -> int:
    """Bytes of the server."""
    status = Path(f"/proc/{stack.child('server')}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) << 10


def refused(stack: Stack, reason: str) -> float:
    with urllib.request.urlopen(f"{stack.url}/metrics", timeout=20) as response:
        for line in response.read().decode().splitlines():
            if line.startswith(f'vethboard_refused_connections_total{{reason="{reason}"}}'):
                return float(line.split()[-1])
    raise AssertionError(reason)


@pytest.mark.machine
def test_frames_without_an_end(stack: Stack) -> None:
    before, counted = memory(stack), refused(stack, "size")
    sock = websocket(stack)
    sent = 0
    with contextlib.suppress(OSError):
        sock.sendall(frame(1, 1 << 16))
        for _ in range(500):
            sock.sendall(frame(0, 1 << 20))
            sent += 1 << 20
    eventually(lambda: is_closed(sock))
    assert sent < 200 << 20
    assert memory(stack) < before + (64 << 20)
    eventually(lambda: refused(stack, "size") > counted)
    sock.close()


NONSENSE = (b"\x81\x82\0\0\0\0\xff\xff", b"\x01\x81\0\0\0\0\xff\x80\x81\0\0\0\0\xff", b"\x83\x80\0\0\0\0", b"\xff\xff" * 50)


@pytest.mark.parametrize("data", NONSENSE, ids=map(str, range(4)))
def test_frames_that_cannot_be(stack: Stack, data: bytes) -> None:
    sock = websocket(stack)
    sock.sendall(data)
    eventually(lambda: is_closed(sock))
    sock.close()


@pytest.fixture
def small() -> Iterator[Stack]:
    """A Vethboard that may open few files."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, limit[1]))
    try:
        stack = Stack()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)
    yield stack
    stack.close()


@pytest.mark.machine
def test_half_requests_leave_room_for_those_who_are_there(small: Stack) -> None:
    small.cli("new", "one")
    with small.client() as client:
        half = []
        for _ in range(600):
            with contextlib.suppress(OSError):
                sock = connect(small)
                sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Half: ")
                half.append(sock)
        assert client.request(ListLabs(id="1"))
        threads = int(Path(f"/proc/{small.child('server')}/status").read_text().split("Threads:")[1].split()[0])
        assert threads < 256
        client.request(Edit(id="2", lab="one", commands=(AddNamespace(name="still"),)))
        eventually(lambda: refusing(small), 60)
        for sock in half:
            sock.close()
    assert refused(small, "total") > 0


def refusing(stack: Stack) -> bool:
    """Half requests have come to their end: others are served again."""
    with contextlib.suppress(OSError, ProblemError), Client(stack.url, stack.token) as client:
        return bool(client.request(ListLabs(id="3")))
    return False


def test_who_does_not_log_in_is_cut_off(stack: Stack) -> None:
    sock, began = websocket(stack), time.monotonic()
    eventually(lambda: is_closed(sock), 40)
    assert time.monotonic() - began > 5
    sock.close()


def test_who_has_logged_in_may_be_silent(stack: Stack) -> None:
    with stack.client() as client:
        time.sleep(25)  # longer than a login may take
        assert client.request(ListLabs(id="1"))
