"""When beat runs what, also after the system's clock was set back: nothing waits until it is that late again."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from celery.beat import PersistentScheduler
from celery.schedules import schedstate, schedule


class Every(schedule):  # type: ignore[misc]
    """So many seconds apart; what ran later than now is due."""

    def is_due(self, last_run_at: datetime) -> Any:  # the stubs take the seconds for a moment
        """Whether to run, and after how many seconds to look again."""
        if self.maybe_make_aware(last_run_at) > self.now():
            return schedstate(is_due=True, next=self.seconds)
        return super().is_due(last_run_at)


class Steady(PersistentScheduler):  # type: ignore[misc]
    """Plans anew when the clock went back: what was planned stands in the time of before."""

    seen = 0.0

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Run what is due; after how many seconds to come again."""
        now = time.time()
        if now < self.seen:
            self._heap = None
        self.seen = now
        return float(super().tick(*args, **kwargs))  # type: ignore[no-untyped-call]
