"""Everything held about a person as one zip: a table per kind, the own photos, a word on each.

Sealed texts are not in it: the process that writes it has no keys, and a file on a phone is no
place for them. Their numbers are; the text is read (and copied) where its reading is noted.
"""

import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Final

from sqlalchemy import select

from bot.papers.excel import Sheet, write_workbook
from config.texts import t
from handlers.context import Context
from handlers.mydata import when
from handlers.personal import Held, Holding
from handlers.spec import Kind
from models.attachment import Attachment, Blob
from models.person import Member

ENDINGS: Final = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


def write_bundle(ctx: Context, member: Member, holdings: tuple[Holding, ...]) -> bytes:
    """The bytes of the zip for a person."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        said = [t("bundle.head", name=member.name, at=f"{ctx.local(ctx.now):%Y-%m-%d %H:%M}"), ""]
        for one in holdings:
            held = list(one.find(ctx, member.id))
            said.append(t("bundle.line", name=one.name, count=len(held), purpose=one.purpose))
            said.extend([one.stays] if one.stays else [])
            archive.writestr(f"{one.name}.xlsx", write_workbook(_sheet(ctx, one, held)))
        for name, data in _photos(ctx, member):
            archive.writestr(name, data)
        archive.writestr(t("bundle.readme"), "\n".join([*said, "", t("bundle.sealed")]))
    return target.getvalue()


def _sheet(ctx: Context, one: Holding, held: list[Held]) -> Sheet:
    return Sheet(
        title=one.name,
        headings=(t("mydata.at"), t("mydata.what"), t("mydata.number"), t("mydata.text")),
        kinds=(Kind.TEXT,) * 4,
        widths=(18, 30, 18, 60),
        rows=((when(ctx, h.at), h.title, h.number, h.text) for h in held),
        about=((t("bundle.purpose"), one.purpose), (t("bundle.stays"), one.stays or "—")),
        zone=ctx.zone,
        made_at=ctx.now,
    )


def _photos(ctx: Context, member: Member) -> Iterator[tuple[str, bytes]]:
    """What the person sent, as it was stored."""
    rows = ctx.session.execute(
        select(Attachment.id, Blob)
        .join(Blob, Blob.digest == Attachment.digest)
        .where(Attachment.person_id == member.id)
        .order_by(Attachment.id)
    )
    for number, blob in rows:
        ending = ENDINGS.get(blob.media_type, "bin")
        yield f"{t('bundle.photos')}/{number}.{ending}", blob.data
