"""The tables. One module a noun; import from here."""

from inbox.models.activity import ActivityEntry, AuditEntry
from inbox.models.channels import (
    ChannelAccount,
    Gap,
    HourlyCount,
    PlatformApp,
    Poll,
    RateWindow,
    SetAside,
    Stream,
    Usage,
)
from inbox.models.conversations import (
    Attachment,
    Conversation,
    ConversationLabel,
    Draft,
    Label,
    Message,
    MessagePayload,
    MessageVersion,
    Note,
    Thread,
    Vanished,
    Visibility,
)
from inbox.models.deliveries import BulkReply, Delivery, DeliveryAttempt, Hiding
from inbox.models.library import CannedReply, ClosingReason, Notification, View
from inbox.models.people import Contact, ContactNote, Identity, Tombstone
from inbox.models.reach import Exposure, MetricSample, MetricWatch
from inbox.models.search import SearchWord
from inbox.models.teams import Agent, Brand, Invitation, Membership, Team

__all__ = [
    "ActivityEntry", "Agent", "Attachment", "AuditEntry", "Brand", "BulkReply", "CannedReply", "ChannelAccount",
    "ClosingReason", "Contact", "ContactNote", "Conversation", "ConversationLabel", "Delivery", "DeliveryAttempt",
    "Draft", "Exposure", "Gap", "Hiding", "HourlyCount", "Identity", "Invitation", "Label", "Membership", "Message",
    "MessagePayload", "MessageVersion", "MetricSample", "MetricWatch", "Note", "Notification", "PlatformApp", "Poll",
    "RateWindow", "SearchWord", "SetAside", "Stream", "Team", "Thread", "Tombstone", "Usage", "Vanished", "View",
    "Visibility",
]  # fmt: skip
