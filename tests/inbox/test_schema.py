"""The tables come up, and what is append-only stays so."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import InternalError, connection
from django.db.utils import ProgrammingError

from inbox.models import AuditEntry

pytestmark = pytest.mark.django_db


def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("change", ["update inbox_auditentry set verb = 'y'", "delete from inbox_auditentry"])
def test_the_audit_trail_cannot_be_changed(change):
    AuditEntry.objects.create(verb="x")
    with pytest.raises((InternalError, ProgrammingError), match="append-only"), connection.cursor() as cursor:
        cursor.execute(change)


def test_search_knows_dutch_stems_and_ignores_accents():
    with connection.cursor() as cursor:
        cursor.execute(
            "select to_tsvector('webcare', 'Leveringen aan de coördinator')"
            " @@ to_tsquery('webcare', 'levering & coordinator')"
        )
        assert cursor.fetchone() == (True,)
