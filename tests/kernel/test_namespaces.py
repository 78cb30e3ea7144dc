"""Namespaces beside `ip netns`: each sees what the other did."""

import os
import subprocess
from pathlib import Path

import pytest

from agent.netlink.namespaces import Namespaces

pytestmark = pytest.mark.links


def ip(command: str) -> str:
    return subprocess.run(["ip", *command.split()], check=True, text=True, capture_output=True).stdout


def _descriptors() -> set[str]:
    return {os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{fd}")}


def test_made_here_is_one_for_ip_and_the_other_way_round() -> None:
    with Namespaces() as namespaces:
        ours = namespaces.create("ours")
        ip("netns add theirs")
        came, gone = namespaces.scan()
        assert [n.name for n in came] == ["theirs"]
        assert not gone
        assert sorted(line.split()[0] for line in ip("netns list").splitlines()) == ["ours", "theirs"]
        assert ours.inode == os.stat("/run/netns/ours").st_ino
        assert namespaces.visit(namespaces["theirs"], lambda: os.stat("/proc/thread-self/ns/net").st_ino) == came[0].inode
        assert os.stat("/proc/self/ns/net").st_ino == namespaces.host.inode
        namespaces.delete("theirs")
        ip("netns delete ours")
        assert [n.name for n in namespaces.scan()[1]] == ["ours"]
        assert os.listdir("/run/netns") == []


def test_taken_name_and_missing_name() -> None:
    with Namespaces() as namespaces:
        namespaces.create("ns0")
        with pytest.raises(FileExistsError):
            namespaces.create("ns0")
        with pytest.raises(FileNotFoundError):
            namespaces.delete("ns1")
        assert [n.name for n in namespaces] == ["host", "ns0"]


def test_ids_of_the_watch_are_not_those_of_the_user() -> None:
    with Namespaces() as namespaces:
        list(namespaces.create_many(["a", "b", "c"]))
        assert ip("netns list-id") == ""
        ip("netns set b 42")
        b = namespaces["b"]
        assert namespaces.ids_in(namespaces.host) == {b.nsid: 42}
        assert len({n.nsid for n in namespaces}) == 4


def test_a_name_that_became_another_namespace() -> None:
    with Namespaces() as namespaces:
        old = namespaces.create("ns0").inode
        ip("netns delete ns0")
        ip("netns add ns0")
        came, gone = namespaces.scan()
        assert [n.inode for n in gone] == [old]
        assert [n.name for n in came] == ["ns0"]
        assert came[0].inode != old


def test_one_namespace_is_listed_once_whatever_its_names() -> None:
    with Namespaces() as namespaces:
        namespaces.create("b")
        for path, target in (("a", "/run/netns/b"), ("z", "/run/netns/b"), ("root", "/proc/self/ns/net")):
            Path(f"/run/netns/{path}").touch()
            subprocess.run(["mount", "--bind", target, f"/run/netns/{path}"], check=True)
        os.symlink("/run/netns/b", "/run/netns/0")
        assert namespaces.scan() == ([], [])
        with Namespaces() as others:  # not known yet: mounts before links
            others.scan()
            assert [n.name for n in others] == ["host", "a"]
        ip("netns delete b")  # it goes on under another name
        came, gone = namespaces.scan()
        assert [n.name for n in gone] == ["b"]
        assert [n.name for n in came] == ["a"]


def test_nothing_stays_open() -> None:
    before = _descriptors()
    with Namespaces() as namespaces:
        list(namespaces.create_many([f"n{i}" for i in range(10)]))
        namespaces.delete("n3")
        ip("netns add x")
        namespaces.scan()
    assert _descriptors() == before
