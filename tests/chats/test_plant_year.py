"""One plant's year: 220 members, 440 pledges, reviews with returns, monthly 督诺, votes.

Everybody talks to the product; what it shows at the end is held against books that are kept here
without it (PRODUCT.md A.3: 220 + 220).
"""

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from chinese_calendar import is_workday
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.app import Runtime, build
from bot.channel import Answer, Click, Incoming
from bot.clock import FixedClock
from bot.web.site import ABILITIES
from config.rules import default_rules
from config.settings import read_settings
from handlers.catalogue import catalogue
from handlers.pledges.compare import standings
from handlers.spec import View
from handlers.table import Wish, page_of
from jobs import pledge_check, vote_close
from jobs.spec import Job
from models.group import Group
from models.person import Grant, Person, Role
from models.pledge import PledgeState, month_of
from models.push import Content, Push
from models.unit import BranchType, Unit, UnitKind
from models.vote import Verdict

BRANCHES, CREW = 10, 22
HERE = ZoneInfo("Asia/Shanghai")
QUESTIONS = ("体现先锋作用", "符合群众意愿", "切实可行", "本人能做到")
WORDS = {Verdict.GOOD: "满意", Verdict.FAIR: "基本满意", Verdict.POOR: "不满意"}
CATEGORIES = ("共性", "岗位", "实事")


@dataclass
class Book:
    """What one pledge came to, by our own reckoning."""

    branch: int
    owner: str
    kind: str
    category: str
    entries: list[datetime] = field(default_factory=list)
    published: datetime | None = None
    votes: Counter[Verdict] = field(default_factory=Counter)
    end: str = ""

    def silent(self, now: datetime) -> bool:
        last = self.entries[-1] if self.entries else self.published
        return last is not None and now - last > timedelta(days=30)


class Plant:
    """The product without doors, and people who speak to it."""

    def __init__(self, url: str) -> None:
        self.clock = FixedClock(datetime(2026, 1, 5, 1, 0, tzinfo=UTC))
        environment = {"ZBT_DATABASE_URL": url, "ZBT_SECRET_KEY": "a key for tests"}
        shipped = default_rules()
        patient = replace(shipped, intake=replace(shipped.intake, slow_seconds=120))
        self.runtime: Runtime = build(read_settings(environment), clock=self.clock, rules=patient)
        self.chance = random.Random(220)
        self.books: dict[str, Book] = {}
        self.returned: Counter[str] = Counter()
        self._said = 0

    def settle(self) -> None:
        with self.runtime.store.writing() as session:
            session.add(Unit(id=1, code="GS", name="青禾电厂", kind=UnitKind.COMPANY, path="/1/"))
            session.flush()
            for number in range(1, BRANCHES + 1):
                unit = Unit(
                    id=1 + number,
                    code=f"B{number}",
                    name=f"第{number}党支部",
                    kind=UnitKind.BRANCH,
                    branch_type=BranchType.SERVICE,
                    parent_id=1,
                    path=f"/1/{1 + number}/",
                )
                session.add(unit)
                session.flush()
                unit.branch_id = unit.id
                session.add(Group(chatid=f"wr{number}", name=f"第{number}群", unit_id=unit.id))
                for place in range(CREW):
                    self._person(session, self.userid(number, place), unit.id)
                session.flush()
                secretary = session.scalars(
                    select(Person).where(Person.userid == self.userid(number, 0))
                ).one()
                grant = Grant(person_id=secretary.id, role=Role.SECRETARY, unit_id=unit.id)
                session.add(grant)
            self._person(session, "office", 1)
            session.flush()
            office = session.scalars(select(Person).where(Person.userid == "office")).one()
            session.add(Grant(person_id=office.id, role=Role.PARTY_OFFICE, unit_id=1))

    @staticmethod
    def _person(session: Session, userid: str, unit_id: int) -> None:
        person = Person(userid=userid, userid_key=userid, name=f"员工{userid}", unit_id=unit_id)
        person.standing = "中共党员"
        session.add(person)

    @staticmethod
    def userid(branch: int, place: int) -> str:
        return f"b{branch}p{place}"

    async def say(self, userid: str, text: str = "", click: str = "") -> str:
        """One private message, or a button pressed; the answer's words."""
        self._said += 1
        incoming = Incoming(
            "test",
            f"test:{self._said}",
            userid,
            self.clock.now(),
            text=text,
            click=Click("t", click) if click else None,
        )
        answer = await self.runtime.handle(incoming, ABILITIES) or Answer()
        card = answer.update or answer.card
        return f"{answer.text}\n{card.title if card else ''} {card.body if card else ''}"

    async def all(self, sayings: Iterable[tuple[str, str]]) -> list[str]:
        """Many at once, as on a real morning."""
        return list(await asyncio.gather(*(self.say(who, what) for who, what in sayings)))

    def becomes(self, day: date, hour: int, minute: int = 0) -> None:
        self.clock.move_to(datetime.combine(day, time(hour, minute), HERE).astimezone(UTC))

    async def at(self, day: date, hour: int, minute: int = 0) -> None:
        """It becomes this moment, and the clock does what is due."""
        self.becomes(day, hour, minute)
        await self.runtime.scheduler.sweep()

    async def run(self, job: Job, day: date, hour: int, minute: int = 0) -> None:
        """It becomes this moment, and one job does what is due (all of them would take long)."""
        self.becomes(day, hour, minute)
        now = self.clock.now()
        assert await self.runtime.scheduler.run(job, now, now)

    def pushes(self, key: str) -> list[tuple[str, str]]:
        """(conversation, body) of what was queued under a dedupe key that begins so."""
        with self.runtime.store.reading() as session:
            rows = session.execute(
                select(Push.conversation, Content.body)
                .join(Content, Content.digest == Push.digest)
                .where(Push.dedupe.startswith(key))
            )
            return [(row.conversation, row.body) for row in rows]

    def reviewer(self, branch: int, owner: str) -> str:
        secretary = self.userid(branch, 0)
        return "office" if owner == secretary else secretary


@pytest.fixture
async def plant(sqlite_url: str) -> AsyncIterator[Plant]:
    made = Plant(sqlite_url)
    made.settle()
    await made.runtime.start(serve=False, listen=False, deliver=False)
    yield made
    await made.runtime.stop()


async def january(plant: Plant) -> None:
    """Everybody promises twice; the branches answer their four questions; some is sent back."""
    plant.becomes(date(2026, 1, 5), 9)
    said: list[tuple[str, str]] = []
    for branch in range(1, BRANCHES + 1):
        for place in range(CREW):
            for kind in ("岗位", "服务"):
                category = plant.chance.choice(CATEGORIES)
                text = f"全年办成 {plant.chance.randint(2, 40)} 件，每件当天办"
                said.append((plant.userid(branch, place), f"/承诺 {kind} {category} {text}"))
    plant.chance.shuffle(said)
    for (who, words), answer in zip(said, await plant.all(said), strict=True):
        found = re.search(r"CN-2026-\d{4}", answer)
        assert found, answer
        _, kind, category, *_ = words.split()
        branch = int(who[1:].partition("p")[0])
        plant.books[found[0]] = Book(branch, who, kind, category)
    assert len(plant.books) == 440
    back = []
    for number, book in plant.books.items():
        verdicts = ["是"] * 4
        note = ""
        if plant.chance.random() < 0.15:
            failed = plant.chance.randrange(4)
            verdicts[failed], note = "否", " 请改得具体些"
            plant.returned[QUESTIONS[failed]] += 1
            back.append((number, book))
        line = f"/审诺 {number} {' '.join(verdicts)}{note}"
        answer = await plant.say(plant.reviewer(book.branch, book.owner), line)
        assert ("已退回" in answer) == bool(note), answer
    plant.becomes(date(2026, 1, 6), 9)
    for number, book in back:
        answer = await plant.say(book.owner, f"/改诺 {number} 全年办成 12 件，每月 1 件")
        assert "已改好" in answer
        reviewer = plant.reviewer(book.branch, book.owner)
        assert "审核通过" in await plant.say(reviewer, f"/审诺 {number} 是 是 是 是")
    assert "一项岗位、一项服务" in await plant.say("b3p3", "/承诺 岗位 共性 再来一项，每月 1 次")
    await plant.at(date(2026, 1, 6), 16, 31)
    for book in plant.books.values():
        book.published = plant.clock.now()


async def month(plant: Plant, number: int) -> None:
    """督诺 on the first working day, then a month of entries."""
    first = next(
        day
        for day in (date(2026, number, 1) + timedelta(days=n) for n in range(12))
        if is_workday(day)
    )
    await plant.run(pledge_check.JOB, first, 9)
    now = plant.clock.now()
    silent: dict[int, list[Book]] = {branch: [] for branch in RANGE}
    for book in plant.books.values():
        if book.silent(now):
            silent[book.branch].append(book)
    told = plant.pushes(f"pledge-check:{month_of(first)}:")
    nudged = {who for who, body in told if "最近还没有践诺记录" in body}
    assert nudged == {book.owner for own in silent.values() for book in own}
    for branch in RANGE:
        secretary = plant.userid(branch, 0)
        answer = await plant.say(secretary, "/督诺")
        assert f"公开 44 项，其中 {len(silent[branch])} 项" in answer, answer
        for book in silent[branch][:1]:
            assert f"员工{book.owner} ·" in answer or "另有" in answer
        await plant.say(secretary, click=f"pledge.checked:B{branch}/{month_of(first)}")
    for day in sorted(plant.chance.sample(range(10, 28), 2)):
        plant.becomes(date(2026, number, day), 15)
        books = plant.chance.sample(list(plant.books.values()), 18)
        said = [(book.owner, f"/践诺 {book.kind} 办成一件，当天办完") for book in books]
        for book, answer in zip(books, await plant.all(said), strict=True):
            book.entries.append(plant.clock.now())
            assert f"今年第 {len(book.entries)} 次践诺" in answer, answer


RANGE = range(1, BRANCHES + 1)
VOTING = range(1, 5)
"""Branches that vote and conclude; the others' pledges stay public."""
TURNOUT = (0, 0, 0, 0, 3, 4, 4, 5, 5, 6, 7)
"""How many vote on a pledge: around the threshold of 5."""


async def december(plant: Plant) -> None:
    """Some branches vote, around the threshold; then they conclude."""
    plant.becomes(date(2026, 12, 10), 9)
    for branch in VOTING:
        answer = await plant.say(plant.userid(branch, 0), "/开评")
        assert "共 44 项" in answer, answer
    said = []
    voting = {n: book for n, book in plant.books.items() if book.branch in VOTING}
    for number, book in voting.items():
        colleagues = [plant.userid(book.branch, place) for place in range(CREW)]
        colleagues.remove(book.owner)
        for voter in plant.chance.sample(colleagues, plant.chance.choice(TURNOUT)):
            verdict = plant.chance.choices(list(Verdict), (7, 3, 1))[0]
            book.votes[verdict] += 1
            said.append((voter, f"/评诺 {number} {WORDS[verdict]}"))
    plant.chance.shuffle(said)
    for answer in await plant.all(said):
        assert "已投" in answer, answer
    again = plant.chance.sample(said, 20)
    for answer in await plant.all(again):
        assert "已经投过了" in answer
    await plant.run(vote_close.JOB, date(2026, 12, 18), 0, 10)
    for number, book in voting.items():
        good = book.votes[Verdict.GOOD] + book.votes[Verdict.FAIR]
        total = sum(book.votes.values())
        if total >= 5 and good * 2 < total:
            book.end, reason = "部分兑现", " 还有几件没办完"
        elif not book.entries:
            book.end, reason = "客观原因未兑现", " 借调外单位"
        else:
            book.end, reason = "已兑现", ""
        reviewer = plant.reviewer(book.branch, book.owner)
        answer = await plant.say(reviewer, f"/认定 {number} {book.end}{reason}")
        assert f"已认定：{book.end}" in answer, answer


def ledger(plant: Plant, userid: str) -> list[Mapping[str, object]]:
    """The ledger 承诺 as somebody may see it, by headings."""
    with plant.runtime.store.reading() as session:
        ctx = plant.runtime.contexts.reading(session, userid)
        book = catalogue().ledger_named("承诺")
        assert book
        found = page_of(book, View(ctx, ctx.member, {}), Wish())
        names = [book.heading(column) for column in book.columns]
        return [dict(zip(names, row, strict=True)) for row in found.rows]


@pytest.mark.long
async def test_a_plants_year_and_what_it_came_to(plant: Plant) -> None:
    await january(plant)
    for index in range(2, 12):
        await month(plant, index)
    await december(plant)
    rows = {str(row["编号"]): row for row in ledger(plant, "office")}
    assert set(rows) == set(plant.books)
    kinds = Counter(str(row["种类"]) for row in rows.values())
    assert kinds == {"post": 220, "service": 220}
    words = {"": "public", "部分兑现": "partly", "客观原因未兑现": "excused", "已兑现": "kept"}
    for number, book in plant.books.items():
        row = rows[number]
        shown = sum(book.votes.values()) >= 5
        assert row["践诺次数"] == len(book.entries)
        assert str(row["状态"]) == words[book.end]
        for verdict, heading in WORDS.items():
            assert row[heading] == (book.votes[verdict] if shown else None), number
    await figures(plant)


async def figures(plant: Plant) -> None:
    """Branch by branch 三比三看, and the returns by question, from the same books."""
    with plant.runtime.store.reading() as session:
        ctx = plant.runtime.contexts.reading(session, "office")
        found = {one.name: one for one in standings(ctx, 2026, Unit.id > 1)}
        assert len(found) == BRANCHES
        for branch in RANGE:
            books = [book for book in plant.books.values() if book.branch == branch]
            one = found[f"第{branch}党支部"]
            assert one.entries == sum(len(book.entries) for book in books)
            deeds = [b for b in books if b.end == "已兑现" and b.category == "实事"]
            assert one.solved == len(deeds)
            counted = [book for book in books if book.end not in ("", "客观原因未兑现")]
            kept = sum(book.end == "已兑现" for book in counted)
            assert one.kept == (pytest.approx(100 * kept / len(counted)) if counted else None)
            public = [book.votes for book in books if sum(book.votes.values()) >= 5]
            assert one.votes == sum(sum(votes.values()) for votes in public)
            pleased = sum(votes[Verdict.GOOD] + votes[Verdict.FAIR] for votes in public)
            share = pytest.approx(100 * pleased / one.votes) if one.votes else None
            assert one.pleased == share
    for branch in RANGE:
        texts = [body for _, body in plant.pushes("CN-") if f"第{branch}党支部公开承诺" in body]
        assert sum(int(n) for t in texts for n in re.findall(r"公开承诺 (\d+) 项", t)) == 44
    assert sum(plant.returned.values()) > 40
    assert PledgeState.UNKEPT.value not in {str(r["状态"]) for r in ledger(plant, "office")}
