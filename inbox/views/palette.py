"""Jump to anything: queues, pages, views, labels, colleagues, people."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from inbox import access
from inbox.access import AgentRequest
from inbox.models import Brand, Identity
from inbox.queries.frame import Frame, frame_of

Place = tuple[str, str, str, str]  # icon, name, what, address


@login_required
@require_safe
def palette(request: AgentRequest, brand: str) -> HttpResponse:
    """What matches the words."""
    found = access.brand_for(request.user, brand)
    typed = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    frame = frame_of(request, found)
    context = {"brand": found, "places": _places(frame, found, typed), "people": _people(found, typed), "typed": typed}
    return render(request, "inbox/palette.html", context)


def _places(frame: Frame, brand: Brand, typed: str) -> list[Place]:
    def to(queue: str, **query: str | int) -> str:
        return reverse("list", args=[brand.slug, queue]) + (f"?{urlencode(query)}" if query else "")

    every: list[Place] = [(q.icon, str(q.label), "", to(q.name)) for q in frame.queues]
    every += [("bookmark", v.name, "", reverse("view", args=[v.pk])) for v in frame.views]
    if typed:
        labels = brand.labels.filter(archived_at=None, name__icontains=typed).order_by("name")[:5]
        every += [("tag", label.name, "", to("all", label=label.pk)) for label in labels]
        people = access.agents_of(brand).filter(name__icontains=typed)[:5]
        every += [("user", agent.name, "", to("all", assignee=agent.pk)) for agent in people]
        every += [("plug", str(a), "", to("all", account=a.pk)) for a in frame.accounts]
    return [place for place in every if typed.casefold() in place[1].casefold()][:12]


def _people(brand: Brand, typed: str) -> list[Identity]:
    name = typed.lstrip("@")
    if len(name) < 2:
        return []
    found = Identity.objects.filter(brand=brand)
    column = "handle__istartswith" if typed.startswith("@") else "name__icontains"
    return list(found.filter(**{column: name}).only("pk", "contact_id", "platform", "handle", "name")[:6])
