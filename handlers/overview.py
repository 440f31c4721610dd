"""数据总览: coverage, progress and reports of everything a reader oversees, at a glance.

Figures are computed from the facts when the page is opened; each carries its definition 口径.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import median
from typing import Final
from urllib.parse import urlencode

from sqlalchemy import and_, func, or_, select

from config.texts import label, t
from handlers.board import (
    Board,
    BoardPage,
    Cell,
    ChartBlock,
    Figure,
    Filter,
    TableBlock,
    Tile,
    TilesBlock,
)
from handlers.context import Context
from handlers.figures import light
from handlers.spec import Family
from models.errors import UserError
from models.person import Role
from models.progress import Progress, ReportState
from models.project import Project, planned_percent
from models.ranking import Ranking, RankingLine
from models.unit import BranchType, Unit, UnitKind, UnitState, covers, inside

VIEWERS: Final = (
    Role.PARTY_OFFICE,
    Role.SPECIALIST,
    Role.INSPECTOR,
    Role.COMMITTEE_SECRETARY,
    Role.ADMIN,
)
WEEKS: Final = 12
PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class Standing:
    """How one branch stands; percents are None where there is no project or no report."""

    path: str
    kind: BranchType | None
    project: bool
    percent: float | None
    ahead: float | None
    silent: int | None


@dataclass(slots=True)
class Sum:
    """Many branches together."""

    standings: list[Standing] = field(default_factory=list)

    @property
    def branches(self) -> int:
        """How many there are."""
        return len(self.standings)

    @property
    def projects(self) -> int:
        """How many of them have a project."""
        return sum(one.project for one in self.standings)

    @property
    def middle(self) -> float | None:
        """The percent in the middle of those that have one."""
        percents = [one.percent for one in self.standings if one.percent is not None]
        return median(percents) if percents else None

    @property
    def ahead(self) -> Decimal | None:
        """Points before plan in the middle."""
        points = [one.ahead for one in self.standings if one.ahead is not None]
        return Decimal(str(round(median(points), 1))) if points else None

    def fresh(self, days: int) -> int:
        """Projects with a report in the last days."""
        return sum(one.silent is not None and one.silent <= days for one in self.standings)

    def stalled(self, days: int) -> int:
        """Projects without a report for longer."""
        return sum(one.silent is not None and one.silent > days for one in self.standings)


def show(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """The board; ``unit`` narrows it to a unit (its code) that the reader oversees."""
    own = ctx.who.paths(*VIEWERS)
    roots = ctx.session.scalars(
        select(Unit).where(Unit.path.in_(own), Unit.state == UnitState.ACTIVE).order_by(Unit.path)
    ).all()
    unit = _chosen(ctx, roots, params.get("unit", ""))
    standings = _standings(ctx, unit.path)
    whole = Sum(standings)
    parts = _parts(ctx, unit, standings)
    return BoardPage(
        title=t("overview.title_of", unit=unit.name),
        note=t("overview.note", day=f"{ctx.local(ctx.now):%Y-%m-%d %H:%M}"),
        figures=_figures(ctx, whole),
        blocks=(
            _tiles(ctx, parts),
            _by_type(standings),
            _weeks(ctx, unit.path),
            _reports(ctx, unit.path),
            _table(ctx, parts),
        ),
        filters=_filters(ctx, unit, roots),
    )


def _chosen(ctx: Context, roots: Sequence[Unit], code: str) -> Unit:
    if not code:
        if not roots:
            raise UserError("error.not_allowed")
        return roots[0]
    unit = ctx.session.scalar(select(Unit).where(Unit.code == code))
    if unit is None or not any(covers(root.path, unit.path) for root in roots):
        raise UserError("error.not_allowed")
    return unit


def _standings(ctx: Context, path: str) -> list[Standing]:
    """Every active branch of a subtree with its project of the year."""
    rows = ctx.session.execute(
        select(
            Unit.path,
            Unit.branch_type,
            Project.id,
            Project.percent,
            Project.starts_on,
            Project.ends_on,
            Project.reported_at,
        )
        .select_from(Unit)
        .outerjoin(Project, and_(Project.unit_id == Unit.id, Project.year == ctx.today.year))
        .where(inside(path), Unit.kind == UnitKind.BRANCH, Unit.state == UnitState.ACTIVE)
        .order_by(Unit.id, Project.id)
    )
    today, planned = ctx.today, _Planned(ctx.today)
    found: dict[str, Standing] = {}
    for unit_path, kind, project, percent, starts, ends, at in rows:
        reached = None if percent is None else float(percent)
        ahead = None if reached is None else reached - planned.of(starts, ends)
        since = at.astimezone(ctx.zone).date() if at else starts
        silent = max((today - since).days, 0) if project else None
        found[unit_path] = Standing(unit_path, kind, project is not None, reached, ahead, silent)
    return list(found.values())


class _Planned:
    """Planned percents, each pair of dates reckoned once: most projects run the whole year."""

    def __init__(self, today: date) -> None:
        self._today = today
        self._known: dict[tuple[date, date], float] = {}

    def of(self, starts: date, ends: date) -> float:
        """Percent that should be reached today."""
        key = (starts, ends)
        if key not in self._known:
            self._known[key] = float(planned_percent(starts, ends, self._today))
        return self._known[key]


def _parts(ctx: Context, unit: Unit, standings: Iterable[Standing]) -> list[tuple[Unit, Sum]]:
    """The units next below with what lies in each of them."""
    children = ctx.session.scalars(
        select(Unit)
        .where(Unit.parent_id == unit.id, Unit.state == UnitState.ACTIVE)
        .order_by(Unit.id)
    )
    sums: dict[str, Sum] = {}
    length = len(unit.path)
    for one in standings:
        end = one.path.find("/", length)
        sums.setdefault(one.path[: end + 1], Sum()).standings.append(one)
    return [(child, sums[child.path]) for child in children if child.path in sums]


def _share(part: int, whole: int) -> str:
    return "—" if not whole else f"{round(part * PERCENT / whole, 1):g}%"


def _number(value: float | None) -> str:
    return "—" if value is None else f"{round(value, 1):g}%"


def _figures(ctx: Context, whole: Sum) -> Sequence[Figure]:
    rules = ctx.rules.progress
    fresh, stalled = whole.fresh(rules.silent_days), whole.stalled(rules.stalled_days)
    return (
        Figure(t("overview.branches"), str(whole.branches), t("overview.branches_note")),
        Figure(
            t("overview.covered"),
            _share(whole.projects, whole.branches),
            t("overview.covered_note", part=whole.projects, whole=whole.branches),
        ),
        Figure(t("overview.middle"), _number(whole.middle), t("overview.middle_note")),
        Figure(
            t("overview.fresh", days=rules.silent_days),
            _share(fresh, whole.projects),
            t("overview.fresh_note", part=fresh, whole=whole.projects),
        ),
        Figure(
            t("overview.stalled"),
            str(stalled),
            t("overview.stalled_note", days=rules.stalled_days),
        ),
    )


def _light(ctx: Context, one: Sum) -> str:
    rules = ctx.rules.progress
    return light(one.ahead, rules.behind_yellow, rules.behind_red)


def _tiles(ctx: Context, parts: Sequence[tuple[Unit, Sum]]) -> TilesBlock:
    days = ctx.rules.progress.stalled_days
    tiles = []
    for unit, one in parts:
        stalled = one.stalled(days)
        note = t("overview.tile_note", branches=one.branches)
        if stalled:
            note = t("overview.tile_stalled", branches=one.branches, stalled=stalled)
        tiles.append(Tile(unit.name, _number(one.middle), _light(ctx, one), note, _href(unit, one)))
    return TilesBlock(tiles=tuple(tiles), title=t("overview.tiles"), note=t("overview.tiles_note"))


def _href(unit: Unit, one: Sum) -> str:
    """Further down while there is something below; at a branch, its row of the ledger."""
    if unit.kind is UnitKind.BRANCH or one.branches == 1:
        return "/ledger/distribution?" + urlencode({"f.branch": unit.name})
    return "/board/overview?" + urlencode({"unit": unit.code})


def _by_type(standings: Sequence[Standing]) -> ChartBlock:
    kinds = [kind for kind in BranchType if any(one.kind is kind for one in standings)]
    sums = [Sum([one for one in standings if one.kind is kind]) for kind in kinds]
    return ChartBlock(
        labels=[label(kind) for kind in kinds],
        series=[
            (
                t("overview.covered"),
                [round(s.projects * PERCENT / s.branches, 1) for s in sums],
            ),
            (t("overview.middle"), [s.middle for s in sums]),
        ],
        title=t("overview.by_type"),
        unit="%",
        note=t("overview.by_type_note"),
    )


def _weeks(ctx: Context, path: str) -> ChartBlock:
    """The mean percent of the published weekly tables, per type."""
    since = ctx.now - timedelta(weeks=WEEKS)
    rows = ctx.session.execute(
        select(
            Ranking.period,
            Ranking.branch_type,
            func.avg(RankingLine.percent),
            func.min(Ranking.cutoff),
        )
        .join(RankingLine, RankingLine.ranking_id == Ranking.id)
        .join(Unit, Unit.id == RankingLine.unit_id)
        .where(Ranking.kind == "progress", Ranking.cutoff > since, inside(path))
        .group_by(Ranking.period, Ranking.branch_type)
    ).all()
    means = {(period, kind): mean for period, kind, mean, _ in rows}
    cutoffs = {period: cutoff for period, _, _, cutoff in rows}
    periods = sorted(cutoffs, key=lambda period: cutoffs[period])
    kinds = [kind for kind in BranchType if any(key[1] is kind for key in means)]
    return ChartBlock(
        labels=[_day(ctx, cutoffs[period]) for period in periods],
        series=[
            (label(kind), [_from_tenths(means.get((period, kind))) for period in periods])
            for kind in kinds
        ],
        title=t("overview.weeks"),
        unit="%",
        lines=True,
        note=t("overview.weeks_note"),
    )


def _from_tenths(value: Decimal | float | None) -> float | None:
    """A mean as the database gives it: of whole tenths (``models.base.Tenths``)."""
    return None if value is None else round(float(value) / 10, 1)


def _day(ctx: Context, moment: datetime) -> str:
    local = ctx.local(moment)
    return f"{local.month}/{local.day}"


def _reports(ctx: Context, path: str) -> ChartBlock:
    """Valid reports per month, this year beside the last."""
    year = ctx.today.year
    starts = [_month(ctx, year - 1 + n // 12, n % 12 + 1) for n in range(25)]
    months = [_count(ctx, path, first, after) for first, after in pairwise(starts)]
    last, this = months[:12], months[12:]
    reached = ctx.today.month
    series = [(str(year), [*map(float, this[:reached]), *[None] * (12 - reached)])]
    if any(last):
        series.insert(0, (str(year - 1), [float(count) for count in last]))
    return ChartBlock(
        labels=[t("overview.month", month=month) for month in range(1, 13)],
        series=series,
        title=t("overview.reports"),
        unit=t("overview.reports_unit"),
        note=t("overview.reports_note"),
    )


def _count(ctx: Context, path: str, first: datetime, after: datetime) -> int:
    """Valid reports of a month; of the whole company they are counted without a join."""
    query = select(func.count(Progress.id)).where(
        Progress.at >= first, Progress.at < after, Progress.state == ReportState.VALID
    )
    if first > ctx.now:
        return 0
    if not ctx.once(("whole", path), lambda: _is_whole(ctx, path)):
        query = query.join(Unit, Unit.id == Progress.unit_id).where(inside(path))
    return ctx.session.scalar(query) or 0


def _is_whole(ctx: Context, path: str) -> bool:
    """Whether everything there is lies below a path."""
    roots = ctx.session.scalars(select(Unit.path).where(Unit.parent_id.is_(None)).limit(2)).all()
    return list(roots) == [path]


def _month(ctx: Context, year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=ctx.zone)


def _table(ctx: Context, parts: Sequence[tuple[Unit, Sum]]) -> TableBlock:
    rules = ctx.rules.progress
    rows = []
    for unit, one in parts:
        stalled = one.stalled(rules.stalled_days)
        rows.append(
            (
                Cell(unit.name, href=_href(unit, one)),
                Cell(str(one.branches)),
                Cell(_share(one.projects, one.branches)),
                Cell(_share(one.fresh(rules.silent_days), one.projects)),
                Cell(str(stalled)),
                Cell(_number(one.middle)),
                Cell("", _light(ctx, one)),
            )
        )
    return TableBlock(
        headings=(
            t("overview.unit"),
            t("overview.branches"),
            t("overview.covered"),
            t("overview.fresh", days=rules.silent_days),
            t("overview.stalled"),
            t("overview.middle"),
            t("overview.against_plan"),
        ),
        rows=rows,
        title=t("overview.table"),
        numeric=frozenset(range(1, 6)),
    )


def _filters(ctx: Context, unit: Unit, roots: Sequence[Unit]) -> Sequence[Filter]:
    """The own roots, the way up from here, and the units next below."""
    ids = [int(part) for part in unit.path.strip("/").split("/")]
    units = ctx.session.scalars(
        select(Unit)
        .where(
            or_(Unit.id.in_(ids), Unit.parent_id == unit.id, Unit.id.in_([r.id for r in roots])),
            Unit.state == UnitState.ACTIVE,
            Unit.kind.not_in([UnitKind.BRANCH, UnitKind.TEAM]),
        )
        .order_by(Unit.path)
    )
    seen = [one for one in units if any(covers(root.path, one.path) for root in roots)]
    options = [(one.code, one.name) for one in seen]
    return (Filter("unit", t("overview.unit"), options, unit.code),)


BOARD = Board(key="overview", show=show, roles=frozenset(VIEWERS))
FAMILY = Family(boards=(BOARD,))
