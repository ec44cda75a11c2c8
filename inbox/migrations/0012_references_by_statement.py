"""References of what every page brings are checked for a whole statement at once, instead of row by row.

PostgreSQL looks up each foreign key of each row by itself: a quarter of all that storing a message took. These triggers
promise the same: whoever is referred to exists and is locked against removal until we commit (`for key share`, as
PostgreSQL does it), and nobody who is referred to can be removed. Only reading the many at once is different.
"""

import django.db.models.deletion
from django.db import migrations, models

REFERENCES = {
    "contact": {"brand": "brand"},
    "identity": {"brand": "brand", "contact": "contact"},
    "thread": {"account": "channelaccount"},
    "conversation": {
        "brand": "brand", "account": "channelaccount", "thread": "thread", "contact": "contact", "identity": "identity",
    },
    "message": {
        "conversation": "conversation", "account": "channelaccount", "identity": "identity", "stream": "stream",
    },
    "messagepayload": {"message": "message"},
    "metricwatch": {"message": "message", "account": "channelaccount"},
}  # fmt: skip

FUNCTIONS = """
    create function webcare_refuse(child text, name text, parent text) returns void language plpgsql as $$
    begin
        raise foreign_key_violation using
            message = format('%s.%s refers to what is not in %s', child, name, parent),
            table = child, column = name;
    end $$;

    -- One row that refers to another one from now on. Arguments: column, parent, column, parent, ...
    create function webcare_refers_elsewhere() returns trigger language plpgsql as $$
    declare wanted bigint; found bigint;
    begin
        for i in 0 .. tg_nargs / 2 - 1 loop
            execute format('select ($1).%I', tg_argv[2 * i]) into wanted using new;
            continue when wanted is null;
            execute format('select id from %I where id = $1 for key share', tg_argv[2 * i + 1]) into found using wanted;
            if found is null then
                perform webcare_refuse(tg_table_name, tg_argv[2 * i], tg_argv[2 * i + 1]);
            end if;
        end loop;
        return null;
    end $$;

    -- A row that goes must not be referred to any more. Arguments: child, column, child, column, ...
    create function webcare_referred_to() returns trigger language plpgsql as $$
    declare found bigint;
    begin
        for i in 0 .. tg_nargs / 2 - 1 loop
            execute format('select 1 from %I where %I = $1 limit 1 for key share', tg_argv[2 * i], tg_argv[2 * i + 1])
                into found using old.id;
            if found is not null then
                raise foreign_key_violation using
                    message = format('%s %s is still referred to by %s', tg_table_name, old.id, tg_argv[2 * i]),
                    table = tg_argv[2 * i], column = tg_argv[2 * i + 1];
            end if;
        end loop;
        return null;
    end $$;
"""
CHECK = """
        ids := array(select distinct {column} from fresh where {column} is not null);
        if cardinality(ids) > (select count(*) from (select from {parent} where id = any (ids) for key share) found) then
            perform webcare_refuse('{child}', '{column}', '{parent}');
        end if;"""
CHILD = """
    create function webcare_{child}_refers() returns trigger language plpgsql set enable_seqscan = off as $$
    declare ids bigint[];
    begin{checks}
        return null;
    end $$;
    create trigger refers after insert on {child} referencing new table as fresh
        for each statement execute function webcare_{child}_refers();
    create trigger refers_elsewhere after update of {columns} on {child} for each row
        when (({new}) is distinct from ({old})) execute function webcare_refers_elsewhere({arguments});
"""
PARENT = """
    create constraint trigger referred_to after delete or update of id on {parent} deferrable initially deferred
        for each row execute function webcare_referred_to({arguments});
"""


def _pairs() -> list[tuple[str, str, str]]:
    """Child, column and parent, as the database calls them."""
    return [
        (f"inbox_{child}", f"{name}_id", f"inbox_{parent}")
        for child, named in REFERENCES.items()
        for name, parent in named.items()
    ]


def _quoted(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _child(child: str) -> str:
    mine = [(column, parent) for owner, column, parent in _pairs() if owner == child]
    columns = [column for column, _ in mine]
    return CHILD.format(
        child=child, columns=", ".join(columns),
        checks="".join(CHECK.format(child=child, column=column, parent=parent) for column, parent in mine),
        new="row(" + ", ".join(f"new.{c}" for c in columns) + ")", old="row(" + ", ".join(f"old.{c}" for c in columns) + ")",
        arguments=_quoted([word for pair in mine for word in pair]),
    )  # fmt: skip


def _parent(parent: str) -> str:
    words = [word for child, column, owner in _pairs() if owner == parent for word in (child, column)]
    return PARENT.format(parent=parent, arguments=_quoted(words))


CHILDREN = sorted({child for child, _, _ in _pairs()})
PARENTS = sorted({parent for _, _, parent in _pairs()})
DROPPED = [
    *(f"drop trigger refers on {c}; drop trigger refers_elsewhere on {c}; drop function webcare_{c}_refers();" for c in CHILDREN),
    *(f"drop trigger referred_to on {parent};" for parent in PARENTS),
    "drop function webcare_refers_elsewhere(); drop function webcare_referred_to();",
    "drop function webcare_refuse(text, text, text);",
]  # fmt: skip
CASCADE, PROTECT, SET_NULL = (
    django.db.models.deletion.CASCADE, django.db.models.deletion.PROTECT, django.db.models.deletion.SET_NULL,
)  # fmt: skip


def _field(model: str, name: str, rule: object, related: str, **more: object) -> migrations.AlterField:
    """The field as it was, without PostgreSQL's own constraint."""
    to = f"inbox.{REFERENCES[model][name]}"
    kind = models.OneToOneField if more.get("primary_key") else models.ForeignKey
    return migrations.AlterField(
        model, name, kind(to=to, on_delete=rule, related_name=related, db_constraint=False, **more)
    )


class Migration(migrations.Migration):
    dependencies = [("inbox", "0011_words_by_brand")]

    operations = [
        migrations.RunSQL(
            [FUNCTIONS, *map(_child, CHILDREN), *map(_parent, PARENTS)],
            DROPPED,
        ),
        _field("contact", "brand", CASCADE, "contacts", db_index=False),
        _field("identity", "brand", CASCADE, "+", db_index=False),
        _field("identity", "contact", CASCADE, "identities"),
        _field("thread", "account", PROTECT, "threads", db_index=False),
        _field("conversation", "brand", PROTECT, "conversations", db_index=False),
        _field("conversation", "account", PROTECT, "conversations", db_index=False),
        _field("conversation", "thread", PROTECT, "conversations"),
        _field("conversation", "contact", PROTECT, "conversations", db_index=False),
        _field("conversation", "identity", PROTECT, "conversations", null=True, db_index=False),
        _field("message", "conversation", PROTECT, "messages", db_index=False),
        _field("message", "account", PROTECT, "messages", db_index=False),
        _field("message", "identity", PROTECT, "messages", null=True, db_index=False),
        _field("message", "stream", SET_NULL, "+", null=True, db_index=False),
        _field("messagepayload", "message", CASCADE, "payload", primary_key=True, serialize=False),
        _field("metricwatch", "message", CASCADE, "watch", primary_key=True, serialize=False),
        _field("metricwatch", "account", CASCADE, "+", db_index=False),
    ]
