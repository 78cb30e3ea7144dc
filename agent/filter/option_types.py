"""What libxtables itself knows of the options of each match and target: whether they take a value, which, and whether `!` may stand before.

Read through python-iptables from what the extensions register: no table of the kernel is opened, and nothing is written. It is done in a
child process, because libxtables ends the process, or crashes, where an extension cannot be used.
"""

import contextlib
import ctypes
import os
import signal
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from topology.model.netfilter import Family
from topology.rules.option_types import XtOption

_AT_MOST_SECONDS = 20
_NOBODY = 65534
_PROTO: Final[dict[Family, tuple[int, str]]] = {"ipv4": (2, "ipt"), "ipv6": (10, "ip6t")}
"""NFPROTO_*, and how the libraries begin that are for it alone."""
_TRY_LOAD = 2
"""XTF_TRY_LOAD. A search that does not load is never made: libxtables then takes the name for that of no target, for good."""
_FOLDERS = ("usr/lib/*/xtables", "usr/lib/xtables", "usr/lib64/xtables")

_FOLDER: Final = next((str(path) for pattern in _FOLDERS for path in sorted(Path("/").glob(pattern))), "/usr/lib/xtables")
"""Where the extensions are: libxt_NAME.so, libipt_NAME.so, libip6t_NAME.so."""

try:
    os.environ["XTABLES_LIBDIR"] = _FOLDER  # else python-iptables runs ldconfig to find it
    from iptc import xtables as _xtables
except Exception:  # no libxtables here, or one that python-iptables does not know: the help has to do
    _xtables = None
finally:
    del os.environ["XTABLES_LIBDIR"]


def listing(family: Family) -> str:
    """A section for `topology.rules.vocabulary.read`; empty where libxtables cannot be asked. It is kept until a file of it changes."""
    return _listing(family, _stamp())


def _stamp() -> tuple[tuple[str, int], ...]:
    with contextlib.suppress(OSError):
        return tuple((entry.name, entry.stat().st_mtime_ns) for entry in sorted(Path(_FOLDER).iterdir()))
    return ()


@cache
def _listing(family: Family, stamp: tuple[tuple[str, int], ...]) -> str:
    names = [name for name, _ in stamp]
    data = _in_a_child(family, names) if _xtables is not None else b""
    return f"=== types\n{data.decode('utf-8', 'replace')}" if data else ""


def _in_a_child(family: Family, names: list[str]) -> bytes:
    """What the child has written before it ended; of a crash, all that came before."""
    read, write = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(_AT_MOST_SECONDS)
            os.close(read)
            _child(family, names, write)
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        data = pipe.read()
    with contextlib.suppress(ChildProcessError):  # the reaper of the lab was faster
        os.waitpid(child, 0)
    return data


def _child(family: Family, names: list[str], write: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    with contextlib.suppress(OSError):  # without a raw socket libxtables cannot ask the kernel for revisions, and takes the newest
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    for option in _options(family, names):
        os.write(write, msgspec.json.encode(option) + b"\n")


def _options(family: Family, names: list[str]) -> Iterator[XtOption]:
    assert _xtables is not None
    proto, prefix = _PROTO[family]
    library = _xtables.xtables(proto)
    for file in names:
        kind, _, name = file.removeprefix("lib").removesuffix(".so").partition("_")
        if kind in ("xt", prefix) and name != "standard":
            found = _found(library, name)
            if found is not None:
                yield from _of_extension(name, found)


def _found(library: Any, name: str) -> Any:
    """The extension, as `struct xtables_match` or `xtables_target`; None where the library has none of this name. Any: the structures of
    python-iptables have no types."""
    is_target = name[0].isupper()
    structure = library._target_struct if is_target else library._match_struct
    library._xtables_set_nfproto(library.proto)

    arguments = (name.encode(), _TRY_LOAD) if is_target else (name.encode(), _TRY_LOAD, None)
    found = (library._xtables_find_target if is_target else library._xtables_find_match)(*arguments)
    return ctypes.cast(found, ctypes.POINTER(structure))[0] if found else None


def _of_extension(name: str, found: Any) -> Iterator[XtOption]:
    for entry in _entries(found.x6_options):
        yield XtOption(extension=name, name=entry.name.decode(), type=entry.type, flags=entry.flags)
    for entry in _entries(found.extra_opts):
        yield XtOption(extension=name, name=entry.name.decode(), has_arg=entry.has_arg)


def _entries(array: Any) -> Iterator[Any]:
    """Up to the one without a name."""
    at = 0
    while array and array[at].name:
        yield array[at]
        at += 1
