"""What browsers send, read with distrust."""

from __future__ import annotations


def number(text: str | None) -> int | None:
    """A whole number that fits a key; None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
