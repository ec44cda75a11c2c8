"""X's rate windows, per endpoint and per user or app (docs.x.com, rate limits, August 2026)."""

from __future__ import annotations

from connectors.sandbox.clock import DAY, MINUTE
from connectors.sandbox.world import World

QUARTER = 15 * MINUTE
# endpoint: (calls per app, calls per user) in fifteen minutes; 0 is none given
WINDOWS: dict[str, tuple[int, int]] = {
    "mentions": (450, 300),
    "search": (450, 300),
    "user_posts": (10_000, 900),
    "posts": (3_500, 5_000),
    "post": (450, 900),
    "users": (300, 900),
    "me": (0, 75),
    "dm_events": (0, 15),
    "dm_send": (0, 15),
    "create": (0, 100),
    "delete": (0, 50),
    "hidden": (0, 50),
    "likes": (0, 50),
    "media": (0, 500),
    "webhooks": (450, 0),
}
DAILY: dict[str, tuple[int, int]] = {"dm_send": (1_440, 1_440), "create": (10_000, 0), "likes": (0, 1_000)}


class Windows:
    """Counts calls in fixed windows that open with the first call in them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.open: dict[tuple[str, str, int], list[int]] = {}

    def take(self, endpoint: str, *, owner: str, app: bool) -> tuple[bool, dict[str, str]]:
        """Whether this call still fits, and the headers that say so."""
        factor, now = float(self.world.settings["limits"]), self.world.clock.now()
        limit = WINDOWS.get(endpoint, (900, 900))[0 if app else 1] or 900
        used, ends = self._count(endpoint, owner, QUARTER, now)
        ceiling = max(1, int(limit * factor)) if factor else limit
        over = bool(factor) and used > ceiling
        headers = {
            "x-rate-limit-limit": str(ceiling),
            "x-rate-limit-remaining": str(max(0, ceiling - (used if factor else 1))),
            "x-rate-limit-reset": str(ends // 1000),
        }
        return self._daily(endpoint, owner, app=app, over=over, headers=headers, now=now, factor=factor)

    def _daily(
        self, endpoint: str, owner: str, *, app: bool, over: bool, headers: dict[str, str], now: int, factor: float
    ) -> tuple[bool, dict[str, str]]:
        daily = DAILY.get(endpoint, (0, 0))[0 if app else 1]
        if not daily:
            return not over, headers
        used, ends = self._count(endpoint, owner, DAY, now)
        ceiling, name = max(1, int(daily * (factor or 1))), "app" if app else "user"
        headers[f"x-{name}-limit-24hour-limit"] = str(ceiling)
        headers[f"x-{name}-limit-24hour-remaining"] = str(max(0, ceiling - used))
        headers[f"x-{name}-limit-24hour-reset"] = str(ends // 1000)
        return not over and not (factor and used > ceiling), headers

    def _count(self, endpoint: str, owner: str, length: int, now: int) -> tuple[int, int]:
        window = self.open.get((endpoint, owner, length))
        if window is None or now >= window[1] or now < window[1] - length:
            window = self.open[endpoint, owner, length] = [0, now + length]
        window[0] += 1
        return window[0], window[1]
