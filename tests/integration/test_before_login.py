"""Who has no token takes little: no memory by frames without an end, no threads by half requests, no connection for ever."""

import base64
import contextlib
import json
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


def text_frame(data: bytes) -> bytes:
    """A whole text message of less than 64 KB, with a mask of zeros."""
    head = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0x80 | 126]) + len(data).to_bytes(2, "big")
    return b"\x81" + head + b"\0\0\0\0" + data


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


@pytest.mark.machine
def test_a_newcomer_gets_the_place_of_who_has_waited_longest(small: Stack) -> None:
    """While half requests take every place there is, and more of them than there are places."""
    half = []
    try:
        for _ in range(300):
            sock = connect(small)
            sock.sendall(b"GET / HTTP/1.1\r\nX-Half: ")
            half.append(sock)
        with small.client() as client:
            assert client.request(ListLabs(id="1"))
    finally:
        for sock in half:
            sock.close()
    assert refused(small, "total") > 0


def test_a_head_that_is_too_long_is_cut_off(stack: Stack) -> None:
    counted = refused(stack, "size")
    sock = connect(stack)
    with contextlib.suppress(OSError):
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        for number in range(90):
            sock.sendall(b"Cookie: a%d=" % number + b"b" * 60_000 + b"\r\n")
    eventually(lambda: is_closed(sock))
    sock.close()
    assert refused(stack, "size") == counted + 1


def test_a_head_that_comes_drop_by_drop_is_cut_off(stack: Stack) -> None:
    counted, sock = refused(stack, "time"), connect(stack)
    sock.sendall(b"GET / HTTP/1.1\r\nX: ")

    def is_over() -> bool:
        with contextlib.suppress(OSError):
            sock.sendall(b"y")
        return is_closed(sock)

    eventually(is_over, 60)
    sock.close()
    assert refused(stack, "time") > counted


@pytest.mark.machine
def test_a_body_that_nobody_wants_is_not_kept(stack: Stack) -> None:
    before, socks = memory(stack), []
    for _ in range(20):
        sock = connect(stack)
        sock.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 90000000\r\n\r\n")
        socks.append(sock)
        sock.settimeout(1)
        with contextlib.suppress(OSError):
            for _ in range(8):
                sock.sendall(b"x" * (1 << 20))
    assert memory(stack) < before + (64 << 20)
    for sock in socks:
        sock.close()


def test_a_body_in_chunks_is_refused(stack: Stack, lab: str) -> None:
    sock = connect(stack)
    head = f"PUT /labs/{lab}/files/host/x HTTP/1.1\r\nHost: 127.0.0.1:{stack.port}\r\nCookie: vethboard-{stack.port}={stack.token}\r\n"
    sock.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
    assert b" 413 " in sock.recv(4096)
    sock.close()


@pytest.mark.parametrize("transport", ["polling", "webtransport", ""])
def test_there_is_no_other_transport(stack: Stack, transport: str) -> None:
    sock = connect(stack)
    sock.sendall(f"GET /socket.io/?EIO=4&transport={transport} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert b" 400 " in sock.recv(4096)
    sock.close()


def test_compression_is_not_offered(stack: Stack) -> None:
    sock = connect(stack)
    sock.sendall(
        f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{stack.port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n".encode()
    )
    answer = sock.recv(4096)
    assert answer.startswith(b"HTTP/1.1 101")
    assert b"deflate" not in answer.lower()
    sock.close()


def test_a_connection_has_three_tries(stack: Stack) -> None:
    sock = websocket(stack)
    with contextlib.suppress(OSError):
        for _ in range(5):
            sock.sendall(text_frame(b'40{"token":"wrong"}'))
    eventually(lambda: is_closed(sock))
    sock.close()


@pytest.mark.machine
def test_a_connection_has_one_session(stack: Stack) -> None:
    sock = websocket(stack)
    for _ in range(5):
        sock.sendall(text_frame(b'40{"token":"%s"}' % stack.token.encode()))
    eventually(lambda: counted(stack, 'vethboard_clients{role="admin"}') == 1)
    sock.close()
    eventually(lambda: counted(stack, 'vethboard_clients{role="admin"}') == 0)


@pytest.mark.machine
def test_attachments_without_end_are_no_packet(stack: Stack) -> None:
    before, sock = memory(stack), websocket(stack)
    sock.sendall(text_frame(b'40{"token":"%s"}' % stack.token.encode()))
    with contextlib.suppress(OSError):
        sock.sendall(text_frame(b'4599999-["terminal"]'))
        for _ in range(200):
            sock.sendall(frame(2, 1 << 20, last=True))
    eventually(lambda: is_closed(sock))
    assert memory(stack) < before + (64 << 20)
    sock.close()


@pytest.mark.machine
def test_answers_that_nobody_reads_do_not_pile_up(stack: Stack, lab: str) -> None:
    """A large document is asked for again and again on a connection that is not read: it is cut off, and that is counted."""
    document = {"vethboard": 1, "namespaces": {"host": {}}, "notes": {f"n{i}": {"at": [i, i], "text": "x" * 10_000} for i in range(100)}}
    stack.cli("apply", lab, "-", input=json.dumps(document))
    before, sock = memory(stack), websocket(stack)
    sock.sendall(text_frame(b'40{"token":"%s"}' % stack.token.encode()))
    sock.settimeout(2)
    with contextlib.suppress(OSError):
        for number in range(3000):
            request = json.dumps({"type": "export", "id": str(number), "lab": lab})
            sock.sendall(text_frame(b"42" + json.dumps(["request", request]).encode()))
            if number % 10 == 0:
                time.sleep(0.02)
    eventually(lambda: counted(stack, "vethboard_slow_clients_total") > 0, 30)
    assert memory(stack) < before + (200 << 20)
    sock.close()


def counted(stack: Stack, name: str) -> float:
    with urllib.request.urlopen(f"{stack.url}/metrics", timeout=20) as response:
        return next(float(line.split()[-1]) for line in response.read().decode().splitlines() if line.startswith(name))


def test_who_does_not_log_in_is_cut_off(stack: Stack) -> None:
    sock, began = websocket(stack), time.monotonic()
    eventually(lambda: is_closed(sock), 40)
    assert time.monotonic() - began > 5
    sock.close()


def test_who_has_logged_in_may_be_silent(stack: Stack) -> None:
    with stack.client() as client:
        time.sleep(25)  # longer than a login may take
        assert client.request(ListLabs(id="1"))
