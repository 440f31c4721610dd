"""The users' guide: for everybody, true to what the bot understands, and with its pictures."""

import re
from pathlib import Path

import pytest

from bot.web.guidebook import render
from config.help import FOLDER, guides
from handlers.catalogue import catalogue
from models.forms.address import match_name
from models.forms.typed import Typed
from tests.visitor import Visitor
from tests.world import World


@pytest.mark.parametrize("key", guides())
def test_every_command_of_a_guide_is_understood(key: str) -> None:
    names = frozenset(catalogue().words)
    guide = guides()[key]
    commands = re.findall(r"`(?:@支部通 )?/([^`]+)`", guide.text)
    assert commands
    unknown = [said for said in commands if match_name(Typed.read(said), names) is None]
    assert unknown == []


@pytest.mark.parametrize("key", guides())
def test_every_picture_of_a_guide_is_there(key: str) -> None:
    for name in re.findall(r"\]\(([\w-]+\.png)\)", guides()[key].text):
        path: Path = FOLDER / "pictures" / name
        assert path.stat().st_size < 200_000


async def test_the_guide_needs_no_log_in(visitor: Visitor) -> None:
    _, html = await visitor.get("/help")
    for guide in guides().values():
        assert f'href="/help/{guide.key}"' in html
        status, page = await visitor.get(f"/help/{guide.key}")
        assert status == 200
        assert guide.title in page
        assert "##" not in page
        assert "`" not in page
    assert (await visitor.get("/help/none"))[0] == 404
    assert (await visitor.get("/help/pictures/none.png"))[0] == 404
    assert (await visitor.get("/help/pictures/..%2f..%2fadmin.md"))[0] == 404


async def test_the_chat_leads_to_the_guide(world: World) -> None:
    answer = await world.say("b1p0", "/帮助 书记")
    assert "支部书记怎么用" in answer.text
    assert "/go?t=" in answer.text
    assert "班组长" in (await world.say("b1p1", "/帮助 班组长")).text
    assert "怎么" not in (await world.say("b1p1", "/帮助 进展")).text


def test_a_guide_cannot_smuggle_markup() -> None:
    html = render("## <b>x</b>\n\n- `<i>` **粗**\n1. 二\n\n| a | b |\n|---|---|\n| <u> | 2 |")
    assert "<i>" not in html
    assert "<u>" not in html
    assert "<h2>&lt;b&gt;x&lt;/b&gt;</h2>" in html
    assert "<ul><li><code>&lt;i&gt;</code> <b>粗</b></li></ul>" in html
    assert "<ol><li>二</li></ol>" in html
