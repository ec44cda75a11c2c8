"""What Webcare consists of when it runs: one start command per program, for the supervisor and for containers alike."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from webcare.embedded import Postgres, Valkey

VAR = Path(os.environ.get("VAR_DIR") or Path(__file__).resolve().parent.parent / "var")


def _celery(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "celery", "--app", "webcare", "--quiet", *arguments]


def web() -> list[str]:
    """Pages and the event stream on one port. Streams end within the graceful time, whatever browsers do."""
    host, port = os.environ.get("HOST", "127.0.0.1"), os.environ.get("PORT", "8000")
    return [
        sys.executable, "-m", "uvicorn", "webcare.asgi:application", "--host", host, "--port", port,
        "--workers", os.environ.get("WEB_WORKERS", "1"), "--timeout-graceful-shutdown", "3",
        "--no-access-log", "--log-level", "warning", "--no-proxy-headers", "--no-server-header",
    ]  # fmt: skip


def worker() -> list[str]:
    """Every queue, in threads: the work is waiting for platforms. Start more of them for more work."""
    queues = os.environ.get("WORKER_QUEUES", "replies,default,polls")
    threads = os.environ.get("WORKER_THREADS", "4")
    return _celery(
        "worker", "--pool", "threads", "--concurrency", threads, "--queues", queues,
        "--loglevel", "INFO", "--without-gossip", "--without-mingle",
        "--hostname", f"{queues.replace(',', '-')}@%h",
    )  # fmt: skip


def beat() -> list[str]:
    """The clock. Exactly one of these."""
    schedule = Path(os.environ.get("BEAT_FOLDER") or VAR) / "beat-schedule"
    return _celery("beat", "--schedule", str(schedule), "--loglevel", "WARNING", "--pidfile", "")


def migrate() -> list[str]:
    """Tables and static files as this version wants them; ends when it is done."""
    return [sys.executable, "-m", "webcare.migration"]


def sandbox() -> list[str]:
    """The platforms' stand-in that the demo talks to; it remembers what happened on it."""
    port = os.environ.get("SANDBOX_PORT", "8001")
    return [sys.executable, "-m", "connectors.sandbox", "--port", port, "--state", str(VAR / "sandbox")]


def colleagues() -> list[str]:
    """The demo's people, who work beside whoever looks around; never in a hurry."""
    return ["nice", "-n", "15", sys.executable, "-m", "django", "demo_colleagues", "--settings", "webcare.settings"]


def postgres() -> list[str]:
    """The database that ships as a package."""
    return Postgres(VAR).command()


def valkey() -> list[str]:
    """The broker that ships as a package."""
    return Valkey(VAR).command()


PROGRAMS = {
    "web": web, "worker": worker, "beat": beat, "migrate": migrate, "sandbox": sandbox, "postgres": postgres,
    "valkey": valkey, "colleagues": colleagues,
}  # fmt: skip
NEED_TABLES = {"web", "worker", "beat", "colleagues"}
