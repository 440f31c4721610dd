"""Ledgers as pages: narrowed column by column, chosen columns, totals, views; Excel in and out."""

import re
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import quote

import aiohttp
from openpyxl import Workbook, load_workbook
from sqlalchemy import func, select

from models.audit import Audit
from models.progress import Progress
from models.project import Project
from models.saved import ColumnNames
from tests.chats.projects import without_projects
from tests.chats.test_drafts import token_of
from tests.visitor import Visitor
from tests.world import Company, World


def rows(html: str) -> list[list[str]]:
    body = re.search(r"<tbody>(.*?)</tbody>", html, re.DOTALL)
    assert body
    found = re.findall(r"<tr>(.*?)</tr>", body[1], re.DOTALL)
    return [
        [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td.*?</td>", row)] for row in found
    ]


async def report(world: World) -> None:
    """Three branches on three days: 20 %, 50 %, 80 %."""
    for branch, percent in ((1, 20), (2, 50), (3, 80)):
        await world.say(f"b{branch}p1", f"/进展 {percent}% 第{branch}家", f"wr{branch}")
        world.clock.move_to(world.clock.now() + timedelta(days=1))


def count(world: World) -> int:
    with world.store.reading() as session:
        return session.scalar(select(func.count()).select_from(Progress)) or 0


async def test_each_column_is_narrowed_in_its_own_way(visitor: Visitor) -> None:
    await report(visitor.world)
    await visitor.enter("dangjian")

    async def found(query: str) -> list[str]:
        _, html = await visitor.get(f"/ledger/progress?{query}")
        return sorted(row[2] for row in rows(html) if len(row) > 2)

    assert await found("") == ["20%", "50%", "80%"]
    assert await found("f.percent=30..60") == ["50%"]
    assert await found("f.percent.from=50") == ["50%", "80%"]
    assert await found("f.percent=80%25") == ["80%"]
    assert await found("f.at.from=2026-11-18&f.at.to=2026-11-18") == ["50%"]
    assert await found(f"f.at={quote('本周')}") == ["20%", "50%", "80%"]
    assert await found(f"f.at={quote('上周')}") == []
    assert await found(f"f.branch={quote('城北')}") == ["50%"]
    assert await found(f"f.state={quote('已撤回')}") == []
    assert await found(f"f.state={quote('有效')}&f.said={quote('第3')}") == ["80%"]
    for nonsense in ("f.percent=x", "f.percent=1e99", "f.at=0000-99-99", "f.state=x", "f.at=.."):
        status, _ = await visitor.get(f"/ledger/progress?{nonsense}")
        assert status == 200
    assert await found("f.percent=%27%3B%20drop") == []


async def test_columns_are_chosen_and_go_into_the_files(visitor: Visitor) -> None:
    await report(visitor.world)
    await visitor.enter("dangjian")
    _, html = await visitor.get("/ledger/progress?cols=percent&cols=branch&cols=nonsense")
    assert rows(html)[0] == [Company.NAMES[2], "80%"]
    query = re.search(r'href="(/ledger/progress.xlsx\?[^"]+)"', html)
    assert query
    _, _, data = await visitor.fetch(query[1].replace("&amp;", "&"))
    sheet = load_workbook(BytesIO(data)).worksheets[0]
    assert [cell.value for cell in sheet[1]] == ["支部", "进度"]
    assert sheet.freeze_panes == "A2"
    foot = sheet.oddFooter
    assert foot is not None
    assert "制表人 党建部小周" in str(foot.left.text)


async def test_figures_have_a_foot(visitor: Visitor) -> None:
    await report(visitor.world)
    await visitor.enter("dangjian")
    _, html = await visitor.get("/ledger/distribution?f.percent=20..50")
    assert "平均 35%" in html
    assert "共 2 行" in html
    assert "进度：20 至 50" in html


async def test_numbers_lead_to_their_records(visitor: Visitor) -> None:
    await report(visitor.world)
    await visitor.enter("dangjian")
    _, html = await visitor.get("/ledger/progress")
    assert '<a href="/record/JZ-2026-0001">JZ-2026-0001</a>' in html


async def test_a_view_is_kept_under_a_name_for_its_owner_alone(visitor: Visitor) -> None:
    await report(visitor.world)
    await visitor.enter("dangjian")
    _, html = await visitor.get("/ledger/progress?f.percent=30..60")
    tokens = re.findall(r'name="token" value="([^"]+)"', html)
    url = f"http://127.0.0.1:{visitor.world.runtime.port}/ledger/progress/views"

    async def send(**data: str) -> tuple[int, str]:
        async with visitor.session.post(url, data=data) as answer:
            return answer.status, await answer.text()

    query = "f.percent=30..60&page=3&evil=//x"
    status, html = await send(token=tokens[0], name="过半的<b>", query=query)
    assert status == 200
    assert "过半的&lt;b&gt;" in html
    link = re.search(r'href="(/ledger/progress\?[^"]+)">过半的', html)
    assert link
    assert "evil" not in link[1]
    _, html = await visitor.get(link[1].replace("&amp;", "&"))
    assert [row[2] for row in rows(html)] == ["50%"]
    answer = await visitor.world.say("dangjian", "/台账 进展 过半的<b>")
    assert "共 1 行" in answer.text
    assert (await send(token="forged", name="x", query=""))[0] == 403
    await visitor.enter("b1p1")
    _, html = await visitor.get("/ledger/progress")
    assert "过半的" not in html
    await visitor.enter("dangjian")
    _, html = await visitor.get("/ledger/progress")
    number = re.search(r'name="drop" value="(\d+)"', html)
    assert number
    token = re.findall(r'name="token" value="([^"]+)"', html)[0]
    _, html = await send(token=token, drop=number[1], query="")
    assert "过半的" not in html


def workbook(*lines: tuple[Any, ...]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in lines:
        sheet.append(line)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


class Importer:
    """Somebody who imports a workbook step by step."""

    def __init__(self, visitor: Visitor, ledger: str = "progress") -> None:
        self.visitor = visitor
        self.path = f"/ledger/{ledger}/import"
        self.url = f"http://127.0.0.1:{visitor.world.runtime.port}{self.path}"

    async def choose(self, data: bytes) -> tuple[int, str]:
        _, html = await self.visitor.get(self.path)
        body = aiohttp.FormData({"token": token_of(html)})
        body.add_field("file", data, filename="台账.xlsx")
        async with self.visitor.session.post(self.url, data=body) as answer:
            return answer.status, await answer.text()

    async def go_on(self, html: str, **more: str) -> tuple[int, str]:
        names = dict(re.findall(r'name="(token|sheet|rows|c\.\d+)" value="([^"]*)"', html))
        async with self.visitor.session.post(self.url, data=names | more) as answer:
            return answer.status, await answer.text()


async def test_ones_own_workbook_is_taken_over_after_a_look(visitor: Visitor) -> None:
    await visitor.enter("dangjian")
    importer = Importer(visitor)
    data = workbook(
        ("序号", "单位", "完成率", "情况说明"),
        (1, "城南供电所党支部", 35, "完成配变轮换"),
        (2, "城北供电所", "八成", "完成巡视"),
    )
    status, html = await importer.choose(data)
    assert status == 200
    assert "这几列是什么" in html
    assert count(visitor.world) == 0
    status, html = await importer.go_on(
        html, **{"c.0": "", "c.1": "branch", "c.2": "percent", "c.3": "said"}
    )
    assert "将要导入 2 行" in html
    assert "进度理解为" in html
    assert count(visitor.world) == 0
    status, html = await importer.go_on(html, confirm="1")
    assert "已导入进展 2 条" in html
    with visitor.world.store.reading() as session:
        found = session.execute(select(Progress.percent, Progress.said).order_by(Progress.id)).all()
        names = session.scalars(select(ColumnNames)).one().names
        actions = session.scalars(select(Audit.action).where(Audit.channel == "web")).all()
    assert [(int(percent), said) for percent, said in found] == [
        (35, "完成配变轮换"),
        (80, "完成巡视"),
    ]
    assert names == {"单位": "branch", "完成率": "percent", "情况说明": "said"}
    assert "progress" in actions
    # The next time the columns are known.
    _, html = await importer.choose(workbook(("单位", "完成率"), ("输电运检党支部", 10)))
    assert "将要导入 1 行" in html


PLAN = (
    *("业务", "问题", "机制", "指标名称", "指标单位", "指标方向", "基线", "目标"),
    *("立项方向", "党建+领域", "四个融入", "专业"),
)
HELD = (
    *(
        "台区线损管理",
        "18个台区线损率长期高于5%",
        "党员包台区、周通报月销号",
        "线损合格率",
        "%",
        "提升",
        91.2,
        97.5,
    ),
    *("安全质量", "供电服务", "安全生产、经营管理", "营销服务"),
)


async def test_the_plan_of_the_year_is_taken_over_from_a_workbook(visitor: Visitor) -> None:
    """项目分布明细表: each row is a project drawn up; one that does not fit keeps all out."""
    without_projects(visitor.world)
    await visitor.enter("dangjian")
    importer = Importer(visitor, "distribution")
    rows = [("城南供电所党支部", "白塔台区线损清零", *HELD), ("城北供电所", "北片配变轮换", *HELD)]
    worse = ("输电运检党支部", "线路通道治理", *HELD[:7], 80, *HELD[8:])
    heads = ("支部", "项目名称", *PLAN)
    _, html = await importer.choose(workbook(heads, *rows, worse))
    assert "有 1 行不对" in html
    assert "反方向" in html
    assert 'name="confirm"' not in html
    _, html = await importer.choose(workbook(heads, *rows))
    assert "将要导入 2 行" in html
    assert project_names(visitor.world) == []
    _, html = await importer.go_on(html, confirm="1")
    assert "已导入" in html
    assert project_names(visitor.world) == ["白塔台区线损清零", "北片配变轮换"]


def project_names(world: World) -> list[str]:
    with world.store.reading() as session:
        return list(session.scalars(select(Project.name).order_by(Project.id)))


async def test_one_wrong_row_keeps_everything_out(visitor: Visitor) -> None:
    await visitor.enter("dangjian")
    importer = Importer(visitor)
    data = workbook(
        ("支部", "进度", "说明"),
        ("城南供电所党支部", 35, "一"),
        ("没有这个支部", 50, "二"),
        ("城北供电所党支部", 150, "三"),
        ("输电运检党支部", 20, "机密文件"),
    )
    _, html = await importer.choose(data)
    assert "有 2 行不对" in html
    assert "0% 到 100%" in html
    assert 'name="rows"' not in html
    assert count(visitor.world) == 0
    head = ("支部", "进度", "说明")
    secret = workbook(head, ("城南供电所党支部", 35, "一"), ("输电运检党支部", 2, "机密"))
    _, html = await importer.choose(secret)
    _, html = await importer.go_on(html, confirm="1")
    assert "第 3 行有密级标志" in html
    assert count(visitor.world) == 0


async def test_a_row_that_fails_at_the_last_moment_undoes_the_others(visitor: Visitor) -> None:
    await visitor.enter("dangjian")
    importer = Importer(visitor)
    data = workbook(("支部", "进度"), ("城南供电所党支部", 35), ("城北供电所党支部", 40))
    _, html = await importer.choose(data)
    # Meanwhile the second branch reports more: going down needs a reason.
    await visitor.world.say("b2p1", "/进展 90% 完成", "wr2")
    _, html = await importer.go_on(html, confirm="1")
    assert "第 3 行：原因" in html
    assert count(visitor.world) == 1


async def test_strange_files_are_refused_in_words(visitor: Visitor) -> None:
    await visitor.enter("dangjian")
    importer = Importer(visitor)
    for data, said in (
        (b"MZ" + bytes(200), "xlsx"),
        (workbook(("支部", "进度")), "没有可以导入的行"),
        (workbook(("支部", "进度"), *[("城南供电所党支部", 1)] * 501), "最多导入 500 行"),
    ):
        status, html = await importer.choose(data)
        assert status == 409
        assert said in html
    formula = workbook(("支部", "进度", "说明"), ("城南供电所党支部", "=1+1", "=HYPERLINK(1)"))
    _, html = await importer.choose(formula)
    assert "有 1 行不对" in html
    await visitor.enter("b1p1")
    assert (await visitor.get("/ledger/person/import"))[0] == 404


async def test_the_empty_workbook_has_the_right_headings(visitor: Visitor) -> None:
    await visitor.enter("b1p1")
    _, _, data = await visitor.fetch("/ledger/progress/template.xlsx")
    sheet = load_workbook(BytesIO(data)).worksheets[0]
    assert "进度" in [cell.value for cell in sheet[1]]
