"""Duties 待办: what somebody owes until when, computed from the facts (DOMAIN.md 9)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, or_, select

from config.texts import t
from handlers.content import Button, Card, Link, Tone
from handlers.context import Context
from models.person import Member, Role
from models.project import OPEN_STAGES, Project
from models.unit import Unit, UnitState, inside

BUTTONS = 3


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing owed. ``action`` is the card button that does it, ``form`` the page that does."""

    key: str
    title: str
    detail: str
    since: date
    action: str
    unit_path: str


def silent_projects(ctx: Context, *conditions: ColumnElement[bool]) -> Iterator[Duty]:
    """Projects without a report for longer than allowed, the longest silence first."""
    limit = ctx.rules.progress.silent_days
    since = ctx.now - timedelta(days=limit)
    rows = ctx.session.execute(
        select(Project, Unit)
        .join(Unit, Unit.id == Project.unit_id)
        .where(
            Project.year == ctx.today.year,
            Project.stage.in_(list(OPEN_STAGES)),
            Unit.state == UnitState.ACTIVE,
            Project.starts_on <= ctx.today - timedelta(days=limit),
            or_(Project.reported_at.is_(None), Project.reported_at < since),
            *conditions,
        )
        .order_by(Project.reported_at.asc().nulls_first(), Project.id)
    )
    for project, unit in rows:
        last = ctx.local(project.reported_at).date() if project.reported_at else project.starts_on
        days = (ctx.today - last).days
        stalled = days >= ctx.rules.progress.stalled_days
        yield Duty(
            key=f"silent:{project.number}",
            title=unit.name,
            detail=t("duty.stalled" if stalled else "duty.silent", days=days, name=project.name),
            since=last + timedelta(days=limit),
            action=f"progress.same:{project.number}" if project.percent is not None else "",
            unit_path=unit.path,
        )


def duties_of(ctx: Context, member: Member) -> Sequence[Duty]:
    """What a person owes: the secretary of a branch, else each member for the own branch."""
    paths = member.paths(Role.SECRETARY)
    conditions = [inside(path) for path in paths]
    if member.branch_id:
        conditions.append(Unit.id == member.branch_id)
    if not conditions:
        return ()
    return tuple(silent_projects(ctx, or_(*conditions)))


def duty_card(ctx: Context, duties: Sequence[Duty], userid: str) -> Card | None:
    """A card for a person whose buttons do the work: no change in one tap, or the form."""
    doable = [duty for duty in duties if duty.action][:BUTTONS]
    if not doable:
        return None
    return Card(
        title=t("duty.card_title", count=len(duties)),
        desc=t("duty.card_desc"),
        lines=tuple((str(n), duty.title[:26]) for n, duty in enumerate(doable, 1)),
        buttons=tuple(
            Button(t("duty.button", number=n), duty.action, Tone.PRIMARY if n == 1 else Tone.PLAIN)
            for n, duty in enumerate(doable, 1)
        ),
        links=(Link(t("project.open_form"), ctx.link("/form/progress", userid)),),
    )
