"""Root of a lab tries to get out. Every attempt fails. Those that do no harm are also made by root of the machine, where they must succeed:
so the attempts are real ones."""

import ctypes
import json
import os
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT, Stack

INSIDE = Path(__file__).parent / "inside"
FILES = {file: re.findall(r"^@attempt\ndef (\w+)", (INSIDE / f"{file}.py").read_text(), re.MULTILINE) for file in ("files", "kernel")}
ATTEMPTS = [(file, name) for file, names in FILES.items() for name in names]
OUTSIDE = {
    "make_a_time_namespace",
    "read_by_its_path", "read_by_roots_of_processes", "read_by_folders_of_processes", "read_by_open_files", "read_by_file_handle",
    "read_shadow", "read_vethboard_itself", "follow_a_link_from_a_shared_place", "write_anything_of_the_kernel",
    "mount_file_systems_of_the_kernel", "make_a_user_namespace", "make_a_user_namespace_by_clone", "signal_a_process_outside",
    "see_a_process_outside", "trace_a_process_outside", "read_the_memory_of_the_first_process", "open_the_files_of_the_first_process",
    "take_a_descriptor_of_the_first_process", "attach_shared_memory_outside", "connect_to_the_server", "connect_to_the_agent",
    "connect_to_an_abstract_socket_outside", "see_interfaces_outside", "take_the_processor",
    "set_sysctls_of_the_machine", "calls_that_the_filter_refuses", "find_what_another_lab_wrote", "set_a_cgroup_release_agent",
    "open_sockets_of_families_that_know_no_namespace",
}  # fmt: skip
"""Attempts that root of the machine can make without doing harm."""
SHM_KEY = secrets.randbits(31)


@pytest.fixture(scope="module")
def given(stack: Stack) -> Iterator[dict[str, str]]:
    """What there is outside to be got at."""
    secret, marker = secrets.token_hex(16), secrets.token_hex(16)
    file = Path("/var/tmp") / f"vethboard-{marker[:8]}"
    file.write_text(secret)
    (Path(stack.folder.name) / marker).touch()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"\0{marker}")
    listener.listen()
    folder = os.open("/var/tmp", os.O_RDONLY | os.O_DIRECTORY)
    sentinel = subprocess.Popen([sys.executable, "-c", "import signal, sys; signal.signal(10, signal.SIG_IGN); signal.pause()", secret])
    libc = ctypes.CDLL(None, use_errno=True)
    shared = libc.shmget(SHM_KEY, 4096, 0o1666)
    disk = os.stat("/var/tmp").st_dev
    yield {
        "secret": secret, "secret_path": str(file), "marker": marker, "pid": str(sentinel.pid), "abstract": marker, "shm_key": str(SHM_KEY),
        "port": str(stack.port), "addresses": " ".join(_addresses()), "agent_socket": str(stack.run / "agent.sock"), "run": str(stack.run),
        "checkout": str(ROOT), "state": str(stack.state), "folder": str(folder), "disk_numbers": f"{os.major(disk)}:{os.minor(disk)}",
    }  # fmt: skip
    libc.shmctl(shared, 0, None)
    sentinel.kill()
    sentinel.wait()
    os.close(folder)
    listener.close()
    file.unlink()


def _addresses() -> list[str]:
    out = subprocess.run(["ip", "-o", "-4", "address"], check=True, capture_output=True, text=True).stdout
    return [line.split()[3].partition("/")[0] for line in out.splitlines()]


Said = dict[str, dict[str, str]]


def _script(file: str) -> str:
    return (INSIDE / "harness.py").read_text() + "\n" + (INSIDE / f"{file}.py").read_text()


def _parse(out: str) -> Said:
    return {said["attempt"]: said for said in map(json.loads, out.splitlines())}


@pytest.fixture(scope="module")
def inside(stack: Stack, given: dict[str, str]) -> Iterator[Said]:
    """All attempts, made in a lab; another lab has written its marker wherever it can."""
    for lab in ("escape", "neighbour"):
        stack.cli("new", lab)
    stack.inside("neighbour", "host", "sh", "-c", f"for d in /tmp /root /run /dev/shm /var/tmp; do touch $d/{given['marker']}; done")
    stack.inside("escape", "host", "ip", "link", "set", "lo", "up")
    said: Said = {}
    for file in FILES:
        said |= _parse(stack.cli("exec", "escape", "host", "--", "env", f"GIVEN={json.dumps(given)}", "python3", "-", input=_script(file)))
    assert stack.inside("escape", "host", "echo", "still here") == "still here\n"
    yield said
    for lab in ("escape", "neighbour"):
        stack.cli("destroy", lab)


FIRST = ("read_the_memory_of_the_first_process", "take_a_descriptor_of_the_first_process")


@pytest.fixture(scope="module")
def outside(given: dict[str, str]) -> Said:
    """The harmless ones, made by root of the machine, in a mount namespace that ends with them."""
    said: Said = {}
    apart = {"see_interfaces_outside", *FIRST}
    for file, names in FILES.items():
        said |= _outside(file, given, [n for n in names if n in OUTSIDE and n not in apart], "unshare", "--mount")
    # the machine's own first process may be guarded even against its root
    first = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", '"$@"; exit $?', "sh")
    said |= _outside("kernel", given, list(FIRST), *first)
    bridge = ("unshare", "--net", "--mount", "sh", "-ec", 'mount -t sysfs none /sys; ip link add outside0 type bridge; exec "$@"', "sh")
    return said | _outside("kernel", given, ["see_interfaces_outside"], *bridge)


def _outside(file: str, given: dict[str, str], names: list[str], *apart: str) -> Said:
    argv, env = [*apart, sys.executable, "-", *names], {**os.environ, "GIVEN": json.dumps(given)}
    return _parse(
        subprocess.run(
            argv, env=env, input=_script(file), capture_output=True, text=True, check=True, pass_fds=(int(given["folder"]),)
        ).stdout
    )


@pytest.mark.parametrize(("file", "name"), ATTEMPTS)
def test_inside_it_fails(inside: Said, file: str, name: str) -> None:
    assert name in inside, f"{file}.py ended before {name}"
    assert "got" not in inside[name], inside[name]


@pytest.mark.parametrize("name", sorted(OUTSIDE))
def test_outside_it_succeeds(outside: Said, name: str) -> None:
    assert "got" in outside[name], outside[name]


@pytest.mark.usefixtures("inside")
def test_the_machine_has_no_new_binary_format() -> None:
    assert not Path("/proc/sys/fs/binfmt_misc/vethboard-escape").exists()


@pytest.mark.usefixtures("inside")
def test_refusals_are_words(stack: Stack) -> None:
    """A tool says what the matter is; none is killed."""
    for command, words in (
        ("dmesg", "Operation not permitted"),
        ("date -s 2020-01-01", "Operation not permitted"),
        ("unshare -U true", "Operation not permitted"),
        ("mount -o remount,rw /usr", "permission denied"),
        ("touch /usr/bin/x", "Read-only file system"),
    ):
        assert words in stack.inside("escape", "host", "sh", "-c", f"{command} 2>&1", code=None), command
