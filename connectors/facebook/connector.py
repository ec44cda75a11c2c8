"""One Facebook Page: what is said to it is read, and what we say leaves, once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from connectors.base import Connector
from connectors.exceptions import AuthorizationLost, Gone, PermissionMissing, Rejected, Unsupported
from connectors.facebook import fields, mapping
from connectors.facebook.capabilities import CAPABILITIES
from connectors.facebook.edges import poll_edge
from connectors.facebook.errors import limits
from connectors.facebook.graph import Graph
from connectors.facebook.harvest import Harvest
from connectors.facebook.nests import poll_nest
from connectors.facebook.oauth import debug_token, missing_scopes, missing_tasks, tasks_now, token_ends
from connectors.facebook.recorded import read_exchange
from connectors.facebook.refreshing import refresh
from connectors.facebook.sending import Sender
from connectors.facebook.sought import Search
from connectors.facebook.streams import EDGES, NESTS
from connectors.facebook.values import entries, entry, identifier, words
from connectors.http import PlatformSession, told_time
from connectors.types import (
    AccountInfo,
    Cost,
    Credentials,
    Cursor,
    OutboundMessage,
    Page,
    Refreshed,
    Sent,
    StreamRef,
)


class FacebookConnector(Connector):
    """See `Connector`. `credentials.data`: access_token (the Page's), app_id and app_secret where known."""

    kind: ClassVar[str] = "facebook"
    capabilities = CAPABILITIES

    def __init__(self, credentials: Credentials, *, timeout: tuple[float, float] = (3.05, 10.0)) -> None:
        super().__init__(credentials, timeout=timeout)
        data = credentials.data
        self.session = PlatformSession(
            base_url=credentials.base_url,
            timeout=timeout,
            secrets=[data[key] for key in data if "id" not in key and key != "tasks"],
        )
        token = data.get("access_token", "")
        if not token:
            raise AuthorizationLost("No access token is stored for this Page", code="no_token")
        self.graph = Graph(token, session=self.session, app_secret=data.get("app_secret", ""))

    @property
    def page_id(self) -> str:
        """The Page; `me` is the same to a Page token, before the first `check`."""
        return self.credentials.account_id or "me"

    def close(self) -> None:
        """Give the HTTP session back."""
        self.session.close()

    def check(self) -> AccountInfo:
        """Who this token speaks for. What it may do is known with the app's own id and secret, and the user's token."""
        page = entry(self.graph.read("me", fields=fields.PAGE))
        page_id = identifier(page.get("id"))
        if self.credentials.account_id and page_id != self.credentials.account_id:
            raise AuthorizationLost(f"This token belongs to {page_id or 'nobody'}, not to this Page", code="other_page")
        token, tasks = self._token(), self._tasks(page_id)
        scopes = tuple(scope for scope in entries(token.get("scopes")) if isinstance(scope, str))
        return AccountInfo(
            external_id=page_id,
            name=words(page.get("name")),
            handle=words(page.get("username")),
            avatar_url=words(entry(entry(page.get("picture")).get("data")).get("url")),
            profile_url=words(page.get("link")) or f"{mapping.SITE}/{page_id}",
            scopes=scopes,
            missing=missing_scopes(scopes) + missing_tasks(tasks) if scopes else (),
            token_expires_at=token_ends(token),
            cost=Cost(calls=1 + bool(token) + bool(self.credentials.data.get("user_token"))),
            limits=self._limits(),
        )

    def _token(self) -> dict[str, Any]:
        data = self.credentials.data
        if not data.get("app_id") or not data.get("app_secret"):
            return {}
        with PlatformSession(
            base_url=self.credentials.base_url, timeout=self.timeout, secrets=self.session._secrets
        ) as session:
            token = debug_token(data["access_token"], data["app_id"], data["app_secret"], session=session)
        if token.get("is_valid") is False:
            said = words(entry(token.get("error")).get("message"))
            raise AuthorizationLost(self.session.redact(said) or "The token is not valid any more", code="190")
        return token

    def _tasks(self, page_id: str) -> list[str]:
        """What the person who connected may do on the Page; as it was then when their own token has ended."""
        data = self.credentials.data
        known = [task for task in data.get("tasks", "").split(",") if task]
        if not data.get("user_token"):
            return known
        with PlatformSession(
            base_url=self.credentials.base_url, timeout=self.timeout, secrets=self.session._secrets
        ) as session:
            try:
                return tasks_now(data, page_id, session=session) or known
            except (AuthorizationLost, PermissionMissing, Rejected):  # the Page's own token may well live on
                return known

    def poll(self, stream: StreamRef, cursor: Cursor, *, since: datetime | None = None, limit: int = 100) -> Page:
        """See `Connector`. Every stream has its own cursor and its own overlap."""
        harvest = Harvest(self.graph, aside=cursor.get("aside"))
        since = since.astimezone(UTC) if since else None
        page_id = self._known_page_id(harvest)
        if stream.kind in EDGES:
            return poll_edge(harvest, EDGES[stream.kind](page_id), cursor, since=since, limit=limit)
        if stream.kind in NESTS:
            return poll_nest(harvest, NESTS[stream.kind](page_id), cursor, since=since, limit=limit)
        raise Unsupported(f"There is no stream {stream.kind!r} here")

    def _known_page_id(self, harvest: Harvest) -> str:
        """Whose words are our own hangs on it, so it is asked for once when it is not known."""
        if self.credentials.account_id:
            return self.credentials.account_id
        page_id = identifier(harvest.read("me", fields="id").get("id"))
        self.credentials = Credentials(page_id, self.credentials.base_url, self.credentials.data)
        return page_id

    def send(self, message: OutboundMessage) -> Sent:
        """See `Connector`. A file and a text to one person are two messages to the platform (README)."""
        return Sender(self.graph, page_id=self.page_id).send(message)

    def find_sent(self, message: OutboundMessage, since: datetime) -> Sent | None:
        """See `Connector`."""
        return Search(Harvest(self.graph), page_id=self._known_page_id(Harvest(self.graph))).find(
            message, since=since.astimezone(UTC)
        )

    def told_at(self) -> datetime | None:
        """See `Connector`."""
        last = self.session.last
        return told_time(last.headers) if last else None

    def refresh_metrics(self, ids: list[str]) -> Refreshed:
        """See `Connector`. Every id counts as a call."""
        return refresh(Harvest(self.graph), ids, page_id=self.credentials.account_id)

    def hide(self, external_id: str) -> None:
        """See `Connector`."""
        self.graph.write(external_id, is_hidden="true")

    def unhide(self, external_id: str) -> None:
        """See `Connector`."""
        self.graph.write(external_id, is_hidden="false")

    def like(self, external_id: str) -> None:
        """Like it in the Page's name."""
        self.graph.write(f"{external_id}/likes")

    def unlike(self, external_id: str) -> None:
        """Take the like back."""
        self.graph.remove(f"{external_id}/likes")

    def delete_own(self, external_id: str) -> None:
        """See `Connector`."""
        try:
            self.graph.remove(external_id)
        except Gone:
            return

    def permalink(self, external_id: str, *, thread_id: str = "", handle: str = "") -> str:
        """See `Connector`. A private message has no address of its own: the Page's inbox is the way in."""
        if external_id and "_" in external_id and not external_id.startswith(("m_", "mid.", "t_", "review_")):
            return f"{mapping.SITE}/{external_id}"
        if external_id.startswith(("m_", "mid.")) and self.credentials.account_id:
            return f"https://business.facebook.com/latest/inbox/all?asset_id={self.credentials.account_id}"
        return ""

    @classmethod
    def length(cls, text: str) -> int:
        """Code points, as Graph counts."""
        return len(text)

    @classmethod
    def read_recorded(cls, exchange: dict[str, Any]) -> Page:
        """See `Connector`. Deliveries (webhooks) are read too."""
        return read_exchange(exchange)

    def _limits(self) -> Any:
        return limits(self.session.last.headers if self.session.last else {})
