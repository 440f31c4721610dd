"""A quarter of a company, played day by day, beside a reckoning of its own.

Three draws, a check for each branch and month, notices that are answered early and late, a typhoon
week with 应急, and a holiday with a shifted working day (20 September 2026 is worked, the 25th is
not). What the product told, raised and counted is compared with ``Books``, which shares no rule
with it: its calendar is a list of days, its ladder four numbers.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.checklists import checklists
from handlers.context import Context
from handlers.inspections import notices
from handlers.inspections import verdicts as notice_verdicts
from handlers.inspections.checksheet import hand_in
from handlers.places import branch_by_id
from models.check import Check, CheckState, Verdict, check_by_number
from models.duty import Escalation, Owed
from models.notice import Notice, NoticeState
from models.pause import Emergency
from models.person import Grant, Person, Role
from models.store.engine import Store
from models.unit import BranchType, Unit, UnitKind
from tests.days import SHANGHAI, Days, Said, sources_of

FIRST, LAST = date(2026, 7, 1), date(2026, 9, 30)
STORM = (date(2026, 8, 10), date(2026, 8, 14))
REST = {date(2026, 9, 25)}  # Mid-Autumn on a Friday
WORKED = {date(2026, 9, 20)}  # a Sunday that makes up for it
INSPECTORS = 6
SOURCES = sources_of(("check", "objection", "notice", "watch"))
TYPES = tuple(BranchType(kind) for kind in ("service", "management", "business", "service"))


def works(day: date) -> bool:
    return day in WORKED or (day.weekday() < 5 and day not in REST)


def after(day: date, count: int, closed: frozenset[date] = frozenset()) -> date:
    """So many working days later, by going from day to day."""
    while count:
        day += timedelta(days=1)
        count -= works(day) and day not in closed
    return day


def days_between(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


@dataclass
class Owing:
    """One thing owed, as the script knows it: opened and done in the daytime of these days."""

    key: str
    owner: str
    branch: int | None
    opened: date
    due: date
    done: date | None = None
    closed: frozenset[date] = frozenset()
    told: date | None = None
    stage: int = -1
    rung: int = 0
    raised: date | None = None

    def late(self, day: date) -> int:
        """Working days since the due day, negative before it."""
        if day >= self.due:
            return sum(
                works(d) and d not in self.closed
                for d in days_between(self.due + timedelta(days=1), day)
            )
        return -sum(
            works(d) and d not in self.closed
            for d in days_between(day + timedelta(days=1), self.due)
        )

    def is_open(self, day: date) -> bool:
        """Whether it is owed in the morning of a day."""
        return self.opened < day and (self.done is None or self.done >= day)


@dataclass
class Books:
    """The reckoning: who should have been told when, what should have gone up."""

    owing: dict[str, Owing] = field(default_factory=dict)
    digests: Counter[tuple[str, date]] = field(default_factory=Counter)
    steps: list[tuple[str, int, date]] = field(default_factory=list)
    asked: dict[date, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    def morning(self, day: date) -> None:
        """Ten past eight and half past eight of a working day."""
        if not works(day):
            return
        here = [o for o in self.owing.values() if o.is_open(day) and day not in o.closed]
        for owing in here:
            limits = (1, 3, 7)
            told_before = owing.told is not None and owing.told < day
            if told_before and owing.rung < 3 and owing.late(day) >= limits[owing.rung]:
                owing.rung += 1
                self.steps.append((owing.key, owing.rung, day))
        monday = day - timedelta(days=day.weekday())
        week = self.asked[monday]
        people = set()
        for owing in sorted(here, key=lambda o: o.key):
            if owing.told is None and owing.branch is not None:
                if week[owing.branch] >= 5:
                    continue
                week[owing.branch] += 1
            late = owing.late(day)
            stage = 3 if late > 0 else 2 if late == 0 else 1 if late >= -3 else 0
            if owing.told is None or stage == 3 or stage > owing.stage:
                people.add(owing.owner)
                owing.told, owing.stage = owing.told or day, stage
        for person in people:
            self.digests[person, day] += 1


class Quarter:
    """The company and what happens in it; ``run`` plays it, the ``check_`` methods compare."""

    def __init__(self, store: Store, branches: int, notices_wanted: int, seed: int = 305) -> None:
        self.chance = random.Random(seed)
        self.branches = branches
        self.wanted = notices_wanted
        self.books = Books()
        self.plan: dict[date, list[tuple[int, str, tuple[object, ...]]]] = defaultdict(list)
        self.notice_of: dict[str, str] = {}
        self.signed = 0
        self.returned: set[str] = set()
        self.drafted = 0
        self.storm: frozenset[date] = frozenset(days_between(*STORM))
        with store.writing() as session:
            self._people(session)
        start = datetime.combine(FIRST, time(6), SHANGHAI).astimezone(UTC)
        self.days = Days(store, start, sources=SOURCES)

    def _people(self, session: Session) -> None:
        session.add(Unit(id=1, code="GS", name="某省电力公司", kind=UnitKind.COMPANY, path="/1/"))
        session.flush()
        offices = [("office", Role.PARTY_OFFICE), ("boss", Role.COMMITTEE_SECRETARY)]
        offices += [(f"insp{n}", Role.INSPECTOR) for n in range(INSPECTORS)]
        for userid, role in offices:
            self._person(session, userid, 1, role)
        for number in range(1, self.branches + 1):
            unit = Unit(
                id=1 + number,
                code=f"B{number:04d}",
                name=f"第{number}供电所党支部",
                kind=UnitKind.BRANCH,
                branch_type=TYPES[number % len(TYPES)],
                parent_id=1,
                path=f"/1/{1 + number}/",
            )
            session.add(unit)
            session.flush()
            unit.branch_id = unit.id
            self._person(session, f"s{number}", unit.id, Role.SECRETARY)

    @staticmethod
    def _person(session: Session, userid: str, unit: int, role: Role) -> None:
        person = Person(userid=userid, userid_key=userid, name=userid, unit_id=unit)
        session.add(person)
        session.flush()
        session.add(Grant(person_id=person.id, role=role, unit_id=unit))

    def closed(self, branch: int) -> frozenset[date]:
        """The typhoon hits the first quarter of the branches."""
        return self.storm if branch <= 1 + self.branches // 4 else frozenset()

    # --- playing ---

    def run(self) -> None:
        """Every day: the morning's jobs, then what people do."""
        for day in days_between(FIRST, LAST):
            if day == STORM[0]:
                self.days.until(datetime.combine(day, time(0, 30), SHANGHAI))
                self._declare()
            self.books.morning(day)
            self.days.until(datetime.combine(day, time(9, 30), SHANGHAI))
            if self._first_working(day):
                self._drawn(day)
            while self.plan[day]:
                entry = min(self.plan[day], key=lambda row: row[0])
                self.plan[day].remove(entry)
                hour, act, args = entry
                moment = datetime.combine(day, time(hour), SHANGHAI)
                self.days.until(max(moment, self.days.clock.now()))
                getattr(self, f"_{act}")(day, *args)

    @staticmethod
    def _first_working(day: date) -> bool:
        return works(day) and not any(
            works(d) for d in days_between(day.replace(day=1), day) if d != day
        )

    def _later(self, day: date, hour: int, act: str, *args: object) -> None:
        """Something people will do, on a working day; beyond the quarter nobody does it."""
        while not works(day):
            day += timedelta(days=1)
        if day <= LAST:
            self.plan[day].append((hour, act, args))

    def _declare(self) -> None:
        """At half past midnight; from now on the hit branches are left alone."""
        with self.days.acting("office") as ctx:
            for branch in range(2, 2 + self.branches):
                if self.closed(branch):
                    ctx.session.add(
                        Emergency(
                            unit_id=branch,
                            first_on=STORM[0],
                            last_on=STORM[1],
                            reason="台风",
                            declared_by_id=ctx.who.id,
                            at=ctx.now,
                        )
                    )

    def _drawn(self, day: date) -> None:
        """The job drew at nine; each check is done early, late or not at all."""
        with self.days.store.reading() as session:
            fresh = session.scalars(
                select(Check)
                .where(Check.state == CheckState.PLANNED, Check.due_on > day)
                .order_by(Check.id)
            ).all()
        for check in fresh:
            key = f"check:{check.number}"
            if key in self.books.owing:
                continue
            checker = check.checker_id or 0
            closed = self.closed(checker)
            due = self._due(day, 15, closed)
            self.books.owing[key] = Owing(key, f"s{checker - 1}", checker, day, due, None, closed)
            offset = self.chance.choice((2, 4, 6, 9, 12, 15, 16, 17, 19, 24, 40))
            self._later(after(day, offset), 11, "look", check.number, checker)

    @staticmethod
    def _due(since: date, count: int, closed: frozenset[date]) -> date:
        """Counted when nobody knew of the storm, then moved by the days it took."""
        due = after(since, count)
        lost = sum(works(d) and since < d <= due for d in closed)
        return after(due, lost, closed)

    def _look(self, day: date, number: str, checker: int) -> None:
        """A checklist is handed in; of those with something wrong some get a notice."""
        with self.days.acting(f"s{checker - 1}") as ctx:
            check = check_by_number(ctx.session, number)
            assert check is not None
            kind = branch_by_id(ctx, check.branch_id).branch_type
            assert kind is not None
            faults = self.chance.choice((0, 0, 1, 1, 2))
            items = checklists()[kind.value].items
            wrong = self.chance.sample(items, faults)
            answers: dict[str, object] = {"number": number, "summary": ""}
            for item in items:
                verdict = Verdict.FAILED if item in wrong else Verdict.PASSED
                answers[f"{item.key}_verdict"] = verdict.value
                answers[f"{item.key}_remark"] = f"{item.title}不到位" if item in wrong else ""
            hand_in(ctx, answers, kind)
            branch = check.branch_id
        self.books.owing[f"check:{number}"].done = day
        if faults and self.drafted < self.wanted:
            self.drafted += 1
            self._later(day, 15, "draft", number, branch)

    def _draft(self, day: date, number: str, branch: int) -> None:
        inspector = f"insp{self.chance.randrange(INSPECTORS)}"
        with self.days.acting(inspector) as ctx:
            answers = {"number": number, "branch": None, "due": None, "demands": None}
            notices.draft(ctx, answers)
            notice = ctx.subject
        key = f"notice-sign:{notice}"
        self.books.owing[key] = Owing(key, "office", None, day, after(day, 2))
        self._later(
            after(day, self.chance.choice((0, 1, 1, 3))), 16, "sign", notice, branch, inspector
        )

    def _sign(self, day: date, notice: str, branch: int, inspector: str) -> None:
        with self.days.acting("office") as ctx:
            notices.sign(ctx, notice, {})
        self.signed += 1
        self.books.owing[f"notice-sign:{notice}"].done = day
        closed = self.closed(branch)
        key = f"notice-receive:{notice}"
        owing = Owing(key, f"s{branch - 1}", branch, day, self._due(day, 1, closed), None, closed)
        self.books.owing[key] = owing
        due = self._due(day, 10, closed)
        pause = self.chance.choice((0, 1, 1, 2, 5))
        self._later(after(day, pause), 17, "receive", notice, branch, inspector, day, due)

    def _receive(
        self, day: date, notice: str, branch: int, inspector: str, since: date, due: date
    ) -> None:
        secretary = f"s{branch - 1}"
        with self.days.acting(secretary) as ctx:
            notices.receive(ctx, notice, {})
        self.books.owing[f"notice-receive:{notice}"].done = day
        self._owe_reply(notice, branch, 1, day, due)
        offset = self.chance.choice((2, 5, 8, 10, 11, 14, 19))
        self._later(max(after(since, offset), day), 18, "answer", notice, branch, inspector, 1)

    def _owe_reply(self, notice: str, branch: int, number: int, opened: date, due: date) -> None:
        key = f"notice-reply:{notice}:{number}"
        closed = self.closed(branch)
        self.books.owing[key] = Owing(key, f"s{branch - 1}", branch, opened, due, None, closed)

    def _answer(self, day: date, notice: str, branch: int, inspector: str, number: int) -> None:
        with self.days.acting(f"s{branch - 1}") as ctx:
            for ordinal in self._points(ctx, notice):
                notices.reply(
                    ctx,
                    {
                        "number": notice,
                        "ordinal": ordinal,
                        "responsible": None,
                        "photos": None,
                        "measure": "已整改并举一反三",
                    },
                )
        self.books.owing[f"notice-reply:{notice}:{number}"].done = day
        key = f"notice-verify:{number}:{notice}"
        self.books.owing[key] = Owing(key, inspector, None, day, after(day, 5))
        back = number == 1 and self.chance.random() < 0.2
        act = "send_back" if back else "verify"
        pause = self.chance.choice((0, 1, 3, 5, 6, 9))
        self._later(after(day, pause), 19, act, notice, branch, inspector, number)

    @staticmethod
    def _points(ctx: Context, notice: str) -> Sequence[int]:
        sight = notices.find_notice(ctx, notice)
        return [
            point.ordinal for point in sight.points if point.state.value in ("open", "returned")
        ]

    def _send_back(self, day: date, notice: str, branch: int, inspector: str, number: int) -> None:
        with self.days.acting(inspector) as ctx:
            answers = {"number": notice, "ordinal": 1, "reason": "佐证看不清"}
            notice_verdicts.send_back(ctx, answers)
        self.returned.add(notice)
        self.books.owing[f"notice-verify:{number}:{notice}"].done = day
        planned = self._planned(notice)
        due = self._moved(day, planned, self.closed(branch))
        self._owe_reply(notice, branch, number + 1, day, due)
        self._later(
            after(day, self.chance.choice((1, 4, 8))), 18, "answer", notice, branch, inspector, 2
        )

    def _planned(self, notice: str) -> date:
        """The day on the notice itself: what it was, or five working days on, if that is later."""
        with self.days.store.reading() as session:
            return session.scalars(select(Notice.due_on).where(Notice.number == notice)).one()

    @staticmethod
    def _moved(since: date, due: date, closed: frozenset[date]) -> date:
        lost = sum(works(d) and since < d <= due for d in closed)
        return after(due, lost, closed)

    def _verify(self, day: date, notice: str, branch: int, inspector: str, number: int) -> None:
        with self.days.acting(inspector) as ctx:
            notice_verdicts.verify(ctx, notice, {})
        self.books.owing[f"notice-verify:{number}:{notice}"].done = day
        look = day + timedelta(days=30)
        while not works(look):
            look += timedelta(days=1)
        key = f"notice-look:{notice}"
        opened = look - timedelta(days=1)
        self.books.owing[key] = Owing(key, inspector, None, opened, after(look, 5))
        del branch

    # --- comparing ---

    def check(self) -> Mapping[str, int]:
        """Everything that is promised; returns the figures for the record."""
        said = self.days.said()
        self._nobody_was_disturbed(said)
        figures = self._digests(said)
        steps = self._steps()
        self._numbers()
        self._load()
        with self.days.store.reading() as session:
            checks = session.scalars(select(Check.state)).all()
            states = Counter(session.scalars(select(Notice.state)))
        done = sum(
            o.done is not None for k, o in self.books.owing.items() if k.startswith("check:")
        )
        assert checks.count(CheckState.DONE) == done
        assert len(checks) == 3 * self.branches
        verified = sum(
            o.done is not None
            for k, o in self.books.owing.items()
            if k.startswith("notice-verify:")
        ) - len(self.returned)
        assert states[NoticeState.VERIFIED] == verified
        return {
            "checks": len(checks),
            "checks done": done,
            "notices signed": self.signed,
            "notices closed": verified,
            "digests": figures,
            "escalations": steps,
            "pushes": len(said),
        }

    @staticmethod
    def _nobody_was_disturbed(said: Sequence[Said]) -> None:
        for one in said:
            assert time(8) <= one.at.time() < time(20), one
            assert one.group or works(one.at.date()), one

    def _digests(self, said: Sequence[Said]) -> int:
        told = Counter((one.to, one.at.date()) for one in said if "今日待办" in one.text)
        assert max(told.values()) == 1
        wanted = {key for key in self.books.digests if key[1] <= LAST}
        assert set(told) == wanted, (sorted(set(told) - wanted)[:3], sorted(wanted - set(told))[:3])
        return len(told)

    def _steps(self) -> int:
        with self.days.store.reading() as session:
            rows = session.execute(
                select(Owed.key, Escalation.rung, Escalation.on).join(
                    Owed, Owed.id == Escalation.owed_id
                )
            ).all()
        order = {"secretary": 1, "party_office": 2, "supervised": 3}
        found = [(key, order[rung.value], on) for key, rung, on in rows]
        assert len(found) == len(set(found))
        assert sorted(found) == sorted(self.books.steps)
        return len(found)

    def _numbers(self) -> None:
        with self.days.store.reading() as session:
            serials = session.scalars(select(Notice.serial).where(Notice.serial.is_not(None))).all()
        assert sorted(s for s in serials if s) == list(range(1, self.signed + 1))

    def _load(self) -> None:
        """The calls that were counted are those of the books, and never more than five a week."""
        with self.days.store.reading() as session:
            rows = session.execute(
                select(Owed.branch_id, Owed.told_on).where(
                    Owed.branch_id.is_not(None), Owed.told_on.is_not(None)
                )
            ).all()
        counts = Counter(
            (branch, day - timedelta(days=day.weekday())) for branch, day in rows if day is not None
        )
        wanted = Counter(
            {
                (b, monday): n
                for monday, week in self.books.asked.items()
                for b, n in week.items()
                if n
            }
        )
        assert counts == wanted
        assert max(counts.values()) <= 5
