"""The shapes and words that stand for states. Colour is added by the stylesheet and never stands alone."""

from dataclasses import dataclass

__all__ = ["MARKS", "OUTCOMES", "REPLIES", "STATES", "Mark"]


@dataclass(frozen=True, slots=True)
class Mark:
    """`shape` is for the eye and hidden from screen readers; `word` says the same."""

    shape: str
    word: str


# What became of a permission.
MARKS = {
    "granted": Mark("✓", "granted and used"),
    "unused": Mark("○", "granted, not used yet"),
    "refused": Mark("✕", "refused at Google"),
    "asked": Mark("+", "will be asked"),
    "left-out": Mark("–", "left out"),
    "not-asked": Mark("–", "not asked"),
    "extra": Mark("!", "granted without being asked"),
    "lost": Mark("✕", "granted, given no longer"),
}

# How an entry of the ledger ended.
OUTCOMES = {
    "answered": Mark("✓", "answered"),
    "refused": Mark("✕", "refused"),
    "failed": Mark("!", "not done"),
    "unknown": Mark("?", "not known"),
    "done": Mark("✓", "done"),
    "in-flight": Mark("…", "under way"),
}

# What is known of a reply at Google.
REPLIES = {
    "sending": Mark("…", "sending"),
    "sent": Mark("✓", "sent"),
    "failed": Mark("!", "failed"),
    "unknown": Mark("?", "unknown"),
}

# Where a connection is.
STATES = {
    "active": Mark("●", "active"),
    "linking": Mark("◐", "not finished"),
    "needs_consent": Mark("▲", "needs consent"),
    "revoked": Mark("■", "ended"),
    "merged": Mark("■", "renewed"),
}
