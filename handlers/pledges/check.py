"""督诺: the branch's monthly look at its pledges (DOMAIN.md 3, 定期督诺).

The secretary sees who has been silent, in private; the reminder goes to that person alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import aliased

from config.texts import label, t
from handlers.content import Button, Card, Text, Tone
from handlers.context import Context
from handlers.dossier import Act
from handlers.duty import Duty, DutySource
from handlers.organisation import near, seen_units
from handlers.places import branch_in_question
from handlers.pledges.making import REVIEWERS, branch_of_code
from handlers.reply import Markdown, Reply, fill, lines
from handlers.spec import Action, Column, Command, Family, Kind, Ledger, Rows, View, Where
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import Unit as UnitField
from models.person import Member, Person, PersonState, Role
from models.pledge import Pledge, PledgeCheck, PledgeKind, PledgeState, month_of
from models.unit import Place, Unit

NAMED = 20

FORM = Form(
    key="pledge_check",
    version=1,
    fields=(UnitField(key="unit", required=False),),
    positional=("unit",),
)


def is_silent(ctx: Context) -> ColumnElement[bool]:
    """Condition: public, and without an entry for longer than the rules allow."""
    since = ctx.now - timedelta(days=ctx.rules.pledge.silent_days)
    last = func.coalesce(Pledge.entry_at, Pledge.published_at)
    return (Pledge.state == PledgeState.PUBLIC) & (last < since)


def silent_days(ctx: Context, pledge: Pledge) -> int:
    """Days since the last entry, or since publication."""
    last = pledge.entry_at or pledge.published_at or pledge.at
    return (ctx.today - ctx.local(last).date()).days


def silent_of(ctx: Context, unit_id: int) -> Sequence[tuple[Pledge, Person]]:
    """The silent pledges of a branch with their owners (still here), the longest silence first."""
    rows = ctx.session.execute(
        select(Pledge, Person)
        .join(Person, Person.id == Pledge.person_id)
        .where(Pledge.unit_id == unit_id, is_silent(ctx), Person.state == PersonState.ACTIVE)
        .order_by(func.coalesce(Pledge.entry_at, Pledge.published_at), Pledge.id)
    )
    return [(pledge, person) for pledge, person in rows]


def lacking(ctx: Context, branch: Place) -> Sequence[str]:
    """Names of party members of a branch who have not made both pledges of the year."""
    made = (
        select(func.count())
        .where(
            Pledge.person_id == Person.id,
            Pledge.year == ctx.today.year,
            Pledge.state != PledgeState.WITHDRAWN,
        )
        .scalar_subquery()
    )
    return ctx.session.scalars(
        select(Person.name)
        .join(Unit, Unit.id == Person.unit_id)
        .where(
            Unit.branch_id == branch.id,
            Person.state == PersonState.ACTIVE,
            Person.standing.in_(list(ctx.rules.standing.party)),
            made < len(PledgeKind),
        )
        .order_by(Person.id)
    ).all()


def _lacking_text(ctx: Context, branch: Place) -> Markdown:
    names = lacking(ctx, branch)
    if not names:
        return Markdown("")
    more = t("pledge_check.and_more") if len(names) > NAMED else ""
    shown = "、".join(names[:NAMED]) + more
    return fill("pledge_check.lacking", count=len(names), names=shown)


def _public(ctx: Context, unit_id: int) -> int:
    count = select(func.count()).where(
        Pledge.unit_id == unit_id, Pledge.state == PledgeState.PUBLIC
    )
    return ctx.session.scalar(count) or 0


def check_of(ctx: Context, unit_id: int, month: str) -> PledgeCheck | None:
    """A month's check of a branch, if there was one."""
    return ctx.session.scalar(
        select(PledgeCheck).where(PledgeCheck.unit_id == unit_id, PledgeCheck.month == month)
    )


def look(ctx: Context, answers: Answers) -> Reply:
    """``/督诺 [支部]``, in private: who is silent, who has not promised, and the button for it."""
    branch = branch_in_question(ctx, answers["unit"])
    if branch is None:
        raise UserError("pledge_check.which_branch")
    ctx.need(*REVIEWERS, over=branch.path)
    silent = silent_of(ctx, branch.id)
    month = month_of(ctx.today)
    done = check_of(ctx, branch.id, month)
    rows = [
        fill(
            "pledge_check.row",
            name=person.name,
            kind=label(pledge.kind),
            number=pledge.number,
            days=silent_days(ctx, pledge),
        )
        for pledge, person in silent[:NAMED]
    ]
    head = fill(
        "pledge_check.head",
        branch=branch.name,
        month=ctx.today.month,
        count=_public(ctx, branch.id),
        silent=len(silent),
        days=ctx.rules.pledge.silent_days,
    )
    more = t("pledge_check.more", count=len(silent) - NAMED) if len(silent) > NAMED else ""
    known = t("pledge_check.done_before") if done else ""
    ctx.subject = branch.code
    text = lines(head, *rows, more, _lacking_text(ctx, branch), known)
    return Reply(text, card=_card(branch, month, silent, done))


def _card(
    branch: Place, month: str, silent: Sequence[object], done: PledgeCheck | None
) -> Card | None:
    buttons = []
    if done is None:
        note = f"pledge.checked:{branch.code}/{month}"
        buttons.append(Button(t("pledge_check.note"), note, Tone.PRIMARY))
    if silent:
        buttons.append(Button(t("pledge_check.remind"), f"pledge.remind:{branch.code}"))
    if not buttons:
        return None
    return Card(title=t("pledge_check.title"), desc=branch.name, buttons=tuple(buttons))


def checked(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """Note that the branch was looked at this month; ``argument`` is ``code/month``."""
    del picked
    code, _, month = argument.partition("/")
    branch = branch_of_code(ctx, code)
    ctx.need(*REVIEWERS, over=branch.path)
    if month != month_of(ctx.today):
        raise UserError("error.stale")
    if check_of(ctx, branch.id, month) is not None:
        raise UserError("pledge_check.twice", month=ctx.today.month)
    check = PledgeCheck(
        unit_id=branch.id,
        month=month,
        person_id=ctx.who.id,
        at=ctx.now,
        pledges=_public(ctx, branch.id),
        silent=len(silent_of(ctx, branch.id)),
    )
    ctx.session.add(check)
    ctx.subject = branch.code
    desc = t("pledge_check.noted", count=check.pledges, silent=check.silent)
    return Reply(card=Card(title=t("pledge_check.noted_title", month=ctx.today.month), desc=desc))


def remind(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """Let each silent member know, alone and at most once a month."""
    del picked
    branch = branch_of_code(ctx, argument)
    ctx.need(*REVIEWERS, over=branch.path)
    silent = silent_of(ctx, branch.id)
    nudge(ctx, silent)
    ctx.subject = branch.code
    people = len({person.id for _, person in silent})
    return Reply(card=Card(title=t("pledge_check.reminded", count=people), desc=branch.name))


def nudge(ctx: Context, silent: Sequence[tuple[Pledge, Person]]) -> None:
    """One private message a person and month, with the button that does the work."""
    by_person: dict[str, list[Pledge]] = {}
    for pledge, person in silent:
        by_person.setdefault(person.userid, []).append(pledge)
    for userid, pledges in by_person.items():
        rows = [
            fill(
                "pledge_check.nudge_row",
                kind=label(pledge.kind),
                text=pledge.text[:40],
                days=silent_days(ctx, pledge),
            )
            for pledge in pledges
        ]
        text: Markdown = lines(t("pledge_check.nudge"), *rows, t("pledge_check.nudge_foot"))
        key = f"pledge-check:{month_of(ctx.today)}:{userid}"
        ctx.push_person(userid, Text(text), f"{key}:text")
        buttons = tuple(
            Button(
                t("pledge_check.practise", kind=label(pledge.kind)),
                f"begin:practice/number={pledge.number}",
                Tone.PRIMARY if pledge is pledges[0] else Tone.PLAIN,
            )
            for pledge in pledges[:2]
        )
        card = Card(title=t("pledge_check.nudge_card"), buttons=buttons)
        ctx.push_person(userid, card, f"{key}:card")


def tell_reviewer(ctx: Context, branch: Place, userid: str) -> None:
    """What the secretary reads on the day of the monthly reminder: counts, and where names are."""
    text = fill(
        "pledge_check.secretary",
        branch=branch.name,
        month=ctx.today.month,
        count=_public(ctx, branch.id),
        silent=len(silent_of(ctx, branch.id)),
        days=ctx.rules.pledge.silent_days,
    )
    key = f"pledge-check:{month_of(ctx.today)}:{branch.code}:{userid}"
    ctx.push_person(userid, Text(text), key)


def owed_checks(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Branches with public pledges that nobody has looked at this month."""
    month = month_of(ctx.today)
    first = ctx.today.replace(day=1)
    done = select(PledgeCheck.unit_id).where(PledgeCheck.month == month)
    rows = ctx.session.execute(
        select(Unit, func.count())
        .join(Pledge, Pledge.unit_id == Unit.id)
        .where(
            Pledge.state == PledgeState.PUBLIC,
            Pledge.published_at < ctx.midnight_after(first - timedelta(days=1)),
            Unit.id.not_in(done),
            near(member, Role.SECRETARY) if member else true(),
        )
        .group_by(Unit.id)
        .order_by(Unit.path)
    )
    due = ctx.calendar.nth_working(first.year, first.month, ctx.rules.pledge.check_days)
    for unit, count in rows:
        yield Duty(
            key=f"pledge_check:{unit.code}:{month}",
            title=t("pledge_check.duty"),
            detail=t("pledge_check.duty_about", branch=unit.name, month=first.month, count=count),
            due=due,
            unit_path=unit.path,
            act=Act(t("pledge_check.look"), command="pledge_check", answers={"unit": unit.code}),
        )


CHECKER = aliased(Person)


def _checks(view: View) -> Rows:
    return (
        select()
        .select_from(PledgeCheck)
        .join(Unit, Unit.id == PledgeCheck.unit_id)
        .join(CHECKER, CHECKER.id == PledgeCheck.person_id)
        .where(seen_units(view))
    )


CHECKS = Ledger(
    key="pledge_check",
    columns=(
        Column(key="month", expr=PledgeCheck.month, width=10),
        Column(key="branch", expr=Unit.name, width=34),
        Column(key="pledges", expr=PledgeCheck.pledges, kind=Kind.NUMBER, width=10),
        Column(key="silent", expr=PledgeCheck.silent, kind=Kind.NUMBER, width=12),
        Column(key="checker", expr=CHECKER.name, width=10),
        Column(key="at", expr=PledgeCheck.at, kind=Kind.TIME, width=18),
    ),
    query=_checks,
    order=(PledgeCheck.month.desc(), Unit.path.asc()),
)


FAMILY = Family(
    ledgers=(CHECKS,),
    commands=(
        Command(
            key="pledge_check",
            form=FORM,
            run=look,
            roles=frozenset(REVIEWERS),
            where=Where.PRIVATE,
        ),
    ),
    actions=(
        Action(key="pledge.checked", run=checked, roles=frozenset(REVIEWERS)),
        Action(key="pledge.remind", run=remind, roles=frozenset(REVIEWERS)),
    ),
    duties=(DutySource(key="pledge_check", find=owed_checks),),
)
