"""Terminals: shells on PTYs that the lab process holds, and the files of their home directories.

A terminal runs whether or not anybody is attached; several viewers can attach at once. Their bytes are binary Socket.IO events
`terminal`, in the format of `protocol.frames`, with a channel that the client chose. The list of terminals is in the live records.
"""

import msgspec

from protocol.base import Request, Result


class OpenTerminal(Request, frozen=True, kw_only=True, tag="open-terminal"):
    """Start a shell in a namespace. Answer: `TerminalOpened`."""

    lab: str
    namespace: str
    rows: int = 24
    columns: int = 80


class AttachTerminal(Request, frozen=True, kw_only=True, tag="attach-terminal"):
    """See a terminal on `channel`, and type in it unless the token's role is `view`. Answer: `Done`.

    Frames: first SCREEN, then OUTPUT as it comes, and STATE whenever the state changes.
    """

    lab: str
    terminal: str
    channel: int
    rows: int
    columns: int


class DetachTerminal(Request, frozen=True, kw_only=True, tag="detach-terminal"):
    """Leave a terminal, which runs on. One whose shell has exited is removed when a viewer that saw its end leaves. Answer: `Done`."""

    channel: int


class ResizeTerminal(Request, frozen=True, kw_only=True, tag="resize-terminal"):
    """The size that this viewer has room for. A terminal takes the size of the viewer that typed last. Answer: `Done`."""

    channel: int
    rows: int
    columns: int


class CloseTerminal(Request, frozen=True, kw_only=True, tag="close-terminal"):
    """Hang up a terminal, if only its shell runs in it or with `force`. Answer: `TerminalClosed`."""

    lab: str
    terminal: str
    force: bool = False


class ListFiles(Request, frozen=True, kw_only=True, tag="list-files"):
    """All files below the home directory of a namespace. Answer: `Files`. A file is downloaded from `/labs/LAB/files/NAMESPACE/PATH`."""

    lab: str
    namespace: str


class TerminalOpened(Result, frozen=True, kw_only=True, tag="terminal-opened"):
    """`terminal`: the id of the new terminal."""

    terminal: str


class TerminalClosed(Result, frozen=True, kw_only=True, tag="terminal-closed"):
    """`kept`: the commands that still run in the terminal; where there are any it was not closed."""

    kept: tuple[str, ...] = ()


class File(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is relative to the home directory; `size` in bytes; `modified` in seconds since 1970."""

    path: str
    size: int
    modified: float


class Files(Result, frozen=True, kw_only=True, tag="files"):
    """`home`: the path of the home directory. `more`: the list is cut, there are more files."""

    home: str
    files: tuple[File, ...]
    more: bool = False


class TerminalState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The content of a STATE frame. `drives`: the terminal has this viewer's size, and this viewer answers the queries of programs.

    `code`: the shell has exited; its exit code, or 128 + n after signal n. `lost`: the connection to the lab was lost; attach again once
    the lab is live.
    """

    rows: int = 24
    columns: int = 80
    drives: bool = False
    code: int | None = None
    lost: bool = False
