"""Hostile text in every column and hostile values in every field: only text, and never an error of ours."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django import forms as django_forms
from django.apps import apps
from django.db import DatabaseError, models, transaction
from django.urls import reverse
from django.utils import timezone

import inbox
from inbox import forms, forms_admin
from inbox.models import Draft, Gap, Hiding, MessageVersion, Note, Notification, Stream, Thread
from inbox.operations import audit
from tests import builders
from tests.inbox.test_access import RULES, body_of, client_of, world

pytestmark = pytest.mark.django_db
__all__ = ["world"]

PARTS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7654321*3 }} %(n)s {0}",
]
HOSTILE = ["".join(PARTS), "".join(reversed(PARTS)), "javascript:alert(1)//\u202eevil"]  # a short column gets the first
OURS = {"slug", "kind", "key", "state", "status", "mode", "verb", "code", "token_hash", "fingerprint", "platform"}
ELSEWHERE = {"authorize", "reconnect_account", "attachment"}  # they lead away, or hand out a file
CALLING = {"own_keys", "new_search", "search_stream", "remove_account", "platform"}  # these ask a platform
VALUES = ["9" * 5000, "²", "a\u0000b", "//kwaad.example/"]


def free_text(model: type[models.Model]) -> list[str]:
    """The columns in which people or platforms write what they like."""
    kinds = (models.CharField, models.TextField)
    return [
        field.name for field in model._meta.fields
        if isinstance(field, kinds) and not isinstance(field, models.EmailField) and not field.choices
        and field.name not in OURS and not field.name.endswith("external_id")
    ]  # fmt: skip


def write_everywhere(text: str) -> int:
    """Into each text column of each row that has room for it; how many columns took it."""
    written = 0
    for model in apps.get_app_config("inbox").get_models():
        for name in free_text(model):
            room = model._meta.get_field(name).max_length
            try:
                with transaction.atomic():
                    written += bool(model._base_manager.update(**{name: text[:room]}))
            except DatabaseError:  # what must be unique, or may only be added
                continue
    return written


def furnish(world: dict[str, Any]) -> None:
    """One of everything that pages show and the world of addresses does without."""
    things, people, now = world["things"], world["people"], timezone.now()
    conversation = world["brand"].conversations.get(pk=things["conversation"])
    message, admin = conversation.messages.get(pk=things["message"]), people["admin"]
    Thread.objects.filter(pk=conversation.thread_id).update(text="x", author_name="x")
    Note.objects.create(conversation=conversation, author=admin, text="x")
    Draft.objects.create(conversation=conversation, agent=admin, mode="note", text="x", saved_at=now)
    MessageVersion.objects.create(message=message, text="x", sent_at=now, replaced_at=now)
    Hiding.objects.create(message=message, account=message.account, reason="other", explanation="x", state="failed",
                          due_at=now, asked_at=now)  # fmt: skip
    type(message).objects.filter(pk=message.pk).update(options={"can_hide": True})
    builders.delivery(conversation, state="failed")
    Notification.objects.create(agent=admin, brand=world["brand"], kind="mentioned", conversation=conversation,
                                actor=people["lead"], detail="x", key="k")  # fmt: skip
    Gap.objects.create(stream=Stream.objects.get(pk=things["stream"]), starts_at=now, reason="outage", detail="x")
    world["brand"].accounts.update(state="lost")
    audit.record(
        "invited", actor=admin, brand=world["brand"], target="<script>alert(1)</script>", data={"a": "<img src=x>"}
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_every_column_is_only_text(text, world):
    furnish(world)
    assert write_everywhere(text) > 60
    client = client_of(world, "admin")
    for name, rule in RULES.items():
        if "GET" not in rule.methods or rule.role == "owner" or name in ELSEWHERE:
            continue
        address = reverse(name, args=[world["things"][one] for one in rule.arguments])
        body = body_of(client.get(address, headers={"HX-Request": "true"} if name == "palette" else {}))
        assert "<script>alert" not in body, name
        assert "<img src=x" not in body, name
        assert not re.search(r"<[^>]*\son(error|mouseover)\s*=", body), name
        assert not re.search(r"(href|src|action)\s*=\s*[\"']?\s*javascript:", body), name
        assert "22962963" not in body, name


def fields() -> set[str]:
    """The names of everything that views and forms read."""
    views = "".join(path.read_text() for path in (Path(inbox.__file__).parent / "views").glob("*.py"))
    named = set(re.findall(r"(?:GET|POST|data)(?:\.get(?:list)?\(|\[)\"(\w+)\"", views)) | {"label", "ids", "entries"}
    for module in (forms, forms_admin):
        for form in vars(module).values():
            if isinstance(form, type) and issubclass(form, django_forms.BaseForm):
                named |= set(getattr(form, "base_fields", {}))
    return named


@pytest.mark.parametrize("value", VALUES)
def test_hostile_values_are_answered_not_tripped_over(value, world):
    """The client raises whatever would be an error 500."""
    names = fields()
    assert len(names) > 60
    for role in ("admin", "owner"):
        client = client_of(world, role)
        for name, rule in RULES.items():
            if (rule.role == "owner") != (role == "owner") or name in ELSEWHERE | CALLING:
                continue
            address, filled = (
                reverse(name, args=[world["things"][a] for a in rule.arguments]),
                dict.fromkeys(names, value),
            )
            with transaction.atomic():  # what one address does is undone before the next
                answers = [
                    getattr(client, method.rstrip("-").lower())(address, filled) for method in rule.methods.split()
                ]
                transaction.set_rollback(True)
            assert all(answer.status_code < 500 for answer in answers), name
            assert not [a.url for a in answers if a.status_code == 302 and "kwaad.example" in a.url], name
