"""The few pieces of WordprocessingML that python-docx has no words for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.styles.style import ParagraphStyle
from docx.text.paragraph import Paragraph

from bot.papers.printable import printable

LATIN: Final = "Times New Roman"
TWIPS: Final = 20
"""Twips in a point."""
_THEMED: Final = ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme")


@dataclass(frozen=True, slots=True)
class Face:
    """A typeface at a size in points; ``apart`` moves its characters apart, in twips.

    Chinese faces are named for Chinese text (w:eastAsia), else Word shows another font.
    """

    name: str
    size: float
    bold: bool = False
    apart: int = 0


def element(tag: str, **attributes: object) -> Any:  # noqa: ANN401  (lxml has no types)
    """An element such as ``w:tab`` with attributes of the same namespace."""
    made: Any = OxmlElement(tag)
    for name, value in attributes.items():
        made.set(qn(f"w:{name}"), str(value))
    return made


def set_face(holder: Any, face: Face) -> None:  # noqa: ANN401  (a run or a style)
    """Set the typeface of a run or a style for Latin and for Chinese text alike."""
    properties = holder.element.get_or_add_rPr() if hasattr(holder, "element") else holder
    for old in ("w:rFonts", "w:b", "w:color", "w:spacing", "w:sz", "w:szCs"):
        for found in properties.findall(qn(old)):
            properties.remove(found)
    fonts = element("w:rFonts", ascii=LATIN, hAnsi=LATIN, eastAsia=face.name, cs=LATIN)
    # The order is the schema's: rFonts, b, color, spacing, sz, szCs.
    for position, child in enumerate(
        (
            fonts,
            *([element("w:b")] if face.bold else ()),
            element("w:color", val="000000"),
            element("w:spacing", val=face.apart),
            element("w:sz", val=round(face.size * 2)),
            element("w:szCs", val=round(face.size * 2)),
        )
    ):
        properties.insert(position, child)


def clear_theme(style: ParagraphStyle) -> None:
    """Take the theme's fonts from a style: they would win over the named ones."""
    for fonts in style.element.iter(qn("w:rFonts")):
        for name in _THEMED:
            fonts.attrib.pop(qn(f"w:{name}"), None)


def write(paragraph: Paragraph, text: str, face: Face | None = None) -> None:
    """Add text to a paragraph; ends of lines become line breaks, bad characters are left out."""
    run = paragraph.add_run(printable(text))
    if face is not None:
        set_face(run, face)


def field(paragraph: Paragraph, code: str, shown: str = "1") -> None:
    """Add a field such as ``PAGE``; ``shown`` stands there until Word counts."""
    for piece in (
        element("w:fldChar", fldCharType="begin"),
        _text("w:instrText", f" {code} "),
        element("w:fldChar", fldCharType="separate"),
        _text("w:t", shown),
        element("w:fldChar", fldCharType="end"),
    ):
        paragraph.add_run()._r.append(piece)  # noqa: SLF001  (python-docx's own way)


def _text(tag: str, text: str) -> Any:  # noqa: ANN401  (lxml has no types)
    made = element(tag)
    made.text = text
    made.set(qn("xml:space"), "preserve")
    return made


def borders(*sides: str, size: int = 4) -> Any:  # noqa: ANN401  (lxml has no types)
    """Thin lines at sides of a paragraph; ``size`` in eighths of a point."""
    made = element("w:pBdr")
    for side in sides:
        made.append(element(f"w:{side}", val="single", sz=size, space=1, color="000000"))
    return made


def table(
    rows: Sequence[Sequence[str]], widths: Sequence[int], face: Face, head: Face | None
) -> Any:  # noqa: ANN401  (lxml has no types)
    """A table with thin lines; with ``head`` its first row is one and comes again on each page.

    Built element by element: python-docx takes half a minute for two hundred rows
    (its ``table.cell`` walks the whole table for each cell). ``widths`` in twips.
    """
    made = element("w:tbl")
    properties = element("w:tblPr")
    properties.append(element("w:tblW", w=sum(widths), type="dxa"))
    properties.append(element("w:jc", val="center"))
    lines = element("w:tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        lines.append(element(f"w:{side}", val="single", sz=4, space=0, color="000000"))
    properties.append(lines)
    properties.append(element("w:tblLayout", type="fixed"))
    margins = element("w:tblCellMar")
    for side in ("left", "right"):
        margins.append(element(f"w:{side}", w=80, type="dxa"))
    properties.append(margins)
    made.append(properties)
    grid = element("w:tblGrid")
    grid.extend([element("w:gridCol", w=width) for width in widths])
    made.append(grid)
    for index, row in enumerate(rows):
        heading = head is not None and index == 0
        made.append(_row(row, widths, head if heading and head else face, heading=heading))
    return made


def _row(cells: Sequence[str], widths: Sequence[int], face: Face, *, heading: bool) -> Any:  # noqa: ANN401  (lxml has no types)
    made = element("w:tr")
    properties = element("w:trPr")
    properties.append(element("w:cantSplit"))
    if heading:
        properties.append(element("w:tblHeader"))
    made.append(properties)
    for text, width in zip(cells, widths, strict=True):
        cell = element("w:tc")
        about = element("w:tcPr")
        about.append(element("w:tcW", w=width, type="dxa"))
        about.append(element("w:vAlign", val="center"))
        cell.append(about)
        for line in printable(text).split("\n"):
            cell.append(_cell_paragraph(line, face, centred=heading))
        made.append(cell)
    return made


def _cell_paragraph(text: str, face: Face, *, centred: bool) -> Any:  # noqa: ANN401  (lxml has no types)
    made = element("w:p")
    properties = element("w:pPr")
    properties.append(element("w:spacing", before=40, after=40, line=240, lineRule="auto"))
    properties.append(element("w:ind", firstLine=0, firstLineChars=0))
    properties.append(element("w:jc", val="center" if centred else "left"))
    made.append(properties)
    run = element("w:r")
    look = element("w:rPr")
    set_face(look, face)
    run.append(look)
    run.append(_text("w:t", text))
    made.append(run)
    return made


def attributes(found: Any, **values: object) -> None:  # noqa: ANN401  (lxml has no types)
    """Set attributes of the main namespace."""
    for name, value in values.items():
        found.set(qn(f"w:{name}"), str(value))
