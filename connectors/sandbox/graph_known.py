"""Names Meta lists for v24 that this world has nothing to say about: asked for, they are left out of the answer."""

from __future__ import annotations

from connectors.sandbox.entities import FbActor, FbComment, FbConversation, FbMessage, FbPost, FbReview

# After github.com/facebook/facebook-business-sdk-codegen (2026-10) and Meta's references of each node
FIELDS: dict[type, frozenset[str]] = {
    FbPost: frozenset(
        ["actions", "admin_creator", "allowed_advertising_objectives", "application", "backdated_time", "call_to_action", "can_reply_privately", "child_attachments", "comments_mirroring_domain", "coordinates", "event", "expanded_height", "expanded_width", "feed_targeting", "height", "icon", "instagram_eligibility", "is_app_share", "is_eligible_for_promotion", "is_expired", "is_inline_created", "is_instagram_eligible", "is_popular", "multi_share_end_card", "multi_share_optimized", "object_id", "picture", "place", "privacy", "promotable_id", "promotion_status", "properties", "scheduled_publish_time", "sponsor_tags", "story_tags", "subscribed", "target", "targeting", "timeline_visibility", "via", "video_buying_eligibility", "width"]
    ),
    FbComment: frozenset(["admin_creator", "application", "live_broadcast_timestamp"]),
    FbConversation: frozenset(
        ["folder", "former_participants", "is_owner", "linked_group", "name", "scoped_thread_key", "subject", "tags", "wallpaper"]
    ),
    FbMessage: frozenset(["is_unsupported", "reactions", "reply_to", "story", "subject", "is_echo"]),
    FbReview: frozenset(),
    FbActor: frozenset(
        ["best_page", "bio", "birthday", "business", "can_checkin", "can_post", "category_list", "checkins", "company_overview", "connected_instagram_account", "contact_address", "country_page_likes", "cover", "current_location", "description", "description_html", "display_subtext", "displayed_message_response_time", "email", "emails", "engagement", "features", "founded", "gender", "general_info", "global_brand_page_name", "global_brand_root_id", "has_added_app", "has_transitioned_to_new_page_experience", "has_whatsapp_number", "hometown", "hours", "impressum", "instagram_business_account", "is_always_open", "is_community_page", "is_messenger_bot_get_started_enabled", "is_messenger_platform_bot", "is_owned", "is_permanently_closed", "is_published", "is_unclaimed", "is_verified", "is_webhooks_subscribed", "keywords", "leadgen_tos_accepted", "locale", "location", "members", "merchant_id", "middle_name", "mission", "name_format", "name_with_location_descriptor", "network", "new_like_count", "offer_eligible", "overall_star_rating", "owner_business", "page_token", "parent_page", "parking", "payment_options", "personal_info", "phone", "place_type", "preferred_audience", "press_contact", "price_range", "privacy_info_url", "products", "promotion_eligible", "public_transit", "rating_count", "restaurant_services", "short_name", "single_line_address", "start_info", "store_number", "supports_instant_articles", "talking_about_count", "timezone", "unread_message_count", "unread_notif_count", "unseen_message_count", "verification_status", "voip_info", "website", "were_here_count", "whatsapp_number"]
    ),
}
# Edges that exist and are empty here
EDGES: dict[type, frozenset[str]] = {
    FbPost: frozenset(["attachments", "dynamic_posts", "insights", "sharedposts", "sponsor_tags", "to"]),
    FbComment: frozenset({"private_replies"}),
    FbConversation: frozenset(),
    FbMessage: frozenset(["attachments", "reactions", "shares"]),
    FbReview: frozenset(),
    FbActor: frozenset(
        ["ads_posts", "agencies", "albums", "assigned_users", "blocked", "call_to_actions", "custom_labels", "events", "indexed_videos", "insights", "instagram_accounts", "leadgen_forms", "likes", "live_videos", "locations", "message_templates", "messaging_feature_review", "messenger_profile", "personas", "photos", "roles", "scheduled_posts", "settings", "stories", "tabs", "thread_owner", "video_lists", "video_reels", "videos"]
    ),
}
