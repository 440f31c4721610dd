"""书记听您说: who receives, who may do what, which clock runs (DOMAIN.md 4)."""

from datetime import datetime, time
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, or_, select

from config.suggestion import OTHER
from config.suggestion import Suggestion as Settings
from config.texts import t
from handlers.context import Context
from handlers.figures import minute_text
from models.classify import Classifier, Guess, read_learnt
from models.errors import UserError
from models.forms.field import Answers, Facts
from models.person import Grant, Member, Person, PersonState, Role
from models.span import Span
from models.suggestion import Clock, Level, Suggestion, by_number
from models.unit import Place, Unit, UnitKind, UnitState, inside, unit_by_code

RECEIVERS: Final = (Role.SECRETARY, Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY)
"""Roles that receive, approve and verify what lies below their unit."""
SEALED: Final = "suggestion"
"""The kind under which the sender of a confidential suggestion is sealed."""
_CLOCK_SPAN: Final = {
    Clock.ACKNOWLEDGE: "acknowledge",
    Clock.ASSIGN: "assign",
    Clock.REPLY: "reply",
    Clock.RECTIFY: "rectify",
}


def settings(ctx: Context) -> Settings:
    """The family's settings."""
    return ctx.rules.suggestion


def category_label(ctx: Context, key: str) -> str:
    """What a category is called; one that is no longer set stays readable by its key."""
    found = settings(ctx).categories.get(key)
    return found.label if found else key


def tier_label(ctx: Context, key: str) -> str:
    """What an urgency is called."""
    found = settings(ctx).tiers.get(key)
    return found.label if found else key


def classifier(ctx: Context) -> Classifier:
    """The rules of the categories, made ready once for all messages."""
    categories = settings(ctx).categories
    return _classifier(tuple((key, one.words) for key, one in categories.items() if key != OTHER))


@lru_cache(maxsize=2)
def _classifier(rules: tuple[tuple[str, tuple[str, ...]], ...]) -> Classifier:
    return Classifier(dict(rules))


def categorise(ctx: Context, text: str) -> Guess:
    """The category of a text, with the words that spoke for it; ``other`` if none is likely."""
    rules = classifier(ctx)
    learnt = read_learnt(ctx.session, rules.words_of(text), settings(ctx).learn_from)
    guess = rules.guess(text, learnt)
    if guess is None or guess.share < settings(ctx).confident:
        return Guess(OTHER, 0.0, ())
    return guess


def take(ctx: Context, number: str) -> Suggestion:
    """The suggestion of a number, locked for what is going to be done with it.

    ``UserError`` for one that is not there; whoever calls says the same where it may not be seen.
    """
    found = by_number(ctx.session, number, lock=True)
    if found is None:
        raise UserError("lookup.unknown", number=number)
    return found


# Where it lies


def desk_of(ctx: Context, category: str, place: Place | None) -> Place:
    """Who receives it: the department of its category, the branch concerned, or 兜底.

    Departments (or their branches) are looked for from the nearest company above the place.
    """
    found = settings(ctx).categories.get(category)
    root = _fallback(ctx)
    near = place or root
    if found is not None and (desk := _department(ctx, found.units, near)) is not None:
        return desk
    if place is not None and place.branch_id is not None:
        return ctx.directory.place(ctx.session, place.branch_id)
    return root


def _department(ctx: Context, parts: tuple[str, ...], near: Place) -> Place | None:
    if not parts:
        return None
    above = [int(part) for part in near.path.strip("/").split("/")]
    rows = ctx.session.execute(
        select(Unit.id, Unit.name, Unit.parent_id)
        .where(
            Unit.parent_id.in_(above),
            Unit.state == UnitState.ACTIVE,
            Unit.kind.in_([UnitKind.DEPARTMENT, UnitKind.BRANCH]),
        )
        .order_by(Unit.id)
    ).all()
    for parent in reversed(above):
        for part in parts:
            for row in rows:
                if row.parent_id == parent and part in row.name:
                    return ctx.directory.place(ctx.session, row.id)
    return None


def _fallback(ctx: Context) -> Place:
    """兜底: the unit of the settings, else the company at the top."""
    code = settings(ctx).fallback
    unit = unit_by_code(ctx.session, code) if code else None
    if unit is None:
        unit = ctx.session.scalar(
            select(Unit)
            .where(Unit.parent_id.is_(None), Unit.state == UnitState.ACTIVE)
            .order_by(Unit.id)
            .limit(1)
        )
    if unit is None:
        raise UserError("suggestion.no_company")
    return ctx.directory.place(ctx.session, unit.id)


def place_of(ctx: Context, unit_id: int) -> Place:
    """A unit of a suggestion."""
    return ctx.directory.place(ctx.session, unit_id)


def unit_name(ctx: Context, unit_id: int | None) -> str:
    """What a unit is called; a dash for none."""
    return "—" if unit_id is None else place_of(ctx, unit_id).name


def person_name(ctx: Context, person_id: int | None) -> str:
    """What somebody is called; a dash for nobody."""
    found = ctx.session.get(Person, person_id) if person_id is not None else None
    return found.name if found else "—"


# Who may


def receives(ctx: Context, member: Member, suggestion: Suggestion) -> bool:
    """Whether somebody is among those who receive it, or a level above them."""
    desk = place_of(ctx, suggestion.desk_id)
    return member.has(*RECEIVERS, over=desk.path) or _specialist(member, desk)


def _specialist(member: Member, desk: Place) -> bool:
    """Specialists receive for the department on which they are named, not for all below it."""
    return any(p.role is Role.SPECIALIST and p.path == desk.path for p in member.powers)


def directs(ctx: Context, member: Member, suggestion: Suggestion) -> bool:
    """Whether somebody assigns, merges and returns it: the first receiver, or the party office."""
    desk = place_of(ctx, suggestion.desk_id)
    above = member.has(Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY, over=desk.path)
    if suggestion.receiver_id is None:
        return receives(ctx, member, suggestion)
    return above or suggestion.receiver_id == member.id


def oversees(ctx: Context, member: Member, suggestion: Suggestion) -> bool:
    """Whether somebody may approve and verify: the first receiver or a level above the doers."""
    if directs(ctx, member, suggestion):
        return True
    if suggestion.unit_id is None:
        return False
    return member.has(*RECEIVERS, over=place_of(ctx, suggestion.unit_id).path)


def works_on(member: Member, suggestion: Suggestion) -> bool:
    """Whether somebody is the one who deals with it now."""
    return suggestion.handler_id == member.id


def may_read(ctx: Context, member: Member, suggestion: Suggestion) -> bool:
    """Whether somebody may see all of it but the name."""
    return (
        member.id in (suggestion.handler_id, suggestion.receiver_id)
        or receives(ctx, member, suggestion)
        or oversees(ctx, member, suggestion)
    )


def concerns(member: Member) -> ColumnElement[bool]:
    """Which suggestions lie with somebody: named in it, or with a role over a unit of it."""
    below = [
        or_(_unit_in(Suggestion.desk_id, path), _unit_in(Suggestion.unit_id, path))
        for path in member.paths(*RECEIVERS)
    ]
    at = [Suggestion.desk_id == _unit_at(path) for path in member.paths(Role.SPECIALIST)]
    return or_(Suggestion.handler_id == member.id, Suggestion.receiver_id == member.id, *below, *at)


def _unit_in(column: Any, path: str) -> ColumnElement[bool]:  # noqa: ANN401  (a column)
    found: ColumnElement[bool] = column.in_(select(Unit.id).where(inside(path)))
    return found


def _unit_at(path: str) -> int:
    return int(path.strip("/").rpartition("/")[2])


def is_sender(ctx: Context, member: Member, suggestion: Suggestion) -> bool:
    """Whether somebody sent it, named or confidentially."""
    if suggestion.level is Level.NAMED:
        return suggestion.person_id == member.id
    return suggestion.level is Level.CONFIDENTIAL and sender_id(ctx, suggestion) == member.id


def sender_id(ctx: Context, suggestion: Suggestion) -> int | None:
    """Who sent it, also if that is sealed; None for an anonymous one. Never shown by itself."""
    if suggestion.level is Level.NAMED:
        return suggestion.person_id
    if suggestion.level is Level.ANONYMOUS:
        return None
    sealed = ctx.unseal(SEALED, suggestion.number)
    return int(sealed) if sealed else None


def hush(ctx: Context, answers: Answers) -> Facts:
    """``facts`` of what senders do: of a confidential one nothing is written down that joins them.

    Before the number is known it might be one.
    """
    number = answers.get("number")
    one = by_number(ctx.session, number) if number else None
    sealed = one is not None and one.level is Level.CONFIDENTIAL
    ctx.discreet = number is None or (one is not None and sealed and is_sender(ctx, ctx.who, one))
    return {}


def keeper(ctx: Context) -> Person | None:
    """保密员: the one person who may open the name of a confidential sender."""
    userid = settings(ctx).keeper
    if userid:
        return ctx.session.scalar(select(Person).where(Person.userid_key == userid.lower()))
    root = _fallback(ctx)
    for role in (Role.COMMITTEE_SECRETARY, Role.PARTY_OFFICE):
        found = _first_holder(ctx, role, root)
        if found is not None:
            return found
    return None


def _first_holder(ctx: Context, role: Role, root: Place) -> Person | None:
    return ctx.session.scalar(
        select(Person)
        .join(Grant, Grant.person_id == Person.id)
        .where(Grant.role == role, Grant.unit_id == root.id, Person.state == PersonState.ACTIVE)
        .order_by(Person.id)
        .limit(1)
    )


def need(*, granted: bool, key: str, **params: object) -> None:
    """Refuse what is not allowed, with the rule's own sentence."""
    if not granted:
        raise UserError(key, **params)


# Clocks


def day_begin(ctx: Context) -> datetime:
    """The beginning of today: the moment of everything an anonymous sender does."""
    return datetime.combine(ctx.today, time(), ctx.zone)


def start_clock(
    ctx: Context, suggestion: Suggestion, clock: Clock, begun: datetime, span: str = ""
) -> None:
    """Let the next clock run from a moment; its span is that of the urgency, or a given one."""
    tier = settings(ctx).tiers[suggestion.tier]
    suggestion.clock = clock
    suggestion.clock_from = begun
    suggestion.clock_span = span or getattr(tier, _CLOCK_SPAN[clock])
    suggestion.due_at = Span.read(suggestion.clock_span).end(begun, ctx.hours)
    suggestion.paused_at = None


def stop_clock(suggestion: Suggestion) -> None:
    """Nothing is owed any more."""
    suggestion.clock = suggestion.clock_from = suggestion.due_at = suggestion.paused_at = None
    suggestion.clock_span = ""


def in_time(ctx: Context, suggestion: Suggestion) -> bool | None:
    """Whether the running clock is kept now; None if none runs."""
    return None if suggestion.due_at is None else ctx.now <= suggestion.due_at


def due_text(ctx: Context, suggestion: Suggestion) -> str:
    """Until when, in words; that it stands still while it is paused."""
    if suggestion.clock is None or suggestion.due_at is None:
        return "—"
    if suggestion.paused_at is not None:
        return t("suggestion.paused")
    late = t("suggestion.late") if ctx.now > suggestion.due_at else ""
    return minute_text(ctx.local(suggestion.due_at)) + late


def light(ctx: Context, suggestion: Suggestion) -> str:
    """Red when overdue, yellow on the last day, green otherwise; empty where nothing is owed."""
    if suggestion.due_at is None or suggestion.paused_at is not None:
        return ""
    if ctx.now > suggestion.due_at:
        return "red"
    return "yellow" if ctx.local(suggestion.due_at).date() <= ctx.today else "green"
