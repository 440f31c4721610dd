"""A year of talks in the sample: who, when, how many; not one sentence a stranger could read."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.sim.sample import SampleFacts
from bot.sim.sample.vocabulary import vocabulary
from models.coverage import covered_below
from models.errors import UserError
from models.store.engine import Store
from models.survey import SurveyTable, SurveyWords
from models.talk import TALK, Talk, TalkCertificate, TalkState, TalkText
from models.vault import Secret, Vault
from tests.shared import NOW, VAULT
from tests.unit.imports.aid import HERE

KEPT = Talk.state != TalkState.DESTROYED


@pytest.fixture
def store(loaded: tuple[Store, SampleFacts]) -> Store:
    return loaded[0]


def test_those_of_two_years_ago_are_gone_with_a_certificate(store: Store) -> None:
    with store.reading() as session:
        gone = session.scalars(select(Talk).where(~KEPT)).all()
        certificate = session.scalars(select(TalkCertificate)).one()
        assert {talk.certificate for talk in gone} == {certificate.number}
        assert len(gone) == certificate.count > 5
        assert max(talk.at for talk in gone) < certificate.before


def test_a_year_is_covered_more_or_less(store: Store) -> None:
    with store.reading() as session:
        first, last = session.execute(
            select(func.min(Talk.day), func.max(Talk.day)).where(KEPT)
        ).one()
        rows = covered_below(session, "/1/", first, last)
    today = NOW.astimezone(HERE).date()
    assert today - timedelta(days=365) <= first < today - timedelta(days=355)
    assert last < today
    shares = [row.covered / row.due for row in rows]
    assert len(rows) > 300
    assert 0.75 < sum(row.covered for row in rows) / sum(row.due for row in rows) < 1
    assert sum(share == 1 for share in shares) > 100
    assert min(shares) == 0


def test_not_one_sentence_can_be_read_without_the_key(store: Store) -> None:
    path = Path(store.url.removeprefix("sqlite:///"))
    raw = b"".join(p.read_bytes() for p in path.parent.glob("sample.db*"))
    words = vocabulary("talks")
    for said in (*words["points"], *words["promises"]):
        assert max(re.split(r"\{\w+\}", said), key=len).encode() not in raw, said
    assert b"hardship" not in raw
    with store.reading() as session:
        number = session.scalars(select(Talk.number).where(KEPT).limit(1)).one()
        with pytest.raises(UserError):
            Vault(lambda: (b"x" * 32,)).open(session.connection(), TALK, number)


def test_every_talk_opens_with_the_key(store: Store) -> None:
    with store.reading() as session:
        numbers = session.scalars(select(Talk.number).where(KEPT).order_by(Talk.id)).all()
        assert session.scalar(
            select(func.count()).select_from(Secret).where(Secret.kind == TALK)
        ) == len(numbers)
        for number in numbers[::97]:
            sealed = VAULT.open(session.connection(), TALK, number)
            assert sealed is not None
            assert TalkText.load(sealed).points


def test_the_last_survey_is_counted(store: Store) -> None:
    with store.reading() as session:
        tables = session.scalars(select(SurveyTable)).all()
        said = session.scalars(select(SurveyWords.words)).all()
    assert min(table.answers for table in tables) >= 5
    assert len(said) >= 10
    for table in tables:
        assert {sum(counts) for counts in table.counts} == {table.answers}
