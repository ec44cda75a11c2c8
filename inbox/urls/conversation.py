"""One conversation: reading it, and everything one does with it."""

from django.urls import URLPattern, URLResolver, path

from inbox.views import actions, conversation

ACTIONS = {
    "claim": actions.claim, "take_over": actions.take_over, "release": actions.release, "assign": actions.assign,
    "label": actions.label, "snooze": actions.snooze, "resolve": actions.resolve, "reopen": actions.reopen,
    "kind": actions.kind, "feeling": actions.feeling, "note": actions.note, "undo": actions.undo,
    "contact_note": actions.contact_note, "presence": conversation.presence, "leave": conversation.leave,
}  # fmt: skip

urlpatterns: list[URLPattern | URLResolver] = [
    path("conversations/<int:pk>/", conversation.show, name="conversation"),
    path("conversations/<int:pk>/earlier/", conversation.earlier, name="earlier"),
    path("conversations/<int:pk>/assign_menu/", conversation.assign_menu, name="assign_menu"),
    *[path(f"conversations/<int:pk>/{name}/", view, name=name) for name, view in ACTIONS.items()],
]
