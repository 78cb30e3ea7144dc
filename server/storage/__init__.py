"""What outlives the server: documents, histories, which labs shall run, tokens, settings. A database behind a small interface.

`Storage.open` is the way in; everything else in this room is its own affair (docs/adr/0018-database.md).
"""

from server.storage.archive import Archive
from server.storage.archive import read as read_backup
from server.storage.entries import Amend, Heads, Move, NewEntry, Page
from server.storage.labs import LabStore, Stored
from server.storage.state_directory import locked
from server.storage.storage import Storage
from server.storage.tokens import StoredToken

__all__ = [
    "Amend", "Archive", "Heads", "LabStore", "Move", "NewEntry", "Page", "Storage", "Stored", "StoredToken",
    "locked", "read_backup",
]  # fmt: skip
