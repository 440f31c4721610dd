"""继续, 取消 and 模板: the words that steer forms, whatever the form."""

from collections.abc import Callable, Sequence

from config.texts import t
from handlers.context import Context
from handlers.help import usable
from handlers.reply import Markdown, Reply, Resume, lines
from handlers.spec import Command
from models.draft import DRAFT, EMPTY, DraftState, open_draft, step, unfinished
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import Text
from models.forms.sheet import write_sheet

NONE = Form(key="nothing", version=1, fields=())
TEMPLATE = Form(
    key="template", version=1, fields=(Text(key="word", max_chars=20),), positional=("word",)
)


def resume(ctx: Context, answers: Answers) -> Reply:
    """``/继续``: the newest form that is not finished goes on here, wherever it was begun."""
    del answers
    draft = unfinished(ctx.session, ctx.who.id, ctx.now)
    if draft is None:
        raise UserError("draft.none")
    room = ctx.room.chatid if ctx.room else ""
    step(ctx.session, draft, state=DraftState.OPEN, conversation=room, changed_at=ctx.now)
    return Reply(then=Resume(draft.id))


def cancel(ctx: Context, answers: Answers) -> Reply:
    """``/取消``: the form that is being filled in here is dropped."""
    del answers
    room = ctx.room.chatid if ctx.room else ""
    draft = open_draft(ctx.session, ctx.who.id, room, ctx.now)
    if draft is None:
        raise UserError("error.nothing_to_cancel")
    step(ctx.session, draft, state=DraftState.CANCELLED, changed_at=ctx.now, **EMPTY)
    ctx.shred(DRAFT, str(draft.id))
    return Reply(t("draft.cancelled"))


def commands(known: Callable[[], Sequence[Command]]) -> list[Command]:
    """The three commands; ``known`` gives all commands there are."""

    def template(ctx: Context, answers: Answers) -> Reply:
        word = answers["word"].lstrip("/")
        offered = [c for c in usable(ctx, known()) if c.form.fields and c.sheet]
        chosen = next((c for c in offered if word in c.names), None)
        if chosen is None:
            names = "、".join(c.name for c in offered)
            raise UserError("draft.unknown_form", word=word, names=names)
        return Reply(lines(t("draft.sheet_head"), Markdown(write_sheet(chosen.form, {}))))

    return [
        Command(key="resume", form=NONE, run=resume),
        Command(key="cancel", form=NONE, run=cancel),
        Command(key="template", form=TEMPLATE, run=template),
    ]
