"""A database as it is after two years: millions of messages with believable skew, made inside PostgreSQL."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from django.db import connection

WORDS = (  # noqa: SIM905 - words read as a text
    "trein bus fiets lift station perron vertraging geld terug kaartje app storing klacht vraag help bedankt fijn boos "
    "waarom wanneer hoe laat morgen vandaag gisteren reis zwolle assen groningen leeuwarden utrecht moeder vader kind "
    "rolstoel koffer paraplu tas telefoon betalen rekening abonnement korting spits zitplaats stil omroep scherm "
    "conductrice machinist schoonmaak koud warm vol leeg snel langzaam nooit altijd weer nog steeds eindelijk mooi"
).split()
RARER = [a + b for a in ("kras", "blik", "wolk", "steen", "vlam", "draad", "glans", "schelp", "kurk", "zeil")
         for b in ("boom", "markt", "huis", "tocht", "werk", "dag", "baan", "land", "spel", "kracht")]  # fmt: skip
PEOPLE, POOL = 200_000, 50_000
AGENTS, TEAMS, ACCOUNTS, LABELS = 60, 6, 6, 12  # of the large brand; the last team, account and label have nothing
VIRAL, REGULAR = 20_000, 3_000  # conversations in one thread, and of one person

# The large brand has 97 %, a middling one nearly all the rest, a small one a thousandth.
FILL = """
create unlogged table bench_row as
select n, random() as luck, random() as chance,
  case when n % 1000 < 970 then 0 when n % 1000 < 999 then 1 else 2 end as of_brand,
  case when n % 100 < 88 then 'resolved' when n % 100 < 90 then 'pending' when n % 100 < 92 then 'snoozed'
       else 'open' end as status,
  case when n <= {viral} then 1 else n end as thread,
  case when n % 333 = 0 and n / 333 < {regular} then 1 else 1 + (power(random(), 1.7) * ({people} - 2))::int end as who,
  case when n % 100 < 88 then now() - n % 1000003 * interval '63 seconds'
       else now() - (n % 99991) * interval '17 seconds' end as at
from generate_series(1, {conversations}) n;
insert into inbox_contact (id, brand_id, name, created_at)
select n + b * {people}, {brand} + b, 'Persoon ' || n, now() from generate_series(1, {people}) n, generate_series(0, 2) b;
insert into inbox_identity (id, brand_id, contact_id, platform, external_id, handle, name, bio, place, language, followers,
  verified, avatar_url, profile_url, seen_at)
select n + b * {people}, {brand} + b, n + b * {people}, 'x', 'p' || n, 'reiziger' || n, 'Persoon ' || n, '', '', 'nl',
  (power(random(), 8) * 100000)::int, false, '', '', now() from generate_series(1, {people}) n, generate_series(0, 2) b;
insert into inbox_conversation (id, brand_id, account_id, thread_id, contact_id, identity_id, key, visibility, proactive,
  status, outcome, kind, feeling, language, assignee_id, team_id, snoozed_until, waiting_since, due_at, first_message_at,
  last_message_at, last_inbound_at, last_reply_at, resolved_at, preview, message_count, reach, growth, close_loop, version)
select n, {brand} + of_brand,
  case of_brand when 0 then {account} + least(3, (power(chance, 2) * 4)::int) + case when n % 20011 = 0 then 1 else 0 end
    else {account} + {accounts} + of_brand - 1 end,
  thread, who + of_brand * {people}, who + of_brand * {people}, 'k' || n,
  case when luck < 0.25 then 'private' else 'public' end, luck > 0.93, status,
  case when status = 'resolved' then 'answered' else '' end,
  case when n % 7919 = 0 then 'compliment'
       else (array['question','complaint','complaint','question','','other'])[1 + (luck * 97)::int % 6] end,
  case when n % 10007 = 0 then 'positive' else (array['negative','neutral','negative',''])[1 + (luck * 89)::int % 4] end,
  'nl', case when status = 'resolved' or luck > 0.4 then {agent} + (power(luck, 2) * ({agents} - 1))::int end,
  case when luck < 0.5 then {team} + (luck * 83)::int % ({teams} - 1) end,
  case when status = 'snoozed' then now() + luck * interval '9 days' end,
  case when status = 'open' and n % 10 < 9 then at end, case when status = 'open' then at + interval '30 minutes' end,
  at - interval '1 hour', at, at, at, case when status = 'resolved' then at end, 'Waar blijft de trein van ' || n, 1,
  (power(luck, 8) * 100000)::int, (power(luck, 20) * 400)::int, false, 0
from bench_row;
insert into inbox_thread (id, account_id, external_id, visibility, ours, text, author_name, author_handle, permalink,
  attachments, posted_at)
select thread_id, min(account_id), 't' || thread_id, min(visibility), false, 'Vandaag rijden er minder treinen.', 'Omroep',
  'omroep', '', '[]', min(first_message_at) from inbox_conversation group by thread_id;
insert into inbox_message (conversation_id, account_id, external_id, direction, visibility, identity_id, parent_external_id,
  mode, text, language, permalink, rating, version_id, sent_at, created_at, placeholder, reposts, replies, likes, options)
select c.id, c.account_id, 'm' || c.id || '-' || k, case when k % 2 = 1 then 'in' else 'out' end, c.visibility,
  c.identity_id, '', '', p.text || case when c.id % 97 = 0 then ' zaak' || c.id else '' end, 'nl', '', '', '',
  c.last_message_at - k * interval '11 minutes', now(), false, 0, 0, 0, '{{}}'
from inbox_conversation c
cross join lateral generate_series(1, 1 + least(60, (-ln(1 - random() * 0.9999) * {depth})::int) + (c.id % 3) * 0) k
join bench_pool p on p.id = (c.id * 31 + k * 7919) % {pool};
delete from inbox_message where conversation_id = any(array{special});
insert into inbox_message (conversation_id, account_id, external_id, direction, visibility, identity_id, parent_external_id,
  mode, text, language, permalink, rating, version_id, sent_at, created_at, placeholder, reposts, replies, likes, options)
select c.id, c.account_id, 's' || c.id || '-' || k, case when k % 3 = 0 then 'out' else 'in' end, c.visibility,
  c.identity_id, '', '', 'Bericht ' || k || ' ' || p.text, 'nl', '', '', '', now() - k * interval '1 minute', now(), false,
  0, 0, 0, '{{}}'
from inbox_conversation c
join lateral generate_series(1, case when c.id = {long} then 5000 else 100 end) k on true
join bench_pool p on p.id = k where c.id = any(array{special});
insert into inbox_attachment (message_id, position, kind, url, preview_url, title, alt_text, external_id, content_type, size,
  created_at)
select m.id, k, 'image', 'https://pictures.example/' || m.id || '/' || k, '', '', 'Een lege trein', '', '', 0, now()
from inbox_message m, generate_series(1, 4) k where m.conversation_id = {pictured};
insert into inbox_note (conversation_id, author_id, text, created_at)
select c, {agent} + k, 'Ik heb ze gebeld.', now() - k * interval '7 minutes'
from unnest(array{special}) c, generate_series(1, 5) k;
insert into inbox_activityentry (conversation_id, actor_id, verb, data, at)
select id, assignee_id, 'claimed', '{{}}', last_message_at from inbox_conversation where id % 2 = 0;
insert into inbox_activityentry (conversation_id, actor_id, verb, data, at)
select c, {agent} + k, 'labelled', '{{"names": {{"added": ["label 1"], "removed": []}}}}', now() - k * interval '9 minutes'
from unnest(array{special}) c, generate_series(1, 10) k;
insert into inbox_conversationlabel (conversation_id, label_id, open, last_message_at)
select c.id, {label} + k, c.status = 'open', c.last_message_at from inbox_conversation c, generate_series(0, {labels} - 2) k
where c.brand_id = {brand} and hashint8(c.id * 16 + k) % (3 * power(3, k))::int = 0;
insert into inbox_conversationlabel (conversation_id, label_id, open, last_message_at)
select c.id, l.id, c.status = 'open', c.last_message_at from inbox_conversation c, inbox_label l
where c.id = {labelled} and l.brand_id = {brand} on conflict do nothing;
insert into inbox_notification (agent_id, brand_id, kind, conversation_id, detail, key, created_at, read_at)
select {agent} + id % 7, brand_id, 'mentioned', id, '', 'bench:' || id, last_message_at,
  case when status = 'resolved' then now() end
from inbox_conversation where brand_id = {brand} and id % 501 = 0;
insert into inbox_delivery (message_id, conversation_id, account_id, state, mode, in_reply_to, recipient_id, human_agent,
  due_at, attempts, looks, error_reason, error_detail, part, parts, token, before, "then", created_at)
select distinct on (c.id) m.id, c.id, c.account_id, case when c.id % 3 = 0 then 'failed' else 'sent' end, 'public_reply', '',
  '', false, now(), 1, 0, '', '', 1, 1, gen_random_uuid(), '{{}}', '', now()
from inbox_conversation c join inbox_message m on m.conversation_id = c.id and m.direction = 'out'
where c.id % 1009 = 0 order by c.id, m.id;
update inbox_conversation c set message_count = n, status = 'open', resolved_at = null, outcome = '', waiting_since = now()
from (select conversation_id, count(*) n from inbox_message where conversation_id = any(array{special}) group by 1) m
where c.id = m.conversation_id;
drop table bench_row
"""
SEQUENCES = """
select format('select setval(pg_get_serial_sequence(%L, %L), greatest(1, (select coalesce(max(id), 1) from %I)))',
              table_name, 'id', table_name)
from information_schema.columns
where column_name = 'id' and is_identity = 'YES' and table_name like 'inbox\\_%'
"""


@dataclass(frozen=True)
class Crowd:
    """What stands out in the database, for the benchmarks to ask for."""

    brand: Any
    agent: Any
    accounts: list[Any]
    labels: list[Any]
    teams: list[Any]
    conversations: int
    ordinary: int  # conversations of 100 messages: an ordinary one, one with pictures, one with 200 labels
    pictured: int
    labelled: int
    long: int  # one of 5,000 messages


def known() -> Crowd:
    """The crowd that is there."""
    from inbox.models import Agent, Brand, Conversation

    brand = Brand.objects.get(slug="bench")
    last = Conversation.objects.latest("pk").pk
    ordinary, pictured, labelled, long = special(last)
    return Crowd(
        brand, Agent.objects.order_by("pk")[0], list(brand.accounts.order_by("pk")), list(brand.labels.order_by("pk")),
        list(brand.teams.order_by("pk")), last, ordinary, pictured, labelled, long,
    )  # fmt: skip


def special(conversations: int) -> tuple[int, int, int, int]:
    """Conversations of the large brand that are longer than any other."""
    middle = max(1000, conversations // 2 // 1000 * 1000)
    return middle + 93, middle + 193, middle + 293, middle + 393


def sentences(count: int) -> list[str]:
    """Short texts in which some words are everywhere and others are rare."""
    chance = random.Random(7)
    words = WORDS + RARER
    weights = [1 / (n + 1) for n in range(len(WORDS))] + [0.3 / (n + 1) ** 2 for n in range(len(RARER))]
    return [" ".join(chance.choices(words, weights, k=chance.randint(4, 24))) for _ in range(count)]


def gather(conversations: int, *, messages: int) -> Crowd:
    """Fill the empty database."""
    from inbox.models import Label, Membership, Team
    from tests import builders

    brands = [builders.brand(slug=slug, name=slug.title()) for slug in ("bench", "middling", "little")]
    agents = [builders.agent(brands[0], "lead" if n == 0 else "agent") for n in range(AGENTS)]
    for other in brands[1:]:
        Membership.objects.create(agent=agents[0], brand=other)
    teams = [Team.objects.create(brand=brands[0], name=f"Team {n}") for n in range(TEAMS)]
    agents[0].memberships.get(brand=brands[0]).teams.set(teams[:2])
    accounts = [builders.account(brand) for brand in [*[brands[0]] * ACCOUNTS, *brands[1:]]]
    labels = Label.objects.bulk_create(Label(brand=brands[0], name=f"label {n}") for n in range(200))
    ordinary, pictured, labelled, long = special(conversations)
    facts = {
        "brand": brands[0].pk, "people": PEOPLE, "conversations": conversations, "account": accounts[0].pk,
        "accounts": ACCOUNTS, "pool": POOL, "agent": agents[0].pk, "agents": AGENTS, "team": teams[0].pk, "teams": TEAMS,
        "label": labels[0].pk, "labels": LABELS, "long": long, "pictured": pictured, "labelled": labelled,
        "special": [ordinary, pictured, labelled, long], "depth": max(0.1, messages / conversations - 1),
        "viral": min(VIRAL, conversations // 50), "regular": min(REGULAR, conversations // 333),
    }  # fmt: skip
    _fill(FILL.format(**facts))
    return known()


def _fill(script: str) -> None:
    """Rows first and indexes afterwards, in a fraction of the time."""
    with connection.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")  # the foreign keys are right by construction
        cursor.execute("set maintenance_work_mem = '2GB'")
        cursor.execute("create table bench_pool (id int primary key, text text)")
        cursor.execute("select indexname, indexdef from pg_indexes where schemaname = 'public' and indexdef not like "
                       "'CREATE UNIQUE%' and tablename in ('inbox_message', 'inbox_conversation', 'inbox_identity', "
                       "'inbox_conversationlabel')")  # fmt: skip
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"drop index {name}")
        cursor.execute("insert into bench_pool select ordinality - 1, unnest from unnest(%s::text[]) with ordinality",
                       [sentences(POOL)])  # fmt: skip
        for statement in script.split(";\n"):
            cursor.execute(statement)
        for _, definition in indexes:
            cursor.execute(definition)
        cursor.execute(SEQUENCES)
        for (statement,) in cursor.fetchall():
            cursor.execute(statement)
        cursor.execute("reset session_replication_role")
        cursor.execute("drop table bench_pool")
        cursor.execute("vacuum analyze")
