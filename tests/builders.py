"""Small, valid rows for tests: each builder fills in what the test does not care about."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from allauth.mfa import app_settings
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.utils import timezone

from inbox.models import (
    Agent,
    Brand,
    ChannelAccount,
    Contact,
    Conversation,
    Delivery,
    Identity,
    Membership,
    Message,
    Stream,
    Thread,
)

_number = count(1)
PASSWORD = "correct horse battery staple"


def brand(**fields: Any) -> Brand:
    n = next(_number)
    return Brand.objects.create(**{"name": f"Brand {n}", "slug": f"brand-{n}", **fields})


def agent(of: Brand | None = None, role: str = "agent", *, is_trainee: bool = False, **fields: Any) -> Agent:
    n = next(_number)
    made = Agent.objects.create_user(
        **{"email": f"agent{n}@example.com", "password": PASSWORD, "name": f"Agent {n}", "initials": "AB", **fields}
    )
    if of is not None:
        Membership.objects.create(agent=made, brand=of, role=role, is_trainee=is_trainee)
    return made


def code(secret: str) -> str:
    """What the authenticator app shows for this secret, with at least five seconds left to type it."""
    period = app_settings.TOTP_PERIOD
    left = period - time.time() % period
    if left < 5:
        time.sleep(left)
    return format_hotp_value(hotp_value(secret, int(time.time()) // period))


def account(of: Brand | None = None, kind: str = "x", **fields: Any) -> ChannelAccount:
    n = next(_number)
    defaults = {"external_id": str(1000 + n), "name": f"Account {n}", "handle": f"account{n}"}
    return ChannelAccount.objects.create(brand=of or brand(), kind=kind, **{**defaults, **fields})


def stream(of: ChannelAccount | None = None, kind: str = "mentions", **fields: Any) -> Stream:
    return Stream.objects.create(account=of or account(), kind=kind, **{"next_poll_at": timezone.now(), **fields})


def identity(of: ChannelAccount, **fields: Any) -> Identity:
    n = next(_number)
    contact = fields.pop("contact", None) or Contact.objects.create(brand=of.brand, name=f"Person {n}")
    defaults = {"external_id": f"person-{n}", "handle": f"person{n}", "name": f"Person {n}", "seen_at": timezone.now()}
    return Identity.objects.create(brand=of.brand, contact=contact, platform=of.kind, **{**defaults, **fields})


def conversation(
    of: ChannelAccount | None = None, text: str = "Waar blijft mijn pakje?", **fields: Any
) -> Conversation:
    """An open public conversation with one inbound message."""
    of = of or account()
    who = fields.pop("identity", None) or identity(of)
    when: datetime = fields.pop("at", None) or timezone.now() - timedelta(minutes=5)
    visibility = fields.pop("visibility", "public")
    n = next(_number)
    thread = fields.pop("thread", None) or Thread.objects.create(
        account=of, external_id=f"thread-{n}", visibility=visibility
    )
    defaults = {
        "brand": of.brand, "thread": thread, "contact": who.contact, "identity": who, "key": f"key-{n}",
        "visibility": visibility, "waiting_since": when, "due_at": when + timedelta(minutes=30),
        "first_message_at": when, "last_message_at": when, "last_inbound_at": when, "preview": text[:200],
        "message_count": 1,
    }  # fmt: skip
    made = Conversation.objects.create(account=of, **{**defaults, **fields})
    message(made, text=text, sent_at=when)
    return made


def message(of: Conversation, text: str = "Hallo?", **fields: Any) -> Message:
    now = timezone.now()
    defaults = {
        "external_id": f"message-{next(_number)}", "direction": "in", "visibility": of.visibility,
        "identity": of.identity, "sent_at": now, "created_at": now,
    }  # fmt: skip
    return Message.objects.create(conversation=of, account_id=of.account_id, text=text, **{**defaults, **fields})


def delivery(of: Conversation, text: str = "We zoeken het uit.", **fields: Any) -> Delivery:
    """A reply that is due now."""
    parent = of.messages.filter(direction="in").latest("sent_at")
    sent = message(of, text=text, direction="out", external_id=None, identity=None, mode="public_reply")
    defaults = {"mode": "public_reply", "in_reply_to": parent.external_id, "due_at": timezone.now(), "token": uuid4()}
    return Delivery.objects.create(message=sent, conversation=of, account_id=of.account_id, **{**defaults, **fields})
