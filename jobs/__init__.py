"""What the clock asks for. ``JOBS`` is the whole list; ``when`` says when each is due."""

from jobs import (
    cleaning,
    duty_digest,
    escalation,
    monthly_draw,
    pledge_check,
    pledge_publicity,
    post_quarter,
    publicity,
    relief_report,
    suggestion_learning,
    suggestion_month,
    survey,
    talk_coverage,
    urgent_duties,
    vote_close,
    weekly_ranking,
    wish_lapse,
)
from jobs.spec import Job

JOBS: tuple[Job, ...] = (
    weekly_ranking.JOB,
    escalation.JOB,
    duty_digest.JOB,
    urgent_duties.JOB,
    monthly_draw.JOB,
    relief_report.JOB,
    pledge_check.JOB,
    pledge_publicity.JOB,
    post_quarter.JOB,
    vote_close.JOB,
    wish_lapse.JOB,
    publicity.DRAFT,
    publicity.PUBLISH,
    publicity.TELL,
    suggestion_month.JOB,
    suggestion_learning.JOB,
    cleaning.JOB,
    talk_coverage.JOB,
    survey.JOB,
)
