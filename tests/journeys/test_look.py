"""axe on every page of the screen, in both themes."""

from __future__ import annotations

import pytest

from tests.browser import accessibility_problems
from tests.journeys.scene import busy_morning

pytestmark = pytest.mark.browser


def pages(scene):
    slug, first = scene["brand"].slug, scene["conversations"][0].pk
    return {
        "list": f"/inbox/{slug}/all/", "conversation": f"/inbox/{slug}/all/{first}/", "empty": f"/inbox/{slug}/resolved/",
        "search": f"/inbox/{slug}/search/?q=lift", "hostile": f"/inbox/{slug}/all/{scene['conversations'][-1].pk}/",
        "preferences": "/preferences/", "notifications": "/notifications/", "colleagues": f"/inbox/{slug}/colleagues/",
        "factor": "/account/2fa/",
    }  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_of_the_screen_is_accessible(window, enter, console_errors, theme):
    scene = busy_morning(theme=theme)
    problems = {}
    page = window(viewport={"width": 1440, "height": 900})
    for name, path in pages(scene).items():
        enter(page, scene["daan"], path)
        page.wait_for_timeout(200)
        problems[name] = accessibility_problems(page)
    console_errors[:] = [e for e in console_errors if "kapot.jpg" not in e and "ERR_" not in e]
    assert {name: found for name, found in problems.items() if found} == {}
