"""X keeps the contract, over HTTP, against the sandbox; with both kinds of token."""

from __future__ import annotations

import pytest
import requests

from connectors.exceptions import AlreadyDone, AuthorizationLost, Gone, PermissionMissing, Rejected
from connectors.sandbox.process import SandboxProcess
from connectors.types import Credentials, Direction, OutboundMessage, StreamRef, Upload
from connectors.x.connector import XConnector
from connectors.x.oauth import XOAuth
from tests.connectors.conformance import Conformance, World

US = "noordtreinen"
BROKEN = {
    "authorization_lost": {"kind": "unauthorized"},
    "rate_limited": {"kind": "rate_limited"},
    "permission_missing": {"kind": "app_only"},
    "unavailable_html": {"kind": "html"},
    "truncated": {"kind": "truncate"},
    "hang": {"kind": "hang", "seconds": 5},
    "cut_before_answer": {"kind": "cut_before"},
    "html_instead_of_json": {"kind": "html_ok"},
    "list_instead_of_object": {"kind": "list", "status": 200},
    "exhausted": {"kind": "credits"},
    "not_found": {"kind": "list", "status": 404},
    "written_then_cut": {"kind": "cut_after"},
}


class XWorld(World):
    public, private = StreamRef("mentions"), StreamRef("direct")

    def __init__(self, sandbox: SandboxProcess) -> None:
        self.sandbox, self.client = sandbox, sandbox.client
        self.client.reset()
        self.account = self.client.account(US)
        self.data = dict(self.account["credentials"])
        self.secret = self.data["access_token"]
        self.root = self.client.x_post(US, "Goedemorgen, waarmee helpen we je?")["id"]

    def connector(self, url=""):
        credentials = Credentials(self.account["external_id"], url or self.sandbox.url, self.data)
        return XConnector(credentials, timeout=(2.0, 2.5))

    def unreachable(self):
        return self.connector("http://127.0.0.1:9")

    def say(self, text, *, author="jan"):
        return self.client.x_post(author, f"@{US} {text}", reply_to=self.root)["id"]

    def say_privately(self, text, *, author="jan"):
        return self.client.x_direct(author, US, text)["id"]

    def edit(self, external_id, text):
        self.client.publish("x/edit", post=external_id, text=f"@{US} {text}")

    def delete(self, external_id):
        self.client.publish("x/delete", post=external_id)

    def poison(self):
        self.say("wordt onleesbaar")  # the fault hits the one in the middle
        self.client.fault("poison", path="*/mentions", times=1)

    def fail(self, fault):
        self.client.fault(times=1, **BROKEN[fault])

    def get(self, path, **query):
        headers = {"Authorization": f"Bearer {self.secret}"}
        with requests.Session() as session:
            session.trust_env = False
            return session.get(f"{self.sandbox.url}/2/{path}", params=query, headers=headers, timeout=5)

    def published(self):
        account = self.account["external_id"]
        posts = self.get(f"users/{account}/tweets", max_results=100).json().get("data", [])
        events = self.get("dm_events", **{"dm_event.fields": "sender_id,text"}).json().get("data", [])
        said = [post["text"] for post in posts if post["id"] != self.root]
        return said + [event["text"] for event in events if event["sender_id"] == account]

    def is_hidden(self, external_id):
        hidden = [(e["what"], e.get("id")) for e in self.client.ledger() if e["what"] in {"hide", "unhide"}]
        return bool(hidden) and hidden[-1] == ("hide", external_id)

    def recorded(self):
        self.say("opgenomen")
        path = f"users/{self.account['external_id']}/mentions"
        answer = self.get(path, **{"tweet.fields": "author_id,created_at", "expansions": "author_id"})
        return [
            {
                "method": "GET",
                "uri": f"https://api.twitter.com/2/{path}",
                "status": answer.status_code,
                "headers": dict(answer.headers),
                "body": answer.text,
            }
        ]


@pytest.fixture(scope="module")
def sandbox():
    with SandboxProcess() as running:
        yield running


@pytest.fixture
def world(sandbox):
    return XWorld(sandbox)


@pytest.fixture
def x(world):
    with world.connector() as connector:
        yield connector


class TestX(Conformance):
    @pytest.fixture
    def world(self, sandbox):
        return XWorld(sandbox)


def test_old_keys_are_signed_as_x_checks_them(world):
    world.data = world.account["credentials_oauth1"]
    identifier = world.say("met oude sleutels & een é")
    with world.connector() as x:
        assert x.check().handle == US
        (message,) = x.poll(world.public, {}).messages
        assert message.external_id == identifier
        query = StreamRef("search", query='"oude sleutels" (é OR &)', language="nl")
        assert x.poll(query, {}).unreadable == ()
        sent = x.send(OutboundMessage("public_reply", "é & ~*'() +", in_reply_to=identifier))
        picture = Upload(b"\x89PNG\r\n\x1a\n" + b"x" * 99, "image/png", "a.png", alt_text="Een é")
        x.send(OutboundMessage("public_reply", "met beeld", in_reply_to=identifier, attachments=(picture,)))
        x.hide(identifier)
        x.delete_own(sent.external_id)


def test_the_new_spelling_reads_the_same(world, x):
    world.say("hoe laat")
    before = x.poll(world.public, {}).messages
    world.client.settings(spelling="2.167")
    after = x.poll(world.public, {}).messages
    assert [(m.external_id, m.text) for m in after] == [(m.external_id, m.text) for m in before]


def test_a_token_for_the_app_alone_is_no_account(world):
    world.data = {"bearer_token": world.account["app_only_token"]}
    with world.connector() as x, pytest.raises(PermissionMissing):
        x.check()


def test_a_late_mention_below_the_newest_is_read(world, x):
    late = world.client.x_post("piet", f"@{US} verlaat", visible_after=60)["id"]
    first = world.say("op tijd")
    page = x.poll(world.public, {})
    assert [m.external_id for m in page.messages] == [first]
    world.client.advance(61)
    again = x.poll(world.public, page.cursor)
    assert late in {m.external_id for m in again.messages}


def test_a_search_older_than_a_week_is_a_gap(world, x):
    trains = StreamRef("search", query="trein")
    world.client.x_post("jan", "de trein is er")
    page = x.poll(trains, {})
    world.client.advance(8 * 86_400)
    world.client.restore(world.account["external_id"])
    new = world.client.x_post("jan", "de trein is er weer")["id"]
    after = x.poll(trains, page.cursor)
    assert [m.external_id for m in after.messages] == [new]
    assert after.gap_reason == "window"
    assert after.gap_from is not None
    assert not after.messages[0].public_reply.allowed


def test_more_than_eight_hundred_mentions_are_a_gap(world, x):
    world.say("de eerste")
    cursor = x.poll(world.public, {}).cursor
    world.client.advance(3_600)
    post = {"verb": "x/post", "author": "jan", "text": f"@{US} nog een"}
    world.client.publish_many([post | {"text": f"@{US} nummer {n}"} for n in range(850)])
    seen, page = set(), x.poll(world.public, cursor)
    while page.has_more:
        seen |= {m.external_id for m in page.messages}
        page = x.poll(world.public, page.cursor)
    seen |= {m.external_id for m in page.messages}
    assert len(seen) == 800
    assert page.gap_reason == "ceiling"


def test_reposts_and_quotes_are_exposure(world, x):
    said = world.say("dit gaat rond")
    world.client.x_post("piet", repost=said, text="")
    quote = world.client.x_post("klaas", f"@{US} precies dit", quote=said)["id"]
    page = x.poll(world.public, {})
    assert quote in {m.external_id for m in page.messages}
    assert {(e.kind, e.original_id) for e in page.exposures} >= {("quote", said)}


def test_a_long_post_is_whole(world, x):
    world.say("lang verhaal " * 60 + "einde")
    assert x.poll(world.public, {}).messages[0].text.endswith("einde")


def test_a_stranger_found_by_searching_cannot_be_answered_and_we_knew(world, x):
    stranger = world.client.x_post("jan", "die trein rijdt weer niet")["id"]
    (found,) = x.poll(StreamRef("search", query="trein"), {}).messages
    assert found.public_reply.reason == "not_summoned"
    with pytest.raises(Rejected) as caught:
        x.send(OutboundMessage("public_reply", "Wat vervelend", in_reply_to=stranger))
    assert caught.value.reason == "not_summoned"


def test_saying_the_same_twice_is_already_done(world, x):
    reply = OutboundMessage("public_reply", "We kijken het na", in_reply_to=world.say("hallo"))
    sent = x.send(reply)
    with pytest.raises(AlreadyDone):
        x.send(reply)
    assert sent.external_id


def test_answering_a_deleted_post_says_it_is_gone(world, x):
    gone = world.say("weg ermee")
    world.delete(gone)
    with pytest.raises((Gone, Rejected)):
        x.send(OutboundMessage("public_reply", "hallo?", in_reply_to=gone))


def test_our_own_post_from_the_app_comes_with_its_partner(world, x):
    said = world.say("hallo?")
    reply = world.client.x_post(US, "Dag!", reply_to=said)["id"]
    messages = {m.external_id: m for m in x.poll(StreamRef("own_posts"), {}).messages}
    assert messages[reply].direction is Direction.OUTBOUND
    assert messages[reply].partner.handle == "jan"
    assert messages[reply].parent_id == said


def test_a_refresh_token_works_once(world):
    app = world.client.apps()["x"] | {"base_url": world.sandbox.url, "callback_url": "https://w.example/cb"}
    fresh = XOAuth.refresh(app, world.data)
    assert fresh["refresh_token"] != world.data["refresh_token"]
    with pytest.raises(AuthorizationLost):
        XOAuth.refresh(app, world.data)
    world.data = fresh
    with world.connector() as x:
        assert x.check().handle == US
    XOAuth.revoke(app, fresh)
    with world.connector() as x, pytest.raises(AuthorizationLost):
        x.check()
