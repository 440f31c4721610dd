"""Projects 项目: one branch, one project, one feature (DOMAIN.md 2)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from itertools import pairwise
from typing import ClassVar, Final, NamedTuple, TypeAlias

from sqlalchemy import ForeignKey, Index, String, Text, bindparam, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, synonym

from config.texts import label
from models.base import Base, Stateful, Tenths, coded
from models.errors import UserError
from models.store.quick import Quick
from models.unit import Unit


class Direction(StrEnum):
    """立项方向."""

    MAJOR_TASK = "major_task"
    REFORM = "reform"
    SAFETY = "safety"
    EFFICIENCY = "efficiency"


class Blend(StrEnum):
    """四个融入: what the party work of a project is blended into."""

    SAFETY = "safety"
    OPERATION = "operation"
    FOUNDATION = "foundation"
    CULTURE = "culture"


class Better(StrEnum):
    """Which way an indicator gets better."""

    UP = "up"
    DOWN = "down"


class Grade(StrEnum):
    """Value to the central work; A enters the year's key projects."""

    A = "a"
    B = "b"
    C = "c"


class Stage(StrEnum):
    """Where a project stands on the four steps 四步骤; no step is skipped."""

    INITIATED = "initiated"  # 立项: drawn up by the branch
    SUBMITTED = "submitted"  # the specialist department has it in hand
    RETURNED = "returned"  # with a reason, to be mended
    APPROVED = "approved"  # 审批 is done
    ONGOING = "ongoing"  # 实施, from the first report on
    REVIEW = "review"  # 结题审查 by the specialist department
    JURY = "jury"  # 组织评审
    CONCLUDED = "concluded"  # 结项
    ENDED = "ended"  # given up or merged when units changed (动态调整)


OPEN_STAGES: Final = (Stage.APPROVED, Stage.ONGOING)
"""Stages in which progress may be reported."""
OVER: Final = (Stage.CONCLUDED, Stage.ENDED)
"""Stages in which nothing more happens; in all others a project is active."""
DRAWN_UP: Final = (Stage.INITIATED, Stage.RETURNED)
"""Stages in which the branch may change what it proposes."""
STEPS: Final = {
    Stage.INITIATED: (Stage.INITIATED, Stage.SUBMITTED, Stage.RETURNED),
    Stage.APPROVED: (Stage.APPROVED,),
    Stage.ONGOING: (Stage.ONGOING, Stage.REVIEW, Stage.JURY),
    Stage.CONCLUDED: OVER,
}
"""四步骤, and the stages that belong to each: how a workbook names them."""
CLARITIES: Final = ("plan", "goal", "measures", "working_rules", "standard")
"""五个明确, by column."""

Curve: TypeAlias = Sequence[tuple[date, Decimal]]
"""Days by whose end so many percent should be reached, in order."""


class Project(Stateful, Base):
    """A branch's project of a year. ``percent`` and ``reported_at`` follow the valid reports.

    ``baseline``, ``target``, ``actual``  the indicator's figures as written; ``better`` says which
                                          way it should go
    ``blends``       codes of ``Blend``, parted by commas
    ``department_id``  the unit to which the specialty routes decisions, if there is one
    ``curve``        the milestones' days and percents, as :func:`write_curve` has them: what the
                     weekly ranking reads for a hundred thousand projects at once
    ``carrier``, ``evidence``, ``result``  said at the conclusion: which party carrier was used and
                     how, where the figures come from, what came of it
    ``jury_points``  the jury's mean (0 to 100), once it has decided
    ``outstanding``  突出贡献: both scores are in, and both are high enough (DOMAIN.md 2)
    """

    MOVES: ClassVar[Mapping[Stage, frozenset[Stage]]] = {
        Stage.INITIATED: frozenset({Stage.SUBMITTED, Stage.ENDED}),
        Stage.SUBMITTED: frozenset({Stage.APPROVED, Stage.RETURNED, Stage.ENDED}),
        Stage.RETURNED: frozenset({Stage.SUBMITTED, Stage.ENDED}),
        Stage.APPROVED: frozenset({Stage.ONGOING, Stage.ENDED}),
        Stage.ONGOING: frozenset({Stage.REVIEW, Stage.ENDED}),
        Stage.REVIEW: frozenset({Stage.JURY, Stage.ONGOING, Stage.ENDED}),
        Stage.JURY: frozenset({Stage.CONCLUDED, Stage.ONGOING, Stage.ENDED}),
    }

    __tablename__ = "project"
    __table_args__ = (
        Index("ix_project_unit_year", "unit_id", "year"),
        Index("ix_project_stage", "stage", "year"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    year: Mapped[int]
    name: Mapped[str] = mapped_column(String(120))
    business: Mapped[str] = mapped_column(String(120), default="")
    problem: Mapped[str] = mapped_column(Text, default="")
    mechanism: Mapped[str] = mapped_column(Text, default="")
    indicator: Mapped[str] = mapped_column(String(120), default="")
    indicator_unit: Mapped[str] = mapped_column(String(20), default="")
    baseline: Mapped[str] = mapped_column(String(40), default="")
    target: Mapped[str] = mapped_column(String(40), default="")
    actual: Mapped[str] = mapped_column(String(40), default="")
    better: Mapped[Better | None] = coded(Better)
    direction: Mapped[Direction | None] = coded(Direction)
    area: Mapped[str] = mapped_column(String(40), default="")
    blends: Mapped[str] = mapped_column(String(120), default="")
    specialty: Mapped[str] = mapped_column(String(40), default="")
    department_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    plan: Mapped[str] = mapped_column(Text, default="")
    goal: Mapped[str] = mapped_column(Text, default="")
    measures: Mapped[str] = mapped_column(Text, default="")
    working_rules: Mapped[str] = mapped_column(Text, default="")
    standard: Mapped[str] = mapped_column(Text, default="")
    carrier: Mapped[str] = mapped_column(Text, default="")
    evidence: Mapped[str] = mapped_column(Text, default="")
    result: Mapped[str] = mapped_column(Text, default="")
    jury_points: Mapped[Decimal | None] = mapped_column(Tenths)
    grade: Mapped[Grade | None] = coded(Grade)
    stage: Mapped[Stage] = coded(Stage, default=Stage.ONGOING)
    state: Mapped[Stage] = synonym("stage")
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    proposer_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    curve: Mapped[str] = mapped_column(String(400), default="")
    percent: Mapped[Decimal | None] = mapped_column(Tenths)
    reported_at: Mapped[datetime | None]
    outstanding: Mapped[bool] = mapped_column(default=False)

    @property
    def is_key(self) -> bool:
        """重点项目: A grade."""
        return self.grade is Grade.A

    @property
    def blended(self) -> tuple[Blend, ...]:
        """四个融入, in their order."""
        return tuple(Blend(code) for code in self.blends.split(",") if code)

    def planned(self, today: date) -> Decimal:
        """Percent that should be reached by the end of ``today`` (序时进度)."""
        return planned_percent(self.starts_on, self.ends_on, today, self.curve)


class ProjectStep(Base):
    """One step of a project: who moved it, when, from where to where and why.

    ``person_id`` is None for what the clock or an import did.
    """

    __tablename__ = "project_step"
    __table_args__ = (Index("ix_project_step_project", "project_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    before: Mapped[Stage | None] = coded(Stage)
    after: Mapped[Stage] = coded(Stage)
    note: Mapped[str] = mapped_column(Text, default="")


def advance(
    session: Session,
    project: Project,
    to: Stage,
    *,
    at: datetime,
    person_id: int | None,
    note: str = "",
    **changes: object,
) -> None:
    """Move a project on and write down who did it, when and why.

    ``UserError`` if that would skip a step (it names what may come next), or if somebody else was
    faster.
    """
    before = project.stage
    following = Project.MOVES.get(before, frozenset())
    if to not in following:
        steps = "、".join(label(stage) for stage in Stage if stage in following)
        raise UserError(
            "project.step" if steps else "project.over",
            number=project.number,
            stage=label(before),
            following=steps,
        )
    project.move_to(session, to, **changes)
    session.add(
        ProjectStep(
            project_id=project.id, at=at, person_id=person_id, before=before, after=to, note=note
        )
    )


def steps_of(session: Session, project_id: int) -> Sequence[ProjectStep]:
    """What happened to a project, oldest first."""
    return session.scalars(
        select(ProjectStep).where(ProjectStep.project_id == project_id).order_by(ProjectStep.id)
    ).all()


# Plan


def planned_percent(starts_on: date, ends_on: date, today: date, curve: str = "") -> Decimal:
    """Percent that should be reached by the end of ``today`` (序时进度).

    Straight from the first to the last day, through the points of ``curve`` (as
    :func:`write_curve` has them) if there are any. One decimal, 0 before the start, 100 from the
    last day on.
    """
    if today >= ends_on:
        return Decimal("100.0")
    day, percent = starts_on - timedelta(days=1), Decimal(0)
    if today <= day:
        return Decimal("0.0")
    for due, share in (*read_curve(curve), (ends_on, Decimal(100))):
        if due <= day:
            continue  # the dates of the project were moved past a milestone
        if today <= due:
            gone = (share - percent) * (today - day).days / (due - day).days
            return (percent + gone).quantize(Decimal("0.1"))
        day, percent = due, share
    return Decimal("100.0")


def write_curve(curve: Curve) -> str:
    """Points as one short line: ``2026-03-31:20;2026-06-30:50``."""
    return ";".join(f"{due}:{share.normalize():f}" for due, share in curve)


def read_curve(text: str) -> list[tuple[date, Decimal]]:
    """What :func:`write_curve` wrote."""
    points = (part.split(":") for part in text.split(";") if part)
    return [(date.fromisoformat(due), Decimal(share)) for due, share in points]


def curve_problem(curve: Curve, starts_on: date, ends_on: date) -> str:
    """What is wrong with milestones: ``order``, ``percent``, ``range``, or empty.

    Days rise, percents rise and end at 100 at most, all days lie inside the project's time.
    """
    days = [due for due, _ in curve]
    shares = [share for _, share in curve]
    if any(later <= earlier for earlier, later in pairwise(days)):
        return "order"
    rising = all(later > earlier for earlier, later in pairwise(shares))
    if not rising or any(not 0 < share <= 100 for share in shares):  # noqa: PLR2004  (percent)
        return "percent"
    if days and (days[0] < starts_on or days[-1] > ends_on):
        return "range"
    return ""


# Indicator


def number_in(text: str) -> Decimal | None:
    """The figure that an indicator's text is; imported ones may be words."""
    try:
        value = Decimal(text.strip().removesuffix("%").replace(",", ""))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def right_side(baseline: Decimal, target: Decimal, better: Better) -> bool:
    """Whether a target lies on the better side of the baseline."""
    return target > baseline if better is Better.UP else target < baseline


def reached(project: Project) -> bool | None:
    """Whether the actual figure is as good as the target; None if that cannot be said."""
    actual, target = number_in(project.actual), number_in(project.target)
    if actual is None or target is None or project.better is None:
        return None
    return actual >= target if project.better is Better.UP else actual <= target


# Queries


_CURRENT = (
    select(Project)
    .where(
        Project.unit_id == bindparam("unit"),
        Project.year == bindparam("year"),
        or_(*(Project.stage == stage for stage in OPEN_STAGES)),
    )
    .order_by(Project.id.desc())
    .limit(1)
)


class Current(NamedTuple):
    """What a report needs to know of the project it is about: a row, on a message's way."""

    id: int
    unit_id: int
    name: str
    stage: Stage
    percent: Decimal | None
    starts_on: date
    ends_on: date
    curve: str

    def planned(self, today: date) -> Decimal:
        """Percent that should be reached by the end of ``today`` (序时进度)."""
        return planned_percent(self.starts_on, self.ends_on, today, self.curve)


_ROW = Quick(_CURRENT.with_only_columns(*(getattr(Project, name) for name in Current._fields)))


def current_project(session: Session, unit_id: int, year: int) -> Current | None:
    """The same as :func:`project_of`, as plain values."""
    session.flush()
    rows = _ROW.rows(session, {"unit": unit_id, "year": year})
    return Current(*rows[0]) if rows else None


def project_of(session: Session, unit_id: int, year: int) -> Project | None:
    """The project a branch is working on in a year (the newest that may be reported on)."""
    return session.scalar(_CURRENT, {"unit": unit_id, "year": year})


def newest_of(session: Session, unit_id: int, year: int) -> Project | None:
    """The project of a branch and year wherever it stands; one that ended only if no other."""
    return session.scalar(
        select(Project)
        .where(Project.unit_id == unit_id, Project.year == year)
        .order_by((Project.stage == Stage.ENDED), Project.id.desc())
        .limit(1)
    )


def hold_branch(session: Session, unit_id: int) -> None:
    """Hold a branch until the end of the transaction.

    Of two people who propose for one branch at the same moment the second sees the first's.
    """
    session.execute(select(Unit.id).where(Unit.id == unit_id).with_for_update())


def active_of(session: Session, unit_id: int, year: int) -> Sequence[Project]:
    """The active projects of a branch and year."""
    return session.scalars(
        select(Project)
        .where(Project.unit_id == unit_id, Project.year == year, Project.stage.not_in(list(OVER)))
        .order_by(Project.id)
    ).all()


def by_number(session: Session, number: str) -> Project | None:
    """The project of a number such as ``XM-2026-0001``."""
    return session.scalar(select(Project).where(Project.number == number))


def need_project(session: Session, number: str) -> Project:
    """The project of a number; ``UserError`` if there is none."""
    project = by_number(session, number)
    if project is None:
        raise UserError("project.unknown", number=number)
    return project
