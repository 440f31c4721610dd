"""思想动态调研: opened each quarter, answered on a page without a name, shown in groups only.

Its answers never choose anybody for a talk, and nothing is worked out about a single person
(PRODUCT.md E.4, E.5). The page with the ballots is ``bot/web/survey.py``.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import select

from config.texts import t, words
from handlers.board import Board, BoardPage, Cell, Figure, TableBlock, TextBlock
from handlers.context import Context
from handlers.personal import Held, Holding
from handlers.reply import Reply, fill, lines
from handlers.spec import Command, Family, Where
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.periods import CalendarPeriod, PeriodKind
from models.person import Member, Role
from models.suppression import shown_units
from models.survey import (
    SCALE,
    Survey,
    SurveyState,
    SurveyTable,
    SurveyWords,
    Urns,
    Vote,
    current,
    last_counted,
    tally,
)
from models.unit import Unit, UnitState, covers, inside

PAGE: Final = "/survey"
READERS: Final = (Role.SECRETARY, Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY)
"""Who sees the tables of the units below theirs, and the open answers without unit."""
WORDS: Final = 500
PERCENT: Final = 100
NONE = Form(key="nothing", version=1, fields=())


def questions() -> tuple[str, ...]:
    """The questions, in order; all are to be answered, so that each table has the same total."""
    return words("survey.questions")


def group_of(member: Member) -> int:
    """The group a person's answers are counted in: the branch, or the unit outside of branches."""
    return member.branch_id if member.branch_id is not None else member.unit_id


def offer(ctx: Context, answers: Answers) -> Reply:
    """``/问卷``: where to answer, where the results are; in chat nobody is nameless."""
    del answers
    survey, counted = current(ctx.session), last_counted(ctx.session)
    if survey is None and counted is None:
        raise UserError("survey.none")
    open_now = (
        fill("survey.open", closes=survey.closes_on.isoformat(), url=ctx.page(PAGE))
        if survey
        else ""
    )
    results = fill("survey.results", url=ctx.page("/board/survey")) if counted else ""
    return Reply(lines(open_now, results))


# Opening and counting


def open_survey(ctx: Context, unit: Unit) -> Survey:
    """Begin the survey of the present quarter for everybody below a unit."""
    period = CalendarPeriod.holding(PeriodKind.QUARTER, ctx.today)
    survey = Survey(
        unit_id=unit.id,
        year=period.year,
        quarter=period.index,
        questions=len(questions()),
        opens_on=ctx.today,
        closes_on=ctx.today + timedelta(days=ctx.rules.survey.days),
        opened_at=ctx.now,
    )
    ctx.session.add(survey)
    ctx.session.flush()
    Urns(ctx.session, ctx.vault, survey).begin()
    return survey


def count(ctx: Context, survey: Survey) -> None:
    """Count what may be shown, once and for all, then destroy the single answers."""
    urns = Urns(ctx.session, ctx.vault, survey)
    publish(ctx, survey, urns.votes())
    urns.destroy()


def publish(ctx: Context, survey: Survey, votes: Mapping[int, Sequence[Vote]]) -> None:
    """Keep the tables that may be shown of votes by group, and the open answers."""
    root = ctx.session.get_one(Unit, survey.unit_id)
    paths = dict(ctx.session.execute(select(Unit.id, Unit.path).where(inside(root.path))).all())
    counted: dict[int, list[Vote]] = {}
    for unit, found in votes.items():
        for above in map(int, paths[unit].strip("/").split("/")):
            if above in paths:
                counted.setdefault(above, []).extend(found)
    parents = {unit: _parent(path, paths) for unit, path in paths.items()}
    own = {unit: len(found) for unit, found in votes.items()}
    for shown in sorted(shown_units(parents, own, ctx.rules.survey.least)):
        ctx.session.add(
            SurveyTable(
                survey_id=survey.id,
                unit_id=shown,
                answers=len(counted[shown]),
                counts=tally(counted[shown], survey.questions),
            )
        )
    _publish_words(ctx, survey, [vote.words for found in votes.values() for vote in found])
    survey.move_to(ctx.session, SurveyState.CLOSED)


def _parent(path: str, paths: Mapping[int, str]) -> int | None:
    """The unit right above, if it takes part."""
    ids = [int(part) for part in path.strip("/").split("/")]
    return ids[-2] if len(ids) > 1 and ids[-2] in paths else None


def _publish_words(ctx: Context, survey: Survey, said: Sequence[str]) -> None:
    """Open answers, from enough of them on, in no order."""
    written = [one for one in said if one]
    if len(written) < ctx.rules.survey.least_words:
        return
    for one in written:  # shown in the order of their keys, which are random
        key = ctx.vault.chance(16).hex()
        ctx.session.add(SurveyWords(key=key, survey_id=survey.id, words=one))


def vote_from(posted: Mapping[str, str]) -> Vote | None:
    """A filled-in ballot from what a page sent; None if a question was left open."""
    marks = [posted.get(f"q{number}", "") for number in range(len(questions()))]
    if any(mark not in {str(n) for n in range(1, SCALE + 1)} for mark in marks):
        return None
    return Vote(tuple(map(int, marks)), posted.get("words", "").strip()[:WORDS])


# Results


def board(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """The last results: the whole for everybody, own units for those who answer for them."""
    survey, running = last_counted(ctx.session), current(ctx.session)
    note = t("survey.running", closes=running.closes_on.isoformat()) if running else ""
    blocks = _results(ctx, survey, params.get("unit", "")) if survey else []
    return BoardPage(
        title=t("survey.title"),
        note=" ".join(part for part in (note, t("survey.note")) if part),
        figures=_figures(ctx, survey) if survey else (),
        blocks=(
            *blocks,
            TextBlock(title=t("privacy.help"), text=ctx.rules.privacy.help_line),
        ),
    )


def _figures(ctx: Context, survey: Survey) -> Sequence[Figure]:
    whole = ctx.session.get(SurveyTable, (survey.id, survey.unit_id))
    return (
        Figure(t("survey.period"), t("survey.quarter", year=survey.year, number=survey.quarter)),
        Figure(
            t("survey.answers"),
            str(whole.answers) if whole else t("survey.too_few"),
            t("survey.answers_note", least=ctx.rules.survey.least),
        ),
    )


def _results(ctx: Context, survey: Survey, code: str) -> Sequence[TableBlock | TextBlock]:
    """The table of a unit (by its code; else the whole) and those shown right below it."""
    rows = ctx.session.execute(
        select(SurveyTable, Unit)
        .join(Unit, Unit.id == SurveyTable.unit_id)
        .where(SurveyTable.survey_id == survey.id, Unit.state == UnitState.ACTIVE)
        .order_by(Unit.path)
    ).all()
    seen = [(table, unit) for table, unit in rows if _sees(ctx.who, survey, unit)]
    chosen = next((pair for pair in seen if pair[1].code == code), seen[0] if seen else None)
    if chosen is None:
        return []
    blocks: list[TableBlock | TextBlock] = [_distribution(*chosen)]
    below = [pair for pair in seen if covers(chosen[1].path, pair[1].path) and pair != chosen]
    if parts := [pair for pair in below if not _covered(pair[1], [unit for _, unit in below])]:
        blocks.append(_means(ctx, parts, {unit.path for _, unit in below}))
    said = ctx.session.scalars(
        select(SurveyWords.words)
        .where(SurveyWords.survey_id == survey.id)
        .order_by(SurveyWords.key)
    ).all()
    if said and ctx.who.has(*READERS):
        blocks.append(TextBlock(title=t("survey.words"), text="\n".join(said)))
    return blocks


def _covered(unit: Unit, others: Sequence[Unit]) -> bool:
    """Whether another of the units lies above it."""
    return any(other is not unit and covers(other.path, unit.path) for other in others)


def _sees(member: Member, survey: Survey, unit: Unit) -> bool:
    own = unit.id in (survey.unit_id, group_of(member))
    return own or member.has(*READERS, over=unit.path)


def _distribution(table: SurveyTable, unit: Unit) -> TableBlock:
    return TableBlock(
        title=t("survey.whole", name=unit.name),
        headings=(t("survey.question"), *words("survey.scale"), t("survey.mean")),
        rows=[
            (
                Cell(question),
                *(Cell(f"{percent}%") for percent in shares(counts)),
                Cell(_mean(counts)),
            )
            for question, counts in zip(questions(), table.counts, strict=False)
        ],
        numeric=frozenset(range(1, SCALE + 2)),
    )


def shares(counts: Sequence[int]) -> list[int]:
    """Whole percents that add up to a hundred: what rounding leaves goes to the largest rests."""
    whole = max(sum(counts), 1)
    percents = [count * PERCENT // whole for count in counts]
    rests = sorted(range(len(counts)), key=lambda at: (-(counts[at] * PERCENT % whole), at))
    for at in rests[: PERCENT - sum(percents)] if any(counts) else ():
        percents[at] += 1
    return percents


def _means(
    ctx: Context, parts: Sequence[tuple[SurveyTable, Unit]], paths: Collection[str]
) -> TableBlock:
    def href(unit: Unit) -> str:
        inner = any(path != unit.path and covers(unit.path, path) for path in paths)
        return f"/board/survey?unit={unit.code}" if inner else ""

    return TableBlock(
        title=t("survey.parts"),
        note=t("survey.parts_note", least=ctx.rules.survey.least),
        headings=(
            t("survey.unit"),
            t("survey.answers"),
            *(t("survey.short", number=n) for n in range(1, len(questions()) + 1)),
        ),
        rows=[
            (
                Cell(unit.name, href=href(unit)),
                Cell(str(table.answers)),
                *(Cell(_mean(counts)) for counts in table.counts),
            )
            for table, unit in parts
        ],
        numeric=frozenset(range(1, len(questions()) + 2)),
    )


def _mean(counts: Sequence[int]) -> str:
    total = sum(mark * n for mark, n in enumerate(counts, 1))
    return f"{total / max(sum(counts), 1):.1f}"


def _held(ctx: Context, person_id: int) -> list[Held]:
    """Whether a ballot was taken is sealed and goes with the urns; an answer is nobody's."""
    del person_id
    survey = current(ctx.session)
    return [Held(title=t("holding.survey.one"), at=survey.opens_on)] if survey else []


FAMILY = Family(
    commands=(Command(key="survey", form=NONE, run=offer, where=Where.PRIVATE),),
    boards=(Board(key="survey", show=board),),
    holdings=(
        Holding(
            key="survey",
            tables=("survey", "survey_urn", "survey_table", "survey_words"),
            find=_held,
        ),
    ),
)
