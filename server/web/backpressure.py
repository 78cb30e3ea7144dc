"""A WebSocket that is read no faster than its messages are handled.

simple-websocket reads on a thread of its own into a list without bound: a client that floods it fills the memory, and its messages are
decoded at full speed while nobody handles them. Here that thread stops reading while messages wait; TCP then makes the client wait.
"""

import time
from collections.abc import Callable
from typing import Any

import simple_websocket
from engineio.async_drivers._websocket_wsgi import SimpleWebSocketWSGI

MAX_WAITING = 32
"""Messages that may wait to be handled before reading stops."""

_POLL_SECONDS = 0.01
_READ_BYTES = 64 << 10


class _Server(simple_websocket.Server):  # type: ignore[misc]  # it ships no types
    def _handle_events(self) -> bool:
        going = bool(super()._handle_events())
        while going and self.connected and len(self.input_buffer) > MAX_WAITING:
            time.sleep(_POLL_SECONDS)
        return going


class BackpressureWebSocket(SimpleWebSocketWSGI):  # type: ignore[misc]  # it ships no types
    """The class that engineio makes an object of for each connection."""

    def __call__(self, environ: dict[str, Any], _start_response: Callable[..., Any]) -> Any:
        """Serve one connection until its end, which is a ConnectionError, because werkzeug would else send an HTTP response.

        Compression (permessage-deflate, RFC 7692) is not offered on: simple-websocket would always accept it.
        """
        offered = {key: value for key, value in environ.items() if key != "HTTP_SEC_WEBSOCKET_EXTENSIONS"}
        self.ws = _Server(offered, receive_bytes=_READ_BYTES, **self.server_args)
        self.app(self)
        raise ConnectionError
