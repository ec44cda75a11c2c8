"""Scenarios, the ledger, the clock, webhooks and what the public sees."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from connectors.sandbox.process import ROOT
from connectors.sandbox.scenarios import SCENARIOS
from connectors.sandbox.webhooks import meta_signature, x_signature
from tests.connectors.sandbox_fixtures import sandbox, sandbox_process
from tests.connectors.sandbox_sdks import graph, x_client


def story(sandbox, name: str, *, seed: int = 1, seconds: int = 700) -> list[tuple[str, str, str, str]]:
    sandbox.set_clock("2026-11-24T12:00:00+00:00")
    sandbox.reset(seed_number=seed)
    sandbox.settings(limits=0)
    sandbox.scenario(name)
    sandbox.advance(seconds)
    return [(line["at"], line["what"], line["id"], line["text"]) for line in sandbox.ledger("published")]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_seed_tells_the_same_story_again(sandbox, name):
    first = story(sandbox, name)
    assert len(first) > 60
    assert story(sandbox, name) == first
    assert story(sandbox, name, seed=2) != first


def test_the_demo_begins_with_some_hours_of_life_and_goes_on(sandbox):
    lines = story(sandbox, "demo", seconds=0)
    kinds = {what for _, what, _, _ in lines}
    assert {"mention", "reply", "post", "direct", "comment", "message", "visitor_post", "review"} <= kinds
    assert min(at for at, *_ in lines) < "2026-11-24T06:00"
    before = len(lines)
    sandbox.advance(120)
    assert len(sandbox.ledger("published")) > before + 4


def test_a_disruption_is_three_hundred_people_in_ten_minutes(sandbox):
    before = len(story(sandbox, "disruption", seconds=0))
    sandbox.advance(600)
    told = sandbox.ledger("published")[before:]
    assert len([line for line in told if line["author_id"] != line["account_id"]]) >= 300
    assert len({line["author_id"] for line in told}) >= 300
    assert len({line["text"] for line in told}) > 150


def test_a_complaint_goes_viral(sandbox):
    before = len(story(sandbox, "viral", seconds=0))
    sandbox.advance(700)
    told = [line["what"] for line in sandbox.ledger("published")[before - 1 :]]
    assert told.count("repost") > 80
    assert told.count("quote") > 20


def test_people_answer_our_replies(sandbox):
    story(sandbox, "demo", seconds=0)
    account = sandbox.account("noordtreinen")
    x = x_client(sandbox.url, account["credentials_oauth1"])
    for index, post in enumerate(x.get_users_mentions(account["external_id"], max_results=20, user_auth=True).data):
        x.create_tweet(text=f"Antwoord {index}", in_reply_to_tweet_id=post.id)
    sent = {line["id"] for line in sandbox.ledger("sent")}
    sandbox.advance(120)
    answers = [line for line in sandbox.ledger("published", what="reply") if line["parent_id"] in sent]
    assert answers
    assert answers[0]["author_id"] != account["external_id"]


def test_two_brands_and_some_people_on_both_platforms(sandbox):
    lines = story(sandbox, "demo", seconds=3600)
    assert {account["brand"] for account in sandbox.accounts()} == {"NoordTreinen", "PostVlot"}
    assert {line["account_id"] for line in sandbox.ledger("published")} >= {
        a["external_id"] for a in sandbox.accounts()
    }
    assert lines


def test_the_ledger_numbers_everything_published_read_and_sent(sandbox):
    account = sandbox.account("noordtreinen")
    x = x_client(sandbox.url, account["credentials_oauth1"])
    asked = sandbox.x_post("jan", "@noordtreinen hoi")
    x.get_users_mentions(account["external_id"], user_auth=True)
    sent = x.create_tweet(text="Dag", in_reply_to_tweet_id=asked["id"]).data
    lines = sandbox.ledger()
    assert [line["n"] for line in lines] == [1, 2, 3]
    assert [line["kind"] for line in lines] == ["published", "read", "sent"]
    assert lines[1]["ids"] == [asked["id"]]
    assert lines[2]["id"] == sent["id"]
    assert sandbox.ledger(after=2) == lines[2:]
    assert lines[0]["account_id"] == account["external_id"]


def test_the_clock_can_be_set_turned_and_let_go(sandbox):
    sandbox.set_clock("2027-01-01T00:00:00+00:00")
    sandbox.advance(1.5)
    assert sandbox.now() == "2027-01-01T00:00:01.500Z"
    sandbox.post("clock", speed=1000)
    time.sleep(0.02)
    assert sandbox.now() > "2027-01-01T00:00:02"


def test_ids_rise_with_time_even_for_what_is_told_later(sandbox):
    new = sandbox.x_post("jan", "nu")
    old = sandbox.x_post("jan", "toen", at="2026-11-24T10:00:00Z")
    assert int(old["id"]) < int(new["id"])
    assert (int(old["id"]) >> 22) + 1288834974657 == 1_795_514_400_000


def test_the_public_sees_answers_and_no_markup_of_ours(sandbox):
    root = sandbox.x_post({"username": "jan", "name": "<b>Jan</b>"}, "@noordtreinen <script>alert(1)</script>")
    sandbox.x_post("noordtreinen", "Dag Jan", reply_to=root["id"])
    page = sandbox.account("noordtreinen", "facebook")["external_id"]
    post = sandbox.fb_post(page, "Nieuws & meer")
    sandbox.fb_comment(post["id"], "Eva", "<img src=x onerror=alert(1)>")
    index = requests.get(f"{sandbox.url}/", timeout=5).text
    assert "/public/x/noordtreinen" in index
    shown = requests.get(f"{sandbox.url}/public/x/noordtreinen", timeout=5).text
    assert "&lt;script&gt;alert(1)" in shown
    assert "<script" not in shown
    assert "Dag Jan" in shown
    told = requests.get(f"{sandbox.url}/public/facebook/noordtreinen", timeout=5).text
    assert "&lt;img src=x" in told
    assert "Nieuws &amp; meer" in told
    assert requests.get(f"{sandbox.url}/public/x/nobody", timeout=5).status_code == 404


def test_what_was_hidden_deleted_or_private_is_not_public(sandbox):
    account = sandbox.account("noordtreinen", "facebook")
    post = sandbox.fb_post(account["external_id"], "Hoi")
    comment = sandbox.fb_comment(post["id"], "Eva", "verstopt")
    g = graph(sandbox.url, account["credentials"])
    g.request(f"v24.0/{comment['id']}", post_args={"is_hidden": "true"})
    sandbox.fb_message(account["external_id"], "Jan", "geheim")
    shown = requests.get(f"{sandbox.url}/public/facebook/noordtreinen", timeout=5).text
    assert "verstopt" not in shown
    assert "geheim" not in shown


class Listener:
    """An address that platforms deliver to."""

    def __init__(self, secret_x: str, verify: str) -> None:
        listener, self.got = self, []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
                if "crc_token" in query:
                    self._say(json.dumps({"response_token": x_signature(secret_x, query["crc_token"].encode())}))
                elif query.get("hub.verify_token") == verify:
                    self._say(query["hub.challenge"])
                else:
                    self._say("no")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                listener.got.append((dict(self.headers), body))
                self._say("ok")

            def _say(self, text: str) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, count: int) -> list[tuple[dict[str, str], bytes]]:
        for _ in range(200):
            if len(self.got) >= count:
                break
            time.sleep(0.02)
        return self.got


def subscribed(sandbox, platform: str, listener: Listener, **more: str) -> None:
    sandbox.post("webhooks", platform=platform, url=listener.url, **more)
    for _ in range(200):
        if sandbox.get("webhooks")["subscribers"]:
            return
        time.sleep(0.02)
    pytest.fail(str(sandbox.get("webhooks")))


def test_deliveries_are_signed_over_their_bytes(sandbox):
    account, page = sandbox.account("noordtreinen"), sandbox.account("noordtreinen", "facebook")
    secret = account["credentials_oauth1"]["api_secret"]
    listener = Listener(secret, "afgesproken")
    subscribed(sandbox, "x", listener)
    sandbox.x_post("jan", "@noordtreinen hoi é")
    headers, body = listener.wait(1)[0]
    expected = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    assert headers["x-twitter-webhooks-signature"] == f"sha256={expected}"
    sandbox.post("webhooks/clear")
    subscribed(sandbox, "facebook", listener, verify_token="afgesproken")
    post = sandbox.fb_post(page["external_id"], "Hoi")
    sandbox.fb_comment(post["id"], "Jan", "é /")
    headers, body = listener.wait(3)[2]
    signature = hmac.new(page["credentials"]["app_secret"].encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] == f"sha256={signature}"
    assert rb"\u00e9 \/" in body
    change = json.loads(body)["entry"][0]["changes"][0]["value"]
    assert (change["item"], change["verb"], change["parent_id"]) == ("comment", "add", post["id"])
    listener.server.shutdown()


def test_signatures_fit_the_known_vectors():
    assert x_signature("consumer-secret", b"challenge") == "sha256=2RUZDVKjSpEV/C/r9ivMsVZJ4DFPAawjJFQQzY+6ba4="
    expected = "sha256=ae958d6f00b134dd32b95a9a76bedaaeb068c0949769358355023f7d1a0c580b"
    assert meta_signature("app-secret", b'{"object":"page"}') == expected


def test_it_explains_itself():
    told = subprocess.run(
        [sys.executable, "-m", "connectors.sandbox", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for word in ("--scenario", "disruption", "--state", "/_sandbox/accounts"):
        assert word in told.stdout


def test_a_wrong_command_is_told_what_there_is(sandbox):
    answer = requests.post(f"{sandbox.url}/_sandbox/dance", json={}, timeout=5)
    assert answer.status_code == 404
    assert "publish" in answer.json()["commands"]["POST"]
    with pytest.raises(ValueError, match="TypeError"):
        sandbox.publish("x/post", author="jan", text="hoi", colour="red")


def test_a_hundred_thousand_posts_are_read_by_page(sandbox):
    account = sandbox.account("noordtreinen")
    for start in range(0, 100_000, 10_000):
        sandbox.publish_many(
            [
                {"verb": "x/post", "author": f"p{n % 500}", "text": f"@noordtreinen bericht {n}"}
                for n in range(start, start + 10_000)
            ]
        )
        sandbox.advance(1)
    assert sandbox.get("")["posts"] == 100_000
    x = x_client(sandbox.url, account["credentials"])
    newest = x.search_recent_tweets("bericht 99999", max_results=10).data
    assert newest[0].text == "@noordtreinen bericht 99999"
    page = x.get_users_mentions(account["external_id"], max_results=100)
    assert len(page.data) == 100
