"""走访 → 建议: what was heard on a visit, in the second tap (DOMAIN.md 8: 831 visits, 147)."""

from collections.abc import Sequence

from handlers.context import Context
from handlers.places import branch_by_id
from handlers.reply import Reply, fill, lines
from handlers.spec import Command, Family
from handlers.suggestions.heard import LOW, bring, brought, each_line, rows_hold
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import LongText
from models.forms.record import RecordNumber
from models.suggestion import Source, Suggestion
from models.visit import (
    PointKind,
    Visit,
    VisitPoint,
    VisitState,
    points_of_visit,
    visit_by_number,
)

FORM = Form(
    key="visit_suggestion",
    version=1,
    fields=(RecordNumber(key="number"), LongText(key="said", max_chars=4000)),
    positional=("number", "said"),
    check=rows_hold,
)


def take_in(ctx: Context, visit: Visit, points: Sequence[VisitPoint]) -> list[Suggestion]:
    """Let the suggestions among the points of a visit become suggestions of their own.

    What is too short to be one stays a point of the visit.
    """
    heard = [
        point
        for point in points
        if point.kind is PointKind.SUGGESTION and not point.record and len(point.said) >= LOW
    ]
    branch = branch_by_id(ctx, visit.branch_id)
    made = bring(ctx, ctx.who, branch, [point.said for point in heard], Source.VISIT)
    for point, one in zip(heard, made, strict=True):
        point.record = one.number
    return made


def add_suggestions(ctx: Context, answers: Answers) -> Reply:
    """``/走访建议 编号``: what was said on a visit, one suggestion a line."""
    visit = visit_by_number(ctx.session, answers["number"])
    if visit is None or visit.visitor_id != ctx.who.id:
        raise UserError("lookup.unknown", number=answers["number"])
    if visit.state is not VisitState.MADE:
        raise UserError("heard.not_yet", number=visit.number)
    before = len(points_of_visit(ctx.session, visit.id))
    points = [
        VisitPoint(visit_id=visit.id, ordinal=before + at, kind=PointKind.SUGGESTION, said=words)
        for at, words in enumerate(each_line(answers["said"]), 1)
    ]
    ctx.session.add_all(points)
    made = take_in(ctx, visit, points)
    ctx.session.flush()
    ctx.subject = visit.number
    return Reply(lines(fill("heard.visit", number=visit.number), brought(made)))


FAMILY = Family(commands=(Command(key="visit_suggestion", form=FORM, run=add_suggestions),))
