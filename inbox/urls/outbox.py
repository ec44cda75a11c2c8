"""Writing and sending: composer, drafts, deliveries, attachments, bulk replies, hiding."""

from django.urls import URLPattern, URLResolver, path

from inbox.views import hiding, outbox, outbox_bulk, outbox_deliveries, outbox_files

urlpatterns: list[URLPattern | URLResolver] = [
    path("outbox/conversations/<int:pk>/composer/", outbox.composer, name="composer"),
    path("outbox/conversations/<int:pk>/reply/", outbox.reply, name="reply"),
    path("outbox/conversations/<int:pk>/draft/", outbox.draft, name="draft"),
    path("outbox/conversations/<int:pk>/handoff/", outbox.hand_off, name="hand_off"),
    path("outbox/conversations/<int:pk>/invite/", outbox.invite, name="invite"),
    path("outbox/conversations/<int:pk>/close-loop/", outbox.close_loop, name="close_loop"),
    path("outbox/conversations/<int:pk>/files/", outbox_files.upload, name="upload"),
    path("outbox/deliveries/<int:pk>/state/", outbox_deliveries.state, name="delivery"),
    path("outbox/deliveries/<int:pk>/do/<slug:action>/", outbox_deliveries.decide, name="delivery_action"),
    path("outbox/<slug:brand>/minded/", outbox_deliveries.minded_page, name="minded"),
    path("outbox/<slug:brand>/approvals/", outbox_deliveries.approvals_page, name="approvals"),
    path("outbox/<slug:brand>/bulk/", outbox_bulk.new, name="bulk"),
    path("outbox/<slug:brand>/bulk/<int:pk>/", outbox_bulk.result, name="bulk_result"),
    path("outbox/<slug:brand>/bulk/<int:pk>/stop/", outbox_bulk.stop_one, name="bulk_stop"),
    path("messages/<int:pk>/hide/", hiding.hide, name="hide"),
    path("messages/<int:pk>/show/", hiding.show, name="show"),
    path("attachments/<int:pk>/", outbox_files.attachment, name="attachment"),
    path("attachments/<int:pk>/change/", outbox_files.change, name="attachment_change"),
]
