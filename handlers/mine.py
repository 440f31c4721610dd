"""我的, 待办 and 查: what is mine, what I owe, what a number stands for, over all families."""

from collections.abc import Callable, Mapping, Sequence

from config.texts import t
from handlers.board import Board, BoardPage, Cell, TableBlock
from handlers.context import Context
from handlers.dossier import Dossier, Record, in_chat
from handlers.duties import (
    BOARD_PATH,
    due_words,
    duty_card,
    href_of,
    is_late,
    line_of,
    owed_at,
    owed_by,
)
from handlers.duty import Duty, DutySource
from handlers.reply import Markdown, Reply, lines
from handlers.spec import Command
from models.attachment import tray
from models.draft import unfinished
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.record import RecordNumber
from models.group import Room

LISTED = 20

NONE = Form(key="nothing", version=1, fields=())
LOOKUP = Form(key="lookup", version=1, fields=(RecordNumber(key="number"),), positional=("number",))


def commands(
    records: Mapping[str, Record],
    duties: Sequence[DutySource],
    mine: Sequence[Callable[[Context], Sequence[str]]],
    sealed: frozenset[str] = frozenset(),
) -> list[Command]:
    """The three commands over what the families declare; groups hear nothing of ``sealed``."""

    def show_mine(ctx: Context, answers: Answers) -> Reply:
        del answers
        rows = [row for own in mine for row in own(ctx)]
        waiting = tray(ctx.session, ctx.who.id, ctx.now - ctx.tray_time)
        draft = unfinished(ctx.session, ctx.who.id, ctx.now)
        if draft is not None and ctx.room is not None and draft.form in sealed:
            draft = None
        text = lines(
            t("mine.head"),
            *(rows or [t("mine.nothing")]),
            t("mine.tray", count=len(waiting)) if waiting else "",
            t("mine.draft", form=t(f"form.{draft.form}.title")) if draft else "",
        )
        # Numbers of what was told in confidence are among them.
        return Reply(text, sealed=ctx.room is None and bool(ctx.vault.ring()))

    def show_duties(ctx: Context, answers: Answers) -> Reply:
        del answers
        if ctx.room is not None:
            return _counts(ctx, duties, ctx.room)
        owed = owed_by(ctx, duties, ctx.who)
        if not owed:
            return Reply(t("duty.none"))
        rows = [line_of(ctx, duty) for duty in owed[:LISTED]]
        more = t("duty.more_page", count=len(owed) - LISTED, url=ctx.page(BOARD_PATH))
        return Reply(
            lines(
                t("duty.head", count=len(owed)), *rows, Markdown(more) if len(owed) > LISTED else ""
            ),
            card=duty_card(ctx, owed, ctx.who.userid),
        )

    def look_up(ctx: Context, answers: Answers) -> Reply:
        dossier = find(records, ctx, answers["number"])
        ctx.subject = "" if dossier.sealed else dossier.number
        return in_chat(ctx, dossier)

    return [
        Command(key="mine", form=NONE, run=show_mine),
        Command(key="duties", form=NONE, run=show_duties),
        Command(key="lookup", form=LOOKUP, run=look_up),
    ]


def _counts(ctx: Context, duties: Sequence[DutySource], room: Room) -> Reply:
    """What a group may know: how many, never whose (DOMAIN.md 9)."""
    owed = owed_at(ctx, duties, room.path)
    late = sum(is_late(ctx, duty) for duty in owed)
    return Reply(t("duty.group", count=len(owed), late=late))


def duty_board(duties: Sequence[DutySource]) -> Board:
    """The page ``/board/duties``: what the reader owes, each with the way to do it."""

    def show(ctx: Context, params: Mapping[str, str]) -> BoardPage:
        del params
        owed = owed_by(ctx, duties, ctx.who)
        if not owed:
            return BoardPage(title=t("board.duties.title"), note=t("duty.none"), blocks=())
        return BoardPage(
            title=t("board.duties.title"),
            note=t("duty.page_note", count=len(owed)),
            blocks=(
                TableBlock(
                    headings=(t("duty.col_title"), t("duty.col_detail"), t("duty.col_due")),
                    rows=[_row(ctx, duty) for duty in owed],
                ),
            ),
        )

    return Board(key="duties", show=show, confined=True)


def _row(ctx: Context, duty: Duty) -> tuple[Cell, Cell, Cell]:
    return (
        Cell(duty.title, href=href_of(duty)),
        Cell(duty.detail),
        Cell(due_words(ctx, duty)),
    )


def find(records: Mapping[str, Record], ctx: Context, number: str) -> Dossier:
    """What is stored under a number, as the speaker may see it; else ``UserError``."""
    record = records.get(number[:2])
    if record is None:
        raise UserError("lookup.unknown", number=number)
    return record.show(ctx, number)
