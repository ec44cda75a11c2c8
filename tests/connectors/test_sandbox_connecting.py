"""Connecting an account by clicking through, as a browser and a client do it together."""

from __future__ import annotations

import base64
import hashlib
import re
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import facebook
import pytest
import requests
import tweepy

from tests.connectors.sandbox_fixtures import sandbox, sandbox_process
from tests.connectors.sandbox_sdks import Redirect, graph, x_client

BACK = "http://127.0.0.1:9/callback"
VERIFIER = "a-verifier-that-is-long-enough-to-be-taken-seriously-1234"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SCOPES = "tweet.read users.read tweet.write dm.read offline.access"


def click(url: str, **chosen: str) -> dict[str, str]:
    """Open a consent page, press a button, and read where the browser is sent."""
    shown = requests.get(url, timeout=5)
    assert shown.status_code == 200
    fields = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', shown.text))
    form = {unescape(k): unescape(v) for k, v in fields.items()} | chosen
    parts = urlsplit(url)
    answer = requests.post(f"{parts.scheme}://{parts.netloc}{parts.path}", data=form, allow_redirects=False, timeout=5)
    assert answer.status_code == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def x_page(sandbox, scopes: str = SCOPES) -> str:
    asked = {
        "response_type": "code", "client_id": sandbox.apps()["x"]["client_id"], "redirect_uri": BACK, "scope": scopes,
        "state": "s & t", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    }  # fmt: skip
    return f"{sandbox.url}/i/oauth2/authorize?{urlencode(asked)}"


def token(sandbox, **form: str) -> requests.Response:
    app = sandbox.apps()["x"]
    return requests.post(
        f"{sandbox.url}/2/oauth2/token", data=form, auth=(app["client_id"], app["client_secret"]), timeout=5
    )


def connect(sandbox, user_id: str, scopes: str = SCOPES) -> dict[str, str]:
    back = click(x_page(sandbox, scopes), user_id=user_id, answer="yes")
    assert back["state"] == "s & t"
    answer = token(
        sandbox, grant_type="authorization_code", code=back["code"], redirect_uri=BACK, code_verifier=VERIFIER
    )
    assert answer.status_code == 200
    return answer.json()


def test_x_is_connected_with_a_click(sandbox):
    account = sandbox.account("NT_reisinfo")
    grant = connect(sandbox, account["external_id"])
    assert grant["expires_in"] == 7200
    assert x_client(sandbox.url, grant).get_me(user_auth=False).data.username == "NT_reisinfo"


def test_a_code_works_once_and_only_with_its_verifier(sandbox):
    account = sandbox.account("noordtreinen")
    code = click(x_page(sandbox), user_id=account["external_id"], answer="yes")["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    assert token(sandbox, **form, code_verifier="another").status_code == 400
    assert token(sandbox, **form, code_verifier=VERIFIER).status_code == 200
    assert token(sandbox, **form, code_verifier=VERIFIER).status_code == 400


def test_saying_no_is_told(sandbox):
    assert click(x_page(sandbox), user_id="1", answer="no") == {"error": "access_denied", "state": "s & t"}


def test_an_unknown_client_gets_no_page(sandbox):
    assert requests.get(f"{sandbox.url}/i/oauth2/authorize?client_id=nobody", timeout=5).status_code == 400


def test_refresh_tokens_rotate_and_work_once(sandbox):
    account = sandbox.account("noordtreinen")
    first = account["credentials"]
    second = token(sandbox, grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert token(sandbox, grant_type="refresh_token", refresh_token=first["refresh_token"]).status_code == 400
    assert x_client(sandbox.url, second).get_me(user_auth=False).data
    with pytest.raises(tweepy.Unauthorized):
        x_client(sandbox.url, first).get_me(user_auth=False)
    assert sandbox.account("noordtreinen")["credentials"]["refresh_token"] == second["refresh_token"]


def test_tweepys_own_handler_refreshes(sandbox):
    app, account = sandbox.apps()["x"], sandbox.account("noordtreinen")
    handler = tweepy.OAuth2UserHandler(
        client_id=app["client_id"],
        client_secret=app["client_secret"],
        redirect_uri=BACK,
        scope=account["credentials"]["scope"].split(),
    )
    handler.mount("https://api.twitter.com", Redirect(sandbox.url))
    fresh = handler.refresh_token(
        "https://api.twitter.com/2/oauth2/token",
        refresh_token=account["credentials"]["refresh_token"],
        auth=handler.auth,
    )
    assert x_client(sandbox.url, fresh).get_me(user_auth=False).data


def test_no_refresh_token_without_offline_access(sandbox):
    assert "refresh_token" not in connect(sandbox, sandbox.account("postvlot")["external_id"], "tweet.read users.read")


def test_a_scope_that_was_not_given_is_missed(sandbox):
    grant = connect(sandbox, sandbox.account("postvlot")["external_id"], "tweet.read users.read")
    with pytest.raises(tweepy.Forbidden):
        x_client(sandbox.url, grant).create_tweet(text="hoi", user_auth=False)


def test_a_revoked_grant_is_over(sandbox):
    app, grant = sandbox.apps()["x"], connect(sandbox, sandbox.account("postvlot")["external_id"])
    answer = requests.post(
        f"{sandbox.url}/2/oauth2/revoke",
        data={"token": grant["refresh_token"]},
        auth=(app["client_id"], app["client_secret"]),
        timeout=5,
    )
    assert answer.json() == {"revoked": True}
    with pytest.raises(tweepy.Unauthorized):
        x_client(sandbox.url, grant).get_me(user_auth=False)


def test_a_wrong_client_secret_gets_nothing(sandbox):
    answer = requests.post(f"{sandbox.url}/2/oauth2/token", auth=(sandbox.apps()["x"]["client_id"], "no"), timeout=5)
    assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized_client")


def facebook_code(sandbox, **chosen: str) -> str:
    asked = {
        "client_id": sandbox.apps()["facebook"]["client_id"],
        "redirect_uri": BACK,
        "state": "x",
        "scope": "pages_messaging",
    }
    return click(f"{sandbox.url}/v24.0/dialog/oauth?{urlencode(asked)}", answer="yes", **chosen)["code"]


def test_facebook_is_connected_from_code_to_page_token(sandbox):
    app, page = sandbox.apps()["facebook"], sandbox.account("noordtreinen", "facebook")["external_id"]
    opener = graph(sandbox.url, {"access_token": ""})
    short = opener.get_access_token_from_code(
        facebook_code(sandbox, **{f"page_{page}": "1"}), BACK, app["client_id"], app["client_secret"]
    )
    long = graph(sandbox.url, short).extend_access_token(app["client_id"], app["client_secret"])
    assert long["expires_in"] == 5_183_944
    (chosen,) = graph(sandbox.url, long).get_connections("me", "accounts", fields="id,name,access_token,tasks")["data"]
    assert chosen["id"] == page
    assert {"MODERATE", "MESSAGING"} <= set(chosen["tasks"])
    assert graph(sandbox.url, chosen).get_object("me")["id"] == page
    told = graph(sandbox.url, long).debug_access_token(chosen["access_token"], app["client_id"], app["client_secret"])[
        "data"
    ]
    assert (told["type"], told["is_valid"], told["expires_at"], told["profile_id"]) == ("PAGE", True, 0, page)


def test_facebooks_code_works_once_and_wants_the_same_address(sandbox):
    app = sandbox.apps()["facebook"]
    opener, code = graph(sandbox.url, {"access_token": ""}), facebook_code(sandbox)
    with pytest.raises(facebook.GraphAPIError):
        opener.get_access_token_from_code(code, "http://127.0.0.1:9/other", app["client_id"], app["client_secret"])
    assert opener.get_access_token_from_code(code, BACK, app["client_id"], app["client_secret"])["access_token"]
    with pytest.raises(facebook.GraphAPIError):
        opener.get_access_token_from_code(code, BACK, app["client_id"], app["client_secret"])


def test_a_page_that_was_not_ticked_is_not_there(sandbox):
    app = sandbox.apps()["facebook"]
    short = graph(sandbox.url, {"access_token": ""}).get_access_token_from_code(
        facebook_code(sandbox), BACK, app["client_id"], app["client_secret"]
    )
    assert graph(sandbox.url, short).get_connections("me", "accounts")["data"] == []


def test_a_user_token_cannot_write_as_the_page(sandbox):
    app, page = sandbox.apps()["facebook"], sandbox.account("noordtreinen", "facebook")["external_id"]
    post = sandbox.fb_post(page, "Hoi")
    short = graph(sandbox.url, {"access_token": ""}).get_access_token_from_code(
        facebook_code(sandbox, **{f"page_{page}": "1"}), BACK, app["client_id"], app["client_secret"]
    )
    with pytest.raises(facebook.GraphAPIError) as refused:
        graph(sandbox.url, short).put_comment(post["id"], "hoi")
    assert refused.value.code == 200
