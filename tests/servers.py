"""A pytest plugin that gives every process of a run its own PostgreSQL and Valkey, gone when it ends."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from webcare.embedded import Servers
from webcare.messages import compile_catalogue

compile_catalogue()  # before Django reads its texts: it keeps what it found
FOLDER = Path(tempfile.mkdtemp(prefix="webcare-test-"))
SERVERS = Servers(FOLDER)
os.environ.update(
    TESTING="1", SECRET_KEY="tests-only", ENCRYPTION_KEYS=Fernet.generate_key().decode(), LOG_LEVEL="WARNING",
    DATABASE_URL=SERVERS.postgres.url, REDIS_URL=SERVERS.valkey.url, VAR_DIR=str(FOLDER / "var"),
    DJANGO_ALLOW_ASYNC_UNSAFE="true", METRICS_TOKEN="metrics-token",
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Start them where tests run: not when only listing, and not where others only hand them out."""
    hands_out = config.option.numprocesses and not hasattr(config, "workerinput")
    if not config.option.collectonly and not hands_out:
        SERVERS.start()


def pytest_unconfigure() -> None:
    """Stop them and remove their folder."""
    SERVERS.stop()
    shutil.rmtree(FOLDER, ignore_errors=True)
