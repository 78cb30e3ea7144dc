"""Captures over the real sockets, compared with what tcpdump itself says of the file and of the same interface."""

import base64
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from cli.client import Client
from protocol.captures import Captured, unpack
from protocol.public import CapturedFrames, CaptureStarted, Open, ReadCapture, RemoveCapture, Snapshot, StartCapture, StopCapture
from tests.support import Stack
from topology.model.problems import Code, ProblemError
from topology.observe.live import CaptureLive

PAIR = """{"vethboard": 1, "name": "x", "namespaces": {"host": {},
 "a": {"interfaces": {"veth0": {"kind": "veth", "peer": "b/veth1", "addresses": ["10.0.0.1/24"]}}},
 "b": {"interfaces": {"veth1": {"kind": "veth", "peer": "a/veth0", "addresses": ["10.0.0.2/24"]}}}}}"""


@pytest.fixture
def pair(stack: Stack, lab: str) -> str:
    stack.cli("apply", lab, "-", input=PAIR)
    return lab


def start(client: Client, lab: str, *interfaces: str, **more: object) -> str:
    started = client.request(StartCapture(id=client.next_id(), lab=lab, interfaces=interfaces, **more))  # type: ignore[arg-type]  # as the request says
    assert isinstance(started, CaptureStarted)
    return started.capture


def read(client: Client, lab: str, capture: str, until: int) -> list[Captured]:
    """All frames, once there are so many."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        answer = client.request(ReadCapture(id=client.next_id(), lab=lab, capture=capture))
        assert isinstance(answer, CapturedFrames)
        frames = list(unpack(answer.data))
        if len(frames) >= until:
            return frames
        time.sleep(0.05)
    raise AssertionError(f"{len(frames)} of {until} frames came")


def live(client: Client, lab: str) -> dict[str, CaptureLive]:
    snapshot = client.request(Open(id=client.next_id(), lab=lab))
    assert isinstance(snapshot, Snapshot)
    return {r.capture: r for r in snapshot.live.values() if isinstance(r, CaptureLive)}


def download(stack: Stack, lab: str, capture: str, path: Path) -> None:
    request = urllib.request.Request(
        f"{stack.url}/labs/{lab}/captures/{capture}.pcapng", headers={"Cookie": f"vethboard-{stack.port}={stack.token}"}
    )
    with urllib.request.urlopen(request) as answer:
        path.write_bytes(answer.read())


def wireshark(*command: str) -> list[str]:
    """What tshark or capinfos prints; they must not complain."""
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert [line for line in done.stderr.splitlines() if not line.startswith('Running as user "root"')] == []
    return done.stdout.splitlines()


def printed(path: Path) -> list[str]:
    """The frames of a file as tcpdump prints them, times and bytes."""
    done = subprocess.run(["tcpdump", "-n", "-tt", "-x", "-r", str(path)], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_frame_by_frame_as_tcpdump_has_them(stack: Stack, pair: str, tmp_path: Path) -> None:
    with stack.client() as client:
        capture = start(client, pair, "a/veth0", filter="icmp or arp")
        theirs = "tcpdump -i veth0 -w /tmp/them.pcap -U --immediate-mode -Z root icmp or arp 2>/tmp/said"
        until = "until %s; do sleep 0.05; done"
        begun, all = until % "grep -q listening /tmp/said", until % '[ "$(tcpdump -r /tmp/them.pcap icmp 2>/dev/null | wc -l)" = 10 ]'
        script = f"{theirs} & {begun}; ping -c 5 -i 0.05 10.0.0.2; {all}; kill %1; wait"
        stack.inside(pair, "a", "bash", "-c", script)
        read(client, pair, capture, 10)
        data = stack.inside(pair, "a", "base64", "-w0", "/tmp/them.pcap")
        (tmp_path / "them.pcap").write_bytes(base64.b64decode(data))
        download(stack, pair, capture, tmp_path / "ours.pcapng")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{stack.url}/labs/{pair}/captures/{capture}.pcapng")
        assert refused.value.code == 403
    ours, them = (printed(tmp_path / name) for name in ("ours.pcapng", "them.pcap"))
    assert len(ours) > 20
    # two sockets see a frame at two moments, a few µs apart: all but the times is the same
    assert [_untimed(line) for line in ours] == [_untimed(line) for line in them]


def _untimed(line: str) -> str:
    return line if line.startswith("\t") else line.partition(" ")[2]


def test_several_interfaces_are_one_list_in_order(stack: Stack, pair: str, tmp_path: Path) -> None:
    file = tmp_path / "merged.pcapng"
    with stack.client() as client:
        capture = start(client, pair, "a/veth0", "b/veth1", filter="icmp")
        # the kernel begins to stamp packets a moment after a capture has begun (net_enable_timestamp()): the first ones are not compared
        stack.inside(pair, "a", "ping", "-c", "4", "-i", "0.3", "10.0.0.2")
        frames = read(client, pair, capture, 16)
        download(stack, pair, capture, file)
    fields = ("frame.interface_name", "ip.src", "icmp.type")
    lines = wireshark("tshark", "-r", str(file), "-T", "fields", *(word for field in fields for word in ("-e", field)))
    ask, answer = ("10.0.0.1", "8"), ("10.0.0.2", "0")
    ways = [("a/veth0", *ask), ("b/veth1", *ask), ("b/veth1", *answer), ("a/veth0", *answer)]
    assert [tuple(line.split("\t")) for line in lines[4:]] == ways * 3
    assert wireshark("tshark", "-r", str(file), "-Y", "_ws.malformed || _ws.short") == []
    told = "\n".join(wireshark("capinfos", str(file)))
    for words in (
        f"Capture comment:     lab {pair}",
        "Name = a/veth0",
        "Name = b/veth1",
        "Filter string = icmp",
        "Number of packets:   16",
    ):
        assert words in told, told
    assert [f.time for f in frames] == sorted(f.time for f in frames)
    assert [f.interface for f in frames[4:]] == [0, 1, 1, 0] * 3, "out of a, into b, and back"


def test_the_ring_forgets_the_oldest_and_snaplen_cuts(stack: Stack, pair: str) -> None:
    with stack.client() as client:
        capture = start(client, pair, "a/veth0", filter="icmp", snaplen=60, ring=2000)
        stack.inside(pair, "a", "ping", "-c", "20", "-i", "0.01", "-s", "1000", "10.0.0.2")
        end = time.monotonic() + 5
        while live(client, pair)[capture].frames < 40 and time.monotonic() < end:
            time.sleep(0.05)
        told = live(client, pair)[capture]
        answer = client.request(ReadCapture(id=client.next_id(), lab=pair, capture=capture))
        assert isinstance(answer, CapturedFrames)
        frames = list(unpack(answer.data))
    assert told.frames == 40
    assert answer.first == told.first > 20
    assert answer.first + len(frames) - 1 == 40
    assert {f.length for f in frames} == {1042}
    assert all(50 < len(f.data) <= 60 for f in frames)


def test_it_outlives_its_viewer_and_says_why_it_ended(stack: Stack, pair: str) -> None:
    with stack.client() as client:
        capture = start(client, pair, "a/veth0", filter="icmp")
        stack.inside(pair, "a", "ping", "-c", "1", "10.0.0.2")
        read(client, pair, capture, 2)
    with stack.client() as client:
        assert live(client, pair)[capture].running
        stack.inside(pair, "a", "ip", "link", "delete", "veth0")
        end = time.monotonic() + 5
        while live(client, pair)[capture].running and time.monotonic() < end:
            time.sleep(0.05)
        told = live(client, pair)[capture]
        assert not told.running
        assert "interface disappeared" in told.interfaces[0].problem
        assert len(read(client, pair, capture, 2)) == 2
        client.request(RemoveCapture(id=client.next_id(), lab=pair, capture=capture))
        assert live(client, pair) == {}


def test_short_frames_of_a_flood_are_all_kept(stack: Stack, pair: str) -> None:
    """tcpdump is stopped now and then while many come; nothing is lost by that, and it ends when it is asked to."""
    with stack.client() as client:
        capture = start(client, pair, "a/veth0", filter="icmp", snaplen=100)
        stack.inside(pair, "a", "ping", "-f", "-q", "-c", "5000", "10.0.0.2")
        client.request(StopCapture(id=client.next_id(), lab=pair, capture=capture))
        end = time.monotonic() + 5
        while live(client, pair)[capture].running and time.monotonic() < end:
            time.sleep(0.05)
        told = live(client, pair)[capture]
        client.request(RemoveCapture(id=client.next_id(), lab=pair, capture=capture))
    assert (told.running, told.frames, told.dropped) == (False, 10000, 0)


def test_stop_keeps_what_was_captured_and_leaves_no_process(stack: Stack, pair: str) -> None:
    with stack.client() as client:
        capture = start(client, pair, "a/veth0", filter="icmp")
        stack.inside(pair, "a", "ping", "-c", "1", "10.0.0.2")
        client.request(StopCapture(id=client.next_id(), lab=pair, capture=capture))
        end = time.monotonic() + 5
        while live(client, pair)[capture].running and time.monotonic() < end:
            time.sleep(0.05)
        assert len(read(client, pair, capture, 2)) == 2
    stack.inside(pair, "host", "pgrep", "tcpdump", code=1)


def test_bad_input_is_refused_in_tcpdumps_words(stack: Stack, pair: str) -> None:
    cases = [
        (("a/veth0",), {"filter": "tcp prot 80"}, "can't parse filter expression: syntax error"),
        (("a/veth0",), {"filter": "-w /tmp/x"}, "can't parse filter expression: syntax error"),
        (("a/nope",), {}, "nope: No such device exists"),
        (("nope/veth0",), {}, "No such file or directory"),
        ((), {}, "1 to 32 interfaces"),
        (("a/veth0", "a/veth0"), {}, "each once"),
        (("a/veth0",), {"snaplen": 0}, "snaplen"),
        (("a/veth0",), {"ring": 1 << 40}, "ring"),
    ]
    with stack.client() as client:
        for interfaces, more, words in cases:
            with pytest.raises(ProblemError, match=words):
                start(client, pair, *interfaces, **more)
        with pytest.raises(ProblemError) as unknown:
            client.request(ReadCapture(id=client.next_id(), lab=pair, capture="c99"))
        assert unknown.value.problem.code == Code.UNKNOWN
        assert live(client, pair) == {}
    stack.inside(pair, "host", "pgrep", "tcpdump", code=1)


def test_cli_writes_a_file_that_tcpdump_opens(stack: Stack, pair: str, tmp_path: Path) -> None:
    file = tmp_path / "out.pcapng"
    stack.inside(pair, "a", "bash", "-c", "ping -c 300 -i 0.1 10.0.0.2 >/dev/null 2>&1 &")
    stack.cli("capture", pair, "b", "veth1", "icmp", "-w", str(file), "-c", "4")
    assert sum("ICMP echo" in line for line in printed(file)) == 4
    stack.cli("capture", pair, "b", "veth1", "tcp prot 80", "-w", str(file), code=1)
    assert "syntax error" in stack.stderr


def test_a_file_that_cannot_be_written_is_said_and_no_capture_is_left(stack: Stack, lab: str) -> None:
    stack.inside(lab, "host", "ip", "link", "set", "lo", "up")
    for name, words in (("/nonexistent/x", "No such file or directory"), ("/dev/full", "No space left on device")):
        stack.cli("capture", lab, "host", "lo", "-w", name, code=1)
        assert words in stack.stderr
        assert "Traceback" not in stack.stderr
    with stack.client() as client:
        found = client.request(Open(id=client.next_id(), lab=lab))
        assert isinstance(found, Snapshot)
        assert not [key for key in found.live if key.startswith("capture:")]
