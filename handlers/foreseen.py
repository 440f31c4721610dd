"""What an act of administration will do, said before it is confirmed; what cannot be is refused."""

from collections.abc import Sequence

from sqlalchemy import func, select

from config.texts import label, t
from handlers.context import Context
from handlers.reply import Markdown, fill
from models.group import Group
from models.person import Grant, Person, PersonState, Role
from models.project import OVER, Project
from models.reorganise import closable, mergeable
from models.unit import Unit, UnitState


def leaving(ctx: Context, person: Person) -> Markdown:
    """Somebody goes: which roles end."""
    held = ctx.session.execute(
        select(Grant.role, Unit.name)
        .join(Unit, Unit.id == Grant.unit_id)
        .where(Grant.person_id == person.id)
        .order_by(Grant.id)
    ).all()
    roles = t("echo.list").join(f"{name}{label(role)}" for role, name in held)
    unit = ctx.directory.place(ctx.session, person.unit_id).name
    key = "admin.will_leave_roles" if held else "admin.will_leave"
    return fill(key, name=person.name, unit=unit, roles=roles)


def revoking(person: Person, role: Role, unit: Unit) -> Markdown:
    """A role is taken away."""
    return fill("admin.will_revoke", name=person.name, role=label(role), unit=unit.name)


def closing(ctx: Context, unit: Unit) -> Markdown:
    """A unit is closed: its groups and projects."""
    closable(ctx.session, unit.id)
    counts = {"groups": _groups(ctx, unit), "projects": len(_projects(ctx, unit))}
    return fill("admin.will_close", name=unit.name, **counts)


def merging(ctx: Context, unit: Unit, into: Unit) -> Markdown:
    """A unit goes into another: who and what goes along, what stays behind."""
    mergeable(ctx.session, unit.id, into.id)
    people = select(func.count()).select_from(Person)
    below = select(func.count()).select_from(Unit)
    active = Person.state == PersonState.ACTIVE
    counts = {
        "people": ctx.session.scalar(people.where(Person.unit_id == unit.id, active)),
        "units": ctx.session.scalar(
            below.where(Unit.parent_id == unit.id, Unit.state == UnitState.ACTIVE)
        ),
        "groups": _groups(ctx, unit),
        "projects": len(_projects(ctx, unit)),
    }
    return fill("admin.will_merge", name=unit.name, into=into.name, **counts)


def unbinding(ctx: Context, group: Group) -> Markdown:
    """A group belongs to no unit any more."""
    unit = ctx.directory.place(ctx.session, group.unit_id).name if group.unit_id else ""
    return fill("admin.will_unbind", group=group.name or group.chatid, unit=unit)


def _groups(ctx: Context, unit: Unit) -> int:
    query = select(func.count()).select_from(Group).where(Group.unit_id == unit.id)
    return ctx.session.scalar(query) or 0


def _projects(ctx: Context, unit: Unit) -> Sequence[int]:
    """Projects of this year that lose their place."""
    return ctx.session.scalars(
        select(Project.id).where(
            Project.unit_id == unit.id,
            Project.year >= ctx.today.year,
            Project.stage.not_in(list(OVER)),
        )
    ).all()
