"""整改: the words, buttons, papers and ledgers of notices, put together (DOMAIN.md 6)."""

from functools import partial

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import aliased

from config.texts import label, t
from handlers.context import Context
from handlers.dossier import Record, in_chat
from handlers.duties import day_words
from handlers.duty import DutySource
from handlers.inspections import notices
from handlers.inspections import verdicts as notice_verdicts
from handlers.inspections.flow import light_of, sight_of
from handlers.inspections.notices import DRAFTERS, SIGNERS
from handlers.inspections.paper import closure_paper, notice_paper, reply_paper
from handlers.inspections.view import owed_about_notices, show_notice, supervise
from handlers.organisation import near, seen_units
from handlers.reply import Markdown, Reply, fill, lines
from handlers.spec import Action, Column, Command, Family, Kind, Ledger, Rows, View
from models.check import Finding
from models.forms.choices import Choice
from models.forms.field import Answers, Option
from models.forms.form import Form
from models.forms.kinds import Attachment, Date, Integer, LongText
from models.forms.kinds import Text as TextField
from models.forms.kinds import Unit as UnitField
from models.forms.record import RecordNumber
from models.notice import (
    RUNNING,
    LookBack,
    Notice,
    NoticePoint,
    NoticeState,
    PointState,
)
from models.person import Person, Role
from models.unit import Unit

LISTED = 8

SHOW = Form(
    key="notice",
    version=1,
    fields=(RecordNumber(key="number", required=False),),
    positional=("number",),
)
DRAFT = Form(
    key="notice_draft",
    version=1,
    fields=(
        RecordNumber(key="number", required=False),
        UnitField(key="branch", required=False),
        Date(key="due", required=False),
        LongText(key="demands", required=False, max_chars=2000),
    ),
    positional=("number", "branch", "due"),
)
CHANGE = Form(
    key="notice_change",
    version=1,
    fields=(
        RecordNumber(key="number"),
        Date(key="due", required=False),
        LongText(key="demands", required=False, max_chars=2000),
    ),
    positional=("number", "due", "demands"),
)
REPLY = Form(
    key="notice_reply",
    version=1,
    fields=(
        RecordNumber(key="number"),
        Integer(key="ordinal", required=False, low=1, high=99),
        TextField(key="responsible", required=False, max_chars=60),
        Attachment(key="photos", required=False),
        LongText(key="measure", max_chars=2000),
    ),
    positional=("number", "ordinal", "measure"),
)
RETURN = Form(
    key="notice_return",
    version=1,
    fields=(
        RecordNumber(key="number"),
        Integer(key="ordinal", required=False, low=1, high=99),
        TextField(key="reason", max_chars=500),
    ),
    positional=("number", "ordinal", "reason"),
)
EXTEND = Form(
    key="notice_extend",
    version=1,
    fields=(
        RecordNumber(key="number"),
        Date(key="until"),
        TextField(key="reason", max_chars=200),
    ),
    positional=("number", "until", "reason"),
)
LOOK = Form(
    key="look_back",
    version=1,
    fields=(
        RecordNumber(key="number"),
        Choice(
            key="result", options=tuple(Option(result.value, label(result)) for result in LookBack)
        ),
        TextField(key="note", required=False, max_chars=300),
    ),
    positional=("number", "result", "note"),
)


def show(ctx: Context, answers: Answers) -> Reply:
    """``/整改 [ZG-…]``: one notice, or all that are running where the speaker may look."""
    if answers["number"]:
        dossier = show_notice(ctx, answers["number"])
        ctx.subject = dossier.number
        return in_chat(ctx, dossier)
    place = Notice.branch_id == ctx.room.branch_id if ctx.room else true()
    drafts = ctx.who.has(*DRAFTERS, *SIGNERS) and not ctx.room
    states = [*RUNNING, NoticeState.DRAFT] if drafts else [*RUNNING]
    rows = ctx.session.execute(
        select(Notice, func.count().over())
        .join(Unit, Unit.id == Notice.branch_id)
        .where(Notice.state.in_(states), near(ctx.who, Role.SECRETARY, *DRAFTERS, *SIGNERS), place)
        .order_by(Notice.due_on, Notice.id)
        .limit(LISTED)
    ).all()
    if not rows:
        return Reply(t("notice.none_running"))
    found = [_line(ctx, notice) for notice, _ in rows]
    total = rows[0][1]
    more = Markdown(t("notice.more", url=ctx.page("/ledger/notice"))) if not ctx.room else ""
    return Reply(lines(t("notice.head", count=total), *found, more))


def _line(ctx: Context, notice: Notice) -> Markdown:
    sight = sight_of(ctx, notice)
    light = light_of(ctx, sight)
    return fill(
        "notice.line",
        light=t(f"notice.light_{light}") if light else "",
        paper=notice.paper_number or notice.number,
        branch=sight.branch.name,
        state=label(notice.state),
        struck=sight.struck,
        count=len(sight.live),
        due=day_words(ctx, sight.due),
    )


SIGNER, RECEIVER, ISSUER = aliased(Person), aliased(Person), aliased(Unit)
REPLIER, VERIFIER = aliased(Person), aliased(Person)


def _count(*states: PointState) -> ColumnElement[int]:
    return (
        select(func.count())
        .where(NoticePoint.notice_id == Notice.id, NoticePoint.state.in_(states))
        .correlate(Notice)
        .scalar_subquery()
    )


_LIVE = tuple(state for state in PointState if state is not PointState.VOID)


def _notices(view: View) -> Rows:
    """Notices that went out where the viewer may look; drafts only to the operator."""
    return (
        select()
        .select_from(Notice)
        .join(Unit, Unit.id == Notice.branch_id)
        .join(ISSUER, ISSUER.id == Notice.issuer_id)
        .outerjoin(SIGNER, SIGNER.id == Notice.signed_by_id)
        .outerjoin(RECEIVER, RECEIVER.id == Notice.received_by_id)
        .where(Notice.issued_at.is_not(None), seen_units(view))
    )


def _light(value: int, view: View) -> str:
    notice = view.ctx.session.get_one(Notice, value)
    light = light_of(view.ctx, sight_of(view.ctx, notice))
    return t(f"notice.light_{light}") if light else ""


NOTICES = Ledger(
    key="notice",
    columns=(
        Column(key="number", expr=Notice.number, width=16),
        Column(key="paper", expr=Notice.paper_number, width=22),
        Column(key="branch", expr=Unit.name, width=34),
        Column(key="state", expr=Notice.state, kind=Kind.WORD, width=10),
        Column(key="light", expr=Notice.id, width=6, show=_light),
        Column(key="due", expr=Notice.due_on, kind=Kind.DATE, width=12),
        Column(key="count", expr=_count(*_LIVE), kind=Kind.NUMBER, width=8),
        Column(key="struck", expr=_count(PointState.VERIFIED), kind=Kind.NUMBER, width=8),
        Column(key="issued", expr=Notice.issued_at, kind=Kind.TIME, width=18, wide=True),
        Column(key="received", expr=Notice.received_at, kind=Kind.TIME, width=18, wide=True),
        Column(key="receiver", expr=RECEIVER.name, width=10, wide=True),
        Column(key="replied", expr=Notice.replied_at, kind=Kind.TIME, width=18, wide=True),
        Column(key="verified", expr=Notice.verified_at, kind=Kind.TIME, width=18, wide=True),
        Column(key="supervised", expr=Notice.supervised_on, kind=Kind.DATE, width=12, wide=True),
        Column(key="looked", expr=Notice.look_result, kind=Kind.WORD, width=10, wide=True),
        Column(key="issuer", expr=ISSUER.name, width=24, wide=True),
        Column(key="signer", expr=SIGNER.name, width=10, wide=True),
    ),
    query=_notices,
    order=(Notice.issued_at.desc(), Notice.id.desc()),
)


def _points(view: View) -> Rows:
    """销号表: every problem of every notice, as offices keep it (PRODUCT.md D.2)."""
    return (
        select()
        .select_from(NoticePoint)
        .join(Notice, Notice.id == NoticePoint.notice_id)
        .join(Finding, Finding.id == NoticePoint.finding_id)
        .join(Unit, Unit.id == Notice.branch_id)
        .outerjoin(VERIFIER, VERIFIER.id == NoticePoint.verified_by_id)
        .where(Notice.issued_at.is_not(None), seen_units(view))
    )


def _pieces(value: list[int] | None, view: View) -> int:
    del view
    return len(value or ())


POINTS = Ledger(
    key="notice_point",
    columns=(
        Column(key="paper", expr=Notice.paper_number, width=22),
        Column(key="ordinal", expr=NoticePoint.ordinal, kind=Kind.NUMBER, width=6),
        Column(key="branch", expr=Unit.name, width=34),
        Column(key="said", expr=Finding.said, width=44),
        Column(key="measure", expr=NoticePoint.measure, width=44),
        Column(key="responsible", expr=NoticePoint.responsible, width=10),
        Column(key="due", expr=Notice.due_on, kind=Kind.DATE, width=12),
        Column(key="state", expr=NoticePoint.state, kind=Kind.WORD, width=10),
        Column(
            key="evidence",
            expr=NoticePoint.evidence,
            kind=Kind.NUMBER,
            width=8,
            wide=True,
            show=_pieces,
        ),
        Column(key="verifier", expr=VERIFIER.name, width=10, wide=True),
        Column(key="verified", expr=NoticePoint.verified_at, kind=Kind.TIME, width=18, wide=True),
        Column(key="finding", expr=Finding.number, width=16, wide=True),
        Column(key="number", expr=Notice.number, width=16, wide=True),
    ),
    query=_points,
    order=(Notice.id.desc(), NoticePoint.ordinal.asc()),
)


FAMILY = Family(
    records=(Record(prefix="ZG", show=show_notice),),
    duties=(DutySource(key="notice", find=owed_about_notices, raised=supervise),),
    ledgers=(NOTICES, POINTS),
    papers={"notice": notice_paper, "notice_reply": reply_paper, "notice_closure": closure_paper},
    commands=(
        Command(key="notice", form=SHOW, run=show),
        Command(
            key="notice_draft",
            form=DRAFT,
            run=notices.draft,
            roles=frozenset(DRAFTERS),
            sheet=True,
        ),
        Command(
            key="notice_change",
            form=CHANGE,
            run=notices.change,
            roles=frozenset({*DRAFTERS, *SIGNERS}),
        ),
        Command(key="notice_reply", form=REPLY, run=notices.reply, sheet=True),
        Command(
            key="notice_return",
            form=RETURN,
            run=notice_verdicts.send_back,
            roles=frozenset(DRAFTERS),
        ),
        Command(
            key="notice_extend",
            form=EXTEND,
            run=notices.ask_extension,
            roles=frozenset({Role.SECRETARY}),
        ),
        Command(
            key="look_back", form=LOOK, run=notice_verdicts.look_back, roles=frozenset(DRAFTERS)
        ),
    ),
    actions=(
        Action(key="notice.sign", run=notices.sign, roles=frozenset(SIGNERS)),
        Action(key="notice.drop", run=notices.drop, roles=frozenset({*DRAFTERS, *SIGNERS})),
        Action(key="notice.receive", run=notices.receive, roles=frozenset({Role.SECRETARY})),
        Action(key="notice.evidence", run=notices.evidence_tapped),
        Action(key="notice.verify", run=notice_verdicts.verify, roles=frozenset(DRAFTERS)),
        Action(
            key="notice.grant",
            run=partial(notice_verdicts.decide_extension, granted=True),
            roles=frozenset(SIGNERS),
        ),
        Action(
            key="notice.refuse",
            run=partial(notice_verdicts.decide_extension, granted=False),
            roles=frozenset(SIGNERS),
        ),
    ),
)
