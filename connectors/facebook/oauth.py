"""Connecting Pages by clicking through Facebook Login.

A short user token (hours) becomes a long one (about 60 days), which gives Page tokens without an end date. A
Page token dies when its person changes the password, loses the role or removes the app; data access ends after
90 days: `check` reads that from debug_token.
Source: developers.facebook.com/docs/facebook-login/guides/access-tokens, November 2026.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from connectors.base import OAuth
from connectors.exceptions import AuthorizationLost, ConnectorError, Gone, Rejected
from connectors.facebook import fields
from connectors.facebook.graph import VERSION, Graph
from connectors.facebook.mapping import SITE
from connectors.facebook.paging import following, turned
from connectors.facebook.values import count, entries, entry, identifier, moment_or_none, words
from connectors.http import PlatformSession
from connectors.types import AccountInfo, Credentials

SCOPES = (
    "pages_show_list",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
    "pages_manage_metadata",
    "pages_messaging",
)
TASKS = ("MODERATE", "MESSAGING")
PAGES_AT_MOST = 20  # of 100 Pages each
_REFUSED = "1"  # "Error validating client secret", under the code that elsewhere says "try again"
_RENEW_BEFORE = timedelta(days=7)


class FacebookOAuth(OAuth):
    """See `OAuth`. The grant is a long user token; each chosen Page gets its own token out of it."""

    scopes: ClassVar[tuple[str, ...]] = SCOPES

    @classmethod
    def check_app(cls, app: dict[str, str]) -> None:
        """The app's own token, which only its id and secret give."""
        if not app.get("client_secret"):
            raise AuthorizationLost("Facebook gives no token without the app's secret", code="no_secret")
        try:
            _token(app, grant_type="client_credentials")
        except ConnectorError as error:
            if isinstance(error, Rejected) or error.code == _REFUSED:
                raise AuthorizationLost(error.detail, code=error.code) from None
            raise

    @classmethod
    def authorize_url(cls, app: dict[str, str], *, state: str, verifier: str) -> str:
        """The login dialog. It knows no PKCE: `state` and the app's secret guard the code."""
        query = {
            "client_id": app["client_id"],
            "redirect_uri": app["callback_url"],
            "state": state,
            "scope": ",".join(cls.scopes),
            "response_type": "code",
        }
        return f"{(app.get('base_url') or SITE).rstrip('/')}/{VERSION}/dialog/oauth?{urlencode(query)}"

    @classmethod
    def exchange(cls, app: dict[str, str], *, code: str, verifier: str) -> dict[str, str]:
        """Code -> short token -> long token."""
        short = _token(app, redirect_uri=app["callback_url"], code=code)
        return _token(app, grant_type="fb_exchange_token", fb_exchange_token=short["access_token"])

    @classmethod
    def accounts(cls, app: dict[str, str], grant: dict[str, str]) -> list[tuple[Credentials, AccountInfo]]:
        """The Pages ticked in the dialog, with what our person may do on each."""
        with _session(app, grant) as session:
            graph = Graph(grant["access_token"], session=session, app_secret=app["client_secret"])
            granted = _granted(graph)
            return [_account(app, grant, page, granted=granted) for page in _pages(graph) if _usable(page)]

    @classmethod
    def refresh(cls, app: dict[str, str], data: dict[str, str]) -> dict[str, str]:
        """A new long user token, and out of it this Page's token anew."""
        if not data.get("user_token"):
            raise AuthorizationLost("This Page has to be connected again", code="no_user_token")
        grant = _token(app, grant_type="fb_exchange_token", fb_exchange_token=data["user_token"])
        with _session(app, grant) as session:
            graph = Graph(grant["access_token"], session=session, app_secret=app["client_secret"])
            for page in _pages(graph):
                if identifier(page.get("id")) == data.get("page_id") and words(page.get("access_token")):
                    return data | _page_data(app, grant, page)
        raise AuthorizationLost("This Page is no longer among those that were granted", code="page_gone")

    @classmethod
    def needs_refresh(cls, data: dict[str, str], *, now: datetime) -> bool:
        """A Page token has no end; the user token behind it has one, and is renewed a week before."""
        ends = moment_or_none(data.get("expires_at"))
        return bool(data.get("user_token")) and ends is not None and now < ends <= now + _RENEW_BEFORE

    @classmethod
    def revoke(cls, app: dict[str, str], data: dict[str, str]) -> None:
        """Withdraw the permissions; while other Pages hang on the grant, only this Page's subscription."""
        with _session(app, data) as session:
            token = data.get("user_token")
            if token:
                graph = Graph(token, session=session, app_secret=app["client_secret"])
                if len(_pages(graph)) <= 1:
                    graph.remove("me/permissions")
                    return
        with _session(app, data) as session:
            page = Graph(data["access_token"], session=session, app_secret=app["client_secret"])
            try:
                page.remove("me/subscribed_apps")
            except Gone:  # it never was subscribed
                return


def app_graph(app_id: str, app_secret: str, *, session: PlatformSession) -> Graph:
    """Graph with the app's own token, as debug_token wants it."""
    return Graph(f"{app_id}|{app_secret}", session=session)


def debug_token(token: str, app_id: str, app_secret: str, *, session: PlatformSession) -> dict[str, Any]:
    """What a token is worth. A GET in a POST's clothes (Graph's `method` override) keeps both tokens out of the URL."""
    app = f"{app_id}|{app_secret}"
    graph = Graph(app, session=session)
    with session.harmless():
        answer = graph.write("debug_token", method="get", input_token=token, access_token=app)
    return entry(entry(answer).get("data"))


def tasks_now(data: dict[str, str], page_id: str, *, session: PlatformSession) -> list[str]:
    """What our person may do on the Page: only a user's token can ask. Empty when Facebook does not say."""
    graph = Graph(data["user_token"], session=session, app_secret=data.get("app_secret", ""))
    pages = _pages(graph, asked="id,tasks")
    page = next((page for page in pages if identifier(page.get("id")) == page_id), {})
    return _tasks(page)


def missing_scopes(granted: tuple[str, ...]) -> tuple[str, ...]:
    """What we would want and do not have."""
    return tuple(scope for scope in SCOPES if scope not in granted)


def token_ends(token: dict[str, Any]) -> datetime | None:
    """When a person must come back: the token's end or that of data access, 0 meaning never."""
    ends = [count(token.get(key)) for key in ("expires_at", "data_access_expires_at")]
    return min((at for at in map(moment_or_none, filter(None, ends)) if at), default=None)


def _session(app: dict[str, str], data: dict[str, str]) -> PlatformSession:
    secrets = [app["client_secret"], *(data.get(key, "") for key in ("access_token", "user_token"))]
    return PlatformSession(base_url=app.get("base_url", ""), secrets=secrets)


def _token(app: dict[str, str], **params: str) -> dict[str, str]:
    """POST, so that neither the code nor the secret is in a URL."""
    with PlatformSession(base_url=app.get("base_url", ""), secrets=[app["client_secret"], *params.values()]) as session:
        graph = app_graph(app["client_id"], app["client_secret"], session=session)
        with session.harmless():
            answer = entry(
                graph.write(
                    "oauth/access_token",
                    client_id=app["client_id"],
                    client_secret=app["client_secret"],
                    **params,
                )
            )
    if not words(answer.get("access_token")):
        raise AuthorizationLost("Facebook gave no token", code="no_token")
    grant = {"access_token": answer["access_token"]}
    seconds = count(answer.get("expires_in"))
    if seconds:
        grant["expires_at"] = (datetime.now(UTC) + timedelta(seconds=min(seconds, 10**8))).isoformat()
    return grant


def _granted(graph: Graph) -> tuple[str, ...]:
    answer = entry(graph.read("me/permissions"))
    given = (entry(one) for one in entries(answer.get("data")))
    return tuple(words(one.get("permission")) for one in given if one.get("status") == "granted")


def _pages(graph: Graph, *, asked: str = f"{fields.PAGE},access_token,tasks") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = ""
    for _ in range(PAGES_AT_MOST):
        answer = entry(graph.read("me/accounts", fields=asked, limit=100, **turned(after)))
        found += [page for page in entries(answer.get("data")) if isinstance(page, dict)]
        after = following(answer)
        if not after:
            break
    return found


def _tasks(page: dict[str, Any]) -> list[str]:
    return [task for task in entries(page.get("tasks")) if words(task)]


def _usable(page: dict[str, Any]) -> bool:
    return bool(identifier(page.get("id")) and words(page.get("access_token")))


def _page_data(app: dict[str, str], grant: dict[str, str], page: dict[str, Any]) -> dict[str, str]:
    return {
        "access_token": page["access_token"],
        "user_token": grant["access_token"],
        "page_id": identifier(page["id"]),
        "app_id": app["client_id"],
        "app_secret": app["client_secret"],
        "tasks": ",".join(_tasks(page)),
        **({"expires_at": grant["expires_at"]} if "expires_at" in grant else {}),
    }


def _account(
    app: dict[str, str], grant: dict[str, str], page: dict[str, Any], *, granted: tuple[str, ...]
) -> tuple[Credentials, AccountInfo]:
    page_id = identifier(page["id"])
    info = AccountInfo(
        external_id=page_id,
        name=words(page.get("name")),
        handle=words(page.get("username")),
        avatar_url=words(entry(entry(page.get("picture")).get("data")).get("url")),
        profile_url=words(page.get("link")) or f"{SITE}/{page_id}",
        scopes=granted,
        missing=missing_scopes(granted) + missing_tasks(_tasks(page)),
    )
    return Credentials(page_id, app.get("base_url", ""), _page_data(app, grant, page)), info


def missing_tasks(tasks: list[str]) -> tuple[str, ...]:
    """What our person may not do on the Page, whatever the permissions; nothing where Facebook does not say."""
    return tuple(f"task:{task}" for task in TASKS if tasks and task not in tasks)
