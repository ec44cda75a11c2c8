"""The proof page as a team lead sees it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from connectors.types import Page, Unreadable
from inbox.models import ClosingReason, Gap, HourlyCount, Stream
from inbox.operations.ingest import ingest_page
from tests import builders

pytestmark = pytest.mark.browser
PICTURES = Path("var/screenshots")


@pytest.fixture
def brand(live):
    """Two accounts that are well, one that lost its connection; gaps of every kind."""
    brand, now = builders.brand(name="NoordTreinen"), timezone.now()
    ClosingReason.objects.create(
        brand=brand, code="no_question", name_nl="Geen vraag gesteld", name_en="No question asked"
    )
    well = builders.account(brand, handle="noordtreinen")
    page = builders.account(brand, kind="facebook", handle="", name="NoordTreinen")
    lost = builders.account(brand, handle="NT_reisinfo", state="lost", state_since=now - timedelta(hours=3))
    streams = [
        builders.stream(account, kind, query=query, interval=15, state="ok", complete_until=now - timedelta(seconds=ago))
        for account, kind, query, ago in [
            (well, "mentions", "", 6), (well, "search", "noordtreinen", 38), (well, "direct", "", 12),
            (page, "comments", "", 20), (page, "direct", "", 14), (lost, "mentions", "", 12_700),
        ]
    ]  # fmt: skip
    Stream.objects.update(created_at=now - timedelta(weeks=9))
    hour = now.replace(minute=0, second=0, microsecond=0)
    for number, stream in enumerate(streams):
        for back in range(12):
            for week in range(5):
                counted = (20 - back) * (3 - number % 3) * (2 if back == 0 and week == 0 else 1)
                HourlyCount.objects.create(
                    stream=stream, hour=hour - timedelta(hours=back, weeks=week), messages=counted
                )
    for stream, start, end, reason, closed, closable, recovered in [
        (streams[3], 11.6, 11.3, "outage", 11.2, True, 7), (streams[1], 40, 39.7, "limited", 39.5, True, 31),
        (streams[2], 120, 119, "window", None, False, 0), (streams[5], 3.5, None, "authorization_lost", None, True, 0),
    ]:  # fmt: skip
        Gap.objects.create(
            stream=stream, starts_at=now - timedelta(hours=start), reason=reason, closable=closable, recovered=recovered,
            ends_at=now - timedelta(hours=end) if end else None, closed_at=now - timedelta(hours=closed) if closed else None,
        )  # fmt: skip
    for number in range(14):
        builders.conversation(well, at=now, last_inbound_at=now, **[
            {}, {"status": "resolved", "outcome": "answered", "waiting_since": None, "last_reply_at": now},
            {"status": "resolved", "outcome": "no_question", "waiting_since": None},
        ][number % 3])  # fmt: skip
    odd = Unreadable({"id": "m_1", "attachments": [{"type": "reel_share"}]}, "Onbekende bijlagesoort reel_share", "m_1")
    ingest_page(stream=streams[4], page=Page(unreadable=(odd,), complete_until=now), now=now, lease=None)
    return brand


def test_a_lead_reads_the_proof_and_puts_away_what_cannot_be_read(window, enter, brand):
    lead = builders.agent(brand, "lead", language="nl")
    page = enter(window(), lead, f"/brands/{brand.slug}/ledger/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Niets gemist")
    expect(page.locator(".wide-head")).to_contain_text("op 1 stroom na")
    expect(page.locator(".streams tbody tr:not(.group)")).to_have_count(6)
    for width, theme in [(1440, "light"), (1440, "dark"), (390, "light")]:
        page.set_viewport_size({"width": width, "height": 1400})
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURES / f"ledger-{width}-{theme}.png", full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{width} px: the page itself does not scroll sideways"
    page.get_by_text("Bekijk", exact=True).click()
    expect(page.get_by_text('"reel_share"')).to_be_visible()
    page.get_by_role("button", name="Probeer opnieuw").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Opnieuw geprobeerd om")).to_be_visible()
    expect(page.locator("#set-aside")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Probeer opnieuw")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # puts it away
    expect(page.get_by_text("Er is niets apart gezet.")).to_be_visible()
