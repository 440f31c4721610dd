"""What the offices have under way, done with the product's own commands: one of each kind."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.sim.sample.scene import Scene, read_company
from bot.sim.sample.vocabulary import vocabulary
from handlers.catalogue import catalogue
from models.forms.field import Named
from models.person import Grant, Person, Role, member_by_userid
from models.project import Project
from models.talk import Talk
from models.unit import Unit
from models.vault import Vault

JURORS: Final = 4


def write_errands(
    session: Session, vault: Vault, *, now: datetime, zone: ZoneInfo, seed: int, member: str
) -> None:
    """A watched branch, a jury, a request about the own data, a talk to be opened, one asked for.

    ``member`` is the userid of whom the desk plays.
    """
    words = vocabulary("errands")
    scene = Scene(session, now, zone, Random(f"errands {seed}"))  # noqa: S311  (a sample)
    read_company(scene)
    office, committee, *jurors = _offices(session)
    branch = session.scalars(
        select(Unit)
        .join(Project, Project.unit_id == Unit.id)
        .where(Project.reported_at.is_not(None))
        .order_by(Project.reported_at)
    ).first()
    talk = session.scalars(
        select(Talk.number)
        .where(Talk.person_id != office.id, Talk.talker_id != office.id)
        .order_by(Talk.id.desc())
    ).first()
    if branch is None or talk is None:
        return
    watched = {
        "branch": Named(branch.code, branch.name),
        "superior": Named(committee.userid, committee.name),
        **words["watch"],
    }
    names = "、".join(one.userid for one in jurors)
    errands: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
        (office.userid, "watch", watched),
        (office.userid, "jury", {**words["jury"], "jurors": names}),
        (member, "correct", {"what": words["request"]["said"]}),
        (office.userid, "talk_open", {**words["opening"], "number": talk}),
        (member, "talk_ask", {**words["call"], "person": None, "due": None}),
    )
    known = catalogue()
    for days, (userid, key, answers) in enumerate(errands, 1):
        at = now - timedelta(days=days)
        ctx = replace(scene.context(at), vault=vault, member=member_by_userid(session, userid))
        known.command(key).run(ctx, answers)


def _offices(session: Session) -> list[Person]:
    """Party office and committee secretary of the company, then specialists of its departments."""
    found: list[Person] = []
    for role, most in (
        (Role.PARTY_OFFICE, 1),
        (Role.COMMITTEE_SECRETARY, 1),
        (Role.SPECIALIST, JURORS),
    ):
        found += session.scalars(
            select(Person)
            .join(Grant, Grant.person_id == Person.id)
            .join(Unit, Unit.id == Grant.unit_id)
            .where(Grant.role == role)
            .order_by(Unit.path, Person.id)
            .limit(most)
        ).all()
    return found
