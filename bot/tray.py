"""Photos and files that came with a message: into the sender's tray, fetched a little later."""

import json
from dataclasses import asdict

from bot.channel import Incoming
from config.texts import t
from handlers.context import Context
from handlers.reply import Markdown, Reply, fill
from models.attachment import Attachment

KINDS = ("image", "file", "video")


def keep_files(ctx: Context, incoming: Incoming) -> Reply:
    """Note what came and where the platform keeps it; the words may still follow (D.1)."""
    member = ctx.who
    files = [file for file in incoming.files if file.kind in KINDS]
    for file in files:
        ctx.session.add(
            Attachment(
                person_id=member.id,
                channel=incoming.channel,
                source=json.dumps(asdict(file)),
                next_try_at=ctx.now,
                at=ctx.now,
            )
        )
    if not files:
        return Reply(Markdown(t("tray.unusable")))
    minutes = ctx.rules.progress.tray_minutes
    return Reply(fill("tray.received", count=len(files), minutes=minutes))
