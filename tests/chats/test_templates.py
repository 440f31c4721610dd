"""An office's own Word template: taken over, filled, and refused when it says too much."""

from io import BytesIO

import aiohttp
import pytest
from docx import Document
from hypothesis import given
from hypothesis import strategies as st

from bot.papers.template import fill_template
from handlers.templates import NAMES, check_template, placeholder, values_by_placeholder
from models.errors import UserError
from tests.chats.test_checks import make_inspector, paper, press, words_of
from tests.visitor import Visitor

GOOD = (
    "XX公司党委文件",
    "{{文号}}",
    "关于{{被通知支部}}的整改通知",
    "{{存在问题}}",
    "请于{{ 整改期限 }}前整改。联系人：{{联系人}}",
    "{{落款单位}}　{{日期}}",
)


def word_file(*paragraphs: str, split: bool = False) -> bytes:
    """A Word file of these paragraphs; ``split`` puts every character into a run of its own."""
    document = Document()
    for text in paragraphs:
        if split:
            line = document.add_paragraph()
            for letter in text:
                line.add_run(letter)
        else:
            document.add_paragraph(text)
    target = BytesIO()
    document.save(target)
    return target.getvalue()


def values(**changed: str) -> dict[str, str]:
    return {**dict.fromkeys(NAMES, "—"), **changed}


@pytest.mark.parametrize("split", [False, True])
def test_a_template_is_filled_however_word_has_cut_its_words(*, split: bool) -> None:
    data = word_file(*GOOD, split=split)
    check_template(data)
    filled = fill_template(
        data,
        values_by_placeholder(values(number="党建整〔2026〕1号", points="1. 甲。\n2. 乙。")),
    )
    words = words_of(filled)
    assert "党建整〔2026〕1号" in words
    paragraphs = [line.text for line in Document(BytesIO(filled)).paragraphs]
    assert "1. 甲。" in paragraphs
    assert "2. 乙。" in paragraphs
    assert "{{" not in words


@pytest.mark.parametrize(
    ("paragraphs", "error"),
    [
        ((*GOOD, "{{书记手机号}}"), "template.unknown"),
        ((*GOOD, "{{ 文号.__class__ }}"), "template.unknown"),
        ((*GOOD, "{{ 文号 | upper }}"), "template.unknown"),
        ((*GOOD, "{% for x in y %}"), "template.code"),
        ((*GOOD, "{# 批注 #}"), "template.code"),
        ((*GOOD, "{{文号"), "template.broken"),
        (("{{文号}}", "{{被通知支部}}"), "template.missing"),
    ],
)
def test_what_says_too_much_or_too_little_is_refused(
    paragraphs: tuple[str, ...], error: str
) -> None:
    for split in (False, True):
        with pytest.raises(UserError) as refused:
            check_template(word_file(*paragraphs, split=split))
        assert refused.value.key == error


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-1.7", b"PK\x03\x04 no archive", b"PK\x05\x06" + bytes(18)]
)
def test_what_is_no_word_file_is_refused(data: bytes) -> None:
    with pytest.raises(UserError, match="no_word"):
        check_template(data)


@given(st.text(alphabet="{}%#<>&'\"文号甲\n ", max_size=30))
def test_words_of_people_stay_words(said: str) -> None:
    """Nothing somebody typed becomes a placeholder, markup or code."""
    filled = fill_template(word_file("{{存在问题}}"), values_by_placeholder(values(points=said)))
    paragraphs = [line.text for line in Document(BytesIO(filled)).paragraphs]
    assert "".join(paragraphs).replace(" ", "") == said.replace("\n", "").replace(" ", "")


def test_every_placeholder_has_a_name_of_its_own() -> None:
    assert len({placeholder(key) for key in NAMES}) == len(NAMES)


async def send(visitor: Visitor, data: bytes, name: str = "模板.docx") -> str:
    _, html = await visitor.get("/form/paper_template")
    token = html.split('name="token" value="')[1].split('"')[0]
    form = aiohttp.FormData({"token": token})
    form.add_field("file.files", data, filename=name, content_type="application/octet-stream")
    return (await visitor.send("paper_template", form))[1]


async def test_from_the_page_to_the_next_notice(visitor: Visitor) -> None:
    world = visitor.world
    make_inspector(world)
    await visitor.enter("b1p0")
    assert (await visitor.get("/form/paper_template"))[0] == 404
    await visitor.enter("dangjian")
    assert "不是 .docx 文件" in await send(visitor, b"%PDF-1.7")
    assert "不认识的占位符：{{书记手机号}}" in await send(
        visitor, word_file(*GOOD, "{{书记手机号}}")
    )
    await world.say("zhuanye", "/检查 城南供电所党支部 会议记录不全")
    await world.say("zhuanye", "/下通知 WT-2026-0001")
    await world.say("dangjian", "/整改 ZG-2026-0001")
    await press(world, "dangjian", "签发", "notice.sign:ZG-2026-0001")
    before = words_of(await paper(visitor, "/paper/notice.docx?number=ZG-2026-0001"))
    assert "XX公司党委文件" not in before
    assert "模板已启用" in await send(visitor, word_file(*GOOD))
    after = words_of(await paper(visitor, "/paper/notice.docx?number=ZG-2026-0001"))
    for words in (
        "XX公司党委文件",
        "党建整〔2026〕1号",
        "1. 会议记录不全。",
        "2026年12月1日前整改",
    ):
        assert words in after
    pdf = await paper(visitor, "/paper/notice.pdf?number=ZG-2026-0001")
    assert pdf.startswith(b"%PDF")
    said = await world.say("dangjian", "/通知模板 恢复标准版式：是")
    assert "已恢复标准版式" in said.text
    again = words_of(await paper(visitor, "/paper/notice.docx?number=ZG-2026-0001"))
    assert "XX公司党委文件" not in again
    assert "可用的占位符" in (await world.say("admin", "/通知模板")).text
