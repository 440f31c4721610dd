"""Administration: people, roles and groups, each change a command with its audit row (DOMAIN.md 1).

The workbook brings in many at once; here one is changed at a time. Whoever administers a unit does
so for everything below it, never above.
"""

from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import case, exists, func, literal, select

from config.texts import label, t
from handlers.content import Text as TextContent
from handlers.context import Context
from handlers.foreseen import closing, leaving, merging, revoking, unbinding
from handlers.organisation import PARENT
from handlers.reply import Reply, fill, lines, say
from handlers.spec import Column, Command, Family, Kind, Ledger, Rows, View, Where
from models.adjustment import AdjustState, note_reorganised
from models.errors import UserError
from models.forms.choices import Choice
from models.forms.field import Answers, Option
from models.forms.form import Form
from models.forms.kinds import Person as PersonField
from models.forms.kinds import Text
from models.forms.kinds import Unit as UnitField
from models.group import Group, Heard
from models.history import Change
from models.person import Grant, Person, PersonState, Role
from models.reorganise import (
    Act,
    close_unit,
    merge_units,
    move_person,
    person_change,
    person_leaves,
    remember,
)
from models.unit import Unit, UnitState, inside, unit_by_code

ADMINS = frozenset({Role.ADMIN})
LOOKERS = frozenset({Role.ADMIN, Role.PARTY_OFFICE})
ROLES = tuple(Option(role.value, label(role)) for role in Role)

GRANT = Form(
    key="grant",
    version=1,
    fields=(PersonField(key="person"), Choice(key="role", options=ROLES), UnitField(key="unit")),
    positional=("person", "role", "unit"),
)
REVOKE = Form(
    key="revoke",
    version=1,
    fields=(PersonField(key="person"), Choice(key="role", options=ROLES), UnitField(key="unit")),
    positional=("person", "role", "unit"),
    confirm=True,
)
ENROL = Form(
    key="enrol",
    version=1,
    fields=(
        Text(key="userid", max_chars=64),
        Text(key="name", max_chars=60),
        UnitField(key="unit"),
        Text(key="standing", required=False, max_chars=20),
    ),
    positional=("userid", "name", "unit", "standing"),
)
TRANSFER = Form(
    key="transfer",
    version=1,
    fields=(PersonField(key="person"), UnitField(key="unit")),
    positional=("person", "unit"),
)
LEAVE = Form(
    key="leave",
    version=1,
    fields=(PersonField(key="person"),),
    positional=("person",),
    confirm=True,
)
CLOSE = Form(
    key="close_unit",
    version=1,
    fields=(UnitField(key="unit"),),
    positional=("unit",),
    confirm=True,
)
MERGE = Form(
    key="merge_unit",
    version=1,
    fields=(UnitField(key="unit"), UnitField(key="into")),
    positional=("unit", "into"),
    confirm=True,
)
UNBIND = Form(
    key="unbind",
    version=1,
    fields=(Text(key="group", max_chars=256),),
    positional=("group",),
    confirm=True,
)
WEBHOOK = Form(
    key="webhook",
    version=1,
    fields=(Text(key="group", max_chars=256), Text(key="address", max_chars=512)),
)


def _person(ctx: Context, named: Any, roles: frozenset[Role]) -> Person:  # noqa: ANN401  (a Named)
    """The person of an answer, if the speaker holds such a role over where that person belongs."""
    person = ctx.session.scalars(select(Person).where(Person.userid == named.key)).one()
    ctx.need(*roles, over=ctx.directory.place(ctx.session, person.unit_id).path)
    return person


def _unit(ctx: Context, named: Any, roles: frozenset[Role] = ADMINS) -> Unit:  # noqa: ANN401  (a Named)
    """The unit of an answer, if it is in use and the speaker holds such a role over it."""
    unit = unit_by_code(ctx.session, named.key)
    if unit is None or unit.state is UnitState.CLOSED:
        raise UserError("error.unit_closed", name=named.label)
    ctx.need(*roles, over=unit.path)
    return unit


def _act(ctx: Context) -> Act:
    return Act(ctx.now, ctx.who.userid)


def _tell(ctx: Context, person: Person, key: str, **params: object) -> None:
    ctx.push_person(person.userid, TextContent(fill(key, **params)), f"{key}:{ctx.message_id}")


def grant(ctx: Context, answers: Answers) -> Reply:
    """``/授权 人 角色 单位``: the person is told; a role that is held already changes nothing."""
    unit = _unit(ctx, answers["unit"])
    person = ctx.session.scalars(select(Person).where(Person.userid == answers["person"].key)).one()
    role = Role(answers["role"])
    ctx.subject = person.userid
    words = {"name": person.name, "role": label(role), "unit": unit.name}
    if _held(ctx, person, role, unit) is not None:
        return say("admin.held", **words)
    ctx.session.add(Grant(person_id=person.id, role=role, unit_id=unit.id))
    _tell(ctx, person, "admin.granted_you", role=label(role), unit=unit.name)
    return say("admin.granted", **words)


def _revocable(ctx: Context, answers: Answers) -> tuple[Grant, Person, Unit]:
    """A role that the speaker may take away; the last administrator of all stays one."""
    unit = _unit(ctx, answers["unit"])
    role = Role(answers["role"])
    person = ctx.session.scalars(select(Person).where(Person.userid == answers["person"].key)).one()
    held = _held(ctx, person, role, unit)
    words = {"name": person.name, "role": label(role), "unit": unit.name}
    if held is None:
        raise UserError("admin.not_held", **words)
    if role is Role.ADMIN and _last_admin(ctx, held):
        raise UserError("admin.last")
    return held, person, unit


def revoke(ctx: Context, answers: Answers) -> Reply:
    """``/撤权 人 角色 单位``."""
    held, person, unit = _revocable(ctx, answers)
    ctx.subject = person.userid
    ctx.session.delete(held)
    return say("admin.revoked", name=person.name, role=label(held.role), unit=unit.name)


def will_revoke(ctx: Context, answers: Answers) -> str:
    """What ``/撤权`` will do."""
    held, person, unit = _revocable(ctx, answers)
    return revoking(person, held.role, unit)


def _held(ctx: Context, person: Person, role: Role, unit: Unit) -> Grant | None:
    return ctx.session.scalar(
        select(Grant).where(
            Grant.person_id == person.id, Grant.role == role, Grant.unit_id == unit.id
        )
    )


def _last_admin(ctx: Context, held: Grant) -> bool:
    """Whether nobody else administers the whole of what this grant covers."""
    path = ctx.directory.place(ctx.session, held.unit_id).path
    others = ctx.session.execute(
        select(Unit.path)
        .join(Grant, Grant.unit_id == Unit.id)
        .join(Person, Person.id == Grant.person_id)
        .where(
            Grant.role == Role.ADMIN,
            Grant.id != held.id,
            Person.state == PersonState.ACTIVE,
            Unit.state == UnitState.ACTIVE,
        )
    ).scalars()
    return not any(path.startswith(other) for other in others)


def enrol(ctx: Context, answers: Answers) -> Reply:
    """``/加人 userid 姓名 单位``: somebody new, or somebody who comes back."""
    unit = _unit(ctx, answers["unit"])
    userid = answers["userid"]
    ctx.subject = userid
    person = ctx.session.scalar(select(Person).where(Person.userid_key == userid.lower()))
    if person is not None and person.state is PersonState.ACTIVE:
        raise UserError("admin.known", userid=userid, name=person.name)
    change = Change.RETURNED if person is not None else Change.CREATED
    if person is None:
        person = Person(userid=userid, userid_key=userid.lower())
        ctx.session.add(person)
    person.name, person.unit_id = answers["name"], unit.id
    person.standing = answers["standing"] or person.standing or ""
    person.state, person.left_at = PersonState.ACTIVE, None
    ctx.session.flush()
    remember(ctx.session, _act(ctx), [person_change(userid, change, {}, {"unit": unit.code})])
    return say("admin.enrolled", name=person.name, unit=unit.name)


def transfer(ctx: Context, answers: Answers) -> Reply:
    """``/调动 人 单位``: roles stay where they were granted, and are named."""
    person, unit = _person(ctx, answers["person"], ADMINS), _unit(ctx, answers["unit"])
    ctx.subject = person.userid
    move_person(ctx.session, person, unit.id, _act(ctx))
    roles = ctx.session.execute(
        select(Grant.role, Unit.name)
        .join(Unit, Unit.id == Grant.unit_id)
        .where(Grant.person_id == person.id)
    ).all()
    kept = t("echo.list").join(f"{name}{label(role)}" for role, name in roles)
    key = "admin.moved_roles" if roles else "admin.moved"
    return say(key, name=person.name, unit=unit.name, roles=kept)


def _leaver(ctx: Context, answers: Answers) -> Person:
    """Somebody who may go: not the speaker, nor the last administrator."""
    person = _person(ctx, answers["person"], LOOKERS)
    if person.id == ctx.who.id:
        raise UserError("admin.yourself")
    held = select(Grant).where(Grant.person_id == person.id, Grant.role == Role.ADMIN)
    if any(_last_admin(ctx, one) for one in ctx.session.scalars(held)):
        raise UserError("admin.last")
    return person


def will_leave(ctx: Context, answers: Answers) -> str:
    """What ``/离开`` will do."""
    return leaving(ctx, _leaver(ctx, answers))


def leave(ctx: Context, answers: Answers) -> Reply:
    """``/离开 人``: history stays, roles end, what was owed falls to the secretary."""
    person = _leaver(ctx, answers)
    ctx.subject = person.userid
    person_leaves(ctx.session, person, _act(ctx))
    return say("admin.left", name=person.name)


def will_close(ctx: Context, answers: Answers) -> str:
    """What ``/撤销单位`` will do."""
    return closing(ctx, _unit(ctx, answers["unit"], LOOKERS))


def close(ctx: Context, answers: Answers) -> Reply:
    """``/撤销单位 单位``: once nobody belongs to it; its project has to be settled."""
    unit = _unit(ctx, answers["unit"], LOOKERS)
    ctx.subject = unit.code
    name = unit.name
    close_unit(ctx.session, unit.id, _act(ctx))
    return _reorganised(ctx, "admin.closed", name=name)


def will_merge(ctx: Context, answers: Answers) -> str:
    """What ``/并入`` will do."""
    unit, into = (_unit(ctx, answers[key], LOOKERS) for key in ("unit", "into"))
    return merging(ctx, unit, into)


def merge(ctx: Context, answers: Answers) -> Reply:
    """``/并入 单位 单位``: people, teams and groups go over, the first unit is closed."""
    unit, into = _unit(ctx, answers["unit"], LOOKERS), _unit(ctx, answers["into"], LOOKERS)
    ctx.subject = unit.code
    words = {"name": unit.name, "into": into.name}
    merge_units(ctx.session, unit.id, into.id, _act(ctx))
    return _reorganised(ctx, "admin.merged", **words)


def _reorganised(ctx: Context, key: str, **words: object) -> Reply:
    """What was done, and how many projects have lost their place by it (三表一单, 动态调整表)."""
    lines_made = note_reorganised(ctx.session, ctx.now, ctx.today)
    open_ones = [line for line in lines_made if line.state is AdjustState.OPEN]
    more = fill("admin.to_settle", count=len(open_ones)) if open_ones else ""
    return Reply(lines(fill(key, **words), more))


def _group(ctx: Context, typed: str) -> Group:
    """A group by chat id or by its exact name, if the speaker administers its unit."""
    found = ctx.session.scalars(
        select(Group).where((Group.chatid == typed) | (Group.name == typed)).limit(2)
    ).all()
    if len(found) != 1:
        raise UserError("admin.no_group" if not found else "admin.groups_alike", group=typed)
    unit_id = found[0].unit_id
    if unit_id is None:
        ctx.need(Role.ADMIN)
    else:
        ctx.need(Role.ADMIN, over=ctx.directory.place(ctx.session, unit_id).path)
    return found[0]


def _bound(ctx: Context, answers: Answers) -> Group:
    """A group that is bound, and that the speaker administers."""
    group = _group(ctx, answers["group"])
    if group.unit_id is None:
        raise UserError("admin.not_bound", group=group.name or group.chatid)
    return group


def will_unbind(ctx: Context, answers: Answers) -> str:
    """What ``/解绑`` will do."""
    return unbinding(ctx, _bound(ctx, answers))


def unbind(ctx: Context, answers: Answers) -> Reply:
    """``/解绑 群``: the group gets nothing more and may be bound anew."""
    group = _bound(ctx, answers)
    ctx.subject = group.chatid
    group.unit_id, group.bound_at, group.bound_by_id = None, None, None
    return say("admin.unbound", group=group.name or group.chatid)


def set_webhook(ctx: Context, answers: Answers) -> Reply:
    """``/群机器人 群 地址``: how the group is reached where the smart bot cannot push.

    The address is a secret: it is not said again, and stands in no ledger and no audit row.
    """
    group = _group(ctx, answers["group"])
    address = answers["address"].strip()
    shape = urlsplit(address)
    if not shape.path.endswith("/webhook/send") or "key=" not in shape.query:
        raise UserError("admin.webhook_shape")
    ctx.subject = group.chatid
    group.webhook = address
    return say("admin.webhook_set", group=group.name or group.chatid)


def _grants(view: View) -> Rows:
    """Roles on units that the viewer administers or oversees."""
    query = (
        select()
        .select_from(Grant)
        .join(Person, Person.id == Grant.person_id)
        .join(Unit, Unit.id == Grant.unit_id)
        .where(Person.state == PersonState.ACTIVE, Unit.state == UnitState.ACTIVE)
    )
    return query.where(_seen(view))


def _seen(view: View) -> Any:  # noqa: ANN401  (a condition)
    if view.member is None:
        return literal(value=True)
    paths = view.member.paths(*LOOKERS)
    return func.coalesce(_any(paths), literal(value=False))


def _any(paths: tuple[str, ...]) -> Any:  # noqa: ANN401  (a condition)
    whole: Any = literal(value=False)
    for path in paths:
        whole = whole | inside(path)
    return whole


GRANTS = Ledger(
    key="grant",
    found=False,
    columns=(
        Column(key="name", expr=Person.name, width=12),
        Column(key="userid", expr=Person.userid, width=18),
        Column(key="role", expr=Grant.role, kind=Kind.WORD, width=12),
        Column(key="unit", expr=Unit.name, width=34),
    ),
    query=_grants,
    order=(Unit.path.asc(), Grant.role.asc(), Person.id.asc()),
    roles=LOOKERS,
)


def _groups(view: View) -> Rows:
    query = (
        select()
        .select_from(Group)
        .outerjoin(Unit, Unit.id == Group.unit_id)
        .outerjoin(PARENT, PARENT.id == Unit.parent_id)
    )
    return query.where(_seen(view) | Group.unit_id.is_(None))


_heard = exists().where(Heard.conversation == Group.chatid)
GROUPS = Ledger(
    key="group",
    columns=(
        Column(key="name", expr=Group.name, width=28),
        Column(key="unit", expr=Unit.name, width=34),
        Column(key="above", expr=PARENT.name, width=28, wide=True),
        Column(
            key="reach",
            expr=case(
                (_heard, literal("heard")),
                (Group.webhook != "", literal("hook")),
                else_=literal("no"),
            ),
            width=14,
            show=lambda value, _: t(f"admin.reach_{value}"),
        ),
        Column(key="bound", expr=Group.bound_at, kind=Kind.TIME, width=18),
        Column(key="chatid", expr=Group.chatid, width=24, wide=True),
    ),
    query=_groups,
    order=(Unit.path.asc().nulls_last(), Group.id.asc()),
    roles=LOOKERS,
)

FAMILY = Family(
    commands=(
        Command(key="grant", form=GRANT, run=grant, roles=ADMINS, sheet=True),
        Command(
            key="revoke", form=REVOKE, run=revoke, effect=will_revoke, roles=ADMINS, sheet=True
        ),
        Command(key="enrol", form=ENROL, run=enrol, roles=ADMINS, sheet=True),
        Command(key="transfer", form=TRANSFER, run=transfer, roles=ADMINS, sheet=True),
        Command(key="leave", form=LEAVE, run=leave, effect=will_leave, roles=LOOKERS, sheet=True),
        Command(
            key="close_unit", form=CLOSE, run=close, effect=will_close, roles=LOOKERS, sheet=True
        ),
        Command(
            key="merge_unit", form=MERGE, run=merge, effect=will_merge, roles=LOOKERS, sheet=True
        ),
        Command(
            key="unbind", form=UNBIND, run=unbind, effect=will_unbind, roles=ADMINS, sheet=True
        ),
        Command(
            key="webhook",
            form=WEBHOOK,
            run=set_webhook,
            roles=ADMINS,
            sheet=True,
            where=Where.PRIVATE,
        ),
    ),
    ledgers=(GRANTS, GROUPS),
)
