"""A durable PostgreSQL and Valkey of a benchmark's own, with the tables in place."""

from __future__ import annotations

import os
import shutil
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from webcare.embedded import Servers

KEY = urlsafe_b64encode(bytes(32)).decode()  # always the same: what is kept is read by the next run


@contextmanager
def running(*, keep: Path | None = None, **environment: str) -> Iterator[Servers]:
    """Start both, migrate, and remove everything afterwards; what stands in `keep` stays there for the next run."""
    folder = keep or Path(tempfile.mkdtemp(prefix="webcare-bench-"))
    servers = Servers(folder.resolve(), durable=True)
    os.environ.update(
        SECRET_KEY="bench-only", ENCRYPTION_KEYS=KEY, LOG_LEVEL="WARNING",
        DATABASE_URL=servers.postgres.url, REDIS_URL=servers.valkey.url, VAR_DIR=str(folder / "var"),
        DJANGO_SETTINGS_MODULE="webcare.settings", **environment,
    )  # fmt: skip
    try:
        servers.start()
        import django
        from django.core.management import call_command

        django.setup()
        if unknown := _unknown_migrations():
            raise SystemExit(f"{folder} was made with {', '.join(sorted(unknown))}: remove it, and it is made again.")
        call_command("migrate", verbosity=0)
        yield servers
    finally:
        servers.stop()
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def _unknown_migrations() -> set[str]:
    """What was applied to a kept database and is not in the code."""
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(connection)
    return {f"{app}.{name}" for app, name in set(loader.applied_migrations) - set(loader.disk_migrations)}
