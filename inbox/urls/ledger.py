"""The ledger: nothing missed, and the proof."""

from django.urls import URLPattern, URLResolver, path

from inbox.views import ledger

urlpatterns: list[URLPattern | URLResolver] = [
    path("brands/<slug:slug>/ledger/", ledger.ledger, name="ledger"),
    path("brands/<slug:slug>/ledger.csv", ledger.export, name="ledger_export"),
    path("set-aside/<int:pk>/retry/", ledger.retry, name="retry_set_aside"),
    path("set-aside/<int:pk>/put-away/", ledger.put_away, name="put_away_set_aside"),
]
