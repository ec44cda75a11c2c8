"""Answers of which any part is broken: nothing is swallowed, and what is read is of its own kind."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.types import Author, InboundMessage
from tests.connectors.broken import ANSWERS


def texts_and_numbers(thing: Author | InboundMessage) -> None:
    """Every field holds what it says it does: what is stored is written as it stands."""
    for field in dataclasses.fields(thing):
        value = getattr(thing, field.name)
        if field.type == "str":
            assert type(value) is str, (field.name, value)
        if field.type == "str | None":
            assert value is None or type(value) is str, (field.name, value)


@pytest.mark.parametrize("answer", ANSWERS)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_three_items_are_told_of_whatever_is_broken(answer, data):
    page, neighbours = data.draw(ANSWERS[answer][1])
    assert len(page.messages) + len(page.exposures) + len(page.unreadable) >= 3
    assert {message.external_id for message in page.messages} >= neighbours
    for message in page.messages:
        texts_and_numbers(message)
        for person in filter(None, (message.author, message.partner)):
            texts_and_numbers(person)
            assert person.followers is None or 0 <= person.followers < 2**63
        for attachment in message.attachments:
            texts_and_numbers(attachment)
        counts = (message.metrics.likes, message.metrics.replies, message.metrics.reposts)
        assert all(count is None or 0 <= count < 2**63 for count in counts)
