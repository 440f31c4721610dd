"""整改通知书, its reply and its 销号表 on paper (PRODUCT.md D.2, F-130, F-132, F-143)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from config.texts import label, t
from handlers.context import Context
from handlers.figures import chinese_number
from handlers.inspections.flow import Sight, sight_of
from handlers.inspections.notices import find_notice
from handlers.paper import Block, Grid, Heading, Layout, Paper, Para
from handlers.templates import PAPER, values_by_placeholder
from models.check import Finding
from models.errors import UserError
from models.notice import NoticePoint, NoticeState, PointState, notice_by_number
from models.paper_template import template_for
from models.person import Person


def _sight(ctx: Context, params: Mapping[str, Any]) -> Sight:
    """The notice somebody may have on paper; what went out to a group is for everybody there."""
    number = str(params.get("number", ""))
    if ctx.member is not None:
        return find_notice(ctx, number)
    notice = notice_by_number(ctx.session, number)
    if notice is None or notice.issued_at is None:
        raise UserError("lookup.unknown", number=number)
    return sight_of(ctx, notice)


def day_on_paper(day: date) -> str:
    """A date as official papers write it: Arabic, no leading zeros, no weekday."""
    return t("notice.paper_day", year=day.year, month=day.month, day=day.day)


def _finding(ctx: Context, point: NoticePoint) -> Finding:
    return ctx.session.get_one(Finding, point.finding_id)


def _name(ctx: Context, person_id: int | None) -> str:
    return ctx.session.get_one(Person, person_id).name if person_id else ""


def notice_paper(ctx: Context, params: Mapping[str, Any]) -> Paper:
    """The notice in the layout of GB/T 9704. A draft says on every page that it is one."""
    sight = _sight(ctx, params)
    notice = sight.notice
    issuer = ctx.directory.place(ctx.session, notice.issuer_id)
    issued = ctx.local(notice.issued_at).date() if notice.issued_at else None
    template = template_for(ctx.session, PAPER, issuer.path)
    return Paper(
        title=t("notice.paper_title"),
        number=notice.paper_number,
        addressee=sight.branch.name,
        body=tuple(_body(ctx, sight)),
        issuer=issuer.name,
        day=issued,
        mark=t("notice.paper_mark") if notice.state is NoticeState.DRAFT else "",
        template=template.digest or "" if template else "",
        values=values_by_placeholder(_values(ctx, sight, issuer.name)) if template else {},
    )


def _values(ctx: Context, sight: Sight, issuer: str) -> Mapping[str, str]:
    """What the placeholders of an office's own template say."""
    notice = sight.notice
    received = notice.received_at
    draft = t("notice.paper_mark")
    return {
        "number": notice.paper_number or draft,
        "addressee": sight.branch.name,
        "checked_on": day_on_paper(notice.checked_on),
        "basis": notice.basis,
        "points": "\n".join(_points(ctx, sight)),
        "demands": notice.demands,
        "due": day_on_paper(notice.due_on),
        "contact": _name(ctx, notice.drafted_by_id),
        "issuer": issuer,
        "day": day_on_paper(ctx.local(notice.issued_at).date()) if notice.issued_at else draft,
        "receiver": _name(ctx, notice.received_by_id),
        "received_at": f"{ctx.local(received):%Y-%m-%d %H:%M}" if received else "",
    }


def _points(ctx: Context, sight: Sight) -> Iterator[str]:
    """The problems, numbered, each with the clause it is about."""
    for number, point in enumerate(sight.live, 1):
        finding = _finding(ctx, point)
        said = finding.said.rstrip(t("notice.paper_stops"))
        key = "notice.paper_point_clause" if finding.clause else "notice.paper_point"
        yield t(key, number=number, said=said, clause=finding.clause)


def _body(ctx: Context, sight: Sight) -> Iterator[Block]:
    notice = sight.notice
    yield Para(t("notice.paper_intro", day=day_on_paper(notice.checked_on), basis=notice.basis))
    yield Heading(t("notice.paper_points"))
    yield from map(Para, _points(ctx, sight))
    yield Heading(t("notice.paper_demands"))
    for line in notice.demands.split("\n"):
        yield Para(line)
    yield Heading(t("notice.paper_deadline"))
    yield Para(t("notice.paper_until", day=day_on_paper(notice.due_on)))
    yield Heading(t("notice.paper_feedback"))
    days = ctx.rules.checks.objection_days
    yield Para(t("notice.paper_how", number=notice.number, days=days))
    yield Para(t("notice.paper_contact", who=_name(ctx, notice.drafted_by_id)))
    received = notice.received_at
    at = f"{ctx.local(received):%Y-%m-%d %H:%M}" if received else ""
    yield Grid(
        (t("notice.paper_receiver"), t("notice.paper_received_at")),
        ((_name(ctx, notice.received_by_id), at),),
        (1, 1),
    )


def reply_paper(ctx: Context, params: Mapping[str, Any]) -> Paper:
    """The branch's answer: each problem again, with measure, evidence and who is responsible."""
    sight = _sight(ctx, params)
    notice = sight.notice
    issuer = ctx.directory.place(ctx.session, notice.issuer_id)
    replied = notice.replied_at
    return Paper(
        title=t("notice.reply_title"),
        addressee=issuer.name,
        body=tuple(_answers(ctx, sight)),
        issuer=sight.branch.name,
        day=ctx.local(replied).date() if replied else None,
        mark="" if replied else t("notice.reply_mark"),
    )


def _answers(ctx: Context, sight: Sight) -> Iterator[Block]:
    yield Para(t("notice.reply_intro", paper=sight.notice.paper_number))
    for number, point in enumerate(sight.live, 1):
        finding = _finding(ctx, point)
        said = finding.said.rstrip(t("notice.paper_stops"))
        yield Heading(t("notice.reply_point_title", number=chinese_number(number), said=said))
        if not point.measure:
            yield Para(t("notice.reply_none"))
            continue
        yield Para(point.measure, bold=t("notice.reply_measure"))
        count = len(point.evidence or ())
        yield Para(
            t("notice.reply_count", count=count) if count else t("notice.reply_no_evidence"),
            bold=t("notice.reply_evidence"),
        )
        yield Para(point.responsible, bold=t("notice.reply_responsible"))


def closure_paper(ctx: Context, params: Mapping[str, Any]) -> Paper:
    """销号表: every problem of a notice and whether it is struck off, by whom and when."""
    sight = _sight(ctx, params)
    notice = sight.notice
    headings = tuple(t(f"notice.closure_{key}") for key in CLOSURE)
    rows = tuple(_closure_row(ctx, sight, point) for point in sight.points)
    return Paper(
        title=t("notice.closure_title"),
        subtitle=t("notice.closure_about", paper=notice.paper_number, branch=sight.branch.name),
        layout=Layout.SHEET,
        body=(Grid(headings, rows, (4, 26, 26, 8, 10, 9, 8, 9)),),
        foot=(
            (t("papers.about_who"), ctx.member.name if ctx.member else t("notice.closure_room")),
            (t("notice.closure_checked"), t("notice.closure_room")),
            (t("papers.about_at"), f"{ctx.local(ctx.now):%Y-%m-%d %H:%M}"),
            (t("papers.about_note"), t("notice.closure_note")),
        ),
    )


CLOSURE: Sequence[str] = (
    "ordinal",
    "said",
    "measure",
    "responsible",
    "due",
    "evidence",
    "struck",
    "by",
)


def _closure_row(ctx: Context, sight: Sight, point: NoticePoint) -> Sequence[str]:
    struck = point.verified_at if point.state is PointState.VERIFIED else None
    by = _name(ctx, point.verified_by_id) if struck else ""
    at = f" {ctx.local(struck):%m-%d}" if struck else ""
    return (
        str(point.ordinal),
        _finding(ctx, point).said,
        point.measure,
        point.responsible,
        sight.due.isoformat(),
        str(len(point.evidence or ())),
        label(point.state),
        by + at,
    )
