"""A whole year: every branch from 立项 in January to the book in December (★ 305 / 213 / 113).

Nothing is put into the database by the test but the workbooks of the organisation: where projects
stand at the end comes of what people typed. All tables and papers, on every face they have, are
held against the clerk's book (``tests/clerk.py``) half way and at the end (``tests/yearend.py``).
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

import pytest

from tests import yearend
from tests.clerk import MONTHS, PUBLISHED, TENTH, YEAR, Applied, Line, Moved, Report, Size
from tests.days import SHANGHAI
from tests.projectyear import UNITS, Play, company, members, proposal, tables, unit_row

START: Final = datetime(YEAR, 1, 20, 2, 0, tzinfo=UTC)
NEXT: Final = 5
"""So many branches have a project of the next year when this one's book is printed."""
SCORES: Final = ((5, 4), (4, 4), (5, 5))
"""What makes an outstanding project; the others get one of those that do not."""
TOO_LOW: Final = ((5, 3), (3, 5), (4, 3), (3, 3), (5, 2), (2, 2))


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
        for at, month in enumerate(MONTHS):
            fifth(play, month)
            if month == 9:
                await yearend.without_one(play)
                await created_late(play)
            await reports(play, at, month)
            if month == 5:
                await corrected(play)
                await promotions(play)
            if month == 7:
                await yearend.half_way(play)
                await half_way(play)
        await the_end(play)
        fifth(play, 1, YEAR + 1)
        await the_next(play)
        await yearend.everything(play, NEXT)


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
    for line in back:
        line.target = "98"
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
        line.reports.append(Report(moment, Decimal(percent), words(line, at)))
        line.stage = "实施"


def said(line: Line, at: int) -> str:
    return f"/进展 {line.pace[at]}% {words(line, at)}"


def words(line: Line, at: int) -> str:
    return f"{line.no}号第{at + 1}次报送"


async def promotions(play: Play) -> None:
    """B and C apply; 33 become A, seven do not; one A is graded down with a reason."""
    moment = play.on(6, 1)
    lower = [li for li in play.book.standing() if li.grade != "A"][
        : play.size.promoted + play.size.declined
    ]
    await play.each(lower, lambda li: (f"s{li.no}", apply(li)), "已申报")
    await play.each(lower[:3], lambda li: (f"s{li.no}", apply(li)), "JJ-")
    await play.each(
        lower[:1], lambda li: ("zy2" if li.judge == "zy1" else "zy1", verdict(1, "同意")), "专责"
    )
    decided = play.on(6, 4, 15)
    for at, line in enumerate(lower, 1):
        granted = at <= play.size.promoted
        answer = await play.say(line.judge, verdict(at, "同意" if granted else "不同意"))
        assert ("定为 A 级" if granted else "等级不变") in answer
        play.book.applied.append(Applied(line, line.grade, moment, decided, granted))
        line.grade = "A" if granted else line.grade
    down = play.book[7]
    assert "由 A 定为" in await play.say(down.judge, f"/定级 {down.number} B 指标支撑不够")
    down.grade = "B"


def apply(line: Line) -> str:
    return f"/晋级 A 改进情况：{line.no}号覆盖面扩大到全部 依据：营销系统五月数据第{line.no}页"


def verdict(at: int, word: str) -> str:
    return f"/晋级审批 JJ-{YEAR}-{at:04d} {word} {at}号数据核实过"


async def corrected(play: Play) -> None:
    """Two corrections of the sheet of May: of a branch, and of the whole."""
    issue, wrong = play.book.issues[2], play.book[4]
    for branch, said in ((wrong.branch, "四号漏报一项，应为 33%"), ("", "以发布日数据为准")):
        of = f"支部：{branch} " if branch else ""
        typed = f"/更正公开单 {issue.number} {of}更正内容：{said}"
        assert "更正已登记" in await play.say("dj", typed)
        issue.notes.append((branch, said))


async def half_way(play: Play) -> None:
    """August: a branch goes into another one, one hangs elsewhere, a new one is set up."""
    moment = play.on(8, 3)
    size = play.size
    gone, heir, hung = (play.book[no] for no in (size.merged, size.heir, size.rehung))
    new = Line(size.created, begun=date(YEAR, 9, 6))
    hung.hung = 1
    rows = [unit_row(gone, f"B{size.heir}"), *map(unit_row, (heir, hung, new))]
    play.organise(
        tables(
            {
                "单位": [UNITS, *rows],
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
    done = play.on(8, 6, 16)
    assert "并入" in await play.say(f"s{size.heir}", f"/调整 TZ-{YEAR}-0001 并入 两个项目一起做")
    gone.gone, gone.stage = True, "终止"
    play.book[size.created] = new
    late = datetime(YEAR, 9, 6, 10, tzinfo=SHANGHAI)
    why, who = "两个项目一起做", f"书记{heir.no}"
    play.book.moved = [
        Moved(
            gone.branch, "合并", gone.name, "并入", heir.branch, heir.name, moment, why, who, done
        ),
        Moved(
            new.branch,
            "新建",
            "",
            "新立项",
            new.branch,
            new.name,
            moment,
            "",
            f"书记{new.no}",
            late,
        ),
        Moved(
            hung.branch, "划转", hung.name, "随支部划转", hung.branch, "", moment, "", "", moment
        ),
    ]
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


def fifth(play: Play, month: int, year: int = YEAR) -> None:
    """The clock brings the sheet out; the clerk writes down what has to stand on it."""
    due = play.on(month, 5, 9, year)
    play.days.run("publicity-sheet", due)
    play.book.draw_up(due)


async def the_next(play: Play) -> None:
    """January: some have a project of the new year already; the old ones are closed."""
    play.on(1, 6, year=YEAR + 1)
    some = play.book.standing()[:NEXT]
    await play.each(some, lambda li: (f"s{li.no}", proposal(li, year=YEAR + 1)), "内容已经齐全")
    late = f"/定级 {some[0].number} B 事后再改"
    assert "年度已经关闭" in await play.say(some[0].judge, late)
