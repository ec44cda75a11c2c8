"""Addresses of the inbox, one module an area."""

from inbox.urls import administration, conversation, ledger, outbox, screen

urlpatterns = [
    *screen.urlpatterns,
    *conversation.urlpatterns,
    *outbox.urlpatterns,
    *ledger.urlpatterns,
    *administration.urlpatterns,
]
