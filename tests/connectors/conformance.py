"""What every connector promises, as one class to inherit. A platform is done when its subclass passes.

A subclass says, by its hooks, how the world outside is moved: a person writes, the platform fails, the public
looks. Every hook is abstract: forget one, and every test fails on making the class.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import Connector
from connectors.exceptions import (
    BudgetExhausted,
    ConnectorError,
    Gone,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    TemporaryFailure,
    Unsupported,
)
from connectors.types import (
    Direction,
    InboundMessage,
    OutboundMessage,
    Page,
    StreamRef,
    Visibility,
)
from tests.connectors.world import FAULTS, World


class Conformance(ABC):
    """Inherit, give a world, pass."""

    @abstractmethod
    @pytest.fixture
    def world(self) -> World:
        """A fresh world."""

    @pytest.fixture
    def connector(self, world: World):
        with world.connector() as connector:
            yield connector

    # The contract itself

    def test_it_is_a_connector_with_capabilities(self, connector):
        rules = connector.capabilities
        assert rules.label
        assert rules.streams
        assert rules.modes
        assert len({spec.kind for spec in rules.streams}) == len(rules.streams)
        assert all(spec.min_interval <= spec.default_interval for spec in rules.streams)
        assert dataclasses.is_dataclass(rules)

    def test_it_starts_with_the_streams_that_need_no_query(self, connector):
        started = {stream.kind for stream in connector.streams()}
        assert started == {spec.kind for spec in connector.capabilities.streams if not spec.needs_query}

    def test_it_keeps_the_signatures_of_the_contract(self, connector):
        for name, promised in inspect.getmembers(Connector, inspect.isfunction):
            if not name.startswith("_"):
                kept = inspect.signature(getattr(type(connector), name)).parameters
                assert list(inspect.signature(promised).parameters) == list(kept)

    def test_it_tells_the_platforms_clock_once_that_was_seen(self, connector, world):
        assert connector.told_at() is None
        connector.check()
        told = connector.told_at()
        assert bool(told and told.tzinfo) is world.tells_time

    def test_check_tells_whose_account_it_is(self, connector):
        info = connector.check()
        assert info.external_id == connector.credentials.account_id
        assert info.name
        assert info.cost.calls >= 1

    def test_an_unknown_stream_is_unsupported(self, connector):
        with pytest.raises(Unsupported):
            connector.poll(StreamRef("telepathy"), {})

    # Reading

    def walk(self, connector: Connector, stream: StreamRef, cursor: dict | None = None) -> tuple[list[Page], dict]:
        pages, cursor = [], cursor or {}
        for _ in range(50):
            pages.append(connector.poll(stream, cursor, since=datetime.now(UTC) - timedelta(days=3)))
            cursor = json.loads(json.dumps(pages[-1].cursor))  # a cursor is JSON
            if not pages[-1].has_more:
                return pages, cursor
        raise AssertionError("the walk does not end")

    def read(self, connector: Connector, stream: StreamRef, cursor: dict | None = None) -> list[InboundMessage]:
        return [message for page in self.walk(connector, stream, cursor)[0] for message in page.messages]

    def texts(self, messages: list[InboundMessage]) -> set[str]:
        return {message.text for message in messages}

    def test_what_people_say_is_read_whole(self, world, connector):
        identifier = world.say("Waar blijft mijn trein? <3 & 日本語 é 😀")
        (message,) = [m for m in self.read(connector, world.public) if m.external_id == identifier]
        assert "Waar blijft mijn trein? <3 & 日本語 é 😀" in message.text
        assert message.direction is Direction.INBOUND
        assert message.visibility is Visibility.PUBLIC
        assert message.sent_at.tzinfo is not None
        assert abs(datetime.now(UTC) - message.sent_at) < timedelta(hours=1)
        assert message.thread_id
        assert message.raw
        assert message.permalink.startswith("https://")

    def test_private_messages_are_private(self, world, connector):
        if world.private is None:
            assert not any(s.visibility is Visibility.PRIVATE for s in connector.capabilities.streams)
            return
        identifier = world.say_privately("mijn nummer is 12345")
        (message,) = [m for m in self.read(connector, world.private) if m.external_id == identifier]
        assert message.visibility is Visibility.PRIVATE
        assert message.text == "mijn nummer is 12345"
        assert not message.public_reply.allowed
        assert message.author is None or message.author.external_id

    def test_nothing_is_missed_between_polls(self, world, connector):
        said = {world.say(f"eerste {n}") for n in range(3)}
        _, cursor = self.walk(connector, world.public)
        later = {world.say(f"tweede {n}") for n in range(3)}
        found = {m.external_id for m in self.read(connector, world.public, cursor)}
        assert later <= found
        assert said

    def test_nothing_is_missed_over_many_pages(self, world, connector):
        said = {world.say(f"nummer {n}") for n in range(25)}
        found: set[str] = set()
        cursor: dict[str, Any] = {}
        for _ in range(30):
            page = connector.poll(world.public, cursor, limit=10)
            found |= {message.external_id for message in page.messages}
            cursor = json.loads(json.dumps(page.cursor))
            if not page.has_more:
                break
        assert said <= found

    def test_a_poll_that_failed_halfway_is_continued_without_loss(self, world, connector):
        said = {world.say(f"nummer {n}") for n in range(15)}
        page = connector.poll(world.public, {}, limit=10)
        found = {message.external_id for message in page.messages}
        cursor = json.loads(json.dumps(page.cursor))
        world.fail("truncated")
        with pytest.raises(ConnectorError):
            connector.poll(world.public, cursor, limit=10)
        found |= {m.external_id for m in self.read(connector, world.public, cursor)}
        assert said <= found

    def test_new_messages_come_while_a_walk_is_under_way(self, world, connector):
        for n in range(15):
            world.say(f"nummer {n}")
        page = connector.poll(world.public, {}, limit=10)
        late = world.say("intussen")
        _, cursor = self.walk(connector, world.public, page.cursor)
        found = {m.external_id for m in self.read(connector, world.public, cursor)}
        found |= {m.external_id for m in self.read(connector, world.public, page.cursor)}
        assert late in found

    def test_reading_again_from_the_same_place_brings_the_same(self, world, connector):
        world.say("hetzelfde")
        once, twice = self.read(connector, world.public), self.read(connector, world.public)
        assert [m.external_id for m in once] == [m.external_id for m in twice]

    def test_one_poisoned_item_costs_only_itself(self, world, connector):
        before = world.say("ervoor")
        world.poison()
        after = world.say("erna")
        pages, _ = self.walk(connector, world.public)
        found = {m.external_id for page in pages for m in page.messages}
        assert {before, after} <= found
        (kept,) = [item for page in pages for item in page.unreadable]
        assert kept.payload
        assert kept.error

    def test_every_call_tells_what_it_cost(self, world, connector):
        world.say("wat kost dat")
        page = connector.poll(world.public, {})
        assert page.cost.calls >= 1
        assert page.fetched >= 1

    def test_metrics_edits_and_deletions_are_found_by_reading_again(self, world, connector):
        stays, changes, goes = world.say("blijft"), world.say("voor"), world.say("gaat weg")
        world.edit(changes, "na de wijziging")
        world.delete(goes)
        told = connector.refresh_metrics([stays, changes, goes])
        assert stays in told.metrics
        assert goes in told.deleted
        assert stays not in told.deleted
        keeps_id = connector.capabilities.edits_keep_id
        changed = {m.external_id: m.text for m in told.messages if keeps_id or m.edited_at}
        assert "na de wijziging" in changed.get(changes, "na de wijziging")
        read_again = {m.external_id: m.text for m in self.read(connector, world.public)}
        known = changed | read_again
        assert "na de wijziging" in known[changes]

    def test_an_edit_stays_the_same_message(self, world, connector):
        identifier = world.say("voor")
        world.edit(identifier, "na de wijziging")
        same = [m for m in self.read(connector, world.public) if "na de wijziging" in m.text]
        assert {m.external_id for m in same} <= {identifier}

    # Writing

    def reply_to(self, world: World, connector: Connector, text: str = "We kijken het na.") -> OutboundMessage:
        identifier = world.say("Waar blijft mijn trein?")
        (message,) = [m for m in self.read(connector, world.public) if m.external_id == identifier]
        assert message.public_reply.allowed
        return OutboundMessage(
            "public_reply",
            text,
            in_reply_to=message.external_id,
            thread_id=message.thread_id,
            recipient_id=message.author.external_id if message.author else "",
        )

    def test_a_reply_is_published_once_and_says_under_which_id(self, world, connector):
        sent = connector.send(self.reply_to(world, connector))
        assert sent.external_id
        assert sent.cost.calls >= 1
        assert sum("We kijken het na." in text for text in world.published()) == 1

    def test_a_reply_is_found_again_by_its_text_and_thread(self, world, connector):
        start = datetime.now(UTC) - timedelta(seconds=5)
        reply = self.reply_to(world, connector, "Zie https://www.voorbeeld.nl/a?b=1&c=2 & groet 😀")
        assert connector.find_sent(reply, start) is None
        sent = connector.send(reply)
        found = connector.find_sent(reply, start)
        assert found is not None
        assert found.external_id == sent.external_id
        other = dataclasses.replace(reply, text="iets anders")
        assert connector.find_sent(other, start) is None

    def test_a_reply_cut_off_after_it_was_written_is_in_doubt_and_found(self, world, connector):
        start = datetime.now(UTC) - timedelta(seconds=5)
        reply = self.reply_to(world, connector)
        world.fail("written_then_cut")
        with pytest.raises(OutcomeUnknown):
            connector.send(reply)
        assert connector.find_sent(reply, start) is not None
        assert sum("We kijken het na." in text for text in world.published()) == 1

    def test_a_private_answer_is_sent_and_found(self, world, connector):
        if world.private is None:
            return
        identifier = world.say_privately("hallo?")
        (message,) = [m for m in self.read(connector, world.private) if m.external_id == identifier]
        start = datetime.now(UTC) - timedelta(seconds=5)
        answer = OutboundMessage(
            "direct_message",
            "We helpen je graag.",
            in_reply_to=identifier,
            thread_id=message.thread_id,
            recipient_id=message.author.external_id if message.author else "",
        )
        assert connector.find_sent(answer, start) is None
        sent = connector.send(answer)
        assert "We helpen je graag." in world.published()
        found = connector.find_sent(answer, start)
        assert found is not None
        assert found.external_id == sent.external_id

    def test_our_own_words_come_back_as_outbound(self, world, connector):
        sent = connector.send(self.reply_to(world, connector))
        read = [
            message
            for spec in connector.capabilities.streams
            if not spec.needs_query and spec.visibility is Visibility.PUBLIC
            for message in self.read(connector, StreamRef(spec.kind))
        ]
        ours = [message for message in read if message.external_id == sent.external_id]
        assert all(message.direction is Direction.OUTBOUND for message in ours)
        assert ours, "made in the platform's own app, a reply must be seen all the same"

    def test_hiding_is_seen_by_the_public_and_can_be_repeated(self, world, connector):
        identifier = world.say("lelijk woord")
        if not connector.capabilities.can_hide:
            with pytest.raises(Unsupported):
                connector.hide(identifier)
            return
        connector.hide(identifier)
        assert world.is_hidden(identifier)
        connector.hide(identifier)
        connector.unhide(identifier)
        assert not world.is_hidden(identifier)

    def test_deleting_our_own_takes_it_away_and_can_be_repeated(self, world, connector):
        sent = connector.send(self.reply_to(world, connector))
        connector.delete_own(sent.external_id)
        assert not any("We kijken het na." in text for text in world.published())
        connector.delete_own(sent.external_id)

    def test_nothing_is_not_sent(self, world, connector):
        reply = dataclasses.replace(self.reply_to(world, connector), text=" ")
        with pytest.raises(Rejected):
            connector.send(reply)
        assert world.published() == []

    # Failing

    @pytest.mark.parametrize("fault", FAULTS)
    def test_every_failed_read_says_what_to_do_next(self, world, connector, fault):
        world.fail(fault)
        with pytest.raises(ConnectorError) as caught:
            connector.poll(world.public, {})
        assert isinstance(caught.value, FAULTS[fault][0])
        self.check_secrecy(world, caught.value)

    @pytest.mark.parametrize("fault", FAULTS)
    def test_every_failed_write_says_what_to_do_next(self, world, connector, fault):
        reply = self.reply_to(world, connector)
        world.fail(fault)
        with pytest.raises(ConnectorError) as caught:
            connector.send(reply)
        assert isinstance(caught.value, FAULTS[fault][1])
        self.check_secrecy(world, caught.value)

    def check_secrecy(self, world: World, error: BaseException | None) -> None:
        assert isinstance(error, ConnectorError)
        assert error.detail
        while error:
            assert world.secret not in f"{error} {error!r} {error.__dict__}"
            error = error.__cause__ or error.__context__

    def test_a_rate_limit_is_not_the_end_of_the_money(self, world, connector):
        world.fail("rate_limited")
        with pytest.raises(RateLimited) as caught:
            connector.poll(world.public, {})
        assert not isinstance(caught.value, BudgetExhausted)
        assert caught.value.retry_at is None or caught.value.retry_at.tzinfo

    def test_the_end_of_the_money_is_told_apart(self, world, connector):
        if not connector.capabilities.has_budget:
            return
        world.fail("exhausted")
        with pytest.raises(BudgetExhausted):
            connector.poll(world.public, {})

    def test_answering_what_is_gone_is_refused_for_good(self, world, connector):
        reply = self.reply_to(world, connector)
        world.fail("not_found")
        with pytest.raises(Gone):
            connector.send(reply)

    def test_what_never_left_may_be_sent_again(self, world):
        with world.unreachable() as connector, pytest.raises(TemporaryFailure):
            connector.send(OutboundMessage("public_reply", "hallo", in_reply_to="1", thread_id="1"))

    def test_after_a_failure_the_next_call_works(self, world, connector):
        identifier = world.say("daar ben ik weer")
        world.fail("cut_before_answer")
        with pytest.raises(ConnectorError):
            connector.poll(world.public, {})
        assert identifier in {m.external_id for m in self.read(connector, world.public)}

    def test_no_token_shows_in_any_description(self, world, connector):
        shown = f"{connector!r} {connector} {connector.credentials!r} {connector.capabilities!r}"
        assert world.secret not in shown

    # Text and recordings

    def test_length_counts_something_for_every_text(self, connector):
        assert connector.length("") == 0
        assert connector.length("hallo") == 5
        assert connector.length("😀" * 10) >= 10
        assert connector.length("http://" + "a." * 4000) > 0

    def test_recorded_answers_go_through_the_same_mapping(self, world, connector):
        pages = [type(connector).read_recorded(exchange) for exchange in world.recorded()]
        assert any(page.messages for page in pages)

    @pytest.mark.parametrize(
        "body", [None, "", "x", "<html></html>", [], {}, 3, [3], {"data": 3}, {"data": [None]}, {"error": {}}]
    )
    @pytest.mark.parametrize("status", [200, 400, 500, None])
    def test_no_recording_can_break_the_mapping(self, connector, body, status):
        exchange = {"method": "GET", "uri": "", "status": status, "headers": {}, "body": body}
        assert not type(connector).read_recorded(exchange).messages
