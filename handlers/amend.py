"""更正 of one's own data: asked for in one sentence, decided by the party office with another."""

from collections.abc import Callable, Iterator

from sqlalchemy import select

from config.texts import label, t
from handlers.content import Text
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Section
from handlers.duty import Duty, DutySource
from handlers.figures import minute_text
from handlers.personal import Access, Holding, rows_of
from handlers.reply import Begin, Reply, fill, say
from handlers.spec import Command, Family, Where
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import LongText, YesNo
from models.forms.record import RecordNumber, number_in
from models.number import next_number
from models.person import Member, Person, Role
from models.request import DataRequest, RequestState, open_requests, request_by_number
from models.unit import Unit

DECIDERS = (Role.PARTY_OFFICE, Role.ADMIN)
SHORTEST = 4
"""Fewer characters say nothing that could be corrected."""

AMEND = Form(
    key="amend", version=1, fields=(LongText(key="what", max_chars=1000),), positional=("what",)
)
DECIDE = Form(
    key="amend_decide",
    version=1,
    fields=(
        RecordNumber(key="number"),
        YesNo(key="done"),
        LongText(key="answer", max_chars=500),
    ),
    positional=("number", "done", "answer"),
)

Meant = Callable[[Command, str], Command]
"""What a command's word means for the number in a text (``Catalogue.meant``)."""


def correct_command(meant: Meant) -> Command:
    """``/更正``: a number leads to the correction of that record, other words to the own data."""

    def run(ctx: Context, answers: Answers) -> Reply:
        said = answers["what"]
        other = meant(command, said)
        if other is not command:
            return Reply(then=Begin(other.key, {"number": number_in(said)}))
        if number_in(said) or len(said) < SHORTEST or said.rstrip("%％").isdigit():
            raise UserError("amend.which")
        if ctx.room is not None:
            raise UserError("error.private_only")
        return _ask(ctx, said)

    command = Command(key="correct", form=AMEND, run=run)
    return command


def _ask(ctx: Context, said: str) -> Reply:
    due = ctx.calendar.add_working(ctx.today, ctx.rules.privacy.request_days)
    request = DataRequest(
        number=next_number(ctx.session, "SQ", ctx.today.year),
        person_id=ctx.who.id,
        said=said,
        at=ctx.now,
        due_on=due,
    )
    ctx.session.add(request)
    ctx.subject = request.number
    return say("amend.asked", number=request.number, due=due.isoformat())


def _seen(ctx: Context, number: str) -> tuple[DataRequest, Person, bool]:
    """A request, whose it is, and whether the reader decides it; the person may see it too."""
    request = request_by_number(ctx.session, number)
    if request is None:
        raise UserError("lookup.unknown", number=number)
    person = ctx.session.get_one(Person, request.person_id)
    path = ctx.directory.place(ctx.session, person.unit_id).path
    decides = ctx.who.has(*DECIDERS, over=path) and person.id != ctx.who.id
    if not decides and person.id != ctx.who.id:
        raise UserError("lookup.unknown", number=number)
    return request, person, decides


def show(ctx: Context, number: str) -> Dossier:
    """A request, with the decision as a button for those who decide."""
    if ctx.room is not None:
        raise UserError("error.private_only")
    request, person, decides = _seen(ctx, number)
    acts = (Act(t("amend.decide"), command="amend_decide", answers={"number": number}),)
    return Dossier(
        number=request.number,
        title=t("amend.title", name=person.name),
        state=label(request.state),
        facts=(
            (t("amend.fact_at"), minute_text(ctx.local(request.at))),
            (t("amend.fact_due"), request.due_on.isoformat()),
        ),
        sections=(
            Section(t("amend.section_said"), request.said),
            Section(t("amend.section_answer"), request.answer),
        ),
        acts=acts if decides and request.state is RequestState.OPEN else (),
    )


def decide(ctx: Context, answers: Answers) -> Reply:
    """Say what became of a request; the person is told."""
    request, person, decides = _seen(ctx, answers["number"])
    if not decides:
        raise UserError("error.not_allowed")
    state = RequestState.CORRECTED if answers["done"] else RequestState.DECLINED
    request.move_to(
        ctx.session,
        state,
        decided_by_id=ctx.who.id,
        decided_at=ctx.now,
        answer=answers["answer"],
    )
    ctx.subject = request.number
    told = fill("amend.told", number=request.number, state=label(state), answer=answers["answer"])
    ctx.push_person(person.userid, Text(told), f"amend:{request.number}")
    return say("amend.decided", number=request.number, state=label(state), name=person.name)


def waiting(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Requests that wait, for the party office nearest above the person."""
    for request in open_requests(ctx.session):
        path = ctx.session.scalar(
            select(Unit.path)
            .join(Person, Person.unit_id == Unit.id)
            .where(Person.id == request.person_id)
        )
        if path is None or (member and not member.has(*DECIDERS, over=path)):
            continue
        yield Duty(
            key=f"amend:{request.number}",
            title=t("amend.duty"),
            detail=t("amend.duty_detail", number=request.number),
            due=request.due_on,
            unit_path=path,
            role=Role.PARTY_OFFICE,
            number=request.number,
            act=Act(t("amend.decide"), command="amend_decide", answers={"number": request.number}),
        )


FAMILY = Family(
    commands=(
        Command(
            key="amend_decide",
            form=DECIDE,
            run=decide,
            roles=frozenset(DECIDERS),
            where=Where.PRIVATE,
            under=("amend_decide", "SQ"),
        ),
    ),
    records=(Record(prefix="SQ", show=show),),
    duties=(DutySource(key="amend", find=waiting),),
    holdings=(
        Holding(
            key="request",
            tables=("data_request",),
            find=rows_of(
                DataRequest,
                DataRequest.person_id,
                DataRequest.at,
                title=lambda row: label(row.state),
                number=lambda row: row.number,
                text=lambda row: row.said,
            ),
            readers=dict.fromkeys(DECIDERS, Access.TEXT),
        ),
    ),
)
