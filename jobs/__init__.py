"""What the clock asks for. ``JOBS`` is the whole list; ``when`` says when each is due."""

from jobs import cleaning, duty_digest, escalation, relief_report, urgent_duties, weekly_ranking
from jobs.spec import Job

JOBS: tuple[Job, ...] = (
    weekly_ranking.JOB,
    escalation.JOB,
    duty_digest.JOB,
    urgent_duties.JOB,
    relief_report.JOB,
    cleaning.JOB,
)
