"""Terminals: shells that live in the lab, whoever looks at them, and the files of their homes.

A terminal is opened, and then attached to by as many as like. The bytes of an attached one go both ways as binary Socket.IO events
`terminal`, in frames of `protocol.frames` whose channel the client chose. The list of terminals is in the live records.
"""

import msgspec

from protocol.base import Request, Result

LARGEST = 1000
"""Rows and columns of a terminal at most."""

MOST_UPLOAD = 32 << 20
"""Bytes of a file that can be put into a home at once."""


class OpenTerminal(Request, frozen=True, kw_only=True, tag="open-terminal"):
    """Start a shell in a namespace. Answer: `TerminalOpened`."""

    lab: str
    namespace: str
    rows: int = 24
    columns: int = 80


class AttachTerminal(Request, frozen=True, kw_only=True, tag="attach-terminal"):
    """Look at it and type in it, on `channel`; with a token to view only look. Frames: SCREEN, then OUTPUT as it
    comes, STATE whenever that is another. Answer: `Done`."""

    lab: str
    terminal: str
    channel: int
    rows: int
    columns: int


class DetachTerminal(Request, frozen=True, kw_only=True, tag="detach-terminal"):
    """No longer look at it. It goes on; one that has ended is forgotten when its end was seen."""

    channel: int


class ResizeTerminal(Request, frozen=True, kw_only=True, tag="resize-terminal"):
    """What this viewer has room for. The terminal has the size of the viewer that drives it: the one who typed last."""

    channel: int
    rows: int
    columns: int


class CloseTerminal(Request, frozen=True, kw_only=True, tag="close-terminal"):
    """End it, if nothing but the shell runs in it or if it is to be ended `anyway`. Answer: `TerminalClosed`."""

    lab: str
    terminal: str
    anyway: bool = False


class ListFiles(Request, frozen=True, kw_only=True, tag="list-files"):
    """The files of a namespace's home, folders and all. Answer: `Files`. They are fetched from `/labs/LAB/files/NAMESPACE/PATH`."""

    lab: str
    namespace: str


class TerminalOpened(Result, frozen=True, kw_only=True, tag="terminal-opened"):
    terminal: str


class TerminalClosed(Result, frozen=True, kw_only=True, tag="terminal-closed"):
    """`kept`: it was not ended, because of these commands that run in it."""

    kept: tuple[str, ...] = ()


class File(msgspec.Struct, frozen=True, kw_only=True):
    """`path` below the home; `size` in bytes; `modified` in s since 1970."""

    path: str
    size: int
    modified: float


class Files(Result, frozen=True, kw_only=True, tag="files"):
    """`more`: there are others that are not listed."""

    home: str
    files: tuple[File, ...]
    more: bool = False


class TerminalState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a STATE frame says. `drives`: this viewer's size counts, and it answers what programs ask the terminal.

    `code`: it ended, with this exit code as a shell has it. `lost`: the lab, or the way to it, is gone; attach again when it is there.
    """

    rows: int = 24
    columns: int = 80
    drives: bool = False
    code: int | None = None
    lost: bool = False
