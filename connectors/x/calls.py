"""One call to X through tweepy: the JSON, what it cost, and the windows its headers tell about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import requests
import tweepy  # type: ignore[import-untyped]

from connectors.exceptions import AuthorizationLost, ConnectorError, OutcomeUnknown, TemporaryFailure
from connectors.http import PlatformSession, told_time
from connectors.payloads import MOST_ITEMS, glimpse
from connectors.types import Cost, Credentials, Limit
from connectors.x.errors import failure, limits_of
from connectors.x.wire import count, items, mapping, objects, word

_tweepy: Any = tweepy  # untyped

# US dollars, pay-per-use: https://docs.x.com/x-api/getting-started/pricing (2026-08)
POST_READ, OWNED_READ, USER_READ, MESSAGE_READ = map(Decimal, ("0.005", "0.001", "0.010", "0.010"))
POST, POST_WITH_URL, REPLY, MESSAGE, MANAGE = map(Decimal, ("0.015", "0.20", "0.010", "0.015", "0.005"))


@dataclass(frozen=True, slots=True)
class Reply:
    """What one call brought."""

    json: Mapping[str, Any]
    limits: tuple[Limit, ...]
    at: datetime  # by X's clock

    @property
    def data(self) -> Mapping[str, Any]:
        """The single object of an answer that has one."""
        return mapping(self.json.get("data"))


class Calls:
    """A tweepy client for one account, with a session that cannot hang. Close it."""

    def __init__(self, credentials: Credentials, timeout: tuple[float, float]) -> None:
        data = credentials.data
        self.session = PlatformSession(
            base_url=credentials.base_url, timeout=timeout, secrets=filter(None, data.values())
        )
        self.oauth1 = bool(data.get("access_token_secret"))
        self.bearer = "" if self.oauth1 else data.get("access_token") or data.get("bearer_token") or ""
        keys = {
            "consumer_key": data.get("consumer_key") or data.get("api_key"),
            "consumer_secret": data.get("consumer_secret") or data.get("api_secret"),
            "access_token": data.get("access_token"),
            "access_token_secret": data.get("access_token_secret"),
        }
        self.usable = all(keys.values()) if self.oauth1 else bool(self.bearer)
        # tweepy's models raise on a missing fraction, name or text: we ask for the answer as it came
        self.client = _tweepy.Client(
            self.bearer or None, **(keys if self.oauth1 else {}), return_type=requests.Response
        )
        self.client.session.close()
        self.client.session = self.session

    def close(self) -> None:
        """Give the connection back."""
        self.session.close()

    def ask(self, bucket: str, function: Callable[..., Any], *args: Any, **params: Any) -> Reply:
        """Call one method of tweepy's; a clear answer or a ConnectorError."""
        if not self.usable:
            raise AuthorizationLost("No usable token", code="no_token")
        self.session.last = None
        params["user_auth"] = self.oauth1  # tweepy's own default differs from method to method
        given = {name: value for name, value in params.items() if value is not None}
        return self._answered(bucket, lambda: function(*args, **given))

    def ask_page(self, bucket: str, function: Callable[..., Any], *args: Any, **params: Any) -> Reply:
        """A page of a list. What is none proves nothing: taken for an empty one, it would lose messages."""
        reply = self.ask(bucket, function, *args, **params)
        if self.session.last and not reply.json.keys() & {"data", "meta"}:
            raise failure(self.session.last, self.session, reply.limits)
        if wrong := _no_page(reply.json):
            error = self.session.failure("GET", f"{wrong}: {glimpse(dict(reply.json))}", code="shape")
            error.limits = reply.limits
            raise error
        return reply

    def post(self, bucket: str, path: str, **kwargs: Any) -> Reply:
        """A call tweepy has no method for, with its session and its signature."""
        if not self.usable:
            raise AuthorizationLost("No usable token", code="no_token")
        if self.oauth1:
            client = self.client
            handler = _tweepy.OAuth1UserHandler(
                client.consumer_key, client.consumer_secret, client.access_token, client.access_token_secret
            )
            kwargs["auth"] = handler.apply_auth()
        else:
            kwargs["headers"] = {"Authorization": f"Bearer {self.bearer}"}
        return self._answered(bucket, lambda: self.session.post(f"https://api.twitter.com{path}", **kwargs))

    def _answered(self, bucket: str, call: Callable[[], Any]) -> Reply:
        broken = ""
        try:
            call()
        except ConnectorError as error:
            if self.session.last is not None:
                error.limits = error.limits or limits_of(self.session.last, bucket)
            raise
        except (_tweepy.TweepyException, AttributeError, TypeError, KeyError, ValueError) as error:
            broken = f"{type(error).__name__}: {error}"  # tweepy stumbles over an error that is a list
        return self._understood(bucket, broken)

    def _understood(self, bucket: str, broken: str) -> Reply:
        answer = self.session.last
        if answer is None:
            raise TemporaryFailure(self.session.redact(f"Not asked: {broken}"), code="not_asked")
        limits, body = limits_of(answer, bucket), answer.json
        if not 200 <= answer.status < 300:
            raise failure(answer, self.session, limits)
        if not isinstance(body, Mapping):
            words = f"An object belongs here: {glimpse(body)}"
            raise self.session.failure(answer.method, words, code="not_object")
        if answer.method == "GET" and not body.keys() & {"data", "meta", "errors"}:  # an empty object proves nothing
            raise self.session.failure(answer.method, f"Neither data nor meta: {glimpse(body)}", code="shape")
        if answer.method != "GET" and body.get("errors") and not body.get("data"):
            raise failure(answer, self.session, limits)
        return Reply(body, limits, told_time(answer.headers))


def _no_page(body: Mapping[str, Any]) -> str:
    """What keeps an answer from being a page with a known end; "" for one that is."""
    data, meta = body.get("data"), body.get("meta")
    if data is not None and not isinstance(data, list | Mapping):  # a single object is an item, read or set aside
        return "A list belongs here"
    if isinstance(data, list) and len(data) > MOST_ITEMS:
        return "Far more than was asked for"
    if not isinstance(meta, Mapping):
        return "It does not say whether more follows"
    if not data and count(meta.get("result_count")):
        return "It counts what it does not hold"
    token = meta.get("next_token")
    return "" if token in (None, "") or 0 < len(word(token)) <= 2_000 else "The way to what follows is no token"


def new_id(reply: Reply, *names: str) -> str:
    """The id of what was made; without one nobody knows whether it was."""
    identifier = next((word(reply.data.get(name)) for name in names if word(reply.data.get(name))), "")
    if not identifier:
        raise OutcomeUnknown(f"Accepted, but without an id: {glimpse(dict(reply.json))}", code="no_id")
    return identifier


def read_cost(reply: Reply, paid: dict[str, Any], *, messages: bool = False, price: Decimal = POST_READ) -> Cost:
    """What reading this page cost. X charges a thing once a UTC day: `paid`, in the cursor, remembers."""
    data = reply.json.get("data")
    found = list(objects(items(data) if isinstance(data, list) else [data]))
    includes = mapping(reply.json.get("includes"))
    people = {"u" + _short(user) for user in objects(includes.get("users"))}
    others = {_short(p) for name in ("tweets", "posts") for p in objects(includes.get(name))}
    today = reply.at.date().isoformat()
    known = set(map(word, items(paid.get("ids")))) if paid.get("day") == today else set()
    own = {_short(item) for item in found} - known
    others, people = others - own - known, people - known
    kept = [*map(word, items(paid.get("ids")))] if known else []
    paid |= {"day": today, "ids": [*kept, *sorted(own | others | people)][-600:]}
    money = len(own) * (MESSAGE_READ if messages else price) + len(others) * POST_READ + len(people) * USER_READ
    return Cost(
        calls=1,
        post_reads=len(others) + (0 if messages else len(own)),
        user_reads=len(people),
        message_reads=len(own) if messages else 0,
        money=Decimal(money),
    )


def _short(item: Mapping[str, Any]) -> str:
    """Its id, no longer than one is: what is remembered has an end."""
    return word(item.get("id"))[:40]


WINDOW = timedelta(days=7) - timedelta(minutes=1)  # of search, with a margin for the way there
