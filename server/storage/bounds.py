"""How much is kept at most: the one place for these numbers."""

HISTORY_ENTRIES = 1000
"""Entries of a lab's history; the oldest go first."""
HISTORY_BYTES = 32 << 20
"""Bytes of a lab's history as JSON. The newest entry is kept, whatever it weighs."""
PAGE_ENTRIES = 200
PAGE_BYTES = 1 << 20
"""Of one page of the history; a single entry may be larger."""
PENDING_CHANGES = 256
PENDING_BYTES = 1 << 20
"""Diffs that may stand beside the text of a document before the text is written anew."""
KEPT_DOCUMENTS = 10
"""Of each lab: documents that did not load and were replaced."""
