"""Fixtures that every test may use."""

from __future__ import annotations

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
