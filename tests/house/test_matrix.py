"""The page about who sees what is what the program does."""

from pathlib import Path

from handlers.catalogue import catalogue
from handlers.matrix import as_markdown, who_opens
from handlers.personal import Access, Kin
from models.person import Role

PAGE = Path(__file__).parents[2] / "docs" / "roles-and-data.md"


def test_the_page_is_what_the_declarations_say() -> None:
    """After a change: ``python -m handlers.matrix_page > docs/roles-and-data.md``."""
    assert PAGE.read_text("utf-8") == as_markdown(catalogue().holdings)


def test_nobody_above_reads_a_talk() -> None:
    """DOMAIN.md 5: the two parties; everyone above sees counts and dates only."""
    talks = next(one for one in catalogue().holdings if one.key == "talk")
    assert talks.access(Kin.SELF) is Access.TEXT
    assert talks.access(Kin.OTHER_PARTY) is Access.TEXT
    others = (Kin.COLLEAGUE, *Role)
    assert {talks.access(reader) for reader in others} <= {Access.NONE, Access.COUNT}


def test_everything_held_has_a_purpose_and_an_end() -> None:
    for one in catalogue().holdings:
        assert one.name
        assert one.purpose
        assert one.stays or one.erase is not None


def test_every_ledger_and_board_says_who_opens_it() -> None:
    heads, rows = who_opens(catalogue())
    assert len(heads) == 1 + len(Role)
    assert {row[0] for row in rows} >= {one.name for one in catalogue().ledgers.values()}
    coverage = next(row for row in rows if row[0] == "谈话覆盖")
    assert coverage[1:] == ["", "✓", "✓", "", "✓", "✓", "✓"]
