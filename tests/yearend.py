"""Every table and paper of the year of projects, on every face, held against the clerk's book.

``half_way`` is asked in July, where projects stand apart; ``everything`` in January, when the year
is over and the next one has begun.
"""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Final

import docx

from handlers.catalogue import catalogue
from tests.clerk import (
    COMPANY,
    KINDS,
    LIGHTS,
    YEAR,
    Issue,
    Row,
    percent,
    plain,
    signed,
)
from tests.faces import (
    Reader,
    html_tables,
    paragraphs,
    same,
    tight,
    word_tables,
)
from tests.pdf import Pdf, Table, squeezed
from tests.projectyear import Play
from tests.visitor import figures
from tests.yearboards import album, funnel, rates, wall, year_on_year

SHOWN: Final = 8
"""Rows of a ledger in chat."""
LIGHT_WORDS: Final = {"green": "正常", "yellow": "偏慢", "red": "滞后"}


async def half_way(play: Play) -> None:
    """The tenth of July: two milestones are past, some are ahead and some silent."""
    day = date(YEAR, 7, 10)
    async with play.reader("dj") as reader:
        await ledger(play, reader, "distribution", "项目分布明细表", play.book.distribution(day))
        await ledger(play, reader, "promotion", "晋级申报表", play.book.promotion())
        await wall(play, reader, day)


async def without_one(play: Play) -> None:
    """September: a branch that was set up in August has no project yet."""
    async with play.reader("dj") as reader:
        spread = play.book.distribution(date(YEAR, 9, 5))
        await ledger(play, reader, "distribution", "项目分布明细表", spread)
        await wall(play, reader, date(YEAR, 9, 5))
        await funnel(reader, play.book)


async def everything(play: Play, begun: int) -> None:
    """The year is over: all there is. ``begun``: so many branches have a new project."""
    book, size = play.book, play.size
    lines = book.standing()
    keys, best = (sum(li.grade == "A" for li in lines), sum(li.outstanding for li in lines))
    assert (len(lines), keys, best) == (size.branches, size.keys, size.outstanding)
    today, old = date(YEAR + 1, 1, 6), str(YEAR)
    async with play.reader("dj") as reader:
        spread = book.distribution(today)
        await ledger(play, reader, "distribution", "项目分布明细表", spread, of=old)
        await ledger(play, reader, "adjustment", "动态调整表", book.adjustment())
        await ledger(play, reader, "promotion", "晋级申报表", book.promotion())
        await ledger(play, reader, "score", "双向打分", book.score(), of=old)
        assert sorted(book.issues) == [1, 2, 3, 4, 5, 6]
        for issue in book.issues.values():
            await sheet(play, reader, issue)
        await wall(play, reader, None)
        await funnel(reader, book)
        await year_on_year(reader, lines, begun)
        await rates(reader, lines)
        await album(reader, [line for line in lines if line.outstanding], lines)


# Ledgers


async def ledger(
    play: Play, reader: Reader, key: str, name: str, expected: Table, of: str = ""
) -> None:
    """All rows of a ledger on each face; the order is the product's, the same everywhere."""
    faces = await reader.ledger(key, of)
    head, *rows = faces["Excel"]
    assert head == expected[0], name
    same(name, sorted(rows), sorted(expected[1:]))
    for face, found in faces.items():
        wanted = tight(faces["Excel"]) if face == "PDF" else faces["Excel"]
        same(f"{name}, {face}", found, wanted)
    said = (await play.say("dj", f"/台账 {name} {of}")).split("\n")
    count = min(len(rows), SHOWN)
    assert said[0] == f"**{name}**（共 {len(rows)} 行，先看 {count} 行）"
    near = [" · ".join(row[at] for at in _near(key) if row[at]) for row in rows[:count]]
    same(f"{name}, chat", said[1 : count + 1], [f"> {line}" for line in near])


def _near(key: str) -> Sequence[int]:
    """Where the five columns stand that are shown in chat."""
    columns = catalogue().ledgers[key].columns
    return [at for at, column in enumerate(columns) if not column.wide][:5]


# 双月公开单


async def sheet(play: Play, reader: Reader, issue: Issue) -> None:
    """One issue: as ledger, in chat, as page, as Word and PDF."""
    expected = play.book.sheet(issue.issue)
    await ledger(play, reader, "publicity", "双月公开单", expected, of=issue.number)
    said = (await play.say("dj", f"/公开单 {issue.number}")).split("\n")
    same(issue.title, said[: len(_told(issue))], _told(issue))
    await _sheet_page(reader, issue, list(play.book.issues.values()))
    await _sheet_paper(reader, issue)


def _told(issue: Issue) -> list[str]:
    """What stands in the chat, down to the rule."""
    having = sum(bool(row.project) for row in issue.rows)
    at = f"{issue.at.month}月{issue.at.day}日 {issue.at:%H:%M}"
    counts = [issue.count(one) for one, _ in LIGHTS]
    lines = [
        f"**{issue.title}**",
        f"数据截至 {at}，{len(issue.rows)} 个支部、{having} 个项目",
        "正常推进 {}，偏慢 {}，滞后 {}，没有进展数据 {}".format(*counts),
    ]
    for word, named in (("领先", issue.best), ("滞后", issue.worst)):
        told = [(kind, "、".join(map(_points, named(kind)))) for kind in KINDS]
        lines += [f"{word}（{kind}）：{names}" for kind, names in told if names]
    return lines + [f"> 更正：{said}" for _, said in issue.notes]


def _points(row: Row) -> str:
    if row.ahead is None:
        return f"{row.line.branch} 无进展"
    return f"{row.line.branch} {'+' if row.ahead >= 0 else '−'}{abs(row.ahead):.1f}"


async def _sheet_page(reader: Reader, issue: Issue, every: Sequence[Issue]) -> None:
    html = await reader.page(f"/board/publicity?number={issue.number}")
    assert issue.title in html
    assert all(said in html for _, said in issue.notes)
    assert figures(html) == {word: str(issue.count(one)) for one, word in LIGHTS}
    head = ["支部", "支部类型", "项目名称", "进度", "计划应到", "较计划", "未更新天数", "进展成效"]
    best = sorted((r for r in issue.rows if r.named == "领先"), key=lambda r: (-_ahead(r), _no(r)))
    worst = sorted((r for r in issue.rows if r.named == "滞后"), key=lambda r: (_ahead(r), _no(r)))
    behind = sorted(
        (r for r in issue.rows if r.light in ("yellow", "red")), key=lambda r: (_ahead(r), _no(r))
    )
    *tables, issues = html_tables(html)
    listed = [[one.number, one.title, "已发布"] for one in reversed(every)]
    same("issues", issues[1:], listed)
    for rows, table in zip((best, worst, behind), tables, strict=True):
        wanted = [_on_page(row) for row in rows] or [["暂无内容。"]]
        same(f"{issue.title}, page", table[:201], [head, *wanted][:201])


def _ahead(row: Row) -> Decimal:
    return Decimal(-100) if row.ahead is None else row.ahead


def _no(row: Row) -> int:
    return row.line.no


def _on_page(row: Row) -> list[str]:
    shown = " ".join(
        part for part in (percent(row.percent) or "—", LIGHT_WORDS.get(row.light)) if part
    )
    return [
        *(row.line.branch, row.line.type, row.project, shown, percent(row.planned)),
        *(signed(row.ahead), plain(row.silent), row.effect),
    ]


async def _sheet_paper(reader: Reader, issue: Issue) -> None:
    """Word and PDF hold the same words and the same table of all branches."""
    number = f"number={issue.number}"
    word = docx.Document(BytesIO(await reader.file(f"/paper/publicity.docx?{number}")))
    pdf = Pdf(await reader.file(f"/paper/publicity.pdf?{number}"))
    expected = [
        ["支部", "项目名称", "进度", "计划应到", "较计划", "未更新天数"],
        *(
            [
                *(row.line.branch, row.project or "未立项", percent(row.percent) or "—"),
                *(percent(row.planned) or "—", signed(row.ahead) or "—", plain(row.silent) or "—"),
            ]
            for row in issue.rows
        ),
    ]
    (table,), (printed,) = word_tables(word), pdf.tables
    same(f"{issue.title}, Word", table, expected)
    same(f"{issue.title}, PDF", printed, tight(expected))
    said = paragraphs(word)
    body = said[said.index("一、总体情况") : said.index("四、全部项目")]
    same(f"{issue.title}, words", body, _written(issue))
    run = _running(pdf)
    assert squeezed("".join(_written(issue))) in run, issue.title
    signed_on = f"{issue.at.year}年{issue.at.month}月{issue.at.day}日"
    assert said[-2:] == [f"{COMPANY}党建部", signed_on]
    assert run.endswith(f"{COMPANY}党建部{signed_on}")


def _running(pdf: Pdf) -> str:
    """The words of all pages without the numbers below them."""
    return "".join(re.sub(r"—\d+—$", "", page) for page in pdf.pages)


def _written(issue: Issue) -> list[str]:
    """The first parts of the paper."""
    having = [row for row in issue.rows if row.project]
    at = f"{issue.at.month}月{issue.at.day}日 {issue.at:%H:%M}"
    counts = [issue.count(one) for one, _ in LIGHTS]
    whole = (
        f"数据截至{at}。全部 {len(issue.rows)} 个党支部立项 {len(having)} 个，其中重点项目"
        f" {sum(row.grade == 'A' for row in having)} 个。正常推进 {counts[0]} 个，进度偏慢"
        f" {counts[1]} 个，进度滞后 {counts[2]} 个，没有进展数据 {counts[3]} 个。"
    )
    lines = ["一、总体情况", whole]
    for heading, named in (("二、领先支部", issue.best), ("三、滞后支部", issue.worst)):
        rows = [row for kind in KINDS for row in named(kind)]
        lines += [heading, *(map(_sentence, rows) if rows else ["本期没有。"])]
    if issue.notes:
        notes = [f"{at}．{said}" for at, (_, said) in enumerate(issue.notes, 1)]
        lines += ["更正", *notes]
    return lines


def _sentence(row: Row) -> str:
    who = f"{row.line.branch}（{row.line.type}）。《{row.line.name}》"
    if row.percent is None or row.ahead is None:
        return f"{who}立项以来没有报送过进展，已 {row.silent} 天。"
    effect = f"{row.effect}。"
    if row.named == "滞后" and row.light != "red":
        return f"{who}进度 {percent(row.percent)}，已 {row.silent} 天没有更新。{effect}"
    way = "快" if row.named == "领先" else "慢"
    points = plain(abs(row.ahead))
    return f"{who}进度 {percent(row.percent)}，比序时进度{way} {points} 个点。{effect}"
