"""Duties 待办 of all families together: what somebody owes, how it reads, the card that does it."""

from collections.abc import Iterable, Sequence
from datetime import date
from urllib.parse import urlencode

from config.texts import t
from handlers.clocks import hours_at
from handlers.content import Button, Card, Link, Tone
from handlers.context import Context
from handlers.dossier import path_of
from handlers.duty import Duty, DutySource
from handlers.figures import date_text, minute_text
from handlers.ladder import days_late
from handlers.owed import due_of
from handlers.owners import Own
from handlers.reply import Markdown, fill
from models.person import Member
from models.unit import covers

BUTTONS = 3
BOARD_PATH = "/board/duties"
TITLE_ON_CARD = 26


def owed_by(ctx: Context, sources: Sequence[DutySource], member: Member) -> list[Duty]:
    """What a person owes, and what anybody of the own branch may do; the most urgent first."""
    branch = ctx.directory.place(ctx.session, member.branch_id) if member.branch_id else None
    own = Own(ctx.session, member, branch.path if branch else "")
    found = [duty for source in sources for duty in source.find(ctx, member) if own.concerns(duty)]
    return by_urgency(ctx, found)


def owed_at(ctx: Context, sources: Sequence[DutySource], path: str) -> list[Duty]:
    """What is owed at a unit and below it, whoever owes it."""
    found = [
        duty
        for source in sources
        for duty in source.find(ctx, None)
        if covers(path, duty.unit_path)
    ]
    return by_urgency(ctx, found)


def by_urgency(ctx: Context, duties: Iterable[Duty]) -> list[Duty]:
    """The first due first."""
    return sorted(duties, key=lambda duty: (due_of(ctx, duty), duty.key))


def is_late(ctx: Context, duty: Duty) -> bool:
    """Whether the due moment has passed."""
    if duty.due_at is not None:
        return ctx.now > duty.due_at
    return due_of(ctx, duty) < ctx.today


def line_of(ctx: Context, duty: Duty) -> Markdown:
    """One duty as a line of a list."""
    return fill("duty.line", title=duty.title, detail=duty.detail, due=due_words(ctx, duty))


def due_words(ctx: Context, duty: Duty) -> str:
    """When it is due, as people say it."""
    if duty.due_at is not None and ctx.now <= duty.due_at:
        return t("duty.due_at", at=minute_text(ctx.local(duty.due_at)))
    due = due_of(ctx, duty)
    late = days_late(hours_at(ctx, duty.unit_path), due, ctx.today)
    if late > 0:
        return t("duty.late", days=late)
    if due == ctx.today:
        return t("duty.today")
    if due < ctx.today or duty.due_at is not None:
        return t("duty.just_late")
    return t("duty.due", day=day_words(ctx, due))


def day_words(ctx: Context, day: date) -> str:
    """A day with its weekday; 未核定 where next year's holidays are not known yet (PRODUCT D.4)."""
    text = date_text(day, ctx.today)
    return text if ctx.calendar.is_settled(day) else t("duty.unsettled", day=text)


def href_of(duty: Duty) -> str:
    """The page on which a duty can be done: its form, or the thing with its buttons."""
    act = duty.act
    if act is not None and act.command:
        return (
            f"/form/{act.command}?{urlencode(act.answers)}"
            if act.answers
            else f"/form/{act.command}"
        )
    return path_of(duty.number) if duty.number else ""


def duty_card(ctx: Context, duties: Sequence[Duty], userid: str) -> Card | None:
    """A card for a person whose buttons do the work, and the page where all of it stands."""
    by_action = {duty.act.button().action: duty for duty in reversed(duties) if duty.act}
    doable = list(reversed(by_action.values()))[:BUTTONS]  # one button for what is done in one go
    if not doable:
        return None
    return Card(
        title=t("duty.card_title", count=len(duties)),
        desc=t("duty.card_desc"),
        lines=tuple((str(n), duty.title[:TITLE_ON_CARD]) for n, duty in enumerate(doable, 1)),
        buttons=tuple(_button(n, duty) for n, duty in enumerate(doable, 1)),
        links=(Link(t("duty.open"), ctx.link(BOARD_PATH, userid)),),
    )


def _button(number: int, duty: Duty) -> Button:
    if duty.act is None:
        raise TypeError(duty.key)
    label = t("duty.button", number=number, label=duty.act.label)
    tone = Tone.PRIMARY if number == 1 else Tone.PLAIN
    return Button(label, duty.act.button().action, tone)
