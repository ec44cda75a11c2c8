"""No secret reaches the logs, in whatever shape it comes along."""

from __future__ import annotations

import pytest

from webcare.logs import redact

SECRET = "EAAPq8s7d6f5g4h3j2k1l0"


@pytest.mark.parametrize(
    "entry",
    [
        {"event": f"access_token={SECRET} refused"},
        {"event": f"GET https://graph.example/me?fields=id&access_token={SECRET}&x=1"},
        {"exception": f"Traceback ...\nValueError: {{'refresh_token': '{SECRET}'}}"},
        {"headers": {"Authorization": f"Bearer {SECRET}", "Accept": "*/*"}},
        {"headers": [("Authorization", f"Bearer {SECRET}")]},
        {"token": SECRET},
        {"data": {"page": {"client_secret": SECRET}}},
        {"error": ValueError(f"password: {SECRET}")},
    ],
)
def test_a_secret_is_replaced_wherever_it_stands(entry):
    assert SECRET not in str(redact(None, "info", dict(entry)))


def test_what_is_no_secret_stays():
    entry = {"event": "poll stored", "new": 3, "late": False, "lag": None, "token_kind": "page", "path": "/inbox/"}
    assert redact(None, "info", dict(entry)) == entry
