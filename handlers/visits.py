"""走访: a plan that covers every branch, and the form to fill in on the way (DOMAIN.md 8)."""

from collections.abc import Iterator, Sequence
from datetime import date
from string import digits
from typing import Any

from sqlalchemy import select, true
from sqlalchemy.orm import aliased

from config.lexicon import mapped
from config.texts import label, t
from config.visits import topics
from handlers.content import Button, Card, Link, Text, Tone
from handlers.context import Context
from handlers.dossier import Act
from handlers.duties import day_words
from handlers.duty import Duty
from handlers.places import OVERSEERS, branch_by_id, branch_in_question
from handlers.reply import Markdown, Reply, fill, lines, say
from handlers.suggestions.heard import brought
from handlers.suggestions.visit import take_in
from handlers.telling import tell_person
from models.attachment import attach
from models.errors import UserError
from models.forms.field import Answers, Field
from models.forms.form import Form
from models.forms.kinds import Attachment, Date, LongText
from models.forms.kinds import Text as TextField
from models.forms.kinds import Unit as UnitField
from models.forms.record import RecordNumber
from models.forms.typed import normal
from models.number import next_number, next_numbers
from models.person import Grant, Member, Person, PersonState, Role
from models.unit import Place, Unit, UnitKind, UnitState, inside
from models.visit import (
    PointKind,
    Visit,
    VisitPoint,
    VisitState,
    last_visits,
    months_before,
    planned_visits,
    points_of_visit,
    share_out,
    visit_by_number,
    visits_on,
)

VISITORS = tuple(role for role in OVERSEERS if role is not Role.SECRETARY)
"""Who may visit a branch below them; a secretary of the branch itself does not."""
PLANNERS = (Role.PARTY_OFFICE, Role.ADMIN)
LISTED = 20
MOST_POINTS = 20


def _fields() -> tuple[Field[Any], ...]:
    asked = [TextField(key=topic.key, required=False, max_chars=500) for topic in topics()]
    return (
        RecordNumber(key="number", required=False),
        UnitField(key="branch", required=False),
        Date(key="day", required=False, past=True),
        *asked,
        TextField(key="problems", required=False, max_chars=1000),
        Attachment(key="photos", required=False),
        LongText(key="suggestions", required=False, max_chars=2000),
    )


SHEET = Form(key="visit_sheet", version=1, fields=_fields(), positional=("number",))
VISIT = Form(
    key="visit",
    version=1,
    fields=(UnitField(key="branch", required=False), LongText(key="said", required=False)),
    positional=("branch", "said"),
)
PLAN = Form(
    key="visit_plan",
    version=1,
    fields=(Date(key="until"), TextField(key="visitors", required=False, max_chars=400)),
    positional=("until", "visitors"),
)


def _may_visit(member: Member, branch: Place) -> bool:
    return member.has(*VISITORS, over=branch.path) and member.branch_id != branch.id


def visit(ctx: Context, answers: Answers) -> Reply:
    """``/走访 支部 情况``: a visit in one line; alone, what there is to visit and the form."""
    if answers["branch"] is None:
        return _overview(ctx)
    branch = branch_in_question(ctx, answers["branch"])
    if branch is None or not _may_visit(ctx.who, branch):
        raise UserError("visit.no_right", branch=answers["branch"].label)
    if not answers["said"]:
        raise UserError("visit.say_what", branch=branch.name)
    made = _made(ctx, branch, None, ctx.today)
    made.said = answers["said"]
    ctx.session.flush()
    return _receipt(ctx, made, branch, 0)


def hand_in(ctx: Context, answers: Answers) -> Reply:
    """The visit form: planned or not, what was seen and heard, problems and suggestions."""
    planned = _planned(ctx, answers["number"])
    branch = (
        branch_by_id(ctx, planned.branch_id)
        if planned
        else branch_in_question(ctx, answers["branch"])
        if answers["branch"]
        else None
    )
    if branch is None:
        raise UserError("visit.which_branch")
    if not _may_visit(ctx.who, branch):
        raise UserError("visit.no_right", branch=branch.name)
    day = answers["day"] or ctx.today
    if day > ctx.today:
        raise UserError("visit.future")
    keys = [topic.key for topic in topics()]
    looked = {key: answers[key] for key in keys if answers[key]}
    points = [(PointKind.PROBLEM, said) for said in _items(answers["problems"])]
    points += [(PointKind.SUGGESTION, said) for said in _items(answers["suggestions"])]
    if len(points) > MOST_POINTS:
        raise UserError("visit.too_many", most=MOST_POINTS)
    for earlier in visits_on(ctx.session, branch.id, ctx.who.id, day):
        told = [(point.kind, point.said) for point in points_of_visit(ctx.session, earlier.id)]
        if (earlier.answers, told) == (looked, points):
            raise UserError("visit.twice", branch=branch.name, number=earlier.number)
    made = _made(ctx, branch, planned, day)
    made.answers = looked
    for ordinal, (kind, said) in enumerate(points, 1):
        ctx.session.add(VisitPoint(visit_id=made.id, ordinal=ordinal, kind=kind, said=said))
    if answers["photos"]:
        attach(ctx.session, answers["photos"], ctx.who.id, made.number)
    ctx.session.flush()
    taken = take_in(ctx, made, points_of_visit(ctx.session, made.id))
    return _receipt(ctx, made, branch, len(points), brought(taken))


def _planned(ctx: Context, number: str | None) -> Visit | None:
    if number is None:
        return None
    found = visit_by_number(ctx.session, number)
    if found is None or found.visitor_id != ctx.who.id:
        raise UserError("lookup.unknown", number=number)
    if found.state is not VisitState.PLANNED:
        raise UserError("visit.made_before", number=number, state=label(found.state))
    return found


def _made(ctx: Context, branch: Place, planned: Visit | None, day: date) -> Visit:
    """A visit that took place: the planned one of the speaker there, or a new one."""
    if planned is None:
        mine = planned_visits(ctx.session, ctx.who.id)
        planned = next((one for one in mine if one.branch_id == branch.id), None)
    if planned is None:
        planned = Visit(
            number=next_number(ctx.session, "ZF", ctx.today.year),
            branch_id=branch.id,
            visitor_id=ctx.who.id,
            state=VisitState.MADE,
            visited_on=day,
            entered_at=ctx.now,
        )
        ctx.session.add(planned)
        ctx.session.flush()
    else:
        planned.move_to(ctx.session, VisitState.MADE, visited_on=day, entered_at=ctx.now)
    ctx.subject = planned.number
    return planned


def _items(text: str | None) -> list[str]:
    """A list as people type it: one a line or parted by semicolons; numbers before it go."""
    marks = mapped("marks", "separator")
    for mark in marks["row"]:
        text = (text or "").replace(mark, "\n")
    rows = [
        row.strip().lstrip(digits + marks["number"]).strip() for row in (text or "").split("\n")
    ]
    return [row for row in rows if row]


def _receipt(ctx: Context, made: Visit, branch: Place, points: int, taken: str = "") -> Reply:
    """What was stored; what was heard can still be added with one more tap."""
    late = made.visited_on != ctx.today
    return Reply(
        lines(
            fill("visit.saved", number=made.number, branch=branch.name, count=points),
            t("visit.entered_late") if late else "",
            taken,
            "" if ctx.room else Markdown(t("dossier.page", url=ctx.page(f"/record/{made.number}"))),
        ),
        card=None if ctx.room else _more(made),
    )


def _more(made: Visit) -> Card:
    """The second tap: what was said there becomes a suggestion."""
    button = Button(t("heard.more"), f"begin:visit_suggestion/number={made.number}", Tone.PRIMARY)
    return Card(title=t("heard.more_card"), desc=t("heard.more_desc"), buttons=(button,))


def _overview(ctx: Context) -> Reply:
    planned = planned_visits(ctx.session, ctx.who.id)
    rows = [
        fill(
            "visit.planned",
            branch=branch_by_id(ctx, one.branch_id).name,
            number=one.number,
            due=day_words(ctx, one.plan_on) if one.plan_on else "",
        )
        for one in planned[:LISTED]
    ]
    head = t("visit.head", count=len(planned)) if planned else t("visit.nothing_planned")
    paths = [f"/form/visit_sheet?number={one.number}" for one in planned[:1]] or [
        "/form/visit_sheet"
    ]
    card = Card(
        title=t("visit.card"),
        desc=t("check.card_desc"),
        links=(Link(t("visit.open"), ctx.page(paths[0])),),
    )
    may = ctx.who.has(*VISITORS)
    return Reply(
        lines(head, *rows, t("visit.how") if may else ""),
        card=None if ctx.room or not may else card,
    )


# --- the plan -----------------------------------------------------------------------------------


def make_plan(ctx: Context, answers: Answers) -> Reply:
    """``/走访计划 12月20日``: branches not seen for long get visitors, neighbours the same one."""
    until: date = answers["until"]
    if until <= ctx.today:
        raise UserError("pause.past")
    office = _office(ctx)
    visitors = _visitors(ctx, office, answers["visitors"] or "")
    if not visitors:
        raise UserError("visit.no_visitors")
    unseen = [unit for unit in unseen_branches(ctx, office.path) if not is_planned(ctx, unit)]
    shares = share_out([unit.id for unit in unseen], [person.id for person in visitors])
    numbers = next_numbers(ctx.session, "ZF", ctx.today.year, len(shares)) if shares else []
    due = ctx.calendar.on_or_before(until)
    ctx.session.add_all(
        Visit(
            number=number,
            branch_id=branch,
            visitor_id=visitor,
            state=VisitState.PLANNED,
            planned_at=ctx.now,
            planned_by_id=ctx.who.id,
            plan_on=due,
        )
        for number, (branch, visitor) in zip(numbers, shares.items(), strict=True)
    )
    ctx.session.flush()
    _tell_visitors(ctx, visitors, list(shares.values()), due)
    ctx.subject = office.code
    return say(
        "visit.plan_made", count=len(shares), visitors=len(visitors), due=day_words(ctx, due)
    )


def _tell_visitors(
    ctx: Context, visitors: Sequence[Person], shares: Sequence[int], due: date
) -> None:
    for person in visitors:
        count = shares.count(person.id)
        if count:
            text = fill("visit.told", count=count, due=day_words(ctx, due))
            tell_person(ctx, person.id, f"visits:{ctx.now:%Y%m%d%H%M%S}", Text(text))


def _office(ctx: Context) -> Unit:
    paths = ctx.who.paths(*PLANNERS)
    return ctx.session.scalars(select(Unit).where(Unit.path == min(paths, key=len))).one()


def _visitors(ctx: Context, office: Unit, typed: str) -> Sequence[Person]:
    """The people named, or all who lead: committee secretaries and the party office itself."""
    people = (
        select(Person)
        .join(Grant, Grant.person_id == Person.id)
        .join(Unit, Unit.id == Grant.unit_id)
        .where(
            Person.state == PersonState.ACTIVE,
            Grant.role.in_([Role.COMMITTEE_SECRETARY, Role.PARTY_OFFICE]),
            inside(office.path),
        )
        .distinct()
        .order_by(Person.id)
    )
    able = ctx.session.scalars(people).all()
    names = [name for name in _split(typed) if name]
    if not names:
        return able
    found = []
    for name in names:
        hits = [person for person in able if name in (person.name, person.userid)]
        if len(hits) != 1:
            raise UserError("visit.unknown_visitor", name=name)
        found.append(hits[0])
    return found


def _split(typed: str) -> list[str]:
    text = normal(typed)
    for mark in mapped("marks", "separator")["item"]:
        text = text.replace(mark, "\n")
    return [part.strip() for part in text.split("\n")]


def unseen_branches(ctx: Context, path: str) -> list[Unit]:
    """Active branches below a unit that were not visited for so many months, in tree order."""
    since = months_before(ctx.today, ctx.rules.visits.months)
    seen = ctx.once("visits", lambda: last_visits(ctx.session))
    branches = ctx.session.scalars(
        select(Unit)
        .where(Unit.kind == UnitKind.BRANCH, Unit.state == UnitState.ACTIVE, inside(path))
        .order_by(Unit.path)
    )
    return [unit for unit in branches if seen.get(unit.id, date.min) < since]


def is_planned(ctx: Context, unit: Unit) -> bool:
    """Whether somebody is to visit it already."""
    waiting = ctx.once(
        "planned visits",
        lambda: frozenset(
            ctx.session.scalars(select(Visit.branch_id).where(Visit.state == VisitState.PLANNED))
        ),
    )
    return unit.id in waiting


def visits_to_make(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Planned visits are owed by their visitors."""
    branch, home = aliased(Unit), aliased(Unit)
    rows = ctx.session.execute(
        select(Visit, branch, home.path)
        .join(branch, branch.id == Visit.branch_id)
        .join(Person, Person.id == Visit.visitor_id)
        .join(home, home.id == Person.unit_id)
        .where(
            Visit.state == VisitState.PLANNED,
            branch.state == UnitState.ACTIVE,
            Visit.visitor_id == member.id if member else true(),
        )
        .order_by(Visit.plan_on, Visit.id)
    )
    for one, unit, path in rows:
        if one.plan_on is None or one.planned_at is None:
            continue
        yield Duty(
            key=f"visit:{one.number}",
            title=t("visit.duty"),
            detail=unit.name,
            since=ctx.local(one.planned_at).date(),
            due=one.plan_on,
            unit_path=path,
            owners=(one.visitor_id,),
            role=Role.PARTY_OFFICE,
            number=one.number,
            act=Act(t("visit.fill"), command="visit_sheet", answers={"number": one.number}),
        )
