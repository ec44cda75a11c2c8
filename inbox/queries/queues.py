"""The queues of a brand: which conversations stand in each, under which name."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inbox.models import Conversation

Status = Conversation.Status


@dataclass(frozen=True)
class Queue:
    """One line of the sidebar. `where` is about the conversation alone; what is personal, the list adds."""

    name: str
    label: str | Promise
    icon: str
    where: Q
    sort: str = "waiting"
    sorts: tuple[str, ...] = ("waiting", "growth", "newest")  # those its rows have a value for, and an index


SETTLED = ("newest",)  # nobody waits there: by time, one walk over an index of millions
OPEN = Q(status=Status.OPEN)
QUEUES: dict[str, Queue] = {
    queue.name: queue
    for queue in (
        Queue("mine", _("Mine"), "user", OPEN),
        Queue("team", _("Team"), "users", OPEN),
        Queue("unassigned", _("Unassigned"), "inbox", OPEN & Q(assignee=None)),
        Queue("mentioned", _("Mentioned"), "at-sign", ~Q(status=Status.RESOLVED), "newest", SETTLED),
        Queue("snoozed", _("Snoozed"), "clock", Q(status=Status.SNOOZED), "wake", ("wake", *SETTLED)),
        Queue("compliments", _("Compliments"), "heart", OPEN & Q(kind=Conversation.Kind.COMPLIMENT)),
        Queue("proactive", _("Proactive"), "radar", OPEN & Q(proactive=True)),
        Queue("all", _("All open"), "layers", OPEN),
        Queue("pending", _("Waiting for them"), "hourglass", Q(status=Status.PENDING), "newest", SETTLED),
        Queue("minded", _("Not delivered"), "triangle-alert", Q(), "newest", SETTLED),
        Queue("resolved", _("Resolved"), "check-check", Q(status=Status.RESOLVED), "newest", SETTLED),
    )
}
SEARCH = Queue("search", _("Search"), "search", Q(), "newest", SETTLED)
EVERY = {**QUEUES, "search": SEARCH}
