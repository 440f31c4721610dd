"""``duty-digest``: one message a day to each person who owes something (DOMAIN.md 9)."""

from collections.abc import Iterator, Mapping

from sqlalchemy import select

from config.texts import t
from handlers.content import Card, Text
from handlers.context import Context
from handlers.duties import Duty, duty_card, silent_projects
from handlers.reply import fill, lines
from jobs.spec import Clockwork, Job
from models.person import Grant, Person, PersonState, Role
from models.unit import Unit, upwards

PEOPLE_AT_ONCE = 200
NAMED = 8


def run(work: Clockwork) -> Iterator[None]:
    """Sort what is owed by secretary, then write to each of them privately."""
    owed = by_secretary(work.ctx)
    yield
    userids = sorted(owed)
    for start in range(0, len(userids), PEOPLE_AT_ONCE):
        for userid in userids[start : start + PEOPLE_AT_ONCE]:
            tell(work, userid, owed[userid])
        yield


def by_secretary(ctx: Context) -> Mapping[str, list[Duty]]:
    """Duties by the userid of the secretary who stands nearest above the branch."""
    nearest: dict[str, list[str]] = {}
    for userid, path in ctx.session.execute(
        select(Person.userid, Unit.path)
        .join(Grant, Grant.person_id == Person.id)
        .join(Unit, Unit.id == Grant.unit_id)
        .where(Grant.role == Role.SECRETARY, Person.state == PersonState.ACTIVE)
        .order_by(Person.id)
    ):
        nearest.setdefault(path, []).append(userid)
    owed: dict[str, list[Duty]] = {}
    for duty in silent_projects(ctx):
        path = next((path for path in upwards(duty.unit_path) if path in nearest), "")
        for userid in nearest.get(path, ()):
            owed.setdefault(userid, []).append(duty)
    return owed


def tell(work: Clockwork, userid: str, duties: list[Duty]) -> None:
    """Queue the digest of one person: the list, then a card whose buttons do the work."""
    ctx = work.ctx
    rows = [fill("duty.line", title=duty.title, detail=duty.detail) for duty in duties[:NAMED]]
    more = t("duty.more", count=len(duties) - NAMED) if len(duties) > NAMED else ""
    text = lines(t("duty.digest", count=len(duties)), *rows, more)
    day = ctx.local(work.due).date().isoformat()
    contents: list[tuple[str, Text | Card]] = [("text", Text(text))]
    card = duty_card(ctx, duties, userid)
    if card is not None:
        contents.append(("card", card))
    for name, content in contents:
        ctx.push_person(userid, content, f"{JOB.name}:{day}:{userid}:{name}", work.due)


JOB = Job("duty-digest", run)
