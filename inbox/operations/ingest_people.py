"""The people of a page: identities and contacts. A profile that was read earlier never overwrites a later one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.types import Author
from inbox.models import ChannelAccount, Contact, Identity, Tombstone
from inbox.operations.contacts import fingerprint
from inbox.operations.ingest_rows import Keys, copy_rows, execute, fetch, records
from inbox.operations.ingest_text import address, clip

PROFILE = ("handle", "name", "bio", "place", "followers", "verified", "avatar_url", "profile_url")
UPDATE = """
    UPDATE inbox_identity i SET handle = r.handle, name = r.name, bio = r.bio, place = r.place,
        followers = r.followers, verified = r.verified, avatar_url = r.avatar_url, profile_url = r.profile_url,
        seen_at = r.seen_at
    FROM jsonb_to_recordset(%s::jsonb) AS r(id bigint, handle text, name text, bio text, place text, followers bigint,
        verified boolean, avatar_url text, profile_url text, seen_at timestamptz)
    WHERE i.id = r.id AND i.seen_at < r.seen_at"""

KNOWN = f"""
    SELECT external_id, id, contact_id, seen_at, {", ".join(PROFILE)} FROM inbox_identity
    WHERE brand_id = %s AND platform = %s AND external_id = ANY(%s)"""


@dataclass(slots=True)
class Person:
    """An identity as the rest of ingest needs it."""

    identity_id: int
    contact_id: int
    followers: int


def erased(authors: Iterable[Author], *, account: ChannelAccount) -> set[str]:
    """The external ids among these that were erased: nothing of theirs is stored again."""
    marks = Tombstone.objects.filter(brand_id=account.brand_id, platform=account.kind)
    prints = {fingerprint(platform=account.kind, external_id=a.external_id): a.external_id for a in authors}
    return {prints[mark] for mark in marks.filter(fingerprint__in=list(prints)).values_list("fingerprint", flat=True)}


def store_people(
    authors: dict[str, Author], *, account: ChannelAccount, keys: Keys, now: datetime
) -> dict[str, Person]:
    """Identities of these authors by external id: found, refreshed or made."""
    known = fetch(KNOWN, [account.brand_id, account.kind, list(authors)])
    people, changed = {}, []
    for external_id, pk, contact_id, seen_at, *profile in known:
        wanted = _profile(authors[external_id], old=dict(zip(PROFILE, profile, strict=True)))
        people[external_id] = Person(pk, contact_id, wanted["followers"] or 0)
        if seen_at < now and [wanted[name] for name in PROFILE] != profile:
            changed.append({"id": pk, "seen_at": now, **wanted})
    if changed:
        execute(UPDATE, [records(sorted(changed, key=lambda row: row["id"]))])
    fresh = {external_id: author for external_id, author in authors.items() if external_id not in people}
    return people | (_made(fresh, account=account, keys=keys, now=now) if fresh else {})


def _made(authors: dict[str, Author], *, account: ChannelAccount, keys: Keys, now: datetime) -> dict[str, Person]:
    contacts, identities, people = [], [], {}
    for external_id, author in sorted(authors.items()):
        pk, contact = keys.next("inbox_identity"), keys.next("inbox_contact")
        contacts.append((contact, clip(author.name or author.handle, 300)))
        profile = _profile(author, old={})
        identities.append(
            (pk, account.brand_id, contact, account.kind, external_id, "", now, *(profile[n] for n in PROFILE))
        )
        people[external_id] = Person(pk, contact, profile["followers"] or 0)
    copy_contacts(contacts, account=account, now=now)
    columns = ("id", "brand_id", "contact_id", "platform", "external_id", "language", "seen_at", *PROFILE)
    copy_rows(Identity, columns, identities)
    return people


def copy_contacts(rows: list[tuple[int, str]], *, account: ChannelAccount, now: datetime) -> None:
    """Contacts under ids that were taken."""
    columns = ("id", "brand_id", "name", "created_at")
    copy_rows(Contact, columns, [(pk, account.brand_id, name, now) for pk, name in rows])


def _profile(author: Author, *, old: dict[str, Any]) -> dict[str, Any]:
    """What the page says of somebody; what it leaves out stays as it was."""
    said: dict[str, Any] = {
        "handle": clip(author.handle, 120),
        "name": clip(author.name, 300),
        "bio": clip(author.bio, 2000),
        "place": clip(author.place, 300),
        "followers": author.followers,
        "verified": author.verified,
        "avatar_url": address(author.avatar_url),
        "profile_url": address(author.profile_url),
    }
    return {name: old.get(name) if value in ("", None) and name in old else value for name, value in said.items()}
