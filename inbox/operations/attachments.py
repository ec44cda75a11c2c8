"""Pictures for a reply: type by content, metadata gone, kept privately."""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import PurePath
from typing import IO
from uuid import uuid4

from django.core.files.base import ContentFile
from django.db import transaction
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from inbox.models import Agent, Attachment, Brand
from inbox.operations.changes import Refused

MAX_BYTES = 15 * 1024 * 1024
MAX_PIXELS = 40_000_000
FORMATS = {"JPEG": ("image/jpeg", "jpg"), "PNG": ("image/png", "png"), "GIF": ("image/gif", "gif"),
           "WEBP": ("image/webp", "webp")}  # fmt: skip


def store_upload(
    *, brand: Brand, agent: Agent, upload: IO[bytes], name: str, size: int, alt_text: str = ""
) -> Attachment:
    """Keep an uploaded picture; Refused "file_too_big", "file_type", "file_broken"."""
    if size > MAX_BYTES:
        raise Refused("file_too_big", title=name, limit=MAX_BYTES)
    content, kind = cleaned(upload, name=name)
    content_type, extension = FORMATS[kind]
    title = f"{PurePath(name.replace(chr(92), '/')).stem[:80] or 'image'}.{extension}"
    attachment = Attachment(
        brand=brand, uploaded_by=agent, kind="image", title=title, alt_text=alt_text[:1000],
        content_type=content_type, size=len(content),
    )  # fmt: skip
    attachment.file.save(f"{uuid4()}.{extension}", ContentFile(content), save=False)
    attachment.save()
    return attachment


def cleaned(upload: IO[bytes], *, name: str) -> tuple[bytes, str]:
    """The picture drawn anew, without what its camera or its maker hid in it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(upload, formats=list(FORMATS)) as image:
                if image.width * image.height * getattr(image, "n_frames", 1) > MAX_PIXELS:
                    raise Refused("file_too_big", title=name, limit=MAX_BYTES)
                return _drawn(image), image.format or "PNG"
    except UnidentifiedImageError:
        raise Refused("file_type", title=name) from None
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise Refused("file_broken", title=name) from None


def _drawn(image: Image.Image) -> bytes:
    out, kind = BytesIO(), image.format
    if kind == "GIF" and getattr(image, "n_frames", 1) > 1:
        frames = [frame.convert("RGBA") for frame in ImageSequence.Iterator(image)]
        frames[0].save(
            out, "GIF", save_all=True, append_images=frames[1:], loop=0, duration=image.info.get("duration", 100)
        )
        return out.getvalue()
    upright = ImageOps.exif_transpose(image)
    mode = (
        "RGB" if kind == "JPEG" else "RGBA" if "transparency" in image.info or image.mode in {"RGBA", "LA"} else "RGB"
    )
    bare = Image.new(mode, upright.size)
    bare.paste(upright.convert(mode))
    bare.save(out, kind or "PNG", **({"quality": 90} if kind in {"JPEG", "WEBP"} else {}))
    return out.getvalue()


@transaction.atomic
def describe(*, attachment: Attachment, alt_text: str) -> None:
    """Say what the picture shows, for those who cannot see it."""
    Attachment.objects.filter(pk=attachment.pk, message=None).update(alt_text=alt_text[:1000])


@transaction.atomic
def remove(*, attachment: Attachment) -> bool:
    """Throw away a file that was not sent."""
    mine = Attachment.objects.select_for_update().filter(pk=attachment.pk, message=None).first()
    if mine is None:
        return False
    mine.delete()
    transaction.on_commit(lambda: attachment.file.delete(save=False))
    return True
