"""python -m server --host HOST --port PORT --state DIR --agent SOCKET [--database URL]: the unprivileged part."""

import argparse
import contextlib
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from server.hub import Hub
from server.storage import Storage
from server.web.app import make
from topology.model.problems import ProblemError

WEB = Path(__file__).resolve().parents[1] / "web" / "dist"


class _Quiet(WSGIRequestHandler):
    """No line per request, and TCP_NODELAY: an edit is one small message."""

    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.0"  # else werkzeug reads on for a next request where a websocket was

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def _refuse(error: ProblemError) -> int:
    """Say why it does not start."""
    sys.stderr.write(f"vethboard: {error.problem.message}\n  → {error.problem.hint}\n")
    return 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--agent", type=Path, required=True, help="the agent's socket")
    parser.add_argument("--database", default=os.environ.get("VETHBOARD_DATABASE"), help="its address; by default SQLite in --state")
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="vethboard: %(name)s: %(message)s")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    sys.setswitchinterval(0.0005)  # an edit goes through several threads: each waits for the one that runs, 5 ms by default
    try:
        hub = Hub(Storage.open(args.state, args.database), args.state, args.agent)
        token = hub.storage.token()
    except ProblemError as e:
        return _refuse(e)
    app, _ = make(hub, WEB)
    try:
        server = make_server(args.host, args.port, app, threaded=True, request_handler=_Quiet)
    except (OSError, SystemExit) as e:
        sys.stderr.write(f"vethboard: cannot listen on {args.host}:{args.port}: {e} (give another --port)\n")
        return 1
    server.daemon_threads = True  # type: ignore[attr-defined]  # make_server(threaded=True) is a ThreadingMixIn
    host = f"[{args.host}]" if ":" in args.host else args.host
    url = f"http://{host}:{server.server_port}"
    try:
        hub.storage.announce(url, token)
    except ProblemError as e:
        return _refuse(e)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    hub.resume()
    print(json.dumps({"url": url, "token": token}), flush=True)
    server.serve_forever()
    hub.end()
    with contextlib.suppress(ProblemError):
        hub.storage.retract()
    return 0


if __name__ == "__main__":
    sys.exit(main())
