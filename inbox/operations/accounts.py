"""Channel accounts: connecting, losing, reconnecting, pausing and removing them. Nothing here forgets a message."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from connectors.exceptions import ConnectorError
from connectors.registry import connector_class
from connectors.types import AccountInfo, Credentials, StreamSpec
from inbox import events
from inbox.models import Agent, Brand, ChannelAccount, Gap, Stream
from inbox.operations import account_warnings, audit
from inbox.operations.changes import Refused
from inbox.operations.ledger import open_gap
from inbox.wakeup import start

State = ChannelAccount.State
FIRST_LOOK = timedelta(days=1)  # a new account starts with what people said since yesterday
RIGHTS = ("missing_scopes",)
SETTINGS = (
    "at_most_minutes_old", "daily_calls", "daily_money", "public_target_minutes", "private_target_minutes",
)  # fmt: skip


@transaction.atomic
def connect(*, brand: Brand, agent: Agent, kind: str, credentials: Credentials, info: AccountInfo) -> ChannelAccount:
    """Save an account that was checked. Refused: "connected" (with the first), "elsewhere" (without telling where)."""
    known = _known(kind, info)
    if known is None:
        try:
            with transaction.atomic():
                return _first(brand=brand, agent=agent, kind=kind, credentials=credentials, info=info)
        except IntegrityError:  # somebody else was first, this very moment
            known = _known(kind, info)
    if known is None or known.brand_id != brand.pk:
        raise Refused("elsewhere", name=info.name)
    if known.state not in {State.REMOVED, State.LOST}:
        raise Refused("connected", name=str(known), account=known.pk)
    return reconnect(account=known, agent=agent, credentials=credentials, info=info)


def _known(kind: str, info: AccountInfo) -> ChannelAccount | None:
    return ChannelAccount.objects.select_for_update().filter(kind=kind, external_id=info.external_id).first()


def _first(*, brand: Brand, agent: Agent, kind: str, credentials: Credentials, info: AccountInfo) -> ChannelAccount:
    account = ChannelAccount.objects.create(
        brand=brand, kind=kind, external_id=info.external_id, connected_by=agent, **_learned(credentials, info)
    )
    for spec in connector_class(kind).capabilities.streams:
        if not spec.needs_query:
            _add_stream(account, spec)
    _tell(account, "account_connected", agent)
    return account


@transaction.atomic
def reconnect(*, account: ChannelAccount, agent: Agent, credentials: Credentials, info: AccountInfo) -> ChannelAccount:
    """New credentials for the same account: history, cursors, conversations and settings stay as they are."""
    if info.external_id != account.external_id:
        raise Refused("another_account", name=info.name, wanted=str(account))
    account = ChannelAccount.objects.select_for_update().get(pk=account.pk)
    fields = _learned(credentials, info) | _well()
    for name, value in fields.items():
        setattr(account, name, value)
    account.save(update_fields=list(fields))
    _permit_streams(account)
    _poll_soon(account)
    _tell(account, "account_reconnected", agent)
    return account


@transaction.atomic
def learn(*, account: ChannelAccount, info: AccountInfo) -> None:
    """What the platform says of an account that stayed connected: its name, our rights, and when they end."""
    account = ChannelAccount.objects.select_for_update().get(pk=account.pk)
    if account.state != State.CONNECTED:
        return
    fields = _told(info)
    if not info.scopes:  # the platform does not say
        fields |= {name: getattr(account, name) for name in ("scopes", *RIGHTS)}
    changed = audit.changes({name: getattr(account, name) for name in RIGHTS}, {name: fields[name] for name in RIGHTS})
    if _later(info.token_expires_at, account.token_expires_at):
        fields["warned_days"] = None
    for name, value in fields.items():
        setattr(account, name, value)
    account.save(update_fields=list(fields))
    if changed:
        _permit_streams(account)
        _tell(account, "account_rights_changed", None, changed=changed)


def _later(ends: datetime | None, before: datetime | None) -> bool:
    return before is not None and (ends is None or ends > before + timedelta(days=1))


@transaction.atomic
def authorization_lost(account: ChannelAccount, error: ConnectorError) -> bool:
    """The platform refuses our credential: stop, open the gap, tell the admins. True for the first who finds out."""
    lost = ChannelAccount.objects.filter(pk=account.pk, state=State.CONNECTED).update(
        state=State.LOST, state_reason="authorization_lost", state_detail=f"{error.detail} {error.code}".strip(),
        state_since=timezone.now(),
    )  # fmt: skip
    if not lost:
        return False
    account.refresh_from_db()
    _open_gaps(account, reason="authorization_lost", detail=error.detail)
    _tell(account, "account_lost", None, detail=account.state_detail)
    account_warnings.tell_lost(account)
    return True


@transaction.atomic
def pause(*, account: ChannelAccount, agent: Agent) -> bool:
    """Nothing is fetched until somebody resumes; the stretch is a gap until it is caught up."""
    paused = _move(account, {State.CONNECTED}, State.PAUSED, reason="paused")
    if paused:
        _open_gaps(account, reason="paused")
        _tell(account, "account_paused", agent)
    return paused


@transaction.atomic
def resume(*, account: ChannelAccount, agent: Agent) -> bool:
    """Go on from the cursor where we stopped."""
    resumed = _move(account, {State.PAUSED}, State.CONNECTED)
    if resumed:
        _poll_soon(account)
        _tell(account, "account_resumed", agent)
    return resumed


@transaction.atomic
def remove(*, account: ChannelAccount, agent: Agent) -> bool:
    """Disconnect; conversations stay. `oauth_connect.revoke` gives the grant back and forgets it afterwards."""
    removed = _move(account, {State.CONNECTED, State.LOST, State.PAUSED}, State.REMOVED, reason="removed")
    if removed:
        Gap.objects.filter(stream__account=account, ends_at=None).update(ends_at=timezone.now(), closable=False)
        _tell(account, "account_removed", agent)
    return removed


@transaction.atomic
def forget_credentials(*, account: ChannelAccount) -> None:
    """The grant was given back: nothing of it is kept."""
    ChannelAccount.objects.filter(pk=account.pk, state=State.REMOVED).update(credentials={}, token_expires_at=None)


@transaction.atomic
def change_settings(*, account: ChannelAccount, agent: Agent, **fields: Any) -> None:
    """What the brand asks of an account: how fresh, how much a day, and by when an answer."""
    before = ChannelAccount.objects.select_for_update().values(*SETTINGS).get(pk=account.pk)
    changed = audit.changes(before, fields)
    if not changed:
        return
    ChannelAccount.objects.filter(pk=account.pk).update(**fields)
    _tell(account, "account_settings_changed", agent, changed=changed)


def _open_gaps(account: ChannelAccount, *, reason: str, detail: str = "") -> None:
    """From now on the account's streams can prove nothing, from where each was last complete."""
    for stream in account.streams.filter(enabled=True):
        open_gap(stream, reason=reason, now=timezone.now(), detail=detail, at_once=True)


def _learned(credentials: Credentials, info: AccountInfo) -> dict[str, Any]:
    return {
        **_told(info), "credentials": dict(credentials.data), "base_url": credentials.base_url,
        "checked_at": timezone.now(),
    }  # fmt: skip


def _told(info: AccountInfo) -> dict[str, Any]:
    return {
        "name": info.name[:200], "handle": info.handle[:100], "avatar_url": info.avatar_url[:1000],
        "profile_url": info.profile_url[:1000], "scopes": list(info.scopes), "missing_scopes": list(info.missing),
        "token_expires_at": info.token_expires_at,
    }  # fmt: skip


def _well() -> dict[str, Any]:
    return {
        "state": State.CONNECTED, "state_reason": "", "state_detail": "", "state_since": timezone.now(), "failures": 0,
        "retry_at": None, "trouble_since": None, "trouble_code": "", "trouble_detail": "", "warned_days": None,
    }  # fmt: skip


def _add_stream(account: ChannelAccount, spec: StreamSpec) -> Stream:
    permitted = permits(account, spec)
    return Stream.objects.create(
        account=account, kind=spec.kind, proactive=spec.proactive, interval=spec.default_interval,
        next_poll_at=timezone.now(), since=timezone.now() - FIRST_LOOK, enabled=permitted,
        state=Stream.State.OK if permitted else Stream.State.STOPPED,
        reason="" if permitted else "permission_missing",
    )  # fmt: skip


def permits(account: ChannelAccount, spec: StreamSpec) -> bool:
    """Whether the account was granted what a stream needs."""
    return not set(spec.scopes) & set(account.missing_scopes)


def _permit_streams(account: ChannelAccount) -> None:
    """Streams that stood still for want of a permission go on where it is there now."""
    for stream in account.streams.filter(reason="permission_missing"):
        spec = account.capabilities.stream(stream.kind)
        if spec is not None and permits(account, spec):
            Stream.objects.filter(pk=stream.pk).update(enabled=True, state=Stream.State.OK, reason="", detail="")


def _poll_soon(account: ChannelAccount) -> None:
    """A stream with a gap has to catch up: only proof closes it."""
    streams = account.streams.filter(enabled=True)
    streams.update(next_poll_at=timezone.now(), failures=0)
    streams.filter(gaps__ends_at=None, gaps__isnull=False).update(state=Stream.State.BEHIND)
    start("polling.poll_due")


def _move(account: ChannelAccount, sources: set[State], target: State, *, reason: str = "") -> bool:
    moved = ChannelAccount.objects.filter(pk=account.pk, state__in=sources).update(
        state=target, state_reason=reason, state_detail="", state_since=timezone.now()
    )
    account.refresh_from_db()
    return moved == 1


def _tell(account: ChannelAccount, verb: str, agent: Agent | None, **data: Any) -> None:
    facts = {"account": account.pk, "kind": account.kind, **data}
    audit.record(verb, actor=agent, brand=account.brand, target=str(account), data=facts)
    events.publish("account", brand_id=account.brand_id, id=account.pk)
