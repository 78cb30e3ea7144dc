"""The messages between clients (browsers, the command line) and the server, over Socket.IO.

A client sends events `request`, each with an `id` that it chose, and gets exactly one event `answer` with that id. `exec`, `ping`, `trace`
and `watch` have a stream: events `stream` with that id, before the answer. Events `delta`, `labs` and `notice` come without a request.
The payload of an event is the JSON text of one of these structs; only that of `terminal` is a binary frame (`protocol.frames`), both ways.
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
from protocol.editing import Change, Compare, Compared, Done, Edit, Export, Exported, History, HistoryList, Planned, Side
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
    NewLab,
    Open,
    SetName,
    SetUplink,
    Snapshot,
    StartLab,
    StopLab,
    Subscribe,
)
from protocol.running import (
    Cancel,
    EndProcess,
    Exec,
    Exited,
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
    "CapturedFrames", "Change", "Check", "CheckRule", "Close", "CloseTerminal", "Compare", "Compared", "Context", "DeleteConnection",
    "Delta", "DestroyLab", "DetachTerminal", "Diagnosis", "Doctor", "Done", "Edit", "EndProcess", "Example", "Examples", "Exec",
    "Exited", "Export", "ExportRules", "Exported", "Extension", "File", "Files", "FlushConntrack", "History", "HistoryList", "Input",
    "JourneyItem", "LabInfo", "LabState", "Labs", "LabsEvent", "ListExamples", "ListFiles", "ListLabs", "ListTokens", "MakeToken",
    "NetnsQuery", "NewLab", "Notice", "Open", "OpenTerminal", "Option", "Output", "Ping", "PingDone", "PingNote", "PingReply",
    "Planned", "Predict", "Predicted", "ReadCapture", "RemoveCapture", "Request", "ResizeTerminal", "Restore", "Restored", "Result",
    "RevokeToken", "Role", "RuleChecked", "RuleNote", "SetName", "SetUplink", "Side", "Snapshot", "StartCapture", "StartLab",
    "StopCapture", "StopLab", "StreamItem", "Subscribe", "TerminalClosed", "TerminalOpened", "TerminalState", "Text", "TokenInfo",
    "TokenMade", "Tokens", "Trace", "Traced", "Vocabulary", "VocabularyOf", "Watch", "Watched", "ZeroCounters",
]  # fmt: skip

AnyRequest = (
    ListLabs | NewLab | StartLab | StopLab | DestroyLab | Open | Close | Edit | Subscribe | Export | Compare | Ping | Exec | Input | Cancel
    | EndProcess | NetnsQuery | History | Doctor | ListExamples | Trace | Predict | Watch
    | CheckRule | ZeroCounters | ExportRules | Vocabulary | Analyse | FlushConntrack | DeleteConnection
    | StartCapture | StopCapture | RemoveCapture | ReadCapture
    | OpenTerminal | AttachTerminal | DetachTerminal | ResizeTerminal | CloseTerminal | ListFiles
    | MakeToken | RevokeToken | ListTokens | SetName | SetUplink | Backup | Restore
)  # fmt: skip
AnyResult = (
    Done | Planned | Labs | Snapshot | Exported | Compared | PingDone | Exited | Text | HistoryList | Diagnosis | Examples
    | Traced | Predicted | Watched | RuleChecked | VocabularyOf | Analysed
    | CaptureStarted | CapturedFrames | TerminalOpened | TerminalClosed | Files
    | TokenMade | Tokens | Restored
)  # fmt: skip
AnyItem = PingReply | PingNote | Output | JourneyItem


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Socket.IO event `answer` to request `id`: exactly one of `result` and `problem`."""

    id: str
    result: AnyResult | None = None
    problem: Problem | None = None


class StreamItem(msgspec.Struct, frozen=True, kw_only=True):
    """Socket.IO event `stream`: one item of the stream of request `id`."""

    id: str
    item: AnyItem


class Delta(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Socket.IO event `delta`: what changed in an open lab from `revision` - 1 to `revision`. After a gap in the numbers: open it again.

    `context`: who caused the change of `desired`. `shell`: the equivalent commands of that change. `info`, `drift`, `warnings`, `can_undo`,
    `can_redo`, `undo_by` and `undo_session` are new values as in `Snapshot`; None: unchanged; the last four are empty where there is
    nothing to undo or redo.
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
    undo_session: str | None = None
    shell: tuple[str, ...] | None = None


class LabsEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Socket.IO event `labs`: the list of labs has changed; this is the new one."""

    labs: tuple[LabInfo, ...]


NoticeLevel = Literal["info", "warning", "error"]


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Socket.IO event `notice`: a problem that concerns everybody who has the lab open."""

    lab: str
    level: NoticeLevel
    problem: Problem
