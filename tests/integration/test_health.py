"""/healthz, /readyz and /metrics of a running Vethboard, what doctor makes of them, and its log."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support import Stack, eventually


def get(url: str, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def series(stack: Stack) -> dict[tuple[str, ...], float]:
    status, text = get(f"{stack.url}/metrics")
    assert status == 200
    families = text_string_to_metric_families(text)
    return {(s.name, *(f"{k}={v}" for k, v in sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def test_health_needs_no_token_and_nothing_else_is_told(stack: Stack) -> None:
    assert get(f"{stack.url}/healthz") == (200, '{"status": "ok"}\n')
    assert get(f"{stack.url}/readyz") == (200, '{"status": "ready", "reasons": []}\n')
    assert get(f"{stack.url}/metrics", Authorization="Bearer wrong")[0] == 403
    assert get(f"{stack.url}/metrics", X_Forwarded_For="192.0.2.1")[0] == 403
    assert get(f"{stack.url}/metrics", X_Forwarded_For="192.0.2.1", Authorization=f"Bearer {stack.token}")[0] == 200


def test_what_a_lab_does_is_in_the_metrics_and_adds_no_series(stack: Stack, lab: str) -> None:
    before = series(stack)
    stack.cli("netns", lab, "add", "one")
    stack.cli("netns", lab, "add", "one", code=1)
    secret = json.loads(stack.cli("token", lab, "--view", "--json"))["token"]
    assert get(f"{stack.url}/metrics", Authorization=f"Bearer {secret}")[0] == 403
    after = series(stack)
    assert set(after) == set(before)
    assert secret not in str(after)
    assert lab not in str(after)

    def grown(*name: str) -> float:
        return after[name] - before[name]

    assert grown("vethboard_edits_total", "result=done") >= 1
    assert grown("vethboard_edits_total", "result=refused") >= 1
    assert grown("vethboard_refusals_total", "code=exists") >= 1
    assert grown("vethboard_apply_seconds_count") >= 1
    assert grown("vethboard_fold_seconds_count") >= 1
    assert grown("vethboard_storage_commits_total", "result=done") >= 2
    assert all(
        grown("vethboard_bytes_total", f"direction={way}", f"peer={peer}") > 0 for peer in ("client", "lab") for way in ("in", "out")
    )
    assert after["vethboard_labs", "state=live"] >= 1


@pytest.fixture
def own() -> Iterator[Stack]:
    stack = Stack("--log-format", "json", "--metrics", "token")
    yield stack
    stack.close()


@pytest.mark.machine
def test_an_agent_that_hangs_or_dies(own: Stack) -> None:
    own.cli("new", "one")
    assert get(f"{own.url}/metrics")[0] == 403
    agent = own.child("agent")
    os.kill(agent, signal.SIGSTOP)
    eventually(lambda: get(f"{own.url}/readyz")[0] == 503)
    reasons = json.loads(get(f"{own.url}/readyz")[1])["reasons"]
    assert [r["part"] for r in reasons] == ["agent"]
    assert "not answered" in reasons[0]["message"]
    assert get(f"{own.url}/healthz")[0] == 200
    os.kill(agent, signal.SIGCONT)
    eventually(lambda: get(f"{own.url}/readyz")[0] == 200)
    own.kill("agent")
    own.kill("server")
    eventually(lambda: get(f"{own.url}/readyz")[0] == 200, 40)
    own.live("one")
    checks = {c["name"]: c for c in json.loads(own.cli("doctor", "--json", code=None))}
    assert checks["server answers"]["ok"]
    assert checks["server ready"]["ok"]
    assert "the agent was started again once; the server was started again once" in checks["agent and server run on"]["detail"]


def test_each_line_of_the_log_is_an_object(tmp_path: Path) -> None:
    argv = [
        sys.executable,
        "-m",
        "server",
        "--port",
        "0",
        "--state",
        str(tmp_path),
        "--agent",
        str(tmp_path / "none"),
        "--log-format",
        "json",
    ]
    server = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert server.stdout is not None
    ready = json.loads(server.stdout.readline())
    status, text = get(f"{ready['url']}/readyz")
    assert (status, [r["part"] for r in json.loads(text)["reasons"]]) == (503, ["agent"])
    server.terminate()
    _, err = server.communicate(timeout=60)
    lines = [json.loads(line) for line in err.splitlines()]
    assert [(line["program"], line["level"], line["message"]) for line in lines] == [("server", "info", f"serving {ready['url']}")]


@pytest.mark.machine
def test_a_full_disk() -> None:
    stack = Stack(disk=4 << 20)
    try:
        filler = stack.state_seen / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        eventually(lambda: get(f"{stack.url}/readyz")[0] == 503)
        reasons = json.loads(get(f"{stack.url}/readyz")[1])["reasons"]
        assert [r["part"] for r in reasons] == ["database"]
        filler.unlink()
        eventually(lambda: get(f"{stack.url}/readyz")[0] == 200)
    finally:
        stack.close()


def test_doctor_of_a_server_that_is_well(stack: Stack) -> None:
    checks = {c["name"]: c["ok"] for c in json.loads(stack.cli("doctor", "--json", code=None))}
    assert (checks["server answers"], checks["server ready"], checks["labs keep up"], checks["storage"]) == (True, True, True, True)
