"""Reading wishes: the dossier, the wish board 心愿墙, the ledger 心愿, what is owed.

A wisher who did not want the name on the board is "一位同事" to everybody but the reviewers of the
branch and the one who claims the wish (F-085); ledger and board never name that person.
"""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import ColumnElement, and_, case, false, func, null, or_, select, true
from sqlalchemy.orm import aliased

from config.texts import label, t
from handlers.board import Board, BoardPage, Figure, Filter, Tile, TilesBlock
from handlers.content import Tone
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Section, Step, path_of
from handlers.duty import Duty, DutySource
from handlers.organisation import near
from handlers.personal import SHOWN as HELD
from handlers.personal import Access, Held, Holding, Kin
from handlers.reply import fill
from handlers.spec import Column, Family, Kind, Ledger, Rows, View
from handlers.wish import REVIEWERS, find_wish, place_of_wish, wisher_name
from models.attachment import of_record
from models.errors import UserError
from models.person import Member, Person, Role
from models.unit import Unit, inside
from models.wish import COME_TRUE, ON_THE_BOARD, UNDER_WAY, Wish, WishEvent, WishState, WishStep

SHOWN = 200
"""Tiles on the board."""
FOR_ALL = (WishStep.SUBMITTED, WishStep.OPENED, WishStep.FULFILLED, WishStep.THANKED)
BY_WISHER = (WishStep.SUBMITTED, WishStep.THANKED, WishStep.NOT_YET, WishStep.WITHDRAWN)


# The dossier


def _knows(ctx: Context, wish: Wish) -> bool:
    """Whether the reader may know the wisher: the wisher, the claimer, the branch's reviewers."""
    if ctx.who.id in (wish.person_id, wish.claimer_id):
        return True
    return ctx.who.has(*REVIEWERS, over=place_of_wish(ctx, wish).path)


def show_wish(ctx: Context, number: str) -> Dossier:
    """A wish with what became of it."""
    wish = find_wish(ctx, number)
    knows = _knows(ctx, wish)
    if wish.state not in ON_THE_BOARD and not knows:
        raise UserError("lookup.unknown", number=number)
    wisher = ctx.session.get_one(Person, wish.person_id).name
    name = wisher if knows else wisher_name(ctx, wish)
    claimer = ctx.session.get_one(Person, wish.claimer_id).name if wish.claimer_id else ""
    quiet = knows and not wish.named
    facts = [
        (t("wish.fact_wisher"), t("wish.hidden_to_others", name=name) if quiet else name),
        (t("wish.fact_unit"), place_of_wish(ctx, wish).name),
    ]
    if claimer:
        facts.append((t("wish.fact_claimer"), claimer))
    if wish.state is WishState.CLAIMED and wish.lapses_on:
        facts.append((t("wish.fact_lapses"), wish.lapses_on.isoformat()))
    return Dossier(
        number=wish.number,
        title=t("wish.dossier", name=name),
        state=label(wish.state),
        facts=facts,
        sections=(
            Section(t("wish.section_text"), wish.text),
            Section(t("wish.section_note"), wish.note),
            Section(t("wish.section_done"), wish.done if wish.state in COME_TRUE else ""),
            Section(t("wish.section_thanks"), wish.thanks),
        ),
        steps=_steps(ctx, wish, name, knows=knows),
        acts=_acts(ctx, wish),
        photos=[photo.id for photo in of_record(ctx.session, wish.number)],
    )


def _steps(ctx: Context, wish: Wish, wisher: str, *, knows: bool) -> Sequence[Step]:
    """What happened; who claimed it in vain is nobody's business but of those concerned."""
    rows = ctx.session.execute(
        select(WishEvent, Person.name)
        .outerjoin(Person, Person.id == WishEvent.person_id)
        .where(WishEvent.wish_id == wish.id, true() if knows else WishEvent.step.in_(FOR_ALL))
        .order_by(WishEvent.at, WishEvent.id)
    )
    return [
        Step(
            event.at,
            label(event.step),
            wisher if event.step in BY_WISHER else name or "",
        )
        for event, name in rows
    ]


def _acts(ctx: Context, wish: Wish) -> Sequence[Act]:
    number = {"number": wish.number}
    if wish.person_id == ctx.who.id:
        return _wisher_acts(wish)
    if wish.state is WishState.OPEN:
        return (Act(t("wish.claim_it"), action=f"wish.claim:{wish.number}", tone=Tone.PRIMARY),)
    if wish.state is WishState.CLAIMED and wish.claimer_id == ctx.who.id:
        return (
            Act(t("wish.done_it"), command="wish_done", answers=number, tone=Tone.PRIMARY),
            Act(t("wish.release"), action=f"wish.release:{wish.number}"),
        )
    if wish.state is WishState.SUBMITTED and ctx.who.has(
        *REVIEWERS, over=place_of_wish(ctx, wish).path
    ):
        return (Act(t("wish.review"), command="wish_review", answers=number, tone=Tone.PRIMARY),)
    return ()


def _wisher_acts(wish: Wish) -> Sequence[Act]:
    number = {"number": wish.number}
    if wish.state in (WishState.SUBMITTED, WishState.OPEN):
        return (Act(t("wish.withdraw"), action=f"wish.withdraw:{wish.number}"),)
    if wish.state is WishState.FULFILLED:
        return (
            Act(t("wish.thank"), action=f"wish.thank:{wish.number}", tone=Tone.PRIMARY),
            Act(t("wish.thank_words"), command="wish_thanks", answers=number),
            Act(t("wish.not_yet"), action=f"wish.not_yet:{wish.number}"),
        )
    return ()


def my_wishes(ctx: Context) -> Sequence[str]:
    """What the speaker wished and what the speaker claimed."""
    rows = ctx.session.scalars(
        select(Wish)
        .where(
            or_(
                and_(Wish.person_id == ctx.who.id, Wish.state.in_(UNDER_WAY)),
                and_(Wish.claimer_id == ctx.who.id, Wish.state == WishState.CLAIMED),
            )
        )
        .order_by(Wish.id.desc())
        .limit(SHOWN)
    )
    return [
        fill(
            "wish.mine" if wish.person_id == ctx.who.id else "wish.mine_claimed",
            number=wish.number,
            state=label(wish.state),
            text=wish.text[:30],
        )
        for wish in rows
    ]


# The board


def _board(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """Wishes as tiles: those to be claimed first; of the own unit or of all."""
    everywhere = params.get("own") != "1" or not ctx.who.branch_id
    where: list[ColumnElement[bool]] = [Wish.state.in_(ON_THE_BOARD)]
    if not everywhere:
        where.append(Wish.unit_id == ctx.who.branch_id)
    made, free, claimed, true_ = ctx.session.execute(
        select(
            func.count(),
            _count(WishState.OPEN),
            _count(WishState.CLAIMED),
            _count(*COME_TRUE),
        ).where(*where)
    ).one()
    order = case((Wish.state == WishState.OPEN, 0), (Wish.state == WishState.CLAIMED, 1), else_=2)
    rows = ctx.session.execute(
        select(Wish, Person.name)
        .join(Person, Person.id == Wish.person_id)
        .where(*where)
        .order_by(order, Wish.id.desc())
        .limit(SHOWN)
    )
    scope = Filter(
        "own",
        t("wish.scope"),
        (("", t("wish.scope_all")), ("1", t("wish.scope_own"))),
        "" if everywhere else "1",
    )
    return BoardPage(
        title=t("board.wishes.title"),
        note=t("wish.board_note"),
        figures=(
            Figure(t("wish.figure_made"), str(made)),
            Figure(label(WishState.OPEN), str(free)),
            Figure(label(WishState.CLAIMED), str(claimed)),
            Figure(t("wish.figure_true"), str(true_)),
        ),
        blocks=(TilesBlock(tiles=[_tile(wish, name) for wish, name in rows]),),
        filters=(scope,) if ctx.who.branch_id else (),
        acts=(Act(t("wish.make"), command="wish", tone=Tone.PRIMARY),),
    )


def _count(*states: WishState) -> ColumnElement[int]:
    return func.count(case((Wish.state.in_(states), 1)))


def _tile(wish: Wish, name: str) -> Tile:
    return Tile(
        title=wish.text,
        note=t(
            "wish.tile",
            name=name if wish.named else t("wish.somebody"),
            state=label(wish.state),
        ),
        href=path_of(wish.number),
    )


# The ledger

WISHER = aliased(Person)
CLAIMER = aliased(Person)


def _wishes(view: View) -> Rows:
    """What stands on the board of all units; before that, one's own and what one reviews."""
    member = view.member
    seen: ColumnElement[bool] = true()
    if member is not None:
        below = [inside(path) for path in member.paths(*REVIEWERS)]
        seen = or_(Wish.state.in_(ON_THE_BOARD), Wish.person_id == member.id, or_(false(), *below))
    return (
        select()
        .select_from(Wish)
        .join(Unit, Unit.id == Wish.unit_id)
        .join(WISHER, WISHER.id == Wish.person_id)
        .outerjoin(CLAIMER, CLAIMER.id == Wish.claimer_id)
        .where(seen)
    )


def _shown(value: str | None, view: View) -> str:
    del view
    return value or t("wish.unnamed")


WISHES = Ledger(
    key="wish",
    columns=(
        Column(key="number", expr=Wish.number, width=16),
        Column(key="unit", expr=Unit.name, width=34),
        Column(
            key="wisher",
            expr=case((Wish.named, WISHER.name), else_=null()),
            width=10,
            show=_shown,
        ),
        Column(key="text", expr=Wish.text, width=50),
        Column(key="state", expr=Wish.state, kind=Kind.WORD, width=10),
        Column(key="claimer", expr=CLAIMER.name, width=10),
        Column(key="at", expr=Wish.at, kind=Kind.TIME, width=18, wide=True),
        Column(key="lapses", expr=Wish.lapses_on, kind=Kind.DATE, width=12, wide=True),
        Column(key="fulfilled", expr=Wish.fulfilled_at, kind=Kind.TIME, width=18, wide=True),
        Column(key="done", expr=Wish.done, width=30, wide=True),
        Column(key="thanks", expr=Wish.thanks, width=30, wide=True),
    ),
    query=_wishes,
    order=(Wish.id.desc(),),
)


# What is owed


def waiting_reviews(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Wishes that wait for the branch to put them on the board."""
    rows = ctx.session.execute(
        select(Wish, Unit)
        .join(Unit, Unit.id == Wish.unit_id)
        .where(
            Wish.state == WishState.SUBMITTED,
            Wish.person_id != member.id if member else true(),
            near(member, Role.SECRETARY) if member else true(),
        )
        .order_by(Wish.id)
    )
    for wish, unit in rows:
        yield Duty(
            key=f"wish_review:{wish.number}",
            title=t("wish.duty_review"),
            detail=t("wish.duty_about", number=wish.number, unit=unit.name, text=wish.text[:30]),
            due=ctx.calendar.add_working(ctx.local(wish.at).date(), ctx.rules.wish.review_days),
            unit_path=unit.path,
            number=wish.number,
            act=Act(t("wish.review"), command="wish_review", answers={"number": wish.number}),
        )


def claims(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """What somebody has claimed, until the day on which it lapses."""
    rows = ctx.session.execute(
        select(Wish, Unit.path)
        .join(Unit, Unit.id == Wish.unit_id)
        .where(
            Wish.state == WishState.CLAIMED,
            Wish.claimer_id == member.id if member else true(),
        )
        .order_by(Wish.lapses_on, Wish.id)
    )
    for wish, path in rows:
        if wish.claimer_id is None or wish.lapses_on is None:
            continue
        yield Duty(
            key=f"wish_claim:{wish.number}:{wish.lapses_on}",
            title=t("wish.duty_claim"),
            detail=t("wish.duty_claimed", number=wish.number, text=wish.text[:30]),
            due=wish.lapses_on,
            unit_path=path,
            owners=(wish.claimer_id,),
            escalates=False,
            number=wish.number,
            act=Act(t("wish.done_it"), command="wish_done", answers={"number": wish.number}),
        )


def _held(ctx: Context, person_id: int) -> Iterator[Held]:
    """What somebody wished, and what somebody claimed of others."""
    rows = ctx.session.scalars(
        select(Wish)
        .where(or_(Wish.person_id == person_id, Wish.claimer_id == person_id))
        .order_by(Wish.at.desc())
        .limit(HELD)
    )
    for wish in rows:
        own = wish.person_id == person_id
        key = "holding.wish.one" if own else "holding.wish.claimed"
        text = wish.text if own else wish.done
        title = t(key, state=label(wish.state))
        yield Held(title=title, at=wish.at, number=wish.number, text=text)


FAMILY = Family(
    records=(Record(prefix="XY", show=show_wish),),
    ledgers=(WISHES,),
    boards=(Board(key="wishes", show=_board),),
    duties=(
        DutySource(key="wish_review", find=waiting_reviews),
        DutySource(key="wish_claim", find=claims),
    ),
    mine=(my_wishes,),
    holdings=(
        Holding(
            key="wish",
            tables=("wish", "wish_event"),
            find=_held,
            readers={
                Kin.OTHER_PARTY: Access.TEXT,
                Kin.COLLEAGUE: Access.FACTS,
                **dict.fromkeys(REVIEWERS, Access.TEXT),
            },
        ),
    ),
)
