"""Accounts, people, library, privacy: what admins and leads arrange."""

from django.urls import URLPattern, URLResolver, path

from inbox.views import accounts, audit, brands, connect, library, people, privacy, streams

urlpatterns: list[URLPattern | URLResolver] = [
    path("brands/", brands.brands, name="brands"),
    path("brands/<slug:slug>/settings/", brands.brand_settings, name="brand_settings"),
    # Channel accounts
    path("brands/<slug:slug>/accounts/", accounts.accounts, name="accounts"),
    path("accounts/<int:pk>/", accounts.account, name="account"),
    path("accounts/<int:pk>/pause/", accounts.pause, name="pause_account"),
    path("accounts/<int:pk>/resume/", accounts.resume, name="resume_account"),
    path("accounts/<int:pk>/remove/", accounts.remove, name="remove_account"),
    path("accounts/<int:pk>/reconnect/", connect.reauthorize, name="reconnect_account"),
    path("accounts/<int:pk>/searches/new/", streams.new_search, name="new_search"),
    path("streams/<int:pk>/", streams.search, name="search_stream"),
    path("streams/<int:pk>/switch/", streams.switch, name="switch_stream"),
    path("brands/<slug:slug>/connect/", connect.connect, name="connect"),
    path("brands/<slug:slug>/connect/<slug:kind>/", connect.platform, name="platform"),
    path("brands/<slug:slug>/connect/<slug:kind>/authorize/", connect.authorize, name="authorize"),
    path("brands/<slug:slug>/connect/<slug:kind>/choose/", connect.choose, name="choose"),
    path("brands/<slug:slug>/connect/<slug:kind>/keys/", connect.own_keys, name="own_keys"),
    path("connect/<slug:kind>/callback/", connect.callback, name="connect_callback"),
    # People
    path("brands/<slug:slug>/people/", people.people, name="people"),
    path("brands/<slug:slug>/teams/new/", people.new_team, name="new_team"),
    path("teams/<int:pk>/", people.team, name="team"),
    path("members/<int:pk>/", people.member, name="member"),
    path("members/<int:pk>/remove/", people.remove_member, name="remove_member"),
    path("members/<int:pk>/sign-out/", people.sign_out_member, name="sign_out_member"),
    path("agents/<int:pk>/switch/", people.switch_agent, name="switch_agent"),
    path("invitations/<int:pk>/", people.change_invitation, name="change_invitation"),
    path("join/<str:token>/", people.accept_invitation, name="accept_invitation"),
    # Library
    path("brands/<slug:slug>/library/", library.library, name="library"),
    path("brands/<slug:slug>/labels/new/", library.new_label, name="new_label"),
    path("labels/<int:pk>/", library.label, name="label"),
    path("brands/<slug:slug>/reasons/new/", library.new_reason, name="new_reason"),
    path("reasons/<int:pk>/", library.reason, name="reason"),
    path("brands/<slug:slug>/canned-replies/", library.canned_replies, name="canned_replies"),
    path("brands/<slug:slug>/canned-replies/new/", library.new_canned_reply, name="new_canned_reply"),
    path("canned-replies/<int:pk>/", library.canned_reply, name="canned_reply"),
    # Safety and privacy
    path("brands/<slug:slug>/privacy/", privacy.privacy, name="privacy"),
    path("people/<int:pk>/", privacy.person, name="person"),
    path("people/<int:pk>/export/", privacy.export_person, name="export_person"),
    path("brands/<slug:slug>/audit/", audit.audit, name="audit"),
    path("brands/<slug:slug>/audit/export/", audit.export_audit, name="export_audit"),
]
