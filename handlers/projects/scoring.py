"""双向打分 and 会商: blind scores from two sides, and the rate that follows (DOMAIN.md 2)."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from sqlalchemy import case, func, literal, null, select
from sqlalchemy.orm import aliased

from config.rules import Rules, default_rules
from config.texts import label, t
from handlers.board import Board, BoardPage, Cell, TableBlock
from handlers.content import Text
from handlers.context import Context
from handlers.dossier import Act
from handlers.duty import Duty, DutySource
from handlers.figures import percent_text
from handlers.places import branch_by_id
from handlers.projects.common import (
    all_judges,
    department_of,
    judges_of,
    meant,
    names_of,
    need_judge,
    need_open_year,
    need_stage,
    responsible,
    tell,
)
from handlers.projects.decision import JUDGES
from handlers.projects.funnel import year_filter, year_in, year_scope
from handlers.reply import Markdown, Reply, fill, lines, say
from handlers.spec import Column, Command, Family, Kind, Ledger, Rows, View
from models.errors import UserError
from models.forms.field import Answers, Facts, Option
from models.forms.form import Form
from models.forms.kinds import Choice, LongText
from models.forms.record import RecordNumber
from models.judges import Side
from models.number import next_number
from models.overview import Line, by_home, homes_of, lines_of, share
from models.person import Member, Role
from models.project import Project, Stage
from models.score import (
    Confer,
    ConferState,
    Pair,
    Score,
    give_score,
    is_outstanding,
    needs_confer,
    open_confer,
    pair_of,
    scale,
)
from models.unit import Place, Unit

SCORED: Final = (Stage.ONGOING, Stage.REVIEW, Stage.JURY, Stage.CONCLUDED)
"""Stages in which a project may be scored."""
DUE: Final = (Stage.REVIEW, Stage.JURY, Stage.CONCLUDED)
"""Stages in which it should be."""
UPHELD, AGAIN = "upheld", "again"


def points_text(points: Decimal) -> str:
    """Points without needless zeros."""
    return f"{points.normalize():f}"


def score_form(rules: Rules) -> Form:
    """``/打分``: the scale is a rule; which side is asked only from somebody who holds both."""
    options = tuple(
        Option(
            points_text(points),
            t("score.points", points=points_text(points)),
            (points_text(points), f"{points}"),
        )
        for points in scale(Decimal(rules.project.score_step))
    )
    return Form(
        key="score",
        version=1,
        fields=(
            RecordNumber(key="number"),
            Choice(key="points", options=options, numbered=False),
            Choice(
                key="side",
                options=tuple(Option(side.value, t(f"score.side_{side}")) for side in Side),
                when=lambda _, facts: facts.get("sides", 1) > 1,
            ),
            LongText(key="note", required=False, max_chars=500),
        ),
        positional=("number", "points", "note"),
    )


CONFER: Final = Form(
    key="confer",
    version=1,
    fields=(
        RecordNumber(key="number"),
        Choice(
            key="outcome",
            options=(Option(UPHELD, t("confer.uphold")), Option(AGAIN, t("confer.again"))),
        ),
        LongText(key="minutes", min_chars=4, max_chars=1000),
    ),
    positional=("number", "outcome", "minutes"),
)


def facts(ctx: Context, answers: Answers) -> Facts:
    """How many sides the speaker may score; refuses at once where there is none."""
    if "number" not in answers:
        return {}
    project, branch = meant(ctx, answers["number"])
    sides, _ = _open_sides(ctx, project, branch)
    return {"sides": len(sides)}


def _open_sides(ctx: Context, project: Project, branch: Place) -> tuple[list[Side], Pair]:
    """The sides that the speaker may score now; ``UserError`` that says why there is none."""
    need_open_year(ctx, project)
    need_stage(project, *SCORED)
    if ctx.who.branch_id == branch.id:
        raise UserError("project.own_branch", number=project.number)
    department, judges = department_of(ctx, project), judges_of(ctx, project, branch)
    mine = [side for side in Side if ctx.who.id in judges.of(side, branch, department)]
    if not mine:
        named = {side: names_of(ctx, judges.nearest(side, branch, department)) for side in Side}
        raise UserError(
            "score.not_judge",
            number=project.number,
            business=named[Side.BUSINESS] or t("score.nobody"),
            party=named[Side.PARTY] or t("score.nobody"),
        )
    pair = pair_of(ctx.session, project.id)
    if any(score.person_id == ctx.who.id for score in pair.scores.values()):
        raise UserError("score.twice", number=project.number)
    left = [side for side in mine if side not in pair.scores]
    if not left:
        raise UserError("score.side_done", number=project.number, side=label(mine[0]))
    return left, pair


def give(ctx: Context, answers: Answers) -> Reply:
    """``/打分 编号 4 依据``: nobody sees it before the other side has scored as well."""
    project, branch = meant(ctx, answers["number"])
    sides, pair = _open_sides(ctx, project, branch)
    side = Side(answers["side"]) if answers["side"] else sides[0]
    if side not in sides:
        raise UserError("score.side_done", number=project.number, side=label(side))
    score = Score(
        project_id=project.id,
        side=side,
        round=pair.round,
        points=Decimal(answers["points"]),
        note=answers["note"] or "",
        person_id=ctx.who.id,
        at=ctx.now,
    )
    give_score(ctx.session, score)
    ctx.subject = project.number
    now = pair_of(ctx.session, project.id)
    values = {
        "number": project.number,
        "name": project.name,
        "side": t(f"score.side_{side}"),
        "points": answers["points"],
    }
    if not now.is_open:
        other = label(next(other for other in Side if other is not side))
        return say("score.saved", other=other, **values)
    return Reply(lines(fill("score.saved_both", **values), _settle(ctx, project, now)))


def _settle(ctx: Context, project: Project, pair: Pair) -> Markdown:
    """Both are in: open them, say whether it is outstanding, and whether to talk."""
    rules = ctx.rules.project
    business, party = (pair.scores[side].points for side in (Side.BUSINESS, Side.PARTY))
    project.outstanding = is_outstanding(business, party, Decimal(rules.score_pass))
    result = fill(
        "score.result",
        name=project.name,
        number=project.number,
        business=points_text(business),
        party=points_text(party),
        outcome=t("score.outstanding" if project.outstanding else "score.not_outstanding"),
    )
    talk = ""
    if needs_confer(business, party, Decimal(rules.confer_gap)):
        confer = Confer(
            number=next_number(ctx.session, "HS", ctx.today.year),
            project_id=project.id,
            round=pair.round,
            at=ctx.now,
        )
        ctx.session.add(confer)
        talk = fill("score.confer", gap=points_text(abs(business - party)), number=project.number)
    scorers = [score.person_id for score in pair.scores.values()]
    key = f"scored:{project.number}:{pair.round}"
    tell(ctx, scorers, Text(lines(result, talk)), key)
    tell(ctx, responsible(ctx, project), Text(result), f"{key}:owner")
    return lines(result, talk)


def confer(ctx: Context, answers: Answers) -> Reply:
    """``/会商 编号 维持|重新打分 纪要``: what the two departments agreed on."""
    project, branch = meant(ctx, answers["number"])
    need_judge(ctx, project, branch, Side.PARTY)
    need_open_year(ctx, project)
    talk = open_confer(ctx.session, project.id)
    if talk is None:
        raise UserError("confer.none", number=project.number)
    again = answers["outcome"] == AGAIN
    pair = pair_of(ctx.session, project.id)
    talk.move_to(
        ctx.session,
        ConferState.AGAIN if again else ConferState.UPHELD,
        minutes=answers["minutes"],
        closed_by_id=ctx.who.id,
        closed_at=ctx.now,
    )
    ctx.subject = project.number
    if again:
        project.outstanding = False
    text = fill(
        "confer.again_done" if again else "confer.upheld_done",
        number=project.number,
        name=project.name,
        minutes=answers["minutes"],
    )
    scorers = [score.person_id for score in pair.scores.values()]
    tell(ctx, scorers, Text(text), f"confer:{talk.number}")
    return Reply(text)


def score_facts(ctx: Context, project: Project) -> Iterator[tuple[str, str]]:
    """What a reader may know of the scores: both once both are in, before that only the own one."""
    pair = pair_of(ctx.session, project.id)
    if pair.is_open:
        business, party = (points_text(pair.scores[side].points) for side in Side)
        yield t("score.fact"), t("score.both", business=business, party=party)
        if open_confer(ctx.session, project.id):
            yield t("confer.fact"), t("confer.wanted")
        return
    for side, score in pair.scores.items():
        if score.person_id == ctx.who.id:
            points = points_text(score.points)
            yield t("score.fact"), t("score.own", side=t(f"score.side_{side}"), points=points)


# Duties


def to_score(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Projects in or behind their conclusion that a side has not scored."""
    if member is not None and not member.has(*JUDGES):
        return
    judges = all_judges(ctx)
    scored = set(_scored(ctx))
    for project, unit in ctx.session.execute(
        select(Project, Unit)
        .join(Unit, Unit.id == Project.unit_id)
        .where(Project.year == ctx.today.year, Project.stage.in_(list(DUE)))
        .order_by(Project.id)
    ):
        branch, department = branch_by_id(ctx, unit.id), department_of(ctx, project)
        for side in Side:
            if (project.id, side) in scored:
                continue
            yield Duty(
                key=f"score:{project.number}:{side}",
                title=t("score.duty", side=t(f"score.side_{side}")),
                detail=t("project.lies", branch=unit.name, name=project.name),
                due=project.ends_on,
                unit_path=unit.path,
                owners=judges.nearest(side, branch, department),
                role=Role.PARTY_OFFICE,
                number=project.number,
                act=Act(t("score.go"), command="score", answers={"number": project.number}),
            )


def _scored(ctx: Context) -> Iterator[tuple[int, Side]]:
    """This year's projects and sides that are scored in the present round."""
    yield from ctx.session.execute(
        select(Score.project_id, Score.side)
        .join(Project, Project.id == Score.project_id)
        .where(Project.year == ctx.today.year, Score.round == _ROUND)
    )


def to_confer(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Scores that lie far apart and have not been talked about."""
    if member is not None and not member.has(*JUDGES):
        return
    judges = all_judges(ctx)
    for talk, project, unit in ctx.session.execute(
        select(Confer, Project, Unit)
        .join(Project, Project.id == Confer.project_id)
        .join(Unit, Unit.id == Project.unit_id)
        .where(Confer.state == ConferState.OPEN)
        .order_by(Confer.id)
    ):
        branch, department = branch_by_id(ctx, unit.id), department_of(ctx, project)
        since = ctx.local(talk.at).date()
        yield Duty(
            key=f"confer:{talk.number}",
            title=t("confer.duty"),
            detail=t("project.lies", branch=unit.name, name=project.name),
            due=ctx.calendar.add_working(since, ctx.rules.project.approve_days),
            since=since,
            unit_path=unit.path,
            owners=judges.nearest(Side.PARTY, branch, department),
            role=Role.PARTY_OFFICE,
            number=project.number,
            act=Act(t("confer.go"), command="confer", answers={"number": project.number}),
        )


# Ledger


_ROUND = 1 + (
    select(func.count())
    .select_from(Confer)
    .where(Confer.project_id == Project.id, Confer.state == ConferState.AGAIN)
    .correlate(Project)
    .scalar_subquery()
)
BUSINESS, PARTY = aliased(Score), aliased(Score)
_BOTH = BUSINESS.id.is_not(None) & PARTY.id.is_not(None)


def _rows(view: View) -> Rows:
    """This year's projects that may be scored; scores are shown only where both are in."""
    year = int(view.params["year"])
    query = select().select_from(Project).join(Unit, Unit.id == Project.unit_id)
    for side, score in ((Side.BUSINESS, BUSINESS), (Side.PARTY, PARTY)):
        mine = (score.project_id == Project.id) & (score.side == side) & (score.round == _ROUND)
        query = query.outerjoin(score, mine)
    return query.where(Project.year == year, Project.stage.in_(list(SCORED)))


def _state(value: str, view: View) -> str:
    del view
    return t(f"score.state_{value}")


LEDGER: Final = Ledger(
    key="score",
    found=False,
    takes="score",
    columns=(
        Column(key="branch", expr=Unit.name, width=34),
        Column(key="project", expr=Project.name, width=40),
        Column(
            key="business",
            expr=case((_BOTH, BUSINESS.points), else_=null()),
            kind=Kind.NUMBER,
            width=12,
        ),
        Column(
            key="party", expr=case((_BOTH, PARTY.points), else_=null()), kind=Kind.NUMBER, width=12
        ),
        Column(
            key="state",
            expr=case(
                (_BOTH & Project.outstanding, literal("best")),
                (_BOTH, literal("both")),
                (BUSINESS.id.is_(None) & PARTY.id.is_(None), literal("none")),
                else_=literal("one"),
            ),
            width=12,
            show=_state,
        ),
        Column(key="grade", expr=Project.grade, kind=Kind.WORD, width=8, wide=True),
        Column(key="stage", expr=Project.stage, kind=Kind.WORD, width=10, wide=True),
        Column(key="number", expr=Project.number, width=16, wide=True),
    ),
    query=_rows,
    scope=year_scope,
    order=(Unit.path.asc(), Project.id.asc()),
    roles=frozenset({*JUDGES, Role.ADMIN}),
)


# Rate


def rate_of(lines: Sequence[Line], of: str) -> tuple[int, int]:
    """突出贡献项目率 as numerator and denominator; ``of`` as ``rate_of`` in the rules."""
    best = sum(bool(line.outstanding) for line in lines)
    if of == "branches":
        return best, len(lines)
    if of == "keys":
        return best, sum(line.is_key for line in lines)
    return best, sum(line.stage in SCORED for line in lines)


def show_rates(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """突出贡献项目率 of each unit, with its formula."""
    year, of = year_in(ctx, params), ctx.rules.project.rate_of
    lines = lines_of(ctx.session, year)
    ranked = sorted(
        (
            (home, *rate_of(rows, of))
            for home, rows in by_home(lines, homes_of(ctx.session)).items()
        ),
        key=lambda row: (-(share(row[1], row[2]) or Decimal(-1)), row[0].name),
    )
    rows = [
        [Cell(home.name), Cell(str(best)), Cell(str(whole)), Cell(percent_text(share(best, whole)))]
        for home, best, whole in ranked
    ]
    best, whole = rate_of(lines, of)
    total = [t("score.all"), str(best), str(whole), percent_text(share(best, whole))]
    return BoardPage(
        title=t("board.contribution.title"),
        note=t("score.formula", whole=t(f"score.of_{of}"), least=ctx.rules.project.score_pass),
        filters=(year_filter(ctx, year),),
        blocks=(
            TableBlock(
                headings=[
                    t("funnel.column_1"),
                    t("funnel.column_7"),
                    t(f"score.of_{of}"),
                    t("score.rate"),
                ],
                rows=[*rows, [Cell(text) for text in total]],
                numeric=frozenset({1, 2, 3}),
            ),
        ),
    )


FAMILY = Family(
    commands=(
        Command(
            key="score",
            form=score_form(default_rules()),
            tailor=score_form,
            facts=facts,
            run=give,
            roles=JUDGES,
        ),
        Command(key="confer", form=CONFER, run=confer, roles=JUDGES),
    ),
    duties=(
        DutySource(key="score", find=to_score),
        DutySource(key="confer", find=to_confer),
    ),
    ledgers=(LEDGER,),
    boards=(Board(key="contribution", show=show_rates),),
)
