"""Words on a poster are read whole: cards grow with them, two stand beside each other."""

from bot.papers.poster import draw, layout
from bot.papers.wordcards import CardRow, cards
from handlers.spec import Poster, WordCard, WordCards

SHORT = WordCard("王明", (("岗位承诺", "全年消缺 200 处"),))
LONG = WordCard(
    "李强",
    (
        ("岗位承诺", "夏季高温期间带头值夜班，每月不少于四次，抢修四十五分钟内到现场。" * 3),
        ("服务承诺", "每月上门帮两户孤寡老人检查一次用电，全年不少于二十四户次。"),
    ),
)


def words(row: CardRow) -> list[str]:
    return ["".join(line for line in lines) for card in row.row for _, lines in card.paragraphs]


def test_nothing_that_somebody_wrote_is_cut() -> None:
    (row,) = [part for part in cards(WordCards(cards=(SHORT, LONG))) if isinstance(part, CardRow)]
    assert words(row) == [text for card in (SHORT, LONG) for _, text in card.paragraphs]


def test_rows_are_as_high_as_their_highest_card() -> None:
    rows = [p for p in cards(WordCards(cards=(SHORT, SHORT, LONG))) if isinstance(p, CardRow)]
    assert [len(row.row) for row in rows] == [2, 1]
    assert rows[1].height > rows[0].height


def test_a_poster_holds_them_beside_other_blocks_and_says_when_there_are_none() -> None:
    poster = Poster(title="承诺墙", blocks=(WordCards(cards=(SHORT,) * 5), WordCards(cards=())))
    assert sum(isinstance(part, CardRow) for part in layout(poster)) == 3
    assert draw(poster).startswith(b"\x89PNG")
