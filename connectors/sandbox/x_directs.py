"""Private messages on X: read, written, withdrawn."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from connectors.sandbox import publish
from connectors.sandbox.clock import DAY
from connectors.sandbox.entities import XUser
from connectors.sandbox.world import X_EPOCH
from connectors.sandbox.x_errors import forbidden, invalid, missing, problem
from connectors.sandbox.x_media import own_media
from connectors.sandbox.x_paging import place, size, turned, walk

if TYPE_CHECKING:
    from connectors.sandbox.x_api import Call

Answer = tuple[int, Any]
EVENT_TYPES = {"MessageCreate", "ParticipantsJoin", "ParticipantsLeave"}


def directs(call: Call) -> Answer:
    """All private messages of the caller, newest first, 30 days."""
    return _directs(call, call.who.person("dm.read").id)


def directs_with(call: Call) -> Answer:
    """Those with one person."""
    me_id = call.who.person("dm.read").id
    low, high = sorted((me_id, call.args[0]), key=int)
    return _directs(call, f"{low}-{high}")


def directs_in(call: Call) -> Answer:
    """Those of one conversation, which must be the caller's."""
    me_id = call.who.person("dm.read").id
    if me_id not in _members(call, call.args[0]):
        raise forbidden("You are not permitted to access this conversation.")
    return _directs(call, call.args[0])


def direct(call: Call) -> Answer:
    """One private message."""
    me_id = call.who.person("dm.read").id
    event = call.world.x_directs.get(call.args[0])
    if event is None or event.deleted or me_id not in event.members():
        call.wire.errors.append(missing(call.args[0], resource="dm_event"))
        return 200, call.wire.answer(None)
    return 200, call.wire.answer(call.wire.direct(event))


def _directs(call: Call, key: str) -> Answer:
    count, at = size(call, lowest=1, default=100), place(call)
    oldest = (call.world.clock.now() - 30 * DAY - X_EPOCH) << 22
    wanted = set(filter(None, call.query.get("event_types", "").split(",")))
    for name in wanted - EVENT_TYPES:
        message = f"The `event_types` query parameter value [{name}] is not one of [{','.join(sorted(EVENT_TYPES))}]"
        raise invalid("event_types", name, message)
    events = (
        call.world.x_directs[str(i)] for i in walk(call.world.directs_of.get(key, []), at, low=oldest, high=1 << 63)
    )
    listed = (event for event in events if not event.deleted and (not wanted or event.event_type in wanted))
    shown, meta = turned(list(islice(listed, count + 1)), at, count=count)
    call.read("dm_events", [event.id for event in shown], account=call.who.token.owner)
    return 200, call.wire.answer([call.wire.direct(event) for event in shown], meta=meta)


def send_to(call: Call) -> Answer:
    """A private message to a person."""
    return _send(call, call.args[0])


def send_in(call: Call) -> Answer:
    """A private message in a conversation."""
    me, conversation_id = call.who.person("dm.write"), call.args[0]
    members = _members(call, conversation_id)
    if me.id not in members:
        raise forbidden("You are not permitted to send messages in this conversation.")
    if "-" not in conversation_id:
        return _say(call, me, conversation_id, members, call.body())
    return _send(call, next(user_id for user_id in members if user_id != me.id))


def start_group(call: Call) -> Answer:
    """A conversation of several people, with its first message."""
    me, body = call.who.person("dm.write"), call.body()
    others = [str(item) for item in call.part(body, "participant_ids", list)]
    if body.get("conversation_type") != "Group" or not others:
        raise invalid("conversation_type", str(body.get("conversation_type")), "$.conversation_type: must be Group")
    for other in others:
        if other not in call.world.x_users:
            raise problem(404, "Not Found Error", f"Could not find user with id: [{other}].")
    message = call.part(body, "message", dict)
    group = call.world.ids.snowflake(call.world.clock.now())
    return _say(call, me, group, [me.id, *others], message)


def withdraw(call: Call) -> Answer:
    """Take an own message away, for oneself as X does."""
    me = call.who.person("dm.write")
    event = call.world.x_directs.get(call.args[0])
    if event is None or event.deleted or me.id not in event.members():
        raise problem(404, "Not Found Error", f"Could not find dm_event with id: [{call.args[0]}].")
    event.deleted = True
    call.world.touch("x_directs", event)
    return 200, {"data": {"deleted": True}}


def _members(call: Call, conversation_id: str) -> list[str]:
    if "-" in conversation_id:
        return conversation_id.split("-")
    ids = call.world.directs_of.get(conversation_id, [])
    return call.world.x_directs[str(ids[0])].members() if ids else []


def _send(call: Call, other_id: str) -> Answer:
    me, other = call.who.person("dm.write"), call.world.x_users.get(other_id)
    if other is None:
        raise problem(404, "Not Found Error", f"Could not find user with id: [{other_id}].")
    if not other.dms_open and not _wrote_first(call, me, other):
        raise forbidden("You do not have permission to DM one or more participants.")
    low, high = sorted((me.id, other.id), key=int)
    return _say(call, me, f"{low}-{high}", [me.id, other.id], call.body())


def _say(call: Call, me: XUser, conversation_id: str, members: list[str], body: dict[str, Any]) -> Answer:
    given, text = call.part(body, "attachments", list), call.part(body, "text", str)
    attachments = [str(item.get("media_id")) for item in given if isinstance(item, dict)]
    if not text and not attachments:
        raise invalid("text", "", "$.text: is missing but it is required")
    keys = [own_media(call, me, media_id) for media_id in attachments]
    event = publish.x_direct(
        call.world, sender=me.id, to=members, conversation_id=conversation_id, text=text,
        media_ids=keys, kind="sent", call=call.name,
    )  # fmt: skip
    return 201, {"data": {"dm_conversation_id": event.conversation_id, "dm_event_id": event.id}}


def _wrote_first(call: Call, me: XUser, other: XUser) -> bool:
    low, high = sorted((me.id, other.id), key=int)
    events = (call.world.x_directs[str(key)] for key in call.world.directs_of.get(f"{low}-{high}", []))
    return any(event.sender_id == other.id for event in events)
