"""Workbooks as people make them (openpyxl, so that nothing of ours writes what ours reads)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.papers.reading import read_workbook
from handlers.imports import ImportProblems, Problem, Summary, import_tables
from models.history import History
from models.number import Counter
from models.store.engine import Store
from models.store.tables import ENTITIES
from models.unit import Unit, UnitKind, UnitState

HERE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
BASE = "https://qyapi.weixin.qq.com"
HOOK = f"{BASE}/cgi-bin/webhook/send?key=0000-1111"

PROJECT = (
    "支部编码 年度 项目名称 业务 问题 机制 指标名称 指标单位 "
    "基线 目标 立项方向 等级 阶段 负责人 开始日期 结束日期"
)
LOSS = (
    *("CN", 2026, "台区线损治理", "线损管理", "高损台区多", "网格包保", "台区线损合格率", "%"),
    *(92.5, 98, "管理效能", "A", "实施", "wangqiang"),
)

Rows = Sequence[Sequence[Any]]
Sheets = dict[str, list[list[Any]]]


def company() -> Sheets:
    """A small company, filled in without a mistake; tests change what they are about."""
    return {
        "单位": [
            ["编码", "名称", "类别", "支部类型", "上级编码", "别名"],
            ["GS", "青禾供电公司", "公司", None, None, None],
            ["YX", "营销部", "部门", None, "GS", None],
            ["YXZB", "营销部党支部", "党支部", "经营型", "YX", "营销支部、营销"],
            ["CN", "城南供电所党支部", "党支部", "生产服务型", "GS", "城南、城南所"],
            ["CN1", "城南配电班", "班组", None, "CN", None],
            ["BGS", "办公室党支部", "党支部", "管理型", "GS", None],
        ],
        "人员": [
            ["userid", "姓名", "单位编码", "政治面貌"],
            ["wangqiang", "王强", "CN", "中共党员"],
            ["lina", "李娜", "CN1", "群众"],
            ["zhaomin", "赵敏", "YXZB", "中共党员"],
            ["zhoujie", "周杰", "BGS", "共青团员"],
        ],
        "角色": [
            ["userid", "角色", "单位编码"],
            ["wangqiang", "书记", "CN"],
            ["lina", "班组长", "CN1"],
            ["zhoujie", "管理员", "GS"],
        ],
        "项目": [
            PROJECT.split(),
            [*LOSS, date(2026, 1, 5), date(2026, 11, 30)],
            ["YXZB", "2026年", "电费回收攻坚", *[None] * 13],
        ],
        "群": [
            ["chatid", "群名", "单位编码", "webhook"],
            ["wrCN0001", "城南支部工作群", "CN", HOOK],
            ["wrGS0001", "公司书记群", "GS", None],
        ],
    }


def workbook(sheets: Mapping[str, Rows]) -> bytes:
    """The bytes of an .xlsx with these sheets."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(list(row))
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def bring(store: Store, sheets: Mapping[str, Rows], day: int = 0) -> Summary:
    """Import a workbook on a day counted from the first."""
    return bring_bytes(store, workbook(sheets), day)


def bring_bytes(store: Store, data: bytes, day: int = 0) -> Summary:
    """Import a workbook from its bytes."""
    now = NOW + timedelta(days=day)
    with store.writing() as session:
        return import_tables(
            session,
            read_workbook(data),
            now=now,
            today=now.astimezone(HERE).date(),
            api_base=BASE,
            actor="cli",
        )


def refuse(store: Store, sheets: Mapping[str, Rows]) -> tuple[Problem, ...]:
    """Import a workbook that is refused; nothing may have been written."""
    before = snapshot(store)
    try:
        summary = bring(store, sheets, day=1)
    except ImportProblems as refusal:
        assert snapshot(store) == before
        return refusal.problems
    raise AssertionError(f"taken over: {summary}")


def snapshot(store: Store) -> dict[str, list[Any]]:
    """Every row of every table, the counters and the history with them."""
    with store.reading() as session:
        return {
            entity.__tablename__: [
                tuple(row)
                for row in session.execute(
                    select(*entity.__table__.columns).order_by(*entity.__table__.primary_key)
                )
            ]
            for entity in ENTITIES
        }


def stamp(store: Store) -> int:
    """How often the organisation changed."""
    with store.reading() as session:
        return session.scalar(select(Counter.last).where(Counter.prefix == "org")) or 0


def history(store: Store) -> list[tuple[str, str, str, Any, Any]]:
    """What the history says: subject, key, change, before, after."""
    with store.reading() as session:
        rows = session.scalars(select(History).order_by(History.id)).all()
    return [(row.subject, row.key, row.change.value, row.before, row.after) for row in rows]


def unit(store: Store, code: str) -> Unit:
    """A unit by its code."""
    with store.reading() as session:
        return session.scalars(select(Unit).where(Unit.code == code)).one()


def codes_of(store: Store, path: str) -> list[str]:
    """A path in codes, from the root down."""
    with store.reading() as session:
        known = dict(session.execute(select(Unit.id, Unit.code)).all())
    return [known[int(part)] for part in path.strip("/").split("/")]


def assert_whole(session: Session) -> None:
    """The tree is a tree: every path and branch follows from the parents, reckoned here anew."""
    units = {u.id: u for u in session.scalars(select(Unit))}

    def upwards(one: Unit) -> Iterator[Unit]:
        while True:
            yield one
            if one.parent_id is None:
                return
            one = units[one.parent_id]

    for one in units.values():
        chain = list(upwards(one))
        assert one.path == "/" + "".join(f"{u.id}/" for u in reversed(chain)), one.code
        branch = next((u.id for u in chain if u.kind is UnitKind.BRANCH), None)
        assert one.branch_id == branch, one.code
        if one.state is UnitState.ACTIVE and one.parent_id is not None:
            assert units[one.parent_id].state is UnitState.ACTIVE, one.code
