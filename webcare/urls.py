"""Addresses."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path

from connectors.sandbox.pages import FOR_PEOPLE
from webcare import health
from webcare.sandbox_pages import sandbox_page

urlpatterns = [
    *([re_path(FOR_PEOPLE, sandbox_page)] if settings.SANDBOX_URL else []),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("support/", admin.site.urls),
    path("account/", include("allauth.urls")),
    path("", include("inbox.urls")),
]
handler400 = "inbox.views.errors.bad_request"
handler403 = "inbox.views.errors.permission_denied"
handler404 = "inbox.views.errors.not_found"
handler500 = "inbox.views.errors.server_error"
