"""调阅: opening a talk to two named persons who are no parties, with a reason (PRODUCT.md F-217).

One asks, another agrees, both parties are told who, why and until when; each reading is noted.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from sqlalchemy import or_, select

from config.texts import label, t
from handlers.content import Card, Text, Tone
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Section
from handlers.duty import Duty, DutySource
from handlers.figures import minute_text
from handlers.personal import Access, Held, Holding, Kin
from handlers.reply import Reply, fill, say
from handlers.spec import Action, Command, Family, Where
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import Text as TextField
from models.forms.record import RecordNumber
from models.number import next_number
from models.person import Member, Person, Role
from models.talk import OpeningState, Talk, TalkOpening, TalkState, talk_by_number
from models.unit import Unit

OPENERS: Final = (Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY)
"""Only these, over the unit of the talk, and never somebody who took part in it."""

ASK = Form(
    key="talk_open",
    version=1,
    fields=(RecordNumber(key="number"), TextField(key="reason", min_chars=6, max_chars=500)),
    positional=("number", "reason"),
)


def _opens(ctx: Context, talk: Talk) -> bool:
    place = ctx.directory.place(ctx.session, talk.unit_id)
    party = ctx.who.id in (talk.talker_id, talk.person_id)
    return not party and ctx.who.has(*OPENERS, over=place.path)


def ask(ctx: Context, answers: Answers) -> Reply:
    """``/调阅 TH-… 原因``: nothing is opened before somebody else has agreed."""
    talk = talk_by_number(ctx.session, answers["number"])
    if talk is None or not _opens(ctx, talk) or talk.state is not TalkState.KEPT:
        raise UserError("lookup.unknown", number=answers["number"])
    opening = TalkOpening(
        number=next_number(ctx.session, "DY", ctx.today.year),
        talk_id=talk.id,
        asked_by_id=ctx.who.id,
        reason=answers["reason"],
        at=ctx.now,
    )
    ctx.session.add(opening)
    ctx.session.flush()
    ctx.subject = opening.number
    _tell_parties(ctx, talk, opening, "talk.open_asked_told")
    return say("talk.open_asked", number=opening.number)


def _tell_parties(ctx: Context, talk: Talk, opening: TalkOpening, key: str) -> None:
    asked_by = ctx.session.get_one(Person, opening.asked_by_id).name
    for person_id in (talk.talker_id, talk.person_id):
        userid = ctx.session.get_one(Person, person_id).userid
        told = fill(
            key,
            number=talk.number,
            opening=opening.number,
            asked_by=asked_by,
            name=ctx.who.name,
            reason=opening.reason,
            hours=ctx.rules.talk.opening_hours,
        )
        ctx.push_person(userid, Text(told), f"{key}:{opening.number}:{person_id}")


def _seen(ctx: Context, number: str) -> tuple[TalkOpening, Talk]:
    """An opening, for those who open and for both parties."""
    if ctx.room is not None:
        raise UserError("error.private_only")
    opening = ctx.session.scalar(select(TalkOpening).where(TalkOpening.number == number))
    talk = ctx.session.get(Talk, opening.talk_id) if opening else None
    if opening is None or talk is None:
        raise UserError("lookup.unknown", number=number)
    party = ctx.who.id in (talk.talker_id, talk.person_id)
    if not (party or _opens(ctx, talk)):
        raise UserError("lookup.unknown", number=number)
    return opening, talk


def show(ctx: Context, number: str) -> Dossier:
    """Who asked why, who agreed, until when it is open."""
    opening, talk = _seen(ctx, number)
    agreed = ctx.session.get(Person, opening.agreed_by_id) if opening.agreed_by_id else None
    waits = opening.state is OpeningState.ASKED and _may_decide(ctx, opening, talk)
    return Dossier(
        number=opening.number,
        title=t("talk.open_title", number=talk.number),
        state=label(opening.state),
        facts=(
            (t("talk.fact_asked_by"), ctx.session.get_one(Person, opening.asked_by_id).name),
            (t("talk.fact_asked_at"), minute_text(ctx.local(opening.at))),
            (t("talk.fact_agreed_by"), agreed.name if agreed else "—"),
            (
                t("talk.fact_until"),
                minute_text(ctx.local(opening.until)) if opening.until else "—",
            ),
        ),
        sections=(Section(t("talk.section_reason"), opening.reason),),
        acts=(
            Act(t("talk.agree"), action=f"talk.open:agree/{opening.number}", tone=Tone.DANGER),
            Act(t("talk.refuse"), action=f"talk.open:refuse/{opening.number}"),
        )
        if waits
        else (),
    )


def _may_decide(ctx: Context, opening: TalkOpening, talk: Talk) -> bool:
    """A second person: never the one who asked."""
    return ctx.who.id != opening.asked_by_id and _opens(ctx, talk)


def decide(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """The second person's button: ``argument`` is ``agree`` or ``refuse``/number."""
    del picked
    what, _, number = argument.partition("/")
    opening, talk = _seen(ctx, number)
    if not _may_decide(ctx, opening, talk):
        raise UserError("talk.second_person")
    ctx.subject = opening.number
    if what != "agree":
        opening.move_to(
            ctx.session, OpeningState.REFUSED, agreed_by_id=ctx.who.id, agreed_at=ctx.now
        )
        return Reply(card=Card(title=t("talk.open_refused"), desc=opening.number))
    until = ctx.now + timedelta(hours=ctx.rules.talk.opening_hours)
    opening.move_to(
        ctx.session,
        OpeningState.AGREED,
        agreed_by_id=ctx.who.id,
        agreed_at=ctx.now,
        until=until,
    )
    _tell_parties(ctx, talk, opening, "talk.open_told")
    asker = ctx.session.get_one(Person, opening.asked_by_id).userid
    told = fill("talk.open_agreed_told", number=talk.number, hours=ctx.rules.talk.opening_hours)
    ctx.push_person(asker, Text(told), f"opened:{opening.number}")
    return Reply(card=Card(title=t("talk.open_agreed"), desc=talk.number))


def openings_due(ctx: Context, member: Member | None) -> list[Duty]:
    """Openings that wait for a second person; whoever asked is left out by the button itself."""
    query = (
        select(TalkOpening, Unit.path)
        .join(Talk, Talk.id == TalkOpening.talk_id)
        .join(Unit, Unit.id == Talk.unit_id)
        .where(TalkOpening.state == OpeningState.ASKED)
        .order_by(TalkOpening.id)
    )
    if member is not None:
        query = query.where(TalkOpening.asked_by_id != member.id)
    return [
        Duty(
            key=f"opening:{opening.number}",
            title=t("talk.duty_open"),
            detail=t("talk.duty_open_detail", number=opening.number),
            due=ctx.calendar.add_working(ctx.local(opening.at).date(), 3),
            unit_path=path,
            role=Role.COMMITTEE_SECRETARY,
            number=opening.number,
            act=Act(t("talk.duty_open_act"), command="lookup", answers={"number": opening.number}),
            private=True,
            escalates=False,
        )
        for opening, path in ctx.session.execute(query)
    ]


def _opening_rows(ctx: Context, person_id: int) -> list[TalkOpening]:
    parties = select(Talk.id).where(or_(Talk.person_id == person_id, Talk.talker_id == person_id))
    query = select(TalkOpening).where(
        or_(TalkOpening.asked_by_id == person_id, TalkOpening.talk_id.in_(parties))
    )
    return list(ctx.session.scalars(query.order_by(TalkOpening.id.desc())))


FAMILY = Family(
    commands=(
        Command(
            key="talk_open",
            form=ASK,
            run=ask,
            where=Where.PRIVATE,
            roles=frozenset(OPENERS),
        ),
    ),
    actions=(Action(key="talk.open", run=decide),),
    records=(Record(prefix="DY", show=show),),
    duties=(DutySource(key="talk_open", find=openings_due),),
    holdings=(
        Holding(
            key="talk_open",
            tables=("talk_opening",),
            find=lambda ctx, person_id: [
                Held(title=label(row.state), at=row.at, number=row.number, text=row.reason)
                for row in _opening_rows(ctx, person_id)
            ],
            readers={Kin.OTHER_PARTY: Access.TEXT, **dict.fromkeys(OPENERS, Access.TEXT)},
        ),
    ),
)
