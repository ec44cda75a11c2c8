"""Stories that tell themselves, the same for the same seed: people write, wait, thank, insist, edit and delete."""

from __future__ import annotations

import heapq
import itertools
import json
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from connectors.sandbox import publish
from connectors.sandbox.clock import HOUR, MINUTE, SECOND, parse
from connectors.sandbox.entities import Entry
from connectors.sandbox.people import Cast, Person
from connectors.sandbox.voices import COMPLAINT, FITTING, FOLLOW_UPS, OUR_REPLIES, PAGE_POSTS, THANKS, disruption_text
from connectors.sandbox.world import World

SCENARIOS = {
    "demo": "some hours behind us, then something new every few seconds",
    "quiet": "a quiet day: a few people an hour",
    "evening_peak": "everybody is on the way home: several a minute",
    "disruption": "300 people in 10 minutes say the same in their own words",
    "viral": "one complaint that travels: reposts, quotes, replies, views",
    "compliments": "a burst of kind words",
}
GAPS = {"demo": 9.0, "quiet": 700.0, "evening_peak": 14.0, "compliments": 8.0}  # seconds between people, on average
BACKFILL = 7 * HOUR
Action = Callable[[int], None]
DATA = Path(__file__).parent / "data"


class Runner:
    """Holds what is due when; `run_due` lets it happen, at its own time, whenever it is called."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.due: list[tuple[int, int, Action]] = []
        self.order = itertools.count()
        self.name, self.speed, self.random = "", 1.0, random.Random(world.seed)
        self.in_history = False
        self.heard: list[str] = []
        world.listeners.append(self._answer_back)

    def status(self) -> dict[str, Any]:
        """What runs."""
        return {"scenario": self.name, "speed": self.speed, "due": len(self.due), "known": SCENARIOS}

    def stop(self) -> dict[str, Any]:
        """Nothing happens by itself any more."""
        self.name, self.due = "", []
        return self.status()

    def start(self, *, name: str, speed: float = 1.0, backfill: bool = True) -> dict[str, Any]:
        """Begin a story, with some hours of history before it."""
        if name not in SCENARIOS:
            raise ValueError(f"unknown scenario {name!r}; known: {sorted(SCENARIOS)}")
        self.stop()
        self.name, self.speed = name, speed
        self.random = random.Random(f"{self.world.seed}/{name}")
        self.cast = Cast(self.world, self.random)
        self.lines, self.heard = _lines(), []
        now = self.world.clock.now()
        if backfill:
            self._history(now)
        {"disruption": self._disruption, "viral": self._viral}.get(name, self._steady)(now)
        return self.status()

    def at(self, moment: int, action: Action) -> None:
        """Let something happen at a moment."""
        heapq.heappush(self.due, (moment, next(self.order), action))

    def run_due(self) -> None:
        """Everything whose time has come, in order."""
        while self.due and self.due[0][0] <= self.world.clock.now():
            moment, _, action = heapq.heappop(self.due)
            action(moment)

    def _soon(self, moment: int, seconds: float, action: Action) -> None:
        self.at(moment + max(1, int(seconds * SECOND / (1 if self.in_history else self.speed))), action)

    def _history(self, now: int) -> None:
        """Some hours in which people wrote and we answered part of them."""
        self.in_history = True
        start = now - BACKFILL
        for index, (page, words) in enumerate(PAGE_POSTS):
            self.at(start + index * 23 * MINUTE, partial(self._page_post, page, words))
        moment = start + 30 * MINUTE
        while moment < now - 20 * SECOND:
            self.at(moment, self._somebody_writes)
            moment += int(self.random.expovariate(1 / 170) * SECOND) + 5 * SECOND
        while self.due and self.due[0][0] <= now:
            due, _, action = heapq.heappop(self.due)
            action(due)
        self.in_history = False

    def _page_post(self, page: str, words: str, moment: int) -> None:
        owner = self.cast.page(page)
        publish.fb_post(self.world, page=owner, message=words, at=moment)
        if self.random.random() < 0.6:
            publish.x_post(self.world, author=page.lower(), text=words[:270], at=moment + 1)

    def _steady(self, now: int) -> None:
        self._soon(now, 2, self._next_person)

    def _next_person(self, moment: int) -> None:
        self._somebody_writes(moment)
        self._soon(moment, self.random.expovariate(1 / GAPS.get(self.name, 9.0)) + 1, self._next_person)

    def _somebody_writes(self, moment: int) -> None:
        wanted = "compliment" if self.name == "compliments" and not self.in_history else ""
        lines = [line for line in self.lines if line["kind"] == wanted] if wanted else self.lines
        line, person = self._fresh(lines), self.cast.somebody()
        said = _SAY[line["channel"]](self, line, person, moment)
        if said is None:
            return
        chance = self.random.random()
        if self.in_history and chance < 0.55:
            self._soon(moment, self.random.uniform(90, 1500), partial(self._we_answer, line, said))
        elif chance > 0.97:
            self._soon(moment, self.random.uniform(20, 90), partial(self._changes_mind, said))
        elif chance > 0.85:
            self._soon(moment, self.random.uniform(30, 600), partial(self._grows, said))

    def _fresh(self, lines: list[dict[str, Any]]) -> dict[str, Any]:
        """A line that was not heard lately."""
        line = next((one for one in self.random.sample(lines, 8) if one["text"] not in self.heard), lines[0])
        self.heard = [*self.heard[-80:], line["text"]]
        return line

    def _brand(self, line: dict[str, Any]) -> str:
        text = line["text"].lower()
        about_parcels = any(word in text for word in ("vlot", "pakket", "pakje", "parcel", "delivery", "retour"))
        return line.get("brand") or ("postvlot" if about_parcels else "noordtreinen")

    def _mention(self, line: dict[str, Any], person: Person, moment: int) -> Any:
        text, handle = line["text"], self._brand(line)
        if not self.world.mentioned_in(text):
            text = f"@{handle} {text}"
        if line["kind"] == "question" and self.random.random() < 0.25:
            text = text.replace("@noordtreinen", "@NT_reisinfo")
        return publish.x_post(self.world, author=person.x_id, text=text, at=moment, lang=line["language"])

    def _search_hit(self, line: dict[str, Any], person: Person, moment: int) -> Any:
        return publish.x_post(self.world, author=person.x_id, text=line["text"], at=moment, lang=line["language"])

    def _direct(self, line: dict[str, Any], person: Person, moment: int) -> Any:
        return publish.x_direct(self.world, sender=person.x_id, to=self._brand(line), text=line["text"], at=moment)

    def _comment(self, line: dict[str, Any], person: Person, moment: int) -> Any:
        page = self.cast.page(self._brand(line))
        own = [p for p in self.world.page_posts.get(page, []) if self.world.fb_posts[p].kind == "own"][-8:]
        if not own:
            return None
        on = self.random.choice(own)
        return publish.fb_comment(self.world, on=on, author=person.fb_id, message=line["text"], at=moment)

    def _visitor_post(self, line: dict[str, Any], person: Person, moment: int) -> Any:
        page = self.cast.page(self._brand(line))
        return publish.fb_post(self.world, page=page, author=person.fb_id, message=line["text"], at=moment)

    def _messenger(self, line: dict[str, Any], person: Person, moment: int) -> Any:
        page = self.cast.page(self._brand(line))
        return publish.fb_message(self.world, page=page, person=person.fb_id, text=line["text"], at=moment)

    def _review(self, line: dict[str, Any], person: Person, moment: int) -> Any:
        page = self.cast.page(self._brand(line))
        positive = line["sentiment"] != "negative"
        return publish.fb_review(
            self.world, page=page, author=person.fb_id, text=line["text"], positive=positive, at=moment
        )

    def _we_answer(self, line: dict[str, Any], said: Any, moment: int) -> None:
        """A colleague answered this one, before the inbox was there."""
        words = self.random.choice(OUR_REPLIES[line["kind"]]["en" if line["language"] == "en" else "nl"])
        name = type(said).__name__
        if name == "XPost" and said.mentions:
            brand = next((u for u in said.mentions if self.world.x_users[u].brand), "")
            if brand:
                publish.x_post(self.world, author=brand, text=words, reply_to=said.id, at=moment)
        elif name == "XDirect":
            brand = next(u for u in said.conversation_id.split("-") if u != said.sender_id)
            publish.x_direct(self.world, sender=brand, to=said.sender_id, text=words, at=moment)
        elif name == "FbComment":
            page = self.world.fb_posts[said.post_id].page_id
            publish.fb_comment(self.world, on=said.id, author=page, message=words, at=moment)
        elif name == "FbPost":
            publish.fb_comment(self.world, on=said.id, author=said.page_id, message=words, at=moment)
        elif name == "FbMessage":
            conversation = self.world.fb_conversations[said.conversation_id]
            publish.fb_message(
                self.world,
                page=conversation.page_id,
                person=conversation.person_id,
                text=words,
                from_page=True,
                at=moment,
            )

    def _changes_mind(self, said: Any, moment: int) -> None:
        if said.deleted or type(said).__name__ not in {"XPost", "FbComment"}:
            return
        if type(said).__name__ == "FbComment":
            publish.fb_delete(self.world, item=said.id)
        elif self.random.random() < 0.5:
            publish.x_edit(self.world, post=said.id, text=said.text + " (edit: typefoutje)", at=moment)
        else:
            publish.x_delete(self.world, post=said.id)

    def _grows(self, said: Any, moment: int) -> None:
        if type(said).__name__ == "XPost" and not said.deleted:
            dice = self.random
            publish.x_grow(
                self.world, post=said.id, like_count=dice.randint(0, 40), retweet_count=dice.randint(0, 6),
                impression_count=dice.randint(200, 9000),
            )  # fmt: skip

    def _answer_back(self, entry: Entry) -> None:
        """Some people thank us for an answer, some have one more thing to say."""
        if not (self.name and self.world.settings["replies"]) or entry.what not in {"reply", "direct", "message"}:
            return
        ours = entry.author_id == entry.account_id
        if not ours or self.random.random() > (0.3 if entry.kind == "published" else 0.6):
            return
        words = self.random.choice(THANKS if self.random.random() < 0.6 else FOLLOW_UPS)
        moment = max(self.world.clock.now(), 0) if entry.kind == "sent" else parse(entry.at)
        self._soon(moment, self.random.uniform(15, 75), partial(self._say_back, entry, words))

    def _say_back(self, entry: Entry, words: str, moment: int) -> None:
        try:
            if entry.what == "reply" and entry.platform == "x":
                parent = self.world.x_posts[entry.parent_id]
                publish.x_post(self.world, author=parent.author_id, text=words, reply_to=entry.id, at=moment)
            elif entry.what == "direct":
                other = next(u for u in entry.thread_id.split("-") if u != entry.author_id)
                publish.x_direct(self.world, sender=other, to=entry.author_id, text=words, at=moment)
            elif entry.what == "message":
                person = self.world.fb_conversations[entry.thread_id].person_id
                publish.fb_message(self.world, page=entry.account_id, person=person, text=words, at=moment)
            elif parent_id := self.world.fb_comments[entry.id].parent_id:
                author = self.world.fb_comments[parent_id].author_id
                publish.fb_comment(self.world, on=parent_id, author=author, message=words, at=moment)
        except publish.NotThere:
            return  # deleted in the meantime: nothing to answer to

    def _disruption(self, now: int) -> None:
        """Three hundred people in ten minutes."""
        for index in range(300):
            moment = now + int(self.random.triangular(0, 600, 150) * SECOND / self.speed)
            self.at(moment, partial(self._caught_in_it, index))

    def _caught_in_it(self, index: int, moment: int) -> None:
        words, language = disruption_text(self.random, index)
        person = self.cast.somebody(new=True)
        channel = self.random.choices(
            ("x_mention", "x_search", "fb_comment", "x_dm", "fb_message"), (55, 15, 20, 4, 6)
        )[0]
        line = {"text": words, "language": language, "channel": channel, "kind": "complaint", "sentiment": "negative"}
        _SAY[channel](self, line, person, moment)

    def _viral(self, now: int) -> None:
        """One complaint, and what the world makes of it."""
        line = {"text": COMPLAINT, "kind": "complaint", "language": "nl"}
        post = self._mention(line, self.cast.somebody(new=True), now)
        for step in range(240):
            self._soon(now, 3 + step * 2.5 + self.random.random(), partial(self._spreads, post))

    def _spreads(self, post: Any, moment: int) -> None:
        person, dice = self.cast.somebody(new=True), self.random
        publish.x_grow(
            self.world, post=post.id, like_count=dice.randint(5, 90), impression_count=dice.randint(900, 30_000)
        )
        words = disruption_text(dice, dice.randrange(1000))[0].replace("@noordtreinen", "").strip()
        what = dice.choices(("repost", "quote", "reply"), (6, 2, 2))[0]
        if what == "repost":
            publish.x_post(self.world, author=person.x_id, repost=post.id, at=moment)
        elif what == "quote":
            publish.x_post(
                self.world, author=person.x_id, text=f"Schande @noordtreinen. {words}"[:240], quote=post.id, at=moment
            )
        else:
            publish.x_post(
                self.world, author=person.x_id, text=f"@noordtreinen {words}"[:250], reply_to=post.id, at=moment
            )


def _lines() -> list[dict[str, Any]]:
    """What people say: the lines written for these two brands, and those of the labelled messages that fit them."""
    lines = [json.loads(row) for row in (DATA / "stories.jsonl").read_text(encoding="utf-8").splitlines()]
    labelled = (json.loads(row) for row in (DATA / "messages.jsonl").read_text(encoding="utf-8").splitlines())
    return lines + [line for line in labelled if line["id"] in FITTING]


_SAY: dict[str, Callable[[Runner, dict[str, Any], Person, int], Any]] = {
    "x_mention": Runner._mention,
    "x_search": Runner._search_hit,
    "x_dm": Runner._direct,
    "fb_comment": Runner._comment,
    "fb_visitor_post": Runner._visitor_post,
    "fb_message": Runner._messenger,
    "review": Runner._review,
}
