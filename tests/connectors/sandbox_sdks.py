"""The real SDKs, unmodified, on their way to a sandbox: only an adapter on their own session sends them there."""

from __future__ import annotations

import hmac
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import facebook
import requests
import tweepy
from requests.adapters import HTTPAdapter


class Redirect(HTTPAdapter):
    """Sends a session's requests to another address, as they are."""

    def __init__(self, base: str) -> None:
        self.base = urlsplit(base)
        super().__init__()

    def send(self, request: requests.PreparedRequest, timeout: Any = None, **more: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        request.url = urlunsplit((self.base.scheme, self.base.netloc, parts.path, parts.query, ""))
        more["proxies"] = {}
        return super().send(request, timeout=timeout or (3, 10), **more)


def x_pictures(url: str, credentials: dict[str, str], post_id: str) -> list[str]:
    """What the pictures of a post show, as the platform tells it."""
    fields = {"expansions": ["attachments.media_keys"], "media_fields": ["alt_text"]}
    told = x_client(url, credentials).get_tweet(post_id, **fields)
    return [media.alt_text or "" for media in told.includes.get("media", [])]


def x_client(url: str, credentials: dict[str, str]) -> tweepy.Client:
    """tweepy with an OAuth 2.0 user token, or with OAuth 1.0a keys."""
    if "api_key" in credentials:
        client = tweepy.Client(
            consumer_key=credentials["api_key"],
            consumer_secret=credentials["api_secret"],
            access_token=credentials["access_token"],
            access_token_secret=credentials["access_token_secret"],
        )
    else:
        client = tweepy.Client(bearer_token=credentials["access_token"])
    client.session.mount("https://api.twitter.com", Redirect(url))
    return client


def graph(url: str, credentials: dict[str, str], *, proof: bool = False) -> facebook.GraphAPI:
    """facebook-sdk, speaking v24.0."""
    client = facebook.GraphAPI(credentials["access_token"])
    client.version = "v24.0"
    client.session.mount("https://graph.facebook.com", Redirect(url))
    if proof:
        key, token = credentials["app_secret"].encode(), credentials["access_token"].encode()
        client.session.params["appsecret_proof"] = hmac.new(key, token, "sha256").hexdigest()
    return client
