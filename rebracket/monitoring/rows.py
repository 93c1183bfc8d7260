"""What the store of predictions holds of each segment, and its schema."""

from dataclasses import astuple, dataclass, fields

COLUMNS = """
    at REAL NOT NULL,              -- Unix time, seconds
    request_id TEXT NOT NULL,
    subject TEXT NOT NULL,         -- salted hash of X-Subject, else of the key, else of the address
    key_id TEXT NOT NULL,          -- empty where keys are off
    model TEXT NOT NULL,
    version TEXT NOT NULL,
    variant TEXT NOT NULL,
    outcome TEXT NOT NULL,         -- ok, or the problem's slug
    status INTEGER NOT NULL,       -- as HTTP
    modalities TEXT NOT NULL,      -- joined by '+'
    type TEXT,                     -- from here on NULL where there was no prediction
    intensity REAL,
    confidence REAL,
    probabilities TEXT,            -- JSON, by type
    tokens INTEGER,                -- of words; NULL where there are none, as the next
    unknown_share REAL,            -- of the tokens, those that the vocabulary lacks
    decode_s REAL,
    queue_s REAL,
    compute_s REAL,
    content TEXT                   -- the words as JSON, only where store_content is on
"""
OK = "ok"


@dataclass(frozen=True, slots=True)
class Row:
    """One segment's; fields in the order of `COLUMNS`."""

    at: float
    request_id: str
    subject: str
    key_id: str
    model: str
    version: str
    variant: str
    outcome: str
    status: int
    modalities: str
    type: str | None = None
    intensity: float | None = None
    confidence: float | None = None
    probabilities: str | None = None
    tokens: int | None = None
    unknown_share: float | None = None
    decode_s: float | None = None
    queue_s: float | None = None
    compute_s: float | None = None
    content: str | None = None


NAMES = tuple(field.name for field in fields(Row))


def values(row: Row) -> tuple[object, ...]:
    """As SQLite takes them."""
    return astuple(row)
