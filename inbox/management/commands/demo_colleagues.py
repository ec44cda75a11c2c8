"""The demo's colleagues at work: they look, write and answer what is theirs, on the local sandbox only."""

from __future__ import annotations

import random
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from inbox.management.demo import BRANDS
from inbox.management.morning import Morning
from inbox.models import Brand, Conversation
from inbox.operations import presence

EVERY = 12.0  # seconds: a sign of life lasts longer than this
VISITORS = ("agent", "lead", "admin")  # these logins are for who looks around: nobody acts in their name
ANSWERS = 0.1  # how often somebody sends what they were writing


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
    """Everybody at work looks at what has waited longest for them; now and then an answer leaves."""
    morning = Morning(brand)
    for name, agent in morning.people.items():
        if name in {*VISITORS, "anna", "bram"} or not agent.on_shift:
            continue
        own = Conversation.objects.filter(brand=brand, assignee=agent, status="open", waiting_since__isnull=False)
        related = ("account", "identity", "contact", "brand", "thread")
        conversation = own.select_related(*related).order_by("waiting_since").first()
        if conversation is None:
            continue
        presence.arrive(conversation, agent=agent, typing=dice.random() < 0.5)
        if dice.random() < ANSWERS and not presence.present(conversation.brand_id, [conversation.pk], besides=agent):
            morning.answer(conversation, agent)
            presence.leave(conversation, agent=agent)
