"""A websocket that is read no faster than its messages are handled.

simple-websocket reads on its own thread into a list without an end: a client that floods fills memory, and its messages are taken apart
at full speed even while nobody handles them. Here the thread stops reading while some wait; TCP then makes the client wait.
"""

import time
from collections.abc import Callable
from typing import Any

import simple_websocket
from engineio.async_drivers._websocket_wsgi import SimpleWebSocketWSGI

WAITING = 32
"""Messages that may wait to be handled."""

_LOOK_SECONDS = 0.01
_READ = 64 << 10


class _Server(simple_websocket.Server):  # type: ignore[misc]  # it ships no types
    def _handle_events(self) -> bool:
        going = bool(super()._handle_events())
        while going and self.connected and len(self.input_buffer) > WAITING:
            time.sleep(_LOOK_SECONDS)
        return going


class BackpressureWebSocket(SimpleWebSocketWSGI):  # type: ignore[misc]  # it ships no types
    """What engineio makes for each connection; as its base, with the server above. Under werkzeug the end is a ConnectionError."""

    def __call__(self, environ: dict[str, Any], _start_response: Callable[..., Any]) -> Any:
        # simple-websocket takes up permessage-deflate (RFC 7692) wherever it is offered, as browsers do
        offered = {key: value for key, value in environ.items() if key != "HTTP_SEC_WEBSOCKET_EXTENSIONS"}
        self.ws = _Server(offered, receive_bytes=_READ, **self.server_args)
        self.app(self)
        raise ConnectionError
