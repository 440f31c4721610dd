"""The typeface: it is there, it has the characters, and what it lacks is named."""

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.papers.fonts import drawable, font_file, missing_glyphs
from config.texts import catalogue

UNTIMED = settings(deadline=None)
"""The first line of a process reads the font."""
RARE = "燊垚犇骉贠仉逄亓呙粜鄯禤缑覃䶮㛃䲟㼆㙍𬱖𬍛𬤊𫍯𫟹𫖮𬬭𨱏𣲘𬘡𬴂𬒈𬀩𫓹𬭎𪨰𪟝𬶍𬳵𬱟𬇙𬜬𬬩𬭩"
"""Characters of surnames and given names that many systems cannot show."""


def test_the_installation_brings_the_font_along() -> None:
    assert font_file().is_file()


def test_every_sentence_of_the_bot_can_be_drawn() -> None:
    lacking = {
        key: missing
        for key, text in catalogue().items()
        if (missing := missing_glyphs("".join(text)))
    }
    assert lacking == {}


def test_rare_names_can_be_drawn() -> None:
    assert missing_glyphs(RARE) == ""


def test_what_cannot_be_drawn_is_named_once_in_order() -> None:
    assert missing_glyphs("张😀三𪉈，😀李四") == "😀𪉈"


def test_a_character_without_glyph_becomes_the_geta_mark() -> None:
    assert drawable("张😀三") == "张〓三"


def test_blanks_and_invisible_characters_leave_one_clean_line() -> None:
    assert drawable(" 城南\n供电所\u200b党支部\ufe0f\t一 ") == "城南 供电所党支部 一"


@UNTIMED
@given(st.text())
def test_everything_becomes_drawable(text: str) -> None:
    line = drawable(text)
    assert missing_glyphs(line) == ""
    assert drawable(line) == line
    assert not any(unicodedata.category(character) == "Cc" for character in line)
