"""Who minds a conversation: claim, assign, take over, offer back."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet

from inbox import events
from inbox.models import ActivityEntry, Agent, Brand, Conversation, Membership, Team
from inbox.operations import notifications
from inbox.operations.changes import Outcome, Refused, Status, change, lock
from inbox.prepared import prepared

UNFINISHED = (Status.OPEN, Status.PENDING, Status.SNOOZED)


@transaction.atomic
def claim(*, conversation_id: int, agent: Agent) -> ActivityEntry | None:
    """Make it the agent's. Of two who claim together, one has it and the other is told who (Refused "taken")."""
    conversation = lock(conversation_id)
    _only_members(conversation.brand_id, agent)
    if conversation.assignee_id not in {None, agent.pk}:
        raise Refused("taken", by=str(conversation.assignee))
    return change(conversation, actor=agent, verb="claimed", assignee_id=agent.pk)


@transaction.atomic
def take_over(*, conversation_id: int, agent: Agent, seen_assignee_id: int | None) -> ActivityEntry | None:
    """Take it from the colleague whom the agent saw there, knowingly; from nobody else."""
    conversation = lock(conversation_id)
    _only_members(conversation.brand_id, agent)
    if conversation.assignee_id != seen_assignee_id:
        raise Refused("taken", by=str(conversation.assignee or ""))
    entry = change(conversation, actor=agent, verb="taken_over", assignee_id=agent.pk)
    if entry is not None and seen_assignee_id is not None:
        notifications.tell([seen_assignee_id], kind="assigned", conversation=conversation, actor=agent,
                           key=f"taken:{entry.pk}", detail="taken_over")  # fmt: skip
    return entry


@transaction.atomic
def release(*, conversation_id: int, agent: Agent) -> ActivityEntry | None:
    """Give the agent's own conversation back to everybody."""
    conversation = lock(conversation_id)
    if conversation.assignee_id != agent.pk:
        raise Refused("not_yours")
    return change(conversation, actor=agent, verb="released", assignee_id=None)


def assign(
    *, conversation_ids: Iterable[int], actor: Agent, assignee: Agent | None = None, team: Team | None = None
) -> Outcome:
    """Give one or many to a person, to a team, or to a person within a team; both None gives them back."""
    outcome = Outcome()
    for pk in sorted(set(conversation_ids)):
        try:
            outcome.add(pk, _assign_one(pk, actor=actor, assignee=assignee, team=team))
        except Refused as refused:
            outcome.refused[pk] = refused.code
    return outcome


@transaction.atomic
def _assign_one(pk: int, *, actor: Agent, assignee: Agent | None, team: Team | None) -> ActivityEntry | None:
    conversation = lock(pk)
    if assignee is not None:
        _only_members(conversation.brand_id, assignee)
    if team is not None and team.brand_id != conversation.brand_id:
        raise Refused("other_brand")
    fields: dict[str, int | None] = {"assignee_id": assignee.pk if assignee else None}
    if team is not None or assignee is None:
        fields["team_id"] = team.pk if team else None
    names = {"assignee": str(assignee or ""), "team": str(team or "")}
    entry = change(conversation, actor=actor, verb="assigned", data={"names": names}, **fields)
    if entry is not None and assignee is not None and assignee != actor:
        notifications.tell([assignee.pk], kind="assigned", conversation=conversation, actor=actor,
                           key=f"assigned:{entry.pk}")  # fmt: skip
    return entry


def offer_back(*, agent: Agent, brand: Brand, actor: Agent) -> Outcome:
    """Everything unfinished of somebody who leaves or goes off shift becomes nobody's, in one action."""
    outcome = Outcome()
    mine = Conversation.objects.filter(brand=brand, assignee=agent, status__in=UNFINISHED).order_by("pk")
    for pk in list(mine.values_list("pk", flat=True)):
        with transaction.atomic():
            conversation = lock(pk)
            if conversation.assignee_id == agent.pk:
                outcome.add(pk, change(conversation, actor=actor, verb="offered_back", assignee_id=None))
    return outcome


@transaction.atomic
def set_shift(*, agent: Agent, on: bool) -> None:
    """Say whether somebody is at work; colleagues see it when they assign."""
    Agent.objects.filter(pk=agent.pk).update(on_shift=on)
    for brand_id in agent.memberships.values_list("brand_id", flat=True):
        events.publish("list", brand_id=brand_id)


def _only_members(brand_id: int, agent: Agent) -> None:
    if not agent.is_active or not (agent.is_owner or _memberships(brand=brand_id, agent=agent.pk)):
        raise Refused("not_a_member")


@prepared
def _memberships(*, brand: int, agent: int) -> QuerySet[Membership, int]:
    return Membership.objects.filter(brand=brand, agent=agent).values_list("pk", flat=True)
