"""Excel in, ledger by ledger: a row is a form; what is wrong with one keeps all out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import func, select

from models.base import Base
from models.check import Check, Finding
from models.mechanism import Mechanism
from models.post import Post
from models.reception import Reception
from models.score import Score
from models.visit import Visit
from tests.chats.test_ledger_pages import Importer, workbook
from tests.visitor import Visitor
from tests.world import World

SOUTH, NORTH = "城南供电所党支部", "城北供电所"


@dataclass(frozen=True, slots=True)
class Book:
    """A workbook that somebody keeps: good rows, bad ones with what is said of each.

    ``again``  what is said when the good rows come a second time
    """

    ledger: str
    entity: type[Base]
    userid: str
    heads: tuple[str, ...]
    good: Sequence[tuple[Any, ...]]
    bad: Sequence[tuple[tuple[Any, ...], str]]
    again: str


PRACTICE = "每个台区一名党员负责，每天看一遍线损，月底销号。"
BOOKS = (
    Book(
        "finding",
        Finding,
        "dangjian",
        ("被查支部", "存在问题", "严重程度", "依据"),
        ((SOUTH, "三会一课记录缺签到", "较重", "三会一课"), (NORTH, "党费台账没有复核", "", "")),
        (
            (("没有这个支部", "记录不全", "", ""), "支部"),
            ((SOUTH, "", "", ""), "问题空着"),
            (("", "记录不全", "", ""), "支部空着"),
            ((SOUTH, "记录不全", "很重", ""), "程度"),
        ),
        "已经记过",
    ),
    Book(
        "visit",
        Visit,
        "dangjian",
        ("支部", "走访日期", "发现的问题", "收到的建议"),
        (
            (SOUTH, "2026-11-10", "工具柜老旧；值班室漏雨", ""),
            (NORTH, "11月12日", "", "多配几副手套"),
        ),
        (
            (("没有这个支部", "2026-11-10", "", ""), "支部"),
            ((SOUTH, "", "", ""), "走访日期空着"),
            ((SOUTH, "三十二号", "", ""), "走访日期"),
        ),
        "已经记过",
    ),
    Book(
        "post",
        Post,
        "b1p0",
        ("种类", "岗名", "负责人", "职责"),
        (
            ("示范岗", "抢修先锋岗", "城南员工2", "台区抢修随叫随到"),
            ("责任区", "配电房区域", "城南员工3", "每周巡视一次"),
        ),
        (
            (("示范岗", "营业岗", "查无此人", "窗口不让人等"), "责任人"),
            (("荣誉岗", "营业岗", "城南员工2", "窗口不让人等"), "种类"),
            (("示范岗", "营业岗", "城南员工2", ""), "职责范围"),
        ),
        "支部已有",
    ),
    Book(
        "mechanism",
        Mechanism,
        "dangjian",
        ("机制名称", "场景", "做法", "案例项目"),
        (("党员包台区", "线损长期偏高的台区", PRACTICE, ""),),
        (
            (("包区", "线损长期偏高的台区", PRACTICE, ""), "机制名称"),
            (("党员包线路", "线损长期偏高的台区", PRACTICE, "XM-1999-0001"), "案例"),
        ),
        "已经收录",
    ),
    Book(
        "reception",
        Reception,
        "shuji",
        ("日期", "开始时间", "时段数", "时长", "地点"),
        (("2026-11-20", "9:00", 4, 20, "三楼接待室"), ("2026-12-18", "14:30", 3, 20, "三楼接待室")),
        (
            (("2026-11-20", "早上", 4, 20, "三楼接待室"), "开始"),
            (("2026-11-20", "9:00", 40, 20, "三楼接待室"), "个数"),
        ),
        "已经安排了接待日",
    ),
    Book(
        "score",
        Score,
        "zhuanye",
        ("编号", "得分", "打分依据"),
        (("XM-2026-0001", 5, "指标达到先进值"), ("XM-2026-0002", 4, "")),
        (
            (("XM-2026-0003", 9, ""), "分数"),
            (("XM-2026-9999", 4, ""), "没有项目"),
        ),
        "打过分了",
    ),
    Book(
        "check",
        Check,
        "dangjian",
        ("支部", "期限"),
        ((SOUTH, "2026-12-01"), (NORTH, "")),
        ((("没有这个支部", ""), "支部"), ((SOUTH, "某天"), "期限")),
        "还没有查完",
    ),
)


def count(world: World, entity: type[Base]) -> int:
    with world.store.reading() as session:
        return session.scalar(select(func.count()).select_from(entity)) or 0


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.ledger)
async def test_a_workbook_fills_its_ledger(visitor: Visitor, book: Book) -> None:
    await visitor.enter(book.userid)
    importer, before = Importer(visitor, book.ledger), count(visitor.world, book.entity)
    assert f"/ledger/{book.ledger}/import" in (await visitor.get(f"/ledger/{book.ledger}"))[1]
    formula = ("=1+1",) * len(book.heads)
    wrong = [*(row for row, _ in book.bad), book.good[0], formula]
    _, html = await importer.choose(workbook(book.heads, *book.good, *wrong))
    assert f"有 {len(wrong)} 行不对" in html
    for _, said in book.bad:
        assert said in html
    assert "和第 2 行一模一样" in html
    assert 'name="confirm"' not in html
    _, html = await importer.choose(workbook(book.heads, *book.good))
    assert f"将要导入 {len(book.good)} 行" in html
    assert count(visitor.world, book.entity) == before
    _, html = await importer.go_on(html, confirm="1")
    assert f"{len(book.good)} 条" in html
    assert count(visitor.world, book.entity) == before + len(book.good)
    _, html = await importer.choose(workbook(book.heads, *book.good))
    if 'name="confirm"' in html:
        _, html = await importer.go_on(html, confirm="1")
    assert book.again in html
    assert count(visitor.world, book.entity) == before + len(book.good)


async def test_what_else_was_heard_on_a_day_is_no_second_visit(world: World) -> None:
    """Two visits were taken for one when nothing of the checklist was filled in."""
    morning = "/走访表 支部：城南供电所党支部 发现的问题：值班室漏雨"
    assert "ZF-" in (await world.say("dangjian", morning)).text
    assert "已经记过" in (await world.say("dangjian", morning)).text
    afternoon = "/走访表 支部：城南供电所党支部 发现的问题：工具柜老旧"
    assert "ZF-" in (await world.say("dangjian", afternoon)).text
    assert count(world, Visit) == 2


async def test_who_may_not_do_it_in_words_brings_no_workbook(visitor: Visitor) -> None:
    await visitor.enter("b1p3")
    for ledger in ("finding", "visit", "post", "mechanism", "reception", "score", "check"):
        assert "/import" not in (await visitor.get(f"/ledger/{ledger}"))[1]
        assert (await visitor.get(f"/ledger/{ledger}/import"))[0] == 404
