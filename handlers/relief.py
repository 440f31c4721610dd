"""减负: how often branches are asked for something, the limit, and what goes beyond it.

This is what protects the bot from being called 指尖上的形式主义 (DOMAIN.md 9, PRODUCT.md E.8).
Every duty that lies on a branch is one call; the third in a week is reported to the party office,
the sixth waits for the next week unless somebody lets it pass with a reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import func, select

from config.texts import t
from handlers.board import Board, BoardPage, Cell, ChartBlock, Figure, TableBlock
from handlers.context import Context
from handlers.figures import points_text
from handlers.places import branch_in_question
from handlers.reply import Markdown, Reply, fill, lines, say
from handlers.spec import Command, Family
from models.duty import LoadPass, Owed, asked_between, monday_of, passes_of
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import Text
from models.forms.kinds import Unit as UnitField
from models.person import Person, Role
from models.unit import Unit, UnitKind, UnitState, inside

KEEPERS = (Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY, Role.ADMIN)
SHOWN = 10
WEEKS = 12

NONE = Form(key="nothing", version=1, fields=())
PASS = Form(
    key="load_pass",
    version=1,
    fields=(UnitField(key="branch"), Text(key="reason", max_chars=200)),
    positional=("branch", "reason"),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """The load in a span of days: calls on the active branches, and on the busiest of them."""

    calls: int
    branches: int
    days: int
    busiest: int

    @property
    def weekly(self) -> Decimal:
        """Calls per branch and week, one decimal: calls / branches / (days / 7)."""
        if not self.branches or not self.days:
            return Decimal(0)
        exact = Decimal(self.calls * 7) / (self.branches * self.days)
        return exact.quantize(Decimal("0.1"), ROUND_HALF_UP)


def figures(ctx: Context, first: date, last: date, path: str = "/") -> Figures:
    """The load below a unit from one day to another, both included."""
    branches = ctx.session.scalars(
        select(Unit.id).where(
            Unit.kind == UnitKind.BRANCH,
            Unit.state == UnitState.ACTIVE,
            *([inside(path)] if path != "/" else ()),
        )
    ).all()
    asked = asked_between(ctx.session, first, last)
    counts = [asked.of(branch) for branch in branches]
    return Figures(sum(counts), len(branches), (last - first).days + 1, max(counts, default=0))


def show_relief(ctx: Context, answers: Answers) -> Reply:
    """``/减负``: how often the own branch was asked this week, or all one is responsible for."""
    del answers
    rules = ctx.rules.duties
    monday = monday_of(ctx.today)
    branch = branch_in_question(ctx)
    own = Markdown("")
    if branch is not None:
        count = asked_between(ctx.session, monday, ctx.today).of(branch.id)
        own = fill("relief.own", branch=branch.name, count=count, limit=rules.hold_asks)
    month = ctx.today.replace(day=1)
    now = figures(ctx, month, ctx.today)
    all_of = fill("relief.all", weekly=points_text(now.weekly), limit=rules.hold_asks)
    url = ctx.page("/board/relief")
    return Reply(lines(own, all_of, Markdown(t("relief.page", url=url)) if not ctx.room else ""))


def let_pass(ctx: Context, answers: Answers) -> Reply:
    """``/放行 支部 理由``: the branch may be asked for more this week; the reason is published."""
    branch = branch_in_question(ctx, answers["branch"])
    if branch is None:
        raise UserError("relief.which_branch")
    ctx.need(Role.PARTY_OFFICE, Role.ADMIN, over=branch.path)
    week = monday_of(ctx.today)
    if branch.id in passes_of(ctx.session, week):
        raise UserError("relief.passed_before", branch=branch.name)
    ctx.session.add(
        LoadPass(
            branch_id=branch.id,
            week=week,
            reason=answers["reason"],
            person_id=ctx.who.id,
            at=ctx.now,
        )
    )
    ctx.subject = branch.code
    return say("relief.passed", branch=branch.name)


def show_board(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """The load of the week and the last weeks, branch by branch below the reader's units."""
    del params
    rules, monday = ctx.rules.duties, monday_of(ctx.today)
    this_week = figures(ctx, monday, monday + timedelta(days=6))
    last = ctx.today.replace(day=1) - timedelta(days=1)
    last_month = figures(ctx, last.replace(day=1), last)
    return BoardPage(
        title=t("board.relief.title"),
        note=t("relief.note", warn=rules.warn_asks, hold=rules.hold_asks),
        figures=(
            Figure(
                t("relief.this_week"),
                str(this_week.calls),
                t("relief.busiest", n=this_week.busiest),
            ),
            Figure(
                t("relief.last_month"), points_text(last_month.weekly), t("relief.per_branch_week")
            ),
            Figure(t("relief.limit"), str(rules.hold_asks), t("relief.limit_note")),
        ),
        blocks=(_weeks(ctx, monday), _busy(ctx, monday), _passes(ctx)),
    )


def _weeks(ctx: Context, monday: date) -> ChartBlock:
    mondays = [monday - timedelta(weeks=n) for n in range(WEEKS - 1, -1, -1)]
    spans = [figures(ctx, first, first + timedelta(days=6)) for first in mondays]
    values = [float(span.weekly) for span in spans]
    return ChartBlock(
        title=t("relief.weeks"),
        labels=[t("figures.day", month=day.month, day=day.day) for day in mondays],
        series=((t("relief.per_branch_week"), values),),
        unit=t("relief.times"),
    )


def _busy(ctx: Context, monday: date) -> TableBlock:
    """Branches that were asked as often as the party office is told of; organisations only."""
    rules = ctx.rules.duties
    count = func.count().label("count")
    rows = ctx.session.execute(
        select(Unit.name, count)
        .join(Owed, Owed.branch_id == Unit.id)
        .where(Owed.told_on >= monday)
        .group_by(Unit.id, Unit.name)
        .having(count >= rules.warn_asks)
        .order_by(count.desc(), Unit.name)
        .limit(SHOWN)
    )
    return TableBlock(
        title=t("relief.busy"),
        headings=(t("relief.branch"), t("relief.count")),
        numeric=frozenset({1}),
        rows=[(Cell(name), Cell(str(n))) for name, n in rows],
    )


def _passes(ctx: Context) -> TableBlock:
    rows = ctx.session.execute(
        select(LoadPass.week, Unit.name, LoadPass.reason, Person.name)
        .join(Unit, Unit.id == LoadPass.branch_id)
        .join(Person, Person.id == LoadPass.person_id)
        .order_by(LoadPass.at.desc())
        .limit(SHOWN)
    )
    return TableBlock(
        title=t("relief.passes"),
        headings=(t("relief.week"), t("relief.branch"), t("relief.reason"), t("relief.who")),
        rows=[
            (
                Cell(t("figures.day", month=week.month, day=week.day)),
                Cell(unit),
                Cell(why),
                Cell(who),
            )
            for week, unit, why, who in rows
        ],
    )


def bulletin(ctx: Context, first: date, last: date) -> Markdown:
    """The month's public line for groups (PRODUCT.md F-174)."""
    month = figures(ctx, first, last)
    passes = ctx.session.scalar(
        select(func.count())
        .select_from(LoadPass)
        .where(LoadPass.week >= first, LoadPass.week <= last)
    )
    return fill(
        "relief.bulletin",
        month=first.month,
        weekly=points_text(month.weekly),
        limit=ctx.rules.duties.hold_asks,
        passes=passes or 0,
    )


def own_line(calls: int, first: date, last: date) -> Markdown:
    """The group's own branch under the bulletin."""
    weekly = Figures(calls, 1, (last - first).days + 1, calls).weekly
    return fill("relief.bulletin_own", calls=calls, weekly=points_text(weekly))


FAMILY = Family(
    commands=(
        Command(key="relief", form=NONE, run=show_relief),
        Command(
            key="load_pass",
            form=PASS,
            run=let_pass,
            roles=frozenset({Role.PARTY_OFFICE, Role.ADMIN}),
        ),
    ),
    boards=(Board(key="relief", show=show_board),),
)
