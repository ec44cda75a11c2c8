"""Who asks: the session and its agent, read by statements that are written once. Every request needs both."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from inbox.models import Agent
from inbox.prepared import prepared


class SessionStore(db.SessionStore):
    """Django's, but for how a session is looked up."""

    def load(self) -> dict[str, Any]:
        key = self.session_key or ""
        if "\0" in key:  # in no text column; a quoted cookie can hold it
            self._session_key = None
            return {}
        if found := _live(key=key, now=timezone.now()):
            return self.decode(found[0].session_data)
        return super().load()  # which forgets what is not there, and tells of what is suspect


class Backend(AuthenticationBackend):
    """allauth's, but for how an agent is looked up."""

    def get_user(self, user_id: int) -> Agent | None:
        found = _agent(pk=user_id)
        return found[0] if found and self.user_can_authenticate(found[0]) else None


@prepared
def _agent(*, pk: int) -> QuerySet[Agent]:
    return Agent.objects.filter(pk=pk)


@prepared
def _live(*, key: str, now: datetime) -> QuerySet[Session]:
    return Session.objects.filter(session_key=key, expire_date__gt=now)
