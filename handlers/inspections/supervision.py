"""督办: what is owed everywhere, for those who oversee it: ledger, board, picture (DOMAIN.md 9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import case, false, literal, or_, select
from sqlalchemy.orm import aliased

from config.texts import label, t
from handlers.board import Board, BoardPage, Cell, Figure, TableBlock
from handlers.clocks import hours_at
from handlers.content import Picture
from handlers.context import Context
from handlers.ladder import days_late
from handlers.organisation import seen_units
from handlers.places import OVERSEERS
from handlers.reply import Markdown, Reply, fill, lines
from handlers.spec import (
    Block,
    Column,
    Command,
    Family,
    Kind,
    Ledger,
    Poster,
    PosterRow,
    Rows,
    View,
)
from models.duty import Owed, OwedState, Rung
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import Unit as UnitField
from models.person import Person
from models.unit import Unit, UnitState, inside, unit_by_code, upwards

OWNER = aliased(Person)
_shown = case((Owed.private, literal("")), else_=Owed.detail)
_number = case((Owed.private, literal("")), else_=Owed.number)
_owner = case((Owed.private, literal("")), else_=OWNER.name)


def _owed(view: View) -> Rows:
    """Everything that was ever owed where the viewer may look, as of the last morning."""
    own = Owed.owner_id == view.member.id if view.member else false()
    return (
        select()
        .select_from(Owed)
        .join(Unit, Unit.id == Owed.unit_id)
        .outerjoin(OWNER, OWNER.id == Owed.owner_id)
        .where(or_(seen_units(view), own))
    )


DUTIES = Ledger(
    key="owed",
    found=False,
    columns=(
        Column(key="what", expr=Owed.title, width=20),
        Column(key="detail", expr=_shown, width=46),
        Column(key="unit", expr=Unit.name, width=30),
        Column(key="owner", expr=_owner, width=10),
        Column(key="due", expr=Owed.due, kind=Kind.DATE, width=12),
        Column(key="state", expr=Owed.state, kind=Kind.WORD, width=8),
        Column(key="rung", expr=Owed.rung, kind=Kind.WORD, width=12),
        Column(key="planned", expr=Owed.planned_on, kind=Kind.DATE, width=12, wide=True),
        Column(key="opened", expr=Owed.opened_on, kind=Kind.DATE, width=12, wide=True),
        Column(key="closed", expr=Owed.closed_on, kind=Kind.DATE, width=12, wide=True),
        Column(key="told", expr=Owed.told_on, kind=Kind.DATE, width=12, wide=True),
        Column(key="number", expr=_number, width=16, wide=True),
    ),
    query=_owed,
    order=(Owed.state.desc(), Owed.due.asc(), Owed.id.asc()),
)

OVERDUE_SHOWN = 30
POSTER_ROWS = 20


@dataclass(slots=True)
class Tally:
    """What is owed at one unit and below it."""

    unit: Unit
    open: int = 0
    near: int = 0
    overdue: int = 0
    supervised: int = 0
    longest: int = 0

    def add(self, late: int, rung: Rung | None, before: int) -> None:
        """Count one duty; ``late`` in working days, negative before the due day."""
        self.open += 1
        self.near += -before <= late <= 0
        self.overdue += late > 0
        self.supervised += rung is Rung.SUPERVISED
        self.longest = max(self.longest, late)


def late_days(ctx: Context, due: date, path: str) -> int:
    """Working days since a duty was due, pauses of its unit left out."""
    return days_late(hours_at(ctx, path), due, ctx.today)


class Open(NamedTuple):
    """A duty that is owed: how late, in working days, how far up it is, and where it lies."""

    late: int
    rung: Rung | None
    path: str


def open_below(ctx: Context, path: str) -> Sequence[Open]:
    """What is owed at a unit and below it."""

    def read() -> Sequence[Open]:
        rows = ctx.session.execute(
            select(Owed.due, Owed.rung, Unit.path)
            .join(Unit, Unit.id == Owed.unit_id)
            .where(Owed.state == OwedState.OPEN, inside(path))
        )
        return [Open(late_days(ctx, due, where), rung, where) for due, rung, where in rows]

    return ctx.once(("owed below", path), read)


def tallies(ctx: Context, path: str) -> list[Tally]:
    """What is owed below a unit, by the units right below it; the worst first.

    As of the last morning: what was done since then still counts until the next one.
    """
    number = int(path.strip("/").rpartition("/")[2])
    below = {
        unit.path: Tally(unit)
        for unit in ctx.session.scalars(
            select(Unit).where(Unit.parent_id == number, Unit.state == UnitState.ACTIVE)
        )
    }
    before = ctx.rules.duties.before_days
    for duty in open_below(ctx, path):
        tally = next((below[above] for above in upwards(duty.path) if above in below), None)
        if tally is not None:
            tally.add(duty.late, duty.rung, before)
    return sorted(below.values(), key=lambda t: (-t.overdue, -t.supervised, -t.open, t.unit.path))


def _top(ctx: Context, code: str) -> Unit:
    """The unit that is looked at: the one that was named, else the highest of the reader's."""
    paths = ctx.who.paths(*OVERSEERS)
    if not paths:
        raise UserError("error.not_allowed")
    unit = unit_by_code(ctx.session, code) if code else None
    if unit is None:
        return ctx.session.scalars(select(Unit).where(Unit.path == min(paths, key=len))).one()
    ctx.need(*OVERSEERS, over=unit.path)
    return unit


def show_board(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """Overdue by unit; one tap leads a level down, to the duties of a branch in the end."""
    unit = _top(ctx, params.get("unit", ""))
    found = tallies(ctx, unit.path)
    return BoardPage(
        title=t("supervision.title", unit=unit.name),
        note=t("supervision.note"),
        figures=_figures(ctx, unit.path),
        blocks=(
            *([_table(found)] if any(tally.open for tally in found) else []),
            _details(ctx, unit.path),
        ),
    )


def _figures(ctx: Context, path: str) -> Sequence[Figure]:
    rows = open_below(ctx, path)
    late = sum(duty.late > 0 for duty in rows)
    top = sum(duty.rung is Rung.SUPERVISED for duty in rows)
    return (
        Figure(t("supervision.open"), str(len(rows)), t("supervision.open_note")),
        Figure(t("supervision.overdue"), str(late), t("supervision.overdue_note")),
        Figure(t("supervision.supervised"), str(top), t("supervision.supervised_note")),
    )


HEADINGS = ("unit", "open", "near", "overdue", "supervised", "longest")


def _table(found: Sequence[Tally]) -> TableBlock:
    return TableBlock(
        headings=[t(f"supervision.col_{key}") for key in HEADINGS],
        numeric=frozenset(range(1, len(HEADINGS))),
        rows=[
            (
                Cell(tally.unit.name, href=f"/board/overdue?unit={tally.unit.code}"),
                Cell(str(tally.open)),
                Cell(str(tally.near)),
                Cell(str(tally.overdue)),
                Cell(str(tally.supervised)),
                Cell(str(tally.longest) if tally.longest > 0 else ""),
            )
            for tally in found
            if tally.open
        ],
    )


def _details(ctx: Context, path: str) -> TableBlock:
    """The duties that are longest overdue, without names; what is private says what and where."""
    rows = ctx.session.execute(
        select(Owed, Unit)
        .join(Unit, Unit.id == Owed.unit_id)
        .where(Owed.state == OwedState.OPEN, inside(path), Owed.due < ctx.today)
        .order_by(Owed.due, Owed.id)
        .limit(OVERDUE_SHOWN)
    )
    return TableBlock(
        title=t("supervision.details"),
        headings=[t(f"supervision.col_{key}") for key in DETAILS],
        rows=[_detail(ctx, row, unit) for row, unit in rows],
        numeric=frozenset({3}),
    )


DETAILS = ("what", "detail", "unit", "longest", "rung")


def _detail(ctx: Context, row: Owed, unit: Unit) -> Sequence[Cell]:
    hidden = row.private
    return (
        Cell(row.title, href="" if hidden or not row.number else f"/record/{row.number}"),
        Cell("" if hidden else row.detail),
        Cell(unit.name),
        Cell(str(late_days(ctx, row.due, unit.path))),
        Cell(label(row.rung) if row.rung else ""),
    )


def show_overdue(ctx: Context, answers: Answers) -> Reply:
    """``/督办``: overdue by unit in a few lines, with the picture."""
    named = answers["unit"]
    unit = _top(ctx, named.key if named else "")
    late = [tally for tally in tallies(ctx, unit.path) if tally.overdue]
    rows = [
        fill(
            "supervision.line",
            unit=tally.unit.name,
            overdue=tally.overdue,
            supervised=tally.supervised,
            longest=tally.longest,
        )
        for tally in late[:LINES]
    ]
    head = fill("supervision.head", unit=unit.name, count=sum(tally.overdue for tally in late))
    url = ctx.page(f"/board/overdue?unit={unit.code}")
    more = Markdown(t("supervision.page", url=url)) if not ctx.room else ""
    picture = Picture("overdue", {"unit": unit.id, "day": ctx.today.isoformat()})
    return Reply(lines(head, *rows, more), files=(picture,) if late else ())


LINES = 8


def poster(ctx: Context, params: Mapping[str, Any]) -> Poster:
    """Overdue by unit as a picture: organisations and figures, never a person."""
    unit = ctx.session.get_one(Unit, params["unit"])
    found = [tally for tally in tallies(ctx, unit.path) if tally.open]
    figures = (
        (t("supervision.open"), str(sum(tally.open for tally in found))),
        (t("supervision.overdue"), str(sum(tally.overdue for tally in found))),
        (t("supervision.supervised"), str(sum(tally.supervised for tally in found))),
    )
    rows = tuple(
        PosterRow(
            cells=(
                tally.unit.name,
                str(tally.open),
                str(tally.overdue),
                str(tally.supervised),
                str(tally.longest) if tally.longest > 0 else "—",
            ),
        )
        for tally in found[:POSTER_ROWS]
    )
    keys = ("unit", "open", "overdue", "supervised", "days")
    block = Block(
        headings=tuple(t(f"supervision.col_{key}") for key in keys),
        widths=(0.48, 0.12, 0.12, 0.14, 0.14),
        rows=rows,
    )
    rest = len(found) - POSTER_ROWS
    notes = [t("supervision.note")]
    if rest > 0:
        notes.insert(0, t("supervision.rest", count=rest))
    return Poster(
        title=t("supervision.poster"),
        subtitle=t("supervision.poster_of", unit=unit.name, day=params["day"]),
        figures=figures,
        blocks=(block,),
        notes=tuple(notes),
    )


OVERDUE = Form(
    key="overdue",
    version=1,
    fields=(UnitField(key="unit", required=False),),
    positional=("unit",),
)

FAMILY = Family(
    ledgers=(DUTIES,),
    boards=(Board(key="overdue", show=show_board, roles=frozenset(OVERSEERS)),),
    pictures={"overdue": poster},
    commands=(Command(key="overdue", form=OVERDUE, run=show_overdue, roles=frozenset(OVERSEERS)),),
)
