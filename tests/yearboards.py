"""The boards and the book of the year of projects, held against the clerk's book."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Final, NamedTuple

import docx

from handlers.catalogue import catalogue
from tests.clerk import HOMES, YEAR, Book, Line, light, percent, share
from tests.faces import Reader, html_tables, paragraphs, same, tight, word_tables, words_of
from tests.pdf import Pdf, Table, squeezed
from tests.projectyear import Play
from tests.visitor import figures


async def wall(play: Play, reader: Reader, day: date | None) -> None:
    """挂图作战 as page, on the screen and as a picture; ``day`` None: when all is over."""
    lines = play.book.standing()
    lines.sort(key=lambda line: bool(line.number))  # those without a project stand out
    tiles = {home: [_tile(li, day) for li in lines if li.home == home] for home in HOMES}
    for path in ("board", "wall"):
        html = await reader.page(f"/{path}/wall?year={YEAR}")
        found = dict[str, list[tuple[str, str]]]()
        for title, block in re.findall(
            r"<h2>(.*?)</h2>.*?<ul class=\"wall\">(.*?)</ul>", html, re.DOTALL
        ):
            slide = re.findall(r"<li class=\"(\w*)\">(.*?)</li>", block, re.DOTALL)
            found.setdefault(title, []).extend(slide)  # a screen shows many tiles in turn
        for home, wanted in tiles.items():
            read = [
                (colour, *_parts(tile)) for colour, tile in found.pop(f"{home}（{len(wanted)}）")
            ]
            same(f"{path} {home}", read, wanted)
        assert not found
    poster = play.look("dj", lambda ctx: catalogue().pictures["wall"](ctx, {"year": str(YEAR)}))
    drawn = [(tile.light, tile.title, tile.value) for one in poster.blocks for tile in one.tiles]
    same("picture", drawn, [tile[:3] for wanted in tiles.values() for tile in wanted])
    picture = await reader.file(f"/board/wall.png?year={YEAR}")
    assert picture.startswith(b"\x89PNG")


def _tile(line: Line, day: date | None) -> tuple[str, str, str, str]:
    """Colour, branch, percent, and the small line below."""
    if not line.number:
        return ("", line.branch, "未立项", "")
    stage = "" if line.stage == "实施" else f" {line.stage}"
    note = f"{line.grade}级{stage} {line.name}"
    if not line.reports:
        return ("", line.branch, "—", note)
    done = line.reports[-1].percent
    colour = "green" if day is None else light(done - line.planned(day))
    return (colour, line.branch, percent(done), note)


def _parts(tile: str) -> tuple[str, str, str]:
    def of(tag: str) -> str:
        found = re.search(rf"<{tag}[^>]*>([^<]*)<", tile)
        return words_of(found[1]) if found else ""

    return of("b"), of('span class="value"'), of("small")


class Count(NamedTuple):
    """How many branches there are, with a project, with a key project, with an outstanding one.

    ``ended``: how many projects are concluded.
    """

    branches: int
    projects: int
    keys: int
    best: int
    ended: int


def _counted(lines: Sequence[Line]) -> Count:
    return Count(
        len(lines),
        sum(bool(line.number) for line in lines),
        sum(line.grade == "A" for line in lines),
        sum(line.outstanding for line in lines),
        sum(line.stage == "结项" for line in lines),
    )


async def funnel(reader: Reader, book: Book) -> None:
    """支部, 立项, 重点, 突出贡献 with their shares, who has no project, who never applied."""
    lines = book.standing()
    html = await reader.page(f"/board/funnel?year={YEAR}")
    all_ = _counted(lines)
    names = ("党支部", "立项", "重点项目", "突出贡献")
    assert figures(html) == dict(zip(names, map(str, all_[:4]), strict=True))
    notes = re.findall(r'<dd class="why">(.*?)</dd>', html)
    assert notes == [
        f"占支部 {share(all_.projects, all_.branches)}",
        f"占支部 {share(all_.keys, all_.branches)}",
        f"占支部 {share(all_.best, all_.branches)}，占重点 {share(all_.best, all_.keys)}",
    ]
    by_unit, compared, without, never = html_tables(html)
    rows = [["单位", "党支部", "立项", "覆盖率", "重点项目", "重点占比", "突出贡献"]]
    for home in HOMES:
        mine = _counted([line for line in lines if line.home == home])
        covered, keys = share(mine.projects, mine.branches), share(mine.keys, mine.branches)
        counts = (str(mine.branches), str(mine.projects), covered, str(mine.keys), keys)
        rows.append([home, *counts, str(mine.best)])
    same("funnel", by_unit, rows)
    same("compared", compared[1:], _compared(None, all_))
    bare = [[line.branch] for line in lines if not line.number]
    same("without", without, [["支部"], *(bare or [["暂无内容。"]])])
    asked = {one.line.no for one in book.applied}
    wanted = [
        [li.branch, li.name, li.grade]
        for li in lines
        if li.number and li.grade != "A" and li.no not in asked
    ]
    same("never applied", never[1:201], wanted[:200])


MEASURES: Final = (
    *("立项", "立项覆盖率", "重点项目", "重点占立项"),
    *("突出贡献", "突出贡献占立项", "已结项", "结项率"),
)


def _compared(before: Count | None, now: Count) -> list[list[str]]:
    """The rows of 和上一年比."""
    then = _measures(before) if before else ["—"] * len(MEASURES)
    rows = []
    for measure, earlier, later in zip(MEASURES, then, _measures(now), strict=True):
        change = f"{(_number(later) - _number(earlier)).normalize():+f}" if before else "—"
        rows.append([measure, earlier, later, change])
    return rows


def _measures(one: Count) -> list[str]:
    return [
        *(str(one.projects), share(one.projects, one.branches)),
        *(str(one.keys), share(one.keys, one.projects)),
        *(str(one.best), share(one.best, one.projects)),
        *(str(one.ended), share(one.ended, one.projects)),
    ]


def _number(value: str) -> Decimal:
    return Decimal(value.removesuffix("%"))


async def year_on_year(reader: Reader, lines: Sequence[Line], begun: int) -> None:
    """The new year beside the old one."""
    html = await reader.page(f"/board/funnel?year={YEAR + 1}")
    compared = html_tables(html)[1]
    assert compared[0] == ["项", f"{YEAR} 年度", f"{YEAR + 1} 年度", "增减"]
    new = Count(len(lines), begun, 0, 0, 0)
    same("year on year", compared[1:], _compared(_counted(lines), new))
    assert figures(html)["立项"] == str(begun)


async def rates(reader: Reader, lines: Sequence[Line]) -> None:
    """突出贡献项目率: each unit, the best first, and all together."""
    (table,) = html_tables(await reader.page(f"/board/contribution?year={YEAR}"))
    rows = []
    for home in HOMES:
        mine = _counted([line for line in lines if line.home == home])
        rows.append([home, str(mine.best), str(mine.projects), share(mine.best, mine.projects)])
    rows.sort(key=lambda row: (-_number(row[3]), row[0]))
    all_ = _counted(lines)
    last = ["合计", str(all_.best), str(all_.projects), share(all_.best, all_.projects)]
    head = ["单位", "突出贡献", "实施和结项的项目数", "突出贡献项目率"]
    same("rates", table, [head, *rows, last])


# 卓越实践项目集


async def album(reader: Reader, best: Sequence[Line], lines: Sequence[Line]) -> None:
    """The book as page, as Word and as PDF: each project with its four parts, on its own page."""
    chapters = sorted(best, key=lambda line: (line.place, line.no))
    (table,) = html_tables(await reader.page(f"/board/album?year={YEAR}"))
    rows = [[line.branch, line.name, "合格率 91.2 → 97.8 %", str(line.mean)] for line in chapters]
    same("album, page", table, [["支部", "项目名称", "指标", "评审均分"], *rows])
    word = docx.Document(BytesIO(await reader.file(f"/paper/album.docx?year={YEAR}")))
    titles = ["编者的话", *(f"{at}　{li.name}" for at, li in enumerate(chapters, 1))]
    said = paragraphs(word)
    contents = said.index("目　　录")
    same("album, contents", said[contents + 1 : contents + 1 + len(titles)], titles)
    body = said[contents + 1 + len(titles) :]
    written = [
        *_preface(best, lines),
        *(part for at, li in enumerate(chapters, 1) for part in _chapter(at, li)),
    ]
    same("album, Word", body, written)
    tables = [_by_unit(lines), *(grid for li in chapters for grid in _grids(li))]
    same("album, tables", word_tables(word), tables)
    pdf = Pdf(await reader.file(f"/paper/album.pdf?year={YEAR}"))
    same("album, PDF", pdf.tables, [tight(table) for table in tables])
    _bound(pdf, titles, chapters)


def _bound(pdf: Pdf, titles: Sequence[str], chapters: Sequence[Line]) -> None:
    """Each title stands on the page that the contents say, with its words; pages are numbered."""
    count = len(pdf.pages)
    for at, page in enumerate(pdf.pages[1:], 2):
        assert page.endswith(f"第{at}页，共{count}页"), at
    listed = "".join(page for page in pdf.pages[1:] if "....." in page)
    read = _entries(re.sub(r"第\d+页，共\d+页", "", listed).removeprefix("目录"), titles)
    for title, number in zip(titles, read, strict=True):
        assert pdf.pages[number - 1].startswith(squeezed(title)), (title, number)
    for line, number in zip(chapters, read[1:], strict=True):
        page = pdf.pages[number - 1]
        for words in (f"{line.no}个台区长期不达标，责任不明", f"{line.no}号党员包保"):
            assert words in page, (line.name, words)
        assert f"{line.no}号合格率提高6.6个点" in page


def _entries(contents: str, titles: Sequence[str]) -> list[int]:
    """The page numbers of the contents, title by title."""
    numbers = []
    for title, after in zip(titles, [*titles[1:], ""], strict=True):
        start = squeezed(title)
        assert contents.startswith(start), (title, contents[:80])
        rest = contents.removeprefix(start)
        end = rest.index(squeezed(after)) if after else len(rest)
        numbers.append(int(re.sub(r"\D", "", rest[:end])))
        contents = rest[end:]
    return numbers


def _preface(best: Sequence[Line], lines: Sequence[Line]) -> list[str]:
    all_ = _counted(lines)
    part = share(len(best), all_.branches)
    whole = (
        f"{YEAR} 年度，{all_.branches} 个党支部立项 {all_.projects} 个，"
        f"列入重点项目 {all_.keys} 个。"
        f"经专业部门和党建部双向打分，{len(best)} 个项目成为突出贡献项目，占党支部总数的 {part}。"
    )
    parts = (
        "本书按单位收录全部突出贡献项目，每个项目写清解决的问题、支撑的指标、党建载体与做法、"
        "取得的成效，供各支部学习借鉴。"
    )
    return ["编者的话", whole, parts, "各单位突出贡献项目"]


def _by_unit(lines: Sequence[Line]) -> Table:
    rows = [["单位", "党支部", "立项", "重点项目", "突出贡献", "占立项"]]
    for home in HOMES:
        mine = _counted([line for line in lines if line.home == home])
        rows.append([home, *map(str, mine[:4]), share(mine.best, mine.projects)])
    return rows


def _chapter(at: int, line: Line) -> list[str]:
    return [
        f"{at}　{line.name}",
        "一、解决的问题",
        f"{line.no}个台区长期不达标，责任不明",
        "二、支撑的指标",
        "数据来源：营销系统月报。",
        "三、党建载体与做法",
        f"{line.no}号党员包保",
        "四、取得的成效",
        f"{line.no}号合格率提高 6.6 个点",
    ]


def _grids(line: Line) -> list[Table]:
    business, party = line.scores or (0, 0)
    reached = "达到目标" if Decimal("97.8") >= Decimal(line.target) else "未达到目标"
    return [
        [
            ["支部", line.branch],
            ["负责人", f"书记{line.no}"],
            ["攻坚队", f"骨干：党员{line.no}"],
            ["方向", "安全质量 · 供电服务"],
            ["双向打分", f"支撑作用 {business} 分，载体作用 {party} 分；评审均分 {line.mean}"],
        ],
        [
            ["指标", "单位", "基线", "目标", "实际完成"],
            ["合格率", "%", "91.2", line.target, f"97.8 %（{reached}）"],
        ],
    ]
