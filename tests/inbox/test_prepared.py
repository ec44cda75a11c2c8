"""What prepared statements take from inside Django's ORM: when an upgrade changes it, this says so first."""

from __future__ import annotations

import inspect

import django
import pytest
from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.models import QuerySet
from django.db.models.sql.compiler import SQLCompiler

from inbox import prepared
from inbox.models import Conversation
from tests import builders

pytestmark = pytest.mark.django_db


def test_the_compiler_is_the_one_that_was_read():
    assert django.VERSION[:2] == (5, 2), "read inbox/prepared.py against the new compiler, then change this line"
    assert list(inspect.signature(SQLCompiler.as_sql).parameters) == ["self", "with_limits", "with_col_aliases"]
    assert list(inspect.signature(SQLCompiler.get_converters).parameters) == ["self", "expressions"]
    assert {"_query", "_result_cache"} <= set(vars(QuerySet(Conversation)))
    connection.ensure_connection()
    assert list(inspect.signature(connection._prepare_cursor).parameters) == ["cursor"]
    assert callable(ServerBindingCursor.execute)


def test_what_is_prepared_answers_as_the_query_itself():
    account = builders.account()
    made = [builders.conversation(account, f"Vraag {n}") for n in range(3)]

    def build(*, account: int, pk: int) -> QuerySet[Conversation]:
        found = Conversation.objects.filter(account=account, pk__gte=pk)
        return found.select_related("brand", "identity").order_by("pk")

    for first in (made[0], made[1], made[0]):
        values = {"account": account.pk, "pk": first.pk}
        for planned in (False, True):
            quick = prepared.rows_of(("test", planned), build, values, planned=planned)
            plain = list(build(**values))
            assert [vars(one) | {"_state": None} for one in quick] == [vars(one) | {"_state": None} for one in plain]
            assert [one.brand.slug for one in quick] == [one.brand.slug for one in plain]
            assert [one._state.fields_cache.keys() for one in quick] == [
                one._state.fields_cache.keys() for one in plain
            ]
