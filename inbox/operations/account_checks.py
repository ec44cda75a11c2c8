"""Once a day each account is asked what it still may do: a platform takes rights away without a word."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db.models import Q
from django.utils import timezone

from connectors.exceptions import AuthorizationLost, ConnectorError
from inbox.gateway import connect
from inbox.models import ChannelAccount
from inbox.operations import accounts
from inbox.operations.budget import record_cost

EVERY, SOONER = timedelta(days=1), timedelta(hours=1)  # sooner: when the platform gave no answer
AT_ONCE = 200
log = structlog.get_logger()


def check_due() -> int:
    """Ask for every account whose day has passed; how many."""
    now = timezone.now()
    due = ChannelAccount.objects.filter(_unasked(), state=ChannelAccount.State.CONNECTED).exclude(retry_at__gt=now)
    pks = due.order_by("checked_at").values_list("pk", flat=True)[:AT_ONCE]
    return sum(check(pk) for pk in list(pks))


def _unasked() -> Q:
    return Q(checked_at=None) | Q(checked_at__lte=timezone.now() - EVERY)


def check(pk: int) -> bool:
    """Ask for one; False when another worker does. The call is in no transaction."""
    if not ChannelAccount.objects.filter(_unasked(), pk=pk).update(checked_at=timezone.now()):
        return False
    account = ChannelAccount.objects.select_related("brand").get(pk=pk)
    try:
        with connect(account) as connector:
            info = connector.check()
    except AuthorizationLost as error:
        record_cost(account_id=pk, cost=error.cost)
        accounts.authorization_lost(account, error)
    except ConnectorError as error:
        record_cost(account_id=pk, cost=error.cost)
        ChannelAccount.objects.filter(pk=pk).update(checked_at=timezone.now() - EVERY + SOONER)
        log.info("account_not_checked", account=pk, error=type(error).__name__)
    else:
        record_cost(account_id=pk, cost=info.cost)
        accounts.learn(account=account, info=info)
    return True
