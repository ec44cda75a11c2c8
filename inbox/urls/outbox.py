"""Writing and sending: composer, drafts, deliveries, attachments, bulk replies."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
