"""A stage for what comes in: the servers, the sandbox, and real workers that poll it, each of which can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.faults.replies_stage import ROOT, Stage
from webcare import programs

X, FACEBOOK = "x", "facebook"
STREAMS = {X: ("mentions", "direct"), FACEBOOK: ("comments", "visitor_posts", "direct")}


class IngestStage(Stage):
    """Polls everything of the seeded accounts, often."""

    def start_poller(self, *, beat: bool = False) -> subprocess.Popen[bytes]:
        """A Celery worker for polls; the one with the beat starts the rounds."""
        os.environ["WORKER_QUEUES"] = "polls,default,replies"
        command = programs.worker()
        if beat:
            command += ["-B", "-s", str(self.folder / "beat")]
        log = (self.folder / "celery.log").open("ab")
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        self.celery.append(process)
        return process

    def start_again_who_ended(self) -> int:
        """As whoever runs it does (supervisor, Docker): Celery itself may give up when the broker is killed under it."""
        ended = [number for number, process in enumerate(self.celery) if process.poll() is not None]
        for number in ended:
            self.start_poller(beat=number == 0)
            self.celery[number] = self.celery.pop()
        return len(ended)

    def connect_all(self, *, since: Any) -> list[Any]:
        """The first X account and the first Page, with all their streams, due now."""
        from django.utils import timezone

        from inbox.models import ChannelAccount
        from tests import builders

        made, brand = [], builders.brand()
        for kind, streams in STREAMS.items():
            told = self.sandbox.client.accounts(kind)[0]
            account = ChannelAccount.objects.create(
                brand=brand, kind=kind, external_id=told["external_id"], name=told["name"], handle=told["handle"],
                base_url=self.sandbox.url, credentials=told["credentials"],
            )  # fmt: skip
            for name in streams:
                builders.stream(account, name, since=since, interval=1.0, next_poll_at=timezone.now())
            made.append(account)
        return made

    def restart_postgres(self, *, crash: bool) -> None:
        """Stop it as an operator or a power cut would, and start it again."""
        from django.db import connections

        connections.close_all()
        process = self.servers.processes.pop("postgres")
        process.send_signal(signal.SIGQUIT if crash else signal.SIGINT)
        process.wait(60)
        self.servers.start_one("postgres")
        self.servers.postgres.wait()

    def kill_valkey(self) -> None:
        """-9, and what it held is gone."""
        process = self.servers.processes.pop("valkey")
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
        for left in (self.folder / "valkey").glob("**/*.aof*"):
            left.unlink(missing_ok=True)
        self.servers.start_one("valkey")
        self.servers.valkey.wait()

    @property
    def celery_log(self) -> str:
        log = Path(self.folder / "celery.log")
        return log.read_text(errors="replace") if log.exists() else ""
