"""The tables come up, and what is append-only stays so."""

from __future__ import annotations

import threading

import psycopg
import pytest
from django.core.management import call_command
from django.db import IntegrityError, InternalError, connection, transaction
from django.db.utils import ProgrammingError
from django.utils import timezone

from connectors.types import Page
from inbox.models import AuditEntry, Thread
from inbox.operations.ingest import ingest_page
from tests import builders
from tests.inbox.pages import said

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


REFERENCES = [
    ("inbox_message", "conversation_id"), ("inbox_message", "account_id"), ("inbox_message", "identity_id"),
    ("inbox_message", "stream_id"), ("inbox_messagepayload", "message_id"), ("inbox_metricwatch", "message_id"),
    ("inbox_metricwatch", "account_id"), ("inbox_conversation", "brand_id"), ("inbox_conversation", "account_id"),
    ("inbox_conversation", "thread_id"), ("inbox_conversation", "contact_id"), ("inbox_conversation", "identity_id"),
    ("inbox_identity", "brand_id"), ("inbox_identity", "contact_id"), ("inbox_contact", "brand_id"),
    ("inbox_thread", "account_id"),
]  # fmt: skip


def _written() -> None:
    """One row of everything that a page brings."""
    stream = builders.stream()
    page = Page(messages=(said("m1", sent_at=timezone.now()),))
    ingest_page(stream=stream, page=page, now=timezone.now(), lease=None)


def _columns(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select column_name from information_schema.columns where table_name = %s and is_generated = 'NEVER'"
            " order by ordinal_position",
            [table],
        )
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.parametrize(("table", "column"), REFERENCES)
def test_a_row_that_refers_to_nothing_is_refused(table, column):
    """Copied rows of `table`, whose `column` names somebody who is not there."""
    _written()
    columns = _columns(table)
    instead = {column: f"-7 as {column}"} | ({"id": "-id as id"} if "id" in columns else {})
    chosen = ", ".join(instead.get(name, f'"{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"create temporary table odd on commit drop as select {chosen} from {table}")
        for unique in ({"external_id", "key"} & set(columns)) - {column}:
            cursor.execute(f"update odd set {unique} = {unique} || ' too'")
        if table == "inbox_metricwatch":  # its key is the message
            cursor.execute("delete from inbox_metricwatch")
        with pytest.raises(IntegrityError, match=f"{column} refers to what is not in"):
            cursor.execute(f"insert into {table} ({names}) select * from odd")


@pytest.mark.parametrize(("table", "column"), REFERENCES)
def test_a_row_cannot_be_made_to_refer_to_nothing(table, column):
    _written()
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match=f"{column} refers to what is not in"):
        cursor.execute(f"update {table} set {column} = -7")


@pytest.mark.parametrize("table", ["brand", "channelaccount", "stream", "contact", "identity", "thread", "conversation", "message"])  # fmt: skip
def test_what_is_referred_to_cannot_be_removed(table):
    _written()
    others = "delete from inbox_poll; delete from inbox_hourlycount;"
    removal = f"{others} delete from inbox_{table}; set constraints all immediate"
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match=r"referred to by|foreign key constraint"):
        cursor.execute(removal)


@pytest.mark.django_db(transaction=True)
def test_whoever_is_removed_while_somebody_refers_to_them_is_missed():
    """The one who comes second waits for the other, and then finds that it cannot be."""
    stream = builders.stream()
    thread = Thread.objects.create(account=stream.account, external_id="t", visibility="public")
    with connection.cursor() as cursor:
        cursor.execute("select current_database()")
        database = cursor.fetchone()[0]
    parameters = {**connection.get_connection_params(), "dbname": database}
    parameters = {name: parameters[name] for name in ("dbname", "user", "host") if name in parameters}
    outcome: list[str] = []

    def remove() -> None:
        with psycopg.connect(**parameters) as other:
            try:
                other.execute("delete from inbox_thread where id = %s", [thread.pk])
                other.commit()
            except psycopg.errors.ForeignKeyViolation as refused:
                outcome.append(str(refused))

    with transaction.atomic():
        builders.conversation(stream.account, thread=thread)
        removal = threading.Thread(target=remove)
        removal.start()
        removal.join(0.5)
        assert removal.is_alive()  # it waits for us
    removal.join(20)
    assert "still referred to by inbox_conversation" in outcome[0]
