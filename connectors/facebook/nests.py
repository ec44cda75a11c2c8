"""Reading what hangs below a list: comments below posts, messages below conversations.

One call brings the newest parents, each with its newest children (field expansion); only a parent with more
news than fits is read on its own. Each parent keeps its own high-water mark, because a parent may move up the list
while we walk it, and a comment may come years after its post.

Cursor: {"floor": oldest time wanted, "marks": {parent: [newest child, number of children]}, "mark": newest
parent of the last finished walk, "swept": start of the last walk over all parents, "unread": parents that failed by
themselves, with which the next walk begins, "walk": {"after", "listed", "pages", "deep", "began", "newest", "trail",
"holes", "unread", "lost", "queue": [{"id", "after", "stop", "newest", "count", "trail", "about", "tries"}]}}.
Correctness never hangs on a mark: a parent without one is read down to the floor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.exceptions import ConnectorError, Gone, PermissionMissing, Rejected, TemporaryFailure
from connectors.facebook.edges import created, iso, latest, reached
from connectors.facebook.harvest import Harvest, reason
from connectors.facebook.mapping import total
from connectors.facebook.paging import following, goes_round
from connectors.facebook.values import count, entries, entry, identifier, moment_or_none
from connectors.types import Cursor, InboundMessage, Page

CALLS_A_POLL = 5
PARENTS_A_CALL = 25
CHILDREN_A_PARENT = 25
MARKS_KEPT = 2_000
MOST_UNREAD, TRIES = 50, 60  # parents that could not be read, and how many walks begin with one
BY_ITSELF = {"1", "2", "shape", "not_json", "oversize"}  # failures that may be one parent's own


@dataclass(frozen=True, slots=True)
class Nest:
    """A list of parents and how its children are read; `about` packs what a child must know of its parent."""

    path: str
    fields: Callable[[int], str]
    edge: str
    edge_params: dict[str, str]
    about: Callable[[dict[str, Any]], dict[str, Any]]
    read: Callable[[dict[str, Any], dict[str, Any]], InboundMessage]
    overlap: timedelta
    params: dict[str, str] = field(default_factory=dict)
    ordered_by: str = ""  # the parents' time that moves with every child; "" when there is none
    recent_pages: int = 0  # without such a time: how many pages of parents every walk reads
    sweep_every: timedelta = timedelta(hours=1)  # and how often all of them, back to the horizon
    sweep_overlap: timedelta = timedelta(days=7)
    horizon: timedelta = timedelta(days=365)


def poll_nest(harvest: Harvest, nest: Nest, cursor: Cursor, *, since: datetime | None, limit: int) -> Page:
    """The next stretch of the walk, or the first of a new one."""
    walk = NestWalk(harvest, nest, cursor, since=since, limit=limit)
    while not walk.ended and harvest.calls < CALLS_A_POLL and len(harvest.messages) < limit:
        walk.step()
    return walk.page()


class NestWalk:
    """One poll's stretch of a walk; what it must remember is in its cursor."""

    def __init__(self, harvest: Harvest, nest: Nest, cursor: Cursor, *, since: datetime | None, limit: int) -> None:
        self.harvest, self.nest, self.limit = harvest, nest, limit
        self.floor = moment_or_none(cursor.get("floor")) if "floor" in cursor else since
        self.marks: dict[str, list[Any]] = dict(entry(cursor.get("marks")))
        self.mark, self.swept = cursor.get("mark"), cursor.get("swept")
        unread = list(map(entry, entries(cursor.get("unread", []))))
        self.walk = dict(entry(cursor.get("walk"))) or {"after": "", "queue": unread, "pages": 0}
        self.queue: list[dict[str, Any]] = list(self.walk["queue"])

    @property
    def ended(self) -> bool:
        """Nothing is left to be read in this walk."""
        return not self.queue and bool(self.walk.get("listed"))

    def step(self) -> None:
        """One call: a waiting parent first, then more of the list."""
        if self.queue:
            self._read_parent(self.queue.pop(0))
        else:
            self._read_list()

    # The list of parents ----------------------------------------------------------------------------------

    def _read_list(self) -> None:
        answer = self.harvest.read_edge(
            self.nest.path,
            fields=self.nest.fields(max(1, min(CHILDREN_A_PARENT, self.limit))),
            limit=PARENTS_A_CALL,
            after=self.walk["after"],
            **self.nest.params,
        )
        if "began" not in self.walk:
            self._begin()
        parents = entries(answer.get("data"))
        for parent in parents:
            self._open_or_set_aside(parent)
        times = [created(parent, self.nest.ordered_by or "created_time") for parent in parents]
        newest = max(filter(None, map(self.harvest.past, times)), default=None)
        newest = latest(moment_or_none(self.walk.get("newest")), newest)
        self.walk["newest"] = iso(newest)
        self.walk["pages"] += 1
        self.walk["after"] = following(answer)
        self.walk["lost"] = bool(self.walk["after"]) and goes_round(self.walk.setdefault("trail", {}), parents)
        self.walk["listed"] = self.walk["lost"] or not self.walk["after"] or self._far_enough(times)

    def _begin(self) -> None:
        self.walk["began"] = iso(self.harvest.at)
        swept = moment_or_none(self.swept)
        self.walk["deep"] = swept is None or self.harvest.at - swept >= self.nest.sweep_every

    def _far_enough(self, times: list[datetime | None]) -> bool:
        if self.nest.ordered_by:
            mark = moment_or_none(self.mark)
            return reached(times, mark - self.nest.overlap if mark else self.floor)
        newest = moment_or_none(self.walk.get("newest"))
        if newest and reached(times, newest - self.nest.horizon):
            return True
        if not self.walk["deep"] and self.walk["pages"] >= self.nest.recent_pages:
            self.walk["partial"] = True  # older posts wait for the next sweep
            return True
        return False

    def _open_or_set_aside(self, parent: Any) -> None:
        """Whatever is wrong with one parent costs its neighbours nothing."""
        try:
            self._open(parent)
        except Exception as error:
            self.walk["holes"] = True
            self.harvest.set_aside(parent, reason(error))

    def _open(self, parent: Any) -> None:
        parent_id = identifier(entry(parent).get("id"))
        if not parent_id:
            self.harvest.set_aside(parent, "no id")
            return
        if self._unchanged(parent):
            return
        waiting = {"id": parent_id, "about": self.nest.about(parent)}
        edge = parent.get(self.nest.edge)
        answer = edge if isinstance(edge, dict) else {"data": edge}
        room = self.limit - len(self.harvest.messages)
        if not isinstance(answer.get("data"), list) or (len(answer["data"]) > room and self.harvest.messages):
            self.queue.append(waiting)
            return
        try:
            self._read_children(waiting, answer)
        except ConnectorError as error:
            self._unread_parent(waiting, error)

    def _unchanged(self, parent: dict[str, Any]) -> bool:
        at = created(parent, self.nest.ordered_by) if self.nest.ordered_by else None
        mark = moment_or_none(self.mark)
        return at is not None and (
            (mark is not None and at < mark - self.nest.overlap)
            or (mark is None and self.floor is not None and at < self.floor)
        )

    # A parent's children ----------------------------------------------------------------------------------

    def _read_parent(self, waiting: dict[str, Any]) -> None:
        asked = max(1, min(self.limit - len(self.harvest.messages), 100))
        path = f"{waiting['id']}/{self.nest.edge}"
        try:
            answer = self.harvest.read_edge(path, limit=asked, after=waiting.get("after", ""), **self.nest.edge_params)
            self._read_children(waiting, answer)
        except ConnectorError as error:
            self._unread_parent(waiting, error)

    def _unread_parent(self, waiting: dict[str, Any], error: ConnectorError) -> None:
        """A parent that fails by itself never stops the others; the next walk begins with it."""
        if isinstance(error, Rejected) and waiting.get("after"):
            self.queue.append({"id": waiting["id"], "about": waiting["about"]})  # the cursor's item is gone
            return
        if isinstance(error, Gone):
            self.marks.pop(waiting["id"], None)
            return
        by_itself = isinstance(error, Rejected | PermissionMissing)
        if not by_itself and not (isinstance(error, TemporaryFailure) and error.code in BY_ITSELF):
            raise error
        self._leave_hole(waiting, reason(error))

    def _leave_hole(self, waiting: dict[str, Any], why: str) -> None:
        self.harvest.set_aside({"id": waiting["id"], "edge": self.nest.edge}, why)
        unread = {each["id"]: each for each in self.walk.get("unread", [])}
        tries = max(waiting.get("tries", 0) + 1, unread.get(waiting["id"], {}).get("tries", 0))
        if tries <= TRIES:  # after that, what is set aside is all that tells of it
            unread[waiting["id"]] = {"id": waiting["id"], "about": waiting["about"], "tries": tries}
        self.walk["unread"] = list(unread.values())[-MOST_UNREAD:]

    def _read_children(self, waiting: dict[str, Any], answer: dict[str, Any]) -> None:
        children = entries(answer.get("data"))
        times = [created(child) for child in children]
        if "stop" not in waiting:
            self._set_stop(waiting, answer, times=times)
        stop = moment_or_none(waiting["stop"])
        for child, at in zip(children, times, strict=True):
            waiting["newest"] = iso(latest(moment_or_none(waiting.get("newest")), self.harvest.past(at)))
            if at is None or stop is None or at >= stop:
                self.harvest.take(child, lambda payload: self.nest.read(payload, waiting["about"]))
        after = following(answer)
        if not children and waiting.get("after") and not waiting.get("again"):
            # The item the cursor pointed at may be deleted, which reads as an end: once more, from the top.
            self.queue.append({key: value for key, value in waiting.items() if key != "after"} | {"again": True})
        elif after and goes_round(waiting.setdefault("trail", {}), children):
            self._leave_hole(waiting, "its pages lead nowhere")
        elif after and not reached(times, stop):
            self.queue.append(waiting | {"after": after})
        else:
            self.harvest.recover(waiting["id"])
            if waiting.get("newest"):
                self.marks[waiting["id"]] = [waiting["newest"], waiting.get("count")]

    def _set_stop(self, waiting: dict[str, Any], answer: dict[str, Any], *, times: list[datetime | None]) -> None:
        """How far down to read: to the mark, or to the floor when the number says something is missing."""
        mark = self.marks.get(waiting["id"]) or [None, None]
        known, before = moment_or_none(mark[0]), count(mark[1])
        waiting["count"], waiting["newest"] = total(answer), mark[0]
        if known is None:
            waiting["stop"] = iso(self.floor)
            return
        news = sum(at > known for at in times if at)
        page_reaches = reached(times, known) or not following(answer)
        late = before is not None and page_reaches and (waiting["count"] or 0) - before > news
        overlap = self.nest.sweep_overlap if self.walk.get("deep") else self.nest.overlap
        waiting["stop"] = iso(self.floor if late else latest(self.floor, known - overlap))

    # The outcome ------------------------------------------------------------------------------------------

    def page(self) -> Page:
        """What this poll brought, and the cursor from which the next one goes on."""
        cursor: Cursor = {"floor": iso(self.floor), "marks": self._kept_marks()}
        if not self.ended:
            walk = self.walk | {"queue": self.queue}
            return self.harvest.page(cursor | {"mark": self.mark, "swept": self.swept, "walk": walk}, has_more=True)
        began = self.walk.get("began")
        swept = self.swept if self.walk.get("partial") else began
        mark = iso(latest(moment_or_none(self.mark), moment_or_none(self.walk.get("newest"))))
        unread = self.walk.get("unread", [])
        trouble = "no_end" if self.walk.get("lost") else "part_unread" if unread or self.walk.get("holes") else ""
        if self.walk.get("lost"):  # what it did not come to is looked for again from where it began
            mark, swept = self.mark, self.swept
        return self.harvest.page(
            cursor | {"mark": mark, "swept": swept, "unread": unread},
            has_more=False, complete_until=moment_or_none(swept), trouble=trouble,
        )  # fmt: skip

    def _kept_marks(self) -> dict[str, list[Any]]:
        newest_first = sorted(self.marks.items(), key=lambda pair: str(pair[1][0]), reverse=True)
        return dict(newest_first[:MARKS_KEPT])
