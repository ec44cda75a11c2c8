"""Facebook keeps the contract, over HTTP, against the sandbox."""

from __future__ import annotations

import pytest
import requests

from connectors.exceptions import AlreadyDone, AuthorizationLost, Gone, RateLimited, Rejected, TemporaryFailure
from connectors.facebook.connector import FacebookConnector
from connectors.sandbox.process import SandboxProcess
from connectors.types import Credentials, Direction, OutboundMessage, StreamRef
from tests.connectors.conformance import Conformance, World

BROKEN = {
    "authorization_lost": {"kind": "unauthorized"},
    "rate_limited": {"kind": "rate_limited"},
    "permission_missing": {"kind": "graph", "code": 200},
    "unavailable_html": {"kind": "html"},
    "truncated": {"kind": "truncate"},
    "hang": {"kind": "hang", "seconds": 5},
    "cut_before_answer": {"kind": "cut_before"},
    "html_instead_of_json": {"kind": "html_ok"},
    "list_instead_of_object": {"kind": "list", "status": 200},
    "not_found": {"kind": "graph", "code": 100, "subcode": 33, "status": 400},
    "written_then_cut": {"kind": "cut_after"},
}


class FacebookWorld(World):
    public, private = StreamRef("comments"), StreamRef("direct")

    def __init__(self, sandbox: SandboxProcess) -> None:
        self.sandbox, self.client = sandbox, sandbox.client
        self.client.reset()
        self.account = self.client.accounts("facebook")[0]
        self.page = self.account["external_id"]
        self.data = dict(self.account["credentials"])
        self.secret = self.data["access_token"]
        self.root = self.client.fb_post(self.page, "Waarmee helpen we je?")["id"]

    def connector(self, url=""):
        credentials = Credentials(self.page, url or self.sandbox.url, self.data)
        return FacebookConnector(credentials, timeout=(2.0, 2.5))

    def unreachable(self):
        return self.connector("http://127.0.0.1:9")

    def say(self, text, *, author="jan"):
        return self.client.fb_comment(self.root, author, text)["id"]

    def say_privately(self, text, *, author="jan"):
        return self.client.fb_message(self.page, author, text)["id"]

    def edit(self, external_id, text):
        self.client.publish("facebook/edit", item=external_id, message=text)

    def delete(self, external_id):
        self.client.publish("facebook/delete", item=external_id)

    def poison(self):
        self.say("wordt onleesbaar")  # the post comes without its comments, so that they are read by themselves
        self.client.fault("poison", path="*/feed", times=1)
        self.client.fault("poison", path="*/comments", times=1)

    def fail(self, fault):
        self.client.fault(times=1, **BROKEN[fault])

    def get(self, path, **query):
        with requests.Session() as session:
            session.trust_env = False
            query |= {"access_token": self.secret, "limit": 100}
            return session.get(f"{self.sandbox.url}/v24.0/{path}", params=query, timeout=5)

    def published(self):
        comments = self.get(f"{self.root}/comments", filter="stream", fields="message,from").json()["data"]
        talks = self.get(f"{self.page}/conversations", fields="messages{message,from}").json()["data"]
        said = [m for talk in talks for m in talk["messages"]["data"]] + comments
        return [one["message"] for one in said if one.get("from", {}).get("id") == self.page]

    def is_hidden(self, external_id):
        return self.get(external_id, fields="is_hidden").json()["is_hidden"]

    def recorded(self):
        self.say("opgenomen")
        answer = self.get(
            f"{self.page}/feed", fields="id,message,created_time,from,comments{message,created_time,from}"
        )
        uri = f"https://graph.facebook.com/v24.0/{self.page}/feed"
        return [{"method": "GET", "uri": uri, "status": 200, "headers": dict(answer.headers), "body": answer.text}]


@pytest.fixture(scope="module")
def sandbox():
    with SandboxProcess() as running:
        yield running


@pytest.fixture
def world(sandbox):
    return FacebookWorld(sandbox)


@pytest.fixture
def facebook(world):
    with world.connector() as connector:
        yield connector


class TestFacebook(Conformance):
    @pytest.fixture
    def world(self, sandbox):
        return FacebookWorld(sandbox)


def read(facebook, kind, cursor=None):
    page = facebook.poll(StreamRef(kind), cursor or {})
    found = {m.external_id: m for m in page.messages}
    while page.has_more:
        page = facebook.poll(StreamRef(kind), page.cursor)
        found |= {m.external_id: m for m in page.messages}
    return found


def test_a_reply_to_a_reply_is_read_with_its_thread(world, facebook):
    top = world.say("Waar blijft mijn pakje?")
    deep = world.client.fb_comment(top, "piet", "Bij mij ook niet")["id"]
    ours = facebook.send(OutboundMessage("public_reply", "We zoeken het uit", in_reply_to=deep, thread_id=world.root))
    found = read(facebook, "comments")
    assert found[deep].parent_id == top
    assert found[deep].thread_id == found[top].thread_id == world.root
    assert found[ours.external_id].direction is Direction.OUTBOUND
    assert found[ours.external_id].partner is not None


def test_a_private_reply_goes_once_and_its_answer_opens_the_conversation(world, facebook):
    comment = world.say("Mijn bestelling is weg")
    option = read(facebook, "comments")[comment].private_reply
    assert option.allowed
    assert option.until is not None
    reply = OutboundMessage("private_reply", "Stuur je ons je ordernummer?", in_reply_to=comment, thread_id=world.root)
    sent = facebook.send(reply)
    with pytest.raises(AlreadyDone):
        facebook.send(reply)
    assert not read(facebook, "comments")[comment].private_reply.allowed
    found = read(facebook, "direct")[sent.external_id]
    assert (found.direction, found.thread_id) == (Direction.OUTBOUND, sent.thread_id)


def test_after_a_day_only_a_human_agent_and_after_a_week_nobody(world, facebook):
    message = read(facebook, "direct") or {world.say_privately("hallo?"): None}
    (message,) = [m for m in read(facebook, "direct").values() if m.direction is Direction.INBOUND]
    answer = OutboundMessage("direct_message", "Dag", recipient_id=message.author.external_id)
    human = OutboundMessage("direct_message", "Dag", recipient_id=message.author.external_id, human_agent=True)
    world.client.advance(25 * 3600)
    with pytest.raises(Rejected) as caught:
        facebook.send(answer)
    assert caught.value.reason == "window_closed"
    assert facebook.send(human).external_id
    world.client.advance(7 * 86_400)
    with pytest.raises(Rejected):
        facebook.send(human)


def test_visitor_posts_tags_and_reviews_are_read(world, facebook):
    visitor = world.client.fb_post(world.page, "Jullie trein is weer te laat", author="piet")["id"]
    tagged = world.client.fb_post(world.page, "Topteam bij @jullie", author="klaas", tagged=True)["id"]
    world.client.fb_review(world.page, "els", "Nooit meer", positive=False)
    assert read(facebook, "visitor_posts")[visitor].direction is Direction.INBOUND
    assert tagged in read(facebook, "tagged")
    assert "negative" in {m.rating for m in read(facebook, "reviews").values()}
    assert world.root in read(facebook, "own_posts")


def test_people_go_on_talking_under_what_a_visitor_posted(world, facebook):
    visitor = world.client.fb_post(world.page, "Jullie trein is weer te laat", author="piet")["id"]
    comment = world.client.fb_comment(visitor, "els", "Bij mij ook!")["id"]
    assert read(facebook, "comments")[comment].thread_id == visitor


@pytest.mark.parametrize("subcode", [458, 460, 463])
def test_a_dead_token_stops_the_account(world, facebook, subcode):
    world.client.revoke(world.page, subcode=subcode)
    with pytest.raises(AuthorizationLost) as caught:
        facebook.check()
    assert caught.value.code == f"190/{subcode}"


def test_localised_words_change_nothing(world, facebook):
    world.client.fault("graph", code=551, subcode=1545041, language="nl", times=1)
    with pytest.raises(Rejected) as caught:
        facebook.send(OutboundMessage("direct_message", "Dag", recipient_id="1"))
    assert caught.value.reason == "person_unavailable"
    assert "niet beschikbaar" in caught.value.detail


def test_usage_over_a_hundred_percent_is_told(world, facebook):
    world.client.fault("usage", percent=208, times=1)
    (limit,) = [one for one in facebook.poll(StreamRef("tagged"), {}).limits if one.bucket == "app"]
    assert limit.remaining == -108
    world.client.fault("graph", code=80001, times=1, reset_in=1800)
    with pytest.raises(RateLimited) as caught:
        facebook.poll(StreamRef("tagged"), {})
    assert caught.value.retry_at is not None


def test_no_content_type_is_not_an_empty_page(world, facebook):
    world.client.fault("no_content_type", times=1)
    with pytest.raises(TemporaryFailure):
        facebook.poll(StreamRef("comments"), {})


def test_answering_a_deleted_comment_says_it_is_gone(world, facebook):
    gone = world.say("weg ermee")
    world.delete(gone)
    with pytest.raises(Gone):
        facebook.send(OutboundMessage("public_reply", "hallo?", in_reply_to=gone, thread_id=world.root))
