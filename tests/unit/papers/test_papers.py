"""Papers as Word and PDF: the layout of GB/T 9704, and every word of the plan as it was written."""

import re
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from docx import Document
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.papers.pdf import pages, write_pdf
from bot.papers.setting import document_number, signature, title_lines
from bot.papers.word import write_word
from handlers.paper import Grid, Layout, Paper, Para
from tests.pdf import Pdf
from tests.unit.papers.papers import book, notice, sheet

STATM = Path("/proc/self/statm")
AT = datetime(2026, 9, 5, 1, 0, tzinfo=UTC)
NASTY = "甲\x00乙\x0b\ud800丙 #panic() $x$ <w:p/> & *a* @b ]]> \\ =1+1"


def opened(paper: Paper) -> Any:
    return Document(BytesIO(write_word(paper, AT)))


def xml(paper: Paper, part: str) -> str:
    with ZipFile(BytesIO(write_word(paper, AT))) as archive:
        return archive.read(f"word/{part}.xml").decode()


def twips(millimetres: float) -> int:
    return round(millimetres / 25.4 * 1440)


def test_the_official_page_is_the_standards() -> None:
    page = opened(notice()).sections[0]._sectPr
    margins = page.find(qn("w:pgMar"))
    for side, millimetres in (("top", 37), ("left", 28), ("right", 26), ("bottom", 35)):
        assert abs(int(margins.get(qn(f"w:{side}"))) - twips(millimetres)) <= 1
    assert page.find(qn("w:pgSz")).get(qn("w:w")) == str(twips(210))
    grid = page.find(qn("w:docGrid"))
    # 22 lines in 225 mm, 28 characters in 156 mm, each a little closer than its 16 points.
    assert int(grid.get(qn("w:linePitch"))) == int(225 / 25.4 * 1440 / 22)
    assert int(grid.get(qn("w:charSpace"))) == int((156 / 25.4 * 72 / 28 - 16) * 4096)


def test_twenty_eight_characters_fill_a_line_and_twenty_two_lines_a_page() -> None:
    normal = opened(notice()).styles["Normal"].element
    apart = int(normal.rPr.find(qn("w:spacing")).get(qn("w:val")))
    assert 27.9 * (16 * 20 + apart) < twips(156) < 28.1 * (16 * 20 + apart)
    assert 28 * (16 * 20 + apart) <= twips(156)
    spacing = normal.pPr.find(qn("w:spacing"))
    assert spacing.get(qn("w:lineRule")) == "exact"
    assert 22 * int(spacing.get(qn("w:line"))) <= twips(225) < 23 * int(spacing.get(qn("w:line")))


def test_every_run_names_its_chinese_typeface() -> None:
    document = opened(notice())
    faces = {}
    for paragraph in document.paragraphs:
        for run in paragraph.runs:
            fonts = run._r.find(f"{qn('w:rPr')}/{qn('w:rFonts')}")
            style = paragraph.style.element.rPr.find(qn("w:rFonts"))
            face = (fonts if fonts is not None else style).get(qn("w:eastAsia"))
            assert face
            faces[paragraph.text[:4]] = (face, run.font.size and run.font.size.pt)
    assert faces["关于城南"] == ("方正小标宋简体", 22)
    assert faces["一、存在"][0] == "黑体"
    assert faces["（一）组"][0] == "楷体_GB2312"
    assert faces["根据20"][0] == "仿宋_GB2312"
    assert "Theme" not in " ".join(re.findall(r"<w:rFonts[^>]*>", xml(notice(), "document")))


def test_number_addressee_and_signature_stand_where_they_belong() -> None:
    lines = [p for p in opened(notice()).paragraphs if p.text]
    assert lines[0].text == "泉电党整〔2026〕7号"
    assert [p.text for p in lines[1:4]] == [
        "关于城南供电所党支部标准化建设",
        "交叉互查发现问题的整改通知书",
        "城南供电所党支部：",
    ]
    assert [p.text for p in lines[-3:]] == [
        "泉江供电公司党委党建工作部",
        "2026年9月5日",
        "抄送：公司党委书记、检查组",
    ]


def test_page_numbers_are_odd_right_even_left() -> None:
    document = opened(notice())
    assert document.settings.odd_and_even_pages_header_footer
    section = document.sections[0]
    odd, even = section.footer.paragraphs[0], section.even_page_footer.paragraphs[0]
    assert (int(odd.alignment or 0), int(even.alignment or 0)) == (2, 0)
    for footer in (odd, even):
        assert "".join(run.text for run in footer.runs).replace(" ", "") == "—1—"
        assert "PAGE" in footer._p.xml
    assert section.header.paragraphs[0].text == section.even_page_header.paragraphs[0].text
    assert section.header.paragraphs[0].text == "待签发"


@pytest.mark.parametrize(
    ("issuer", "issuer_right", "day_right"),
    [
        ("党建部", 5.5, 4.0),  # three characters centred over the six of the date
        ("泉江供电公司党委党建工作部", 2.0, 5.5),  # thirteen: the date is centred below them
    ],
)
def test_the_issuer_is_centred_over_the_date(
    issuer: str, issuer_right: float, day_right: float
) -> None:
    signed = signature(notice(issuer=issuer))
    assert signed is not None
    assert (signed.issuer_right, signed.day_right) == (issuer_right, day_right)


@pytest.mark.parametrize(
    "typed",
    ["泉电党整[2026]7号", "泉电党整（2026）7号", "泉电党整【2026】7号", "泉电党整〔2026〕7号"],
)
def test_the_year_stands_in_tortoise_shell_brackets(typed: str) -> None:
    assert document_number(typed) == "泉电党整〔2026〕7号"


@given(st.text(alphabet="关于印发党支部考评细则的通知第三季度，。AB12", min_size=1, max_size=70))
def test_no_word_of_a_title_is_lost(title: str) -> None:
    lines = title_lines(title)
    assert "".join(lines) == title
    assert len(lines) <= len(title) // 10 + 2


@pytest.mark.parametrize("write", [write_word, write_pdf])
@pytest.mark.parametrize("layout", list(Layout))
def test_an_almost_empty_plan_is_still_a_paper(write: Any, layout: Layout) -> None:
    assert write(Paper(title="", body=(), layout=layout), AT)
    grid = Grid((), (("一", "二"), ("三",)))
    assert write(Paper(title="表", body=(grid, Grid((), ()), Para("")), layout=layout), AT)


def test_nothing_typed_becomes_markup() -> None:
    paper = notice(
        title=NASTY, addressee=NASTY, issuer=NASTY, copies=NASTY, body=(Para(NASTY, bold=NASTY),)
    )
    text = "\n".join(p.text for p in opened(paper).paragraphs)
    assert text.count("甲乙丙 #panic() $x$ <w:p/> & *a* @b ]]> \\ =1+1") >= 4
    assert write_pdf(paper, AT).startswith(b"%PDF-")


@settings(max_examples=20, deadline=None)
@given(st.text(max_size=60))
def test_any_text_can_be_printed(text: str) -> None:
    paper = Paper(title=text, body=(Para(text), Grid((text,), ((text,),))), subtitle=text)
    assert write_word(paper, AT)
    assert write_pdf(paper, AT)


def test_a_book_has_contents_and_a_sheet_repeats_its_head() -> None:
    document = xml(book(), "document")
    assert 'TOC \\o "1-1"' in document
    assert document.count("1. 城南供电所党支部") == 2  # among the contents, and over the chapter
    assert "updateFields" in xml(book(), "settings")
    table = opened(sheet()).tables[0]
    assert len(table._tbl.findall(qn("w:tr"))) == 61
    assert table._tbl.tr_lst[0].trPr.find(qn("w:tblHeader")) is not None
    size = opened(sheet()).sections[0]
    assert size.page_width > size.page_height


def test_the_printed_pages_hold_the_grid() -> None:
    made = [Image.open(BytesIO(page)) for page in pages(notice(mark=""), AT)]
    assert len(made) == 2
    first = made[0].convert("L")
    scale = first.width / 210
    ink = first.point(lambda shade: 255 if shade < 128 else 0)
    left, top, right, bottom = ink.getbbox() or (0, 0, 0, 0)
    assert abs(left / scale - 28) < 1.5
    assert abs(right / scale - (210 - 26)) < 1.5
    assert top / scale > 36
    assert bottom / scale < 297 - 20  # the page number stands below the text block


def test_a_thousand_rows_do_not_take_for_ever() -> None:
    data = write_word(sheet(1000), AT)
    assert len(Document(BytesIO(data)).tables[0]._tbl.tr_lst) == 1001


def test_a_row_stays_on_one_page_unless_it_fills_one() -> None:
    rows = [(f"第{n}行" + "，很长" * (7 * n % 40), f"第{n}行完") for n in range(90)]
    rows[50] = (f"第50行{'，没有页装得下' * 250}", "第50行完")
    plan = Paper(title="表", body=(Grid(("甲", "乙"), rows, (30, 70)),), layout=Layout.SHEET)
    read = Pdf(write_pdf(plan, AT))
    assert read.tables == [[["甲", "乙"], *map(list, rows)]]
    assert len(read.pages) > 5
    broken = [row[1] for row in rows if not any("".join(row) in page for page in read.pages)]
    assert broken == ["第50行完"]


@pytest.mark.long
@pytest.mark.skipif(not STATM.exists(), reason="asks Linux how much memory is taken")
def test_many_papers_take_no_more_memory_than_two() -> None:
    def taken() -> int:
        return int(STATM.read_text().split()[1])

    pages_taken = []
    for number in range(8):
        rows = [tuple(f"{number}、{row}、{n}" for n in range(12)) for row in range(305)]
        grid = Grid(tuple(map(str, range(12))), rows)
        write_pdf(Paper(title="表", body=(grid,), layout=Layout.SHEET), AT)
        pages_taken.append(taken())
    assert pages_taken[-1] < 1.15 * pages_taken[1]


def test_the_pdf_says_what_it_is() -> None:
    data = write_pdf(notice(), AT)
    assert data.startswith(b"%PDF-")
    assert data == write_pdf(notice(), AT)
