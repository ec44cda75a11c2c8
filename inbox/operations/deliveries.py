"""Replies on their way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from inbox.models import ChannelAccount, Message


def settle_echoes(*, account: ChannelAccount, outbound: Iterable[Any]) -> set[str]:
    """The external ids among these that are replies of ours."""
    ids = [echo[0] for echo in outbound]
    ours = Message.objects.filter(account=account, external_id__in=ids, placeholder=False)
    return {external_id for external_id in ours.values_list("external_id", flat=True) if external_id}
