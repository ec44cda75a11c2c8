"""The demo's morning: what people said and what the colleagues did with it, through the operations of the screen."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid4

from django.utils import timezone

from connectors.sandbox.client import SandboxClient
from connectors.sandbox.scenarios import DATA
from inbox.management.demo import BRANDS, TOPICS
from inbox.management.stories import STORIES
from inbox.models import Agent, Brand, CannedReply, Conversation, Label, Message, Team
from inbox.operations import assignments, drafts, notes, outbox_rules, polling, polling_leases, replies, triage
from inbox.operations.canned import fill
from inbox.operations.changes import Refused

PAGES = {details["slug"]: name for name, details in BRANDS.items()}
ROUNDS = 6  # of polling: until nothing is due
FRESH = timedelta(minutes=12)  # nobody has looked at these yet
STALE = timedelta(minutes=75)  # most of these are done with
LATE = 6  # conversations a brand may be late with
QUIET = {"question": "answered_elsewhere", "compliment": "no_answer_needed", "other": "not_about_us"}


def publish(client: SandboxClient) -> list[str]:
    """Let the people of the stories speak on the platforms; the posts that they think better of."""
    now = timezone.now()
    posts = [(story, _tell(client, story, now)) for story in STORIES]
    return [post for story, post in posts if story.get("regretted")]


def regret(client: SandboxClient, posts: list[str]) -> None:
    """These are gone by the time that our answer arrives."""
    for post in posts:
        client.publish("x/delete", post=post)


def _tell(client: SandboxClient, story: dict[str, Any], now: datetime) -> str:
    """Its turns; answers the first post."""
    person, brand, last, first = story["person"], story["brand"], "", ""
    for minutes, who, words in story["turns"]:
        ours, at = who == "us", (now - timedelta(minutes=minutes)).isoformat()
        if story["way"] == "mention":
            last = client.x_post(brand if ours else person, words, reply_to=last, at=at)["id"]
            first = first or last
        elif story["way"] == "direct":
            pair = (brand, person["username"]) if ours else (person, brand)
            client.x_direct(*pair, words, at=at)
        else:
            client.fb_message(PAGES[brand], person, words, from_page=ours, at=at)
    if story.get("shared"):
        client.publish("x/metrics", post=first, retweet_count=story["shared"], like_count=story["shared"] * 4)
    return str(first)


def fetch() -> None:
    """Poll what is due, as a worker would."""
    for _ in range(ROUNDS):
        lease, pks = polling_leases.lease_due(now=timezone.now())
        if not pks:
            return
        polling.poll_streams(pks, lease=lease)


class Morning:
    """One brand's colleagues at work. The same conversations end the same way."""

    def __init__(self, brand: Brand) -> None:
        self.brand, self.now, self.dice = brand, timezone.now(), random.Random(brand.slug)
        members = Agent.objects.filter(memberships__brand=brand).order_by("pk")
        self.people = {agent.email.partition("@")[0]: agent for agent in members}
        self.people |= {"anna": self.people["agent"], "bram": self.people["lead"]}
        working = ("agent", "agent", "lead", "daan", "tess", "tess", "mo", "emily")
        self.at_work = [self.people[name] for name in working if name in self.people]
        self.labels = {label.name: label for label in Label.objects.filter(brand=brand)}
        self.teams = {team.name: team for team in Team.objects.filter(brand=brand)}
        self.told: set[int] = set()

    def work(self) -> None:
        """From what is known to what is left over."""
        for story in STORIES:
            if story["brand"] == self.brand.slug:
                self._story(story)
        known = _known_lines()
        for conversation in self._unfinished():
            line = known.get(_bare(conversation.preview))
            if line and self.now - conversation.last_message_at > FRESH:
                self._sort(conversation, line, actor=self.dice.choice(self.at_work))
        for conversation in self._unfinished():
            if conversation.waiting_since is None:
                self._finish(conversation)
            elif self.now - conversation.waiting_since > STALE:
                self._clear_away(conversation)
            elif self.now - conversation.waiting_since > FRESH:
                self._hand_out(conversation)
        self._catch_up()

    def _unfinished(self) -> Iterable[Conversation]:
        """Everything that stands open, or waits for them, but for the stories."""
        found = Conversation.objects.filter(brand=self.brand, status__in=["open", "pending"])
        related = ("account", "identity", "contact", "brand", "thread")
        return list(found.exclude(pk__in=self.told).select_related(*related).order_by("-last_message_at"))

    def _story(self, story: dict[str, Any]) -> None:
        words = story["turns"][-1][2]
        said = Message.objects.filter(conversation__brand=self.brand, text=words, direction="in").first()
        if said is None:  # the platform has not shown it yet
            return
        conversation = Conversation.objects.select_related("account", "contact", "brand").get(pk=said.conversation_id)
        self.told.add(conversation.pk)
        owner = self.people[story["owner"]] if story["owner"] else None
        self._classify(
            conversation, story["kind"], story["feeling"], story["labels"], actor=owner or self.people["tess"]
        )
        if story.get("team"):
            assignments.assign(conversation_ids=[conversation.pk], actor=self.people["bram"],
                               team=self.teams[story["team"]])  # fmt: skip
        if owner is not None:
            self._give(conversation, owner)
        for name, text in story.get("notes", ()):
            notes.add_note(conversation=conversation, author=self.people[name], text=text)
        if story.get("about"):
            name, text = story["about"]
            notes.add_contact_note(contact=conversation.contact, author=self.people[name], text=text)
        if owner is not None and story.get("draft"):
            drafts.save_draft(conversation=conversation, agent=owner, mode=outbox_rules.PUBLIC, text=story["draft"])
        if owner is not None and story.get("answer"):
            self._send(conversation, owner, story["answer"])

    def recognise(self, conversation: Conversation, *, actor: Agent) -> None:
        """Give it the kind, feeling and labels that fit its words, where these are known."""
        if line := _known_lines().get(_bare(conversation.preview)):
            self._sort(conversation, line, actor=actor)

    def _sort(self, conversation: Conversation, line: dict[str, Any], *, actor: Agent) -> None:
        text = conversation.preview.casefold()
        topics = [name for name, pattern in TOPICS.items() if re.search(pattern, text)]
        feeling = line["sentiment"] if self.dice.random() < 0.8 else ""
        self._classify(conversation, line["kind"], feeling, topics[:2], actor=actor)
        conversation.kind = line["kind"]

    def _classify(
        self, conversation: Conversation, kind: str, feeling: str, topics: list[str], *, actor: Agent
    ) -> None:  # fmt: skip
        triage.set_kind(conversation_id=conversation.pk, actor=actor, kind=kind)
        if feeling:
            triage.set_feeling(conversation_id=conversation.pk, actor=actor, feeling=feeling)
        labels = [self.labels[name] for name in topics if name in self.labels]
        if labels:
            triage.add_labels(conversation_ids=[conversation.pk], actor=actor, labels=labels)

    def _give(self, conversation: Conversation, owner: Agent) -> None:
        """Half of the work is taken, half is given."""
        if self.dice.random() < 0.6 or owner == self.people["bram"]:
            assignments.claim(conversation_id=conversation.pk, agent=owner)
        else:
            assignments.assign(conversation_ids=[conversation.pk], actor=self.people["bram"], assignee=owner)

    def _finish(self, conversation: Conversation) -> None:
        """Answered: most of these need nothing more."""
        if self.now - conversation.last_message_at > FRESH and self.dice.random() < 0.7:
            triage.resolve(conversation_ids=[conversation.pk], actor=self.dice.choice(self.at_work))

    def _clear_away(self, conversation: Conversation) -> None:
        """Waiting for long: answered, closed with a reason, put off, or on somebody's conscience."""
        owner, chance = self.dice.choice(self.at_work), self.dice.random()
        reason = QUIET.get(conversation.kind)
        if conversation.proactive or (reason and chance < 0.25):
            triage.resolve(conversation_ids=[conversation.pk], actor=owner, reason=reason or "not_about_us")
        elif chance < 0.36:
            self._snooze(conversation, owner)
        elif chance < 0.8:
            self.answer(conversation, owner)
        else:
            self._give(conversation, owner)

    def _snooze(self, conversation: Conversation, owner: Agent) -> None:
        hours = self.dice.choice((1, 2, 3, 6, 24, 48))
        assignments.claim(conversation_id=conversation.pk, agent=owner)
        until = (self.now + timedelta(hours=hours)).replace(minute=0, second=0, microsecond=0)
        triage.snooze(conversation_ids=[conversation.pk], actor=owner, until=until)

    def answer(self, conversation: Conversation, owner: Agent) -> None:
        """With the text of the library that fits."""
        shortcut = {"compliment": "bedankt", "complaint": "excuses"}.get(conversation.kind, "uitzoeken")
        language = "en" if conversation.language == "en" else "nl"
        text = CannedReply.objects.get(brand=self.brand, shortcut=shortcut, language=language, channel="").text
        self.say(conversation, owner, text)

    def say(self, conversation: Conversation, owner: Agent, text: str) -> bool:
        """Send a text with placeholders, as it stands in the library; whether it could be sent."""
        return self._send(conversation, owner, fill(text, conversation=conversation, agent=owner))

    def _send(self, conversation: Conversation, owner: Agent, text: str) -> bool:
        public = conversation.visibility == "public"
        return self._unless_refused(lambda: replies.send_reply(
            conversation=conversation, agent=owner, mode=outbox_rules.PUBLIC if public else outbox_rules.DIRECT,
            text=f"{text} ^{owner.initials}", token=uuid4(), delay=0,
        ))  # fmt: skip

    def _unless_refused(self, act: Callable[[], object]) -> bool:
        try:
            act()
        except Refused:  # a window closed, a message gone: as it would be for anybody
            return False
        return True

    def _hand_out(self, conversation: Conversation) -> None:
        """Fresh enough: part of it has an owner or a team, the rest is anybody's."""
        chance = self.dice.random()
        if chance < 0.5:
            self._give(conversation, self.dice.choice(self.at_work))
        elif chance < 0.7:
            assignments.assign(conversation_ids=[conversation.pk], actor=self.people["bram"],
                               team=self.dice.choice(list(self.teams.values())))  # fmt: skip

    def _catch_up(self) -> None:
        """A team that minds its norm is late with a few only."""
        late = Conversation.objects.filter(brand=self.brand, status="open", due_at__lt=self.now)
        related = ("account", "identity", "contact", "brand", "thread")
        for conversation in late.exclude(pk__in=self.told).select_related(*related).order_by("waiting_since")[LATE:]:
            self.answer(conversation, self.dice.choice(self.at_work))


@cache
def _known_lines() -> dict[str, dict[str, Any]]:
    """What people say in the sandbox, with what it is: by its bare words."""
    lines: dict[str, dict[str, Any]] = {}
    for name in ("messages.jsonl", "stories.jsonl"):
        for row in (DATA / name).read_text(encoding="utf-8").splitlines():
            line = json.loads(row)
            lines[_bare(line["text"])] = line
    return lines


def _bare(text: str) -> str:
    """Without the handles that the platform puts before it; as much as a preview holds."""
    return " ".join(word for word in text.casefold().split() if not word.startswith("@"))[:80]
