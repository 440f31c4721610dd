"""我的, 待办 and 查: what is mine, what I owe, what a number stands for, over all families."""

from collections.abc import Callable, Mapping, Sequence

from config.texts import t
from handlers.context import Context
from handlers.dossier import Dossier, Record, in_chat
from handlers.duties import duty_card, owed_by
from handlers.duty import DutySource
from handlers.reply import Reply, fill, lines
from handlers.spec import Command
from models.attachment import tray
from models.draft import unfinished
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.record import RecordNumber

NONE = Form(key="nothing", version=1, fields=())
LOOKUP = Form(key="lookup", version=1, fields=(RecordNumber(key="number"),), positional=("number",))


def commands(
    records: Mapping[str, Record],
    duties: Sequence[DutySource],
    mine: Sequence[Callable[[Context], Sequence[str]]],
) -> list[Command]:
    """The three commands over what the families declare."""

    def show_mine(ctx: Context, answers: Answers) -> Reply:
        del answers
        rows = [row for own in mine for row in own(ctx)]
        waiting = tray(ctx.session, ctx.who.id, ctx.now - ctx.tray_time)
        draft = unfinished(ctx.session, ctx.who.id, ctx.now)
        return Reply(
            lines(
                t("mine.head"),
                *(rows or [t("mine.nothing")]),
                t("mine.tray", count=len(waiting)) if waiting else "",
                t("mine.draft", form=t(f"form.{draft.form}.title")) if draft else "",
            )
        )

    def show_duties(ctx: Context, answers: Answers) -> Reply:
        del answers
        owed = owed_by(ctx, duties, ctx.who)
        if not owed:
            return Reply(t("duty.none"))
        rows = [fill("duty.line", title=duty.title, detail=duty.detail) for duty in owed]
        head = t("duty.head", count=len(owed))
        card = None if ctx.room else duty_card(ctx, owed, ctx.who.userid)
        return Reply(lines(head, *rows), card=card)

    def look_up(ctx: Context, answers: Answers) -> Reply:
        dossier = find(records, ctx, answers["number"])
        ctx.subject = dossier.number
        return in_chat(ctx, dossier)

    return [
        Command(key="mine", form=NONE, run=show_mine),
        Command(key="duties", form=NONE, run=show_duties),
        Command(key="lookup", form=LOOKUP, run=look_up),
    ]


def find(records: Mapping[str, Record], ctx: Context, number: str) -> Dossier:
    """What is stored under a number, as the speaker may see it; else ``UserError``."""
    record = records.get(number[:2])
    if record is None:
        raise UserError("lookup.unknown", number=number)
    return record.show(ctx, number)
