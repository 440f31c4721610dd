"""Papers as Word documents; ``OFFICIAL`` in the layout of GB/T 9704-2012 (PRODUCT.md D.2).

The typefaces are named, not embedded: 仿宋_GB2312 and 方正小标宋 stand on the offices' machines and
may not be shipped. What a person must give (red head, signature, seal) is left to people.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from itertools import accumulate, pairwise
from math import floor
from typing import Any, Final, assert_never

from docx import Document
from docx.document import Document as Docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.section import Section
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph

from bot.papers.printable import printable
from bot.papers.setting import document_number, signature, title_lines
from bot.papers.wordxml import (
    TWIPS,
    Face,
    attributes,
    borders,
    clear_theme,
    element,
    field,
    set_face,
    table,
    write,
)
from config.texts import t
from handlers.paper import Block, Grid, Heading, Layout, PageBreak, Paper, Para

POINTS_PER_MM: Final = 72 / 25.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a layout is set: sizes in points, margins (top, right, bottom, left) in millimetres.

    ``first`` is the size of headings of the first level. ``lines`` and ``chars`` of a page make its
    grid; zero means none.
    """

    margins: tuple[int, int, int, int]
    size: float
    pitch: float
    title: float
    cell: float
    first: float
    lines: int = 0
    chars: int = 0
    wide: bool = False

    @property
    def apart(self) -> int:
        """Twips between characters (negative: closer), so that ``chars`` of them fill a line."""
        return floor(self.room / self.chars - self.size * TWIPS) if self.chars else 0

    @property
    def room(self) -> int:
        """The width of the text block in twips."""
        paper = 297 if self.wide else 210
        free = paper - self.margins[1] - self.margins[3]
        return round(free * POINTS_PER_MM * TWIPS)


LOOKS: Final = {
    Layout.OFFICIAL: Look(
        margins=(37, 26, 35, 28),
        size=16,
        pitch=28.95,
        title=22,
        cell=12,
        first=16,
        lines=22,
        chars=28,
    ),
    Layout.BOOK: Look(margins=(30, 26, 28, 28), size=14, pitch=26, title=26, cell=11, first=18),
    Layout.SHEET: Look(
        margins=(18, 15, 16, 15), size=11, pitch=18, title=18, cell=10, first=12, wide=True
    ),
}


def write_word(paper: Paper, made_at: datetime) -> bytes:
    """Write a paper as the bytes of a .docx file; ``made_at`` (aware) goes into its properties."""
    target = BytesIO()
    writer = _Writer(paper)
    writer.write(made_at)
    writer.docx.save(target)
    return target.getvalue()


def columns(widths: Sequence[float], count: int, room: int) -> list[int]:
    """Shares of the width as whole twips that add up to ``room``."""
    shares = [*widths, *[1 / max(count, 1)] * count][:count]
    whole = sum(shares) or 1
    edges = [round(room * edge / whole) for edge in accumulate(shares, initial=0.0)]
    return [right - left for left, right in pairwise(edges)]


_ALIGN: Final = {
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
    "center": WD_ALIGN_PARAGRAPH.CENTER,
    "both": WD_ALIGN_PARAGRAPH.JUSTIFY,
}


class _Writer:
    """Writes one paper from its head to its foot."""

    def __init__(self, paper: Paper) -> None:
        self.paper = paper
        self.look = LOOKS[paper.layout]
        self.docx: Docx = Document()
        body = t("papers.font.table" if paper.layout is Layout.SHEET else "papers.font.body")
        self.body = Face(body, self.look.size, apart=self.look.apart)
        self.title = Face(t("papers.font.title"), self.look.title)
        self._fresh = False

    def write(self, made_at: datetime) -> None:
        """Everything."""
        self._styles()
        self._section(self.docx.sections[0])
        properties = self.docx.core_properties
        properties.title = printable(self.paper.title)[:250]
        properties.author = printable(self.paper.issuer)[:250]
        properties.created = properties.modified = made_at.astimezone(UTC).replace(tzinfo=None)
        if self.paper.layout is Layout.BOOK:
            self._cover()
        else:
            self._head()
        for block in self.paper.body:
            self._block(block)
        if self.paper.layout is not Layout.BOOK:
            self._signature()
        self._foot()
        self._copies()

    # --- the page ---------------------------------------------------------------------------

    def _styles(self) -> None:
        styles: Any = self.docx.styles
        defaults = styles.element.find(".//{*}docDefaults")
        for language in defaults.iter("{*}lang"):
            attributes(language, val="en-US", eastAsia="zh-CN")
        spacing = defaults.find(".//{*}pPrDefault//{*}spacing")
        attributes(spacing, after=0, line=240, lineRule="auto")
        for name, face in (
            ("Normal", self.body),
            ("Heading 1", replace(self.body, name=t("papers.font.heading"), size=self.look.first)),
            ("Heading 2", replace(self.body, name=t("papers.font.subheading"))),
            ("Heading 3", replace(self.body, bold=True)),
            ("Header", Face(t("papers.font.heading"), 12)),
            ("Footer", Face(t("papers.font.table"), 14 if self.look.chars else 10.5)),
        ):
            style = styles[name]
            clear_theme(style)
            set_face(style, face)
            style.paragraph_format.space_before = style.paragraph_format.space_after = Pt(0)
        # The pitch is exact and the characters are moved together, so that 22 lines of 28 come out
        # in every program; snapping to the grid as well, some would take two cells a character.
        normal = styles["Normal"]
        normal.paragraph_format.line_spacing = Pt(self.look.pitch)
        normal.element.pPr.insert(0, element("w:snapToGrid", val=0))

    def _section(self, section: Section) -> None:
        look = self.look
        top, right, bottom, left = (Mm(side) for side in look.margins)
        width, height = (Mm(297), Mm(210)) if look.wide else (Mm(210), Mm(297))
        section.page_width, section.page_height = width, height
        page: Any = section._sectPr  # noqa: SLF001  (python-docx has no word for the grid)
        if look.wide:
            attributes(page.find("{*}pgSz"), orient="landscape")
        section.top_margin, section.right_margin = top, right
        section.bottom_margin, section.left_margin = bottom, left
        section.footer_distance = Mm(max(look.margins[2] - 12, 8))
        section.header_distance = Mm(max(look.margins[0] - 15, 8))
        if look.lines:
            width_mm = 210 - look.margins[1] - look.margins[3]
            height_mm = 297 - look.margins[0] - look.margins[2]
            pitch = int(height_mm * POINTS_PER_MM * TWIPS / look.lines)
            space = int((width_mm * POINTS_PER_MM / look.chars - look.size) * 4096)
            grid = {"type": "linesAndChars", "linePitch": pitch, "charSpace": space}
            page.remove(page.find("{*}docGrid"))
            page.append(element("w:docGrid", **grid))
        self._edges(section)

    def _edges(self, section: Section) -> None:
        """Page numbers: odd pages on the right, even ones on the left (GB/T 9704 7.5)."""
        official = self.paper.layout is Layout.OFFICIAL
        if self.paper.layout is Layout.BOOK and not self.paper.mark:
            section.different_first_page_header_footer = True  # the cover bears no number
        if official:
            self.docx.settings.odd_and_even_pages_header_footer = True
        for header, footer, side in (
            (section.header, section.footer, "right"),
            (section.even_page_header, section.even_page_footer, "left"),
        ):
            head, foot = header.paragraphs[0], footer.paragraphs[0]
            if self.paper.mark:
                self._shape(head, align="right")
                write(head, self.paper.mark)
            self._shape(foot, align=side if official else "center")
            if official:
                attributes(self._indent(foot), **{f"{side}Chars": 100, side: 280})
            before, between, after = t("papers.page_dash" if official else "papers.page").split("#")
            write(foot, before)
            field(foot, "PAGE")
            write(foot, between)
            if not official:
                field(foot, "NUMPAGES")
            write(foot, after)
            if not official:
                return

    # --- what stands on it --------------------------------------------------------------------

    def _line(self, text: str = "", *, align: str = "both", indent: int = 0) -> Paragraph:
        """One paragraph; ``indent`` of its first line in characters."""
        paragraph = self.docx.add_paragraph()
        if self._fresh:
            # A break of its own would leave an empty page behind one that is just full.
            paragraph.paragraph_format.page_break_before = True
            self._fresh = False
        self._shape(paragraph, align=align)
        if indent:
            twips = round(indent * self.look.size * TWIPS)
            attributes(self._indent(paragraph), firstLineChars=indent * 100, firstLine=twips)
        if text:
            write(paragraph, text)
        return paragraph

    def _shape(self, paragraph: Paragraph, *, align: str, pitch: float = 0) -> None:
        paragraph.alignment = _ALIGN[align]
        if pitch:
            paragraph.paragraph_format.line_spacing = Pt(pitch)

    def _indent(self, paragraph: Paragraph) -> Any:  # noqa: ANN401  (lxml has no types)
        look: Any = paragraph._p.get_or_add_pPr()  # noqa: SLF001  (as above)
        return look.get_or_add_ind()

    def _big(self, face: Face, lines: Iterable[str]) -> None:
        for line in lines:
            paragraph = self.docx.add_paragraph()
            self._shape(paragraph, align="center", pitch=face.size * 1.6)
            write(paragraph, line, face)

    def _head(self) -> None:
        paper = self.paper
        if paper.number:
            self._line(document_number(paper.number), align="center")
            self._line()
        # The wider page of a sheet holds more of its title in a line.
        most = int(self.look.room / TWIPS / self.look.title)
        self._big(self.title, title_lines(paper.title, most))
        if paper.subtitle:
            face = Face(t("papers.font.subheading"), self.look.size)
            self._big(face, [paper.subtitle])
        self._line()
        if paper.addressee:
            self._line(paper.addressee + t("papers.colon"))

    def _cover(self) -> None:
        paper = self.paper
        for _ in range(7):
            self._line()
        most = int(self.look.room / TWIPS / self.look.title)
        self._big(self.title, title_lines(paper.title, most))
        self._line()
        if paper.subtitle:
            self._big(Face(t("papers.font.subheading"), 18), [paper.subtitle])
        for _ in range(12):
            self._line()
        signed = signature(paper)
        lines = [line for line in (signed.issuer, signed.day) if line] if signed else []
        self._big(Face(self.body.name, 16), lines)
        self._break()
        if paper.contents:
            self._contents()

    def _contents(self) -> None:
        """A table of contents that Word fills with page numbers when the file is opened."""
        self._big(Face(t("papers.font.heading"), 18), [t("papers.contents")])
        self._line()
        headings = [b.text for b in self.paper.body if isinstance(b, Heading) and b.level == 1]
        lines = [self._line(text) for text in headings] or [self._line()]
        first, last = lines[0]._p, lines[-1]._p  # noqa: SLF001  (as above)
        start, end = element("w:r"), element("w:r")
        start.append(element("w:fldChar", fldCharType="begin"))
        code = element("w:instrText")
        code.text = ' TOC \\o "1-1" \\h \\z \\u '
        start.append(code)
        start.append(element("w:fldChar", fldCharType="separate"))
        end.append(element("w:fldChar", fldCharType="end"))
        first.insert(1, start)
        last.append(end)
        settings: Any = self.docx.settings.element
        settings.find("{*}compat").addprevious(element("w:updateFields", val="true"))
        self._break()

    def _break(self) -> None:
        self._fresh = False
        paragraph = self._line()
        run = paragraph.add_run()
        run._r.append(element("w:br", type="page"))  # noqa: SLF001  (as above)

    def _block(self, block: Block) -> None:
        if isinstance(block, Heading):
            chapter = block.level == 1 and self.paper.layout is Layout.BOOK
            indent = 0 if chapter or self.paper.layout is Layout.SHEET else 2
            align = "center" if chapter else "both"
            paragraph = self._line(block.text, align=align, indent=indent)
            paragraph.style = self.docx.styles[f"Heading {min(max(block.level, 1), 3)}"]
        elif isinstance(block, Para):
            paragraph = self._line(indent=2)
            if block.bold:
                write(paragraph, block.bold, replace(self.body, bold=True))
            write(paragraph, block.text)
        elif isinstance(block, Grid):
            if self._fresh:
                self._break()
            self._grid(block)
        elif isinstance(block, PageBreak):
            self._fresh = True
        else:
            assert_never(block)

    def _grid(self, block: Grid) -> None:
        count = max(1, len(block.headings), *(len(row) for row in block.rows))
        given = (block.headings, *block.rows) if block.headings else block.rows
        rows = [[*row, *[""] * count][:count] for row in given]
        widths = columns(block.widths, count, self.look.room)
        face = Face(self.body.name, self.look.cell)
        head = Face(t("papers.font.heading"), self.look.cell) if block.headings else None
        body: Any = self.docx.element.body
        body.insert(len(body) - 1, table(rows, widths, face, head))
        self._line()

    def _signature(self) -> None:
        signed = signature(self.paper)
        if signed is None:
            return
        if self.docx.paragraphs:  # no page may hold nothing but the signature
            self.docx.paragraphs[-1].paragraph_format.keep_with_next = True
        self._line().paragraph_format.keep_with_next = True
        for text, right in ((signed.issuer, signed.issuer_right), (signed.day, signed.day_right)):
            if text:
                paragraph = self._line(text, align="right")
                twips = round(right * self.look.size * TWIPS)
                attributes(self._indent(paragraph), rightChars=round(right * 100), right=twips)
                paragraph.paragraph_format.keep_with_next = text is signed.issuer

    def _foot(self) -> None:
        if not self.paper.foot:
            return
        self._line()
        face = Face(t("papers.font.table"), 10.5)
        parts = [f"{label}{t('papers.colon')}{value}" for label, value in self.paper.foot]
        joined = [t("papers.foot_gap").join(parts)]
        for part in joined if self.paper.layout is Layout.SHEET else parts:
            paragraph = self.docx.add_paragraph()
            self._shape(paragraph, align="left", pitch=16)
            write(paragraph, part, face)

    def _copies(self) -> None:
        """版记 at the foot of the last page: who gets a copy (GB/T 9704 7.4)."""
        if not self.paper.copies:
            return
        paragraph = self.docx.add_paragraph()
        self._shape(paragraph, align="both")
        look: Any = paragraph._p.get_or_add_pPr()  # noqa: SLF001  (as above)
        frame = {"w": self.look.room, "hSpace": 0, "wrap": "around", "vAnchor": "margin"}
        frame |= {"hAnchor": "margin", "xAlign": "left", "yAlign": "bottom"}
        look.insert(0, element("w:framePr", **frame))
        look.insert(1, borders("top", "bottom", size=8))
        attributes(self._indent(paragraph), leftChars=100, left=280, rightChars=100, right=280)
        write(paragraph, t("papers.copies", names=self.paper.copies), Face(self.body.name, 14))
