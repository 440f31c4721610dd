"""Reading posts and areas: the card, the ledgers 岗区 and 岗区评价, the board, what is owed.

Marks are read by the owner and by those who answer for the branch; the card by the whole branch.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import ColumnElement, Float, case, cast, exists, false, func, or_, select, true
from sqlalchemy.orm import aliased

from config.texts import label, t
from handlers.board import Board, BoardPage, Cell, Figure, Later, TableBlock, Tile, TilesBlock
from handlers.content import Tone
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Section, Step, path_of
from handlers.duty import Duty, DutySource
from handlers.organisation import near, seen_units
from handlers.personal import SHOWN, Access, Held, Holding, Kin
from handlers.places import OVERSEERS, may_see
from handlers.pledges.book import branch_wanted
from handlers.post import COMMITTEE, SETTERS, difference_text, find_post, mark_period
from handlers.reply import fill
from handlers.spec import Column, Family, Kind, Ledger, Rows, View
from models.errors import UserError
from models.forms.periods import CalendarPeriod, PeriodKind
from models.person import Member, Person, PersonState, Role
from models.post import (
    Post,
    PostKind,
    PostMark,
    PostState,
    marks_of,
    mean,
    quarter_key,
    standard_of,
)
from models.unit import Place, Unit, inside

QUARTERS = 4
MARKED_UNTIL = 3
"""The month after which the committee's assessment of the last year is asked for no more."""


# The card


def _reads_marks(ctx: Context, post: Post, branch: Place) -> bool:
    return post.owner_id == ctx.who.id or ctx.who.has(*OVERSEERS, over=branch.path)


def show_post(ctx: Context, number: str) -> Dossier:
    """The card, and this year's marks beside each other for those who may read them."""
    post, branch = find_post(ctx, number)
    if post.owner_id != ctx.who.id and not may_see(ctx.who, branch):
        raise UserError("lookup.unknown", number=number)
    owner = ctx.session.get_one(Person, post.owner_id)
    marks = (
        marks_of(ctx.session, post.id, ctx.today.year) if _reads_marks(ctx, post, branch) else ()
    )
    standard = standard_of(ctx.session, branch.path, post.kind)
    return Dossier(
        number=post.number,
        title=t("post.dossier", kind=label(post.kind), name=post.name),
        state=label(post.state),
        facts=(
            (t("post.fact_owner"), owner.name),
            (t("post.fact_branch"), branch.name),
            *_mark_facts(ctx.today.year, marks),
        ),
        sections=(
            Section(t("post.section_scope"), post.scope),
            Section(t("post.section_standard"), standard.text if standard else ""),
        ),
        steps=_steps(ctx, marks),
        acts=_acts(ctx, post, branch),
    )


def _mark_facts(year: int, marks: Sequence[PostMark]) -> Iterator[tuple[str, str]]:
    """The mean of the owner's marks, the committee's, and how they differ."""
    own = mean([mark.score for mark in marks if not mark.committee])
    theirs = next((mark.score for mark in marks if mark.committee), None)
    if own is not None:
        yield t("post.fact_self", year=year), f"{own.normalize():f}"
    if theirs is not None:
        yield t("post.fact_committee", year=year), str(theirs)
    if own is not None and theirs is not None:
        yield t("post.fact_difference"), difference_text(theirs - own)


def _steps(ctx: Context, marks: Sequence[PostMark]) -> Sequence[Step]:
    names = dict(
        ctx.session.execute(
            select(Person.id, Person.name).where(Person.id.in_([m.person_id for m in marks]))
        ).all()
    )
    return [
        Step(
            mark.at,
            t(
                "post.step_committee" if mark.committee else "post.step_self",
                period=mark_period(mark),
                score=mark.score,
            ),
            names[mark.person_id],
            mark.said,
        )
        for mark in sorted(marks, key=lambda mark: mark.at)
    ]


def _acts(ctx: Context, post: Post, branch: Place) -> Sequence[Act]:
    if post.state is not PostState.ACTIVE:
        return ()
    number = {"number": post.number}
    acts = []
    if post.owner_id == ctx.who.id:
        acts.append(
            Act(t("post.assess_self"), command="post_self", answers=number, tone=Tone.PRIMARY)
        )
    elif ctx.who.has(*COMMITTEE, over=branch.path):
        acts.append(Act(t("post.assess"), command="post_mark", answers=number, tone=Tone.PRIMARY))
    if ctx.who.has(*SETTERS, over=branch.path):
        acts.append(Act(t("post.hand_over"), command="post_owner", answers=number))
        acts.append(Act(t("post.end"), action=f"post.end:{post.number}", tone=Tone.DANGER))
    return acts


def my_posts(ctx: Context) -> Sequence[str]:
    """The posts and areas that are the speaker's."""
    rows = ctx.session.scalars(
        select(Post)
        .where(Post.owner_id == ctx.who.id, Post.state == PostState.ACTIVE)
        .order_by(Post.id)
    )
    return [
        fill("post.mine", number=post.number, kind=label(post.kind), name=post.name)
        for post in rows
    ]


# The ledgers

OWNER = aliased(Person)


def _posts(view: View) -> Rows:
    member = view.member
    own = Post.owner_id == member.id if member else false()
    return (
        select()
        .select_from(Post)
        .join(Unit, Unit.id == Post.unit_id)
        .join(OWNER, OWNER.id == Post.owner_id)
        .where(or_(seen_units(view), own))
    )


POSTS = Ledger(
    key="post",
    takes="post",
    columns=(
        Column(key="number", expr=Post.number, width=16),
        Column(key="kind", expr=Post.kind, kind=Kind.WORD, width=10),
        Column(key="name", expr=Post.name, width=24),
        Column(key="branch", expr=Unit.name, width=34),
        Column(key="owner", expr=OWNER.name, width=10),
        Column(key="scope", expr=Post.scope, width=50),
        Column(key="state", expr=Post.state, kind=Kind.WORD, width=8),
        Column(key="at", expr=Post.at, kind=Kind.TIME, width=18, wide=True),
    ),
    query=_posts,
    order=(Unit.path.asc(), Post.kind.asc(), Post.id.asc()),
)

_SELF = func.avg(case((PostMark.committee.is_(False), cast(PostMark.score, Float))))
_THEIRS = func.max(case((PostMark.committee, PostMark.score)))
YEARS = (
    select(
        PostMark.post_id.label("post_id"),
        PostMark.year.label("year"),
        *(
            func.max(case((PostMark.period.like(f"%-Q{number}"), PostMark.score))).label(
                f"q{number}"
            )
            for number in range(1, QUARTERS + 1)
        ),
        _SELF.label("own"),
        _THEIRS.label("theirs"),
        (_THEIRS - _SELF).label("difference"),
    )
    .group_by(PostMark.post_id, PostMark.year)
    .subquery()
)


def _one_decimal(value: float | None, view: View) -> Decimal | None:
    del view
    return None if value is None else Decimal(str(round(value, 1)))


def _marks(view: View) -> Rows:
    """A post and year a line: one's own, and all below where one answers for the branch."""
    member = view.member
    seen: ColumnElement[bool] = true()
    if member is not None:
        below = [inside(path) for path in member.paths(*OVERSEERS)]
        seen = or_(Post.owner_id == member.id, or_(false(), *below))
    return (
        select()
        .select_from(YEARS)
        .join(Post, Post.id == YEARS.c.post_id)
        .join(Unit, Unit.id == Post.unit_id)
        .join(OWNER, OWNER.id == Post.owner_id)
        .where(seen)
    )


MARKS = Ledger(
    key="post_mark",
    found=False,
    columns=(
        Column(key="number", expr=Post.number, width=16),
        Column(key="name", expr=Post.name, width=24),
        Column(key="branch", expr=Unit.name, width=34, wide=True),
        Column(key="owner", expr=OWNER.name, width=10, wide=True),
        Column(key="year", expr=YEARS.c.year, kind=Kind.NUMBER, width=8, wide=True),
        *(
            Column(key=key, expr=YEARS.c[key], kind=Kind.NUMBER, width=8, wide=True)
            for key in (f"q{number}" for number in range(1, QUARTERS + 1))
        ),
        Column(key="own", expr=YEARS.c.own, kind=Kind.NUMBER, width=10, show=_one_decimal),
        Column(key="theirs", expr=YEARS.c.theirs, kind=Kind.NUMBER, width=10),
        Column(
            key="difference",
            expr=YEARS.c.difference,
            kind=Kind.NUMBER,
            width=8,
            show=_one_decimal,
        ),
    ),
    query=_marks,
    order=(YEARS.c.year.desc(), Unit.path.asc(), Post.id.asc()),
)


# The board


def _board(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """Cards of the own branch; for those who answer for branches, the marks beside each other."""
    branch = branch_wanted(ctx, params)
    oversees = ctx.who.has(*OVERSEERS)
    view = View(ctx, ctx.member, {})
    where = [
        Post.state == PostState.ACTIVE,
        or_(seen_units(view), Post.owner_id == ctx.who.id),
    ]
    if branch is not None and not oversees:
        where.append(or_(Post.unit_id == branch.id, Post.owner_id == ctx.who.id))
    rows = [
        Standing(*row)
        for row in ctx.session.execute(
            select(Post.id, Post.number, Post.kind, Post.name, Post.scope, OWNER.name, Unit.name)
            .join(Unit, Unit.id == Post.unit_id)
            .join(OWNER, OWNER.id == Post.owner_id)
            .where(*where)
            .order_by(Unit.path, Post.kind, Post.id)
        )
    ]
    count = {kind: sum(one.kind is kind for one in rows) for kind in PostKind}
    block = _table(ctx, rows) if oversees else _tiles(rows)
    setter = ctx.who.has(*SETTERS)
    return BoardPage(
        title=t("board.posts.title"),
        note=t("post.board_note", year=ctx.today.year),
        figures=tuple(Figure(label(kind), str(number)) for kind, number in count.items()),
        blocks=(block,),
        acts=(Act(t("post.set_up"), command="post", tone=Tone.PRIMARY),) if setter else (),
    )


class Standing(NamedTuple):
    """A post as the board shows it."""

    id: int
    number: str
    kind: PostKind
    name: str
    scope: str
    owner: str
    branch: str


def _tiles(rows: Sequence[Standing]) -> TilesBlock:
    return TilesBlock(
        tiles=[
            Tile(
                title=one.name,
                note=t("post.tile", kind=label(one.kind), owner=one.owner, scope=one.scope),
                href=path_of(one.number),
            )
            for one in rows
        ]
    )


def _table(ctx: Context, rows: Sequence[Standing]) -> TableBlock:
    """Q1 to Q4, the mean, the committee's mark and the difference; dashes where none was given."""
    year = ctx.today.year
    marks: dict[int, list[Given]] = {}
    for post_id, period, committee, score in ctx.session.execute(
        select(PostMark.post_id, PostMark.period, PostMark.committee, PostMark.score).where(
            PostMark.year == year
        )
    ):
        marks.setdefault(post_id, []).append(Given(period, committee, score))
    quarters = [f"{year}-Q{number}" for number in range(1, QUARTERS + 1)]
    return TableBlock(
        headings=(
            t("post.head_name"),
            t("post.fact_branch"),
            t("post.fact_owner"),
            *(t(f"ledger.post_mark.q{number}") for number in range(1, QUARTERS + 1)),
            t("post.head_self"),
            t("post.head_committee"),
            t("post.head_difference"),
        ),
        rows=Later(
            rows,
            lambda one: (
                Cell(t("post.cell", kind=label(one.kind), name=one.name), href=path_of(one.number)),
                Cell(one.branch),
                Cell(one.owner),
                *_cells(quarters, marks.get(one.id, [])),
            ),
        ),
        numeric=frozenset(range(3, 3 + QUARTERS + 3)),
    )


class Given(NamedTuple):
    """A mark."""

    period: str
    committee: bool
    score: int


def _cells(quarters: Sequence[str], marks: Sequence[Given]) -> Iterator[Cell]:
    own = {mark.period: mark.score for mark in marks if not mark.committee}
    theirs = next((mark.score for mark in marks if mark.committee), None)
    average = mean(list(own.values()))
    for quarter in quarters:
        yield Cell(str(own.get(quarter, "—")))
    yield Cell("—" if average is None else f"{average.normalize():f}")
    yield Cell("—" if theirs is None else str(theirs))
    difference = None if average is None or theirs is None else theirs - average
    yield Cell("—" if difference is None else f"{difference.normalize():+f}")


# What is owed


def last_quarter(ctx: Context) -> CalendarPeriod:
    """The quarter that ended last."""
    return CalendarPeriod.holding(PeriodKind.QUARTER, ctx.today).shifted(-1)


def unassessed(ctx: Context, quarter: CalendarPeriod) -> ColumnElement[bool]:
    """Condition: an active post that was there in a quarter and has no mark of it."""
    _, last = quarter.days()
    marked = exists().where(PostMark.post_id == Post.id, PostMark.period == quarter_key(quarter))
    before = ctx.midnight_after(last)
    return (Post.state == PostState.ACTIVE) & (Post.at < before) & ~marked


def owed_self(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Owners who have not assessed themselves for the last quarter.

    The post of somebody who left waits for the secretary, who finds another owner.
    """
    quarter = last_quarter(ctx)
    first = quarter.shifted(1).days()[0]
    due = ctx.calendar.nth_working(first.year, first.month, ctx.rules.post.self_days)
    rows = ctx.session.execute(
        select(Post, Unit.path, Person.state)
        .join(Unit, Unit.id == Post.unit_id)
        .join(Person, Person.id == Post.owner_id)
        .where(
            unassessed(ctx, quarter),
            or_(Post.owner_id == member.id, Person.state != PersonState.ACTIVE)
            if member
            else true(),
        )
        .order_by(Post.id)
    )
    for post, path, state in rows:
        here = state is PersonState.ACTIVE
        command = "post_self" if here else "post_owner"
        act = t("post.assess_self" if here else "post.hand_over")
        yield Duty(
            key=f"post_self:{post.number}:{quarter_key(quarter)}",
            title=t("post.duty_self" if here else "post.duty_owner"),
            detail=t("post.duty_about", number=post.number, name=post.name),
            due=due,
            unit_path=path,
            owners=(post.owner_id,),
            number=post.number,
            act=Act(act, command=command, answers={"number": post.number}),
        )


def owed_marks(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """From January to March: posts not assessed by the committee for the year that ended."""
    if ctx.today.month > MARKED_UNTIL:
        return
    year = ctx.today.year - 1
    marked = exists().where(PostMark.post_id == Post.id, PostMark.period == str(year))
    start = ctx.midnight_after(ctx.today.replace(year=year, month=12, day=31))
    rows = ctx.session.execute(
        select(Unit, func.count(), func.min(Post.number))
        .join(Post, Post.unit_id == Unit.id)
        .where(
            Post.state == PostState.ACTIVE,
            Post.at < start,
            ~marked,
            near(member, *COMMITTEE) if member else true(),
        )
        .group_by(Unit.id)
        .order_by(Unit.path)
    )
    due = ctx.calendar.nth_working(ctx.today.year, 1, ctx.rules.post.mark_days)
    for unit, count, number in rows:
        yield Duty(
            key=f"post_mark:{unit.code}:{year}",
            title=t("post.duty_mark"),
            detail=t("post.duty_marks", branch=unit.name, year=year, count=count),
            due=due,
            unit_path=unit.path,
            role=Role.COMMITTEE_SECRETARY,
            number=number,
            act=Act(t("post.assess"), command="post_mark", answers={"number": number}),
        )


def _held(ctx: Context, person_id: int) -> Iterator[Held]:
    """Own posts and areas with their marks, and the marks somebody gave to others."""
    for post in ctx.session.scalars(
        select(Post).where(Post.owner_id == person_id).order_by(Post.at.desc()).limit(SHOWN)
    ):
        yield Held(title=post.name, at=post.at, number=post.number, text=post.scope)
    rows = ctx.session.execute(
        select(PostMark, Post.number)
        .join(Post, Post.id == PostMark.post_id)
        .where(or_(Post.owner_id == person_id, PostMark.person_id == person_id))
        .order_by(PostMark.at.desc())
        .limit(SHOWN)
    )
    for mark, number in rows:
        key = "post.step_committee" if mark.committee else "post.step_self"
        title = t(key, period=mark_period(mark), score=mark.score)
        yield Held(title=title, at=mark.at, number=number, text=mark.said)


FAMILY = Family(
    records=(Record(prefix="GQ", show=show_post),),
    ledgers=(POSTS, MARKS),
    boards=(Board(key="posts", show=_board, confined=True),),
    duties=(
        DutySource(key="post_self", find=owed_self),
        DutySource(key="post_mark", find=owed_marks),
    ),
    mine=(my_posts,),
    holdings=(
        Holding(
            key="post",
            tables=("post", "post_standard", "post_mark"),
            find=_held,
            readers={Kin.COLLEAGUE: Access.FACTS, **dict.fromkeys(OVERSEERS, Access.TEXT)},
        ),
    ),
)
