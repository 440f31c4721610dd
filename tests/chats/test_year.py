"""A whole year: every branch from 立项 in January to the book in December (★ 305 / 213 / 113).

Nothing is put into the database by the test but the workbooks of the organisation: where projects
stand at the end comes of what people typed. All tables and papers are held against the clerk's
book (``tests/projectyear.py``).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from handlers.board import TableBlock
from handlers.catalogue import catalogue
from handlers.context import Context
from handlers.paper import Grid, Heading, Paper, Para
from handlers.spec import View
from handlers.table import Wish, cell_text, stream
from tests.days import SHANGHAI
from tests.projectyear import (
    HOMES,
    MONTHS,
    PUBLISHED,
    SCORES,
    TENTH,
    TOO_LOW,
    UNITS,
    YEAR,
    Line,
    Play,
    Size,
    company,
    members,
    proposal,
    tables,
    unit_row,
)

START = datetime(YEAR, 1, 20, 2, 0, tzinfo=UTC)
ISSUES = ((3, 5), (5, 5), (7, 5), (9, 5), (11, 5))


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(TENTH, id="a tenth"),
        pytest.param(PUBLISHED, id="as published", marks=pytest.mark.long),
    ],
)
async def test_a_year_of_projects(sqlite_url: str, size: Size) -> None:
    async with Play(sqlite_url, START, size) as play:
        play.organise(company(play.book.values()))
        await january(play)
        await february(play)
        sheets: dict[int, Told] = {}
        for at, month in enumerate(MONTHS):
            sheets |= await fifth(play, month)
            if month == 9:
                await created_late(play)
            await reports(play, at, month)
            if month == 5:
                await promotions(play)
            if month == 7:
                await half_way(play)
        await the_end(play)
        sheets |= await fifth(play, 1, YEAR + 1)
        play.look("dj", lambda ctx: all_figures(ctx, play, sheets))


# The year


async def january(play: Play) -> None:
    """Everybody draws up a project and hands it in; rules are met by refusals."""
    lines = list(play.book.values())
    wrong = [line for line in lines if line.no % 17 == 0]
    await play.each(wrong, lambda li: (f"s{li.no}", proposal(li, "88")), "反方向")
    for line in wrong:
        await play.say(f"s{line.no}", "/取消")
    await play.each(lines, lambda li: (f"s{li.no}", proposal(li)), "内容已经齐全")
    for at, line in enumerate(lines, 1):
        line.number, line.stage = f"XM-{YEAR}-{at:04d}", "待审批"
    twice = [line for line in lines if line.no % 13 == 0]
    await play.each(twice, lambda li: (f"m{li.no}", proposal(li)), "已有在办的项目")
    await play.each(lines[:5], lambda li: (f"m{li.no}", "/送审"), "书记")
    await play.each(lines, lambda li: (f"s{li.no}", "/送审"), "已送审")
    await play.each(twice, lambda li: (f"s{li.no}", "/送审"), "待审批")


async def february(play: Play) -> None:
    """The departments decide; some are returned, mended and handed in again."""
    play.on(2, 3)
    lines = list(play.book.values())
    other = {"zy1": "zy2", "zy2": "zy1"}
    await play.each(lines[:6], lambda li: (other[li.judge], approve(li, "A")), "专责")
    back = [line for line in lines if line.no % 12 == 0]
    await play.each(back, lambda li: (li.judge, f"/审批 {li.number} 退回 目标再高一些"), "已退回")
    await play.each(back, lambda li: (f"s{li.no}", "/修改立项 目标：98"), "已更新")
    await play.each(back, lambda li: (f"s{li.no}", "/送审"), "已送审")
    for line in lines:
        line.grade = "A" if line.no <= play.size.chosen else "BC"[line.no % 2]
    await play.each(lines, lambda li: (li.judge, approve(li, li.grade)), "已批准立项")
    for line in lines:
        line.stage = "审批"
    await play.each(lines[:2], lambda li: (li.judge, approve(li, "B")), "待审批")


def approve(line: Line, grade: str) -> str:
    return f"/审批 {line.number} 同意 {grade} 支撑年度重点指标"


async def reports(play: Play, at: int, month: int) -> None:
    """The month's reports, each by a member of the branch."""
    moment = play.on(month, 10)
    told = [li for li in play.book.standing() if li.pace[at] is not None]
    await play.each(told, lambda li: (f"m{li.no}", said(li, at)), "JZ-")
    for line in told:
        percent = line.pace[at]
        assert percent is not None
        line.reports.append((moment, percent))
        line.stage = "实施"


def said(line: Line, at: int) -> str:
    return f"/进展 {line.pace[at]}% {line.no}号第{at + 1}次报送"


async def promotions(play: Play) -> None:
    """B and C apply; 33 become A, seven do not; one A is graded down with a reason."""
    play.on(6, 1)
    lower = [li for li in play.book.standing() if li.grade != "A"][
        : play.size.promoted + play.size.declined
    ]
    apply = "/晋级 A 改进情况：覆盖面扩大到全部 依据：营销系统五月数据"
    await play.each(lower, lambda li: (f"s{li.no}", apply), "已申报")
    await play.each(lower[:3], lambda li: (f"s{li.no}", apply), "JJ-")
    await play.each(
        lower[:1], lambda li: ("zy2" if li.judge == "zy1" else "zy1", verdict(1, "同意")), "专责"
    )
    for at, line in enumerate(lower, 1):
        granted = at <= play.size.promoted
        answer = await play.say(line.judge, verdict(at, "同意" if granted else "不同意"))
        assert ("定为 A 级" if granted else "等级不变") in answer
        line.grade = "A" if granted else line.grade
    down = play.book[7]
    assert "由 A 定为" in await play.say(down.judge, f"/定级 {down.number} B 指标支撑不够")
    down.grade = "B"


def verdict(at: int, word: str) -> str:
    return f"/晋级审批 JJ-{YEAR}-{at:04d} {word} 数据核实过"


async def half_way(play: Play) -> None:
    """August: a branch goes into another one, a new one is set up; pages half way are told."""
    play.on(8, 3)
    size = play.size
    gone, heir, new = (
        play.book[size.merged],
        play.book[size.heir],
        Line(size.created, begun=date(YEAR, 9, 6)),
    )
    play.organise(
        tables(
            {
                "单位": [UNITS, unit_row(gone, f"B{size.heir}"), unit_row(heir), unit_row(new)],
                "人员": [("userid", "姓名", "单位编码", "政治面貌"), *members(new)],
                "角色": [
                    ("userid", "角色", "单位编码"),
                    (f"s{size.created}", "书记", f"B{size.created}"),
                ],
            }
        )
    )
    todo = await play.say(f"s{size.heir}", "/动态调整")
    assert gone.number in todo
    assert "并入" in await play.say(f"s{size.heir}", f"/调整 TZ-{YEAR}-0001 并入 两个项目一起做")
    gone.gone, gone.stage = True, "终止"
    play.book[size.created] = new
    page = "/中期交流 阶段成效：合格率由 91.2% 提高到 95% 主要做法：党员包台区"
    await play.each(list(play.book.values())[:9], lambda li: (f"s{li.no}", page), "已收到")
    for no in (2, 5):
        assert "选为" in await play.press("dj", f"midterm.choose:{play.book[no].number}")


async def created_late(play: Play) -> None:
    """The new branch owes a project like everybody else."""
    play.on(9, 6)
    new = play.book[play.size.created]
    assert "XM-" in await play.say(f"s{new.no}", proposal(new))
    new.number = f"XM-{YEAR}-{play.size.created:04d}"
    await play.say(f"s{new.no}", "/送审")
    assert "已批准立项" in await play.say(new.judge, approve(new, "C"))
    new.grade, new.stage = "C", "审批"


async def the_end(play: Play) -> None:
    """Conclusion, review, jury, two-way scores: all of them decisions."""
    play.on(12, 1)
    lines = play.book.standing()
    empty = "/结题 党建载体：党员包台区 数据来源：营销系统 成效：提高到 97%"
    assert "实际" in await play.say("s1", empty)
    await play.say("s1", "/取消")
    await play.each(lines, lambda li: (f"s{li.no}", conclude(li)), "已申报结题")
    again = [line for line in lines if line.no % 30 == 0]
    await play.each(again, lambda li: (li.judge, f"/结题审查 {li.number} 退回 佐证不全"), "已退回")
    await play.each(again, lambda li: (f"s{li.no}", conclude(li)), "已申报结题")
    await play.each(lines, lambda li: (li.judge, f"/结题审查 {li.number} 通过 属实"), "审查通过")
    await jury(play, lines)
    await scores(play, lines)


def conclude(line: Line) -> str:
    return (
        f"/结题 实际值：97.8 党建载体：{line.no}号党员包保 数据来源：营销系统月报"
        f" 成效：{line.no}号合格率提高 6.6 个点"
    )


async def jury(play: Play, lines: Sequence[Line]) -> None:
    """Three jurors mark everything; what falls short goes back and comes again."""
    opened = await play.say("dj", "/评审会 名称：年度评审会 评委：评委甲、评委乙、评委丙")
    assert f"现有 {len(lines)} 个项目" in opened
    weak = [line for line in lines if line.no % 60 == 1]
    for juror in range(3):
        for line in lines:
            line.marks.append(marks(line, juror, weak=line in weak))
        await play.each(
            lines,
            lambda li, juror=juror: (f"pw{juror}", judged(li, li.marks[juror])),  # type: ignore[misc]
            "已评审",
        )
    assert f"{len(lines) - len(weak)} 个" in await play.press("dj", f"jury.close:PS-{YEAR}-0001")
    for line in weak:
        await play.say("dj", f"/评审结论 {line.number} 退回 成效再核实")
        assert "已申报结题" in await play.say(f"s{line.no}", conclude(line))
        await play.say(line.judge, f"/结题审查 {line.number} 通过 已补齐")
        line.marks = [marks(line, juror, weak=False) for juror in range(3)]
        for juror in range(3):
            assert "已评审" in await play.say(f"pw{juror}", judged(line, line.marks[juror]))
        done = await play.say("dj", f"/评审结论 {line.number} 通过 同意结项")
        assert f"评审均分 **{line.mean}**" in done
    for line in lines:
        line.stage = "结项"


def marks(line: Line, juror: int, *, weak: bool) -> tuple[int, ...]:
    base = 40 if weak else 75
    return tuple(base + (line.no * (juror + 2) + 5 * at) % 23 for at in range(4))


def judged(line: Line, points: Sequence[int]) -> str:
    return f"/评审 {line.number} {' '.join(map(str, points))}"


async def scores(play: Play, lines: Sequence[Line]) -> None:
    """Both sides score, blind; a gap asks for a talk, and one talk leads to new scores."""
    keys = [line for line in lines if line.grade == "A"]
    good = {line.no for line in keys[: play.size.outstanding]}
    for line in lines:
        choice = SCORES if line.no in good else TOO_LOW
        line.scores = choice[line.no % len(choice)]
    again = next(line for line in lines if line.no in good)
    first = {again.no: (5, 3)}
    pair = {line.no: first.get(line.no, line.scores) or (0, 0) for line in lines}
    await play.each(lines, lambda li: (li.judge, f"/打分 {li.number} {pair[li.no][0]} 有据"), "分")
    assert "不能重复" in await play.say(again.judge, f"/打分 {again.number} 4 再来")
    await play.each(lines, lambda li: ("dj", f"/打分 {li.number} {pair[li.no][1]} 有据"), "分")
    apart = [line for line in lines if abs(pair[line.no][0] - pair[line.no][1]) >= 2]
    for line in apart:
        word = "重新打分" if line is again else "维持"
        assert line.number in await play.say("dj", f"/会商 {line.number} {word} 两个部门核对过依据")
    assert again.scores is not None
    await play.say(again.judge, f"/打分 {again.number} {again.scores[0]} 核对后")
    assert "突出贡献" in await play.say("dj", f"/打分 {again.number} {again.scores[1]} 核对后")


# 双月公开单


Told = dict[str, tuple[Any, ...]]


async def fifth(play: Play, month: int, year: int = YEAR) -> dict[int, Told]:
    """The clock brings the sheet out; what the clerk expects on it, by branch."""
    due = play.on(month, 5, 9, year)
    play.days.run("publicity-sheet", due)
    day = due.date()
    rows: dict[str, tuple[Any, ...]] = {}
    found = [(line, expected(line, due, day)) for line in play.book.standing()]
    named = names(found, day)
    for line, row in found:
        rows[line.branch] = (*row, named.get(line.no, ""))
    issue = (month - 1) // 2 or 6
    return {issue: rows}


def expected(line: Line, due: datetime, day: date) -> tuple[Any, ...]:
    """Percent, plan, points ahead, days of silence, light."""
    if not line.number:
        return (None, None, None, None, "")
    planned = line.planned(day)
    last = line.percent(due)
    since = last[0].astimezone(SHANGHAI).date() if last else line.begun
    silent = max((day - since).days, 0)
    if last is None:
        return (None, planned, None, silent, "")
    ahead = Decimal(last[1]) - planned
    light = "red" if ahead <= -30 else "yellow" if ahead <= -10 else "green"
    return (Decimal(last[1]), planned, ahead, silent, light)


def names(found: Sequence[tuple[Line, tuple[Any, ...]]], day: date) -> dict[int, str]:
    """Three of each type at either end."""
    del day
    named: dict[int, str] = {}
    for kind in {line.type for line, _ in found}:
        mine = [(line, row) for line, row in found if line.type == kind and line.number]
        good = sorted((-row[2], line.branch, line.no) for line, row in mine if (row[2] or 0) > 0)
        named |= {no: "best" for _, _, no in good[:3]}
        bad = sorted(
            (row[2] if row[2] is not None else Decimal(-100), line.branch, line.no)
            for line, row in mine
            if line.stage in ("审批", "实施")
            and line.no not in named
            and (row[4] == "red" or row[3] >= 30 or row[0] is None)
        )
        named |= {no: "worst" for _, _, no in bad[:3]}
    return named


# The figures


def all_figures(ctx: Context, play: Play, sheets: Mapping[int, Any]) -> None:
    lines = play.book.standing()
    grades = Counter(line.grade for line in lines)
    best = [line for line in lines if line.outstanding]
    size = play.size
    assert (len(lines), grades["A"], len(best)) == (size.branches, size.keys, size.outstanding)
    the_funnel(ctx, size, lines)
    the_tables(ctx, play, lines)
    the_sheets(ctx, sheets)
    the_rates(ctx, lines)
    the_book(ctx, best)


def share(part: int, whole: int) -> str:
    value = (Decimal(100 * part) / whole).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{value.normalize():f}%"


def board(ctx: Context, key: str) -> Any:
    return catalogue().boards[key].show(ctx, {"year": str(YEAR)})


def cells(block: TableBlock) -> list[tuple[str, ...]]:
    return [tuple(cell.text for cell in row) for row in block.rows]


def ledger(ctx: Context, key: str, *columns: str) -> list[tuple[str, ...]]:
    """The rows of a ledger as they are exported, by some of its columns."""
    found = catalogue().ledgers[key]
    view = View(ctx, ctx.member, {"year": YEAR})
    keys = [column.key for column in found.columns]
    return [
        tuple(
            cell_text(found.columns[keys.index(one)], row[keys.index(one)], view) for one in columns
        )
        for row in stream(found, view, Wish())
    ]


def the_funnel(ctx: Context, size: Size, lines: Sequence[Line]) -> None:
    page = board(ctx, "funnel")
    counted = (size.branches, size.branches, size.keys, size.outstanding)
    assert [figure.value for figure in page.figures] == list(map(str, counted))
    notes = "".join(figure.note for figure in page.figures)
    for part, whole in ((2, 0), (3, 2), (3, 0)):
        assert share(counted[part], counted[whole]) in notes
    table = {row[0]: row[1:] for row in cells(page.blocks[0])}
    for home in HOMES:
        mine = [line for line in lines if line.home == home]
        keys = sum(line.grade == "A" for line in mine)
        best = sum(line.outstanding for line in mine)
        count = len(mine)
        assert table[home] == (
            str(count),
            str(count),
            "100%",
            str(keys),
            share(keys, count),
            str(best),
        )


def the_tables(ctx: Context, play: Play, lines: Sequence[Line]) -> None:
    rows = ledger(ctx, "distribution", "branch", "project", "grade", "stage", "percent", "number")
    assert sorted(rows) == sorted(
        (li.branch, li.name, li.grade, "结项", "100%", li.number) for li in lines
    )
    asked = ledger(ctx, "promotion", "branch", "state", "wanted")
    assert Counter(row[1:] for row in asked) == {
        ("同意", "A"): play.size.promoted,
        ("不同意", "A"): play.size.declined,
    }
    assert {row[0] for row in asked if row[1] == "同意"} <= {
        li.branch for li in lines if li.grade == "A"
    }
    gone = play.book[play.size.merged]
    moved = ledger(ctx, "adjustment", "unit", "project", "state")
    assert (gone.branch, gone.name, "已调整") in moved
    marked = ledger(ctx, "score", "branch", "business", "party", "state")
    assert sorted(marked) == sorted(
        (li.branch, *map(str, li.scores or ()), "突出贡献" if li.outstanding else "已公布")
        for li in lines
    )


def the_sheets(ctx: Context, sheets: Mapping[int, Any]) -> None:
    assert sorted(sheets) == [1, 2, 3, 4, 5, 6]
    for issue, rows in sheets.items():
        number = f"GK-{YEAR}-{issue:04d}"
        assert sheet_rows(ctx, number) == rows, issue
        paper: Paper = catalogue().papers["publicity"](ctx, {"number": number})
        lights = Counter(row[4] for row in rows.values())
        words = " ".join(block.text for block in paper.body if isinstance(block, Para))
        for light, word in (("green", "正常推进"), ("yellow", "进度偏慢"), ("red", "进度滞后")):
            assert f"{word} {lights[light]} 个" in words


def sheet_rows(ctx: Context, number: str) -> dict[str, tuple[Any, ...]]:
    from models.publicity import lines_of_sheet, sheet_by_number  # noqa: PLC0415

    sheet = sheet_by_number(ctx.session, number)
    assert sheet is not None
    return {
        row.branch: (
            row.percent,
            row.planned,
            row.ahead,
            row.silent,
            row.light,
            row.named.value if row.named else "",
        )
        for row in lines_of_sheet(ctx.session, sheet.id)
    }


def the_rates(ctx: Context, lines: Sequence[Line]) -> None:
    rows = {row[0]: row[1:] for row in cells(board(ctx, "contribution").blocks[0])}
    for home in HOMES:
        mine = [line for line in lines if line.home == home]
        best = sum(line.outstanding for line in mine)
        assert rows[home] == (str(best), str(len(mine)), share(best, len(mine)))


def the_book(ctx: Context, best: Sequence[Line]) -> None:
    paper: Paper = catalogue().papers["album"](ctx, {"year": str(YEAR)})
    chapters = [b.text for b in paper.body if isinstance(b, Heading) and b.level == 1][1:]
    assert len(chapters) == len(best)
    assert {chapter.split("　")[1] for chapter in chapters} == {line.name for line in best}
    words = {block.text for block in paper.body if isinstance(block, Para)}
    for line in best:
        assert f"{line.no}个台区长期不达标，责任不明" in words
        assert f"{line.no}号党员包保" in words
        assert f"{line.no}号合格率提高 6.6 个点" in words
    grids = [row for b in paper.body if isinstance(b, Grid) for row in b.rows]
    assert sum(row[0] == "合格率" and row[3] in ("97.5", "98") for row in grids) == len(best)
