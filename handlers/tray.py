"""Photos that came before their words: offered for what was just stored, never by themselves."""

from config.texts import t
from handlers.content import Button, Card, Tone
from handlers.context import Context
from handlers.reply import Reply
from models.attachment import attach, tray


def tray_card(ctx: Context, number: str, action: str) -> Card | None:
    """Offer the speaker's loose photos for a record; ``action`` attaches them when pressed."""
    if ctx.room:
        return None
    waiting = tray(ctx.session, ctx.who.id, ctx.now - ctx.tray_time)
    if not waiting:
        return None
    ids = ",".join(str(a.id) for a in waiting)
    return Card(
        title=t("progress.tray_title", count=len(waiting)),
        desc=t("progress.tray_desc", number=number),
        buttons=(
            Button(t("progress.tray_attach"), f"{action}:{number}/{ids}", Tone.PRIMARY),
            Button(t("progress.tray_keep"), "tray.keep"),
        ),
    )


def attach_from_tray(ctx: Context, number: str, ids: str) -> Reply:
    """Let photos of the speaker's tray belong to a record; the right to do so was checked."""
    wanted = [int(part) for part in ids.split(",") if part.isdigit()]
    count = attach(ctx.session, wanted, ctx.who.id, number)
    ctx.subject = number
    title = t("progress.attached", count=count, number=number)
    return Reply(card=Card(title=title, desc=t("progress.attached_desc")))
