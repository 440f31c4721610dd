"""A word is found in a ledger where, and only where, a look at each of its rows finds it."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import pytest
from sqlalchemy.orm import Session

from bot.sim.sample import SampleFacts
from config.rules import default_rules
from config.texts import label
from handlers import seek
from handlers.catalogue import catalogue
from handlers.context import Context
from handlers.narrow import searched
from handlers.seek import own_key
from handlers.spec import Kind, Ledger, View
from handlers.table import Wish, page_of, scope_of, some_of
from models.directory import Directory
from models.person import member_by_userid
from tests.shared import HERE, NOW

WORDS: Final = (
    "供电",  # nearly everywhere
    "变压器",  # in some texts
    "量子",  # nowhere
    "已办结",  # what a state is called
    "jz-2026-001",
    "供电 变压器",
    "安全用电进校园",  # a sentence of words that are common
    "100%_",
)
LEDGERS: Final = tuple(key for key, ledger in catalogue().ledgers.items() if ledger.found)


def _look(session: Session, userid: str) -> View:
    member = member_by_userid(session, userid)
    ctx = Context(
        session=session,
        now=NOW,
        zone=HERE,
        rules=default_rules(),
        directory=Directory(),
        token=str,
        link=lambda path, _: path,
        member=member,
    )
    return View(ctx, member, {})


def _rows(ledger: Ledger, view: View) -> Sequence[tuple[Any, ...]]:
    """All rows as the database holds them, the ledger's key last if it has one."""
    scope = scope_of(ledger, view, "")
    params: Mapping[str, Any] = {scope.key: scope.chosen} if scope else {}
    key = own_key(ledger.order)
    columns = [*(column.expr for column in ledger.columns), *([] if key is None else [key])]
    whole = ledger.query(View(view.ctx, view.member, params))
    return view.ctx.session.execute(whole.with_only_columns(*columns)).all()


def _holds(ledger: Ledger, row: tuple[Any, ...], word: str) -> bool:
    for column, value in zip(ledger.columns, row, strict=False):
        if searched(column) and value is not None and word.lower() in str(value).lower():
            return True
        if column.kind is Kind.WORD and isinstance(value, StrEnum) and label(value) == word:
            return True
    return False


def test_each_ledger_finds_what_its_rows_hold(
    session: Session, facts: SampleFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One view for all ledgers, as a search has it: what one has learnt is right for the next."""
    monkeypatch.setattr(seek, "FEW", 30)  # so that a sample of 305 branches knows common words
    people = {persona.role: persona.userid for persona in facts.personas}
    for role in ("party_office", "secretary"):
        view = _look(session, people[role])
        for ledger in (catalogue().ledgers[key] for key in LEDGERS):
            if not ledger.may(view.member):
                continue
            rows = _rows(ledger, view)
            for word in WORDS:
                expected = [r for r in rows if all(_holds(ledger, r, w) for w in word.split())]
                found = page_of(ledger, view, Wish(word, limit=5))
                asked = f"{ledger.key}: {word}, {role}"
                assert found.total == len(expected), asked
                some, total = some_of(ledger, view, Wish(word, limit=3), 50)
                assert total == min(len(expected), 50), asked
                assert len(some) == min(total, 3), asked
