"""Fixtures that every test may use."""

from __future__ import annotations

import pytest

from tests.browser import (
    beat,
    browser,
    console_errors,
    enter,
    live,
    page,
    web_server,
    window,
    worker,
)

LONG = ("faults", "browser")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long goes first: begun last, it keeps one process busy for minutes after the other has ended."""
    items.sort(key=lambda item: next((n for n, mark in enumerate(LONG) if item.get_closest_marker(mark)), len(LONG)))
