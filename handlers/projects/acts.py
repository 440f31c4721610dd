"""What the reader of a project may do about it now: the buttons of its dossier."""

from collections.abc import Iterator, Sequence

from config.texts import t
from handlers.content import Tone
from handlers.context import Context
from handlers.dossier import Act
from handlers.places import may_report_for
from handlers.projects import conclusion, mechanism, midterm
from handlers.projects.common import may_judge
from handlers.projects.duties import report_act
from handlers.projects.forms import missing_of
from handlers.projects.scoring import SCORED
from models.judges import Side
from models.person import Role
from models.project import DRAWN_UP, OPEN_STAGES, OVER, Grade, Project, Stage
from models.score import open_confer, pair_of
from models.unit import Place


def acts_of(ctx: Context, project: Project, branch: Place) -> Sequence[Act]:
    """All of them, the most likely first."""
    if project.stage is Stage.ENDED or project.year < ctx.today.year - 1:
        return ()
    own = may_report_for(ctx.who, branch)
    office = ctx.who.has(Role.PARTY_OFFICE, over=branch.path)
    return (
        *_own(ctx, project, branch),
        *_judged(ctx, project, branch),
        *mechanism.acts(ctx, project),
        *midterm.acts(ctx, project, own=own, office=office),
    )


def _own(ctx: Context, project: Project, branch: Place) -> Iterator[Act]:
    """What the branch itself does."""
    if not may_report_for(ctx.who, branch):
        return
    number = {"number": project.number}
    if project.stage in DRAWN_UP:
        if not missing_of(ctx, project) and ctx.who.has(Role.SECRETARY, over=branch.path):
            action = f"project.submit:{project.number}"
            yield Act(t("proposal.submit"), action=action, tone=Tone.PRIMARY)
        yield Act(t("project.fill_in"), command="clarify", answers=number)
        yield Act(t("project.revise"), command="revise", answers=number)
    secretary = ctx.who.has(Role.SECRETARY, over=branch.path)
    yield from conclusion.acts(project, secretary=secretary, judge=False)
    if project.stage in OPEN_STAGES:
        yield Act(t("project.report"), command="progress", answers={"branch": branch.name})
        if project.percent is not None:
            yield report_act(project, branch.name)
        yield Act(t("help_call.ask"), command="help_call", answers=number)
        if project.grade not in (None, Grade.A) and secretary:
            yield Act(t("promotion.apply"), command="promote", answers=number)


def _judged(ctx: Context, project: Project, branch: Place) -> Iterator[Act]:
    """What the departments do."""
    if not ctx.who.has(Role.SPECIALIST, Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY):
        return
    yield from _scored(ctx, project, branch)
    if project.stage in OVER or not may_judge(ctx, project, branch, Side.BUSINESS):
        return
    number = {"number": project.number}
    if project.stage is Stage.SUBMITTED:
        for verdict, tone in (("agree", Tone.PRIMARY), ("return", Tone.PLAIN)):
            words = t(f"decide.{verdict}")
            answers = {**number, "verdict": words}
            yield Act(words, command="decide", answers=answers, tone=tone)
    yield from conclusion.acts(project, secretary=False, judge=True)
    if project.stage not in (*DRAWN_UP, Stage.SUBMITTED):
        yield Act(t("decide.grade"), command="grade", answers=number)


def _scored(ctx: Context, project: Project, branch: Place) -> Iterator[Act]:
    """The way to score, for whoever may score a side that is still open."""
    if project.stage not in SCORED:
        return
    number = {"number": project.number}
    pair = pair_of(ctx.session, project.id)
    if any(score.person_id == ctx.who.id for score in pair.scores.values()):
        return
    sides = [side for side in Side if may_judge(ctx, project, branch, side)]
    if any(side not in pair.scores for side in sides):
        yield Act(t("score.go"), command="score", answers=number, tone=Tone.PRIMARY)
    if Side.PARTY in sides and open_confer(ctx.session, project.id):
        yield Act(t("confer.go"), command="confer", answers=number)
