"""The connector in memory keeps the contract: the suite asks for nothing that only HTTP can give."""

from __future__ import annotations

from uuid import uuid4

import pytest

from connectors.types import Credentials, InboundMessage, StreamRef, Unreadable
from tests.connectors.conformance import Conformance, World
from tests.connectors.memory import PLATFORMS, US, MemoryConnector, Platform, edited


class MemoryWorld(World):
    public, private, secret = StreamRef("mentions"), StreamRef("direct"), "MemorySecret123"
    tells_time = False  # it has no answers with a clock on them

    def __init__(self):
        self.name = uuid4().hex
        self.platform = PLATFORMS[self.name] = Platform()

    def connector(self):
        return MemoryConnector(Credentials(US, data={"platform": self.name, "token": self.secret}))

    def unreachable(self):
        self.platform.reachable = False
        return self.connector()

    def say(self, text, *, author="jan"):
        return self.platform.say(text, author=author).external_id

    def say_privately(self, text, *, author="jan"):
        return self.platform.say(text, author=author, private=True).external_id

    def edit(self, external_id, text):
        said = self.platform.said
        message = self.platform.find(external_id)
        said[said.index(message)] = edited(message, text)

    def delete(self, external_id):
        self.platform.said.remove(self.platform.find(external_id))

    def poison(self):
        self.platform.said.append(Unreadable({"broken": True}, "broken on purpose"))

    def fail(self, fault):
        self.platform.fault = fault

    def published(self):
        messages = [m for m in self.platform.said if isinstance(m, InboundMessage)]
        return [m.text for m in messages if m.author.external_id == US]

    def is_hidden(self, external_id):
        return external_id in self.platform.hidden

    def recorded(self):
        return [{"method": "GET", "uri": "/", "status": 200, "headers": {}, "body": {"text": "hoi"}}]


class TestMemory(Conformance):
    @pytest.fixture
    def world(self):
        return MemoryWorld()


def test_a_world_that_forgets_a_hook_cannot_be_made():
    class Forgetful(MemoryWorld):
        say = World.say

    with pytest.raises(TypeError, match="say"):
        Forgetful()
