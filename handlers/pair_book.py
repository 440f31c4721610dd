"""Reading pairs: the dossier, the ledger 结对, the board with the ratio, what is owed.

Few eyes (PRODUCT.md E.5): a pair of people is read by its sides and by the branch's reviewers; what
the sides think of it by the sides alone. Pairs of branches are read by both branches.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, case, exists, false, func, or_, select, true
from sqlalchemy.orm import aliased

from config.texts import label, t
from handlers.board import Board, BoardPage, Cell, Figure, TableBlock
from handlers.content import Tone
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Section, Step
from handlers.duty import Duty, DutySource
from handlers.organisation import near, seen_units
from handlers.pair import REVIEWERS, find_pair, own_side, place_of_pair, review_opens
from handlers.personal import SHOWN, Access, Held, Holding, Kin
from handlers.places import branch_by_id
from handlers.reply import fill
from handlers.spec import Column, Family, Kind, Ledger, Rows, View
from models.attachment import of_record
from models.errors import UserError
from models.forms.periods import CalendarPeriod, PeriodKind
from models.pair import (
    LIVE,
    Pair,
    PairEntry,
    PairKind,
    PairSide,
    PairState,
    quarter_of,
    sides_of,
)
from models.person import Member, Person, PersonState, Role
from models.unit import Unit, UnitKind, UnitState, inside

RECENT = 20
LAST_OF_QUARTER = 3


# The dossier


def _may_read(ctx: Context, pair: Pair, sides: Sequence[PairSide]) -> bool:
    units = [pair.unit_id, *(side.unit_id for side in sides if side.unit_id)]
    if pair.kind is PairKind.BRANCH and ctx.who.branch_id in units:
        return True
    return any(ctx.who.has(*REVIEWERS, over=branch_by_id(ctx, unit).path) for unit in units)


def show_pair(ctx: Context, number: str) -> Dossier:
    """A pair with its entries; its reviews only for the sides."""
    pair = find_pair(ctx, number)
    sides = sides_of(ctx.session, pair.id)
    mine = own_side(ctx, pair, sides)
    if mine is None and not _may_read(ctx, pair, sides):
        raise UserError("lookup.unknown", number=number)
    names = {side.id: _name(ctx, side) for side in sides}
    lead = next(side for side in sides if side.lead)
    confirmed = sum(side.confirmed_at is not None for side in sides)
    reviewed = sum(side.reviewed_at is not None for side in sides)
    return Dossier(
        number=pair.number,
        title=t("pair.dossier", lead=names[lead.id], partners=pair.partners),
        state=label(pair.state),
        facts=(
            (t("pair.fact_kind"), label(pair.kind)),
            (t("pair.fact_branch"), place_of_pair(ctx, pair).name),
            (t("pair.fact_days"), f"{pair.starts_on} — {pair.ends_on}"),
            (t("pair.fact_confirmed"), t("pair.of", count=confirmed, total=len(sides))),
            (t("pair.fact_entries"), t("pair.entries", count=pair.entries)),
            (t("pair.fact_reviewed"), t("pair.of", count=reviewed, total=len(sides))),
        ),
        sections=(
            Section(t("pair.section_goal"), pair.goal),
            *(_reviews(sides, names) if mine is not None else ()),
        ),
        steps=_steps(ctx, pair),
        acts=_acts(ctx, pair, mine) if mine is not None else (),
        photos=[photo.id for photo in of_record(ctx.session, pair.number)],
    )


def _name(ctx: Context, side: PairSide) -> str:
    if side.unit_id is not None:
        return branch_by_id(ctx, side.unit_id).name
    return ctx.session.get_one(Person, side.person_id).name


def _reviews(sides: Sequence[PairSide], names: Mapping[int, str]) -> Iterator[Section]:
    for side in sides:
        if side.view is not None:
            text = t("pair.review_text", view=label(side.view), said=side.review)
            yield Section(t("pair.section_review", name=names[side.id]), text.rstrip("："))


def _steps(ctx: Context, pair: Pair) -> Sequence[Step]:
    rows = ctx.session.execute(
        select(PairEntry, Person.name)
        .join(Person, Person.id == PairEntry.person_id)
        .where(PairEntry.pair_id == pair.id)
        .order_by(PairEntry.at, PairEntry.id)
    )
    return [Step(entry.at, t("pair.entry"), name, entry.said) for entry, name in rows]


def _acts(ctx: Context, pair: Pair, side: PairSide) -> Sequence[Act]:
    number = {"number": pair.number}
    if pair.state is PairState.PROPOSED:
        if side.lead:
            return (Act(t("pair.withdraw"), action=f"pair.withdraw:{pair.number}"),)
        if side.confirmed_at is None:
            return (
                Act(t("pair.yes"), action=f"pair.yes:{pair.number}", tone=Tone.PRIMARY),
                Act(t("pair.no"), action=f"pair.no:{pair.number}"),
            )
    if pair.state is not PairState.ACTIVE:
        return ()
    acts = [Act(t("pair.note"), command="pair_entry", answers=number, tone=Tone.PRIMARY)]
    if side.reviewed_at is None and ctx.today >= review_opens(ctx, pair):
        acts.append(Act(t("pair.review"), command="pair_review", answers=number))
    acts.append(Act(t("pair.stop"), action=f"pair.end:{pair.number}", tone=Tone.DANGER))
    return acts


def my_pairs(ctx: Context) -> Sequence[str]:
    """The pairs the speaker takes part in."""
    own = select(PairSide.pair_id).where(PairSide.person_id == ctx.who.id)
    rows = ctx.session.scalars(
        select(Pair)
        .where(Pair.id.in_(own), Pair.state.in_(LIVE))
        .order_by(Pair.id.desc())
        .limit(RECENT)
    )
    return [
        fill(
            "pair.mine",
            number=pair.number,
            kind=label(pair.kind),
            state=label(pair.state),
            goal=pair.goal[:30],
        )
        for pair in rows
    ]


# The ledger

LEAD_SIDE = aliased(PairSide)
LEAD = aliased(Person)


def _takes_part(member: Member) -> ColumnElement[bool]:
    return exists().where(PairSide.pair_id == Pair.id, PairSide.person_id == member.id)


def _own_branch(member: Member) -> ColumnElement[bool]:
    if member.branch_id is None:
        return false()
    return exists().where(PairSide.pair_id == Pair.id, PairSide.unit_id == member.branch_id)


def _readable(view: View) -> ColumnElement[bool]:
    """Pairs one takes part in or reviews, and those between branches one may see."""
    member = view.member
    if member is None:
        return true()
    below = [inside(path) for path in member.paths(*REVIEWERS)]
    between = and_(Pair.kind == PairKind.BRANCH, or_(seen_units(view), _own_branch(member)))
    return or_(_takes_part(member), between, or_(false(), *below))


def _pairs(view: View) -> Rows:
    return (
        select()
        .select_from(Pair)
        .join(Unit, Unit.id == Pair.unit_id)
        .join(LEAD_SIDE, and_(LEAD_SIDE.pair_id == Pair.id, LEAD_SIDE.lead))
        .join(LEAD, LEAD.id == LEAD_SIDE.person_id)
        .where(_readable(view))
    )


def _reviewed() -> ColumnElement[int]:
    side = aliased(PairSide)
    return (
        select(func.count())
        .where(side.pair_id == Pair.id, side.reviewed_at.is_not(None))
        .correlate(Pair)
        .scalar_subquery()
    )


PAIRS = Ledger(
    key="pair",
    columns=(
        Column(key="number", expr=Pair.number, width=16),
        Column(key="kind", expr=Pair.kind, kind=Kind.WORD, width=12),
        Column(key="branch", expr=Unit.name, width=34),
        Column(
            key="lead",
            expr=case((Pair.kind == PairKind.BRANCH, Unit.name), else_=LEAD.name),
            width=12,
        ),
        Column(key="partners", expr=Pair.partners, width=24),
        Column(key="goal", expr=Pair.goal, width=50),
        Column(key="state", expr=Pair.state, kind=Kind.WORD, width=10),
        Column(key="entries", expr=Pair.entries, kind=Kind.NUMBER, width=8),
        Column(key="starts", expr=Pair.starts_on, kind=Kind.DATE, width=12, wide=True),
        Column(key="ends", expr=Pair.ends_on, kind=Kind.DATE, width=12, wide=True),
        Column(key="reviewed", expr=_reviewed(), kind=Kind.NUMBER, width=8, wide=True),
    ),
    query=_pairs,
    order=(Pair.id.desc(),),
)


WRITER = aliased(Person)


def _entries(view: View) -> Rows:
    return (
        select()
        .select_from(PairEntry)
        .join(Pair, Pair.id == PairEntry.pair_id)
        .join(Unit, Unit.id == Pair.unit_id)
        .join(WRITER, WRITER.id == PairEntry.person_id)
        .where(_readable(view))
    )


ENTRIES = Ledger(
    key="pair_entry",
    columns=(
        Column(key="number", expr=Pair.number, width=16),
        Column(key="kind", expr=Pair.kind, kind=Kind.WORD, width=12),
        Column(key="branch", expr=Unit.name, width=34, wide=True),
        Column(key="writer", expr=WRITER.name, width=10),
        Column(key="said", expr=PairEntry.said, width=50),
        Column(key="quarter", expr=PairEntry.quarter, width=10),
        Column(key="at", expr=PairEntry.at, kind=Kind.TIME, width=18),
    ),
    query=_entries,
    order=(PairEntry.at.desc(), PairEntry.id.desc()),
)


# The board


def _board(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """Per branch: how many take part, and how the members stand to the colleagues they help."""
    del params
    rows = ctx.session.execute(
        select(
            Unit.name,
            _members(ctx),
            _live(PairKind.MASSES, lead=True),
            _live(PairKind.MASSES, lead=False),
            _live(PairKind.ONE, lead=True) + _live(PairKind.MANY, lead=True),
            _live_branches(),
        )
        .where(
            Unit.kind == UnitKind.BRANCH,
            Unit.state == UnitState.ACTIVE,
            seen_units(View(ctx, ctx.member, params={})),
        )
        .order_by(Unit.path)
    ).all()
    ratio = ctx.rules.pair.masses
    leads, helped = sum(row[2] for row in rows), sum(row[3] for row in rows)
    return BoardPage(
        title=t("board.pairs.title"),
        note=t("pair.board_note", ratio=ratio),
        figures=(
            Figure(label(PairKind.MASSES), t("pair.ratio", leads=leads, helped=helped)),
            Figure(t("pair.figure_others"), str(sum(row[4] for row in rows))),
            Figure(label(PairKind.BRANCH), str(sum(row[5] for row in rows))),
        ),
        blocks=(
            TableBlock(
                headings=(
                    t("pair.fact_branch"),
                    t("pair.head_members"),
                    t("pair.head_leads"),
                    t("pair.head_helped"),
                    t("pair.head_ratio"),
                    t("pair.figure_others"),
                    label(PairKind.BRANCH),
                ),
                rows=[
                    (
                        Cell(name),
                        Cell(str(members)),
                        Cell(str(lead)),
                        Cell(str(help_)),
                        Cell(_ratio(lead, help_, ratio)),
                        Cell(str(others)),
                        Cell(str(branches)),
                    )
                    for name, members, lead, help_, others, branches in rows
                ],
                numeric=frozenset({1, 2, 3, 5, 6}),
            ),
        ),
        acts=(Act(t("pair.make"), command="pair", tone=Tone.PRIMARY),),
    )


def _ratio(leads: int, helped: int, ratio: int) -> str:
    if not leads:
        return "—"
    key = "pair.ratio_kept" if helped >= leads * ratio else "pair.ratio_short"
    return t(key, helped=f"{helped / leads:g}")


def _members(ctx: Context) -> ColumnElement[int]:
    """Active party members of a branch, as far as standings are known."""
    home = aliased(Unit)
    return (
        select(func.count())
        .select_from(Person)
        .join(home, home.id == Person.unit_id)
        .where(
            home.branch_id == Unit.id,
            Person.state == PersonState.ACTIVE,
            Person.standing.in_(list(ctx.rules.standing.party)),
        )
        .correlate(Unit)
        .scalar_subquery()
    )


def _live(kind: PairKind, *, lead: bool) -> ColumnElement[int]:
    """Distinct people on one side of a branch's active pairs of a kind."""
    return (
        select(func.count(PairSide.person_id.distinct()))
        .join(Pair, Pair.id == PairSide.pair_id)
        .where(
            Pair.unit_id == Unit.id,
            Pair.kind == kind,
            Pair.state == PairState.ACTIVE,
            PairSide.lead if lead else PairSide.lead.is_(False),
        )
        .correlate(Unit)
        .scalar_subquery()
    )


def _live_branches() -> ColumnElement[int]:
    return (
        select(func.count())
        .select_from(PairSide)
        .join(Pair, Pair.id == PairSide.pair_id)
        .where(PairSide.unit_id == Unit.id, Pair.state == PairState.ACTIVE)
        .correlate(Unit)
        .scalar_subquery()
    )


# What is owed


def quarterly(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Pairs of branches without an entry in this quarter, from its last month on."""
    if ctx.today.month % LAST_OF_QUARTER:
        return
    quarter = quarter_of(ctx.today)
    done = exists().where(PairEntry.pair_id == Pair.id, PairEntry.quarter == quarter)
    rows = ctx.session.execute(
        select(Pair, Unit)
        .join(PairSide, PairSide.pair_id == Pair.id)
        .join(Unit, Unit.id == PairSide.unit_id)
        .where(
            Pair.kind == PairKind.BRANCH,
            Pair.state == PairState.ACTIVE,
            ~done,
            near(member, Role.SECRETARY) if member else true(),
        )
        .order_by(Pair.id, Unit.id)
    )
    for pair, unit in rows:
        yield Duty(
            key=f"pair_entry:{pair.number}:{quarter}:{unit.code}",
            title=t("pair.duty_entry"),
            detail=t("pair.duty_about", number=pair.number, goal=pair.goal[:30]),
            due=CalendarPeriod.holding(PeriodKind.QUARTER, ctx.today).days()[1],
            unit_path=unit.path,
            number=pair.number,
            act=Act(t("pair.note"), command="pair_entry", answers={"number": pair.number}),
        )


def owed_reviews(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Pairs whose time is over wait for what their sides think of them."""
    home = aliased(Unit)
    rows = ctx.session.execute(
        select(Pair, PairSide, home)
        .join(PairSide, PairSide.pair_id == Pair.id)
        .join(Person, Person.id == PairSide.person_id)
        .join(home, home.id == func.coalesce(PairSide.unit_id, Person.unit_id))
        .where(
            Pair.state == PairState.ACTIVE,
            Pair.ends_on < ctx.today,
            PairSide.reviewed_at.is_(None),
            or_(PairSide.unit_id.is_not(None), Person.state == PersonState.ACTIVE),
            or_(PairSide.person_id == member.id, PairSide.unit_id.is_not(None))
            if member
            else true(),
        )
        .order_by(Pair.id, PairSide.id)
    )
    for pair, side, unit in rows:
        yield Duty(
            key=f"pair_review:{pair.number}:{side.id}",
            title=t("pair.duty_review"),
            detail=t("pair.duty_about", number=pair.number, goal=pair.goal[:30]),
            due=pair.ends_on + timedelta(days=ctx.rules.pair.review_days),
            unit_path=unit.path,
            owners=() if side.unit_id else (side.person_id,),
            escalates=False,
            number=pair.number,
            act=Act(t("pair.review"), command="pair_review", answers={"number": pair.number}),
        )


def _held(ctx: Context, person_id: int) -> Iterator[Held]:
    rows = ctx.session.execute(
        select(Pair, PairSide)
        .join(PairSide, PairSide.pair_id == Pair.id)
        .where(PairSide.person_id == person_id)
        .order_by(Pair.at.desc())
        .limit(SHOWN)
    )
    for pair, side in rows:
        yield Held(title=label(pair.kind), at=pair.at, number=pair.number, text=side.review)
    entries = ctx.session.execute(
        select(PairEntry, Pair.number)
        .join(Pair, Pair.id == PairEntry.pair_id)
        .where(PairEntry.person_id == person_id)
        .order_by(PairEntry.at.desc())
        .limit(SHOWN)
    )
    for entry, number in entries:
        yield Held(title=t("pair.entry"), at=entry.at, number=number, text=entry.said)


FAMILY = Family(
    records=(Record(prefix="DZ", show=show_pair),),
    ledgers=(PAIRS, ENTRIES),
    boards=(Board(key="pairs", show=_board),),
    duties=(
        DutySource(key="pair_entry", find=quarterly),
        DutySource(key="pair_review", find=owed_reviews),
    ),
    mine=(my_pairs,),
    holdings=(
        Holding(
            key="pair",
            tables=("pair", "pair_side", "pair_entry"),
            find=_held,
            readers={
                Kin.OTHER_PARTY: Access.TEXT,
                **dict.fromkeys(REVIEWERS, Access.FACTS),
            },
        ),
    ),
)
