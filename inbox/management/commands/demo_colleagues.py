"""The demo's colleagues at work: they look, write and answer what is theirs, on the local sandbox only."""

from __future__ import annotations

import random
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet
from django.utils import timezone

from connectors.sandbox.voices import THANKS
from inbox.management.demo import ANSWERS, BRANDS
from inbox.management.morning import Morning
from inbox.models import Agent, Brand, Conversation, Delivery, Message
from inbox.operations import approvals, assignments, outbox_choices, presence, triage
from inbox.operations.changes import Refused
from inbox.queries.outbox_todo import minded, to_approve

EVERY = 12.0  # seconds: a sign of life lasts longer than this
VISITORS = ("agent", "lead", "admin")  # these logins are for who looks around: nobody acts in their name
PACE = 0.1  # how often somebody sends what they were writing, while there is no hurry
LEFT = 10  # unassigned conversations that are left for who looks around; with more than these there is a hurry
APPROVALS_LEFT = 2
DONE_AFTER = timedelta(minutes=15)  # without another word from them
UNDER_WAY = (Delivery.State.PENDING, Delivery.State.SENDING, Delivery.State.UNCERTAIN, Delivery.State.APPROVAL)


class Command(BaseCommand):
    """Go on until stopped."""

    help = "Let the colleagues of the demo look at their conversations and answer some; `make run` starts this."

    def handle(self, *args: Any, **options: Any) -> None:
        """Every few seconds a sign of life."""
        if not settings.SANDBOX_URL:
            raise CommandError("SANDBOX_URL is not set: the demo lives on the local sandbox only.")
        dice = random.Random()
        while True:
            for brand in Brand.objects.filter(slug__in=[details["slug"] for details in BRANDS.values()]):
                work(brand, dice)
            time.sleep(EVERY)


def work(brand: Brand, dice: random.Random) -> None:
    """Everybody at work looks at what has waited longest for them, and answers at the pace at which people write."""
    morning = Morning(brand)
    for name, agent in morning.people.items():
        if name in {*VISITORS, "anna", "bram"} or not agent.on_shift:
            continue
        try:
            _tidy(brand, agent)
            _turn(morning, agent, dice)
        except Refused:  # somebody was first, as it is among colleagues
            continue


def _turn(morning: Morning, agent: Agent, dice: random.Random) -> None:
    hurry = free(morning.brand).count() > LEFT
    conversation = _waiting(morning.brand).filter(assignee=agent).first()
    if conversation is None and hurry:
        conversation = _take(morning, agent)
    if conversation is None:
        return
    presence.arrive(conversation, agent=agent, typing=dice.random() < 0.5)
    watched = presence.present(conversation.brand_id, [conversation.pk], besides=agent)
    if not watched and (hurry or dice.random() < PACE):
        _react(morning, conversation, agent, dice)
        presence.leave(conversation, agent=agent)


def _waiting(brand: Brand) -> QuerySet[Conversation]:
    """Somebody waits and no answer is under way; who waits longest first."""
    open_ones = Conversation.objects.filter(brand=brand, status="open", waiting_since__isnull=False)
    answered = Delivery.objects.filter(state__in=UNDER_WAY).values("conversation")
    related = ("account", "identity", "contact", "brand", "thread")
    return open_ones.exclude(pk__in=answered).select_related(*related).order_by("waiting_since")


def free(brand: Brand) -> QuerySet[Conversation]:
    """Of these, what nobody has taken."""
    return _waiting(brand).filter(assignee=None)


def _take(morning: Morning, agent: Agent) -> Conversation | None:
    conversation = free(morning.brand).first()
    if conversation is not None:
        assignments.claim(conversation_id=conversation.pk, agent=agent)
        morning.recognise(conversation, actor=agent)
    return conversation


def _react(morning: Morning, conversation: Conversation, agent: Agent, dice: random.Random) -> None:
    """Thanks and what is gone need no answer; anything else gets words that this person has not had yet."""
    gone = Delivery.objects.filter(conversation=conversation, error_reason="message_gone").exists()
    if gone or any(conversation.preview.endswith(thanks) for thanks in THANKS):
        triage.resolve(conversation_ids=[conversation.pk], actor=agent, reason="no_answer_needed")
        return
    language = "en" if conversation.language == "en" else "nl"
    said = " ".join(Message.objects.filter(conversation=conversation, direction="out").values_list("text", flat=True))
    known = ANSWERS.get(conversation.kind, ANSWERS["question"])[language]
    for text in dice.sample(known, len(known)):
        if text not in said:
            greeting = "Hi {name}! " if language == "en" else "Hoi {name}! "
            if not morning.say(conversation, agent, greeting + text):  # they did not mention us, or it is too late
                triage.resolve(conversation_ids=[conversation.pk], actor=agent, reason="no_answer_needed")
            return
    triage.resolve(conversation_ids=[conversation.pk], actor=agent, reason="answered_elsewhere")


def _tidy(brand: Brand, agent: Agent) -> None:
    """What did not leave is given up, what trainees wrote is approved, and what needs nothing more is resolved."""
    for delivery in minded(agent=agent, brands=[brand]).filter(owner=agent, state=Delivery.State.FAILED):
        outbox_choices.give_up(delivery_id=delivery.pk, agent=agent)
    for delivery in to_approve(agent=agent, brands=[brand]).order_by("-pk")[APPROVALS_LEFT:]:
        approvals.approve(delivery_id=delivery.pk, agent=agent)
    quiet = Conversation.objects.filter(
        brand=brand, assignee=agent, status="pending", last_message_at__lt=timezone.now() - DONE_AFTER
    )
    triage.resolve(conversation_ids=list(quiet.values_list("pk", flat=True)[:3]), actor=agent)
