"""Photos from people nobody may trace: drawn anew, so that nothing but the picture is left."""

from io import BytesIO
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from models.errors import UserError

SIDE: Final = 1600
"""Pixels of the longer side at most."""
PIXELS: Final = 60_000_000
"""More than any telephone takes; beyond it a small file may unfold to gigabytes."""
FORMATS: Final = ("JPEG", "PNG", "WEBP")


def cleaned(data: bytes) -> bytes:
    """The same picture as a JPEG without metadata; ``UserError`` for what is no photo.

    Takes some hundred milliseconds of a core: call it in a thread.
    """
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as photo:
            if photo.width * photo.height > PIXELS:
                raise UserError("anonymous.photo_large")
            photo.draft("RGB", (SIDE, SIDE))
            upright = ImageOps.exif_transpose(photo).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        raise UserError("anonymous.photo_kind") from None
    upright.thumbnail((SIDE, SIDE))
    bare = Image.new("RGB", upright.size)
    bare.paste(upright)
    out = BytesIO()
    bare.save(out, "JPEG", quality=82, optimize=True)
    return out.getvalue()
