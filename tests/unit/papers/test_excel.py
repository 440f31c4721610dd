"""Workbooks, read back with another library: typed, printable, and nothing in them runs."""

import itertools
import tracemalloc
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

from bot.papers import excel
from bot.papers.excel import Sheet, write_workbook
from config.texts import t
from handlers.spec import Kind
from models.errors import UserError
from models.unit import BranchType

SHANGHAI = ZoneInfo("Asia/Shanghai")
REPORTED = datetime(2026, 11, 20, 16, 30, 5, 250_000, tzinfo=UTC)  # the 21st in Shanghai
HEADINGS = ("编号", "支部", "类型", "进度", "说明", "件数", "时间", "日期")
KINDS = (
    Kind.TEXT,
    Kind.TEXT,
    Kind.WORD,
    Kind.PERCENT,
    Kind.TEXT,
    Kind.NUMBER,
    Kind.TIME,
    Kind.DATE,
)
WIDTHS = (16, 34, 12, 8, 50, 8, 18, 12)
ROW = (
    "JZ-2026-0001",
    "城南供电所党支部",
    BranchType.SERVICE,
    Decimal("60.00"),
    "完成配变轮换，\r\n下周消缺",
    3,
    REPORTED,
    date(2026, 11, 21),
)
ABOUT = (("口径", "以本周五 24 时为准"), ("制表人", "张燊垚"))


def sheet(rows: Iterable[tuple[Any, ...]], **more: Any) -> Sheet:
    """The ledger 进展 with the given rows."""
    base = Sheet(
        title="进展",
        headings=HEADINGS,
        kinds=KINDS,
        widths=WIDTHS,
        rows=rows,
        about=ABOUT,
        zone=SHANGHAI,
        made_at=REPORTED,
    )
    return replace(base, **more)


def column(kind: Kind, *values: Any, width: int = 16) -> Sheet:
    """A ledger of one column."""
    rows = [(value,) for value in values]
    return sheet(rows, headings=("值",), kinds=(kind,), widths=(width,))


def book(plan: Sheet) -> Workbook:
    return load_workbook(BytesIO(write_workbook(plan)))


def page(plan: Sheet) -> Worksheet:
    """The first sheet of what was written."""
    first = book(plan).worksheets[0]
    assert isinstance(first, Worksheet)
    return first


def cells(kind: Kind, *values: Any) -> list[Any]:
    """The cells below the heading of a ledger of one column."""
    return [cell for (cell,) in page(column(kind, *values)).iter_rows(min_row=2)]


def test_the_first_row_is_the_header_and_the_rest_are_typed_values() -> None:
    table = page(sheet([ROW]))
    assert [cell.value for cell in table[1]] == list(HEADINGS)
    assert [cell.value for cell in table[2]] == [
        "JZ-2026-0001",
        "城南供电所党支部",
        "生产服务型",
        60,
        "完成配变轮换，\n下周消缺",
        3,
        datetime(2026, 11, 21, 0, 30, 5),  # noqa: DTZ001  (Excel knows no zones)
        datetime(2026, 11, 21),  # noqa: DTZ001
    ]
    assert table.max_row == 2


def test_the_import_reader_reads_it_as_well() -> None:
    rows = CalamineWorkbook.from_filelike(BytesIO(write_workbook(sheet([ROW]))))
    header, line = rows.get_sheet_by_index(0).to_python()
    assert tuple(header) == HEADINGS
    assert line[3] == 60
    assert line[7] == date(2026, 11, 21)


def test_a_percent_keeps_its_value_and_shows_its_sign() -> None:
    whole, part = cells(Kind.PERCENT, Decimal(60), Decimal("85.5"))
    assert (whole.value, whole.number_format) == (60, '0"%"')
    assert (part.value, part.number_format) == (85.5, '0.0#"%"')


def test_days_and_moments_are_date_cells() -> None:
    (day,) = cells(Kind.DATE, date(2026, 11, 21))
    assert (day.is_date, day.number_format) == (True, "yyyy-mm-dd")
    (moment,) = cells(Kind.TIME, REPORTED)
    assert (moment.is_date, moment.number_format) == (True, "yyyy-mm-dd hh:mm")
    (cut,) = cells(Kind.DATE, REPORTED)
    assert cut.value == datetime(2026, 11, 21)  # noqa: DTZ001


def test_days_that_excel_miscounts_are_text() -> None:
    (old,) = cells(Kind.DATE, date(1900, 2, 28))
    assert old.value == "1900-02-28"


def test_a_moment_without_a_zone_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        write_workbook(column(Kind.TIME, REPORTED.replace(tzinfo=None)))


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "@SUM(A1)",
        "-2",
        "00123",
        "1e5",
        "http://example.com/?a=1&b=2",
        "mailto:a@b.c",
        "internal:Sheet1!A1",
        "{=A1}",
        "<r>",
        "<r></r>",
        '<r><t>x</t></r></is></c><c r="C2"><f>1+1</f></c><c r="D2" t="inlineStr"><is><r></r>',
        "_x0041_",
        "&amp; <b>",
        " 前后有空格 ",
    ],
)
def test_text_stays_text(text: str) -> None:
    data = write_workbook(column(Kind.TEXT, text))
    table = load_workbook(BytesIO(data)).worksheets[0]
    (cell,) = table[2]
    assert (cell.data_type, cell.hyperlink) == ("s", None)
    assert str(cell.value).replace("_x005F", "") == text  # openpyxl leaves this escape in
    assert (table.max_row, table.max_column) == (2, 1)
    with ZipFile(BytesIO(data)) as parts:
        assert b"<f>" not in b"".join(parts.read(name) for name in parts.namelist())


@pytest.mark.parametrize("kind", list(Kind))
def test_text_stays_text_in_columns_of_every_kind(kind: Kind) -> None:
    assert [cell.value for cell in cells(kind, "=1+1", "2026-11-21", "60%")] == [
        "=1+1",
        "2026-11-21",
        "60%",
    ]


def test_headings_and_notes_cannot_carry_formulas_either() -> None:
    plan = replace(column(Kind.TEXT, "x"), headings=("=1+1",), about=(("=1", "=cmd()"),))
    table, about = book(plan).worksheets
    found = (table["A1"], about["A1"], about["B1"])
    assert [(c.data_type, c.value) for c in found] == [("s", "=1+1"), ("s", "=1"), ("s", "=cmd()")]


def test_characters_that_break_a_file_are_left_out() -> None:
    (cell,) = cells(Kind.TEXT, "城\x00南\x0b供\x1f电\ufffe所\ud800")
    assert cell.value == "城南供电所"


def test_nothing_is_an_empty_cell() -> None:
    assert [cell.value for cell in cells(Kind.TEXT, None, "", "\x00", "末")] == [None] * 3 + ["末"]


@pytest.mark.parametrize(
    "number", [10**15, -(10**20), Decimal("NaN"), float("inf"), 10**400], ids=lambda n: str(n)[:9]
)
def test_numbers_that_excel_cannot_hold_are_text(number: float | Decimal) -> None:
    (cell,) = cells(Kind.NUMBER, number)
    assert cell.value == str(number)


def test_the_table_is_ready_to_be_read_and_printed() -> None:
    table = page(sheet([ROW, ROW]))
    assert table.freeze_panes == "A2"
    assert table.auto_filter.ref == "A1:H3"
    assert table["A1"].font.b
    assert table["A1"].fill.fgColor.rgb == "FFF2DCDB"
    assert table["A2"].border.left.style == table["H3"].border.bottom.style == "thin"
    assert [table.column_dimensions[c].width > 8 for c in "ABCDEFGH"] == [True] * 8
    assert table["E2"].alignment.wrap_text
    assert not table["A2"].alignment.wrap_text
    setup = table.page_setup
    assert (setup.orientation, setup.paperSize) == ("landscape", 9)
    assert (setup.fitToWidth or 1, setup.fitToHeight) == (1, 0)
    assert table.print_title_rows == "$1:$1"
    foot = table.oddFooter
    assert foot.left.text == "进展 制表人 张燊垚"  # type: ignore[union-attr]  # the stubs allow no footer
    assert foot.right.text == "第 &P 页，共 &N 页"  # type: ignore[union-attr]  # as above


def test_an_empty_ledger_still_has_its_header() -> None:
    table = page(sheet([]))
    assert [cell.value for cell in table[1]] == list(HEADINGS)
    assert table.auto_filter.ref == "A1:H1"


def test_the_second_sheet_says_what_the_table_is() -> None:
    about = book(sheet([ROW])).worksheets[1]
    assert about.title == "说明"
    assert [tuple(cell.value for cell in line) for line in about.iter_rows()] == list(ABOUT)


def test_the_same_table_gives_the_same_bytes() -> None:
    assert write_workbook(sheet([ROW])) == write_workbook(sheet([ROW]))
    created = book(sheet([ROW])).properties.created
    assert created == REPORTED.replace(microsecond=0, tzinfo=None)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("双月公开单[9/10月]", "双月公开单910月"),
        ("国" * 40, "国" * 31),
        ("'进展'", "进展"),
        ("", "表格"),
        ("History", "表格"),
        ("说明", "表格"),
    ],
)
def test_sheet_names_are_names_that_excel_takes(title: str, name: str) -> None:
    assert page(sheet([ROW], title=title)).title == name


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60))
@example("&G")
@example("国网&P&[Page]&&")
def test_any_title_and_text_gives_a_file_that_opens(text: str) -> None:
    table = page(replace(column(Kind.TEXT, text), title=text))
    assert 0 < len(table.title) <= 31
    assert not set(table.title) & set("[]:*?/\\")


PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), min_size=1)


@settings(max_examples=40, deadline=None)
@given(st.lists(PLAIN.filter(lambda text: "_x" not in text), min_size=1, max_size=20))
def test_what_was_written_is_read_back(texts: list[str]) -> None:
    assert [cell.value for cell in cells(Kind.TEXT, *texts)] == texts


def test_more_rows_than_a_sheet_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel, "MOST_ROWS", 3)
    assert page(sheet([ROW] * 3)).max_row == 4
    with pytest.raises(UserError) as caught:
        write_workbook(sheet(itertools.repeat(ROW)))
    assert "3" in t(caught.value.key, **caught.value.params)


def test_memory_does_not_grow_with_the_rows() -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        write_workbook(sheet(itertools.repeat(ROW, count)))
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(10)  # what is loaded once
    assert peak(4_000) < 1.5 * peak(500)
