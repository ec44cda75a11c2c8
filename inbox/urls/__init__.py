"""Addresses of the inbox, one module an area."""

from inbox.urls import administration, ledger, outbox, screen

urlpatterns = [*screen.urlpatterns, *outbox.urlpatterns, *ledger.urlpatterns, *administration.urlpatterns]
