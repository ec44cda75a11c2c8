"""Pictures of the screen for people to look at, in var/shots: `pytest tests/journeys/pictures.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.scene import busy_morning
from tests.journeys.test_look import pages

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).resolve().parent.parent.parent / "var" / "shots"
WIDTHS = {"wide": (1440, 900), "middle": (1024, 800), "narrow": (390, 844)}


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures_for_people(window, enter, console_errors, theme, language):
    scene = busy_morning(theme=theme, language=language)
    SHOTS.mkdir(parents=True, exist_ok=True)
    for width, (across, down) in WIDTHS.items():
        page = window(viewport={"width": across, "height": down})
        for name, path in pages(scene).items():
            enter(page, scene["daan"], path)
            page.wait_for_timeout(400)
            page.screenshot(path=SHOTS / f"{name}-{width}-{theme}-{language}.png")
    console_errors.clear()
