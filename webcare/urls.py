"""Addresses."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from connectors.sandbox.pages import FOR_PEOPLE
from inbox.views.errors import not_offered
from webcare import health
from webcare.sandbox_pages import sandbox_page

urlpatterns = [
    *([re_path(FOR_PEOPLE, sandbox_page)] if settings.SANDBOX_URL else []),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    # What would pass by our limits and the audit trail, or what an invitation has made needless
    re_path(r"^(?:support/password_change|account/(?:email|confirm-email|login/code))/", not_offered, name="gone"),
    path("support/logout/", RedirectView.as_view(pattern_name="account_logout"), name="support_logout"),
    path("support/", admin.site.urls),
    path("account/", include("allauth.urls")),
    path("", include("inbox.urls")),
]
handler400 = "inbox.views.errors.bad_request"
handler403 = "inbox.views.errors.permission_denied"
handler404 = "inbox.views.errors.not_found"
handler429 = "inbox.views.errors.too_often"  # allauth's name for it
handler500 = "inbox.views.errors.server_error"
