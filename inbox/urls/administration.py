"""Accounts, people, library, privacy: what admins and leads arrange."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
