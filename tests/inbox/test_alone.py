"""Statements that are not spread over several processes of PostgreSQL, and rows that are locked."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.transaction import TransactionManagementError

from inbox.models import Conversation
from inbox.operations.changes import lock
from tests import builders


@pytest.mark.django_db
def test_no_statement_of_a_page_is_spread_over_processes():
    with connection.cursor() as cursor:
        cursor.execute("show max_parallel_workers_per_gather")
        assert cursor.fetchone() == ("0",)


@pytest.mark.django_db(transaction=True)
def test_a_row_is_locked_inside_a_transaction_only():
    talk = builders.conversation(builders.account(builders.brand()))
    with pytest.raises(TransactionManagementError):
        lock(talk.pk)


@pytest.mark.django_db
def test_what_is_not_there_is_not_locked():
    for _ in range(3):
        with pytest.raises(Conversation.DoesNotExist):
            lock(999_999_999)
