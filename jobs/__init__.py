"""What the clock asks for. ``JOBS`` is the whole list; ``when`` says when each is due."""

from jobs import cleaning, duty_digest, weekly_ranking
from jobs.spec import Job

JOBS: tuple[Job, ...] = (weekly_ranking.JOB, duty_digest.JOB, cleaning.JOB)
