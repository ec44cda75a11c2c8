"""Who has how much open, how much of it will soon be late or is, and since when the first of them waits."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Min, Q
from django.utils import timezone

from inbox.models import Brand, Conversation
from inbox.operations.notifications import LAST_PART


@dataclass(frozen=True, slots=True)
class Workload:
    """Of one colleague, or of nobody: conversations, and who has waited longest."""

    open: int = 0
    soon: int = 0
    late: int = 0
    since: datetime | None = None


def workload(brand: Brand) -> defaultdict[int | None, Workload]:
    """By the pk of the assignee, None for what is nobody's; as of now, in one statement."""
    now = timezone.now()
    rows = (
        Conversation.objects.filter(brand=brand, status=Conversation.Status.OPEN).order_by().values("assignee")
        .alias(last_part=LAST_PART)
        .annotate(
            open=Count("pk"),
            soon=Count("pk", filter=Q(due_at__gt=now, due_at__lte=now + F("last_part"))),
            late=Count("pk", filter=Q(due_at__lte=now)),
            since=Min("waiting_since"),
        )
    )  # fmt: skip
    found: defaultdict[int | None, Workload] = defaultdict(Workload)
    for assignee, *figures in rows.values_list("assignee", "open", "soon", "late", "since"):
        found[assignee] = Workload(*figures)
    return found
