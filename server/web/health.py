"""`/healthz`: the process answers. `/readyz`: it can do its work. `/metrics`: for Prometheus."""

import ipaddress
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import msgspec
from flask import Flask, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from logs import counts, failure
from protocol.access import Role
from protocol.labs import LabState
from server.hub import Hub
from server.throttle import THROTTLES, WHO
from topology.model.problems import ProblemError

Readers = Literal["local", "token", "open"]
READERS: tuple[Readers, ...] = get_args(Readers)
"""Who may read /metrics without the administrator's token: programs of this machine, nobody, everybody."""

CHILDREN = "children.json"
"""In the run directory: how often `up` has started its children again."""

READY_SECONDS = 2.0
"""How long an answer of /readyz holds: so often is the database written to, however many ask."""
AGENT_SECONDS = 3.0
"""How long the agent has to answer."""
_LEVELS = ("info", "warning", "error", "critical")
_FORWARDED = ("X-Forwarded-For", "X-Real-Ip", "Forwarded")


class Reason(NamedTuple):
    """Why the server is not ready. `part`: `database` or `agent`."""

    part: str
    message: str


def routes(app: Flask, hub: Hub, readers: Readers) -> None:
    """The three paths."""
    ready = _Ready((("database", hub.storage.check_writable), ("agent", lambda: hub.control.check(AGENT_SECONDS))))
    hub.metrics.registry.register(_OfHub(hub))

    @app.get("/healthz")
    def healthz() -> Response:
        return _json({"status": "ok"}, 200)

    @app.get("/readyz")
    def readyz() -> Response:
        reasons = ready.reasons()
        content = {"status": "not ready" if reasons else "ready", "reasons": [r._asdict() for r in reasons]}
        return _json(content, 503 if reasons else 200)

    @app.get("/metrics")
    def metrics() -> Response:
        if not _may_read(hub, readers):
            hint = "as a program of the machine that it runs on, or with the administrator's token: Authorization: Bearer TOKEN"
            return _json({"code": "denied", "message": "these metrics are not for everybody", "hint": hint}, 403)
        return Response(generate_latest(hub.metrics.registry), content_type=CONTENT_TYPE_LATEST)


def _json(content: object, status: int) -> Response:
    return Response(json.dumps(content) + "\n", status, content_type="application/json")


def _may_read(hub: Hub, readers: Readers) -> bool:
    """A proxy on this machine makes everybody a program of it: what it passes on is told by a header."""
    if readers == "open":
        return True
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        access = hub.tokens.access(token.strip())
        return access is not None and access.role == "admin"
    return readers == "local" and _is_local(request.remote_addr) and not any(name in request.headers for name in _FORWARDED)


def _is_local(address: str | None) -> bool:
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    return parsed.is_loopback or bool(isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped and parsed.ipv4_mapped.is_loopback)


class _Ready:
    """Whether all parts work. One look serves all who ask within `READY_SECONDS`."""

    def __init__(self, parts: tuple[tuple[str, Callable[[], object]], ...]) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._until = 0.0
        self._reasons: list[Reason] = []

    def reasons(self) -> list[Reason]:
        """Empty: it is ready."""
        with self._lock:
            if time.monotonic() > self._until:
                self._reasons = [reason for name, check in self._parts if (reason := _reason(name, check)) is not None]
                self._until = time.monotonic() + READY_SECONDS
            return self._reasons


def _reason(part: str, check: Callable[[], object]) -> Reason | None:
    try:
        check()
    except ProblemError as e:
        return Reason(part, e.problem.message)
    except Exception as e:
        return Reason(part, f"{type(e).__name__} (error {failure(e, f'/readyz: {part}')})")
    return None


class _OfHub(Collector):
    """What there is at the moment of a scrape."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def describe(self) -> Iterator[Metric]:
        """Nothing: the names are known without asking a hub that may not be complete yet."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Read by other threads than those that change it, without waiting for any lab."""
        labs, sessions = self._hub.workspaces(), self._hub.sessions.all()
        waiting = [len(lab.queue) + len(lab.reads) for lab in labs]
        yield _gauge("labs", "Labs", "state", get_args(LabState), Counter(lab.state for lab in labs))
        yield GaugeMetricFamily("vethboard_queue_length", "Requests that wait, of all labs", sum(waiting))
        yield GaugeMetricFamily("vethboard_queue_longest", "Requests that wait for the lab with most of them", max(waiting, default=0))
        yield _gauge("clients", "Connected browsers and command lines", "role", get_args(Role), Counter(s.access.role for s in sessions))
        yield GaugeMetricFamily("vethboard_threads", "Threads of the server", threading.active_count())
        yield _counter("throttled_seconds", "Time that was waited before more was read", "who", WHO, THROTTLES.waited)
        yield _counter("log_lines", "Lines that the server has logged", "level", _LEVELS, counts())
        restarts = children_restarts(self._hub.control.socket.parent)
        yield _counter("child_restarts", "How often `up` has started agent and server again", "child", ("agent", "server"), restarts)


def _gauge(name: str, text: str, label: str, values: tuple[str, ...], found: "Counter[LabState] | Counter[Role]") -> Metric:
    family = GaugeMetricFamily(f"vethboard_{name}", text, labels=[label])
    for value in values:
        family.add_metric([value], found[value])  # type: ignore[index]  # a Counter answers 0 for what it does not have
    return family


def _counter(name: str, text: str, label: str, values: tuple[str, ...], found: "Mapping[str, float]") -> Metric:
    family = CounterMetricFamily(f"vethboard_{name}", text, labels=[label])
    for value in values:
        family.add_metric([value], found.get(value, 0))
    return family


def children_restarts(run: Path) -> dict[str, int]:
    """How often `up` has started each of its children again; empty where no `up` runs here (systemd, containers)."""
    try:
        return msgspec.json.decode((run / CHILDREN).read_bytes(), type=dict[str, int])
    except (OSError, msgspec.MsgspecError):
        return {}
