"""python -m server --host HOST --port PORT --state DIR --agent SOCKET [--database URL]: the server, which needs no privileges."""

import argparse
import contextlib
import json
import logging
import os
import signal
import sys
from pathlib import Path

from werkzeug.serving import BaseWSGIServer

from logs import FORMS, Form, configure, start_thread
from server.hub import Hub
from server.storage import Storage, locked
from server.web.app import make
from server.web.health import READERS
from server.web.listener import Listener
from topology.model.problems import ProblemError

WEB = Path(__file__).resolve().parents[1] / "web" / "dist"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, default=8080, help="the TCP port to listen on; 0: any free one")
    parser.add_argument("--state", type=Path, required=True, help="the directory of the database and the audit log")
    parser.add_argument("--agent", type=Path, required=True, help="the agent's socket")
    parser.add_argument(
        "--database",
        default=os.environ.get("VETHBOARD_DATABASE"),
        help="postgresql+psycopg://USER:PASSWORD@HOST/NAME (default: SQLite)",
    )
    parser.add_argument("--log-format", choices=FORMS, default="text", help="lines for people, or JSON objects (standard error)")
    parser.add_argument(
        "--metrics",
        choices=READERS,
        default="local",
        help="who may read /metrics without the administrator's token: programs of this machine, nobody (token), everybody (open)",
    )
    return parser.parse_args()


def _configure(log_format: Form) -> None:
    """Settings of the whole process."""
    configure("server", log_format)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    sys.setswitchinterval(0.0005)  # an edit goes through several threads: each waits for the one that runs, 5 ms by default


def _serve(server: BaseWSGIServer, hub: Hub, host: str) -> None:
    """Print address and token, and serve until SIGTERM or SIGINT."""
    token = hub.storage.token()
    url = f"http://{f'[{host}]' if ':' in host else host}:{server.server_port}"
    hub.storage.announce(url, token)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: start_thread("shutdown", server.shutdown))
    hub.resume()
    logging.getLogger("vethboard.server").info("serving %s", url)
    print(json.dumps({"url": url, "token": token}), flush=True)
    server.serve_forever()
    hub.end()
    with contextlib.suppress(ProblemError):
        hub.storage.retract()


def main() -> int:
    """Run the server; the exit code."""
    args = _arguments()
    _configure(args.log_format)
    try:
        with locked(args.state):
            return _run(args, Hub(Storage.open(args.state, args.database), args.state, args.agent))
    except ProblemError as e:
        _say(args.log_format, e.problem.message, e.problem.hint or "")
        return 1


def _say(log_format: Form, message: str, hint: str) -> None:
    """Why it does not start, to whoever starts it."""
    if log_format == "json":
        logging.getLogger("vethboard.server").critical("%s (%s)", message, hint)
    else:
        sys.stderr.write(f"vethboard: {message}\n  → {hint}\n")


def _run(args: argparse.Namespace, hub: Hub) -> int:
    app, _ = make(hub, WEB, args.metrics)
    try:
        server = Listener(args.host, args.port, app, hub.metrics)
    except (OSError, SystemExit) as e:
        _say(args.log_format, f"cannot listen on {args.host}:{args.port}: {e}", "give another --port")
        return 1
    _serve(server, hub, args.host)
    return 0


if __name__ == "__main__":
    sys.exit(main())
