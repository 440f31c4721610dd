"""What the families around a project share: which one is meant, who may act, whom it concerns."""

from collections.abc import Sequence

from sqlalchemy import select

from config.texts import label
from handlers.content import Content
from handlers.context import Context
from handlers.places import branch_by_id, branch_in_question, may_report_for
from models.errors import UserError
from models.forms.field import Named
from models.judges import Judges, Side
from models.person import Member, Person, PersonState, Role, holders
from models.project import Project, Stage, need_project, newest_of
from models.unit import Place, Unit, UnitKind, unit_by_code


def meant(ctx: Context, number: str | None) -> tuple[Project, Place]:
    """The project of a number, or this year's of the group's or the speaker's own branch."""
    if number:
        project = need_project(ctx.session, number)
        return project, branch_by_id(ctx, project.unit_id)
    branch = branch_in_question(ctx)
    if branch is None:
        raise UserError("project.which_number")
    own = own_project(ctx)
    if own is None:
        raise UserError("project.none_yet", branch=branch.name, year=ctx.today.year)
    return own, branch


def own_project(ctx: Context) -> Project | None:
    """This year's project of the group's or the speaker's own branch."""
    branch = branch_in_question(ctx)
    return None if branch is None else newest_of(ctx.session, branch.id, ctx.today.year)


def need_open_year(ctx: Context, project: Project) -> None:
    """Last year's projects can only be read (``project.late_days`` after its end)."""
    gone = ctx.today.timetuple().tm_yday
    late = project.year == ctx.today.year - 1 and gone <= ctx.rules.project.late_days
    if project.year < ctx.today.year and not late:
        raise UserError("project.year_closed", number=project.number, year=project.year)


def need_stage(project: Project, *stages: Stage) -> None:
    """Whether what is wanted can be done where the project stands; names where it can."""
    if project.stage not in stages:
        allowed = "、".join(label(stage) for stage in stages)
        raise UserError(
            "project.wrong_stage",
            number=project.number,
            stage=label(project.stage),
            allowed=allowed,
        )


def need_own(ctx: Context, branch: Place) -> Member:
    """Whoever belongs to the branch, its secretary or the party office."""
    if not may_report_for(ctx.who, branch):
        raise UserError("project.not_your_branch", branch=branch.name)
    return ctx.who


def need_secretary(ctx: Context, branch: Place) -> Member:
    """The secretary: 谁立项谁负责."""
    if not ctx.who.has(Role.SECRETARY, over=branch.path):
        raise UserError("project.secretary_only", branch=branch.name)
    return ctx.who


def responsible(ctx: Context, project: Project) -> list[int]:
    """Ids of who answers for a project: its owner, or the secretaries if that person has left."""
    owner = ctx.session.get(Person, project.owner_id) if project.owner_id else None
    if owner is not None and owner.state is PersonState.ACTIVE:
        return [owner.id]
    unit = ctx.session.get_one(Unit, project.unit_id)
    return [person.id for person in holders(ctx.session, Role.SECRETARY, unit)]


def department_of(ctx: Context, project: Project) -> Place | None:
    """The department to which a project is routed."""
    if project.department_id is None:
        return None
    return ctx.directory.place(ctx.session, project.department_id)


def all_judges(ctx: Context) -> Judges:
    """Whoever judges anything: for lists of many projects."""
    return ctx.once("judges", lambda: Judges.read(ctx.session))


def routed(ctx: Context, branch: Place, specialty: str) -> Place | None:
    """The department that judges a specialty, the one nearest to the branch if there are several.

    None if the rules name none, or no unit in use bears the name.
    """
    name = ctx.rules.project.specialties.get(specialty, "")
    found: Sequence[Named] = ctx.directory.units(ctx.session).find(name) if name else ()
    places = [place for one in found if (place := _place(ctx, one)) is not None]
    places = [place for place in places if place.kind is not UnitKind.BRANCH]
    return max(places, key=lambda place: _shared(place.path, branch.path), default=None)


def _place(ctx: Context, named: Named) -> Place | None:
    unit = unit_by_code(ctx.session, named.key)
    return None if unit is None else ctx.directory.place(ctx.session, unit.id)


def _shared(one: str, other: str) -> int:
    """How many units two paths have in common."""
    pairs = zip(one.split("/"), other.split("/"), strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), len(one.split("/")))


def judges_of(ctx: Context, project: Project, branch: Place) -> Judges:
    """Who may judge a project, on either side."""
    department = department_of(ctx, project)
    return Judges.over(ctx.session, branch, department)


def need_judge(ctx: Context, project: Project, branch: Place, side: Side) -> Member:
    """Somebody who judges on this side, and not the project of the own branch."""
    if ctx.who.branch_id == branch.id:
        raise UserError("project.own_branch", number=project.number)
    department = department_of(ctx, project)
    judges = judges_of(ctx, project, branch)
    if ctx.who.id not in judges.of(side, branch, department):
        named = names_of(ctx, judges.nearest(side, branch, department))
        key = "project.not_judge" if named else "project.no_judge"
        raise UserError(key, number=project.number, names=named, side=label(side))
    return ctx.who


def may_judge(ctx: Context, project: Project, branch: Place, side: Side) -> bool:
    """Whether the speaker judges a project on this side."""
    department = department_of(ctx, project)
    return ctx.who.id in judges_of(ctx, project, branch).of(side, branch, department)


def names_of(ctx: Context, ids: Sequence[int]) -> str:
    """Names of people, at most four."""
    rows = ctx.session.execute(select(Person.id, Person.name).where(Person.id.in_(ids[:4])))
    names = dict(rows.all())
    return "、".join(names[i] for i in ids[:4] if i in names)


def tell(ctx: Context, person_ids: Sequence[int | None], content: Content, key: str) -> None:
    """Push something to people who are still there; ``key`` makes it happen once for each."""
    own = ctx.member.id if ctx.member else None
    wanted = [i for i in dict.fromkeys(person_ids) if i is not None and i != own]
    for userid in ctx.session.scalars(
        select(Person.userid)
        .where(Person.id.in_(wanted), Person.state == PersonState.ACTIVE)
        .order_by(Person.id)
    ):
        ctx.push_person(userid, content, f"{key}:{userid}")
