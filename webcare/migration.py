"""`python -m webcare migrate`: tables, texts, static files and, beside a sandbox, the demo. Every start runs it."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

from webcare.messages import compile_catalogue

WAIT = 120  # seconds for the database: a long crash recovery is waited for


def main() -> None:
    """Bring the database, the texts and the static files to this version."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webcare.settings")
    compile_catalogue()
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    wait_for_database()
    call_command("migrate", interactive=False, verbosity=0)
    collect_static()
    if settings.SANDBOX_URL:
        call_command("load_demo")


def wait_for_database() -> None:
    """Return when it answers."""
    from django.db import OperationalError, connection

    deadline = time.monotonic() + WAIT
    while True:
        try:
            connection.ensure_connection()
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def collect_static() -> None:
    """Copy, name by content and compress; not when nothing changed, because it takes seconds."""
    from django.conf import settings
    from django.core.management import call_command

    folder = Path(settings.STATIC_ROOT)
    stamp, sources = folder / ".sources", fingerprint()
    if stamp.exists() and stamp.read_text() == sources:
        return
    folder.mkdir(parents=True, exist_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(sources)


def fingerprint() -> str:
    """Changes when a static file does."""
    from django.contrib.staticfiles.finders import get_finders

    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            digest.update(f"{name} {storage.size(name)} {storage.get_modified_time(name).timestamp()}\n".encode())
    return digest.hexdigest()


if __name__ == "__main__":
    main()
