"""Deleting what was said in a talk: as the person asks, when somebody leaves, when time is up.

DOMAIN.md 5: the person talked to may ask to delete private matters; the one who led it decides with
a sentence. When the person leaves the branch the talk is looked at again. After two years the words
are destroyed with a certificate; that a talk took place stays for the coverage.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import aliased

from config.texts import label, t
from handlers.board import Cell, TableBlock
from handlers.content import Card, Text
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, path_of
from handlers.duty import Duty, DutySource
from handlers.figures import minute_text
from handlers.paper import Grid, Layout, Paper, Para
from handlers.personal import SHOWN, Access, Held, Holding, Kin, rows_of
from handlers.reply import Reply, fill, say
from handlers.spec import Action, Command, Family, Where
from handlers.talks.recording import COUNTED, own_talk, text_of
from models.errors import UserError
from models.forms.dates import write_day
from models.forms.field import Answers, Facts, Option, Problem
from models.forms.form import Form
from models.forms.kinds import Choice, LongText
from models.forms.record import RecordNumber
from models.history import History
from models.number import next_number
from models.person import Member, Person, PersonState, Role
from models.talk import (
    STRIKE,
    TALK,
    StrikeState,
    Talk,
    TalkCertificate,
    TalkState,
    TalkStrike,
    TalkTask,
    open_strike,
    talks_of,
)
from models.unit import Unit

AT_ONCE: Final = 500
LISTED: Final = 12
"""Certificates on the board of talks: the last year's, one a month."""
LEAVERS: Final = select(Person.id).where(Person.state == PersonState.LEFT)
KEEPERS: Final = frozenset({Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY, Role.ADMIN})

ERASE = Form(
    key="talk_erase",
    version=1,
    sealed=True,
    fields=(RecordNumber(key="number"), LongText(key="what", max_chars=1000)),
    positional=("number", "what"),
)


def _words_needed(answers: Answers, facts: Facts) -> list[tuple[str, Problem]]:
    del facts
    if answers.get("decision") in (StrikeState.PART, StrikeState.REFUSED) and not answers.get(
        "words"
    ):
        return [("words", Problem(f"talk.words_{answers['decision']}"))]
    return []


def _needs_words(answers: Answers, facts: Facts) -> bool:
    del facts
    return answers.get("decision") != StrikeState.ALL


DECIDE = Form(
    key="talk_decide",
    version=1,
    sealed=True,
    fields=(
        RecordNumber(key="number"),
        Choice(
            key="decision",
            options=tuple(
                Option(one.value, t(f"talk.decision_{one.value}"))
                for one in (StrikeState.ALL, StrikeState.PART, StrikeState.REFUSED)
            ),
        ),
        LongText(key="words", max_chars=3000, when=_needs_words),
    ),
    positional=("number", "decision", "words"),
    check=_words_needed,
)


def ask(ctx: Context, answers: Answers) -> Reply:
    """``/删除 TH-… 什么``: the person asks; whoever led the talk deletes the words at once.

    If that one has left nobody else may read it, and so nobody else decides: it is done as asked.
    """
    talk = own_talk(ctx, answers["number"])
    if text_of(ctx, talk) is None:
        raise UserError("talk.no_text", number=talk.number)
    waiting = open_strike(ctx.session, talk.id)
    if waiting is not None and not talker_left(ctx, talk):
        raise UserError("talk.strike_waits", number=talk.number)
    strike = waiting or TalkStrike(
        talk_id=talk.id,
        person_id=ctx.who.id,
        due_on=ctx.calendar.add_working(ctx.today, ctx.rules.privacy.request_days),
        at=ctx.now,
    )
    ctx.session.add(strike)
    ctx.session.flush()
    ctx.subject = talk.number
    if ctx.who.id == talk.talker_id or talker_left(ctx, talk):
        return _finish(ctx, talk, strike, StrikeState.ALL, "")
    ctx.seal(STRIKE, str(strike.id), answers["what"])
    userid = ctx.session.get_one(Person, talk.talker_id).userid
    told = fill(
        "talk.strike_told",
        name=ctx.who.name,
        number=talk.number,
        due=write_day(strike.due_on),
        url=ctx.link(f"/record/{talk.number}", userid),
    )
    ctx.push_person(userid, Text(told), f"strike:{strike.id}")
    return say("talk.strike_asked", number=talk.number, due=write_day(strike.due_on))


def decide(ctx: Context, answers: Answers) -> Reply:
    """Delete all of it, a part (the rest is written anew), or nothing with a reason."""
    talk = own_talk(ctx, answers["number"])
    if talk.talker_id != ctx.who.id:
        raise UserError("talk.talker_only")
    strike = open_strike(ctx.session, talk.id)
    if strike is None:
        raise UserError("talk.no_strike", number=talk.number)
    ctx.subject = talk.number
    return _finish(ctx, talk, strike, StrikeState(answers["decision"]), answers["words"] or "")


def _finish(ctx: Context, talk: Talk, strike: TalkStrike, state: StrikeState, words: str) -> Reply:
    if state is StrikeState.ALL:
        _strike_all(ctx, talk)
    elif state is StrikeState.PART:
        text = text_of(ctx, talk)
        if text is None:
            raise UserError("talk.no_text", number=talk.number)
        text.points, text.added = words, []
        ctx.seal(TALK, talk.number, text.dump())
    strike.move_to(ctx.session, state, ended_at=ctx.now)
    if state is StrikeState.REFUSED:
        ctx.seal(STRIKE, str(strike.id), words)
    else:
        ctx.shred(STRIKE, str(strike.id))
    other = talk.person_id if ctx.who.id == talk.talker_id else talk.talker_id
    reader = ctx.session.get_one(Person, other)
    told = fill(
        f"talk.strike_{state}_told",
        name=ctx.who.name,
        number=talk.number,
        url=ctx.link(f"/record/{talk.number}", reader.userid),
    )
    if reader.state is PersonState.ACTIVE:
        ctx.push_person(reader.userid, Text(told), f"strike.ended:{strike.id}")
    return say(f"talk.strike_{state}", number=talk.number)


def _strike_all(ctx: Context, talk: Talk) -> None:
    """Nothing of the words stays, nor of what was said about deleting them."""
    ctx.shred(TALK, talk.number)
    strikes = ctx.session.scalars(select(TalkStrike.id).where(TalkStrike.talk_id == talk.id))
    ctx.shred(STRIKE, *map(str, strikes))
    talk.move_to(ctx.session, TalkState.STRUCK, ended_at=ctx.now, reviewed_at=ctx.now)


def talker_left(ctx: Context, talk: Talk) -> bool:
    """Whether the one who led it is no longer here: then nobody is left to decide about it."""
    return ctx.session.get_one(Person, talk.talker_id).state is PersonState.LEFT


def strike_for_leavers(ctx: Context, before: datetime) -> int:
    """Do as was asked where the one who would have decided has left, however short ago."""
    del before
    rows = ctx.session.execute(
        select(TalkStrike, Talk)
        .join(Talk, Talk.id == TalkStrike.talk_id)
        .where(TalkStrike.state == StrikeState.OPEN, Talk.talker_id.in_(LEAVERS))
        .limit(AT_ONCE)
    ).all()
    for strike, talk in rows:
        _strike_all(ctx, talk)
        strike.move_to(ctx.session, StrikeState.ALL, ended_at=ctx.now)
        person = ctx.session.get_one(Person, talk.person_id)
        told = fill("talk.strike_left_told", number=talk.number)
        ctx.push_person(person.userid, Text(told), f"strike.ended:{strike.id}", ctx.now)
        ctx.note("talk.struck", talk.number)
    return len(rows)


# When the person has left the branch


def review(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """The buttons of a talk with somebody who left: ``argument`` is ``keep`` or ``end``/number."""
    del picked
    what, _, number = argument.partition("/")
    talk = own_talk(ctx, number)
    if talk.talker_id != ctx.who.id or talk.state is not TalkState.KEPT:
        raise UserError("error.stale")
    if what == "end":
        _strike_all(ctx, talk)
    else:
        talk.reviewed_at = ctx.now
    ctx.subject = talk.number
    return Reply(card=Card(title=t(f"talk.reviewed_{what}"), desc=talk.number))


def strikes_due(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Wishes to delete that wait for whoever led the talk."""
    query = (
        select(TalkStrike, Talk, Unit.path)
        .join(Talk, Talk.id == TalkStrike.talk_id)
        .join(Unit, Unit.id == Talk.unit_id)
        .where(TalkStrike.state == StrikeState.OPEN, Talk.talker_id.not_in(LEAVERS))
        .order_by(TalkStrike.id)
    )
    if member is not None:
        query = query.where(Talk.talker_id == member.id)
    for strike, talk, path in ctx.session.execute(query):
        yield Duty(
            key=f"strike:{strike.id}",
            title=t("talk.duty_strike"),
            detail=t("talk.duty_strike_detail", number=talk.number),
            due=strike.due_on,
            unit_path=path,
            owners=(talk.talker_id,),
            number=talk.number,
            act=Act(t("talk.decide"), command="talk_decide", answers={"number": talk.number}),
            private=True,
            escalates=False,
        )


def reviews_due(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Talks with people who left the branch since, not yet looked at again (PRODUCT.md E.2)."""
    theirs = aliased(Unit)
    here = select(theirs.branch_id).where(theirs.id == Person.unit_id).scalar_subquery()
    moved = (
        select(func.coalesce(func.max(History.at), Talk.at))
        .where(History.subject == "person", History.key == Person.userid)
        .scalar_subquery()
    )
    query = (
        select(Talk, Unit.path, moved)
        .join(Person, Person.id == Talk.person_id)
        .join(Unit, Unit.id == Talk.unit_id)
        .where(
            Talk.state == TalkState.KEPT,
            Talk.reviewed_at.is_(None),
            Talk.talker_id.not_in(LEAVERS),
            Unit.branch_id.is_not(None),
            or_(Person.state == PersonState.LEFT, here.is_distinct_from(Talk.unit_id)),
        )
        .order_by(Talk.id)
    )
    if member is not None:
        query = query.where(Talk.talker_id == member.id)
    for talk, path, at in ctx.session.execute(query):
        since = ctx.local(at).date()
        yield Duty(
            key=f"talk.review:{talk.number}",
            title=t("talk.duty_review"),
            detail=t("talk.duty_review_detail", number=talk.number),
            due=ctx.calendar.add_working(since, ctx.rules.privacy.request_days),
            unit_path=path,
            owners=(talk.talker_id,),
            number=talk.number,
            act=Act(t("talk.keep"), action=f"talk.review:keep/{talk.number}"),
            private=True,
            escalates=False,
        )


# When the time is up


def destroy_old(ctx: Context, before: datetime) -> int:
    """Destroy the words of talks recorded before a moment, with a certificate for each batch."""
    talks = ctx.session.scalars(
        select(Talk)
        .where(Talk.state != TalkState.DESTROYED, Talk.at < before)
        .order_by(Talk.id)
        .limit(AT_ONCE)
    ).all()
    if not talks:
        return 0
    number = next_number(ctx.session, "XH", ctx.today.year)
    ctx.session.add(TalkCertificate(number=number, at=ctx.now, before=before, count=len(talks)))
    ctx.shred(TALK, *(talk.number for talk in talks))
    ids = [talk.id for talk in talks]
    strikes = ctx.session.scalars(select(TalkStrike.id).where(TalkStrike.talk_id.in_(ids)))
    ctx.shred(STRIKE, *map(str, strikes))
    ctx.session.execute(delete(TalkTask).where(TalkTask.talk_id.in_(ids)))
    ctx.session.execute(
        update(Talk)
        .where(Talk.id.in_(ids))
        .values(state=TalkState.DESTROYED, ended_at=ctx.now, certificate=number)
    )
    ctx.note("talk.destroyed", number)
    return len(talks)


def _certificate(ctx: Context, number: str) -> TalkCertificate:
    """For the offices over all its talks; it names numbers, branches and days, no persons."""
    found = ctx.session.scalar(select(TalkCertificate).where(TalkCertificate.number == number))
    if found is None or not _keeps(ctx, number):
        raise UserError("lookup.unknown", number=number)
    return found


def _keeps(ctx: Context, number: str) -> bool:
    paths = ctx.session.scalars(
        select(Unit.path)
        .join(Talk, Talk.unit_id == Unit.id)
        .where(Talk.certificate == number)
        .distinct()
    )
    return all(ctx.who.has(*KEEPERS, over=path) for path in paths)


def certificates(ctx: Context) -> Iterator[TableBlock]:
    """The last certificates that the reader may open, if any."""
    if not ctx.who.has(*KEEPERS):
        return
    newest = select(TalkCertificate).order_by(TalkCertificate.id.desc()).limit(LISTED)
    rows = [
        (
            Cell(one.number, href=path_of(one.number)),
            Cell(minute_text(ctx.local(one.at))),
            Cell(t("talk.count", count=one.count)),
        )
        for one in ctx.session.scalars(newest)
        if _keeps(ctx, one.number)
    ]
    if rows:
        names = ("column_number", "fact_destroyed", "fact_count")
        yield TableBlock(
            title=t("talk.certificate"), headings=[t(f"talk.{name}") for name in names], rows=rows
        )


def show_certificate(ctx: Context, number: str) -> Dossier:
    """What was destroyed when, and the paper."""
    found = _certificate(ctx, number)
    return Dossier(
        number=found.number,
        title=t("talk.certificate"),
        facts=(
            (t("talk.fact_destroyed"), minute_text(ctx.local(found.at))),
            (t("talk.fact_before"), write_day(ctx.local(found.before).date())),
            (t("talk.fact_count"), t("talk.count", count=found.count)),
        ),
        papers=((t("talk.certificate"), "talk_destruction", {"number": found.number}),),
    )


def certificate_paper(ctx: Context, params: Mapping[str, Any]) -> Paper:
    """The certificate of destruction: how, by what rule, and the list."""
    found = _certificate(ctx, str(params.get("number", "")))
    rows = ctx.session.execute(
        select(Talk.number, Unit.name, Talk.day, Talk.at)
        .join(Unit, Unit.id == Talk.unit_id)
        .where(Talk.certificate == found.number)
        .order_by(Talk.number)
    ).all()
    day = ctx.local(found.at).date()
    return Paper(
        title=t("talk.certificate"),
        layout=Layout.OFFICIAL,
        body=(
            Para(
                t(
                    "talk.certificate_text",
                    before=write_day(ctx.local(found.before).date()),
                    at=write_day(day),
                    count=found.count,
                    days=ctx.rules.talk.keep_days,
                )
            ),
            Para(t("talk.certificate_way")),
            Grid(
                headings=tuple(
                    t(f"talk.column_{name}") for name in ("row", "number", "unit", "day", "at")
                ),
                rows=tuple(
                    (
                        str(at),
                        row.number,
                        row.name,
                        row.day.isoformat(),
                        ctx.local(row.at).date().isoformat(),
                    )
                    for at, row in enumerate(rows, 1)
                ),
                widths=(1, 3, 5, 2, 2),
            ),
            Para(t("talk.certificate_sign")),
        ),
        number=found.number,
        day=day,
    )


def _held(ctx: Context, person_id: int) -> list[Held]:
    return [
        Held(
            title=t("holding.talk.led" if talk.talker_id == person_id else "holding.talk.with"),
            at=talk.day,
            number=talk.number,
        )
        for talk in talks_of(ctx.session, person_id, SHOWN)
    ]


TALKS = Holding(
    key="talk",
    tables=("talk",),
    find=_held,
    readers={Kin.OTHER_PARTY: Access.TEXT, **dict.fromkeys(COUNTED, Access.COUNT)},
    days=lambda rules: rules.talk.keep_days,
    purge=destroy_old,
)

FAMILY = Family(
    commands=(
        Command(key="talk_erase", form=ERASE, run=ask, where=Where.PRIVATE, under=("erase", "TH")),
        Command(
            key="talk_decide",
            form=DECIDE,
            run=decide,
            where=Where.PRIVATE,
            under=("talk_decide", "TH"),
        ),
    ),
    actions=(Action(key="talk.review", run=review),),
    records=(Record(prefix="XH", show=show_certificate),),
    duties=(
        DutySource(key="talk_strike", find=strikes_due),
        DutySource(key="talk_review", find=reviews_due),
    ),
    papers={"talk_destruction": certificate_paper},
    holdings=(
        TALKS,
        Holding(
            key="talk_strike",
            tables=("talk_strike",),
            find=rows_of(
                TalkStrike,
                TalkStrike.person_id,
                TalkStrike.at,
                title=lambda row: label(row.state),
            ),
            readers={Kin.OTHER_PARTY: Access.TEXT},
            days=TALKS.days,
            purge=strike_for_leavers,
        ),
    ),
)
