"""A conversation that just came in is in no index of what it has not got yet: who has it, its kind, its feeling."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

NEWEST = ["last_message_at", "id"]
WAITING = ["waiting_since", "id"]
SMALLER = [
    ("conv_mine", ["assignee", *WAITING], "conv_open_assignee", Q(status="open", assignee__isnull=False)),
    ("conv_team", ["team", *WAITING], "conv_open_team", Q(status="open", team__isnull=False)),
    ("conv_kind_newest", ["brand", "kind", *NEWEST], "conv_by_kind", ~Q(kind="")),
    ("conv_feeling_newest", ["brand", "feeling", *NEWEST], "conv_by_feeling", ~Q(feeling="")),
    ("conv_assignee_newest", ["assignee", *NEWEST], "conv_by_assignee", Q(assignee__isnull=False)),
    ("conv_team_newest", ["team", *NEWEST], "conv_by_team", Q(team__isnull=False)),
]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inbox", "0016_text_payloads")]

    operations = [
        operation
        for old, fields, name, condition in SMALLER
        for operation in (
            AddIndexConcurrently("conversation", models.Index(fields=fields, name=name, condition=condition)),
            RemoveIndexConcurrently("conversation", old),
        )
    ]
