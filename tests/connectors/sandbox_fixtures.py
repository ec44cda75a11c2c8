"""A sandbox for the tests: one process a module, reset for each test, standing still unless a test turns the clock."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.sandbox.client import SandboxClient
from connectors.sandbox.process import SandboxProcess

NOON = "2026-11-24T12:00:00+00:00"


@pytest.fixture(scope="module")
def sandbox_process() -> Iterator[SandboxProcess]:
    with SandboxProcess(clock=NOON) as running:
        yield running


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess) -> SandboxClient:
    client = sandbox_process.client
    client.set_clock(NOON)
    client.freeze()
    client.reset(seed_number=1)
    client.settings(limits=0)
    return client
