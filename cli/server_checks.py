"""What `doctor` says of a running server: what /healthz, /readyz and /metrics show, in plain words."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from protocol.labs import Check

SECONDS = 15.0
"""How long the server may take to answer: /readyz waits for the agent."""
LONG_QUEUE, FEW_DESCRIPTORS = 100, 0.8
"""From so many waiting requests of one lab, from such a share of the file descriptors on, something is said."""
LOG = "look at the output of script/up (or journalctl -u vethboard)"


class Answer(NamedTuple):
    """`status` 0: there was none, and `text` says why."""

    status: int
    text: str


def get(url: str, token: str) -> Answer:
    """GET with the administrator's token."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=SECONDS) as response:
            return Answer(response.status, response.read().decode())
    except urllib.error.HTTPError as e:
        return Answer(e.code, e.read().decode(errors="replace"))
    except (OSError, ValueError) as e:
        return Answer(0, str(getattr(e, "reason", e)))


def checks(url: str, token: str) -> tuple[Check, ...]:
    """First whether it answers at all; where not, that alone."""
    health = get(f"{url}/healthz", token)
    if health.status != 200:
        detail = f"{url} does not answer: {health.text or health.status}"
        return (Check(name="server answers", ok=False, needed=True, detail=detail, mend=LOG),)
    return (
        Check(name="server answers", ok=True, needed=True),
        _ready(get(f"{url}/readyz", token)),
        *_measured(get(f"{url}/metrics", token)),
    )


def _ready(answer: Answer) -> Check:
    if answer.status == 200:
        return Check(name="server ready", ok=True, needed=True)
    try:
        detail = "; ".join(f"{reason['part']}: {reason['message']}" for reason in json.loads(answer.text)["reasons"])
    except (ValueError, KeyError, TypeError):
        detail = answer.text[:200]
    return Check(name="server ready", ok=False, needed=True, detail=detail, mend=LOG)


def _measured(answer: Answer) -> Iterator[Check]:
    if answer.status != 200:
        yield Check(name="metrics", ok=False, detail=f"/metrics is refused ({answer.status})", mend="use the administrator's token")
        return
    values: dict[tuple[str, str], float] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            values[sample.name, ",".join(sample.labels.values())] = sample.value
    yield from judge(values)


def judge(values: dict[tuple[str, str], float]) -> Iterator[Check]:
    """`values`: by name and label. One check for each thing that is looked at."""

    def of(name: str, label: str = "") -> int:
        return int(values.get((f"vethboard_{name}", label), 0))

    failed, silent = of("labs", "failed"), of("labs", "silent")
    lost = f"{failed} failed, {silent} silent" if failed or silent else ""
    yield _check("labs", lost, "vethboard labs says why")
    errors = of("log_lines_total", "error") + of("log_lines_total", "critical")
    yield _check("no errors logged", f"{errors} errors since the server started" if errors else "", f'{LOG}: each has an id, "error …"')
    refused = of("storage_commits_total", "failed")
    yield _check("storage", f"{refused} times the database could not keep something" if refused else "", LOG)
    yield _check("agent and server run on", _restarts(of), LOG)
    waiting = of("queue_longest")
    words = f"{waiting} requests wait for one lab" if waiting >= LONG_QUEUE else ""
    yield _check("labs keep up", words, "vethboard labs shows who has it open; a lab that is stopped and started begins anew")
    used, most = values.get(("process_open_fds", ""), 0.0), values.get(("process_max_fds", ""), 0.0)
    words = f"{used:.0f} of {most:.0f} are open" if most and used / most > FEW_DESCRIPTORS else ""
    yield _check("file descriptors", words, "ulimit -n 65536 before script/up (LimitNOFILE= of systemd)")


def _restarts(of: Callable[..., int]) -> str:
    """How often something had to be started or connected again; empty: never."""
    times = {
        "the agent was started again": of("child_restarts_total", "agent"),
        "the server was started again": of("child_restarts_total", "server"),
        "the connection to the agent was made again": of("restarts_total", "agent-link"),
        "the process of a lab was started again": of("restarts_total", "lab-process"),
    }
    return "; ".join(f"{what} {count} times" if count > 1 else f"{what} once" for what, count in times.items() if count)


def _check(name: str, detail: str, mend: str) -> Check:
    return Check(name=name, ok=not detail, detail=detail, mend=mend if detail else "")
