"""Warnings about accounts: in the bell and by e-mail, in time, in the admin's language, once."""

from __future__ import annotations

from datetime import datetime, timedelta
from smtplib import SMTPException

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from inbox.models import Agent, Brand, ChannelAccount, Notification
from inbox.operations import notifications
from inbox.wakeup import start

WARN_DAYS = (10, 3)
log = structlog.get_logger()


def admins_of(brand: Brand) -> list[Agent]:
    """Who arranges a brand: its admins, and every owner."""
    admins = Q(memberships__brand=brand, memberships__role="admin") | Q(is_owner=True)
    return list(Agent.objects.filter(admins, is_active=True).distinct())


def tell_lost(account: ChannelAccount) -> None:
    """At once: nothing is fetched any more."""
    _tell(account, "lost", f"lost:{account.pk}:{account.state_since.isoformat()}")


def watch_expiry() -> int:
    """Ten and three days before a grant ends, say so; how many accounts were told about."""
    soon = timezone.now() + timedelta(days=WARN_DAYS[0])
    ending = ChannelAccount.objects.filter(state=ChannelAccount.State.CONNECTED, token_expires_at__lte=soon)
    return sum(_warn(pk) for pk in ending.values_list("pk", flat=True))


@transaction.atomic
def _warn(pk: int) -> bool:
    account = ChannelAccount.objects.select_for_update().get(pk=pk)
    days = _step(account.token_expires_at)
    if days is None or account.token_expires_at is None:
        return False
    if account.warned_days is not None and account.warned_days <= days:
        return False
    ChannelAccount.objects.filter(pk=pk).update(warned_days=days)
    _tell(account, f"expires:{days}", f"expires:{pk}:{account.token_expires_at.isoformat()}:{days}")
    return True


def _step(ends: datetime | None) -> int | None:
    """The last of the warning days that has begun."""
    if ends is None:
        return None
    left = ends - timezone.now()
    return next((days for days in sorted(WARN_DAYS) if left <= timedelta(days=days)), None)


def _tell(account: ChannelAccount, detail: str, key: str) -> None:
    agents = [agent.pk for agent in admins_of(account.brand)]
    notifications.tell(agents, kind=Notification.Kind.ACCOUNT, key=key, account=account, detail=detail)
    start("accounts.mail_warnings")


def mail_warnings() -> int:
    """Send what was not mailed yet; each is claimed first, so that it is mailed once."""
    waiting = Notification.objects.filter(kind=Notification.Kind.ACCOUNT, mailed_at=None, account__isnull=False)
    fresh = waiting.filter(created_at__gte=timezone.now() - timedelta(days=3))
    return sum(_mail(pk) for pk in fresh.order_by("pk").values_list("pk", flat=True)[:500])


def _mail(pk: int) -> bool:
    if not Notification.objects.filter(pk=pk, mailed_at=None).update(mailed_at=timezone.now()):
        return False
    notification = Notification.objects.select_related("agent", "account__brand").get(pk=pk)
    try:
        with translation.override(notification.agent.language):
            subject, text = letter(notification)
            send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, [notification.agent.email])
    except (SMTPException, OSError) as error:
        Notification.objects.filter(pk=pk).update(mailed_at=None)
        log.warning("mail_not_sent", error=type(error).__name__, notification=pk)
        return False
    return True


def letter(notification: Notification) -> tuple[str, str]:
    """Subject and text, in the active language."""
    account = notification.account
    assert account is not None
    address = settings.PUBLIC_URL + reverse("accounts", args=[account.brand.slug])
    lost = notification.detail == "lost"
    subject = _("%(account)s is disconnected") if lost else _("Access to %(account)s ends soon")
    facts = {"notification": notification, "account": account, "lost": lost, "address": address}
    return " ".join((subject % {"account": account}).split()), render_to_string("email/account.txt", facts)
