"""A durable PostgreSQL and Valkey of a benchmark's own, with the tables in place."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.fernet import Fernet

from webcare.embedded import Servers


@contextmanager
def running(**environment: str) -> Iterator[Servers]:
    """Start both, migrate, and remove everything afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="webcare-bench-"))
    servers = Servers(folder, durable=True)
    os.environ.update(
        SECRET_KEY="bench-only", ENCRYPTION_KEYS=Fernet.generate_key().decode(), LOG_LEVEL="WARNING",
        DATABASE_URL=servers.postgres.url, REDIS_URL=servers.valkey.url, VAR_DIR=str(folder / "var"),
        DJANGO_SETTINGS_MODULE="webcare.settings", **environment,
    )  # fmt: skip
    try:
        servers.start()
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        yield servers
    finally:
        servers.stop()
        shutil.rmtree(folder, ignore_errors=True)
