"""双月公开单 and 情况通报 that came out in the last months, as the product makes them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.sim.sample.scene import view
from config.rules import default_rules
from handlers.projects.issues import Publication
from handlers.projects.published import PUBLICATIONS
from jobs.when import next_due, parse_when
from models.calendar import read_calendar
from models.issue import IssueState

BACK: Final = timedelta(days=125)
"""That far back: two sheets, four bulletins."""


def publish_issues(session: Session, now: datetime, zone: ZoneInfo) -> None:
    """Each issue of this year that fell due since, released on its day."""
    for publication in PUBLICATIONS:
        for moment in _days(session, publication, now, zone):
            period = publication.due(moment.astimezone(zone).date())
            if period[0] != now.astimezone(zone).year:
                continue
            issue = publication.make(view(session, moment, zone), period, moment)
            issue.state, issue.released_at, issue.told_at = IssueState.RELEASED, moment, moment
    session.flush()


def _days(
    session: Session, publication: Publication[Any], now: datetime, zone: ZoneInfo
) -> Iterator[datetime]:
    when = parse_when(default_rules().schedule[publication.job])
    calendar = read_calendar(session)
    due = next_due(when, now - BACK, calendar, zone)
    while due is not None and due <= now:
        yield due
        due = next_due(when, due, calendar, zone)
