"""Notices in every state: what happened to each lies before now."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select

from bot.sim.sample.scene import Scene, numbers
from bot.sim.sample.vocabulary import vocabulary
from config.rules import default_rules
from config.texts import t
from models.check import Finding, FindingState
from models.notice import (
    Notice,
    NoticePoint,
    NoticeState,
    NoticeStep,
    PointState,
    next_serial,
    paper_number,
)
from models.person import Person, Role
from models.unit import Unit, upwards

NOTICES: Final = 0.3
"""Share of the checks with findings that led to a notice."""


@dataclass
class Story:
    """One notice as far as it has got; everything that happened lies before now."""

    scene: Scene
    branch: Unit
    faults: Sequence[dict[str, Any]]
    drafter: int
    signer: int
    steps: list[tuple[datetime, str, int, str]] = field(default_factory=list)
    row: dict[str, Any] = field(default_factory=dict)
    points: list[dict[str, Any]] = field(default_factory=list)

    def tell(self) -> None:
        """Drafted, signed, received, answered, perhaps sent back, struck off, looked at again."""
        self._draft()
        secretary = self.scene.crews[self.branch.id][0]
        signed = self._next(self.row["drafted_at"], 0, 2)
        if not self._step(signed, "issued", self.signer):
            return
        day = signed.astimezone(self.scene.zone).date()
        calendar, rules = self.scene.context(self.scene.now).calendar, default_rules().notices
        due = calendar.add_working(day, rules.reply_days)
        self.row |= {
            "state": NoticeState.ISSUED,
            "signed_by_id": self.signer,
            "issued_at": signed,
            "counted_from": day,
            "due_on": due,
        }
        received = self._next(signed, 0, 4)
        if self.scene.chance.random() < 0.05 or not self._step(received, "received", secretary):  # noqa: PLR2004
            return
        self.row |= {
            "state": NoticeState.RECEIVED,
            "received_by_id": secretary,
            "received_at": received,
        }
        replied = self._next(received, 3, 16)
        if not self._reply(replied, secretary):
            return
        self._verify(self._next(replied, 1, 7))

    def _draft(self) -> None:
        drafted = self._next(self.faults[0]["at"], 0, 2)
        day = drafted.astimezone(self.scene.zone).date()
        self.row = {
            "issuer_id": 0,
            "branch_id": self.branch.id,
            "state": NoticeState.DRAFT,
            "checked_on": self.faults[0]["at"].astimezone(self.scene.zone).date(),
            "basis": t(
                "notice.basis_check",
                kind=t("enum.CheckKind.cross"),
                number=self.faults[0]["_check"],
            ),
            "demands": t("notice.demands_default"),
            "drafted_by_id": self.drafter,
            "drafted_at": drafted,
            "counted_from": day,
            "due_on": day + timedelta(days=14),
            "due_given": False,
            "round": 1,
            "paper_number": "",
            "extension_reason": "",
        }
        self.points = [
            {
                "state": PointState.OPEN,
                "measure": "",
                "responsible": "",
                "evidence": [],
                "returned": "",
            }
            for _ in self.faults
        ]
        self._step(drafted, "drafted", self.drafter)

    def _next(self, moment: datetime, least: int, most: int) -> datetime:
        """Some working hour so many working days later."""
        calendar = self.scene.context(self.scene.now).calendar
        day = moment.astimezone(self.scene.zone).date()
        later = calendar.add_working(day, self.scene.chance.randint(least, most))
        found = self.scene.at(
            calendar.on_or_after(later), self.scene.chance.choice((9, 10, 15, 16))
        )
        return max(found, moment + timedelta(minutes=20))

    def _step(self, moment: datetime, what: str, person: int, note: str = "") -> bool:
        """Note something, unless it lies ahead."""
        if moment >= self.scene.now:
            return False
        self.steps.append((moment, what, person, note))
        return True

    def _reply(self, moment: datetime, secretary: int) -> bool:
        words = vocabulary("checks")["measures"]["words"]
        if not self._step(moment, "replied", secretary, t("notice.point_note", ordinal=1)):
            return False
        for point in self.points:
            point |= {
                "state": PointState.REPLIED,
                "measure": self.scene.chance.choice(words),
                "responsible": self._name(
                    self.scene.chance.choice(self.scene.crews[self.branch.id])
                ),
                "replied_by_id": secretary,
                "replied_at": moment,
            }
        self.row |= {"state": NoticeState.REPLIED, "replied_at": moment}
        return True

    def _name(self, person: int) -> str:
        return self.scene.session.get_one(Person, person).name

    def _verify(self, moment: datetime) -> None:
        chance = self.scene.chance
        if chance.random() < 0.15:  # noqa: PLR2004
            reason = chance.choice(vocabulary("checks")["measures"]["returned"])
            note = t("notice.point_reason", ordinal=1, reason=reason)
            if self._step(moment, "returned", self.drafter, note):
                self.points[0] |= {"state": PointState.RETURNED, "returned": reason}
                self.row |= {"state": NoticeState.RETURNED, "round": 2}
            return
        if not self._step(moment, "verified", self.drafter):
            return
        for point in self.points:
            point |= {
                "state": PointState.VERIFIED,
                "verified_by_id": self.drafter,
                "verified_at": moment,
            }
        look = moment.astimezone(self.scene.zone).date() + timedelta(days=30)
        self.row |= {
            "state": NoticeState.VERIFIED,
            "verified_by_id": self.drafter,
            "verified_at": moment,
            "look_on": self.scene.context(self.scene.now).calendar.on_or_after(look),
        }


def write_notices(scene: Scene, findings: Sequence[dict[str, Any]]) -> None:
    """Some checks lead to a notice; they are numbered in the order in which they were signed."""
    ids = dict(scene.session.execute(select(Finding.number, Finding.id)).all())
    by_check: dict[str, list[dict[str, Any]]] = {}
    for fault in findings:
        if fault["state"] is not FindingState.OPEN:
            continue
        by_check.setdefault(fault["_check"], []).append(fault)
    stories = []
    for faults in by_check.values():
        branch = scene.branches[faults[0]["branch_id"]]
        office = scene.office(branch.path, Role.PARTY_OFFICE)
        if office and scene.chance.random() < NOTICES:
            story = Story(scene, branch, faults, office[-1], office[0])
            story.tell()
            stories.append(story)
    _number_notices(scene, stories)
    for story in stories:
        notice = Notice(**story.row)
        scene.session.add(notice)
        scene.session.flush()
        for ordinal, (point, fault) in enumerate(zip(story.points, story.faults, strict=True), 1):
            finding = scene.session.get_one(Finding, ids[fault["number"]])
            done = point["state"] is PointState.VERIFIED
            finding.state = FindingState.CLOSED if done else FindingState.NOTICED
            finding.notice_id = notice.id
            finding.ended_at = point.get("verified_at")
            scene.session.add(
                NoticePoint(notice_id=notice.id, ordinal=ordinal, finding_id=finding.id, **point)
            )
        scene.session.add_all(
            NoticeStep(notice_id=notice.id, what=what, note=note, person_id=person, at=at)
            for at, what, person, note in story.steps
        )
    scene.session.flush()


def _number_notices(scene: Scene, stories: Sequence[Story]) -> None:
    stories = sorted(stories, key=lambda story: story.row["drafted_at"])
    rows = [{"at": story.row["drafted_at"]} for story in stories]
    for story, number in zip(stories, numbers(scene, "ZG", rows), strict=True):
        story.row["number"] = number
        path = next(
            above
            for above in upwards(story.branch.path)
            if (Role.PARTY_OFFICE, above) in scene.holders
        )
        story.row["issuer_id"] = int(path.rstrip("/").rpartition("/")[2])
    code = default_rules().notices.code
    signed = [story for story in stories if story.row.get("issued_at")]
    for story in sorted(signed, key=lambda story: story.row["issued_at"]):
        year = story.row["issued_at"].astimezone(scene.zone).year
        serial = next_serial(scene.session, story.row["issuer_id"], year)
        story.row |= {
            "year": year,
            "serial": serial,
            "paper_number": paper_number(code, year, serial),
        }
