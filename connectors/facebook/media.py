"""Pictures, films and files, in the four shapes in which Graph tells of them."""

from __future__ import annotations

from typing import Any, Literal

from connectors.facebook.values import entries, entry, identifier, words
from connectors.types import Attachment

Kind = Literal["image", "video", "gif", "audio", "file", "link", "sticker", "other"]

_STORY_KINDS: dict[str, Kind] = {
    "photo": "image", "cover_photo": "image", "profile_media": "image", "album": "image",
    "new_album": "image",
    "video": "video", "video_inline": "video", "video_autoplay": "video", "video_direct_response": "video",
    "animated_image_share": "gif", "animated_image_video": "gif", "animated_image_autoplay": "gif",
    "sticker": "sticker", "share": "link", "link": "link", "event": "link", "note": "link",
    "file_upload": "file",
}  # fmt: skip
_DELIVERED_KINDS: dict[str, Kind] = {
    "image": "image", "video": "video", "audio": "audio", "file": "file", "fallback": "link",
    "template": "other",
    "reel": "video", "ig_reel": "video", "share": "link", "story_mention": "image", "ig_story": "image",
}  # fmt: skip


def post_attachments(payload: dict[str, Any]) -> tuple[Attachment, ...]:
    """Those of a post: `attachments`, or in older answers `full_picture`, `picture` and `link`."""
    found = [piece for attached in entries(payload.get("attachments")) for piece in story_attachment(attached)]
    picture = words(payload.get("full_picture")) or words(payload.get("picture"))
    if not found and picture:
        found.append(Attachment("image", url=picture))
    if not found and words(payload.get("link")):
        found.append(Attachment("link", url=words(payload["link"]), title=words(payload.get("name"))))
    return tuple(found)


def story_attachment(value: Any) -> tuple[Attachment, ...]:
    """A story attachment: a post's or a comment's; an album comes as its pictures."""
    attached = entry(value)
    if not attached:
        return ()
    inner = entries(attached.get("subattachments"))
    if inner:
        return tuple(piece for part in inner for piece in story_attachment(part))
    media, target = entry(attached.get("media")), entry(attached.get("target"))
    picture = words(entry(media.get("image")).get("src"))
    kind = _STORY_KINDS.get(words(attached.get("type")) or words(attached.get("media_type")), "other")
    page = words(attached.get("url")) or words(target.get("url"))
    shown = picture if kind in {"image", "sticker"} else words(media.get("source")) or page or picture
    return (
        Attachment(
            kind,
            url=shown or page,
            preview_url=picture,
            alt_text=words(attached.get("description")) if kind == "image" else "",
            title=words(attached.get("title")) or words(attached.get("name")),
            external_id=identifier(target.get("id")),
        ),
    )


def message_attachments(payload: dict[str, Any]) -> tuple[Attachment, ...]:
    """Those of a private message: files, shared links and a sticker."""
    found = [_file(entry(item)) for item in entries(payload.get("attachments")) if entry(item)]
    found += [_share(entry(item)) for item in entries(payload.get("shares")) if entry(item)]
    if words(payload.get("sticker")):
        found.append(Attachment("sticker", url=words(payload["sticker"])))
    return tuple(found) + _story(payload.get("story")) + _kept_back(payload, found)


def _story(story: Any) -> tuple[Attachment, ...]:
    """The story that mentions us, or that a message answers."""
    told = entry(entry(story).get("mention")) or entry(entry(story).get("reply_to"))
    url = words(told.get("link")) or words(told.get("url"))
    return (Attachment("link", url=url, external_id=identifier(told.get("id"))),) if told else ()


def _kept_back(message: dict[str, Any], found: list[Attachment]) -> tuple[Attachment, ...]:
    """What Messenger shows and gives no API: something is there, and only there."""
    return (Attachment("other"),) if message.get("is_unsupported") is True and not found else ()


def _template(item: dict[str, Any]) -> str:
    """What a template says: its text, or its first card."""
    card = entry(item.get("elements")) or entry(entry(item.get("generic")).get("elements")) or item
    said = [words(item.get("text")), words(card.get("title")), words(card.get("subtitle"))]
    return " · ".join(dict.fromkeys(filter(None, said)))


def _file(item: dict[str, Any]) -> Attachment:
    image, film = entry(item.get("image_data")), entry(item.get("video_data"))
    name, external_id = words(item.get("name")), identifier(item.get("id"))
    if image:
        gif = words(image.get("animated_gif_url"))
        return Attachment(
            "gif" if gif else "image",
            url=gif or words(image.get("url")),
            preview_url=words(image.get("preview_url")),
            title=name,
            external_id=external_id,
        )
    if film:
        preview = words(film.get("preview_url"))
        return Attachment("video", url=words(film.get("url")), preview_url=preview, title=name, external_id=external_id)
    if template := entry(item.get("generic_template")):
        return Attachment("other", words(template.get("media_url")), title=_template(template), external_id=external_id)
    kind: Kind = "audio" if words(item.get("mime_type")).startswith("audio/") else "file"
    return Attachment(kind, url=words(item.get("file_url")), title=name, external_id=external_id)


def _share(item: dict[str, Any]) -> Attachment:
    if template := entry(item.get("template")):
        return Attachment("other", title=_template(entry(template.get("payload")) or template))
    return Attachment(
        "link",
        url=words(item.get("link")),
        title=words(item.get("name")) or words(item.get("description")),
        external_id=identifier(item.get("id")),
    )


def delivered_attachments(message: dict[str, Any]) -> tuple[Attachment, ...]:
    """Those of a Messenger delivery: `{type, payload: {url, title, sticker_id}}`."""
    found = []
    for item in entries(message.get("attachments")):
        payload = entry(entry(item).get("payload"))
        sticker = identifier(payload.get("sticker_id"))
        kind: Kind = "sticker" if sticker else _DELIVERED_KINDS.get(words(entry(item).get("type")), "other")
        title = words(payload.get("title")) or words(entry(item).get("title")) or _template(payload)
        url = words(payload.get("url")) or words(payload.get("story_media_url")) or words(entry(item).get("url"))
        found.append(Attachment(kind, url=url, title=title, external_id=sticker))
    return tuple(found) + _story({"reply_to": entry(message.get("reply_to")).get("story")}) + _kept_back(message, found)
