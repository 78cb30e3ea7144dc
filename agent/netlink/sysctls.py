"""Sysctls of many namespaces: read fast, and read again when somebody wrote one.

/proc/sys/net shows the namespace of the thread that opens a path in it. Its directories are opened once per namespace: a walk from the
root searches the `ipv4` of this namespace among those of all namespaces, one by one, so that 500 namespaces cost 500² steps. While such a
descriptor is open its directory stays the same inode, and inotify(7) on it reports each write(2) to a file in it, whoever wrote.
"""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress

from agent.linux.inotify import IN_MODIFY, Inotify
from agent.netlink.namespaces import Namespaces, Netns
from topology.observe.facts import SysctlFact

_LONGEST = 4096
"""Bytes of a value that are read."""
_ROOT = "/proc/sys/"


class Sysctls:
    """Reads and watches `keys` (`net.ipv4.ip_forward`, …). `fileno` is readable when one of an armed namespace was written."""

    def __init__(self, namespaces: Namespaces, keys: Iterable[str]) -> None:
        self._namespaces = namespaces
        self._files = [(key, *_split(key)) for key in sorted(keys)]
        self._folders = sorted({folder for _, folder, _ in self._files})
        self._open: dict[Netns, dict[str, int]] = {}
        self._by_watch: dict[int, Netns] = {}
        self._watches: dict[Netns, list[int]] = {}
        self._inotify = Inotify()

    def close(self) -> None:
        """Close all descriptors."""
        for netns in list(self._open):
            self.forget(netns)
        self._inotify.close()

    def fileno(self) -> int:
        """For select(2) and the like."""
        return self._inotify.fileno()

    def read_later(self, places: Sequence[Netns]) -> "Future[list[list[SysctlFact]]]":
        """Start to read these namespaces, on the thread that visits them. A key that a namespace does not have is left out."""
        return self._namespaces.visit_all_later(places, self._read)

    def read(self, places: Sequence[Netns]) -> list[SysctlFact]:
        """The values, read now."""
        return [fact for facts in self.read_later(places).result() for fact in facts]

    def arm(self, places: Sequence[Netns]) -> None:
        """Watch these namespaces from now on."""
        self._namespaces.visit_all([netns for netns in places if netns not in self._watches], self._arm)

    def forget(self, netns: Netns) -> None:
        """Close what is open of a namespace that is gone."""
        for fd in self._open.pop(netns, {}).values():
            os.close(fd)
        for watch in self._watches.pop(netns, []):
            self._by_watch.pop(watch, None)
            self._inotify.remove(watch)

    def written(self) -> set[Netns]:
        """The armed namespaces in which a key was written since the last call; all of them if events were lost."""
        out: set[Netns] = set()
        for event in self._inotify.read():
            if event.lost:
                out.update(self._by_watch.values())
            elif event.watch in self._by_watch:
                out.add(self._by_watch[event.watch])
        return out

    def _opened(self, netns: Netns) -> dict[str, int]:
        """The descriptors of the directories. Called on a thread that is in the namespace."""
        found = self._open.get(netns)
        if found is None:
            found = self._open[netns] = {}
            for folder in self._folders:
                try:
                    found[folder] = os.open(_ROOT + folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
                except OSError:
                    continue  # IPv6 is compiled out, or this process may not open more: `_read` goes by path then
        return found

    def _arm(self, netns: Netns) -> None:
        watches = self._watches.setdefault(netns, [])
        for fd in self._opened(netns).values():
            with suppress(OSError):  # no more watches are allowed: a change is seen when the namespace is read anew
                watch = self._inotify.add(f"/proc/self/fd/{fd}", IN_MODIFY)
                self._by_watch[watch] = netns
                watches.append(watch)

    def _read(self, netns: Netns) -> list[SysctlFact]:
        folders = self._opened(netns)
        facts = []
        for key, folder, name in self._files:
            fd = folders.get(folder)
            value = _value(name, fd) if fd is not None else _value(f"{_ROOT}{folder}/{name}", None)
            if value is not None:
                facts.append(SysctlFact(ns=netns.name, key=key, value=value))
        return facts


def _split(key: str) -> tuple[str, str]:
    folder, _, name = key.replace(".", "/").rpartition("/")
    return folder, name


def _value(path: str, folder: int | None) -> str | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return None  # the kernel has no such key, or not in this namespace
    try:
        return " ".join(os.read(fd, _LONGEST).decode("utf-8", "replace").split())
    except OSError:
        return None  # some can only be written
    finally:
        os.close(fd)
