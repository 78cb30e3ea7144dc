"""Closing a websocket whose connection has ended meanwhile is no failure: the thread that writes checks first, and closes afterwards."""

import socket
import struct
from collections.abc import Iterator

import pytest
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import CloseConnection

from server.web.backpressure import Websocket


class Ended(Websocket):
    """One that has shaken hands; no thread reads it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock, self.ws, self.connected = sock, Connection(ConnectionType.SERVER), True
        self.close_reason = self.close_message = None


@pytest.fixture
def pair() -> Iterator[tuple[Ended, socket.socket]]:
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    accepted = listener.accept()[0]
    listener.close()
    yield Ended(accepted), client
    accepted.close()
    client.close()


def test_a_client_that_is_there_is_told(pair: tuple[Ended, socket.socket]) -> None:
    ended, client = pair
    ended.close()
    assert not ended.connected
    assert client.recv(9) == b"\x88\x02" + struct.pack("!H", 1000)


def test_its_reader_has_closed_it(pair: tuple[Ended, socket.socket]) -> None:
    ended, _ = pair
    ended.sock.close()
    ended.close()
    assert not ended.connected


def test_its_client_has_reset_it(pair: tuple[Ended, socket.socket]) -> None:
    ended, client = pair
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    ended.close()
    assert not ended.connected


def test_its_reader_has_seen_the_end(pair: tuple[Ended, socket.socket]) -> None:
    ended, _ = pair
    ended.connected = False
    ended.close()
    assert not ended.connected


def test_its_reader_has_answered_the_close(pair: tuple[Ended, socket.socket]) -> None:
    ended, _ = pair
    ended.ws.receive_data(Connection(ConnectionType.CLIENT).send(CloseConnection(1000)))
    for event in ended.ws.events():
        ended.ws.send(event.response())
    ended.close()
    assert not ended.connected
