"""Which iptables the command `iptables` runs in a lab: that of the lab's driver, by the lab's own /etc/alternatives
(update-alternatives(1))."""

from pathlib import Path

from topology.model.netfilter import Driver

_FOLDER, _PROGRAMS = Path("/etc/alternatives"), Path("/usr/sbin")
_NAMES = tuple(f"{family}{verb}" for family in ("iptables", "ip6tables") for verb in ("", "-save", "-restore"))


def use(driver: Driver, folder: Path = _FOLDER, programs: Path = _PROGRAMS) -> None:
    """Point the names at the driver's programs, in the lab's own /etc. A name that is no link on this machine stays as it is."""
    for name in _NAMES:
        link, (stem, _, verb) = folder / name, name.partition("-")
        target = programs / (f"{stem}-{driver}-{verb}" if verb else f"{stem}-{driver}")
        if link.is_symlink() and target.exists():
            link.unlink()
            link.symlink_to(target)
