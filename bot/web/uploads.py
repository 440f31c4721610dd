"""Photos that come with a form on a page: into the sender's tray, like those sent in chat."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from PIL import Image
from sqlalchemy.orm import Session

from models.attachment import Attachment, FileState, store_blob
from models.errors import UserError
from models.forms.typed import normal
from models.person import member_by_userid
from models.secrecy import secrecy_mark

MOST = 10
"""Megabytes of one photo."""
KINDS = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"RIFF": "image/webp",
}
ZIP = b"PK\x03\x04"
OFFICE = "application/vnd.openxmlformats-officedocument"
"""Office files; what is in them is looked at by whoever wants one."""


FORMATS = ("JPEG", "PNG", "WEBP")
PIXELS = 80_000_000
"""The largest cameras of phones take fifty million."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One file as a browser sends it."""

    name: str
    data: bytes


def kind_of(upload: Upload, accept: str = "") -> str:
    """The media type by the first bytes; what is not wanted, marked or too large is refused."""
    if mark := secrecy_mark(normal(upload.name)):
        raise UserError("error.secret", mark=mark)
    if len(upload.data) > MOST * 2**20:
        raise UserError("web.photo_size", name=upload.name, most=MOST)
    if accept:
        if upload.data.startswith(ZIP) and upload.name.lower().endswith(f".{accept}"):
            return OFFICE
        raise UserError("web.file_kind", name=upload.name, accept=accept)
    for magic, kind in KINDS.items():
        if upload.data.startswith(magic) and (kind != "image/webp" or upload.data[8:12] == b"WEBP"):
            _look_into(upload)
            return kind
    raise UserError("web.photo_kind", name=upload.name)


def _look_into(upload: Upload) -> None:
    """A photo is whole and small enough to be shown; its first bytes hide nothing else."""
    try:
        with Image.open(BytesIO(upload.data), formats=FORMATS) as image:
            if image.width * image.height > PIXELS:
                raise UserError("web.photo_size", name=upload.name, most=MOST)
            image.verify()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError("web.photo_broken", name=upload.name) from error


def keep_uploads(
    session: Session,
    userid: str,
    uploads: Sequence[Upload],
    kinds: Sequence[str],
    now: datetime,
) -> list[int]:
    """Store photos or files (with their media types) in the tray of their sender. Ids."""
    member = member_by_userid(session, userid)
    if member is None:
        raise UserError("error.stranger")
    rows = [
        Attachment(
            person_id=member.id,
            name=upload.name[:200],
            state=FileState.STORED,
            digest=store_blob(session, upload.data, kind, now),
            channel="web",
            at=now,
        )
        for upload, kind in zip(uploads, kinds, strict=True)
    ]
    session.add_all(rows)
    session.flush()
    return [row.id for row in rows]
