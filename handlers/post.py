"""岗区: posts and areas set up, assessed each quarter and each year (DOMAIN.md 7)."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from sqlalchemy import select

from config.texts import label, t
from handlers.clocks import after_quiet_hours
from handlers.content import Card, Text
from handlers.context import Context
from handlers.figures import points_text
from handlers.options import options_of
from handlers.places import branch_by_id
from handlers.reply import Markdown, Reply, fill, lines
from handlers.spec import Action, Command, Family
from models.errors import UserError
from models.forms.field import NOTHING, Answers, Facts
from models.forms.form import Form
from models.forms.kinds import Choice, Integer, LongText, Period
from models.forms.kinds import Person as PersonField
from models.forms.kinds import Text as TextField
from models.forms.kinds import Unit as UnitField
from models.forms.periods import CalendarPeriod, PeriodKind
from models.forms.record import RecordNumber
from models.number import next_number
from models.person import Person, Role
from models.post import (
    Post,
    PostKind,
    PostMark,
    PostStandard,
    PostState,
    marks_of,
    mean,
    post_by_number,
    post_named,
    quarter_key,
    standard_of,
)
from models.unit import Place, Unit, unit_by_code

SETTERS = (Role.SECRETARY, Role.PARTY_OFFICE, Role.ADMIN)
"""Who sets up posts and writes standards, each over the own units."""
COMMITTEE = (Role.COMMITTEE_SECRETARY, Role.PARTY_OFFICE)
"""Who assesses once a year."""
YEAR_END = 11
"""From this month on the yearly assessment is of the present year."""

SET_UP = Form(
    key="post",
    version=1,
    fields=(
        Choice(key="kind", options=options_of(PostKind)),
        TextField(key="name", max_chars=40),
        PersonField(key="owner"),
        LongText(key="scope", min_chars=4, max_chars=600),
    ),
    positional=("kind", "name", "scope"),
)

HAND_OVER = Form(
    key="post_owner",
    version=1,
    fields=(RecordNumber(key="number"), PersonField(key="owner")),
    positional=("number", "owner"),
)

STANDARD = Form(
    key="post_standard",
    version=1,
    fields=(
        Choice(key="kind", options=options_of(PostKind)),
        UnitField(key="unit", required=False),
        LongText(key="text", min_chars=10, max_chars=2000),
    ),
    positional=("kind", "text"),
)

SELF = Form(
    key="post_self",
    version=1,
    fields=(
        RecordNumber(key="number"),
        Integer(key="score", low=0, high=100),
        Period(key="period", kinds=(PeriodKind.QUARTER,), required=False),
        LongText(key="said", min_chars=2, max_chars=1000),
    ),
    positional=("number", "score", "said"),
)

YEARLY = Form(
    key="post_mark",
    version=1,
    fields=(
        RecordNumber(key="number"),
        Integer(key="score", low=0, high=100),
        Period(key="period", kinds=(PeriodKind.YEAR,), required=False),
        LongText(key="said", min_chars=2, max_chars=1000),
    ),
    positional=("number", "score", "said"),
)


def find_post(ctx: Context, number: str) -> tuple[Post, Place]:
    """The post of a number with its branch; ``UserError`` if there is none."""
    post = post_by_number(ctx.session, number)
    if post is None:
        raise UserError("lookup.unknown", number=number)
    return post, branch_by_id(ctx, post.unit_id)


def _owner(ctx: Context, userid: str) -> tuple[Person, Place]:
    person = ctx.session.scalars(select(Person).where(Person.userid == userid)).one()
    home = branch_by_id(ctx, person.unit_id)
    if home.branch_id is None:
        raise UserError("post.no_branch", name=person.name)
    return person, branch_by_id(ctx, home.branch_id)


# Set up


def set_up(ctx: Context, answers: Answers) -> Reply:
    """``/设岗 示范岗 …``: a card for somebody of a branch one is responsible for."""
    owner, branch = _owner(ctx, answers["owner"].key)
    ctx.need(*SETTERS, over=branch.path)
    if earlier := post_named(ctx.session, branch.id, PostKind(answers["kind"]), answers["name"]):
        raise UserError("post.twice", name=earlier.name, number=earlier.number)
    post = Post(
        number=next_number(ctx.session, "GQ", ctx.today.year),
        kind=PostKind(answers["kind"]),
        name=answers["name"],
        unit_id=branch.id,
        owner_id=owner.id,
        scope=answers["scope"],
        at=ctx.now,
    )
    ctx.session.add(post)
    ctx.session.flush()
    ctx.subject = post.number
    _tell_owner(ctx, post, "post.given")
    missing = standard_of(ctx.session, branch.path, post.kind) is None
    return Reply(
        lines(
            fill(
                "post.saved",
                number=post.number,
                kind=label(post.kind),
                name=post.name,
                owner=owner.name,
                branch=branch.name,
            ),
            fill("post.no_standard", kind=label(post.kind)) if missing else "",
        )
    )


def _tell_owner(ctx: Context, post: Post, key: str) -> None:
    owner = ctx.session.get_one(Person, post.owner_id)
    text = fill(key, number=post.number, kind=label(post.kind), name=post.name, scope=post.scope)
    once = f"{post.number}:{key}:{owner.id}:{ctx.token()}"
    ctx.push_person(owner.userid, Text(text), once, after_quiet_hours(ctx))


def hand_over(ctx: Context, answers: Answers) -> Reply:
    """``/换岗 编号 张三``: another owner, of the same branch."""
    post, branch = find_post(ctx, answers["number"])
    ctx.need(*SETTERS, over=branch.path)
    owner, home = _owner(ctx, answers["owner"].key)
    if home.id != branch.id:
        raise UserError("post.other_branch", name=owner.name, branch=branch.name)
    post.owner_id = owner.id
    ctx.subject = post.number
    _tell_owner(ctx, post, "post.given")
    return Reply(fill("post.handed", number=post.number, name=owner.name))


def end(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """A post ends; its card and marks stay readable."""
    del picked
    post, branch = find_post(ctx, argument)
    ctx.need(*SETTERS, over=branch.path)
    post.move_to(ctx.session, PostState.ENDED, ended_at=ctx.now)
    ctx.subject = post.number
    return Reply(card=Card(title=t("post.ended"), desc=post.number))


def write_standard(ctx: Context, answers: Answers) -> Reply:
    """``/岗区标准 示范岗 …``: what the posts of a unit, and below it, are measured by."""
    if answers["unit"] is not None:
        unit = unit_by_code(ctx.session, answers["unit"].key)
        if unit is None:
            raise UserError("error.unit_closed", name=answers["unit"].label)
    else:
        unit = ctx.session.get_one(Unit, ctx.who.branch_id or ctx.who.unit_id)
    ctx.need(*SETTERS, over=unit.path)
    kind = PostKind(answers["kind"])
    standard = ctx.session.get(PostStandard, (unit.id, kind))
    if standard is None:
        standard = PostStandard(unit_id=unit.id, kind=kind)
        ctx.session.add(standard)
    standard.text, standard.person_id, standard.at = answers["text"], ctx.who.id, ctx.now
    ctx.subject = unit.code
    return Reply(fill("post.standard_saved", unit=unit.name, kind=label(kind)))


# Assessed by oneself


def _quarter(ctx: Context, post: Post, wanted: CalendarPeriod | None) -> CalendarPeriod:
    """The quarter that is assessed: the last one that ended, or one that was named and is over.

    The present quarter counts as over from its last month on, so that December closes the year.
    """
    this = CalendarPeriod.holding(PeriodKind.QUARTER, ctx.today)
    begun = CalendarPeriod.holding(PeriodKind.QUARTER, ctx.local(post.at).date())
    latest = this if ctx.today.month % 3 == 0 else this.shifted(-1)
    chosen = wanted or (this.shifted(-1) if this.shifted(-1) >= begun else this)
    if chosen > latest:
        raise UserError("post.quarter_open", quarter=period_text(chosen))
    if chosen < begun:
        raise UserError("post.before_begin", quarter=period_text(chosen), number=post.number)
    return chosen


def period_text(period: CalendarPeriod) -> str:
    """A quarter or a year in words."""
    return Period(key="period", kinds=(period.kind,)).echo(period)


def mark_period(mark: PostMark) -> str:
    """The period of a mark in words."""
    year, _, quarter = mark.period.partition("-Q")
    if not quarter:
        return t("post.year", year=year)
    return t("post.quarter_of", year=year, quarter=t(f"ledger.post_mark.q{quarter}"))


def _own_post(ctx: Context, number: str) -> Post:
    post, _ = find_post(ctx, number)
    if post.owner_id != ctx.who.id:
        raise UserError("post.not_yours", number=number)
    if post.state is not PostState.ACTIVE:
        raise UserError("post.over", number=number)
    return post


def self_facts(ctx: Context, answers: Answers) -> Facts:
    """Whether it is the speaker's own post, before anything is asked."""
    if "number" in answers:
        _own_post(ctx, answers["number"])
    return NOTHING


def self_intro(ctx: Context, answers: Answers) -> Markdown:
    """What the post is measured by."""
    if "number" not in answers:
        return Markdown("")
    post = _own_post(ctx, answers["number"])
    return standard_text(ctx, post)


def standard_text(ctx: Context, post: Post) -> Markdown:
    """The post with the standard that holds for it."""
    path = branch_by_id(ctx, post.unit_id).path
    standard = standard_of(ctx.session, path, post.kind)
    return lines(
        fill("post.about", number=post.number, name=post.name),
        fill("post.standard", text=standard.text) if standard else "",
    )


def assess_oneself(ctx: Context, answers: Answers) -> Reply:
    """``/自评 编号 92 …``: once a quarter."""
    post = _own_post(ctx, answers["number"])
    quarter = _quarter(ctx, post, answers["period"])
    _mark(ctx, post, quarter, answers, committee=False)
    return Reply(
        fill(
            "post.self_saved",
            number=post.number,
            quarter=period_text(quarter),
            score=answers["score"],
        )
    )


def _mark(
    ctx: Context, post: Post, period: CalendarPeriod, answers: Answers, *, committee: bool
) -> None:
    key = quarter_key(period)
    if any(mark.period == key for mark in marks_of(ctx.session, post.id, period.year)):
        raise UserError("post.marked_before", number=post.number, period=period_text(period))
    ctx.session.add(
        PostMark(
            post_id=post.id,
            year=period.year,
            period=key,
            committee=committee,
            score=answers["score"],
            said=answers["said"],
            person_id=ctx.who.id,
            at=ctx.now,
        )
    )
    ctx.session.flush()
    ctx.subject = post.number


# Assessed by the committee


def _assessable(ctx: Context, number: str) -> Post:
    post, branch = find_post(ctx, number)
    ctx.need(*COMMITTEE, over=branch.path)
    if post.owner_id == ctx.who.id:
        raise UserError("post.own_mark")
    return post


def mark_facts(ctx: Context, answers: Answers) -> Facts:
    """Whether the speaker may assess it, before anything is asked."""
    if "number" in answers:
        _assessable(ctx, answers["number"])
    return NOTHING


def mark_intro(ctx: Context, answers: Answers) -> Markdown:
    """The post, its standard and what its owner thinks."""
    if "number" not in answers:
        return Markdown("")
    post = _assessable(ctx, answers["number"])
    return standard_text(ctx, post)


def _year(ctx: Context, post: Post, wanted: CalendarPeriod | None) -> CalendarPeriod:
    this = ctx.today.year
    latest = this if ctx.today.month >= YEAR_END else this - 1
    year = wanted.year if wanted else max(latest, ctx.local(post.at).year)
    chosen = CalendarPeriod.holding(PeriodKind.YEAR, date(year, 1, 1))
    if year > latest:
        raise UserError("post.year_open", year=year)
    if year < ctx.local(post.at).year:
        raise UserError("post.before_begin", quarter=period_text(chosen), number=post.number)
    return chosen


def assess(ctx: Context, answers: Answers) -> Reply:
    """``/评定 编号 88 …``: once a year; the difference is shown to both."""
    post = _assessable(ctx, answers["number"])
    year = _year(ctx, post, answers["period"])
    _mark(ctx, post, year, answers, committee=True)
    own = mean([m.score for m in marks_of(ctx.session, post.id, year.year) if not m.committee])
    key = "post.marked" if own is None else "post.marked_both"
    values: dict[str, object] = {
        "number": post.number,
        "name": post.name,
        "year": year.year,
        "score": answers["score"],
        "said": answers["said"],
    }
    if own is not None:
        values |= {"own": f"{own:f}", "difference": difference_text(answers["score"] - own)}
    text = fill(key, **values)
    owner = ctx.session.get_one(Person, post.owner_id)
    once = f"{post.number}:mark:{year.year}:{owner.id}"
    ctx.push_person(owner.userid, Text(text), once, after_quiet_hours(ctx))
    return Reply(text)


def difference_text(points: Decimal) -> str:
    """How the committee's mark stands to the owner's, in words."""
    if points == 0:
        return t("post.same")
    return t("post.higher" if points > 0 else "post.lower", points=points_text(points))


FAMILY = Family(
    commands=(
        Command(key="post", form=SET_UP, run=set_up, roles=frozenset(SETTERS), sheet=True),
        Command(key="post_owner", form=HAND_OVER, run=hand_over, roles=frozenset(SETTERS)),
        Command(key="post_standard", form=STANDARD, run=write_standard, roles=frozenset(SETTERS)),
        Command(key="post_self", form=SELF, facts=self_facts, intro=self_intro, run=assess_oneself),
        Command(
            key="post_mark",
            form=YEARLY,
            facts=mark_facts,
            intro=mark_intro,
            run=assess,
            roles=frozenset(COMMITTEE),
        ),
    ),
    actions=(Action(key="post.end", run=end, roles=frozenset(SETTERS)),),
)
