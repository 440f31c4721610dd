"""The sample's suggestions: the published figures, counted from the rows and shown by the board."""

from collections import Counter
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.reception import Reception, SlotState, slots_of
from models.suggestion import Level, Source, State, Suggestion, SuggestionStep
from models.suggestion_figures import figures
from models.visit import PointKind, Visit, VisitPoint
from tests.shared import NOW


def test_this_years_visits_brought_what_was_published(session: Session) -> None:
    heard = session.scalars(select(Suggestion).where(Suggestion.day >= date(2026, 1, 1))).all()
    assert {one.source for one in heard} == {Source.VISIT}
    states = Counter(
        "put right" if one.state in (State.RECTIFIED, State.RATED) else one.state for one in heard
    )
    assert (len(heard), states["put right"], states[State.DECLINED]) == (147, 136, 5)
    found = figures(session, date(2026, 1, 1), date(2026, 12, 31), NOW)
    assert (found.collected, found.rectified, found.rectified_rate) == (147, 136, Decimal("92.5"))


def test_each_lies_with_the_visit_it_was_heard_on(session: Session) -> None:
    by_number = {one.number: one for one in session.scalars(select(Suggestion))}
    pairs = session.execute(
        select(VisitPoint, Visit)
        .join(Visit, Visit.id == VisitPoint.visit_id)
        .where(VisitPoint.kind == PointKind.SUGGESTION)
    ).all()
    assert len(pairs) == 147
    for point, visit in pairs:
        one = by_number[point.record]
        assert (one.said, one.day) == (point.said, visit.visited_on)
        assert (one.person_id, one.place_id) == (visit.visitor_id, visit.branch_id)


def test_last_year_people_spoke_for_themselves(session: Session) -> None:
    earlier = session.scalars(select(Suggestion).where(Suggestion.day < date(2026, 1, 1))).all()
    levels = Counter(one.level for one in earlier)
    assert levels == {Level.ANONYMOUS: 12, Level.NAMED: 9, Level.CONFIDENTIAL: 3}
    assert all(one.closed_on is not None for one in earlier)
    for one in earlier:
        assert (one.person_id is None) == (one.level is not Level.NAMED)


def test_what_happened_happened_in_order_and_before_now(session: Session) -> None:
    last: dict[int, datetime] = {}
    for step in session.scalars(
        select(SuggestionStep).order_by(SuggestionStep.suggestion_id, SuggestionStep.position)
    ):
        assert step.at <= NOW
        if not step.by_sender:  # an anonymous one speaks at the beginning of a day
            assert step.at >= last.get(step.suggestion_id, step.at)
            last[step.suggestion_id] = step.at


def test_one_reception_was_held_and_one_can_be_booked(session: Session) -> None:
    held, coming = session.scalars(select(Reception).order_by(Reception.day)).all()
    assert held.day < NOW.date() < coming.day
    states = {
        one.number: [slot.state for slot in slots_of(session, one.id)] for one in (held, coming)
    }
    assert states[held.number] == [SlotState.HELD] * 4
    assert states[coming.number] == [SlotState.BOOKED] * 2 + [SlotState.FREE] * 2
