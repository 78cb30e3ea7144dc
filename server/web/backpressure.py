"""A WebSocket that is read no faster than its messages are handled.

simple-websocket reads on a thread of its own into a list without bound: a client that floods it fills the memory, and its messages are
decoded at full speed while nobody handles them. Here that thread stops reading while messages wait; TCP then makes the client wait.
"""

import contextlib
import socket as sockets
import time
from collections.abc import Callable
from typing import Any

import simple_websocket
from engineio.async_drivers._websocket_wsgi import SimpleWebSocketWSGI
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from logs import failure
from protocol.limits import MAX_REQUEST_BYTES
from server.throttle import Meter
from server.web.visitors import KEY as VISITOR
from server.web.visitors import Visitor

MAX_WAITING = 32
"""Messages that may wait to be handled before reading stops."""

MAX_WAITING_BYTES = 1 << 20
"""Of all messages that wait; one more may be read, however long."""

MESSAGE_SECONDS = 60.0
"""How long one message may take from its first byte to its last."""

LOGIN_SECONDS, LOGIN_BYTES = 20.0, 64 << 10
"""How long a client may take to log in, and the longest message until then."""

KEY = "vethboard.websocket"
"""Where the WSGI environment has the websocket."""

_POLL_SECONDS = 0.01
_READ_BYTES, _READ_BYTES_BEFORE_LOGIN = 64 << 10, 4 << 10
"""Read at once: what is in it is handled without a pause."""


class _Socket:
    """A socket whose timeout counts only until `is_patient`: a `recv` that has begun keeps the timeout of then."""

    def __init__(self, sock: Any) -> None:
        self._sock, self.is_patient = sock, False

    def recv(self, count: int) -> bytes:
        """As `socket.recv`."""
        while True:
            try:
                return bytes(self._sock.recv(count))
            except TimeoutError:
                if not self.is_patient:
                    raise

    def send(self, data: bytes) -> None:
        """All of it: with a timeout `socket.send` may send a part."""
        self._sock.sendall(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class Websocket(simple_websocket.Server):  # type: ignore[misc]  # it ships no types
    """`login_until`: when a client must have logged in, in monotonic seconds; None: it has. `on_refused`: called with why it is cut off.
    `visitor`: whose processor time it uses."""

    connected: bool

    def __init__(
        self, environ: dict[str, Any], visitor: Visitor, login_until: float, on_refused: Callable[[str], None], **more: Any
    ) -> None:
        self.visitor, self.on_refused = visitor, on_refused  # first: the thread begins in what follows
        self.login_until: float | None = login_until
        self._meter: Meter | None = None
        self._attempts = 0
        self._message_until: float | None = None
        super().__init__(environ, **more)

    def receive(self, timeout: float | None = None) -> Any:
        """The next message, for its thread. What the one before has cost is reported, and waited for."""
        self.visitor.pace()
        return super().receive(timeout)

    def may_log_in(self, most: int) -> bool:
        """Whether this connection may try: it has no session, and has not tried so often."""
        self._attempts += 1
        return self.login_until is not None and self._attempts <= most

    def break_off(self) -> bool:
        """End the connection at once, also where the client takes nothing more. Whether it was still there."""
        going = bool(self.connected)
        self.connected = False
        self.event.set()
        with contextlib.suppress(OSError):
            self.sock.shutdown(sockets.SHUT_RDWR)  # wakes the threads that read and write
        return going

    def close(self, reason: int | None = None, message: str | None = None) -> None:
        """Tell the client, and end. That the reading thread or the client has ended it in the same moment is no failure."""
        try:
            super().close(reason, message)
        except (simple_websocket.ConnectionClosed, LocalProtocolError, OSError):
            self.connected = False

    def logged_in(self) -> None:
        """The client has shown a valid token: it may send long messages, and stay."""
        self.login_until = None
        self.max_message_size, self.receive_bytes = MAX_REQUEST_BYTES, _READ_BYTES
        self.sock.is_patient = True
        self.sock.settimeout(None)

    def _thread(self) -> None:
        """Reads until the end. Whatever the library does not expect (bytes that are no UTF-8, a frame that cannot be) ends the connection;
        else nobody would read it, and its other thread would wait for ever."""
        try:
            super()._thread()
        except (RemoteProtocolError, UnicodeDecodeError):
            pass
        except Exception as e:
            failure(e, "reading a websocket; its connection is closed")
        finally:
            self._end()
        if self.login_until is not None and time.monotonic() >= self.login_until:
            self.on_refused("time")

    def _end(self) -> None:
        """Wake who waits for a message: the library itself may do so before `connected` is false, and then it is waited for ever."""
        self.connected = False
        self.event.set()
        with contextlib.suppress(OSError):
            self.sock.close()

    def _handle_events(self) -> bool:
        """On the thread that reads: frames that are no messages (pings) cost processor time here and nowhere else."""
        going = bool(super()._handle_events())
        while going and self.connected and self._waits_for_long():
            time.sleep(_POLL_SECONDS)
        if self.login_until is not None:
            if self.incoming_message_len > LOGIN_BYTES:
                self.on_refused("size")
            going = going and time.monotonic() < self.login_until
        self._pace_reader()
        return going and self._is_in_time()

    def _waits_for_long(self) -> bool:
        """Whether no more should be read for now."""
        waiting = self.input_buffer
        return len(waiting) > MAX_WAITING or sum(map(len, list(waiting))) > MAX_WAITING_BYTES

    def _pace_reader(self) -> None:
        throttle = self.visitor.throttle
        if self._meter is None:
            self._meter = Meter(throttle)
        self._meter.move(throttle)
        throttle.wait()

    def _is_in_time(self) -> bool:
        """Whether a message that has begun is not too slow."""
        now = time.monotonic()
        if self.incoming_message is None:
            self._message_until = None
        elif self._message_until is None:
            self._message_until = now + MESSAGE_SECONDS
        elif now > self._message_until:
            self.on_refused("time")
            return False
        return True


class BackpressureWebSocket(SimpleWebSocketWSGI):  # type: ignore[misc]  # it ships no types
    """The class that engineio makes an object of for each connection."""

    on_refused: Callable[[str], None] = staticmethod(lambda _reason: None)

    def __call__(self, environ: dict[str, Any], _start_response: Callable[..., Any]) -> Any:
        """Serve one connection until its end, which is a ConnectionError, because werkzeug would else send an HTTP response.

        Compression (permessage-deflate, RFC 7692) is not offered on: simple-websocket would always accept it. Until `logged_in` is called
        on `environ[KEY]`, messages are short, and the time is limited.
        """
        offered = {key: value for key, value in environ.items() if key != "HTTP_SEC_WEBSOCKET_EXTENSIONS"}
        offered["werkzeug.socket"] = _Socket(environ["werkzeug.socket"])
        offered["werkzeug.socket"].settimeout(LOGIN_SECONDS)
        self.ws = environ[KEY] = Websocket(
            offered, environ[VISITOR], time.monotonic() + LOGIN_SECONDS, self.on_refused, receive_bytes=_READ_BYTES_BEFORE_LOGIN,
            max_message_size=LOGIN_BYTES, **self.server_args,
        )  # fmt: skip
        self.app(self)
        raise ConnectionError


def of(on_refused: Callable[[str], None]) -> type[BackpressureWebSocket]:
    """The class for one server object. `on_refused`: called with `time` or `size` for a client that was cut off before its login."""
    return type("BackpressureWebSocket", (BackpressureWebSocket,), {"on_refused": staticmethod(on_refused)})
