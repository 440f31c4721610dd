"""Reading .xlsx files, and refusing what is none."""

import random
import re
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from bot.papers import reading
from bot.papers.reading import OLD, PACKAGE, read_workbook
from handlers.imports.table import Broken
from models.errors import UserError
from tests.unit.imports.aid import company, workbook


def rows_of(rows: Sequence[Sequence[Any]]) -> list[tuple[int, dict[str, Any]]]:
    table = read_workbook(workbook({"表": rows}))["表"]
    return [(number, dict(cells)) for number, cells in table.rows]


def refusal(source: bytes | Path) -> str:
    with pytest.raises(UserError) as caught:
        read_workbook(source)
    return caught.value.key


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files: dict[str, bytes]) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_cells_have_their_types() -> None:
    noon = datetime(2026, 1, 5, 12, 30)  # noqa: DTZ001  (a cell has no zone)
    rows = rows_of([["甲", "乙", "丙", "丁", "戊"], [1001, 92.5, date(2026, 1, 5), noon, " 有 "]])
    assert rows == [(2, {"甲": 1001, "乙": 92.5, "丙": date(2026, 1, 5), "丁": noon, "戊": " 有 "})]
    assert type(rows[0][1]["甲"]) is int


def test_rows_keep_the_numbers_that_excel_shows() -> None:
    rows = rows_of([["甲", "乙"], [None, None], ["a", None], ["　", "\u200b"], [None, "b"]])
    assert rows == [(3, {"甲": "a", "乙": None}), (5, {"甲": None, "乙": "b"})]


def test_the_table_may_stand_away_from_the_corner() -> None:
    book = Workbook()
    page = book.worksheets[0]
    page.title = "表"
    page["C4"], page["D4"], page["C6"], page["D6"] = "甲", "乙", "a", "#N/A"
    file = BytesIO()
    book.save(file)
    table = read_workbook(file.getvalue())["表"]
    assert table.columns == ("甲", "乙")
    assert list(table.rows) == [(6, {"甲": "a", "乙": Broken("#N/A")})]


def test_rows_can_be_gone_through_again() -> None:
    table = read_workbook(workbook(company()))["人员"]
    assert list(table.rows) == list(table.rows)
    assert len(list(table.rows)) == 4


def test_the_first_of_two_columns_of_one_name_counts() -> None:
    assert rows_of([["甲", "甲", None], ["a", "b", "c"]]) == [(2, {"甲": "a"})]


def test_errors_and_formulas_without_a_value_are_seen() -> None:
    rows = rows_of([["甲", "乙"], ["#REF!", "=A1"], ["a", "#DIV/0!"], [None, "=SUM(1,2)"]])
    assert rows == [
        (2, {"甲": Broken("#REF!"), "乙": Broken("")}),
        (3, {"甲": "a", "乙": Broken("#DIV/0!")}),
        (4, {"甲": None, "乙": Broken("")}),  # calamine itself would not show this row at all
    ]


def test_a_formula_with_a_value_is_its_value() -> None:
    files = parts(workbook({"表": [["甲", "乙"], ["=1+1", '=""']]}))
    name = "xl/worksheets/sheet1.xml"
    # With or without lxml, openpyxl writes an empty value in one of two ways.
    text = re.sub(rb"</f><v(?: ?/>|></v>)", b"</f><v>2</v>", files[name], count=1)
    files[name] = text.replace(b'<c r="B2">', b'<c r="B2" t="str">')
    table = read_workbook(packed(files))["表"]
    assert list(table.rows) == [(2, {"甲": 2, "乙": None})]


def test_a_broken_cell_far_below_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sheets are read piece by piece; a cell on the edge of two pieces is not missed."""
    monkeypatch.setattr(reading, "MEGABYTE", 4096)
    monkeypatch.setattr(reading, "OVERLAP", 300)
    rows: list[list[Any]] = [["甲", "乙"], *[[f"a{n}", f"=B{n}"] for n in range(2, 900)]]
    found = rows_of(rows)
    assert [cells["乙"] for _, cells in found] == [Broken("")] * 898


def test_sheets_in_their_order_charts_apart() -> None:
    book = Workbook()
    book.create_chartsheet("图")
    book.create_sheet("乙")
    file = BytesIO()
    book.save(file)
    tables = read_workbook(file.getvalue())
    assert list(tables) == ["Sheet", "乙"]
    assert tables["乙"].columns == ()
    assert list(tables["乙"].rows) == []


def test_from_a_path(tmp_path: Path) -> None:
    path = tmp_path / "组织.xlsx"
    path.write_bytes(workbook(company()))
    assert list(read_workbook(path)) == list(read_workbook(str(path))) == list(company())
    assert refusal(tmp_path / "没有.xlsx") == "workbook.missing"
    assert refusal(tmp_path) == "workbook.unreadable"


@pytest.mark.parametrize(
    "data", [b"", b"hello", "姓名,单位\n".encode(), b"PK\x03\x04", b"%PDF-1.7"]
)
def test_what_is_no_workbook(data: bytes) -> None:
    assert refusal(data) == "workbook.not_one"


def test_old_and_foreign_formats() -> None:
    assert refusal(OLD + b"\0" * 600) == "workbook.old"
    assert refusal(packed({"mimetype": b"application/vnd.oasis", "content.xml": b""})) == (
        "workbook.old"
    )
    assert refusal(packed({"xl/workbook.bin": b""})) == "workbook.old"
    assert refusal(packed({"word/document.xml": b"<a/>"})) == "workbook.not_one"


def test_encrypted() -> None:
    assert refusal(OLD + b"\0" * 1000 + PACKAGE + b"\0" * 100) == "workbook.encrypted"


def test_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = workbook(company())
    path = tmp_path / "大.xlsx"
    path.write_bytes(data)
    monkeypatch.setattr(reading, "MOST_INSIDE", 20_000)
    assert refusal(data) == "workbook.too_large"
    monkeypatch.setattr(reading, "MOST", 2_000)
    assert refusal(data) == "workbook.too_large"
    assert refusal(path) == "workbook.too_large"


def test_no_sheet_but_a_chart() -> None:
    book = Workbook()
    book.create_chartsheet("图")
    book.remove(book.worksheets[0])
    file = BytesIO()
    book.save(file)
    assert refusal(file.getvalue()) == "workbook.empty"


def test_entities_are_not_expanded() -> None:
    files = parts(workbook({"表": [["甲"], ["a"]]}))
    files["xl/workbook.xml"] = (
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + files["xl/workbook.xml"].split(b"?>", 1)[-1]
    )
    assert refusal(packed(files)) == "workbook.damaged"


def spoilt(chance: random.Random, data: bytes) -> bytes:
    """Some bytes turned into others."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 3, 30))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def test_damaged_files_are_refused_and_never_break_anything() -> None:
    """Bytes turn over in the package or in its parts; it can still be read or it is refused."""
    chance = random.Random(5)
    data = workbook(company())
    files = parts(data)
    seen: set[object] = set()
    for _ in range(150):
        name = chance.choice(sorted(files))
        inside = packed({**files, name: spoilt(chance, files[name])})
        for broken in (inside, spoilt(chance, data), data[: chance.randrange(len(data))]):
            try:
                seen.update(len(list(table.rows)) for table in read_workbook(broken).values())
            except UserError as error:
                seen.add(error.key)
    assert {"workbook.not_one", "workbook.damaged"} <= seen
