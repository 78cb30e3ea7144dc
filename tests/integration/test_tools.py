"""The tools of a lesson work in a lab: those that need more than to be there."""

from collections.abc import Iterator

import pytest

from agent.tools import _PROGRAMS
from tests.support import Stack, listens

LAB = "tools"


@pytest.fixture(scope="module")
def tools(stack: Stack) -> Iterator[Stack]:
    """A router between two networks."""
    stack.cli("apply", LAB, "examples/two-subnets-router.json")
    yield stack
    stack.cli("destroy", LAB)


def test_all_are_there(tools: Stack) -> None:
    script = f"for p in {' '.join(p for p in _PROGRAMS if p != 'slirp4netns')}; do command -v $p >/dev/null || echo $p; done"
    assert tools.inside(LAB, "host", "sh", "-c", script) == ""


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("man -P cat ip | head -1", "IP(8)"),
        ("man -P cat 7 netlink 2>&1 | head -1", ""),
        ("tput colors; vim -es -c 'put =1+1' -c 'w! /tmp/v' -c 'qa!'; cat /tmp/v; tmux new -d 'sleep 9'; tmux ls", "256\n2\n\n0:"),
        ("nano --version | head -1; less --version | head -1; top -b -n 1 | head -1", "top - "),
        ("ip link set lo up; tcpdump -c 1 -w /tmp/one -i lo & while kill -0 $!; do ping -c 1 -W 1 127.0.0.1; done; ls /tmp", "one"),
        ("id nobody; setpriv --reuid=65534 --clear-groups id -u", "65534"),
        ("getent services https; getent protocols icmp", "443/tcp"),
        ("dig +time=1 +tries=1 @127.0.0.1 example.org 2>&1", "connection refused"),
        ("python3 -c 'import ssl; print(len(ssl.create_default_context().get_ca_certs()) >= 0)'", "True"),
        ("hostname; locale charmap", "UTF-8"),
    ],
)  # fmt: skip
def test_in_the_host(tools: Stack, script: str, words: str) -> None:
    assert words in tools.inside(LAB, "host", "sh", "-c", script, code=None)


def test_between_namespaces(tools: Stack) -> None:
    """From `left` to `right`, through the router."""
    right = tools.inside(LAB, "right", "hostname", "-I").split()[0]
    serve = "cd /tmp; echo hello > page; (python3 -m http.server 8000; ) >/dev/null 2>&1 & (iperf3 -s -1 >/dev/null 2>&1 &)"
    tools.inside(LAB, "right", "sh", "-c", f"setsid sh -c '{serve}' >/dev/null 2>&1; {listens(8000)}; {listens(5201)}")
    assert tools.inside(LAB, "left", "curl", "-s", "--retry", "5", "--retry-connrefused", f"http://{right}:8000/page") == "hello\n"
    assert "open" in tools.inside(LAB, "left", "sh", "-c", f"nc -zv -w 2 {right} 8000 2>&1 | sed s/succeeded/open/")
    assert len(tools.inside(LAB, "left", "traceroute", "-n", "-w", "1", "-q", "1", right).splitlines()) == 3
    gateway = tools.inside(LAB, "left", "sh", "-c", "ip route show default | cut -d' ' -f3").strip()
    assert "Received 1 response" in tools.inside(LAB, "left", "arping", "-c", "1", "-I", "eth0", gateway)
    assert "receiver" in tools.inside(LAB, "left", "iperf3", "-c", right, "-t", "1")
    assert "8000" in tools.inside(LAB, "right", "ss", "-ltn")
