"""承诺墙: a branch's public pledges as a picture to be hung up or sent to the group."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from config.texts import label, t
from handlers.content import Picture
from handlers.context import Context
from handlers.places import branch_by_id, branch_in_question
from handlers.reply import Reply, fill
from handlers.spec import Command, Family, Poster, WordCard, WordCards
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import Unit as UnitField
from models.person import Person
from models.pledge import OPEN_TO_ALL, Pledge, PledgeKind

FORM = Form(
    key="pledge_wall",
    version=1,
    fields=(UnitField(key="unit", required=False),),
    positional=("unit",),
)


def send_wall(ctx: Context, answers: Answers) -> Reply:
    """``/承诺墙 [支部]``: the picture follows."""
    branch = branch_in_question(ctx, answers["unit"])
    if branch is None:
        raise UserError("pledge_wall.which_branch")
    count = ctx.session.scalar(
        select(func.count()).where(
            Pledge.unit_id == branch.id,
            Pledge.year == ctx.today.year,
            Pledge.state.in_(OPEN_TO_ALL),
        )
    )
    if not count:
        raise UserError("pledge_wall.empty", branch=branch.name)
    # The moment makes it a picture of its own: one that was drawn before shows what held then.
    at = ctx.now.isoformat(timespec="seconds")
    picture = Picture("pledge_wall", {"unit": branch.id, "year": ctx.today.year, "at": at})
    return Reply(fill("pledge_wall.coming", branch=branch.name, count=count), files=(picture,))


def draw_wall(ctx: Context, params: Mapping[str, Any]) -> Poster:
    """One card a person, with what that person promised."""
    branch = branch_by_id(ctx, int(params["unit"]))
    rows = ctx.session.execute(
        select(Pledge, Person)
        .join(Person, Person.id == Pledge.person_id)
        .where(
            Pledge.unit_id == branch.id,
            Pledge.year == int(params["year"]),
            Pledge.state.in_(OPEN_TO_ALL),
        )
        .order_by(Person.name, Person.id, Pledge.kind)
    )
    people: dict[int, tuple[str, list[Pledge]]] = {}
    for pledge, person in rows:
        people.setdefault(person.id, (person.name, []))[1].append(pledge)
    pledges = [pledge for _, own in people.values() for pledge in own]
    figures = [
        (label(kind), str(sum(pledge.kind is kind for pledge in pledges))) for kind in PledgeKind
    ]
    kept = sum(pledge.entries for pledge in pledges)
    return Poster(
        title=t("pledge_wall.title", branch=branch.name),
        subtitle=t("pledge_wall.subtitle", year=params["year"]),
        figures=(*figures, (t("pledge.figure_entries"), str(kept))),
        blocks=(
            WordCards(
                cards=tuple(
                    WordCard(
                        name,
                        tuple((label(pledge.kind), pledge.text) for pledge in own),
                    )
                    for name, own in people.values()
                )
            ),
        ),
        notes=(t("pledge_wall.note"),),
    )


FAMILY = Family(
    commands=(Command(key="pledge_wall", form=FORM, run=send_wall),),
    pictures={"pledge_wall": draw_wall},
)
