"""What pages say about times, counts and people. Jinja2 filters and globals; no HTML is made here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

FILTERS: dict[str, Callable[..., Any]] = {}
GLOBALS: dict[str, Any] = {}
