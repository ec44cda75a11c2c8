"""A Page on a scripted Graph: its connector, its errors, comments and posts as Graph writes them."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.facebook.connector import FacebookConnector
from connectors.types import Credentials
from tests.connectors.scripted_graph import scripted_graph

TOKEN = "EAAPsecretpagetoken"
PAGE = "100"


@pytest.fixture
def graph():
    with scripted_graph() as server:
        yield server


@pytest.fixture
def facebook(graph):
    data = {"access_token": TOKEN, "app_secret": "app-secret-value"}
    with FacebookConnector(Credentials(PAGE, graph.base_url, data), timeout=(2, 2)) as connector:
        yield connector


def error(code, subcode=None, **more):
    body = {"message": "Er ging iets mis", "type": "OAuthException", "code": code, "fbtrace_id": "A", **more}
    return {"error": body | ({"error_subcode": subcode} if subcode else {})}


def at(minutes_ago=0):
    then = datetime(2026, 11, 20, 12, tzinfo=UTC) - timedelta(minutes=minutes_ago)
    return then.strftime("%Y-%m-%dT%H:%M:%S+0000")


def a_comment(number, *, minutes_ago=0, who="9001", **more):
    return {
        "id": f"55_{number}",
        "message": f"c{number}",
        "created_time": at(minutes_ago),
        "from": {"id": who, "name": "Ann"},
    } | more


def a_post(comments=None, *, number=55, **more):
    post = {
        "id": f"100_{number}",
        "message": "Ons nieuws",
        "created_time": at(500),
        "from": {"id": PAGE, "name": "Wij"},
    }
    return post | ({"comments": comments} if comments is not None else {}) | more
