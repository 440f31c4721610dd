"""The rules an operator may change, typed; defaults stand in ``rules.toml`` beside this file."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import time
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from config import suggestion
from config.settings import SettingsError
from config.suggestion import Suggestion
from config.texts import t

DEFAULTS = Path(__file__).with_name("rules.toml")


@dataclass(frozen=True, slots=True)
class Broadcast:
    """How broadcasts go out (DOMAIN.md 7, 10)."""

    catch_up_hours: int
    ranking_full: bool


@dataclass(frozen=True, slots=True)
class Hours:
    """Working time on a working day, local time: morning to noon, afternoon to evening."""

    morning: time
    noon: time
    afternoon: time
    evening: time

    @property
    def spans(self) -> tuple[tuple[time, time], ...]:
        """The two spans in which clocks run."""
        return (self.morning, self.noon), (self.afternoon, self.evening)


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours without unasked messages, local time (DOMAIN.md 9)."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Duties:
    """Reminders, escalation and the load on branches (DOMAIN.md 9)."""

    before_days: int
    secretary_days: int
    party_office_days: int
    supervised_days: int
    urgent_before_hours: float
    urgent_secretary_hours: float
    urgent_party_office_hours: float
    urgent_supervised_hours: float
    warn_asks: int
    hold_asks: int
    away_days: int
    pause_days: int


@dataclass(frozen=True, slots=True)
class Checks:
    """Cross-checks and findings (DOMAIN.md 6)."""

    round_days: int
    objection_days: int
    ruling_days: int
    repeat_months: int


@dataclass(frozen=True, slots=True)
class Notices:
    """Rectification notices (DOMAIN.md 6, PRODUCT.md A.2). ``codes`` are those of single units."""

    sign_days: int
    receive_days: int
    reply_days: int
    verify_days: int
    return_days: int
    extend_days: int
    look_back_days: int
    watch_days: int
    code: str
    codes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Visits:
    """走遍支部 (DOMAIN.md 8): a branch that was not visited for so many months stands out."""

    months: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress reports (DOMAIN.md 2)."""

    correct_hours: int
    silent_days: int
    stalled_days: int
    behind_yellow: int
    behind_red: int
    tray_minutes: int


@dataclass(frozen=True, slots=True)
class Pledge:
    """Pledges (DOMAIN.md 3).

    ``review_days``  working days; so are ``check_days``, by which the month's check is owed, and
                     ``end_days``, in which the branch concludes after a vote
    ``vote_least``   a vote's result is shown from so many votes on
    ``vote_month``   from this month on the vote of the year is owed, and opened by its working day
                     ``vote_open_days``
    """

    review_days: int
    silent_days: int
    check_days: int
    correct_hours: int
    vote_days: int
    vote_least: int
    end_days: int
    vote_month: int
    vote_open_days: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Which words of 政治面貌 mean a party member; somebody without one is taken as meant."""

    party: Sequence[str]


@dataclass(frozen=True, slots=True)
class Wish:
    """Small wishes (DOMAIN.md 8). ``review_days`` are working days, ``claim_days`` calendar days.

    ``claim_days``  then a claim lapses and the wish is free again
    """

    review_days: int
    claim_days: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Pairs (DOMAIN.md 8).

    ``masses``       colleagues to one party member; ``many_most`` the most in one to several
    ``review_days``  days before and after its last day on which a pair is looked back upon
    """

    masses: int
    many_most: int
    review_days: int


@dataclass(frozen=True, slots=True)
class Post:
    """Posts and areas (DOMAIN.md 7); both figures count working days.

    ``self_days``  of a quarter's first month, by which the last quarter is assessed
    ``mark_days``  of January, by which the committee has assessed the year
    """

    self_days: int
    mark_days: int


@dataclass(frozen=True, slots=True)
class Project:
    """Projects from 立项 to 结项 (DOMAIN.md 2). Days ending in ``_days`` are working days.

    ``propose_by``   month and day until which a branch should have its project
    ``score_step``   two-way scores run from 1 to 5 in such steps; ``score_pass`` is what both must
                     reach, ``confer_gap`` the difference that asks for a 会商
    ``rate_of``      what 突出贡献项目率 is a share of: ``projects`` (in implementation or
                     concluded), ``branches`` or ``keys``
    ``jury_least``   jurors who must have marked a project before it is decided on
    ``jury_pass``    the jury's mean (0 to 100) with which a project passes
    ``sheet_gate``   how 双月公开单 goes out: ``hold`` on its day unless somebody holds it,
                     ``approve`` only after somebody released it
    ``bulletin_gate``  the same for 情况通报
    ``sheet_best``, ``sheet_worst``  how many of each branch type are named in it
    ``alike``        cosine (0 to 1) from which another project is shown while one is drawn up
    ``alike_mechanism``  share (0 to 1) of a mechanism's name and scenarios that the project's words
                     must hold for it to be shown
    ``rubric``       the four marks of 组织评审 with their weights
    ``areas``        党建+ areas, as they are offered and stored
    ``specialties``  专业, each with the name of the department that judges it (may be missing)
    """

    per_year: int
    propose_by: str
    approve_days: int
    mend_days: int
    milestone_days: int
    reapply_days: int
    late_days: int
    score_step: str
    score_pass: str
    confer_gap: str
    rate_of: str
    jury_least: int
    jury_pass: int
    help_days: int
    adjust_days: int
    alike: float
    alike_mechanism: float
    confirm_days: int
    sheet_gate: str
    bulletin_gate: str
    sheet_best: int
    sheet_worst: int
    rubric: Mapping[str, int]
    areas: Sequence[str]
    specialties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Intake:
    """How messages are taken in (DESIGN.md 3)."""

    slow_seconds: float
    draft_hours: int
    keep_days: int
    link_hours: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """How pushes are delivered."""

    attempts: int


@dataclass(frozen=True, slots=True)
class Privacy:
    """What is held about persons, and for how long (PRODUCT.md D.5, E.9)."""

    audit_days: int
    push_days: int
    duty_days: int
    loose_days: int
    request_days: int
    notice_version: int
    help_line: str


@dataclass(frozen=True, slots=True)
class Talk:
    """Talks (DOMAIN.md 5)."""

    span: str
    remind_days: int
    keep_days: int
    reader: str
    opening_hours: int
    trigger_days: int
    call_days: int


@dataclass(frozen=True, slots=True)
class Survey:
    """The quarterly questionnaire (PRODUCT.md E.4)."""

    enabled: bool
    days: int
    least: int
    least_words: int


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules. ``schedule`` holds one line per job, read by ``jobs/when.py``."""

    schedule: Mapping[str, str]
    broadcast: Broadcast
    hours: Hours
    quiet: Quiet
    duties: Duties
    checks: Checks
    notices: Notices
    visits: Visits
    progress: Progress
    project: Project
    pledge: Pledge
    standing: Standing
    wish: Wish
    pair: Pair
    post: Post
    intake: Intake
    delivery: Delivery
    privacy: Privacy
    talk: Talk
    survey: Survey
    suggestion: Suggestion


def _section(kind: type[Any], table: Mapping[str, Any]) -> Any:  # noqa: ANN401  (kind decides)
    if hasattr(kind, "build"):
        return kind.build(table)
    known = {f.name: f.type for f in fields(kind)}
    if unknown := set(table) - set(known):
        raise ValueError(", ".join(sorted(unknown)))
    values = {
        name: time.fromisoformat(value) if known[name] is time else value
        for name, value in table.items()
    }
    return kind(**values)


def build_rules(table: Mapping[str, Any]) -> Rules:
    """Rules from the tables of a TOML file; ``ValueError`` or ``TypeError`` if they do not fit."""
    sections = {f.name: f.type for f in fields(Rules) if f.name != "schedule"}
    if unknown := set(table) - set(sections) - {"schedule"}:
        raise ValueError(", ".join(sorted(unknown)))
    built = {name: _section(kind, table[name]) for name, kind in sections.items()}  # type: ignore[arg-type]  # annotations are classes here
    return Rules(schedule=MappingProxyType(dict(table["schedule"])), **built)


@cache
def default_rules() -> Rules:
    """The rules as they are shipped."""
    return build_rules(_defaults())


def _defaults() -> dict[str, Any]:
    """The shipped tables; a family with many settings has a file of its own."""
    table = tomllib.loads(DEFAULTS.read_text("utf-8"))
    return {**table, "suggestion": tomllib.loads(suggestion.DEFAULTS.read_text("utf-8"))}


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Tables with the single entries of others laid over them, however deep."""
    laid = dict(below)
    for name, value in above.items():
        known = laid.get(name)
        both = isinstance(known, Mapping) and isinstance(value, Mapping)
        laid[name] = _laid_over(known, value) if both else value  # type: ignore[arg-type]  # both are
    return laid


def read_rules(path: str) -> Rules:
    """The shipped rules with the entries of a file laid over them; ``SettingsError`` if broken."""
    if not path:
        return default_rules()
    table = _defaults()
    try:
        return build_rules(_laid_over(table, tomllib.loads(Path(path).read_text("utf-8"))))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise SettingsError([t("settings.rules", path=path, detail=error)]) from error
