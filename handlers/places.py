"""Which branch a message is about: the group's, the speaker's own, or one that was named."""

from handlers.context import Context
from models.errors import UserError
from models.forms.field import Named
from models.person import Member, Role
from models.unit import Place, UnitState, unit_by_code

OVERSEERS = (
    Role.SECRETARY,
    Role.PARTY_OFFICE,
    Role.SPECIALIST,
    Role.INSPECTOR,
    Role.COMMITTEE_SECRETARY,
    Role.ADMIN,
)
"""Roles that see everything below the unit on which they are held."""

REPORTERS = (Role.SECRETARY, Role.PARTY_OFFICE, Role.ADMIN)
"""Roles that may report for a branch without belonging to it."""


def branch_in_question(ctx: Context, named: Named | None = None) -> Place | None:
    """The branch a person means; None if neither named nor given by the place or the person."""
    if named is not None:
        unit = unit_by_code(ctx.session, named.key)
        if unit is None or unit.state is UnitState.CLOSED:
            raise UserError("error.unit_closed", name=named.label)
        if unit.branch_id is None:
            raise UserError("error.not_a_branch", name=unit.name)
        return branch_by_id(ctx, unit.branch_id)
    branch_id = ctx.room.branch_id if ctx.room else None
    branch_id = branch_id or ctx.who.branch_id
    return None if branch_id is None else branch_by_id(ctx, branch_id)


def branch_by_id(ctx: Context, branch_id: int) -> Place:
    """The branch of an id that is known to exist."""
    return ctx.directory.place(ctx.session, branch_id)


def may_report_for(member: Member, branch: Place) -> bool:
    """Any member of a branch may report for it; so may its secretary and the party office."""
    return member.branch_id == branch.id or member.has(*REPORTERS, over=branch.path)


def may_see(member: Member, branch: Place) -> bool:
    """Members see their own branch, role holders everything below their unit."""
    return member.branch_id == branch.id or member.has(*OVERSEERS, over=branch.path)
