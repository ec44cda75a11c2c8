"""What a Facebook Page can do, as data. Limits with their sources are in the README."""

from __future__ import annotations

from connectors.types import AttachmentRules, Capabilities, ModeRules, ScopeUse, StreamSpec, Visibility

_PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")
_MEGABYTE = 1024 * 1024
_COMMENT_FILES = AttachmentRules(content_types=_PICTURES, max_bytes=10 * _MEGABYTE, max_count=1)
_MESSAGE_FILES = AttachmentRules(
    content_types=(*_PICTURES, "video/mp4", "audio/mpeg", "audio/mp4", "application/pdf"),
    max_bytes=25 * _MEGABYTE,
    max_count=1,
)
_READ = ("pages_read_engagement", "pages_read_user_content")

CAPABILITIES = Capabilities(
    label="Facebook",
    icon="facebook",
    length_rule="plain",
    modes=(
        ModeRules("public_reply", max_length=8000, attachments=_COMMENT_FILES),
        ModeRules(
            "direct_message",
            max_length=2000,
            attachments=_MESSAGE_FILES,
            window_hours=24,
            human_agent_hours=168,
        ),
        ModeRules("private_reply", max_length=2000, window_hours=168, once_per_message=True),
    ),
    streams=(
        StreamSpec("comments", Visibility.PUBLIC, default_interval=30, min_interval=15, scopes=_READ),
        StreamSpec("visitor_posts", Visibility.PUBLIC, default_interval=120, min_interval=30, scopes=_READ),
        StreamSpec("tagged", Visibility.PUBLIC, default_interval=300, min_interval=60, scopes=_READ),
        StreamSpec("direct", Visibility.PRIVATE, default_interval=20, min_interval=15, scopes=("pages_messaging",)),
        StreamSpec("reviews", Visibility.PUBLIC, default_interval=900, min_interval=60, scopes=_READ),
        StreamSpec(
            "own_posts",
            Visibility.PUBLIC,
            own=True,
            default_interval=300,
            min_interval=60,
            scopes=("pages_read_engagement",),
        ),
    ),
    can_hide=True,
    refresh_batch=50,
    find_sent_after=60,
    scope_uses=(
        ScopeUse("pages_show_list", "read"),
        ScopeUse("pages_read_engagement", "read"),
        ScopeUse("pages_read_user_content", "read"),
        ScopeUse("pages_manage_engagement", "reply"),
        ScopeUse("pages_manage_engagement", "hide"),
        ScopeUse("pages_manage_metadata", "stay_connected"),
        ScopeUse("pages_manage_posts", "delete"),
        ScopeUse("pages_messaging", "direct"),
        ScopeUse("task:MODERATE", "reply"),
        ScopeUse("task:MODERATE", "hide"),
        ScopeUse("task:MESSAGING", "direct"),
    ),
    portal_url="https://developers.facebook.com/apps/",
    # https://developers.facebook.com/docs/messenger-platform/discovery/m-me-links (2025-11)
    message_url="https://m.me/{id}",
)
