"""The files that a lab sees: the system's programs read-only, everything else its own and empty, nothing of the machine's data."""

import contextlib
import os
import shutil
import sys
from pathlib import Path

from agent.linux import mounts as m
from agent.linux.namespaces import set_hostname
from topology.model.limits import Limits

_PROGRAMS = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_ETC_FILES = (
    "ld.so.cache", "ld.so.conf", "protocols", "services", "ethertypes", "profile", "inputrc", "os-release", "debian_version",
    "localtime", "bindresvport.blacklist", "ebtables.conf", "manpath.config", "nanorc", "host.conf", "gai.conf", "networks", "shells",
    "rpc", "mime.types", "magic",
)  # fmt: skip
_ETC_FOLDERS = ("alternatives", "groff", "iproute2", "ld.so.conf.d", "terminfo", "xtables", "perl", "vim")
_OWN = {
    "passwd": "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
    "tcpdump:x:102:102::/nonexistent:/usr/sbin/nologin\n",
    "group": "root:x:0:\ntty:x:5:\nnogroup:x:65534:\ntcpdump:x:102:\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nprotocols: files\nservices: files\n",
    "resolv.conf": "",
    "bash.bashrc": Path(__file__).with_name("bashrc").read_text(),
}
_FOLDERS = (
    "dev",
    "proc",
    "sys",
    "run",
    "tmp",
    "root",
    "etc",
    "home",
    "mnt",
    "opt",
    "srv",
    "var/lib",
    "var/cache/man",
    "var/log",
    "var/tmp",
    ".kernel/sys",
    ".kernel/nothing",
)
_ROOT_SIZE, _HOME_SIZE = "64m", "64m"


_PLACE = "/tmp"
"""Where the root is built: every user may enter it, and only the lab's mount namespace sees what is built there."""

_HIDDEN_FILES = (
    "kcore", "kmsg", "keys", "key-users", "timer_list", "sched_debug", "sysrq-trigger", "kallsyms", "kpagecount", "kpageflags",
    "kpagecgroup", "vmallocinfo", "slabinfo", "latency_stats", "interrupts", "partitions", "diskstats", "config.gz", "iomem", "ioports",
    "swaps",
)  # fmt: skip
_HIDDEN_FOLDERS = ("acpi", "asound", "bus", "driver", "fs", "irq", "pressure", "scsi", "dynamic_debug", "sys/fs/binfmt_misc")
"""What /proc tells of the machine as a whole."""


def build(limits: Limits) -> None:
    """Build the lab's root below `_PLACE`. Called in a mount namespace that the lab's root does not own. Raises OSError."""
    m.make_private()
    m.mount("tmpfs", _PLACE, "tmpfs", m.MS_NOSUID | m.MS_NODEV, f"mode=755,size={_ROOT_SIZE}")
    for folder in _FOLDERS:
        Path(_PLACE, folder).mkdir(parents=True, exist_ok=True)
    programs(Path(_PLACE))
    _etc(Path(_PLACE, "etc"))
    _dev(f"{_PLACE}/dev", limits.terminals)
    _proc(Path(_PLACE, "proc"))
    disk = str(limits.disk)
    for target, mode, size in (("run", "755", "16m"), ("tmp", "1777", disk), ("root", "700", disk), ("home", "755", _HOME_SIZE)):
        m.mount("tmpfs", f"{_PLACE}/{target}", "tmpfs", m.MS_NOSUID | m.MS_NODEV, f"mode={mode},size={size}")
    Path(_PLACE, "var/run").symlink_to("/run")
    Path(_PLACE, "var/tmp").chmod(0o1777)
    Path(_PLACE, ".kernel").chmod(0o700)


def enter(lab: str) -> None:
    """Make it the root of the calling process. Called as the lab's root, in its own namespaces."""
    # `ip netns exec` unmounts /sys and mounts it anew, which the kernel allows only while another one is fully visible
    for target in ("sys", ".kernel/sys"):
        m.mount("sysfs", f"{_PLACE}/{target}", "sysfs", m.MS_NOSUID | m.MS_NODEV | m.MS_NOEXEC)
    m.pivot_root(_PLACE)
    set_hostname(lab)
    Path("/etc/hostname").write_text(f"{lab}\n")
    Path("/etc/hosts").write_text(f"127.0.0.1 localhost {lab}\n::1 localhost ip6-localhost\n")


def _proc(proc: Path) -> None:
    """The lab's processes and its own network, and little else. Only what is in /proc/sys/net can be written."""
    m.mount("proc", str(proc), "proc", m.MS_NOSUID | m.MS_NODEV | m.MS_NOEXEC)
    m.bind(str(proc / "sys/net"), str(proc / "sys/net"))
    m.bind_read_only(str(proc / "sys"), str(proc / "sys"))
    nothing = Path(_PLACE, ".kernel/nothing")
    m.mount("tmpfs", str(nothing), "tmpfs", m.MS_NOSUID | m.MS_NODEV | m.MS_NOEXEC, "size=4k,mode=755")
    (nothing / "file").touch(mode=0o444)
    (nothing / "folder").mkdir(mode=0o555)
    m.mount("none", str(nothing), flags=m.MS_REMOUNT | m.MS_BIND | m.MS_RDONLY | m.MS_NOSUID | m.MS_NODEV | m.MS_NOEXEC)
    for kind, names in (("file", _HIDDEN_FILES), ("folder", _HIDDEN_FOLDERS)):
        for name in names:
            if (proc / name).exists():
                m.bind(str(nothing / kind), str(proc / name))


def programs(place: Path) -> None:
    """Bind the system's programs below `place`, read-only."""
    for name in _PROGRAMS:
        source = Path("/", name)
        if source.is_symlink():
            (place / name).symlink_to(os.readlink(source))
        elif source.is_dir():
            (place / name).mkdir()
            m.bind_read_only(str(source), str(place / name))
    for hidden in _hidden():
        if (place / hidden).is_dir():
            m.mount("tmpfs", str(place / hidden), "tmpfs", m.MS_RDONLY, "size=4k")


def _hidden() -> set[str]:
    """Folders of sources, and of Vethboard itself where it is installed below /usr."""
    ours = {Path(__file__).resolve().parents[2], Path(sys.prefix).resolve()}
    below = {str(path.relative_to("/")) for path in ours if path.is_relative_to("/usr") and path not in (Path("/usr"), Path("/usr/local"))}
    return {"usr/src", "usr/local/src"} | below


def _etc(etc: Path) -> None:
    """Copies of what programs need of the machine's /etc, and files of the lab's own."""
    for name in _ETC_FILES:
        with contextlib.suppress(OSError):
            shutil.copyfile(Path("/etc", name), etc / name)
    for name in (*_ETC_FOLDERS, *(folder.name for folder in Path("/etc").glob("python3.*"))):
        if Path("/etc", name).is_dir():
            shutil.copytree(Path("/etc", name), etc / name, symlinks=True, ignore_dangling_symlinks=True)
    if Path("/etc/ssl/certs").is_dir():
        (etc / "ssl/certs").mkdir(parents=True)
        m.bind_read_only("/etc/ssl/certs", str(etc / "ssl/certs"))
    for name, text in _OWN.items():
        (etc / name).write_text(text)
    (etc / "mtab").symlink_to("/proc/mounts")


def _dev(dev: str, terminals: int) -> None:
    """A /dev with harmless devices, and the lab's own terminals and shared memory."""
    m.mount("tmpfs", dev, "tmpfs", m.MS_NOSUID, "mode=755,size=64k")
    for name in _DEVICES:
        if Path("/dev", name).exists():
            target = Path(dev, name)
            target.parent.mkdir(exist_ok=True)
            target.touch()
            m.bind(f"/dev/{name}", str(target))
    Path(dev, "pts").mkdir()
    m.mount("devpts", f"{dev}/pts", "devpts", m.MS_NOSUID | m.MS_NOEXEC, f"newinstance,ptmxmode=0666,mode=0620,max={terminals}")
    Path(dev, "shm").mkdir()
    m.mount("tmpfs", f"{dev}/shm", "tmpfs", m.MS_NOSUID | m.MS_NODEV, "size=16m")
    for link, target_name in (("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        Path(dev, link).symlink_to(target_name)
