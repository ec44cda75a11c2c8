"""Saved views: a list of the screen under a name, for oneself or for the whole brand."""

from __future__ import annotations

from django.db import transaction

from inbox import access, events
from inbox.models import Agent, Brand, View
from inbox.operations.changes import Refused


@transaction.atomic
def save_view(*, brand: Brand, agent: Agent, name: str, query: str, shared: bool = False) -> View:
    """Keep a list's query string; only a team lead shares one."""
    if shared and not access.may(agent, brand, access.Role.LEAD):
        raise Refused("leads_only")
    name = name.strip()
    if not name:
        raise Refused("empty")
    _lock(brand.pk)
    same = View.objects.filter(brand=brand, owner=None if shared else agent, name=name[:80]).order_by("pk")
    view = same.first() or View(brand=brand, owner=None if shared else agent, name=name[:80])
    view.query = query.lstrip("?")[:500]
    view.save()
    same.exclude(pk=view.pk).delete()  # views of one name were let in before: what is kept now takes the place of all
    events.publish("list", brand_id=brand.pk)
    return view


@transaction.atomic
def change_view(*, view: View, agent: Agent, name: str, shared: bool) -> None:
    """Another name, or shared or not any more; whoever stops sharing keeps it for themselves."""
    _may_change(view, agent)
    _lock(view.brand_id)
    if not name.strip():
        raise Refused("empty")
    if shared != (view.owner_id is None) and not access.may(agent, view.brand, access.Role.LEAD):
        raise Refused("leads_only")
    view.name, view.owner = name.strip()[:80], None if shared else agent
    same = View.objects.filter(brand_id=view.brand_id, owner=view.owner, name=view.name).exclude(pk=view.pk)
    if same.exists():  # a list that is kept under a name replaces what has it: there is one
        raise Refused("name_taken")
    view.save(update_fields=["name", "owner"])
    events.publish("list", brand_id=view.brand_id)


@transaction.atomic
def delete_view(*, view: View, agent: Agent) -> None:
    """Remove one's own view, or as a lead a shared one."""
    _may_change(view, agent)
    view.delete()
    events.publish("list", brand_id=view.brand_id)


def _lock(brand_id: int) -> None:
    """One at a time: a form sent twice is one view."""
    Brand.objects.select_for_update(no_key=True).get(pk=brand_id)


def _may_change(view: View, agent: Agent) -> None:
    own = view.owner_id == agent.pk
    if not own and (view.owner_id is not None or not access.may(agent, view.brand, access.Role.LEAD)):
        raise Refused("not_yours")
