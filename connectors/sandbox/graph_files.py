"""Files sent to Facebook: photos of a Page, attachments of messages."""

from __future__ import annotations

from typing import Any

from connectors.sandbox import publish
from connectors.sandbox.entities import FbActor
from connectors.sandbox.graph_errors import GraphRefusal
from connectors.sandbox.graph_objects import Viewer

KINDS = {"image": "image/jpeg", "video": "video/mp4", "audio": "audio/mpeg", "file": "application/octet-stream"}


def upload(viewer: Viewer, args: dict[str, Any], *, kind: str = "image") -> dict[str, Any]:
    """Keep a file: one of the multipart body, or an address."""
    given = next((value for value in args.values() if isinstance(value, tuple)), None)
    address = str(args.get("url") or "")
    if given is None and not address.startswith(("http://", "https://")):
        raise GraphRefusal(324, "(#324) Missing or invalid image file")
    if given is not None and not given[2]:
        raise GraphRefusal(100, "(#100) Upload attachment failure.", subcode=2018047)
    number = viewer.world.ids.graph(viewer.world.clock.now())
    file = {
        "id": number, "name": given[0] if given else address.rpartition("/")[2],
        "mime_type": given[1] if given else KINDS[kind], "size": len(given[2]) if given else 0,
        "url": address or f"https://scontent.xx.fbcdn.net/v/{number}.jpg",
    }  # fmt: skip
    viewer.world.uploads[number] = file
    return file


def photo(viewer: Viewer, item: Any, args: dict[str, Any], call: str) -> dict[str, Any]:
    """A photo on the Page; unpublished it can be named in a comment."""
    if not isinstance(item, FbActor):
        raise GraphRefusal(100, "(#100) Unsupported post request.", subcode=33)
    file = upload(viewer, args)
    if str(args.get("published", "true")).lower() in {"false", "0"}:
        return {"id": file["id"]}
    text = str(args.get("caption") or args.get("message") or "")
    shown = [{"type": "photo", "media": {"image": picture(file)}, "url": file["url"], "target": {"id": file["id"]}}]
    post = publish.fb_post(viewer.world, page=item.id, message=text, attachments=shown, kind="sent", call=call)
    return {"id": file["id"], "post_id": post.id}


def picture(file: dict[str, Any]) -> dict[str, Any]:
    """An image as Graph writes it."""
    return {"height": 720, "src": file["url"], "width": 1080}


def of_comment(viewer: Viewer, args: dict[str, Any]) -> dict[str, Any] | None:
    """What a comment carries: an uploaded photo, an address, or a file sent along."""
    if args.get("attachment_id"):
        file = viewer.world.uploads.get(str(args["attachment_id"]))
        if file is None:
            raise GraphRefusal(100, "(#100) Param attachment_id is not a valid photo id")
    elif args.get("attachment_url"):
        file = upload(viewer, {"url": args["attachment_url"]})
    elif any(isinstance(value, tuple) for value in args.values()):
        file = upload(viewer, args)
    else:
        return None
    target = {"id": file["id"], "url": f"https://www.facebook.com/photo.php?fbid={file['id']}"}
    return {"type": "photo", "media": {"image": picture(file)}, "target": target, "url": target["url"]}


def of_message(viewer: Viewer, message: dict[str, Any], args: dict[str, Any]) -> list[dict[str, Any]]:
    """What a message carries: a reusable upload, an address, or a file sent along."""
    given = message.get("attachment")
    if not isinstance(given, dict):
        return []
    kind, payload = str(given.get("type") or "file"), given.get("payload") or {}
    if kind == "template":
        return []
    if kind not in KINDS:
        raise GraphRefusal(100, f"(#100) Param message[attachment][type] must be one of {sorted(KINDS)}")
    if payload.get("attachment_id"):
        file = viewer.world.uploads.get(str(payload["attachment_id"]))
        if file is None:
            raise GraphRefusal(100, "(#100) Invalid attachment_id", subcode=2018074)
    else:
        try:
            file = upload(viewer, {**args, "url": payload.get("url")}, kind=kind)
        except GraphRefusal:
            raise GraphRefusal(100, "(#100) Upload attachment failure.", subcode=2018047) from None
    named = {"id": file["id"], "mime_type": file["mime_type"], "name": file["name"], "size": file["size"]}
    held = {"image": {"image_data": {"url": file["url"], "width": 1080, "height": 720}},
            "video": {"video_data": {"url": file["url"], "width": 1080, "height": 720}}}  # fmt: skip
    return [{**named, **held.get(kind, {"file_url": file["url"]})}]


def reusable(viewer: Viewer, item: Any, args: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    """`message_attachments`: a file to be named in messages."""
    kept = of_message(viewer, message, args)
    if not kept:
        raise GraphRefusal(100, "(#100) Message cannot be empty, must provide valid attachment or text")
    return {"attachment_id": kept[0]["id"]}
