"""cgroup version 2: what is written where, on a tree of plain files; and the kernel's own rules, on a real one."""

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.limit_events import Counter, LimitEvents
from agent.sandbox import limits as enforced
from agent.sandbox import uids
from topology.model.limits import Limits
from topology.model.problems import Problem


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """In the place of /sys/fs/cgroup; this process is in its topmost group."""
    (tmp_path / "own").write_text("0::/\n")
    folder = tmp_path / "cgroup"
    folder.mkdir()
    monkeypatch.setattr(enforced, "_ROOT", folder)
    monkeypatch.setattr(enforced, "_OWN", tmp_path / "own")
    enforced._base.cache_clear()
    yield folder
    enforced._base.cache_clear()


@pytest.fixture
def real(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A group of a version 2 hierarchy that has a controller, whichever: beside version 1 few are left for it."""
    if subprocess.run(["mount", "-t", "cgroup2", "none", str(root)], capture_output=True).returncode != 0:
        pytest.skip("cgroup2 cannot be mounted here")
    own = root / f"test-{os.getpid()}"
    controllers = (root / "cgroup.controllers").read_text().split()
    before = (root / "cgroup.subtree_control").read_text().split()
    try:
        if not controllers:
            pytest.skip("all controllers are in version 1")
        (root / "cgroup.subtree_control").write_text(f"+{controllers[0]}")
        own.mkdir()
        monkeypatch.setattr(enforced, "_ROOT", own)
        monkeypatch.setattr(enforced, "_CONTROLLERS", ("no-such", controllers[0]))
        monkeypatch.setattr(enforced, "_GROUP", "vethboard")
        yield own
        for group in ("vethboard", "vethboard-agent", "."):
            if (own / group).exists():
                _emptied(own / group)
    finally:
        if controllers and controllers[0] not in before:
            (root / "cgroup.subtree_control").write_text(f"-{controllers[0]}")
        subprocess.run(["umount", str(root)], check=True)


def _emptied(group: Path) -> None:
    for _ in range(100):
        try:
            group.rmdir()
            return
        except OSError:
            time.sleep(0.01)
    raise AssertionError(f"{group}: {(group / 'cgroup.procs').read_text()}")


@pytest.fixture
def sleeper() -> Iterator[int]:
    process = subprocess.Popen(["sleep", "60"])
    yield process.pid
    process.kill()
    process.wait()


def test_what_is_written(root: Path) -> None:
    (root / "cgroup.controllers").write_text("cpu memory pids\n")
    group = root / "vethboard/lab"
    group.mkdir(parents=True)
    (root / "vethboard/cgroup.subtree_control").write_text("cpu memory pids\n")
    (group / "memory.swap.max").touch()
    (group / "cpu.max").touch()
    assert enforced.version() == 2
    assert enforced.confine("lab", 4711, Limits(processes=60, memory=96 << 20, cpu_weight=50, cpus=1.5)) == {}
    written = {file.name: file.read_text() for file in group.iterdir()}
    assert written == {
        "pids.max": "60", "memory.max": str(96 << 20), "memory.swap.max": "0", "cpu.weight": "50", "cpu.max": "150000 100000",
        "cgroup.procs": "4711",
    }  # fmt: skip
    enforced.confine("lab", 4711, Limits())
    assert (group / "cpu.max").read_text() == "max 100000"


def test_two_agents_have_two_groups(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enforced, "_GROUP", "")
    (root / "cgroup.controllers").write_text("pids\n")
    groups = []
    for run in (tmp_path / "run", tmp_path / "a/run", tmp_path / "b/run"):
        run.mkdir(parents=True)
        enforced.use_group_of(run)
        groups.append(enforced.folder("lab", "pids").relative_to(root))
    assert len(set(groups)) == 3
    shutil.rmtree(tmp_path / "run")
    (tmp_path / "b/run").rename(tmp_path / "run")  # of the same name, in another place: as in two containers
    enforced.use_group_of(tmp_path / "run")
    assert enforced.folder("lab", "pids").relative_to(root) not in groups


def test_ranges_of_user_ids_are_of_one_agent() -> None:
    numbers: dict[str, int] = {}
    for n in range(40):
        numbers[f"lab-{n}"] = uids.free("one", numbers.values(), ())
    other = {uids.free("two", (), ()), uids.free("three", (), numbers.values())}
    assert len(set(numbers.values()) | other) == 42
    assert uids.free("one", (), numbers.values()) not in numbers.values()
    assert all(uids.FIRST_UID <= uids.base(n) < 0xFFFF_0000 for n in numbers.values())


def test_without_cgroups_all_is_missing(root: Path) -> None:
    assert root
    assert enforced.version() == 0
    assert set(enforced.confine("lab", 4711, Limits())) == {"processes", "memory", "cpu share"}


def test_a_real_hierarchy_passes_on_what_it_has(real: Path, sleeper: int) -> None:
    """A controller that is missing does not keep others from being delegated; processes of a container's root group are moved out of it."""
    (real / "cgroup.procs").write_text(str(sleeper))
    controller = enforced._CONTROLLERS[1]
    assert set(enforced._delegate()) == {"no-such"}
    assert (real / "cgroup.subtree_control").read_text().split() == [controller]
    assert (real / "vethboard/cgroup.subtree_control").read_text().split() == [controller]
    assert (real / "vethboard-agent/cgroup.procs").read_text().split() == [str(sleeper)]
    missing = enforced.confine("lab", sleeper, Limits())
    assert set(missing) == {"processes", "memory", "cpu share"}, "these are in version 1, and it says so"
    enforced.join("lab", sleeper)
    assert (real / "vethboard/lab/cgroup.procs").read_text().split() == [str(sleeper)]
    os.kill(sleeper, 9)
    os.waitpid(sleeper, 0)
    enforced.release("lab")
    assert not (real / "vethboard").exists()
    assert set(enforced._delegate()) == {"no-such"}, "the next lab finds it delegated again"
    assert (real / "vethboard/cgroup.subtree_control").read_text().split() == [controller]


def test_a_real_hierarchy_reports(real: Path, sleeper: int) -> None:
    """By inotify, as for `pids.events` and `memory.events`; here for the first process in a group."""
    group = real / "lab"
    group.mkdir()
    reported: list[tuple[str, Problem]] = []

    async def listen() -> None:
        watch = LimitEvents(lambda lab, problem: reported.append((lab, problem)))
        watch.watch_file(Counter("lab", "processes", 60, group / "cgroup.events", "populated"))
        (group / "cgroup.procs").write_text(str(sleeper))
        for _ in range(100):
            if reported:
                break
            await asyncio.sleep(0.01)
        watch.close()

    asyncio.run(listen())
    (real.parent / "cgroup.procs").write_text(str(sleeper))
    _emptied(group)
    assert [(lab, problem.message) for lab, problem in reported] == [("lab", "processes: 60 of 60")]
