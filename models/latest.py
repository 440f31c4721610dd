"""The last valid report of every project at a moment: what sheets and books quote."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.progress import Progress, ReportState
from models.project import Project


class Latest(NamedTuple):
    """What was last reported."""

    percent: Decimal
    said: str
    at: datetime


def latest_reports(session: Session, year: int, until: datetime) -> Mapping[int, Latest]:
    """By project id, for the projects of a year; a correction has the time of its report."""
    valid = (
        select(
            Progress.project_id,
            Progress.percent,
            Progress.said,
            Progress.at,
            func.row_number()
            .over(
                partition_by=Progress.project_id,
                order_by=(Progress.at.desc(), Progress.id.desc()),
            )
            .label("place"),
        )
        .join(Project, Project.id == Progress.project_id)
        .where(Project.year == year, Progress.state == ReportState.VALID, Progress.at <= until)
        .subquery()
    )
    rows = session.execute(
        select(valid.c.project_id, valid.c.percent, valid.c.said, valid.c.at).where(
            valid.c.place == 1
        )
    )
    return {row.project_id: Latest(row.percent, row.said, row.at) for row in rows}
