"""Three months of cross-checks, drawn by the product's own draw; what people did is invented."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, insert, update
from sqlalchemy.orm import Session

from bot.sim.sample.notices import write_notices
from bot.sim.sample.owed import write_owed
from bot.sim.sample.scene import Scene, bare, numbers, read_company
from bot.sim.sample.visits import write_visits
from bot.sim.sample.vocabulary import vocabulary
from config.checklists import Item, checklists
from handlers.inspections.findings import severity_of
from handlers.inspections.rounds import fields, hold
from models.check import (
    Check,
    CheckMark,
    CheckState,
    Finding,
    FindingState,
    Severity,
    Verdict,
    score_of,
)
from models.draw import NoDraw

ROUNDS: Final = 3
EXEMPT: Final = 0.03
"""Share of the checks that the party office let off."""


def build_checks(session: Session, *, now: datetime, zone: ZoneInfo, seed: int) -> None:
    """Everything, in an order in which one thing leads to the next."""
    scene = Scene(session, now, zone, Random(f"checks {seed}"))  # noqa: S311  (the same every time)
    read_company(scene)
    _rounds(scene)
    write_visits(scene)
    write_owed(scene)


# --- rounds and what came of them ---------------------------------------------------------------


def _rounds(scene: Scene) -> None:
    today = scene.now.astimezone(scene.zone).date()
    month = today.replace(day=1)
    months = [month]
    for _ in range(ROUNDS - 1):
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    found: list[dict[str, Any]] = []
    for first in reversed(months):
        ctx = scene.context(scene.now)
        day = ctx.calendar.on_or_after(first)
        if day < today:
            found += _round(scene, day)
    found.sort(key=lambda row: row["at"])
    for row, number in zip(found, numbers(scene, "WT", found), strict=True):
        row["number"] = number
    if found:
        scene.session.execute(insert(Finding), [bare(row) for row in found])
    write_notices(scene, found)


def _round(scene: Scene, day: date) -> list[dict[str, Any]]:
    """One month: drawn at nine, looked at until today; returns the findings."""
    ctx = scene.context(datetime.combine(day, time(9), scene.zone).astimezone(UTC))
    findings: list[dict[str, Any]] = []
    done: list[dict[str, Any]] = []
    marks: list[dict[str, Any]] = []
    for area in fields(ctx):
        try:
            _, checks = hold(ctx, area, f"{day:%Y-%m}")
        except NoDraw as none:
            if not none.relax:
                continue
            _, checks = hold(ctx, area, f"{day:%Y-%m}", none.relax[0])
        for check in checks:
            _look(scene, check, done, marks, findings)
    table = Check.__table__
    scene.session.flush()
    scene.session.connection().execute(
        update(table)  # type: ignore[arg-type]  # a Table, says SQLAlchemy
        .where(table.c.id == bindparam("check"))
        .values(
            state=CheckState.DONE,
            done_at=bindparam("at"),
            person_id=bindparam("person"),
            score=bindparam("points"),
            summary=bindparam("words"),
        ),
        done,
    )
    scene.session.execute(insert(CheckMark), marks)
    return findings


def _look(
    scene: Scene,
    check: Check,
    done: list[dict[str, Any]],
    marks: list[dict[str, Any]],
    findings: list[dict[str, Any]],
) -> None:
    """One check: done within two or three weeks, if that has come already."""
    chance, branch = scene.chance, scene.branches[check.branch_id]
    planned = check.planned_at.astimezone(scene.zone).date()
    day = planned + timedelta(days=chance.randint(2, 24))
    moment = scene.at(day, chance.choice((9, 10, 11, 14, 15, 16)))
    if moment >= scene.now or branch.branch_type is None:
        return
    if chance.random() < EXEMPT:
        check.state, check.reason = CheckState.EXEMPT, vocabulary("checks")["measures"]["exempt"]
        return
    items = checklists()[branch.branch_type.value].items
    wrong = chance.sample(items, chance.choice((0, 0, 0, 1, 1, 2, 3)))
    verdicts = {item.key: Verdict.PASSED for item in items}
    verdicts |= {item.key: chance.choice((Verdict.PARTLY, Verdict.FAILED)) for item in wrong}
    person = chance.choice(scene.crews[check.checker_id or 0])
    faults = {item.key: chance.choice(vocabulary("checks")["faults"][item.key]) for item in wrong}
    weights = {item.key: item.weight for item in items}
    done.append(
        {
            "check": check.id,
            "at": moment,
            "person": person,
            "points": score_of(verdicts, weights),
            "words": chance.choice(vocabulary("checks")["measures"]["summaries"]),
        }
    )
    marks += [
        {"check_id": check.id, "item": key, "verdict": verdict, "remark": faults.get(key, "")}
        for key, verdict in verdicts.items()
    ]
    findings += [
        _fault(check, item, verdicts[item.key], faults[item.key], person, moment) for item in wrong
    ]


def _fault(
    check: Check, item: Item, verdict: Verdict, said: str, person: int, at: datetime
) -> dict[str, Any]:
    settled = severity_of(verdict) is Severity.MINOR  # put right while the team was there
    return {
        "check_id": check.id,
        "branch_id": check.branch_id,
        "item": item.key,
        "clause": item.clause,
        "said": said,
        "severity": severity_of(verdict),
        "state": FindingState.CLOSED if settled else FindingState.OPEN,
        "ended_at": at if settled else None,
        "person_id": person,
        "at": at,
        "_check": check.number,
    }
