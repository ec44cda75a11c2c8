"""What an answer's headers say of limits, however odd, silences nobody for long and harms no other account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from requests.structures import CaseInsensitiveDict

from connectors.facebook import errors as graph
from connectors.http import Answer, retry_after
from connectors.types import Cost
from connectors.x import errors as x
from inbox.models import RateWindow
from inbox.operations.budget import Spent
from tests import builders

DAY_AND_MORE = timedelta(hours=26)
GRAPH = [
    '{"call_count": NaN, "total_time": Infinity, "total_cputime": 1e999}',
    '{"call_count": 99999999999999999999, "estimated_time_to_regain_access": 99999}',
    '{"call_count": -1e300, "estimated_time_to_regain_access": -5}',
    '{"call_count": "many", "total_time": null}',
    "[1]", '"x"', "{", "",
]  # fmt: skip
X = ["99999999999999", "-1", "1e9", "", "NaN", "٣", "9" * 400]


def answered(**headers: str) -> Answer:
    return Answer(200, CaseInsensitiveDict({name.replace("_", "-"): value for name, value in headers.items()}))


@pytest.mark.django_db
@pytest.mark.parametrize("usage", GRAPH)
def test_any_usage_of_graph_is_stored_beside_that_of_others(usage):
    told = {"x-app-usage": usage, "x-business-use-case-usage": f'{{"1\\u0000": [{usage or 0}], "2": {usage or 0}}}'}
    odd, even, spent = builders.account(), builders.account(), Spent()
    spent.add(odd.pk, cost=Cost(calls=1), limits=graph.limits(told))
    spent.add(even.pk, cost=Cost(calls=1), limits=graph.limits({"x-app-usage": '{"call_count": 20}'}))
    spent.write(now=timezone.now())
    assert RateWindow.objects.get(account=even).remaining == 80
    for window in RateWindow.objects.filter(account=odd):
        assert window.resets_at is None or window.resets_at < timezone.now() + DAY_AND_MORE


@pytest.mark.django_db
@pytest.mark.parametrize("value", X)
def test_any_window_of_x_is_stored_beside_that_of_others(value):
    odd, even, spent = builders.account(), builders.account(), Spent()
    told = answered(x_rate_limit_limit=value, x_rate_limit_remaining="0", x_rate_limit_reset=value)
    spent.add(odd.pk, cost=Cost(calls=1), limits=x.limits_of(told, "search"))
    more = answered(x_rate_limit_remaining=value)
    spent.add(odd.pk, cost=Cost(calls=1), limits=x.limits_of(more, "mentions"))
    spent.add(even.pk, cost=Cost(calls=1), limits=x.limits_of(answered(x_rate_limit_remaining="7"), "search"))
    spent.write(now=timezone.now())
    assert RateWindow.objects.get(account=even).remaining == 7
    for window in RateWindow.objects.filter(account=odd):
        assert window.resets_at is None or window.resets_at < timezone.now() + DAY_AND_MORE


@pytest.mark.parametrize("value", ["99999999", "Fri, 31 Dec 2999 23:59:59 GMT", "9" * 30])
def test_no_answer_silences_an_account_for_years(value):
    told = retry_after({"retry-after": value})
    assert told is None or told < datetime.now(UTC) + DAY_AND_MORE
