"""What the projects went through: clarities, milestones, task force, promotions, scores, an end."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from bot.sim.sample.company import PROVINCE, Company
from bot.sim.sample.projects import Plan
from bot.sim.sample.reports import Report
from bot.sim.sample.vocabulary import vocabulary
from models.calendar import WorkCalendar
from models.crew import CrewKind, CrewMember
from models.grade import GradeChange
from models.helpcall import HelpCall, HelpState
from models.judges import Side
from models.likeness import let_be_found
from models.mechanism import Mechanism, set_cases
from models.mechanism import let_be_found as let_mechanism_be_found
from models.midterm import MidTerm
from models.milestone import Milestone
from models.number import next_numbers
from models.person import Person, Role
from models.progress import ReportKind
from models.project import Better, Blend, Grade, Project, ProjectStep, Stage, write_curve
from models.promotion import Promotion, PromotionState
from models.score import Score, is_outstanding
from models.unit import Unit

ENDED: Final = {Stage.CONCLUDED: 26, Stage.JURY: 8, Stage.REVIEW: 9}
"""How many projects are that far."""
SCORED, HALF_SCORED = 40, 6
"""Projects with both scores, and with one; the concluded ones first."""
PROMOTED: Final = {
    PromotionState.GRANTED: 5,
    PromotionState.DECLINED: 3,
    PromotionState.PENDING: 4,
}
HELP: Final = {HelpState.OPEN: 4, HelpState.ANSWERED: 2, HelpState.SOLVED: 7}
TOLD, SPEAKERS = 24, 6
CASES: Final = 3
PASS: Final = Decimal(4)
DONE, FULL = 82, 100
"""Percent from which a project may be finished with one more report, and when it is."""
_PLACE: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Work:
    """A project of the sample with what the database knows of it."""

    plan: Plan
    project: Project
    unit_id: int
    crew: tuple[int, ...]

    @property
    def places(self) -> dict[str, Any]:
        """What stands in the places of the sentences."""
        row = self.plan.row
        return {
            "indicator": row["indicator"],
            "unit": row["indicator_unit"],
            "baseline": row["baseline"],
            "target": row["target"],
            "mechanism": row["mechanism"],
        }


class Works:
    """Writes it all; the same seed and moment write the same."""

    def __init__(
        self, session: Session, company: Company, plans: Sequence[Plan], *, now: datetime, seed: int
    ) -> None:
        self._session = session
        self._now = now
        self._chance = Random(f"works {seed}")  # noqa: S311  (the same works every time)
        self._words: Mapping[str, Any] = vocabulary("works")["words"]
        self._people = dict(session.execute(select(Person.userid, Person.id)).all())
        self._works = list(self._read(company, plans))
        self._judges = {
            Side.BUSINESS: self._people[company.holders(Role.SPECIALIST, PROVINCE)[0]],
            Side.PARTY: self._people[company.holders(Role.PARTY_OFFICE, PROVINCE)[0]],
        }
        self._busy = {
            work.project.id for work in self._works if work.plan.branch.code in self._homes(company)
        }

    def _homes(self, company: Company) -> set[str]:
        """Branches of the judges and of the desk's personas: their projects stay as they are."""
        judges = set(self._judges.values())
        station = next(unit for unit in company.branches if unit.field == "station")
        homes = {
            code
            for code, crew in company.people.items()
            if any(self._people[person.userid] in judges for person in crew)
        }
        return {*homes, station.code}

    def _read(self, company: Company, plans: Sequence[Plan]) -> Iterator[Work]:
        rows = self._session.execute(
            select(Unit.code, Project).join(Project, Project.unit_id == Unit.id)
        )
        projects = dict(rows.all())
        for plan in plans:
            project = projects[plan.branch.code]
            crew = tuple(self._people[p.userid] for p in company.people[plan.branch.code][1:5])
            yield Work(plan, project, project.unit_id, crew)

    def write(self, zone: ZoneInfo) -> None:
        """Everything, in the order in which it happened."""
        today = self._now.astimezone(zone).date()
        self._detail()
        self._plan(today)
        done = [work for work in self._works if work.project.percent == FULL]
        advanced = [work for work in self._works if DONE <= (work.project.percent or 0) < FULL]
        advanced = [*done, *(work for work in advanced if work.project.id not in self._busy)]
        self._conclude(advanced)
        self._score(advanced)
        self._promote()
        self._call_for_help(zone)
        self._tell()
        self._session.flush()
        let_be_found(self._session, [work.project.id for work in self._works])
        self._distil(zone)

    def _detail(self) -> None:
        fields, clarity = vocabulary("works")["fields"], vocabulary("works")["clarity"]
        rows = []
        for work in self._works:
            area, specialty = fields.get(work.plan.branch.field, fields["other"])
            low, high = Decimal(work.project.baseline), Decimal(work.project.target)
            blends = self._chance.sample([blend.value for blend in Blend], 2)
            rows.append(
                {
                    "id": work.project.id,
                    "area": area,
                    "specialty": specialty,
                    "blends": ",".join(b.value for b in Blend if b.value in blends),
                    "better": Better.UP if high > low else Better.DOWN,
                    **{key: text.format(**work.places) for key, text in clarity.items()},
                }
            )
        self._session.execute(update(Project), rows)
        kinds = (CrewKind.BACKBONE, CrewKind.BACKBONE, CrewKind.ACTIVIST, CrewKind.YOUTH)
        members = [
            {"project_id": work.project.id, "person_id": person_id, "kind": kind}
            for work in self._works
            for person_id, kind in zip(work.crew, kinds, strict=False)
        ]
        self._session.execute(insert(CrewMember), members)

    def _plan(self, today: date) -> None:
        """Three milestones on the straight way, so that nobody is behind by them."""
        del today
        names: list[str] = vocabulary("works")["milestones"]["names"]
        rows, curves = [], []
        for work in self._works:
            days = (work.plan.ends_on - work.plan.starts_on).days + 1
            points = []
            for place, (name, quarter) in enumerate(zip(names, (1, 2, 3), strict=True), 1):
                due = work.plan.starts_on + timedelta(days=days * quarter // 4 - 1)
                share = (Decimal(100 * (days * quarter // 4)) / days).quantize(Decimal("0.1"))
                points.append((due, share))
                rows.append(
                    {
                        "project_id": work.project.id,
                        "place": place,
                        "name": name,
                        "due_on": due,
                        "percent": share,
                    }
                )
            curves.append({"id": work.project.id, "curve": write_curve(points)})
        self._session.execute(insert(Milestone), rows)
        self._session.execute(update(Project), curves)

    # The library

    def _distil(self, zone: ZoneInfo) -> None:
        """Ten mechanisms, each with the best projects that used it as its cases."""
        rows: list[dict[str, str]] = vocabulary("works")["mechanism"]
        moments = [self._now - timedelta(days=7 * back + 3) for back in range(len(rows), 0, -1)]
        home = self._session.scalars(select(Unit).where(Unit.parent_id.is_(None))).one()
        for row, at in zip(rows, moments, strict=True):
            (number,) = next_numbers(self._session, "JX", at.astimezone(zone).year)
            one = Mechanism(
                number=number,
                unit_id=home.id,
                name=row["name"],
                scenario=row["scenario"],
                practice=row["practice"],
                person_id=self._judges[Side.PARTY],
                at=at,
                changed_at=at,
            )
            self._session.add(one)
            self._session.flush()
            used = [work for work in self._works if work.project.mechanism == row["of"]]
            used.sort(key=lambda work: (not work.project.outstanding, work.project.id))
            set_cases(self._session, one, [work.project.id for work in used[:CASES]])
            let_mechanism_be_found(self._session, one, home.path)

    # The end

    def _conclude(self, advanced: Sequence[Work]) -> None:
        queue = iter(advanced)
        for stage, count in ENDED.items():
            for _ in range(count):
                work = next(queue, None)
                if work is not None:
                    self._end(work, stage)

    def _end(self, work: Work, stage: Stage) -> None:
        chance, words = self._chance, self._words
        moment = work.project.reported_at or self._now
        actual = self._actual(work)
        late = filled(chance.choice(work.plan.theme.late), work.plan, chance)
        values = {**work.places, "actual": actual, "late": late, "people": len(work.crew) + 1}
        changes: dict[str, Any] = {
            "stage": stage,
            "actual": actual,
            "carrier": words["carrier"].format(**values),
            "evidence": chance.choice(words["evidence"]),
            "result": words["result"].format(**values),
        }
        passed = [Stage.REVIEW]
        if stage in (Stage.JURY, Stage.CONCLUDED):
            passed.append(Stage.JURY)
        if stage is Stage.CONCLUDED:
            passed.append(Stage.CONCLUDED)
            changes["jury_points"] = Decimal(chance.randint(820, 965)) / 10
        before = Stage.ONGOING
        owner = work.project.owner_id
        notes = {
            Stage.REVIEW: ("", owner),
            Stage.JURY: (chance.choice(words["review"]), self._judges[Side.BUSINESS]),
            Stage.CONCLUDED: (words["jury"], self._judges[Side.PARTY]),
        }
        for number, step in enumerate(passed, 1):
            note, person_id = notes[step]
            self._session.add(
                ProjectStep(
                    project_id=work.project.id,
                    at=moment + (self._now - moment) * number / 4,
                    person_id=person_id,
                    before=before,
                    after=step,
                    note=note,
                )
            )
            before = step
        self._session.execute(update(Project).where(Project.id == work.project.id).values(changes))

    def _actual(self, work: Work) -> str:
        """The target, or a little better; a share ends at a hundred."""
        target, base = Decimal(work.project.target), Decimal(work.project.baseline)
        more = (target - base) * Decimal(self._chance.randint(0, 12)) / 100
        value = target + more
        if work.project.indicator_unit == "%" and target > base:
            value = min(value, Decimal(100))
        digits = Decimal("0.1") if "." in work.project.target else Decimal(1)
        return f"{value.quantize(digits).normalize():f}"

    # What departments say

    def _score(self, advanced: Sequence[Work]) -> None:
        chance, rows = self._chance, []
        for number, work in enumerate(advanced[: SCORED + HALF_SCORED]):
            pair = chance.choices(
                ((5, 5), (5, 4), (4, 5), (4, 4), (4, 3), (5, 3)), (2, 4, 4, 3, 1, 1)
            )
            points = dict(zip(Side, map(Decimal, pair[0]), strict=True))
            sides = list(Side) if number < SCORED else [chance.choice(list(Side))]
            rows += [
                {
                    "project_id": work.project.id,
                    "side": side,
                    "round": 1,
                    "points": points[side],
                    "note": chance.choice(self._words["score"]),
                    "person_id": self._judges[side],
                    "at": self._now - timedelta(days=chance.randint(1, 5)),
                }
                for side in sides
            ]
            if len(sides) == len(Side) and is_outstanding(
                points[Side.BUSINESS], points[Side.PARTY], PASS
            ):
                self._session.execute(
                    update(Project).where(Project.id == work.project.id).values(outstanding=True)
                )
        self._session.execute(insert(Score), rows)

    def _promote(self) -> None:
        chance, words = self._chance, self._words
        lower = [w for w in self._works if w.project.grade is not Grade.A]
        raised = [w for w in self._works if w.project.grade is Grade.A]
        lower = [w for w in lower if w.project.id not in self._busy]
        raised = [w for w in raised if w.project.id not in self._busy]
        for state, count in PROMOTED.items():
            for work in chance.sample(raised if state is PromotionState.GRANTED else lower, count):
                self._apply(work, state, words)

    def _apply(self, work: Work, state: PromotionState, words: Mapping[str, Any]) -> None:
        chance = self._chance
        at = self._now - timedelta(days=chance.randint(30, 80))
        if state is PromotionState.PENDING:
            at = self._now - timedelta(days=chance.randint(0, 3), hours=3)
        decided = None if state is PromotionState.PENDING else at + timedelta(days=3)
        granted = state is PromotionState.GRANTED
        (number,) = next_numbers(self._session, "JJ", at.year)
        reason = "" if decided is None else words["granted" if granted else "declined"]
        before = Grade.B if granted else work.project.grade
        judge = self._judges[Side.BUSINESS]
        self._session.add(
            Promotion(
                number=number,
                project_id=work.project.id,
                unit_id=work.unit_id,
                before=before,
                wanted=Grade.A,
                changed=chance.choice(words["promote"]),
                evidence=chance.choice(words["promote_evidence"]),
                person_id=work.project.owner_id or work.crew[0],
                at=at,
                state=state,
                decided_by_id=judge if decided else None,
                decided_at=decided,
                reason=reason,
            )
        )
        if granted:
            self._session.add(
                GradeChange(
                    project_id=work.project.id,
                    before=before,
                    after=Grade.A,
                    reason=reason,
                    person_id=judge,
                    promotion=number,
                    at=decided or at,
                )
            )

    def _call_for_help(self, zone: ZoneInfo) -> None:
        chance, words = self._chance, self._words
        going = [w for w in self._works if w.project.id not in self._busy]
        chosen = iter(chance.sample(going, sum(HELP.values())))
        for state, count in HELP.items():
            for _ in range(count):
                work = next(chosen)
                at = self._now - timedelta(
                    days=chance.randint(1, 4) if state is HelpState.OPEN else 20
                )
                answered = None if state is HelpState.OPEN else at + timedelta(days=2)
                (number,) = next_numbers(self._session, "QZ", at.year)
                self._session.add(
                    HelpCall(
                        number=number,
                        project_id=work.project.id,
                        unit_id=work.unit_id,
                        said=chance.choice(words["help"]).format(n=chance.randint(2, 12)),
                        person_id=work.crew[0],
                        at=at,
                        asked_at=at,
                        due_on=(at + timedelta(days=5)).astimezone(zone).date(),
                        state=state,
                        answer=chance.choice(words["help_answer"]) if answered else "",
                        answered_by_id=self._judges[Side.BUSINESS] if answered else None,
                        answered_at=answered,
                        closed_at=answered + timedelta(days=3)
                        if answered and state is HelpState.SOLVED
                        else None,
                    )
                )

    def _tell(self) -> None:
        """Half way through the year some branches told the others."""
        chance, words = self._chance, self._words
        at = self._now - timedelta(days=120)
        for number, work in enumerate(chance.sample(self._works, TOLD)):
            percent = work.project.percent or 0
            self._session.add(
                MidTerm(
                    project_id=work.project.id,
                    did=chance.choice(words["did"]),
                    effect=words["effect"].format(**work.places, percent=int(percent) // 2),
                    trouble=chance.choice(words["trouble"]),
                    ahead=chance.choice(words["ahead"]),
                    person_id=work.crew[0],
                    at=at,
                    speaks_at=at + timedelta(hours=number) if number < SPEAKERS else None,
                    chosen_by_id=self._judges[Side.PARTY] if number < SPEAKERS else None,
                )
            )


def filled(sentence: str, plan: Plan, chance: Random) -> str:
    """A sentence about something that is done."""
    make: Mapping[str, Any] = {
        "done": plan.total,
        "total": plan.total,
        "n": chance.randint(2, 9),
        "m": chance.randint(11, 48),
        "k": chance.randint(6, 48) * 10,
        "p": f"{chance.uniform(96, 99.6):.1f}",
    }
    return _PLACE.sub(lambda found: str(make.get(found[1], chance.choice(plan.towns))), sentence)


def last_reports(
    company: Company,
    plans: Sequence[Plan],
    reports: Sequence[Report],
    *,
    now: datetime,
    zone: ZoneInfo,
    seed: int,
    calendar: WorkCalendar,
) -> list[Report]:
    """The hundred per cent of those projects that come to their end; in order with the others."""
    chance = Random(f"ends {seed}")  # noqa: S311  (the same ends every time)
    last = {report.branch: report for report in reports}
    homes = {
        company.branches[0].code,
        next(u.code for u in company.branches if u.field == "station"),
    }
    judges = {company.holders(role, PROVINCE)[0] for role in (Role.SPECIALIST, Role.PARTY_OFFICE)}
    homes |= {code for code, crew in company.people.items() if judges & {p.userid for p in crew}}
    ends: list[Report] = []
    for plan in chance.sample(plans, len(plans)):
        before = last.get(plan.branch.code)
        if before is None or before.percent < DONE or plan.branch.code in homes:
            continue
        day = calendar.add_working(before.at.astimezone(zone).date(), 1)
        moment = time(chance.randint(9, 16), chance.randint(0, 59), chance.randint(0, 59))
        at = datetime.combine(day, moment, zone).astimezone(UTC)
        if at > now - timedelta(days=4) or len(ends) == sum(ENDED.values()):
            continue
        said = filled(chance.choice(plan.theme.late), plan, chance)
        words: str = chance.choice(vocabulary("works")["words"]["last_report"])
        ends.append(
            Report(
                plan.branch.code,
                before.userid,
                ReportKind.REPORT,
                Decimal(FULL),
                before.percent,
                words.format(said=said, n=chance.randint(3, 40)),
                "",
                "",
                at,
            )
        )
    return sorted([*reports, *ends], key=lambda report: (report.at, report.branch))
