"""A database as it is after two years: millions of messages with believable skew, made inside PostgreSQL."""

from __future__ import annotations

import random
from typing import Any

from django.db import connection

WORDS = (  # noqa: SIM905 - words read as a text
    "trein bus fiets lift station perron vertraging geld terug kaartje app storing klacht vraag help bedankt fijn boos "
    "waarom wanneer hoe laat morgen vandaag gisteren reis zwolle assen groningen leeuwarden utrecht moeder vader kind "
    "rolstoel koffer paraplu tas telefoon betalen rekening abonnement korting spits zitplaats stil omroep scherm "
    "conductrice machinist schoonmaak koud warm vol leeg snel langzaam nooit altijd weer nog steeds eindelijk mooi"
).split()
PEOPLE, POOL = 200_000, 20_000
DROPPED = ("message_search", "message_newest")

FILL = """
insert into inbox_contact (id, brand_id, name, created_at)
select n, {brand}, 'Persoon ' || n, now() from generate_series(1, {people}) n;
insert into inbox_identity (id, brand_id, contact_id, platform, external_id, handle, name, bio, place, language, followers,
  verified, avatar_url, profile_url, seen_at)
select n, {brand}, n, 'x', 'p' || n, 'reiziger' || n, 'Persoon ' || n, '', '', 'nl', (power(random(), 8) * 100000)::int,
  false, '', '', now() from generate_series(1, {people}) n;
insert into inbox_thread (id, account_id, external_id, visibility, ours, text, author_name, author_handle, permalink,
  attachments)
select n, {account} + (power(random(), 2) * 4)::int % 4, 't' || n, 'public', false, '', '', '', '', '[]'
from generate_series(1, {conversations}) n;
insert into inbox_conversation (id, brand_id, account_id, thread_id, contact_id, identity_id, key, visibility, proactive,
  status, outcome, kind, feeling, language, assignee_id, team_id, snoozed_until, waiting_since, due_at, first_message_at,
  last_message_at, last_inbound_at, preview, message_count, reach, growth, close_loop, version)
select n, {brand}, t.account_id, n, who, who, 'k' || n, case when luck < 0.25 then 'private' else 'public' end,
  luck > 0.93, status, '', (array['question','complaint','complaint','question','','other','compliment'])[1 + (luck * 97)::int % 7],
  (array['negative','neutral','positive',''])[1 + (luck * 89)::int % 4], 'nl',
  case when status = 'resolved' or luck > 0.4 then {agent} + (luck * 991)::int % {agents} end,
  case when luck < 0.5 then {team} + (luck * 83)::int % 6 end,
  case when status = 'snoozed' then now() + luck * interval '9 days' end,
  case when status = 'open' then at end, case when status = 'open' then at + interval '30 minutes' end,
  at - interval '1 hour', at, at, 'Waar blijft de trein van ' || n, 1, (power(luck, 8) * 100000)::int,
  (power(luck, 20) * 400)::int, false, 0
from (
  select n, random() as luck, 1 + (power(random(), 1.7) * ({people} - 1))::int as who,
    case when n % 100 < 97 then 'resolved' when n % 100 = 97 then 'pending'
         when n % 200 = 98 then 'snoozed' else 'open' end as status,
    case when n % 100 < 97 then now() - n % 1000003 * interval '63 seconds'
         else now() - (n % 9973) * interval '17 seconds' end as at
  from generate_series(1, {conversations}) n) made
join inbox_thread t on t.id = n;
insert into inbox_message (conversation_id, account_id, external_id, direction, visibility, identity_id, parent_external_id,
  mode, text, language, permalink, rating, version_id, sent_at, created_at, placeholder, reposts, replies, likes, options)
select c.id, c.account_id, 'm' || c.id || '-' || k, case when k % 2 = 1 then 'in' else 'out' end, c.visibility,
  c.identity_id, '', '', p.text || case when c.id % 97 = 0 then ' zaak' || c.id else '' end, 'nl', '', '', '',
  c.last_message_at - k * interval '11 minutes', now(), false, 0, 0, 0, '{{}}'
from inbox_conversation c
cross join lateral generate_series(1, 1 + least(60, (-ln(1 - random() * 0.9999) * {depth})::int) + (c.id % 3) * 0) k
join bench_pool p on p.id = (c.id * 31 + k * 7919) % {pool};
insert into inbox_message (conversation_id, account_id, external_id, direction, visibility, identity_id, parent_external_id,
  mode, text, language, permalink, rating, version_id, sent_at, created_at, placeholder, reposts, replies, likes, options)
select c.id, c.account_id, 'long-' || k, 'in', c.visibility, c.identity_id, '', '', 'Bericht ' || k, 'nl', '', '', '',
  now() - k * interval '1 minute', now(), false, 0, 0, 0, '{{}}'
from inbox_conversation c, generate_series(1, 5000) k where c.id = {long};
insert into inbox_conversationlabel (conversation_id, label_id, open, last_message_at)
select id, {label} + id % 8, status = 'open', last_message_at from inbox_conversation where id % 3 = 0;
"""


def sentences(count: int) -> list[str]:
    """Short texts in which some words are everywhere and others are rare."""
    chance = random.Random(7)
    weights = [1 / (n + 1) for n in range(len(WORDS))]
    return [" ".join(chance.choices(WORDS, weights, k=chance.randint(4, 24))) for _ in range(count)]


def gather(conversations: int, *, messages: int) -> dict[str, Any]:
    """Fill the database; the numbers the benchmark asks by."""
    from inbox.models import Label, Team
    from tests import builders

    brand = builders.brand(slug="bench", name="Bench")
    agents = [builders.agent(brand, "lead" if n == 0 else "agent") for n in range(60)]
    teams = [Team.objects.create(brand=brand, name=f"Team {n}") for n in range(6)]
    agents[0].memberships.get().teams.set(teams[:2])
    accounts = [builders.account(brand) for _ in range(4)]
    labels = [Label.objects.create(brand=brand, name=f"label {n}") for n in range(8)]
    long = max(1, conversations // 2 // 100 * 100 + 99)
    facts = {
        "brand": brand.pk, "people": PEOPLE, "conversations": conversations, "account": accounts[0].pk, "pool": POOL,
        "agent": agents[0].pk, "agents": len(agents), "team": teams[0].pk, "label": labels[0].pk, "long": long,
        "depth": max(0.1, messages / conversations - 1),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("create table bench_pool (id int primary key, text text)")
        cursor.execute("select indexname, indexdef from pg_indexes where indexname = any(%s)", [list(DROPPED)])
        definitions = dict(cursor.fetchall())
        for name in definitions:
            cursor.execute(f"drop index {name}")
        cursor.execute("insert into bench_pool select ordinality - 1, unnest from unnest(%s::text[]) with ordinality",
                       [sentences(POOL)])  # fmt: skip
        for statement in FILL.format(**facts).split(";\n"):
            if statement.strip():
                cursor.execute(statement)
        for definition in definitions.values():
            cursor.execute(definition)
        cursor.execute("update inbox_conversation c set message_count = 5000 where id = %s", [long])
        cursor.execute("vacuum analyze")
    return {"brand": brand, "agent": agents[0], "account": accounts[0], "label": labels[0], "long": long}
