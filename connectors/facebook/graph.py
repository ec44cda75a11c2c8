"""facebook-sdk made to speak a living Graph version; nothing of the SDK is patched."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import facebook

from connectors.exceptions import ConnectorError
from connectors.facebook.errors import translate
from connectors.http import PlatformSession
from connectors.payloads import MOST_ITEMS, glimpse

# Lives until 18 February 2028 (developers.facebook.com/docs/graph-api/changelog/versions, November 2026).
# The SDK knows versions up to 3.1 and refuses the rest; without one it says v2.8, served as Graph's oldest.
VERSION = "v24.0"


class Graph(facebook.GraphAPI):  # type: ignore[misc]
    """One token's Graph: JSON in, JSON out, `ConnectorError` for everything else.

    The token travels in the Authorization header, so that it is in no URL: the SDK would put it in the query
    of every GET and DELETE. The proof belongs to the token, hence one session for each.
    """

    session: PlatformSession

    def __init__(self, token: str, *, session: PlatformSession, app_secret: str = "") -> None:
        super().__init__(timeout=session.timeout, session=session)  # type: ignore[no-untyped-call]
        self.version = VERSION
        session.add_secret(token)
        session.headers["Authorization"] = f"Bearer {token}"
        if app_secret:
            session.add_secret(app_secret)
            proof = hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
            session.params = {"appsecret_proof": proof}

    def read(self, path: str, **params: Any) -> dict[str, Any]:
        """GET a node or an edge. An answer of another shape is a failure: taken for empty, it would lose messages."""
        answer: dict[str, Any] = self._shaped(self._call("GET", path, args=params), dict)
        return answer

    def read_edge(self, path: str, **params: Any) -> dict[str, Any]:
        """GET an edge: its `data` is a list."""
        answer = self.read(path, **params)
        if len(self._shaped(answer.get("data"), list)) > MOST_ITEMS:
            raise self.session.failure("GET", "Far more than was asked for", code="shape")
        return answer

    def _shaped(self, answer: Any, shape: type) -> Any:
        if isinstance(answer, shape):
            return answer
        raise self.session.failure("GET", f"Not an answer to this question: {glimpse(answer)}", code="shape")

    def write(self, path: str, *, files: Any = None, **params: Any) -> Any:
        """POST; objects among the parameters are sent as JSON, which a form would flatten silently."""
        form = {key: value if isinstance(value, str) else json.dumps(value) for key, value in params.items()}
        return self._call("POST", path, post_args=form, files=files)

    def remove(self, path: str, **params: Any) -> Any:
        """DELETE."""
        return self._call("DELETE", path, args=params)

    def _call(self, method: str, path: str, **more: Any) -> Any:
        failure: ConnectorError
        try:
            answer = self.request(f"{self.version}/{path.strip('/')}", method=method, **more)  # type: ignore[no-untyped-call]
        except facebook.GraphAPIError as error:
            failure = translate(error.result, session=self.session, method=method)
        else:
            if not self._failed(answer):
                return answer
            failure = translate(answer, session=self.session, method=method)
        raise failure  # outside of the except: the SDK's error, with its words, is not chained to ours

    def _failed(self, answer: Any) -> bool:
        """Errors the SDK lets pass: its old REST shape, and JSON with a status that is no success."""
        if isinstance(answer, dict) and "error_code" in answer:
            return True
        last = self.session.last
        return last is not None and not 200 <= last.status < 300
