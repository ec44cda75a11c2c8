"""Written together, or apart: what cannot be written costs only itself, and nothing else is taken for it."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection

from inbox.models import Label
from inbox.operations.apart import apart
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def write():
    """Labels of these names, all in one statement; how often it was asked is kept."""
    brand, asked = builders.brand(), []

    def labels(names):
        asked.append(list(names))
        Label.objects.bulk_create(Label(brand=brand, name=name) for name in names)

    labels.asked = asked
    return labels


def names() -> set[str]:
    return set(Label.objects.values_list("name", flat=True))


def test_what_can_be_written_is_written_in_one_go(write):
    assert apart([f"label {n}" for n in range(50)], write) == []
    assert (len(write.asked), len(names())) == (1, 50)
    assert apart([], write) == []


def test_a_few_among_many_are_told_with_why_and_the_others_are_in(write):
    many = [f"label {n}" for n in range(100)]
    bad = {many[3]: "a\x00b", many[50]: "\ud83d", many[99]: "x" * 5000}
    failed = apart([bad.get(name, name) for name in many], write)
    assert [name for name, _ in failed] == list(bad.values())
    assert all(str(error) for _, error in failed)
    assert names() == set(many) - set(bad)
    assert len(write.asked) < 50, "halves, not one by one"


def test_what_cannot_stand_beside_another_is_told_and_the_other_is_in(write):
    failed = apart(["een", "twee", "een"], write)
    assert ([name for name, _ in failed], names()) == (["een"], {"een", "twee"})


def test_a_statement_of_ours_that_is_wrong_is_nobodys_data():
    def write(_):
        with connection.cursor() as cursor:
            cursor.execute("select no_such_column from inbox_label")

    with pytest.raises(ProgrammingError):
        apart(["een", "twee"], write)
