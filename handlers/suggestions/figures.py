"""书记听您说: the figures with their formulas, and the hot words of a month (DOMAIN.md 4, 10)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, func, or_, select, true

from config.texts import t
from handlers.board import (
    Board,
    BoardBlock,
    BoardPage,
    Cell,
    ChartBlock,
    Figure,
    Filter,
    TableBlock,
)
from handlers.context import Context
from handlers.figures import percent_text
from handlers.places import OVERSEERS
from handlers.spec import Block, Family, Poster, PosterRow
from handlers.suggestions.desk import category_label, settings
from models.errors import UserError
from models.person import Person
from models.suggestion import Suggestion
from models.suggestion_figures import Figures, figures, figures_by, hot_words
from models.unit import Unit, inside
from models.visit import Visit, VisitState

MONTHS: Final = 6
WORDS: Final = 20
UNITS: Final = 15


def month_days(month: str) -> tuple[date, date]:
    """First and last day of ``2026-11``; ``UserError`` for what is no month."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise UserError("suggestion.no_month", month=month[:10]) from None
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def month_title(month: str) -> str:
    """``2026年11月``."""
    first, _ = month_days(month)
    return t("suggestion.month", year=first.year, month=first.month)


def months_back(day: date, count: int) -> list[str]:
    """The last months up to that of a day, the newest first."""
    found = []
    first = day.replace(day=1)
    for _ in range(count):
        found.append(f"{first:%Y-%m}")
        first = (first - timedelta(days=1)).replace(day=1)
    return found


def below(path: str) -> ColumnElement[bool]:
    """Suggestions that a unit or one below it receives or deals with."""
    unit = func.coalesce(Suggestion.unit_id, Suggestion.desk_id)
    return unit.in_(select(Unit.id).where(inside(path)))


def _over(ctx: Context, lies_below: Callable[[str], ColumnElement[bool]]) -> ColumnElement[bool]:
    """What lies below a unit that the reader has a role over; nothing without such a role."""
    paths = ctx.who.paths(*OVERSEERS)
    if any(path.count("/") == 2 for path in paths):  # noqa: PLR2004  (the company at the top)
        return true()
    return or_(~true(), *(lies_below(path) for path in paths))


def _visited_below(path: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = Visit.branch_id.in_(select(Unit.id).where(inside(path)))
    return found


def _visits(ctx: Context, first: date, last: date) -> Figure:
    """How many visits there were, of which suggestions came home."""
    made = (Visit.state == VisitState.MADE, Visit.visited_on.between(first, last))
    count = ctx.session.scalar(
        select(func.count()).select_from(Visit).where(*made, _over(ctx, _visited_below))
    )
    return Figure(t("suggestion.n_visits"), str(count or 0), t("suggestion.d_visits"))


def figure_list(found: Figures) -> list[Figure]:
    """The numbers that matter, each with its definition beside it."""
    return [
        Figure(t("suggestion.n_collected"), str(found.collected), t("suggestion.d_collected")),
        Figure(t("suggestion.n_rectified"), str(found.rectified), t("suggestion.d_rectified")),
        Figure(
            t("suggestion.n_rectified_rate"),
            percent_text(found.rectified_rate),
            t("suggestion.d_rectified_rate", part=found.rectified, whole=found.collected),
        ),
        Figure(
            t("suggestion.n_response_rate"),
            percent_text(found.response_rate),
            t("suggestion.d_response_rate", part=found.first_in_time, whole=found.first_due),
        ),
        Figure(
            t("suggestion.n_solved_rate"),
            percent_text(found.solved_rate),
            t("suggestion.d_solved_rate", part=found.solved, whole=found.judged),
        ),
        Figure(
            t("suggestion.n_pleased_rate"),
            percent_text(found.pleased_rate),
            t("suggestion.d_pleased_rate", part=found.pleased, whole=found.judged),
        ),
        Figure(t("suggestion.n_declined"), str(found.declined), t("suggestion.d_declined")),
        Figure(t("suggestion.n_overdue"), str(found.overdue), t("suggestion.d_overdue")),
    ]


def show_board(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """``/board/suggestions``: a month or a year; by unit, by category, month by month."""
    year = ctx.today.year
    chosen = params.get("period") or str(year)
    if len(chosen) == 4 and chosen.isdigit():  # noqa: PLR2004  (a year)
        first, last = date(int(chosen), 1, 1), date(int(chosen), 12, 31)
    else:
        first, last = month_days(chosen)
    scope = _over(ctx, below)
    found = figures(ctx.session, first, last, ctx.now, scope)
    months = months_back(ctx.today, MONTHS)
    options = [(str(year), t("suggestion.year", year=year))]
    options += [(month, month_title(month)) for month in months]
    return BoardPage(
        title=t("board.suggestions.title"),
        note=t("suggestion.board_note"),
        figures=[_visits(ctx, first, last), *figure_list(found)],
        filters=[Filter("period", t("suggestion.period"), options, chosen)],
        blocks=[
            _by_month(ctx, months, scope),
            _by_category(ctx, first, last, scope),
            _words_block(ctx, first, last, scope),
            _by_unit(ctx, first, last, scope),
        ],
    )


def _by_month(ctx: Context, months: Sequence[str], scope: ColumnElement[bool]) -> BoardBlock:
    each = [figures(ctx.session, *month_days(m), ctx.now, scope) for m in reversed(months)]
    return ChartBlock(
        title=t("suggestion.by_month"),
        labels=[month_title(m) for m in reversed(months)],
        unit=t("suggestion.pieces"),
        series=[
            (t("suggestion.n_collected"), [float(one.collected) for one in each]),
            (t("suggestion.n_rectified"), [float(one.rectified) for one in each]),
        ],
        note=t("suggestion.by_month_note"),
    )


_HEADINGS: Final = (
    "collected",
    "rectified",
    "rectified_rate",
    "response_rate",
    "solved_rate",
    "pleased_rate",
    "declined",
    "overdue",
)


def _row(name: str, one: Figures) -> list[Cell]:
    return [
        Cell(name),
        Cell(str(one.collected)),
        Cell(str(one.rectified)),
        Cell(percent_text(one.rectified_rate)),
        Cell(percent_text(one.response_rate)),
        Cell(percent_text(one.solved_rate)),
        Cell(percent_text(one.pleased_rate)),
        Cell(str(one.declined)),
        Cell(str(one.overdue), "red" if one.overdue else ""),
    ]


def _table(title: str, first: str, rows: Sequence[Sequence[Cell]], note: str) -> TableBlock:
    return TableBlock(
        title=title,
        headings=[first, *(t(f"suggestion.n_{name}") for name in _HEADINGS)],
        rows=rows,
        numeric=frozenset(range(1, len(_HEADINGS) + 1)),
        note=note,
    )


def _by_unit(ctx: Context, first: date, last: date, scope: ColumnElement[bool]) -> BoardBlock:
    unit = func.coalesce(Suggestion.unit_id, Suggestion.desk_id)
    found = figures_by(ctx.session, unit, first, last, ctx.now, scope)
    ranked = sorted(found.items(), key=lambda pair: (-pair[1].collected, str(pair[0])))
    names = dict(
        ctx.session.execute(select(Unit.id, Unit.name).where(Unit.id.in_(list(found)))).all()
    )
    rows = [_row(names.get(key, "—"), one) for key, one in ranked[:UNITS]]
    return _table(t("suggestion.by_unit"), t("suggestion.unit"), rows, t("suggestion.unit_note"))


def _by_category(ctx: Context, first: date, last: date, scope: ColumnElement[bool]) -> BoardBlock:
    found = figures_by(ctx.session, Suggestion.category, first, last, ctx.now, scope)
    ranked = sorted(found.items(), key=lambda pair: -pair[1].collected)
    rows = [_row(category_label(ctx, str(key)), one) for key, one in ranked]
    return _table(t("suggestion.by_category"), t("suggestion.category"), rows, "")


def words_of(
    ctx: Context, first: date, last: date, *where: ColumnElement[bool]
) -> list[tuple[str, int]]:
    """The hot words of a time, without names of persons."""
    found = hot_words(ctx.session, first, last, settings(ctx).word_senders, *where)
    names = set(
        ctx.session.scalars(
            select(Person.name).where(Person.name.in_([word for word, _ in found[:200]]))
        )
    )
    return [(word, count) for word, count in found if word not in names][:WORDS]


def _words_block(ctx: Context, first: date, last: date, scope: ColumnElement[bool]) -> BoardBlock:
    rows = [[Cell(word), Cell(str(count))] for word, count in words_of(ctx, first, last, scope)]
    return TableBlock(
        title=t("suggestion.words"),
        headings=[t("suggestion.word"), t("suggestion.senders")],
        rows=rows,
        numeric=frozenset({1}),
        note=t("suggestion.words_note", least=settings(ctx).word_senders),
    )


def words_picture(ctx: Context, params: Mapping[str, Any]) -> Poster:
    """The hot words of a month as a picture for groups; ``path`` is the unit they are of."""
    month = str(params["month"])
    first, last = month_days(month)
    where = below(str(params["path"]))
    found = words_of(ctx, first, last, where)
    most = max((count for _, count in found), default=1)
    one = figures(ctx.session, first, last, ctx.now, where)
    return Poster(
        title=t("suggestion.poster"),
        subtitle=t("suggestion.poster_of", month=month_title(month), unit=str(params["unit"])),
        figures=(
            (t("suggestion.n_collected"), str(one.collected)),
            (t("suggestion.n_rectified"), str(one.rectified)),
            (t("suggestion.n_rectified_rate"), percent_text(one.rectified_rate)),
        ),
        blocks=(
            Block(
                title=t("suggestion.words"),
                headings=(
                    t("suggestion.place"),
                    t("suggestion.word"),
                    t("suggestion.senders"),
                ),
                widths=(0.12, 0.58, 0.3),
                rows=tuple(
                    PosterRow(cells=(str(at), word, str(count)), bar=count / most)
                    for at, (word, count) in enumerate(found, 1)
                ),
            ),
        ),
        notes=(t("suggestion.words_note", least=settings(ctx).word_senders),),
    )


BOARD = Board(key="suggestions", show=show_board, roles=frozenset(OVERSEERS))

FAMILY = Family(boards=(BOARD,), pictures={"hot_words": words_picture})
