"""The boards and the book of the year of projects, held against the clerk's book."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Final

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
    tiles = {home: [_tile(li, day) for li in lines if li.home == home] for home in HOMES}
    for path in ("board", "wall"):
        html = await reader.page(f"/{path}/wall?year={YEAR}")
        found = {}
        for title, block in re.findall(
            r"<h2>(.*?)</h2>.*?<ul class=\"wall\">(.*?)</ul>", html, re.DOTALL
        ):
            found[title] = re.findall(r"<li class=\"(\w*)\">(.*?)</li>", block, re.DOTALL)
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


async def funnel(reader: Reader, book: Book) -> None:
    """支部, 立项, 重点, 突出贡献 with their shares, and who never applied."""
    lines = book.standing()
    html = await reader.page(f"/board/funnel?year={YEAR}")
    count, keys, best = _counted(lines)
    read = figures(html)
    names = ("党支部", "立项", "重点项目", "突出贡献")
    assert read == dict(zip(names, map(str, (count, count, keys, best)), strict=True))
    notes = re.findall(r'<dd class="why">(.*?)</dd>', html)
    of_all, of_keys = share(best, count), share(best, keys)
    assert notes == [
        "占支部 100%",
        f"占支部 {share(keys, count)}",
        f"占支部 {of_all}，占重点 {of_keys}",
    ]
    by_unit, compared, without, never = html_tables(html)
    head = ["单位", "党支部", "立项", "覆盖率", "重点项目", "重点占比", "突出贡献"]
    rows = []
    for home in HOMES:
        count, keys, best = _counted([line for line in lines if line.home == home])
        part = share(keys, count)
        rows.append([home, str(count), str(count), "100%", str(keys), part, str(best)])
    same("funnel", by_unit, [head, *rows])
    same("compared", compared[1:], _compared(None, lines, lines))
    assert len(without) == 2  # the head, and that there are none
    asked = {one.line.no for one in book.applied}
    wanted = [
        [li.branch, li.name, li.grade] for li in lines if li.grade != "A" and li.no not in asked
    ]
    same("never applied", never[1:201], wanted[:200])


def _counted(lines: Sequence[Line]) -> tuple[int, int, int]:
    return (
        len(lines),
        sum(line.grade == "A" for line in lines),
        sum(line.outstanding for line in lines),
    )


MEASURES: Final = (
    *("立项", "立项覆盖率", "重点项目", "重点占立项"),
    *("突出贡献", "突出贡献占立项", "已结项", "结项率"),
)


def _compared(
    before: Sequence[Line] | None,
    now: Sequence[Line] | None,
    branches: Sequence[Line],
    begun: int = 0,
) -> list[list[str]]:
    """The rows of 和上一年比: a year of the clerk's, or ``begun`` projects that just began."""
    columns = []
    for lines in (before, now):
        if lines is not None:
            count, keys, best = _counted(lines)
            parts = [count, share(count, len(branches)), keys, share(keys, count)]
            columns.append([*parts, best, share(best, count), count, "100%"])
        elif begun:
            columns.append([begun, share(begun, len(branches)), 0, "0%", 0, "0%", 0, "0%"])
        else:
            columns.append(["—"] * len(MEASURES))
    rows = []
    for measure, then, later in zip(MEASURES, *columns, strict=True):
        known = "—" not in (then, later)
        change = _number(later) - _number(then) if known else None
        rows.append([measure, str(then), str(later), "—" if change is None else _change(change)])
    return rows


def _number(value: object) -> Decimal:
    return Decimal(str(value).removesuffix("%"))


def _change(value: Decimal) -> str:
    return f"{value.normalize():+f}"


async def year_on_year(reader: Reader, lines: Sequence[Line], begun: int) -> None:
    """The new year beside the old one."""
    html = await reader.page(f"/board/funnel?year={YEAR + 1}")
    compared = html_tables(html)[1]
    assert compared[0] == ["项", f"{YEAR} 年度", f"{YEAR + 1} 年度", "增减"]
    same("year on year", compared[1:], _compared(lines, None, lines, begun))
    assert figures(html)["立项"] == str(begun)


async def rates(reader: Reader, lines: Sequence[Line]) -> None:
    """突出贡献项目率: each unit, the best first, and all together."""
    (table,) = html_tables(await reader.page(f"/board/contribution?year={YEAR}"))
    found = []
    for home in HOMES:
        count, _, best = _counted([line for line in lines if line.home == home])
        found.append((Decimal(best) / count, home, best, count))
    found.sort(key=lambda row: (-_number(share(row[2], row[3])), row[1]))
    count, _, best = _counted(lines)
    same(
        "rates",
        table,
        [
            ["单位", "突出贡献", "实施和结项的项目数", "突出贡献项目率"],
            *([home, str(few), str(many), share(few, many)] for _, home, few, many in found),
            ["合计", str(best), str(count), share(best, count)],
        ],
    )


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
    count, keys, _ = _counted(lines)
    part = share(len(best), count)
    whole = (
        f"{YEAR} 年度，{count} 个党支部立项 {count} 个，列入重点项目 {keys} 个。"
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
        count, keys, best = _counted([line for line in lines if line.home == home])
        rows.append([home, *map(str, (count, count, keys, best)), share(best, count)])
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
