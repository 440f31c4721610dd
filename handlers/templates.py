"""通知模板: an office's own Word template for its notices, checked before it is used (F-130).

A template is a .docx file with placeholders such as ``{{文号}}``. Nothing else of a template
language is allowed in it: what it may say is a list of names, and an unknown one is refused.
"""

import re
from collections.abc import Mapping
from io import BytesIO
from zipfile import BadZipFile, ZipFile

from sqlalchemy import select

from config.texts import t
from handlers.context import Context
from handlers.reply import Reply, fill, lines, say
from handlers.spec import Command, Family
from models.attachment import Attachment, Blob, tray
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import Attachment as AttachmentField
from models.forms.kinds import YesNo
from models.paper_template import PaperTemplate
from models.person import Role
from models.unit import Unit

KEEPERS = (Role.PARTY_OFFICE, Role.ADMIN)
PAPER = "notice"
TAKEN = "template"
"""What a file belongs to that has become a template; it lies in nobody's tray any more."""
NAMES = (
    "number",
    "addressee",
    "checked_on",
    "basis",
    "points",
    "demands",
    "due",
    "contact",
    "issuer",
    "day",
    "receiver",
    "received_at",
)
"""Keys of the placeholders; what is written in a template is ``notice.placeholder.<key>``."""
NEEDED = ("number", "addressee", "points", "due")
BIGGEST = 20 * 2**20
"""Bytes of the unpacked words of a template: a packed bomb is not unpacked."""

_PARAGRAPH = re.compile(r"<w:p[ >].*?</w:p>", re.DOTALL)
_WORDS = re.compile(r"<w:t(?: [^>]*)?>([^<]*)</w:t>")
_PLACEHOLDER = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_OTHER = re.compile(r"\{[%#]|[%#]\}")

FORM = Form(
    key="paper_template",
    version=1,
    fields=(
        YesNo(key="house", required=False),
        AttachmentField(key="file", required=False, accept="docx"),
    ),
)


def placeholder(key: str) -> str:
    """What stands between the braces for a key."""
    return t(f"notice.placeholder.{key}")


def values_by_placeholder(values: Mapping[str, str]) -> Mapping[str, str]:
    """The values of a paper under the names that templates use."""
    return {placeholder(key): value for key, value in values.items()}


def check_template(data: bytes) -> None:
    """``UserError`` if the file is no Word file, or says anything but known placeholders."""
    written: set[str] = set()
    for words in _paragraphs(data):
        if _OTHER.search(words):
            raise UserError("template.code")
        written |= {found.strip() for found in _PLACEHOLDER.findall(words)}
        rest = _PLACEHOLDER.sub("", words)
        if "{{" in rest or "}}" in rest:
            raise UserError("template.broken", words=words.strip()[:40])
    known = {placeholder(key): key for key in NAMES}
    if unknown := sorted(written - set(known)):
        names = t("echo.list").join(f"{{{{{name}}}}}" for name in unknown)
        raise UserError("template.unknown", names=names, known=t("echo.list").join(known))
    if missing := [key for key in NEEDED if placeholder(key) not in written]:
        names = t("echo.list").join(f"{{{{{placeholder(key)}}}}}" for key in missing)
        raise UserError("template.missing", names=names)


def _paragraphs(data: bytes) -> list[str]:
    """The words of every paragraph of the body, headers and footers, runs joined."""
    try:
        with ZipFile(BytesIO(data)) as parts:
            names = [n for n in parts.namelist() if n.startswith("word/") and n.endswith(".xml")]
            if "word/document.xml" not in names:
                raise UserError("template.no_word")
            if sum(parts.getinfo(name).file_size for name in names) > BIGGEST:
                raise UserError("template.too_big")
            xml = "\n".join(parts.read(name).decode("utf-8", "replace") for name in names)
    except BadZipFile:
        raise UserError("template.no_word") from None
    return ["".join(_WORDS.findall(found)) for found in _PARAGRAPH.findall(xml)]


def keep_template(ctx: Context, answers: Answers) -> Reply:
    """``/通知模板``: the Word file just sent (or chosen on the page) holds from now on."""
    unit = _unit(ctx)
    if answers["house"]:
        ctx.session.add(_row(ctx, unit, "", None))
        return say("template.house", unit=unit.name)
    file = _file(ctx, answers["file"])
    if file is None:
        names = t("echo.list").join(f"{{{{{placeholder(key)}}}}}" for key in NAMES)
        return Reply(lines(t("template.how"), fill("template.names", names=names)))
    blob = ctx.session.get_one(Blob, file.digest)
    check_template(blob.data)
    file.record = TAKEN
    ctx.session.add(_row(ctx, unit, file.name, file.digest))
    ctx.subject = unit.code
    return say("template.kept", unit=unit.name, name=file.name or t("template.nameless"))


def _row(ctx: Context, unit: Unit, name: str, digest: str | None) -> PaperTemplate:
    return PaperTemplate(
        unit_id=unit.id, paper=PAPER, name=name, digest=digest, person_id=ctx.who.id, at=ctx.now
    )


def _unit(ctx: Context) -> Unit:
    """The highest unit for which the speaker keeps the office."""
    path = min(ctx.who.paths(*KEEPERS), key=len)
    return ctx.session.scalars(select(Unit).where(Unit.path == path)).one()


def _file(ctx: Context, ids: tuple[int, ...] | None) -> Attachment | None:
    """The file chosen on the page, else the newest that waits in the speaker's tray."""
    waiting = [one for one in tray(ctx.session, ctx.who.id, ctx.now - ctx.tray_time) if one.digest]
    if ids:
        waiting = [one for one in waiting if one.id in ids]
    return waiting[-1] if waiting else None


FAMILY = Family(
    commands=(
        Command(
            key="paper_template", form=FORM, run=keep_template, roles=frozenset(KEEPERS), sheet=True
        ),
    ),
)
