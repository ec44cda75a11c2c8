"""Channel accounts: connected, lost, found again."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from connectors.exceptions import ConnectorError
from inbox import events
from inbox.models import ChannelAccount, Membership, Notification
from inbox.operations import notifications


@transaction.atomic
def authorization_lost(account: ChannelAccount, error: ConnectorError) -> bool:
    """Stop the account and ask its admins to reconnect; True for the first to notice."""
    connected = ChannelAccount.objects.filter(pk=account.pk, state=ChannelAccount.State.CONNECTED)
    now = timezone.now()
    lost = connected.update(
        state=ChannelAccount.State.LOST, state_reason="authorization_lost", state_detail=error.detail, state_since=now
    )
    if not lost:
        return False
    admins = Membership.objects.filter(brand_id=account.brand_id, role=Membership.Role.ADMIN)
    notifications.tell(admins.values_list("agent_id", flat=True), kind=Notification.Kind.ACCOUNT, account=account,
                       key=f"lost:{account.pk}:{now.isoformat()}")  # fmt: skip
    events.publish("account", brand_id=account.brand_id, id=account.pk)
    return True
