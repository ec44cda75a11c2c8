"""Everything that people write while workers, broker, database and platform break: held against the sandbox's ledger.

Intervals pass faster than in life: a stream is due every second or two, whatever its platform's shortest interval.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.faults import RECOVERED
from tests.faults.ingest_stage import IngestStage

DST = datetime(2026, 10, 25, 0, 59, 58, tzinfo=UTC)  # two seconds before clocks in Amsterdam go back
BREAKS = ("unavailable", "html", "truncate", "empty", "shuffle", "cut_before", "cut_after", "hang", "rate_limited", "list",
          "no_content_type", "poison")  # fmt: skip


class Story:
    """People who write all the time, and what befalls us meanwhile."""

    def __init__(self, stage: IngestStage, *, seed: int) -> None:
        self.stage, self.dice, self.number = stage, random.Random(seed), 0
        self.client = stage.sandbox.client
        self.done: Counter[str] = Counter()
        self.evidence: list[dict[str, Any]] = []  # what the ledger said when a proof turned out false
        self.broken_proofs: set[tuple[str, str, str]] = set()
        page = self.client.accounts("facebook")[0]["external_id"]
        self.page, self.handle = page, self.client.accounts("x")[0]["handle"]
        self.post = self.client.fb_post(page, "Storing bij Zwolle")["id"]
        self.comments = [self.post]
        self.posts: list[str] = []

    def write(self, count: int, **more: Any) -> None:
        """So many messages of all kinds; replies to replies among them."""
        for _ in range(count):
            self.number += 1
            self._one(f"bericht {self.number} van het verhaal", f"p{self.dice.randrange(40)}", more)

    def _one(self, text: str, who: str, more: dict[str, Any]) -> None:
        person = {"handle": who, "name": who.title()}
        kinds = ["mention", "mention", "reply", "comment", "comment", "message", "visitor", "direct"]
        kind = self.dice.choice(kinds[:-1] if "at" in more else kinds)  # a month back is too far for direct messages
        if kind == "direct":
            self.client.x_direct(person, self.handle, text, **more)
        elif kind == "comment":
            on = self.dice.choice(self.comments[-8:])
            made = self.client.fb_comment(on, {"name": who.title(), "id": f"99{who[1:]:0>8}"}, text, **more)
            self.comments += [made["id"]] if on == self.post else []
        elif kind == "message":
            self.client.fb_message(self.page, {"name": who.title(), "id": f"99{who[1:]:0>8}"}, text, **more)
        elif kind == "visitor":
            self.client.fb_post(self.page, text, author={"name": who.title(), "id": f"99{who[1:]:0>8}"}, **more)
        else:
            to = {"reply_to": self.dice.choice(self.posts[-10:])} if kind == "reply" and self.posts else {}
            made = self.client.x_post(person, f"@{self.handle} {text}", **to, **more)
            self.posts.append(made["id"])

    def happen(self) -> None:
        """One misfortune, drawn by lot."""
        name = self.dice.choice(["kill", "kill", "valkey", "postgres", "crash", "revoke", "twice", *["platform"] * 5])
        self.done[name] += 1
        getattr(self, f"_{name}")()

    def _kill(self) -> None:
        beat = self.dice.random() < 0.4
        process = self.stage.celery[0 if beat else -1]
        had_beat = process is self.stage.celery[0]
        self.stage.kill(process)
        fresh = self.stage.start_poller(beat=had_beat)
        if had_beat:
            self.stage.celery.remove(fresh)
            self.stage.celery.insert(0, fresh)

    def _valkey(self) -> None:
        self.stage.kill_valkey()

    def _postgres(self) -> None:
        self.stage.restart_postgres(crash=False)

    def _crash(self) -> None:
        self.stage.restart_postgres(crash=True)

    def _platform(self) -> None:
        kind = self.dice.choice(BREAKS)
        self.done[f"platform {kind}"] += 1
        self.client.fault(kind, method="GET", rate=self.dice.choice([0.3, 0.7, 1.0]), seed=self.dice.randrange(9999),
                          seconds=12.0, reset_in=4, times=self.dice.choice([0, 4, 9]))  # fmt: skip
        self.write(5)
        time.sleep(self.dice.uniform(0.5, 2.5))
        self.client.clear_faults()

    def _revoke(self) -> None:
        account = self.dice.choice([self.page, self.client.accounts("x")[0]["external_id"]])
        self.client.revoke(account)
        ends = time.monotonic() + 6
        while time.monotonic() < ends and not self._is_lost(account):
            self.write(1)
            _surviving(self.tick)
            time.sleep(0.5)
        self.client.restore(account)

    def _is_lost(self, account: str) -> bool:
        from inbox.models import ChannelAccount

        return ChannelAccount.objects.filter(external_id=account, state="lost").exists()

    def _twice(self) -> None:
        from celery import current_app

        from inbox.models import Stream

        for pk, lease in Stream.objects.exclude(lease=None).values_list("pk", "lease"):
            for _ in range(2):
                current_app.send_task("inbox.tasks.polling.poll_streams", args=[[pk], str(lease)])

    def tick(self) -> None:
        """Time passes: streams are due again, somebody reconnects what was lost, and programs that ended run again."""
        from django.utils import timezone

        from inbox.models import ChannelAccount, Stream

        self.done["ended by itself"] += self.stage.start_again_who_ended()
        soon = timezone.now() + timedelta(seconds=1)
        Stream.objects.filter(next_poll_at__gt=soon).update(next_poll_at=soon)
        ChannelAccount.objects.filter(state="lost", state_since__lt=timezone.now() - timedelta(seconds=2)).update(
            state="connected"
        )

    def check_proof(self) -> None:
        """What we say is complete is complete, at any moment."""
        from inbox.models import Message, SetAside, Stream

        proofs = {(s.account.external_id, s.kind): s.complete_until for s in Stream.objects.select_related("account")}
        claimed = [e for e in self.expected() if _proved(e, proofs)]
        have = set(Message.objects.values_list("external_id", flat=True)) | set(
            SetAside.objects.values_list("external_id", flat=True)
        )
        broken = {(e["what"], e["id"], e["at"]) for e in claimed if e["id"] not in have}
        if broken - self.broken_proofs:
            self.evidence.append(
                {"broken": sorted(broken), "proofs": {str(k): str(v) for k, v in proofs.items()}, **_polls()}
            )
        self.broken_proofs |= broken

    def expected(self) -> list[dict[str, Any]]:
        """What others published for us, in order."""
        mine = {a["external_id"] for a in (self.client.accounts("x")[0], self.client.accounts("facebook")[0])}
        entries = self.client.ledger("published")
        return [e for e in entries if e["account_id"] in mine and e["author_id"] not in mine]


STREAM_OF = {"mention": "mentions", "reply": "mentions", "direct": "direct", "comment": "comments", "message": "direct",
             "visitor_post": "visitor_posts"}  # fmt: skip


def _proved(entry: dict[str, Any], proofs: dict[tuple[str, str], datetime | None]) -> bool:
    until = proofs.get((entry["account_id"], STREAM_OF.get(entry["what"], "")))
    at = datetime.fromisoformat(entry["at"].replace("Z", "+00:00"))
    return until is not None and at < until - timedelta(seconds=1)


def _polls() -> dict[str, Any]:
    from inbox.models import Poll, Stream

    polls = Poll.objects.order_by("pk").values_list(
        "stream__kind", "stream_id", "started_at", "outcome", "fetched", "new", "error_code"
    )
    return {"polls": [" ".join(map(str, poll)) for poll in polls],
            "streams": [f"{s.pk} {s.kind} {s.cursor} {s.backlog} {s.complete_until}" for s in Stream.objects.all()]}  # fmt: skip


def _surviving(act: Callable[[], None]) -> None:
    """The harness itself also meets a database that is away."""
    from django.db import OperationalError, connections
    from kombu.exceptions import OperationalError as BrokerAway

    with suppress(OperationalError, BrokerAway, OSError):
        act()
        return
    connections.close_all()


def run(seed: int = 1, *, seconds: float = 45.0) -> dict[str, Any]:
    """Figures: lost, doubled, misplaced, false_sent, broken_proofs; and how soon the probe was in after the last fault."""
    started = time.monotonic()
    with IngestStage() as stage:
        story = Story(stage, seed=seed)
        story.write(12, at=DST.isoformat())
        story.write(6, at=(DST + timedelta(seconds=4)).isoformat())
        stage.connect_all(since=DST - timedelta(days=1))
        stage.start_poller(beat=True)
        stage.start_poller()
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            story.write(story.dice.randrange(1, 12))
            _surviving(story.happen)
            _surviving(story.tick)
            _surviving(story.check_proof)
            time.sleep(story.dice.uniform(0.2, 1.2))
        outage = _outage(story)
        recovered_in = _recovered(story)
        settled = _settle(story)
        figures = compare(story)
        troubles = stage.celery_log.count("Traceback")
        if not settled or not recovered_in or recovered_in > RECOVERED:  # what the workers said, and which are gone
            story.evidence.append({"workers": [process.poll() for process in stage.celery], **_polls(),
                                   "log": stage.celery_log.splitlines()[-80:]})  # fmt: skip
    return {"scenario": "ingest", "seed": seed, "published": len(figures.pop("expected")), "after_outage": outage,
            "recovery_seconds": recovered_in, "settled": settled, "broken_proofs": len(story.broken_proofs), "evidence": story.evidence,
            "misfortunes": dict(sorted(story.done.items())), "tracebacks": troubles,
            "seconds": round(time.monotonic() - started, 1), **figures}  # fmt: skip


def _outage(story: Story) -> int:
    """Every call fails for a while, people write on, and it is all fetched afterwards."""
    story.client.fault("unavailable", method="GET")
    story.write(120)
    time.sleep(6)
    story.client.clear_faults()
    return 120


def _recovered(story: Story) -> float | None:
    """Seconds from the last fault to the row of a message written then."""
    from inbox.models import Message

    begun = time.monotonic()
    probe = story.client.x_post({"handle": "probe", "name": "Probe"}, f"@{story.handle} zijn jullie er weer?")
    found: list[bool] = []
    while time.monotonic() - begun < 90 and not found:
        _surviving(story.tick)
        _surviving(lambda: found.append(True) if Message.objects.filter(external_id=probe["id"]).exists() else None)
        time.sleep(0.2)
    return round(time.monotonic() - begun, 1) if found else None


def _settle(story: Story) -> bool:
    """Wait until everything that was published is here, and no stream is behind."""
    from inbox.models import Stream

    ends = time.monotonic() + 90
    while time.monotonic() < ends:
        _surviving(story.tick)
        behind = Stream.objects.filter(backlog__isnull=False).exists() or Stream.objects.exclude(state="ok").exists()
        if not behind and not compare(story)["lost"]:
            return True
        time.sleep(0.5)
    return False


def compare(story: Story) -> dict[str, Any]:
    """The database beside the sandbox's ledger."""
    from inbox.models import Conversation, Gap, HourlyCount, Message, SetAside

    expected = story.expected()
    rows = {m.external_id: m for m in Message.objects.select_related("conversation").exclude(external_id=None)}
    aside = set(SetAside.objects.values_list("external_id", flat=True))
    lost = [e for e in expected if e["id"] not in rows and e["id"] not in aside]
    texts = Counter(m.text for m in rows.values() if m.direction == "in")
    misplaced = [(rows[e["id"]].conversation.key, _key(e)) for e in expected
                 if e["id"] in rows and rows[e["id"]].conversation.key != _key(e)]  # fmt: skip
    inbound = sum(m.direction == "in" and not m.placeholder for m in rows.values())
    counted = sum(Conversation.objects.values_list("message_count", flat=True))
    return {
        "lost": len(lost), "doubled": sum(n - 1 for n in texts.values() if n > 1), "misplaced": len(misplaced),
        "false_sent": 0, "set_aside": len(aside - rows.keys()), "set_aside_in_all": len(aside),
        "miscounted": abs(counted - sum(not m.placeholder for m in rows.values())),
        "hours_miscounted": abs(inbound - sum(HourlyCount.objects.values_list("messages", flat=True))),
        "gaps": Gap.objects.count(), "gaps_open": Gap.objects.filter(closed_at=None, closable=True).count(),
        "lost_ids": [(e["what"], e["id"]) for e in lost[:10]], "misplaced_keys": misplaced[:5], "expected": expected,
    }  # fmt: skip


def _key(entry: dict[str, Any]) -> str:
    if entry["what"] in {"direct", "message"}:  # Messenger's private thread is the person
        return f"dm:{entry['thread_id' if entry['what'] == 'direct' else 'author_id']}"
    return f"pub:{entry['thread_id']}:{entry['author_id']}"
