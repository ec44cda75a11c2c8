"""Threads and conversations of a page: found under lock, made, and brought up to date from their messages."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any

from connectors.types import InboundMessage
from inbox.models import ChannelAccount, Conversation, Stream, Thread
from inbox.operations.ingest_messages import Arrival
from inbox.operations.ingest_people import Person, copy_contacts
from inbox.operations.ingest_rows import Keys, as_json, copy_rows, execute, fetch, records
from inbox.operations.ingest_text import address, clip, json_text
from inbox.operations.threading_state import Said, summarise

SUMMARY = ("first_message_at", "last_message_at", "waiting_since", "due_at", "last_inbound_at", "first_reply_at",
           "last_reply_at", "preview", "message_count", "proactive")  # fmt: skip
COLUMNS_OF = attrgetter(*SUMMARY)
THREADS = """
    SELECT external_id, id, posted_at IS NULL FROM inbox_thread WHERE account_id = %s AND external_id = ANY(%s)"""
LOCK = """
    SELECT id, key, status, resolved_at, identity_id, contact_id, visibility FROM inbox_conversation
    WHERE {where} ORDER BY id FOR NO KEY UPDATE"""
MESSAGES = """
    SELECT m.conversation_id, m.external_id, m.direction = 'in', m.sent_at, m.created_at, left(m.text, 300),
        m.agent_id IS NOT NULL OR d.id IS NOT NULL, m.external_id IS NULL, m.deleted_at IS NOT NULL, m.stream_id, m.id
    FROM inbox_message m LEFT JOIN inbox_delivery d ON d.message_id = m.id
    WHERE m.conversation_id = ANY(%s) AND NOT m.placeholder
        AND (m.external_id IS NOT NULL OR d.state IN ('pending', 'sending', 'sent', 'uncertain'))"""
UPDATE = """
    UPDATE inbox_conversation c SET first_message_at = r.first_message_at, last_message_at = r.last_message_at,
        waiting_since = r.waiting_since, due_at = r.due_at, last_inbound_at = r.last_inbound_at,
        first_reply_at = r.first_reply_at, last_reply_at = r.last_reply_at, preview = r.preview,
        message_count = r.message_count, proactive = r.proactive, status = r.status, version = c.version + 1,
        snoozed_until = CASE WHEN r.status = c.status THEN c.snoozed_until END,
        outcome = CASE WHEN r.status = c.status THEN c.outcome ELSE '' END,
        identity_id = coalesce(c.identity_id, r.identity_id), contact_id = CASE WHEN c.identity_id IS NULL
            AND r.identity_id IS NOT NULL THEN r.contact_id ELSE c.contact_id END,
        reach = greatest(c.reach, coalesce(r.reach, 0))
    FROM jsonb_to_recordset(%s::jsonb) AS r(id bigint, first_message_at timestamptz, last_message_at timestamptz,
        waiting_since timestamptz, due_at timestamptz, last_inbound_at timestamptz, first_reply_at timestamptz,
        last_reply_at timestamptz, preview text, message_count int, proactive boolean, status text, identity_id bigint,
        contact_id bigint, reach bigint) WHERE c.id = r.id"""
FORGET = """
    DELETE FROM inbox_contact c WHERE c.id = ANY(%s)
        AND NOT EXISTS (SELECT FROM inbox_identity i WHERE i.contact_id = c.id)
        AND NOT EXISTS (SELECT FROM inbox_conversation v WHERE v.contact_id = c.id)
        AND NOT EXISTS (SELECT FROM inbox_contactnote n WHERE n.contact_id = c.id)"""
LABELS = """
    UPDATE inbox_conversationlabel l SET last_message_at = c.last_message_at, open = c.status = 'open'
    FROM inbox_conversation c WHERE l.conversation_id = c.id AND c.id = ANY(%s)
        AND (l.last_message_at, l.open) IS DISTINCT FROM (c.last_message_at, c.status = 'open')"""


@dataclass(slots=True)
class Norms:
    """Within how many minutes somebody expects an answer."""

    public: int
    private: int
    streams: dict[int, tuple[bool, int | None]] = field(default_factory=dict)  # pk -> (proactive, minutes)

    @classmethod
    def of(cls, account: ChannelAccount, *, proactive: dict[str, int | None]) -> Norms:
        streams = {int(pk): (True, minutes) for pk, minutes in proactive.items()}
        return cls(account.public_target_minutes, account.private_target_minutes, streams)

    def said(self, stream_id: int | None, visibility: str) -> tuple[bool, int | None]:
        """Whether a message of this stream is proactive, and its norm."""
        minutes = self.private if visibility == "private" else self.public
        return self.streams.get(stream_id or 0, (False, minutes))


@dataclass(slots=True)
class Changes:
    """What the page did to conversations: touched ones, and which of them were answered or written to."""

    touched: set[int] = field(default_factory=set)
    written: set[int] = field(default_factory=set)  # somebody outside said something new in it
    answered: set[int] = field(default_factory=set)  # we answered elsewhere
    made: set[int] = field(default_factory=set)
    made_private: set[int] = field(default_factory=set)
    reopened: dict[int, str] = field(default_factory=dict)
    persons: dict[int, Person] = field(default_factory=dict)


def store_threads(arrivals: list[Arrival], *, account: ChannelAccount, keys: Keys) -> dict[str, int]:
    """Threads by external id; what was not known of their first post is filled in."""
    wanted = _threads(arrivals)
    found = fetch(THREADS, [account.pk, list(wanted)])
    known: dict[str, int] = {external_id: pk for external_id, pk, _ in found}
    bare = [pk for external_id, pk, is_bare in found if is_bare and wanted[external_id]["posted_at"]]
    for thread in Thread.objects.filter(pk__in=bare):
        _complete(thread, wanted[thread.external_id])
    fresh = sorted(set(wanted) - set(known))
    made = {external_id: keys.next("inbox_thread") for external_id in fresh}
    names = ("ours", "text", "author_name", "author_handle", "permalink", "posted_at")
    rows = [
        (made[key], account.pk, key, as_json(wanted[key]["attachments"]), wanted[key]["visibility"],
         *(wanted[key][name] for name in names))
        for key in fresh
    ]  # fmt: skip
    copy_rows(Thread, ("id", "account_id", "external_id", "attachments", "visibility", *names), rows)
    return known | made


def _threads(arrivals: list[Arrival]) -> dict[str, dict[str, Any]]:
    wanted: dict[str, dict[str, Any]] = {}
    for arrival in arrivals:
        message = arrival.message
        post = message if message.external_id == message.thread_id else message.root
        known = wanted.get(message.thread_id)
        if known is None or (post is not None and post.sent_at and not known["posted_at"]):
            wanted[message.thread_id] = _first_post(arrival, post)
    return wanted


def _first_post(arrival: Arrival, post: Any) -> dict[str, Any]:
    message = arrival.message
    author = post.author if post is not None else None
    return {
        "visibility": message.visibility.value,
        "ours": bool(post is not None and (not arrival.inbound if post is message else post.ours)),
        "text": clip(post.text, 20000) if post is not None and message.visibility == "public" else "",
        "author_name": clip(author.name, 300) if author else "",
        "author_handle": clip(author.handle, 120) if author else "",
        "permalink": address(post.permalink) if post is not None else "",
        "attachments": json_text([asdict(a) for a in post.attachments])
        if post is not None and post.attachments
        else "[]",
        "posted_at": post.sent_at if post is not None else None,
    }


def _complete(thread: Thread, facts: dict[str, Any]) -> None:
    for name, value in facts.items():
        setattr(thread, name, json.loads(value) if name == "attachments" else value)
    thread.save(update_fields=[name for name in facts if name != "visibility"])


def lock_conversations(account: ChannelAccount, *, keys: list[str], ids: list[int]) -> dict[str, tuple[Any, ...]]:
    """The conversations of these keys or ids, by key, locked until the page is in."""
    rows = fetch(LOCK.format(where="account_id = %s AND key = ANY(%s)"), [account.pk, sorted(keys)]) if keys else []
    more = sorted(set(ids) - {row[0] for row in rows})
    rows += fetch(LOCK.format(where="id = ANY(%s)"), [more]) if more else []
    return {row[1]: row for row in rows}


def make_conversations(
    arrivals: list[Arrival], *, account: ChannelAccount, threads: dict[str, int], people: dict[str, Person],
    norms: Norms, stream: Stream, keys: Keys, now: datetime,
) -> dict[str, int]:  # fmt: skip
    """New conversations by key, with the row that their messages of this page make."""
    groups: dict[str, list[Arrival]] = {}
    if not arrivals:
        return {}
    for arrival in arrivals:
        assert arrival.place is not None
        groups.setdefault(arrival.place.key, []).append(arrival)
    rows, strangers, made = [], [], {}
    for key in sorted(groups):
        pk, spare = keys.next("inbox_conversation"), 0
        group, first = groups[key], groups[key][0].message
        person = next((people[a.place.person.external_id] for a in group if a.place and a.place.person), None)
        if person is None:
            spare = keys.next("inbox_contact")
            strangers.append((spare, ""))
        summary = summarise([said_of(a, stream, norms, now) for a in group], resolved_at=None)
        answered = summary.waiting_since is None and any(not a.inbound for a in group)
        rows.append(
            (pk, account.brand_id, account.pk, threads[first.thread_id], person.contact_id if person else spare,
             person.identity_id if person else None, key, first.visibility.value, "pending" if answered else "open",
             "", "", "", "", person.followers if person else 0, 0, False, 1,
             *COLUMNS_OF(summary))
        )  # fmt: skip
        made[key] = pk
    copy_contacts(strangers, account=account, now=now)
    columns = ("id", "brand_id", "account_id", "thread_id", "contact_id", "identity_id", "key", "visibility", "status",
               "outcome", "kind", "feeling", "language", "reach", "growth", "close_loop", "version", *SUMMARY)  # fmt: skip
    copy_rows(Conversation, columns, rows)
    return made


def said_of(arrival: Arrival, stream: Stream, norms: Norms, now: datetime) -> Said:
    """A message of the page, as its conversation's row sees it."""
    message: InboundMessage = arrival.message
    proactive, minutes = norms.said(stream.pk, message.visibility.value)
    return Said(message.external_id, arrival.inbound, message.sent_at, now, arrival.text[:300],
                deleted=arrival.deleted_at is not None, target_minutes=minutes, proactive=proactive)  # fmt: skip


def bring_up_to_date(changes: Changes, *, locked: dict[str, tuple[Any, ...]], norms: Norms) -> None:
    """Rows of conversations that were there already, from all their messages; reopened when somebody waits again."""
    rows = {row[0]: row for row in locked.values() if row[0] in changes.touched}
    said = _said(rows, norms)
    updates = []
    for pk in sorted(rows):
        if not said.get(pk):
            continue
        _, _, status, resolved_at, _, _, _ = rows[pk]
        summary = summarise(said[pk], resolved_at=resolved_at)
        new_status = _status(pk, status, waiting=summary.waiting_since is not None, changes=changes)
        person = changes.persons.get(pk)
        updates.append({"id": pk, "status": new_status, **asdict(summary), **(_person(person) if person else {})})
    if updates:
        execute(UPDATE, [records(updates)])
        execute(LABELS, [sorted(rows)])
    strangers = [rows[pk][5] for pk in changes.persons if pk in rows and rows[pk][4] is None]
    if strangers:
        execute(FORGET, [strangers])


def _person(person: Person) -> dict[str, int]:
    return {"identity_id": person.identity_id, "contact_id": person.contact_id, "reach": person.followers}


def _said(rows: dict[int, tuple[Any, ...]], norms: Norms) -> dict[int, list[Said]]:
    said: dict[int, list[Said]] = {}
    if not rows:
        return said
    for (
        pk,
        external_id,
        inbound,
        sent_at,
        stored_at,
        start,
        by_agent,
        on_its_way,
        deleted,
        stream_id,
        message_id,
    ) in fetch(MESSAGES, [sorted(rows)]):
        proactive, minutes = norms.said(stream_id, rows[pk][6])
        said.setdefault(pk, []).append(
            Said(external_id or f"~{message_id}", inbound, sent_at, stored_at, start, by_agent, on_its_way, deleted,
                 minutes, proactive)
        )  # fmt: skip
    return said


def _status(pk: int, status: str, *, waiting: bool, changes: Changes) -> str:
    if waiting and pk in changes.written and status != "open":
        changes.reopened[pk] = status
        return "open"
    if not waiting and pk in changes.answered and status == "open":
        return "pending"
    return status
