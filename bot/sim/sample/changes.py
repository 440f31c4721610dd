"""What has gone: a temporary branch that was merged into its station, talks whose time was up."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bot.sim.sample.company import PROVINCE
from bot.sim.sample.scene import view
from bot.sim.sample.vocabulary import vocabulary
from config.rules import default_rules
from handlers.catalogue import catalogue
from handlers.talks.erase import destroy_old
from models.forms.field import Named
from models.history import Change
from models.number import next_number, next_numbers
from models.person import Grant, Person, Role, member_by_userid
from models.project import Better, Direction, Grade, Project
from models.reorganise import Act, remember, unit_change
from models.talk import TALK, Talk, TalkText
from models.unit import BranchType, Unit, UnitKind
from models.vault import Vault

MERGED: Final = timedelta(days=3)
OPENED: Final = timedelta(days=150)
DESTROYED: Final = timedelta(days=9)


def write_changes(
    session: Session, vault: Vault, *, now: datetime, zone: ZoneInfo, member: str
) -> None:
    """``member`` is the userid of whom the desk plays: it happens in that person's branch."""
    home = session.scalars(
        select(Unit).join(Person, Person.unit_id == Unit.id).where(Person.userid == member)
    ).one()
    branch = session.get_one(Unit, home.branch_id or home.id)
    _merge(session, branch, now, zone)
    _destroy(session, vault, branch, now, zone)


def _merge(session: Session, branch: Unit, now: datetime, zone: ZoneInfo) -> None:
    """A branch for one summer goes into the one beside it; what of its project is still open."""
    words: Mapping[str, Any] = vocabulary("errands")["merged"]
    began = now - OPENED
    opened = began.astimezone(zone).date()
    summer = Unit(
        code=f"{branch.code}-L",
        name=words["name"].format(place=branch.name.removesuffix(words["ending"])),
        kind=UnitKind.BRANCH,
        branch_type=BranchType.SERVICE,
        parent_id=branch.parent_id,
        path="",
        opened_on=opened,
    )
    session.add(summer)
    session.flush()
    summer.path = f"{branch.path.rstrip('/').rpartition('/')[0]}/{summer.id}/"
    summer.branch_id = summer.id
    known = {"name": summer.name, "kind": summer.kind.value}
    change = unit_change(summer.code, Change.CREATED, {}, known)
    remember(session, Act(began, "sample"), [change])
    secretary = session.scalars(
        select(Person)
        .join(Grant, Grant.person_id == Person.id)
        .where(Grant.role == Role.SECRETARY, Grant.unit_id == branch.id)
    ).first()
    session.add(
        Project(
            number=next_number(session, "XM", opened.year),
            unit_id=summer.id,
            year=now.astimezone(zone).year,
            better=Better.DOWN,
            direction=Direction(words["direction"]),
            grade=Grade.C,
            owner_id=secretary.id if secretary else None,
            starts_on=opened,
            ends_on=opened + 2 * OPENED,
            **words["project"],
        )
    )
    session.flush()
    keeper = session.scalars(
        select(Person.userid)
        .join(Grant, Grant.person_id == Person.id)
        .join(Unit, Unit.id == Grant.unit_id)
        .where(Grant.role == Role.ADMIN, Unit.code == PROVINCE)
        .order_by(Person.id)
    ).first()
    if keeper is None:
        return
    ctx = replace(view(session, now - MERGED, zone), member=member_by_userid(session, keeper))
    answers = {
        "unit": Named(summer.code, summer.name),
        "into": Named(branch.code, branch.name),
    }
    catalogue().command("merge_unit").run(ctx, answers)


def _destroy(session: Session, vault: Vault, branch: Unit, now: datetime, zone: ZoneInfo) -> None:
    """The talks of two years ago are gone, with a certificate."""
    words = vocabulary("talks")
    kept = timedelta(days=default_rules().talk.keep_days)
    people = session.scalars(
        select(Person.id)
        .join(Unit, Unit.id == Person.unit_id)
        .where(Unit.branch_id == branch.id)
        .order_by(Person.id)
    ).all()
    moments = [now - kept - DESTROYED - timedelta(days=back) for back in range(len(people), 1, -1)]
    numbers = next_numbers(session, "TH", moments[0].year, len(moments)) if moments else []
    rows: list[dict[str, Any]] = [
        {
            "number": number,
            "unit_id": branch.id,
            "talker_id": people[0],
            "person_id": person,
            "day": at.astimezone(zone).date(),
            "as_secretary": True,
            "at": at,
        }
        for number, person, at in zip(numbers, people[1:], moments, strict=True)
    ]
    if not rows:
        return
    session.execute(insert(Talk), rows)
    text = TalkText(points=words["points"][0]).dump()
    vault.seal_all(session.connection(), TALK, ((row["number"], text, row["at"]) for row in rows))
    then = now - DESTROYED
    destroy_old(replace(view(session, then, zone), vault=vault), then - kept)
