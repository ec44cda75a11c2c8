"""Recorded answers, in every form a person might send them to support."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys

import pytest
import yaml

from connectors.recordings import exchange_of
from tests.connectors.x_payloads import event, number, page, post, problem

BODY = page(post(1, text="A &amp; B"), {"id": {}}, post(2))
ADDRESS = "https://api.twitter.com/2/users/99/mentions?max_results=5"


def run(*paths, platform="x"):
    command = [sys.executable, "-m", "connectors.replay", platform, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    messages = [line for line in lines if "text" in line]
    unread = [line for line in lines if "unreadable" in line]
    assert lines[len(lines) - len(unread) :] == unread, "what could not be read comes last"
    return messages, unread


def exchange(body=BODY, **more):
    return {"method": "GET", "uri": ADDRESS, "status": 200, "headers": {}, "body": body} | more


def gzipped(body):
    return base64.b64encode(gzip.compress(json.dumps(body).encode())).decode()


FORMS = {
    "text": exchange(json.dumps(BODY)),
    "json": exchange(),
    "base64": exchange(base64.b64encode(json.dumps(BODY).encode()).decode()),
    "base64 marked": exchange(base64.b64encode(json.dumps(BODY).encode()).decode(), encoding="base64"),
    "base64 gzip": exchange(gzipped(BODY)),
    "url and status code": {"url": ADDRESS, "status_code": "200", "response_body": json.dumps(BODY)},
    "bare": BODY,
    "list": [exchange()],
    "vcr": {
        "interactions": [
            {
                "request": {"method": "GET", "uri": ADDRESS},
                "response": {
                    "status": {"code": 200, "message": "OK"},
                    "headers": {"Content-Type": ["application/json"]},
                    "body": {"string": json.dumps(BODY)},
                },
            }
        ]
    },
    "nock": [{"scope": "https://api.x.com:443", "path": ADDRESS[23:], "body": "", "status": 200, "response": BODY}],
    "wiremock": {"mappings": [{"request": {"url": ADDRESS[23:]}, "response": {"status": 200, "jsonBody": BODY}}]},
    "postman": {
        "item": [{"request": {"url": {"raw": ADDRESS}}, "response": [{"code": 200, "body": json.dumps(BODY)}]}]
    },
    "responses": {"responses": [{"response": {"url": ADDRESS, "status": 200, "body": json.dumps(BODY)}}]},
    "asked and answered": {"endpoint": ADDRESS[23:], "params": {"max_results": 5}, "response": BODY},
    "answered in text": {"url": ADDRESS, "response": json.dumps(BODY)},
    "a payload with a date": {"recorded_at": "2026-11-01", "payload": BODY},
    "answers by name": {"mentions": BODY},
    "pages": {"pages": [BODY], "meta": "of yesterday"},
    "posts by name": {"tweets": BODY["data"], "users": 2},
    "har": {
        "log": {
            "entries": [
                {
                    "request": {"method": "GET", "url": ADDRESS},
                    "response": {
                        "status": 200,
                        "headers": [{"name": "a", "value": "b"}],
                        "content": {"mimeType": "application/json", "text": json.dumps(BODY)},
                    },
                }
            ]
        }
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_recording_gives_the_same_messages(tmp_path, form):
    file = tmp_path / "recorded.json"
    file.write_text(json.dumps(FORMS[form], indent=1))
    messages, unread = run(file)
    assert [m["external_id"] for m in messages] == [number(1), number(2)]
    assert messages[0]["text"] == "A & B"
    assert messages[0]["author"]["handle"] == ("jan" if form != "posts by name" else "")
    assert messages[0]["sent_at"].endswith("+00:00")
    assert [line["payload"] for line in unread] == [{"id": {}}]


def test_lines_folders_and_nonsense_together(tmp_path):
    lines = [
        json.dumps(exchange()),
        "no JSON at all",
        "",
        json.dumps(exchange(problem(429, "Too Many Requests", "Slow down"), status=429)),
        json.dumps(exchange("<html>Over capacity</html>", status=503)),
        json.dumps({"created_at": "Wed Oct 10 20:19:24 +0000 2018", "id_str": "1", "id": 1, "full_text": "oud"}),
        json.dumps({"data": event(3), "includes": {}}),
        json.dumps({"data": {"id": "5", "username": "jan", "name": "Jan"}}),
        json.dumps(exchange({"data": {"deleted": True}}, method="DELETE")),
    ]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "lines.jsonl").write_text("\n".join(lines))
    (tmp_path / "in" / "empty.json").write_text("")
    (tmp_path / "in" / "one.json").write_text(json.dumps({"data": {"id": number(9), "text": "los"}}))
    (tmp_path / "in" / "picture.png").write_bytes(b"\x89PNG")
    messages, unread = run(tmp_path, tmp_path / "not there.json")
    assert [m["external_id"] for m in messages] == [number(1), number(2), number(3), number(9)]
    said = " | ".join(line["unreadable"] for line in unread)
    for part in ("not JSON", "RateLimited", "version 1.1", "people", "DELETE", "an empty file", "cannot be opened"):
        assert part in said
    assert len(unread) == 9
    assert all("payload" in line for line in unread)


def test_cassettes_and_packed_files_are_read_and_half_of_one_is_told(tmp_path):
    cassette = yaml.safe_dump(FORMS["vcr"]).replace("response:", "response: !!python/object:vcr.Answer")
    (tmp_path / "a.yaml").write_text(cassette)
    answer = {"status": {"code": 200}, "body": {"string": gzip.compress(json.dumps(BODY).encode())}}
    kept = {"interactions": [{"request": {"method": "GET", "uri": ADDRESS}, "response": answer}]}
    (tmp_path / "b.yml").write_text(yaml.safe_dump(kept))
    packed = gzip.compress(json.dumps(BODY).encode())
    (tmp_path / "c.json.gz").write_bytes(packed)
    (tmp_path / "d.json.gz").write_bytes(packed[:40])
    (tmp_path / "e.yaml").write_text("a: [b")
    (tmp_path / "f.json").write_bytes(json.dumps(BODY).encode("utf-16"))
    messages, unread = run(tmp_path)
    assert [m["external_id"] for m in messages] == [number(1), number(2)] * 4
    assert {line["unreadable"][:20] for line in unread if line["payload"] != {"id": {}}} == {
        "not a whole gzip fil",
        "not YAML: while pars",
    }


def test_half_a_file_is_told_and_kept(tmp_path):
    file = tmp_path / "half.json"
    file.write_text(json.dumps(BODY)[:80])
    messages, unread = run(file)
    assert not messages
    assert unread[0]["payload"].startswith("{")


def test_facebook_goes_the_same_way(tmp_path):
    file = tmp_path / "facebook.json"
    file.write_text(json.dumps({"error": {"code": 190}}))
    messages, unread = run(file, platform="facebook")
    assert not messages
    assert unread


@pytest.mark.parametrize("item", [None, 3, "x", [], {}, {"response": {}}, {"body": None, "status": {"code": "x"}}])
def test_nothing_is_too_odd_to_be_an_exchange(item):
    assert set(exchange_of(item)) == {"method", "uri", "status", "headers", "body"}


def test_a_broken_first_item_takes_none_of_its_neighbours_along(tmp_path):
    (tmp_path / "bare.json").write_text(json.dumps({"data": [{"strange": True}, post(1), post(2)]}))
    messages, unread = run(tmp_path)
    assert [m["external_id"] for m in messages] == [number(1), number(2)]
    assert [line["payload"] for line in unread] == [{"strange": True}]


def test_one_broken_exchange_takes_none_of_its_neighbours_along(tmp_path):
    (tmp_path / "list.json").write_text(json.dumps([exchange(), None, {"url": ADDRESS}, exchange()]))
    messages, unread = run(tmp_path)
    assert [m["external_id"] for m in messages] == [number(1), number(2)] * 2
    assert [line["payload"] for line in unread] == [{"id": {}}, None, {"url": ADDRESS}, {"id": {}}]


def test_what_stands_in_a_review_is_no_recording_of_its_own(tmp_path):
    story = {"id": "55", "data": {"x": 1}}
    review = {"created_time": "2026-11-01T10:00:00+0000", "review_text": "Bah", "open_graph_story": story}
    (tmp_path / "review.json").write_text(json.dumps(review))
    (tmp_path / "reviews.json").write_text(json.dumps({"ratings": [review]}))
    messages, unread = run(tmp_path, platform="facebook")
    assert ([m["text"] for m in messages], unread) == (["Bah", "Bah"], [])
