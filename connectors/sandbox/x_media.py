"""Uploads to X, in one go or in pieces, as version 2 does it now, did it before, and as version 1.1 did it."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connectors.sandbox import publish
from connectors.sandbox.entities import XMedia, XUser
from connectors.sandbox.x_errors import invalid, problem

if TYPE_CHECKING:
    from connectors.sandbox.x_api import Call

Answer = tuple[int, Any]
LIFE = 86_400  # seconds until an upload that no post uses is thrown away
LARGEST = {"photo": 5 << 20, "animated_gif": 15 << 20, "video": 512 << 20}


@dataclass
class Upload:
    """A file that is coming in."""

    owner: str
    kind: str
    media_type: str
    total: int
    parts: dict[int, int] = field(default_factory=dict)  # sizes by segment
    asked: bool = False  # whether somebody looked since it was complete


def own_media(call: Call, me: XUser, media_id: str) -> str:
    """The key of an upload of the caller's."""
    for prefix in (3, 7, 13, 16):
        media = call.world.x_media.get(f"{prefix}_{media_id}")
        if media is not None and media.owner == me.id:
            return media.media_key
    raise invalid("media.media_ids", media_id, "Your media IDs are invalid.")


def upload(call: Call) -> Answer:
    """A file in one go, in the multipart body or as base64; `command` is the older way in pieces."""
    form = call.request.form()
    command = str(form.get("command", "")).upper()
    if command:
        return _COMMANDS.get(command, _unknown)(call)
    me = call.who.person("media.write")
    if not form.get("media_category"):
        raise invalid("media_category", "", "$.media_category: is missing but it is required")
    size = _length(form)
    media = finished(call, me, Upload(me.id, _kind(form), str(form.get("media_type", "")), size, {0: size}))
    return 200, {"data": _told(media, size)}


def _unknown(call: Call) -> Answer:
    raise invalid("command", str(call.request.form().get("command")), "command: must be one of INIT,APPEND,FINALIZE")


def _length(form: dict[str, Any]) -> int:
    """How many bytes came; `media` is a file or base64."""
    given = form.get("media") or form.get("media_data")
    if not given:
        raise invalid("media", "", "$.media: is missing but it is required")
    if isinstance(given, tuple):
        return len(given[2])
    try:
        return len(base64.b64decode(str(given)))
    except ValueError:
        return len(str(given))


def _kind(form: dict[str, Any]) -> str:
    told = f"{form.get('media_category', '')} {form.get('media_type', '')}"
    return "animated_gif" if "gif" in told else "video" if "video" in told else "photo"


def finished(call: Call, me: XUser, given: Upload, media_id: str = "") -> XMedia:
    """The upload as a picture or film that a post can carry."""
    size = sum(given.parts.values())
    if size > LARGEST[given.kind]:
        message = f"The size of the media [{size}] exceeds the limit [{LARGEST[given.kind]}]"
        raise problem(413, "Payload Too Large", message)
    prefix = {"photo": 3, "animated_gif": 16, "video": 7}[given.kind]
    number = media_id or call.world.ids.snowflake(call.world.clock.now() + len(call.world.x_media) + 1)
    return publish.x_media(call.world, {"type": given.kind, "media_key": f"{prefix}_{number}"}, owner=me.id)


def _told(media: XMedia, size: int) -> dict[str, Any]:
    number = media.media_key.partition("_")[2]
    return {"id": number, "media_key": media.media_key, "size": size, "expires_after_secs": LIFE}


def initialize(call: Call) -> Answer:
    """The first of three steps."""
    me, form = call.who.person("media.write"), call.request.form()
    total = str(form.get("total_bytes", ""))
    if not total.isdecimal() or not form.get("media_type"):
        name = "media_type" if total.isdecimal() else "total_bytes"
        raise invalid(name, total, f"$.{name}: is missing but it is required")
    number = call.world.ids.snowflake(call.world.clock.now() + len(call.world.uploads) + 2)
    kind = _kind(form)
    call.world.uploads[number] = Upload(me.id, kind, str(form["media_type"]), int(total))
    prefix = {"photo": 3, "animated_gif": 16, "video": 7}[kind]
    return 200, {"data": {"id": number, "media_key": f"{prefix}_{number}", "expires_after_secs": LIFE}}


def _open(call: Call, me: XUser, media_id: str) -> Upload:
    found: Upload | None = call.world.uploads.get(media_id)
    if found is None or found.owner != me.id:
        raise invalid("id", media_id, f"Invalid media id: [{media_id}].")
    return found


def append(call: Call) -> Answer:
    """A piece of the file; the same piece again replaces it."""
    form = call.request.form()
    found = _open(call, call.who.person("media.write"), call.args[0] if call.args else str(form.get("media_id")))
    segment = str(form.get("segment_index", ""))
    if not segment.isdecimal() or int(segment) > 999:
        raise invalid("segment_index", segment, "$.segment_index: must be between 0 and 999")
    found.parts[int(segment)] = _length(form)
    return 200, {"data": {"expires_at": call.world.clock.now() // 1000 + LIFE}}


def finalize(call: Call) -> Answer:
    """The last step: all pieces are there, or it is refused."""
    me = call.who.person("media.write")
    media_id = call.args[0] if call.args else str(call.request.form().get("media_id"))
    found = _open(call, me, media_id)
    if sum(found.parts.values()) != found.total:
        raise invalid("id", media_id, f"Invalid request: {sum(found.parts.values())} of {found.total} bytes arrived.")
    media = finished(call, me, found, media_id)
    told = _told(media, found.total)
    if found.kind != "photo":
        told["processing_info"] = {"state": "pending", "check_after_secs": 1}
    return 200, {"data": told}


def status(call: Call) -> Answer:
    """How far the platform is with a film."""
    me, media_id = call.who.person("media.write"), call.query.get("media_id", "")
    found = _open(call, me, media_id)
    told = _told(call.world.x_media[own_media(call, me, media_id)], found.total)
    state: dict[str, Any] = {"state": "succeeded", "progress_percent": 100}
    if not found.asked and found.kind == "video":
        state = {"state": "in_progress", "check_after_secs": 1, "progress_percent": 50}
    found.asked = True
    return 200, {"data": {**told, "processing_info": state}}


_COMMANDS = {"INIT": initialize, "APPEND": append, "FINALIZE": finalize}


def describe(call: Call) -> Answer:
    """Words for who cannot see the picture."""
    me, body = call.who.person("media.write"), call.body()
    media_id = str(body.get("id") or body.get("media_id") or "")
    media = call.world.x_media[own_media(call, me, media_id)]
    told = body.get("metadata") or body
    text = str((told.get("alt_text") or {}).get("text", ""))
    if len(text) > 1000:
        raise invalid("metadata.alt_text.text", text, "$.metadata.alt_text.text: must be at most 1000 characters long")
    media.alt_text = text
    call.world.touch("x_media", media)
    return 200, {"data": {"id": media_id, "associated_metadata": {"alt_text": {"text": text}}}}
