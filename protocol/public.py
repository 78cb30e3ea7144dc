"""What browsers and the command line say to the server, and what it says to them (Socket.IO).

One event `request` goes up, each with an `id` that the client chose; it gets exactly one `answer` with that id. A request
that has a stream (`ping`, `exec`, `events`) gets `stream` items with its id before the answer. `delta`, `labs` and `notice` come unasked.
All payloads are JSON text of these structs, but for the event `terminal`, which carries the bytes of terminals both ways.
"""

from typing import Literal

import msgspec

from protocol.access import ListTokens, MakeToken, RevokeToken, Role, TokenInfo, TokenMade, Tokens
from protocol.base import Request, Result
from protocol.captures import CapturedFrames, CaptureStarted, ReadCapture, RemoveCapture, StartCapture, StopCapture
from protocol.chains import (
    Analyse,
    Analysed,
    CheckRule,
    DeleteConnection,
    ExportRules,
    Extension,
    FlushConntrack,
    Option,
    RuleChecked,
    RuleNote,
    Vocabulary,
    VocabularyOf,
    ZeroCounters,
)
from protocol.editing import Change, Done, Edit, Export, Exported, History, HistoryList, Planned
from protocol.journeys import JourneyItem, Predict, Predicted, Trace, Traced, Watch, Watched
from protocol.labs import (
    Check,
    Close,
    Context,
    DestroyLab,
    Diagnosis,
    Doctor,
    Example,
    Examples,
    LabInfo,
    Labs,
    LabState,
    ListExamples,
    ListLabs,
    Look,
    NewLab,
    Open,
    SetUplink,
    Snapshot,
    StartLab,
    StopLab,
)
from protocol.running import (
    Cancel,
    EndProcess,
    Exec,
    Exited,
    Explain,
    Explained,
    Input,
    NetnsQuery,
    Output,
    Ping,
    PingDone,
    PingNote,
    PingReply,
    Text,
)
from protocol.storage import Backup, Restore, Restored
from protocol.terminals import (
    AttachTerminal,
    CloseTerminal,
    DetachTerminal,
    File,
    Files,
    ListFiles,
    OpenTerminal,
    ResizeTerminal,
    TerminalClosed,
    TerminalOpened,
    TerminalState,
)
from topology.model.diff import Diff
from topology.model.problems import Problem
from topology.model.records import AnyRecord
from topology.observe.live import AnyLive

__all__ = [
    "Analyse", "Analysed", "Answer", "AnyItem", "AnyRequest", "AnyResult", "AttachTerminal", "Backup", "Cancel", "CaptureStarted",
    "CapturedFrames", "Change", "Check", "CheckRule", "Close", "CloseTerminal", "Context", "DeleteConnection", "Delta", "DestroyLab",
    "DetachTerminal", "Diagnosis", "Doctor", "Done", "Edit", "EndProcess", "Example", "Examples", "Exec", "Exited", "Explain", "Explained",
    "Export", "ExportRules", "Exported", "Extension", "File", "Files", "FlushConntrack", "History", "HistoryList", "Input", "JourneyItem",
    "LabInfo", "LabState", "Labs", "LabsEvent", "ListExamples", "ListFiles", "ListLabs", "ListTokens", "Look", "MakeToken", "NetnsQuery",
    "NewLab", "Notice", "Open", "OpenTerminal", "Option", "Output", "Ping", "PingDone", "PingNote", "PingReply", "Planned", "Predict",
    "Predicted", "ReadCapture", "RemoveCapture", "Request", "ResizeTerminal", "Restore", "Restored", "Result", "RevokeToken", "Role",
    "RuleChecked", "RuleNote", "SetUplink", "Snapshot", "StartCapture", "StartLab", "StopCapture", "StopLab", "StreamItem",
    "TerminalClosed", "TerminalOpened", "TerminalState", "Text", "TokenInfo", "TokenMade", "Tokens", "Trace", "Traced", "Vocabulary",
    "VocabularyOf", "Watch", "Watched", "ZeroCounters",
]  # fmt: skip

AnyRequest = (
    ListLabs | NewLab | StartLab | StopLab | DestroyLab | Open | Close | Edit | Look | Export | Ping | Exec | Input | Cancel
    | EndProcess | NetnsQuery | Explain | History | Doctor | ListExamples | Trace | Predict | Watch
    | CheckRule | ZeroCounters | ExportRules | Vocabulary | Analyse | FlushConntrack | DeleteConnection
    | StartCapture | StopCapture | RemoveCapture | ReadCapture
    | OpenTerminal | AttachTerminal | DetachTerminal | ResizeTerminal | CloseTerminal | ListFiles
    | MakeToken | RevokeToken | ListTokens | SetUplink | Backup | Restore
)  # fmt: skip
AnyResult = (
    Done | Planned | Labs | Snapshot | Exported | PingDone | Exited | Text | Explained | HistoryList | Diagnosis | Examples
    | Traced | Predicted | Watched | RuleChecked | VocabularyOf | Analysed
    | CaptureStarted | CapturedFrames | TerminalOpened | TerminalClosed | Files
    | TokenMade | Tokens | Restored
)  # fmt: skip
AnyItem = PingReply | PingNote | Output | JourneyItem


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Socket.IO event `answer`: exactly one of `result` and `problem`."""

    id: str
    result: AnyResult | None = None
    problem: Problem | None = None


class StreamItem(msgspec.Struct, frozen=True, kw_only=True):
    """Socket.IO event `stream`."""

    id: str
    item: AnyItem


class Delta(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Socket.IO event `delta`: what changed from `revision` - 1 to `revision`. A gap in the numbers means: open again.

    `context` says who caused the change of `desired`. The last six are whole new values, None: unchanged; the undo labels and
    `undo_by`, the author of the edit that undo would take back, are empty text where there is nothing to undo.
    """

    lab: str
    revision: int
    desired: Diff[AnyRecord] | None = None
    observed: Diff[AnyRecord] | None = None
    live: Diff[AnyLive] | None = None
    context: Context | None = None
    info: LabInfo | None = None
    drift: tuple[str, ...] | None = None
    warnings: tuple[Problem, ...] | None = None
    can_undo: str | None = None
    can_redo: str | None = None
    undo_by: str | None = None
    shell: tuple[str, ...] | None = None


class LabsEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Socket.IO event `labs`."""

    labs: tuple[LabInfo, ...]


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Socket.IO event `notice`: something that everybody in the lab should know; `level` `info`, `warning` or `error`."""

    lab: str
    level: Literal["info", "warning", "error"]
    problem: Problem
