"""The programs that lessons need, which labs have from the machine, and their manual pages."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from protocol.public import Check

_PROGRAMS = {
    "ip": "iproute2", "bridge": "iproute2", "tc": "iproute2", "ss": "iproute2", "brctl": "bridge-utils", "ethtool": "ethtool",
    "iptables-legacy": "iptables", "iptables-nft": "iptables", "ip6tables": "iptables", "nft": "nftables", "conntrack": "conntrack",
    "ping": "iputils-ping", "arping": "iputils-arping", "traceroute": "traceroute", "tcpdump": "tcpdump", "nc": "netcat-openbsd",
    "curl": "curl", "dig": "bind9-dnsutils", "iperf3": "iperf3", "python3": "python3", "tmux": "tmux", "vim": "vim", "nano": "nano",
    "less": "less", "man": "man-db", "top": "procps", "sysctl": "procps", "slirp4netns": "slirp4netns", "nsenter": "util-linux",
}  # fmt: skip
"""Program → Debian's package."""
_NEEDED = ("ip", "bridge", "ping")
_PAGES = Path("/usr/share/man/man8")
_DPKG = Path("/etc/dpkg/dpkg.cfg.d")


def checks() -> Iterator[Check]:
    """Each program, and how to install it where it is missing."""
    for program, package in _PROGRAMS.items():
        found = shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin")
        mend = "" if found else f"apt-get install {package}"
        yield Check(name=program, ok=bool(found), needed=program in _NEEDED, detail=found or "not installed", mend=mend)
    yield _manual_pages()


def _manual_pages() -> Check:
    """Images for containers have none, because of a setting of dpkg(1) that also holds for packages installed later."""
    if any(_PAGES.glob("ip.8*")):
        return Check(name="man pages", ok=True)
    rules = [file.name for file in sorted(_DPKG.glob("*")) if "path-exclude" in _text(file) and "/usr/share/man" in _text(file)]
    packages = " ".join(sorted(set(_PROGRAMS.values())))
    mend = f"apt-get install --reinstall {packages}"
    if rules:
        names = " ".join(f"{_DPKG}/{name}" for name in rules)
        return Check(name="man pages", ok=False, detail=f"this system leaves them out ({names})", mend=f"rm {names} && {mend}")
    return Check(name="man pages", ok=False, detail=f"there are none in {_PAGES}", mend=mend)


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError):
        return ""
