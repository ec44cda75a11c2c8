"""A stage for replies: own PostgreSQL, Valkey, sandbox and real Celery workers, each of which can be killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cryptography.fernet import Fernet

from connectors.sandbox.process import SandboxProcess
from webcare import programs
from webcare.embedded import Servers

ROOT = Path(__file__).resolve().parents[2]


class Stage:
    """Everything a reply passes through, as processes of their own."""

    def __init__(self, *, undo_seconds: float = 0.0, workers: int = 2) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="webcare-replies-"))
        self.servers = Servers(
            self.folder, durable=True
        )  # as the product runs: what was committed is there after a crash
        self.sandbox = SandboxProcess()
        self.workers = workers
        self.celery: list[subprocess.Popen[bytes]] = []
        os.environ.update(
            TESTING="1", SECRET_KEY="faults-only", ENCRYPTION_KEYS=Fernet.generate_key().decode(), LOG_LEVEL="ERROR",
            DATABASE_URL=self.servers.postgres.url, REDIS_URL=self.servers.valkey.url, METRICS_TOKEN="x",
            VAR_DIR=str(self.folder / "var"), WORKER_QUEUES="replies,default", UNDO_SECONDS=str(undo_seconds), DJANGO_SETTINGS_MODULE="webcare.settings",
        )  # fmt: skip

    def __enter__(self) -> Self:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # leave nothing behind when we are stopped
        self.servers.start()
        self.sandbox.start()
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in list(self.celery):  # killing takes it off the list
            self.kill(process)
        self.sandbox.stop()
        self.servers.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start_worker(self, *, beat: bool = False) -> subprocess.Popen[bytes]:
        """A Celery worker for replies; the one with the beat wakes the others."""
        command = programs.worker()
        if beat:
            command += ["-B", "-s", str(self.folder / "beat")]
        log = (self.folder / "celery.log").open("ab")
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        self.celery.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9, the children too."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        if process in self.celery:
            self.celery.remove(process)

    def account(self, handle: str = "noordtreinen") -> Any:
        """A connected account that talks to the sandbox."""
        from inbox.models import ChannelAccount
        from tests import builders

        told = self.sandbox.client.account(handle)
        known = ChannelAccount.objects.filter(external_id=told["external_id"]).first()
        return known or builders.account(
            kind="x", external_id=told["external_id"], name=told["name"], handle=handle, base_url=self.sandbox.url,
            credentials=told["credentials"],
        )  # fmt: skip

    def conversations(self, account: Any, count: int) -> list[Any]:
        """People who asked something there, in our tables as the poll would have put them."""
        from tests import builders

        posts = self.sandbox.client.publish_many([
            {"verb": "x/post", "author": {"handle": f"p{account.pk}x{n}", "name": f"P {n}"},
             "text": f"@{account.handle} vraag {n}?"} for n in range(count)
        ])  # fmt: skip
        made = []
        for post in posts:
            from inbox.models import Thread

            thread = Thread.objects.create(account=account, external_id=post["id"], visibility="public")
            who = builders.identity(account, external_id=post["author_id"])
            talk = builders.conversation(account, thread=thread, identity=who)
            talk.messages.update(external_id=post["id"])
            made.append(talk)
        return made


def until(condition: Any, *, seconds: float, every: float = 0.2) -> bool:
    """Wait for it."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(every)
    return bool(condition())
