"""绑定: a group belongs to a unit; somebody with the right role says so (DOMAIN.md 1)."""

from handlers.context import Context
from handlers.reply import Reply, say
from handlers.spec import Command, Family, Where
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import Unit as UnitField
from models.group import Group, group_by_chatid
from models.person import Role
from models.unit import UnitState, unit_by_code

BINDERS = (Role.SECRETARY, Role.PARTY_OFFICE, Role.ADMIN)

FORM = Form(key="bind", version=1, fields=(UnitField(key="unit"),), positional=("unit",))


def bind(ctx: Context, answers: Answers) -> Reply:
    """``/绑定 单位`` in the group that is to be bound; rights on the old and the new unit."""
    if ctx.room is None:
        raise UserError("bind.in_group")
    unit = unit_by_code(ctx.session, answers["unit"].key)
    if unit is None or unit.state is UnitState.CLOSED:
        raise UserError("error.unit_closed", name=answers["unit"].label)
    ctx.need(*BINDERS, over=unit.path)
    group = group_by_chatid(ctx.session, ctx.room.chatid)
    if group is None:
        group = Group(chatid=ctx.room.chatid)
        ctx.session.add(group)
    elif group.unit_id is not None and group.unit_id != unit.id:
        ctx.need(*BINDERS, over=ctx.room.path)
    same = group.unit_id == unit.id
    group.unit_id, group.bound_at, group.bound_by_id = unit.id, ctx.now, ctx.who.id
    ctx.subject = unit.code
    key = "bind.already" if same else "bind.done"
    return say(key, unit=unit.name)


FAMILY = Family(
    commands=(
        Command(
            key="bind", form=FORM, run=bind, roles=frozenset(BINDERS), where=Where.GROUP, open=True
        ),
    ),
)
