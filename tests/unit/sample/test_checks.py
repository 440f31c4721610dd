"""The sample's rounds, notices and visits: plausible, coherent, always the same."""

from collections import Counter, defaultdict

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.check import Check, CheckState, Finding, FindingState, Round
from models.draw import Entrant, Limit, broken
from models.notice import Notice, NoticePoint, NoticeState, NoticeStep, PointState
from models.unit import Unit
from models.visit import PointKind, Visit, VisitPoint
from tests.shared import NOW


def test_rounds_keep_what_was_not_relaxed(session: Session) -> None:
    units = {unit.id: unit for unit in session.scalars(select(Unit))}
    before: dict[int, list[tuple[int, int]]] = {}
    rounds = session.scalars(select(Round).order_by(Round.period, Round.id)).all()
    assert len({round_.period for round_ in rounds}) == 3
    for round_ in rounds:
        checks = session.scalars(select(Check).where(Check.round_id == round_.id)).all()
        pairs = {check.checker_id or 0: check.branch_id for check in checks}
        entrants = [
            Entrant(units[i].id, units[i].code, units[i].branch_type)  # type: ignore[arg-type]
            for i in pairs
        ]
        found = broken(pairs, entrants, before.get(round_.unit_id, []))
        relaxed = set(filter(None, round_.relaxed.split(",")))
        assert {limit.value for limit in Limit if found[limit]} <= relaxed
        before[round_.unit_id] = list(pairs.items())


def test_nothing_lies_ahead_and_everything_fits(session: Session) -> None:
    done = session.scalars(select(Check).where(Check.state == CheckState.DONE)).all()
    assert len(done) > 700
    assert all(check.done_at and check.done_at < NOW for check in done)
    assert all(check.score is not None and 0 <= check.score <= 100 for check in done)
    assert all(check.done_at >= check.planned_at for check in done if check.done_at)
    steps = session.scalars(select(NoticeStep.at)).all()
    assert max(steps) < NOW
    states = Counter(session.scalars(select(Notice.state)))
    assert set(states) >= {
        NoticeState.DRAFT,
        NoticeState.ISSUED,
        NoticeState.RECEIVED,
        NoticeState.REPLIED,
        NoticeState.RETURNED,
        NoticeState.VERIFIED,
    }


def test_numbers_have_no_gaps_and_points_follow_their_findings(session: Session) -> None:
    serials: dict[int, list[int]] = defaultdict(list)
    for issuer, serial in session.execute(
        select(Notice.issuer_id, Notice.serial)
        .where(Notice.serial.is_not(None))
        .order_by(Notice.issued_at)
    ):
        serials[issuer].append(serial or 0)
    assert serials
    assert all(found == list(range(1, len(found) + 1)) for found in serials.values())
    for notice, point, finding in session.execute(
        select(Notice, NoticePoint, Finding)
        .join(NoticePoint, NoticePoint.notice_id == Notice.id)
        .join(Finding, Finding.id == NoticePoint.finding_id)
    ):
        assert finding.notice_id == notice.id
        assert finding.branch_id == notice.branch_id
        closed = notice.state is NoticeState.VERIFIED
        assert (point.state is PointState.VERIFIED) == closed
        assert (finding.state is FindingState.CLOSED) == closed
        assert point.verified_by_id is None or point.verified_by_id != point.replied_by_id


def test_as_many_visits_and_suggestions_as_were_published(session: Session) -> None:
    assert session.scalar(select(func.count()).select_from(Visit)) == 831
    suggestions = select(func.count()).where(VisitPoint.kind == PointKind.SUGGESTION)
    assert session.scalar(suggestions) == 147
