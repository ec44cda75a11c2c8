"""Fixtures of several files here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.inbox import feed


@pytest.fixture
def memory() -> Iterator[None]:
    """The small platform in memory is there."""
    feed.install()
    yield
    feed.remove()
