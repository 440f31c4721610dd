"""/anonymous: what is said there can be followed and answered, and leads back to nobody."""

import asyncio
import hashlib
import json
import re
import zipfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image
from sqlalchemy import select

from bot.web.anonymous import BusyError, Gate, has_worked
from config.rules import Rules
from jobs import JOBS
from models.push import Content, Push
from models.query_code import (
    ALPHABET,
    hash_code,
    holds_code,
    make_code,
    read_code,
)
from models.suggestion import Level, State, Suggestion
from tests.hearing import WATCH
from tests.process import Product
from tests.tables import all_tables
from tests.talker import Talker
from tests.world import PATIENT, World

START = datetime(2026, 11, 17, 2, 37, 41, tzinfo=UTC)
AT = START + timedelta(minutes=13, seconds=22)
"""When the letters are written. The process may be alive and a job may run then, nothing else."""
SAID = "我们班的值班室冬天没有暖气，夜里只有八度，希望装个空调"
AGENT = "Telltale/7.7 (Very Special Phone)"
COOKIE = "zbt_session=telltale-cookie-of-b1p1"
SECRET_NAME = "telltale-camera"
ADDRESS = "127.0.0.77"


def paced(**changed: float) -> Rules:
    """The rules without the waiting that slows a flood: tests wait for nothing."""
    usual = PATIENT.suggestion
    pace = {"slow_seconds": 0.0, "guess_seconds": 0.0, "per_second": 1000.0, **changed}
    anonymous = replace(usual.anonymous, **pace)  # type: ignore[arg-type]  # fields by name
    return replace(PATIENT, suggestion=replace(usual, anonymous=anonymous))


class Guest:
    """Somebody with a browser that says far too much about itself; no JavaScript."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(local_addr=(ADDRESS, 0)),
            headers={
                "User-Agent": AGENT,
                "Cookie": COOKIE,
                "X-Forwarded-For": "10.66.77.88",
                "Referer": "http://telltale.example/b1p1",
            },
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        await self.http.close()

    async def get(self) -> str:
        async with self.http.get(f"{self.base}/anonymous") as answer:
            assert answer.status == 200
            assert "Set-Cookie" not in answer.headers
            return await answer.text()

    async def post(self, path: str, data: Any) -> tuple[int, str]:
        async with self.http.post(f"{self.base}{path}", data=data) as answer:
            assert "Set-Cookie" not in answer.headers
            return answer.status, await answer.text()

    async def ticket(self) -> str:
        found = re.search(r'name="ticket" value="([^"]+)"', await self.get())
        assert found
        return found[1]

    async def hand_in(self, said: str = SAID, **more: Any) -> tuple[int, str]:
        return await self.post(
            "/anonymous", {"ticket": await self.ticket(), "work": "", "said": said, **more}
        )

    async def code(self, said: str = SAID, **more: Any) -> str:
        status, html = await self.hand_in(said, **more)
        assert status == 200, html
        return code_in(html)

    async def follow(self, code: str) -> tuple[int, str]:
        return await self.post("/anonymous/follow", {"code": code})


def code_in(html: str) -> str:
    assert "查询码" in html
    found = re.search(rf"<code>([{ALPHABET}]{{20}})</code>", html)
    assert found, html
    return found[1]


def photo(size: tuple[int, int] = (64, 48), *, noisy: bool = False) -> bytes:
    """A JPEG that tells where and with what it was taken."""
    image = Image.effect_noise(size, 90).convert("RGB") if noisy else Image.new("RGB", size, "red")
    tags = Image.Exif()
    tags[0x0110] = SECRET_NAME
    tags[0x9286] = "b1p1 was here"
    out = BytesIO()
    image.save(out, "JPEG", exif=tags, comment=SECRET_NAME.encode(), quality=95)
    return out.getvalue()


@pytest.fixture
async def talker(sqlite_url: str) -> AsyncIterator[Talker]:
    made = Talker(sqlite_url, START, rules=paced())
    await made.open(serve=True)
    yield made
    await made.close()


@pytest.fixture
async def guest(talker: Talker) -> AsyncIterator[Guest]:
    made = Guest(f"http://127.0.0.1:{talker.runtime.port}")
    yield made
    await made.close()


def one(talker: Talker) -> Suggestion:
    with talker.store.reading() as session:
        return session.scalars(select(Suggestion)).one()


async def test_the_way_of_an_anonymous_one(talker: Talker, guest: Guest) -> None:
    code = await guest.code()
    kept = one(talker)
    number = kept.number
    assert (kept.level, kept.person_id, kept.received_at) == (Level.ANONYMOUS, None, None)
    assert kept.code_hash == hash_code(read_code(code))
    status, html = await guest.follow(f"{code[:10].lower()} {code[10:]}")
    assert status == 200
    assert "待受理" in html
    assert SAID in html
    listed = await talker.say("shuji", "/台账 建议")
    assert SAID[:10] in listed
    await talker.tap("dangjian", f"suggestion.acknowledge:{number}")
    await talker.say("dangjian", f"/分办 {number} 承办人：b1p0")
    await talker.say("b1p0", f"/追问 {number} 是哪个站的值班室？")
    assert "是哪个站" in (await guest.follow(code))[1]
    status, html = await guest.post(
        "/anonymous/say", {"code": code, "act": "add", "said": "是二号站的值班室"}
    )
    assert status == 200
    assert "二号站" in await talker.say("b1p0", f"/查 {number}")
    await talker.say("b1p0", f"/答复 {number} 已报后勤，本周内安装一台空调")
    await talker.tap("dangjian", f"suggestion.approve:{number}")
    await talker.say("b1p0", f"/办结 {number} 空调已经装好")
    await talker.tap("dangjian", f"suggestion.verify:{number}")
    html = (await guest.follow(code))[1]
    assert "本周内安装" in html
    assert 'name="stars"' in html
    form = {"code": code, "act": "rate", "solved": "no", "stars": "2", "said": "装了但是坏的"}
    assert (await guest.post("/anonymous/say", {**form, "stars": "9"}))[0] == 200
    assert one(talker).stars is None
    await guest.post("/anonymous/say", form)
    kept = one(talker)
    assert (kept.state, kept.reopened, kept.solved) == (State.ASSIGNED, 1, False)
    with talker.store.reading() as session:
        told = session.execute(
            select(Push.conversation)
            .join(Content, Content.digest == Push.digest)
            .where(Content.body.contains(number))
        )
        assert set(told.scalars()) <= {"b1p0", "dangjian", "shuji"}


async def test_nothing_that_came_or_changed_has_a_time_or_a_person(
    database_url: str, tmp_path: Path
) -> None:
    """Every row of every table before and after: only days, and nobody."""
    talker = Talker(database_url, START, rules=paced())
    await talker.open(serve=True)
    guest = Guest(f"http://127.0.0.1:{talker.runtime.port}")
    await talker.runtime.scheduler.sweep()
    before = rows(talker)
    talker.clock.move_to(AT)
    for n in range(3):
        data = aiohttp.FormData()
        data.add_field("ticket", await guest.ticket())
        data.add_field("said", f"{SAID}（第{n}次）")
        data.add_field("place", "城南供电所")
        data.add_field("photos", photo(), filename=f"{SECRET_NAME}.jpg")
        status, html = await guest.post("/anonymous", data)
        assert status == 200, html
        code = code_in(html)
        await guest.post("/anonymous/say", {"code": code, "act": "add", "said": "再补充一句话"})
    talker.clock.move_to(START + timedelta(hours=1))
    await talker.runtime.scheduler.sweep()
    after = rows(talker)
    own = [talker.runtime.presence.id.encode(), *(job.name.encode() for job in JOBS)]
    for path, body in files(tmp_path).items():
        for spot in re.finditer(f"{AT:%H:%M:%S}".encode(), body):
            near = body[max(0, spot.start() - 150) : spot.end() + 150]
            assert any(name in near for name in own), (path, near)
    changed = {table: [row for row in after[table] if row not in before[table]] for table in after}
    changed = {table: found for table, found in changed.items() if found}
    machine = {"process", "job_run"}
    assert set(changed) - machine == {
        "suggestion", "suggestion_step", "search_entry", "attachment", "blob",
    }  # fmt: skip
    day = "2026-11-17"
    midnight = "2026-11-16 16:00:00.000000"  # the beginning of the day in Shanghai
    due = "2026-11-18 10:00:00.000000"  # the end of work on the next working day
    for table, found in changed.items():
        for row in found if table not in machine else []:
            for name, value in row.items():
                said = str(value)
                if re.search(r"\d\d:\d\d", said):
                    assert said in (midnight, due), (table, name, said)
                elif re.match(r"20\d\d-", said):
                    assert said == day, (table, name, said)
            people = [name for name in row if name.endswith("_id") and "suggestion" not in name]
            people = [name for name in people if name not in ("desk_id", "place_id")]
            assert all(row[name] is None for name in people), (table, row)
    serials = [int(row["number"][-6:]) for row in changed["suggestion"]]
    assert all(serial > 900_000 for serial in serials)
    ids = [row["id"] for row in changed["suggestion"]]
    assert all(abs(first - then) > 1000 for first, then in pairwise(ids))
    assert all(row["id"] < 0 for row in changed["attachment"])
    await guest.close()
    await talker.close()


def rows(talker: Talker) -> Mapping[str, list[dict[str, Any]]]:
    """All that is there, times in UTC."""
    with talker.store.reading() as session:
        return {
            table.name: [
                {key: _utc(value) for key, value in row.items()}
                for row in session.execute(select(table)).mappings()
            ]
            for table in all_tables(session.connection())
            if not table.name.startswith("search_index")
        }


def _utc(value: object) -> object:
    if not isinstance(value, datetime):
        return value
    return (value.astimezone(UTC) if value.tzinfo else value).strftime("%Y-%m-%d %H:%M:%S.%f")


async def test_no_byte_leads_back(sqlite_url: str, tmp_path: Path) -> None:
    """The real process: database, WAL, log, temporary files and backup, searched byte by byte."""
    world = World(sqlite_url)
    world.settle()
    world.store.close()
    spool = tmp_path / "spool"
    spool.mkdir()
    product = Product(sqlite_url, tmp_path, extra={"TMPDIR": str(spool)})
    await product.start()
    guest = Guest(product.base)
    codes = []
    for n in range(2):
        data = aiohttp.FormData()
        data.add_field("ticket", await guest.ticket())
        data.add_field("said", f"{SAID}（第{n}次）")
        data.add_field(
            "photos", BytesIO(photo((1500, 1200), noisy=True)), filename=f"{SECRET_NAME}.jpg"
        )
        data.add_field("userid", "b1p1-telltale")
        status, html = await guest.post("/anonymous", data)
        assert status == 200, html
        codes.append(code_in(html))
        assert list(spool.iterdir()) == []
    assert (await guest.follow(codes[0]))[0] == 200
    assert (await guest.follow("AAAAA-AAAAA-AAAAA-AAAAA"))[0] == 404
    assert (await guest.post("/anonymous", {"said": "无效"}))[0] == 400
    backup = tmp_path / "backup.zip"
    assert product.run("backup", str(backup)).returncode == 0
    places = files(tmp_path)
    assert any(path.name.endswith("-wal") for path in places)
    with zipfile.ZipFile(backup) as archive:
        places.update({Path(name): archive.read(name) for name in archive.namelist()})
    assert any(SAID.encode() in data for data in places.values())
    telltales = [AGENT, "telltale", "Telltale", ADDRESS, "10.66.77.88", "was here", "anonymous"]
    telltales += codes + [read_code(code) for code in codes]
    for path, body in places.items():
        for word in telltales:
            if word == "anonymous" and not path.name.endswith(".log"):
                continue
            assert word.encode() not in body, (path, word)
    await guest.close()
    assert product.end() == 0


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_photos_keep_nothing_but_the_picture(talker: Talker, guest: Guest) -> None:
    data = aiohttp.FormData()
    data.add_field("ticket", await guest.ticket())
    data.add_field("said", SAID)
    data.add_field("photos", photo((3000, 2000)), filename="x.jpg")
    assert (await guest.post("/anonymous", data))[0] == 200
    with talker.store.reading() as session:
        ((kept,),) = session.connection().exec_driver_sql("SELECT data FROM blob").all()
        ((name, person),) = session.connection().exec_driver_sql(
            "SELECT name, person_id FROM attachment"
        )
    assert (name, person) == ("", None)
    assert SECRET_NAME.encode() not in kept
    with Image.open(BytesIO(kept)) as image:
        assert image.size == (1600, 1067)
        assert not image.getexif()


@pytest.mark.parametrize(
    ("said", "files", "why"),
    [
        ("九个字也不到啊", (), "至少写 10 个字"),
        ("好" * 2001, (), "最多 2000 个字"),
        (f"绝密★五年 {SAID}", (), "绝密"),
        (SAID, (b"MZ\x90\x00" + bytes(500),), "不是照片"),
        (SAID, (b"\xff\xd8\xff" + bytes(500),), "不是照片"),
        (SAID, (bytes(9 * 2**20),), "太大"),
    ],
)
async def test_what_cannot_be_taken_is_refused(
    talker: Talker, guest: Guest, said: str, files: tuple[bytes, ...], why: str
) -> None:
    data = aiohttp.FormData()
    data.add_field("ticket", await guest.ticket())
    data.add_field("said", said)
    for body in files:
        data.add_field("photos", BytesIO(body), filename="photo.jpg")
    status, html = await guest.post("/anonymous", data)
    assert status == 400
    assert why in html
    with talker.store.reading() as session:
        assert session.scalars(select(Suggestion)).all() == []
        assert session.connection().exec_driver_sql("SELECT count(*) FROM blob").scalar() == 0


async def test_a_small_unit_hides_behind_the_one_above(talker: Talker, guest: Guest) -> None:
    await guest.code(place="城南供电所")  # six people
    with talker.store.reading() as session:
        (row,) = session.execute(select(Suggestion.place_id, Suggestion.desk_id)).all()
    assert row.place_id == 1
    assert "没有找到单位" in (await guest.hand_in(place="不存在的单位"))[1]


async def test_the_same_form_twice_is_one_suggestion(talker: Talker, guest: Guest) -> None:
    form = {"ticket": await guest.ticket(), "said": SAID}
    answers = [await guest.post("/anonymous", form) for _ in range(2)]
    assert len({code_in(html) for _, html in answers}) == 1
    assert one(talker).state is State.RECEIVED
    assert (await guest.post("/anonymous", {**form, "ticket": "forged"}))[0] == 400


async def test_twenty_from_one_place_are_no_attack(talker: Talker, guest: Guest) -> None:
    codes = await asyncio.gather(*(guest.code(f"{SAID}，第{n}条") for n in range(20)))
    assert len(set(codes)) == 20
    with talker.store.reading() as session:
        assert len(session.scalars(select(Suggestion)).all()) == 20


async def test_a_worn_out_code_opens_nothing(talker: Talker, guest: Guest) -> None:
    code = await guest.code()
    with talker.store.writing() as session:
        session.connection().exec_driver_sql("UPDATE suggestion SET code_hash = NULL")
    worn = await guest.follow(code)
    wrong = await guest.follow("ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ")
    assert worn[0] == wrong[0] == 404
    drop = re.compile(r'value="[^"]*"')
    assert drop.sub("", worn[1]) == drop.sub("", wrong[1])


async def test_a_flood_from_one_machine_is_turned_away(sqlite_url: str) -> None:
    """More letters and guesses than may wait: refused with a sentence, and nothing is stored."""
    talker = Talker(sqlite_url, START, rules=paced(waiting=0))
    await talker.open(serve=True)
    guest = Guest(f"http://127.0.0.1:{talker.runtime.port}")
    letters = [{"ticket": await guest.ticket(), "said": f"{SAID}（{n}）"} for n in range(8)]
    taken = await asyncio.gather(*(guest.post("/anonymous", letter) for letter in letters))
    guesses = await asyncio.gather(*(guest.follow(f"{'ABCDEFGH'[n]}" * 20) for n in range(8)))
    with talker.store.reading() as session:
        stored = len(session.scalars(select(Suggestion)).all())
    await guest.close()
    await talker.close()
    assert {status for status, _ in (*taken, *guesses)} == {429}
    assert all("没有保存" in html for _, html in taken)
    assert stored == 0


async def test_guesses_are_slowed_for_everybody_alike() -> None:
    """10,000 guesses: the line is bounded, and each place in it takes its time."""
    loop = asyncio.get_running_loop()
    gate = Gate(per_second=1000, waiting=50)
    begun = loop.time()
    tries = await asyncio.gather(*(gate.passed(0.01) for _ in range(200)), return_exceptions=True)
    refused = [one for one in tries if isinstance(one, BusyError)]
    assert len(refused) == 150
    assert loop.time() - begun >= 0.04
    await gate.passed(0.0)


def test_work_is_what_the_page_computes() -> None:
    ticket = "abc.def"
    found = next(
        n
        for n in range(10**6)
        if hashlib.sha256(f"{ticket}:{n}".encode()).hexdigest().startswith("000")
    )
    assert has_worked(ticket, str(found), 12)
    assert not has_worked(ticket, str(found), 32)
    for work in ("", "-1", "x", "１", "9" * 13, f"{found} "):
        assert not has_worked(ticket, work, 1)


def test_codes_hold_a_hundred_bits_and_are_recognised() -> None:
    codes = {make_code(hashlib.sha256(str(n).encode()).digest()) for n in range(2000)}
    assert len(codes) == 2000
    used = {char for code in codes for char in code}
    assert used == set(ALPHABET)
    for code in list(codes)[:200]:
        assert len(code) == 20
        parted = f"{code[:5]}-{code[5:10]}-{code[10:15]}-{code[15:]}"
        assert read_code(f" {parted.lower()} ") == code
        assert holds_code(f"/查 {parted}")
        assert holds_code(f"我的码是{code}，帮我看看")
    for text in ("/查 JY-2026-0001", "JZ-2026-900123 进度60%", "13800138000", "一" * 30):
        assert not holds_code(text)


@pytest.mark.faults
async def test_the_log_of_a_failure_names_nobody(
    guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError(f"{AGENT} {SAID}")

    monkeypatch.setattr("handlers.suggestions.anonymous.hand_in", broken)
    status, html = await guest.hand_in()
    assert status == 500
    assert "没有保存" in html
    logged = json.loads(WATCH.faults[-1])
    assert logged["event"] == "anonymous_failed"
    assert SAID not in WATCH.faults[-1]
    assert AGENT not in WATCH.faults[-1]


async def test_a_page_left_open_for_a_day_says_so(talker: Talker, guest: Guest) -> None:
    ticket = await guest.ticket()
    talker.clock.move_to(START + timedelta(hours=13))
    status, html = await guest.post("/anonymous", {"ticket": ticket, "said": SAID})
    assert status == 400
    assert "再点一次提交" in html
    assert SAID in html
