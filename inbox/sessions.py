"""Where sessions are: in the database, read by a statement that is written once. Every request asks for one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

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


@prepared
def _live(*, key: str, now: datetime) -> QuerySet[Session]:
    return Session.objects.filter(session_key=key, expire_date__gt=now)
