"""Why an action was refused, as a sentence: the one place."""

from __future__ import annotations

from typing import Any

from inbox.templatetags.filters import refusal


def words(code: str, facts: dict[str, Any] | None = None) -> str:
    """The sentence for a code of `Refused`."""
    return refusal(code, by=str((facts or {}).get("by", "")))
