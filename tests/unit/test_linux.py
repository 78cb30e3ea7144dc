"""agent/linux: system calls that need no privileges, and errors of those that do."""

import asyncio
import errno
import os
import pty
import signal
import socket
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from agent.linux import inotify, libc, mounts, namespaces, pids, ptys, sockets
from agent.linux.files import open_beneath
from agent.linux.reaper import Reaper

_UNPRIVILEGED = """
import os
from agent.linux import mounts, namespaces
if os.geteuid() == 0:
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
"""


def unprivileged(call: str) -> str:
    """What Python prints of a call by a process without capabilities, whoever runs the tests."""
    return subprocess.run([sys.executable, "-c", _UNPRIVILEGED + call], capture_output=True, text=True, check=False).stderr


# ---- inotify ---------------------------------------------------------------------------------------------------------


def test_inotify_names_the_file_that_was_written(tmp_path: Path) -> None:
    queue = inotify.Inotify()
    watch = queue.add(tmp_path, inotify.IN_MODIFY | inotify.IN_CLOSE_WRITE)
    assert list(queue.read()) == []
    (tmp_path / "名.txt").write_text("x")
    events = list(queue.read())
    assert {(event.watch, event.name) for event in events} == {(watch, "名.txt")}
    assert not any(event.lost for event in events)
    assert any(event.mask & inotify.IN_CLOSE_WRITE for event in events)
    queue.close()


def test_inotify_many_events_are_all_read(tmp_path: Path) -> None:
    queue = inotify.Inotify()
    queue.add(tmp_path, inotify.IN_CLOSE_WRITE)
    for number in range(3000):
        (tmp_path / f"{number:0100d}").touch()
    names = [event.name for event in queue.read()]
    assert names == [f"{number:0100d}" for number in range(3000)]
    queue.close()


def test_inotify_no_events_after_remove(tmp_path: Path) -> None:
    queue = inotify.Inotify()
    watch = queue.add(tmp_path, inotify.IN_MODIFY)
    queue.remove(watch)
    (tmp_path / "a").write_text("x")
    assert [event for event in queue.read() if event.mask & inotify.IN_MODIFY] == []
    queue.remove(watch)  # again: nothing happens
    queue.close()


def test_inotify_refuses_what_is_not_there(tmp_path: Path) -> None:
    queue = inotify.Inotify()
    with pytest.raises(FileNotFoundError, match=r"inotify .*/none"):
        queue.add(tmp_path / "none", inotify.IN_MODIFY)
    queue.close()


# ---- processes -------------------------------------------------------------------------------------------------------


def test_status_of_this_process() -> None:
    status = pids.status(os.getpid())
    assert status is not None
    assert (status.group, status.session) == (os.getpgid(0), os.getsid(0))
    assert status.state == "R"
    assert pids.started(os.getpid()) == status.started > 0
    assert os.getpid() in pids.every()


def test_a_name_with_brackets_and_blanks(tmp_path: Path) -> None:
    """The name stands before the other fields of /proc/PID/stat, unquoted."""
    program = tmp_path / "a) S 1 (b"
    program.symlink_to("/bin/sleep")
    process = subprocess.Popen([program, "60"], start_new_session=True)
    try:
        while not pids.command_line(process.pid):  # execve(2) closes the pipe that Popen waits for before it sets the arguments
            time.sleep(0.001)
        status = pids.status(process.pid)
        assert status is not None
        assert (status.group, status.session) == (process.pid, process.pid)
        assert pids.command_line(process.pid) == f"{program} 60"
    finally:
        process.kill()
        process.wait()
    assert pids.status(process.pid) is None
    assert pids.started(process.pid) is None
    with pytest.raises(FileNotFoundError):
        pids.command_line(process.pid)


def test_no_new_privileges() -> None:
    code = "from agent.linux import pids; pids.prctl(pids.PR_SET_NO_NEW_PRIVS, 1); print(open('/proc/self/status').read())"
    assert "NoNewPrivs:\t1" in subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_prctl_in_the_kernels_words() -> None:
    with pytest.raises(OSError, match="Invalid argument: 'prctl'"):
        pids.prctl(pids.PR_SET_NO_NEW_PRIVS, 2)


def test_reaper_tells_once_how_a_child_ended() -> None:
    statuses: list[int] = []

    async def wait() -> None:
        reaper, ended = Reaper(), asyncio.Event()

        def on_end(status: int) -> None:
            statuses.append(status)
            ended.set()

        reaper.when_ended(process.pid, on_end)
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(ended.wait(), 10)
        asyncio.get_running_loop().remove_signal_handler(signal.SIGCHLD)

    process = subprocess.Popen(["sleep", "60"])
    asyncio.run(wait())
    process.returncode = -signal.SIGTERM
    assert [os.waitstatus_to_exitcode(status) for status in statuses] == [-signal.SIGTERM]


def test_ended_first_when_memory_runs_out() -> None:
    process = subprocess.Popen(["sleep", "60"])
    pids.prefer_when_out_of_memory(process.pid)
    assert Path(f"/proc/{process.pid}/oom_score_adj").read_text() == "500\n"
    process.kill()
    process.wait()
    pids.prefer_when_out_of_memory(process.pid)  # there is none: nothing happens


# ---- files, sockets, terminals ---------------------------------------------------------------------------------------


def test_open_beneath_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/file").write_text("x")
    (tmp_path / "in/link").symlink_to("file")
    (tmp_path / "out").write_text("secret")
    folder = os.open(tmp_path / "in", os.O_PATH | os.O_DIRECTORY)
    try:
        fd = open_beneath(folder, "file", os.O_RDONLY)
        assert os.read(fd, 10) == b"x"
        os.close(fd)
        for path, number in (("link", errno.ELOOP), ("../out", errno.EXDEV), (str(tmp_path / "out"), errno.EXDEV), ("no", errno.ENOENT)):
            with pytest.raises(OSError, match=os.strerror(number)) as refused:
                open_beneath(folder, path, os.O_RDONLY)
            assert refused.value.filename == path
    finally:
        os.close(folder)


def test_bind_takes_a_packed_address() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sockets.bind(sock, socket.AF_INET.to_bytes(2, sys.byteorder) + bytes(2) + socket.inet_aton("127.0.0.1") + bytes(8))
        assert sock.getsockname()[0] == "127.0.0.1"
        with pytest.raises(OSError, match="Invalid argument: 'bind'"):
            sockets.bind(sock, bytes(2))


def test_read_option() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        data = bytearray(4)
        assert sockets.read_option(sock, socket.SOL_SOCKET, socket.SO_TYPE, data)
        assert int.from_bytes(data, sys.byteorder) == socket.SOCK_DGRAM
        assert not sockets.read_option(sock, socket.SOL_SOCKET, 9999, data)


def test_size_of_a_terminal() -> None:
    master, slave = pty.openpty()
    try:
        ptys.set_size(master, 7, 93)
        assert termios.tcgetwinsize(slave) == (7, 93)
    finally:
        os.close(master)
        os.close(slave)


# ---- namespaces and mounts -------------------------------------------------------------------------------------------


def test_own_network_namespace() -> None:
    fd = namespaces.open_own_network()
    try:
        assert os.fstat(fd).st_ino == os.stat("/proc/self/ns/net").st_ino
        assert namespaces.is_network(fd)
    finally:
        os.close(fd)
    other = os.open("/proc/self/ns/uts", os.O_RDONLY)
    try:
        assert not namespaces.is_network(other)
    finally:
        os.close(other)


def test_what_needs_privileges_is_refused_in_the_kernels_words() -> None:
    calls = {
        "mounts.mount('none', '/mnt', 'tmpfs')": "Operation not permitted: 'mount /mnt'",
        "mounts.unmount('/proc')": "Operation not permitted: 'umount /proc'",
        "namespaces.unshare(namespaces.CLONE_NEWNET)": "Operation not permitted: 'unshare'",
        "namespaces.enter_network(namespaces.open_own_network())": "Operation not permitted: 'setns'",
        "namespaces.set_hostname('no')": "Operation not permitted: 'sethostname'",
    }
    for call, words in calls.items():
        assert words in unprivileged(call)


def test_flags_are_those_of_the_kernel() -> None:
    """Python knows some of them since 3.12, and reports others of mounts (statvfs(3))."""
    assert (mounts.MS_RDONLY, mounts.MS_NOSUID, mounts.MS_NODEV, mounts.MS_NOEXEC) == (
        os.ST_RDONLY,
        os.ST_NOSUID,
        os.ST_NODEV,
        os.ST_NOEXEC,
    )
    for name in ("CLONE_NEWNS", "CLONE_NEWCGROUP", "CLONE_NEWUTS", "CLONE_NEWIPC", "CLONE_NEWUSER", "CLONE_NEWPID", "CLONE_NEWNET"):
        assert getattr(namespaces, name) == getattr(os, name, getattr(namespaces, name))


def test_check_passes_results_and_raises_errors() -> None:
    assert libc.check(3, "x") == 3
    libc.libc.close(-1)
    with pytest.raises(OSError, match="'close'") as refused:
        libc.check(libc.libc.close(-1), "close")
    assert refused.value.errno == errno.EBADF
