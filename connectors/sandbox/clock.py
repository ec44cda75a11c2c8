"""The sandbox's time: real, faster, standing still, or set. All times are milliseconds since 1970."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock:
    """One time for every window, token and created_at in the sandbox."""

    def __init__(self, *, start: int | None = None, speed: float = 1.0) -> None:
        self.speed = speed
        self._real = time.time()
        self._base = start if start is not None else int(self._real * 1000)

    def now(self) -> int:
        """Milliseconds since 1970, as the platforms see them."""
        if not self.speed:
            return self._base
        return self._base + int((time.time() - self._real) * 1000 * self.speed)

    def set(self, at: int) -> None:
        """Jump to a moment."""
        self._base, self._real = at, time.time()

    def advance(self, seconds: float) -> None:
        """Let time pass at once."""
        self.set(self.now() + int(seconds * 1000))

    def run(self, speed: float) -> None:
        """Go on at another speed; 0 stands still."""
        self.set(self.now())
        self.speed = speed


@lru_cache(maxsize=1 << 16)  # a page is mostly made of moments that were written before
def iso(at: int) -> str:
    """2026-11-24T08:00:00.000Z, as X writes it."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1000:03d}Z"


def whole_iso(at: int) -> str:
    """X rounds created_at of posts to whole seconds and still writes the fraction."""
    return iso(at - at % 1000)


@lru_cache(maxsize=1 << 16)
def graph_time(at: int) -> str:
    """2026-11-24T08:00:00+0000, as Graph writes it."""
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def parse(text: str) -> int:
    """Read an ISO time or Unix seconds; ValueError when it is neither."""
    if text.lstrip("-").isdecimal():
        return int(text) * 1000
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
