"""Deliveries to subscribers, signed over the raw bytes as each platform does it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import queue
import secrets
import threading
from typing import Any

import requests

from connectors.sandbox.clock import parse
from connectors.sandbox.entities import Entry
from connectors.sandbox.seed import FB_APP, X_CONSUMER
from connectors.sandbox.world import World

X_EVENTS = {"mention": "post.mention.create", "reply": "post.reply.create", "quote": "post.quote.create",
            "delete": "post.delete", "direct": "dm.received"}  # fmt: skip
VERBS = {"delete": "remove", "edit": "edited", "hide": "hide", "unhide": "unhide"}


class Webhooks:
    """Who wants to be told. Sending happens in one thread of its own, in order."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.subscribers: list[dict[str, str]] = []
        self.sent: list[dict[str, Any]] = []
        self.waiting: queue.Queue[tuple[str, bytes, dict[str, str]] | None] = queue.Queue()
        self.thread: threading.Thread | None = None
        world.listeners.append(self.tell)

    def subscribe(self, *, platform: str, url: str, verify_token: str = "") -> dict[str, Any]:
        """Check the address as the platform does (challenge), then remember it."""
        threading.Thread(target=self._verify, args=(platform, url, verify_token), daemon=True).start()
        return {"subscribing": url}

    def _verify(self, platform: str, url: str, verify_token: str) -> None:
        token = secrets.token_hex(12)
        if platform == "x":
            query, expected = {"crc_token": token}, x_signature(self.world.tokens[X_CONSUMER].secret, token.encode())
        else:
            query, expected = {"hub.mode": "subscribe", "hub.challenge": token, "hub.verify_token": verify_token}, token
        result: dict[str, Any] = {"url": url, "platform": platform, "verified": False}
        try:
            answer = requests.get(url, params=query, timeout=10)
            told = answer.json()["response_token"] if platform == "x" else answer.text
            result["verified"] = answer.ok and hmac.compare_digest(str(told).encode(), expected.encode())
        except (requests.RequestException, ValueError, KeyError) as error:
            result["error"] = str(error)
        if result["verified"]:
            self.subscribers.append({"platform": platform, "url": url})
        self.sent.append(result)

    def clear(self) -> dict[str, Any]:
        """Tell nobody any more."""
        self.subscribers.clear()
        return {"subscribers": []}

    def status(self) -> dict[str, Any]:
        """Who is told, and how the last deliveries went."""
        return {"subscribers": self.subscribers, "deliveries": self.sent[-100:]}

    def tell(self, entry: Entry) -> None:
        """Deliver one happening to everybody who wants that platform's."""
        for subscriber in self.subscribers:
            if subscriber["platform"] == entry.platform:
                body = x_body(self.world, entry) if entry.platform == "x" else meta_body(self.world, entry)
                if body is not None:
                    self._send(subscriber["url"], body, self._sign(entry.platform, body))

    def _sign(self, platform: str, body: bytes) -> dict[str, str]:
        if platform == "x":
            return {"x-twitter-webhooks-signature": x_signature(self.world.tokens[X_CONSUMER].secret, body)}
        return {"X-Hub-Signature-256": meta_signature(self.world.tokens[FB_APP].secret, body)}

    def _send(self, url: str, body: bytes, headers: dict[str, str]) -> None:
        if self.thread is None:
            self.thread = threading.Thread(target=self._deliver, daemon=True)
            self.thread.start()
        self.waiting.put((url, body, headers))

    def _deliver(self) -> None:
        while (item := self.waiting.get()) is not None:
            url, body, headers = item
            result: dict[str, Any] = {"url": url, "body": body.decode()}
            try:
                headers = {"content-type": "application/json", **headers}
                result["status"] = requests.post(url, data=body, headers=headers, timeout=10).status_code
            except requests.RequestException as error:
                result["error"] = str(error)
            self.sent.append(result)

    def close(self) -> None:
        """Let the thread end."""
        self.waiting.put(None)


def x_signature(secret: str, body: bytes) -> str:
    """X: base64."""
    return "sha256=" + base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def meta_signature(secret: str, body: bytes) -> str:
    """Meta: hex."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def x_body(world: World, entry: Entry) -> bytes | None:
    """An event of the X Activity API."""
    kind = X_EVENTS.get(entry.what)
    if kind is None or not entry.account_id or entry.author_id == entry.account_id:
        return None
    payload = {"id": entry.id, "text": entry.text, "author_id": entry.author_id, "created_at": entry.at,
               "conversation_id": entry.thread_id, "in_reply_to_tweet_id": entry.parent_id or None}  # fmt: skip
    document = {
        "data": {
            "event_type": kind,
            "event_uuid": str(-entry.n),
            "filter": {"user_id": entry.account_id},
            "payload": payload,
        }
    }
    return json.dumps(document, separators=(",", ":")).encode()


def meta_body(world: World, entry: Entry) -> bytes | None:
    """A change of a Page's feed, or a Messenger message."""
    seconds = parse(entry.at) // 1000
    head = {"id": entry.account_id, "time": seconds}
    if entry.what == "message":
        echo = entry.author_id == entry.account_id
        people = {"sender": {"id": entry.author_id}, "recipient": {"id": entry.account_id}}
        message: dict[str, Any] = {"mid": entry.id, "text": entry.text, **({"is_echo": True} if echo else {})}
        body: dict[str, Any] = {
            **head,
            "time": seconds * 1000,
            "messaging": [{**people, "timestamp": seconds * 1000, "message": message}],
        }
    else:
        item = {"comment": "comment", "reply": "comment", "review": "rating"}.get(entry.what, "post")
        value: dict[str, Any] = {
            "item": item,
            "verb": VERBS.get(entry.what, "add"),
            "created_time": seconds,
            "published": 1,
        }
        value[f"{'comment' if item == 'comment' else 'post'}_id"] = entry.id
        value.update({"post_id": entry.thread_id, "parent_id": entry.parent_id or entry.thread_id})
        value["from"] = {"id": entry.author_id, "name": entry.author}
        if entry.text:
            value["message"] = entry.text
        body = {**head, "changes": [{"field": "feed", "value": value}]}
    return json.dumps({"object": "page", "entry": [body]}, separators=(",", ":")).replace("/", "\\/").encode()
